//! `/metrics` under the eyes of Prometheus's own checker.

use crate::engine::Installation;
use crate::outage::{SLOS, config, meanwhile, until_exact, webhook};
use crate::receiver::Receiver;
use crate::service::Service;
use crate::wait::until_true;
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// promtool's exit code and complaints.
async fn promtool(text: &str) -> (Option<i32>, String) {
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("promtool (from the Debian package prometheus) runs");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).await.expect("read");
    let output = child.wait_with_output().await.expect("it ends");
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[tokio::test]
async fn metrics_pass_promtool_and_show_the_true_counts() {
    let (service, hook) = (Service::start().await, Receiver::start().await);
    let installation = Installation::new(&config(&service, &webhook(&hook)), SLOS);
    let slowburn = installation.start().await;
    until_true("the first scrape", async || service.scrapes() > 0).await;
    meanwhile(&service, "500", "a page", async || hook.accepted().first().cloned()).await;
    until_exact(&slowburn, &service).await;
    let text = slowburn.text("/metrics").await;
    let (code, complaints) = promtool(&text).await;
    assert_eq!((code, complaints.as_str()), (Some(0), ""), "{text}");
    let truth = service.truth();
    for line in [
        format!("slo_events_total{{outcome=\"bad\",service=\"shop\",slo=\"availability\"}} {}", truth.bad),
        "slo_alert_firing{service=\"shop\",severity=\"page\",slo=\"availability\"} 1".to_owned(),
        "slo_objective_ratio{service=\"shop\",slo=\"availability\"} 0.9".to_owned(),
    ] {
        assert!(has_line(&text, &line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn an_idle_engine_shows_that_it_lives_and_sleeps_in_between() {
    let service = Service::start().await;
    let text = config(&service, &webhook(&Receiver::start().await));
    let rarely = text.replace("scrape_interval: 1s,", "scrape_interval: 1h, evaluation_interval: 1h,");
    let slowburn = Installation::new(&rarely, SLOS).start().await;
    let mut publications: Vec<f64> = Vec::new();
    // What comes in a start's first seconds is published too.
    until_true("two long pauses between publications, one after the other", async || {
        let text = slowburn.text("/metrics").await;
        let found = text.lines().find_map(|line| line.strip_prefix("slowburn_last_publication_timestamp_seconds "));
        let at: f64 = found.expect("it has published").trim().parse().expect("a number");
        if publications.last() != Some(&at) {
            publications.push(at);
        }
        let last: Vec<f64> = publications.windows(2).map(|pair| pair[1] - pair[0]).collect();
        last.windows(2).any(|pauses| pauses.iter().all(|pause| (5.0..20.0).contains(pause)))
    })
    .await;
}

/// Whether a sample is there, in whatever order its labels are and however its value is written.
fn has_line(text: &str, wanted: &str) -> bool {
    let parts = |line: &str| {
        let (name, rest) = line.split_once('{')?;
        let (labels, value) = rest.split_once("} ")?;
        let mut labels: Vec<String> = labels.split(',').map(str::to_owned).collect();
        labels.sort();
        Some((name.to_owned(), labels, value.trim().parse::<f64>().ok()?))
    };
    text.lines().any(|line| parts(line).is_some_and(|found| Some(found) == parts(wanted)))
}
