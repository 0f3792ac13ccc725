//! SLO files of all formats; see `bodies/slos.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| slowburn::bodies::slos::check(data));
