//! The keys of Pyrra's ServiceLevelObjective.

use crate::config::decode::{Field, Refused, Shape, Table};

const fn table(title: &'static str, fields: &'static [Field], refused: &'static [Refused]) -> Table {
    Table { title, fields, refused }
}

const GROUPING: Field = Field::opt("grouping", Shape::List(&Shape::Text), "one budget for each value of these labels");

pub(super) static DOCUMENT: Table = table(
    "pyrra",
    &[
        Field::req("apiVersion", Shape::Text, "`pyrra.dev/v1alpha1`"),
        Field::req("kind", Shape::Text, "`ServiceLevelObjective`"),
        Field::req("metadata", Shape::Map(&METADATA), "Kubernetes metadata"),
        Field::req("spec", Shape::Map(&SPEC), "the SLO"),
        Field::opt("status", Shape::Text, "what Kubernetes wrote"),
    ],
    &[],
);

pub(super) static METADATA: Table = table(
    "pyrra_metadata",
    &[
        Field::req("name", Shape::Text, "the SLO's name"),
        Field::opt("namespace", Shape::Text, "its namespace"),
        Field::opt("labels", Shape::Labels, "labels; those with pyrra.dev/ in front go to alerts"),
        Field::opt("annotations", Shape::Labels, "annotations; those with pyrra.dev/ in front go to alerts"),
        Field::opt("creationTimestamp", Shape::Text, "what Kubernetes wrote"),
        Field::opt("generation", Shape::Text, "what Kubernetes wrote"),
        Field::opt("resourceVersion", Shape::Text, "what Kubernetes wrote"),
        Field::opt("uid", Shape::Text, "what Kubernetes wrote"),
        Field::opt("managedFields", Shape::Text, "what Kubernetes wrote"),
    ],
    &[],
);

pub(super) static SPEC: Table = table(
    "pyrra_spec",
    &[
        Field::opt("description", Shape::Text, "what it promises"),
        Field::req("target", Shape::Decimal, "percent of good events, such as \"99.5\""),
        Field::req("window", Shape::Duration, "the SLO window, such as 4w"),
        Field::req("indicator", Shape::Map(&INDICATOR), "one of ratio, latency, latencyNative and bool_gauge"),
        Field::opt("alerting", Shape::Map(&ALERTING), "alerts"),
        Field::opt("partial_response_strategy", Shape::Text, "for Thanos"),
        Field::opt("performanceOverAccuracy", Shape::Bool, "cheaper rules"),
        Field::opt("ruleOutput", Shape::Text, "labels of rules"),
    ],
    &[],
);

pub(super) static INDICATOR: Table = table(
    "pyrra_indicator",
    &[
        Field::opt("ratio", Shape::Map(&RATIO), "counters of errors and of all events"),
        Field::opt("latency", Shape::Map(&LATENCY), "a bucket and all events"),
        Field::opt("latencyNative", Shape::Text, "a native histogram"),
        Field::opt("bool_gauge", Shape::Map(&BOOL_GAUGE), "a gauge of 0 and 1"),
    ],
    &[Refused::new("boolGauge", "is ignored, by Pyrra too", "write bool_gauge")],
);

pub(super) static RATIO: Table = table(
    "pyrra_ratio",
    &[
        Field::req("errors", Shape::Map(&QUERY), "bad events"),
        Field::req("total", Shape::Map(&QUERY), "all events"),
        GROUPING,
    ],
    &[],
);

pub(super) static LATENCY: Table = table(
    "pyrra_latency",
    &[
        Field::req("success", Shape::Map(&QUERY), "the bucket of good events"),
        Field::req("total", Shape::Map(&QUERY), "all events"),
        GROUPING,
    ],
    &[],
);

pub(super) static BOOL_GAUGE: Table =
    table("pyrra_bool_gauge", &[Field::req("metric", Shape::Selector, "the gauge"), GROUPING], &[]);

pub(super) static QUERY: Table = table("pyrra_query", &[Field::req("metric", Shape::Selector, "a selector")], &[]);

pub(super) static ALERTING: Table = table(
    "pyrra_alerting",
    &[
        Field::opt("disabled", Shape::Bool, "whether nothing alerts"),
        Field::opt("burnrates", Shape::Bool, "whether burn rates alert"),
        Field::opt("absent", Shape::Bool, "whether missing data alerts"),
        Field::opt("name", Shape::Text, "the name of burn-rate alerts"),
        Field::opt("absentName", Shape::Text, "the name of the alert for missing data"),
        Field::opt("severities", Shape::Map(&SEVERITIES), "their severities"),
    ],
    &[],
);

pub(super) static SEVERITIES: Table = table(
    "pyrra_severities",
    &[
        Field::opt("fastBurn", Shape::Text, "of the first pair"),
        Field::opt("mediumBurn", Shape::Text, "of the second pair"),
        Field::opt("slowBurn", Shape::Text, "of the third pair"),
        Field::opt("longTermBurn", Shape::Text, "of the fourth pair"),
        Field::opt("absent", Shape::Text, "of missing data"),
    ],
    &[],
);
