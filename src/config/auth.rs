//! Secrets, credentials and TLS as outgoing requests need them.
//!
//! A secret given as a file is read at each use, so that it can be rotated without a reload, as in Prometheus.

use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::path::PathBuf;

/// A secret value, or the file that holds it. `Debug` shows neither value.
#[derive(Clone, Debug)]
pub enum Secret {
    Value(SecretString),
    File(PathBuf),
}

/// Equal secrets tell that a reload changes nothing; the comparison is not for untrusted input.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(a), Self::Value(b)) => a.expose_secret() == b.expose_secret(),
            (Self::File(a), Self::File(b)) => a == b,
            _ => false,
        }
    }
}

impl Secret {
    /// The secret itself, without trailing newline. The error names the file, never its content.
    pub fn read(&self) -> Result<SecretString, String> {
        match self {
            Self::Value(value) => Ok(value.expose_secret().into()),
            Self::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned().into()),
                Err(error) => Err(format!("can't read the secret file {}: {error}", path.display())),
            },
        }
    }
}

/// How a request proves who sends it.
#[derive(Clone, Debug, PartialEq)]
pub enum Auth {
    Basic {
        username: String,
        password: Option<Secret>,
    },
    /// `Authorization: <scheme> <credentials>`.
    Header {
        scheme: String,
        credentials: Secret,
    },
}

/// Prometheus's `tls_config`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TlsConfig {
    pub ca: Option<PemSource>,
    pub cert: Option<PemSource>,
    pub key: Option<Secret>,
    pub server_name: Option<String>,
    pub insecure_skip_verify: bool,
    pub min_version: Option<TlsVersion>,
}

/// PEM text inline or in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PemSource {
    Text(String),
    File(PathBuf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    Tls12,
    Tls13,
}

/// Prometheus's `http_config`, shared by scrapes, discovery and messages.
#[derive(Clone, PartialEq)]
pub struct HttpConfig {
    pub auth: Option<Auth>,
    pub headers: Vec<(String, Secret)>,
    pub tls: TlsConfig,
    pub follow_redirects: bool,
    pub enable_http2: bool,
    /// `proxy_url`; `None` with `proxy_from_environment: false` means direct.
    pub proxy_url: Option<String>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            auth: None,
            headers: Vec::new(),
            tls: TlsConfig::default(),
            follow_redirects: true,
            enable_http2: true,
            proxy_url: None,
        }
    }
}

/// The proxy's URL may hold a password, so only its being there is shown.
impl fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConfig")
            .field("auth", &self.auth)
            .field("headers", &self.headers)
            .field("tls", &self.tls)
            .field("follow_redirects", &self.follow_redirects)
            .field("enable_http2", &self.enable_http2)
            .field("proxy_url", &self.proxy_url.as_ref().map(|_| "[REDACTED]"))
            .finish()
    }
}
