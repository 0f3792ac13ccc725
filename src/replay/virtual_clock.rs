//! The engine on a clock that stands still until it is moved.
//!
//! Between scrapes the clock stops at every moment at which something falls due, so a run depends on its samples alone.

use crate::domain::event::Event;
use crate::domain::reading::Scrape;
use crate::domain::setup::Setup;
use crate::domain::state::State;
use crate::domain::status::Transition;
use crate::domain::time::Timestamp;
use std::sync::Arc;

/// A state with the only way to move it: forward.
pub struct VirtualClock {
    state: State,
}

impl VirtualClock {
    /// The setup comes into force just before `first`, so that the first samples are looked at by it.
    pub fn new(setup: Setup, first: Timestamp) -> Self {
        let mut state = State::default();
        state.step(&[Event::Configured { at: Timestamp(first.0 - 1), setup: Arc::new(setup) }]);
        Self { state }
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
        while let Some(due) = self.state.next_due().filter(|due| *due < end) {
            self.step(&[Event::Tick { at: due }], &mut see);
        }
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
