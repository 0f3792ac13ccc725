//! The virtual world: time, what happens in it, and what goes wrong.

use crate::checks::Checks;
use crate::disk::Disk;
use crate::process::{Death, Failure, Flushed, Process};
use crate::receivers::{Inbox, Mode, Taken};
use crate::scenario::{self, FIRST, INTERVAL, Variant};
use crate::services::{self, Service};
use slowburn::domain::event::Event;
use slowburn::domain::message::Message;
use slowburn::domain::reading::{Outcome, Scrape};
use slowburn::domain::setup::Setup;
use slowburn::domain::time::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// 2026-01-01T00:00:00Z.
const EPOCH: i64 = 1_767_225_600_000;
pub const SECOND: i64 = 1000;
pub const MINUTE: i64 = 60 * SECOND;
/// Nothing goes wrong before; every target was seen.
const CALM: i64 = 2 * MINUTE;
/// Nothing goes wrong any more.
const HEALED: i64 = 60 * MINUTE;
/// Nothing happens any more; the last scrapes see all.
const QUIET: i64 = 99 * MINUTE;
const END: i64 = 100 * MINUTE;
/// As the engine's own.
const GRACE: i64 = SECOND;
const COMMIT_EVERY: i64 = 200;
const TIMEOUT: i64 = 10 * SECOND;
pub const SERVICES: usize = 3;

/// What is going to happen; what belongs to a life of the engine is void after its death.
pub enum Action {
    Traffic,
    Scrape { service: usize, life: u64 },
    Scraped { scrape: Scrape, life: u64 },
    Tick { life: u64 },
    Arrive { message: Arc<Message>, life: u64 },
    Answer { message: Arc<Message>, result: Result<(), Failure>, life: u64 },
    Chaos,
    Start,
    Heal,
}

/// When the next kill strikes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Doom {
    Commit(Death),
    BeforeSend,
    AfterArrival,
}

pub struct World {
    pub rng: fastrand::Rng,
    /// Milliseconds since the beginning.
    pub now: i64,
    /// Error of the engine's wall clock.
    pub offset: i64,
    pub queue: BTreeMap<(i64, u64), Action>,
    pub order: u64,
    pub services: Vec<Service>,
    pub inboxes: Vec<Inbox>,
    pub disk: Disk,
    pub process: Option<Process>,
    pub life: u64,
    pub variant: Variant,
    pub doom: Option<Doom>,
    pub kills: usize,
    pub checks: Checks,
    pub log: String,
}

pub struct Ended {
    pub log: String,
    pub kills: usize,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let services = (0..SERVICES).map(|number| Service::new(number, INTERVAL, &mut rng)).collect();
        let mut world = Self {
            services,
            now: 0,
            offset: 0,
            queue: BTreeMap::new(),
            order: 0,
            inboxes: vec![Inbox::new("team", "webhook"), Inbox::new("team", "email")],
            disk: Disk::new(),
            process: None,
            life: 0,
            variant: FIRST,
            doom: None,
            kills: 0,
            checks: Checks::new(EPOCH),
            log: String::new(),
            rng,
        };
        world.after(0, Action::Start);
        world.after(0, Action::Traffic);
        world.after(CALM, Action::Chaos);
        world.after(HEALED, Action::Heal);
        world
    }

    pub fn wall(&self) -> Timestamp {
        Timestamp(EPOCH + self.now + self.offset)
    }

    pub fn after(&mut self, wait: i64, action: Action) {
        self.order += 1;
        self.queue.insert((self.now + wait, self.order), action);
    }

    pub fn note(&mut self, text: impl AsRef<str>) {
        writeln!(self.log, "{} {}", self.now, text.as_ref()).expect("written");
    }

    pub fn run(mut self) -> Ended {
        while let Some(((at, _), action)) = self.queue.pop_first() {
            if at > END {
                break;
            }
            self.now = at;
            self.act(action);
            if self.process.as_ref().is_some_and(|p| p.urgent || at - p.last_flush >= COMMIT_EVERY) {
                self.flush();
            }
        }
        if let Ok(path) = std::env::var("SLOWBURN_SIM_LOG") {
            std::fs::write(path, &self.log).expect("written");
        }
        let process = self.process.as_ref().expect("it runs at the end");
        self.checks.at_the_end(&process.state, &self.services, &self.inboxes);
        Ended { log: self.log, kills: self.kills }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Traffic => self.traffic(),
            Action::Scrape { service, life } if life == self.life => self.scrape(service),
            Action::Scraped { scrape, life } if life == self.life => self.take(Event::Scraped(scrape)),
            Action::Tick { life } if life == self.life => {
                self.take(Event::Tick { at: Timestamp(self.wall().0 - GRACE) });
                self.send();
                self.after(SECOND, Action::Tick { life });
            }
            Action::Arrive { message, life } if life == self.life => self.arrive(message),
            Action::Answer { message, result, life } if life == self.life => self.answer(&message, result),
            Action::Chaos if self.now < HEALED => self.chaos(),
            Action::Start => self.start(),
            Action::Heal => self.heal(),
            _ => {}
        }
    }

    fn traffic(&mut self) {
        if self.now < QUIET {
            for service in &mut self.services {
                service.traffic(EPOCH + self.now, &mut self.rng);
            }
            let pause = self.rng.i64(SECOND..8 * SECOND);
            self.after(pause, Action::Traffic);
        }
    }

    fn scrape(&mut self, number: usize) {
        let Some(process) = &self.process else { return };
        let (service, life) = (&self.services[number], self.life);
        let (took, answers) = match service.health {
            services::Health::Down => (1, false),
            services::Health::Slow => {
                let took = self.rng.i64(SECOND..12 * SECOND);
                (took.min(TIMEOUT), took < TIMEOUT)
            }
            _ => (self.rng.i64(2..300), true),
        };
        let outcome = if answers {
            Outcome::Read(service.show(process.reader(), &mut self.rng))
        } else {
            Outcome::Failed("no answer".to_owned())
        };
        let scrape = Scrape { target: service.target.clone(), at: self.wall(), outcome };
        self.after(took, Action::Scraped { scrape, life });
        self.after(INTERVAL.as_millis() as i64, Action::Scrape { service: number, life });
    }

    /// An event, and all checks after it.
    fn take(&mut self, event: Event) {
        let Some(process) = self.process.as_mut() else { return };
        if let Event::Scraped(scrape) = &event {
            self.checks.scraped(scrape);
        }
        let effects = process.take(event);
        let lines = self.checks.after(&process.state, &effects, &self.services, self.now);
        for line in lines {
            self.note(line);
        }
    }

    fn flush(&mut self) {
        let wall = self.wall();
        let Some(process) = self.process.as_mut() else { return };
        let urgent = std::mem::take(&mut process.urgent);
        let death = match self.doom {
            Some(Doom::Commit(death)) => Some(death),
            _ => None,
        };
        let saved = process.save(&mut self.disk, self.now, wall, death);
        for reached in std::mem::take(&mut process.reached) {
            self.checks.reached(reached);
        }
        match saved {
            Err(()) => return self.kill("in a commit"),
            Ok(Flushed::Written) if urgent && self.doom == Some(Doom::BeforeSend) => {
                return self.kill("between commit and send");
            }
            Ok(Flushed::Failed) => self.note("the disk fails"),
            Ok(_) => {}
        }
        if urgent && let Some(process) = self.process.as_mut() {
            process.publish();
            self.send();
        }
    }

    /// The worker looks for what is due.
    fn send(&mut self) {
        let (wall, life) = (self.wall(), self.life);
        let due = self.process.as_mut().map(|process| process.due(wall)).unwrap_or_default();
        for message in due {
            let way = self.rng.i64(5..200);
            self.after(way, Action::Arrive { message, life });
        }
    }

    fn arrive(&mut self, message: Arc<Message>) {
        let Some(process) = &self.process else { return };
        let (life, now, from_memory) = (self.life, self.now, process.in_trouble());
        let inbox = self.inboxes.iter_mut().find(|inbox| inbox.channel == message.channel).expect("an inbox");
        let mode = inbox.mode;
        let text = format!("message {} ({:?}) meets a receiver that is {mode:?}", message.id, message.reason);
        if matches!(mode, Mode::Up | Mode::Mute) {
            let mishaps = self.kills + inbox.lost_answers;
            inbox.taken.push(Taken { at: now, message: message.clone(), mishaps, from_memory });
        }
        let (wait, result) = match mode {
            Mode::Up => (self.rng.i64(1..50), Ok(())),
            Mode::Down => (1, Err(Failure::Retry)),
            Mode::Failing => (20, Err(Failure::Retry)),
            Mode::Refusing => {
                inbox.refused = true;
                (20, Err(Failure::Final))
            }
            Mode::Hanging => (TIMEOUT, Err(Failure::Retry)),
            Mode::Mute => {
                inbox.lost_answers += 1;
                (TIMEOUT, Err(Failure::Retry))
            }
        };
        self.note(text);
        self.after(wait, Action::Answer { message, result, life });
        if mode == Mode::Up && self.doom == Some(Doom::AfterArrival) {
            self.kill("between arrival and report");
        }
    }

    fn answer(&mut self, message: &Message, result: Result<(), Failure>) {
        let wall = self.wall();
        let Some(process) = self.process.as_mut() else { return };
        let report = process.report(message, result, wall);
        self.take(Event::Delivered(report));
        self.send();
    }

    fn start(&mut self) {
        let (wall, life) = (self.wall(), self.life);
        self.process = Some(Process::start(&self.disk, self.now, self.rng.u64(..)));
        self.configure(wall);
        for service in 0..SERVICES {
            let begin = self.rng.i64(0..INTERVAL.as_millis() as i64);
            self.after(begin, Action::Scrape { service, life });
        }
        self.after(SECOND, Action::Tick { life });
        self.flush();
        if let Some(process) = self.process.as_mut() {
            process.publish();
            self.send();
        }
    }

    pub fn configure(&mut self, at: Timestamp) {
        let setup: Arc<Setup> = Arc::new(scenario::setup(self.variant));
        let Some(process) = self.process.as_mut() else { return };
        let effects = process.configure(at, &setup);
        self.checks.configured(&process.state, self.variant);
        let lines = self.checks.after(&process.state, &effects, &self.services, self.now);
        for line in lines {
            self.note(line);
        }
    }

    /// Everything that is not on the disk is gone.
    pub fn kill(&mut self, how: &str) {
        let Some(process) = self.process.take() else { return };
        self.checks.killed(&process, &self.disk);
        self.life += 1;
        self.kills += 1;
        self.doom = None;
        self.note(format!("killed {how}"));
        let pause = if self.now >= HEALED || self.rng.bool() { 100 } else { self.rng.i64(SECOND..4 * MINUTE) };
        self.after(pause, Action::Start);
    }
}
