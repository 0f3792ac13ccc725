//! `tls_config`.

use super::super::auth::{PemSource, Secret, TlsConfig, TlsVersion};
use super::super::decode::{Field, Map, Refused, Shape, Table, Value};
use super::secret;

const VERSIONS: [&str; 4] = ["TLS10", "TLS11", "TLS12", "TLS13"];

pub static TLS: Table = Table {
    title: "tls_config",
    fields: &[
        Field::opt("ca", Shape::Text, "certificates of the authorities to trust, as PEM text"),
        Field::opt("ca_file", Shape::Path, "file with certificates of the authorities to trust"),
        Field::opt("cert", Shape::Text, "client certificate as PEM text"),
        Field::opt("cert_file", Shape::Path, "file with the client certificate"),
        Field::opt("key", Shape::Secret, "the client certificate's key as PEM text"),
        Field::opt("key_file", Shape::Path, "file with the client certificate's key"),
        Field::opt("server_name", Shape::Text, "name that the server's certificate must have, if not the host's"),
        Field::opt("insecure_skip_verify", Shape::Bool, "accept any certificate"),
        Field::opt("min_version", Shape::Choice(&VERSIONS), "least TLS version; TLS10 and TLS11 mean TLS12"),
    ],
    refused: &[
        Refused::new("max_version", "is not supported", "remove it"),
        Refused::new("ca_ref", "is not supported", "use ca or ca_file"),
        Refused::new("cert_ref", "is not supported", "use cert or cert_file"),
        Refused::new("key_ref", "is not supported", "use key or key_file"),
    ],
};

/// Decodes one `tls_config`.
pub fn read(value: &Value<'_>) -> TlsConfig {
    let Some(map) = value.map(&TLS) else { return TlsConfig::default() };
    let found = TlsConfig {
        ca: pem(&map, "ca", "ca_file"),
        cert: pem(&map, "cert", "cert_file"),
        key: secret::read(&map, "key", "key_file"),
        server_name: map.get("server_name").and_then(|v| v.nonempty()),
        insecure_skip_verify: map.get("insecure_skip_verify").and_then(|v| v.boolean()).unwrap_or(false),
        min_version: map.get("min_version").and_then(|v| v.choice(&versions())),
    };
    let given = |keys: [&'static str; 2]| keys.into_iter().any(|key| map.has(key));
    if given(["cert", "cert_file"]) != given(["key", "key_file"]) {
        value
            .error("a client certificate needs its key, and a key its certificate", "give both cert_file and key_file");
    }
    found
}

fn versions() -> [(&'static str, TlsVersion); 4] {
    let [tls10, tls11, tls12, tls13] = VERSIONS;
    // Older versions are a lower bound that the TLS library never goes down to.
    [(tls10, TlsVersion::Tls12), (tls11, TlsVersion::Tls12), (tls12, TlsVersion::Tls12), (tls13, TlsVersion::Tls13)]
}

fn pem(map: &Map<'_>, key: &'static str, file_key: &'static str) -> Option<PemSource> {
    // Certificates are public, but a key pasted by mistake is not, so neither is shown.
    match secret::read(map, key, file_key)? {
        Secret::Value(text) => Some(PemSource::Text(secrecy::ExposeSecret::expose_secret(&text).to_owned())),
        Secret::File(path) => Some(PemSource::File(path)),
    }
}
