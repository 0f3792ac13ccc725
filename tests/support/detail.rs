//! An alert that burns, as people are told of it.

use slowburn::domain::labels::Labels;
use slowburn::domain::message::{BurnDetail, Detail};
use slowburn::domain::slo::{Severity, SloId};

pub fn detail() -> Detail {
    Detail {
        id: SloId { service: "checkout".into(), name: "availability".into() },
        group: Labels::new(),
        alert: "ErrorBudgetBurn".into(),
        severity: Severity::Page,
        description: "Checkout requests succeed.".into(),
        objective: 99.9,
        slo_window: "30d".into(),
        burn: Some(BurnDetail {
            long: "1h".into(),
            short: "5m".into(),
            factor: 14.4,
            burn_long: Some(20.1),
            burn_short: Some(33.0),
            bad: 857.0,
            total: 42_640.0,
        }),
        budget_remaining: Some(0.31),
        exhausts_in_seconds: Some(93_600.0),
        sli_ratio: Some(0.99931),
        runbook_url: Some("https://runbooks.example.com/checkout?a=1&b=2".into()),
        slo_url: "https://slo.example.com/slo/checkout/availability".into(),
    }
}
