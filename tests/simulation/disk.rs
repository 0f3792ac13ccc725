//! The store's contract in memory, with faults: what is written is there, whole or not at all.

use slowburn::store::{Cover, Loaded, Piece};
use std::collections::BTreeMap;

/// What the disk is asked for.
pub enum Request {
    Block(Vec<u8>),
    Begin(Cover),
    Stage(Piece),
    Switch,
}

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
    staged: Staged,
}

/// A checkpoint that is not in force.
#[derive(Default)]
struct Staged {
    /// Blocks that it covers.
    blocks: usize,
    /// Bodies by key; `None` removes.
    parts: BTreeMap<String, Option<Vec<u8>>>,
}

/// What the disk says, and what is true.
pub struct Outcome {
    pub said: Result<(), String>,
    pub written: bool,
}

impl Disk {
    pub fn new() -> Self {
        Self { health: Health::Good, content: Loaded::default(), staged: Staged::default() }
    }

    pub fn write(&mut self, request: Request) -> Outcome {
        let health = self.health;
        if matches!(health, Health::FailsOnce | Health::LiesOnce) {
            self.health = Health::Good;
        }
        let written = matches!(health, Health::Good | Health::LiesOnce);
        if written {
            self.put(request);
        }
        let said = if health == Health::Good { Ok(()) } else { Err(format!("the disk: {health:?}")) };
        Outcome { said, written }
    }

    /// Writes without fail.
    pub fn put(&mut self, request: Request) {
        let Loaded { parts, journal } = &mut self.content;
        match request {
            Request::Block(block) => journal.push(block),
            Request::Begin(cover) => {
                let blocks = if cover == Cover::Everything { usize::MAX } else { journal.len() };
                self.staged = Staged { blocks, ..Staged::default() };
            }
            Request::Stage(piece) => {
                self.staged.parts.extend(piece.delete.into_iter().map(|key| (key, None)));
                let bodies = piece.upsert.into_iter().chain(piece.dense);
                self.staged.parts.extend(bodies.map(|(key, body)| (key, Some(body))));
            }
            Request::Switch => {
                let Staged { blocks, parts: staged } = std::mem::take(&mut self.staged);
                journal.drain(..blocks.min(journal.len()));
                for (key, body) in staged {
                    match body {
                        Some(body) => drop(parts.insert(key, body)),
                        None => drop(parts.remove(&key)),
                    }
                }
            }
        }
    }

    pub fn content(&self) -> &Loaded {
        &self.content
    }
}
