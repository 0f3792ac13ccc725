//! Runs as earlier formats of the store wrote them: read, and never written.
//!
//! A run's scale tells its format by its two highest bits. What is read becomes a run of the present coding.

use super::coding::unit;
use super::knot::{Counts, Knot};
use super::runs::Run;
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

#[cfg(test)]
mod tests {
    use super::super::packed::Packed;
    use super::*;

    fn knot(at: i64, total: f64, bad: f64, measured: i64) -> Knot {
        Knot { at: Timestamp(at), sum: Counts { total, bad, measured } }
    }

    /// Runs of format 2 as that wrote them, and the knots that it wrote them of.
    fn of_format_2() -> [(u8, Vec<u8>, Vec<Knot>); 3] {
        let steps = [(0, 0.0, 0), (10, 6.0, 10), (20, 12.0, 20), (50, 30.0, 50), (60, 40.0, 57), (60, 41.0, 57)];
        let knot = |(at, total, measured): &(i64, f64, i64)| knot(100 + at, 5.0 + total, total / 2.0, 3 + measured);
        let mut knots: Vec<Knot> = steps.iter().map(knot).collect();
        let jump = [(0, 0.0, 0), (10, 6.0, 10), (10, 8.0, 10), (20, 14.0, 20), (30, 20.0, 30)];
        let jump = jump.iter().map(knot).collect();
        knots.push(knots[5]);
        // A step of 10 is folded to 20, doubled for the mark of unmeasured time: 40. What is expected is 0.
        let whole = vec![40, 12, 6, 0, 0, 6];
        // In no time no events are expected, and behind a jump as many as that had.
        let jumping = vec![40, 12, 6, 38, 4, 2, 40, 8, 6];
        // Events in units of 1/32768; 6 are 128 128 24. The fourth knot has 3 ms of unmeasured time.
        let fractions = [
            [&[40, 128, 128, 24, 128, 128, 12][..], &[0, 0, 128, 128, 12]].concat(),
            [&[80, 0, 128, 128, 36][..], &[79, 128, 128, 16, 128, 128, 20, 6]].concat(),
            vec![38, 128, 128, 4, 128, 128, 2],
        ];
        [(FORMAT_2, whole, knots[..4].to_vec()), (FORMAT_2, jumping, jump), (FORMAT_2 + 15, fractions.concat(), knots)]
    }

    fn run<'a>(scale: u8, body: &'a [u8], knots: &[Knot]) -> Run<'a> {
        Run { first: knots[0], last: knots[knots.len() - 1], scale, body }
    }

    #[test]
    fn runs_of_format_2_are_read_and_become_present_ones() {
        for (scale, body, expected) in of_format_2() {
            let run = run(scale, &body, &expected);
            assert_eq!(knots(&run), expected);
            let mut packed = Packed::default();
            packed.push_run(&run);
            let renewed = packed.renewed();
            assert_eq!(renewed.runs().run(0).expect("a run").knots().collect::<Vec<_>>(), expected);
            assert_ne!(renewed.runs().run(0).expect("a run").body, body, "in the present coding");
            assert_eq!(renewed.clone().renewed(), renewed, "and stays so");
        }
    }

    #[test]
    fn what_is_damaged_in_a_run_of_an_earlier_format_ends_it() {
        let (scale, body, expected) = of_format_2().into_iter().next_back().expect("one");
        let cut = run(scale, &body[..body.len() - 1], &expected);
        assert_eq!(knots(&cut), expected[..5], "an unfinished knot is left out, and so is the end");
        let (first, last) = (knot(100, 5.0, 2.0, 7), knot(150, 9.0, 2.0, 57));
        let run = Run { first, last, scale: 0, body: &[20, 0, 12, 0, 20] };
        assert_eq!(knots(&run), [first, last], "of format 1 the last one is exact");
        assert_eq!(knots(&Run { body: &[], ..run }), [first]);
    }
}
