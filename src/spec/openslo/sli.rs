//! SLIs: ratio metrics and threshold metrics, from queries of Prometheus.

use super::super::fidelity::Notes;
use super::super::foreign;
use super::super::promql::{self, Bare, Compiled, Refusal, Refused};
use super::Library;
use super::keys::{METRIC, METRIC_SOURCE, RATIO, SLI};
use crate::config::decode::{Map, Value};
use crate::domain::slo::{Comparison, Part};

/// Kinds of data sources whose queries are PromQL.
const PROMETHEUS: [&str; 6] = ["prometheus", "thanos", "mimir", "cortex", "promql", "victoriametrics"];

/// An SLI as far as it can be read without an objective.
#[derive(Clone, Debug)]
pub(super) enum Sli {
    Ratio(Compiled),
    /// A query that an objective's `op` and `value` judge.
    Threshold(String),
}

/// Why an SLI can't be counted, and where.
pub(super) struct Trouble<'a> {
    at: Box<Value<'a>>,
    refusal: Refusal,
}

impl<'a> Trouble<'a> {
    fn new(at: Value<'a>, refusal: Refusal) -> Self {
        Self { at: Box::new(at), refusal }
    }

    pub fn error(&self) {
        foreign::refuse(&self.at, &self.refusal);
    }

    /// For an SLI that perhaps nobody uses.
    pub fn warn(&self) {
        let Refusal { expression, offset, why, help } = &self.refusal;
        self.at.warn_about(expression, offset.unwrap_or(0), &**why, &**help);
    }

    pub fn sentence(&self) -> String {
        self.refusal.why.clone()
    }
}

/// A query with its place.
struct Query<'a> {
    at: Value<'a>,
    text: String,
}

/// Reads the `spec` of an SLI. `None` when its form is wrong, which was reported.
pub(super) fn read<'a>(value: &Value<'a>, library: &Library, notes: &mut Notes) -> Option<Result<Sli, Trouble<'a>>> {
    let map = value.lenient_map(&SLI)?;
    map.exactly_one(&["ratioMetric", "thresholdMetric"]);
    if let Some(threshold) = map.get("thresholdMetric") {
        return Some(match query(&threshold, library)? {
            Ok(query) => Ok(Sli::Threshold(query.text)),
            Err(trouble) => Err(trouble),
        });
    }
    let ratio = map.get("ratioMetric")?.lenient_map(&RATIO)?;
    Some(match self::ratio(&ratio, library, notes)? {
        Ok(compiled) => {
            foreign::note_query("ratioMetric", &compiled, notes);
            Ok(Sli::Ratio(compiled))
        }
        Err(trouble) => Err(trouble),
    })
}

/// Compiles a threshold metric with an objective's comparison.
pub(super) fn threshold(query: &str, good: Comparison, at: &Value<'_>) -> Option<Compiled> {
    match promql::threshold(query, good) {
        Ok(compiled) => Some(compiled),
        Err(refusal) => {
            at.error(
                format!("the SLI's query {:?} can't be counted: {}", refusal.expression, refusal.why),
                refusal.help,
            );
            None
        }
    }
}

fn ratio<'a>(map: &Map<'a>, library: &Library, notes: &mut Notes) -> Option<Result<Compiled, Trouble<'a>>> {
    let bare = bare(map, notes)?;
    map.exactly_one(&["good", "bad", "raw"]);
    if let Some(raw) = map.get("raw") {
        let part_is = match map.get("rawType") {
            Some(kind) => kind.choice(&[("success", Part::Good), ("failure", Part::Bad)])?,
            None => {
                raw.error("`rawType` is missing", "add rawType: success or failure");
                return None;
            }
        };
        return Some(query(&raw, library)?.and_then(|query| {
            promql::ratio(&query.text, part_is, Bare::Gauges).map_err(|refusal| Trouble::new(query.at, refusal))
        }));
    }
    let (key, part_is) = if map.has("good") { ("good", Part::Good) } else { ("bad", Part::Bad) };
    let part = query(&map.get(key)?, library)?;
    let Some(total) = map.get("total") else {
        map.value().error("`total` is missing", "add total: a metric of all events");
        return None;
    };
    let total = query(&total, library)?;
    let (part, total) = match (part, total) {
        (Ok(part), Ok(total)) => (part, total),
        (Err(trouble), _) | (_, Err(trouble)) => return Some(Err(trouble)),
    };
    Some(promql::events(&part.text, part_is, &total.text, bare).map_err(|refused| match refused {
        Refused::Part(refusal) => Trouble::new(part.at, refusal),
        Refused::Total(refusal) => Trouble::new(total.at, refusal),
    }))
}

/// What a selector without `rate` stands for.
fn bare(map: &Map<'_>, notes: &mut Notes) -> Option<Bare> {
    match map.get("counter").map(|counter| counter.boolean()) {
        None => {
            notes.changed("ratioMetric.counter", "not said; metrics without rate() are taken for counters");
            Some(Bare::Counters)
        }
        Some(counter) => Some(if counter? { Bare::Counters } else { Bare::Gauges }),
    }
}

/// The query of a metric, if it is PromQL.
fn query<'a>(metric: &Value<'a>, library: &Library) -> Option<Result<Query<'a>, Trouble<'a>>> {
    let source = metric.lenient_map(&METRIC)?.get("metricSource")?.lenient_map(&METRIC_SOURCE)?;
    let named = source.get("metricSourceRef").and_then(|name| name.text());
    let spec = source.get("spec")?;
    let kind_at = source.get("type");
    let kind = match &kind_at {
        Some(kind) => kind.text(),
        None => named.as_deref().and_then(|name| library.kind_of_source(name)).map(str::to_owned),
    };
    if let Some(kind) = kind.filter(|kind| !is_prometheus(kind)) {
        let refusal = Refusal {
            expression: kind.clone(),
            offset: None,
            why: format!("slowburn scrapes metrics of Prometheus; it does not ask {kind}"),
            help: "give the SLI a source of type Prometheus, with a query in PromQL".to_owned(),
        };
        return Some(Err(Trouble::new(kind_at.unwrap_or(spec), refusal)));
    }
    let entries = spec.entries()?;
    let found = entries.into_iter().find(|(key, _, _)| matches!(*key, "query" | "promql" | "expr"));
    let Some((_, _, at)) = found else {
        spec.error("there is no query", "write the PromQL under spec.query");
        return None;
    };
    let text = at.nonempty()?;
    Some(Ok(Query { at, text }))
}

fn is_prometheus(kind: &str) -> bool {
    let kind: String = kind.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    PROMETHEUS.iter().any(|known| kind.contains(known))
}
