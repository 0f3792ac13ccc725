//! Every kind of event comes back from a block as it went in, and damaged blocks are refused.

use super::*;
use crate::domain::calendar::{Calendar, Period};
use crate::domain::event::Event;
use crate::domain::labels::{Labels, Series};
use crate::domain::message::{Delivery, DeliveryReport};
use crate::domain::ratio::Ratio;
use crate::domain::reading::{Outcome, Reading, Sample, Scrape, Target, TargetId};
use crate::domain::selector::Matchers;
use crate::domain::selector_text::{parse_matcher, parse_selector};
use crate::domain::setup::{GroupBy, IntegrationSpec, JobPolicy, NewSeries, NewTarget, ReceiverSpec, Route, Setup};
use crate::domain::slo::*;
use crate::domain::time::Timestamp;
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

fn series(name: &str, labels: &[(&str, &str)]) -> Arc<Series> {
    Arc::new(Series::new(name, labels.iter().copied().collect()))
}

fn target(instance: &str, labels: &[(&str, &str)], interval: Duration) -> Arc<Target> {
    let id = TargetId { job: "shop".into(), instance: instance.into(), url: format!("http://{instance}/metrics") };
    Arc::new(Target { id, labels: labels.iter().copied().collect(), interval })
}

fn sample(series: &Arc<Series>, value: f64) -> Sample {
    Sample { series: Arc::clone(series), value, at: None, created: None }
}

fn read(target: &Arc<Target>, at: i64, samples: Vec<Sample>) -> Event {
    let outcome = Outcome::Read(Reading { samples, process_start: None, unattempted: false });
    Event::Scraped(Scrape { target: Arc::clone(target), at: Timestamp(at), outcome })
}

/// Events with their values taken out as bits, so that NaN equals itself and −0.0 differs from 0.0.
fn exact(events: &[Event]) -> (Vec<Event>, Vec<u64>) {
    let (mut events, mut bits) = (events.to_vec(), Vec::new());
    for event in &mut events {
        if let Event::Scraped(Scrape { outcome: Outcome::Read(reading), .. }) = event {
            for sample in &mut reading.samples {
                bits.push(std::mem::take(&mut sample.value).to_bits());
            }
        }
    }
    (events, bits)
}

fn slo(name: &str, indicator: Indicator, window: SloWindow) -> Arc<Slo> {
    let labels = Labels::new().with("team", "é\"\n\u{7f}");
    let pair = Pair {
        severity: Severity::Page,
        long: Duration::from_secs(3600),
        short: Duration::from_millis(1),
        factor: Ratio::parse("14.4").unwrap(),
        r#for: Duration::ZERO,
        keep_firing_for: Duration::from_nanos(1),
        min_bad_events: 0.1 + 0.2,
    };
    Arc::new(Slo {
        id: SloId { service: "shop".into(), name: name.into() },
        description: "Zahlungen \u{1f600}".into(),
        labels: labels.clone(),
        objective: Objective::from_percent(Ratio::parse("99.9").unwrap()).unwrap(),
        window,
        by: vec!["route".into()],
        indicator,
        timeslices: Some(Timeslices {
            slice: Duration::from_secs(60),
            target: Ratio::parse("95").unwrap(),
            verdict: SliceVerdict::Whole,
        }),
        policy: Policy {
            pairs: vec![pair],
            measure: Measure::BudgetSpent,
            no_data: NoData { after: Duration::from_secs(600), severity: Some(Severity::Ticket) },
            budget: vec![BudgetAlert { consumed: Ratio::parse("75").unwrap(), severity: Severity::Ticket }],
            runbook_url: None,
            labels: labels.clone(),
            annotations: labels.clone(),
            of_severity: [(Severity::Page, Extras { labels: labels.clone(), annotations: labels })].into(),
        },
        maintenance: vec![Maintenance {
            start: Timestamp::parse("2026-01-01T00:00:00.001Z").unwrap(),
            end: Timestamp::parse("2026-01-02T00:00:00Z").unwrap(),
            reason: "move".into(),
        }],
        source: "slos/shop.yaml:3".into(),
        definition: "a: b\n".into(),
    })
}

/// A configuration that uses every variant of every type in it.
fn setup() -> Setup {
    let selector = |text| parse_selector(text).unwrap();
    let matchers = |text: &str| Matchers(vec![parse_matcher(text).unwrap()]);
    let part = selector("r{code=~\"5..\",\"my.label\"!=\"\\u0001\"}");
    let events = Indicator::Events { total: selector("r"), part, part_is: Part::Bad };
    let latency = Indicator::Latency { histogram: selector("h"), threshold: 0.3, threshold_text: "300ms".into() };
    let below = Comparison { op: CompareOp::Less, with: 0.75 };
    let terms = Indicator::Terms {
        terms: vec![
            Term { selector: selector("{\"http.r\"}"), total: -1.0, bad: 1e-7, tally: Tally::Growth },
            Term { selector: selector("g"), total: 1.0, bad: 0.0, tally: Tally::Where(below) },
        ],
        text: "sum(x)".into(),
    };
    let month = Calendar { period: Period::Month, time_zone: "Europe/Paris".parse().unwrap() };
    let days = SloWindow::Rolling(Duration::from_secs(30 * 86_400));
    let leaf = Route {
        receiver: "pager".into(),
        group_by: GroupBy::All,
        group_wait: Duration::ZERO,
        group_interval: Duration::from_secs(300),
        repeat_interval: Duration::from_secs(14_400),
        matchers: matchers("severity=~\"page|ticket\""),
        r#continue: true,
        routes: Vec::new(),
    };
    let root = Route { routes: vec![leaf.clone()], group_by: GroupBy::Labels(vec!["service".into()]), ..leaf };
    let integration = IntegrationSpec { kind: "slack".into(), index: 1, send_resolved: false };
    Setup {
        watched_jobs: Some(std::collections::BTreeSet::from(["shop".to_owned()])),
        slos: vec![
            slo("events", events, days.clone()),
            slo("latency", latency, SloWindow::Calendar(month)),
            slo("scrape", Indicator::Scrape { targets: matchers("job!=\"\"") }, days.clone()),
            slo("terms", terms, days),
        ],
        jobs: [("push".to_owned(), JobPolicy { new_series: NewSeries::Baseline, new_target: NewTarget::ProcessStart })]
            .into(),
        evaluation_interval: Duration::from_secs(15),
        external_url: "https://slo.example.com".into(),
        external_labels: Labels::new().with("cluster", "eu-1"),
        route: Some(root),
        receivers: vec![ReceiverSpec { name: "pager".into(), integrations: vec![integration] }],
    }
}

fn times() -> impl Strategy<Value = i64> {
    prop_oneof![8 => 1_767_225_600_000..1_767_225_700_000i64, 1 => any::<i64>()]
}

fn values() -> impl Strategy<Value = f64> {
    let edges =
        [0.0, -0.0, 0.1, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 9e15, -9e15, 9_007_199_254_740_993.0];
    prop_oneof![
        6 => (0..100_000u32).prop_map(f64::from),
        2 => prop::sample::select(edges.to_vec()),
        1 => any::<u64>().prop_map(f64::from_bits),
    ]
}

fn samples() -> impl Strategy<Value = Sample> {
    let pool = ["a", "b", "c", "d"].map(|code| series("r", &[("code", code)]));
    let time = || prop_oneof![4 => Just(None), 1 => times().prop_map(|at| Some(Timestamp(at)))];
    (prop::sample::select(pool.to_vec()), values(), time(), time()).prop_map(|(series, value, at, created)| {
        // A reader may or may not share its series between scrapes.
        let series = if value > 50_000.0 { Arc::new((*series).clone()) } else { series };
        Sample { series, value, at, created }
    })
}

fn scrapes() -> impl Strategy<Value = Event> {
    let targets = vec![
        target("a:1", &[("env", "prod")], Duration::from_secs(15)),
        target("a:1", &[("env", "test")], Duration::from_secs(15)),
        target("b:1", &[], Duration::new(u64::MAX, 999_999_999)),
    ];
    let read = (prop::collection::vec(samples(), 0..6), prop::option::of(times())).prop_map(|(samples, start)| {
        Outcome::Read(Reading { samples, process_start: start.map(Timestamp), unattempted: false })
    });
    let outcome = prop_oneof![5 => read, 1 => ".{0,8}".prop_map(Outcome::Failed)];
    (prop::sample::select(targets), times(), outcome)
        .prop_map(|(target, at, outcome)| Event::Scraped(Scrape { target, at: Timestamp(at), outcome }))
}

fn events() -> impl Strategy<Value = Event> {
    let delivery = prop_oneof![
        Just(Delivery::Accepted),
        (".{0,8}", times()).prop_map(|(error, at)| Delivery::Failed { error, retry_at: Timestamp(at) }),
        ".{0,8}".prop_map(|error| Delivery::GivenUp { error }),
    ];
    prop_oneof![
        8 => scrapes(),
        2 => times().prop_map(|at| Event::Tick { at: Timestamp(at) }),
        2 => (any::<u64>(), times(), delivery).prop_map(|(message_id, at, delivery)| {
            Event::Delivered(DeliveryReport { message_id, at: Timestamp(at), delivery })
        }),
        1 => times().prop_map(|at| Event::Configured { at: Timestamp(at), setup: Arc::new(setup()) }),
        1 => times().prop_map(|at| {
            let configured = Event::Configured { at: Timestamp(at), setup: Arc::new(setup()) };
            configured.in_brief(Some(&setup()))
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_sequence_reads_back_bit_by_bit(
        batches in prop::collection::vec((any::<bool>(), prop::collection::vec(events(), 0..8)), 1..8),
    ) {
        let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new());
        for (reset, batch) in batches {
            if reset {
                encoder.reset();
            }
            let block = encoder.encode(&batch).unwrap();
            prop_assert_eq!(exact(&decoder.decode(&block).unwrap()), exact(&batch));
        }
    }

    #[test]
    fn damaged_blocks_never_panic(
        batch in prop::collection::vec(events(), 1..8),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut block = Encoder::new().encode(&batch).unwrap();
        prop_assert!(Decoder::new().decode(&block[..cut.index(block.len())]).is_err());
        for (index, byte) in changes {
            let at = index.index(block.len());
            block[at] = byte;
        }
        let _ = Decoder::new().decode(&block);
    }

    #[test]
    fn any_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = Decoder::new().decode(&bytes);
        bytes.splice(0..0, [VERSION, 0, 3, tag::SCRAPED]);
        let _ = Decoder::new().decode(&bytes);
    }
}

#[test]
fn odd_values_come_back_bit_by_bit() {
    let target = target("a:1", &[], Duration::from_secs(15));
    let requests = series("r", &[]);
    let quiet = f64::from_bits(0x7FF8_0000_0000_0001);
    let values = [1.0, -0.0, 0.0, -0.0, quiet, f64::NAN, f64::INFINITY, 3.0, 0.1, f64::MIN, f64::MAX, 9e15, -9e15, 0.0];
    let batch: Vec<Event> = values.iter().map(|value| read(&target, 0, vec![sample(&requests, *value)])).collect();
    let block = Encoder::new().encode(&batch).unwrap();
    assert_eq!(exact(&Decoder::new().decode(&block).unwrap()).1, values.map(f64::to_bits));
}

#[test]
fn a_chain_is_read_whole_or_not_at_all() {
    let tick = |at| [Event::Tick { at: Timestamp(at) }];
    let mut encoder = Encoder::new();
    let [first, second, third] = [1, 2, 3].map(|at| encoder.encode(&tick(at)).unwrap());
    let out_of_order = |result: Result<Vec<Event>, CodecError>| match result {
        Err(CodecError::OutOfOrder { expected, found }) => (expected, found),
        other => panic!("{other:?}"),
    };
    assert_eq!(out_of_order(Decoder::new().decode(&second)), (0, 1), "the beginning is missing");
    let mut decoder = Decoder::new();
    decoder.decode(&first).unwrap();
    assert_eq!(out_of_order(decoder.decode(&third)), (1, 2), "the middle is missing");
    assert_eq!(out_of_order(decoder.decode(&second)), (0, 1), "after an error the chain is broken");
    assert_eq!(decoder.decode(&first).unwrap(), tick(1), "a new chain may begin at any time");
}

#[test]
fn a_block_that_was_not_stored_is_written_again_after_a_reset() {
    let target = target("a:1", &[], Duration::from_secs(15));
    let requests = series("r", &[]);
    let batch = |at| [read(&target, at, vec![sample(&requests, at as f64)])];
    let mut encoder = Encoder::new();
    let first = encoder.encode(&batch(1)).unwrap();
    encoder.encode(&batch(2)).unwrap();
    encoder.reset();
    let again = encoder.encode(&batch(2)).unwrap();
    let mut decoder = Decoder::new();
    assert_eq!(decoder.decode(&first).unwrap(), batch(1));
    assert_eq!(decoder.decode(&again).unwrap(), batch(2));
}

#[test]
fn a_configuration_that_would_not_read_back_is_refused_and_nothing_changes() {
    let mut bad = setup();
    let targets = Matchers::default();
    bad.slos = vec![slo("x", Indicator::Scrape { targets }, SloWindow::Rolling(Duration::ZERO))];
    let not_finite = Slo { indicator: terms_of(f64::NAN), ..(*bad.slos[0]).clone() };
    bad.slos = vec![Arc::new(not_finite)];
    let configured = Event::Configured { at: Timestamp(1), setup: Arc::new(bad) };
    let mut encoder = Encoder::new();
    let error = encoder.encode(&[Event::Tick { at: Timestamp(5) }, configured]).unwrap_err();
    assert!(error.to_string().starts_with("the configuration can't be kept: "), "{error}");
    let block = encoder.encode(&[Event::Tick { at: Timestamp(7) }]).unwrap();
    assert_eq!(Decoder::new().decode(&block).unwrap(), [Event::Tick { at: Timestamp(7) }]);
}

fn terms_of(weight: f64) -> Indicator {
    let term = Term { selector: parse_selector("r").unwrap(), total: weight, bad: weight, tally: Tally::Growth };
    Indicator::Terms { terms: vec![term], text: String::new() }
}

#[test]
fn a_block_is_of_the_first_layout_that_knows_its_events() {
    let configured = Event::Configured { at: Timestamp(9), setup: Arc::new(setup()) };
    for (event, layout) in
        [(Event::Tick { at: Timestamp(7) }, 1), (configured.clone(), 1), (configured.in_brief(Some(&setup())), 2)]
    {
        let block = Encoder::new().encode(std::slice::from_ref(&event)).unwrap();
        assert_eq!((block[0], Decoder::new().decode(&block).unwrap()), (layout, vec![event]));
    }
    assert!(matches!(Decoder::new().decode(&[0, 0, 0]), Err(CodecError::Version(0))));
}

#[test]
fn a_block_of_a_later_layout_says_so() {
    let error = Decoder::new().decode(&[VERSION + 1, 0, 0]).unwrap_err();
    assert_eq!(error.to_string(), "a journal block has layout 3, this slowburn reads layouts up to 2");
}

#[test]
fn a_promised_crowd_that_the_block_is_too_short_for_is_refused() {
    for (name, body) in [
        ("events", vec![VERSION, 0, 0xFF, 0xFF, 0xFF, 0x7F]),
        ("series", [&[VERSION, 0, 1][..], &empty_target(), &[flag::ORDER, 0xFF, 0xFF, 0xFF, 0x7F]].concat()),
    ] {
        let error = Decoder::new().decode(&body).unwrap_err();
        assert!(matches!(error, CodecError::Malformed(Malformed::Truncated)), "{name}: {error}");
    }
}

/// A scrape's tag and time, then target 0 without names, labels or interval.
fn empty_target() -> [u8; 9] {
    [tag::SCRAPED, 0, 0, 0, 0, 0, 0, 0, 0]
}

/// Bytes for each sample of 50 scrapes of 1000 series each of which grows as `grow` says.
fn bytes_per_sample(grow: impl Fn(usize, i64) -> f64) -> f64 {
    let target = target("a:1", &[], Duration::from_secs(15));
    let names: Vec<_> = (0..1000).map(|i| series("r", &[("route", &format!("/{i}"))])).collect();
    let mut encoder = Encoder::new();
    let scrape = |at: i64| {
        let samples = names.iter().enumerate().map(|(i, name)| sample(name, grow(i, at))).collect();
        [read(&target, 1_767_225_600_000 + at * 15_000, samples)]
    };
    encoder.encode(&scrape(0)).unwrap();
    let bytes: usize = (1..=50).map(|at| encoder.encode(&scrape(at)).unwrap().len()).sum();
    bytes as f64 / 50_000.0
}

#[test]
fn a_sample_takes_as_many_bytes_as_its_growth_needs() {
    for (name, most, bytes) in [
        ("stands still", 1.02, bytes_per_sample(|i, _| i as f64)),
        ("stands still at a fraction", 1.02, bytes_per_sample(|i, _| i as f64 + 0.5)),
        ("some events each scrape", 1.02, bytes_per_sample(|i, at| (at * (i as i64 % 60)) as f64)),
        ("a thousand events each scrape", 2.02, bytes_per_sample(|i, at| (at * (i as i64 + 1000)) as f64)),
        ("a hundred thousand events each scrape", 3.02, bytes_per_sample(|i, at| (at * (i as i64 + 100_000)) as f64)),
    ] {
        println!("{name}: {bytes:.3} bytes for each sample");
        assert!(bytes <= most, "{name}: {bytes}");
    }
}
