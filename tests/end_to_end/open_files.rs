//! The limit of open files: as high as the system lets it be, and told where that is low.

use crate::engine::{BINARY, Installation, Slowburn};
use crate::outage::{SLOS, config};
use crate::service::Service;
use tokio::process::Command;

/// Runs under a soft and a hard limit of open files; the soft one while it runs, and what it logged.
async fn run_under(soft: u32, hard: u32) -> (String, String) {
    let service = Service::start().await;
    let hook = "    webhook_configs: [{url: 'http://127.0.0.1:1/'}]";
    let installation = Installation::new(&config(&service, hook), SLOS);
    let mut command = Command::new("prlimit");
    command.arg(format!("--nofile={soft}:{hard}")).arg(BINARY);
    command.args(["run", "--web.listen", "127.0.0.1:0", "--config"]).arg(installation.path("slowburn.yaml"));
    let slowburn = Slowburn::start(command).await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", slowburn.pid())).expect("its limits");
    let line = limits.lines().find(|line| line.starts_with("Max open files")).expect("that of open files");
    (line.split_whitespace().nth(3).expect("the soft one").to_owned(), slowburn.log())
}

#[tokio::test]
async fn the_soft_limit_becomes_the_hard_one() {
    let (limit, log) = run_under(256, 5000).await;
    assert_eq!(limit, "5000");
    assert!(log.contains("files that may be open at once") && log.contains("limit=5000"), "{log}");
}

#[tokio::test]
async fn a_limit_that_stays_low_is_told() {
    let (limit, log) = run_under(256, 800).await;
    assert_eq!(limit, "800");
    assert!(log.contains("level=warn") && log.contains("limit=800") && log.contains("LimitNOFILE"), "{log}");
}
