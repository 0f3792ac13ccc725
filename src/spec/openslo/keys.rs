//! The keys of OpenSLO's documents.

use crate::config::decode::{Field, Shape, Table};

const fn table(title: &'static str, fields: &'static [Field]) -> Table {
    Table { title, fields, refused: &[] }
}

const DESCRIPTION: Field = Field::opt("description", Shape::Text, "what it is");

/// Around every document.
pub(super) static DOCUMENT: Table = table(
    "openslo",
    &[
        Field::req("apiVersion", Shape::Text, "`openslo/v1`"),
        Field::req("kind", Shape::Text, "the kind of document"),
        Field::req("metadata", Shape::Map(&METADATA), "its name"),
        Field::req("spec", Shape::Text, "what it says"),
    ],
);

/// Around what stands inside another document.
pub(super) static INLINE: Table = table(
    "openslo_inline",
    &[
        Field::opt("apiVersion", Shape::Text, "`openslo/v1`"),
        Field::opt("kind", Shape::Text, "the kind of document"),
        Field::opt("metadata", Shape::Map(&METADATA), "its name"),
        Field::req("spec", Shape::Text, "what it says"),
    ],
);

pub(super) static METADATA: Table = table(
    "openslo_metadata",
    &[
        Field::req("name", Shape::Text, "its name"),
        Field::opt("displayName", Shape::Text, "its name for people"),
        Field::opt("labels", Shape::Labels, "labels"),
        Field::opt("annotations", Shape::Labels, "annotations"),
    ],
);

pub(super) static SERVICE: Table = table("openslo_service", &[DESCRIPTION]);

pub(super) static DATA_SOURCE: Table = table(
    "openslo_data_source",
    &[
        DESCRIPTION,
        Field::req("type", Shape::Text, "such as Prometheus"),
        Field::opt("connectionDetails", Shape::Secret, "how to reach it"),
    ],
);

pub(super) static TARGET: Table =
    table("openslo_notification_target", &[DESCRIPTION, Field::req("target", Shape::Text, "such as email")]);

pub(super) static SLI: Table = table(
    "openslo_sli",
    &[
        DESCRIPTION,
        Field::opt("ratioMetric", Shape::Map(&RATIO), "good or bad events and all events"),
        Field::opt("thresholdMetric", Shape::Map(&METRIC), "a value that is held against a threshold"),
    ],
);

pub(super) static RATIO: Table = table(
    "openslo_ratio_metric",
    &[
        Field::opt("counter", Shape::Bool, "whether the queries are of counters"),
        Field::opt("good", Shape::Map(&METRIC), "good events"),
        Field::opt("bad", Shape::Map(&METRIC), "bad events"),
        Field::opt("total", Shape::Map(&METRIC), "all events"),
        Field::opt("rawType", Shape::Choice(&["success", "failure"]), "what `raw` is a share of"),
        Field::opt("raw", Shape::Map(&METRIC), "the share itself"),
    ],
);

pub(super) static METRIC: Table =
    table("openslo_metric", &[Field::req("metricSource", Shape::Map(&METRIC_SOURCE), "where the numbers come from")]);

pub(super) static METRIC_SOURCE: Table = table(
    "openslo_metric_source",
    &[
        Field::opt("metricSourceRef", Shape::Text, "a DataSource"),
        Field::opt("type", Shape::Text, "such as Prometheus"),
        Field::req("spec", Shape::Text, "the query, under `query`"),
    ],
);

pub(super) static SLO: Table = table(
    "openslo_slo",
    &[
        DESCRIPTION,
        Field::req("service", Shape::Text, "the service's name"),
        Field::opt("indicator", Shape::Map(&INLINE), "the SLI"),
        Field::opt("indicatorRef", Shape::Text, "the name of an SLI"),
        Field::opt("timeWindow", Shape::List(&Shape::Map(&WINDOW)), "the SLO window"),
        Field::opt("budgetingMethod", Shape::Text, "Occurrences, Timeslices or RatioTimeslices"),
        Field::req("objectives", Shape::List(&Shape::Map(&OBJECTIVE)), "what is promised"),
        Field::opt("alertPolicies", Shape::List(&Shape::Map(&POLICY_REF)), "what alerts"),
    ],
);

pub(super) static WINDOW: Table = table(
    "openslo_time_window",
    &[
        Field::req("duration", Shape::Text, "such as 4w"),
        Field::opt("isRolling", Shape::Bool, "whether it moves with time"),
        Field::opt("calendar", Shape::Map(&CALENDAR), "where its periods begin"),
    ],
);

pub(super) static CALENDAR: Table = table(
    "openslo_calendar",
    &[
        Field::opt("startTime", Shape::Text, "the beginning of a period"),
        Field::opt("timeZone", Shape::Text, "an IANA time zone"),
    ],
);

pub(super) static OBJECTIVE: Table = table(
    "openslo_objective",
    &[
        Field::opt("displayName", Shape::Text, "its name for people"),
        Field::opt("op", Shape::Text, "how a value is compared"),
        Field::opt("value", Shape::Decimal, "with what it is compared"),
        Field::opt("target", Shape::Decimal, "the share of good events, below 1"),
        Field::opt("targetPercent", Shape::Decimal, "the same in percent"),
        Field::opt("timeSliceTarget", Shape::Decimal, "the share of good events in a good slice"),
        Field::opt("timeSliceWindow", Shape::Duration, "the length of a slice"),
        Field::opt("indicator", Shape::Map(&INLINE), "the SLI of this part of a composite"),
        Field::opt("indicatorRef", Shape::Text, "the name of an SLI"),
        Field::opt("compositeWeight", Shape::Decimal, "the weight of this part of a composite"),
    ],
);

pub(super) static POLICY_REF: Table = table(
    "openslo_alert_policy_or_name",
    &[
        Field::opt("alertPolicyRef", Shape::Text, "the name of an AlertPolicy"),
        Field::opt("apiVersion", Shape::Text, "`openslo/v1`"),
        Field::opt("kind", Shape::Text, "`AlertPolicy`"),
        Field::opt("metadata", Shape::Map(&METADATA), "its name"),
        Field::opt("spec", Shape::Map(&POLICY), "what it says"),
    ],
);

pub(super) static POLICY: Table = table(
    "openslo_alert_policy",
    &[
        DESCRIPTION,
        Field::opt("alertWhenNoData", Shape::Bool, "whether missing data alerts"),
        Field::opt("alertWhenResolved", Shape::Bool, "whether the end is told"),
        Field::opt("alertWhenBreaching", Shape::Bool, "whether the condition alerts"),
        Field::req("conditions", Shape::List(&Shape::Map(&CONDITION_REF)), "when it alerts"),
        Field::opt("notificationTargets", Shape::List(&Shape::Text), "who is told"),
    ],
);

pub(super) static CONDITION_REF: Table = table(
    "openslo_alert_condition_or_name",
    &[
        Field::opt("conditionRef", Shape::Text, "the name of an AlertCondition"),
        Field::opt("apiVersion", Shape::Text, "`openslo/v1`"),
        Field::opt("kind", Shape::Text, "`AlertCondition`"),
        Field::opt("metadata", Shape::Map(&METADATA), "its name"),
        Field::opt("spec", Shape::Map(&CONDITION), "what it says"),
    ],
);

pub(super) static CONDITION: Table = table(
    "openslo_alert_condition",
    &[
        DESCRIPTION,
        Field::req("severity", Shape::Text, "such as page"),
        Field::req("condition", Shape::Map(&BURN), "a burn rate"),
    ],
);

pub(super) static BURN: Table = table(
    "openslo_burn_rate",
    &[
        Field::req("kind", Shape::Text, "`burnrate`"),
        Field::opt("op", Shape::Text, "how the burn rate is compared"),
        Field::req("threshold", Shape::Decimal, "the burn rate"),
        Field::req("lookbackWindow", Shape::Duration, "over which time"),
        Field::opt("alertAfter", Shape::Duration, "for how long"),
    ],
);
