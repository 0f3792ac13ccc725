//! What surrounds every page: title, navigation, freshness and banners.
//!
//! What is wrong with slowburn itself is said by the banners and notices of [`super::notices`].

use super::format;
use super::notices::{self, Banner};
use super::parts::Time;
use super::{assets, undelivered};
use crate::domain::status::State;
use crate::domain::time::Timestamp;
use crate::view::Published;
use std::time::Duration;

/// Publications follow each evaluation; so many missed ones mean that the numbers stand still.
const MISSED_EVALUATIONS: u32 = 4;
/// Short evaluation intervals must not raise an alarm over one busy moment.
const SHORTEST_STALENESS: Duration = Duration::from_secs(30);

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
    /// How many entries want attention; `None` when none does.
    pub count: Option<String>,
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
            nav: links(published, now, &root, nav),
            published: published.at.into(),
            published_ms: published.at.0,
            now_ms: now.0,
            stale_ms: stale_after.as_millis() as i64,
            banners: notices::banners(published, now, stale_after),
            notices: if nav == Nav::Slos { notices::notices(published, now, &root) } else { Vec::new() },
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

fn links(published: &Published, now: Timestamp, root: &str, nav: Nav) -> Vec<NavLink> {
    let firing = published.statuses.iter().map(|status| status.alerting()).sum();
    let unread = notices::down(published).count() + notices::failing_sources(published).count();
    let untold = published.outbox.len() + undelivered::refused(published, now).len();
    let link = |entry, path: &str, text, count: usize| {
        let count = (count > 0).then(|| format::count(count as f64));
        NavLink { href: format!("{root}{path}"), text, current: nav == entry, count }
    };
    vec![
        link(Nav::Slos, "", "SLOs", 0),
        link(Nav::Alerts, "alerts", "Alerts", firing),
        link(Nav::Targets, "targets", "Targets", unread),
        link(Nav::Notifications, "notifications", "Notifications", untold),
    ]
}

/// `1 target`, `2 targets`.
pub fn plural(count: usize, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {noun}{s}", number(count))
}

/// A whole number of things.
pub fn number(count: usize) -> String {
    format::count(count as f64)
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
