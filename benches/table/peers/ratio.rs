//! How far a mean of 5-minute ratios is from the share of bad events in 30 days, under uneven traffic.
//!
//! Prometheus answers from the counters themselves, with the mean that Sloth's and Pyrra's rules take; slowburn counts
//! the same events. The truth is in the traffic's own table.

use super::past::{Depth, PERIOD, Past, Unit, moment, ratio};
use super::{Setting, prometheus, rules};
use crate::client::query;
use crate::lives::{LENGTH, live};
use crate::rows::{Row, Table};
use crate::support::traffic::{Kind, UNEVEN};
use crate::world::{Size, World};
use slowburn::clock;
use slowburn::domain::group::GroupState;
use slowburn::domain::labels::Labels;
use std::time::Duration;

const ABOUT: &str = "A hundred requests a second by day and one by night with 5 % errors by night only (or by day only); a nightly hour of \
50 % errors every ten days; no requests by night. By how much the error ratio over 30 days is off the truth: slowburn's, and \
the mean of 5-minute ratios that Sloth's rules take, as Prometheus computes it from the same counters.";

/// A row for each uneven traffic.
pub fn measure(setting: &Setting, table: &mut Table) {
    table.progress("Prometheus: means of ratios");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let now = clock::now().0 / 1000;
    let past = Past { setting, now, depth: Depth::Everything, unit: Unit::Seconds };
    prometheus::fill(&dir.path().join("data"), now, UNEVEN.len(), |text, service, span| {
        let (name, kind) = UNEVEN[service];
        past.counters(text, name, kind, span);
    });
    let server = prometheus::start(dir.path(), "");
    let at = now / 60 * 60;
    table.section("The ratio of 30 days", ABOUT);
    for (name, kind) in UNEVEN {
        let recorded = format!("({})[30d:30s]", rules::ratio(name, "5m"));
        let mean = query(&server.address, &format!("sum_over_time({recorded}) / count_over_time({recorded})"), at);
        let truth = ratio(kind, moment(at), PERIOD);
        let off = |found: f64| (found / truth - 1.0).abs() * 100.0;
        table.add(
            Row::new(
                format!("30-day error ratio off the truth, {}", name.replace('_', " ")),
                off(counted(kind, at)),
                "%",
            )
            .beside("mean of 5-minute ratios", off(mean.unwrap_or(f64::NAN))),
        );
    }
}

/// The ratio that slowburn finds.
fn counted(kind: Kind, at: i64) -> f64 {
    let world = World::in_memory(Size::of(1));
    let spec = &world.config.setup.slos[0];
    let (since, until) = (moment(at) - LENGTH, moment(at));
    let mut life = GroupState::new(Labels::new(), spec, since);
    live(&mut life, kind, spec, since, until);
    let counts = life.counts(spec, until - Duration::from_secs(PERIOD as u64), until);
    counts.bad / counts.total
}
