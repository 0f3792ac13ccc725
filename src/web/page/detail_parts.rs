//! What an SLO's page says beside numbers: alert history with deliveries, messages, links, groups, the definition.

use super::alerts::burn_words;
use super::chrome::{number, plural};
use super::format;
use super::history::Factor;
use super::notifications::{MessageRow, tells_of};
use super::parts::{Ago, StateTag, Time, severity_class, slo_href, web_address};
use crate::domain::labels::Labels;
use crate::domain::lazy_status::LazyStatus;
use crate::domain::message::{Channel, Message, Sent};
use crate::domain::slo::{Indicator, Slo};
use crate::domain::status::{AlertState, SloStatus, State, Transition};
use crate::domain::time::Timestamp;
use crate::view::Published;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows of the alert history and of the messages.
const SHOWN: usize = 50;
/// Groups offered as links.
const GROUP_LINKS: usize = 24;

/// One change of one alert, and who was told.
pub struct Events {
    pub at: Ago,
    pub class: &'static str,
    pub what: String,
    pub alert: String,
    pub severity: String,
    pub windows: Option<String>,
    pub remaining: String,
    pub reason: String,
    pub deliveries: Vec<Delivery>,
}

/// Who was told of a change, or is still to be.
pub struct Delivery {
    /// Class of a state.
    pub class: &'static str,
    pub text: String,
    /// When it was accepted.
    pub at: Option<Ago>,
}

/// The alert history of one SLO, newest first.
pub fn events(published: &Published, status: &SloStatus, now: Timestamp) -> Vec<Events> {
    let own = published.transitions.iter().filter(|t| t.id == status.id && t.group == status.group);
    own.take(SHOWN).map(|transition| event(published, transition, now)).collect()
}

fn event(published: &Published, transition: &Transition, now: Timestamp) -> Events {
    let (class, what) = match (transition.from, transition.to) {
        (_, AlertState::Firing) => (severity_class(transition.severity), "fired"),
        (_, AlertState::Pending) => ("no_data", "pending"),
        (AlertState::Pending, AlertState::Inactive) => ("no_data", "went away"),
        (_, AlertState::Inactive) => ("ok", "resolved"),
    };
    let t = transition;
    Events {
        at: Ago::new(t.at, now),
        class,
        what: what.to_owned(),
        alert: t.alert.clone(),
        severity: t.severity.to_string(),
        windows: burn_words(t.long.as_deref(), t.short.as_deref(), t.burn_long, t.burn_short, t.factor),
        remaining: format::share(t.budget_remaining),
        reason: t.reason.clone(),
        deliveries: deliveries(published, t, now),
    }
}

/// How the news of a change went out: what each channel was told first, for later messages only repeat it.
fn deliveries(published: &Published, transition: &Transition, now: Timestamp) -> Vec<Delivery> {
    let waiting = published.outbox.iter().map(|message| (&**message, None));
    let sent = published.sent.iter().map(|sent| (&sent.message, Some(&**sent)));
    let mut first: BTreeMap<&Channel, (&Message, Option<&Sent>)> = BTreeMap::new();
    for (message, sent) in waiting.chain(sent).filter(|(message, _)| tells(message, transition)) {
        let told = first.entry(&message.channel).or_insert((message, sent));
        if message.id < told.0.id {
            *told = (message, sent);
        }
    }
    let told = first.into_values().take(SHOWN);
    told.map(|(message, sent)| sent.map_or_else(|| pending(message), |sent| finished(sent, now))).collect()
}

fn pending(message: &Message) -> Delivery {
    let to = receiver(message);
    let (class, text) = match &message.last_error {
        Some(error) => {
            ("burning", format!("{to}: retrying after {}: {error}", plural(message.attempts as usize, "attempt")))
        }
        None => ("no_data", format!("{to}: on its way")),
    };
    Delivery { class, text, at: None }
}

fn finished(sent: &Sent, now: Timestamp) -> Delivery {
    let to = receiver(&sent.message);
    match &sent.error {
        Some(error) => Delivery { class: "critical", text: format!("{to}: given up: {error}"), at: None },
        None => Delivery { class: "ok", text: format!("{to}: accepted"), at: Some(Ago::new(sent.at, now)) },
    }
}

fn receiver(message: &Message) -> String {
    format!("{} ({})", message.channel.receiver, message.channel.kind)
}

/// Whether a message carries the news of this very change.
fn tells(message: &Message, transition: &Transition) -> bool {
    message.alerts.iter().any(|notice| {
        let same_moment = match transition.to {
            AlertState::Firing => notice.starts_at == transition.at && notice.ends_at.is_none(),
            AlertState::Inactive => notice.ends_at == Some(transition.at),
            AlertState::Pending => false,
        };
        let detail = &notice.detail;
        same_moment
            && detail.alert == transition.alert
            && detail.severity == transition.severity
            && detail.group == transition.group
            && detail.id.to_string() == transition.id
    })
}

/// Messages about this SLO: those on their way, then the last finished ones.
pub fn messages(published: &Published, status: &SloStatus, now: Timestamp, root: &str) -> Vec<MessageRow> {
    let own = |message: &Message| tells_of(message, &status.id, &status.group);
    let waiting = published.outbox.iter().filter(|m| own(m)).map(|m| MessageRow::waiting(m, now, root));
    let sent = published.sent.iter().filter(|s| own(&s.message)).map(|s| MessageRow::finished(s, now, root));
    waiting.chain(sent).take(SHOWN).collect()
}

/// The runbook and every annotation that is an address: text and address. What is no web address stays text.
pub fn links(status: &SloStatus, slo: Option<&Slo>) -> Vec<(String, String)> {
    let runbook = status.runbook_url.as_deref().map(|url| ("Runbook", url));
    let annotations = slo.map(|slo| slo.policy.annotations.iter().collect::<Vec<_>>()).unwrap_or_default();
    let own = annotations.into_iter().filter(|(name, _)| *name != "runbook_url");
    let named = runbook.into_iter().chain(own).filter_map(|(name, url)| Some((name.to_owned(), web_address(url)?)));
    named.collect()
}

/// Another group of the same SLO.
pub struct GroupLink {
    pub href: String,
    pub text: String,
    pub tag: StateTag,
    pub current: bool,
}

/// Worst first, as `all` is; the current one is always among them. Empty for an SLO without groups.
pub fn groups(all: &[Arc<LazyStatus>], current: &SloStatus, root: &str) -> Vec<GroupLink> {
    if all.len() < 2 {
        return Vec::new();
    }
    let link = |status: &Arc<LazyStatus>| GroupLink {
        href: slo_href(root, &status.service, &status.name, &status.group),
        text: status.group.iter().map(|(_, value)| value).collect::<Vec<_>>().join(" · "),
        tag: status.state.into(),
        current: status.group == current.group,
    };
    let place = all.iter().position(|status| status.group == current.group);
    let beyond = place.filter(|i| *i >= GROUP_LINKS).and_then(|i| all.get(i));
    all.iter().take(GROUP_LINKS).chain(beyond).map(link).collect()
}

pub fn overview_href(root: &str, status: &SloStatus) -> String {
    slo_href(root, &status.service, &status.name, &Labels::new())
}

/// A planned interruption.
pub struct MaintenanceRow {
    pub start: Time,
    pub end: Time,
    pub reason: String,
    pub when: &'static str,
}

/// The latest first.
pub fn maintenance(slo: &Slo, now: Timestamp) -> Vec<MaintenanceRow> {
    let mut all: Vec<_> = slo.maintenance.iter().collect();
    all.sort_by_key(|m| std::cmp::Reverse(m.start));
    let row = |m: &&crate::domain::slo::Maintenance| MaintenanceRow {
        start: m.start.into(),
        end: m.end.into(),
        reason: m.reason.clone(),
        when: match () {
            () if m.end <= now => "past",
            () if m.start > now => "planned",
            () => "now",
        },
    };
    all.iter().take(SHOWN).map(row).collect()
}

/// The factors of all pairs, each once, as lines of the burn chart.
pub fn factors(slo: &Slo) -> Vec<Factor> {
    let mut factors: Vec<Factor> = Vec::new();
    for pair in &slo.policy.pairs {
        let value = pair.factor.as_f64();
        if factors.iter().all(|factor| factor.value != value) {
            factors.push(Factor { value, class: severity_class(pair.severity) });
        }
    }
    factors
}

/// How the SLO is written, and where else it can be seen.
pub struct Definition {
    pub source: String,
    pub yaml: String,
    /// What is counted, in words.
    pub counts: String,
    pub badge: String,
    pub badge_src: String,
    pub api: Vec<(&'static str, String)>,
}

impl Definition {
    pub fn new(published: &Published, slo: &Slo, status: Option<&SloStatus>, root: &str) -> Self {
        let empty = Labels::new();
        let group = status.map_or(&empty, |status| &status.group);
        let page = slo_href("", &slo.id.service, &slo.id.name, group);
        let (path, query) = page.split_once('?').map_or((page.as_str(), String::new()), |(p, q)| (p, format!("?{q}")));
        let name = path.strip_prefix("slo/").unwrap_or(path);
        let base = &published.setup.external_url;
        let badge_path = format!("badge/{name}.svg{query}");
        Self {
            source: slo.source.clone(),
            yaml: slo.definition.clone(),
            counts: counts(&slo.indicator),
            badge: format!("[![error budget]({base}/{badge_path})]({base}/{page})"),
            badge_src: format!("{root}{badge_path}"),
            api: vec![
                ("Status", format!("{root}api/v1/slos/{name}{query}")),
                ("History", format!("{root}api/v1/slos/{name}/history{query}")),
            ],
        }
    }
}

fn counts(indicator: &Indicator) -> String {
    match indicator {
        Indicator::Events { total, part, part_is } => {
            let word = if matches!(part_is, crate::domain::slo::Part::Bad) { "bad" } else { "good" };
            format!("all events: {total}\n{word} events: {part}")
        }
        Indicator::Latency { histogram, threshold_text, .. } => {
            format!("events: {histogram}\ngood within: {threshold_text}")
        }
        Indicator::Scrape { targets } => {
            let matchers: Vec<_> = targets.0.iter().map(ToString::to_string).collect();
            format!("each scrape of targets with {{{}}}", matchers.join(","))
        }
        Indicator::Terms { text, .. } => text.clone(),
    }
}

/// Where to look when there are no numbers.
pub fn hints(published: &Published, status: &SloStatus, slo: Option<&Slo>) -> Vec<String> {
    if status.budget.remaining.is_some() && status.state != State::NoData {
        return Vec::new();
    }
    let active = published.targets.iter().filter(|target| !target.dropped);
    let (mut up, mut down) = (0usize, 0usize);
    for target in active {
        match target.last.as_ref().map(|last| last.error.is_none()) {
            Some(true) => up += 1,
            Some(false) => down += 1,
            None => {}
        }
    }
    let mut hints = Vec::new();
    if up + down == 0 {
        hints.push("No target was scraped yet: see whether scrape_configs finds any.".to_owned());
    } else if down > 0 {
        hints.push(format!(
            "{} of {} can't be scraped: see the page of targets for the reasons.",
            number(down),
            plural(up + down, "target")
        ));
    }
    if slo.is_some_and(|slo| !matches!(slo.indicator, Indicator::Scrape { .. })) {
        hints.push("The metric's name and labels below must match what a target shows on its metrics page.".to_owned());
    }
    hints
}
