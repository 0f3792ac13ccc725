//! Faults that the simulation found, each with the shortest way to it.

use crate::build::{self, failed, pair, read, sample, seconds, series, setup, slo, target};
use crate::disk::{Disk, Health};
use crate::process::{Process, bytes};
use slowburn::domain::event::Event;
use slowburn::domain::reading::{Scrape, Target};
use slowburn::domain::setup::Setup;
use slowburn::domain::slo::Severity;
use slowburn::domain::status::AlertState;
use slowburn::domain::time::Timestamp;
use slowburn::engine::ledger::Ledger;
use slowburn::engine::persist;
use std::sync::Arc;

const TEN_MINUTES: i64 = 600_000;

/// A process with its disk; time is the engine's own.
struct Life {
    disk: Disk,
    process: Process,
    target: Arc<Target>,
}

impl Life {
    fn begin(setup: Setup) -> Self {
        let disk = Disk::new();
        let process = Process::start(&disk, 0, 1);
        let mut life = Self { disk, process, target: target("a:80", seconds(15)) };
        life.process.configure(Timestamp(0), &Arc::new(setup));
        life
    }

    fn take(&mut self, event: Event) {
        self.process.take(event);
    }

    fn tick(&mut self, at: i64) {
        self.take(Event::Tick { at: Timestamp(at) });
    }

    /// A scrape that shows this many good and bad requests.
    fn scrape(&mut self, at: i64, good: f64, bad: f64) {
        let shown = |code, value| sample(&series(&self.target, "requests_total", &[("code", code)]), value);
        let scrape: Scrape = read(&self.target, at, vec![shown("200", good), shown("500", bad)]);
        self.take(Event::Scraped(scrape));
    }

    /// Saves, and a checkpoint to its end.
    fn save(&mut self, at: i64) {
        loop {
            assert!(self.process.save(&mut self.disk, at, Timestamp(at), None).is_ok());
            if !self.process.is_checkpointing() {
                break;
            }
        }
    }

    /// The state that a start finds equals the one that dies, but for what was not saved.
    fn assert_recovered(&self) {
        let (mut twin, _) = persist::recover(self.disk.content().clone()).expect("readable");
        twin.step(&self.process.unsaved);
        assert_eq!(format!("{:#?}", twin.core), format!("{:#?}", self.process.state.core));
        assert!(bytes(&twin) == bytes(&self.process.state));
    }

    fn restart(mut self, at: i64) -> Self {
        self.process = Process::start(&self.disk, at, 1);
        self
    }
}

/// Pages and tickets, each told by itself.
fn alerting() -> Setup {
    let mut slo = slo("requests");
    slo.policy.pairs = vec![pair(Severity::Page, 600, 60, "3"), pair(Severity::Ticket, 600, 60, "1")];
    Setup {
        route: Some(build::route("team")),
        receivers: vec![build::receiver("team", &[("webhook", true)])],
        ..setup([slo])
    }
}

#[test]
fn trouble_that_is_over_does_not_outlive_a_restart() {
    let mut life = Life::begin(setup([slo("requests")]));
    life.save(0);
    life.disk.health = Health::FailsOnce;
    life.scrape(1000, 1.0, 0.0);
    life.save(1000);
    assert_eq!(life.process.state.core.trouble.state, AlertState::Firing);
    // The way out is written with the trouble in it; the process dies before it writes that it is over.
    life.save(10_000);
    let mut life = life.restart(11_000);
    assert_eq!(life.process.state.core.trouble.state, AlertState::Firing);
    life.process.configure(Timestamp(11_000), &Arc::new(setup([slo("requests")])));
    life.save(11_000);
    assert_eq!(life.process.state.core.trouble.state, AlertState::Inactive);
}

#[test]
fn time_in_which_nothing_happened_is_recovered_when_the_clock_went_back() {
    let mut life = Life::begin(alerting());
    life.save(0);
    life.tick(14_000);
    life.tick(5000);
    life.take(Event::Trouble { at: Timestamp(6000), error: Some("full".to_owned()) });
    life.save(6000);
    assert_eq!(life.process.state.core.now, Timestamp(14_000));
    life.assert_recovered();
}

#[test]
fn a_groups_turn_with_nothing_to_tell_is_recovered() {
    let mut life = Life::begin(alerting());
    life.take(Event::Trouble { at: Timestamp(1000), error: Some("full".to_owned()) });
    let setup = life.process.state.setup.clone();
    let interval = setup.and_then(|setup| setup.route.clone()).map(|route| route.group_interval);
    // No SLO is due in between, so this tick does nothing but the group's turn.
    let turn = 1000 + interval.map_or(0, |interval| interval.as_millis() as i64);
    life.tick(turn - 1);
    life.tick(turn);
    life.tick(turn + 5000);
    life.scrape(turn + 5001, 0.0, 0.0);
    life.save(turn + 5001);
    life.assert_recovered();
}

#[test]
fn a_failed_scrape_after_a_checkpoint_is_recovered() {
    let mut life = Life::begin(alerting());
    life.scrape(1000, 10.0, 0.0);
    life.save(TEN_MINUTES);
    life.take(Event::Scraped(failed(&life.target, TEN_MINUTES + 1000)));
    life.save(TEN_MINUTES + 1000);
    life.assert_recovered();
}

#[test]
fn a_reload_right_after_a_checkpoint_is_recovered() {
    let mut life = Life::begin(alerting());
    life.scrape(1000, 0.0, 0.0);
    for i in 1..10 {
        life.scrape(1000 + i * 15_000, 0.0, 10.0 * i as f64);
    }
    life.scrape(151_000, 10.0, 90.0);
    life.save(TEN_MINUTES);
    assert_eq!(life.process.state.notices().len(), 2, "page and ticket fire");
    // The alerts get another label, and their end is seen in the same moment.
    let mut changed = alerting();
    Arc::make_mut(&mut changed.slos[0]).labels.set("team", "two");
    changed.route.iter_mut().for_each(|route| route.group_wait = seconds(30));
    life.process.configure(Timestamp(201_000), &Arc::new(changed));
    life.save(TEN_MINUTES + 1000);
    assert_eq!(life.process.state.notices().len(), 0, "nothing fires");
    life.assert_recovered();
}

#[test]
fn the_journals_of_short_lives_count_together() {
    let start = slowburn::clock::instant();
    // What the disk holds.
    let mut journal = 0;
    for life in 0..20 {
        let mut ledger = Ledger::new(start, journal);
        if ledger.begin_checkpoint(start, false).is_some() {
            ledger.checkpointed(start);
            journal = 0;
        }
        ledger.appended(700 << 10);
        journal += 700 << 10;
        assert_eq!(ledger.begin_checkpoint(start + seconds(60), false), None, "life {life} is too short");
        assert!(journal < 3 << 20 && ledger.journal() == journal, "life {life}: {journal}");
    }
}

#[test]
fn a_restart_with_the_same_slos_writes_none_of_them() {
    let at_port = |port: u16| {
        let many = (0..50).map(|number| slo(&format!("requests-{number}")));
        Arc::new(Setup { external_url: format!("http://localhost:{port}"), ..setup(many) })
    };
    let mut life = Life::begin(Setup::clone(&at_port(1)));
    life.scrape(500, 5.0, 1.0);
    life.save(1000);
    let told = life.disk.content().journal_bytes();
    for (restart, port) in [(20_000, 2), (30_000, 2), (40_000, 3)] {
        life = life.restart(restart);
        life.process.configure(Timestamp(restart), &at_port(port));
        life.scrape(restart + 500, 5.0 + restart as f64, 1.0);
        life.save(restart + 1000);
        life.assert_recovered();
    }
    assert_eq!(life.process.state.setup.as_ref(), Some(&at_port(3)));
    let resumed = life.disk.content().journal_bytes() - told;
    assert!(resumed < told / 10, "{resumed} bytes for three restarts, {told} before them");
}
