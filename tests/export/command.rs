//! `slowburn export` through its command line.

use super::slos::FILE;
use std::path::Path;
use std::process::{Command, Stdio};

struct Ran {
    out: String,
    err: String,
    code: i32,
}

fn run(dir: &Path, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slowburn"));
    command.current_dir(dir).arg("export").args(arguments).stdin(Stdio::null());
    let output = command.output().expect("slowburn runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran { code: output.status.code().expect("no signal"), out: text(output.stdout), err: text(output.stderr) }
}

fn installation() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("slowburn.yaml"), "slo_files: [slos.yaml]\n").expect("written");
    std::fs::write(dir.path().join("slos.yaml"), FILE).expect("written");
    dir
}

#[test]
fn all_formats_go_to_standard_output() {
    let dir = installation();
    for (format, begins, holds) in [
        ("slowburn", "version: slowburn/v1\n", "service: search"),
        ("openslo", "# checkout/", "kind: AlertPolicy"),
        ("prometheus", "# checkout/", "record: \"slo:sli_error:ratio_rate5m\""),
        ("grafana", "{\n", "\"title\": \"SLOs\""),
    ] {
        let ran = run(dir.path(), &["--format", format]);
        assert_eq!(ran.code, 0, "{format}: {}", ran.err);
        assert!(ran.out.starts_with(begins) && ran.out.contains(holds), "{format}: {}", ran.out);
    }
    let notes = run(dir.path(), &["--format", "prometheus"]).err;
    assert!(notes.contains("checkout/uptime") && notes.contains("not the same in this format"), "{notes}");
}

#[test]
fn one_slo_alone_and_a_file_for_each_service() {
    let dir = installation();
    let one = run(dir.path(), &["--format", "slowburn", "--slo", "search/weighted"]);
    assert!(one.out.contains("weighted") && !one.out.contains("availability"), "{}", one.out);
    for (format, files) in [
        ("slowburn", ["checkout.yaml", "search.yaml"]),
        ("prometheus", ["checkout.rules.yaml", "search.rules.yaml"]),
        ("grafana", ["checkout.json", "search.json"]),
    ] {
        let out = format!("out-{format}");
        let ran = run(dir.path(), &["--format", format, "--output", &out]);
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{format}: {}", ran.err);
        let mut found: Vec<String> = std::fs::read_dir(dir.path().join(&out))
            .expect("a directory")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .collect();
        found.sort();
        assert_eq!(found, files, "{format}");
    }
    // What was written is a configuration's SLO files.
    std::fs::write(dir.path().join("again.yaml"), "slo_files: [out-slowburn/*.yaml]\n").expect("written");
    let again = run(dir.path(), &["--config", "again.yaml", "--format", "slowburn"]);
    assert_eq!(again.out, run(dir.path(), &["--format", "slowburn"]).out);
}

/// What other formats can say and slowburn/v1 can't does not stop the rest.
#[test]
fn what_can_not_be_written_is_left_out_by_name() {
    let dir = tempfile::tempdir().expect("a directory");
    let slo = |service: &str, name: &str, by: &str| {
        format!(
            "version: prometheus/v1\nservice: {service}\nslos:\n  - name: {name}\n    objective: 99\n    sli: {{events: {{error_query: \
             'sum{by}(rate(e_total[{{{{.window}}}}]))', total_query: 'sum{by}(rate(t_total[{{{{.window}}}}]))'}}}}\n    \
             alerting: {{page_alert: {{disable: true}}, ticket_alert: {{disable: true}}}}\n"
        )
    };
    let by = " by (service) ";
    let files = [slo("a", "first", by), slo("a", "fine", ""), slo("b", "second", by)];
    std::fs::write(dir.path().join("slos.yaml"), files.join("---\n")).expect("written");
    std::fs::write(dir.path().join("slowburn.yaml"), "slo_files: [slos.yaml]\n").expect("written");
    let expected = "2 SLOs can't be written in this format; all others are written\n  \
                    a/first: slowburn/v1 keeps no budgets by the label service; rename it\n  \
                    b/second: slowburn/v1 keeps no budgets by the label service; rename it\n";

    let all = run(dir.path(), &["--format", "slowburn"]);
    assert_eq!(all.code, 2, "{}", all.err);
    assert!(all.err.contains(expected), "{}", all.err);
    let fine = run(dir.path(), &["--format", "slowburn", "--slo", "a/fine"]);
    assert_eq!((fine.code, &fine.out), (0, &all.out), "{}", fine.err);
    assert!(fine.out.contains("name: fine"), "{}", fine.out);

    let files = run(dir.path(), &["--format", "slowburn", "--output", "out"]);
    assert_eq!((files.code, files.err.contains(expected)), (2, true), "{}", files.err);
    assert_eq!(std::fs::read_to_string(dir.path().join("out/a.yaml")).expect("a file"), fine.out);
    assert!(!dir.path().join("out/b.yaml").exists());

    let none = run(dir.path(), &["--format", "slowburn", "--slo", "a/first"]);
    assert_eq!((none.code, none.out.as_str()), (2, ""), "{}", none.err);
    assert!(
        none.err.contains("a/first: slowburn/v1 keeps no budgets") && !none.err.contains("all others"),
        "{}",
        none.err
    );
}

#[test]
fn what_can_not_be_written_is_an_error() {
    let dir = installation();
    let short =
        "version: slowburn/v1\nservice: a\nslos:\n  - {name: b, objective: 99, window: 10s, sli: {scrape: {job: x}}}\n";
    std::fs::write(dir.path().join("short.yaml"), short).expect("written");
    std::fs::write(dir.path().join("short-main.yaml"), "slo_files: [short.yaml]\n").expect("written");
    std::fs::write(dir.path().join("none.yaml"), "slo_files: []\n").expect("written");
    for (name, arguments, message) in [
        ("no format", vec![], "--format <FORMAT>"),
        ("unknown format", vec!["--format", "sloth"], "invalid value 'sloth'"),
        ("no such SLO", vec!["--format", "slowburn", "--slo", "a/b"], "there is no SLO a/b"),
        ("no SLOs", vec!["--config", "none.yaml", "--format", "slowburn"], "there are no SLOs to export"),
        (
            "too short",
            vec!["--config", "short-main.yaml", "--format", "openslo"],
            "a/b: OpenSLO knows no durations as short as 1s",
        ),
        ("no directory", vec!["--format", "slowburn", "--output", "slos.yaml/x"], "can't make slos.yaml/x"),
    ] {
        let ran = run(dir.path(), &arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{name}: {}", ran.err);
        assert!(ran.err.contains(message), "{name}: {}", ran.err);
    }
}
