//! Pyrra.
use super::declared::Declared;
use super::fidelity::Fidelity;
use crate::config::decode::Value;
use crate::domain::slo::Slo;
pub(super) fn read(_root: &Value<'_>, _source: &str, _declared: &mut Declared) -> Vec<(Slo, Fidelity)> { Vec::new() }
