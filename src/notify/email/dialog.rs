//! One SMTP dialog: connect, encrypt, authenticate, hand over.
//!
//! 5xx is final and 4xx is tried again, as are broken connections and failed handshakes. Nothing is sent before the
//! encryption that the configuration asks for, and a password never travels in the clear except to this machine itself.

use super::compose::Letter;
use super::starttls;
use super::stream::{Bounded, Carrier};
use crate::config::receiver::EmailConfig;
use crate::domain::time::format_duration;
use crate::http;
use crate::notify::channel::Failure;
use crate::notify::scrub::Scrubber;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use lettre::Address;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The implicit-TLS port.
const SUBMISSIONS: u16 = 465;

/// The greeting was read before STARTTLS, and there is no second one; the SMTP client waits for it all the same.
const GREETING_AGAIN: &[u8] = b"220 encrypted\r\n";

/// What became of each recipient once the mail was handed over.
#[derive(Debug, Default)]
pub struct Outcome {
    pub accepted: Vec<Address>,
    /// Put off by a 4xx, with the answer.
    pub deferred: Vec<(Address, String)>,
    /// Refused by a 5xx, with the answer.
    pub refused: Vec<(Address, String)>,
}

/// Sends the letter to its recipients; all that comes before the mail itself may take `dialog_timeout`.
pub async fn deliver(letter: &Letter, config: &EmailConfig, dialog_timeout: Duration) -> Result<Outcome, Failure> {
    refuse_open_password(config)?;
    let password = config.auth_password.as_ref().map(|secret| secret.read()).transpose().map_err(Failure::retry)?;
    let mut scrubber = Scrubber::default();
    if let Some(password) = &password {
        hide(&mut scrubber, config, password);
    }
    let before_mail = async {
        let mut connection = open(config, &scrubber).await?;
        if let Some(username) = &config.auth_username {
            let password = password.as_ref().map(|secret| secret.expose_secret()).unwrap_or_default();
            needs_mechanism(&connection, config)?;
            authenticate(&mut connection, config, username, password).await.map_err(|e| failure(&e, &scrubber))?;
        }
        let outcome = envelope(&mut connection, letter, &scrubber).await?;
        Ok((connection, outcome))
    };
    let (mut connection, outcome) = tokio::time::timeout(dialog_timeout, before_mail)
        .await
        .map_err(|_| Failure::retry(format!("timeout after {}", format_duration(dialog_timeout))))??;
    let result = connection.message(&letter.bytes).await;
    if result.is_ok() {
        connection.abort().await;
    }
    result.map_err(|e| failure(&e, &scrubber)).map(|_| outcome)
}

/// A server may repeat what it was told, encoded or not.
fn hide(scrubber: &mut Scrubber, config: &EmailConfig, password: &SecretString) {
    let password = password.expose_secret();
    scrubber.hide(password);
    scrubber.hide(&BASE64.encode(password));
    if let Some(username) = &config.auth_username {
        scrubber.hide(&plain_response(config, username, password));
    }
}

async fn open(config: &EmailConfig, scrubber: &Scrubber) -> Result<AsyncSmtpConnection, Failure> {
    let (host, port) = (config.smarthost.0.as_str(), config.smarthost.1);
    let tcp = TcpStream::connect((host, port))
        .await
        .map_err(|e| Failure::retry(format!("can't connect to {host}:{port}: {e}")))?;
    let peer = tcp.peer_addr().map_err(|e| Failure::retry(format!("can't connect to {host}:{port}: {e}")))?;
    let hello = ClientId::Domain(config.hello.clone());
    let connected = if implicit_tls(config) {
        let stream = Bounded::new(encrypt(tcp, config).await?, peer, b"");
        AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello).await
    } else if config.require_tls {
        let tcp = starttls::negotiate(Bounded::new(tcp, peer, b""), &hello.to_string()).await?;
        let stream = Bounded::new(encrypt(tcp, config).await?, peer, GREETING_AGAIN);
        AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello).await
    } else {
        AsyncSmtpConnection::connect_with_transport(Box::new(Bounded::new(tcp, peer, b"")), &hello).await
    };
    connected.map_err(|e| failure(&e, scrubber))
}

async fn encrypt<S: Carrier>(stream: S, config: &EmailConfig) -> Result<TlsStream<S>, Failure> {
    let host = &config.smarthost.0;
    let mut tls = http::tls_client_config(&config.tls, false).map_err(|e| Failure::retry(e.to_string()))?;
    // A mail server that knows of protocols at all would refuse HTTP's.
    tls.alpn_protocols.clear();
    let name = ServerName::try_from(host.clone())
        .map_err(|_| Failure::retry(format!("smarthost: {host:?} is not a host name")))?;
    let handshake = TlsConnector::from(Arc::new(tls)).connect(name, stream).await;
    handshake.map_err(|e| Failure::retry(format!("TLS with {host}:{} failed: {e}", config.smarthost.1)))
}

fn implicit_tls(config: &EmailConfig) -> bool {
    config.force_implicit_tls.unwrap_or(config.smarthost.1 == SUBMISSIONS)
}

fn refuse_open_password(config: &EmailConfig) -> Result<(), Failure> {
    let host = config.smarthost.0.as_str();
    let here = host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    if here || config.auth_username.is_none() || config.require_tls || implicit_tls(config) {
        return Ok(());
    }
    Err(Failure::retry("the password is not sent without encryption: set require_tls, or remove auth_username"))
}

fn needs_mechanism(connection: &AsyncSmtpConnection, config: &EmailConfig) -> Result<(), Failure> {
    let offered = |mechanism: &Mechanism| connection.server_info().supports_auth_mechanism(*mechanism);
    if DEFAULT_MECHANISMS.iter().any(offered) {
        return Ok(());
    }
    let mend = if config.require_tls || implicit_tls(config) {
        ": remove auth_username, or use a server that offers one"
    } else {
        ", perhaps because the connection has no TLS: set require_tls, or remove auth_username"
    };
    Err(Failure::retry(format!("the mail server offers neither PLAIN nor LOGIN to prove a password{mend}")))
}

async fn authenticate(
    connection: &mut AsyncSmtpConnection,
    config: &EmailConfig,
    username: &str,
    password: &str,
) -> Result<(), SmtpError> {
    let plain = connection.server_info().supports_auth_mechanism(Mechanism::Plain);
    if plain && config.auth_identity.as_ref().is_some_and(|identity| !identity.is_empty()) {
        // The client library knows no identity to act for.
        let command = format!("AUTH PLAIN {}\r\n", plain_response(config, username, password));
        return connection.command(command).await.map(drop);
    }
    let credentials = Credentials::new(username.to_owned(), password.to_owned());
    connection.auth(DEFAULT_MECHANISMS, &credentials).await.map(drop)
}

fn plain_response(config: &EmailConfig, username: &str, password: &str) -> String {
    let identity = config.auth_identity.as_deref().unwrap_or_default();
    BASE64.encode(format!("{identity}\0{username}\0{password}"))
}

/// Names sender and recipients, and asks to hand over the mail. Fails when no recipient is accepted.
async fn envelope(
    connection: &mut AsyncSmtpConnection,
    letter: &Letter,
    scrubber: &Scrubber,
) -> Result<Outcome, Failure> {
    let parameters = mail_parameters(connection, letter)?;
    let mail = Mail::new(Some(letter.sender.clone()), parameters);
    connection.command(mail).await.map_err(|e| failure(&e, scrubber))?;
    let mut outcome = Outcome::default();
    for recipient in &letter.recipients {
        match connection.command(Rcpt::new(recipient.clone(), Vec::new())).await {
            Ok(_) => outcome.accepted.push(recipient.clone()),
            Err(e) if e.is_permanent() => outcome.refused.push((recipient.clone(), scrubber.clean(&e.to_string()))),
            Err(e) if e.is_transient() => outcome.deferred.push((recipient.clone(), scrubber.clean(&e.to_string()))),
            Err(e) => return Err(failure(&e, scrubber)),
        }
    }
    if outcome.accepted.is_empty() {
        connection.abort().await;
        return Err(nobody(&outcome));
    }
    connection.command(Data).await.map_err(|e| failure(&e, scrubber))?;
    Ok(outcome)
}

/// Names outside ASCII need a server that knows them.
fn mail_parameters(connection: &AsyncSmtpConnection, letter: &Letter) -> Result<Vec<MailParameter>, Failure> {
    let known = |extension| connection.server_info().supports_feature(extension);
    let mut parameters = Vec::new();
    let addresses = letter.recipients.iter().chain([&letter.sender]);
    if addresses.into_iter().any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
        if !known(Extension::SmtpUtfEight) {
            return Err(Failure::retry("an address is not ASCII, and the mail server can't take such (SMTPUTF8)"));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !letter.bytes.is_ascii() && known(Extension::EightBitMime) {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(parameters)
}

fn nobody(outcome: &Outcome) -> Failure {
    if outcome.deferred.is_empty() {
        Failure::Final { error: format!("every recipient was refused: {}", listed(&outcome.refused)) }
    } else {
        let all: Vec<_> = outcome.deferred.iter().chain(&outcome.refused).cloned().collect();
        Failure::retry(format!("no recipient was accepted: {}", listed(&all)))
    }
}

/// `a@example.com (transient error (450): …)`, the first few.
pub fn listed(recipients: &[(Address, String)]) -> String {
    const SHOWN: usize = 3;
    let mut items: Vec<String> = recipients.iter().take(SHOWN).map(|(who, why)| format!("{who} ({why})")).collect();
    if recipients.len() > SHOWN {
        items.push(format!("{} more", recipients.len() - SHOWN));
    }
    items.join(", ")
}

fn failure(error: &SmtpError, scrubber: &Scrubber) -> Failure {
    let text = scrubber.clean(&error.to_string());
    if error.is_permanent() { Failure::Final { error: text } } else { Failure::retry(text) }
}

/// The failure that a reply code means.
pub fn reply_failure(code: u16, text: &str) -> Failure {
    let error = Scrubber::default().clean(&format!("the mail server answered {code} {text}"));
    if (500..600).contains(&code) { Failure::Final { error } } else { Failure::retry(error) }
}
