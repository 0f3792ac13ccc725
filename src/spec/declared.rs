//! The SLOs a file has declared so far: no two may have one name.

use crate::config::decode::Value;
use crate::domain::slo::SloId;
use std::collections::BTreeMap;

/// Where each SLO was declared first.
#[derive(Default)]
pub(super) struct Declared(BTreeMap<SloId, String>);

impl Declared {
    /// Takes a name for the SLO at `name`; reports one that is taken.
    pub fn claim(&mut self, id: &SloId, name: &Value<'_>) {
        let place = place(name);
        match self.0.get(id) {
            Some(first) => name.error(
                format!("the SLO {id} is declared twice"),
                format!("it is declared at {first} already; give this one another name"),
            ),
            None => drop(self.0.insert(id.clone(), place)),
        }
    }
}

/// `file:line`, as in `Slo::source`.
pub(super) fn place(value: &Value<'_>) -> String {
    format!("{}:{}", value.context().file(), value.mark().line)
}
