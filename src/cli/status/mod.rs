//! `slowburn status`: how the SLOs of a running engine stand, for terminals, scripts and container health checks.
//!
//! The answer comes from a server that may be anyone's, so nothing of it reaches the terminal that could move the
//! cursor, change colours or turn the direction of text.

mod table;

use super::{Outcome, address, output};
use crate::config::auth::HttpConfig;
use crate::domain::slo::Severity;
use crate::domain::status::{AlertState, SloStatus, State};
use crate::http;
use anyhow::{Context, anyhow, bail};
use clap::Args;
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use serde_json::Value;
use std::io::IsTerminal;
use std::time::Duration;

/// Ten thousand SLOs make an answer of some 15 MB.
const LARGEST_ANSWER: u64 = 512 << 20;
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Where the engine's page is
    #[arg(long, default_value = "http://127.0.0.1:9490")]
    url: String,
    /// The API's list of statuses as JSON, worst first
    #[arg(long, conflicts_with = "health")]
    json: bool,
    /// Ask only whether the engine itself is healthy; for health checks of containers
    #[arg(long)]
    health: bool,
}

/// Prints how the SLOs stand. Not in order when any is critical or its budget is gone.
pub fn execute(args: &StatusArgs) -> anyhow::Result<Outcome> {
    let url = address::parse(&args.url).map_err(|error| anyhow!("--url: {error}"))?;
    let runtime = super::run::runtime()?;
    if args.health {
        runtime.block_on(get(&url, "-/healthy"))?;
        output::print("healthy\n")?;
        return Ok(Outcome::Done);
    }
    let (raw, statuses) = runtime.block_on(statuses(&url))?;
    let text =
        if args.json { printable_json(&format!("{raw:#}\n")) } else { table::render(&statuses, colours(), width()) };
    output::print(&text)?;
    Ok(if statuses.iter().any(is_not_in_order) { Outcome::NotInOrder } else { Outcome::Done })
}

/// All statuses, worst first: as the server wrote them, and as they are understood.
async fn statuses(url: &Url) -> anyhow::Result<(Value, Vec<SloStatus>)> {
    #[derive(Deserialize)]
    struct Envelope {
        data: Vec<Value>,
    }
    let body = get(url, "api/v1/slos").await?;
    let strange = || format!("{} does not answer as slowburn does; is it another program's port?", address::shown(url));
    let answer: Envelope = serde_json::from_slice(&body).with_context(strange)?;
    let mut found = Vec::with_capacity(answer.data.len());
    for value in answer.data {
        let status = SloStatus::deserialize(&value).with_context(strange)?;
        found.push((value, status));
    }
    found.sort_by(|(_, a), (_, b)| worst_first(a, b));
    let (raw, statuses) = found.into_iter().unzip();
    Ok((Value::Array(raw), statuses))
}

async fn get(base: &Url, path: &str) -> anyhow::Result<bytes::Bytes> {
    let mut url = base.clone();
    // A proxy may serve the page below a path.
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url.set_query(None);
    url.set_fragment(None);
    let config = HttpConfig::default();
    let unreachable =
        || format!("no answer from {}; is slowburn running there? --url names another place", address::shown(base));
    let request = http::client(&config, TIMEOUT)?.get(url);
    let response = http::send(request, &config).await.with_context(unreachable)?;
    let status = response.status();
    let body = http::read_bounded(response, LARGEST_ANSWER).await.with_context(unreachable)?;
    match status {
        StatusCode::OK => Ok(body),
        StatusCode::UNAUTHORIZED => {
            bail!("{} asks who is there: write --url http://user:password@host:port", address::shown(base))
        }
        other => bail!("{} answers {other} for /{path}", address::shown(base)),
    }
}

/// State, then what is left of the budget, then the name.
fn worst_first(a: &SloStatus, b: &SloStatus) -> std::cmp::Ordering {
    let left = |status: &SloStatus| status.budget.remaining.unwrap_or(f64::INFINITY);
    let budget = left(a).total_cmp(&left(b));
    a.state.cmp(&b.state).then(budget).then_with(|| (&a.id, &a.group).cmp(&(&b.id, &b.group)))
}

/// A state hides those after it, so the page and the budget are looked at themselves.
fn is_not_in_order(status: &SloStatus) -> bool {
    let pages = status.alerts.iter().any(|alert| {
        alert.alert == "ErrorBudgetBurn" && alert.severity == Severity::Page && alert.state == AlertState::Firing
    });
    let spent = status.budget.remaining.is_some_and(|left| left <= 0.0);
    pages || spent || matches!(status.state, State::Critical | State::Exhausted)
}

/// Colours only where someone sees them and did not decline (<https://no-color.org>).
fn colours() -> bool {
    let declined = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
    std::io::stdout().is_terminal() && !declined && !dumb
}

/// Columns of the terminal; what goes into a file or a pipe has room for all.
fn width() -> Option<usize> {
    comfy_table::Table::new().width().map(usize::from)
}

/// Whether a terminal would act on the character instead of showing it: controls, and marks that turn text around.
fn acts(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with everything that a terminal would act on written as an escape.
fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) { safe.extend(c.escape_default()) } else { safe.push(c) }
    }
    safe
}

/// As [`printable`], in JSON's spelling. Such characters can only stand in strings there, apart from line breaks.
fn printable_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if acts(c) && c != '\n' { safe.push_str(&format!("\\u{:04x}", u32::from(c))) } else { safe.push(c) }
    }
    safe
}
