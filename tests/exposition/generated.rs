//! Generated bodies: what is written is read back, and nothing that is fed in can make the reader panic.

use super::{Parsed, samples};
use proptest::prelude::*;
use slowburn::source::exposition::Format::{self, OpenMetrics, Text};
use std::collections::BTreeMap;

fn any_format() -> impl Strategy<Value = Format> {
    prop_oneof![Just(Text), Just(OpenMetrics)]
}

/// Names that need quotes and names that do not; few, so that lines share beginnings.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[ab_][ab_0]{0,3}", 1 => "[a.\"\\\\é\n ]{1,4}"].prop_filter("reserved", |name| name != "__name__")
}

fn label_value() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[ab]{0,3}", 1 => "[a\"\\\\n\n{},= é☃\t]{0,6}", 1 => any::<String>()]
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), any::<i32>().prop_map(f64::from), Just(f64::NAN), Just(f64::INFINITY), Just(1e300)]
}

fn sample() -> impl Strategy<Value = Parsed> {
    let labels = prop::collection::btree_map(name(), label_value(), 0..4);
    let at = prop::option::of(-4_000_000_000_000_i64..4_000_000_000_000);
    (name(), labels, value(), at).prop_map(|(name, labels, value, at)| Parsed {
        name,
        labels: BTreeMap::into_iter(labels).collect(),
        value,
        at,
        line: 0,
    })
}

/// A line made of few pieces, so that neighbours share long beginnings; now and then not well-formed.
fn shared_line() -> impl Strategy<Value = String> {
    let label = prop_oneof![
        3 => "[ab]=\"[ab]{0,2}\"",
        1 => "\"[ab]\"=\"a\"",
        1 => "\"[ab]b?\"",
        1 => r#"[ab]="[ab]?\\["\\]a?""#,
    ];
    let labels = prop::collection::vec(label, 0..4).prop_map(|labels| labels.join(","));
    let names = prop_oneof![4 => "[ab]b?", 1 => Just(String::new())];
    (names, " ?", labels, ",?", prop_oneof![9 => Just("}"), 1 => Just("")], "[12]")
        .prop_map(|(name, gap, labels, comma, close, value)| format!("{name}{gap}{{{labels}{comma}{close} {value}\n"))
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// The line of a sample, in one of the ways in which a format may write it.
fn write(sample: &Parsed, format: Format, loose: bool) -> String {
    let loose = loose && format == Text;
    let (gap, blank) = if loose { (" ", "\t ") } else { ("", " ") };
    let mut parts = Vec::new();
    if !is_plain(&sample.name) {
        parts.push(format!("\"{}\"", escape(&sample.name)));
    }
    for (name, value) in &sample.labels {
        let name = if is_plain(name) { name.clone() } else { format!("\"{}\"", escape(name)) };
        parts.push(format!("{name}{gap}={gap}\"{}\"", escape(value)));
    }
    let name = if is_plain(&sample.name) { &sample.name } else { "" };
    let labels = match parts.is_empty() {
        true => String::new(),
        false => format!("{gap}{{{gap}{}{gap}}}", parts.join(&format!("{gap},{gap}"))),
    };
    let time = sample.at.map_or(String::new(), |at| match format {
        Text => format!("{blank}{at}"),
        OpenMetrics => format!("{blank}{}", at as f64 / 1000.0),
    });
    let value =
        if sample.value.is_infinite() && loose { format!("{:e}", sample.value) } else { sample.value.to_string() };
    format!("{name}{labels}{blank}{value}{time}{}\n", if loose { "\r" } else { "" })
}

fn body(lines: &str, format: Format) -> String {
    let end = if format == OpenMetrics { "# EOF\n" } else { "" };
    format!("{lines}{end}")
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        expected in prop::collection::vec(sample(), 0..12),
        format in any_format(),
        loose in any::<bool>(),
    ) {
        let lines: String = expected.iter().map(|sample| write(sample, format, loose)).collect();
        let found = samples(body(&lines, format), format);
        prop_assert_eq!(found, Ok(expected), "{:?}", lines);
    }

    /// The reader goes on from what a line shares with the one before it; that must not change what a line means.
    #[test]
    fn a_line_means_the_same_after_any_other_line(
        lines in prop::collection::vec(shared_line(), 2..6),
        format in any_format(),
    ) {
        let together = samples(body(&lines.concat(), format), format);
        let apart: Result<Vec<_>, _> = lines.iter().map(|line| samples(body(line, format), format)).collect();
        prop_assert_eq!(together.ok(), apart.ok().map(|samples| samples.concat()), "{:?}", lines);
    }

    #[test]
    fn numbers_are_taken_exactly_when_the_grammar_has_them(text in "[-+]{0,2}[0-9.]{0,6}([eE][-+]?[0-9]{0,3})?[x_p]?") {
        let found = samples(format!("a {text}\n"), Text);
        let expected = decimal(&text);
        prop_assert_eq!(found.ok().and_then(|samples| Some(samples.first()?.value)), expected);
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), format in any_format()) {
        let _ = samples(bytes, format);
    }

    #[test]
    fn damaged_bodies_never_panic(
        expected in prop::collection::vec(sample(), 1..6),
        damage in prop::collection::vec((any::<prop::sample::Index>(), "[\"\\\\{}=,# \n\rab0]|é"), 0..4),
        cut in any::<prop::sample::Index>(),
        format in any_format(),
    ) {
        let lines: String = expected.iter().map(|sample| write(sample, format, false)).collect();
        let mut damaged: Vec<char> = body(&lines, format).chars().collect();
        for (at, text) in damage {
            let at = at.index(damaged.len());
            damaged.splice(at..=at, text.chars());
        }
        damaged.truncate(cut.index(damaged.len() * 2) + 1);
        let _ = samples(damaged.into_iter().collect::<String>(), format);
    }
}

/// The decimal grammar of Go's `ParseFloat`, apart from the reader's own.
fn decimal(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let valid = digits(whole) && digits(fraction) && digits(exponent) && !exponent.is_empty();
    let number = (valid && !(whole.is_empty() && fraction.is_empty())).then(|| text.parse::<f64>().ok())??;
    number.is_finite().then_some(number)
}
