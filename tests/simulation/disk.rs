//! The store's contract in memory, with faults: what is written is there, whole or not at all.

use slowburn::engine::ledger::Write;
use slowburn::store::Loaded;

/// How the disk is at the moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Health {
    Good,
    /// Nothing can be written.
    Full,
    /// The next write fails, and the disk is good again.
    FailsOnce,
    /// The next write succeeds, but the answer says otherwise.
    LiesOnce,
}

pub struct Disk {
    pub health: Health,
    content: Loaded,
}

/// What the disk says, and what is true.
pub struct Outcome {
    pub said: Result<(), String>,
    pub written: bool,
}

impl Disk {
    pub fn new() -> Self {
        Self { health: Health::Good, content: Loaded::default() }
    }

    pub fn write(&mut self, write: Write) -> Outcome {
        let health = self.health;
        if matches!(health, Health::FailsOnce | Health::LiesOnce) {
            self.health = Health::Good;
        }
        let written = matches!(health, Health::Good | Health::LiesOnce);
        if written {
            self.put(write);
        }
        let said = if health == Health::Good { Ok(()) } else { Err(format!("the disk: {health:?}")) };
        Outcome { said, written }
    }

    /// Writes without fail.
    pub fn put(&mut self, write: Write) {
        match write {
            Write::Block(block) => self.content.journal.push(block),
            Write::Checkpoint(checkpoint) => {
                for key in checkpoint.delete {
                    self.content.parts.remove(&key);
                }
                self.content.parts.extend(checkpoint.upsert);
                self.content.journal.clear();
            }
        }
    }

    pub fn content(&self) -> &Loaded {
        &self.content
    }
}
