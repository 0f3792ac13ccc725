//! A budget's history over any range: from memory where that reaches, from the hourly archive before.

use super::archive;
use crate::domain::burn::window_counts;
use crate::domain::figures::Figures;
use crate::domain::group::GroupState;
use crate::domain::history::{Counts, History};
use crate::domain::shared::Shared;
use crate::domain::slo::Slo;
use crate::domain::status::HistoryPoint;
use crate::domain::time::{Timestamp, millis, step_ends};
use crate::store::ArchiveReader;
use crate::view::HistoryQuery;
use std::sync::Arc;

/// Everything that one answer needs, taken from the engine so that reading the disk does not hold it up.
pub struct Past {
    pub spec: Arc<Slo>,
    pub group: Shared<GroupState>,
    pub archive_key: String,
    pub now: Timestamp,
}

impl Past {
    /// Blocks on the disk where the range begins before the history in memory.
    pub fn answer(&self, query: &HistoryQuery, reader: &ArchiveReader) -> Vec<HistoryPoint> {
        let earliest = self.spec.window.start(query.start);
        match self.group.events.begin() {
            Some(begin) if earliest < begin => self.with_archive(query, reader, earliest, begin),
            _ => self.group.history(&self.spec, query.start, query.end, query.step, self.now),
        }
    }

    fn with_archive(
        &self,
        query: &HistoryQuery,
        reader: &ArchiveReader,
        earliest: Timestamp,
        begin: Timestamp,
    ) -> Vec<HistoryPoint> {
        let days = archive::day_of(earliest)..=archive::day_of(begin);
        let mut old = History::default();
        match reader.archive(&self.archive_key, days) {
            Ok(days) => {
                for (day, body) in days {
                    if archive::restore(&mut old, day, &body).is_none() {
                        tracing::warn!(slo = %self.spec.id, day, "a day of the long history can't be read");
                    }
                }
            }
            Err(error) => tracing::warn!(slo = %self.spec.id, %error, "the long history can't be read"),
        }
        let step = millis(query.step).max(1);
        step_ends(query.start, query.end, query.step, self.now)
            .map(|at| self.point(&old, begin, Timestamp(at.0 - step), at))
            .collect()
    }

    fn counts(&self, old: &History, begin: Timestamp, from: Timestamp, to: Timestamp) -> Counts {
        let recent = self.group.counts(&self.spec, from.max(begin), to.max(begin));
        let before = window_counts(old, &self.spec.maintenance, from.min(begin), to.min(begin));
        Counts {
            total: recent.total + before.total,
            bad: recent.bad + before.bad,
            measured: recent.measured + before.measured,
        }
    }

    fn point(&self, old: &History, begin: Timestamp, from: Timestamp, at: Timestamp) -> HistoryPoint {
        let step = self.counts(old, begin, from, at);
        let window = self.counts(old, begin, self.spec.window.start(at), at);
        let budget = self.spec.objective.budget();
        Figures::new(budget, window).history_point(budget, (from, at), &step)
    }
}
