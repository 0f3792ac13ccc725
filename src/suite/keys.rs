//! The keys of test files, once for the decoder and the JSON Schema.

use crate::config::decode::{Field, Refused, Shape, Table};

/// A figure, or the word for one that there must not be.
const FIGURE: Shape = Shape::OneOf(&[Shape::Number, Shape::Choice(&[super::file::NONE])]);

pub(super) const STATES: [&str; 6] = ["error", "critical", "burning", "no_data", "exhausted", "ok"];

pub(super) static FILE: Table = Table {
    title: "Test file",
    fields: &[
        Field::opt("config", Shape::Path, "the main file whose SLOs are tested; or give slo_files"),
        Field::opt("slo_files", Shape::List(&Shape::Path), "files with the SLOs that are tested; paths or globs"),
        Field::opt("evaluation_interval", Shape::Duration, "time between two evaluations at most, 1m unless set"),
        Field::req("tests", Shape::List(&Shape::Map(&TEST)), "the tests, a list"),
    ],
    refused: &[
        Refused::new("rule_files", "is promtool's: slowburn evaluates no rules", "name SLO files under slo_files"),
        Refused::new("group_eval_order", "is promtool's: there are no groups of rules", "remove it"),
        Refused::new("fuzzy_compare", "is promtool's", "give an slo_test a tolerance"),
    ],
};

pub(super) static TEST: Table = Table {
    title: "Test",
    fields: &[
        Field::opt("name", Shape::Text, "says what is shown, in a sentence"),
        Field::opt("interval", Shape::Duration, "time between two values, evaluation_interval unless set"),
        Field::opt("start_timestamp", Shape::Time, "when the first value is read; 1970-01-01T00:00:00Z unless set"),
        Field::opt("input_series", Shape::List(&Shape::Map(&SERIES)), "what the targets show"),
        Field::opt("alert_rule_test", Shape::List(&Shape::Map(&ALERT_TEST)), "the alerts that must fire at a time"),
        Field::opt("slo_test", Shape::List(&Shape::Map(&SLO_TEST)), "the figures that an SLO must have at a time"),
        Field::opt("external_labels", Shape::Labels, "labels of every alert, over those of the configuration"),
        Field::opt("external_url", Shape::Url, "base of the links in alerts"),
    ],
    refused: &[Refused::new(
        "promql_expr_test",
        "is promtool's: slowburn evaluates no PromQL",
        "say under slo_test which figures an SLO must have",
    )],
};

pub(super) static SERIES: Table = Table {
    title: "Series",
    fields: &[
        Field::req("series", Shape::Selector, "name and labels, such as http_requests_total{job=\"api\",code=\"200\"}"),
        Field::req("values", Shape::Text, "promtool's notation: 0+10x30 _x3 stale 1 2"),
    ],
    refused: &[],
};

pub(super) static ALERT_TEST: Table = Table {
    title: "Alert test",
    fields: &[
        Field::req("eval_time", Shape::Duration, "when to look, counted from the start"),
        Field::req("alertname", Shape::Text, "such as ErrorBudgetBurn, SloNoData or ErrorBudgetSpent"),
        Field::opt("exp_alerts", Shape::List(&Shape::Map(&ALERT)), "every alert of this name that fires; empty: none"),
    ],
    refused: &[],
};

pub(super) static ALERT: Table = Table {
    title: "Alert",
    fields: &[
        Field::opt("exp_labels", Shape::Labels, "all labels but alertname"),
        Field::opt("exp_annotations", Shape::Labels, "annotations; those that are not named are not compared"),
    ],
    refused: &[],
};

pub(super) static SLO_TEST: Table = Table {
    title: "SLO test",
    fields: &[
        Field::req("eval_time", Shape::Duration, "when to look, counted from the start"),
        Field::req("slo", Shape::Text, "service/name"),
        Field::opt("group", Shape::Labels, "which budget of an SLO with `by`"),
        Field::opt("state", Shape::Choice(&STATES), "the SLO's state"),
        Field::opt(
            "budget_remaining",
            FIGURE,
            "share of the error budget that is left: 1 is all, negative is overspent",
        ),
        Field::opt("sli_ratio", FIGURE, "share of good events in the SLO window"),
        Field::opt("good", FIGURE, "good events in the SLO window"),
        Field::opt("bad", FIGURE, "bad events in the SLO window"),
        Field::opt("total", FIGURE, "all events in the SLO window"),
        Field::opt("coverage", FIGURE, "share of the SLO window that was measured"),
        Field::opt("burn_rates", Shape::Texts(&FIGURE), "burn rates by window, such as {5m: 14.4, 1h: none}"),
        Field::opt(
            "tolerance",
            Shape::Decimal,
            "difference that is allowed, as a share of the expected figure (of 1, below 1); 0.000001 unless set",
        ),
    ],
    refused: &[],
};
