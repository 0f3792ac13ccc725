//! Prometheus's remote read protocol: requests and answers of `/api/v1/read`, as protobuf in Snappy's block form.
//!
//! The form in which all samples come at once is asked for; the streamed one is for programs that pass chunks on. Only
//! the fields that a replay needs are declared, others are skipped.

use super::matrix::Samples;
use crate::domain::labels::{Labels, Series};
use crate::domain::selector::{MatchOp, Selector};
use crate::domain::time::Timestamp;
use prost::Message;

/// The protocol's version, as its header has it.
pub const VERSION: &str = "0.1.0";

/// The value that Prometheus writes where a series ends; a query shows it to nobody.
const STALE: u64 = 0x7ff0_0000_0000_0002;

/// Why an answer is of no use.
#[derive(Debug, thiserror::Error)]
pub enum RemoteReadError {
    #[error("not an answer of the remote read protocol")]
    Snappy(#[from] snap::Error),
    #[error("not an answer of the remote read protocol")]
    Protobuf(#[from] prost::DecodeError),
    #[error("the answer is larger than the limit of {limit} bytes")]
    TooLarge { limit: u64 },
}

#[derive(Clone, PartialEq, Message)]
struct ReadRequest {
    #[prost(message, repeated, tag = "1")]
    queries: Vec<Query>,
}

#[derive(Clone, PartialEq, Message)]
struct Query {
    #[prost(int64, tag = "1")]
    start_ms: i64,
    #[prost(int64, tag = "2")]
    end_ms: i64,
    #[prost(message, repeated, tag = "3")]
    matchers: Vec<LabelMatcher>,
}

#[derive(Clone, PartialEq, Message)]
struct LabelMatcher {
    /// 0 equal, 1 not equal, 2 regular expression, 3 not that.
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, tag = "3")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct ReadResponse {
    #[prost(message, repeated, tag = "1")]
    results: Vec<QueryResult>,
}

#[derive(Clone, PartialEq, Message)]
struct QueryResult {
    #[prost(message, repeated, tag = "1")]
    series: Vec<TimeSeries>,
}

#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
}

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(double, tag = "1")]
    value: f64,
    #[prost(int64, tag = "2")]
    at_ms: i64,
}

/// The body that asks for all samples of a selector in `(from, to]`.
pub fn request(selector: &Selector, from: Timestamp, to: Timestamp) -> Result<Vec<u8>, RemoteReadError> {
    let name = LabelMatcher { kind: 0, name: "__name__".to_owned(), value: selector.name.clone() };
    let matchers = selector.matchers.0.iter().map(|matcher| LabelMatcher {
        kind: kind(matcher.op),
        name: matcher.label.clone(),
        value: matcher.value.clone(),
    });
    let query = Query { start_ms: from.0 + 1, end_ms: to.0, matchers: std::iter::once(name).chain(matchers).collect() };
    let message = ReadRequest { queries: vec![query] }.encode_to_vec();
    Ok(snap::raw::Encoder::new().compress_vec(&message)?)
}

fn kind(op: MatchOp) -> i32 {
    match op {
        MatchOp::Equal => 0,
        MatchOp::NotEqual => 1,
        MatchOp::Regex => 2,
        MatchOp::NotRegex => 3,
    }
}

/// Adds the samples of an answer, which may hold `limit` bytes unpacked.
pub fn add_answer(samples: &mut Samples, body: &[u8], limit: u64) -> Result<(), RemoteReadError> {
    if snap::raw::decompress_len(body)? as u64 > limit {
        return Err(RemoteReadError::TooLarge { limit });
    }
    let message = snap::raw::Decoder::new().decompress_vec(body)?;
    let answer = ReadResponse::decode(message.as_slice())?;
    for TimeSeries { labels, samples: values } in answer.results.into_iter().flat_map(|result| result.series) {
        let mut labels: Labels = labels.into_iter().map(|label| (label.name, label.value)).collect();
        let name = labels.get("__name__").unwrap_or_default().to_owned();
        labels.remove("__name__");
        let values = values.into_iter().filter(|sample| sample.value.to_bits() != STALE);
        let known = samples.0.entry(Series::new(name, labels)).or_default();
        known.extend(values.map(|sample| (Timestamp(sample.at_ms), sample.value)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::selector_text::parse_selector;

    const LIMIT: u64 = 1000;

    fn packed(message: &impl Message) -> Vec<u8> {
        snap::raw::Encoder::new().compress_vec(&message.encode_to_vec()).unwrap()
    }

    fn series(labels: &[(&str, &str)], samples: &[(i64, f64)]) -> TimeSeries {
        let label = |(name, value): &(&str, &str)| Label { name: (*name).to_owned(), value: (*value).to_owned() };
        let sample = |(at_ms, value): &(i64, f64)| Sample { value: *value, at_ms: *at_ms };
        TimeSeries { labels: labels.iter().map(label).collect(), samples: samples.iter().map(sample).collect() }
    }

    #[test]
    fn a_request_has_every_matcher_and_the_range_without_its_beginning() {
        let selector = parse_selector(r#"x_total{a="1",b!="2",c=~"3|4",d!~"5.*"}"#).unwrap();
        let body = request(&selector, Timestamp(1000), Timestamp(3000)).unwrap();
        let message = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
        let asked = ReadRequest::decode(message.as_slice()).unwrap();
        let [query] = asked.queries.as_slice() else { panic!("{asked:?}") };
        assert_eq!((query.start_ms, query.end_ms), (1001, 3000));
        let mut matchers: Vec<(i32, &str, &str)> =
            query.matchers.iter().map(|m| (m.kind, m.name.as_str(), m.value.as_str())).collect();
        matchers.sort_unstable();
        assert_eq!(
            matchers,
            [(0, "__name__", "x_total"), (0, "a", "1"), (1, "b", "2"), (2, "c", "3|4"), (3, "d", "5.*")]
        );
    }

    #[test]
    fn an_answer_gives_its_samples_but_those_that_mark_an_end() {
        let end = f64::from_bits(STALE);
        let answer = ReadResponse {
            results: vec![
                QueryResult { series: vec![series(&[("__name__", "x"), ("a", "b")], &[(1, 1.0), (2, end), (3, 2.0)])] },
                QueryResult { series: vec![series(&[("__name__", "x"), ("a", "b")], &[(3, 2.0), (4, f64::NAN)])] },
            ],
        };
        let mut samples = Samples::default();
        add_answer(&mut samples, &packed(&answer), LIMIT).unwrap();
        let found: Vec<String> = samples
            .0
            .iter()
            .flat_map(|(series, values)| values.iter().map(move |(at, value)| format!("{series} {value} @{}", at.0)))
            .collect();
        assert_eq!(found, [r#"x{a="b"} 1 @1"#, r#"x{a="b"} 2 @3"#, r#"x{a="b"} NaN @4"#]);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        let text = snap::raw::Encoder::new().compress_vec(b"no protobuf at all").unwrap();
        let long = ReadResponse { results: vec![QueryResult { series: vec![series(&[], &[(1, 1.0); 200])] }] };
        let long = packed(&long);
        // Says that it holds 4 GiB.
        let bomb = [0xff, 0xff, 0xff, 0xff, 0x0f, 0x00];
        for (name, body, wanted) in [
            ("not Snappy", b"<html>".as_slice(), "not an answer of the remote read protocol"),
            ("nothing", b"", "not an answer of the remote read protocol"),
            ("cut", &long[..long.len() - 3], "larger than the limit"),
            ("not protobuf", text.as_slice(), "not an answer of the remote read protocol"),
            ("too large", long.as_slice(), "larger than the limit of 1000 bytes"),
            ("a bomb", bomb.as_slice(), "larger than the limit"),
        ] {
            let error = add_answer(&mut Samples::default(), body, LIMIT).unwrap_err().to_string();
            assert!(error.contains(wanted), "{name}: {error}");
        }
        let cut = add_answer(&mut Samples::default(), &long[..long.len() - 3], u64::MAX).unwrap_err().to_string();
        assert!(cut.contains("not an answer of the remote read protocol"), "{cut}");
    }
}
