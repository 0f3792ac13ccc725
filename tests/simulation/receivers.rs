//! Receivers: what they took, and how they fail.

use slowburn::domain::message::{Channel, Message};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    Up,
    /// Nobody listens.
    Down,
    /// HTTP 500.
    Failing,
    /// HTTP 400: the message is given up.
    Refusing,
    /// Never answers, takes nothing.
    Hanging,
    /// Takes the message, but its answer is lost.
    Mute,
}

/// A message that a receiver took.
pub struct Taken {
    pub at: i64,
    pub message: Arc<Message>,
    /// Kills and lost answers so far: what may have caused a repeat.
    pub mishaps: usize,
    /// Sent while the disk could not be written.
    pub from_memory: bool,
}

pub struct Inbox {
    pub channel: Channel,
    pub mode: Mode,
    pub taken: Vec<Taken>,
    /// Answers of this receiver that were lost.
    pub lost_answers: usize,
    /// It refused something for good, so it may not know everything.
    pub refused: bool,
}

impl Inbox {
    pub fn new(receiver: &str, kind: &str) -> Self {
        let channel = Channel { receiver: receiver.to_owned(), kind: kind.to_owned(), index: 0 };
        Self { channel, mode: Mode::Up, taken: Vec::new(), lost_answers: 0, refused: false }
    }
}
