//! One table for all channels: which answers are worth another attempt, and what an error may say.
//!
//! The HTTP channels meet a real server that misbehaves in each way; the mail channel has its own rows in `email`,
//! where the server is a real SMTP server.

use crate::fixtures::{EXTERNAL_URL, START, message, secret, slack_config, webhook_config};
use crate::http_server::{Answer, Server};
use slowburn::config::auth::{Auth, HttpConfig, Secret};
use slowburn::config::receiver::SlackTarget;
use slowburn::notify::channel::{Channels, Failure, Transport, attempt};
use slowburn::notify::slack::Slack;
use slowburn::notify::webhook::Webhook;
use slowburn::notify::worker::Worker;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Part of every URL and credential here; it must never be told.
const TOKEN: &str = "SECRETTOKEN0123";

/// Short, so that the rows that time out end soon; long against a loopback round trip.
const TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Webhook,
    SlackWebhook,
    SlackApi,
}

const KINDS: [Kind; 3] = [Kind::Webhook, Kind::SlackWebhook, Kind::SlackApi];

fn transport(kind: Kind, base: &str, http: HttpConfig) -> Box<dyn Transport> {
    let url = format!("{base}/services/{TOKEN}?key={TOKEN}x");
    match kind {
        Kind::Webhook => {
            let mut config = webhook_config(&url);
            config.timeout = TIMEOUT;
            config.http = http;
            Box::new(Webhook::new(&config, EXTERNAL_URL))
        }
        Kind::SlackWebhook => {
            let mut config = slack_config(SlackTarget::Webhook { url: secret(&url) });
            config.http = http;
            Box::new(Slack::new(&config, TIMEOUT))
        }
        Kind::SlackApi => {
            let target = SlackTarget::Api { url: format!("{base}/api/chat.postMessage"), token: secret(TOKEN) };
            let mut config = slack_config(target);
            config.http = http;
            Box::new(Slack::new(&config, TIMEOUT))
        }
    }
}

fn accepting(kind: Kind) -> Answer {
    match kind {
        Kind::Webhook => Answer::status(204),
        Kind::SlackWebhook => Answer::body(200, "ok"),
        Kind::SlackApi => Answer::body(200, r#"{"ok":true,"channel":"C1","ts":"1.2"}"#),
    }
}

async fn one_attempt(kind: Kind, answer: Answer) -> Result<(), Failure> {
    let server = Server::start(vec![answer]).await;
    let result = attempt(transport(kind, &server.url(""), HttpConfig::default()).as_ref(), &message(1)).await;
    assert_eq!(server.received().len(), 1, "{kind:?}: an attempt is one request");
    result
}

/// `accepted`, `final`, `retry` or `retry after N s`.
fn verdict(result: &Result<(), Failure>) -> String {
    match result {
        Ok(()) => "accepted".into(),
        Err(Failure::Final { .. }) => "final".into(),
        Err(Failure::Retry { after: None, .. }) => "retry".into(),
        Err(Failure::Retry { after: Some(after), .. }) => format!("retry after {} s", after.as_secs()),
    }
}

fn assert_no_secret(name: &str, result: &Result<(), Failure>) {
    if let Err(failure) = result {
        let text = format!("{failure:?}");
        assert!(!text.contains(TOKEN), "{name}: {text}");
        assert!(text.len() < 600, "{name}: an error is short: {} bytes", text.len());
    }
}

#[tokio::test]
async fn each_status_is_accepted_final_or_worth_another_attempt() {
    let echo = format!("no such path /services/{TOKEN}?key={TOKEN}x (token {TOKEN})");
    for (status, expected) in [
        (301, "retry"),
        (302, "retry"),
        (303, "retry"),
        (304, "retry"),
        (307, "retry"),
        (400, "final"),
        (401, "final"),
        (403, "final"),
        (404, "final"),
        (405, "final"),
        (408, "retry"),
        (409, "final"),
        (410, "final"),
        (413, "final"),
        (422, "final"),
        (425, "final"),
        (429, "retry"),
        (500, "retry"),
        (501, "retry"),
        (502, "retry"),
        (503, "retry"),
        (504, "retry"),
        (599, "retry"),
    ] {
        for kind in KINDS {
            let result = one_attempt(kind, Answer::body(status, &echo)).await;
            let name = format!("{kind:?} {status}");
            assert_eq!(verdict(&result), expected, "{name}: {result:?}");
            assert_no_secret(&name, &result);
            let error = result.expect_err("no 2xx").error().to_owned();
            assert!(error.contains(&status.to_string()), "{name}: {error}");
            assert!(status == 304 || error.contains("no such path"), "{name} quotes the answer: {error}");
        }
    }
}

#[tokio::test]
async fn acceptance_is_what_the_channel_calls_so() {
    let ok_json = r#"{"ok":true}"#;
    for (name, kind, answer, expected) in [
        ("204", Kind::Webhook, Answer::status(204), "accepted"),
        ("any body", Kind::Webhook, Answer::body(200, "<html>"), "accepted"),
        ("ok", Kind::SlackWebhook, Answer::body(200, "ok"), "accepted"),
        ("ok with a line end", Kind::SlackWebhook, Answer::body(200, "ok\n"), "accepted"),
        ("empty", Kind::SlackWebhook, Answer::status(200), "accepted"),
        ("JSON", Kind::SlackWebhook, Answer::body(200, ok_json), "accepted"),
        ("a stand-in's JSON", Kind::SlackWebhook, Answer::body(200, r#"{"success":true}"#), "accepted"),
        ("a proxy's login page", Kind::SlackWebhook, Answer::body(200, "<html>Please log in"), "retry"),
        ("JSON", Kind::SlackApi, Answer::body(200, ok_json), "accepted"),
        ("text instead of JSON", Kind::SlackApi, Answer::body(200, "ok"), "retry"),
        ("empty", Kind::SlackApi, Answer::status(200), "retry"),
        ("JSON without ok", Kind::SlackApi, Answer::body(200, "{}"), "retry"),
        ("refused", Kind::SlackApi, Answer::body(200, r#"{"ok":false,"error":"channel_not_found"}"#), "final"),
        ("refused", Kind::SlackApi, Answer::body(200, r#"{"ok":false,"error":"invalid_auth"}"#), "final"),
        ("refused without a reason", Kind::SlackApi, Answer::body(200, r#"{"ok":false}"#), "final"),
        ("passing", Kind::SlackApi, Answer::body(200, r#"{"ok":false,"error":"internal_error"}"#), "retry"),
        (
            "rate limit in the body",
            Kind::SlackApi,
            Answer::header(200, "Retry-After: 30", r#"{"ok":false,"error":"ratelimited"}"#),
            "retry after 30 s",
        ),
        ("refused", Kind::SlackWebhook, Answer::body(200, r#"{"ok":false,"error":"no_service"}"#), "final"),
    ] {
        let result = one_attempt(kind, answer).await;
        assert_eq!(verdict(&result), expected, "{kind:?}, {name}: {result:?}");
    }
}

#[tokio::test]
async fn retry_after_is_read_as_seconds_or_date_and_else_ignored() {
    for kind in KINDS {
        for (status, value, expected) in [
            (429, "7", "retry after 7 s"),
            (503, "120", "retry after 120 s"),
            (503, "Thu, 01 Jan 1970 00:00:00 GMT", "retry after 0 s"),
            (429, "soon", "retry"),
            (429, "-5", "retry"),
            (400, "7", "final"),
        ] {
            let result = one_attempt(kind, Answer::header(status, &format!("Retry-After: {value}"), "")).await;
            assert_eq!(verdict(&result), expected, "{kind:?} {status} {value}");
        }
        let date = (slowburn::clock::now() + Duration::from_secs(100)).to_utc().expect("a date").to_rfc2822();
        let result = one_attempt(kind, Answer::header(429, &format!("Retry-After: {date}"), "")).await;
        let Err(Failure::Retry { after: Some(after), .. }) = result else { panic!("{kind:?}: {result:?}") };
        assert!(after > Duration::from_secs(60) && after <= Duration::from_secs(100), "{kind:?}: {after:?}");
    }
}

#[tokio::test]
async fn trouble_below_http_is_worth_another_attempt_and_tells_no_secret() {
    for kind in KINDS {
        for (name, answer, expected) in [("hangs", Answer::Hang, "2s"), ("resets", Answer::Reset, "no HTTP answer")] {
            let result = one_attempt(kind, answer).await;
            assert_eq!(verdict(&result), "retry", "{kind:?} {name}: {result:?}");
            assert_no_secret(name, &result);
            let error = result.expect_err("no answer").error().to_owned();
            assert!(error.contains(expected), "{kind:?} {name}: {error}");
        }
        let gone = Server::start(vec![Answer::status(200)]).await.url("");
        for (name, base) in [("nobody listens", gone.as_str()), ("not a URL", "nonsense"), ("other scheme", "ftp://h")]
        {
            let result = attempt(transport(kind, base, HttpConfig::default()).as_ref(), &message(1)).await;
            assert_eq!(verdict(&result), "retry", "{kind:?} {name}: {result:?}");
            assert_no_secret(name, &result);
        }
    }
}

#[tokio::test]
async fn endless_answers_end_the_attempt_and_are_not_read_to_their_end() {
    for (kind, status, expected) in [
        (Kind::Webhook, 200, "accepted"),
        (Kind::Webhook, 404, "final"),
        (Kind::Webhook, 500, "retry"),
        (Kind::SlackWebhook, 200, "retry"),
        (Kind::SlackWebhook, 500, "retry"),
        (Kind::SlackApi, 200, "retry"),
        (Kind::SlackApi, 404, "final"),
    ] {
        let server = Server::start(vec![Answer::Endless { status: status.to_string() }]).await;
        let transport = transport(kind, &server.url(""), HttpConfig::default());
        let result = attempt(transport.as_ref(), &message(1)).await;
        assert_eq!(verdict(&result), expected, "{kind:?} {status}: {result:?}");
        assert_no_secret("endless", &result);
        // What the client does not read stays in the two socket buffers, a few MB.
        assert!(server.written() < 32 << 20, "{kind:?} {status} took {} bytes", server.written());
    }
}

#[tokio::test]
async fn only_redirects_that_keep_the_message_are_followed() {
    for kind in KINDS {
        let last = Server::start(vec![accepting(kind)]).await;
        for (status, expected, arrives) in
            [(307, "accepted", 1), (308, "accepted", 2), (301, "retry", 2), (302, "retry", 2), (303, "retry", 2)]
        {
            let location = format!("Location: {}", last.url("/moved"));
            let first = Server::start(vec![Answer::header(status, &location, "")]).await;
            let transport = transport(kind, &first.url(""), HttpConfig::default());
            let result = attempt(transport.as_ref(), &message(1)).await;
            assert_eq!(verdict(&result), expected, "{kind:?} {status}: {result:?}");
            let received = last.received();
            assert_eq!(received.len(), arrives, "{kind:?} {status}");
            assert!(received.iter().all(|request| request.line == "POST /moved HTTP/1.1" && !request.body.is_empty()));
            assert!(received.iter().all(|request| !format!("{request:?}").contains(TOKEN)), "a token went elsewhere");
        }
        let round = Server::start(vec![Answer::header(307, "Location: /again", "")]).await;
        let result = attempt(transport(kind, &round.url(""), HttpConfig::default()).as_ref(), &message(1)).await;
        assert_eq!(verdict(&result), "retry", "{kind:?}: a circle ends: {result:?}");
        let no_follow = HttpConfig { follow_redirects: false, ..HttpConfig::default() };
        let first = Server::start(vec![Answer::header(307, &format!("Location: {}", last.url("/")), "")]).await;
        let result = attempt(transport(kind, &first.url(""), no_follow).as_ref(), &message(1)).await;
        assert_eq!(verdict(&result), "retry", "{kind:?}: {result:?}");
        assert_eq!(last.received().len(), 2, "{kind:?}: follow_redirects: false");
    }
}

#[tokio::test]
async fn requests_are_json_posts_with_the_configured_credentials() {
    for kind in KINDS {
        let server = Server::start(vec![accepting(kind)]).await;
        let http = HttpConfig {
            auth: Some(Auth::Basic { username: "u".into(), password: Some(secret("pw")) }),
            headers: vec![("X-Team".into(), secret("payments"))],
            ..HttpConfig::default()
        };
        let result = attempt(transport(kind, &server.url(""), http).as_ref(), &message(1)).await;
        assert_eq!(result, Ok(()), "{kind:?}");
        let request = &server.received()[0];
        assert!(request.line.starts_with("POST /"), "{}", request.line);
        assert!(request.has_header("content-type: application/json"), "{request:?}");
        assert!(request.has_header("x-team: payments"), "{request:?}");
        assert!(request.headers.iter().any(|header| header.starts_with("user-agent: slowburn/")), "{request:?}");
        let authorization = if kind == Kind::SlackApi {
            format!("authorization: Bearer {TOKEN}")
        } else {
            "authorization: Basic dTpwdw==".into()
        };
        assert!(request.has_header(&authorization), "{request:?}");
        serde_json::from_str::<serde_json::Value>(&request.body).expect("JSON");
    }
}

#[tokio::test]
async fn credentials_that_an_answer_repeats_are_not_shown() {
    let server = Server::start(vec![Answer::body(400, "Basic dTpwYXNzd29yZA== is u:password")]).await;
    let auth = Some(Auth::Basic { username: "u".into(), password: Some(secret("password")) });
    let http = HttpConfig { auth, ..HttpConfig::default() };
    let result = attempt(transport(Kind::Webhook, &server.url(""), http).as_ref(), &message(1)).await;
    let error = result.expect_err("refused").error().to_owned();
    assert!(error.contains("Basic <secret> is u:<secret>"), "{error}");
}

#[tokio::test]
async fn a_secret_file_is_read_at_each_attempt() {
    let server = Server::start(vec![Answer::status(200)]).await;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("url");
    let mut config = webhook_config("unused");
    config.url = Secret::File(file.clone());
    let webhook = Webhook::new(&config, EXTERNAL_URL);
    let missing = attempt(&webhook, &message(1)).await;
    assert_eq!(verdict(&missing), "retry", "the file may come: {missing:?}");
    std::fs::write(&file, format!("{}\n", server.url("/one"))).expect("a file");
    assert_eq!(attempt(&webhook, &message(1)).await, Ok(()));
    std::fs::write(&file, server.url("/two")).expect("a file");
    assert_eq!(attempt(&webhook, &message(1)).await, Ok(()));
    let lines: Vec<String> = server.received().into_iter().map(|request| request.line).collect();
    assert_eq!(lines, ["POST /one HTTP/1.1", "POST /two HTTP/1.1"]);
}

#[tokio::test]
async fn the_message_that_is_sent_is_the_rendered_one() {
    let server = Server::start(vec![Answer::status(200)]).await;
    let webhook = Webhook::new(&webhook_config(&server.url("/hook")), EXTERNAL_URL);
    attempt(&webhook, &message(1)).await.expect("accepted");
    let json: serde_json::Value = serde_json::from_str(&server.received()[0].body).expect("JSON");
    assert_eq!(json["alerts"][0]["startsAt"], START.to_string());
    assert_eq!(json["externalURL"], EXTERNAL_URL);
}

/// Keeps everything that is logged, of every level and every library.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic while held").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn logs_tell_of_failures_but_of_no_secret() {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let echo = format!("no /services/{TOKEN} here, {TOKEN}");
    for kind in KINDS {
        let server = Server::start(vec![Answer::body(403, &echo)]).await;
        let mut message = message(1);
        message.channel.kind = format!("{kind:?}");
        let transport = transport(kind, &server.url(""), HttpConfig::default());
        let channels = Channels::from([(message.channel.clone(), Arc::from(transport))]);
        let (outbox, receiver) = watch::channel(Arc::new(vec![Arc::new(message)]));
        let (reports, mut reported) = mpsc::channel(1);
        let (worker, _control) = Worker::new(channels, receiver, reports, Arc::new(slowburn::clock::now), 1);
        let worker = tokio::spawn(worker.run(CancellationToken::new()));
        let report = format!("{:?}", reported.recv().await);
        assert!(report.contains("403") && !report.contains(TOKEN), "{report}");
        drop(outbox);
        worker.await.expect("it ends");
    }
    let log = String::from_utf8(captured.0.lock().expect("no panic while held").clone()).expect("UTF-8");
    assert_eq!(log.matches("message given up").count(), KINDS.len(), "{log}");
    assert!(!log.contains(TOKEN), "{log}");
}
