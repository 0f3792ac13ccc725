//! Aggregations and binary operators.

use super::form::{Dims, Form, Sum, Value};
use super::refusal::Refusal;
use super::walk::{Walker, filtered, refuse};
use crate::domain::slo::{CompareOp, Comparison};
use promql_parser::parser::{AggregateExpr, BinaryExpr, Expr, LabelModifier, VectorMatchCardinality};

type Result<T> = std::result::Result<T, Refusal>;

/// A filler of at most this is as good as none: people write it so that nothing is divided by zero.
const TINY: f64 = 1e-3;

impl Walker<'_> {
    pub fn aggregate(&mut self, aggregate: &AggregateExpr, expr: &Expr) -> Result<Form> {
        let op = aggregate.op.to_string();
        let form = self.walk(&aggregate.expr)?;
        let dims = aggregated(&form.dims, aggregate.modifier.as_ref());
        let is_single = form.dims.same(&dims) || matches!(&form.dims, Dims::By(labels) if labels.is_empty());
        let form = match (op.as_str(), self.is_momentary(&aggregate.expr)) {
            ("sum" | "avg" | "max" | "min", false) if is_single && form.dims != Dims::Series => form,
            ("avg" | "max" | "min", true) if !self.at_moment && is_single && form.dims != Dims::Series => form,
            ("sum", true) => self.summed(form, expr)?,
            ("count", true) => self.counted(form, expr)?,
            ("avg", true) => self.averaged(form, expr)?,
            ("sum", false) => match form.value {
                Value::Sum(_) => form,
                Value::Filtered { .. } => return Err(filtered(expr)),
                Value::Ratio { .. } => {
                    return refuse(
                        expr,
                        "a sum of ratios is no share of events",
                        "divide the sums instead: sum(rate(a[{{.window}}])) / sum(rate(b[{{.window}}]))",
                    );
                }
            },
            ("avg", false) if is_average_of_samples(&form) => {
                self.note("avg() weighs each series alike; slowburn weighs each sample alike");
                form
            }
            _ => {
                return refuse(
                    expr,
                    format!("{op}() does not add up events"),
                    "use sum(), over the counters that matter",
                );
            }
        };
        Ok(Form { dims, ..form })
    }

    pub fn binary(&mut self, binary: &BinaryExpr, expr: &Expr) -> Result<Form> {
        let op = binary.op.to_string();
        if matches!(op.as_str(), "and" | "unless") {
            // Before the sides are read: what stands there is no count, so no advice on how to count it helps.
            return refuse(
                expr,
                format!("`{op}` can't be told by counting events"),
                "choose the series by their own labels, as in a{pod=~\"…\"}",
            );
        }
        let (left, right) = (self.walk(&binary.lhs)?, self.walk(&binary.rhs)?);
        if let Some(op) = comparison(&op) {
            return self.comparison(binary, op, left, right, expr);
        }
        if op == "or" {
            return self.or(left, &right, &binary.rhs, expr);
        }
        if !matches!(op.as_str(), "+" | "-" | "*" | "/") {
            return refuse(expr, format!("`{op}` can't be told by counting events"), "use +, -, * and / of sums");
        }
        let dims = joined(&left, &right, binary, expr)?;
        let fill = combined_fill(&op, &left, &right);
        let value = match op.as_str() {
            "+" => added(&left, &right, 1.0, expr)?,
            "-" => added(&left, &right, -1.0, expr)?,
            "*" => self.multiplied(left, right, expr)?,
            _ => self.divided(left, right, expr)?,
        };
        Ok(Form { value, dims, fill })
    }

    fn comparison(&mut self, binary: &BinaryExpr, op: CompareOp, left: Form, right: Form, expr: &Expr) -> Result<Form> {
        let (form, op, with) = match (left.as_number(), right.as_number()) {
            (None, Some(with)) => (left, op, with),
            (Some(with), None) => (right, mirrored(op), with),
            _ => {
                return refuse(expr, "slowburn compares with plain numbers only", "compare one side with a number");
            }
        };
        let keeps_events = match op {
            CompareOp::More | CompareOp::NotEqual => with == 0.0,
            CompareOp::AtLeast => with <= 0.0,
            _ => false,
        };
        let chooses = binary.return_bool() || !keeps_events;
        if self.at_moment || (chooses && self.is_momentary(&binary.lhs) && self.is_momentary(&binary.rhs)) {
            return self.compared(&form, Comparison { op, with }, binary.return_bool(), expr);
        }
        if chooses {
            return refuse(
                expr,
                "a comparison of counts is no number of events",
                "leave it out; for low traffic a slowburn/v1 file has alerting.min_bad_events",
            );
        }
        self.note(format!(
            "the comparison in `{}` is left out: without events there is no burn rate anyway",
            brief(expr)
        ));
        Ok(form)
    }

    /// `x or vector(0)`: what stands in while there is nothing to count.
    fn or(&mut self, left: Form, right: &Form, rhs: &Expr, expr: &Expr) -> Result<Form> {
        match (right.as_number(), left.as_number()) {
            (Some(fill), None) if is_harmless(fill) || matches!(left.value, Value::Ratio { .. }) => {
                if is_harmless(fill) {
                    self.note("`or vector(…)` is left out: a series that is missing counts nothing anyway");
                }
                // A sum that is missing is 0 anyway; what stands in for a ratio is looked at in the end.
                let is_ratio = matches!(left.value, Value::Ratio { .. });
                Ok(Form { fill: is_ratio.then_some(left.fill.unwrap_or(fill)), ..left })
            }
            (Some(_), None) => refuse(
                expr,
                "events that nothing counted are made up here",
                "write `or vector(0)`; alerting.no_data of a slowburn/v1 file alerts on missing data",
            ),
            _ => refuse(
                rhs,
                format!("only a number can stand after `or` here, as in `{}`", brief(expr)),
                "write `or vector(0)`; where no target has both series, + counts the same",
            ),
        }
    }

    fn multiplied(&mut self, left: Form, right: Form, expr: &Expr) -> Result<Value> {
        match (left.as_number(), right.as_number()) {
            (Some(by), _) => Ok(self.scaled(right, by, expr)?.value),
            (_, Some(by)) => Ok(self.scaled(left, by, expr)?.value),
            _ => refuse(expr, "a product of counts is no number of events", "multiply by a plain number only"),
        }
    }

    fn divided(&mut self, left: Form, right: Form, expr: &Expr) -> Result<Value> {
        if let Some(by) = right.as_number() {
            if by == 0.0 {
                return refuse(expr, "this divides by zero", "divide by another number");
            }
            return Ok(self.scaled(left, 1.0 / by, expr)?.value);
        }
        match (left.value, right.value) {
            (Value::Sum(part), Value::Sum(whole)) => {
                if part.unit.is_some() && part.unit != whole.unit {
                    return Err(mixed_units(expr));
                }
                if whole.number != 0.0 {
                    return refuse(
                        expr,
                        "a plain number is added to the events below",
                        "divide by the sum of all events alone",
                    );
                }
                Ok(Value::Ratio { part, whole })
            }
            (Value::Ratio { part, whole }, Value::Ratio { part: other, whole: same }) if whole.equals(&same) => {
                Ok(Value::Ratio { part, whole: other })
            }
            _ => refuse(expr, "a quotient of ratios is no share of events", "divide one sum of events by another"),
        }
    }
}

fn is_average_of_samples(form: &Form) -> bool {
    matches!(&form.value, Value::Ratio { whole, .. } if whole.unit == Some(super::form::Unit::Samples))
}

/// What tells results apart after an aggregation.
fn aggregated(inner: &Dims, modifier: Option<&LabelModifier>) -> Dims {
    let names = |modifier: &LabelModifier| modifier.labels().labels.to_vec();
    match (modifier, inner) {
        (None, _) => Dims::By(Vec::new()),
        (Some(LabelModifier::Include(_)), Dims::By(within)) => {
            let wanted = modifier.map(names).unwrap_or_default();
            Dims::By(wanted.into_iter().filter(|label| within.contains(label)).collect())
        }
        (Some(by @ LabelModifier::Include(_)), _) => Dims::By(names(by)),
        (Some(without), Dims::By(within)) => {
            let left_out = names(without);
            Dims::By(within.iter().filter(|label| !left_out.contains(label)).cloned().collect())
        }
        (Some(without), Dims::Without(already)) => {
            let mut left_out = already.clone();
            left_out.extend(names(without));
            Dims::Without(left_out)
        }
        (Some(without), _) => Dims::Without(names(without)),
    }
}

/// What tells results apart after an operator between two vectors.
fn joined(left: &Form, right: &Form, binary: &BinaryExpr, expr: &Expr) -> Result<Dims> {
    let grouped = binary.modifier.as_ref().is_some_and(|m| m.card != VectorMatchCardinality::OneToOne);
    let number = |form: &Form| form.as_number().is_some();
    match (&left.dims, &right.dims) {
        (Dims::Scalar, dims) | (dims, Dims::Scalar) => Ok(dims.clone()),
        (dims, _) if number(right) => Ok(dims.clone()),
        (_, dims) if number(left) => Ok(dims.clone()),
        (a, b) if a.same(b) && !grouped => Ok(a.clone()),
        _ => refuse(
            expr,
            "the two sides do not have the same labels",
            "aggregate both sides by the same labels, without group_left and group_right",
        ),
    }
}

fn combined_fill(op: &str, left: &Form, right: &Form) -> Option<f64> {
    let value = |form: &Form| form.fill.or_else(|| form.as_number());
    if left.fill.is_none() && right.fill.is_none() {
        return None;
    }
    let (Some(a), Some(b)) = (value(left), value(right)) else { return left.fill.or(right.fill) };
    match op {
        "+" => Some(a + b),
        "-" => Some(a - b),
        "*" => Some(a * b),
        "/" if b != 0.0 => Some(a / b),
        _ => None,
    }
}

fn added(left: &Form, right: &Form, sign: f64, expr: &Expr) -> Result<Value> {
    let plus = |a: &Sum, b: &Sum, sign: f64| a.clone().plus(b, sign).ok_or_else(|| mixed_units(expr));
    match (&left.value, &right.value) {
        (Value::Sum(a), Value::Sum(b)) => Ok(Value::Sum(plus(a, b, sign)?)),
        (Value::Ratio { part, whole }, Value::Sum(b)) if b.is_number() => {
            Ok(Value::Ratio { part: plus(part, whole, sign * b.number)?, whole: whole.clone() })
        }
        (Value::Sum(a), Value::Ratio { part, whole }) if a.is_number() => {
            let number = whole.clone().scaled(a.number);
            Ok(Value::Ratio { part: plus(&number, part, sign)?, whole: whole.clone() })
        }
        (Value::Ratio { part, whole }, Value::Ratio { part: other, whole: same }) if whole.equals(same) => {
            Ok(Value::Ratio { part: plus(part, other, sign)?, whole: whole.clone() })
        }
        (Value::Filtered { .. }, _) | (_, Value::Filtered { .. }) => Err(filtered(expr)),
        _ => refuse(
            expr,
            "a sum of ratios of different events is no share of events",
            "add up the events first, and divide once",
        ),
    }
}

fn mixed_units(expr: &Expr) -> Refusal {
    Refusal::new(
        expr,
        "the two sides count in different units (per second, events, samples)",
        "use the same function on both sides, such as rate()",
    )
}

/// Whether a filler changes nothing that slowburn would say.
pub(super) fn is_harmless(fill: f64) -> bool {
    (0.0..=TINY).contains(&fill)
}

fn comparison(op: &str) -> Option<CompareOp> {
    Some(match op {
        "==" => CompareOp::Equal,
        "!=" => CompareOp::NotEqual,
        "<" => CompareOp::Less,
        "<=" => CompareOp::AtMost,
        ">" => CompareOp::More,
        ">=" => CompareOp::AtLeast,
        _ => return None,
    })
}

fn mirrored(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Less => CompareOp::More,
        CompareOp::AtMost => CompareOp::AtLeast,
        CompareOp::More => CompareOp::Less,
        CompareOp::AtLeast => CompareOp::AtMost,
        same => same,
    }
}

fn brief(expr: &Expr) -> String {
    let text = super::text::spelled(&expr.to_string());
    let short: String = text.chars().take(60).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}
