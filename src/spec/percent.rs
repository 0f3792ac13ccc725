//! Percentages: objectives, targets of time slices, shares of the budget; exact, as written.

use crate::config::decode::Value;
use crate::domain::ratio::Ratio;
use crate::domain::slo::Objective;

const HUNDRED: u64 = 100;

/// An objective, 0 < percent < 100.
pub(super) fn objective(value: &Value<'_>) -> Option<Objective> {
    objective_of(value, above_zero(value, Ratio::parse)?)
}

/// As [`objective`], also with an exponent: other formats' percentages are floats.
pub(super) fn float_objective(value: &Value<'_>) -> Option<Objective> {
    let with_exponent = |text: &str| Ratio::from_f64(text.parse().ok().filter(|_| text.contains(['e', 'E']))?);
    objective_of(value, above_zero(value, |text| Ratio::parse(text).or_else(|| with_exponent(text)))?)
}

fn objective_of(value: &Value<'_>, percent: Ratio) -> Option<Objective> {
    if percent >= hundred() {
        value.error(
            "an objective of 100 percent or more leaves no error budget",
            "write a percentage below 100, such as 99.9",
        );
        return None;
    }
    warn_of_a_ratio(value, percent);
    let objective = Objective::from_percent(percent);
    if objective.is_none() {
        too_precise(value);
    }
    objective
}

/// The least share of good events in a good time slice, 0 < percent ≤ 100.
pub(super) fn slice_target(value: &Value<'_>) -> Option<Ratio> {
    let percent = above_zero(value, Ratio::parse)?;
    if percent > hundred() {
        value.error("more than 100 percent of the events can't be good", "write a percentage up to 100, such as 95");
        return None;
    }
    warn_of_a_ratio(value, percent);
    Some(percent)
}

/// A share of the error budget, above 0; more than 100 is a budget overspent.
pub(super) fn budget_share(value: &Value<'_>) -> Option<Ratio> {
    let percent = above_zero(value, Ratio::parse)?;
    warn_of_a_ratio(value, percent);
    Some(percent)
}

fn above_zero(value: &Value<'_>, read: impl Fn(&str) -> Option<Ratio>) -> Option<Ratio> {
    if value.node().text().is_none() {
        value.error(format!("expected a percentage, found {}", value.node().kind_name()), "write it like 99.9");
        return None;
    }
    let text = value.text()?;
    match read(&text) {
        Some(Ratio::ZERO) => not_above_zero(value),
        Some(percent) => return Some(percent),
        None if text.parse::<f64>().is_ok_and(|number| number <= 0.0) => not_above_zero(value),
        None if is_plain_decimal(&text) => too_precise(value),
        None if value.is_expanded() => value.error("not a percentage", mend("")),
        None => value.error("not a percentage", mend(&text)),
    }
    None
}

fn not_above_zero(value: &Value<'_>) {
    value.error("the percentage must be above 0", "write it like 99.9");
}

fn too_precise(value: &Value<'_>) {
    value.error("the percentage has more digits than can be kept exactly", "write at most 15 digits");
}

/// `0.999` is a percentage that may be written, but hardly ever meant.
fn warn_of_a_ratio(value: &Value<'_>, percent: Ratio) {
    if percent >= Ratio::ONE {
        return;
    }
    let meant = percent.times(hundred()).unwrap_or(percent);
    value.warn(format!("this is {percent} percent"), format!("write {meant} if that share is meant"));
}

fn mend(text: &str) -> String {
    let bare = text.trim().trim_end_matches('%').trim_end();
    let pointed = bare.replacen(',', ".", 1);
    match Ratio::parse(&pointed) {
        Some(_) if pointed != bare => format!("write {pointed}, with a decimal point"),
        Some(_) => format!("write {pointed}; the number is in percent already"),
        None => "write a plain decimal, such as 99.9".to_owned(),
    }
}

fn is_plain_decimal(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && text.parse::<f64>().is_ok()
}

fn hundred() -> Ratio {
    Ratio::new(HUNDRED, 1).unwrap_or(Ratio::ONE)
}
