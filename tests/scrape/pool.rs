//! The pool: steady phases, independence of targets, reloads, limits.

use crate::server::{Reply, Server, answer, ok};
use crate::setup::{PATIENCE, failure, group, instance, job, needs, next, samples, target};
use slowburn::config::auth::HttpConfig;
use slowburn::config::scrape::{HttpSd, ScrapeConfig};
use slowburn::domain::reading::Outcome;
use slowburn::domain::time::Timestamp;
use slowburn::source::pool::ScrapePool;
use slowburn::source::schedule::Schedule;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

const METRICS: &str = "wanted_total 1\nother_total 2\n";

fn scraping(name: &str, addresses: &[&str]) -> ScrapeConfig {
    ScrapeConfig { static_configs: vec![group(addresses)], ..job(name) }
}

#[tokio::test]
async fn attempts_keep_their_phase_and_a_restart_finds_it_again() {
    let server = Server::with_text(METRICS).await;
    let address = server.address.to_string();
    let interval = Duration::from_millis(200);
    let config = Arc::new(ScrapeConfig { scrape_interval: interval, ..scraping("j", &[&address]) });
    let deadline = Schedule::new(&target(&config, &address).target.id, interval).next(Timestamp(0));
    let mut punctual = 0;
    for _ in 0..2 {
        let (out, mut attempts) = mpsc::channel(64);
        let pool = ScrapePool::new(vec![config.clone()], needs(&["wanted_total"]), out);
        let mut before = Timestamp(0);
        for _ in 0..5 {
            let attempt = next(&mut attempts, |_| true).await;
            assert_eq!(samples(&attempt).len(), 1);
            assert!(attempt.scrape.at > before, "time moves on");
            before = attempt.scrape.at;
            punctual += usize::from((before.0 - deadline.0).rem_euclid(200) < 50);
        }
        pool.shutdown().await;
    }
    // Attempts at random moments would hit this quarter of the interval 2 or 3 times; a busy machine delays some.
    assert!(punctual >= 7, "{punctual} of 10 attempts kept the phase");
}

#[tokio::test]
async fn hanging_and_huge_targets_delay_nobody() {
    let hanging = Server::start(|_| Reply::Hang(Vec::new())).await;
    let endless =
        Server::start(|_| Reply::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), b"other_total 1\n".repeat(512))).await;
    let good = Server::with_text(METRICS).await;
    let addresses = [hanging.address.to_string(), endless.address.to_string(), good.address.to_string()];
    let [hanging, endless, good] = addresses.each_ref().map(String::as_str);
    // The hanging target uses all of its two seconds; the good one is due twenty times in them.
    let long = Duration::from_secs(2);
    let slow = ScrapeConfig {
        body_size_limit: 32 << 20,
        scrape_interval: long,
        scrape_timeout: long,
        ..scraping("slow", &[hanging, endless])
    };
    let (out, mut attempts) = mpsc::channel(64);
    let configs = vec![Arc::new(slow), Arc::new(scraping("good", &[good]))];
    let _pool = ScrapePool::new(configs, needs(&["wanted_total"]), out);
    let mut good_times = Vec::new();
    let mut slow_seen = BTreeMap::new();
    while slow_seen.len() < 2 || good_times.len() < 20 {
        let attempt = next(&mut attempts, |_| true).await;
        if instance(&attempt) == good {
            assert_eq!(samples(&attempt).len(), 1);
            good_times.push(attempt.scrape.at);
        } else {
            slow_seen.insert(instance(&attempt).to_owned(), failure(&attempt).to_owned());
        }
    }
    assert_eq!(slow_seen[hanging], "timeout after 2s");
    let longest = good_times.windows(2).map(|pair| pair[1].since(pair[0])).max();
    assert!(longest < Some(long / 2), "the good target waited {longest:?}");
}

#[tokio::test]
async fn the_view_shows_the_last_attempt_and_dropped_targets() {
    let server = Server::start(|_| Reply::Send(answer("503 Service Unavailable", "", ""))).await;
    let address = server.address.to_string();
    let mut config = scraping("j", &[&address, "dropped:1"]);
    config.relabel_configs.push(slowburn::config::scrape::RelabelConfig {
        source_labels: vec!["__address__".into()],
        separator: ";".into(),
        regex: regex::Regex::new("^(?s:dropped:.*)$").expect("a regular expression"),
        target_label: String::new(),
        replacement: String::new(),
        modulus: 0,
        action: slowburn::config::scrape::RelabelAction::Drop,
    });
    let (out, mut attempts) = mpsc::channel(64);
    let pool = ScrapePool::new(vec![Arc::new(config)], needs(&[]), out);
    next(&mut attempts, |_| true).await;
    let view = pool.view();
    assert_eq!(view.len(), 2);
    assert_eq!((view[0].url.as_str(), view[0].dropped), (format!("http://{address}/metrics").as_str(), false));
    let last = view[0].last.as_ref().expect("one attempt was made");
    assert_eq!(last.error.as_deref(), Some("HTTP status 503 Service Unavailable"));
    assert!(view[1].dropped && view[1].last.is_none());
    assert_eq!(view[1].discovered_labels.get("__address__"), Some("dropped:1"));
}

#[tokio::test]
async fn a_reload_keeps_starts_and_ends_targets() {
    let (kept, gone, new) =
        (Server::with_text(METRICS).await, Server::with_text(METRICS).await, Server::with_text(METRICS).await);
    let address = |server: &Server| server.address.to_string();
    let (out, mut attempts) = mpsc::channel(1);
    let before = scraping("j", &[&address(&kept), &address(&gone)]);
    let mut pool = ScrapePool::new(vec![Arc::new(before)], needs(&["wanted_total"]), out);
    for server in [&kept, &gone] {
        let first = next(&mut attempts, |attempt| instance(attempt) == address(server)).await;
        assert_eq!(samples(&first)[0].series.name, "wanted_total");
    }

    let after = scraping("j", &[&address(&kept), &address(&new)]);
    let other = scraping("other", &[&address(&new)]);
    pool.reload(vec![Arc::new(other), Arc::new(after)], needs(&["other_total"]));
    let is = |server: &Server, job: &str| {
        let (address, job) = (address(server), job.to_owned());
        move |attempt: &slowburn::source::scrape::Attempt| {
            instance(attempt) == address
                && attempt.scrape.target.id.job == job
                && matches!(&attempt.scrape.outcome, Outcome::Read(r) if r.samples[0].series.name == "other_total")
        }
    };
    next(&mut attempts, is(&new, "j")).await;
    next(&mut attempts, is(&new, "other")).await;
    next(&mut attempts, is(&kept, "j")).await;
    assert_eq!(kept.connections(), 1, "the connection was kept");
    let jobs: Vec<_> = pool
        .view()
        .iter()
        .map(|target| (target.job.clone(), target.labels.get("instance").map(str::to_owned)))
        .collect();
    let mut expected = vec![("j".to_owned(), Some(address(&kept))), ("j".to_owned(), Some(address(&new)))];
    expected.sort();
    assert_eq!(jobs[0], ("other".to_owned(), Some(address(&new))));
    assert_eq!(jobs[1..], expected);
    let asked = gone.requests().len();
    for _ in 0..6 {
        let attempt = next(&mut attempts, |_| true).await;
        assert_ne!(instance(&attempt), address(&gone));
    }
    assert_eq!(gone.requests().len(), asked, "a removed target is left alone");

    pool.reload(Vec::new(), needs(&[]));
    assert_eq!(pool.view().len(), 0);
}

#[tokio::test]
async fn changed_settings_reach_running_targets() {
    let server = Server::with_text(METRICS).await;
    let address = server.address.to_string();
    let (out, mut attempts) = mpsc::channel(1);
    let config = scraping("j", &[&address]);
    let mut pool = ScrapePool::new(vec![Arc::new(config.clone())], needs(&["wanted_total"]), out);
    samples(&next(&mut attempts, |_| true).await);
    let limited = ScrapeConfig { body_size_limit: 3, ..config.clone() };
    pool.reload(vec![Arc::new(limited)], needs(&["wanted_total"]));
    let failed = next(&mut attempts, |attempt| attempt.view.error.is_some()).await;
    assert_eq!(failure(&failed), "the body is larger than the limit of 3 bytes");
    let view = pool.view();
    assert!(view[0].last.is_some(), "the story of the target goes on");
    pool.reload(vec![Arc::new(config)], needs(&["wanted_total"]));
    next(&mut attempts, |attempt| attempt.view.error.is_none()).await;
}

#[tokio::test]
async fn too_many_targets_are_all_refused_and_told() {
    let server = Server::with_text(METRICS).await;
    let address = server.address.to_string();
    let config = ScrapeConfig { target_limit: 1, ..scraping("j", &[&address, "other:1"]) };
    let (out, mut attempts) = mpsc::channel(64);
    let pool = ScrapePool::new(vec![Arc::new(config)], needs(&["wanted_total"]), out);
    for wanted in [address.as_str(), "other:1"] {
        let attempt = next(&mut attempts, |attempt| instance(attempt) == wanted).await;
        assert_eq!(failure(&attempt), "2 targets are more than target_limit, 1");
    }
    assert_eq!(server.requests().len(), 0);
    assert!(format!("{:?}", pool.watch().discovery()).contains("target_limit"));
}

#[tokio::test]
async fn shutdown_does_not_wait_for_a_hanging_target() {
    let server = Server::start(|_| Reply::Hang(Vec::new())).await;
    let address = server.address.to_string();
    let long = Duration::from_secs(2);
    let config = ScrapeConfig { scrape_interval: long, scrape_timeout: long, ..scraping("j", &[&address]) };
    let (out, mut attempts) = mpsc::channel(64);
    let pool = ScrapePool::new(vec![Arc::new(config)], needs(&[]), out);
    let asked = async {
        while server.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("the target is asked");
    tokio::time::timeout(long / 2, pool.shutdown()).await.expect("before the attempt's timeout");
    assert!(attempts.recv().await.is_none(), "the attempt was given up");
}

#[tokio::test]
async fn many_targets_are_scraped_over_kept_connections() {
    let server = Server::with_text(METRICS).await;
    let address = server.address.to_string();
    let groups = (0..300).map(|i| {
        let mut group = group(&[&address]);
        group.labels = [("__param_target", i.to_string()), ("instance", format!("t{i}"))].into_iter().collect();
        group
    });
    let interval = Duration::from_secs(1);
    let static_configs = groups.collect();
    let config = ScrapeConfig { scrape_interval: interval, scrape_timeout: interval, static_configs, ..job("many") };
    let (out, mut attempts) = mpsc::channel(64);
    let pool = ScrapePool::new(vec![Arc::new(config)], needs(&["wanted_total"]), out);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    while seen.len() < 300 || seen.values().any(|count| *count < 3) {
        let attempt = next(&mut attempts, |_| true).await;
        *seen.entry(instance(&attempt).to_owned()).or_default() += samples(&attempt).len();
    }
    let connections = server.connections();
    assert!(connections <= 300, "{connections} connections for 300 targets and 900 attempts");
    assert_eq!(pool.view().len(), 300);
}

#[tokio::test]
async fn targets_of_a_discovery_that_has_not_spoken_since_a_reload_go_on() {
    let target = Server::with_text(METRICS).await;
    let list = format!(r#"[{{"targets":["{}"]}}]"#, target.address);
    let old = Server::start(move |_| Reply::Send(ok("application/json", &list))).await;
    let silent = Server::start(|_| Reply::Hang(Vec::new())).await;
    let asking = |server: &Server| {
        let url = format!("http://{}/sd", server.address);
        let sd = HttpSd { url, refresh_interval: PATIENCE, http: HttpConfig::default() };
        Arc::new(ScrapeConfig { http_sd_configs: vec![sd], ..job("j") })
    };
    let (out, mut attempts) = mpsc::channel(1);
    let mut pool = ScrapePool::new(vec![asking(&old)], needs(&["wanted_total"]), out);
    next(&mut attempts, |_| true).await;
    pool.reload(vec![asking(&silent)], needs(&["wanted_total"]));
    let asked = async {
        while silent.requests().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("the new server is asked");
    for _ in 0..3 {
        samples(&next(&mut attempts, |_| true).await);
    }
    assert_eq!(pool.view().len(), 1);
}
