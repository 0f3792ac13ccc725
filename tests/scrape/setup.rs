//! Jobs, targets and attempts with sensible values, so that a test names only what it is about.

use slowburn::clock;
use slowburn::config::auth::HttpConfig;
use slowburn::config::scrape::{ScrapeConfig, TargetGroup};
use slowburn::domain::labels::Labels;
use slowburn::domain::reading::{Outcome, Sample};
use slowburn::domain::selection::Selection;
use slowburn::domain::selector_text::parse_selector;
use slowburn::domain::setup::JobPolicy;
use slowburn::http::Rotating;
use slowburn::source::scrape::{Attempt, Scraper, SelectorsFor};
use slowburn::source::target::{ScrapeTarget, discovered};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};

/// No step of a test may take longer; reached only when something is broken.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A job of Prometheus's defaults, apart from an interval that lets a test see several attempts.
pub fn job(name: &str) -> ScrapeConfig {
    ScrapeConfig {
        job_name: name.to_owned(),
        static_configs: Vec::new(),
        file_sd_configs: Vec::new(),
        http_sd_configs: Vec::new(),
        dns_sd_configs: Vec::new(),
        scheme: "http".to_owned(),
        metrics_path: "/metrics".to_owned(),
        params: Vec::new(),
        scrape_interval: Duration::from_millis(100),
        scrape_timeout: Duration::from_millis(100),
        honor_labels: false,
        honor_timestamps: true,
        http: HttpConfig::default(),
        body_size_limit: 64 << 20,
        sample_limit: 0,
        label_limit: 0,
        label_name_length_limit: 0,
        label_value_length_limit: 0,
        target_limit: 0,
        relabel_configs: Vec::new(),
        metric_relabel_configs: Vec::new(),
        policy: JobPolicy::default(),
    }
}

/// The same with time enough for one careful attempt.
pub fn patient_job() -> ScrapeConfig {
    ScrapeConfig { scrape_interval: PATIENCE, scrape_timeout: PATIENCE, ..job("test") }
}

pub fn group(addresses: &[&str]) -> TargetGroup {
    TargetGroup { targets: addresses.iter().map(|&address| address.to_owned()).collect(), labels: Labels::new() }
}

/// The target at an address, as the job makes it.
pub fn target(config: &ScrapeConfig, address: impl ToString) -> ScrapeTarget {
    let labels = Labels::new().with("__address__", address.to_string());
    discovered(config, &labels).expect("a target").target.expect("not dropped")
}

pub fn selectors(texts: &[&str]) -> Selection {
    texts.iter().map(|text| parse_selector(text).expect("a selector")).collect()
}

pub fn needs(texts: &[&str]) -> SelectorsFor {
    let selectors = selectors(texts);
    Arc::new(move |_| selectors.clone())
}

/// A scraper that needs the series `wanted_total`.
pub fn scraper(config: ScrapeConfig, address: impl ToString) -> Scraper {
    let target = target(&config, address);
    let client = Arc::new(Rotating::new(config.http.clone(), PATIENCE));
    Scraper::new(Arc::new(config), target, client, Arc::new(Semaphore::new(1)), selectors(&["wanted_total"]))
}

/// One attempt.
pub async fn attempt(config: ScrapeConfig, address: impl ToString) -> Attempt {
    scraper(config, address).attempt(clock::now()).await
}

/// Why an attempt failed; the engine and the page are told the same.
pub fn failure(attempt: &Attempt) -> &str {
    match &attempt.scrape.outcome {
        Outcome::Failed(reason) => {
            assert_eq!(attempt.view.error.as_deref(), Some(reason.as_str()));
            assert!(!reason.contains('\n'), "one line: {reason}");
            reason
        }
        Outcome::Read(reading) => panic!("the attempt succeeded with {reading:?}"),
    }
}

/// What an attempt read.
pub fn samples(attempt: &Attempt) -> &[Sample] {
    match &attempt.scrape.outcome {
        Outcome::Read(reading) => {
            assert_eq!(attempt.view.error, None);
            &reading.samples
        }
        Outcome::Failed(reason) => panic!("the attempt failed: {reason}"),
    }
}

/// The next attempt that satisfies `wanted`.
pub async fn next(attempts: &mut mpsc::Receiver<Attempt>, wanted: impl Fn(&Attempt) -> bool) -> Attempt {
    let search = async {
        loop {
            let attempt = attempts.recv().await.expect("the pool runs");
            if wanted(&attempt) {
                return attempt;
            }
        }
    };
    tokio::time::timeout(PATIENCE, search).await.expect("such an attempt comes")
}

pub fn instance(attempt: &Attempt) -> &str {
    &attempt.scrape.target.id.instance
}
