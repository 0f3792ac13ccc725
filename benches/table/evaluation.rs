//! What one look at all SLOs costs.

use super::Scale;
use super::peers::Peers;
use super::rows::{Goal, Row, Table};
use super::world::{Size, World};
use crate::support::measure::cpu_time;
use crate::support::traffic::STEP;
use slowburn::domain::event::Event;
use slowburn::domain::state::State;
use std::time::Duration;

/// Evaluations in a row before the state is put back: few enough that no SLO runs out of data.
const IN_A_ROW: u32 = 10;

const ABOUT: &str = "All windows of all SLOs, both severities, in one go; peers by all their CPU time from one evaluation to the next, \
scraping and storing included.";
/// SLOs that are evaluated with a shorter window too, and its days.
const SHORTER: (usize, u32) = (1000, 7);

/// Evaluates all SLOs at one moment, at several numbers of them.
pub fn measure(scale: &Scale, peers: &Peers, table: &mut Table) {
    table.section("Evaluating", ABOUT);
    for size in scale.growth() {
        let times = times(size, table);
        let row = Row::median(format!("evaluate {}, all windows, 30 d of history", size.told()), times, "ms");
        let goal = (size.slos == 10_000).then_some(Goal::ValueAtMost(10.0));
        if size.groups > 1 {
            table.add(row);
            continue;
        }
        for peer in peers.all() {
            let row = row.clone().beside(peer.told(size.slos), peer.at(size.slos).evaluation * size.slos as f64 * 1e3);
            table.add(row.goal_if(goal.filter(|_| peer.is_first())));
        }
        if size == Size::of(SHORTER.0) {
            let shorter = self::times(Size { days: SHORTER.1, ..size }, table);
            let name = format!("evaluate {}, window of {} d", size.told(), SHORTER.1);
            table.add(Row::median(name, shorter, "ms").beside("the same with 30 d", row.value));
        }
    }
}

fn times(size: Size, table: &Table) -> Vec<f64> {
    table.progress(&format!("a month in the life of {}, evaluated over {} d", size.told(), size.days));
    let (state, _) = World::in_memory(size).lived();
    let budgets = size.slos * size.groups;
    let rounds = 0..(200_000 / budgets).clamp(20, 1000);
    rounds.map(|_| evaluation(&state).as_secs_f64() * 1e3).collect()
}

/// The CPU time of one evaluation of everything, as of an engine that runs: its first one finds the edges of all windows
/// and is not counted.
fn evaluation(state: &State) -> Duration {
    let mut state = state.clone();
    evaluate(&mut state);
    let start = cpu_time();
    for _ in 0..IN_A_ROW {
        evaluate(&mut state);
    }
    (cpu_time() - start) / IN_A_ROW
}

fn evaluate(state: &mut State) {
    let effects = state.step(&[Event::Tick { at: state.core.now + STEP }]);
    assert_eq!(effects.evaluated.len(), state.slos.len(), "everything is due");
}
