//! `slowburn status`.

use super::support::{Running, free_port, program, ran, run, serve, until};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// A status as the API writes it, with what a test wants to be different.
fn slo(name: &str, changes: &[(&str, Value)]) -> Value {
    let mut status = json!({
        "id": format!("shop/{name}"), "service": "shop", "name": name, "group": {}, "labels": {}, "description": "",
        "objective": 99.9, "window": {"kind": "rolling", "seconds": 2_592_000}, "state": "ok",
        "sli": {"kind": "events", "ratio": 0.9996, "good": 9996.0, "bad": 4.0, "total": 10000.0},
        "budget": {"remaining": 0.6, "consumed": 0.4, "exhausts_in_seconds": 90_000.0, "coverage": 1.0},
        "burn_rates": [
            {"window": "5m", "seconds": 300, "rate": null, "bad": 0.0, "total": 0.0},
            {"window": "1h", "seconds": 3600, "rate": 1.25, "bad": 1.0, "total": 800.0},
            {"window": "6h", "seconds": 21600, "rate": 0.5, "bad": 1.0, "total": 2000.0},
        ],
        "alerts": [], "runbook_url": null, "problem": null, "updated_at": "2026-01-01T00:00:00Z",
    });
    for (pointer, value) in changes {
        *status.pointer_mut(pointer).expect(pointer) = value.clone();
    }
    status
}

fn page() -> Value {
    json!([{"alert": "ErrorBudgetBurn", "severity": "page", "state": "firing", "since": "2026-01-01T00:00:00Z",
        "long": "1h", "short": "5m", "factor": 14.4, "burn_long": 20.1, "burn_short": 33.0}])
}

fn engine(statuses: &[Value]) -> String {
    let body = json!({"status": "success", "data": statuses}).to_string();
    serve("/api/v1/slos", 200, "application/json", body).to_string()
}

fn status(url: &str, more: &[&str]) -> super::support::Ran {
    run(Path::new("/"), &[&["status", "--url", url], more].concat())
}

#[test]
fn the_worst_come_first_with_what_is_left() {
    let url = engine(&[
        slo("fine", &[]),
        slo("tight", &[("/budget/remaining", json!(0.05))]),
        slo("paging", &[("/state", json!("critical")), ("/alerts", page())]),
        slo(
            "silent",
            &[
                ("/state", json!("no_data")),
                ("/sli/ratio", json!(null)),
                ("/budget/remaining", json!(null)),
                ("/budget/exhausts_in_seconds", json!(null)),
                ("/burn_rates", json!([])),
            ],
        ),
    ]);
    let ran = status(&url, &[]);
    let lines: Vec<String> = ran.out.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        lines,
        [
            "STATE SLO GROUP SLI OBJECTIVE BUDGET LEFT BURN 1h BURN 6h EXHAUSTED IN ALERTS",
            "critical shop/paging 99.96 % 99.9 % ######.... 60.00 % 1.25x 0.50x 1d1h page 1h/5m",
            "no_data shop/silent - 99.9 % - - - -",
            "ok shop/tight 99.96 % 99.9 % #......... 5.00 % 1.25x 0.50x 1d1h",
            "ok shop/fine 99.96 % 99.9 % ######.... 60.00 % 1.25x 0.50x 1d1h",
            "",
            "4 SLOs: 1 critical, 1 no_data, 2 ok",
        ]
    );
    assert_eq!((ran.code, ran.err.as_str()), (1, ""));
}

#[test]
fn problems_stand_below_the_table_and_widen_nothing() {
    let problem = format!("no bucket at the threshold; buckets near it: {}", "0.25, ".repeat(40));
    let of_group = |route: &str| {
        slo("bad", &[("/state", json!("error")), ("/problem", json!(problem)), ("/group", json!({"route": route}))])
    };
    let url = engine(&[of_group("/a"), of_group("/b"), slo("fine", &[])]);
    let ran = status(&url, &[]);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[..4].iter().all(|line| line.chars().count() < 110), "{}", ran.out);
    assert_eq!(lines[5].trim_end(), format!("shop/bad: {problem}").trim_end(), "{}", ran.out);
    assert_eq!(lines[6..], ["", "3 SLOs: 2 error, 1 ok"], "{}", ran.out);
}

#[test]
fn the_exit_code_tells_whether_all_is_in_order() {
    for (name, statuses, code) in [
        ("no SLO", vec![], 0),
        ("fine", vec![slo("a", &[])], 0),
        ("burning", vec![slo("a", &[("/state", json!("burning"))])], 0),
        ("no data", vec![slo("a", &[("/state", json!("no_data"))])], 0),
        ("critical", vec![slo("a", &[]), slo("b", &[("/state", json!("critical"))])], 1),
        ("exhausted", vec![slo("a", &[("/state", json!("exhausted"))])], 1),
        (
            "burning and exhausted",
            vec![slo("a", &[("/state", json!("burning")), ("/budget/remaining", json!(-0.2))])],
            1,
        ),
        ("a page behind an error", vec![slo("a", &[("/state", json!("error")), ("/alerts", page())])], 1),
    ] {
        let url = engine(&statuses);
        assert_eq!(status(&url, &[]).code, code, "{name}");
        assert_eq!(status(&url, &["--json"]).code, code, "{name} as JSON");
    }
}

#[test]
fn json_is_the_api_s_list_worst_first() {
    let (fine, worse) = (slo("a", &[]), slo("b", &[("/state", json!("burning"))]));
    let ran = status(&engine(&[fine.clone(), worse.clone()]), &["--json"]);
    assert_eq!(serde_json::from_str::<Value>(&ran.out).unwrap(), json!([worse, fine]));
}

#[test]
fn nothing_from_the_server_moves_the_cursor_or_turns_text_around() {
    let nasty = "\u{1b}]0;owned\u{7}\u{9b}31m\r\n\u{202e}evil\u{2028}";
    let hostile = slo(
        "a",
        &[
            ("/id", json!(format!("shop/{nasty}"))),
            ("/group", json!({"route": nasty})),
            ("/problem", json!(nasty)),
            ("/description", json!(nasty)),
            (
                "/alerts",
                json!([{"alert": nasty, "severity": "page", "state": "pending",
                "since": "2026-01-01T00:00:00Z", "long": nasty, "short": nasty, "factor": null, "burn_long": null,
                "burn_short": null}]),
            ),
            ("/burn_rates/0/window", json!(nasty)),
            ("/burn_rates/0/seconds", json!(3601)),
            ("/burn_rates/1/seconds", json!(1)),
            ("/state", json!("error")),
        ],
    );
    let url = engine(std::slice::from_ref(&hostile));
    for more in [&[][..], &["--json"]] {
        let ran = status(&url, more);
        let acts = |c: char| (c.is_control() && c != '\n') || ['\u{202e}', '\u{2028}'].contains(&c);
        assert_eq!(ran.out.chars().find(|c| acts(*c)), None, "{}", ran.out);
        assert!(ran.out.contains("evil"), "{}", ran.out);
    }
    assert_eq!(serde_json::from_str::<Value>(&status(&url, &["--json"]).out).unwrap(), json!([hostile]));
    assert_eq!(status(&url, &[]).out.lines().count(), 6, "a header, the SLO, its problem, and the summary");
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let url = engine(&[slo("a", &[])]);
    let on_terminal = |variables: &[(&str, &str)]| {
        let line = format!("'{}' status --url {url}", env!("CARGO_BIN_EXE_slowburn"));
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).env_remove("NO_COLOR").env("TERM", "xterm");
        ran(command.envs(variables.iter().copied()).output().unwrap()).out
    };
    assert!(on_terminal(&[]).contains('\u{1b}'));
    assert!(on_terminal(&[("NO_COLOR", "")]).contains('\u{1b}'), "an empty NO_COLOR says nothing");
    assert!(!on_terminal(&[("NO_COLOR", "1")]).contains('\u{1b}'));
    assert!(!on_terminal(&[("TERM", "dumb")]).contains('\u{1b}'));
    assert!(!status(&url, &[]).out.contains('\u{1b}'));
}

#[test]
fn what_can_not_be_asked_is_said_in_a_line() {
    let closed = format!("127.0.0.1:{}", free_port());
    let serve = |status, body: &str| serve("/api/v1/slos", status, "application/json", body).to_string();
    for (name, url, said) in [
        ("nobody there", closed.clone(), "connection refused"),
        ("credentials", format!("http://user:secret@{closed}"), "connection refused"),
        ("another program", serve(200, "<html>"), "does not answer as slowburn does"),
        ("another shape", serve(200, "{\"data\":[{}]}"), "does not answer as slowburn does"),
        ("locked", serve(401, ""), "user:password@"),
        ("broken", serve(503, ""), "503 Service Unavailable"),
        ("no URL", "http://".to_owned(), "host"),
        ("another scheme", "ftp://a".to_owned(), "http"),
    ] {
        let ran = status(&url, &[]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{name}");
        assert!(ran.err.starts_with("slowburn: ") && ran.err.contains(said), "{name}: {}", ran.err);
        assert!(!ran.err.contains("secret") && ran.err.lines().count() == 1, "{name}: {}", ran.err);
    }
}

#[test]
fn a_page_below_a_path_is_found() {
    let body = json!({"status": "success", "data": [slo("a", &[])]}).to_string();
    let server = serve("/slo/api/v1/slos", 200, "application/json", body);
    for path in ["slo", "slo/"] {
        assert_eq!(status(&format!("http://{server}/{path}"), &[]).code, 0, "{path}");
    }
}

#[test]
fn a_running_engine_is_asked_for_its_slos_and_its_health() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_port();
    let config = "slo_files: [slo.yaml]\nscrape_configs:\n  - job_name: none\nstorage: {path: data}\n";
    let slo = "version: slowburn/v1\nservice: shop\nslos:\n  - {name: up, objective: 99, window: 30d, \
               sli: {scrape: {job: none}}}\n";
    std::fs::write(dir.path().join("slowburn.yaml"), config).unwrap();
    std::fs::write(dir.path().join("slo.yaml"), slo).unwrap();
    let url = format!("127.0.0.1:{port}");
    let mut command = program();
    command.args(["run", "--web.listen", &url]).current_dir(dir.path());
    let engine = Running::start(&mut command, port);
    assert_eq!(status(&url, &["--health"]).out, "healthy\n");
    let out = until(|| Some(status(&url, &[]).out).filter(|out| out.contains("shop/up")));
    assert!(out.contains("no_data  shop/up") && out.contains("1 SLO: 1 no_data"), "{out}");
    drop(engine);
    assert_eq!(status(&url, &["--health"]).code, 2);
}
