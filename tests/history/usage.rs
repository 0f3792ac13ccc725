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
        ("not a matrix", vec!["--prometheus-json", "vector.json"], "a vector instead of a matrix"),
    ] {
        let ran = replay(dir.path(), &arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{name}: {}", ran.err);
        assert!(ran.err.contains(message), "{name}: {}", ran.err);
    }
}
