//! Mistakes in files of other formats, what they refer to, and the report of `check`.

use super::summary::{read, summary};
use slowburn::config::diagnostics::Diagnostics;
use slowburn::domain::slo::Severity;
use slowburn::spec::fidelity::{Fidelity, Outcome};
use slowburn::spec::{Reading, read_files};

const SLOTH: &str = "version: prometheus/v1
service: web
slos:
  - name: ok
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(e[{{.window}}]))
        total_query: |
          sum(
            rate(t[{{.window}}])
          )
    alerting: {name: A}
";

const PYRRA: &str = "apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: api, namespace: shop}
spec:
  target: \"99\"
  window: 4w
  indicator:
    ratio: {errors: {metric: 'e{code=~\"5..\"}'}, total: {metric: e}}
";

const OPENSLO: &str = "apiVersion: openslo/v1
kind: SLO
metadata: {name: web}
spec:
  service: shop
  budgetingMethod: Occurrences
  timeWindow: [{duration: 4w, isRolling: true}]
  indicatorRef: ok
  objectives: [{target: 0.99}]
";

const SLI: &str = "apiVersion: openslo/v1
kind: SLI
metadata: {name: ok}
spec:
  ratioMetric:
    counter: true
    good: {metricSource: {metricSourceRef: prom, spec: {query: 'sum(g)'}}}
    total: {metricSource: {metricSourceRef: prom, spec: {query: 'sum(t)'}}}
";

fn changed(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "nothing to replace: {old}");
    text.replacen(old, new, 1)
}

/// Name, file, and all that is said of it, each without the file's name.
#[test]
fn mistakes_name_the_place_and_the_part() {
    let mut wrong = Vec::new();
    for (name, text, expected) in [
        ("sound", SLOTH.to_owned(), &[] as &[&str]),
        (
            "a function inside a block",
            changed(SLOTH, "            rate(t", "            deriv(t"),
            &[
                "11:13: error: slos[0].sli.events.total_query: deriv() is about a gauge's slope, not about events: \"deriv(t[{{.window}}])\"; use rate() or increase() of a counter",
            ],
        ),
        (
            "two kinds of SLI",
            changed(SLOTH, "      events:", "      raw: {error_ratio_query: x}\n      events:"),
            &["7:7: error: slos[0].sli.raw: only one of `events`, `raw` can be given; keep one of `events`, `raw`"],
        ),
        (
            "camelCase in prometheus/v1",
            changed(SLOTH, "{name: A}", "{name: A, pageAlert: {disable: true}}"),
            &[
                "13:25: warning: slos[0].alerting.pageAlert: `pageAlert` is ignored, by Sloth too: keys of prometheus/v1 are in snake_case; write page_alert",
            ],
        ),
        (
            "no budget",
            changed(SLOTH, "99.9", "100"),
            &[
                "5:16: error: slos[0].objective: an objective of 100 percent or more leaves no error budget: \"100\"; write a percentage below 100, such as 99.9",
            ],
        ),
        (
            "an unknown plugin",
            changed(
                SLOTH,
                "      events:",
                "      plugin: {id: sloth-common/coredns/availabilty}\n    x:\n      events:",
            ),
            &[
                "8:5: warning: slos[0].x: unknown key, which is ignored; known here: name, description, objective, labels, sli, alerting, plugins",
                "7:20: error: slos[0].sli.plugin.id: a plugin is a program, and slowburn does not know this one: \"sloth-common/coredns/availabilty\"; write the query that the plugin gives under sli.raw.error_ratio_query; did you mean sloth-common/coredns/availability?",
            ],
        ),
        ("a percentage with an exponent", changed(SLOTH, "99.9", "9.99e1"), &[]),
        (
            "an exponent that is too much",
            changed(SLOTH, "99.9", "9.99e+2"),
            &[
                "5:16: error: slos[0].objective: an objective of 100 percent or more leaves no error budget: \"9.99e+2\"; write a percentage below 100, such as 99.9",
            ],
        ),
        (
            "a label of groups that page alerts set",
            changed(
                &changed(&changed(SLOTH, "sum(rate(e", "sum by (team) (rate(e"), "sum(\n", "sum by (team) (\n"),
                "{name: A}",
                "{name: A, page_alert: {labels: {team: x}}}",
            ),
            &[
                "7:7: error: slos[0].sli: budgets are kept by team, and a label sets team to one value for the alerts of all of them; leave out the label, or the grouping: Prometheus fails on rules with both",
            ],
        ),
        (
            "a label of groups that metadata sets",
            changed(
                &changed(PYRRA, "namespace: shop", "namespace: shop, labels: {pyrra.dev/team: x}"),
                "{metric: e}",
                "{metric: e}, grouping: [team]",
            ),
            &[
                "8:5: error: spec.indicator: budgets are kept by team, and a label sets team to one value for the alerts of all of them; leave out the label, or the grouping: Prometheus fails on rules with both",
            ],
        ),
        (
            "a label of groups in an SLI of OpenSLO",
            changed(
                &format!("{}---\n{OPENSLO}", SLI.replace("sum(", "sum by (team) (")),
                "{name: web}",
                "{name: web, labels: {team: x}}",
            ),
            &[
                "18:16: error: spec.objectives[0]: budgets are kept by team, and a label sets team to one value for the alerts of all of them; leave out the label, or the grouping: Prometheus fails on rules with both",
            ],
        ),
        ("sound Pyrra", PYRRA.to_owned(), &[]),
        (
            "two indicators",
            changed(
                PYRRA,
                "    ratio:",
                "    latency: {success: {metric: 'e_bucket{le=\"1\"}'}, total: {metric: e_count}}\n    ratio:",
            ),
            &[
                "8:14: warning: spec.indicator.latency: only one indicator of an SLO is read, here ratio; latency is left out; write a second SLO for it",
            ],
        ),
        (
            "a share for a percentage",
            changed(PYRRA, "\"99\"", "\"0.99\""),
            &[
                "5:11: warning: spec.target: this is 0.99 percent: \"0.99\"; write 99 if that share is meant",
                "5:11: warning: spec.target: the page over 1h and 5m with factor 14 can never fire under this objective: \"0.99\"; it works above an objective of 92.8572",
                "5:11: warning: spec.target: the page over 6h and 30m with factor 7 can never fire under this objective: \"0.99\"; it works above an objective of 85.7143",
                "5:11: warning: spec.target: the ticket over 1d and 2h with factor 2 can never fire under this objective: \"0.99\"; it works above an objective of 50",
            ],
        ),
        (
            "native histograms",
            changed(PYRRA, "ratio: {errors: {metric: 'e{code=~\"5..\"}'}, ", "latencyNative: {latency: 200ms, "),
            &[
                "8:20: error: spec.indicator.latencyNative: latencyNative needs native histograms, which slowburn does not read; write latency with success.metric …_bucket{le=\"0.2\"} and total.metric …_count of the classic histogram",
            ],
        ),
        (
            "a query where a selector is wanted",
            changed(PYRRA, "{metric: e}", "{metric: 'sum(rate(e[5m]))'}"),
            &[
                "8:69: error: spec.indicator.ratio.total.metric: this is a PromQL function; give the plain counter selector, slowburn counts its events itself: \"sum(rate(e[5m]))\"; write e",
            ],
        ),
        (
            "a latency without a bucket",
            changed(PYRRA, "ratio: {errors: {metric: 'e{code=~\"5..\"}'}", "latency: {success: {metric: 'e_bucket'}"),
            &[
                "8:33: error: spec.indicator.latency.success.metric: the selector names no bucket: \"e_bucket\"; add le=\"…\" with a boundary of the histogram",
            ],
        ),
        (
            "an SLI that nobody declares",
            OPENSLO.to_owned(),
            &[
                "8:17: error: spec.indicatorRef: there is no SLI of the name ok: \"ok\"; declare it in a file that slo_files names, with kind: SLI",
            ],
        ),
        (
            "a percentage for a share",
            changed(&format!("{SLI}---\n{OPENSLO}"), "0.99", "99"),
            &[
                "18:25: error: spec.objectives[0].target: the target is a share above 0 and below 1: \"99\"; write it like 0.999; targetPercent is the key for percentages",
            ],
        ),
        (
            "a source that is not Prometheus",
            changed(&format!("{SLI}---\n{OPENSLO}"), "metricSourceRef: prom", "type: Datadog"),
            &[
                "7:33: warning: spec.ratioMetric.good.metricSource.type: slowburn scrapes metrics of Prometheus; it does not ask Datadog: \"Datadog\"; give the SLI a source of type Prometheus, with a query in PromQL",
                "17:17: error: spec.indicatorRef: the SLI ok can't be counted: slowburn scrapes metrics of Prometheus; it does not ask Datadog: \"ok\"; see the warning at the SLI",
            ],
        ),
        (
            "a calendar window that is none",
            changed(&format!("{SLI}---\n{OPENSLO}"), "duration: 4w, isRolling: true", "duration: 2w, isRolling: false"),
            &[
                "16:27: error: spec.timeWindow[0].duration: slowburn has calendar windows of a week, a month, a quarter and a year: \"2w\"; write 1w, 1M, 1Q or 1Y, or isRolling: true",
            ],
        ),
        (
            "the next version",
            "apiVersion: openslo.com/v2alpha\nkind: SLO\n".to_owned(),
            &[
                "1:13: error: apiVersion: slowburn does not read OpenSLO's v2alpha: \"openslo.com/v2alpha\"; write it with `apiVersion: openslo/v1`",
            ],
        ),
    ] {
        let (_, diagnostics) = read("slo.yaml", text.as_bytes());
        let found: Vec<String> =
            diagnostics.iter().map(|d| d.to_string().trim_start_matches("slo.yaml:").to_owned()).collect();
        if found != expected {
            wrong.push(format!("{name}\n  found {found:#?}\n  expected {expected:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn read_all(files: &[(&str, &str)]) -> (Reading, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let reading = read_files(&files, &|_| None, &mut diagnostics);
    (reading, diagnostics)
}

const POLICIES: &str = "
- apiVersion: openslo/v1
  kind: AlertPolicy
  metadata: {name: fast}
  spec:
    alertWhenBreaching: true
    alertWhenNoData: true
    conditions: [{conditionRef: burn14}]
    notificationTargets: [{targetRef: oncall}]
- apiVersion: openslo/v1
  kind: AlertCondition
  metadata: {name: burn14}
  spec: {severity: critical, condition: {kind: burnrate, op: gte, threshold: 14.4, lookbackWindow: 1h, alertAfter: 5m}}
- apiVersion: openslo/v1
  kind: AlertNotificationTarget
  metadata: {name: oncall}
  spec: {target: pagerduty}
- {apiVersion: openslo/v1, kind: DataSource, metadata: {name: prom}, spec: {type: Prometheus}}
- {apiVersion: openslo/v1, kind: Service, metadata: {name: shop}, spec: {}}
";

#[test]
fn openslo_documents_refer_to_one_another_across_files() {
    let slo = format!("{OPENSLO}  alertPolicies: [{{alertPolicyRef: fast}}]\n");
    let (reading, diagnostics) = read_all(&[("slo.yaml", &slo), ("sli.yaml", SLI), ("policies.yaml", POLICIES)]);
    assert_eq!(
        summary(&reading, &diagnostics),
        "shop/web 99% over 4w\n  Good g of t\n  page: 1h/1h x14.4 for 5m\n  no data after 5m: page\n"
    );
    let slo = &reading.slos[0];
    assert_eq!(slo.policy.labels_of(Severity::Page).get("exported_severity"), Some("critical"));
    assert_eq!(slo.source, "slo.yaml:1");
}

#[test]
fn an_annotation_of_a_policy_names_the_short_window() {
    const WEB: &str = "shop/web 99% over 4w\n  Good g of t\n";
    for (name, annotations, expected) in [
        (
            "as exported",
            "slowburn/short-window: 5m",
            format!("{WEB}  page: 1h/5m x14.4 for 5m\n  no data after 5m: page\n"),
        ),
        (
            "another one",
            "team/short-window: 5m",
            format!("{WEB}  page: 1h/1h x14.4 for 5m\n  no data after 5m: page\n"),
        ),
        (
            "as long as the long one",
            "slowburn/short-window: 1h",
            format!(
                "{WEB}  page: 1h/1h x14.4 for 5m\n  no data after 5m: page\nslo.yaml:10:36: warning: spec.alertPolicies[0].alertPolicyRef: the annotation slowburn/short-window of 1h is not below the condition's window of 1h: \"fast\"; it is left aside; write a shorter one, or none\n"
            ),
        ),
    ] {
        let annotated = changed(
            POLICIES,
            "metadata: {name: fast}",
            &format!("metadata: {{name: fast, annotations: {{{annotations}}}}}"),
        );
        let slo = format!("{OPENSLO}  alertPolicies: [{{alertPolicyRef: fast}}]\n");
        let (reading, diagnostics) = read_all(&[("slo.yaml", &slo), ("sli.yaml", SLI), ("policies.yaml", &annotated)]);
        assert_eq!(summary(&reading, &diagnostics), expected, "{name}");
    }
    for text in ["soon", "0s", "1ms"] {
        let annotated = format!("metadata: {{name: fast, annotations: {{slowburn/short-window: {text}}}}}");
        let annotated = changed(POLICIES, "metadata: {name: fast}", &annotated);
        let (_, diagnostics) = read_all(&[("policies.yaml", &annotated)]);
        assert_eq!(diagnostics.errors(), 1, "{text}");
    }
}

#[test]
fn several_objectives_are_several_slos() {
    let text = changed(
        &format!("{SLI}---\n{OPENSLO}"),
        "[{target: 0.99}]",
        "[{displayName: Good, target: 0.99}, {targetPercent: 99.95}]",
    );
    let (reading, diagnostics) = read("slo.yaml", text.as_bytes());
    assert_eq!(
        summary(&reading, &diagnostics),
        "shop/web-0 99% over 4w\n  Good g of t\nshop/web-1 99.95% over 4w\n  Good g of t\n"
    );
}

#[test]
fn a_composite_is_read_part_by_part() {
    let text = changed(
        &format!("{SLI}---\n{OPENSLO}"),
        "  indicatorRef: ok\n  objectives: [{target: 0.99}]",
        "  objectives: [{target: 0.99, indicatorRef: ok, compositeWeight: 2}, {target: 0.9, indicatorRef: ok}]",
    );
    let (reading, diagnostics) = read("slo.yaml", text.as_bytes());
    assert_eq!((reading.slos.len(), diagnostics.errors(), diagnostics.warnings()), (2, 0, 2));
    assert!(diagnostics.iter().all(|found| found.message.contains("composite")));
    let left_out =
        |fidelity: &Fidelity| fidelity.points.iter().any(|point| point.field == "objectives.compositeWeight");
    assert!(reading.fidelity.iter().all(left_out), "{:?}", reading.fidelity);
}

#[test]
fn a_catalogue_among_the_files_gives_sloth_its_windows() {
    let catalogue = |name: &str| {
        let path = format!("{}/tests/fixtures/corpus/sloth/windows/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    let (week, month) = (catalogue("7d"), catalogue("custom-30d"));
    let eight_weeks = changed(&changed(&week, "7d", "28d"), "errorBudgetPercent: 8", "errorBudgetPercent: 2");
    for (name, files, expected) in [
        (
            "one",
            vec![("7d.yaml", week.as_str()), ("slo.yaml", SLOTH)],
            "web/ok 99.9% over 1w\n  Bad e of t\n  page: 1h/5m x13.44, 6h/30m x3.5\n  ticket: 1d/2h x1.4, 3d/6h x0.98\n",
        ),
        (
            "of several that of 30 days",
            vec![("slo.yaml", SLOTH), ("7d.yaml", &week), ("30d.yaml", &month)],
            "web/ok 99.9% over 30d\n  Bad e of t\n  page: 30m/2m x14.4, 3h/15m x4.8\n  ticket: 12h/1h x3, 1d12h/3h x1\n",
        ),
        (
            "28 days",
            vec![("slo.yaml", SLOTH), ("28d.yaml", &eight_weeks)],
            "web/ok 99.9% over 4w\n  Bad e of t\n  page: 1h/5m x13.44, 6h/30m x14\n  ticket: 1d/2h x5.6, 3d/6h x3.92\n",
        ),
    ] {
        let (reading, diagnostics) = read_all(&files);
        assert_eq!(summary(&reading, &diagnostics), expected, "{name}");
    }
}

#[test]
fn sloth_alerts_keep_the_labels_by_which_they_are_routed() {
    let text = include_str!("../fixtures/corpus/sloth/getting-started.yml");
    let (reading, _) = read("slo.yaml", text.as_bytes());
    let policy = &reading.slos[0].policy;
    let shown = |severity| policy.labels_of(severity).to_string();
    assert_eq!(
        shown(Severity::Page),
        r#"{category="availability",exported_alertname="MyServiceHighErrorRate",exported_severity="pageteam",routing_key="myteam",sloth_id="myservice-requests-availability",sloth_service="myservice",sloth_severity="page",sloth_slo="requests-availability"}"#
    );
    assert_eq!(policy.labels_of(Severity::Ticket).get("slack_channel"), Some("#alerts-myteam"));
    let summary = "High error rate on 'myservice' requests responses";
    assert_eq!(policy.annotations_of(Severity::Page).get("summary"), Some(summary));
}

#[test]
fn texts_of_other_formats_stand_as_they_are() {
    let text = changed(SLOTH, "{name: A}", "{name: A, annotations: {link: 'https://g/?a=${__from}&b=$$x'}}");
    let (reading, diagnostics) = read("slo.yaml", text.as_bytes());
    assert_eq!(diagnostics.errors(), 0, "{}", diagnostics.to_text());
    let link = reading.slos[0].policy.annotations.get("link");
    assert_eq!(link, Some("https://g/?a=${__from}&b=$$x"));
}

/// Prometheus 3 takes any name.
#[test]
fn names_of_annotations_become_those_that_every_reader_takes() {
    let annotations = "{name: A, annotations: {runbook-url: 'https://r', 1st: x, ok: y}}";
    let (reading, diagnostics) = read("slo.yaml", changed(SLOTH, "{name: A}", annotations).as_bytes());
    assert_eq!(diagnostics.errors(), 0, "{}", diagnostics.to_text());
    let policy = &reading.slos[0].policy;
    assert_eq!(policy.annotations.to_string(), r#"{annotation_1st="x",ok="y",runbook_url="https://r"}"#);
    assert_eq!(policy.runbook_url.as_deref(), Some("https://r"));
    let report = serde_json::to_string(&reading.fidelity[0]).unwrap();
    assert!(report.contains("the annotation runbook-url becomes runbook_url"), "{report}");
}

/// What was changed is not said to be as it was.
#[test]
fn names_that_are_changed_are_not_told_as_written() {
    let names = |text: &str| {
        let (reading, _) = read_all(&[("a.yaml", text)]);
        let points = &reading.fidelity[0].points;
        let fields = points.iter().filter(|point| point.note == "as written").map(|point| point.field.clone());
        fields.collect::<Vec<_>>().join("; ")
    };
    let openslo = format!("{SLI}---\n{OPENSLO}");
    for (text, as_written) in [
        (SLOTH.to_owned(), "service, name, description, objective"),
        (changed(SLOTH, "service: web", "service: caffè ☕"), "name, description, objective"),
        (changed(SLOTH, "name: ok", "name: is ok"), "service, description, objective"),
        (PYRRA.to_owned(), "name, description, target, window"),
        (changed(PYRRA, "name: api", "name: the api"), "description, target, window"),
        (openslo.clone(), "service, name, description, target"),
        (changed(&openslo, "service: shop", "service: the shop"), "name, description, target"),
        (changed(&openslo, "name: web", "name: the web"), "service, description, target"),
    ] {
        assert_eq!(names(&text), as_written, "{text}");
    }
}

/// Pyrra reads the first that is there, and so do its users' files here.
#[test]
fn an_indicator_that_is_left_out_is_in_the_report() {
    let latency = "    latency: {success: {metric: 'e_bucket{le=\"1\"}'}, total: {metric: e_count}}\n    ratio:";
    let (reading, _) = read_all(&[("a.yaml", &changed(PYRRA, "    ratio:", latency))]);
    let points = &reading.fidelity[0].points;
    assert!(points.iter().any(|p| p.outcome == Outcome::LeftOut && p.field == "indicator.latency"), "{points:?}");
}

/// Every SLO of another format has a report, and its own format needs none.
#[test]
fn the_report_tells_what_became_of_each_part() {
    let own =
        "version: slowburn/v1\nservice: s\nslos: [{name: a, objective: 99, window: 30d, sli: {scrape: {job: x}}}]\n";
    let (reading, _) = read_all(&[("own.yaml", own), ("sloth.yaml", SLOTH), ("pyrra.yaml", PYRRA)]);
    assert_eq!((reading.slos.len(), reading.fidelity.len()), (3, 2));
    let report = serde_json::to_value(&reading.fidelity[0]).unwrap();
    assert_eq!(
        (report["slo"].as_str(), report["format"].as_str(), report["source"].as_str()),
        (Some("web/ok"), Some("sloth"), Some("sloth.yaml:4"))
    );
    let points = report["points"].as_array().unwrap();
    let outcome_of = |field: &str| points.iter().find(|p| p["field"] == field).map(|p| p["outcome"].as_str().unwrap());
    assert_eq!(outcome_of("sli.events"), Some("taken"));
    assert_eq!(outcome_of("alerting.name"), Some("changed"));
    let pyrra = &reading.fidelity[1].points;
    assert!(pyrra.iter().any(|point| point.field == "alerting" && point.note.contains("1h/5m ×14")), "{pyrra:?}");
}
