//! E-mail against a real SMTP server: encryption, authentication, refusals, and the mail as a mail program reads it.

use crate::fixtures::{EXTERNAL_URL, email_config, labels, message, notice, resolved, secret};
use crate::smtp_server::{MailServer, header};
use serde_json::{Value, json};
use slowburn::config::auth::PemSource;
use slowburn::config::receiver::EmailConfig;
use slowburn::domain::message::Message;
use slowburn::notify::channel::{Failure, attempt};
use slowburn::notify::email::Email;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const PASSWORD: &str = "SECRETPASSWORD";

/// Short, so that the rows that time out end soon; long against a loopback dialog.
const TIMEOUT: Duration = Duration::from_secs(3);

fn trusting(server: &MailServer) -> EmailConfig {
    let mut config = email_config(server.port);
    config.tls.ca = Some(PemSource::Text(server.ca.clone()));
    config
}

fn with_login(mut config: EmailConfig, password: &str) -> EmailConfig {
    config.auth_username = Some("slo".into());
    config.auth_password = Some(secret(password));
    config
}

async fn send(config: &EmailConfig, message: &Message) -> Result<(), Failure> {
    attempt(&Email::new(config, EXTERNAL_URL, TIMEOUT), message).await
}

/// `accepted`, or `final: …` or `retry: …` with the error.
fn verdict(result: Result<(), Failure>) -> String {
    match result {
        Ok(()) => "accepted".into(),
        Err(Failure::Final { error }) => format!("final: {error}"),
        Err(Failure::Retry { error, .. }) => format!("retry: {error}"),
    }
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_unless_asked_for() {
    let mut server = MailServer::start(json!({"tls": "none"})).await;
    let refused = verdict(send(&email_config(server.port), &message(1)).await);
    assert!(refused.starts_with("retry: ") && refused.contains("STARTTLS"), "{refused}");
    let mut open = email_config(server.port);
    open.require_tls = false;
    assert_eq!(send(&open, &message(2)).await, Ok(()));
    let mail = server.mail().await;
    assert_eq!(mail["tls"], false);
    assert!(header(&mail, "Message-ID").is_some_and(|id| id.starts_with("<2.")), "the first one never came: {mail}");
}

#[tokio::test]
async fn starttls_and_implicit_tls_deliver_only_to_a_server_that_is_trusted() {
    for (tls, implicit) in [("starttls", None), ("implicit", Some(true))] {
        let mut server = MailServer::start(json!({"tls": tls})).await;
        let mut unknown_ca = email_config(server.port);
        unknown_ca.force_implicit_tls = implicit;
        let refused = verdict(send(&unknown_ca, &message(1)).await);
        assert!(refused.starts_with("retry: TLS with 127.0.0.1:"), "{tls}: {refused}");
        let mut trusting = trusting(&server);
        trusting.force_implicit_tls = implicit;
        assert_eq!(send(&trusting, &message(2)).await, Ok(()), "{tls}");
        let mut careless = unknown_ca;
        careless.tls.insecure_skip_verify = true;
        assert_eq!(send(&careless, &message(3)).await, Ok(()), "{tls}");
        for id in [2, 3] {
            let mail = server.mail().await;
            assert_eq!(mail["tls"], true, "{tls}");
            assert_eq!(mail["hello"], "monitor.example.com", "{tls}");
            assert!(header(&mail, "Message-ID").is_some_and(|found| found.starts_with(&format!("<{id}."))), "{mail}");
        }
    }
}

#[tokio::test]
async fn the_certificate_must_name_the_server_or_server_name() {
    let server = MailServer::start_for("mail.example.com", json!({"tls": "starttls"})).await;
    let mut config = trusting(&server);
    let refused = verdict(send(&config, &message(1)).await);
    assert!(refused.starts_with("retry: TLS with 127.0.0.1:"), "{refused}");
    config.tls.server_name = Some("mail.example.com".into());
    assert_eq!(send(&config, &message(1)).await, Ok(()));
}

#[tokio::test]
async fn passwords_are_proved_by_plain_or_login_and_never_told() {
    for (name, without) in [("PLAIN", json!(["LOGIN"])), ("LOGIN", json!(["PLAIN"]))] {
        let settings = json!({"tls": "starttls", "user": "slo", "password": PASSWORD, "without": without});
        let mut server = MailServer::start(settings).await;
        assert_eq!(send(&with_login(trusting(&server), PASSWORD), &message(1)).await, Ok(()), "{name}");
        assert_eq!(server.mail().await["authenticated"], true, "{name}");
        let wrong = verdict(send(&with_login(trusting(&server), "WRONGPASSWORD"), &message(1)).await);
        assert!(wrong.starts_with("final: ") && wrong.contains("535"), "{name}: {wrong}");
        let none = verdict(send(&trusting(&server), &message(1)).await);
        assert!(none.starts_with("final: ") && none.contains("530"), "{name}: {none}");
    }
}

#[tokio::test]
async fn a_server_that_takes_no_password_is_told_of_in_words() {
    let server = MailServer::start(json!({"tls": "none", "without": ["PLAIN", "LOGIN"]})).await;
    let mut config = with_login(email_config(server.port), PASSWORD);
    config.require_tls = false;
    let wanted = "retry: the mail server offers neither PLAIN nor LOGIN to prove a password, perhaps because the \
                  connection has no TLS: set require_tls, or remove auth_username";
    assert_eq!(verdict(send(&config, &message(1)).await), wanted);
    let server = MailServer::start(json!({"tls": "starttls", "without": ["PLAIN", "LOGIN"]})).await;
    let wanted = "retry: the mail server offers neither PLAIN nor LOGIN to prove a password: remove auth_username, or \
                  use a server that offers one";
    assert_eq!(verdict(send(&with_login(trusting(&server), PASSWORD), &message(1)).await), wanted);
}

#[tokio::test]
async fn an_identity_to_act_for_travels_with_plain() {
    let settings = json!({"tls": "starttls", "user": "slo", "password": PASSWORD});
    let mut server = MailServer::start(settings).await;
    let mut config = with_login(trusting(&server), PASSWORD);
    config.auth_identity = Some("slo".into());
    assert_eq!(send(&config, &message(1)).await, Ok(()));
    assert_eq!(server.mail().await["authenticated"], true);
}

#[tokio::test]
async fn refusals_are_final_and_put_offs_are_tried_again() {
    for (name, replies, expected) in [
        ("mailbox unknown", json!({"team@example.com": ["550 5.1.1 no such user"]}), "final: "),
        ("mailbox busy", json!({"team@example.com": ["450 4.2.1 mailbox busy"]}), "retry: "),
        ("mail refused", json!({"DATA": ["554 5.7.1 looks like spam"]}), "final: "),
        ("mail put off", json!({"DATA": ["451 4.3.0 try later"]}), "retry: "),
        ("overloaded", json!({"DATA": ["421 4.3.2 shutting down"]}), "retry: "),
    ] {
        let server = MailServer::start(json!({"tls": "starttls", "replies": replies})).await;
        let result = verdict(send(&trusting(&server), &message(1)).await);
        assert!(result.starts_with(expected), "{name}: {result}");
        let reply = replies.as_object().and_then(|replies| replies.values().next()?[0].as_str()).expect("a reply");
        assert!(result.contains(&reply[4..]), "{name}: the server's words are told: {result}");
    }
}

#[tokio::test]
async fn greylisting_is_outlived() {
    let replies = json!({"team@example.com": ["450 4.7.1 greylisted", "250 OK"]});
    let mut server = MailServer::start(json!({"tls": "starttls", "replies": replies})).await;
    let email = Email::new(&trusting(&server), EXTERNAL_URL, TIMEOUT);
    let first = verdict(attempt(&email, &message(1)).await);
    assert!(first.starts_with("retry: ") && first.contains("greylisted"), "{first}");
    assert_eq!(attempt(&email, &message(1)).await, Ok(()));
    assert_eq!(server.mail().await["to"], json!(["team@example.com"]));
}

#[tokio::test]
async fn several_recipients_get_the_mail_once_each_whatever_becomes_of_the_others() {
    let replies = json!({"full@example.com": ["452 4.2.2 over quota", "250 OK"], "gone@example.com": ["550 unknown"]});
    let mut server = MailServer::start(json!({"tls": "starttls", "replies": replies})).await;
    let mut config = trusting(&server);
    config.to = "a@example.com, Full <full@example.com>,gone@example.com, b@example.com".into();
    let email = Email::new(&config, EXTERNAL_URL, TIMEOUT);
    let first = verdict(attempt(&email, &message(1)).await);
    assert!(first.starts_with("retry: ") && first.contains("full@example.com") && first.contains("quota"), "{first}");
    assert_eq!(server.mail().await["to"], json!(["a@example.com", "b@example.com"]));
    assert_eq!(attempt(&email, &message(1)).await, Ok(()));
    let second = server.mail().await;
    assert_eq!(second["to"], json!(["full@example.com"]));
    let shown = header(&second, "To").expect("one To header");
    assert!(shown.contains("a@example.com") && shown.contains("Full <full@example.com>"), "{shown}");
}

#[tokio::test]
async fn the_mail_is_text_and_html_with_the_story_in_the_subject() {
    let mut server = MailServer::start(json!({"tls": "starttls"})).await;
    assert_eq!(send(&trusting(&server), &message(7)).await, Ok(()));
    let mail = server.mail().await;
    assert_eq!(mail["type"], "multipart/alternative");
    assert_eq!(mail["parts"], json!(["multipart/alternative", "text/plain", "text/html"]));
    assert_eq!(mail["defects"], json!([]));
    assert_eq!(mail["from"], "slo@example.com");
    assert_eq!(header(&mail, "From"), Some("slowburn <slo@example.com>"));
    assert_eq!(header(&mail, "To"), Some("Team <team@example.com>"));
    assert_eq!(header(&mail, "Subject"), Some("[FIRING] page checkout/availability burns 20.1× (budget 31% left)"));
    assert!(header(&mail, "Date").is_some());
    assert_eq!(header(&mail, "Auto-Submitted"), Some("auto-generated"));
    for part in ["plain", "html"] {
        let text = mail[part].as_str().expect("a body");
        for told in [
            "page checkout/availability burns 20.1× (budget 31% left)",
            "20.1× over 1h and 33× over 5m (page above 14.4×)",
            "31% of the error budget is left; at this rate it is gone in 1d 2h",
            "https://runbooks.example.com/checkout?a=1",
            "https://slo.example.com/slo/checkout/availability",
            "Checkout requests succeed.",
        ] {
            assert!(text.contains(told), "{part} lacks {told:?}: {text}");
        }
    }
    let html = mail["html"].as_str().expect("HTML");
    assert!(html.contains("color-scheme") && !html.contains(" src="), "dark mode, nothing remote: {html}");
}

#[tokio::test]
async fn mails_of_a_group_are_one_thread_and_a_repeated_mail_keeps_its_identity() {
    let mut server = MailServer::start(json!({"tls": "starttls"})).await;
    let config = trusting(&server);
    let mut end = message(2);
    end.alerts = vec![resolved()];
    let mut elsewhere = message(3);
    elsewhere.group_key = "{}:{service=\"search\"}".into();
    let mut mails: Vec<Value> = Vec::new();
    for message in [&message(1), &message(1), &end, &elsewhere] {
        assert_eq!(send(&config, message).await, Ok(()));
        mails.push(server.mail().await);
    }
    let of = |index: usize, name: &str| header(&mails[index], name).map(str::to_owned).expect("one such header");
    assert_eq!(of(0, "Message-ID"), of(1, "Message-ID"));
    assert_ne!(of(0, "Message-ID"), of(2, "Message-ID"));
    assert_eq!(of(0, "References"), of(2, "References"));
    assert_eq!(of(0, "References"), of(0, "In-Reply-To"));
    assert_ne!(of(0, "References"), of(3, "References"));
    assert_eq!(of(2, "Subject"), "[RESOLVED] page checkout/availability no longer burns too fast (budget 31% left)");
}

#[tokio::test]
async fn configured_headers_replace_ours_and_no_text_adds_one() {
    let mut server = MailServer::start(json!({"tls": "starttls"})).await;
    let mut config = trusting(&server);
    let attack = "x\r\nBcc: evil@example.com\r\n\r\n<b>body</b>";
    config.headers = vec![
        ("subject".into(), format!("Überlast {attack}")),
        ("X-Team".into(), attack.into()),
        ("Reply-To".into(), "On call <oncall@example.com>".into()),
        ("Content-Type".into(), "text/plain".into()),
        ("Bcc".into(), "evil@example.com".into()),
    ];
    assert_eq!(send(&config, &message(1)).await, Ok(()));
    let mail = server.mail().await;
    let one_line = "x Bcc: evil@example.com <b>body</b>";
    assert_eq!(header(&mail, "Subject"), Some(format!("Überlast {one_line}").as_str()));
    assert_eq!(header(&mail, "X-Team"), Some(one_line));
    assert_eq!(header(&mail, "Reply-To"), Some("On call <oncall@example.com>"));
    assert_eq!(mail["type"], "multipart/alternative");
    assert_eq!(header(&mail, "Bcc"), None);
    assert_eq!(mail["to"], json!(["team@example.com"]));
}

#[tokio::test]
async fn hostile_texts_stay_texts() {
    let mut server = MailServer::start(json!({"tls": "starttls"})).await;
    let mut message = message(1);
    let attack = "</td><script>alert(1)</script>\r\nBcc: evil@example.com\r\n\r\n.\r\nMAIL FROM:<x@y>";
    let first = &mut message.alerts[0];
    first.detail.id.name = format!("evil\r\nBcc: evil@example.com {attack}");
    first.detail.group = labels(&[("route", attack)]);
    first.detail.description = format!("{attack}\n.\nend");
    first.detail.runbook_url = Some("javascript:alert(1)".into());
    first.labels.set("route", attack);
    message.alerts.extend((0..200).map(|_| notice()));
    assert_eq!(send(&trusting(&server), &message).await, Ok(()));
    let mail = server.mail().await;
    assert_eq!(header(&mail, "Bcc"), None);
    assert_eq!(mail["to"], json!(["team@example.com"]));
    let html = mail["html"].as_str().expect("HTML");
    assert!(!html.contains("<script") && !html.contains("javascript:"), "{html}");
    assert!(html.contains("&#60;script&#62;"), "the text is shown as it is: {html}");
    assert!(html.contains("…and 151 more alerts."), "the rest is counted");
    let plain = mail["plain"].as_str().expect("text");
    assert!(plain.replace("\r\n", "\n").contains("\n.\nend"), "a lone full stop does not end the mail");
    assert!(plain.contains("…and 151 more alerts."), "the rest is counted");
}

#[tokio::test]
async fn servers_that_are_gone_hang_or_talk_without_end_are_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let gone = listener.local_addr().expect("an address").port();
    drop(listener);
    let refused = verdict(send(&email_config(gone), &message(1)).await);
    assert!(refused.starts_with("retry: can't connect to 127.0.0.1:"), "{refused}");
    for (name, says, endless, expected) in [
        ("says nothing", "", false, "retry: timeout after 3s"),
        ("greets, then hangs", "220 hello\r\n", false, "retry: timeout after 3s"),
        ("refuses to talk", "554 no\r\n", false, "final: the mail server answered 554 no"),
        ("busy", "421 later\r\n", false, "retry: the mail server answered 421 later"),
        ("is no mail server", "HTTP/1.1 400 Bad Request\r\n", false, "retry: not an SMTP server"),
        ("greets without end", "220-", true, "retry: the connection to the mail server broke"),
    ] {
        for require_tls in [true, false] {
            let port = talker(says, endless).await;
            let mut config = email_config(port);
            config.require_tls = require_tls;
            let result = verdict(send(&config, &message(1)).await);
            let expected = if require_tls { expected } else { &expected[..7] };
            assert!(result.starts_with(expected), "{name}, require_tls {require_tls}: {result}");
        }
    }
}

#[tokio::test]
async fn what_was_said_before_the_encryption_is_not_believed_after_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut heard = [0; 256];
        stream.write_all(b"220 hello\r\n").await.expect("heard");
        assert_ne!(stream.read(&mut heard).await.expect("EHLO"), 0);
        stream.write_all(b"250-hello\r\n250 STARTTLS\r\n").await.expect("heard");
        assert_ne!(stream.read(&mut heard).await.expect("STARTTLS"), 0);
        stream.write_all(b"220 go\r\n250 AUTH PLAIN\r\n").await.expect("heard");
        stream.read(&mut heard).await.expect("the end")
    });
    let result = verdict(send(&email_config(port), &message(1)).await);
    assert!(result.contains("between STARTTLS and the handshake"), "{result}");
    assert_eq!(server.await.expect("no panic"), 0, "the connection was ended without another word");
}

#[tokio::test]
async fn passwords_do_not_travel_in_the_clear() {
    let mut config = with_login(email_config(587), PASSWORD);
    config.require_tls = false;
    // An address of the documentation network: it is refused before anybody is called.
    config.smarthost.0 = "192.0.2.1".into();
    let result = verdict(send(&config, &message(1)).await);
    assert!(result.starts_with("retry: the password is not sent without encryption"), "{result}");
    assert!(!result.contains(PASSWORD), "{result}");
}

#[tokio::test]
async fn settings_that_can_t_be_used_are_named() {
    for (name, change, expected) in [
        ("from", (|c| c.from = "nobody".into()) as fn(&mut EmailConfig), "retry: from: \"nobody\""),
        ("to", |c| c.to = "a@example.com, b@".into(), "retry: to: \"a@example.com, b@\""),
        ("no recipient", |c| c.to = String::new(), "retry: to: "),
        ("header", |c| c.headers = vec![("X Team".into(), "x".into())], "retry: headers: \"X Team\""),
        ("header", |c| c.headers = vec![("X\r\nBcc".into(), "x".into())], "retry: headers: \"X\\r\\nBcc\""),
    ] {
        let mut config = email_config(1);
        change(&mut config);
        let result = verdict(send(&config, &message(1)).await);
        assert!(result.starts_with(expected), "{name}: {result}");
    }
}

/// A server that says one thing, and then nothing or the same without end.
async fn talker(says: &'static str, endless: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut written = stream.write_all(says.as_bytes()).await;
        while endless && written.is_ok() {
            written = stream.write_all(&[b'x'; 4096]).await;
        }
        let mut heard = [0; 256];
        while stream.read(&mut heard).await.is_ok_and(|read| read > 0) {}
    });
    port
}
