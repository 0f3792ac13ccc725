//! Queries in files of other formats; see `bodies/promql.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| slowburn::bodies::promql::check(data));
