//! SLI plugins with an obvious meaning: those of Sloth's common library for availability and latency.
//!
//! A plugin is a program that writes a query; slowburn runs none. It knows the names of the common ones, the metric
//! each is about and the options it takes, and writes the query itself.

use super::keys::PLUGIN;
use crate::config::decode::{Value, nearest};
use std::collections::BTreeMap;

/// A plugin: the query it stands for, with its options in angle brackets, and what `<filter>` is made of.
struct Known {
    id: &'static str,
    query: &'static str,
    /// Options that must be there.
    required: &'static [&'static str],
}

/// `<filter>` stands for the option of that name and a comma, `<fast>` for a filter without failed requests where the
/// option `exclude_errors` asks for that.
const KNOWN: [Known; 11] = [
    Known {
        id: "getting_started_availability",
        query: "sum(rate(http_request_duration_seconds_count{<filter>job=\"<job>\",code=~\"(5..|429)\"}[{{.window}}])) / \
                sum(rate(http_request_duration_seconds_count{<filter>job=\"<job>\"}[{{.window}}]))",
        required: &["job"],
    },
    Known {
        id: "sloth-common/coredns/availability",
        query: "sum(rate(coredns_dns_responses_total{<filter>rcode=~\"<custom_rcode_regex>\"}[{{.window}}])) / \
                sum(rate(coredns_dns_responses_total{<filter>}[{{.window}}]))",
        required: &[],
    },
    Known {
        id: "sloth-common/coredns/latency",
        query: "1 - sum(rate(coredns_dns_request_duration_seconds_bucket{<filter>le=\"<bucket>\"}[{{.window}}])) / \
                sum(rate(coredns_dns_request_duration_seconds_count{<filter>}[{{.window}}]))",
        required: &["bucket"],
    },
    Known {
        id: "sloth-common/kubernetes/apiserver/availability",
        query: "sum(rate(apiserver_request_total{<filter>code=~\"(5..|429)\"}[{{.window}}])) / \
                sum(rate(apiserver_request_total{<filter>}[{{.window}}]))",
        required: &[],
    },
    Known {
        id: "sloth-common/kubernetes/apiserver/latency",
        query: "1 - sum(rate(apiserver_request_duration_seconds_bucket{<filter>le=\"<bucket>\",verb!=\"WATCH\"}\
                [{{.window}}])) / \
                sum(rate(apiserver_request_duration_seconds_count{<filter>verb!=\"WATCH\"}[{{.window}}]))",
        required: &["bucket"],
    },
    Known {
        id: "sloth-common/slok-go-http-metrics/availability",
        query: "sum(rate(http_request_duration_seconds_count{<filter>code=~\"(5..|429)\"}[{{.window}}])) / \
                sum(rate(http_request_duration_seconds_count{<filter>}[{{.window}}]))",
        required: &["filter"],
    },
    Known {
        id: "sloth-common/slok-go-http-metrics/latency",
        query: "1 - sum(rate(http_request_duration_seconds_bucket{<filter><fast>le=\"<bucket>\"}[{{.window}}])) / \
                sum(rate(http_request_duration_seconds_count{<filter><fast>}[{{.window}}]))",
        required: &["filter", "bucket"],
    },
    Known {
        id: "sloth-common/istio/v1/availability",
        query: "sum(rate(istio_requests_total{<filter>destination_service_name=\"<service>\",\
                destination_service_namespace=\"<namespace>\",response_code=~\"(5..|429)\"}[{{.window}}])) / \
                sum(rate(istio_requests_total{<filter>destination_service_name=\"<service>\",\
                destination_service_namespace=\"<namespace>\"}[{{.window}}]))",
        required: &["service", "namespace"],
    },
    Known {
        id: "sloth-common/traefik/v2/availability",
        query: "sum(rate(traefik_service_requests_total{<filter>service=~\"<service_name_regex>\",code=~\"(5..)\"}\
                [{{.window}}])) / \
                sum(rate(traefik_service_requests_total{<filter>service=~\"<service_name_regex>\"}[{{.window}}]))",
        required: &["service_name_regex"],
    },
    Known {
        id: "sloth-common/traefik/v2/latency",
        query: "1 - sum(rate(traefik_service_request_duration_seconds_bucket{<filter><fast>\
                service=~\"<service_name_regex>\",le=\"<bucket>\"}[{{.window}}])) / \
                sum(rate(traefik_service_request_duration_seconds_count{<filter><fast>\
                service=~\"<service_name_regex>\"}[{{.window}}]))",
        required: &["service_name_regex", "bucket"],
    },
    Known {
        id: "sloth-common/prometheus/targets/availability",
        query: "1 - sum(sum_over_time(up{<filter>}[{{.window}}])) / sum(count_over_time(up{<filter>}[{{.window}}]))",
        required: &[],
    },
];

/// What `<…>` is where the option is left out.
const DEFAULTS: [(&str, &str); 1] = [("custom_rcode_regex", "SERVFAIL")];

/// The query that a plugin would write; mistakes and unknown plugins are reported.
pub(super) fn query(value: &Value<'_>) -> Option<(String, String)> {
    let map = value.lenient_map(&PLUGIN)?;
    let id_at = map.get("id")?;
    let id = id_at.nonempty()?;
    let options = match map.get("options") {
        Some(options) => texts(&options)?,
        None => BTreeMap::new(),
    };
    let Some(known) = KNOWN.iter().find(|known| known.id == id) else {
        let near = nearest(&id, KNOWN.iter().map(|known| known.id));
        let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        let help = format!("write the query that the plugin gives under sli.raw.error_ratio_query{near}");
        id_at.error("a plugin is a program, and slowburn does not know this one", help);
        return None;
    };
    let missing = |option: &&&str| options.get(**option).is_none_or(|text| text.trim().is_empty());
    if let Some(option) = known.required.iter().find(missing) {
        value.error(format!("the plugin {id} needs the option {option}"), format!("add {option} under options"));
        return None;
    }
    Some((id, filled(known.query, &options)))
}

fn texts(value: &Value<'_>) -> Option<BTreeMap<String, String>> {
    let entries = value.entries()?;
    Some(entries.into_iter().filter_map(|(key, _, value)| Some((key.to_owned(), value.text()?))).collect())
}

fn filled(query: &str, options: &BTreeMap<String, String>) -> String {
    let option = |name: &str| options.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let filter = option("filter").map(|filter| filter.trim_matches(['{', '}', ',']));
    let filter = filter.filter(|filter| !filter.is_empty()).map(|filter| format!("{filter},")).unwrap_or_default();
    let excludes = matches!(option("exclude_errors"), Some("true" | "True" | "TRUE" | "1" | "t" | "T"));
    let mut query = query.replace("<filter>", &filter).replace("<fast>", if excludes { "code!~\"5..\"," } else { "" });
    for (name, default) in DEFAULTS {
        query = query.replace(&format!("<{name}>"), option(name).unwrap_or(default));
    }
    for (name, text) in options {
        query = query.replace(&format!("<{name}>"), text.trim());
    }
    query
}
