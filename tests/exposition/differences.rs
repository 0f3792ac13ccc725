//! Where readers do otherwise than the specifications say, and why. `docs/correctness.md` tells the reasons.

/// Rules of which a reader thinks otherwise, for one reason.
pub struct Difference {
    pub why: &'static str,
    pub rules: &'static [&'static str],
}

/// Lines that are well-formed by themselves, and break a rule about lines between them: taken by this reader and by the
/// server.
const BETWEEN_LINES: &[&str] = &[
    "open: a family in two groups",
    "open: a series at falling times",
    "open: a series twice",
    "open: a series with and without a time",
    "open: a type after samples",
    "open: a type of another family's sample",
    "open: a unit after samples",
    "open: a unit twice",
    "open: help after samples",
    "open: help twice",
    "open: metrics of a family mixed",
    "text: a family in two groups",
    "text: a series twice",
    "text: a type twice, the same",
    "text: help twice",
];

/// What a type asks of its samples: neither this reader nor the server holds them to it.
const OF_TYPES: &[&str] = &[
    "open: a boundary in capitals",
    "open: a bucket without a boundary",
    "open: a counter below zero",
    "open: a counter that is NaN",
    "open: a counter without its suffix",
    "open: a histogram whose last bucket is not its count",
    "open: a histogram without a count",
    "open: a histogram without its last bucket",
    "open: a quantile above one",
    "open: a quantile that is no number",
    "open: a state of two",
    "open: a state without its label",
    "open: a sum below zero",
    "open: a summary without a quantile",
    "open: a unit for a stateset",
    "open: a unit for an info",
    "open: an info of two",
    "open: an info without its suffix",
    "open: buckets out of order",
    "open: buckets that fall",
    "open: half an event in a bucket",
    "open: half an event in a summary",
    "text: a hexadecimal boundary",
    "text: a hexadecimal quantile",
    "text: a histogram whose last bucket is not its count",
    "text: a histogram with a negative count",
    "text: a histogram without its last bucket",
    "text: a quantile that is no number",
    "text: buckets out of order",
];

const BETWEEN_LINES_WHY: &str =
    "families in any order, so that recordings can be replayed; the first of two samples of a series counts";

const OF_TYPES_WHY: &str =
    "a sample is what its line says; one that can't be an event is reported by the SLO that wants it";

pub const OURS: &[Difference] = &[
    Difference { why: BETWEEN_LINES_WHY, rules: BETWEEN_LINES },
    Difference { why: OF_TYPES_WHY, rules: OF_TYPES },
    Difference {
        why: "exemplars are checked as text and left aside, wherever they stand",
        rules: &[
            "open: an exemplar of 129 letters",
            "open: an exemplar on a creation time",
            "open: an exemplar on a gauge",
            "open: an exemplar on a stateset",
            "open: an exemplar on a sum",
            "open: an exemplar on an info",
            "open: an exemplar's label twice",
        ],
    },
];

pub const SERVER: &[Difference] = &[
    Difference { why: "as here", rules: BETWEEN_LINES },
    Difference { why: "as here", rules: OF_TYPES },
    Difference {
        why: "exemplars are stored or dropped by themselves; the sample counts",
        rules: &["open: an exemplar of 129 letters", "open: an exemplar's label twice"],
    },
    Difference { why: "it wants one blank before the name in metadata", rules: &["text: blanks in metadata"] },
    Difference { why: "it looks for broken letters in what it stores only", rules: &["text: not UTF-8 in a comment"] },
];

pub const PROMTOOL: &[Difference] = &[
    Difference {
        why: "groups and histograms are not looked at as a whole",
        rules: &[
            "text: a family in two groups",
            "text: a histogram whose last bucket is not its count",
            "text: a histogram with a negative count",
            "text: a histogram without its last bucket",
            "text: a series twice",
            "text: buckets out of order",
        ],
    },
    Difference { why: "it takes no blank after the last token of a line", rules: &["text: blanks after a timestamp"] },
    Difference {
        why: "it looks for broken letters in label values only",
        rules: &["text: not UTF-8 in a comment", "text: not UTF-8 in help"],
    },
];

/// Of what is valid; the crate refuses nothing.
pub const CRATE: &[Difference] = &[
    Difference { why: "names with colons are lost", rules: &["text: underscores and colons"] },
    Difference {
        why: "escapes stay as they are written, and a brace ends the labels",
        rules: &[
            "text: a backslash before an n",
            "text: braces and quotes in a label value",
            "text: only escapes in a label value",
        ],
    },
    Difference {
        why: "boundaries and quantiles become numbers, whose way of writing is lost",
        rules: &["text: a histogram", "text: a summary, mixed with labels"],
    },
];
