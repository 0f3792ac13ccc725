//! URLs and network addresses.

use super::Value;
use reqwest::Url;

impl Value<'_> {
    /// An `http` or `https` URL with a host, as written after variables were replaced. Credentials in it are refused,
    /// since such URLs are shown.
    pub fn http_url(&self) -> Option<String> {
        let text = self.nonempty()?;
        if has_credentials(&text) {
            self.error_hidden("credentials can't stand in this URL", "use basic_auth or authorization");
            return None;
        }
        match problem(&text) {
            None => Some(text),
            Some(help) => self.refuse("not an http or https URL", help),
        }
    }

    /// As [`Value::http_url`], but the whole URL is a secret.
    pub fn check_secret_url(&self, url: &str) -> bool {
        match problem(url) {
            None => true,
            Some(help) => {
                self.error_hidden("not an http or https URL", help);
                false
            }
        }
    }

    /// `host:port`, with `[::1]:25` for IPv6 addresses.
    pub fn host_port(&self) -> Option<(String, u16)> {
        let text = self.nonempty()?;
        match split_host_port(&text) {
            Some(parts) => Some(parts),
            None => self.refuse("not a host and port", "write host:port, such as smtp.example.com:587"),
        }
    }
}

/// What is the matter with a URL, as a help text.
fn problem(text: &str) -> Option<&'static str> {
    const EXAMPLE: &str = "write it like https://example.com/path";
    match Url::parse(text) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => Some(EXAMPLE),
        Ok(url) if url.host_str().is_none_or(str::is_empty) => Some("the host is missing"),
        Ok(_) => None,
        Err(_) => Some(EXAMPLE),
    }
}

fn has_credentials(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| !url.username().is_empty() || url.password().is_some())
}

fn split_host_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    let sound = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '/');
    let port = port.parse().ok().filter(|port| *port != 0)?;
    sound.then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports() {
        let pair = |host: &str, port| Some((host.to_owned(), port));
        for (text, wanted) in [
            ("a.example:587", pair("a.example", 587)),
            ("[::1]:25", pair("::1", 25)),
            ("::1:25", None),
            ("a.example", None),
            (":25", None),
            ("a:0", None),
            ("a:70000", None),
            ("smtp://a:25", None),
        ] {
            assert_eq!(split_host_port(text), wanted, "{text}");
        }
    }
}
