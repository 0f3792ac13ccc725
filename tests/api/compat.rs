//! `/metrics` under the names that Sloth's and Pyrra's rules record by.

use super::support::*;
use slowburn::domain::compat::Compat;
use slowburn::domain::status::{BurnRate, State, WindowStatus};
use slowburn::view::Published;
use std::collections::BTreeSet;
use tokio::io::AsyncWriteExt;

const BOTH: Compat = Compat { sloth: true, pyrra: true };

fn burn(window: &str, seconds: u64, bad: f64, total: f64) -> BurnRate {
    let rate = (total > 0.0).then(|| bad / total * 1000.0);
    BurnRate { window: window.into(), seconds, rate, bad, total }
}

/// A grouped SLO, of which one group burns, and one that has no events.
fn published(compat: Compat) -> Published {
    let mut pay = status("checkout", "availability");
    pay.group = labels([("route", "/pay")]);
    pay.labels = labels([("team", "payments"), ("sloth_id", "mine")]);
    pay.state = State::Critical;
    pay.window = WindowStatus::Rolling { seconds: 28 * 86_400 };
    pay.sli.ratio = Some(0.75);
    (pay.budget.remaining, pay.budget.consumed) = (Some(0.5), Some(0.5));
    pay.burn_rates = vec![burn("5m", 300, 3.0, 600.0), burn("1h", 3600, 8.0, 4000.0)];
    let mut quiet = status("search", "latency");
    quiet.labels = labels([]);
    quiet.sli.ratio = None;
    (quiet.budget.remaining, quiet.budget.consumed) = (None, None);
    quiet.burn_rates = vec![burn("5m", 300, 0.0, 0.0)];
    let mut published = empty()
        .with_statuses(vec![pay, quiet])
        .with_slos(vec![slo("checkout", "availability", &["route"]), slo("search", "latency", &[])]);
    let alert = notice("checkout", "availability", labels([("route", "/pay")]));
    published.alerts = std::sync::Arc::new(vec![alert.clone().into(), alert.into()]);
    published.compat = compat;
    published
}

async fn exposition(compat: Compat, accept: &str) -> String {
    let server = Server::start(published(compat)).await;
    let answer = server.client.get(format!("{}/metrics", server.url)).header("accept", accept).send().await.unwrap();
    answer.text().await.unwrap()
}

const SLOTH: &str = r#"sloth_id="checkout-availability",sloth_service="checkout",sloth_slo="availability",exported_sloth_id="mine",team="payments",route="/pay""#;
const PYRRA: &str = r#"slo="availability",service="checkout",sloth_id="mine",team="payments",route="/pay""#;

#[tokio::test]
async fn each_figure_has_its_other_names() {
    let text = exposition(BOTH, "*/*").await;
    for (name, labels, value) in [
        ("slo:sli_error:ratio_rate5m", format!("{SLOTH},sloth_window=\"5m\""), "0.005"),
        ("slo:sli_error:ratio_rate1h", format!("{SLOTH},sloth_window=\"1h\""), "0.002"),
        ("slo:sli_error:ratio_rate4w", format!("{SLOTH},sloth_window=\"4w\""), "0.25"),
        ("slo:time_period:days", SLOTH.to_owned(), "28.0"),
        ("slo:current_burn_rate:ratio", SLOTH.to_owned(), "5.0"),
        ("slo:period_burn_rate:ratio", SLOTH.to_owned(), "0.5"),
        ("slo:period_error_budget_remaining:ratio", SLOTH.to_owned(), "0.5"),
        (
            "sloth_slo_info",
            format!(
                "{SLOTH},sloth_version=\"{}\",sloth_mode=\"slowburn\",sloth_spec=\"slowburn/v1\",sloth_objective=\"99.9\"",
                env!("CARGO_PKG_VERSION")
            ),
            "1.0",
        ),
        ("pyrra_window", PYRRA.to_owned(), "2419200.0"),
        ("pyrra_availability", PYRRA.to_owned(), "0.75"),
        ("pyrra_requests:rate5m", PYRRA.to_owned(), "2.0"),
        ("pyrra_errors:rate5m", PYRRA.to_owned(), "0.01"),
        ("pyrra_requests_total", PYRRA.to_owned(), "10000.0"),
        ("pyrra_errors_total", PYRRA.to_owned(), "5.0"),
    ] {
        let line = format!("{name}{{{labels}}} {value}");
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    for (name, value) in [("slo:objective:ratio", 0.999), ("slo:error_budget:ratio", 0.001), ("pyrra_objective", 0.999)]
    {
        let found = text.lines().find(|line| line.starts_with(&format!("{name}{{"))).expect(name);
        let number: f64 = found.rsplit(' ').next().unwrap().parse().unwrap();
        assert!((number - value).abs() < 1e-12, "{found}");
    }
    assert!(!text.contains("slo:sli_error:ratio_rate30d"), "no events, no ratio");
}

#[tokio::test]
async fn firing_alerts_are_prometheus_series() {
    let text = exposition(BOTH, "*/*").await;
    let alerts: Vec<&str> = text.lines().filter(|line| line.starts_with("ALERTS{")).collect();
    assert_eq!(alerts.len(), 1, "equal alerts are one series: {alerts:?}");
    for label in [
        "alertname=\"ErrorBudgetBurn\"",
        "alertstate=\"firing\"",
        "slo=\"availability\"",
        "sloth_id=\"checkout-availability\"",
        "sloth_severity=\"page\"",
        "long=\"1h\"",
        "short=\"5m\"",
        "severity=\"page\"",
        "route=\"/pay\"",
    ] {
        assert!(alerts[0].contains(label), "{label}: {}", alerts[0]);
    }
}

#[tokio::test]
async fn only_what_was_asked_for_is_shown() {
    for (name, compat, sloth, pyrra) in [
        ("none", Compat::default(), false, false),
        ("Sloth", Compat { sloth: true, pyrra: false }, true, false),
        ("Pyrra", Compat { sloth: false, pyrra: true }, false, true),
    ] {
        let text = exposition(compat, "*/*").await;
        let shown = |prefix: &str| text.lines().any(|line| line.starts_with(prefix));
        assert_eq!((shown("slo:"), shown("sloth_slo_info"), shown("pyrra_")), (sloth, sloth, pyrra), "{name}");
        assert_eq!(shown("ALERTS{"), sloth || pyrra, "{name}");
    }
}

/// promtool advises against names with colons and against some of the others' choices, and accepts the rest.
#[tokio::test]
async fn promtool_complains_of_the_names_only() {
    let text = exposition(BOTH, "*/*").await;
    let mut child = tokio::process::Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("promtool (Debian's prometheus)");
    child.stdin.take().unwrap().write_all(text.as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    let known = ["should not contain ':'", "camelCase"];
    let unknown: BTreeSet<&str> =
        said.lines().filter(|line| !line.is_empty() && !known.iter().any(|known| line.contains(known))).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// What is shown as OpenMetrics is read by slowburn's own strict reader, each series once.
#[tokio::test]
async fn openmetrics_readers_accept_it() {
    let text = exposition(BOTH, "application/openmetrics-text").await;
    let mut seen = BTreeSet::new();
    slowburn::source::exposition::read::<slowburn::source::exposition::SyntaxError>(
        text.as_bytes(),
        slowburn::source::exposition::Format::OpenMetrics,
        |entry| {
            if let slowburn::source::exposition::Entry::Sample { series, .. } = entry {
                assert!(seen.insert(series.raw().to_owned()), "{} comes twice", series.raw());
            }
            Ok(())
        },
    )
    .unwrap();
    assert!(seen.iter().any(|series| series.starts_with("slo:sli_error")), "{seen:?}");
}
