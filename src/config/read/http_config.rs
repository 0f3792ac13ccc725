//! Prometheus's HTTP client keys: in a job and in HTTP discovery they stand beside other keys, in receivers under
//! `http_config`.

use super::super::auth::{Auth, HttpConfig, Secret};
use super::super::decode::{Field, Map, Refused, Shape, Table, Value};
use super::{secret, tls};

/// A list of fields that ends with those of the HTTP client.
macro_rules! with_http_fields {
    ($($own:expr),* $(,)?) => {
        &[
            $($own,)*
            $crate::config::decode::Field::opt("basic_auth", $crate::config::decode::Shape::Map(&$crate::config::read::http_config::BASIC_AUTH), "user and password"),
            $crate::config::decode::Field::opt("authorization", $crate::config::decode::Shape::Map(&$crate::config::read::http_config::AUTHORIZATION), "the Authorization header"),
            $crate::config::decode::Field::opt("http_headers", $crate::config::decode::Shape::Texts(&$crate::config::decode::Shape::Map(&$crate::config::read::http_config::HEADER)), "further headers by name"),
            $crate::config::decode::Field::opt("tls_config", $crate::config::decode::Shape::Map(&$crate::config::read::tls::TLS), "TLS settings"),
            $crate::config::decode::Field::opt("proxy_url", $crate::config::decode::Shape::Secret, "HTTP proxy"),
            $crate::config::decode::Field::opt("follow_redirects", $crate::config::decode::Shape::Bool, "default true"),
            $crate::config::decode::Field::opt("enable_http2", $crate::config::decode::Shape::Bool, "default true"),
        ]
    };
}

/// A list of refused keys that ends with those of the HTTP client.
macro_rules! with_http_refused {
    ($($own:expr),* $(,)?) => {
        &[
            $($own,)*
            $crate::config::decode::Refused::new("bearer_token", "was replaced in Prometheus too", "use authorization: {credentials: …}"),
            $crate::config::decode::Refused::new("bearer_token_file", "was replaced in Prometheus too", "use authorization: {credentials_file: …}"),
            $crate::config::decode::Refused::new("oauth2", "is not supported", "use authorization with a token that another program renews in a file"),
            $crate::config::decode::Refused::new("proxy_from_environment", "is not supported", "use proxy_url: ${HTTPS_PROXY}"),
            $crate::config::decode::Refused::new("no_proxy", "is not supported", "use proxy_url only where a proxy is wanted"),
            $crate::config::decode::Refused::new("proxy_connect_header", "is not supported", "remove it"),
        ]
    };
}

pub(super) use {with_http_fields, with_http_refused};

pub static HTTP: Table = Table { title: "http_config", fields: with_http_fields!(), refused: with_http_refused!() };

pub static BASIC_AUTH: Table = Table {
    title: "basic_auth",
    fields: &[
        Field::req("username", Shape::Text, "the user's name"),
        Field::opt("password", Shape::Secret, "the password"),
        Field::opt("password_file", Shape::Path, "file with the password"),
    ],
    refused: &[
        Refused::new("username_file", "is not supported", "use username, with ${NAME} for a variable"),
        Refused::new("username_ref", "is not supported", "use username"),
        Refused::new("password_ref", "is not supported", "use password or password_file"),
    ],
};

pub static AUTHORIZATION: Table = Table {
    title: "authorization",
    fields: &[
        Field::opt("type", Shape::Text, "the scheme, default Bearer"),
        Field::opt("credentials", Shape::Secret, "what follows the scheme"),
        Field::opt("credentials_file", Shape::Path, "file with what follows the scheme"),
    ],
    refused: &[Refused::new("credentials_ref", "is not supported", "use credentials or credentials_file")],
};

pub static HEADER: Table = Table {
    title: "http_header",
    fields: &[
        Field::opt("values", Shape::List(&Shape::Text), "values"),
        Field::opt("secrets", Shape::List(&Shape::Secret), "secret values"),
        Field::opt("files", Shape::List(&Shape::Path), "files with values"),
    ],
    refused: &[],
};

/// Headers that the client sets itself, or that have their own keys.
const RESERVED: [&str; 12] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy-authorization",
    "user-agent",
    "x-prometheus-scrape-timeout-seconds",
];

/// Decodes an `http_config`.
pub fn read(value: &Value<'_>) -> HttpConfig {
    value.map(&HTTP).map(|map| read_inline(&map)).unwrap_or_default()
}

/// Decodes the keys of the HTTP client from a map that has others too.
pub fn read_inline(map: &Map<'_>) -> HttpConfig {
    map.at_most_one(&["basic_auth", "authorization"]);
    let basic = map.get("basic_auth").and_then(|value| basic_auth(&value));
    let header = map.get("authorization").and_then(|value| authorization(&value));
    HttpConfig {
        auth: basic.or(header),
        headers: map.get("http_headers").map(|value| headers(&value)).unwrap_or_default(),
        tls: map.get("tls_config").map(|value| tls::read(&value)).unwrap_or_default(),
        follow_redirects: map.get("follow_redirects").and_then(|v| v.boolean()).unwrap_or(true),
        enable_http2: map.get("enable_http2").and_then(|v| v.boolean()).unwrap_or(true),
        proxy_url: map.get("proxy_url").and_then(|value| proxy_url(&value)),
    }
}

fn basic_auth(value: &Value<'_>) -> Option<Auth> {
    let map = value.map(&BASIC_AUTH)?;
    let password = secret::read(&map, "password", "password_file");
    Some(Auth::Basic { username: map.get("username")?.text()?, password })
}

fn authorization(value: &Value<'_>) -> Option<Auth> {
    let map = value.map(&AUTHORIZATION)?;
    let kind = map.get("type");
    // Whoever mistook the key wrote the credentials here.
    kind.iter().for_each(Value::hide);
    map.at_least_one(&["credentials", "credentials_file"]);
    let credentials = secret::read(&map, "credentials", "credentials_file");
    let Some(kind) = kind else {
        return Some(Auth::Header { scheme: "Bearer".to_owned(), credentials: credentials? });
    };
    let scheme = kind.nonempty()?;
    if scheme.contains(char::is_whitespace) {
        kind.error_hidden("the type is one word, such as Bearer", "give what follows it as credentials");
        return None;
    }
    if scheme.eq_ignore_ascii_case("basic") {
        kind.error_hidden("the type Basic has its own key", "use basic_auth: {username: …, password: …}");
        return None;
    }
    Some(Auth::Header { scheme, credentials: credentials? })
}

fn headers(value: &Value<'_>) -> Vec<(String, Secret)> {
    let mut headers = Vec::new();
    for (name, _, header) in value.entries().unwrap_or_default() {
        let lower = name.to_ascii_lowercase();
        if RESERVED.contains(&lower.as_str()) {
            header.error_hidden(format!("the header {name} can't be set here"), "it is set by slowburn itself");
            continue;
        }
        if reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_err() {
            header.error_hidden(format!("{name:?} is not a header name"), "use letters, digits and dashes");
            continue;
        }
        let Some(map) = header.map(&HEADER) else { continue };
        let secrets = |key| map.get(key).map(|list| list.list_of(|item| item.secret().map(Secret::Value)));
        let files = map.get("files").map(|list| list.list_of(|item| item.needed_file().map(Secret::File)));
        let all = [secrets("values"), secrets("secrets"), files];
        headers.extend(all.into_iter().flatten().flatten().map(|secret| (name.to_owned(), secret)));
    }
    headers
}

/// A proxy's URL may hold its user and password, so it is not shown.
fn proxy_url(value: &Value<'_>) -> Option<String> {
    use secrecy::ExposeSecret;
    let url = value.secret()?;
    value.check_secret_url(url.expose_secret()).then(|| url.expose_secret().to_owned())
}
