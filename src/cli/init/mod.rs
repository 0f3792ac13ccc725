//! `slowburn init`: reads targets' metrics and writes a first configuration with SLOs for what it recognises.
//!
//! What is written is a beginning that passes `check` and says in comments why each choice was made. Nothing that is
//! there already is overwritten, and unless everything can be written nothing is.

mod codes;
mod files;
mod inventory;
mod job;
mod main_file;
mod page;
mod place;
mod recognise;
mod report;
mod slo_file;
mod threshold;
mod yaml;

use super::{Outcome, address, output};
use anyhow::{anyhow, bail};
use clap::Args;
use futures_util::future::join_all;
use page::Page;
use reqwest::Url;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct InitArgs {
    /// Targets to read: host:port, or a URL such as http://host:port/metrics
    #[arg(required = true, value_name = "URL")]
    urls: Vec<String>,
    /// Where the files are written
    #[arg(long, default_value = ".", value_name = "DIR")]
    dir: PathBuf,
}

/// Reads all targets, writes the files, and says what was found and what to do next.
pub fn execute(args: &InitArgs) -> anyhow::Result<Outcome> {
    let urls = targets(&args.urls)?;
    let pages = super::run::runtime()?.block_on(read_all(&urls))?;
    let jobs = job::group(pages);
    let files = files::write(&jobs, &args.dir);
    place::refuse_existing(&args.dir, &files)?;
    place::place(&args.dir, &files)?;
    output::print(&report::render(&jobs, &args.dir, &files))?;
    Ok(Outcome::Done)
}

/// The pages to read, each once.
fn targets(texts: &[String]) -> anyhow::Result<Vec<Url>> {
    let mut urls = Vec::new();
    for text in texts {
        let mut url = address::parse(text).map_err(|error| anyhow!("{error}"))?;
        if !url.username().is_empty() || url.password().is_some() {
            bail!(
                "{}: init does not log in, for the password would end up in a file; save the page \
                 and serve it, or begin with an open target and add basic_auth with a password_file",
                address::shown(&url)
            );
        }
        if url.path() == "/" {
            url.set_path("/metrics");
        }
        url.set_fragment(None);
        if !urls.contains(&url) {
            urls.push(url);
        }
    }
    Ok(urls)
}

/// All pages, or everything that went wrong.
async fn read_all(urls: &[Url]) -> anyhow::Result<Vec<Page>> {
    let answers = join_all(urls.iter().map(page::read)).await;
    let (mut pages, mut problems) = (Vec::new(), Vec::new());
    for (url, answer) in urls.iter().zip(answers) {
        match answer {
            Ok(page) => pages.push(page),
            Err(problem) => problems.push(format!("{}: {problem}", address::shown(url))),
        }
    }
    if problems.is_empty() { Ok(pages) } else { bail!("nothing was written\n{}", problems.join("\n")) }
}
