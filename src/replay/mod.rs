//! What was recorded, through the same engine on a virtual clock.
//!
//! Samples come out of a file ([`recording`], [`matrix`]) or a running Prometheus ([`prometheus`]); [`collect`] makes
//! scrapes of them, and [`virtual_clock`] steps the engine through those. [`study`] does so for several alternatives at
//! once ([`what_if`]) while [`observe`] notes alerts and incidents, which [`tables`], [`lines`] and [`html`] show.

pub mod collect;
pub mod html;
pub mod known;
pub mod lines;
pub mod matrix;
pub mod observe;
pub mod prometheus;
pub mod recording;
mod remote_read;
pub mod study;
pub mod tables;
pub mod virtual_clock;
pub mod wanted;
pub mod what_if;

pub use recording::{Recording, RecordingError};

use crate::config::Config;
use crate::domain::lazy_status::LazyStatus;
use crate::domain::setup::Setup;
use crate::domain::status::Transition;
use serde::Serialize;
use std::sync::Arc;
use virtual_clock::VirtualClock;

/// One line of output.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Line {
    Transition(Box<Transition>),
    Slo(Arc<LazyStatus>),
}

/// The setup under which recorded samples are looked at: the watch of a job begins at its first sample, and nobody is
/// told of anything, so there is no route to go.
pub fn setup_of(config: &Config) -> Setup {
    Setup { watched_jobs: None, route: None, ..config.setup.clone() }
}

/// Runs a recording; `emit` gets each transition as it happens and every status at the end.
pub fn run(config: &Config, recording: Recording, mut emit: impl FnMut(Line)) {
    let scrapes = recording.scrapes;
    let Some(first) = scrapes.keys().next().copied() else { return };
    let mut clock = VirtualClock::new(setup_of(config), first);
    let mut tell = |transitions: Vec<Transition>| {
        for transition in transitions {
            emit(Line::Transition(Box::new(transition)));
        }
    };
    for (at, scrapes) in scrapes {
        clock.play(at, scrapes, |_, transitions| tell(transitions));
    }
    clock.finish(|_, transitions| tell(transitions));
    for status in clock.state().statuses() {
        emit(Line::Slo(status.clone()));
    }
}
