//! Every rule file that Sloth generated from its examples: compared, alike to one that is, or left out for a reason.

use super::rules::{Rule, rules};
use super::services::{SETS, corpus, exported, installation_of};
use std::collections::BTreeSet;

/// Files whose rules, and whose SLOs as slowburn reads them, are those of another one.
const ALIKE: [(&str, &str); 7] = [
    ("getting-started.yml", "multifile.yml"),
    ("k8s-getting-started.yml", "multifile.yml"),
    ("k8s-multifile.yml", "multifile.yml"),
    ("slo-plugin-getting-started.yml", "multifile.yml"),
    ("slo-plugin-k8s-getting-started.yml", "multifile.yml"),
    ("k8s-home-wifi.yml", "home-wifi.yml"),
    ("plugin-k8s-getting-started.yml", "plugin-getting-started.yml"),
];

/// Whether what is said of a file's rules is so.
type Holds = fn(&str, &[Rule]) -> bool;

/// No rule alerts.
const NO_ALERTS: Holds = |_, rules| rules.iter().all(|rule| rule.alert().is_none());

/// Files that are not compared, and why that is so.
const LEFT_OUT: [(&str, Holds); 5] = [
    ("no-alerts.yml", NO_ALERTS),
    ("openslo-getting-started.yml", NO_ALERTS),
    ("openslo-kubernetes-apiserver.yml", NO_ALERTS),
    // A plugin of Sloth's weighs each window by the traffic of 30 days, which slowburn does not take over.
    ("contrib-denominator-corrected.yaml", |file, _| file.contains("slo:numerator_correction:ratio30m")),
    // A function that no Prometheus has.
    ("victoria-metrics.yml", |file, _| file.contains("histogram_share(")),
];

fn generated(name: &str) -> String {
    std::fs::read_to_string(corpus("_gen").join(name)).expect("generated rules")
}

#[test]
fn every_generated_file_is_compared_or_like_one_that_is_or_left_out_for_a_reason() {
    let found = std::fs::read_dir(corpus("_gen")).expect("generated rules");
    let found: BTreeSet<String> =
        found.map(|entry| entry.expect("a file").file_name().into_string().expect("UTF-8")).collect();
    let named = SETS.concat().into_iter().chain(ALIKE.map(|(name, _)| name)).chain(LEFT_OUT.map(|(name, _)| name));
    assert_eq!(named.map(str::to_owned).collect::<BTreeSet<_>>(), found);
    for (name, holds) in LEFT_OUT {
        assert!(holds(&generated(name), &rules(&generated(name))), "{name} could be compared");
    }
    let decide = |rules: &[Rule]| rules.iter().map(Rule::decides).collect::<Vec<_>>();
    for (name, other) in ALIKE {
        let exported = |name: &str| decide(&rules(&exported(installation_of(&[name]).path(), &[])));
        let pairs =
            [(decide(&rules(&generated(name))), decide(&rules(&generated(other)))), (exported(name), exported(other))];
        for (these, those) in pairs {
            assert!(!these.is_empty(), "{name} has no rules");
            these
                .iter()
                .for_each(|rule| assert!(those.contains(rule), "{name} has another rule than {other}: {rule:?}"));
        }
    }
}
