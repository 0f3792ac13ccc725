//! OpenSLO.
use super::declared::Declared;
use super::fidelity::Fidelity;
use crate::config::decode::Value;
use crate::domain::slo::Slo;
#[derive(Default)]
pub(super) struct Library;
impl Library { pub fn add(&mut self, _root: &Value<'_>) {} }
pub(super) fn read(_root: &Value<'_>, _source: &str, _library: &Library, _declared: &mut Declared) -> Vec<(Slo, Fidelity)> { Vec::new() }
pub(super) fn read_alpha(_root: &Value<'_>, _source: &str, _declared: &mut Declared) -> Vec<(Slo, Fidelity)> { Vec::new() }
