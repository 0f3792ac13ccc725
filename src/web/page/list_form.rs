//! The search form of the list: what was asked, and the addresses of what can be asked next.
//!
//! It is a plain GET form, so that the address holds the whole question. Parameters are kept as written, even those
//! that can't be read, so that a person can mend them.

use super::format;
use super::parts::{StateTag, encode};
use crate::domain::status::State;
use crate::web::listing::{ListResult, ServiceCount};

/// Services offered in the menu; beyond this the worst ones.
const MENU: usize = 1000;
/// Services shown as links above the list.
const CHIPS: usize = 10;

/// A state with its number of SLOs, as a switch.
#[derive(Clone, Debug)]
pub struct StateChoice {
    pub value: &'static str,
    pub tag: StateTag,
    pub count: String,
    pub checked: bool,
    pub empty: bool,
}

/// A service of the menu, or above the list.
#[derive(Clone, Debug)]
pub struct ServiceChoice {
    pub name: String,
    pub count: String,
    pub tag: StateTag,
    pub selected: bool,
    pub href: String,
}

/// The state of the form.
#[derive(Clone, Debug)]
pub struct Form {
    pub q: String,
    pub states: Vec<StateChoice>,
    pub services: Vec<ServiceChoice>,
    /// The worst services.
    pub chips: Vec<ServiceChoice>,
    /// How many services stand in the menu only.
    pub more: Option<String>,
    pub labels: Vec<String>,
    pub sort: String,
    pub filtered: bool,
}

impl Form {
    pub fn new(pairs: &[(String, String)], found: &ListResult) -> Self {
        let all = |name: &str| values(pairs, name).map(str::to_owned).collect::<Vec<_>>();
        let chosen: Vec<String> = all("state").iter().flat_map(|v| v.split(',')).map(|s| s.trim().to_owned()).collect();
        let mut services = menu(&found.services, &all("service"), pairs);
        services.truncate(MENU);
        let chips: Vec<_> =
            if services.len() > 1 { services.iter().take(CHIPS).cloned().collect() } else { Vec::new() };
        let more = found.services.len().saturating_sub(chips.len());
        services.sort_by(|a, b| a.name.cmp(&b.name));
        Self {
            q: all("q").pop().unwrap_or_default(),
            states: found.counts_by_state.iter().map(|(state, count)| choice(*state, *count, &chosen)).collect(),
            services,
            chips,
            more: (more > 0).then(|| format::count(more as f64)),
            labels: all("label"),
            sort: all("sort").pop().unwrap_or_else(|| "worst".to_owned()),
            filtered: ["q", "service", "state", "label"].iter().any(|name| values(pairs, name).next().is_some()),
        }
    }
}

/// The non-empty values of a parameter.
pub fn values<'a>(pairs: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = &'a str> {
    pairs.iter().filter(move |(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str())
}

/// The same question at `page`, a relative address, with one parameter replaced; `None` leaves it out. Paging starts over.
pub fn query_with(page: &str, pairs: &[(String, String)], name: &str, value: Option<&str>) -> String {
    let kept = pairs.iter().filter(|(n, v)| n != name && n != "offset" && !v.is_empty());
    let kept = kept.map(|(n, v)| (n.as_str(), v.as_str()));
    let all: Vec<String> =
        kept.chain(value.map(|v| (name, v))).map(|(n, v)| format!("{}={}", encode(n), encode(v))).collect();
    format!("{page}{}{}", if all.is_empty() { "" } else { "?" }, all.join("&"))
}

fn choice(state: State, count: usize, chosen: &[String]) -> StateChoice {
    StateChoice {
        value: state.as_str(),
        tag: state.into(),
        count: format::count(count as f64),
        checked: chosen.iter().any(|text| text == state.as_str()),
        empty: count == 0,
    }
}

/// Worst first. A chosen service without any match stays in the menu.
fn menu(found: &[ServiceCount], chosen: &[String], pairs: &[(String, String)]) -> Vec<ServiceChoice> {
    let absent = chosen.iter().filter(|name| found.iter().all(|service| service.service != **name));
    let absent =
        absent.map(|name| ServiceCount { service: name.clone(), count: 0, state: State::Ok }).collect::<Vec<_>>();
    let mut all: Vec<&ServiceCount> = found.iter().chain(&absent).collect();
    all.sort_by_key(|service| (service.state, &service.service));
    let choice = |service: &ServiceCount| {
        let selected = chosen.contains(&service.service);
        ServiceChoice {
            name: service.service.clone(),
            count: format::count(service.count as f64),
            tag: service.state.into(),
            selected,
            href: query_with("./", pairs, "service", (!selected).then_some(service.service.as_str())),
        }
    };
    all.into_iter().map(choice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_parameter_starts_paging_over_and_keeps_the_rest() {
        let pair = |n: &str, v: &str| (n.to_owned(), v.to_owned());
        let pairs = [pair("q", "a b"), pair("offset", "100"), pair("service", "x"), pair("label", "")];
        assert_eq!(query_with("./", &pairs, "service", Some("y&z")), "./?q=a%20b&service=y%26z");
        assert_eq!(query_with("./", &pairs, "service", None), "./?q=a%20b");
        assert_eq!(query_with("./", &[], "service", None), "./");
    }
}
