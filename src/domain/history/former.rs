//! Runs as earlier formats of the store wrote them: read, and never written.
//!
//! A run's scale tells its format by its two highest bits. What is read becomes a run of the present coding.

use super::coding::unit;
use super::knot::{Counts, Knot};
use super::packed::Run;
use crate::domain::time::Timestamp;
use crate::domain::varint::{Malformed, Reader, unfold};

/// The mark of format 2 in a run's scale; format 1 had none.
const FORMAT_2: u8 = 0x80;

/// The knots of a run of an earlier format, as far as its bytes make sense.
pub(super) fn knots(run: &Run<'_>) -> Vec<Knot> {
    if run.scale & FORMAT_2 == 0 { knots_of_format_1(run) } else { knots_of_format_2(run) }
}

/// Format 1: for each knot after the first one the change of the step in time, unmeasured time, events and bad events
/// since the knot before.
fn knots_of_format_1(run: &Run<'_>) -> Vec<Knot> {
    let (mut knots, mut rest) = (vec![run.first], Reader::new(run.body));
    let (mut at, mut step, mut measured, mut total, mut bad) =
        (run.first.at.0, 0i64, run.first.sum.measured, 0i64, 0i64);
    let unit = unit(run.scale);
    while !rest.is_empty() {
        let Ok(numbers) = (0..4).map(|_| rest.i64()).collect::<Result<Vec<_>, _>>() else { break };
        step = step.wrapping_add(numbers[0]);
        at = at.wrapping_add(step);
        measured = measured.wrapping_add(step).wrapping_sub(numbers[1]);
        total = total.wrapping_add(numbers[2]);
        bad = bad.wrapping_add(numbers[3]);
        let sum = Counts {
            total: run.first.sum.total + total as f64 * unit,
            bad: run.first.sum.bad + bad as f64 * unit,
            measured,
        };
        knots.push(Knot { at: Timestamp(at), sum });
    }
    if let [_, .., last] = &mut knots[..] {
        *last = run.last;
    }
    knots
}

/// Format 2: for each knot but the first and the last one the change of the step in time, doubled, and one more where time
/// is unmeasured; events beside those that the rate so far lets expect; bad events; unmeasured time where there is any.
fn knots_of_format_2(run: &Run<'_>) -> Vec<Knot> {
    let (mut knots, mut rest) = (vec![run.first], Reader::new(run.body));
    let (mut at, mut measured) = (run.first.at.0, run.first.sum.measured);
    let (mut step, mut events, mut total, mut bad) = (0i64, 0i64, 0i64, 0i64);
    let unit = unit(run.scale & !FORMAT_2);
    while !rest.is_empty() {
        let Ok((change, beside, bad_events, unmeasured)) = knot_of_format_2(&mut rest) else { return knots };
        let last = step;
        step = step.wrapping_add(change);
        if last != 0 && last != step {
            events = (events as f64 * (step as f64 / last as f64)).round() as i64;
        }
        events = events.wrapping_add(beside);
        at = at.wrapping_add(step);
        total = total.wrapping_add(events);
        bad = bad.wrapping_add(bad_events);
        measured = measured.wrapping_add(step.wrapping_sub(unmeasured));
        let sum = Counts {
            total: run.first.sum.total + total as f64 * unit,
            bad: run.first.sum.bad + bad as f64 * unit,
            measured,
        };
        knots.push(Knot { at: Timestamp(at), sum });
    }
    knots.push(run.last);
    knots
}

fn knot_of_format_2(rest: &mut Reader<'_>) -> Result<(i64, i64, i64, i64), Malformed> {
    let (change, beside, bad) = (rest.u64()?, rest.i64()?, rest.i64()?);
    let unmeasured = if change & 1 == 1 { rest.i64()? } else { 0 };
    Ok((unfold(change >> 1), beside, bad, unmeasured))
}
