//! Answers of Prometheus's HTTP API: matrices of raw or resampled values.

use crate::domain::labels::{Labels, Series};
use crate::domain::time::Timestamp;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// Samples by series and time; a sample that several answers hold is one.
#[derive(Debug, Default)]
pub struct Samples(pub BTreeMap<Series, BTreeMap<Timestamp, f64>>);

/// Why an answer is of no use.
#[derive(Debug, thiserror::Error)]
pub enum MatrixError {
    #[error("not an answer of Prometheus's API")]
    Json(#[from] serde_json::Error),
    #[error("Prometheus answered: {0}")]
    Refused(String),
    #[error("a {found} instead of a matrix; {help}")]
    NotAMatrix { found: String, help: &'static str },
    #[error("a series without a metric name, {labels}; ask for the plain selector of the counter")]
    Nameless { labels: Labels },
}

const ASK: &str = "ask /api/v1/query_range, or /api/v1/query with a range such as x[1h]";

#[derive(Deserialize)]
struct Answer {
    status: Option<String>,
    error: Option<String>,
    data: Option<Data>,
    /// The data alone, without the envelope.
    #[serde(rename = "resultType")]
    result_type: Option<String>,
    #[serde(default)]
    result: Rows,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    result_type: String,
    result: Rows,
}

/// Series of a matrix; results of other kinds are passed over, for their kind is the mistake to tell.
#[derive(Default)]
struct Rows(Vec<Row>);

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    metric: Labels,
    #[serde(default)]
    values: Vec<(f64, Number)>,
}

/// A value, which Prometheus writes as text.
struct Number(f64);

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RowsVisitor)
    }
}

struct RowsVisitor;

impl<'de> Visitor<'de> for RowsVisitor {
    type Value = Rows;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of series")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Rows, A::Error> {
        let mut rows = Vec::new();
        while let Some(row) = seq.next_element::<Element>()? {
            if let Element::Row(row) = row {
                rows.push(row);
            }
        }
        Ok(Rows(rows))
    }
}

/// One element of a result: a series, or a part of a scalar.
enum Element {
    Row(Row),
    Other,
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ElementVisitor;
        impl<'de> Visitor<'de> for ElementVisitor {
            type Value = Element;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a series")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Element, A::Error> {
                Row::deserialize(de::value::MapAccessDeserializer::new(map)).map(Element::Row)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Element, E> {
                Ok(Element::Other)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Element, E> {
                Ok(Element::Other)
            }

            fn visit_str<E>(self, _: &str) -> Result<Element, E> {
                Ok(Element::Other)
            }
        }
        deserializer.deserialize_any(ElementVisitor)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| de::Error::custom(format!("{text:?} is not a number")))
    }
}

impl Samples {
    /// Adds the answers of a text, one after the other, each with or without the API's envelope.
    pub fn add_answers(&mut self, text: &[u8]) -> Result<(), MatrixError> {
        for answer in serde_json::Deserializer::from_slice(text).into_iter::<Answer>() {
            self.add(answer?)?;
        }
        Ok(())
    }

    fn add(&mut self, answer: Answer) -> Result<(), MatrixError> {
        let Answer { status, error, data, result_type, result } = answer;
        if let Some(error) = error.filter(|_| status.as_deref() != Some("success")) {
            return Err(MatrixError::Refused(error));
        }
        let (kind, rows) = match data {
            Some(data) => (data.result_type, data.result),
            None => (result_type.unwrap_or_else(|| "document".to_owned()), result),
        };
        if kind != "matrix" {
            return Err(MatrixError::NotAMatrix { found: kind, help: ASK });
        }
        for Row { mut metric, values } in rows.0 {
            let Some(name) = metric.get("__name__").map(str::to_owned) else {
                return Err(MatrixError::Nameless { labels: metric });
            };
            metric.remove("__name__");
            let samples = self.0.entry(Series::new(name, metric)).or_default();
            samples.extend(values.into_iter().map(|(at, number)| (Timestamp::from_secs_f64(at), number.0)));
        }
        Ok(())
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.0.values().all(BTreeMap::is_empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let mut samples = Samples::default();
        match samples.add_answers(text.as_bytes()) {
            Ok(()) => {
                let series = |(series, values): (&Series, &BTreeMap<Timestamp, f64>)| {
                    let values: Vec<String> = values.iter().map(|(at, value)| format!("{}:{value}", at.0)).collect();
                    format!("{series} {}", values.join(" "))
                };
                samples.0.iter().map(series).collect::<Vec<_>>().join("; ")
            }
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn answers_are_read_with_and_without_envelope_and_overlap_is_one() {
        let one = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"x","a":"b"},"values":[[1.5,"1"],[2,"NaN"]]}]},"warnings":["w"]}"#;
        let two = r#"{"resultType":"matrix","result":[{"metric":{"__name__":"x","a":"b"},"values":[[2,"+Inf"],[3,"4e2"]],"histograms":[]}]}"#;
        assert_eq!(read(one), "x{a=\"b\"} 1500:1 2000:NaN");
        assert_eq!(read(&format!("{one}\n{two}")), "x{a=\"b\"} 1500:1 2000:inf 3000:400");
        assert_eq!(read(r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#), "");
        assert_eq!(read(""), "");
    }

    #[test]
    fn what_is_no_matrix_is_refused() {
        for (text, wanted) in [
            ("<html>", "error: not an answer of Prometheus's API"),
            (
                r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
                "error: Prometheus answered: parse error",
            ),
            (
                r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]}]}}"#,
                "error: a vector instead",
            ),
            (r#"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#, "error: a scalar instead"),
            (r#"{"a":1}"#, "error: a document instead"),
            (
                r#"{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[]}]}"#,
                "error: a series without a metric name, {a=\"b\"}",
            ),
            (
                r#"{"resultType":"matrix","result":[{"metric":{"__name__":"x"},"values":[[1,"two"]]}]}"#,
                "error: not an answer",
            ),
        ] {
            assert!(read(text).starts_with(wanted), "{text}: {}", read(text));
        }
    }
}
