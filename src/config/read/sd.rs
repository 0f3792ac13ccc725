//! Where targets come from: `static_configs`, `file_sd_configs`, `http_sd_configs`, `dns_sd_configs`.

use super::super::decode::{Field, Map, Shape, Table, Value};
use super::super::scrape::{DnsRecord, DnsSd, FileSd, HttpSd, TargetGroup};
use super::http_config::{self, with_http_fields, with_http_refused};
use std::time::Duration;

pub static STATIC: Table = Table {
    title: "static_config",
    fields: &[
        Field::req("targets", Shape::List(&Shape::Text), "host:port of each target"),
        Field::opt("labels", Shape::Labels, "labels of all these targets"),
    ],
    refused: &[],
};

pub static FILE_SD: Table = Table {
    title: "file_sd_config",
    fields: &[
        Field::req("files", Shape::List(&Shape::Path), "YAML or JSON files; * may stand in the last part of the path"),
        Field::opt("refresh_interval", Shape::Duration, "time between two readings, default 5m"),
    ],
    refused: &[],
};

pub static HTTP_SD: Table = Table {
    title: "http_sd_config",
    fields: with_http_fields!(
        Field::req("url", Shape::Url, "answers target groups as JSON"),
        Field::opt("refresh_interval", Shape::Duration, "time between two requests, default 1m"),
    ),
    refused: with_http_refused!(),
};

const RECORDS: [(&str, DnsRecord); 5] = [
    ("SRV", DnsRecord::Srv),
    ("A", DnsRecord::A),
    ("AAAA", DnsRecord::Aaaa),
    ("MX", DnsRecord::Mx),
    ("NS", DnsRecord::Ns),
];

pub static DNS_SD: Table = Table {
    title: "dns_sd_config",
    fields: &[
        Field::req("names", Shape::List(&Shape::Text), "names to look up"),
        Field::opt("type", Shape::Choice(&["SRV", "A", "AAAA", "MX", "NS"]), "kind of record, default SRV"),
        Field::opt("port", Shape::Integer, "port of the targets, needed unless the records hold it"),
        Field::opt("refresh_interval", Shape::Duration, "time between two look-ups, default 30s"),
    ],
    refused: &[],
};

/// Decodes `static_configs`. Addresses with a path are refused unless relabelling may still change them.
pub fn static_configs(list: &Value<'_>, relabelled: bool) -> Vec<TargetGroup> {
    list.list_of(|value| {
        let map = value.map(&STATIC)?;
        let address = |item: &Value<'_>| {
            let text = item.nonempty()?;
            if text.contains('/') && !relabelled {
                item.error(
                    "a target is host:port, without scheme and path",
                    "use scheme and metrics_path for the others",
                );
            }
            Some(text)
        };
        let targets = map.get("targets").map(|list| list.list_of(address)).unwrap_or_default();
        Some(TargetGroup { targets, labels: map.get("labels").and_then(|v| v.labels()).unwrap_or_default() })
    })
}

/// Decodes `file_sd_configs`; files may appear later.
pub fn file_sd(list: &Value<'_>) -> Vec<FileSd> {
    list.list_of(|value| {
        let map = value.map(&FILE_SD)?;
        let files = map.get("files").map(|list| list.list_of(file)).unwrap_or_default();
        Some(FileSd { files, refresh_interval: refresh_interval(&map, 300) })
    })
}

fn file(value: &Value<'_>) -> Option<std::path::PathBuf> {
    let text = value.nonempty()?;
    let (folder, name) = text.rsplit_once('/').unwrap_or(("", &text));
    if folder.contains('*') || name.matches('*').count() > 1 {
        value.error("only one * can stand in the last part of the path", "write it like targets/*.json");
    }
    if ![".json", ".yml", ".yaml"].iter().any(|end| name.ends_with(end)) {
        value.error("the file's kind can't be told", "end the name with .json, .yml or .yaml");
    }
    Some(value.context().resolve(&text))
}

/// Decodes `http_sd_configs`.
pub fn http_sd(list: &Value<'_>) -> Vec<HttpSd> {
    list.list_of(|value| {
        let map = value.map(&HTTP_SD)?;
        let (http, refresh_interval) = (http_config::read_inline(&map), refresh_interval(&map, 60));
        Some(HttpSd { url: map.get("url")?.http_url()?, refresh_interval, http })
    })
}

/// Decodes `dns_sd_configs`.
pub fn dns_sd(list: &Value<'_>) -> Vec<DnsSd> {
    list.list_of(|value| {
        let map = value.map(&DNS_SD)?;
        let record = match map.get("type") {
            Some(kind) => kind.choice(&RECORDS).unwrap_or(DnsRecord::Srv),
            None => DnsRecord::Srv,
        };
        let port = map.get("port").and_then(|value| port(&value));
        if !map.has("port") && !matches!(record, DnsRecord::Srv | DnsRecord::Mx) {
            value.error("records of this type hold no port", "add port: 8080");
        }
        let names = map.get("names").map(|list| list.list_of(|item| item.nonempty())).unwrap_or_default();
        Some(DnsSd { names, record, port, refresh_interval: refresh_interval(&map, 30) })
    })
}

fn port(value: &Value<'_>) -> Option<u16> {
    let port = u16::try_from(value.integer()?).ok().filter(|port| *port > 0);
    if port.is_none() {
        value.error("not a port", "write a number from 1 to 65535");
    }
    port
}

fn refresh_interval(map: &Map<'_>, default_seconds: u64) -> Duration {
    let given = map.get("refresh_interval").and_then(|value| value.positive_duration());
    given.unwrap_or(Duration::from_secs(default_seconds))
}
