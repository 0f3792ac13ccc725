//! The report: incidents, alternatives side by side, precision and recall, HTML.

use super::trace::{installation, lines, of_type, replay, replay_logged};
use serde_json::Value;

const SAMPLES: [&str; 2] = ["--samples", "samples.om"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SAMPLES, more].concat()
}

#[test]
fn incidents_are_told_with_what_they_cost_and_how_soon_they_were_noticed() {
    let dir = installation();
    let lines = lines(dir.path(), &with(&["--report", "--slo", "shop/orders"]));
    let incidents = of_type(&lines, "incident");
    assert_eq!(incidents.len(), 2, "{incidents:?}");
    let (first, second) = (incidents[0], incidents[1]);
    assert_eq!(
        (first["started_at"].as_str(), first["ended_at"].as_str()),
        (Some("2026-01-01T19:59:00Z"), Some("2026-01-01T20:29:00Z")),
        "events are spread over the minute before their sample"
    );
    assert!((first["bad"].as_f64().expect("a number") - 900.0).abs() < 1e-6, "{first}");
    // 900 bad of 122,900 so far, of which one in a thousand may be.
    assert!((first["spent"].as_f64().expect("a number") - 900.0 / 122.8).abs() < 0.02, "{first}");
    let detected = |incident: &Value, severity: &str| incident[severity]["detected_after_seconds"].as_f64();
    assert!(detected(first, "page").is_some_and(|after| (60.0..=300.0).contains(&after)), "{first}");
    assert!(detected(first, "ticket").is_some(), "{first}");
    assert!(first["page"]["resolved_after_seconds"].as_f64().is_some_and(|after| after < 3600.0), "{first}");
    // One percent of errors burns ten times: the slow pair pages once a twelfth of six hours is filled with it.
    assert!(detected(second, "page").is_some_and(|after| after > 3600.0), "{second}");
    let alerts = of_type(&lines, "alert");
    assert!(alerts.iter().any(|alert| alert["severity"] == "page" && alert["ended_at"].is_string()), "{alerts:?}");
}

#[test]
fn alternatives_stand_side_by_side() {
    let dir = installation();
    let what_if = ["--what-if", "objective=99.5", "--what-if", "window=7d", "--what-if", "page=5m/1m/200,ticket=off"];
    let arguments = with(&[&what_if[..], &["--slo", "shop/orders"]].concat());
    let lines = lines(dir.path(), &arguments);
    let rows = of_type(&lines, "comparison");
    let shown: Vec<(Option<&str>, f64, &str, u64, u64)> = rows
        .iter()
        .map(|row| {
            let alerts = |severity: &str| row[severity]["alerts"].as_u64().expect("a count");
            let objective = row["objective"].as_f64().expect("a number");
            (
                row["what_if"].as_str(),
                objective,
                row["window"].as_str().expect("a text"),
                alerts("page"),
                alerts("ticket"),
            )
        })
        .collect();
    assert_eq!(shown[0], (None, 99.9, "30d", 2, 2));
    assert_eq!(shown[1].0, Some("objective=99.5"));
    assert_eq!((shown[1].1, shown[1].3), (99.5, 1), "one percent of errors is twice what 99.5 % allow");
    assert_eq!((shown[2].0, shown[2].2), (Some("window=7d"), "1w"));
    assert_eq!(shown[3], (Some("page=5m/1m/200,ticket=off"), 99.9, "30d", 1, 0));
    // The log is of the SLOs as they are.
    assert_eq!(of_type(&lines, "slo").len(), 1);
    let own = super::trace::lines(dir.path(), &["--samples", "samples.om", "--slo", "shop/orders"]);
    assert_eq!(of_type(&lines, "transition"), of_type(&own, "transition"));
}

#[test]
fn known_incidents_give_precision_recall_and_delay() {
    let dir = installation();
    let lines = lines(dir.path(), &with(&["--incidents", "incidents.yaml", "--slo", "shop/orders"]));
    let scores = of_type(&lines, "score");
    let page = scores.iter().find(|score| score["severity"] == "page").expect("a score");
    assert_eq!((page["alerts"].as_u64(), page["right_alerts"].as_u64()), (Some(2), Some(2)));
    assert_eq!((page["incidents"].as_u64(), page["detected"].as_u64()), (Some(3), Some(2)));
    assert_eq!(page["precision"].as_f64(), Some(1.0));
    assert!(page["recall"].as_f64().is_some_and(|recall| (recall - 2.0 / 3.0).abs() < 1e-12));
    let delays: Vec<Option<f64>> =
        page["delays_seconds"].as_array().expect("a list").iter().map(Value::as_f64).collect();
    assert!(delays[0].is_some_and(|delay| delay < 300.0) && delays[1].is_some() && delays[2].is_none(), "{delays:?}");
    let names: Vec<&Value> = of_type(&lines, "known_incident").iter().map(|known| &known["name"]).collect();
    assert_eq!(names, ["database", "deployment", "never seen"]);
}

/// One incident names another SLO, which is there but not looked at.
#[test]
fn incidents_of_slos_that_are_not_chosen_are_left_out_with_a_word() {
    let dir = installation();
    let arguments = with(&["--incidents", "incidents.yaml", "--slo", "shop/speed"]);
    let told = of_type(&lines(dir.path(), &arguments), "known_incident").len();
    assert_eq!(told, 2);
    let ran = replay_logged(dir.path(), "warn", &arguments);
    assert!(ran.err.contains("deployment") && ran.err.contains("shop/orders"), "{}", ran.err);
}

/// The bounds belong to it, as they do with a Prometheus.
#[test]
fn a_part_of_a_recording_is_what_lies_between_start_and_end() {
    let dir = installation();
    let total = |more: &[&str]| {
        let lines = lines(dir.path(), &with(&[&["--slo", "shop/orders"], more].concat()));
        let slo = of_type(&lines, "slo")[0].clone();
        (slo["sli"]["total"].as_f64().expect("a number"), slo["updated_at"].as_str().expect("a time").to_owned())
    };
    let day = 24.0 * 6000.0;
    for (arguments, minutes, end) in [
        (&["--start", "2026-01-02"][..], day - 100.0, "2026-01-02T23:59:00Z"),
        (&["--start", "2026-01-02T00:00"], day - 100.0, "2026-01-02T23:59:00Z"),
        (&["--start", "2026-01-02T00:00:00"], day - 100.0, "2026-01-02T23:59:00Z"),
        (&["--start", "2026-01-02T01:00:00+01:00"], day - 100.0, "2026-01-02T23:59:00Z"),
        (&["--start", "1767312000"], day - 100.0, "2026-01-02T23:59:00Z"),
        (&["--start", "1h"], 6000.0, "2026-01-02T23:59:00Z"),
        (&["--start", "1h", "--end", "2026-01-01T12:00:00"], 6000.0, "2026-01-01T12:00:00Z"),
        (&["--end", "2026-01-01T10:00:00Z"], 60_000.0, "2026-01-01T10:00:00Z"),
    ] {
        let (events, updated_at) = total(arguments);
        assert!((events - minutes).abs() <= 200.0, "{arguments:?}: {events} of {minutes}");
        assert_eq!(updated_at, end, "{arguments:?}");
    }
}

#[test]
fn people_get_tables() {
    let dir = installation();
    let ran = replay(dir.path(), &with(&["--what-if", "objective=99.5", "--incidents", "incidents.yaml"]));
    assert_eq!(ran.code, 0, "{}", ran.err);
    for part in [
        "\nIncidents\n",
        "\nComparison\n",
        "\nKnown incidents: precision and recall\n",
        "as it is",
        "objective=99.5",
        "2026-01-01T19:59:00Z",
        "never seen",
        "not told",
    ] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
}

#[test]
fn samples_alone_are_told_as_before() {
    let dir = installation();
    let plain = replay(dir.path(), &SAMPLES).out;
    assert!(!plain.contains("Incidents") && !plain.contains("Comparison"), "{plain}");
    let report = replay(dir.path(), &with(&["--report"])).out;
    assert!(report.starts_with(&plain), "the report comes after what there was before");
    let json = lines(dir.path(), &SAMPLES);
    assert!(json.iter().all(|line| line["type"] == "transition" || line["type"] == "slo"));
}

#[test]
fn the_html_report_needs_nothing_else_and_escapes_everything() {
    let dir = installation();
    let hostile = "- {name: '</script><script>alert(1)</script>\"><img onerror=alert(2)>', start: 2026-01-01T20:00:00Z, end: 2026-01-01T20:30:00Z}\n";
    std::fs::write(dir.path().join("hostile.yaml"), hostile).expect("written");
    let arguments = with(&["--html", "report.html", "--what-if", "objective=99.5", "--incidents", "hostile.yaml"]);
    let ran = replay(dir.path(), &arguments);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let html = std::fs::read_to_string(dir.path().join("report.html")).expect("written");
    assert!(!html.contains("<script>alert(1)") && !html.contains("<img"), "text from outside is escaped");
    // The licence of the charts' library names its home.
    let html = html.replace("https://github.com/leeoniya/uPlot", "");
    for word in ["src=", "href=", "@import", "url(", "http://", "https://"] {
        assert!(!html.contains(word), "the page asks for nothing: {word}");
    }
    assert!(html.contains("default-src 'none'") && html.contains("uPlot"));
    let data = html.split("<script type=\"application/json\" id=\"data\">").nth(1).expect("data");
    let data: Value = serde_json::from_str(data.split("</script>").next().expect("its end")).expect("JSON");
    let charts = data.as_array().expect("charts");
    assert_eq!(charts.len(), 3, "one for each SLO");
    assert_eq!(charts[0]["lines"].as_array().expect("lines").len(), 2, "one for each alternative");
    let (points, budget) = (charts[0]["at"].as_array(), charts[0]["lines"][0]["budget"].as_array());
    let (points, budget) = (points.expect("times"), budget.expect("a curve"));
    assert!(points.len() > 300 && points.len() == budget.len(), "{}", points.len());
    assert!(budget[10].as_f64() == Some(1.0) && budget[budget.len() - 1].as_f64().is_some_and(|left| left < 0.0));
}

#[test]
fn a_browser_draws_the_charts() {
    let dir = installation();
    let ran = replay(dir.path(), &with(&["--html", "report.html", "--what-if", "objective=99.5"]));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let page = format!("file://{}", dir.path().join("report.html").display());
    let profile = format!("--user-data-dir={}", dir.path().join("profile").display());
    let output = std::process::Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", &profile, "--dump-dom", &page])
        .output()
        .expect("chromium (Debian's package)");
    let dom = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        dom.matches("<canvas").count(),
        6,
        "two charts for each SLO: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(dom.contains("u-legend") && dom.contains("objective=99.5"));
}
