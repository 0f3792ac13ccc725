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
use crate::view::{HistoryQuery, Sparkline};
use std::sync::Arc;
use std::time::Duration;

/// Everything that one answer needs, taken from the engine so that neither reading the disk nor computing holds it up.
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

    /// The remaining budget at the end of each of `points` steps over the SLO window, or since the first sample where that
    /// is younger, so that the line of a new SLO is a line too.
    pub fn sparkline(&self, points: usize) -> Sparkline {
        let Self { spec, group, now, .. } = self;
        let Some(begin) = group.events.begin() else { return Sparkline::default() };
        let window = millis(spec.window.nominal());
        let length = window.min(now.0 - begin.0).max(1);
        let step = Duration::from_millis((length / (points.max(1) as i64)).max(1).unsigned_abs());
        let ends = step_ends(Timestamp(now.0 - length), *now, step, *now);
        Sparkline {
            points: ends.map(|at| group.figures(spec, at).remaining()).collect(),
            young: (length < window).then(|| Duration::from_millis(length.unsigned_abs())),
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
