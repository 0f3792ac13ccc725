//! What each target checks of one input. The targets run them on what the fuzzer makes up, and the test `fuzz_corpus` on
//! the inputs that were kept.

pub mod config;
mod diagnosed;
pub mod exposition;
pub mod promql;
pub mod slos;
