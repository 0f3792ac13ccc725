//! Messages on their way out: rendering, channels, retries.
//!
//! The engine keeps an outbox; nothing here decides who is told what. [`worker`] takes the outbox as it is published,
//! sends each message through its channel and reports what became of it; the report is the only way back, so the
//! engine stays the single writer. Delivery is at least once: a message that was accepted while the process died is
//! sent again after the start, and carries the same identity (`Message-ID`, `groupKey`) so that it can be told.
//!
//! * [`channel`]: what a channel is, and all channels of a configuration;
//! * [`webhook`], [`slack`], [`email`]: one file (or folder) for each kind; `docs/adding-a-channel.md` is the recipe;
//! * [`post`]: one HTTP attempt, and which answers are worth another one;
//! * [`render`]: pure text blocks that the channels share; [`backoff`] and [`plan`]: pure, when and what to send.

pub mod backoff;
pub mod channel;
pub mod email;
pub mod plan;
pub mod post;
pub mod render;
pub mod scrub;
pub mod slack;
pub mod webhook;
pub mod worker;
