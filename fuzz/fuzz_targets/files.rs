//! Any SLO file, of any format, and any main file: nothing panics, and every mistake lies inside the text.
//!
//! The first byte chooses between the two.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slowburn::config::diagnostics::Diagnostics;
use slowburn::config::load;
use slowburn::spec;

fuzz_target!(|data: &[u8]| {
    let Some((choice, text)) = data.split_first() else { return };
    let env = |name: &str| (name != "X").then(|| "1".to_owned());
    let diagnostics = if choice & 1 == 0 {
        let mut diagnostics = Diagnostics::new();
        let reading = spec::read_files(&[("slo.yaml", text)], &env, &mut diagnostics);
        assert!(reading.fidelity.len() <= reading.slos.len());
        diagnostics
    } else {
        load::check_text("slowburn.yaml", text, &env)
    };
    let lines = text.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    assert!(diagnostics.iter().all(|found| found.line as usize <= lines));
    let _ = (diagnostics.to_text(), diagnostics.to_json());
});
