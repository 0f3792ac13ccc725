//! An instance's counters as series: for the past as samples, for the present as the text of `/metrics`.
//!
//! Both come from one list, so that the history and the live scrapes speak of the same series; a test reads the text
//! with slowburn's reader and compares.

use super::instance::{Instance, Tally};
use super::shop::{BUCKETS, Endpoint};
use crate::domain::labels::{Labels, Series};
use crate::domain::reading::Target;
use std::fmt::Write;

/// The content type of [`text`] in OpenMetrics.
pub const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The content type of [`text`] in the older text format.
pub const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// One series of an endpoint.
struct Shown {
    /// What its name has beyond the family's, and its own label.
    suffix: &'static str,
    label: Option<(&'static str, String)>,
    value: f64,
}

/// One metric family.
struct Family<'a> {
    name: &'static str,
    help: &'static str,
    kind: &'static str,
    /// With the labels of their endpoints.
    endpoints: Vec<(&'a Endpoint, Vec<Shown>)>,
}

fn families(instance: &Instance) -> Vec<Family<'_>> {
    let service = instance.service;
    let each = || service.endpoints.iter().zip(&instance.tallies);
    let counter = &service.counter;
    let outcomes = |tally: &Tally| {
        let outcome = |value: &str, count: u64| Shown {
            suffix: "_total",
            label: Some((counter.label, value.to_owned())),
            value: count as f64,
        };
        let rejected = counter.rejected.map(|(value, _)| outcome(value, tally.rejected));
        [Some(outcome(counter.good, tally.good)), rejected, Some(outcome(counter.bad, tally.bad))]
    };
    let counts = each().map(|(endpoint, tally)| (endpoint, outcomes(tally).into_iter().flatten().collect()));
    let mut families =
        vec![Family { name: counter.name, help: counter.help, kind: "counter", endpoints: counts.collect() }];
    families.extend(service.histogram.map(|name| Family {
        name,
        help: "Time until the response was sent.",
        kind: "histogram",
        endpoints: each().map(|(endpoint, tally)| (endpoint, histogram(tally))).collect(),
    }));
    families
}

fn histogram(tally: &Tally) -> Vec<Shown> {
    let bounds = BUCKETS.iter().map(|bound| format!("{bound:?}")).chain(["+Inf".to_owned()]);
    let mut sum = 0;
    let buckets = bounds.zip(tally.buckets).map(|(bound, count)| {
        sum += count;
        Shown { suffix: "_bucket", label: Some(("le", bound)), value: sum as f64 }
    });
    let mut shown: Vec<Shown> = buckets.collect();
    shown.push(Shown { suffix: "_sum", label: None, value: tally.seconds });
    shown.push(Shown { suffix: "_count", label: None, value: sum as f64 });
    shown
}

/// Every series with the labels of the target, in the order of [`values`].
pub fn series(instance: &Instance, target: &Target) -> Vec<Series> {
    let mut found = Vec::new();
    for family in families(instance) {
        for (endpoint, shown) in family.endpoints {
            for Shown { suffix, label, .. } in shown {
                let mut labels: Labels = endpoint.labels.iter().copied().collect();
                labels.merge(&target.labels);
                labels.merge(&label.into_iter().collect());
                found.push(Series::new(format!("{}{suffix}", family.name), labels));
            }
        }
    }
    found
}

/// The value of every series.
pub fn values(instance: &Instance) -> impl Iterator<Item = f64> {
    let families = families(instance).into_iter();
    families.flat_map(|family| family.endpoints.into_iter().flat_map(|(_, shown)| shown)).map(|shown| shown.value)
}

/// The body of `/metrics`, in OpenMetrics (with births and exemplars) or in the older text format.
pub fn text(instance: &Instance, open_metrics: bool) -> String {
    let mut out = String::new();
    for family in families(instance) {
        write_family(&mut out, instance, &family, open_metrics);
    }
    let start = instance.born.as_secs_f64();
    line(&mut out, format_args!("# HELP process_start_time_seconds Start time of the process since unix epoch."));
    line(&mut out, format_args!("# TYPE process_start_time_seconds gauge"));
    line(&mut out, format_args!("process_start_time_seconds {start}"));
    if open_metrics {
        out.push_str("# EOF\n");
    }
    out
}

fn write_family(out: &mut String, instance: &Instance, family: &Family<'_>, open_metrics: bool) {
    let Family { name, help, kind, endpoints } = family;
    // Only OpenMetrics names a counter's family without its suffix.
    let suffix = if *kind == "counter" && !open_metrics { "_total" } else { "" };
    line(out, format_args!("# HELP {name}{suffix} {help}"));
    line(out, format_args!("# TYPE {name}{suffix} {kind}"));
    for (endpoint, shown) in endpoints {
        for Shown { suffix, label, value } in shown {
            let own = label.as_ref().map(|(name, value)| (*name, value.as_str()));
            let exemplar = if open_metrics { exemplar(instance, endpoint, label.as_ref()) } else { String::new() };
            line(out, format_args!("{name}{suffix}{} {value}{exemplar}", labels(endpoint, own)));
            if open_metrics && *suffix == "_total" {
                line(out, format_args!("{name}_created{} {}", labels(endpoint, own), instance.born.as_secs_f64()));
            }
        }
        if open_metrics && *kind == "histogram" {
            line(out, format_args!("{name}_created{} {}", labels(endpoint, None), instance.born.as_secs_f64()));
        }
    }
}

/// Each bucket with a bound shows one request that was just below it.
fn exemplar(instance: &Instance, endpoint: &Endpoint, label: Option<&(&str, String)>) -> String {
    let bound = label.filter(|(name, _)| *name == "le").and_then(|(_, bound)| bound.parse::<f64>().ok());
    let Some(bound) = bound.filter(|bound| bound.is_finite()) else { return String::new() };
    let key = Labels::new().with("at", instance.at.to_string()).with("le", bound.to_string());
    let trace = key.with("route", format!("{:?}", endpoint.labels)).fingerprint();
    format!(" # {{trace_id=\"{trace:016x}\"}} {} {}", bound * 0.9, instance.at.as_secs_f64())
}

fn labels(endpoint: &Endpoint, own: Option<(&str, &str)>) -> String {
    // The shop's own names and values hold nothing that would have to be escaped.
    let all = endpoint.labels.iter().copied().chain(own).map(|(name, value)| format!("{name}=\"{value}\""));
    let all: Vec<String> = all.collect();
    if all.is_empty() { String::new() } else { format!("{{{}}}", all.join(",")) }
}

fn line(out: &mut String, content: std::fmt::Arguments<'_>) {
    // Writing into a string can't fail.
    let _infallible = writeln!(out, "{content}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::script::Script;
    use crate::demo::shop::SHOP;
    use crate::domain::reading::TargetId;
    use crate::domain::selector::{Matchers, Selector};
    use crate::domain::time::Timestamp;
    use crate::source::exposition::Format;
    use crate::source::reader::{ReaderOptions, SeriesReader};
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn the_past_and_the_page_speak_of_the_same_series() {
        let opening = Timestamp(1_767_225_600_123);
        for service in SHOP {
            let script = Arc::new(Script::before(opening));
            let mut instance = Instance::new(service, 0, script, opening - Duration::from_secs(3600), 3);
            instance.advance(opening);
            let labels: Labels = [("job", service.name), ("instance", "i-1")].into_iter().collect();
            let id = TargetId { job: service.name.into(), instance: "i-1".into(), url: String::new() };
            let target = Arc::new(Target { id, labels, interval: Duration::from_secs(2) });
            let series = series(&instance, &target);
            let past: BTreeMap<Series, f64> = series.into_iter().zip(values(&instance)).collect();
            for (open_metrics, content_type) in [(true, OPEN_METRICS), (false, TEXT)] {
                let names: std::collections::BTreeSet<&String> = past.keys().map(|series| &series.name).collect();
                let selectors: Vec<Selector> = names
                    .into_iter()
                    .map(|name| Selector { name: name.clone(), matchers: Matchers::default() })
                    .collect();
                let mut reader = SeriesReader::new(target.clone(), selectors.into(), ReaderOptions::default());
                let format = Format::from_content_type(Some(content_type)).expect("a format");
                let body = text(&instance, open_metrics);
                let outcome = reader.read(body.as_bytes(), format).expect("a good body");
                assert_eq!(outcome.warning, None, "{}", service.name);
                let created = open_metrics.then_some(instance.born);
                assert!(outcome.reading.samples.iter().all(|sample| sample.created == created), "{body}");
                let samples = outcome.reading.samples.into_iter();
                let live: BTreeMap<Series, f64> = samples.map(|s| ((*s.series).clone(), s.value)).collect();
                assert_eq!(live, past, "{} in {format:?}", service.name);
            }
        }
    }
}
