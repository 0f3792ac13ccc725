//! Which SLOs are shown, in which order: search, filters, sorting and paging, shared by the page and the API.
//!
//! Pure over one [`Published`]. Counts are facets: the count by state ignores the state filter and the count by service
//! ignores the service filter, so that a chosen filter never hides the way out of it. Every order ends with service,
//! name and group, so that equal entries keep their places from one publication to the next.

use crate::domain::lazy_status::LazyStatus;
use crate::domain::selector::{Matcher, Matchers};
use crate::domain::selector_text::parse_matcher;
use crate::domain::status::{SloStatus, State};
use crate::view::Published;
use serde::Deserialize;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is asked for, as the URL's query says it: `?q=check+out&service=a&state=critical,burning&label=team="pay"`.
///
/// `service`, `state` and `label` may be repeated; unknown parameters are ignored, as in Prometheus.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(try_from = "Vec<(String, String)>")]
pub struct ListQuery {
    /// Words that must all occur, whatever their case, in the name, description or labels.
    pub q: String,
    /// Any of these; empty is all.
    pub services: Vec<String>,
    /// Any of these; empty is all.
    pub states: Vec<State>,
    /// All of these, over the SLO's and the group's labels, `service` and `slo`.
    pub labels: Vec<Matcher>,
    /// `None` where the URL does not say, so that each face chooses its own default.
    pub sort: Option<Sort>,
    pub offset: usize,
    pub limit: Option<usize>,
}

/// Orders of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Worst state first, then the smallest budget.
    Worst,
    /// Service, name, group.
    Name,
    /// The smallest budget first, unmeasured ones last.
    Budget,
    /// The highest burn rate over any window first.
    Burn,
}

/// One page of the list.
#[derive(Clone, Debug)]
pub struct ListResult {
    pub items: Vec<Listed>,
    /// Matches on all pages.
    pub total: usize,
    /// For every state, worst first; all filters but the state's apply.
    pub counts_by_state: Vec<(State, usize)>,
    /// Sorted by name; all filters but the service's apply.
    pub services: Vec<ServiceCount>,
}

/// A status and its place in [`Published::statuses`].
#[derive(Clone, Debug)]
pub struct Listed {
    pub index: usize,
    pub status: Arc<LazyStatus>,
}

/// A service among the matches.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ServiceCount {
    pub service: String,
    pub count: usize,
    /// The worst state among its SLOs.
    pub state: State,
}

/// Answers [`ListQuery`] over what was published.
pub struct Listing;

impl Listing {
    pub fn query(published: &Published, query: &ListQuery) -> ListResult {
        let words: Vec<String> = query.q.split_whitespace().map(str::to_lowercase).collect();
        let matchers = Matchers(query.labels.clone());
        let mut found = Vec::new();
        let mut states = BTreeMap::new();
        let mut services: BTreeMap<&str, ServiceCount> = BTreeMap::new();
        for (index, status) in published.statuses.iter().enumerate() {
            if !has_words(status, &words) || !has_labels(status, &matchers) {
                continue;
            }
            let state = status.state();
            let of_service =
                query.services.is_empty() || query.services.iter().any(|service| service == status.service());
            let of_state = query.states.is_empty() || query.states.contains(&state);
            if of_service {
                *states.entry(state).or_insert(0) += 1;
            }
            if of_state {
                count_service(&mut services, status, state);
            }
            if of_service && of_state {
                found.push(Listed { index, status: Arc::clone(status) });
            }
        }
        let total = found.len();
        ListResult {
            items: page(found, query),
            total,
            counts_by_state: State::ALL.map(|state| (state, states.get(&state).copied().unwrap_or(0))).to_vec(),
            services: services.into_values().collect(),
        }
    }
}

fn count_service<'a>(services: &mut BTreeMap<&'a str, ServiceCount>, status: &'a LazyStatus, state: State) {
    let service = status.service();
    let new = || ServiceCount { service: service.to_owned(), count: 0, state };
    let entry = services.entry(service).or_insert_with(new);
    entry.count += 1;
    entry.state = entry.state.min(state);
}

fn page(mut found: Vec<Listed>, query: &ListQuery) -> Vec<Listed> {
    match query.sort.unwrap_or(Sort::Worst) {
        // Published statuses are in this order already.
        Sort::Name => {}
        Sort::Worst => found.sort_by(|a, b| a.status.state().cmp(&b.status.state()).then_with(|| budget(a, b))),
        Sort::Budget => found.sort_by(budget),
        Sort::Burn => found.sort_by(|a, b| highest_burn(&b.status).total_cmp(&highest_burn(&a.status))),
    }
    found.into_iter().skip(query.offset).take(query.limit.unwrap_or(usize::MAX)).collect()
}

fn budget(a: &Listed, b: &Listed) -> Ordering {
    let remaining = |listed: &Listed| listed.status.remaining().unwrap_or(f64::INFINITY);
    remaining(a).total_cmp(&remaining(b))
}

fn highest_burn(status: &SloStatus) -> f64 {
    status.burn_rates.iter().filter_map(|burn| burn.rate).fold(f64::NEG_INFINITY, f64::max)
}

fn has_words(status: &LazyStatus, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let mut text = format!("{}/{} {}", status.service(), status.name(), status.description());
    for (name, value) in status.labels().iter().chain(status.group().iter()) {
        text.push('\n');
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
    let text = text.to_lowercase();
    words.iter().all(|word| text.contains(word.as_str()))
}

fn has_labels(status: &LazyStatus, matchers: &Matchers) -> bool {
    matchers.0.iter().all(|matcher| matcher.matches(label(status, &matcher.label)))
}

/// A label as filters see it: the group's wins over the SLO's, `service` and `slo` name the SLO itself.
fn label<'a>(status: &'a LazyStatus, name: &str) -> &'a str {
    match name {
        "service" => status.service(),
        "slo" => status.name(),
        _ => status.group().get(name).or_else(|| status.labels().get(name)).unwrap_or_default(),
    }
}

impl TryFrom<Vec<(String, String)>> for ListQuery {
    type Error = String;

    fn try_from(pairs: Vec<(String, String)>) -> Result<Self, String> {
        let mut query = Self::default();
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            match name.as_str() {
                "q" => query.q = value,
                "service" => query.services.push(value),
                "state" => {
                    for word in value.split(',') {
                        query.states.push(parse_state(word.trim())?);
                    }
                }
                "label" => query.labels.push(parse_matcher(&value).map_err(|bad| format!("label {value:?}: {bad}"))?),
                "sort" => query.sort = Some(parse_sort(&value)?),
                "limit" => query.limit = Some(parse_count("limit", &value)?),
                "offset" => query.offset = parse_count("offset", &value)?,
                _ => {}
            }
        }
        Ok(query)
    }
}

fn parse_state(text: &str) -> Result<State, String> {
    let known = State::ALL.map(State::as_str);
    State::ALL
        .into_iter()
        .find(|state| state.as_str() == text)
        .ok_or_else(|| format!("state {text:?}: it is one of {}", known.join(", ")))
}

fn parse_sort(text: &str) -> Result<Sort, String> {
    match text {
        "worst" => Ok(Sort::Worst),
        "name" => Ok(Sort::Name),
        "budget" => Ok(Sort::Budget),
        "burn" => Ok(Sort::Burn),
        _ => Err(format!("sort {text:?}: it is one of worst, name, budget, burn")),
    }
}

fn parse_count(name: &str, text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("{name} {text:?}: it is a whole number from 0"))
}
