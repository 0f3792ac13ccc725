//! What goes wrong, when, and how it all ends well.

use crate::disk;
use crate::process::Death;
use crate::receivers::Mode;
use crate::services;
use crate::world::{Action, Doom, MINUTE, SECOND, SERVICES, World};

impl World {
    pub fn chaos(&mut self) {
        let pause = self.rng.i64(5 * SECOND..45 * SECOND);
        self.after(pause, Action::Chaos);
        let service = self.rng.usize(0..SERVICES);
        let inbox = self.rng.usize(0..self.inboxes.len());
        match self.rng.u8(0..24) {
            0..4 => {
                use services::Health::{Down, Garbled, Leaky, Slow, Up};
                self.services[service].health = *self.rng.choice(&[Up, Up, Down, Slow, Garbled, Leaky]).expect("one");
                self.note(format!("service {service} is {:?}", self.services[service].health));
            }
            4..6 => {
                self.services[service].restart();
                self.note(format!("service {service} restarts"));
            }
            6..11 => {
                self.services[service].failing = *self.rng.choice(&[0.0, 0.0, 0.05, 0.6, 1.0]).expect("one");
                self.note(format!("service {service} fails {}", self.services[service].failing));
            }
            11..15 => {
                use Mode::{Down, Failing, Hanging, Mute, Refusing, Up};
                let mode = *self.rng.choice(&[Up, Up, Up, Down, Failing, Hanging, Mute, Refusing]).expect("one");
                self.inboxes[inbox].mode = mode;
                self.note(format!("inbox {inbox} is {mode:?}"));
            }
            15..17 => {
                use disk::Health::{FailsOnce, Full, Good, LiesOnce};
                self.disk.health = *self.rng.choice(&[Good, Good, Full, FailsOnce, LiesOnce]).expect("one");
                self.note(format!("the disk is {:?}", self.disk.health));
            }
            17 => {
                self.offset = self.rng.i64(-4 * MINUTE..4 * MINUTE);
                self.note(format!("the clock is off by {}", self.offset));
            }
            18 => self.reload(),
            19 => self.kill("at rest"),
            _ => {
                let dooms = [
                    Doom::Commit(Death::BeforeCommit),
                    Doom::Commit(Death::AfterCommit),
                    Doom::BeforeSend,
                    Doom::AfterArrival,
                ];
                self.doom = self.rng.choice(dooms);
            }
        }
    }

    fn reload(&mut self) {
        if self.rng.bool() {
            self.variant.jobs = !self.variant.jobs;
        } else {
            self.variant.team = if self.variant.team == "one" { "two" } else { "one" };
        }
        self.note(format!("reload: {:?}", self.variant));
        self.configure(self.wall());
    }

    pub fn heal(&mut self) {
        self.note("all is well again");
        self.doom = None;
        self.disk.health = disk::Health::Good;
        for inbox in &mut self.inboxes {
            inbox.mode = Mode::Up;
        }
        for service in &mut self.services {
            service.health = services::Health::Up;
            service.failing = 0.0;
        }
    }
}
