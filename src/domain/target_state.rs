//! What is remembered of one target between two readings.

use super::labels::Series;
use super::plan::{Link, Plan, Role};
use super::time::{Timestamp, millis};
use foldhash::HashMap;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How long, in successful scraping, a series is remembered that is no longer shown.
const MEMORY: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SeriesState {
    pub(super) value: f64,
    pub(super) at: Timestamp,
    pub(super) created: Option<Timestamp>,
    /// The target's clock at the last sight.
    pub(super) seen: i64,
    /// Derived from the series and the plan in force.
    #[serde(skip)]
    pub(super) links: SmallVec<[Link; 2]>,
}

/// Memory of one target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TargetState {
    /// The last successful scrape.
    pub last_success: Option<Timestamp>,
    /// The last attempt, successful or not.
    pub last_attempt: Option<Timestamp>,
    /// Whether an attempt failed since the last success.
    pub(super) failed_since: bool,
    /// Milliseconds of successful scraping so far.
    pub(super) clock: i64,
    /// Latency SLOs that count this target's `+Inf` buckets, by stable key.
    pub(super) infinity: BTreeSet<String>,
    #[serde(with = "sorted")]
    pub(super) series: HashMap<Arc<Series>, SeriesState>,
    /// SLOs that the remembered series feed, as indices into the setup.
    #[serde(skip)]
    pub slos: BTreeSet<usize>,
}

impl TargetState {
    /// Notes an attempt that read nothing, and returns its moment on this target's own, never falling time.
    pub fn fail(&mut self, at: Timestamp) -> Timestamp {
        let at = self.last_attempt.map_or(at, |last| at.max(Timestamp(last.0 + 1)));
        self.last_attempt = Some(at);
        self.failed_since = true;
        at
    }

    /// After a change of the setup, or a load, every series finds its SLOs again.
    pub fn relink(&mut self, plan: &Plan) {
        for (series, state) in &mut self.series {
            state.links = plan.links(series);
        }
        self.gather_slos();
    }

    fn gather_slos(&mut self) {
        let feeding = self.series.values().filter(|state| !bounds_only(&state.links));
        self.slos = feeding.flat_map(|state| &state.links).map(|link| link.slo).collect();
    }

    pub fn series_count(&self) -> usize {
        self.series.len()
    }

    pub(super) fn forget(&mut self) {
        let oldest = self.clock - millis(MEMORY);
        let known = self.series.len();
        self.series.retain(|_, s| s.seen >= oldest);
        if self.series.len() != known {
            self.gather_slos();
        }
    }
}

/// Whether a series counts nothing: it feeds no SLO, or names a boundary only.
pub(super) fn bounds_only(links: &[Link]) -> bool {
    links.iter().all(|link| link.role == Role::Boundary)
}

/// Stored sorted, so that equal states have equal bytes.
mod sorted {
    use super::{Series, SeriesState};
    use foldhash::HashMap;
    use serde::{Deserialize, Deserializer, Serializer};
    use std::sync::Arc;

    pub fn serialize<S: Serializer>(map: &HashMap<Arc<Series>, SeriesState>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all: Vec<_> = map.iter().collect();
        all.sort_by(|a, b| a.0.cmp(b.0));
        serializer.collect_seq(all)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<HashMap<Arc<Series>, SeriesState>, D::Error> {
        let all = Vec::<(Series, SeriesState)>::deserialize(deserializer)?;
        Ok(all.into_iter().map(|(series, state)| (Arc::new(series), state)).collect())
    }
}
