//! Ten thousand SLOs load as a hundred do.

use super::demo::{self, Shown};
use super::engine::Site;
use slowburn::domain::status::{SloStatus, State};
use std::sync::Arc;

const MANY: usize = 10_000;
/// Bytes that a page may take on the wire.
const LARGEST: usize = 300_000;

fn many() -> slowburn::view::Published {
    let one = Shown {
        service: "service",
        name: "availability",
        description: "Requests of this service succeed, whoever sends them.",
        objective: "99.9",
        group: &[],
        state: State::Ok,
        remaining: Some(0.61),
        burns: [0.0, 0.21, 0.34, 0.28, 0.4, 0.37, 0.42],
        problem: None,
    };
    let mut published = demo::of(&[one]);
    let model = SloStatus::clone(&published.statuses[0]);
    let numbered = |i: usize| {
        let mut status = model.clone();
        status.service = format!("service-{:04}", i / 5);
        status.name = format!("availability-{}", i % 5);
        status.id = format!("{}/{}", status.service, status.name);
        status.budget.remaining = Some(1.0 - (i as f64 * 0.618).fract());
        Arc::new(status.into())
    };
    published.statuses = (0..MANY).map(numbered).collect();
    published
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_slos_are_paged() {
    let site = Site::serve(many()).await;
    rustls::crypto::ring::default_provider().install_default().ok();
    let raw = reqwest::Client::builder().gzip(false).build().unwrap();
    let unpacking = reqwest::Client::new();
    let mut next = Some("./".to_owned());
    let mut pages = 0;
    while let Some(path) = next.take().filter(|_| pages < 3) {
        let address = reqwest::Url::parse(&site.base).unwrap().join(&path).unwrap();
        let answer = raw.get(address.clone()).header("accept-encoding", "gzip").send().await.unwrap();
        assert_eq!(answer.headers()["content-encoding"], "gzip");
        let wire = answer.bytes().await.unwrap().len();
        assert!(wire < LARGEST, "{wire} bytes");
        let html = unpacking.get(address).send().await.unwrap().text().await.unwrap();
        assert_eq!(html.matches("class=\"r-ok\"").count(), 100);
        next = html
            .split("<a href=\"")
            .filter(|part| part.contains("rel=\"next\""))
            .find_map(|part| part.split('"').next().map(|href| href.replace("&#38;", "&")));
        pages += 1;
    }
    assert_eq!(pages, 3);
}
