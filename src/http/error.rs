//! What went wrong with a request, in one line for people, without credentials.
//!
//! The client library's errors are chains of generic wrappers that repeat the URL; here the cause is looked up in the
//! chain and said plainly with host and port only, since a path or a query may hold a token.

use crate::domain::time::{Timestamp, format_duration};
use reqwest::Url;
use std::error::Error;
use std::io;
use std::time::Duration;

/// Why a request got no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Something in the configuration (a certificate, a secret file, a header) can't be used.
    #[error("{0}")]
    Config(String),
    #[error("can't resolve {host}: {reason}")]
    Dns { host: String, reason: String },
    #[error("can't connect to {peer}: {reason}")]
    Connect { peer: String, reason: String },
    #[error("TLS with {peer} failed: {reason}")]
    Tls { peer: String, reason: String },
    /// How long was waited.
    #[error("timeout after {}", format_duration(*.0))]
    Timeout(Duration),
    #[error("{0}")]
    Redirect(String),
    /// The answer broke off or could not be decoded.
    #[error("{0}")]
    Body(String),
    #[error("the body is larger than the limit of {limit} bytes")]
    TooLarge { limit: u64 },
}

impl HttpError {
    /// Names the cause of a client error; `waited` is told when it is a timeout. `proxy` is what stands between.
    pub(super) fn new(error: &reqwest::Error, url: &Url, proxy: Option<&Url>, waited: Duration) -> Self {
        let (mut host, mut peer) = (url.host_str().unwrap_or_default().to_owned(), address(url));
        if error.is_timeout() {
            return Self::Timeout(waited);
        }
        if let Some(tls) = find::<rustls::Error>(error) {
            return Self::Tls { peer, reason: tls_reason(tls) };
        }
        let reason = innermost(error);
        if let Some(proxy) = proxy {
            // Only the proxy knows the way to the target; who can't be reached from here is the proxy.
            host = format!("the proxy {}", proxy.host_str().unwrap_or_default());
            let refused_by_proxy = chain(error).any(|cause| cause.to_string().starts_with("tunnel error"));
            let far = if refused_by_proxy || !error.is_connect() { format!("{peer} through ") } else { String::new() };
            peer = format!("{far}the proxy {}", address(proxy));
        }
        if chain(error).any(|cause| cause.to_string() == "dns error") {
            return Self::Dns { host, reason };
        }
        let refused = find::<io::Error>(error).is_some_and(|cause| cause.kind() == io::ErrorKind::ConnectionRefused);
        match (error.is_connect(), refused) {
            (true, true) => Self::Connect { peer, reason: "connection refused".into() },
            (true, false) => Self::Connect { peer, reason },
            _ if error.is_decode() || error.is_body() => Self::Body(format!("the body can't be read: {reason}")),
            _ => Self::Body(format!("no HTTP answer from {peer}: {reason}")),
        }
    }
}

/// Host and port.
fn address(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

/// What TLS found wrong, in words that say what to mend.
fn tls_reason(error: &rustls::Error) -> String {
    use rustls::CertificateError as Bad;
    let date = |seconds: u64| Timestamp::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    match error {
        // A signature that does not fit: another authority of the same name.
        rustls::Error::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => {
            "the certificate is signed by an unknown authority".to_owned()
        }
        rustls::Error::InvalidCertificate(Bad::ExpiredContext { not_after, .. }) => {
            format!("the certificate expired on {}", date(not_after.as_secs()))
        }
        rustls::Error::InvalidCertificate(Bad::NotValidYetContext { not_before, .. }) => {
            format!("the certificate is not valid before {}", date(not_before.as_secs()))
        }
        rustls::Error::InvalidCertificate(bad) => one_line(&bad.to_string()),
        rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType) => {
            "the answer is not TLS; does the port speak plain HTTP?".to_owned()
        }
        rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired) => {
            "the server requires a client certificate".to_owned()
        }
        rustls::Error::AlertReceived(alert) => format!("the server refused with {alert:?}"),
        other => one_line(&other.to_string()),
    }
}

/// Timers fire a little late; whole seconds (or tenths) are what people configured.
pub(super) fn nearest(waited: Duration) -> Duration {
    let step = if waited >= Duration::from_secs(2) { 1000 } else { 100 };
    let millis = waited.as_millis() as u64;
    Duration::from_millis(if millis < step { millis } else { millis / step * step })
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| next_cause(*cause))
}

/// An `io::Error` that wraps another error names that one's source, not the error itself, as its own source.
fn next_cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|cause| cause.downcast_ref::<T>())
}

/// The text of the first cause, in one line.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    one_line(&chain(error).last().map(ToString::to_string).unwrap_or_default())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
