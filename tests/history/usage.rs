//! What can't be meant is refused, with what to write instead.

use super::trace::{installation, replay};

#[test]
fn wrong_arguments_are_refused() {
    let dir = installation();
    std::fs::write(dir.path().join("bad.yaml"), "- {name: x, start: 2026-01-02, end: 2026-01-01, slo: shop/order}\n")
        .expect("written");
    std::fs::write(dir.path().join("http.yaml"), "authorisation: {}\n").expect("written");
    std::fs::write(
        dir.path().join("vector.json"),
        r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#,
    )
    .expect("written");
    let prometheus = ["--prometheus", "http://127.0.0.1:1"];
    let samples = ["--samples", "samples.om"];
    for (name, arguments, message) in [
        ("no source", vec![], "required arguments were not provided"),
        ("two sources", [&samples[..], &prometheus, &["--start", "1d"]].concat(), "cannot be used with"),
        ("no start", prometheus.to_vec(), "--start <TIME>"),
        ("not a time", [&prometheus[..], &["--start", "soon"]].concat(), "--start: \"soon\" is not a time"),
        (
            "end before start",
            [&prometheus[..], &["--start", "2026-01-02", "--end", "2026-01-01"]].concat(),
            "is not before",
        ),
        ("no step", [&prometheus[..], &["--start", "1d", "--step", "0"]].concat(), "--step: write a duration"),
        ("a start of samples that is no time", [&samples[..], &["--start", "soon"]].concat(), "\"soon\" is not a time"),
        (
            "an end of samples that is no time",
            [&samples[..], &["--end", "soon"]].concat(),
            "--end: \"soon\" is not a time",
        ),
        (
            "samples of another year",
            [&samples[..], &["--start", "2002-01-01", "--end", "2003-01-01"]].concat(),
            "samples.om: there is nothing from 2002-01-01T00:00:00Z to 2003-01-01T00:00:00Z; \
             it holds 2026-01-01T00:00:00Z to 2026-01-02T23:59:00Z",
        ),
        ("a piece of a file", [&samples[..], &["--step", "2h"]].concat(), "cannot be used with"),
        ("remote read of a file", [&samples[..], &["--remote-read"]].concat(), "cannot be used with"),
        ("HTTP settings of a file", [&samples[..], &["--http.config", "http.yaml"]].concat(), "cannot be used with"),
        ("no such SLO", [&samples[..], &["--slo", "shop/order"]].concat(), "there is no SLO shop/order"),
        ("what if", [&samples[..], &["--what-if", "goal=1"]].concat(), "\"goal\" can't be changed"),
        (
            "pairs beyond the window",
            [&samples[..], &["--what-if", "window=30m,page=1h/5m/2"]].concat(),
            "give page=… too",
        ),
        ("no incidents", [&samples[..], &["--incidents", "x.yaml"]].concat(), "can't read x.yaml"),
        ("incidents with mistakes", [&samples[..], &["--incidents", "bad.yaml"]].concat(), "ends before it begins"),
        (
            "an SLO that incidents name",
            [&samples[..], &["--incidents", "bad.yaml"]].concat(),
            "did you mean shop/orders?",
        ),
        (
            "HTTP settings",
            [&prometheus[..], &["--start", "1d", "--http.config", "http.yaml"]].concat(),
            "did you mean `authorization`?",
        ),
        (
            "no directory for the page",
            [&["--samples", "missing.om"][..], &["--html", "missing/report.html"]].concat(),
            "can't write missing/report.html",
        ),
        ("not a matrix", vec!["--prometheus-json", "vector.json"], "a vector instead of a matrix"),
    ] {
        let ran = replay(dir.path(), &arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{name}: {}", ran.err);
        assert!(ran.err.contains(message), "{name}: {}", ran.err);
    }
}

/// The file ends with the history of one job; nothing of it is counted for another.
#[test]
fn a_history_without_a_sample_of_interest_is_an_error_from_every_source() {
    let dir = installation();
    let foreign = "orders_total{job=\"other\",instance=\"a:1\"} 1 1767225600\n# EOF\n";
    std::fs::write(dir.path().join("other.om"), foreign).expect("written");
    let answer = r#"{"resultType":"matrix","result":[{"metric":{"__name__":"orders_total","job":"other"},"values":[[1767225600,"1"]]}]}"#;
    std::fs::write(dir.path().join("other.json"), answer).expect("written");
    for arguments in [
        &["--samples", "other.om"][..],
        &["--samples", "other.om", "--json"],
        &["--samples", "other.om", "--report"],
        &["--prometheus-json", "other.json"],
    ] {
        let ran = replay(dir.path(), arguments);
        let told = ": there are no samples of the series that the SLOs count\n";
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}: {}", ran.err);
        assert!(ran.err.starts_with(&format!("slowburn: {}{told}", arguments[1])), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn a_page_that_is_there_stays_when_the_replay_fails() {
    let dir = installation();
    std::fs::write(dir.path().join("old.html"), "old").expect("written");
    for page in ["old.html", "new.html"] {
        let ran = replay(dir.path(), &["--samples", "samples.om", "--what-if", "goal=1", "--html", page]);
        assert_eq!(ran.code, 2, "{}", ran.err);
    }
    assert_eq!(std::fs::read_to_string(dir.path().join("old.html")).expect("a page"), "old");
    assert!(!dir.path().join("new.html").exists(), "nothing is left behind");
}
