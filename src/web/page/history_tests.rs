//! Which stretch and step an address asks for, and what charts and words make of it.

use super::*;
use crate::domain::labels::Labels;
use crate::domain::slo::Severity;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const WINDOW: SloWindow = SloWindow::Rolling(Duration::from_secs(30 * DAY));

fn read(pairs: &[(&str, &str)]) -> Result<Span, String> {
    let pairs: Vec<_> = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Span::read(&pairs, &WINDOW, NOW)
}

#[test]
fn a_stretch_is_read_from_the_address() {
    let length = |span: Span| span.end.since(span.start).as_secs();
    for (name, pairs, seconds, step) in [
        ("the window by default", &[][..], 30 * DAY, 3 * HOUR),
        ("preset", &[("range", "1h")], HOUR, 15),
        ("the last one counts", &[("range", "1h"), ("range", "7d")], 7 * DAY, HOUR),
        ("own", &[("start", "2026-01-01T00:00:00Z"), ("end", "2026-01-01T00:00:10Z")], 10, 1),
        ("own wins", &[("range", "1h"), ("start", "2026-01-01T00:00:00Z"), ("end", "2026-01-02T00:00:00Z")], DAY, 300),
    ] {
        let span = read(pairs).unwrap();
        assert_eq!((length(span), span.step().as_secs()), (seconds, step), "{name}");
    }
}

#[test]
fn a_step_holds_whole_numbers_of_measurements_where_it_can() {
    let hour = read(&[("range", "1h")]).unwrap();
    for (interval, step) in [(1, 15), (10, 30), (15, 15), (60, 60), (7, 15), (45, 60), (3600, 3600)] {
        assert_eq!(hour.measured_every(Duration::from_secs(interval)).step().as_secs(), step, "every {interval} s");
    }
    let moment = read(&[("start", "2026-01-01T00:00:00Z"), ("end", "2026-01-01T00:00:10Z")]).unwrap();
    assert_eq!(moment.measured_every(Duration::from_millis(500)).step().as_secs(), 1);
}

#[test]
fn a_bad_stretch_is_refused_with_its_value() {
    for (pairs, expected) in [
        (&[("range", "2h")][..], "range \"2h\": it is window, or one of 1h, 6h, 1d, 7d, 30d, 90d"),
        (
            &[("start", "yesterday"), ("end", "2026-01-01T00:00:00Z")],
            "start \"yesterday\": write it like 2026-01-31T12:00:00Z",
        ),
        (
            &[("start", "2026-01-02T00:00:00Z"), ("end", "2026-01-01T00:00:00Z")],
            "the end (2026-01-01T00:00:00Z) must lie after the start (2026-01-02T00:00:00Z)",
        ),
        (
            &[("start", "1970-01-01T00:00:00Z"), ("end", "2026-01-01T00:00:00Z")],
            "1970-01-01T00:00:00Z to 2026-01-01T00:00:00Z is longer than the 400 d of history",
        ),
    ] {
        assert_eq!(read(pairs).unwrap_err(), expected);
    }
}

fn transition(seconds: i64, severity: Severity, to: AlertState) -> Transition {
    Transition {
        at: NOW - Duration::from_secs(HOUR) + Duration::from_secs(seconds as u64),
        id: "a/b".into(),
        group: Labels::new(),
        alert: "ErrorBudgetBurn".into(),
        severity,
        from: AlertState::Inactive,
        to,
        long: None,
        short: None,
        factor: None,
        burn_long: None,
        burn_short: None,
        budget_remaining: None,
        reason: String::new(),
    }
}

#[test]
fn alerts_last_from_firing_to_their_own_end() {
    use AlertState::{Firing, Inactive};
    let oldest_first = [
        transition(0, Severity::Page, Firing),
        transition(10, Severity::Ticket, Firing),
        transition(60, Severity::Page, Inactive),
        transition(90, Severity::Page, Firing),
    ];
    let span = read(&[("range", "1h")]).unwrap();
    let start = span.start.as_secs_f64();
    let bands: Vec<_> = alert_bands(oldest_first.iter().rev(), &span)
        .into_iter()
        .map(|band| (band.from - start, band.to - start, band.class))
        .collect();
    assert_eq!(bands, [(0.0, 60.0, "critical"), (10.0, 3600.0, "burning"), (90.0, 3600.0, "critical")]);
}

fn point(seconds: i64, bad: f64, total: f64, budget: Option<f64>) -> HistoryPoint {
    HistoryPoint {
        at: Timestamp::from_secs(seconds),
        good: total - bad,
        bad,
        total,
        burn_rate: (total > 0.0).then(|| bad / total / 0.01),
        budget_remaining: budget,
        coverage: if budget.is_some() { 1.0 } else { 0.0 },
    }
}

#[test]
fn the_charts_are_told_in_words_and_rows() {
    let span = read(&[("range", "1h")]).unwrap();
    let points = [point(0, 0.0, 0.0, None), point(60, 1.0, 3500.0, Some(0.9)), point(120, 2.0, 100.0, Some(-0.5))];
    let words = InWords::new(&points, &span);
    let plain = |text: &str| text.replace('\u{202f}', " ");
    assert_eq!(plain(&words.budget), "From 90.0 % to −50.0 %, lowest −50.0 %.");
    assert_eq!(plain(&words.errors), "3 bad of 3 600 events, 0.083 %.");
    assert_eq!(plain(&words.traffic), "3 600 events, 1.00 per second on average.");
    assert_eq!(plain(&words.burn), "At most 2.0× in one step.");
    let rows = table(&points, 0.01);
    assert_eq!(rows.len(), 3);
    assert_eq!((plain(&rows[0].errors).as_str(), rows[0].burn.as_str()), ("2.000 %", "2.0×"));
    assert_eq!((rows[2].total.as_str(), rows[2].burn.as_str()), ("–", "–"));
    let long: Vec<_> = (0..300).map(|i| point(i, 0.0, 1.0, Some(1.0))).collect();
    assert_eq!(table(&long, 0.01).len(), 30);
}

#[test]
fn no_text_ends_the_data_block() {
    let span = read(&[]).unwrap();
    let band = Band { from: 0.0, to: 1.0, class: "maintenance", text: "</script><script>alert(1)</script>&".into() };
    let json = ChartData::new(&span, 99.0, &[], Vec::new(), vec![band]).json();
    assert!(!json.contains('<') && !json.contains('&'), "{json}");
    assert!(
        serde_json::from_str::<serde_json::Value>(&json).unwrap()["bands"][0]["text"]
            .as_str()
            .unwrap()
            .contains("</script>")
    );
}
