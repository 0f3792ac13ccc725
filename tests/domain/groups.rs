//! How many budgets an SLO may have, and what attempts to scrape measure.

use crate::build::{setup, slo};
use crate::run::Run;
use slowburn::domain::labels::Labels;
use slowburn::domain::selector::{MatchOp, Matcher, Matchers};
use slowburn::domain::slo::Indicator;
use slowburn::domain::slo_state::MOST_GROUPS;

#[test]
fn groups_beyond_the_bound_are_told_and_not_counted() {
    let mut by_code = slo("api");
    by_code.by = vec!["code".to_owned()];
    let mut run = Run::new(setup([by_code]));
    let codes: Vec<String> = (0..MOST_GROUPS + 2).map(|code| code.to_string()).collect();
    let most = |value| codes.iter().take(MOST_GROUPS).map(|code| (code.as_str(), value)).collect::<Vec<_>>();
    let all = |value| codes.iter().map(|code| (code.as_str(), value)).collect::<Vec<_>>();
    run.scrape_of(0, &most(1.0));
    assert_eq!(run.status().problem, None);
    run.scrape_of(15, &all(2.0));
    run.tick(30);
    assert_eq!(run.state.slos[0].groups.len(), MOST_GROUPS);
    let problem = run.status().problem.clone().unwrap_or_default();
    assert_eq!(problem, "more than 10000 groups by code; further ones are not counted");
}

#[test]
fn attempts_measure_the_time_since_the_last_one_unless_some_are_missing() {
    let mut up = slo("up");
    let job = Matcher::new("job", MatchOp::Equal, "shop").expect("a matcher");
    up.indicator = Indicator::Scrape { targets: Matchers(vec![job]) };
    for (name, seconds, events, measured) in [
        ("one", &[0][..], 1.0, 0),
        ("regular", &[0, 15], 2.0, 15),
        ("twice the interval", &[0, 15, 45], 3.0, 45),
        ("one second more", &[0, 15, 46], 3.0, 15),
        ("failed ones measure too", &[0, -15, 30], 3.0, 30),
    ] {
        let mut run = Run::new(setup([up.clone()]));
        for second in seconds {
            if *second < 0 {
                run.fail(-second);
            } else {
                run.read(*second, Vec::new());
            }
        }
        let counts = run.counts(-60, 60);
        assert_eq!((counts.total, counts.measured), (events, measured * 1000), "{name}");
        let failed = seconds.iter().filter(|second| **second < 0).count() as f64;
        assert_eq!(counts.bad, failed, "{name}");
        assert_eq!(run.group().group, Labels::new(), "{name}: one budget");
    }
}
