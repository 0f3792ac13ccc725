//! The shapes that a query can have: sums of what is counted, and the quotient of two such sums.
//!
//! Nothing here knows PromQL: it is the arithmetic of weights. Selectors are compared by what they select, so the order
//! of matchers does not matter.

use crate::domain::selector::Selector;
use crate::domain::slo::Tally;

/// Weights smaller than this are rounding, not meant.
const DUST: f64 = 1e-12;

/// Something that is counted.
#[derive(Clone, Debug)]
pub(super) struct Atom {
    pub selector: Selector,
    pub tally: Tally,
}

impl PartialEq for Atom {
    fn eq(&self, other: &Self) -> bool {
        self.tally == other.tally && same_selector(&self.selector, &other.selector)
    }
}

/// Whether two selectors select the same.
pub(super) fn same_selector(a: &Selector, b: &Selector) -> bool {
    let sorted = |selector: &Selector| {
        let mut texts: Vec<String> = selector.matchers.0.iter().map(ToString::to_string).collect();
        texts.sort_unstable();
        texts.dedup();
        texts
    };
    a.name == b.name && sorted(a) == sorted(b)
}

/// What one unit of a sum is; only like can be added to like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    PerSecond,
    Events,
    Samples,
}

/// A weighted sum, and a plain number beside it.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    pub terms: Vec<(Atom, f64)>,
    pub number: f64,
    pub unit: Option<Unit>,
}

impl Sum {
    pub fn of(selector: Selector, tally: Tally, unit: Unit) -> Self {
        Self { terms: vec![(Atom { selector, tally }, 1.0)], number: 0.0, unit: Some(unit) }
    }

    pub fn number(number: f64) -> Self {
        Self { number, ..Self::default() }
    }

    pub fn scaled(mut self, by: f64) -> Self {
        self.terms.iter_mut().for_each(|(_, weight)| *weight *= by);
        self.number *= by;
        self.tidied()
    }

    /// `self + sign × other`; `None` when the units differ.
    pub fn plus(mut self, other: &Self, sign: f64) -> Option<Self> {
        if let (Some(a), Some(b)) = (self.unit, other.unit)
            && a != b
        {
            return None;
        }
        self.unit = self.unit.or(other.unit);
        self.number += sign * other.number;
        for (atom, weight) in &other.terms {
            match self.terms.iter_mut().find(|(known, _)| known == atom) {
                Some((_, known)) => *known += sign * weight,
                None => self.terms.push((atom.clone(), sign * weight)),
            }
        }
        Some(self.tidied())
    }

    fn tidied(mut self) -> Self {
        self.terms.retain(|(_, weight)| weight.abs() > DUST);
        self
    }

    /// Whether it counts nothing.
    pub fn is_number(&self) -> bool {
        self.terms.is_empty()
    }

    /// The weight of something in this sum.
    pub fn weight(&self, atom: &Atom) -> f64 {
        self.terms.iter().find(|(known, _)| known == atom).map_or(0.0, |(_, weight)| *weight)
    }

    /// The one selector that all of it is about.
    pub fn only_selector(&self) -> Option<&Selector> {
        let (first, rest) = self.terms.split_first()?;
        rest.iter().all(|(atom, _)| same_selector(&atom.selector, &first.0.selector)).then_some(&first.0.selector)
    }

    pub fn equals(&self, other: &Self) -> bool {
        let all = |a: &Self, b: &Self| a.terms.iter().all(|(atom, w)| (b.weight(atom) - w).abs() <= DUST);
        self.unit == other.unit && self.number == other.number && all(self, other) && all(other, self)
    }
}

/// What tells the results of a query apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Dims {
    /// A number, not a vector.
    Scalar,
    /// One result for each series.
    Series,
    /// One for each value of these labels; a single one where there are none.
    By(Vec<String>),
    /// One for each value of all labels but these.
    Without(Vec<String>),
}

impl Dims {
    /// Whether both tell results apart in the same way.
    pub fn same(&self, other: &Self) -> bool {
        let sorted = |labels: &[String]| {
            let mut labels = labels.to_vec();
            labels.sort_unstable();
            labels
        };
        match (self, other) {
            (Self::By(a), Self::By(b)) | (Self::Without(a), Self::Without(b)) => sorted(a) == sorted(b),
            (a, b) => a == b,
        }
    }
}

/// The value of a part of a query.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Sum(Sum),
    Ratio {
        part: Sum,
        whole: Sum,
    },
    /// A gauge's series whose value compares so.
    Filtered {
        selector: Selector,
        comparison: crate::domain::slo::Comparison,
    },
}

/// The value of a part, and how many results it has.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub value: Value,
    pub dims: Dims,
    /// What stands in for a ratio while there is nothing to count (`or vector(0)`).
    pub fill: Option<f64>,
}

impl Form {
    pub fn new(value: Value, dims: Dims) -> Self {
        Self { value, dims, fill: None }
    }

    pub fn sum(sum: Sum, dims: Dims) -> Self {
        Self::new(Value::Sum(sum), dims)
    }

    /// The number, where it is nothing else.
    pub fn as_number(&self) -> Option<f64> {
        match &self.value {
            Value::Sum(sum) if sum.is_number() => Some(sum.number),
            _ => None,
        }
    }
}
