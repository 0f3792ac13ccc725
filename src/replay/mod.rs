//! What was recorded, through the same engine on a virtual clock.
//!
//! [`collect`] makes scrapes of samples, from wherever they come; [`virtual_clock`] steps the engine through them. Here
//! the two are joined for a whole recording in OpenMetrics text.

pub mod collect;
pub mod recording;
pub mod virtual_clock;

pub use recording::{Recording, RecordingError};

use crate::config::Config;
use crate::domain::setup::Setup;
use crate::domain::status::{SloStatus, Transition};
use serde::Serialize;
use std::sync::Arc;
use virtual_clock::VirtualClock;

/// One line of output.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Line {
    Transition(Box<Transition>),
    Slo(Arc<SloStatus>),
}

/// The setup under which recorded samples are looked at: the watch of a job begins at its first sample.
pub fn setup_of(config: &Config) -> Setup {
    Setup { watched_jobs: None, ..config.setup.clone() }
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
