//! Any query, in each mood: nothing panics, refusals lie inside the query, what is compiled has events, and parentheses
//! change nothing.
//!
//! The first byte chooses the mood, the rest is the query; a line `--` stands between two queries of a pair.

use slowburn::domain::slo::{CompareOp, Comparison, Indicator, Part};
use slowburn::spec::promql::{Bare, Compiled, Refusal, Refused, events, ratio, threshold};

pub fn check(data: &[u8]) {
    let Some((choice, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let bare = [Bare::Refused, Bare::Counters, Bare::Gauges][usize::from(choice & 3) % 3];
    let part_is = if choice & 4 == 0 { Part::Bad } else { Part::Good };
    both(text, |query| ratio(query, part_is, bare));
    both(text, |query| threshold(query, Comparison { op: CompareOp::Less, with: 0.5 }));
    let Some((part, total)) = text.split_once("\n--\n") else { return };
    match events(part, part_is, total, bare) {
        Ok(compiled) => sound(part, &Ok(compiled)),
        Err(Refused::Part(refusal)) => sound(part, &Err(refusal)),
        Err(Refused::Total(refusal)) => sound(total, &Err(refusal)),
    }
}

/// The query as it stands, and in parentheses, the last after a line's end since the query may end with a comment.
fn both(query: &str, compile: impl Fn(&str) -> Result<Compiled, Refusal>) {
    let plain = compile(query);
    sound(query, &plain);
    if let Ok(plain) = plain {
        let enclosed = compile(&format!("({query}\n)"));
        assert_eq!(
            enclosed.map(|compiled| meaning(compiled.indicator)),
            Ok(meaning(plain.indicator)),
            "in parentheses"
        );
    }
}

/// An indicator without the query as it was written.
fn meaning(mut indicator: Indicator) -> Indicator {
    if let Indicator::Terms { text, .. } = &mut indicator {
        text.clear();
    }
    indicator
}

fn sound(query: &str, result: &Result<Compiled, Refusal>) {
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
