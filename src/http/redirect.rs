//! Where a redirect leads, and what may travel there.

use super::HttpError;
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Method, Request, Response, StatusCode, Url};

/// Hops followed at most, as Go's client does for Prometheus.
pub(super) const MAX: usize = 10;

/// The request that follows a redirect; `None` when the answer is none. 307 and 308 repeat method and body, the others
/// fetch with GET. A request with a body is not turned into a GET, which would lose what it carries: there the answer
/// stands.
pub(super) fn next(request: &Request, response: &Response) -> Result<Option<Request>, HttpError> {
    let status = response.status();
    let repeats = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    if !repeats && !matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER) {
        return Ok(None);
    }
    if !repeats && request.body().is_some() {
        return Ok(None);
    }
    let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
    let url = location.to_str().ok().and_then(|text| request.url().join(text).ok()).and_then(plain_http);
    let url = url.ok_or_else(|| HttpError::Redirect("redirected to what is not an HTTP URL".into()))?;
    let mut next = request.try_clone().ok_or_else(|| HttpError::Redirect("the body can't be sent again".into()))?;
    *next.url_mut() = url;
    if !repeats && request.method() != Method::HEAD {
        *next.method_mut() = Method::GET;
        *next.body_mut() = None;
        for header in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING] {
            next.headers_mut().remove(header);
        }
    }
    Ok(Some(next))
}

/// An HTTP URL without user info: a server does not hand out credentials for others.
fn plain_http(mut url: Url) -> Option<Url> {
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// Credentials stay with the host and port they were meant for; a step up from HTTP to HTTPS on the default ports is the
/// only change allowed.
pub(super) fn may_see_credentials(origin: &Url, url: &Url) -> bool {
    let place = |url: &Url| (url.scheme().to_owned(), url.port_or_known_default());
    let upgraded = place(origin) == ("http".into(), Some(80)) && place(url) == ("https".into(), Some(443));
    origin.host() == url.host() && (place(origin) == place(url) || upgraded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_stay_where_they_belong() {
        for (name, from, to, expected) in [
            ("same place", "http://a:1/x", "http://a:1/y", true),
            ("upgrade", "http://a/x", "https://a/x", true),
            ("downgrade", "https://a/x", "http://a/x", false),
            ("other port", "http://a:1/x", "http://a:2/x", false),
            ("other host", "https://a/x", "https://b/x", false),
            ("subdomain", "https://a.example/x", "https://b.a.example/x", false),
            ("host in other case", "https://a/x", "https://A/x", true),
        ] {
            let url = |text: &str| Url::parse(text).expect("a URL");
            assert_eq!(may_see_credentials(&url(from), &url(to)), expected, "{name}");
        }
    }
}
