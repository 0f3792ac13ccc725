//! What people read, word for word.

use crate::build::labels;
use crate::detail::detail;
use slowburn::domain::message::{BurnDetail, Detail};
use slowburn::domain::wording::{burn_rates, count, description, factor, percent, sli_percent, span, summary};

/// These rates over three days and six hours, against this limit.
fn burn(long: f64, short: f64, factor: f64) -> BurnDetail {
    BurnDetail {
        long: "3d".into(),
        short: "6h".into(),
        factor,
        burn_long: Some(long),
        burn_short: Some(short),
        bad: 0.0,
        total: 0.0,
    }
}

/// Another alert than an SLO's own.
fn trouble(description: &str) -> Detail {
    Detail { alert: "SlowburnStoreUnwritable".into(), description: description.into(), ..detail() }
}

#[test]
fn a_summary_says_in_one_line_what_is_wrong() {
    let group = labels(&[("route", "/pay")]);
    for (name, detail, firing, expected) in [
        ("burning", detail(), true, "checkout/availability burns 20.1× (budget 31% left)"),
        ("resolved", detail(), false, "checkout/availability no longer burns too fast (budget 31% left)"),
        (
            "a group, overspent",
            Detail { group, budget_remaining: Some(-0.12), ..detail() },
            true,
            "checkout/availability {route=\"/pay\"} burns 20.1× (budget overspent by 12%)",
        ),
        (
            "no numbers",
            Detail { burn: None, budget_remaining: None, ..detail() },
            true,
            "checkout/availability burns its error budget too fast",
        ),
        ("no data", Detail { alert: "SloNoData".into(), ..detail() }, true, "checkout/availability has no data"),
        ("data again", Detail { alert: "SloNoData".into(), ..detail() }, false, "checkout/availability has data again"),
        (
            "spent",
            Detail { alert: "ErrorBudgetSpent".into(), budget_remaining: Some(0.245), ..detail() },
            true,
            "checkout/availability has spent 75.5% of its error budget",
        ),
        (
            "not spent any more",
            Detail { alert: "ErrorBudgetSpent".into(), ..detail() },
            false,
            "checkout/availability is back within its error budget (budget 31% left)",
        ),
        (
            "spent, by how much is not known",
            Detail { alert: "ErrorBudgetSpent".into(), budget_remaining: None, ..detail() },
            true,
            "checkout/availability has spent its error budget",
        ),
        (
            "nothing left",
            Detail { budget_remaining: Some(0.0), ..detail() },
            true,
            "checkout/availability burns 20.1× (budget 0% left)",
        ),
        ("trouble", trouble(" The disk is full. \nFree some."), true, "checkout/availability: The disk is full."),
        ("trouble is over", trouble("Full."), false, "checkout/availability: resolved: Full."),
        ("trouble without words", trouble("\nFull."), true, "checkout/availability: SlowburnStoreUnwritable"),
    ] {
        assert_eq!(summary(&detail, firing), expected, "{name}");
    }
}

#[test]
fn a_description_tells_what_burns_how_fast_what_is_left_and_until_when() {
    for (name, detail, firing, expected) in [
        (
            "burning",
            detail(),
            true,
            "Checkout requests succeed. Objective 99.9% over 30d, measured 99.931%. Burn rate 20.1× over 1h and 33× over \
             5m, page above 14.4×; 857 of 42,640 events were bad in 1h. 31% of the error budget is left; at this rate it \
             is gone in 1d 2h.",
        ),
        (
            "resolved: the windows' rates are told, but no forecast is made of them",
            detail(),
            false,
            "Checkout requests succeed. Objective 99.9% over 30d, measured 99.931%. The alert is resolved. Burn rate 20.1× \
             over 1h and 33× over 5m, page above 14.4×; 857 of 42,640 events were bad in 1h. 31% of the error budget is \
             left.",
        ),
        (
            "resolved, calendar window, nothing else known",
            Detail {
                description: String::new(),
                slo_window: "month (Europe/Paris)".into(),
                burn: None,
                sli_ratio: None,
                exhausts_in_seconds: None,
                budget_remaining: Some(0.0),
                ..detail()
            },
            false,
            "Objective 99.9% in each month (Europe/Paris). The alert is resolved. The error budget is spent.",
        ),
        (
            "no data ever",
            Detail {
                alert: "SloNoData".into(),
                description: "It works".into(),
                burn: None,
                sli_ratio: None,
                budget_remaining: None,
                ..detail()
            },
            true,
            "It works. Objective 99.9% over 30d. No sample of it has arrived for a while, so nobody can say whether it \
             holds. The error budget was never measured.",
        ),
        (
            "burning, no events, overspent",
            Detail {
                description: "Really!".into(),
                burn: Some(burn(20.1, 33.0, 14.4)),
                budget_remaining: Some(-0.12),
                ..detail()
            },
            true,
            "Really! Objective 99.9% over 30d, measured 99.931%. Burn rate 20.1× over 3d and 33× over 6h, page above \
             14.4×. The error budget is overspent by 12%.",
        ),
        (
            "burning, rates not known, forecast neither",
            Detail {
                description: "Is it up?".into(),
                burn: Some(BurnDetail { burn_long: None, burn_short: None, ..burn(0.0, 0.0, 14.4) }),
                exhausts_in_seconds: None,
                ..detail()
            },
            true,
            "Is it up? Objective 99.9% over 30d, measured 99.931%. 31% of the error budget is left.",
        ),
    ] {
        assert_eq!(description(&detail, firing), expected, "{name}");
    }
}

#[test]
fn numbers_are_rounded_for_a_reader() {
    for (text, expected) in [
        (factor(20.1), "20.1×"),
        (factor(33.0), "33×"),
        (factor(0.9333), "0.93×"),
        (factor(1440.4), "1,440×"),
        (factor(1_000_000.0), "1,000,000×"),
        (factor(20.123), "20.1×"),
        // The float is a little less, and one digit fewer rounds it up.
        (factor(9.995), "10×"),
        (factor(9.99), "9.99×"),
        (factor(99.94), "99.9×"),
        (percent(-12.5), "-1,250%"),
        (count(0.5), "0.5"),
        (count(9.5), "9.5"),
        (count(10.4), "10"),
        (count(12_399.6), "12,400"),
        (percent(0.31), "31%"),
        (percent(0.0042), "0.42%"),
        (percent(-0.12), "-12%"),
        (percent(-0.000_001), "0%"),
        (percent(1.0), "100%"),
        (sli_percent(0.99931), "99.931%"),
        (sli_percent(0.999_999_6), "99.999%"),
        (sli_percent(1.0), "100%"),
        (span(0.2), "less than 1s"),
        (span(59.6), "1m"),
        (span(3600.0), "1h"),
        (span(30.0), "30s"),
        (span(61.0), "1m 1s"),
        (span(5_400.0), "1h 30m"),
        (span(93_600.0), "1d 2h"),
        (span(2_592_000.0), "30d"),
        (span(f64::INFINITY), "a very long time"),
        (span(-5.0), "less than 1s"),
    ] {
        assert_eq!(text, expected);
    }
}

#[test]
fn a_rate_that_rounds_to_the_limit_is_told_with_more_digits() {
    for (long, short, limit, expected) in [
        (1.0004, 1.3, 1.0, "1.0004× over 3d and 1.3× over 6h"),
        (1.004, 1.001, 1.0, "1.004× over 3d and 1.001× over 6h"),
        (14.4049, 20.0, 14.4, "14.405× over 3d and 20× over 6h"),
        (14.4449, 20.0, 14.44, "14.445× over 3d and 20× over 6h"),
        (1.0, 0.99999, 1.0, "1× over 3d and 0.99999× over 6h"),
        (1.000_000_001, 2.0, 1.0, "just above 1× over 3d and 2× over 6h"),
        (0.999_999_999, 2.0, 1.0, "just below 1× over 3d and 2× over 6h"),
        (1440.4, 0.9333, 14.4, "1,440× over 3d and 0.93× over 6h"),
        (1440.04, 2.0, 1440.0, "1,440.04× over 3d and 2× over 6h"),
    ] {
        assert_eq!(burn_rates(&burn(long, short, limit)).as_deref(), Some(expected), "{long} {short}");
    }
}
