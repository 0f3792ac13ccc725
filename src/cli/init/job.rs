//! Targets put together into jobs, and what each job is called.
//!
//! Targets that name themselves alike and are read alike are replicas of one service. The name is what the target says of
//! itself, or else its host's.

use super::inventory::Inventory;
use super::page::Page;
use super::recognise::{self, Found};
use crate::spec::names::mended_name;
use reqwest::Url;
use std::collections::BTreeSet;

/// One entry of `scrape_configs`, and one service.
pub struct Job {
    pub name: String,
    pub targets: Vec<Url>,
    pub samples: u64,
    /// The pages relay other systems' counters.
    pub is_relay: bool,
    pub found: Found,
}

/// Puts pages together, in the order in which they were named.
pub fn group(pages: Vec<Page>) -> Vec<Job> {
    let mut groups: Vec<(String, Vec<Url>, Inventory)> = Vec::new();
    for page in pages {
        let name = name(&page);
        let way = |url: &Url| (url.scheme().to_owned(), url.path().to_owned(), url.query().map(str::to_owned));
        let same = groups.iter_mut().find(|(other, urls, _)| *other == name && way(&urls[0]) == way(&page.url));
        match same {
            Some((_, urls, inventory)) => {
                urls.push(page.url);
                inventory.merge(page.inventory);
            }
            None => groups.push((name, vec![page.url], page.inventory)),
        }
    }
    let mut taken = BTreeSet::new();
    groups.into_iter().map(|(name, targets, inventory)| job(unique(name, &mut taken), targets, &inventory)).collect()
}

fn job(name: String, targets: Vec<Url>, inventory: &Inventory) -> Job {
    let is_relay =
        inventory.metric("push_time_seconds").is_some() || targets.iter().any(|url| url.path().ends_with("/federate"));
    let found = recognise::recognise(&name, inventory);
    Job { name, targets, samples: inventory.samples, is_relay, found }
}

/// Names of files on some systems differ in more than case or not at all.
fn unique(name: String, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|n| format!("{name}-{n}"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|name| taken.insert(name.to_lowercase()));
    free.unwrap_or(name)
}

fn name(page: &Page) -> String {
    let said = service_name(&page.inventory).or_else(|| program(&page.inventory));
    let named = said.and_then(|name| mended_name(&name));
    named.or_else(|| host(&page.url)).unwrap_or_else(|| "service".to_owned())
}

/// OpenTelemetry's resource, where a page has one.
fn service_name(inventory: &Inventory) -> Option<String> {
    let names: Vec<&str> =
        inventory.metric("target_info")?.label("service_name")?.all().map(|(name, _)| name).collect();
    if let [name] = names[..] { Some(name.to_owned()) } else { None }
}

/// The program that `…_build_info` names, if it is the only one beside the language's.
fn program(inventory: &Inventory) -> Option<String> {
    let built = inventory.metrics().filter_map(|(name, _)| name.strip_suffix("_build_info"));
    let programs: Vec<&str> = built.filter(|name| *name != "go").collect();
    if let [program] = programs[..] { Some(program.to_owned()) } else { None }
}

/// The host's first name without a replica's number, or the port where the host has no name.
fn host(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    if is_address || host == "localhost" {
        return Some(format!("service-{}", url.port_or_known_default()?));
    }
    let first = host.split('.').next()?;
    let (stem, number) = first.rsplit_once('-').unwrap_or((first, ""));
    let is_replica = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    mended_name(if is_replica { stem } else { first })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_name_services() {
        for (url, name) in [
            ("http://checkout.prod.example.com/metrics", "checkout"),
            ("http://checkout-0.checkout:8080/metrics", "checkout"),
            ("http://check-out:8080/metrics", "check-out"),
            ("http://10.0.0.1:8080/metrics", "service-8080"),
            ("https://[::1]/metrics", "service-443"),
            ("http://localhost:9100/metrics", "service-9100"),
        ] {
            assert_eq!(host(&Url::parse(url).unwrap()).as_deref(), Some(name), "{url}");
        }
    }
}
