//! Ends of the process, wanted and unwanted: what was counted stays counted, what was to be told is told.

use crate::engine::{Installation, Slowburn, bytes, finished};
use crate::outage::{ID, SLOS, config, counted, meanwhile, statuses, until_exact, webhook};
use crate::receiver::Receiver;
use crate::service::Service;
use crate::wait::until_true;
use std::time::Duration;
use tokio::net::TcpListener;

const KILLS: usize = 20;

/// Where a run of the test goes its own way: the moments of the kills.
fn seed() -> u64 {
    std::env::var("SLOWBURN_KILL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

#[tokio::test]
async fn twenty_kills_lose_no_event_and_no_page() {
    let (service, hook) = (Service::start().await, Receiver::start().await);
    let installation = Installation::new(&config(&service, &webhook(&hook)), SLOS);
    let mut rng = fastrand::Rng::with_seed(seed());
    let mut slowburn = installation.start().await;
    until_true("the first scrape", async || service.scrapes() > 0).await;
    meanwhile(&service, "200", "counting begins", async || (counted(&slowburn).await.total > 0.0).then_some(())).await;
    for kill in 0..KILLS {
        // Outages and quiet stretches in turn, so that pages and resolves are under way when it strikes.
        let code = if kill % 4 < 2 { "500" } else { "200" };
        let strike = Duration::from_millis(rng.u64(0..2500));
        let _struck = tokio::time::timeout(strike, async {
            loop {
                service.happen("/cart", code, 5);
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        })
        .await;
        slowburn.kill().await;
        service.happen("/cart", code, 11);
        slowburn = installation.start().await;
        until_exact(&slowburn, &service).await;
    }
    let before = hook.accepted().len();
    meanwhile(&service, "500", "it fires at last", async || {
        let critical = slowburn.slo(ID).await["state"] == "critical";
        (critical && hook.accepted().last().is_some_and(|last| last["status"] == "firing")).then_some(())
    })
    .await;
    meanwhile(&service, "200", "and is over", async || {
        (hook.accepted().last().is_some_and(|last| last["status"] == "resolved")).then_some(())
    })
    .await;
    until_exact(&slowburn, &service).await;
    let heard = hook.accepted();
    let repeats = heard.windows(2).filter(|pair| pair[0]["status"] == pair[1]["status"]).count();
    assert!(repeats <= KILLS, "{repeats} repeats: {:?}", statuses(&heard));
    assert!(heard.len() >= before, "{:?}", statuses(&heard));
    assert_eq!(statuses(&heard).first(), Some(&"firing"), "nothing resolves that never fired");
}

/// A receiver holds the end up; who asks meanwhile does not wait for it.
#[tokio::test]
async fn who_asks_while_it_ends_is_told_so_at_once() {
    let (service, silent) = (Service::start().await, TcpListener::bind("127.0.0.1:0").await.unwrap());
    let hook = format!("    webhook_configs: [{{url: 'http://{}/hook'}}]", silent.local_addr().unwrap());
    let installation = Installation::new(&config(&service, &hook), SLOS);
    let slowburn = installation.start().await;
    let asked = async { silent.accept().await.unwrap().0 };
    let breaking = async {
        loop {
            service.happen("/cart", "500", 5);
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    };
    let connection = tokio::select! {
        connection = asked => connection,
        () = breaking => unreachable!("it goes on"),
    };
    slowburn.signal("TERM");
    let url = format!("{}/-/healthy", slowburn.url);
    until_true("the end is told", async || reqwest::get(&url).await.expect("it answers").status() == 503).await;
    let (status, text) = slowburn.post("/-/reload").await;
    assert_eq!((status, text.trim()), (500, "failed to reload config: the engine has stopped"));
    drop((connection, silent));
    assert!(slowburn.ended().await.0.success());
}

#[tokio::test]
async fn sigterm_ends_in_order_and_the_next_start_goes_on() {
    let (service, hook) = (Service::start().await, Receiver::start().await);
    let installation = Installation::new(&config(&service, &webhook(&hook)), SLOS);
    let slowburn = installation.start().await;
    until_true("the first scrape", async || service.scrapes() > 0).await;
    meanwhile(&service, "500", "a page", async || hook.accepted().first().cloned()).await;
    slowburn.signal("TERM");
    let ended = tokio::time::timeout(Duration::from_secs(15), slowburn.ended()).await;
    let (status, log) = ended.expect("it ends within seconds");
    assert_eq!(status.code(), Some(0), "{log}");
    service.happen("/cart", "500", 40);
    let slowburn = installation.start().await;
    until_exact(&slowburn, &service).await;
    assert_eq!(slowburn.slo(ID).await["state"], "critical", "it fires on");
    meanwhile(&service, "200", "the resolve", async || hook.accepted().get(1).cloned()).await;
    assert_eq!(statuses(&hook.accepted()), ["firing", "resolved"], "the page was not repeated");
    until_exact(&slowburn, &service).await;
}

/// A command about the data: its exit code and all it said.
async fn command(installation: &Installation, words: &[&str]) -> (Option<i32>, String) {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_slowburn"));
    command.args(words).arg("--config").arg(installation.path("slowburn.yaml"));
    let (code, stdout, stderr) = finished(&mut command).await;
    (code, stdout + &stderr)
}

#[tokio::test]
async fn a_running_engine_is_backed_up_and_goes_on_from_the_backup() {
    let service = Service::start().await;
    let hook = "    webhook_configs: [{url: 'http://127.0.0.1:1/'}]";
    let installation = Installation::new(&config(&service, hook), SLOS);
    let slowburn = installation.start().await;
    until_true("the first scrape", async || service.scrapes() > 0).await;
    meanwhile(&service, "200", "counting begins", async || (counted(&slowburn).await.total > 0.0).then_some(())).await;
    until_exact(&slowburn, &service).await;
    let (file, before) = (installation.path("copy.db"), counted(&slowburn).await);
    let file = file.to_str().expect("a path in UTF-8");
    let (code, said) = command(&installation, &["backup", file]).await;
    assert!(code == Some(0) && said.contains("every checksum is right"), "{said}");
    let (code, said) = command(&installation, &["backup", file]).await;
    assert!(code == Some(2) && said.contains("writes over no file"), "{said}");
    let (code, said) = command(&installation, &["restore", file, "--replace"]).await;
    assert!(code == Some(2) && said.contains("in use by another slowburn"), "{said}");

    service.happen("/cart", "200", 17);
    until_exact(&slowburn, &service).await;
    slowburn.kill().await;
    let (code, said) = command(&installation, &["restore", file]).await;
    assert!(code == Some(2) && said.contains("--replace"), "{said}");
    let (code, said) = command(&installation, &["restore", file, "--replace"]).await;
    assert_eq!(code, Some(0), "{said}");
    let slowburn = installation.start().await;
    assert!(counted(&slowburn).await.total >= before.total, "what the backup held is there");
    // The targets' counters still show what the backup did not see.
    until_exact(&slowburn, &service).await;
}

/// Starts and expects it to end by itself: exit code 2 and what it said.
async fn refused(installation: &Installation) -> String {
    let (code, _, stderr) = finished(&mut installation.run_command()).await;
    assert_eq!(code, Some(2), "{stderr}");
    assert!(!stderr.contains("panicked") && stderr.lines().count() < 6, "{stderr}");
    stderr
}

#[tokio::test]
async fn one_engine_for_each_data_directory() {
    let service = Service::start().await;
    let installation =
        Installation::new(&config(&service, "    webhook_configs: [{url: 'http://127.0.0.1:1/'}]"), SLOS);
    let first: Slowburn = installation.start().await;
    let said = refused(&installation).await;
    assert!(said.contains("in use by another slowburn") && said.contains(&first.pid().to_string()), "{said}");
    assert_eq!(first.text("/-/healthy").await, "slowburn is Healthy.\n", "the first one does not mind");
}

#[tokio::test]
async fn a_busy_port_is_named() {
    let service = Service::start().await;
    let installation =
        Installation::new(&config(&service, "    webhook_configs: [{url: 'http://127.0.0.1:1/'}]"), SLOS);
    let mut command = tokio::process::Command::new(crate::engine::BINARY);
    command
        .args(["run", "--web.listen", &service.address.to_string(), "--config"])
        .arg(installation.path("slowburn.yaml"));
    let (code, _, stderr) = finished(&mut command).await;
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains(&service.address.to_string()) && stderr.contains("web.listen"), "{stderr}");
    assert!(!installation.path("data").exists(), "nothing was begun");
}

#[tokio::test]
async fn a_damaged_store_is_refused_and_left_as_it_is() {
    let service = Service::start().await;
    let installation =
        Installation::new(&config(&service, "    webhook_configs: [{url: 'http://127.0.0.1:1/'}]"), SLOS);
    let slowburn = installation.start().await;
    until_true("a scrape", async || service.scrapes() > 1).await;
    slowburn.signal("TERM");
    assert_eq!(slowburn.ended().await.0.code(), Some(0));
    let file = installation.path("data/slowburn.db");
    let mut content = bytes(&file);
    // A page in the middle is overwritten: the disk lied.
    let middle = content.len() / 2 / 4096 * 4096;
    content[middle..middle + 4096].fill(0x5a);
    std::fs::write(&file, &content).expect("written");
    let said = refused(&installation).await;
    assert!(said.contains("is damaged") && said.contains("slowburn.db") && said.contains("backup"), "{said}");
    assert!(bytes(&file) == content, "the file is untouched");
}
