//! A histogram's boundary as a matcher on `le`.
//!
//! For slowburn `le` is a number. For Prometheus it is a text, which clients write in different ways, so a query that is
//! meant for both names all of them.

use crate::domain::selector::{MatchOp, Matcher};

/// The matcher of a bucket, such as `le="0.3"` or `le=~"5|5\\.0"`.
pub fn matcher(threshold: f64) -> String {
    let spellings = spellings(threshold);
    match &spellings[..] {
        [one] => format!("le=\"{one}\""),
        several => format!("le=~\"{}\"", several.join("|").replace('.', "\\\\.").replace('+', "\\\\+")),
    }
}

/// The number as clients write it: plain, as a float of Java and OpenMetrics, and with Go's exponent.
fn spellings(threshold: f64) -> Vec<String> {
    let mut spellings = vec![threshold.to_string()];
    if threshold.fract() == 0.0 {
        spellings.push(format!("{threshold}.0"));
    }
    let scientific = format!("{threshold:e}");
    if let Some((digits, exponent)) = scientific.split_once('e').and_then(|(d, e)| Some((d, e.parse::<i32>().ok()?)))
        && !(-4..6).contains(&exponent)
    {
        let sign = if exponent < 0 { '-' } else { '+' };
        spellings.push(format!("{digits}e{sign}{:02}", exponent.abs()));
    }
    spellings
}

/// The one boundary that a matcher on `le` selects, as a text; `None` where it may select several.
pub(super) fn boundary(matcher: &Matcher) -> Option<String> {
    match matcher.op {
        MatchOp::Equal => Some(matcher.value.clone()),
        MatchOp::Regex => {
            let spellings: Option<Vec<String>> = matcher.value.split('|').map(literal).collect();
            let spellings = spellings?;
            let numbers: Option<Vec<f64>> = spellings.iter().map(|text| text.parse().ok()).collect();
            let alike = numbers?.windows(2).all(|pair| pair[0] == pair[1]);
            spellings.into_iter().next().filter(|_| alike)
        }
        MatchOp::NotEqual | MatchOp::NotRegex => None,
    }
}

/// The number that an alternative of a regular expression stands for literally.
fn literal(alternative: &str) -> Option<String> {
    let (mut text, mut rest) = (String::new(), alternative.chars());
    while let Some(c) = rest.next() {
        match c {
            '\\' => text.push(rest.next().filter(|escaped| matches!(escaped, '.' | '+'))?),
            '0'..='9' | 'e' | '-' => text.push(c),
            _ => return None,
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::selector_text::parse_selector;

    #[test]
    fn a_boundary_is_written_in_all_its_spellings_and_read_as_one() {
        for (threshold, written) in [
            (0.3, r#"le="0.3""#),
            (5.0, r#"le=~"5|5\\.0""#),
            (0.00001, r#"le=~"0.00001|1e-05""#.replace("0.0", r"0\\.0").as_str()),
            (2_500_000.0, r#"le=~"2500000|2500000\\.0|2\\.5e\\+06""#),
        ] {
            assert_eq!(matcher(threshold), written);
            let selector = parse_selector(&format!("x{{{written}}}")).unwrap();
            assert_eq!(boundary(&selector.matchers.0[0]), Some(threshold.to_string()), "{written}");
        }
    }

    #[test]
    fn what_may_select_several_boundaries_is_none() {
        for (op, value) in [
            (MatchOp::Regex, "5|10"),
            (MatchOp::Regex, "5|5.0"),
            (MatchOp::Regex, "5|"),
            (MatchOp::Regex, "[5]"),
            (MatchOp::Regex, "5\\d"),
            (MatchOp::NotEqual, "5"),
            (MatchOp::NotRegex, "5"),
        ] {
            assert_eq!(boundary(&Matcher::new("le", op, value).unwrap()), None, "{value}");
        }
    }
}
