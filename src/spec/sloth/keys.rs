//! The keys of Sloth's documents, in both spellings: snake_case in its own, camelCase in the Kubernetes resource.

use crate::config::decode::{Field, Refused, Shape, Table};

/// One spelling.
pub(super) struct Keys {
    pub slo_plugins: &'static str,
    pub slo: &'static Table,
    pub sli: &'static Table,
    pub events: &'static Table,
    pub error_query: &'static str,
    pub total_query: &'static str,
    pub raw: &'static Table,
    pub error_ratio_query: &'static str,
    pub alerting: &'static Table,
    pub page_alert: &'static str,
    pub ticket_alert: &'static str,
}

const fn table(title: &'static str, fields: &'static [Field], refused: &'static [Refused]) -> Table {
    Table { title, fields, refused }
}

const fn camel(key: &'static str, help: &'static str) -> Refused {
    Refused::new(key, "is ignored, by Sloth too: keys of the Kubernetes resource are in camelCase", help)
}

const fn snake(key: &'static str, help: &'static str) -> Refused {
    Refused::new(key, "is ignored, by Sloth too: keys of prometheus/v1 are in snake_case", help)
}

const LABELS: Field = Field::opt("labels", Shape::Labels, "labels");
const ANNOTATIONS: Field = Field::opt("annotations", Shape::Labels, "annotations");
const CHAIN: Shape = Shape::Map(&PLUGINS);

pub(super) static DOCUMENT: Table = table(
    "sloth",
    &[
        Field::req("version", Shape::Text, "`prometheus/v1`"),
        Field::req("service", Shape::Text, "the service's name"),
        LABELS,
        Field::opt("slo_plugins", CHAIN, "plugins that write rules"),
        Field::req("slos", Shape::List(&Shape::Map(&SLO)), "the SLOs"),
    ],
    &[snake("sloPlugins", "write slo_plugins")],
);

pub(super) static RESOURCE: Table = table(
    "sloth_resource",
    &[
        Field::req("apiVersion", Shape::Text, "`sloth.slok.dev/v1`"),
        Field::req("kind", Shape::Text, "`PrometheusServiceLevel`"),
        Field::opt("metadata", Shape::Text, "Kubernetes metadata"),
        Field::req("spec", Shape::Map(&SPEC), "the SLOs of a service"),
        Field::opt("status", Shape::Text, "what Kubernetes wrote"),
    ],
    &[],
);

pub(super) static SPEC: Table = table(
    "sloth_spec",
    &[
        Field::req("service", Shape::Text, "the service's name"),
        LABELS,
        Field::opt("sloPlugins", CHAIN, "plugins that write rules"),
        Field::req("slos", Shape::List(&Shape::Map(&SLO)), "the SLOs"),
    ],
    &[camel("slo_plugins", "write sloPlugins")],
);

static SLO: Table = table(
    "sloth_slo",
    &[
        Field::req("name", Shape::Text, "the SLO's name"),
        Field::opt("description", Shape::Text, "what it promises"),
        Field::req("objective", Shape::Decimal, "percent of good events, such as 99.9"),
        LABELS,
        Field::req("sli", Shape::Map(&SLI), "one of events, raw and plugin"),
        Field::opt("alerting", Shape::Map(&ALERTING), "alerts"),
        Field::opt("plugins", CHAIN, "plugins that write rules"),
    ],
    &[],
);

static SLI: Table = table(
    "sloth_sli",
    &[
        Field::opt("events", Shape::Map(&EVENTS), "queries of bad and of all events"),
        Field::opt("raw", Shape::Map(&RAW), "a query of the share of bad events"),
        Field::opt("plugin", Shape::Map(&PLUGIN), "a plugin that writes the query"),
    ],
    &[],
);

static EVENTS: Table = table(
    "sloth_events",
    &[Field::req("error_query", Shape::Text, "bad events"), Field::req("total_query", Shape::Text, "all events")],
    &[snake("errorQuery", "write error_query"), snake("totalQuery", "write total_query")],
);

static EVENTS_CAMEL: Table = table(
    "sloth_resource_events",
    &[Field::req("errorQuery", Shape::Text, "bad events"), Field::req("totalQuery", Shape::Text, "all events")],
    &[camel("error_query", "write errorQuery"), camel("total_query", "write totalQuery")],
);

static RAW: Table = table(
    "sloth_raw",
    &[Field::req("error_ratio_query", Shape::Text, "the share of bad events")],
    &[snake("errorRatioQuery", "write error_ratio_query")],
);

static RAW_CAMEL: Table = table(
    "sloth_resource_raw",
    &[Field::req("errorRatioQuery", Shape::Text, "the share of bad events")],
    &[camel("error_ratio_query", "write errorRatioQuery")],
);

pub(super) static PLUGIN: Table = table(
    "sloth_plugin",
    &[
        Field::req("id", Shape::Text, "the plugin's name"),
        Field::opt("options", Shape::Texts(&Shape::Text), "what the plugin wants to know"),
    ],
    &[],
);

/// Plugins of rules: opened only to name them.
pub(super) static PLUGINS: Table = table(
    "sloth_plugins",
    &[
        Field::opt("overridePrevious", Shape::Bool, "whether the standard plugins are left out"),
        Field::opt("override_previous", Shape::Bool, "the same"),
        Field::opt("chain", Shape::List(&Shape::Text), "the plugins"),
    ],
    &[],
);

pub(super) static PLUGIN_OF_RULES: Table = table(
    "sloth_plugin_of_rules",
    &[
        Field::req("id", Shape::Text, "the plugin's name"),
        Field::opt("config", Shape::Text, "its configuration"),
        Field::opt("priority", Shape::Text, "its place in the chain"),
    ],
    &[],
);

static ALERTING: Table = table(
    "sloth_alerting",
    &[
        Field::opt("name", Shape::Text, "the alert's name"),
        LABELS,
        ANNOTATIONS,
        Field::opt("page_alert", Shape::Map(&ALERT), "of the page"),
        Field::opt("ticket_alert", Shape::Map(&ALERT), "of the ticket"),
    ],
    &[snake("pageAlert", "write page_alert"), snake("ticketAlert", "write ticket_alert")],
);

static ALERTING_CAMEL: Table = table(
    "sloth_resource_alerting",
    &[
        Field::opt("name", Shape::Text, "the alert's name"),
        LABELS,
        ANNOTATIONS,
        Field::opt("pageAlert", Shape::Map(&ALERT), "of the page"),
        Field::opt("ticketAlert", Shape::Map(&ALERT), "of the ticket"),
    ],
    &[camel("page_alert", "write pageAlert"), camel("ticket_alert", "write ticketAlert")],
);

pub(super) static ALERT: Table = table(
    "sloth_alert",
    &[Field::opt("disable", Shape::Bool, "whether the alert is left out"), LABELS, ANNOTATIONS],
    &[],
);

pub(super) static SNAKE: Keys = Keys {
    slo_plugins: "slo_plugins",
    slo: &SLO,
    sli: &SLI,
    events: &EVENTS,
    error_query: "error_query",
    total_query: "total_query",
    raw: &RAW,
    error_ratio_query: "error_ratio_query",
    alerting: &ALERTING,
    page_alert: "page_alert",
    ticket_alert: "ticket_alert",
};

pub(super) static CAMEL: Keys = Keys {
    slo_plugins: "sloPlugins",
    slo: &SLO,
    sli: &SLI,
    events: &EVENTS_CAMEL,
    error_query: "errorQuery",
    total_query: "totalQuery",
    raw: &RAW_CAMEL,
    error_ratio_query: "errorRatioQuery",
    alerting: &ALERTING_CAMEL,
    page_alert: "pageAlert",
    ticket_alert: "ticketAlert",
};

pub(super) static WINDOWS: Table = table(
    "sloth_windows",
    &[
        Field::req("apiVersion", Shape::Text, "`sloth.slok.dev/v1`"),
        Field::req("kind", Shape::Text, "`AlertWindows`"),
        Field::opt("metadata", Shape::Text, "Kubernetes metadata"),
        Field::req("spec", Shape::Map(&WINDOWS_SPEC), "the windows"),
    ],
    &[],
);

pub(super) static WINDOWS_SPEC: Table = table(
    "sloth_windows_spec",
    &[
        Field::req("sloPeriod", Shape::Duration, "the SLO window for which they are"),
        Field::req("page", Shape::Map(&QUICK_AND_SLOW), "of pages"),
        Field::req("ticket", Shape::Map(&QUICK_AND_SLOW), "of tickets"),
    ],
    &[],
);

pub(super) static QUICK_AND_SLOW: Table = table(
    "sloth_quick_and_slow",
    &[
        Field::req("quick", Shape::Map(&WINDOW), "the faster pair"),
        Field::req("slow", Shape::Map(&WINDOW), "the slower pair"),
    ],
    &[],
);

pub(super) static WINDOW: Table = table(
    "sloth_window",
    &[
        Field::req("errorBudgetPercent", Shape::Decimal, "percent of the budget spent in the long window"),
        Field::req("shortWindow", Shape::Duration, "the short window"),
        Field::req("longWindow", Shape::Duration, "the long window"),
    ],
    &[],
);
