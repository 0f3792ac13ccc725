//! What the engine saw live, replayed: the same counts and the same alerts at the same moments.

use crate::engine::{Installation, Slowburn};
use crate::outage::{ID, SLOS, config, counted, meanwhile, webhook};
use crate::receiver::Receiver;
use crate::service::Service;
use crate::wait::until_true;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

/// Moments of scrapes, and whether each was good.
type Seen = Arc<Mutex<BTreeMap<String, bool>>>;

/// Notes every scrape that the targets' page shows.
async fn look(slowburn: &Slowburn, seen: &Seen) {
    let targets = slowburn.data("/api/v1/targets").await;
    let target = &targets["activeTargets"][0];
    // Right after a start there may be no target yet.
    if let Some(at) = target["lastScrape"].as_str().filter(|at| !at.starts_with("0001")) {
        seen.lock().expect("no panic while held").insert(at.to_owned(), target["health"] == "up");
    }
}

/// The recording: what the service served, at the moments when the engine began to scrape it.
fn recording(service: &Service, seen: &Seen) -> String {
    let (mut bodies, mut text) = (service.served().into_iter(), "# TYPE http_requests counter\n".to_owned());
    let mut ups = "# TYPE up gauge\n".to_owned();
    let own = format!("job=\"shop\",instance=\"{}\"", service.address);
    for (at, up) in seen.lock().expect("no panic while held").iter() {
        let at = slowburn::domain::time::Timestamp::parse(at).expect("a time").as_secs_f64();
        writeln!(ups, "up{{{own}}} {} {at:.3}", u8::from(*up)).expect("written");
        let Some((_, body)) = up.then(|| bodies.next()).flatten() else { continue };
        for line in body.lines().filter(|line| !line.starts_with('#')) {
            writeln!(text, "{} {at:.3}", line.replace('{', &format!("{{{own},"))).expect("written");
        }
    }
    format!("{text}{ups}# EOF\n")
}

#[tokio::test]
async fn a_replay_of_what_was_served_tells_the_same_story() {
    let (service, hook) = (Service::start().await, Receiver::start().await);
    // Evaluated with each scrape and not between, so that both have the same moments. Targets are shown anew each second,
    // so that a scrape each three seconds is not missed.
    let often = "scrape_interval: 3s, evaluation_interval: 1h,";
    let text = config(&service, &webhook(&hook)).replace("scrape_interval: 1s,", often);
    let slos = SLOS.replace("{long: 6s, short: 2s, factor: 2}", "{long: 18s, short: 6s, factor: 2}");
    let installation = Installation::new(&text, &slos);
    let slowburn = installation.start().await;
    let seen = Seen::default();
    until_true("the first scrape", async || {
        look(&slowburn, &seen).await;
        service.scrapes() > 0
    })
    .await;
    let page = async || {
        look(&slowburn, &seen).await;
        hook.accepted().first().cloned()
    };
    meanwhile(&service, "500", "a page", page).await;
    service.set_down(true);
    let scrapes = service.scrapes();
    until_true("failed scrapes", async || {
        look(&slowburn, &seen).await;
        service.scrapes() >= scrapes + 2
    })
    .await;
    service.set_down(false);
    service.restart();
    let resolve = async || {
        look(&slowburn, &seen).await;
        hook.accepted().get(1).cloned()
    };
    meanwhile(&service, "200", "a resolve", resolve).await;
    until_true("all is counted", async || {
        look(&slowburn, &seen).await;
        let all_seen = seen.lock().expect("no panic while held").len() == service.scrapes();
        all_seen && counted(&slowburn).await == service.truth()
    })
    .await;
    let live = slowburn.slo(ID).await;
    slowburn.signal("TERM");
    let (_, log) = slowburn.ended().await;

    installation.write("recorded.om", &recording(&service, &seen));
    let (code, out, err) =
        installation.run(&["replay", "--config", "slowburn.yaml", "--samples", "recorded.om", "--json"]).await;
    assert_eq!(code, Some(0), "{err}");
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let status = lines.iter().find(|line| line["type"] == "slo").expect("a status");
    assert_eq!(status["sli"], live["sli"]);
    assert_eq!(status["budget"]["remaining"], live["budget"]["remaining"]);
    let transitions: Vec<&Value> = lines.iter().filter(|line| line["type"] == "transition").collect();
    let logged: Vec<&str> = log.lines().filter(|line| line.contains("msg=\"alert ")).collect();
    assert_eq!((transitions.len(), logged.len()), (2, 2), "{transitions:?}\n{logged:?}");
    for (transition, line) in transitions.iter().zip(logged) {
        for (field, key) in [("at", "at"), ("burn_long", "burn_long"), ("burn_short", "burn_short")] {
            let value = transition[field].as_str().map_or_else(|| transition[field].to_string(), str::to_owned);
            assert!(line.contains(&value), "{key} {value} is not in {line}");
        }
    }
}
