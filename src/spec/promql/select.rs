//! The parser's selectors to slowburn's own.

use super::refusal::Refusal;
use crate::domain::selector::{MatchOp, Matcher, Matchers, Selector};
use promql_parser::label::MatchOp as Op;
use promql_parser::parser::{Expr, VectorSelector};

const NAME: &str = "__name__";

/// The selector; `expr` is shown where it is none that can be counted.
pub(super) fn selector(found: &VectorSelector, placeholders: &[String], expr: &Expr) -> Result<Selector, Refusal> {
    if found.offset.is_some() || found.at.is_some() {
        return Err(shifted(expr));
    }
    if !found.matchers.or_matchers.is_empty() {
        return Err(Refusal::new(expr, "`or` between matchers is no Prometheus", "write one regular expression"));
    }
    let mut name = found.name.clone();
    let mut matchers = Vec::new();
    for matcher in &found.matchers.matchers {
        if placeholders.contains(&matcher.value) {
            return Err(recorded(expr));
        }
        let op = match matcher.op {
            Op::Equal => MatchOp::Equal,
            Op::NotEqual => MatchOp::NotEqual,
            Op::Re(_) => MatchOp::Regex,
            Op::NotRe(_) => MatchOp::NotRegex,
        };
        if matcher.name == NAME && op == MatchOp::Equal && name.is_none() {
            name = Some(matcher.value.clone());
            continue;
        }
        if matcher.name == NAME {
            return Err(nameless(expr));
        }
        let built = Matcher::new(&matcher.name, op, &matcher.value);
        matchers.push(built.map_err(|why| Refusal::new(expr, why, "correct the regular expression"))?);
    }
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| nameless(expr))?;
    Ok(Selector { name, matchers: Matchers(matchers) })
}

fn nameless(expr: &Expr) -> Refusal {
    Refusal::new(expr, "the selector names no metric", "write the metric's name in front of the braces")
}

fn recorded(expr: &Expr) -> Refusal {
    Refusal::new(
        expr,
        "this asks for a series that some rule records for each window, which no target shows",
        "write the query of that rule over the counters themselves",
    )
}

pub(super) fn shifted(expr: &Expr) -> Refusal {
    Refusal::new(expr, "a window that is moved by offset or @ can't be counted", "leave offset and @ out")
}
