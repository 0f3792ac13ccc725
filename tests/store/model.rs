//! What the tests write, and what they must find.

use slowburn::domain::event::Event;
use slowburn::domain::labels::{Labels, Series};
use slowburn::domain::message::{Delivery, DeliveryReport};
use slowburn::domain::reading::{Outcome, Reading, Sample, Scrape, Target, TargetId};
use slowburn::domain::time::Timestamp;
use slowburn::store::codec::Encoder;
use slowburn::store::{ArchiveDay, Checkpoint, Loaded, Store};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub fn part(key: &str, body: &[u8]) -> (String, Vec<u8>) {
    (key.to_owned(), body.to_owned())
}

pub fn day(key: &str, day: i32, body: &[u8]) -> ArchiveDay {
    ArchiveDay { key: key.to_owned(), day, body: body.to_owned() }
}

/// Incompressible bytes that belong to a number.
pub fn noise(number: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    fastrand::Rng::with_seed(number).fill(&mut bytes);
    bytes
}

/// Two scrapes, a tick, a failure and a report.
pub fn events() -> Vec<Event> {
    let id = TargetId { job: "shop".into(), instance: "a:1".into(), url: "http://a:1/metrics".into() };
    let labels = Labels::new().with("job", "shop").with("instance", "a:1");
    let target = Arc::new(Target { id, labels: labels.clone(), interval: Duration::from_secs(15) });
    let series = Arc::new(Series::new("http_requests_total", labels.with("code", "500")));
    let read = |at, value| {
        let created = Some(Timestamp(1_767_225_000_000));
        let samples = vec![Sample { series: Arc::clone(&series), value, at: None, created }];
        let outcome = Outcome::Read(Reading { samples, process_start: created, unattempted: false });
        Event::Scraped(Scrape { target: Arc::clone(&target), at: Timestamp(at), outcome })
    };
    let failed = Outcome::Failed("connection refused".into());
    let report = DeliveryReport { message_id: 7, at: Timestamp(1_767_225_640_000), delivery: Delivery::Accepted };
    vec![
        read(1_767_225_600_000, 1.0),
        read(1_767_225_615_000, 42.5),
        Event::Tick { at: Timestamp(1_767_225_620_000) },
        Event::Scraped(Scrape { target: Arc::clone(&target), at: Timestamp(1_767_225_630_000), outcome: failed }),
        Event::Delivered(report),
    ]
}

/// Writes a small store with something in each table and says what a recovery must find in it.
pub fn fill(dir: &Path) -> Loaded {
    let (mut store, _) = Store::open(dir).unwrap();
    let parts = vec![part("engine", b"state"), part("slo/shop/x", &[5; 5000]), part("noise", &noise(1, 9000))];
    let archive = vec![day("shop/x", 20_000, b"a day"), day("shop/x", 20_001, &[9; 500]), day("shop/y", 20_000, b"y")];
    let mut encoder = Encoder::new();
    let events = events();
    let journal: Vec<_> = events.chunks(3).map(|batch| encoder.encode(batch).unwrap()).collect();
    store.append(b"before the checkpoint").unwrap();
    store.checkpoint(Checkpoint { upsert: parts.clone(), archive, ..Checkpoint::default() }).unwrap();
    journal.iter().for_each(|block| store.append(block).unwrap());
    Loaded { parts: parts.into_iter().collect(), journal }
}

#[test]
fn a_small_store_is_written() {
    if let Some(path) = std::env::var_os("SLOWBURN_WRITE_FIXTURE") {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path());
        std::fs::copy(dir.path().join("slowburn.db"), path).unwrap();
    }
}
