//! Credentials reach the target, and nobody else; no text ever repeats them.

use crate::server::{Reply, Server, answer, header, ok};
use crate::setup::{attempt, failure, patient_job, samples};
use slowburn::config::auth::{Auth, HttpConfig, Secret};
use slowburn::config::scrape::ScrapeConfig;
use std::io::Write;

const SECRET: &str = "hunter2";

fn secret(text: &str) -> Secret {
    Secret::Value(text.to_owned().into())
}

fn basic() -> Auth {
    Auth::Basic { username: "user".into(), password: Some(secret(SECRET)) }
}

fn with_http(http: HttpConfig) -> ScrapeConfig {
    ScrapeConfig { http, ..patient_job() }
}

fn redirect(status: &str, location: &str) -> Vec<u8> {
    answer(status, &format!("Location: {location}\r\n"), "")
}

#[tokio::test]
async fn credentials_and_headers_arrive() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    writeln!(file, "from-file").expect("written");
    let bearer = |credentials| Some(Auth::Header { scheme: "Bearer".into(), credentials });
    for (name, auth, expected) in [
        ("basic", Some(basic()), "Basic dXNlcjpodW50ZXIy"),
        ("no password", Some(Auth::Basic { username: "user".into(), password: None }), "Basic dXNlcjo="),
        ("bearer", bearer(secret(SECRET)), "Bearer hunter2"),
        ("file", bearer(Secret::File(file.path().to_owned())), "Bearer from-file"),
    ] {
        let server = Server::with_text("wanted_total 1\n").await;
        let headers = vec![("X-Scope-OrgID".to_owned(), secret("tenant")), ("X-Two".to_owned(), secret("2"))];
        let http = HttpConfig { auth, headers, ..HttpConfig::default() };
        samples(&attempt(with_http(http), server.address).await);
        let head = &server.requests()[0];
        assert_eq!(header(head, "authorization"), Some(expected), "{name}");
        assert_eq!(header(head, "x-scope-orgid"), Some("tenant"), "{name}");
        assert_eq!(header(head, "x-two"), Some("2"), "{name}");
    }
}

#[tokio::test]
async fn a_rotated_secret_file_is_read_at_the_next_attempt() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let server = Server::with_text("wanted_total 1\n").await;
    let credentials = Secret::File(file.path().to_owned());
    let auth = Some(Auth::Header { scheme: "Bearer".into(), credentials });
    let mut scraper = crate::setup::scraper(with_http(HttpConfig { auth, ..HttpConfig::default() }), server.address);
    for token in ["first", "second"] {
        std::fs::write(file.path(), token).expect("written");
        samples(&scraper.attempt(slowburn::clock::now()).await);
    }
    let seen: Vec<_> = server.requests().iter().map(|head| header(head, "authorization").map(str::to_owned)).collect();
    assert_eq!(seen, [Some("Bearer first".to_owned()), Some("Bearer second".to_owned())]);
}

#[tokio::test]
async fn a_redirect_on_the_same_host_takes_credentials_along() {
    for status in ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Moved"] {
        let server = Server::start(move |head| match head.starts_with("GET /metrics ") {
            true => Reply::Send(redirect(status, "/real?x=1")),
            false => Reply::Send(ok("text/plain", "wanted_total 1\n")),
        })
        .await;
        let http = HttpConfig { auth: Some(basic()), ..HttpConfig::default() };
        samples(&attempt(with_http(http), server.address).await);
        let last = server.requests().pop().expect("two requests");
        assert!(last.starts_with("GET /real?x=1 HTTP/1.1"), "{status}: {last}");
        assert_eq!(header(&last, "authorization"), Some("Basic dXNlcjpodW50ZXIy"), "{status}");
        assert!(header(&last, "accept").is_some_and(|accept| accept.contains("openmetrics")), "{status}");
    }
}

#[tokio::test]
async fn a_redirect_to_another_host_takes_no_credentials_along() {
    let other = Server::with_text("wanted_total 1\n").await;
    for host in ["127.0.0.1", "localhost"] {
        let location = format!("http://evil:{SECRET}@{host}:{}/metrics", other.address.port());
        let server = Server::start(move |_| Reply::Send(redirect("302 Found", &location))).await;
        let headers = vec![("X-Api-Key".to_owned(), secret(SECRET))];
        let http = HttpConfig { auth: Some(basic()), headers, ..HttpConfig::default() };
        samples(&attempt(with_http(http), server.address).await);
        assert!(header(&server.requests()[0], "x-api-key").is_some(), "the target itself gets them");
        let head = other.requests().pop().expect("the redirect was followed");
        assert_eq!((header(&head, "authorization"), header(&head, "x-api-key")), (None, None), "{head}");
        assert!(!head.contains(SECRET), "{head}");
    }
}

#[tokio::test]
async fn redirects_end() {
    let server = Server::start(|_| Reply::Send(redirect("302 Found", "/again"))).await;
    let turned = attempt(patient_job(), server.address).await;
    assert_eq!(failure(&turned), "stopped after 10 redirects");
    assert_eq!(server.requests().len(), 11);

    let http = HttpConfig { follow_redirects: false, ..HttpConfig::default() };
    let refused = attempt(with_http(http), server.address).await;
    assert_eq!(failure(&refused), "HTTP status 302 Found");
    assert_eq!(server.requests().len(), 12);

    let server = Server::start(|_| Reply::Send(redirect("302 Found", "file:///etc/passwd"))).await;
    let strange = attempt(patient_job(), server.address).await;
    assert_eq!(failure(&strange), "redirected to what is not an HTTP URL");
}

#[tokio::test]
async fn proxies_are_used_only_when_configured() {
    let proxy = Server::with_text("wanted_total 1\n").await;
    let http = HttpConfig { proxy_url: Some(format!("http://{}", proxy.address)), ..HttpConfig::default() };
    samples(&attempt(with_http(http), "target.invalid:9100").await);
    assert!(proxy.requests()[0].starts_with("GET http://target.invalid:9100/metrics HTTP/1.1"));
}

#[tokio::test]
async fn a_proxy_that_can_not_be_reached_is_named_without_its_credentials() {
    for (proxy, wanted) in [
        ("127.0.0.1:1", "can't connect to the proxy 127.0.0.1:1: connection refused"),
        ("no-such-proxy.invalid:3128", "can't resolve the proxy no-such-proxy.invalid: "),
    ] {
        let http = HttpConfig { proxy_url: Some(format!("http://user:{SECRET}@{proxy}")), ..HttpConfig::default() };
        let found = attempt(with_http(http), "127.0.0.1:29100").await;
        assert!(failure(&found).starts_with(wanted), "{}", failure(&found));
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_the_way_to_a_target_is_told_with_the_target() {
    let proxy = Server::start(|_| Reply::Send(answer("403 Forbidden", "", "no"))).await;
    let http = HttpConfig { proxy_url: Some(format!("http://{}", proxy.address)), ..HttpConfig::default() };
    let found = attempt(ScrapeConfig { scheme: "https".into(), ..with_http(http) }, "127.0.0.1:29100").await;
    let wanted = format!("can't connect to 127.0.0.1:29100 through the proxy {}: ", proxy.address);
    assert!(failure(&found).starts_with(&wanted), "{}", failure(&found));
}

#[tokio::test]
async fn no_text_repeats_a_secret() {
    let everywhere = || HttpConfig {
        auth: Some(basic()),
        headers: vec![("X-Api-Key".to_owned(), secret(SECRET))],
        ..HttpConfig::default()
    };
    let params = vec![("token".to_owned(), vec![SECRET.to_owned()])];
    let refused = "127.0.0.1:1";
    let hang = Server::start(|_| Reply::Hang(Vec::new())).await;
    let denied = Server::start(|_| Reply::Send(answer("401 Unauthorized", "", "who?"))).await;
    let closed = Server::start(|_| Reply::Close(Vec::new())).await;
    let location = format!("http://user:{SECRET}@{refused}/?token={SECRET}");
    let elsewhere = Server::start(move |_| Reply::Send(redirect("302 Found", &location))).await;
    let short = std::time::Duration::from_millis(100);
    let proxied = HttpConfig { proxy_url: Some(format!("http://user:{SECRET}@{refused}")), ..everywhere() };
    let bad_proxy = HttpConfig { proxy_url: Some(format!("ftp://user:{SECRET}@{refused}:x")), ..everywhere() };
    let header = |value: &str| HttpConfig { headers: vec![("X-Api-Key".into(), secret(value))], ..everywhere() };
    let broken_header = header(&format!("{SECRET}\n"));
    let bearer = Auth::Header { scheme: "Bearer".into(), credentials: secret(&format!("{SECRET}\r\nX: y")) };
    let broken_bearer = HttpConfig { auth: Some(bearer), ..everywhere() };
    for (name, http, address) in [
        ("refused", everywhere(), refused.to_owned()),
        ("unknown host", everywhere(), "no-such-host.invalid:1".to_owned()),
        ("timeout", everywhere(), hang.address.to_string()),
        ("status", everywhere(), denied.address.to_string()),
        ("broken off", everywhere(), closed.address.to_string()),
        ("redirect to a URL with credentials", everywhere(), elsewhere.address.to_string()),
        ("proxy that refuses", proxied, refused.to_owned()),
        ("proxy that is none", bad_proxy, refused.to_owned()),
        ("header that can't be sent", broken_header, refused.to_owned()),
        ("token that can't be sent", broken_bearer, refused.to_owned()),
    ] {
        let config = ScrapeConfig { params: params.clone(), scrape_timeout: short, ..with_http(http) };
        let attempt = attempt(config, address).await;
        let reason = failure(&attempt);
        assert!(!reason.is_empty() && !reason.contains(SECRET), "{name}: {reason}");
        assert!(!reason.contains("dXNlcj"), "{name}: {reason}");
    }
}

#[tokio::test]
async fn a_missing_secret_file_is_named() {
    let credentials = Secret::File("/nowhere/token".into());
    let auth = Some(Auth::Header { scheme: "Bearer".into(), credentials });
    let server = Server::with_text("wanted_total 1\n").await;
    let attempt = attempt(with_http(HttpConfig { auth, ..HttpConfig::default() }), server.address).await;
    assert!(failure(&attempt).contains("/nowhere/token"), "{}", failure(&attempt));
    assert_eq!(server.requests().len(), 0, "nothing is sent without the credentials");
}
