//! An SLO's memory as it is stored.
//!
//! Its definition is kept as JSON, as in the setup: its shape changes most often, and a later version reads it still. To
//! read such a text takes longer than all else of an SLO. So the definitions of the configuration in force are known by
//! their texts, and mostly nothing else has to be read.

use super::group::Firing;
use super::groups::Groups;
use super::setup::Setup;
use super::slo::{Slo, SloId};
use super::slo_state::SloState;
use super::time::Timestamp;
use foldhash::HashMap;
use serde::ser::Error as _;
use serde::{Deserialize, Serializer};
use std::borrow::Cow;
use std::sync::Arc;

/// The stored fields of [`SloState`], in their order: the only way to read one.
#[derive(Debug, Deserialize)]
pub struct StoredSlo<'a> {
    pub id: SloId,
    pub key: String,
    pub groups: Groups,
    pub since: Timestamp,
    pub evaluated: Option<Timestamp>,
    pub retired: Option<Timestamp>,
    #[serde(borrow)]
    pub spec: Cow<'a, str>,
    pub firing: Vec<Firing>,
}

impl StoredSlo<'_> {
    pub fn into_state(self, definitions: &Definitions) -> serde_json::Result<SloState> {
        let Self { id, key, groups, since, evaluated, retired, spec, firing } = self;
        let mut state = SloState::new(&definitions.read(&spec)?, key, since);
        (state.id, state.groups, state.firing) = (id, groups, firing);
        (state.evaluated, state.retired) = (evaluated, retired);
        Ok(state)
    }
}

/// Writes a definition as its text.
pub fn serialize<S: Serializer>(slo: &Arc<Slo>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&serde_json::to_string(&**slo).map_err(S::Error::custom)?)
}

/// Definitions by their texts.
#[derive(Debug, Default)]
pub struct Definitions {
    known: HashMap<Arc<str>, Arc<Slo>>,
    /// In the order in which a setup tells them.
    in_order: Vec<(Arc<str>, Arc<Slo>)>,
}

impl Definitions {
    /// Those that are likely to be met.
    pub fn of(slos: &[Arc<Slo>]) -> Self {
        let text = |slo: &Arc<Slo>| Some((serde_json::to_string(&**slo).ok()?.into(), slo.clone()));
        let in_order: Vec<_> = slos.iter().filter_map(text).collect();
        Self { known: in_order.iter().cloned().collect(), in_order }
    }

    /// The definition with this text.
    pub fn read(&self, text: &str) -> serde_json::Result<Arc<Slo>> {
        self.known.get(text).map_or_else(|| serde_json::from_str(text).map(Arc::new), |known| Ok(known.clone()))
    }

    /// The setup with this text.
    pub fn read_setup(&self, text: &[u8]) -> serde_json::Result<Setup> {
        let Some(rest) = self.behind_slos(text) else { return serde_json::from_slice(text) };
        let setup: Setup = serde_json::from_slice(&[NO_SLOS, rest].concat())?;
        Ok(Setup { slos: self.in_order.iter().map(|(_, slo)| slo.clone()).collect(), ..setup })
    }

    /// What follows the SLOs in a setup's text, where they are exactly these.
    fn behind_slos<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        let mut rest = text.strip_prefix(&NO_SLOS[..NO_SLOS.len() - 1])?;
        for (number, (slo, _)) in self.in_order.iter().enumerate() {
            rest = if number > 0 { rest.strip_prefix(b",")? } else { rest };
            rest = rest.strip_prefix(slo.as_bytes())?;
        }
        rest.strip_prefix(b"]")
    }
}

/// How a setup without SLOs begins.
const NO_SLOS: &[u8] = br#"{"slos":[]"#;
