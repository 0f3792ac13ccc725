//! promtool's notation of a series' values: `0+10x30 _x3 stale 1 NaN`.
//!
//! * `a+bxn` and `a-bxn` are `a` and `n` further samples, each `b` more or less than the one before; `axn` repeats `a`;
//! * `_` is no sample at that moment, `_xn` is `n` of them;
//! * `stale` says that the series is gone from then on: the target was read, and the series was not there.

/// One moment of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Sample(f64),
    /// Nothing is known of the series at this moment.
    Missing,
    /// The target was read, the series was not there.
    Stale,
}

/// Samples of one series at most: two years of them, one a minute.
pub const MOST_VALUES: usize = 1 << 20;

/// Why a text is not a series of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadValues {
    /// Byte at which the item begins.
    pub offset: usize,
    pub message: String,
    pub help: Option<String>,
}

/// Reads a whole series.
pub fn parse(text: &str) -> Result<Vec<Value>, BadValues> {
    let mut values = Vec::new();
    let mut offset = 0;
    for item in text.split([' ', '\t', '\n', '\r']) {
        if !item.is_empty() {
            expand(item, offset, &mut values)?;
        }
        offset += item.len() + 1;
    }
    Ok(values)
}

fn expand(item: &str, offset: usize, values: &mut Vec<Value>) -> Result<(), BadValues> {
    let bad = |message: String, help: Option<&str>| BadValues { offset, message, help: help.map(str::to_owned) };
    if item.starts_with("{{") {
        return Err(bad("native histograms are not supported".to_owned(), Some("give the series of a classic one")));
    }
    let parsed = Item::parse(item).ok_or_else(|| bad(format!("{item:?} is not a value"), mend(item)))?;
    let more = parsed.times.saturating_add(usize::from(!matches!(parsed.first, Value::Missing)));
    let more = if parsed.repeated { more } else { 1 };
    if more > MOST_VALUES - values.len() {
        let message = format!("{item:?} makes the series longer than {MOST_VALUES} values");
        return Err(bad(message, Some("choose a longer interval")));
    }
    let mut value = parsed.first;
    for _ in 0..more {
        values.push(value);
        // Added up step by step, as promtool does, so that both see the same floats.
        if let Value::Sample(number) = &mut value {
            *number += parsed.step;
        }
    }
    Ok(())
}

/// `first`, then `times` further ones, each `step` more.
struct Item {
    first: Value,
    step: f64,
    times: usize,
    repeated: bool,
}

impl Item {
    fn parse(text: &str) -> Option<Self> {
        let single = |first| Self { first, step: 0.0, times: 0, repeated: false };
        if text == "_" {
            return Some(single(Value::Missing));
        }
        if text == "stale" {
            return Some(single(Value::Stale));
        }
        if let Some(times) = text.strip_prefix("_x") {
            return Some(Self { first: Value::Missing, step: 0.0, times: count(times)?, repeated: true });
        }
        let (first, rest) = signed(text)?;
        if rest.is_empty() {
            return Some(single(Value::Sample(first)));
        }
        let (step, rest) = if rest.starts_with(['+', '-']) { signed(rest)? } else { (0.0, rest) };
        Some(Self { first: Value::Sample(first), step, times: count(rest.strip_prefix('x')?)?, repeated: true })
    }
}

fn count(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(usize::MAX))
}

/// A number with at most one sign, and what follows it.
fn signed(text: &str) -> Option<(f64, &str)> {
    let (sign, bare) = match text.as_bytes().first()? {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    let (number, rest) = unsigned(bare)?;
    Some((sign * number, rest))
}

fn unsigned(text: &str) -> Option<(f64, &str)> {
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let word = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        let number = match text[..word].to_ascii_lowercase().as_str() {
            "inf" => f64::INFINITY,
            "nan" => f64::NAN,
            _ => return None,
        };
        return Some((number, &text[word..]));
    }
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
        && hex.starts_with(|c: char| c.is_ascii_hexdigit())
        && !hex.starts_with(|c: char| c.is_ascii_digit())
    {
        let end = hex.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(hex.len());
        return Some((u64::from_str_radix(&hex[..end], 16).ok()? as f64, &hex[end..]));
    }
    let end = number_length(text);
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// Digits, a point, digits, an exponent; as far as they go.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits((end + 1 + sign).min(bytes.len()));
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    end
}

fn mend(item: &str) -> Option<&'static str> {
    if item.contains("stalex") {
        return Some("stale can't be repeated; write stale, then _ as often as wanted");
    }
    if item.contains('*') || item.ends_with('x') || item.starts_with('x') {
        return Some("a repetition is a+bxn: write 0+10x30 for 0, 10, 20 … 300");
    }
    Some("write values like 5, 0+10x30, 7x4, _, _x3, stale or NaN, separated by spaces")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let show = |value: &Value| match value {
            Value::Sample(number) => number.to_string(),
            Value::Missing => "_".to_owned(),
            Value::Stale => "stale".to_owned(),
        };
        match parse(text) {
            Ok(values) => values.iter().map(show).collect::<Vec<_>>().join(" "),
            Err(bad) => format!("error at {}: {}", bad.offset, bad.message),
        }
    }

    #[test]
    fn values_are_expanded_as_promtool_does() {
        for (text, expanded) in [
            ("", ""),
            ("-2+4x3", "-2 2 6 10"),
            (" 1-2x4", "1 -1 -3 -5 -7"),
            ("1x4", "1 1 1 1 1"),
            (" 1 _x3  stale", "1 _ _ _ stale"),
            ("0+10x0", "0"),
            ("_x0 5", "5"),
            ("_", "_"),
            ("1.5+.5x2", "1.5 2 2.5"),
            ("1e2 +3 -4 2.", "100 3 -4 2"),
            ("NaN Inf -inf +Inf", "NaN inf -inf inf"),
            ("0+1x2 10+1x1", "0 1 2 10 11"),
            ("1\n2\t3", "1 2 3"),
        ] {
            assert_eq!(shown(text), expanded, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_value_is_shown_with_its_place() {
        for (text, error) in [
            ("1 fast", "error at 2: \"fast\" is not a value"),
            ("1+2", "error at 0: \"1+2\" is not a value"),
            ("1+2x", "error at 0: \"1+2x\" is not a value"),
            ("1 2 x3", "error at 4: \"x3\" is not a value"),
            ("1+-2x3", "error at 0: \"1+-2x3\" is not a value"),
            ("_x-1", "error at 0: \"_x-1\" is not a value"),
            ("stalex2", "error at 0: \"stalex2\" is not a value"),
            ("1,2", "error at 0: \"1,2\" is not a value"),
            ("{{schema:0}}", "error at 0: native histograms are not supported"),
            (
                "0+1x99999999999999999999",
                "error at 0: \"0+1x99999999999999999999\" makes the series longer than 1048576 values",
            ),
        ] {
            assert_eq!(shown(text), error, "{text:?}");
        }
    }

    #[test]
    fn a_series_is_bounded_over_all_its_items() {
        assert!(parse("0x1048575").is_ok_and(|values| values.len() == MOST_VALUES));
        assert!(parse("0x1048575 1").is_err_and(|bad| bad.offset == 10));
    }
}
