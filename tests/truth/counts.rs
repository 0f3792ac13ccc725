//! Counts, burn rates and budgets against the oracle, over random counters.

use crate::both::{Both, same};
use crate::build::seconds;
use crate::engine::START;
use crate::oracle::{Attempt, Exact, Ms, Rules, Shown};
use crate::traffic::{Move, Show, Targets, World, forward, moves, world};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use slowburn::domain::slo::Severity;

const HOUR: Ms = 3_600_000;

fn play(both: &mut Both, targets: &mut Targets, moves: &[Move]) {
    for a_move in moves {
        both.take(&targets.attempt(a_move));
    }
}

/// While so little is known that nothing was thinned, every figure is exact at every moment.
fn exact(world: World, moves: &[Move], maintained: Vec<(Ms, Ms)>) -> Result<(), TestCaseError> {
    let (mut both, mut targets) = (Both::new(world.rules, maintained), Targets::new(world));
    for some in moves.chunks(3) {
        play(&mut both, &mut targets, some);
        both.agree()?;
    }
    Ok(())
}

fn spans() -> impl Strategy<Value = Vec<(Ms, Ms)>> {
    let span = (0..300_000i64, 1..200_000i64).prop_map(|(start, length)| (START + start, START + start + length));
    prop::collection::vec(span, 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn every_figure_is_the_oracles(moves in moves(forward(), 12), world in world()) {
        exact(world, &moves, Vec::new())?;
    }

    #[test]
    fn maintenance_is_left_out_as_the_oracle_leaves_it_out(
        moves in moves(forward(), 12), world in world(), maintained in spans(),
    ) {
        exact(world, &moves, maintained)?;
    }
}

/// The same with little and much traffic, where it matters between which two scrapes an edge lies.
fn in_bursts(mut moves: Vec<Move>) -> Vec<Move> {
    for show in moves.iter_mut().flat_map(|a_move| &mut a_move.shows) {
        if let Show::More(more) = show {
            *more = if *more < 40 { *more / 20 } else { *more * 20 };
        }
    }
    moves
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 20, ..ProptestConfig::default() })]

    /// A window's edge may be off by 0.2 % of the window, and fractions of events by a hundredth.
    #[test]
    fn long_histories_are_the_oracles_within_an_edge(moves in moves(forward(), 400), world in world()) {
        let world = World { own_times: false, ..world };
        let (mut both, mut targets) = (Both::new(world.rules, Vec::new()), Targets::new(world));
        for some in in_bursts(moves).chunks(100) {
            play(&mut both, &mut targets, some);
            both.each(|status, view| {
                // Good events that are taken away from all of them do not grow with the window.
                if ["speed", "good-misfit"].contains(&&*status.name) {
                    return Ok(());
                }
                let now = status.updated_at.0;
                let windows = status.burn_rates.iter().map(|burn| (burn.seconds as i64 * 1000, burn.total, burn.bad));
                for (length, total, bad) in windows.chain([(HOUR, status.sli.total, status.sli.bad)]) {
                    let (edge, little) = (length / 500, Exact::new(1.into(), 100.into()));
                    let (least, most) = (view.sum(now - length + edge, now), view.sum(now - length - edge, now));
                    let context = format!("{} {} over {length} ms: {total} {bad} {least:?} {most:?}", status.id, status.group);
                    prop_assert!(bad >= 0.0 && total >= 0.0, "{context}");
                    for (found, least, most) in [(total, &least.total, &most.total), (bad, &least.bad, &most.bad)] {
                        let found = Exact::from_float(found).ok_or_else(|| TestCaseError::fail("no number"))?;
                        prop_assert!(least - &little <= found && found <= most + &little, "{context}");
                    }
                }
                Ok(())
            })?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// A clock that jumps, stands or goes back moves events in time, but loses none and counts none twice.
    #[test]
    fn clock_steps_lose_and_repeat_nothing(
        moves in moves(prop_oneof![6 => 1..20_000i64, 1 => Just(0), 2 => -60_000..0i64, 1 => 60_000..120_000i64], 25),
        world in world(),
    ) {
        let world = World { created: false, started: false, own_times: false, ..world };
        let mut both = Both::over(seconds(86_400), world.rules, Vec::new());
        let mut targets = Targets::new(world);
        targets.now += HOUR;
        for (order, a_move) in moves.iter().enumerate() {
            let mut attempt = targets.attempt(a_move);
            both.engine.take(&attempt);
            // What counts is the order; all of it lies in the SLO window.
            attempt.at = START + order as Ms;
            both.oracle.take(&attempt);
        }
        both.each(|status, view| {
            let all = view.sum(START - HOUR, START + HOUR);
            same(&format!("{} total", status.id), status.sli.total, &all.total)?;
            same(&format!("{} bad", status.id), status.sli.bad, &all.bad)
        })?;
    }

    /// A series goes on from its last value for 24 hours of successful scraping, however long nobody scraped.
    #[test]
    fn series_are_remembered_for_a_day_of_scraping(
        shown in 1u32..100, away in 1i64..150, silence in 0..(30 * HOUR), back in 0u32..200,
    ) {
        const QUARTER: Ms = HOUR / 4;
        let rules = Rules { baseline: false, process_start: false, watched_since: START, interval: QUARTER };
        // How much time runs in the scrape after the silence is nobody's promise.
        prop_assume!(((away + 1) * QUARTER - 24 * HOUR).abs() > 2 * QUARTER);
        let mut both = Both::over(seconds(60 * 86_400), rules, Vec::new());
        let mut now = START;
        let mut scrape = |wait: Ms, other: Option<u32>| {
            now += wait;
            let sample = |series, value: u32| Shown { series, value: f64::from(value), at: None, created: None };
            let shown = std::iter::once(sample(0, 5)).chain(other.map(|value| sample(1, value))).collect();
            both.take(&Attempt { target: 0, at: now, good: true, shown, process_start: None });
        };
        scrape(QUARTER, Some(shown));
        for i in 0..away {
            let pause = if i == away / 2 { silence } else { 0 };
            scrape(QUARTER + pause, None);
        }
        scrape(QUARTER, Some(back));
        both.each(|status, view| {
            let all = view.sum(START - HOUR, status.updated_at.0);
            same(&status.id, status.sli.bad, &all.bad)
        })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, max_shrink_iters: 20, ..ProptestConfig::default() })]

    /// The packed past keeps fractions of events in small units; no window may show less than nothing for that.
    #[test]
    fn no_window_holds_less_than_no_events(steps in prop::collection::vec((1..20_000i64, 0u32..50, 0u32..9), 600)) {
        let rules = Rules { baseline: false, process_start: false, watched_since: START, interval: 15_000 };
        let mut both = Both::new(rules, Vec::new());
        let (mut now, mut counters) = (START, [(0, 0); 2]);
        for (number, (wait, more, worse)) in steps.into_iter().enumerate() {
            let (target, trouble) = (number % 2, number % 60 < 5);
            let (good, bad) = &mut counters[target];
            (now, *good, *bad) = (now + wait, *good + more, *bad + if trouble { worse } else { 0 });
            let sample = |series, value: u32| Shown { series, value: f64::from(value), at: None, created: None };
            let shown = vec![sample(0, *good), sample(1, *bad)];
            both.engine.take(&Attempt { target, at: now, good: true, shown, process_start: None });
            for burn in both.engine.statuses("requests").flat_map(|status| &status.burn_rates) {
                let told = (burn.bad, burn.total, burn.rate);
                let sane = burn.bad >= 0.0 && burn.total >= burn.bad && burn.rate.is_none_or(|rate| rate >= 0.0);
                prop_assert!(sane, "{} at {number}: {told:?}", burn.window);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 50, ..ProptestConfig::default() })]

    /// Under 90 %, three tenths bad are a burn rate of exactly 3: that is no more than a factor of 3, wherever scrapes lie.
    #[test]
    fn a_burn_of_the_factor_itself_never_fires(steps in prop::collection::vec((1..60_000i64, 0u32..90), 30)) {
        let rules = Rules { baseline: false, process_start: false, watched_since: START, interval: 15_000 };
        let mut both = Both::new(rules, Vec::new());
        let (mut now, mut tenths) = (START, [0; 2]);
        for (number, (wait, more)) in steps.into_iter().enumerate() {
            let target = number % 2;
            (now, tenths[target]) = (now + wait, tenths[target] + more);
            let sample = |series, value: u32| Shown { series, value: f64::from(value), at: None, created: None };
            let shown = vec![sample(0, 7 * tenths[target]), sample(1, 3 * tenths[target])];
            both.engine.take(&Attempt { target, at: now, good: true, shown, process_start: None });
            let status = both.engine.statuses("requests").next().expect("a status");
            let page = status.alerts.iter().find(|alert| alert.severity == Severity::Page);
            prop_assert!(page.is_none(), "at {number}: {page:?}");
        }
    }
}
