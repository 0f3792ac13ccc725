//! What one look at all SLOs costs, and what an SLO costs in an hour.

use super::rows::{Goal, Row, Table};
use super::world::{INTERVAL, World};
use super::{Scale, anchor};
use crate::support::measure::cpu_time;
use slowburn::clock;
use slowburn::domain::event::Event;
use slowburn::domain::state::State;
use std::time::Duration;

/// Evaluations in a row before the state is put back: few enough that no SLO runs out of data.
const IN_A_ROW: u32 = 10;

/// Evaluates all SLOs at one moment, at several numbers of them.
pub fn measure(scale: &Scale, table: &mut Table) {
    for slos in scale.growth() {
        table.progress(&format!("a month in the life of {slos} SLOs, evaluated"));
        let (state, _) = World::in_memory(slos).lived(clock::now());
        let seconds = evaluation(&state, (20_000 / slos).clamp(5, 100)).as_secs_f64();
        let row = Row::new(format!("evaluate {slos} SLOs, all windows, 30 d of history"), seconds * 1e3, "ms")
            .beside(anchor::NAME, anchor::EVALUATION * slos as f64 * 1e3);
        table.add(if slos == 10_000 { row.goal(Goal::ValueAtMost(10.0)) } else { row });
    }
}

/// The median CPU time of one evaluation of everything.
fn evaluation(state: &State, rounds: usize) -> Duration {
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let mut state = state.clone();
            let start = cpu_time();
            for _ in 0..IN_A_ROW {
                let at = state.core.now + INTERVAL;
                let effects = state.step(&[Event::Tick { at }]);
                assert_eq!(effects.evaluated.len(), state.slos.len(), "everything is due");
            }
            (cpu_time() - start) / IN_A_ROW
        })
        .collect();
    times.sort();
    times[rounds / 2]
}
