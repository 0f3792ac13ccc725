//! Small pieces that several pages show: a state's mark, a moment, a budget bar, a burn cell, a sparkline, a link.
//!
//! They are values for templates: everything that could surprise (numbers, addresses, drawing) is decided here, and a
//! template only places text, which askama escapes.

use super::format;
use crate::domain::labels::Labels;
use crate::domain::slo::{Severity, SloId};
use crate::domain::status::{BudgetStatus, BurnRate, SloStatus, State};
use crate::domain::time::{Timestamp, format_duration};
use crate::view::Sparkline;
use std::fmt::Write;
use std::time::Duration;

/// A state as its icon, class and word.
#[derive(Clone, Copy, Debug)]
pub struct StateTag {
    /// Names the icon and the CSS class.
    pub class: &'static str,
    pub text: &'static str,
    pub meaning: &'static str,
}

impl From<State> for StateTag {
    fn from(state: State) -> Self {
        Self { class: state.as_str(), text: format::state(state), meaning: format::state_meaning(state) }
    }
}

/// The CSS class and icon of a severity: those of the state that it causes.
pub fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Page => "critical",
        Severity::Ticket => "burning",
    }
}

/// A moment: machine-readable, and in words that hold without scripts.
#[derive(Clone, Debug)]
pub struct Time {
    pub iso: String,
    pub text: String,
}

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self { iso: at.to_string(), text: format::utc(at) }
    }
}

/// How far back or ahead a moment is, with the moment itself.
#[derive(Clone, Debug)]
pub struct Ago {
    pub time: Time,
    pub text: String,
}

impl Ago {
    pub fn new(at: Timestamp, now: Timestamp) -> Self {
        let text = if at > now {
            format!("in {}", words(at.since(now)))
        } else if now.since(at) < Duration::from_secs(1) {
            "just now".to_owned()
        } else {
            format!("{} ago", words(now.since(at)))
        };
        Self { time: at.into(), text }
    }
}

const MINUTE: Duration = Duration::from_secs(60);

fn whole_minutes(length: Duration) -> Duration {
    Duration::from_secs(length.as_secs() - length.as_secs() % MINUTE.as_secs())
}

/// Whole seconds are enough for a distance in time, and whole minutes from ten minutes on.
fn words(distance: Duration) -> String {
    let seconds = distance.as_secs();
    format::duration(if seconds < 600 { seconds } else { seconds - seconds % 60 } as f64)
}

/// The budget as a bar: zero has a place of its own, so that overspending is seen as such.
#[derive(Clone, Debug)]
pub struct Bar {
    pub x: f64,
    pub width: f64,
    /// View box for a bar that stands alone: without the room below zero, unless it is needed.
    pub tight: &'static str,
    pub class: &'static str,
    pub remaining: String,
    pub runs_out: String,
}

/// Where the bar has its zero, in units of its view box, 0 to 120.
const ZERO: f64 = 20.0;

impl Bar {
    pub fn new(budget: &BudgetStatus) -> Self {
        let share = budget.remaining.unwrap_or(0.0).clamp(-1.0, 1.0);
        let (x, width) = if share < 0.0 { (ZERO + share * ZERO, -share * ZERO) } else { (ZERO, share * 100.0) };
        let class = match budget.remaining {
            None => "none",
            Some(r) if r < 0.0 => "over",
            Some(r) if r < 0.25 => "low",
            Some(_) => "well",
        };
        Self {
            x: tenth(x),
            width: tenth(width),
            tight: if share < 0.0 { "0 0 120 10" } else { "20 0 100 10" },
            class,
            remaining: format::share(budget.remaining),
            runs_out: format::runs_out(budget.remaining, budget.exhausts_in_seconds),
        }
    }
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// The burn rate over one window.
#[derive(Clone, Debug)]
pub struct BurnCell {
    pub window: String,
    pub heat: u8,
    pub text: String,
    pub title: String,
}

impl From<&BurnRate> for BurnCell {
    fn from(burn: &BurnRate) -> Self {
        let events = format!("{} bad of {} events", format::count(burn.bad), format::count(burn.total));
        Self {
            window: burn.window.clone(),
            heat: format::heat(burn.rate),
            text: burn.rate.map_or_else(|| format::NONE.to_owned(), format::burn_number),
            title: format!("{} over {}: {events}", format::burn(burn.rate), burn.window),
        }
    }
}

/// The remaining budget over the SLO window as one SVG path, 100 × 28.
#[derive(Clone, Debug)]
pub struct Spark {
    pub line: String,
    /// Height of zero, so that overspending shows.
    pub zero: f64,
    pub title: String,
    /// How much history there is, where it is less than the SLO window.
    pub young: Option<String>,
}

impl Spark {
    /// `None` when there is nothing to draw.
    pub fn new(spark: &Sparkline) -> Option<Self> {
        let points = &spark.points;
        let known = || points.iter().flatten().copied().filter(|value| value.is_finite());
        let (first, last) = (known().next()?, known().next_back()?);
        // Beyond 100 % overspent the shape no longer matters, but would flatten everything else.
        let lowest = known().fold(0.0, f64::min).max(-1.0);
        let y = |value: f64| tenth(1.0 + 26.0 * (1.0 - value.clamp(lowest, 1.0)) / (1.0 - lowest));
        let step = 100.0 / (points.len().max(2) - 1) as f64;
        let mut line = String::with_capacity(points.len() * 9);
        let mut pen_down = false;
        for (i, point) in points.iter().enumerate() {
            match point.filter(|value| value.is_finite()) {
                Some(value) => {
                    let command = if pen_down { 'L' } else { 'M' };
                    // Writing to a String can't fail.
                    let _ = write!(line, "{command}{} {}", tenth(i as f64 * step), y(value));
                    pen_down = true;
                }
                None => pen_down = false,
            }
        }
        let young = spark
            .young
            .map(|young| if young < MINUTE { "under a minute".to_owned() } else { words(whole_minutes(young)) });
        let stretch = young.as_ref().map_or("the SLO window".to_owned(), |young| format!("{young}, all that is known"));
        let title = format!("Budget over {stretch}: from {} to {}", share(first), share(last));
        Some(Self { line, zero: y(0.0), title, young })
    }
}

fn share(value: f64) -> String {
    format::share(Some(value))
}

/// One SLO or group in a list.
#[derive(Clone, Debug)]
pub struct Row {
    /// The same in every publication; names the element, so that updates keep focus.
    pub key: String,
    pub href: String,
    pub service: String,
    pub name: String,
    pub description: String,
    pub group: Vec<(String, String)>,
    pub state: StateTag,
    pub sli: String,
    pub objective: String,
    pub window: String,
    pub bar: Bar,
    pub burns: Vec<BurnCell>,
    /// Whether the windows' names are long, so that cells must not be wide besides.
    pub tight: bool,
    pub spark: Option<Spark>,
    pub problem: Option<String>,
}

impl Row {
    /// `spark` is the budget over the SLO window.
    pub fn new(status: &SloStatus, spark: Option<&Sparkline>, root: &str) -> Self {
        Self {
            key: key(status),
            href: slo_href(root, &status.service, &status.name, &status.group),
            service: status.service.clone(),
            name: status.name.clone(),
            description: status.description.clone(),
            group: pairs(&status.group),
            state: status.state.into(),
            sli: format::sli(status.sli.ratio, status.objective),
            objective: format::objective(status.objective),
            window: window(status),
            bar: Bar::new(&status.budget),
            tight: status.burn_rates.iter().any(|burn| burn.window.len() > 4),
            burns: status.burn_rates.iter().map(BurnCell::from).collect(),
            spark: spark.and_then(Spark::new),
            problem: status.problem.clone(),
        }
    }
}

/// `30d`, or `month`.
pub fn window(status: &SloStatus) -> String {
    use crate::domain::status::WindowStatus::{Calendar, Rolling};
    match &status.window {
        Rolling { seconds } => format_duration(Duration::from_secs(*seconds)),
        Calendar { period, .. } => period.clone(),
    }
}

fn key(status: &SloStatus) -> String {
    let named = status.group.clone().with("\u{1}id", status.id.clone());
    format!("r{:x}", named.fingerprint())
}

pub fn pairs(labels: &Labels) -> Vec<(String, String)> {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Parameters of an SLO's page and history that are not labels of its group.
pub const RESERVED: [&str; 4] = ["range", "start", "end", "step"];

/// The address of an SLO's page; `root` leads to the top.
pub fn slo_href(root: &str, service: &str, name: &str, group: &Labels) -> String {
    let query: Vec<_> = group.iter().map(|(n, v)| format!("{}={}", group_parameter(n), encode(v))).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{root}slo/{}/{}{mark}{}", encode(service), encode(name), query.join("&"))
}

pub fn slo_href_of(root: &str, id: &SloId, group: &Labels) -> String {
    slo_href(root, &id.service, &id.name, group)
}

/// A group's label in the address; one named as a parameter of the page itself gets a prefix.
pub fn group_parameter(label: &str) -> String {
    let prefix = if RESERVED.contains(&label) { "group." } else { "" };
    format!("{prefix}{}", encode(label))
}

/// Percent-encodes everything but unreserved characters.
pub fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// The address when it is one that a link may lead to: http or https, never `javascript:` and its kin.
pub fn web_address(text: &str) -> Option<String> {
    let url = reqwest::Url::parse(text.trim()).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.host().is_some()).then(|| url.to_string())
}

#[cfg(test)]
#[path = "parts_tests.rs"]
mod tests;
