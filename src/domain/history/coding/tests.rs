//! Runs as bytes and back: exact where counts are whole, and in bytes that later versions read.

use super::super::packed::Packed;
use super::super::runs::Run;
use super::*;
use proptest::prelude::*;

fn knot(at: i64, total: f64, bad: f64, measured: i64) -> Knot {
    Knot { at: Timestamp(at), sum: Counts { total, bad, measured } }
}

fn packed(knots: &[Knot]) -> Packed {
    let mut packed = Packed::default();
    packed.push(knots);
    packed
}

fn back(packed: &Packed) -> Vec<Knot> {
    packed.runs().run(0).expect("a run").knots().collect()
}

#[test]
fn whole_counts_come_back_exactly() {
    let knots = [
        knot(0, 5.0, 1.0, 0),
        knot(15_000, 9.0, 1.0, 15_000),
        knot(15_000, 10.0, 2.0, 15_000),
        knot(99_000, 10.0, 2.0, 20_000),
        knot(199_000, 7.0, 3.0, 120_000),
    ];
    let packed = packed(&knots);
    let run = packed.runs().run(0).unwrap();
    assert_eq!(back(&packed), knots);
    assert_eq!(run.at(Timestamp(15_000)).total, 10.0, "a jump belongs to its moment");
    assert_eq!(run.at(Timestamp(7_500)).total, 7.0);
}

/// Stored runs are read by later versions: these bytes may only be added to, under another mark.
#[test]
fn a_run_is_stored_in_these_bytes() {
    let knots = [(0, 0.0), (10, 6.0), (20, 12.0), (50, 30.0)];
    let knots = knots.map(|(at, total)| knot(100 + at, 5.0 + total, total / 2.0, 3 + at));
    let mut body = Vec::new();
    assert_eq!(encode(&knots, &mut body), MARK);
    // Two knots in beats of 10 ms, and the widths. A step of one beat more than none is folded to 2, and doubled for
    // the mark of unmeasured time: 4. Of events 6 are 12, of bad ones 3 are 6, and then everything is as expected.
    assert_eq!(body[..6], [2, 10, 0, 2, 1, 0]);
    let first = [0b01111, 0b00_0111, 0b0_0111];
    let bits = first[0] | first[1] << 5 | first[2] << 11;
    assert_eq!(body[6..], [bits as u8, (bits >> 8) as u8, 0]);
    let mut none = Vec::new();
    assert_eq!((encode(&knots[..2], &mut none), none.len()), (MARK, 0), "nothing between two knots");
}

#[test]
fn a_step_is_expected_to_bring_events_at_the_rate_of_the_last_one() {
    for (last_step, events, step, expected) in
        [(10, 6, 10, 6), (10, 6, 30, 18), (30, 10, 10, 3), (20, -5, 10, -3), (10, 6, 0, 0), (0, 6, 10, 6)]
    {
        let place = Place { step: last_step, ..Place::default() };
        assert_eq!(place.expected(step, events), expected, "{events} in {last_step}, then {step}");
    }
}

#[test]
fn the_width_of_unmeasured_time_is_that_of_the_knots_that_have_any() {
    let measured = [0, 10, 20, 25, 35, 45];
    let knots: Vec<Knot> = (0..).step_by(10).zip(measured).map(|(at, measured)| knot(at, 0.0, 0.0, measured)).collect();
    let mut body = Vec::new();
    encode(&knots, &mut body);
    // 5 ms are folded to 10, which takes five bits in a width of 2. The zeros of the others would make that 1.
    assert_eq!(body[..6], [4, 10, 0, 0, 0, 2]);
    assert_eq!(back(&packed(&knots)), knots);
}

#[test]
fn gaps_jumps_and_fractions_come_back() {
    let steps = [(0, 0.0, 0), (10, 6.0, 10), (20, 12.0, 20), (50, 30.0, 50), (60, 40.0, 57), (60, 41.0, 57)];
    for scale in [1.0, 0.25] {
        let knot = |(at, total, measured): &(i64, f64, i64)| {
            knot(100 + at, 5.0 + total * scale, total * scale / 2.0, 3 + measured)
        };
        let knots: Vec<Knot> = steps.iter().map(knot).collect();
        assert_eq!(back(&packed(&knots)), knots);
    }
}

#[test]
fn the_scale_fits_the_range_of_a_run_wherever_that_begins() {
    let far = 1 << 51;
    for (name, offsets, scale) in [
        ("nothing happened", [(0, 0.0, 0.0, 0), (1, 0.0, 0.0, 1)], Some(0)),
        ("whole", [(1, 7.0, 2.0, 1), (2, 9.0, 3.0, 2)], Some(0)),
        ("a fraction", [(1, 7.5, 0.0, 1), (2, 41.0, 0.0, 2)], Some(15)),
        ("a fraction of the bad ones", [(1, 7.0, 0.5, 1), (2, 41.0, 0.0, 2)], Some(15)),
        ("tiny", [(1, 1e-9, 0.0, 1), (2, 2e-9, 0.0, 2)], Some(49)),
        ("large", [(1, 0.5, 0.0, 1), (2, 1e13, 0.0, 2)], Some(6)),
        ("too large", [(1, 0.0, 0.0, 1), (2, MOST as f64, 0.0, 2)], None),
        ("too large, falling", [(1, 0.0, 0.0, 1), (2, 0.0, -MOST as f64, 2)], None),
        ("infinite", [(1, 0.0, f64::INFINITY, 1), (2, 1.0, 1.0, 2)], None),
        ("too far apart", [(1, 0.0, 0.0, 1), (far, 1.0, 0.0, 2)], None),
        ("measured too far apart", [(1, 0.0, 0.0, -far), (2, 1.0, 0.0, 2)], None),
    ] {
        for begin in [0.0, 1_048_576.0] {
            let offset = |(at, total, bad, measured)| knot(at, begin + total, begin + bad, measured);
            // A tiny offset from a large count is no longer exact.
            let exact = begin == 0.0 || name != "tiny";
            let knots = [knot(0, begin, begin, 0), offset(offsets[0]), offset(offsets[1])];
            assert!(!exact || scale_for(&knots) == scale, "{name}: {:?}", scale_for(&knots));
        }
    }
}

#[test]
fn fractions_are_off_by_less_than_a_thousandth_event_and_ends_are_exact() {
    let knots: Vec<Knot> = (0..60).map(|i| knot(i * 7, i as f64 / 3.0, i as f64 / 7.0, i * 7)).collect();
    let packed = packed(&knots);
    for (had, got) in knots.iter().zip(back(&packed)) {
        assert!((had.sum.total - got.sum.total).abs() < 1e-3 && (had.sum.bad - got.sum.bad).abs() < 1e-3);
    }
    assert_eq!(back(&packed).last(), knots.last());
}

#[test]
fn tiny_fractions_keep_their_relative_precision() {
    let knots = [knot(0, 0.0, 0.0, 0), knot(1, 1e-9, 1e-10, 1), knot(2, 2e-9, 2e-10, 2)];
    let middle = back(&packed(&knots))[1];
    assert!((middle.sum.total - 1e-9).abs() < 1e-14, "{middle:?}");
}

#[test]
fn what_is_too_far_apart_is_kept_in_full() {
    let knots = [
        knot(i64::MIN, 0.0, 0.5, 0),
        knot(-7, 1e300, 1.0, i64::MAX),
        knot(i64::MAX, f64::INFINITY, 2.0, 9),
        knot(i64::MAX, 0.1, 3.0, 9),
    ];
    assert_eq!(back(&packed(&knots)), knots);
}

#[test]
fn even_traffic_takes_three_bits_a_knot() {
    let knots: Vec<Knot> = (0..66).map(|i| knot(i * 15_000, (i * 1000) as f64, 0.0, i * 15_000)).collect();
    let packed = packed(&knots);
    let body = packed.runs().body;
    // And the head, and the events of the first one.
    assert!(body.len() <= 64 * 3 / 8 + 7 + 12, "{}", body.len());
}

#[test]
fn the_beat_is_what_all_steps_are_made_of() {
    for (moments, expected) in [(&[0, 30, 75][..], 15), (&[5, 20, 20, 50], 15), (&[0, 7, 15], 1), (&[3, 3], 1)] {
        let knots: Vec<Knot> = moments.iter().map(|at| knot(*at, 0.0, 0.0, 0)).collect();
        assert_eq!(beat(&knots), expected, "{moments:?}");
    }
}

proptest! {
    #[test]
    fn runs_of_whole_counts_come_back_whole(
        steps in prop::collection::vec((0..100_000i64, -50..9_000_000i64, -3..500i64, -7..7i64), 1..80),
    ) {
        let mut knots = vec![knot(1_700_000_000_000, 9e9, 1e6, 5)];
        for (step, total, bad, unmeasured) in steps {
            let last = knots[knots.len() - 1];
            let measured = last.sum.measured + step - unmeasured.max(0);
            knots.push(knot(last.at.0 + step, last.sum.total + total as f64, last.sum.bad + bad as f64, measured));
        }
        prop_assert_eq!(back(&packed(&knots)), knots);
    }

    #[test]
    fn bytes_that_are_no_run_never_panic(body in prop::collection::vec(any::<u8>(), 0..60), scale: u8) {
        let first = knot(i64::MAX, 1.0, 1.0, i64::MAX);
        let run = Run { first, last: first, scale, body: &body };
        // A knot takes three bits at least.
        prop_assert!(run.knots().count() <= body.len() * 3 + 2);
        run.at(Timestamp(5));
    }
}
