//! Any query, in each mood: nothing panics, refusals lie inside the query, and what is compiled has events.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slowburn::domain::slo::{CompareOp, Comparison, Indicator, Part};
use slowburn::spec::promql::{Bare, Compiled, Refusal, Refused, events, ratio, threshold};

fuzz_target!(|data: &[u8]| {
    let Some((choice, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let bare = [Bare::Refused, Bare::Counters, Bare::Gauges][usize::from(choice & 3) % 3];
    let part_is = if choice & 4 == 0 { Part::Bad } else { Part::Good };
    check(text, ratio(text, part_is, bare));
    check(text, threshold(text, Comparison { op: CompareOp::Less, with: 0.5 }));
    // Two queries, apart by a line of their own.
    if let Some((part, total)) = text.split_once("\n--\n") {
        match events(part, part_is, total, bare) {
            Ok(compiled) => check(part, Ok(compiled)),
            Err(Refused::Part(refusal)) => check(part, Err(refusal)),
            Err(Refused::Total(refusal)) => check(total, Err(refusal)),
        }
    }
});

fn check(query: &str, result: Result<Compiled, Refusal>) {
    match result {
        Ok(Compiled { indicator: Indicator::Terms { terms, .. }, .. }) => {
            assert!(terms.iter().any(|term| term.total > 0.0));
            assert!(terms.iter().all(|term| term.total.is_finite() && term.bad.is_finite()));
        }
        Ok(_) => {}
        Err(refusal) => {
            assert!(!refusal.why.is_empty());
            assert!(refusal.offset.is_none_or(|offset| query.is_char_boundary(offset)));
        }
    }
}
