//! `storage` and `web`.

use super::super::decode::{Context, Field, Refused, Shape, Table, Value};
use super::super::{Storage, Web};
use crate::domain::compat::Compat;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

pub static STORAGE: Table = Table {
    title: "storage",
    fields: &[Field::opt("path", Shape::Path, "a directory, default data beside this file")],
    refused: &[
        Refused::new("tsdb", "is Prometheus's", "use path"),
        Refused::new("exemplars", "is Prometheus's", "remove it"),
    ],
};

pub static WEB: Table = Table {
    title: "web",
    fields: &[
        Field::opt("listen", Shape::Text, "address and port, default 127.0.0.1:9490"),
        Field::opt(
            "compat",
            Shape::List(&Shape::Choice(&["sloth", "pyrra"])),
            "other tools whose series names /metrics shows too",
        ),
    ],
    refused: &[],
};

/// The port of slowburn's page.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9490);

/// Decodes `storage`.
pub fn storage(context: &Context<'_>, value: Option<&Value<'_>>) -> Storage {
    let path = value.and_then(|value| value.map(&STORAGE)).and_then(|map| map.get("path"));
    Storage { path: path.and_then(|path| path.path_buf()).unwrap_or_else(|| context.resolve("data")) }
}

/// Decodes `web`.
pub fn web(value: Option<&Value<'_>>) -> Web {
    let map = value.and_then(|value| value.map(&WEB));
    let listen = map.as_ref().and_then(|map| map.get("listen"));
    let address = listen.and_then(|value| {
        let address = parse_listen(&value.nonempty()?);
        if address.is_none() {
            value.error("not an address to listen on", "write it like 127.0.0.1:9490, or :9490 for all addresses");
        }
        address
    });
    let compat = map.as_ref().and_then(|map| map.get("compat")).map(|list| compat(&list)).unwrap_or_default();
    Web { listen: address.unwrap_or(DEFAULT_LISTEN), compat }
}

fn compat(value: &Value<'_>) -> Compat {
    let tools = value.list_of(|tool| tool.choice(&[("sloth", Tool::Sloth), ("pyrra", Tool::Pyrra)]));
    Compat { sloth: tools.contains(&Tool::Sloth), pyrra: tools.contains(&Tool::Pyrra) }
}

#[derive(Clone, Copy, PartialEq)]
enum Tool {
    Sloth,
    Pyrra,
}

/// Reads an address to listen on: `127.0.0.1:9490`, `[::1]:9490`, `localhost:9490`, or `:9490` for all addresses.
pub fn parse_listen(text: &str) -> Option<SocketAddr> {
    if let Some(port) = text.strip_prefix(':') {
        return Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port.parse().ok()?));
    }
    if let Some(port) = text.strip_prefix("localhost:") {
        return Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port.parse().ok()?));
    }
    text.parse().ok()
}

/// Base of links when `external_url` is not given.
pub fn default_url(listen: SocketAddr) -> String {
    if listen.ip().is_unspecified() || listen.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST) {
        return format!("http://localhost:{}", listen.port());
    }
    format!("http://{listen}")
}
