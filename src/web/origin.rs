//! Whether a browser sent a request on behalf of another site.
//!
//! Programs such as curl send neither `Origin` nor `Sec-Fetch-Site` and pass. A browser's request passes when it comes
//! from this very site, as the browser says (`Sec-Fetch-Site: same-origin`) or as `Origin` compared with `Host` or with
//! `external_url` shows. That stops cross-site requests, but not DNS rebinding, where a foreign name points to this
//! address and everything is "same-origin": requests that change something also need a `Host` that no stranger can own.

use axum::http::{HeaderMap, Uri, header};
use std::net::IpAddr;

/// What a request may do when it passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    /// Changes something, so the name in `Host` must be one that no stranger can own.
    Change,
}

/// Fails with the reason, for people.
pub fn check(headers: &HeaderMap, external_url: &str, access: Access) -> Result<(), String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (site, origin) = (text("sec-fetch-site"), headers.get(header::ORIGIN));
    if site.is_none() && origin.is_none() {
        return Ok(());
    }
    let external = Authority::of_url(external_url);
    let host = text(header::HOST.as_str()).and_then(Authority::of_host);
    match site {
        Some("same-origin" | "none") => {}
        Some(site) => return Err(format!("this request comes from another site (Sec-Fetch-Site: {site})")),
        None => {
            let origin = origin.and_then(|value| value.to_str().ok()).unwrap_or("not readable");
            let sender = Authority::of_url(origin);
            if !same(sender.as_ref(), host.as_ref()) && !same(sender.as_ref(), external.as_ref()) {
                return Err(format!("this request comes from another site (Origin: {origin:?})"));
            }
        }
    }
    match (access, host) {
        (Access::Read, _) => Ok(()),
        (Access::Change, Some(host)) if host.is_ours(external.as_ref()) => Ok(()),
        (Access::Change, host) => {
            let name = host.map_or_else(String::new, |host| host.name);
            Err(format!("the host {name:?} is neither an address nor the one in external_url"))
        }
    }
}

/// Host and port; the scheme is left out, as a proxy in front may speak TLS.
#[derive(Clone, Debug)]
struct Authority {
    name: String,
    /// `None`: the scheme's own port.
    port: Option<u16>,
}

impl Authority {
    fn of_url(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let default = match uri.scheme_str() {
            Some("https") => 443,
            Some("http") => 80,
            _ => return None,
        };
        let port = uri.port_u16().filter(|port| *port != default);
        Some(Self { name: uri.host()?.to_ascii_lowercase(), port })
    }

    fn of_host(host: &str) -> Option<Self> {
        let authority: axum::http::uri::Authority = host.parse().ok()?;
        let port = authority.port_u16().filter(|port| *port != 80 && *port != 443);
        Some(Self { name: authority.host().to_ascii_lowercase(), port })
    }

    /// An address, a name of this machine, a name without a dot, or the one that the configuration names.
    fn is_ours(&self, external: Option<&Self>) -> bool {
        let bare = self.name.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().is_ok()
            || !self.name.contains('.')
            || self.name.ends_with(".localhost")
            || external.is_some_and(|external| external.name == self.name)
    }
}

/// Whether both are there and equal.
fn same(a: Option<&Authority>, b: Option<&Authority>) -> bool {
    a.zip(b).is_some_and(|(a, b)| a.name == b.name && a.port == b.port)
}
