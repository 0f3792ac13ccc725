//! Gauges over time: which samples count, and with what weight.

use super::form::{Dims, Form, Sum, Unit, Value};
use super::refusal::Refusal;
use super::walk::{Walker, filtered, refuse};
use crate::domain::selector::Selector;
use crate::domain::slo::{CompareOp, Comparison, Tally};
use promql_parser::parser::Expr;

type Result<T> = std::result::Result<T, Refusal>;

impl Walker<'_> {
    /// `sum_over_time`, and `sum` of gauges.
    pub fn summed(&mut self, form: Form, expr: &Expr) -> Result<Form> {
        let sum = match form.value {
            Value::Sum(sum) => per_sample(sum, &form.dims, expr)?,
            Value::Filtered { selector, comparison } => values_where(selector, comparison, expr)?,
            Value::Ratio { .. } => {
                return refuse(expr, "a sum of ratios is no share of events", "divide the sums instead");
            }
        };
        Ok(Form { value: Value::Sum(sum), dims: form.dims, fill: form.fill })
    }

    /// `count_over_time`, and `count` of gauges.
    pub fn counted(&mut self, form: Form, expr: &Expr) -> Result<Form> {
        let sum = match form.value {
            Value::Sum(sum) if form.dims == Dims::Series => match sum.only_selector() {
                Some(selector) => Sum::of(selector.clone(), Tally::Samples, Unit::Samples),
                None => return refuse(expr, "several metrics are counted at once", "count one metric's samples"),
            },
            Value::Filtered { selector, comparison } => Sum::of(selector, Tally::Where(comparison), Unit::Samples),
            Value::Sum(_) | Value::Ratio { .. } => {
                return refuse(
                    expr,
                    "this counts steps of an evaluation, which slowburn does not have",
                    "count samples, as in sum_over_time(count(x)[{{.window}}:])",
                );
            }
        };
        Ok(Form { value: Value::Sum(sum), dims: form.dims, fill: form.fill })
    }

    /// `avg_over_time`, and `avg` of gauges: the values' sum over their number.
    pub fn averaged(&mut self, form: Form, expr: &Expr) -> Result<Form> {
        match &form.value {
            Value::Ratio { .. } => {
                self.note("an average of ratios weighs each moment alike; slowburn weighs each sample alike");
                Ok(form)
            }
            Value::Filtered { .. } => Err(filtered(expr)),
            Value::Sum(sum) => match (sum.only_selector(), &form.dims) {
                (Some(selector), Dims::Series) => {
                    let whole = Sum::of(selector.clone(), Tally::Samples, Unit::Samples);
                    let part = per_sample(sum.clone(), &form.dims, expr)?;
                    Ok(Form { value: Value::Ratio { part, whole }, dims: form.dims, fill: form.fill })
                }
                _ => refuse(
                    expr,
                    "an average of sums is no share of events",
                    "divide sum_over_time(sum(x)[{{.window}}:]) by sum_over_time(count(x)[{{.window}}:])",
                ),
            },
        }
    }

    /// A gauge compared with a number, at a moment.
    pub fn compared(&mut self, form: &Form, comparison: Comparison, as_bool: bool, expr: &Expr) -> Result<Form> {
        let plain = match &form.value {
            Value::Sum(sum) if form.dims == Dims::Series && sum.number == 0.0 => match &sum.terms[..] {
                [(atom, weight)] if atom.tally == Tally::Values && *weight == 1.0 => Some(atom.selector.clone()),
                _ => None,
            },
            _ => None,
        };
        let Some(selector) = plain else {
            return refuse(
                expr,
                "only a gauge's own samples can be compared",
                "compare the series before adding it up",
            );
        };
        Ok(if as_bool {
            Form::sum(Sum::of(selector, Tally::Where(comparison), Unit::Samples), Dims::Series)
        } else {
            Form::new(Value::Filtered { selector, comparison }, Dims::Series)
        })
    }
}

/// A number beside a gauge stands once for each of its samples.
fn per_sample(mut sum: Sum, dims: &Dims, expr: &Expr) -> Result<Sum> {
    let number = std::mem::take(&mut sum.number);
    if number == 0.0 {
        return Ok(sum);
    }
    let samples = match (sum.only_selector(), dims) {
        (Some(selector), Dims::Series) => Sum::of(selector.clone(), Tally::Samples, Unit::Samples),
        _ => return refuse(expr, "a plain number beside a sum counts no events", "count samples with count(x)"),
    };
    // Both are samples.
    Ok(sum.plus(&samples, number).unwrap_or_default())
}

/// The values of chosen samples: known only where all of them are the same.
fn values_where(selector: Selector, comparison: Comparison, expr: &Expr) -> Result<Sum> {
    if comparison.op != CompareOp::Equal {
        return Err(filtered(expr));
    }
    Ok(Sum::of(selector, Tally::Where(comparison), Unit::Samples).scaled(comparison.with))
}
