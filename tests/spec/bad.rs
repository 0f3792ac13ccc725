//! What is said about mistakes: the exact texts, with line and column.

use Change::{Extended, Replaced, Sli, Whole};
use slowburn::config::diagnostics::Diagnostics;
use slowburn::spec::read_slos;

/// A file without mistakes, which each row changes.
const SOUND: &str = r#"version: slowburn/v1
service: checkout
labels: {team: payments}
slos:
  - name: availability
    objective: 99.9
    window: 30d
    sli:
      events:
        total: http_requests_total{job="checkout"}
        bad: http_requests_total{job="checkout",code=~"5.."}
"#;

const EVENTS: &str = r#"events:
        total: http_requests_total{job="checkout"}
        bad: http_requests_total{job="checkout",code=~"5.."}"#;

/// How a row makes its file.
enum Change {
    /// This text instead.
    Whole(&'static str),
    /// The first text replaced by the second.
    Replaced(&'static str, &'static str),
    /// Another SLI, from line 9 and column 7 on.
    Sli(&'static str),
    /// Text added from line 12 on.
    Extended(&'static str),
}

impl Change {
    fn text(&self) -> String {
        let replaced = |old: &str, new: &str| {
            assert!(SOUND.contains(old), "nothing to replace: {old}");
            SOUND.replacen(old, new, 1)
        };
        match self {
            Whole(text) => (*text).to_owned(),
            Replaced(old, new) => replaced(old, new),
            Sli(sli) => replaced(EVENTS, sli),
            Extended(more) => format!("{SOUND}{more}"),
        }
    }
}

/// Name, file, SLOs that are still read, and every mistake in the order in which it is found.
type Row = (&'static str, Change, usize, &'static [&'static str]);

fn check(rows: &[Row]) {
    for (name, change, read, expected) in rows {
        let mut diagnostics = Diagnostics::new();
        let slos = read_slos("slo.yaml", change.text().as_bytes(), &|_| None, &mut diagnostics);
        let found: Vec<String> =
            diagnostics.iter().map(|d| d.to_string().trim_start_matches("slo.yaml:").trim_start().to_owned()).collect();
        assert_eq!(found, *expected, "{name}");
        assert_eq!(slos.len(), *read, "{name}");
    }
}

#[test]
fn the_sound_file_has_no_mistakes() {
    check(&[("sound", Extended(""), 1, &[])]);
}

#[test]
fn mistakes_of_documents() {
    check(&[
        (
            "no version",
            Replaced("version: slowburn/v1", ""),
            0,
            &["2:1: error: the document does not say its format; add `version: slowburn/v1` at its beginning"],
        ),
        (
            "a version to come",
            Replaced("slowburn/v1", "slowburn/v2"),
            0,
            &[r#"1:10: error: version: unknown format of SLOs: "slowburn/v2"; did you mean slowburn/v1?"#],
        ),
        (
            "an unknown version",
            Replaced("slowburn/v1", "keptn/v3"),
            0,
            &[
                r#"1:10: error: version: unknown format of SLOs: "keptn/v3"; accepted are `version: slowburn/v1`, `version: prometheus/v1` (Sloth), `apiVersion: openslo/v1`, `apiVersion: pyrra.dev/v1alpha1` and `apiVersion: sloth.slok.dev/v1`"#,
            ],
        ),
        (
            "Sloth",
            Whole(
                r#"version: prometheus/v1
service: x
"#,
            ),
            0,
            &["1:1: error: `slos` is missing; add it: the SLOs"],
        ),
        (
            "OpenSLO",
            Whole(
                r#"apiVersion: openslo/v1
kind: SLO
"#,
            ),
            0,
            &[
                "1:1: error: `metadata` is missing; add it: its name",
                "1:1: error: `spec` is missing; add it: what it says",
            ],
        ),
        (
            "a list",
            Whole(
                r#"[1,2]
"#,
            ),
            0,
            &["1:1: error: expected an SLO document, found a list; an SLO file begins with `version: slowburn/v1`"],
        ),
        (
            "only a comment",
            Whole(
                r#"# nothing
"#,
            ),
            0,
            &["warning: the file holds no SLO; begin it with `version: slowburn/v1`"],
        ),
        (
            "something else",
            Whole(
                r#"kind: Foo
"#,
            ),
            0,
            &[
                "1:1: error: the document does not say its format; accepted are `version: slowburn/v1`, `version: prometheus/v1` (Sloth), `apiVersion: openslo/v1`, `apiVersion: pyrra.dev/v1alpha1` and `apiVersion: sloth.slok.dev/v1`",
            ],
        ),
        (
            "no service",
            Replaced("service: checkout", ""),
            0,
            &["1:1: error: `service` is missing; add it: the service that the SLOs belong to"],
        ),
        (
            "a service with a slash",
            Replaced("service: checkout", "service: a/b"),
            0,
            &[
                r#"2:10: error: service: not a usable name: "a/b"; names are part of URLs: use letters (a-z, A-Z), digits, "_", ".", "-" and "~", beginning with a letter, a digit or "_", at most 128 characters; for example "a-b""#,
            ],
        ),
        (
            "several SLOs",
            Extended(
                r#"  - name: availability
    objective: x
  - 5
  - name: b
    window: y
    sli: {scrape: {job: 1}}
"#,
            ),
            1,
            &[
                "12:5: error: slos[1]: `window` is missing; add it: the time it is promised for: rolling, such as 30d, or {calendar: month}",
                "12:5: error: slos[1]: `sli` is missing; add it: how events are counted and told good from bad",
                r#"12:11: error: slos[1].name: the SLO checkout/availability is declared twice: "availability"; it is declared at slo.yaml:5 already; give this one another name"#,
                r#"13:16: error: slos[1].objective: not a percentage: "x"; write a plain decimal, such as 99.9"#,
                r#"14:5: error: slos[2]: expected a map of keys and values, found a single value: "5"; give a map of keys and values"#,
                "15:5: error: slos[3]: `objective` is missing; add it: the share of good events that is promised, in percent, such as 99.9",
                r#"16:13: error: slos[3].window: not a duration: "y"; write it like 30s, 5m, 1h30m or 30d (units y, w, d, h, m, s, ms, in this order)"#,
            ],
        ),
        (
            "second document",
            Extended(
                r#"---
version: slowburn/v1
service: checkout
slos:
  - {name: availability, objective: 99, window: 7d, sli: {scrape: {job: a}}}
"#,
            ),
            1,
            &[
                r#"16:12: error: slos[0].name: the SLO checkout/availability is declared twice: "availability"; it is declared at slo.yaml:5 already; give this one another name"#,
            ],
        ),
        (
            "no SLOs",
            Whole(
                r#"version: slowburn/v1
service: x
slos: []
"#,
            ),
            0,
            &["3:7: warning: slos: the list of SLOs is empty; add one, or remove the document"],
        ),
        (
            "SLOs left out",
            Whole(
                r#"version: slowburn/v1
service: x
slos:
"#,
            ),
            0,
            &[r#"3:1: error: slos: `slos` is empty; fill it in: the SLOs, a list"#],
        ),
        (
            "a tab",
            Whole(
                r#"version: slowburn/v1
service: x
slos:
	- a: b
"#,
            ),
            0,
            &["4:1: error: a tab can't indent YAML; use spaces"],
        ),
    ]);
}

#[test]
fn mistakes_of_an_slo() {
    check(&[
        (
            "a name of two words",
            Replaced("availability", "two words"),
            0,
            &[
                r#"5:11: error: slos[0].name: not a usable name: "two words"; names are part of URLs: use letters (a-z, A-Z), digits, "_", ".", "-" and "~", beginning with a letter, a digit or "_", at most 128 characters; for example "two-words""#,
            ],
        ),
        (
            "objective with a percent sign",
            Replaced("99.9", "99.9%"),
            0,
            &[
                r#"6:16: error: slos[0].objective: not a percentage: "99.9%"; write 99.9; the number is in percent already"#,
            ],
        ),
        (
            "objective with a comma",
            Replaced("99.9", "99,9"),
            0,
            &[r#"6:16: error: slos[0].objective: not a percentage: "99,9"; write 99.9, with a decimal point"#],
        ),
        (
            "objective as a ratio",
            Replaced("99.9", "0.999"),
            1,
            &[
                r#"6:16: warning: slos[0].objective: this is 0.999 percent: "0.999"; write 99.9 if that share is meant"#,
                r#"6:16: warning: slos[0].objective: the default page over 1h and 5m with factor 14.4 can never fire: no burn rate exceeds 1.0101: "0.999"; it works above an objective of 93.0556; or set own pairs under alerting.page"#,
                r#"6:16: warning: slos[0].objective: the default page over 6h and 30m with factor 6 can never fire: no burn rate exceeds 1.0101: "0.999"; it works above an objective of 83.3334; or set own pairs under alerting.page"#,
                r#"6:16: warning: slos[0].objective: the default ticket over 1d and 2h with factor 3 can never fire: no burn rate exceeds 1.0101: "0.999"; it works above an objective of 66.6667; or set own pairs under alerting.ticket"#,
            ],
        ),
        (
            "objective 100",
            Replaced("99.9", "100"),
            0,
            &[
                r#"6:16: error: slos[0].objective: an objective of 100 percent or more leaves no error budget: "100"; write a percentage below 100, such as 99.9"#,
            ],
        ),
        (
            "objective 0",
            Replaced("99.9", "0"),
            0,
            &[r#"6:16: error: slos[0].objective: the percentage must be above 0: "0"; write it like 99.9"#],
        ),
        (
            "negative objective",
            Replaced("99.9", "-5"),
            0,
            &[r#"6:16: error: slos[0].objective: the percentage must be above 0: "-5"; write it like 99.9"#],
        ),
        (
            "objective that is no number",
            Replaced("99.9", "high"),
            0,
            &[r#"6:16: error: slos[0].objective: not a percentage: "high"; write a plain decimal, such as 99.9"#],
        ),
        (
            "objective as a list",
            Replaced("99.9", "[99.9]"),
            0,
            &["6:16: error: slos[0].objective: expected a percentage, found a list; write it like 99.9"],
        ),
        (
            "objective with too many digits",
            Replaced("99.9", "99.99999999999999999999"),
            0,
            &[
                r#"6:16: error: slos[0].objective: the percentage has more digits than can be kept exactly: "99.99999999999999999999"; write at most 15 digits"#,
            ],
        ),
        (
            "objective 90 unreachable",
            Replaced("99.9", "90"),
            1,
            &[
                r#"6:16: warning: slos[0].objective: the default page over 1h and 5m with factor 14.4 can never fire: no burn rate exceeds 10: "90"; it works above an objective of 93.0556; or set own pairs under alerting.page"#,
            ],
        ),
        (
            "objective with an exponent",
            Replaced("99.9", "9.99e1"),
            0,
            &[r#"6:16: error: slos[0].objective: not a percentage: "9.99e1"; write a plain decimal, such as 99.9"#],
        ),
        (
            "window without a unit",
            Replaced("30d", "30"),
            0,
            &[r#"7:13: error: slos[0].window: not a window: "30"; write 30d for days"#],
        ),
        (
            "window in words",
            Replaced("30d", "30 days"),
            0,
            &[r#"7:13: error: slos[0].window: not a window: "30 days"; write 30d for days"#],
        ),
        (
            "window as a period",
            Replaced("30d", "monthly"),
            0,
            &[
                r#"7:13: error: slos[0].window: not a window: "monthly"; write {calendar: month} for the calendar's month, or 30d for a rolling window"#,
            ],
        ),
        (
            "window of nothing",
            Replaced("30d", "0s"),
            0,
            &[r#"7:13: error: slos[0].window: the duration must be above zero: "0s"; write it like 15s or 1m"#],
        ),
        (
            "window of two years",
            Replaced("30d", "2y"),
            0,
            &[
                r#"7:13: error: slos[0].window: the window is longer than a year, and history is kept for 13 months: "2y"; write at most 366d"#,
            ],
        ),
        (
            "units out of order",
            Replaced("30d", "1h30d"),
            0,
            &[
                r#"7:13: error: slos[0].window: not a duration: "1h30d"; write it like 30s, 5m, 1h30m or 30d (units y, w, d, h, m, s, ms, in this order)"#,
            ],
        ),
        (
            "misspelt period and zone",
            Replaced("30d", "{calendar: mounth, time_zone: Europe/Pariss}"),
            0,
            &[
                r#"7:24: error: slos[0].window.calendar: expected one of week, month, quarter, year: "mounth"; did you mean month?"#,
                r#"7:43: error: slos[0].window.time_zone: unknown time zone: "Europe/Pariss"; did you mean Europe/Paris?"#,
            ],
        ),
        (
            "city for a zone",
            Replaced("30d", "{calendar: month, time_zone: new york}"),
            0,
            &[
                r#"7:42: error: slos[0].window.time_zone: unknown time zone: "new york"; did you mean America/New_York?"#,
            ],
        ),
        (
            "offset for a zone",
            Replaced("30d", "{calendar: month, time_zone: GMT+2}"),
            0,
            &[
                r#"7:42: error: slos[0].window.time_zone: unknown time zone: "GMT+2"; write the zone's IANA name, such as Europe/Paris or America/New_York"#,
            ],
        ),
        (
            "unknown key of a window",
            Replaced("30d", "{rolling: 30d}"),
            0,
            &[
                r#"7:14: error: slos[0].window.rolling: unknown key; known here: calendar, time_zone"#,
                "7:13: error: slos[0].window: `calendar` is missing; add it: the period; a week begins on Monday",
            ],
        ),
        (
            "unusable groups",
            Replaced(
                "    window: 30d",
                r#"    window: 30d
    by: [route, route, team, le, service, "1x", {a: b}]"#,
            ),
            0,
            &[
                r#"8:17: error: slos[0].by[1]: the label is named twice: "route"; remove one"#,
                r#"8:24: error: slos[0].by[2]: this label is also set under `labels`, to one value for all groups: "team"; remove one of the two"#,
                r#"8:30: error: slos[0].by[3]: budgets can't be kept by this label: "le"; rename the label with metric_relabel_configs; slowburn's own alerts and metrics use alertname, severity, service, slo, le, outcome, window"#,
                r#"8:34: error: slos[0].by[4]: budgets can't be kept by this label: "service"; rename the label with metric_relabel_configs; slowburn's own alerts and metrics use alertname, severity, service, slo, le, outcome, window"#,
                r#"8:43: error: slos[0].by[5]: budgets can't be kept by this label: "1x"; a label name is a letter or _, then letters, digits and _"#,
                "8:49: error: slos[0].by[6]: expected a text, found a map; put quotes round it: YAML takes a value that begins with { or [ for a map or a list",
            ],
        ),
        (
            "one group, no list",
            Replaced(
                "    window: 30d",
                r#"    window: 30d
    by: route"#,
            ),
            0,
            &[r#"8:9: error: slos[0].by: expected a list, found a single value: "route"; give a list"#],
        ),
        (
            "labels that slowburn sets",
            Replaced("{team: payments}", r#"{severity: high, slo: x, "a b": c, ok: 1}"#),
            1,
            &[
                r#"3:34: error: labels.a b: not a label name: "a b"; a label name is a letter or _, then letters, digits and _"#,
                r#"3:10: error: labels.severity: this label can't be set: "severity"; choose another name; slowburn sets alertname, severity, service, slo on every alert"#,
                r#"3:26: error: labels.slo: this label can't be set: "slo"; choose another name; slowburn sets alertname, severity, service, slo on every alert"#,
            ],
        ),
        (
            "slip in a key",
            Replaced("objective: 99.9", "objectve: 99.9"),
            0,
            &[
                r#"6:5: error: slos[0].objectve: unknown key; did you mean `objective`?"#,
                "5:5: error: slos[0]: `objective` is missing; add it: the share of good events that is promised, in percent, such as 99.9",
            ],
        ),
        (
            "another program's key",
            Replaced("objective: 99.9", "target: 99.9"),
            0,
            &[
                r#"6:5: error: slos[0].target: `target` is called `objective` here; write objective: 99.9, in percent"#,
                "5:5: error: slos[0]: `objective` is missing; add it: the share of good events that is promised, in percent, such as 99.9",
            ],
        ),
        (
            "variable that is not set",
            Replaced("99.9", "${OBJ}"),
            0,
            &[
                r#"6:16: error: slos[0].objective: the environment variable OBJ is not set: "${OBJ}"; set OBJ, or write $${OBJ} for the text itself"#,
            ],
        ),
    ]);
}

#[test]
fn mistakes_of_indicators() {
    check(&[
        (
            "two SLIs",
            Replaced(
                "    sli:",
                r#"    sli:
      latency: {histogram: x_seconds_bucket, threshold: 300}"#,
            ),
            0,
            &[
                r#"9:7: error: slos[0].sli.latency: only one of `events`, `latency` can be given; keep one of `events`, `latency`"#,
                r#"9:28: error: slos[0].sli.latency.histogram: x_seconds_bucket is one of the histogram's series, not its name: "x_seconds_bucket"; write x_seconds"#,
            ],
        ),
        (
            "no SLI",
            Replaced(
                "    sli:",
                r#"    sli: {}
    foo:"#,
            ),
            0,
            &[
                r#"9:5: error: slos[0].foo: unknown key; known here: name, description, labels, objective, window, by, sli, budgeting, alerting, maintenance"#,
                "8:10: error: slos[0].sli: one of `events`, `latency`, `scrape`, `terms` is needed; add it",
            ],
        ),
        (
            "both bad and good",
            Replaced(
                "        bad:",
                r#"        good: http_requests_total{code!~"5.."}
        bad:"#,
            ),
            0,
            &[
                r#"11:9: error: slos[0].sli.events.good: only one of `bad`, `good` can be given; keep one of `bad`, `good`"#,
                r#"11:15: warning: slos[0].sli.events.good: this counts events that `total` does not count: "http_requests_total{code!~\"5..\"}"; add job="checkout""#,
            ],
        ),
        (
            "neither bad nor good",
            Replaced(r#"        bad: http_requests_total{job="checkout",code=~"5.."}"#, ""),
            0,
            &["10:9: error: slos[0].sli.events: one of `bad`, `good` is needed; add it"],
        ),
        (
            "expression",
            Replaced(
                r#"        total: http_requests_total{job="checkout"}"#,
                r#"        total: sum(rate(http_requests_total{job="checkout"}[5m]))"#,
            ),
            0,
            &[
                r#"10:19: error: slos[0].sli.events.total: this is a PromQL function; give the plain counter selector, slowburn counts its events itself: "sum(rate(http_requests_total{job=\"checkout\"}[5m]))"; write http_requests_total{job="checkout"}"#,
            ],
        ),
        (
            "range",
            Replaced(
                r#"total: http_requests_total{job="checkout"}"#,
                r#"total: http_requests_total{job="checkout"}[5m]"#,
            ),
            0,
            &[
                r#"10:51: error: slos[0].sli.events.total: a range like [5m] is not wanted here: slowburn counts events itself; give the selector alone: "http_requests_total{job=\"checkout\"}[5m]"; write http_requests_total{job="checkout"}"#,
            ],
        ),
        (
            "unclosed, quoted",
            Replaced(r#"total: http_requests_total{job="checkout"}"#, r#"total: 'http_requests_total{job="checkout"'"#),
            0,
            &[r#"10:51: error: slos[0].sli.events.total: expected ',' or '}': "http_requests_total{job=\"checkout\"""#],
        ),
        (
            "regular expression",
            Replaced(r#"code=~"5..""#, r#"code=~"5..(""#),
            0,
            &[
                r#"11:55: error: slos[0].sli.events.bad: not a regular expression: unclosed group: "http_requests_total{job=\"checkout\",code=~\"5..(\"}""#,
            ],
        ),
        (
            "selector without quotes",
            Replaced(r#"total: http_requests_total{job="checkout"}"#, r#"total: {job="checkout"}"#),
            0,
            &[
                "10:16: error: slos[0].sli.events.total: expected a text, found a map; put quotes round it: YAML takes a value that begins with { or [ for a map or a list",
            ],
        ),
        (
            "name of no counter",
            Replaced(r#"total: http_requests_total{job="checkout"}"#, r#"total: http_requests{job="checkout"}"#),
            1,
            &[
                r#"10:16: warning: slos[0].sli.events.total: http_requests does not look like a counter: "http_requests{job=\"checkout\"}"; counters end in _total, _count or _bucket; look whether the target has http_requests_total"#,
            ],
        ),
        (
            "buckets as total",
            Replaced(
                r#"total: http_requests_total{job="checkout"}"#,
                r#"total: http_request_seconds_bucket{job="checkout"}"#,
            ),
            1,
            &[
                r#"10:16: warning: slos[0].sli.events.total: http_request_seconds_bucket counts an event once for each bucket it lies in: "http_request_seconds_bucket{job=\"checkout\"}"; name one bucket with le="…", or count all events with http_request_seconds_count"#,
            ],
        ),
        (
            "everything bad",
            Replaced(
                r#"bad: http_requests_total{job="checkout",code=~"5.."}"#,
                r#"bad: http_requests_total{job="checkout"}"#,
            ),
            0,
            &[
                r#"11:14: error: slos[0].sli.events.bad: this counts the same events as `total`: "http_requests_total{job=\"checkout\"}"; choose a part of them, such as code=~"5..""#,
            ],
        ),
        (
            "bad of more than the total",
            Replaced(
                r#"bad: http_requests_total{job="checkout",code=~"5.."}"#,
                r#"bad: http_requests_total{code=~"5.."}"#,
            ),
            1,
            &[
                r#"11:14: warning: slos[0].sli.events.bad: this counts events that `total` does not count: "http_requests_total{code=~\"5..\"}"; add job="checkout""#,
            ],
        ),
        (
            "series of a histogram",
            Sli(r#"latency: {histogram: 'x_seconds_bucket{le="1"}', threshold: 0.3s}"#),
            0,
            &[
                r#"9:28: error: slos[0].sli.latency.histogram: x_seconds_bucket is one of the histogram's series, not its name: "x_seconds_bucket{le=\"1\"}"; write x_seconds{le="1"}"#,
                r#"9:67: error: slos[0].sli.latency.threshold: neither a duration nor a number: "0.3s"; write 300ms: durations have no fractions"#,
            ],
        ),
        (
            "bucket of a histogram",
            Sli(r#"latency: {histogram: 'x_seconds{le="1"}', threshold: 300 ms}"#),
            0,
            &[
                r#"9:28: error: slos[0].sli.latency.histogram: the selector names a bucket: "x_seconds{le=\"1\"}"; leave out le; `threshold` says which bucket holds good events"#,
                r#"9:60: error: slos[0].sli.latency.threshold: neither a duration nor a number: "300 ms"; write 300ms, without spaces"#,
            ],
        ),
        (
            "seconds that look like milliseconds",
            Sli("latency: {histogram: 'x_seconds', threshold: 300}"),
            1,
            &[
                r#"9:52: warning: slos[0].sli.latency.threshold: x_seconds counts seconds: "300"; write 300ms if milliseconds are meant"#,
            ],
        ),
        (
            "threshold of zero",
            Sli("latency: {histogram: 'x_seconds', threshold: 0s}"),
            0,
            &[
                r#"9:52: error: slos[0].sli.latency.threshold: the threshold must be above zero: "0s"; write it like 300ms, or as a number in the histogram's unit"#,
            ],
        ),
        (
            "threshold in words",
            Sli("latency: {histogram: 'x_seconds', threshold: fast}"),
            0,
            &[
                r#"9:52: error: slos[0].sli.latency.threshold: neither a duration nor a number: "fast"; write it like 300ms, or as a number in the histogram's unit"#,
            ],
        ),
        (
            "scrape of no target",
            Sli("scrape: {}"),
            0,
            &[
                "9:15: error: slos[0].sli.scrape: no target is named; name at least one label of the targets, such as job: checkout",
            ],
        ),
        (
            "scrape of a text",
            Sli("scrape: checkout"),
            0,
            &[r#"9:15: error: slos[0].sli.scrape: expected labels of the targets: "checkout"; write {job: checkout}"#],
        ),
    ]);
}

#[test]
fn mistakes_of_budgeting_alerting_and_maintenance() {
    check(&[
        (
            "slices of days",
            Extended(
                r#"    budgeting: {timeslices: {slice: 2d, target: 0.95}}
"#,
            ),
            0,
            &[
                r#"12:37: error: slos[0].budgeting.timeslices.slice: a slice is a number of whole seconds, at most a day: "2d"; write it like 30s, 1m or 5m"#,
                r#"12:49: warning: slos[0].budgeting.timeslices.target: this is 0.95 percent: "0.95"; write 95 if that share is meant"#,
            ],
        ),
        (
            "slices of moments",
            Extended(
                r#"    budgeting: {timeslices: {slice: 500ms, target: 101}}
"#,
            ),
            0,
            &[
                r#"12:37: error: slos[0].budgeting.timeslices.slice: a slice is a number of whole seconds, at most a day: "500ms"; write it like 30s, 1m or 5m"#,
                r#"12:52: error: slos[0].budgeting.timeslices.target: more than 100 percent of the events can't be good: "101"; write a percentage up to 100, such as 95"#,
            ],
        ),
        (
            "slices without length",
            Extended(
                r#"    budgeting: {timeslices: {target: 95}}
"#,
            ),
            0,
            &["12:29: error: slos[0].budgeting.timeslices: `slice` is missing; add it: length of a slice, such as 1m"],
        ),
        (
            "slices beyond the short windows",
            Extended(
                r#"    budgeting: {timeslices: {slice: 10m, target: 95}}
"#,
            ),
            1,
            &[
                "12:16: warning: slos[0].budgeting: a short window of 5m is shorter than a slice of 10m and holds none most of the time; write shorter slices, or own pairs with longer windows",
            ],
        ),
        (
            "unknown budgeting",
            Extended(
                r#"    budgeting: {method: Timeslices}
"#,
            ),
            0,
            &[r#"12:17: error: slos[0].budgeting.method: unknown key; known here: timeslices"#],
        ),
        (
            "alerting of wrong kinds",
            Extended(
                r#"    alerting: {pages: [], page: off, ticket: [], measure: rate, min_bad_events: -1, runbook_url: runbooks/x, no_data: 10m}
"#,
            ),
            0,
            &[
                r#"12:16: error: slos[0].alerting.pages: unknown key; did you mean `page`?"#,
                r#"12:59: error: slos[0].alerting.measure: expected one of burn_rate, budget_spent: "rate"; choose one of burn_rate, budget_spent"#,
                r#"12:81: error: slos[0].alerting.min_bad_events: expected a number, 0 or more: "-1"; write a plain decimal, such as 99.9"#,
                r#"12:33: error: slos[0].alerting.page: expected pairs of windows: "off"; write {disable: true} to turn the severity off, or a list such as [{long: 1h, short: 5m, factor: 14.4}]"#,
                "12:46: error: slos[0].alerting.ticket: the list of pairs is empty; write {disable: true} to turn the severity off",
                r#"12:119: error: slos[0].alerting.no_data: expected a map of keys and values, found a single value: "10m"; give a map of keys and values"#,
                r#"12:98: error: slos[0].alerting.runbook_url: not an http or https URL: "runbooks/x"; write it like https://example.com/path"#,
            ],
        ),
        (
            "alerting of wrong values",
            Extended(
                r#"    alerting:
      page: [{long: 1h, short: 1h, factor: 14.4}, {short: 5m}, {long: 40d, factor: 0}, {long: 1h, factor: 1000}, {long: 30}]
      ticket: {disable: yes, windows: [], for: x}
      no_data: {after: 0s, severity: warn}
      budget: [{consumed: 0, severity: page}, {consumed: 75}, {consumed: 0.75, severity: ticket}, {consumed: 80, severity: page}, {severity: page, consumed: 80.0}]
      runbook_url: ftp://x/y
      labels: {severity: x, team: y}
"#,
            ),
            0,
            &[
                r#"13:32: error: slos[0].alerting.page[0].short: the short window 1h is not below the long one, 1h: "1h"; a twelfth is usual: 5m"#,
                "13:51: error: slos[0].alerting.page[1]: `long` is missing; add it: the long window: enough was spent to matter",
                "13:51: error: slos[0].alerting.page[1]: `factor` is missing; add it: the burn rate that both windows must exceed",
                r#"13:71: error: slos[0].alerting.page[2].long: the window is longer than the SLO's, 30d: "40d"; write a window within the SLO's"#,
                r#"13:84: error: slos[0].alerting.page[2].factor: the factor must be above zero: "0"; write it like 14.4; 1 spends the budget in just the SLO window"#,
                r#"13:107: warning: slos[0].alerting.page[3].factor: the pair can never fire: under an objective of 99.9 no burn rate exceeds 1000: "1000"; lower the factor, or set an objective above 99.9"#,
                "13:114: error: slos[0].alerting.page[4]: `factor` is missing; add it: the burn rate that both windows must exceed",
                r#"13:121: error: slos[0].alerting.page[4].long: a duration needs a unit: "30"; write 30s for seconds"#,
                r#"14:48: error: slos[0].alerting.ticket.for: not a duration: "x"; write it like 30s, 5m, 1h30m or 30d (units y, w, d, h, m, s, ms, in this order)"#,
                r#"14:25: error: slos[0].alerting.ticket.disable: expected true or false: "yes"; write true"#,
                "14:39: error: slos[0].alerting.ticket.windows: the list of pairs is empty; write {disable: true} to turn the severity off",
                r#"15:24: error: slos[0].alerting.no_data.after: the duration must be above zero: "0s"; write it like 15s or 1m"#,
                r#"15:38: error: slos[0].alerting.no_data.severity: expected one of page, ticket: "warn"; choose one of page, ticket"#,
                r#"16:27: error: slos[0].alerting.budget[0].consumed: the percentage must be above 0: "0"; write it like 99.9"#,
                "16:47: error: slos[0].alerting.budget[1]: `severity` is missing; add it: page or ticket",
                r#"16:74: warning: slos[0].alerting.budget[2].consumed: this is 0.75 percent: "0.75"; write 75 if that share is meant"#,
                "16:131: error: slos[0].alerting.budget[4]: the same alert is listed twice; remove one",
                r#"17:20: error: slos[0].alerting.runbook_url: not an http or https URL: "ftp://x/y"; write it like https://example.com/path"#,
                r#"18:16: error: slos[0].alerting.labels.severity: this label can't be set: "severity"; choose another name; slowburn sets alertname, severity, service, slo on every alert"#,
            ],
        ),
        (
            "disabled windows",
            Extended(
                r#"    alerting:
      page: {disable: true, windows: [{long: 1h, factor: 3}]}
"#,
            ),
            1,
            &[
                "13:13: warning: slos[0].alerting.page: `disable: true` leaves `windows` without effect; remove one of the two",
            ],
        ),
        (
            "maintenance",
            Extended(
                r#"    maintenance:
      - {start: 2026-01-01T00:00:00Z, end: 2026-01-01T00:00:00Z}
      - {start: tomorrow, end: 2026-01-01}
      - {end: 2026-01-01T00:00:00Z}
"#,
            ),
            0,
            &[
                r#"13:44: error: slos[0].maintenance[0].end: the maintenance ends before it begins at 2026-01-01T00:00:00Z: "2026-01-01T00:00:00Z"; write an end after the start"#,
                r#"14:17: error: slos[0].maintenance[1].start: not a time: "tomorrow"; write it as RFC 3339, such as 2026-01-31T22:00:00Z or 2026-01-31T22:00:00+01:00"#,
                "15:9: error: slos[0].maintenance[2]: `start` is missing; add it: when it begins, RFC 3339",
            ],
        ),
    ]);
}

#[test]
fn values_of_variables_are_not_shown() {
    let env = |name: &str| (name == "SECRET").then(|| "hunter 2%(".to_owned());
    for (name, change) in [
        ("service", Replaced("service: checkout", "service: ${SECRET}")),
        ("name", Replaced("availability", "${SECRET}")),
        ("objective", Replaced("99.9", "${SECRET}")),
        ("window", Replaced("30d", "${SECRET}")),
        ("time zone", Replaced("30d", "{calendar: month, time_zone: '${SECRET}'}")),
        ("group", Replaced("    window", "    by: ['${SECRET}']\n    window")),
        ("selector", Replaced(r#"http_requests_total{job="checkout"}"#, "rate(a{b=${SECRET}})")),
        ("threshold", Sli("latency: {histogram: x, threshold: '${SECRET}s'}")),
        ("scrape", Sli("scrape: ${SECRET}")),
        ("factor", Extended("    alerting: {page: [{long: 1h, factor: '${SECRET}'}]}\n")),
        ("measure", Extended("    alerting: {measure: '${SECRET}'}\n")),
        ("runbook", Extended("    alerting: {runbook_url: 'ftp://${SECRET}'}\n")),
        ("maintenance", Extended("    maintenance: [{start: '${SECRET}', end: '${SECRET}'}]\n")),
    ] {
        let mut diagnostics = Diagnostics::new();
        read_slos("slo.yaml", change.text().as_bytes(), &env, &mut diagnostics);
        assert!(diagnostics.has_errors(), "{name}");
        let said = format!("{}{}{:?}", diagnostics.to_text(), diagnostics.to_json(), diagnostics);
        assert!(!said.contains("hunter"), "{name}: {said}");
    }
}
