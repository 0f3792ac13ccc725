//! From the parser's tree to a [`Form`]: which functions and operators mean something that can be counted.
//!
//! Two moods: over a window, where `rate(x[w])` and its like turn series into counts, and at a moment (inside a
//! subquery), where a selector is a gauge's value. Each refusal carries the part to blame, in the parser's spelling.

use super::form::{Dims, Form, Sum, Unit, Value};
use super::refusal::Refusal;
use super::{Bare, select};
use crate::domain::selector::Selector;
use crate::domain::slo::Tally;
use promql_parser::parser::{Call, Expr, SubqueryExpr};

type Result<T> = std::result::Result<T, Refusal>;

/// Walks one query.
pub(super) struct Walker<'a> {
    pub bare: Bare,
    pub placeholders: &'a [String],
    /// Inside a subquery.
    pub at_moment: bool,
    /// What is read otherwise than Prometheus would.
    pub notes: Vec<String>,
}

impl Walker<'_> {
    pub fn walk(&mut self, expr: &Expr) -> Result<Form> {
        match expr {
            Expr::Paren(inner) => self.walk(&inner.expr),
            Expr::NumberLiteral(number) if number.val.is_finite() => {
                Ok(Form::sum(Sum::number(number.val), Dims::Scalar))
            }
            Expr::Unary(unary) => {
                let form = self.walk(&unary.expr)?;
                self.scaled(form, -1.0, expr)
            }
            Expr::VectorSelector(selector) => {
                let selector = select::selector(selector, self.placeholders, expr)?;
                self.bare(selector, expr)
            }
            Expr::Call(call) => self.call(call, expr),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate, expr),
            Expr::Binary(binary) => self.binary(binary, expr),
            Expr::MatrixSelector(_) | Expr::Subquery(_) => {
                refuse(expr, "a range alone is no number of events", "put it into a function such as rate()")
            }
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {
                refuse(expr, "this counts nothing", "write a rate of counters")
            }
        }
    }

    pub fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// A selector that no function turns into counts.
    fn bare(&mut self, selector: Selector, expr: &Expr) -> Result<Form> {
        let (tally, unit) = match (self.at_moment, self.bare) {
            (true, _) | (false, Bare::Gauges) => (Tally::Values, Unit::Samples),
            (false, Bare::Counters) => (Tally::Growth, Unit::Events),
            (false, Bare::Refused) => {
                return refuse(
                    expr,
                    "a series without rate() or increase() is a state, not a number of events",
                    format!(
                        "write rate({expr}[{{{{.window}}}}]) for a counter, or sum_over_time() for a gauge of 0 and 1"
                    ),
                );
            }
        };
        Ok(Form::sum(Sum::of(selector, tally, unit), Dims::Series))
    }

    fn call(&mut self, call: &Call, expr: &Expr) -> Result<Form> {
        let argument = |index: usize| call.args.args.get(index).map(|argument| &**argument);
        match (call.func.name, argument(0)) {
            ("rate", Some(range)) => self.growth(range, Unit::PerSecond, expr),
            ("increase", Some(range)) => self.growth(range, Unit::Events, expr),
            ("irate", Some(range)) => {
                self.note("irate() looks at two samples of a window; slowburn counts every event in it");
                self.growth(range, Unit::PerSecond, expr)
            }
            ("sum_over_time" | "count_over_time" | "avg_over_time", Some(range)) => self.over_time(call, range, expr),
            ("vector" | "scalar" | "sort" | "sort_desc", Some(inner)) => self.walk(inner),
            ("clamp_min" | "clamp_max" | "clamp", Some(inner)) => self.clamped(call, inner, expr),
            (name, _) => Err(unknown_function(name, expr)),
        }
    }

    /// Whether an expression is about samples as they are, not about a range of them: inside a subquery, or in a query
    /// whose results are added up.
    pub fn is_momentary(&self, expr: &Expr) -> bool {
        self.at_moment || (self.bare == Bare::Gauges && !has_range(expr))
    }

    fn growth(&mut self, range: &Expr, unit: Unit, expr: &Expr) -> Result<Form> {
        if self.at_moment {
            return refuse(
                expr,
                "a rate inside a subquery counts events several times",
                "count the window itself, as in rate(x[{{.window}}])",
            );
        }
        let selector = self.range(range)?;
        Ok(Form::sum(Sum::of(selector, Tally::Growth, unit), Dims::Series))
    }

    /// The selector of a range; the range itself is every window that slowburn looks at.
    fn range(&mut self, range: &Expr) -> Result<Selector> {
        match range {
            Expr::Paren(inner) => self.range(&inner.expr),
            Expr::MatrixSelector(matrix) => {
                let spelled = super::text::spelled(&range.to_string());
                if !spelled.ends_with("[{{.window}}]") && self.bare == Bare::Refused {
                    self.note(format!("the range of {spelled} is not used: every window is counted as a whole"));
                }
                select::selector(&matrix.vs, self.placeholders, range)
            }
            _ => refuse(range, "only a plain selector's range can be counted", "write name{labels}[{{.window}}] here"),
        }
    }

    fn over_time(&mut self, call: &Call, range: &Expr, expr: &Expr) -> Result<Form> {
        if self.at_moment {
            return refuse(expr, "a range function inside a subquery can't be counted", "keep one of the two");
        }
        let inner = match range {
            Expr::Subquery(subquery) => self.subquery(subquery, range)?,
            _ => Form::sum(Sum::of(self.range(range)?, Tally::Values, Unit::Samples), Dims::Series),
        };
        match call.func.name {
            "sum_over_time" => self.summed(inner, expr),
            "count_over_time" => self.counted(inner, expr),
            _ => self.averaged(inner, expr),
        }
    }

    fn subquery(&mut self, subquery: &SubqueryExpr, expr: &Expr) -> Result<Form> {
        if subquery.offset.is_some() || subquery.at.is_some() {
            return Err(select::shifted(expr));
        }
        let was = std::mem::replace(&mut self.at_moment, true);
        let inner = self.walk(&subquery.expr);
        self.at_moment = was;
        self.note("each sample of a scrape counts once, instead of each step of a subquery");
        inner
    }

    /// `clamp…` keeps a value in bounds within which a share of events lies anyway.
    fn clamped(&mut self, call: &Call, inner: &Expr, expr: &Expr) -> Result<Form> {
        let bound = |walker: &mut Self, index: usize| {
            call.args.args.get(index).and_then(|bound| walker.walk(bound).ok()).and_then(|form| form.as_number())
        };
        let (least, most) = match call.func.name {
            "clamp_min" => (bound(self, 1), None),
            "clamp_max" => (None, bound(self, 1)),
            _ => (bound(self, 1), bound(self, 2)),
        };
        let form = self.walk(inner)?;
        let is_ratio = matches!(form.value, Value::Ratio { .. });
        if least.is_some_and(|least| least > 0.0) || most.is_some_and(|most| most < 1.0 || !is_ratio) {
            return refuse(expr, "these bounds change numbers that can occur", "leave the function out");
        }
        self.note(format!("{}() is left out: events are counted, so nothing lies beyond its bounds", call.func.name));
        Ok(form)
    }

    pub fn scaled(&mut self, form: Form, by: f64, expr: &Expr) -> Result<Form> {
        let value = match form.value {
            Value::Sum(sum) => Value::Sum(sum.scaled(by)),
            Value::Ratio { part, whole } => Value::Ratio { part: part.scaled(by), whole },
            Value::Filtered { .. } => return Err(filtered(expr)),
        };
        Ok(Form { value, dims: form.dims, fill: form.fill.map(|fill| fill * by) })
    }
}

fn has_range(expr: &Expr) -> bool {
    match expr {
        Expr::MatrixSelector(_) | Expr::Subquery(_) => true,
        Expr::Paren(inner) => has_range(&inner.expr),
        Expr::Unary(inner) => has_range(&inner.expr),
        Expr::Aggregate(aggregate) => has_range(&aggregate.expr),
        Expr::Binary(binary) => has_range(&binary.lhs) || has_range(&binary.rhs),
        Expr::Call(call) => call.args.args.iter().any(|argument| has_range(argument)),
        Expr::VectorSelector(_) | Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => false,
    }
}

pub(super) fn refuse<T>(expr: &Expr, why: impl Into<String>, help: impl Into<String>) -> Result<T> {
    Err(Refusal::new(expr, why, help))
}

/// What is said where values of chosen samples would have to be added.
pub(super) fn filtered(expr: &Expr) -> Refusal {
    filtered_text(&expr.to_string())
}

pub(super) fn filtered_text(text: &str) -> Refusal {
    Refusal::new(
        text,
        "a comparison chooses samples, but does not count them",
        "count them with count(x < 1), or with x < bool 1",
    )
}

fn unknown_function(name: &str, expr: &Expr) -> Refusal {
    let (why, help) = match name {
        "histogram_quantile" => (
            "a quantile is no share of events".to_owned(),
            "ask how many events lie in a bucket: rate(x_bucket{le=\"0.3\"}[{{.window}}]) over \
             rate(x_count[{{.window}}])",
        ),
        "histogram_fraction" | "histogram_count" | "histogram_sum" | "histogram_avg" => (
            format!("{name}() needs native histograms, which slowburn does not read"),
            "use a classic histogram's _bucket and _count series",
        ),
        "absent" | "absent_over_time" => (
            format!("{name}() tells of missing data, and missing data is no event"),
            "leave it out; alerting.no_data of a slowburn/v1 file alerts on it",
        ),
        "delta" | "idelta" | "deriv" | "predict_linear" => {
            (format!("{name}() is about a gauge's slope, not about events"), "use rate() or increase() of a counter")
        }
        _ => (
            format!("{name}() can't be told by counting events"),
            "use sums of rate() or increase() over counters, or of sum_over_time() over gauges of 0 and 1",
        ),
    };
    Refusal::new(expr, why, help)
}
