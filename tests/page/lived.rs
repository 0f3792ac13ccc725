//! The shop of the pictures as the engine lived through it: seven weeks of traffic with incidents on a virtual clock.
//!
//! Traffic and incidents are made up; every figure, alert and message that shows is what the engine makes of them.

use super::engine::{Answer, Site};
use super::traffic::{self, Counter};
use slowburn::clock;
use slowburn::config::load;
use slowburn::domain::event::Event;
use slowburn::domain::group::GroupState;
use slowburn::domain::labels::Labels;
use slowburn::domain::message::{Delivery, DeliveryReport, Message};
use slowburn::domain::reading::{Outcome, Reading, Sample, Scrape, Target};
use slowburn::domain::slo::{Slo, SloId};
use slowburn::domain::state::State;
use slowburn::domain::time::Timestamp;
use slowburn::view::{Published, ReloadView, Request, ScrapeView, Sparkline, StoreView, TargetView};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// How far back the past reaches.
const LENGTH: i64 = 45 * DAY;
/// Seconds between two scrapes, by how long ago they were (the first that holds).
const PACES: [(i64, i64); 5] = [(2 * HOUR, 15), (12 * HOUR, 60), (3 * DAY, 300), (31 * DAY, 900), (LENGTH, 1800)];

/// A shop on a virtual clock.
struct Shop {
    state: State,
    counters: Vec<Counter>,
    targets: Vec<Arc<Target>>,
    /// What the script of incidents counts from.
    now: Timestamp,
}

/// The shop, up to the present.
pub async fn shop() -> Site {
    let mut shop = Shop::new(clock::now());
    shop.live(shop.now - Duration::from_secs(LENGTH.unsigned_abs()), shop.now);
    // Living through it took a while, in which the shop was not closed.
    shop.live(Timestamp(shop.now.0 + 15_000), clock::now());
    let published = shop.published();
    Site::serve_with(published, answers(shop.state)).await
}

impl Shop {
    fn new(now: Timestamp) -> Self {
        let now = Timestamp::from_secs(now.0.div_euclid(1000));
        let main = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page/shop/slowburn.yaml");
        let loaded = load::load(&main, &|_| None).expect("readable");
        let setup = loaded.config.expect("a good configuration").setup;
        let mut state = State::default();
        let begin = now - Duration::from_secs(LENGTH.unsigned_abs() + 1);
        state.step(&[Event::Configured { at: begin, setup: Arc::new(setup) }]);
        let targets = traffic::targets();
        Self { state, counters: traffic::counters(&targets), targets, now }
    }

    /// Scrapes from one moment up to another, both included.
    fn live(&mut self, from: Timestamp, until: Timestamp) {
        let (mut at, mut step) = (from, pace(self.now, from));
        while at <= until {
            let ago = (self.now.0 - at.0) / 1000;
            for counter in &mut self.counters {
                counter.count(at, ago as f64 / HOUR as f64, step as f64);
            }
            let scrapes: Vec<Event> =
                (0..self.targets.len()).map(|i| Event::Scraped(self.scrape(i, at, step.unsigned_abs()))).collect();
            self.state.step(&scrapes);
            self.state.step(&[Event::Tick { at: Timestamp(at.0 + 2000) }]);
            self.deliver();
            step = pace(self.now, at);
            at = Timestamp(at.0 + step * 1000);
        }
    }

    fn scrape(&self, target: usize, at: Timestamp, pace: u64) -> Scrape {
        let paced = Target { interval: Duration::from_secs(pace), ..(*self.targets[target]).clone() };
        let own = self.counters.iter().filter(|counter| counter.target == target);
        let sample = |counter: &Counter| Sample {
            series: counter.series.clone(),
            value: counter.value.floor(),
            at: None,
            created: None,
        };
        let samples: Vec<Sample> = own.map(sample).collect();
        let outcome = if samples.is_empty() {
            Outcome::Failed(traffic::BROKEN.to_owned())
        } else {
            Outcome::Read(Reading { samples, ..Reading::default() })
        };
        Scrape { target: Arc::new(paced), at, outcome }
    }

    /// The mail server is out of order today, and a week ago the team's Slack channel was gone.
    fn deliver(&mut self) {
        let at = self.state.core.now;
        let days_ago = (self.now.0 - at.0) as f64 / (DAY * 1000) as f64;
        let due: Vec<Arc<Message>> =
            self.state.core.dispatch.outbox.values().filter(|message| message.next_attempt <= at).cloned().collect();
        for message in due {
            let delivery = match message.channel.kind.as_str() {
                "email" if days_ago < 0.5 => Delivery::Failed {
                    error: "can't connect to smtp.example.com:587: connection refused".into(),
                    retry_at: at + Duration::from_secs(15 << message.attempts.min(6)),
                },
                "slack" if (5.0..13.0).contains(&days_ago) => {
                    Delivery::GivenUp { error: "HTTP status 404 Not Found: channel_not_found".into() }
                }
                _ => Delivery::Accepted,
            };
            self.state.step(&[Event::Delivered(DeliveryReport { message_id: message.id, at, delivery })]);
        }
    }

    fn published(&self) -> Published {
        let (state, at) = (&self.state, self.state.core.now);
        let mut statuses: Vec<_> = state.statuses().cloned().collect();
        statuses.sort_by(|a, b| (&a.service, &a.name, &a.group).cmp(&(&b.service, &b.name, &b.group)));
        Published {
            compat: Default::default(),
            at,
            started: at - Duration::from_secs(LENGTH.unsigned_abs()),
            statuses: statuses.into_iter().collect(),
            setup: state.setup.clone().expect("configured"),
            outbox: Arc::new(state.core.dispatch.outbox.values().cloned().collect()),
            sent: Arc::new(state.core.dispatch.sent.iter().cloned().collect()),
            transitions: Arc::new(state.core.transitions.iter().cloned().collect()),
            alerts: Arc::new(state.notices().into_iter().map(Arc::new).collect()),
            targets: Arc::new(self.targets.iter().enumerate().map(|(i, target)| self.view(i, target)).collect()),
            discovery: Arc::default(),
            store: StoreView::default(),
            reload: ReloadView { last_success: Some(at), ..ReloadView::default() },
        }
    }

    fn view(&self, index: usize, target: &Target) -> TargetView {
        let samples = self.counters.iter().filter(|counter| counter.target == index).count() as u64;
        TargetView {
            job: target.id.job.clone(),
            url: target.id.url.clone(),
            labels: target.labels.clone(),
            discovered_labels: Labels::new().with("__address__", target.id.instance.clone()),
            last: Some(ScrapeView {
                at: self.state.core.now - Duration::from_secs(2 + index as u64),
                duration: Duration::from_millis(4 + 3 * index as u64),
                samples,
                bytes: 380 + 96 * samples,
                error: (samples == 0).then(|| traffic::BROKEN.to_owned()),
                warning: None,
            }),
            scrape_interval: target.interval,
            scrape_timeout: Duration::from_secs(10),
            dropped: false,
        }
    }
}

/// Seconds until the scrape after the one at this moment.
fn pace(now: Timestamp, at: Timestamp) -> i64 {
    let ago = (now.0 - at.0) / 1000;
    PACES.iter().find(|(limit, _)| ago <= *limit).map_or(1800, |(_, pace)| *pace)
}

/// Answers about the past from the state.
fn answers(state: State) -> Answer {
    Arc::new(move |request, _| match request {
        Request::History { query, reply } => {
            let points = |(slo, group): (&Slo, &GroupState)| {
                group.history(slo, query.start, query.end, query.step, state.core.now)
            };
            reply.send(find(&state, &query.id, &query.group).map(points)).ok();
        }
        Request::Sparklines { ids, points, reply } => {
            let line = |(id, group): &(SloId, Labels)| spark(&state, id, group, points);
            reply.send(ids.iter().map(line).collect()).ok();
        }
        Request::Reload { reply } => {
            reply.send(Ok(())).ok();
        }
    })
}

fn find<'a>(state: &'a State, id: &SloId, group: &Labels) -> Option<(&'a Slo, &'a GroupState)> {
    let slo = state.slo(id)?;
    Some((&slo.spec, slo.groups.values().find(|candidate| candidate.group == *group)?))
}

fn spark(state: &State, id: &SloId, group: &Labels, points: usize) -> Sparkline {
    let Some((slo, group)) = find(state, id, group) else { return Sparkline::default() };
    let (now, window) = (state.core.now, slo.window.nominal());
    let history = group.history(slo, now - window, now, window / points as u32, now);
    Sparkline { points: history.iter().map(|point| point.budget_remaining).collect(), young: None }
}
