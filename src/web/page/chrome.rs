//! What surrounds every page: title, navigation, freshness and banners.
//!
//! Banners say what is wrong with slowburn itself, so that no page looks healthy while its numbers can't be trusted:
//! a failed reload, a store that can't be written, numbers that no longer change, SLOs that can't be computed, targets
//! that can't be read and messages that nobody accepts.

use super::assets;
use super::format;
use super::parts::Time;
use crate::domain::status::State;
use crate::domain::time::Timestamp;
use crate::view::Published;
use std::time::Duration;

/// Publications follow each evaluation; so many missed ones mean that the numbers stand still.
const MISSED_EVALUATIONS: u32 = 4;
/// Short evaluation intervals must not raise an alarm over one busy moment.
const SHORTEST_STALENESS: Duration = Duration::from_secs(20);
/// Reasons quoted in one notice.
const QUOTED: usize = 2;

/// Which entry of the navigation is the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nav {
    Slos,
    Alerts,
    Targets,
    Notifications,
    None,
}

/// One link of the navigation.
#[derive(Clone, Debug)]
pub struct NavLink {
    pub href: String,
    pub text: &'static str,
    pub current: bool,
    /// Entries that want attention, 0 for none.
    pub count: usize,
}

/// A message over the content: a banner when no number can be trusted, a notice when only some can't.
#[derive(Clone, Debug)]
pub struct Banner {
    /// `critical` or `burning`, as the states' classes.
    pub class: &'static str,
    pub title: String,
    /// Details, as written.
    pub lines: Vec<String>,
    /// Where to look further: address and text.
    pub link: Option<(String, &'static str)>,
}

/// The frame of a page.
#[derive(Clone, Debug)]
pub struct Chrome {
    /// Leads from this page to the top, so that a proxy may serve everything under a path of its own.
    pub root: String,
    /// Where the assets are.
    pub assets: String,
    pub title: String,
    pub nav: Vec<NavLink>,
    pub published: Time,
    pub published_ms: i64,
    pub now_ms: i64,
    /// Age from which the numbers are called old, in milliseconds.
    pub stale_ms: i64,
    /// On every page.
    pub banners: Vec<Banner>,
    /// On the list only: other pages show these things themselves.
    pub notices: Vec<Banner>,
}

impl Chrome {
    pub fn new(published: &Published, now: Timestamp, path: &str, nav: Nav, title: &str) -> Self {
        let root = root(path);
        let stale_after = staleness(published);
        let critical = published.statuses.iter().filter(|status| status.state() == State::Critical).count();
        let alarm = if critical > 0 { format!("{critical} critical · ") } else { String::new() };
        Self {
            assets: format!("{root}assets/{}/", *assets::VERSION),
            title: format!("{alarm}{title} · slowburn"),
            nav: links(published, &root, nav),
            published: published.at.into(),
            published_ms: published.at.0,
            now_ms: now.0,
            stale_ms: stale_after.as_millis() as i64,
            banners: banners(published, now, stale_after),
            notices: if nav == Nav::Slos { notices(published, &root) } else { Vec::new() },
            root,
        }
    }
}

/// `./` for a page at the top, `../../` two levels down.
pub fn root(path: &str) -> String {
    match path.matches('/').count() {
        0 | 1 => "./".to_owned(),
        levels => "../".repeat(levels - 1),
    }
}

fn staleness(published: &Published) -> Duration {
    (published.setup.evaluation_interval * MISSED_EVALUATIONS).max(SHORTEST_STALENESS)
}

fn links(published: &Published, root: &str, nav: Nav) -> Vec<NavLink> {
    let firing = published.statuses.iter().map(|status| status.alerting()).sum();
    let link =
        |entry, path: &str, text, count| NavLink { href: format!("{root}{path}"), text, current: nav == entry, count };
    vec![
        link(Nav::Slos, "", "SLOs", 0),
        link(Nav::Alerts, "alerts", "Alerts", firing),
        link(Nav::Targets, "targets", "Targets", down(published)),
        link(Nav::Notifications, "notifications", "Notifications", published.outbox.len()),
    ]
}

fn down(published: &Published) -> usize {
    published.targets.iter().filter(|t| !t.dropped && t.last.as_ref().is_some_and(|last| last.error.is_some())).count()
}

fn banners(published: &Published, now: Timestamp, stale_after: Duration) -> Vec<Banner> {
    [stale(published, now, stale_after), reload(published), store(published)].into_iter().flatten().collect()
}

fn notices(published: &Published, root: &str) -> Vec<Banner> {
    [problems(published, root), targets(published, root), messages(published, root)].into_iter().flatten().collect()
}

fn stale(published: &Published, now: Timestamp, stale_after: Duration) -> Option<Banner> {
    if published.at == Timestamp::default() {
        let title = "The engine is starting; nothing was measured yet.".to_owned();
        return Some(Banner { class: "no_data", title, lines: Vec::new(), link: None });
    }
    let age = now.since(published.at);
    (age > stale_after).then(|| Banner {
        class: "critical",
        title: format!("These numbers are {} old.", format::duration(age.as_secs() as f64)),
        lines: vec![format!(
            "The engine published last at {}. Nothing newer is counted or alerted.",
            format::utc(published.at)
        )],
        link: None,
    })
}

fn reload(published: &Published) -> Option<Banner> {
    let reload = &published.reload;
    let since = reload.last_success.map_or_else(String::new, |at| format!(" of {}", format::utc(at)));
    reload.failed.then(|| Banner {
        class: "burning",
        title: format!("The last reload failed; the configuration{since} stays in force."),
        lines: reload.error.iter().cloned().collect(),
        link: None,
    })
}

fn store(published: &Published) -> Option<Banner> {
    let error = published.store.error.as_ref()?;
    let since = published.store.since.map_or_else(String::new, |at| format!(" since {}", format::utc(at)));
    Some(Banner {
        class: "critical",
        title: format!("The store can't be written{since}; counting and alerting go on from memory."),
        lines: vec![error.clone()],
        link: None,
    })
}

fn problems(published: &Published, root: &str) -> Option<Banner> {
    let broken: Vec<_> = published.statuses.iter().filter(|status| status.state() == State::Error).collect();
    let quote = |status: &&std::sync::Arc<crate::domain::lazy_status::LazyStatus>| {
        format!("{}: {}", status.id, status.problem.as_deref().unwrap_or("no reason is known"))
    };
    (!broken.is_empty()).then(|| Banner {
        class: "error",
        title: format!("{} can't be computed.", plural(broken.len(), "SLO")),
        lines: broken.iter().take(QUOTED).map(quote).collect(),
        link: Some((format!("{root}?state=error"), "show")),
    })
}

fn targets(published: &Published, root: &str) -> Option<Banner> {
    let active = published.targets.iter().filter(|target| !target.dropped).count();
    let down = down(published);
    (down > 0).then(|| Banner {
        class: "burning",
        title: format!("{down} of {} can't be scraped.", plural(active, "target")),
        lines: Vec::new(),
        link: Some((format!("{root}targets?health=down"), "show")),
    })
}

fn messages(published: &Published, root: &str) -> Option<Banner> {
    let failing: Vec<_> = published.outbox.iter().filter(|message| message.last_error.is_some()).collect();
    let quote = |message: &&std::sync::Arc<crate::domain::message::Message>| {
        let error = message.last_error.as_deref().unwrap_or_default();
        format!("{} ({}): {error}", message.channel.receiver, message.channel.kind)
    };
    (!failing.is_empty()).then(|| Banner {
        class: "burning",
        title: format!("{} could not be delivered yet.", plural(failing.len(), "message")),
        lines: failing.iter().take(QUOTED).map(quote).collect(),
        link: Some((format!("{root}notifications"), "show")),
    })
}

/// `1 target`, `2 targets`.
pub fn plural(count: usize, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {noun}{s}", format::count(count as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_the_top_follows_the_path() {
        for (path, expected) in [("/", "./"), ("/alerts", "./"), ("/slo/a/b", "../../"), ("/x/", "../"), ("", "./")] {
            assert_eq!(root(path), expected, "{path}");
        }
    }
}
