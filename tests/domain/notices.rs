//! Alerts as people are told of them: labels, annotations, and slowburn's own trouble beside those of SLOs.

use crate::board::Does::Badly;
use crate::board::{Board, grouped, told};
use crate::build::{labels, pair, ratio, setup, slo};
use crate::run::{Run, at};
use slowburn::domain::event::Event;
use slowburn::domain::message::Notice;
use slowburn::domain::setup::Setup;
use slowburn::domain::slo::{BudgetAlert, Extras, Severity, Slo};

/// The labels of all alerts that fire.
fn firing(run: &Run) -> Vec<String> {
    run.state.notices().iter().map(|notice| notice.labels.to_string()).collect()
}

#[test]
fn an_alert_carries_the_labels_of_all_that_it_belongs_to() {
    let mut shop = Slo { labels: labels(&[("team", "shop"), ("tier", "1")]), ..slo("api") };
    shop.by = vec!["code".to_owned()];
    shop.policy.pairs = vec![pair(Severity::Page, 600, 60, "3"), pair(Severity::Ticket, 600, 60, "3")];
    shop.policy.runbook_url = Some("https://runbooks.example.com/api".to_owned());
    shop.policy.labels = labels(&[("tier", "2"), ("channel", "ops")]);
    shop.policy.annotations = labels(&[("dashboard", "https://d.example.com"), ("summary", "mine")]);
    let page = Extras { labels: labels(&[("channel", "pager")]), annotations: labels(&[("dashboard", "none")]) };
    shop.policy.of_severity = [(Severity::Page, page)].into();
    let mut run = Run::new(Setup { external_labels: labels(&[("env", "prod"), ("team", "all")]), ..setup([shop]) });
    run.scrape(0, 0.0, 0.0);
    run.scrape(15, 0.0, 10.0);
    let common = "alertname=\"ErrorBudgetBurn\",channel=\"CHANNEL\",code=\"500\",env=\"prod\",service=\"shop\",\
                  severity=\"SEVERITY\",slo=\"api\",team=\"shop\",tier=\"2\"";
    let with = |severity, channel| format!("{{{}}}", common.replace("CHANNEL", channel).replace("SEVERITY", severity));
    assert_eq!(run.spec().policy.pairs_of(Severity::Ticket).collect::<Vec<_>>(), [&run.spec().policy.pairs[1]]);
    assert_eq!(firing(&run), [with("page", "pager"), with("ticket", "ops")]);
    let page: Notice = run.state.notices().remove(0);
    assert_eq!((page.starts_at, page.ends_at), (at(15), None));
    let shown: Vec<(&str, &str)> = page.annotations.iter().collect();
    assert_eq!(shown[0], ("dashboard", "none"), "what is said of one severity wins");
    assert_eq!(
        shown[2..],
        [
            ("runbook_url", "https://runbooks.example.com/api"),
            ("slo_url", "https://slo.example.com/slo/shop/api"),
            ("summary", "mine"),
        ]
    );
    assert!(shown[1].1.starts_with("Objective 90% over 1h, measured 0%. Burn rate 10×"), "{:?}", shown[1]);
}

#[test]
fn two_thresholds_of_one_severity_are_two_alerts() {
    let spent = |consumed, severity| BudgetAlert { consumed: ratio(consumed), severity };
    let (ticket, page) = (Severity::Ticket, Severity::Page);
    for (budget, expected) in [
        (vec![spent("75", ticket)], vec![None]),
        (vec![spent("75", ticket), spent("90", ticket)], vec![Some("75"), Some("90")]),
        (vec![spent("75", ticket), spent("80", page), spent("90", page)], vec![None, Some("80"), Some("90")]),
    ] {
        let mut shop = slo("api");
        shop.policy.budget = budget;
        let mut run = Run::new(setup([shop]));
        run.scrape(0, 0.0, 0.0);
        run.scrape(15, 0.0, 10.0);
        let notices = run.state.notices();
        let consumed: Vec<Option<&str>> = notices.iter().map(|notice| notice.labels.get("consumed")).collect();
        assert_eq!(consumed, expected);
    }
}

#[test]
fn trouble_with_the_store_is_told_as_an_alert_and_outlives_a_reload() {
    let mut board = Board::new(told(grouped(), &["a"]));
    let trouble = |board: &mut Board, second, error: Option<&str>| {
        board.state.step(&[Event::Trouble { at: at(second), error: error.map(str::to_owned) }]);
        board.tick(second);
    };
    trouble(&mut board, 20, Some("The disk is full"));
    trouble(&mut board, 21, Some("The disk is still full"));
    let notice = board.state.trouble_notice().expect("it fires");
    assert_eq!(
        notice.labels.to_string(),
        "{alertname=\"SlowburnStoreUnwritable\",service=\"slowburn\",severity=\"ticket\",slo=\"store\"}"
    );
    assert_eq!((notice.starts_at, notice.ends_at), (at(20), None));
    assert_eq!(notice.annotations.get("summary"), Some("slowburn can't write its data"));
    assert_eq!(
        notice.annotations.get("description"),
        Some(
            "The disk is still full. Counting and alerting go on from memory; what is in memory is lost if the process \
             stops."
        )
    );
    board.set("a", Badly);
    board.go(30, 30);
    assert_eq!(board.state.notices().len(), 2);
    board.configure(45, told(grouped(), &["a"]));
    board.go(45, 90);
    assert_eq!(
        board.trace_of("webhook"),
        ["20 webhook First store/ticket", "30 webhook First a/ticket"],
        "the reload ended nothing"
    );
    trouble(&mut board, 106, None);
    assert_eq!(board.state.trouble_notice(), None);
    assert_eq!(board.trace_of("webhook"), [""; 0], "told at the group's next turn");
    board.go(120, 150);
    assert_eq!(board.trace_of("webhook"), ["140 webhook AllResolved store/ticket-resolved"]);
    let told = &board.state.core.dispatch.sent.iter().find(|sent| !sent.message.firing()).expect("it was told").message;
    assert_eq!((told.alerts[0].starts_at, told.alerts[0].ends_at), (at(20), Some(at(106))));
    assert_eq!(told.alerts[0].annotations.get("summary"), Some("slowburn writes its data again"));
}
