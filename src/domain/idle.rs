//! Jumping over times in which an evaluation could change nothing, for the holes of a recording.
//!
//! Once the short windows of all pairs hold no measured time, every pair is held and no clock runs; what else an SLO
//! alerts on (silence, a spent budget) stands still when it is over. From then on each evaluation finds what the one
//! before found, until the next sample. So the moments in between are left out, and the last ones before the sample are
//! evaluated as they would have been anyway: what comes after is the same, to the bit.

use super::gauge::Gauge;
use super::group::GroupState;
use super::slo::Slo;
use super::slo_state::SloState;
use super::state::State;
use super::time::{Timestamp, millis};

impl State {
    /// Leaves out evaluations before `at` that would find what the last one found. Nothing may happen before `at`.
    pub fn skip_idle(&mut self, at: Timestamp) {
        let Some(interval) = self.setup.as_ref().map(|setup| millis(setup.evaluation_interval).max(1)) else { return };
        let resumed = self.core.resumed;
        for (slo, due) in self.slos.iter_mut().zip(&mut self.due) {
            let Some(last) = slo.evaluated.filter(|last| slo.is_idle(*last, resumed)) else { continue };
            // The last one before `at` is evaluated, so the one before that is taken as done.
            let skipped = (at.0.saturating_sub(last.0).saturating_sub(1) / interval - 1).max(0) * interval;
            slo.evaluated = Some(Timestamp(last.0 + skipped));
            due.0 += skipped;
        }
    }
}

impl SloState {
    /// Whether an evaluation after the one at `last` would find the same, without a sample in between.
    fn is_idle(&mut self, last: Timestamp, resumed: Timestamp) -> bool {
        let gauge = self.gauge();
        self.missing_bucket.is_empty()
            && self.groups.values().all(|group| group.is_idle(&self.spec, &gauge, last, resumed))
    }
}

impl GroupState {
    fn is_idle(&self, slo: &Slo, gauge: &Gauge, last: Timestamp, resumed: Timestamp) -> bool {
        let short = gauge.pairs.iter().map(|pair| pair.short).max().unwrap_or_default();
        // A slice is counted at its end, which may lie behind the last sample.
        let end = self.events.end().max(self.slices.as_ref().and_then(|slices| slices.history.end()));
        let before = |moment: Timestamp| end.is_none_or(|end| end <= moment);
        let budget_settled = gauge.spent.is_empty() || before(slo.window.start(last));
        let silence = gauge.no_data.severity.is_none() || last.since(self.silent_since(resumed)) >= gauge.no_data.after;
        before(last - short) && budget_settled && silence
    }
}
