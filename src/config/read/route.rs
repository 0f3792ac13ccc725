//! `route`: Alertmanager's routing tree, with what a node leaves out taken from its parent.

use super::super::decode::{Field, Map, Refused, Shape, Table, Value, nearest};
use super::receiver::Named;
use crate::domain::selector::{MatchOp, Matcher, Matchers};
use crate::domain::selector_text::{parse_matcher, parse_selector};
use crate::domain::setup::{GroupBy, Route};
use std::collections::BTreeMap;
use std::time::Duration;

pub static ROUTE: Table = Table {
    title: "route",
    fields: &[
        Field::opt("receiver", Shape::Text, "name of the receiver, default the parent's"),
        Field::opt(
            "group_by",
            Shape::List(&Shape::Text),
            "labels that keep alerts in one message, or ['...'] for none in common",
        ),
        Field::opt("group_wait", Shape::Duration, "wait before a group's first message, default 0s"),
        Field::opt("group_interval", Shape::Duration, "wait before a message about a changed group, default 5m"),
        Field::opt("repeat_interval", Shape::Duration, "wait before an unchanged group is sent again, default 4h"),
        Field::opt("matchers", Shape::List(&Shape::Matcher), "all must hold, such as severity=\"page\""),
        Field::opt("match", Shape::Labels, "deprecated: use matchers"),
        Field::opt("match_re", Shape::Labels, "deprecated: use matchers"),
        Field::opt("continue", Shape::Bool, "go on with the next route after this one, default false"),
        Field::opt("routes", Shape::List(&Shape::Map(&ROUTE)), "routes below this one"),
    ],
    refused: &[
        Refused::new(
            "mute_time_intervals",
            "is not supported",
            "remove it; planned work goes under an SLO's maintenance",
        ),
        Refused::new("active_time_intervals", "is not supported", "remove it"),
    ],
};

const DEFAULT_GROUP_INTERVAL: Duration = Duration::from_secs(5 * 60);
const DEFAULT_REPEAT_INTERVAL: Duration = Duration::from_secs(4 * 3600);

/// Receivers that are looked at for a suggestion.
const MAX_SUGGESTED: usize = 100;

/// Decodes the tree; reports receivers that are not there, and those that no route names.
pub fn read(value: &Value<'_>, receivers: &[Named<'_>]) -> Option<Route> {
    let defaults = Route {
        receiver: String::new(),
        group_by: GroupBy::Labels(Vec::new()),
        group_wait: Duration::ZERO,
        group_interval: DEFAULT_GROUP_INTERVAL,
        repeat_interval: DEFAULT_REPEAT_INTERVAL,
        matchers: Matchers::default(),
        r#continue: false,
        routes: Vec::new(),
    };
    let errors = value.context().errors();
    let map = value.map(&ROUTE)?;
    for key in ["matchers", "match", "match_re", "continue"] {
        if let Some(value) = map.get(key) {
            value.error(
                format!("the first route takes every alert, it can't have {key}"),
                "move it to a route under routes",
            );
        }
    }
    if !map.has("receiver") {
        value.error("`receiver` is missing", "name the receiver of all alerts that no route below takes");
    }
    let mut used = receivers.iter().map(|named| (named.receiver.name.as_str(), false)).collect();
    let route = node(&map, &defaults, &mut used);
    // A name that is missing or misspelt was meant for one of them.
    let receivers = if value.context().errors() > errors { &[] } else { receivers };
    for named in receivers.iter().filter(|named| used.get(named.receiver.name.as_str()) == Some(&false)) {
        named.name.warn("no route sends to this receiver", "name it in a route, or remove it");
    }
    Some(route)
}

/// Names of receivers, and whether a route names them.
type Used<'a> = BTreeMap<&'a str, bool>;

fn node(map: &Map<'_>, parent: &Route, used: &mut Used<'_>) -> Route {
    let receiver = map.get("receiver").and_then(|value| receiver(&value, used));
    let positive = |key| map.get(key).and_then(|value| value.positive_duration());
    let mut route = Route {
        receiver: receiver.unwrap_or_else(|| parent.receiver.clone()),
        group_by: map.get("group_by").and_then(|v| group_by(&v)).unwrap_or_else(|| parent.group_by.clone()),
        group_wait: map.get("group_wait").and_then(|v| v.duration()).unwrap_or(parent.group_wait),
        group_interval: positive("group_interval").unwrap_or(parent.group_interval),
        repeat_interval: positive("repeat_interval").unwrap_or(parent.repeat_interval),
        matchers: matchers(map),
        r#continue: map.get("continue").and_then(|v| v.boolean()).unwrap_or(false),
        routes: Vec::new(),
    };
    if let Some(value) = map.get("repeat_interval")
        && route.repeat_interval < route.group_interval
    {
        value.warn("repeat_interval is shorter than group_interval, which then decides", "make it the longer one");
    }
    let children = map.get("routes").and_then(|list| list.list()).unwrap_or_default();
    let child = |value: &Value<'_>| value.map(&ROUTE).map(|map| node(&map, &route, used));
    route.routes = children.iter().filter_map(child).collect();
    route
}

fn receiver(value: &Value<'_>, used: &mut Used<'_>) -> Option<String> {
    let name = value.nonempty()?;
    if let Some(used) = used.get_mut(name.as_str()) {
        *used = true;
    } else if !value.context().is_full() {
        let names = || used.keys().copied().take(MAX_SUGGESTED);
        let help = match (nearest(&name, names()), names().next()) {
            (Some(near), _) => format!("did you mean {near}?"),
            (None, Some(_)) => format!("receivers are {}", names().collect::<Vec<_>>().join(", ")),
            (None, None) => "add it under receivers".to_owned(),
        };
        value.error("there is no receiver of this name", help);
    } else {
        value.error("there is no receiver of this name", "add it under receivers");
    }
    Some(name)
}

fn group_by(value: &Value<'_>) -> Option<GroupBy> {
    let items = value.list()?;
    let all = |item: &Value<'_>| item.node().text() == Some("...");
    if let Some(item) = items.iter().find(|item| all(item)) {
        if items.len() > 1 {
            item.error("'...' stands for all labels, it can't have others beside it", "write group_by: ['...']");
        }
        return Some(GroupBy::All);
    }
    let mut labels: Vec<String> = Vec::new();
    for item in &items {
        let Some(name) = item.label_name() else { continue };
        if labels.contains(&name) {
            item.error("this label is already in the list", "remove it");
        }
        labels.push(name);
    }
    Some(GroupBy::Labels(labels))
}

fn matchers(map: &Map<'_>) -> Matchers {
    let mut found = Vec::new();
    for item in map.get("matchers").and_then(|list| list.list()).unwrap_or_default() {
        found.extend(matcher_text(&item).unwrap_or_default());
    }
    for (key, op) in [("match", MatchOp::Equal), ("match_re", MatchOp::Regex)] {
        if let Some(value) = map.get(key) {
            found.extend(deprecated(&value, key, op));
        }
    }
    Matchers(found)
}

/// One item holds one matcher, or several separated by commas, with or without braces round them.
fn matcher_text(value: &Value<'_>) -> Option<Vec<Matcher>> {
    let text = value.text()?;
    let inner = text.trim();
    let listed = if inner.starts_with('{') { format!("_{inner}") } else { format!("_{{{inner}}}") };
    if let Ok(selector) = parse_selector(&listed) {
        return Some(selector.matchers.0);
    }
    match parse_matcher(&text) {
        Ok(matcher) => Some(vec![matcher]),
        Err(_) if value.is_expanded() => {
            value.error("not a matcher after its variables were replaced", "write it like severity=\"page\"");
            None
        }
        Err(error) => {
            value.error_at(
                error.offset,
                format!("not a matcher: {error}"),
                Some("write it like severity=\"page\"".to_owned()),
            );
            None
        }
    }
}

/// `match` and `match_re` of older Alertmanagers.
fn deprecated(value: &Value<'_>, key: &str, op: MatchOp) -> Vec<Matcher> {
    let labels = value.labels().unwrap_or_default();
    let built = labels.iter().map(|(name, text)| Matcher::new(name, op, text));
    let (matchers, errors): (Vec<_>, Vec<_>) = built.partition(Result::is_ok);
    for error in errors.into_iter().filter_map(Result::err) {
        value.error("not a regular expression", error);
    }
    let matchers: Vec<Matcher> = matchers.into_iter().filter_map(Result::ok).collect();
    let list = matchers.iter().map(|matcher| format!("'{matcher}'")).collect::<Vec<_>>().join(", ");
    value.warn(format!("{key} is deprecated"), format!("write matchers: [{list}]"));
    matchers
}
