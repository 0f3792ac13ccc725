//! Exact fractions for objectives, budget shares and burn-rate factors.
//!
//! `99.9` as a binary float is not 99.9, and `0.09999999999999432` in someone's alert is the price of pretending that
//! it is. Decimal texts are kept as reduced integer fractions; only the last step of a computation divides.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A non-negative fraction in lowest terms; the denominator is never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ratio {
    num: u64,
    den: u64,
}

impl Ratio {
    pub const ZERO: Self = Self { num: 0, den: 1 };
    pub const ONE: Self = Self { num: 1, den: 1 };

    /// `num / den`, reduced; `None` when `den` is 0.
    pub fn new(num: u64, den: u64) -> Option<Self> {
        Self::from_wide(u128::from(num), u128::from(den))
    }

    fn from_wide(num: u128, den: u128) -> Option<Self> {
        if den == 0 {
            return None;
        }
        let divisor = gcd(num, den);
        Some(Self { num: u64::try_from(num / divisor).ok()?, den: u64::try_from(den / divisor).ok()? })
    }

    /// Reads a plain decimal (`99.9`, `14.4`, `5e-3` is refused); `None` unless it is exact in 64 bits.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || (text.contains('.') && fraction.is_empty()) {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        let den = 10u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let num = format!("{whole}{fraction}").parse::<u64>().ok()?;
        Self::new(num, den)
    }

    /// The nearest fraction to a float that was itself written as a short decimal.
    pub fn from_f64(value: f64) -> Option<Self> {
        if value.is_finite() && value >= 0.0 { Self::parse(&format!("{value}")) } else { None }
    }

    pub fn num(self) -> u64 {
        self.num
    }

    pub fn den(self) -> u64 {
        self.den
    }

    pub fn as_f64(self) -> f64 {
        self.num as f64 / self.den as f64
    }

    /// `self × other`; `None` when the reduced product exceeds 64 bits.
    pub fn times(self, other: Self) -> Option<Self> {
        Self::from_wide(u128::from(self.num) * u128::from(other.num), u128::from(self.den) * u128::from(other.den))
    }

    /// `self / other`; `None` when `other` is 0 or the result exceeds 64 bits.
    pub fn over(self, other: Self) -> Option<Self> {
        Self::from_wide(u128::from(self.num) * u128::from(other.den), u128::from(self.den) * u128::from(other.num))
    }

    /// `1 − self`; `None` above 1.
    pub fn complement(self) -> Option<Self> {
        Some(Self { num: self.den.checked_sub(self.num)?, den: self.den })
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (u128::from(self.num) * u128::from(other.den)).cmp(&(u128::from(other.num) * u128::from(self.den)))
    }
}

/// The shortest decimal that reads back as the same float.
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_f64())
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Ordering;

    #[test]
    fn decimals_are_exact() {
        for (text, num, den) in
            [("99.9", 999, 10), ("14.4", 72, 5), ("0.001", 1, 1000), ("100", 100, 1), ("99.950", 1999, 20)]
        {
            assert_eq!(Ratio::parse(text), Ratio::new(num, den), "{text}");
        }
        for text in ["", ".", "1.", ".5", "-1", "+1", "+1.5", "1.+5", "1e3", "nan", "1.2.3", "99999999999999999999999"]
        {
            assert_eq!(Ratio::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn arithmetic_stays_reduced() {
        let objective = Ratio::parse("99.9").and_then(|r| r.over(Ratio::parse("100")?)).unwrap();
        assert_eq!(objective.complement(), Ratio::new(1, 1000));
        assert_eq!(Ratio::new(2, 100).unwrap().times(Ratio::new(720, 1).unwrap()), Ratio::parse("14.4"));
        let [half, third, quarters] = [(1, 2), (1, 3), (3, 4)].map(|(num, den)| Ratio::new(num, den).unwrap());
        assert_eq!(third.times(quarters), Ratio::new(1, 4));
        assert_eq!(half.times(third), Ratio::new(1, 6));
        assert_eq!(half.over(quarters), Ratio::new(2, 3));
        assert_eq!(Ratio::new(1, 0), None);
        assert!(Ratio::new(1, 3).unwrap() < Ratio::new(34, 100).unwrap());
    }

    #[test]
    fn what_is_no_such_fraction_is_none() {
        let (most, two) = (Ratio::new(u64::MAX, 1).unwrap(), Ratio::new(2, 1).unwrap());
        for (name, found) in [
            ("negative", Ratio::from_f64(-0.5)),
            ("not a number", Ratio::from_f64(f64::NAN)),
            ("infinite", Ratio::from_f64(f64::INFINITY)),
            ("too many digits", Ratio::from_f64(1e-30)),
            ("a product beyond 64 bits", most.times(two)),
            ("a quotient beyond 64 bits", Ratio::new(1, u64::MAX).unwrap().over(two)),
            ("a quotient by zero", two.over(Ratio::ZERO)),
            ("what is left of 1 by 2", two.complement()),
        ] {
            assert_eq!(found, None, "{name}");
        }
        assert_eq!(Ratio::from_f64(99.9), Ratio::new(999, 10));
        assert_eq!(Ratio::from_f64(0.0), Some(Ratio::ZERO));
        assert_eq!(Ratio::ONE.complement(), Some(Ratio::ZERO));
        assert_eq!(Ratio::new(0, 7), Some(Ratio::ZERO), "zero has one form");
    }

    #[test]
    fn order_is_exact_where_floats_are_equal() {
        let (a, b) = (Ratio::new(u64::MAX - 1, u64::MAX).unwrap(), Ratio::ONE);
        assert_eq!(a.as_f64(), b.as_f64());
        for (left, right, expected) in [(a, b, Ordering::Less), (b, a, Ordering::Greater), (a, a, Ordering::Equal)] {
            assert_eq!((left.cmp(&right), left.partial_cmp(&right)), (expected, Some(expected)));
        }
    }

    #[test]
    fn parts_and_text() {
        let ratio = Ratio::new(144, 10).unwrap();
        assert_eq!((ratio.num(), ratio.den(), ratio.as_f64(), ratio.to_string().as_str()), (72, 5, 14.4, "14.4"));
    }
}
