//! The keys of slowburn's own format, once for the decoder and the JSON Schema.

use crate::config::decode::{Field, Refused, Shape, Table};
use crate::domain::calendar::Period;
use crate::domain::slo::{Measure, Severity, SliceVerdict};

pub(super) const PERIODS: [(&str, Period); 4] =
    [("week", Period::Week), ("month", Period::Month), ("quarter", Period::Quarter), ("year", Period::Year)];
pub(super) const SEVERITIES: [(&str, Severity); 2] = [("page", Severity::Page), ("ticket", Severity::Ticket)];
pub(super) const MEASURES: [(&str, Measure); 2] =
    [("burn_rate", Measure::BurnRate), ("budget_spent", Measure::BudgetSpent)];

/// The words of some choices, for the schema.
const fn words<T: Copy, const N: usize>(choices: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut words = [""; N];
    let mut i = 0;
    while i < N {
        words[i] = choices[i].0;
        i += 1;
    }
    words
}

/// Stands for a pair that looks at its long window only.
pub(super) const NO_SHORT: &str = "none";

pub(super) const VERDICTS: [(&str, SliceVerdict); 2] = [("whole", SliceVerdict::Whole), ("share", SliceVerdict::Share)];

const PERCENT: Shape = Shape::Decimal;
const PAIRS: Shape = Shape::List(&Shape::Map(&PAIR));
const SEVERITY_SHAPE: Shape = Shape::OneOf(&[PAIRS, Shape::Map(&SEVERITY)]);
const SEVERITY_NAME: Shape = Shape::Choice(&words(&SEVERITIES));

pub(in crate::spec) static DOCUMENT: Table = Table {
    title: "Document",
    fields: &[
        Field::req("version", Shape::Choice(&[super::VERSION]), "the format of this document, slowburn/v1"),
        Field::req("service", Shape::Text, "the service that the SLOs belong to"),
        Field::opt("labels", Shape::Labels, "labels of all SLOs and alerts of this document"),
        Field::req("slos", Shape::List(&Shape::Map(&SLO)), "the SLOs, a list"),
    ],
    refused: &[],
};

pub(super) static SLO: Table = Table {
    title: "SLO",
    fields: &[
        Field::req("name", Shape::Text, "names the SLO within its service"),
        Field::opt("description", Shape::Text, "what is promised, in a sentence"),
        Field::opt("labels", Shape::Labels, "labels of the SLO and its alerts, over those of the document"),
        Field::req("objective", PERCENT, "the share of good events that is promised, in percent, such as 99.9"),
        Field::req(
            "window",
            Shape::OneOf(&[Shape::Duration, Shape::Map(&CALENDAR)]),
            "the time it is promised for: rolling, such as 30d, or {calendar: month}",
        ),
        Field::opt("by", Shape::List(&Shape::Text), "keeps one budget for each value of these labels"),
        Field::req("sli", Shape::Map(&SLI), "how events are counted and told good from bad"),
        Field::opt("budgeting", Shape::Map(&BUDGETING), "what the budget counts, if not events"),
        Field::opt("alerting", Shape::Map(&ALERTING), "when someone is told, and what"),
        Field::opt("maintenance", Shape::List(&Shape::Map(&MAINTENANCE)), "times whose events do not count"),
    ],
    refused: &[
        Refused::new("target", "is called `objective` here", "write objective: 99.9, in percent"),
        Refused::new("indicator", "is called `sli` here", "write sli: {events: …}, {latency: …} or {scrape: …}"),
        Refused::new("time_window", "is called `window` here", "write window: 30d or window: {calendar: month}"),
    ],
};

pub(super) static CALENDAR: Table = Table {
    title: "Calendar window",
    fields: &[
        Field::req("calendar", Shape::Choice(&words(&PERIODS)), "the period; a week begins on Monday"),
        Field::opt("time_zone", Shape::Text, "IANA name of the time zone whose midnights count, UTC unless set"),
    ],
    refused: &[],
};

pub(super) static SLI: Table = Table {
    title: "SLI",
    fields: &[
        Field::opt("events", Shape::Map(&EVENTS), "counters of all events and of the bad or the good ones"),
        Field::opt("latency", Shape::Map(&LATENCY), "a histogram and the threshold of good events"),
        Field::opt("scrape", Shape::Labels, "labels of the targets, each scrape of which is an event"),
        Field::opt("terms", Shape::List(&Shape::Map(&TERM)), "counters with the weight of their events in both counts"),
        Field::opt("query", Shape::Text, "with `terms`: the query that they stand for, for people"),
    ],
    refused: &[Refused::new(
        "raw",
        "can't be counted: a ratio has lost its events",
        "give counters under `events`, such as total: http_requests_total",
    )],
};

pub(super) static EVENTS: Table = Table {
    title: "Events",
    fields: &[
        Field::req("total", Shape::Selector, "selects the counters of all events, such as http_requests_total"),
        Field::opt("bad", Shape::Selector, "selects the counters of bad events; or give `good`"),
        Field::opt("good", Shape::Selector, "selects the counters of good events; or give `bad`"),
    ],
    refused: &[
        Refused::new("errors", "is called `bad` here", "write bad: and a selector"),
        Refused::new("error_query", "is called `bad` here", "write bad: and the counter's selector without rate()"),
        Refused::new("total_query", "is called `total` here", "write total: and the counter's selector without rate()"),
    ],
};

pub(super) static LATENCY: Table = Table {
    title: "Latency",
    fields: &[
        Field::req("histogram", Shape::Selector, "selects the histograms by their own name, without _bucket"),
        Field::req(
            "threshold",
            Shape::OneOf(&[Shape::Duration, Shape::Decimal]),
            "the bucket boundary up to which events are good: 300ms, or a number in the histogram's unit",
        ),
    ],
    refused: &[],
};

pub(super) static TERM: Table = Table {
    title: "Term",
    fields: &[
        Field::req("selector", Shape::Selector, "selects counters, or gauges with `count`"),
        Field::opt(
            "count",
            Shape::Text,
            "what is an event: growth of a counter (unless set), samples of a gauge, their values, or a comparison like < 0.75",
        ),
        Field::opt("total", Shape::Number, "what each event adds to the total, 0 unless set"),
        Field::opt("bad", Shape::Number, "what each event adds to the bad events, 0 unless set; may be negative"),
    ],
    refused: &[],
};

pub(super) static BUDGETING: Table = Table {
    title: "Budgeting",
    fields: &[Field::opt("timeslices", Shape::Map(&TIMESLICES), "counts slices of time instead of events")],
    refused: &[],
};

pub(super) static TIMESLICES: Table = Table {
    title: "Time slices",
    fields: &[
        Field::req("slice", Shape::Duration, "length of a slice, such as 1m"),
        Field::req("target", PERCENT, "percent of a slice's events that must be good in a good slice, such as 95"),
        Field::opt(
            "verdict",
            Shape::Choice(&words(&VERDICTS)),
            "whole: a slice is good or bad as a whole (unless set); share: it is bad by the share of its bad events",
        ),
    ],
    refused: &[],
};

pub(super) static ALERTING: Table = Table {
    title: "Alerting",
    fields: &[
        Field::opt("page", SEVERITY_SHAPE, "pairs of windows that page, instead of the defaults"),
        Field::opt("ticket", SEVERITY_SHAPE, "pairs of windows that open tickets, instead of the defaults"),
        Field::opt("min_bad_events", Shape::Decimal, "bad events that a pair's long window must hold at least"),
        Field::opt(
            "measure",
            Shape::Choice(&words(&MEASURES)),
            "what the pairs compare: the window's own share of bad events, or what was spent of the whole budget",
        ),
        Field::opt("no_data", Shape::Map(&NO_DATA), "when the SLO counts as not measured, and who is told"),
        Field::opt("budget", Shape::List(&Shape::Map(&BUDGET)), "alerts when shares of the budget are spent"),
        Field::opt("runbook_url", Shape::Url, "what to do, linked from every message"),
        Field::opt("labels", Shape::Labels, "labels of the alerts, over those of the SLO"),
        Field::opt("annotations", Shape::Labels, "further texts of the alerts"),
    ],
    refused: &[],
};

pub(super) static SEVERITY: Table = Table {
    title: "Severity",
    fields: &[
        Field::opt("disable", Shape::Bool, "true: no pair of this severity"),
        Field::opt("windows", PAIRS, "pairs of windows instead of the defaults"),
        Field::opt("labels", Shape::Labels, "labels of the alerts of this severity, over the others"),
        Field::opt("annotations", Shape::Labels, "further texts of the alerts of this severity"),
        FOR,
        KEEP_FIRING_FOR,
        MIN_BAD_EVENTS,
    ],
    refused: &[],
};

pub(super) static PAIR: Table = Table {
    title: "Pair of windows",
    fields: &[
        Field::req("long", Shape::Duration, "the long window: enough was spent to matter"),
        Field::opt(
            "short",
            Shape::OneOf(&[Shape::Duration, Shape::Choice(&[NO_SHORT])]),
            "the short window: it still goes on; a twelfth of the long one unless set, none for the long one alone",
        ),
        Field::req(
            "factor",
            Shape::OneOf(&[Shape::Decimal, Shape::Text]),
            "the burn rate that both windows must exceed",
        ),
        FOR,
        KEEP_FIRING_FOR,
        MIN_BAD_EVENTS,
    ],
    refused: &[Refused::new("severity", "is said by the key above: page or ticket", "leave it out")],
};

const FOR: Field = Field::opt("for", Shape::Duration, "how long a pair must burn before it fires, 0s unless set");
const KEEP_FIRING_FOR: Field =
    Field::opt("keep_firing_for", Shape::Duration, "how long a pair goes on firing after it burned, 0s unless set");
const MIN_BAD_EVENTS: Field =
    Field::opt("min_bad_events", Shape::Decimal, "bad events that the long window must hold at least");

pub(super) static NO_DATA: Table = Table {
    title: "No data",
    fields: &[
        Field::opt("after", Shape::Duration, "time without a sample, 5m unless set"),
        Field::opt("severity", SEVERITY_NAME, "who is told; nobody unless set"),
    ],
    refused: &[],
};

pub(super) static BUDGET: Table = Table {
    title: "Budget alert",
    fields: &[
        Field::req("consumed", PERCENT, "percent of the budget that is spent"),
        Field::req("severity", SEVERITY_NAME, "page or ticket"),
    ],
    refused: &[],
};

pub(super) static MAINTENANCE: Table = Table {
    title: "Maintenance",
    fields: &[
        Field::req("start", Shape::Time, "when it begins, RFC 3339"),
        Field::req("end", Shape::Time, "when it ends, RFC 3339"),
        Field::opt("reason", Shape::Text, "shown on the page"),
    ],
    refused: &[],
};
