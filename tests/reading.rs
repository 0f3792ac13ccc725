//! The reader of one target: which series come out, under which labels, with which births, and what it refuses.

use proptest::prelude::*;
use slowburn::config::scrape::{RelabelAction, RelabelConfig};
use slowburn::domain::labels::Labels;
use slowburn::domain::reading::{Sample, Target, TargetId};
use slowburn::domain::selector::anchored;
use slowburn::domain::selector_text::parse_selector;
use slowburn::domain::time::Timestamp;
use slowburn::source::exposition::Format::{self, OpenMetrics, Text};
use slowburn::source::reader::{ReadOutcome, ReaderOptions, SeriesReader};
use std::sync::Arc;

/// A reader of a target with the labels `job="j"` and `instance="i"`.
fn reader(selectors: &[&str], options: ReaderOptions) -> SeriesReader {
    let labels = Labels::new().with("job", "j").with("instance", "i");
    let id = TargetId { job: "j".into(), instance: "i".into(), url: "http://i/metrics".into() };
    let interval = std::time::Duration::from_secs(15);
    let selectors: Vec<_> = selectors.iter().map(|text| parse_selector(text).unwrap()).collect();
    SeriesReader::new(Arc::new(Target { id, labels, interval }), selectors.into(), options)
}

fn honoring_timestamps() -> ReaderOptions {
    ReaderOptions { honor_timestamps: true, ..ReaderOptions::default() }
}

/// `name{labels} value`, with ` @ms` and ` born ms` where there is one; the target's labels left out.
fn show(sample: &Sample) -> String {
    let mut labels = sample.series.labels.clone();
    for (name, value) in [("job", "j"), ("instance", "i")] {
        if labels.get(name) == Some(value) {
            labels.remove(name);
        }
    }
    let labels = if labels.is_empty() { String::new() } else { labels.to_string() };
    let time = |word: &str, at: Option<Timestamp>| at.map_or(String::new(), |at| format!(" {word}{}", at.0));
    format!("{}{labels} {}{}{}", sample.series.name, sample.value, time("@", sample.at), time("born ", sample.created))
}

fn shown(outcome: &ReadOutcome) -> Vec<String> {
    outcome.reading.samples.iter().map(show).collect()
}

fn read(selectors: &[&str], options: ReaderOptions, body: &str, format: Format) -> Result<Vec<String>, String> {
    let outcome = reader(selectors, options).read(body.as_bytes(), format);
    outcome.map(|outcome| shown(&outcome)).map_err(|error| error.to_string())
}

fn relabel(action: RelabelAction, source: &str, pattern: &str, target: &str, replacement: &str) -> RelabelConfig {
    RelabelConfig {
        source_labels: source.split_whitespace().map(str::to_owned).collect(),
        separator: ";".into(),
        regex: anchored(pattern).unwrap(),
        target_label: target.into(),
        replacement: replacement.into(),
        modulus: 0,
        action,
    }
}

fn with_relabelling(metric_relabel: Vec<RelabelConfig>) -> ReaderOptions {
    ReaderOptions { metric_relabel, ..ReaderOptions::default() }
}

const REQUESTS: &str =
    "r_total{code=\"200\",path=\"/\"} 5\nr_total{code=\"500\",path=\"/\"} 2\nother 9\nr_total_not 1\n";

#[test]
fn only_series_that_some_selector_matches_come_out() {
    let rows: &[(&str, &[&str], &[&str])] = &[
        ("by name", &["other"], &["other 9"]),
        ("nothing", &["absent"], &[]),
        ("by equality", &[r#"r_total{code="500"}"#], &[r#"r_total{code="500",path="/"} 2"#]),
        ("by inequality", &[r#"r_total{code!="500"}"#], &[r#"r_total{code="200",path="/"} 5"#]),
        (
            "by a missing label",
            &[r#"r_total{x=""}"#, r#"r_total{x!=""}"#],
            &[r#"r_total{code="200",path="/"} 5"#, r#"r_total{code="500",path="/"} 2"#],
        ),
        ("by regular expression", &[r#"r_total{code=~"5.."}"#], &[r#"r_total{code="500",path="/"} 2"#]),
        ("by the target's labels", &[r#"r_total{job="j",code="200"}"#], &[r#"r_total{code="200",path="/"} 5"#]),
        ("another target's labels", &[r#"r_total{job="k"}"#], &[]),
        (
            "by several selectors, once",
            &[r#"r_total{code="500"}"#, "r_total"],
            &[r#"r_total{code="200",path="/"} 5"#, r#"r_total{code="500",path="/"} 2"#],
        ),
    ];
    for (name, selectors, expected) in rows {
        assert_eq!(read(selectors, ReaderOptions::default(), REQUESTS, Text).unwrap(), *expected, "{name}");
    }
}

#[test]
fn boundaries_compare_as_numbers() {
    let body = "h_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\",p=\"x\"} 2\nh_bucket{le=\"+Inf\"} 3\n";
    let found = read(&[r#"h_bucket{le="1.0"}"#], ReaderOptions::default(), body, Text).unwrap();
    assert_eq!(found, [r#"h_bucket{le="1"} 1"#, r#"h_bucket{le="1.0",p="x"} 2"#]);
}

#[test]
fn many_selectors_of_one_name_find_their_series() {
    let selectors: Vec<String> = (0..50).map(|i| format!(r#"r{{job="j",s="{i}",code!="500"}}"#)).collect();
    let selectors: Vec<&str> = selectors.iter().map(String::as_str).collect();
    let body = "r{s=\"7\",code=\"200\"} 1\nr{s=\"7\",code=\"500\"} 2\nr{s=\"99\"} 3\nr 4\n";
    let found = read(&selectors, ReaderOptions::default(), body, Text).unwrap();
    assert_eq!(found, [r#"r{code="200",s="7"} 1"#]);
}

#[test]
fn values_that_are_no_counts_are_passed_on() {
    let found =
        read(&["a"], ReaderOptions::default(), "a{b=\"1\"} NaN\na{b=\"2\"} -Inf\na{b=\"3\"} -1\n", Text).unwrap();
    assert_eq!(found, [r#"a{b="1"} NaN"#, r#"a{b="2"} -inf"#, r#"a{b="3"} -1"#]);
}

#[test]
fn a_malformed_line_anywhere_fails_the_scrape_and_the_next_one_is_read_again() {
    let mut reader = reader(&["a"], ReaderOptions::default());
    let error = reader.read(b"a 1\nunwanted x\n", Text).unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 10: expected a number as value, got `x` in `unwanted x`");
    let outcome = reader.read(b"a 1\nunwanted 2\n", Text).unwrap();
    assert_eq!((shown(&outcome), outcome.samples, outcome.warning), (vec!["a 1".to_owned()], 2, None));
}

#[test]
fn labels_of_the_target_and_of_the_body_meet_as_in_prometheus() {
    let honor = || ReaderOptions { honor_labels: true, ..ReaderOptions::default() };
    let rows: &[(&str, ReaderOptions, &str, &str)] = &[
        ("attached", ReaderOptions::default(), "a 1", r#"a{instance="i",job="j"}"#),
        ("exported", ReaderOptions::default(), "a{job=\"x\"} 1", r#"a{exported_job="x",instance="i",job="j"}"#),
        (
            "exported twice",
            ReaderOptions::default(),
            "a{job=\"x\",exported_job=\"y\"} 1",
            r#"a{exported_exported_job="x",exported_job="y",instance="i",job="j"}"#,
        ),
        ("empty is not exported", ReaderOptions::default(), "a{job=\"\"} 1", r#"a{instance="i",job="j"}"#),
        ("honored", honor(), "a{job=\"x\"} 1", r#"a{instance="i",job="x"}"#),
        ("honored though empty", honor(), "a{instance=\"\"} 1", r#"a{job="j"}"#),
    ];
    for (name, options, body, expected) in rows {
        let outcome = reader(&["a"], options.clone()).read(body.as_bytes(), Text).unwrap();
        assert_eq!(outcome.reading.samples[0].series.to_string(), *expected, "{name}");
    }
}

#[test]
fn selectors_see_what_relabelling_leaves() {
    use RelabelAction::*;
    let rename = || relabel(Replace, "__name__", "old_(.*)", "__name__", "new_$1");
    type Row = (&'static str, Vec<RelabelConfig>, &'static [&'static str], &'static [&'static str]);
    let rows: &[Row] = &[
        ("renamed", vec![rename()], &["new_x"], &["new_x 1"]),
        ("the old name is gone", vec![rename()], &["old_x"], &[]),
        ("dropped by name", vec![relabel(Drop, "__name__", "old_.*", "", "")], &["old_x", "b"], &[r#"b{l="1"} 2"#]),
        ("a label removed", vec![relabel(LabelDrop, "", "l", "", "")], &["b"], &["b 2"]),
        (
            "a label added",
            vec![relabel(Replace, "l", "(.*)", "m", "x$1")],
            &[r#"b{m="x1"}"#],
            &[r#"b{l="1",m="x1"} 2"#],
        ),
        ("a metric name made", vec![relabel(Replace, "l", "1", "__name__", "c")], &["c"], &[r#"c{l="1"} 2"#]),
        ("all labels dropped", vec![relabel(LabelKeep, "", "none", "", "")], &["old_x"], &[]),
    ];
    for (name, steps, selectors, expected) in rows {
        let found = read(selectors, with_relabelling(steps.clone()), "old_x 1\nb{l=\"1\"} 2\n", Text).unwrap();
        assert_eq!(found, *expected, "{name}");
    }
    let nameless = with_relabelling(vec![relabel(LabelDrop, "", "__name__", "", "")]);
    let error = read(&["b"], nameless, "old_x 1\n", Text).unwrap_err();
    assert_eq!(error, "metric_relabel_configs leave no metric name (__name__) on old_x");
}

#[test]
fn limits_fail_the_scrape_in_prometheus_words() {
    let options = |set: fn(&mut ReaderOptions)| {
        let mut options = ReaderOptions::default();
        set(&mut options);
        options
    };
    let dropping = |set: fn(&mut ReaderOptions)| ReaderOptions {
        metric_relabel: vec![relabel(RelabelAction::Drop, "__name__", "b", "", "")],
        ..options(set)
    };
    // Each series has the labels __name__, job and instance besides those of the body.
    let rows: &[(&str, ReaderOptions, &str, Option<&str>)] = &[
        ("samples: at the limit", options(|o| o.sample_limit = 2), "a 1\nb 2\n", None),
        (
            "samples: over it, wanted or not",
            options(|o| o.sample_limit = 2),
            "a 1\nb 2\nc 3\n",
            Some("sample limit exceeded (3 samples after metric relabelling, limit: 2)"),
        ),
        ("samples: dropped ones do not count", dropping(|o| o.sample_limit = 2), "a 1\nb 2\nc 3\n", None),
        (
            "samples: the others do",
            dropping(|o| o.sample_limit = 1),
            "a 1\nb 2\nc 3\n",
            Some("sample limit exceeded (2 samples after metric relabelling, limit: 1)"),
        ),
        ("labels: at the limit", options(|o| o.label_limit = 4), "a{l=\"1\"} 1\n", None),
        (
            "labels: over it, wanted or not",
            options(|o| o.label_limit = 3),
            "a 1\nb{l=\"1\"} 1\n",
            Some("label_limit exceeded (metric: b, number of labels: 4, limit: 3)"),
        ),
        ("name length: at the limit", options(|o| o.label_name_length_limit = 9), "a{long_name=\"1\"} 1\n", None),
        (
            "name length: over it",
            options(|o| o.label_name_length_limit = 8),
            "b{long_name=\"1\"} 1\n",
            Some("label_name_length_limit exceeded (metric: b, label name: long_name, length: 9, limit: 8)"),
        ),
        ("value length: at the limit", options(|o| o.label_value_length_limit = 3), "a{l=\"abc\"} 1\n", None),
        (
            "value length: over it",
            options(|o| o.label_value_length_limit = 3),
            "b{l=\"abcd\"} 1\n",
            Some("label_value_length_limit exceeded (metric: b, label name: l, value: \"abcd\", length: 4, limit: 3)"),
        ),
        (
            "value length: the name counts",
            options(|o| o.label_value_length_limit = 3),
            "b_long 1\n",
            Some(
                "label_value_length_limit exceeded (metric: b_long, label name: __name__, value: \"b_long\", length: 6, limit: 3)",
            ),
        ),
    ];
    for (name, options, body, expected) in rows {
        let mut reader = reader(&["a"], options.clone());
        for _ in 0..2 {
            let error = reader.read(body.as_bytes(), Text).err().map(|error| error.to_string());
            assert_eq!(error.as_deref(), *expected, "{name}");
        }
    }
}

#[test]
fn the_first_of_repeated_samples_counts_and_a_warning_names_it() {
    type Row = (&'static str, ReaderOptions, &'static str, &'static [&'static str], Option<&'static str>);
    let rows: &[Row] = &[
        ("the same text", ReaderOptions::default(), "a 1\na 2\n", &["a 1"], Some("1 sample repeats")),
        (
            "labels in another order",
            ReaderOptions::default(),
            "a{b=\"1\",c=\"2\"} 1\na{c=\"2\",b=\"1\"} 2\na{c=\"2\",b=\"1\",} 3\n",
            &[r#"a{b="1",c="2"} 1"#],
            Some("2 samples repeat"),
        ),
        ("an empty label", ReaderOptions::default(), "a 1\na{b=\"\"} 2\n", &["a 1"], Some("1 sample repeats")),
        (
            "made one by relabelling",
            with_relabelling(vec![relabel(RelabelAction::LabelDrop, "", "b", "", "")]),
            "a{b=\"1\"} 1\na{b=\"2\"} 2\n",
            &["a 1"],
            Some("1 sample repeats"),
        ),
        ("unwanted ones are not looked at", ReaderOptions::default(), "a 1\nb 1\nb 1\n", &["a 1"], None),
        (
            "rising times of their own",
            honoring_timestamps(),
            "a 1 1000\na 2 2000\na 3 2000\na 4 1500\n",
            &["a 1 @1000", "a 2 @2000"],
            Some("2 samples repeat"),
        ),
        (
            "times that are not honored",
            ReaderOptions::default(),
            "a 1 1000\na 2 2000\n",
            &["a 1"],
            Some("1 sample repeats"),
        ),
    ];
    for (name, options, body, expected, warning) in rows {
        let outcome = reader(&["a"], options.clone()).read(body.as_bytes(), Text).unwrap();
        assert_eq!(shown(&outcome), *expected, "{name}");
        let found = outcome.warning.as_deref().unwrap_or_default();
        assert!(
            found.starts_with(warning.unwrap_or_default()) && found.is_empty() == warning.is_none(),
            "{name}: {found}"
        );
    }
}

#[test]
fn a_series_seen_before_is_the_same_allocation() {
    let mut reader = reader(&["a"], ReaderOptions::default());
    let first = reader.read(b"a{b=\"1\"} 1\na{b=\"2\"} 1\nx 1\n", Text).unwrap().reading;
    let second = reader.read(b"x 2\na{b=\"2\"} 3\na{b=\"3\"} 3\na{b=\"1\"} 2\n", Text).unwrap().reading;
    assert!(Arc::ptr_eq(&first.samples[0].series, &second.samples[2].series));
    assert!(Arc::ptr_eq(&first.samples[1].series, &second.samples[0].series));
    let values: Vec<f64> = second.samples.iter().map(|sample| sample.value).collect();
    assert_eq!(values, [3.0, 3.0, 2.0]);
}

#[test]
fn series_that_left_are_forgotten() {
    let mut reader = reader(&["a"], ReaderOptions::default());
    let gone = Arc::downgrade(&reader.read(b"a{b=\"gone\"} 1\n", Text).unwrap().reading.samples[0].series);
    for _ in 0..40 {
        reader.read(b"a 1\n", Text).unwrap();
    }
    assert!(gone.upgrade().is_none());
}

/// Comparing each label with each other one would take minutes here.
#[test]
fn a_line_of_very_many_labels_is_read_in_no_time() {
    let labels: Vec<String> = (0..100_000).rev().map(|i| format!("l{i}=\"v\"")).collect();
    let body = format!("a{{{}}} 1\n", labels.join(","));
    let outcome = reader(&["a"], ReaderOptions::default()).read(body.as_bytes(), Text).unwrap();
    assert_eq!(outcome.reading.samples[0].series.labels.len(), 100_002);
    let repeated = format!("a{{{},\"l7\"=\"v\"}} 1\n", labels.join(","));
    let error = read(&["a"], ReaderOptions::default(), &repeated, Text).unwrap_err();
    assert!(error.contains("expected a label name that this series does not have yet, got `l7\"=\"v\"} 1`"), "{error}");
}

#[test]
fn a_flood_of_new_series_is_forgotten_at_once() {
    let mut reader = reader(&["a"], ReaderOptions::default());
    let flood: String = (0..5000).map(|i| format!("a{{b=\"{i}\"}} 1\n")).collect();
    let gone = Arc::downgrade(&reader.read(flood.as_bytes(), Text).unwrap().reading.samples[7].series);
    let outcome = reader.read(b"a{b=\"8\"} 1\na 2\n", Text).unwrap();
    assert_eq!((gone.upgrade(), shown(&outcome)), (None, vec![r#"a{b="8"} 1"#.to_owned(), "a 2".to_owned()]));
}

#[test]
fn a_spelling_learned_from_text_is_not_taken_in_open_metrics() {
    let mut reader = reader(&["a"], ReaderOptions::default());
    reader.read(b"a{b=\"1\", c=\"2\"} 1\n", Text).unwrap();
    assert!(reader.read(b"a{b=\"1\", c=\"2\"} 1\n# EOF\n", OpenMetrics).is_err());
}

#[test]
fn a_name_is_not_taken_for_a_longer_one() {
    let mut reader = reader(&["a", "ab", r#"a{c="d"}"#], ReaderOptions::default());
    for body in
        ["a 1\nab 2\n", "ab 1\na 2\n", "a {c=\"d\"} 1\na{c=\"d\",} 2\n", "a 1\na\t{c=\"d\"} 2\n", "a{} 1\nab 2\n"]
    {
        let fresh = read(&["a", "ab", r#"a{c="d"}"#], ReaderOptions::default(), body, Text);
        let found =
            reader.read(body.as_bytes(), Text).map(|outcome| shown(&outcome)).map_err(|error| error.to_string());
        assert_eq!(found, fresh, "{body:?}");
    }
}

#[test]
fn births_are_attached_wherever_they_stand() {
    let wanted = ["foo_total", "h_bucket", "h_count", "h_sum", "s", "s_count", "foo", "g"];
    let rows: &[(&str, Format, &str, &[&str])] = &[
        (
            "counter",
            OpenMetrics,
            "# TYPE foo counter\nfoo_total 1\nfoo_created 2.5\n# EOF\n",
            &["foo_total 1 born 2500"],
        ),
        ("before the sample", OpenMetrics, "foo_created 2\nfoo_total 1\n# EOF\n", &["foo_total 1 born 2000"]),
        (
            "the same labels only",
            OpenMetrics,
            "foo_total{a=\"1\",b=\"2\"} 1\nfoo_total{a=\"2\"} 1\nfoo_created{b=\"2\",a=\"1\"} 2\n# EOF\n",
            &[r#"foo_total{a="1",b="2"} 1 born 2000"#, r#"foo_total{a="2"} 1"#],
        ),
        (
            "histogram",
            OpenMetrics,
            "# TYPE h histogram\nh_bucket{le=\"1\",a=\"x\"} 1\nh_bucket{le=\"+Inf\",a=\"x\"} 1\nh_count{a=\"x\"} 1\nh_sum{a=\"x\"} 3\nh_created{a=\"x\"} 2\n# EOF\n",
            &[
                r#"h_bucket{a="x",le="1"} 1 born 2000"#,
                r#"h_bucket{a="x",le="+Inf"} 1 born 2000"#,
                r#"h_count{a="x"} 1 born 2000"#,
                r#"h_sum{a="x"} 3 born 2000"#,
            ],
        ),
        (
            "summary",
            OpenMetrics,
            "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_count 1\ns_created 2\n# EOF\n",
            &[r#"s{quantile="0.5"} 1 born 2000"#, "s_count 1 born 2000"],
        ),
        (
            "a family of its own",
            OpenMetrics,
            "# TYPE foo_created gauge\nfoo_created 2\nfoo_total 1\n# EOF\n",
            &["foo_total 1"],
        ),
        (
            "declared as what has no birth",
            OpenMetrics,
            "# TYPE foo gauge\nfoo_created 2\nfoo_total 1\n# EOF\n",
            &["foo_total 1"],
        ),
        ("a gauge has none", OpenMetrics, "# TYPE g gauge\ng 1\ng_created 2\n# EOF\n", &["g 1"]),
        (
            "text: a counter with _total",
            Text,
            "# TYPE foo_total counter\nfoo_total 1\n# TYPE foo_created gauge\nfoo_created 2\n",
            &["foo_total 1 born 2000"],
        ),
        (
            "text: a counter without",
            Text,
            "# TYPE foo counter\nfoo 1\n# TYPE foo_created gauge\nfoo_created 2\n",
            &["foo 1 born 2000"],
        ),
        (
            "text: a histogram",
            Text,
            "# TYPE h histogram\nh_count 1\n# TYPE h_created gauge\nh_created 2\n",
            &["h_count 1 born 2000"],
        ),
        (
            "text: declared at the end",
            Text,
            "foo_created 2\nfoo_total 1\n# TYPE foo_total counter\n",
            &["foo_total 1 born 2000"],
        ),
        ("text: not declared", Text, "foo_total 1\nfoo_created 2\n", &["foo_total 1"]),
        ("text: declared as a gauge", Text, "# TYPE foo_total gauge\nfoo_total 1\nfoo_created 2\n", &["foo_total 1"]),
        ("no moment", OpenMetrics, "foo_total 1\nfoo_created NaN\n# EOF\n", &["foo_total 1"]),
        ("zero", OpenMetrics, "foo_total 1\nfoo_created 0\n# EOF\n", &["foo_total 1"]),
        (
            "each at its time",
            OpenMetrics,
            "foo_total 5 10\nfoo_total 1 20\nfoo_total 2 30\nfoo_created 2 10\nfoo_created 15 20\n# EOF\n",
            &["foo_total 5 @10000 born 2000", "foo_total 1 @20000 born 15000", "foo_total 2 @30000 born 15000"],
        ),
    ];
    for (name, format, body, expected) in rows {
        let mut reader = reader(&wanted, honoring_timestamps());
        for _ in 0..2 {
            assert_eq!(shown(&reader.read(body.as_bytes(), *format).unwrap()), *expected, "{name}");
        }
    }
}

#[test]
fn a_birth_belongs_to_its_own_scrape() {
    let mut reader = reader(&["foo_total"], ReaderOptions::default());
    let mut born =
        |body: &str| reader.read(body.as_bytes(), OpenMetrics).unwrap().reading.samples[0].created.map(|at| at.0);
    assert_eq!(born("# TYPE foo counter\nfoo_total 1\nfoo_created 2\n# EOF\n"), Some(2000));
    assert_eq!(born("# TYPE foo counter\nfoo_total 1\nfoo_created 3\n# EOF\n"), Some(3000));
    assert_eq!(born("# TYPE foo counter\nfoo_total 1\n# EOF\n"), None);
    assert_eq!(born("# TYPE foo gauge\nfoo_total 1\nfoo_created 4\n# EOF\n"), None);
    assert_eq!(born("foo_total 1\nfoo_created 5\n# EOF\n"), Some(5000));
}

#[test]
fn a_wanted_birth_is_a_sample_too_and_renamed_series_keep_theirs() {
    let body = "# TYPE foo counter\nfoo_total 1\nfoo_created 2\n# EOF\n";
    let found = read(&["foo_total", "foo_created"], ReaderOptions::default(), body, OpenMetrics).unwrap();
    assert_eq!(found, ["foo_total 1 born 2000", "foo_created 2"]);
    let rename = with_relabelling(vec![relabel(RelabelAction::Replace, "__name__", "foo_total", "__name__", "bar")]);
    assert_eq!(read(&["bar"], rename, body, OpenMetrics).unwrap(), ["bar 1 born 2000"]);
}

#[test]
fn the_process_start_is_read_when_asked() {
    let rows: &[(&str, bool, &str, Option<i64>)] = &[
        ("asked", true, "process_start_time_seconds 1.5\n", Some(1500)),
        ("not asked", false, "process_start_time_seconds 1.5\n", None),
        ("absent", true, "b 1\n", None),
        ("no moment", true, "process_start_time_seconds +Inf\n", None),
        ("two processes", true, "process_start_time_seconds{p=\"1\"} 1\nprocess_start_time_seconds{p=\"2\"} 2\n", None),
    ];
    for (name, process_start, body, expected) in rows {
        let mut reader = reader(&["a"], ReaderOptions { process_start: *process_start, ..ReaderOptions::default() });
        let outcome = reader.read(body.as_bytes(), Text).unwrap();
        assert_eq!(outcome.reading.process_start.map(|at| at.0), *expected, "{name}");
        assert!(outcome.reading.samples.is_empty(), "{name}");
    }
}

proptest! {
    /// Whatever a reader has seen before, it reads a body as a new reader does.
    #[test]
    fn what_was_learned_changes_no_result(
        bodies in prop::collection::vec(prop::collection::vec("[ab]{1,2} ?(\\{([ab]=\"[12]\",?){0,2}\\})? ?[12]", 0..8), 1..6),
    ) {
        let mut old = reader(&["a", "ab", r#"b{a="1"}"#], ReaderOptions::default());
        for lines in bodies {
            let body = lines.join("\n");
            let fresh = reader(&["a", "ab", r#"b{a="1"}"#], ReaderOptions::default()).read(body.as_bytes(), Text);
            prop_assert_eq!(old.read(body.as_bytes(), Text), fresh, "{:?}", body);
        }
    }
}
