//! What the benchmarks share.

pub mod body;
pub mod measure;
pub mod traffic;
