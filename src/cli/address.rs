//! Addresses as people type them: `host:port` or a URL.

use reqwest::Url;

/// Reads an address; without a scheme it is plain HTTP. What is refused is not repeated, for it may hold a password.
pub fn parse(text: &str) -> Result<Url, String> {
    let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url =
        Url::parse(&full).map_err(|error| format!("{error}; write it like 127.0.0.1:9490 or http://host:port"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(format!("{other} can't be asked; the address begins with http:// or https://")),
    }
}

/// The address without what may be secret: user, password, query.
pub fn shown(url: &Url) -> String {
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    let path = if url.path() == "/" { "" } else { url.path() };
    format!("{}://{}{port}{path}", url.scheme(), url.host_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_urls_are_read_and_shown_without_secrets() {
        for (text, address) in [
            ("localhost:9490", "http://localhost:9490"),
            ("http://a.example/slo/", "http://a.example/slo/"),
            ("https://user:secret@a.example:8443/?token=secret", "https://a.example:8443"),
            ("[::1]:9490", "http://[::1]:9490"),
        ] {
            assert_eq!(shown(&parse(text).unwrap()), address, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for text in ["", "ftp://u:secret@host", "http://", "u:secret@host:99999", "http://u:secret@[::1"] {
            let message = parse(text).unwrap_err();
            assert!(!message.contains("secret"), "{message}");
        }
    }
}
