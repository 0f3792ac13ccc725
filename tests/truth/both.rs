//! slowburn and the oracle side by side: every number of a status, its coverage and what it says is wrong.

use crate::build::seconds;
use crate::engine::{Engine, INSTANCES, START, WEIGHTS, Weigh, counting_by, maintenance, slos};
use crate::histogram::part;
use crate::oracle::{Attempt, Exact, Ms, Oracle, Rules, whole};
use crate::sum::Sum;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use slowburn::domain::slo::{Slo, SloWindow};
use slowburn::domain::status::SloStatus;
use std::time::Duration;

const MINUTE: Ms = 60_000;
const HOUR: Ms = 60 * MINUTE;

/// Engine and oracle side by side.
pub struct Both {
    pub engine: Engine,
    pub oracle: Oracle,
    pub maintenance: Vec<(i64, i64)>,
}

impl Both {
    pub fn new(rules: Rules, maintained: Vec<(i64, i64)>) -> Self {
        Self::over(seconds(3600), rules, maintained)
    }

    /// With this SLO window.
    pub fn over(window: Duration, rules: Rules, maintained: Vec<(i64, i64)>) -> Self {
        let of = |slo: Slo| Slo { window: SloWindow::Rolling(window), maintenance: maintenance(&maintained), ..slo };
        let slos = slos().into_iter().map(of).collect();
        let engine = Engine::new(counting_by(rules, slos), Duration::from_millis(rules.interval as u64), START);
        Self { engine, oracle: Oracle::with_histogram(rules, part), maintenance: maintained }
    }

    pub fn take(&mut self, attempt: &Attempt) {
        self.engine.take(attempt);
        self.oracle.take(attempt);
    }

    /// Every status beside what the oracle says of its budget.
    pub fn each(
        &self,
        mut compare: impl FnMut(&SloStatus, &View<'_>) -> Result<(), TestCaseError>,
    ) -> Result<(), TestCaseError> {
        for (name, weigh) in WEIGHTS {
            for status in self.engine.statuses(name) {
                let only = self.engine.target_of(status);
                compare(status, &View { oracle: &self.oracle, maintenance: &self.maintenance, weigh, only })?;
            }
        }
        Ok(())
    }

    /// Every number of every status is the oracle's, and so is what it says is wrong.
    pub fn agree(&self) -> Result<(), TestCaseError> {
        self.each(|status, view| {
            same_figures(status, view)?;
            same_problem(status, view)
        })
    }
}

/// The oracle's side of one budget.
pub struct View<'a> {
    pub oracle: &'a Oracle,
    pub maintenance: &'a [(Ms, Ms)],
    pub weigh: Weigh,
    /// The target whose budget it is.
    pub only: Option<usize>,
}

impl View<'_> {
    fn weigh(&self, target: usize, series: Option<usize>) -> Option<(i64, i64)> {
        (self.weigh)(target, series).filter(|_| self.only.is_none_or(|only| only == target))
    }

    /// slowburn takes less than nothing, by less than the resolution of a count, for nothing.
    pub fn sum(&self, from: Ms, to: Ms) -> Sum {
        let weigh = |target, series| self.weigh(target, series);
        let mut sum = self.oracle.sum(weigh, (from, to), self.maintenance);
        if sum.bad < whole(0) && sum.bad >= Exact::new((-1).into(), 256.into()) {
            sum.bad = whole(0);
        }
        sum
    }

    fn coverage(&self, from: Ms, to: Ms) -> Exact {
        let belongs = |target, series| self.weigh(target, series).is_some();
        self.oracle.coverage(belongs, (from, to), self.maintenance)
    }
}

/// The figures of all windows, and how much of the SLO window was measured.
pub fn same_figures(status: &SloStatus, view: &View<'_>) -> Result<(), TestCaseError> {
    let now = status.updated_at.0;
    same_window(status, &view.sum(now - HOUR, now))?;
    near(
        &format!("{} {}: coverage", status.id, status.group),
        status.budget.coverage,
        &view.coverage(now - HOUR, now),
    )?;
    same_rates(status, &|seconds| view.sum(now - seconds * 1000, now))
}

/// A missing bucket, and events that are no part of all of them, are told while they are so and named.
pub fn same_problem(status: &SloStatus, view: &View<'_>) -> Result<(), TestCaseError> {
    let lacks = view.oracle.lacks_bucket().filter(|_| status.name == "speed");
    let misfit = ["bad", "good"].into_iter().find(|word| status.name == format!("{word}-misfit"));
    let told = match (lacks, misfit) {
        (Some(target), _) => Some(format!("no bucket at the threshold 0.3 (le=\"0.3\") on shop/{}", INSTANCES[target])),
        (_, Some(word)) => {
            let excess = excess(status, view, word == "good");
            // Where it is even, rounding decides.
            if near("excess", 0.0, &excess).is_ok() {
                return Ok(());
            }
            (excess > whole(0)).then(|| format!("{word} is not a part of total"))
        }
        _ => None,
    };
    let problem = status.problem.as_deref();
    let same = told.as_deref().map_or(problem.is_none(), |told| problem.is_some_and(|problem| problem.contains(told)));
    prop_assert!(same, "{}: {problem:?} instead of {told:?}", status.id);
    Ok(())
}

/// By how much the part is clearly too large: without the newest minute, the shortest window of a pair, for which the
/// moments of scrapes may account, it is more than a tenth and one event above a total that begins a minute earlier.
fn excess(status: &SloStatus, view: &View<'_>, good: bool) -> Exact {
    let now = status.updated_at.0;
    let part = |from, to| {
        let sum = view.sum(from, to);
        if good { sum.total - sum.bad } else { sum.bad }
    };
    let total = view.sum(now - HOUR - MINUTE, now).total;
    part(now - HOUR, now) - part(now - MINUTE, now) - total * Exact::new(11.into(), 10.into()) - whole(1)
}

/// The figures of every window of a pair.
fn same_rates(status: &SloStatus, sum: &dyn Fn(i64) -> Sum) -> Result<(), TestCaseError> {
    for burn in &status.burn_rates {
        let sum = sum(burn.seconds as i64);
        let what = format!("{} {} over {}", status.id, status.group, burn.window);
        same(&format!("{what}: total"), burn.total, &sum.total)?;
        same(&format!("{what}: bad"), burn.bad, &sum.bad)?;
        same_or_none(&format!("{what}: burn rate"), burn.rate, sum.burn_rate(&budget()).as_ref())?;
    }
    Ok(())
}

/// 10 %.
pub fn budget() -> Exact {
    Exact::new(1.into(), 10.into())
}

/// The figures of the SLO window.
fn same_window(status: &SloStatus, sum: &Sum) -> Result<(), TestCaseError> {
    let what = format!("{} {}", status.id, status.group);
    same(&format!("{what}: total"), status.sli.total, &sum.total)?;
    same(&format!("{what}: bad"), status.sli.bad, &sum.bad)?;
    // The difference of two fractions may be whole.
    near(&format!("{what}: good"), status.sli.good, &sum.good())?;
    same_or_none(&format!("{what}: ratio"), status.sli.ratio, sum.ratio().as_ref())?;
    same_or_none(&format!("{what}: remaining"), status.budget.remaining, sum.remaining(&budget()).as_ref())
}

fn same_or_none(what: &str, found: Option<f64>, exact: Option<&Exact>) -> Result<(), TestCaseError> {
    match (found, exact) {
        (None, None) => Ok(()),
        // Where bad events are no part of all, quotients by hardly any events are large, and so is their rounding.
        (Some(found), Some(exact)) if found.abs() > 10.0 => near(what, 1.0 / found, &exact.recip()),
        (Some(found), Some(exact)) => near(what, found, exact),
        _ => Err(TestCaseError::fail(format!("{what}: {found:?} instead of {exact:?}"))),
    }
}

/// A float is as near to a fraction as floats that were added up come; a whole number is met exactly.
pub fn same(what: &str, found: f64, exact: &Exact) -> Result<(), TestCaseError> {
    if exact.is_integer() {
        prop_assert!(Exact::from_float(found).as_ref() == Some(exact), "{what}: {found} instead of {exact}");
    }
    near(what, found, exact)
}

pub fn near(what: &str, found: f64, exact: &Exact) -> Result<(), TestCaseError> {
    let number =
        Exact::from_float(found).ok_or_else(|| TestCaseError::fail(format!("{what}: {found} is no number")))?;
    let apart = if number > *exact { number - exact } else { exact - number };
    prop_assert!(apart <= Exact::new(1.into(), 1_000_000.into()), "{what}: {found} instead of {exact}");
    Ok(())
}
