//! Turns batches of events into journal blocks and back.
//!
//! Scrapes are nearly everything there is, and one scrape looks like the one before it. Targets and series are
//! therefore spelled out once and named by number afterwards, times are steps from the event before, and values are
//! steps from the last value of the same series: a counter that stands still costs one byte, one that grows slowly
//! two or three. What is not a whole number is kept as its 64 bits, so NaN payloads and −0.0 come back as they were.
//!
//! Numbers given earlier make a block unreadable without those before it, so blocks form a chain. Each carries its
//! place in the chain; a block at place 0 begins a new one and forgets everything. [`Encoder::reset`] asks for that,
//! after a checkpoint (which drops the journal) and after a block that could not be stored. A decoder refuses a block
//! that does not follow the last one rather than guess.
//!
//! ```text
//! block   = version place count event*
//! event   = tag step-of-time …
//! scrape  = target flags [process start] [order of series] value* [times] [creation times]
//! ```

mod decode;
mod encode;
mod memory;
#[cfg(test)]
mod tests;

pub use decode::Decoder;
pub use encode::Encoder;

use crate::domain::varint::Malformed;

/// First byte of each block; a change of the layout above takes the next number.
const VERSION: u8 = 2;

/// The layout that knew no `RESUMED`; blocks without one are still written so.
const WITHOUT_RESUMED: u8 = 1;

/// The first byte of an event.
mod tag {
    pub const TICK: u8 = 0;
    pub const SCRAPED: u8 = 1;
    pub const DELIVERED: u8 = 2;
    pub const CONFIGURED: u8 = 3;
    pub const TROUBLE: u8 = 4;
    pub const RESUMED: u8 = 5;
}

/// The fate of a message, one byte.
mod fate {
    pub const ACCEPTED: u8 = 0;
    pub const FAILED: u8 = 1;
    pub const GIVEN_UP: u8 = 2;
}

/// Bits that tell what follows in a scrape.
mod flag {
    /// Nothing was read; only the reason follows.
    pub const FAILED: u8 = 1;
    /// The process start differs from that of the target's last reading.
    pub const STARTED: u8 = 2;
    /// The series are not those of the target's last reading in the same order.
    pub const ORDER: u8 = 4;
    /// Some sample has its own time.
    pub const TIMED: u8 = 8;
    /// Some series' creation time differs from its last one.
    pub const CREATED: u8 = 16;
    pub const ALL: u8 = FAILED | STARTED | ORDER | TIMED | CREATED;
}

/// How a value is written, besides as a step.
mod code {
    /// The 64 bits follow.
    pub const RAW: u64 = 0;
    /// The same bits as last time.
    pub const SAME: u64 = 1;
}

/// Why a batch can't be written, or a block can't be read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    #[error("a journal block can't be read: {0}")]
    Malformed(#[from] Malformed),
    #[error("a journal block has layout {0}, this slowburn reads layouts up to {VERSION}")]
    Version(u8),
    #[error("journal blocks are missing: found number {found} of a chain where number {expected} should follow")]
    OutOfOrder { expected: u64, found: u64 },
    #[error("a journal block can't be read: {value} is no {what}")]
    Unknown { what: &'static str, value: u64 },
    #[error("a journal block can't be read: {0} bytes follow its last event")]
    Trailing(usize),
    #[error("a configuration can't be read from the journal: {0}")]
    Setup(serde_json::Error),
    #[error("the configuration can't be kept: {0}")]
    UnkeepableSetup(String),
}
