//! The state machine of an alert as traces, and which pair brings, shows and outlives a change.

use super::*;
use crate::domain::ratio::Ratio;
use std::time::Duration;

fn pair(severity: Severity, r#for: u64, keep: u64) -> Pair {
    Pair {
        severity,
        long: Duration::from_secs(3600),
        short: Duration::from_secs(300),
        factor: Ratio::parse("14.4").unwrap(),
        r#for: Duration::from_secs(r#for),
        keep_firing_for: Duration::from_secs(keep),
        min_bad_events: 0.0,
    }
}

/// Runs verdicts a minute apart and names the states passed through.
fn trace(verdicts: &str, pair: Pair) -> String {
    let mut state = PairState::default();
    let mut path = vec!["inactive"];
    for verdict in verdicts.chars() {
        let verdict = match verdict {
            'b' => Verdict::Burning,
            'h' => Verdict::Held,
            _ => Verdict::Quiet,
        };
        state = state.next(verdict, &pair, 60_000);
        let name = match state.alert_state() {
            AlertState::Inactive => "inactive",
            AlertState::Pending => "pending",
            AlertState::Firing => "firing",
        };
        if path.last() != Some(&name) {
            path.push(name);
        }
    }
    path.join("=>")
}

#[test]
fn traces() {
    let plain = pair(Severity::Page, 0, 0);
    let slow = pair(Severity::Page, 120, 0);
    let kept = pair(Severity::Page, 0, 120);
    for (verdicts, pair, path) in [
        ("b", plain, "inactive=>firing"),
        ("bq", plain, "inactive=>firing=>inactive"),
        ("bhhh", plain, "inactive=>firing"),
        ("hhh", plain, "inactive"),
        ("bb", slow, "inactive=>pending"),
        ("bbb", slow, "inactive=>pending=>firing"),
        ("bbq", slow, "inactive=>pending=>inactive"),
        ("bhhhhb", slow, "inactive=>pending"),
        ("bhhhhbb", slow, "inactive=>pending=>firing"),
        ("bqq", kept, "inactive=>firing"),
        ("bqqq", kept, "inactive=>firing=>inactive"),
        ("bqqbqq", kept, "inactive=>firing"),
        ("bqhhhhq", kept, "inactive=>firing"),
    ] {
        assert_eq!(trace(verdicts, pair), path, "{verdicts}");
    }
}

#[test]
fn a_severity_changes_with_its_first_and_last_pair_only() {
    let pairs = [pair(Severity::Page, 0, 0), pair(Severity::Page, 0, 0), pair(Severity::Ticket, 0, 0)];
    let view = |verdict, burn| PairView { verdict, burn_long: Some(burn) };
    let (on, off) = (|b| view(Verdict::Burning, b), view(Verdict::Quiet, 0.5));
    let mut alerts = BurnAlerts::default();
    let mut step = |views: [PairView; 3], at| alerts.step(&pairs, &views, 60_000, Timestamp(at));
    let change = |severity, from, to, pair| SeverityChange { severity, from, to, pair: Some(pair) };
    use AlertState::{Firing, Inactive};
    assert_eq!(step([on(20.0), on(30.0), off], 1), [change(Severity::Page, Inactive, Firing, 1)]);
    assert_eq!(step([off, on(30.0), off], 2), []);
    assert_eq!(step([on(20.0), off, on(4.0)], 3), [change(Severity::Ticket, Inactive, Firing, 2)]);
    assert_eq!(step([off, off, on(4.0)], 4), [change(Severity::Page, Firing, Inactive, 0)]);
}

fn view(verdict: Verdict, burn_long: Option<f64>) -> PairView {
    PairView { verdict, burn_long }
}

#[test]
fn the_pair_that_brought_a_change_is_the_hottest_that_came_to_the_new_state() {
    use AlertState::{Firing, Inactive, Pending};
    let (slow, quick) = (pair(Severity::Page, 120, 0), pair(Severity::Page, 0, 0));
    let (on, off) = (Verdict::Burning, Verdict::Quiet);
    for (name, pairs, first, second, expected) in [
        (
            "one goes while another comes",
            [slow, quick],
            [(on, Some(50.0)), (off, None)],
            [(off, Some(40.0)), (on, Some(20.0))],
            (Pending, Firing, 1),
        ),
        (
            "no events are less than few",
            [quick, quick],
            [(off, None); 2],
            [(on, None), (on, Some(0.5))],
            (Inactive, Firing, 1),
        ),
        ("of equals the first", [quick, quick], [(off, None); 2], [(on, Some(2.0)); 2], (Inactive, Firing, 0)),
    ] {
        let mut alerts = BurnAlerts::default();
        let views = |views: [(Verdict, Option<f64>); 2]| views.map(|(verdict, burn)| view(verdict, burn));
        alerts.step(&pairs, &views(first), 60_000, Timestamp(1));
        let (from, to, pair) = expected;
        let change = SeverityChange { severity: Severity::Page, from, to, pair: Some(pair) };
        assert_eq!(alerts.step(&pairs, &views(second), 60_000, Timestamp(2)), [change], "{name}");
        assert_eq!(alerts.standing(Severity::Page), Standing { state: to, since: Timestamp(2) }, "{name}");
    }
}

#[test]
fn an_alert_is_shown_with_its_hottest_firing_pair_or_its_first_pending_one() {
    let pairs = [
        pair(Severity::Ticket, 0, 0),
        pair(Severity::Page, 0, 0),
        pair(Severity::Page, 0, 0),
        pair(Severity::Page, 0, 0),
    ];
    let (off, waits, fires) =
        (PairState::Inactive, PairState::Pending { burned: 0 }, PairState::Firing { quiet: None });
    let burns = [Some(9.0), None, Some(0.5), Some(0.4)];
    let views = burns.map(|burn| view(Verdict::Burning, burn));
    for (name, states, hottest, page) in [
        ("none", [off, off, off, off], None, None),
        ("the hottest of its severity", [fires, fires, fires, fires], Some(0), Some(2)),
        ("one without events", [off, fires, off, off], Some(1), Some(1)),
        ("another severity's", [fires, off, off, off], Some(0), None),
        ("the first pending", [waits, off, waits, waits], None, Some(2)),
        ("firing before pending", [off, waits, waits, fires], Some(3), Some(3)),
    ] {
        let alerts = BurnAlerts { pairs: states[..].into(), ..BurnAlerts::default() };
        assert_eq!(alerts.hottest(None, &pairs, &views), hottest, "{name}");
        assert_eq!(alerts.shown(Severity::Page, &pairs, &views), page, "{name}");
    }
}

#[test]
fn a_reload_keeps_the_states_of_the_pairs_that_it_keeps() {
    let with_long = |seconds, severity| Pair { long: Duration::from_secs(seconds), ..pair(severity, 0, 0) };
    let old = [with_long(3600, Severity::Page), with_long(7200, Severity::Page)];
    let states = [PairState::Pending { burned: 7 }, PairState::Firing { quiet: None }];
    let mut alerts = BurnAlerts { pairs: states[..].into(), ..BurnAlerts::default() };
    let steeper = Pair { factor: Ratio::ONE, ..old[1] };
    alerts.adopt(&old, &[steeper, with_long(3600, Severity::Ticket), old[0]]);
    assert_eq!(alerts.pairs[..], [states[1], PairState::Inactive, states[0]]);
}

#[test]
fn every_verdict_has_a_reason_of_its_own() {
    let verdicts = [Verdict::Burning, Verdict::Held, Verdict::Quiet, Verdict::TooFewEvents];
    let reasons: std::collections::BTreeSet<_> = verdicts.map(Verdict::reason).into();
    assert_eq!(reasons.len(), verdicts.len());
}
