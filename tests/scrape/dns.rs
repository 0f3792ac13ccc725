//! `dns_sd_configs` against a name server of the test's own.

use crate::setup::{PATIENCE, job, needs};
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, MX, NS, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use hickory_resolver::proto::xfer::Protocol;
use slowburn::config::scrape::{DnsRecord, DnsSd, ScrapeConfig};
use slowburn::source::discovery::NameServers;
use slowburn::source::pool::ScrapePool;
use slowburn::view::DiscoveryView;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

type Answer = Arc<dyn Fn(RecordType) -> Result<Vec<RData>, ResponseCode> + Send + Sync>;

/// A name server that answers every name alike.
async fn name_server(answer: Answer) -> (NameServers, AbortOnDropHandle<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let address = socket.local_addr().expect("an address");
    let task = tokio::spawn(async move {
        let mut packet = [0; 1500];
        while let Ok((length, client)) = socket.recv_from(&mut packet).await {
            let Ok(question) = Message::from_vec(&packet[..length]) else { continue };
            let reply = respond(&question, &answer).to_vec().expect("a message");
            let _ = socket.send_to(&reply, client).await;
        }
    });
    let mut config = ResolverConfig::new();
    config.add_name_server(NameServerConfig::new(address, Protocol::Udp));
    (NameServers::Given(config), AbortOnDropHandle::new(task))
}

fn respond(question: &Message, answer: &Answer) -> Message {
    let mut reply = Message::new();
    reply.set_id(question.id()).set_message_type(MessageType::Response).set_recursion_available(true);
    for query in question.queries() {
        reply.add_query(query.clone());
        match answer(query.query_type()) {
            Ok(records) => {
                reply.add_answers(records.into_iter().map(|data| Record::from_rdata(query.name().clone(), 60, data)));
            }
            Err(code) => {
                reply.set_response_code(code);
            }
        }
    }
    reply
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).expect("a name")
}

fn records(record: RecordType) -> Vec<RData> {
    match record {
        RecordType::SRV => vec![
            RData::SRV(SRV::new(0, 0, 9100, name("b.example."))),
            RData::SRV(SRV::new(0, 0, 9200, name("a.example."))),
        ],
        RecordType::A => vec![RData::A(A(Ipv4Addr::new(192, 0, 2, 7)))],
        RecordType::AAAA => vec![RData::AAAA(AAAA(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7)))],
        RecordType::MX => vec![RData::MX(MX::new(10, name("mail.example.")))],
        RecordType::NS => vec![RData::NS(NS(name("ns.example.")))],
        _ => Vec::new(),
    }
}

fn dns_job(record: DnsRecord, port: Option<u16>) -> ScrapeConfig {
    let names = vec!["_x._tcp.example.".to_owned()];
    let sd = DnsSd { names, record, port, refresh_interval: Duration::from_millis(20) };
    ScrapeConfig { dns_sd_configs: vec![sd], scrape_interval: PATIENCE, ..job("dns") }
}

async fn until(pool: &ScrapePool, what: &str, wanted: impl Fn(&[String], &[DiscoveryView]) -> bool) {
    let labels = || pool.view().iter().map(|target| target.discovered_labels.to_string()).collect::<Vec<_>>();
    let seen = async {
        while !wanted(&labels(), &pool.watch().discovery()) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let seen = tokio::time::timeout(PATIENCE, seen).await;
    assert!(seen.is_ok(), "{what}: {:?} {:?}", labels(), pool.watch().discovery());
}

#[tokio::test]
async fn each_record_type_makes_targets() {
    let (name_servers, _server) = name_server(Arc::new(|record| Ok(records(record)))).await;
    for (record, port, expected) in [
        (
            DnsRecord::Srv,
            None,
            vec![
                r#"__address__="a.example:9200",__meta_dns_name="_x._tcp.example.",__meta_dns_srv_record_port="9200",__meta_dns_srv_record_target="a.example.""#,
                r#"__address__="b.example:9100",__meta_dns_name="_x._tcp.example.",__meta_dns_srv_record_port="9100",__meta_dns_srv_record_target="b.example.""#,
            ],
        ),
        (DnsRecord::A, Some(80), vec![r#"__address__="192.0.2.7:80",__meta_dns_name="_x._tcp.example.""#]),
        (DnsRecord::Aaaa, Some(80), vec![r#"__address__="[2001:db8::7]:80",__meta_dns_name="_x._tcp.example.""#]),
        (
            DnsRecord::Mx,
            None,
            vec![
                r#"__address__="mail.example:25",__meta_dns_mx_record_target="mail.example.",__meta_dns_name="_x._tcp.example.""#,
            ],
        ),
        (
            DnsRecord::Ns,
            Some(53),
            vec![
                r#"__address__="ns.example:53",__meta_dns_name="_x._tcp.example.",__meta_dns_ns_record_target="ns.example.""#,
            ],
        ),
    ] {
        let (out, _attempts) = mpsc::channel(64);
        let config = Arc::new(dns_job(record, port));
        let pool = ScrapePool::with_name_servers(vec![config], needs(&[]), out, name_servers.clone());
        until(&pool, &format!("{record:?}"), |labels, _| {
            labels.len() == expected.len() && labels.iter().zip(&expected).all(|(label, part)| label.contains(part))
        })
        .await;
    }
}

#[tokio::test]
async fn a_failing_name_server_keeps_targets_and_an_empty_answer_ends_them() {
    let code = Arc::new(Mutex::new(None));
    let says = code.clone();
    let answer: Answer = Arc::new(move |record| match *says.lock().expect("no panic") {
        None => Ok(records(record)),
        Some(code) => Err(code),
    });
    let (name_servers, _server) = name_server(answer).await;
    let (out, _attempts) = mpsc::channel(64);
    let config = Arc::new(dns_job(DnsRecord::A, Some(80)));
    let pool = ScrapePool::with_name_servers(vec![config], needs(&[]), out, name_servers);
    let complains =
        |rows: &[DiscoveryView], about: &str| rows[0].problems.iter().any(|problem| problem.contains(about));

    until(&pool, "an answer", |targets, rows| targets.len() == 1 && rows[0].problems.is_empty()).await;
    *code.lock().expect("no panic") = Some(ResponseCode::ServFail);
    until(&pool, "a failure", |_, rows| complains(rows, "_x._tcp.example.: the name server answered")).await;
    assert_eq!(pool.view().len(), 1, "the last good targets stay");
    *code.lock().expect("no panic") = Some(ResponseCode::NXDomain);
    until(&pool, "no such name", |targets, rows| targets.is_empty() && complains(rows, "no A records")).await;
    *code.lock().expect("no panic") = None;
    until(&pool, "it is back", |targets, rows| targets.len() == 1 && rows[0].problems.is_empty()).await;
}
