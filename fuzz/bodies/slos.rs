//! Any SLO file, of any format: nothing panics, every mistake lies inside the text, and what was read without one is
//! written as `slowburn/v1` and reads back as the same.

use super::diagnosed::diagnosed;
use slowburn::config::diagnostics::Diagnostics;
use slowburn::domain::slo::Slo;
use slowburn::export::{Format, export};
use slowburn::spec;
use std::sync::Arc;

pub fn check(text: &[u8]) {
    let mut diagnostics = Diagnostics::new();
    let reading = read(text, &mut diagnostics);
    assert!(reading.fidelity.len() <= reading.slos.len());
    diagnosed(text, &diagnostics);
    if !diagnostics.has_errors() {
        reading.slos.into_iter().for_each(comes_back);
    }
}

fn read(text: &[u8], diagnostics: &mut Diagnostics) -> spec::Reading {
    spec::read_files(&[("slo.yaml", text)], &|name| (name != "X").then(|| "1".to_owned()), diagnostics)
}

/// A refusal to write an SLO is an answer, a text that says something else is not.
fn comes_back(slo: Slo) {
    let slo = Arc::new(slo);
    let Ok(written) = export(Format::Slowburn, std::slice::from_ref(&slo)) else { return };
    let mut diagnostics = Diagnostics::new();
    let again = read(written.text.as_bytes(), &mut diagnostics).slos;
    assert!(!diagnostics.has_errors(), "{}\n{}", diagnostics.to_text(), written.text);
    let again: Vec<Slo> = again.iter().map(meaning).collect();
    assert_eq!(again, [meaning(&slo)], "{}", written.text);
    for format in [Format::OpenSlo, Format::Prometheus, Format::Grafana] {
        let _ = export(format, std::slice::from_ref(&slo));
    }
}

/// An SLO without what depends on where it was written.
fn meaning(slo: &Slo) -> Slo {
    Slo { source: String::new(), definition: String::new(), ..slo.clone() }
}
