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
use std::cmp::Reverse;
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
        let mut services: Vec<ServiceCount> = Vec::new();
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
                found.push(Match { index, state, status });
            }
        }
        let total = found.len();
        ListResult {
            items: page(found, query),
            total,
            counts_by_state: State::ALL.map(|state| (state, states.get(&state).copied().unwrap_or(0))).to_vec(),
            services,
        }
    }
}

/// What is published is sorted by service, so those of one service follow each other.
fn count_service(services: &mut Vec<ServiceCount>, status: &LazyStatus, state: State) {
    match services.last_mut().filter(|last| last.service == status.service()) {
        Some(last) => {
            last.count += 1;
            last.state = last.state.min(state);
        }
        None => services.push(ServiceCount { service: status.service().to_owned(), count: 1, state }),
    }
}

/// An entry before it is known whether it is on the page: that of ten thousand is looked at, and not held.
struct Match<'a> {
    index: usize,
    state: State,
    status: &'a Arc<LazyStatus>,
}

fn page(mut found: Vec<Match<'_>>, query: &ListQuery) -> Vec<Listed> {
    match query.sort.unwrap_or(Sort::Worst) {
        // Published statuses are in this order already.
        Sort::Name => {}
        Sort::Worst => found.sort_by_cached_key(|entry| (entry.state, budget(entry.status))),
        Sort::Budget => found.sort_by_cached_key(|entry| budget(entry.status)),
        Sort::Burn => found.sort_by_cached_key(|entry| Reverse(ordered(highest_burn(entry.status)))),
    }
    let page = found.into_iter().skip(query.offset).take(query.limit.unwrap_or(usize::MAX));
    page.map(|Match { index, status, .. }| Listed { index, status: Arc::clone(status) }).collect()
}

/// The smallest first, unmeasured ones last.
fn budget(status: &LazyStatus) -> i64 {
    ordered(status.remaining().unwrap_or(f64::INFINITY))
}

/// A number whose order is that of [`f64::total_cmp`].
fn ordered(number: f64) -> i64 {
    let bits = number.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_as_they_are() {
        let numbers = [f64::NEG_INFINITY, -49.0, -0.5, -0.25, -0.0, 0.0, 1e-300, 0.25, 1.0, 49.0, f64::INFINITY];
        let mut sorted = numbers;
        sorted.reverse();
        sorted.sort_by_key(|number| ordered(*number));
        assert_eq!(sorted.map(f64::to_bits), numbers.map(f64::to_bits));
    }
}
