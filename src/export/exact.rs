//! Exact fractions as texts that read back as the same fraction.

use crate::domain::ratio::Ratio;

/// A plain decimal; `None` when the fraction has none.
pub fn decimal(ratio: Ratio) -> Option<String> {
    let (mut num, mut den, mut digits) = (u128::from(ratio.num()), 1u128, 0usize);
    while den % u128::from(ratio.den()) != 0 {
        den = den.checked_mul(10)?;
        digits += 1;
        if digits > 19 {
            return None;
        }
    }
    num = num.checked_mul(den / u128::from(ratio.den()))?;
    if digits == 0 {
        return Some(num.to_string());
    }
    let text = format!("{num:0>width$}", width = digits + 1);
    let (whole, fraction) = text.split_at(text.len() - digits);
    Some(format!("{whole}.{fraction}"))
}

/// A decimal, or `14/15` where there is none.
pub fn decimal_or_fraction(ratio: Ratio) -> String {
    decimal(ratio).unwrap_or_else(|| format!("{}/{}", ratio.num(), ratio.den()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_written_exactly() {
        for (num, den, text) in [
            (999, 10, "99.9"),
            (72, 5, "14.4"),
            (1, 1000, "0.001"),
            (6, 1, "6"),
            (0, 1, "0"),
            (14, 15, "14/15"),
            (1, 3, "1/3"),
            (123_456_789, 1 << 10, "120563.2705078125"),
        ] {
            let ratio = Ratio::new(num, den).unwrap();
            assert_eq!(decimal_or_fraction(ratio), text);
            assert_eq!(decimal(ratio).is_some(), !text.contains('/'), "{text}");
        }
    }
}
