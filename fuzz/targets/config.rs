//! Main files; see `bodies/config.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| slowburn::bodies::config::check(data));
