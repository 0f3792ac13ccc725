//! The engine on a clock that stands still until it is moved.
//!
//! Between scrapes the clock stops at every moment at which something falls due, so a run depends on its samples alone.
//! Moments at which nothing can change are left out, so a hole of years costs hardly more than one of hours.

use crate::domain::event::Event;
use crate::domain::reading::Scrape;
use crate::domain::setup::Setup;
use crate::domain::state::State;
use crate::domain::status::Transition;
use crate::domain::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Evaluations without a sample that make a hole.
const HOLE: u32 = 20;

/// A state with the only way to move it: forward.
pub struct VirtualClock {
    state: State,
    /// Time without a sample that is worth a look whether it can be jumped over.
    hole: Duration,
}

impl VirtualClock {
    /// The setup comes into force just before `first`, so that the first samples are looked at by it.
    pub fn new(setup: Setup, first: Timestamp) -> Self {
        let hole = setup.evaluation_interval * HOLE;
        let mut state = State::default();
        state.step(&[Event::Configured { at: Timestamp(first.0 - 1), setup: Arc::new(setup) }]);
        Self { state, hole }
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    /// Lets everything happen that falls due before `at`, then takes the scrapes of that moment. `see` is called after
    /// each step with what changed.
    pub fn play(&mut self, at: Timestamp, scrapes: Vec<Scrape>, mut see: impl FnMut(&State, Vec<Transition>)) {
        self.advance(at, &mut see);
        let events: Vec<Event> = scrapes.into_iter().map(Event::Scraped).collect();
        self.step(&events, &mut see);
    }

    /// Lets everything happen that falls due before `end`.
    pub fn advance(&mut self, end: Timestamp, mut see: impl FnMut(&State, Vec<Transition>)) {
        while let Some(due) = self.next_before(end) {
            self.step(&[Event::Tick { at: due }], &mut see);
        }
    }

    /// The next moment before `end` at which something may change.
    fn next_before(&mut self, end: Timestamp) -> Option<Timestamp> {
        let due = self.state.next_due().filter(|due| *due < end)?;
        if end.since(due) <= self.hole {
            return Some(due);
        }
        self.state.skip_idle(end);
        self.state.next_due().filter(|due| *due < end)
    }

    /// Evaluates once more at the last moment seen.
    pub fn finish(&mut self, mut see: impl FnMut(&State, Vec<Transition>)) {
        let end = self.state.core.now;
        self.step(&[Event::Tick { at: end }], &mut see);
    }

    fn step(&mut self, events: &[Event], see: &mut impl FnMut(&State, Vec<Transition>)) {
        let effects = self.state.step(events);
        see(&self.state, effects.transitions);
    }
}
