//! An SLO's definition within the stored state.
//!
//! It is kept as JSON, as in the setup: its shape changes most often, and a later version reads it still.

use super::slo::Slo;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serializer};
use std::sync::Arc;

pub fn serialize<S: Serializer>(slo: &Arc<Slo>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&serde_json::to_string(&**slo).map_err(S::Error::custom)?)
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Slo>, D::Error> {
    let text = String::deserialize(deserializer)?;
    serde_json::from_str(&text).map(Arc::new).map_err(D::Error::custom)
}
