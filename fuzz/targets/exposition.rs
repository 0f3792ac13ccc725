//! `/metrics` bodies; see `bodies/exposition.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| slowburn::bodies::exposition::check(data));
