//! Alertmanager's routing tree: which receivers hear of an alert, and with which others (dispatch/route.go).

use super::labels::Labels;
use super::setup::{GroupBy, Route};

/// A node that an alert ends at.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched<'a> {
    pub route: &'a Route,
    /// Alertmanager's route key: the matchers along the path, `{}/{severity="page"}`.
    pub key: String,
}

/// The deepest matching nodes, in order; the root always matches.
pub fn matching<'a>(root: &'a Route, labels: &Labels) -> Vec<Matched<'a>> {
    let mut found = Vec::new();
    descend(root, labels, "", &mut found);
    found
}

fn descend<'a>(route: &'a Route, labels: &Labels, above: &str, found: &mut Vec<Matched<'a>>) -> bool {
    if !route.matchers.matches(labels) {
        return false;
    }
    let texts: Vec<String> = route.matchers.0.iter().map(ToString::to_string).collect();
    let slash = if above.is_empty() { "" } else { "/" };
    let key = format!("{above}{slash}{{{}}}", texts.join(","));
    let mut deeper = false;
    for child in &route.routes {
        let matched = descend(child, labels, &key, found);
        deeper |= matched;
        if matched && !child.r#continue {
            break;
        }
    }
    if !deeper {
        found.push(Matched { route, key });
    }
    true
}

/// The labels that keep alerts in one group.
pub fn group_labels(route: &Route, labels: &Labels) -> Labels {
    match &route.group_by {
        GroupBy::All => labels.clone(),
        GroupBy::Labels(names) => names.iter().filter_map(|name| Some((name.as_str(), labels.get(name)?))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::selector::Matchers;
    use crate::domain::selector_text::parse_matcher;
    use std::time::Duration;

    fn route(receiver: &str, matchers: &[&str], r#continue: bool, routes: Vec<Route>) -> Route {
        Route {
            receiver: receiver.to_owned(),
            group_by: GroupBy::Labels(vec!["service".to_owned()]),
            group_wait: Duration::ZERO,
            group_interval: Duration::from_secs(300),
            repeat_interval: Duration::from_secs(3600),
            matchers: Matchers(matchers.iter().map(|m| parse_matcher(m).unwrap()).collect()),
            r#continue,
            routes,
        }
    }

    #[test]
    fn an_alert_ends_at_the_deepest_first_match() {
        let tree = route(
            "root",
            &[],
            false,
            vec![
                route("page", &["severity=\"page\""], false, vec![route("db", &["service=~\"db.*\""], false, vec![])]),
                route("audit", &["team=\"a\""], true, vec![]),
                route("team-a", &["team=\"a\""], false, vec![]),
            ],
        );
        for (labels, receivers) in [
            (vec![("service", "web")], vec![("root", "{}")]),
            (vec![("service", "web"), ("severity", "page")], vec![("page", "{}/{severity=\"page\"}")]),
            (
                vec![("service", "db1"), ("severity", "page")],
                vec![("db", "{}/{severity=\"page\"}/{service=~\"db.*\"}")],
            ),
            (vec![("team", "a")], vec![("audit", "{}/{team=\"a\"}"), ("team-a", "{}/{team=\"a\"}")]),
            (vec![("team", "a"), ("severity", "page")], vec![("page", "{}/{severity=\"page\"}")]),
        ] {
            let labels: Labels = labels.into_iter().collect();
            let got: Vec<_> = matching(&tree, &labels).into_iter().map(|m| (m.route.receiver.clone(), m.key)).collect();
            let wanted: Vec<_> = receivers.into_iter().map(|(r, k)| (r.to_owned(), k.to_owned())).collect();
            assert_eq!(got, wanted, "{labels}");
        }
    }

    #[test]
    fn groups_are_told_apart_by_the_labels_asked_for() {
        let labels: Labels = [("service", "web"), ("severity", "page")].into_iter().collect();
        let by = |names: &[&str]| GroupBy::Labels(names.iter().map(ToString::to_string).collect());
        for (group_by, expected) in [
            (GroupBy::All, r#"{service="web",severity="page"}"#),
            (by(&["service", "team"]), r#"{service="web"}"#),
            (by(&[]), "{}"),
        ] {
            let route = Route { group_by, ..route("team", &[], false, vec![]) };
            assert_eq!(group_labels(&route, &labels).to_string(), expected);
        }
    }
}
