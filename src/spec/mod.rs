//! SLO documents: text in, `domain::slo` out; pure.

use crate::config::decode::Env;
use crate::config::diagnostics::Diagnostics;
use crate::domain::slo::Slo;

/// Reads the SLOs of one file; every mistake goes to `diagnostics`.
pub fn read_slos(file: &str, text: &[u8], _env: Env<'_>, diagnostics: &mut Diagnostics) -> Vec<Slo> {
    let _ = crate::config::yaml::load(text, file, diagnostics);
    Vec::new()
}
