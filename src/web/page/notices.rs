//! Banners and notices: what is wrong with slowburn itself.
//!
//! No page may look healthy while its numbers can't be trusted, or while nobody is told of them: a failed reload, a store
//! that can't be written, numbers that no longer change, SLOs that can't be relied on, targets that can't be found or
//! read, and messages that nobody accepts.

use super::chrome::{number, plural};
use super::format;
use super::undelivered;
use crate::domain::lazy_status::LazyStatus;
use crate::domain::message::{Channel, Message};
use crate::domain::status::State;
use crate::domain::time::Timestamp;
use crate::view::{DiscoveryView, Published, TargetView};
use std::sync::Arc;
use std::time::Duration;

/// Reasons quoted in one notice.
const QUOTED: usize = 3;

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

/// What concerns every number, for every page.
pub fn banners(published: &Published, now: Timestamp, stale_after: Duration) -> Vec<Banner> {
    [stale(published, now, stale_after), reload(published), store(published)].into_iter().flatten().collect()
}

/// What concerns some of them, for the list.
pub fn notices(published: &Published, now: Timestamp, root: &str) -> Vec<Banner> {
    let all = [
        problems(published, root),
        targets(published, root),
        discovery(published, root),
        given_up(published, now, root),
        retrying(published, root),
        damage(published),
    ];
    all.into_iter().flatten().collect()
}

/// Targets whose last scrape failed, each with the reason.
pub fn down(published: &Published) -> impl Iterator<Item = (&TargetView, &str)> {
    let active = published.targets.iter().filter(|target| !target.dropped);
    active.filter_map(|target| Some((target, target.last.as_ref()?.error.as_deref()?)))
}

/// Sources of targets whose last refresh went wrong.
pub fn failing_sources(published: &Published) -> impl Iterator<Item = &DiscoveryView> {
    published.discovery.iter().filter(|source| !source.problems.is_empty())
}

fn stale(published: &Published, now: Timestamp, stale_after: Duration) -> Option<Banner> {
    if published.at == Timestamp::default() {
        let title = "The engine is starting; nothing was measured yet.".to_owned();
        return Some(Banner { class: "no_data", title, lines: Vec::new(), link: None });
    }
    let age = now.since(published.at);
    (age > stale_after).then(|| Banner {
        class: "critical",
        title: format!("These numbers are {} old.", format::duration(age.as_secs_f64().floor())),
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

fn damage(published: &Published) -> Option<Banner> {
    let damage = published.store.damage.as_ref()?;
    Some(Banner {
        class: "error",
        title: "The stored file is damaged; counting and alerting go on, charts may have a hole.".to_owned(),
        lines: vec![damage.clone()],
        link: None,
    })
}

fn problems(published: &Published, root: &str) -> Option<Banner> {
    let broken: Vec<_> = published.statuses.iter().filter(|status| status.state() == State::Error).collect();
    let quote = |status: &&Arc<LazyStatus>| {
        format!("{}: {}", status.id, status.problem.as_deref().unwrap_or("no reason is known"))
    };
    (!broken.is_empty()).then(|| Banner {
        class: "error",
        title: format!("{} can't be relied on.", plural(broken.len(), "SLO")),
        lines: broken.iter().take(QUOTED).map(quote).collect(),
        link: Some((format!("{root}?state=error"), "show")),
    })
}

fn targets(published: &Published, root: &str) -> Option<Banner> {
    let active = published.targets.iter().filter(|target| !target.dropped).count();
    let down: Vec<_> = down(published).collect();
    (!down.is_empty()).then(|| Banner {
        class: "burning",
        title: format!("{} of {} can't be scraped.", number(down.len()), plural(active, "target")),
        lines: down.iter().take(QUOTED).map(|(target, why)| format!("{} {}: {why}", target.job, target.url)).collect(),
        link: Some((format!("{root}targets?health=down"), "show")),
    })
}

fn discovery(published: &Published, root: &str) -> Option<Banner> {
    let failing: Vec<_> = failing_sources(published).collect();
    let quote = |source: &&DiscoveryView| format!("{}: {}", source_name(source), source.problems.join("; "));
    (!failing.is_empty()).then(|| Banner {
        class: "burning",
        title: format!("{} of targets can't be refreshed.", plural(failing.len(), "source")),
        lines: failing.iter().take(QUOTED).map(quote).collect(),
        link: Some((format!("{root}targets"), "show")),
    })
}

/// `shop http_sd http://sd.example/targets`
fn source_name(source: &DiscoveryView) -> String {
    format!("{} {} {}", source.job, source.kind, source.source).trim_end().to_owned()
}

fn given_up(published: &Published, now: Timestamp, root: &str) -> Option<Banner> {
    let refused = undelivered::refused(published, now);
    let were = if refused.len() == 1 { "was" } else { "were" };
    let mut lines: Vec<String> = Vec::new();
    for sent in &refused {
        let line = said(&sent.message.channel, sent.error.as_deref());
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.truncate(QUOTED);
    (!refused.is_empty()).then(|| Banner {
        class: "critical",
        title: format!("{} {were} refused and given up.", plural(refused.len(), "message")),
        lines,
        link: Some((format!("{root}notifications#finished"), "show")),
    })
}

fn retrying(published: &Published, root: &str) -> Option<Banner> {
    let failing: Vec<_> = published.outbox.iter().filter(|message| message.last_error.is_some()).collect();
    let quote = |message: &&Arc<Message>| said(&message.channel, message.last_error.as_deref());
    (!failing.is_empty()).then(|| Banner {
        class: "burning",
        title: format!("{} could not be delivered yet.", plural(failing.len(), "message")),
        lines: failing.iter().take(QUOTED).map(quote).collect(),
        link: Some((format!("{root}notifications"), "show")),
    })
}

/// `pager (webhook): HTTP status 404`
fn said(channel: &Channel, error: Option<&str>) -> String {
    format!("{} ({}): {}", channel.receiver, channel.kind, error.unwrap_or_default())
}
