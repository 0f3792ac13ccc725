//! Status labels: which labels tell how a request ended, and which of their values are the server's fault.
//!
//! Errors that the caller made (4xx, `InvalidArgument`) do not count against a service. Of gRPC's codes those are
//! faults of the server that [OpenTelemetry's conventions] name so.
//!
//! [OpenTelemetry's conventions]: https://opentelemetry.io/docs/specs/semconv/rpc/grpc/

use super::inventory::{Metric, Values};
use crate::domain::selector::anchored;

/// The protocol whose codes a label holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Codes {
    /// `200`, or classes such as `2xx`.
    Http,
    /// `OK`, `Unavailable`, `UNAVAILABLE`.
    GrpcNames,
    /// 0 to 16.
    GrpcNumbers,
    /// `success`, `error`, `failure`, `timeout`.
    Words,
    /// `true` for what succeeded.
    Success,
}

/// Names of status labels, the most telling first; others that contain `code` or `status` come after them.
const LABELS: [&str; 8] = [
    "grpc_code",
    "rpc_grpc_status_code",
    "code",
    "status_code",
    "status",
    "http_status_code",
    "http_response_status_code",
    "http_status",
];

/// Labels that tell in words how a request ended, after those of [`LABELS`].
const WORD_LABELS: [&str; 3] = ["outcome", "result", "status"];
/// Labels that tell whether a request succeeded.
const SUCCESS_LABELS: [&str; 4] = ["success", "successful", "succeeded", "ok"];

/// Words for an end that is no fault of the server.
const GOOD_WORDS: [&str; 15] = [
    "success",
    "successful",
    "succeeded",
    "ok",
    "good",
    "pass",
    "passed",
    "complete",
    "completed",
    "accepted",
    "client_error",
    "redirection",
    "informational",
    "canceled",
    "cancelled",
];

/// gRPC's codes in lower case without underscores, by number.
const GRPC: [&str; 17] = [
    "ok",
    "canceled",
    "unknown",
    "invalidargument",
    "deadlineexceeded",
    "notfound",
    "alreadyexists",
    "permissiondenied",
    "resourceexhausted",
    "failedprecondition",
    "aborted",
    "outofrange",
    "unimplemented",
    "internal",
    "unavailable",
    "dataloss",
    "unauthenticated",
];

impl Codes {
    /// The anchored pattern of the values that are the server's fault.
    pub fn bad(self) -> &'static str {
        match self {
            Self::Http => "5..",
            // In all spellings that libraries use.
            Self::GrpcNames => "(?i:unknown|deadline_?exceeded|unimplemented|internal|unavailable|data_?loss)",
            Self::GrpcNumbers => "2|4|12|13|14|15",
            Self::Words => "(?i:bad|err|errors?|server_error|exception|fail|failed|failures?|time_?out)",
            Self::Success => "(?i:false|0)",
        }
    }

    pub fn is_bad(self, value: &str) -> bool {
        anchored(self.bad()).is_ok_and(|pattern| pattern.is_match(value))
    }

    pub fn protocol(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::GrpcNames | Self::GrpcNumbers => "gRPC",
            Self::Words | Self::Success => "",
        }
    }

    /// What is counted, for people.
    pub fn requests(self) -> &'static str {
        match self {
            Self::Http => "HTTP requests",
            Self::GrpcNames | Self::GrpcNumbers => "gRPC requests",
            Self::Words | Self::Success => "requests",
        }
    }

    /// What the values of a label are, if they tell in words how requests ended.
    fn in_words(label: &str, values: &Values) -> Option<Self> {
        let all: Vec<String> = values.all().map(|(value, _)| value.to_ascii_lowercase()).collect();
        let is_told = |word: &String| GOOD_WORDS.contains(&word.as_str()) || Self::Words.is_bad(word);
        let is_flag = |word: &String| ["true", "false", "1", "0"].contains(&word.as_str());
        let told = all.iter().filter(|word| is_told(word)).count();
        let named = |labels: &[&str]| labels.contains(&label.to_ascii_lowercase().as_str());
        if named(&WORD_LABELS) && told > 0 && told * 2 >= all.len() {
            return Some(Self::Words);
        }
        (named(&SUCCESS_LABELS) && !all.is_empty() && all.iter().all(is_flag)).then_some(Self::Success)
    }

    /// What the values of a label are, if they are codes.
    fn of(metric: &str, label: &str, values: &Values) -> Option<Self> {
        let says_grpc = metric.contains("grpc") || label.contains("grpc");
        let all: Vec<&str> = values.all().map(|(value, _)| value).collect();
        if all.is_empty() {
            return None;
        }
        if all.iter().all(|value| is_grpc_name(value)) {
            return Some(Self::GrpcNames);
        }
        if says_grpc && all.iter().all(|value| value.parse::<usize>().is_ok_and(|code| code < GRPC.len())) {
            return Some(Self::GrpcNumbers);
        }
        // Requests without an answer get all kinds of values beside the codes.
        let codes = all.iter().filter(|value| is_http(value)).count();
        (codes > 0 && codes * 2 >= all.len()).then_some(Self::Http)
    }
}

/// The status label of a metric, if it has one.
pub fn status_label<'m>(name: &str, metric: &'m Metric) -> Option<(&'m str, Codes)> {
    let rank = |label: &str| LABELS.iter().position(|known| *known == label).unwrap_or(LABELS.len());
    let mut candidates: Vec<(&str, &Values)> = metric.labels().filter(|(label, _)| is_status_name(label)).collect();
    candidates.sort_by_key(|(label, _)| rank(label));
    let code = candidates.into_iter().find_map(|(label, values)| Some((label, Codes::of(name, label, values)?)));
    code.or_else(|| metric.labels().find_map(|(label, values)| Some((label, Codes::in_words(label, values)?))))
}

fn is_status_name(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    label.contains("code") || label.contains("status")
}

fn is_http(value: &str) -> bool {
    let [class, rest @ ..] = value.as_bytes() else { return false };
    (b'1'..=b'5').contains(class)
        && rest.len() == 2
        && (rest.iter().all(u8::is_ascii_digit) || rest.eq_ignore_ascii_case(b"xx"))
}

fn is_grpc_name(value: &str) -> bool {
    let plain: String = value.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect();
    GRPC.contains(&plain.as_str()) || plain == "cancelled"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_the_server_are_bad_and_others_are_not() {
        for (codes, bad, good) in [
            (Codes::Http, &["500", "503", "5xx"][..], &["200", "404", "4xx", "50", "5000"][..]),
            (Codes::GrpcNames, &["Unavailable", "DEADLINE_EXCEEDED", "DataLoss"], &["OK", "NotFound", "Canceled"]),
            (Codes::GrpcNumbers, &["2", "13"], &["0", "1", "5"]),
            (Codes::Words, &["error", "FAILURE", "failed", "SERVER_ERROR", "timeout"], &["success", "CLIENT_ERROR"]),
            (Codes::Success, &["false", "False", "0"], &["true", "1"]),
        ] {
            for value in bad {
                assert!(codes.is_bad(value), "{value}");
            }
            for value in good {
                assert!(!codes.is_bad(value), "{value}");
            }
        }
    }
}
