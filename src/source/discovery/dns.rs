//! `dns_sd_configs`: names whose records are targets.
//!
//! Answers are not cached here, `refresh_interval` says how old they may be. A name without records has no targets; a
//! name server that fails or does not answer leaves the name's last good targets in place.

use super::{Reporter, pause};
use crate::config::scrape::{DnsRecord, DnsSd};
use crate::domain::labels::Labels;
use futures_util::future::join_all;
use hickory_resolver::config::{ResolveHosts, ResolverConfig};
use hickory_resolver::name_server::TokioConnectionProvider;
use hickory_resolver::proto::ProtoErrorKind;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::{ResolveError, TokioResolver};
use std::collections::BTreeMap;

/// Who is asked.
#[derive(Clone, Debug, Default)]
pub enum NameServers {
    /// The system's own.
    #[default]
    System,
    Given(ResolverConfig),
}

const MX_PORT: u16 = 25;

pub(super) async fn run(sd: DnsSd, name_servers: NameServers, reporter: Reporter) {
    let mut known = BTreeMap::new();
    loop {
        // The system's configuration may change (a laptop, a VPN): it is read at each refresh.
        let problems = match resolver(&name_servers) {
            Ok(resolver) => refresh(&resolver, &sd, &mut known).await,
            Err(error) => vec![format!("the system's name servers are unknown: {error}")],
        };
        if !reporter.report(known.values().flatten().cloned().collect(), problems).await {
            return;
        }
        pause(sd.refresh_interval).await;
    }
}

/// Asks for all names at once and answers what went wrong.
async fn refresh(resolver: &TokioResolver, sd: &DnsSd, known: &mut BTreeMap<String, Vec<Labels>>) -> Vec<String> {
    let answers = join_all(sd.names.iter().map(|name| lookup(resolver, sd, name))).await;
    let mut problems = Vec::new();
    for (name, answer) in sd.names.iter().zip(answers) {
        match answer {
            Ok(targets) => {
                if targets.is_empty() {
                    problems.push(format!("{name}: no {} records", record_type(sd.record)));
                }
                known.insert(name.clone(), targets);
            }
            Err(error) => problems.push(format!("{name}: {error}")),
        }
    }
    problems
}

fn resolver(name_servers: &NameServers) -> Result<TokioResolver, ResolveError> {
    let mut builder = match name_servers {
        NameServers::System => TokioResolver::builder_tokio()?,
        NameServers::Given(config) => {
            TokioResolver::builder_with_config(config.clone(), TokioConnectionProvider::default())
        }
    };
    let options = builder.options_mut();
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    Ok(builder.build())
}

fn record_type(record: DnsRecord) -> RecordType {
    match record {
        DnsRecord::Srv => RecordType::SRV,
        DnsRecord::A => RecordType::A,
        DnsRecord::Aaaa => RecordType::AAAA,
        DnsRecord::Mx => RecordType::MX,
        DnsRecord::Ns => RecordType::NS,
    }
}

async fn lookup(resolver: &TokioResolver, sd: &DnsSd, name: &str) -> Result<Vec<Labels>, String> {
    let answer = match resolver.lookup(name, record_type(sd.record)).await {
        Ok(answer) => answer,
        Err(error) if has_no_records(&error) => return Ok(Vec::new()),
        Err(error) => return Err(describe(&error)),
    };
    let mut targets: Vec<Labels> = answer.iter().filter_map(|data| target(sd, name, data)).collect();
    // Name servers rotate their answers; the order of targets must not.
    targets.sort();
    Ok(targets)
}

fn has_no_records(error: &ResolveError) -> bool {
    let kind = error.proto().map(|error| error.kind());
    matches!(
        kind,
        Some(ProtoErrorKind::NoRecordsFound { response_code: ResponseCode::NoError | ResponseCode::NXDomain, .. })
    )
}

fn describe(error: &ResolveError) -> String {
    match error.proto().map(|error| error.kind()) {
        Some(ProtoErrorKind::NoRecordsFound { response_code, .. }) => {
            format!("the name server answered {response_code}")
        }
        Some(ProtoErrorKind::Timeout) => "the name server did not answer in time".to_owned(),
        _ => error.to_string().replace('\n', " "),
    }
}

/// The labels of one record; `None` for records on the way (CNAME) and records without a port.
fn target(sd: &DnsSd, name: &str, data: &RData) -> Option<Labels> {
    let labels = Labels::new().with("__meta_dns_name", name);
    let with = |labels: Labels, host: &str, port: u16| {
        let host = host.trim_end_matches('.');
        let address = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        labels.with("__address__", address)
    };
    let labels = match data {
        RData::SRV(srv) => {
            let host = srv.target().to_string();
            let labels = labels
                .with("__meta_dns_srv_record_target", &host)
                .with("__meta_dns_srv_record_port", srv.port().to_string());
            with(labels, &host, srv.port())
        }
        RData::A(ip) => with(labels, &ip.to_string(), sd.port?),
        RData::AAAA(ip) => with(labels, &ip.to_string(), sd.port?),
        RData::MX(mx) => {
            let host = mx.exchange().to_string();
            with(labels.with("__meta_dns_mx_record_target", &host), &host, sd.port.unwrap_or(MX_PORT))
        }
        RData::NS(ns) => {
            let host = ns.to_string();
            with(labels.with("__meta_dns_ns_record_target", &host), &host, sd.port?)
        }
        _ => return None,
    };
    Some(labels)
}
