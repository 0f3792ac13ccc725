//! TLS with a certificate authority of our own: whom a scrape trusts, and how it says that it does not.

use crate::setup::{attempt, failure, patient_job, samples, scraper};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use slowburn::clock;
use slowburn::config::auth::{HttpConfig, PemSource, TlsConfig, TlsVersion};
use slowburn::config::scrape::ScrapeConfig;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// PEM of a certificate chain and of its key.
pub struct Identity {
    pub cert: String,
    pub key: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    pub fn identity(&self, name: &str) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    fn expired(&self, name: &str) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let cert = params.signed_by(&key, &self.issuer).expect("a certificate").pem();
        Identity { cert, key: key.serialize_pem() }
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).expect("PEM")).expect("a root");
        Arc::new(roots)
    }
}

/// Serves metrics over TLS; ends with the test's process. Answers the port.
fn serve(
    identity: &Identity,
    clients: Option<&Authority>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(versions).expect("versions");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(authority.roots(), provider).build();
            builder.with_client_cert_verifier(verifier.expect("a verifier"))
        }
    };
    let cert = CertificateDer::from_pem_slice(identity.cert.as_bytes()).expect("PEM");
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).expect("PEM");
    let config = Arc::new(builder.with_single_cert(vec![cert], key).expect("a configuration"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(config.clone()).expect("a connection");
            let mut tls = StreamOwned::new(connection, stream);
            // A client that refuses the certificate breaks the handshake off, as it should.
            let mut request = [0; 4096];
            if tls.read(&mut request).is_ok() {
                let body = "wanted_total 1\n";
                let _ =
                    write!(tls, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
                tls.conn.send_close_notify();
                let _ = tls.flush();
            }
        }
    });
    port
}

fn https(tls: TlsConfig) -> ScrapeConfig {
    let http = HttpConfig { tls, ..HttpConfig::default() };
    ScrapeConfig { scheme: "https".into(), http, ..patient_job() }
}

pub fn trusting(authority: &Authority) -> TlsConfig {
    TlsConfig { ca: Some(PemSource::Text(authority.pem.clone())), ..TlsConfig::default() }
}

#[tokio::test]
async fn a_certificate_must_be_trusted_and_fit_the_name() {
    let (authority, stranger) = (Authority::new("one"), Authority::new("two"));
    let port = serve(&authority.identity("localhost"), None, rustls::ALL_VERSIONS);
    let trust = || trusting(&authority);
    let named = |name: &str| TlsConfig { server_name: Some(name.into()), ..trust() };
    let blind = TlsConfig { insecure_skip_verify: true, ..TlsConfig::default() };
    for (name, tls, host, expected) in [
        ("trusted", trust(), "localhost", Ok(())),
        ("only TLS 1.3", TlsConfig { min_version: Some(TlsVersion::Tls13), ..trust() }, "localhost", Ok(())),
        ("another name", trust(), "127.0.0.1", Err("not valid for")),
        ("server_name", named("localhost"), "127.0.0.1", Ok(())),
        ("wrong server_name", named("other.example"), "localhost", Err("other.example")),
        ("another authority", trusting(&stranger), "localhost", Err("unknown authority")),
        ("the platform's authorities", TlsConfig::default(), "localhost", Err("unknown authority")),
        ("unverified", blind, "127.0.0.1", Ok(())),
    ] {
        let attempt = attempt(https(tls), format!("{host}:{port}")).await;
        match expected {
            Ok(()) => assert_eq!(samples(&attempt).len(), 1, "{name}"),
            Err(reason) => {
                let told = failure(&attempt);
                assert!(told.starts_with(&format!("TLS with {host}:{port} failed: ")), "{name}: {told}");
                assert!(told.contains(reason), "{name}: {told}");
            }
        }
    }
}

#[tokio::test]
async fn an_expired_certificate_is_told_as_such() {
    let authority = Authority::new("one");
    let port = serve(&authority.expired("localhost"), None, rustls::ALL_VERSIONS);
    let attempt = attempt(https(trusting(&authority)), format!("localhost:{port}")).await;
    assert!(failure(&attempt).contains("expired on 2020-01-01T00:00:00Z"), "{}", failure(&attempt));
}

#[tokio::test]
async fn versions_below_the_least_are_refused() {
    let authority = Authority::new("one");
    let port = serve(&authority.identity("localhost"), None, &[&rustls::version::TLS12]);
    samples(&attempt(https(trusting(&authority)), format!("localhost:{port}")).await);
    let tls = TlsConfig { min_version: Some(TlsVersion::Tls13), ..trusting(&authority) };
    let refused = attempt(https(tls), format!("localhost:{port}")).await;
    assert!(failure(&refused).starts_with(&format!("TLS with localhost:{port} failed: ")), "{}", failure(&refused));
}

#[tokio::test]
async fn a_client_shows_its_certificate() {
    let authority = Authority::new("one");
    let port = serve(&authority.identity("localhost"), Some(&authority), rustls::ALL_VERSIONS);
    let client = authority.identity("client");
    let key = slowburn::config::auth::Secret::Value(client.key.clone().into());
    let tls = TlsConfig { cert: Some(PemSource::Text(client.cert)), key: Some(key), ..trusting(&authority) };
    samples(&attempt(https(tls), format!("localhost:{port}")).await);
    let nobody = attempt(https(trusting(&authority)), format!("localhost:{port}")).await;
    assert!(failure(&nobody).ends_with("the server requires a client certificate"), "{}", failure(&nobody));
}

#[tokio::test]
async fn https_to_a_plain_port_is_explained() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let server = async {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("written");
        std::future::pending::<()>().await;
    };
    let told = tokio::select! {
        told = attempt(https(TlsConfig::default()), address) => told,
        () = server => unreachable!("it waits"),
    };
    let expected = format!("TLS with {address} failed: the answer is not TLS; does the port speak plain HTTP?");
    assert_eq!(failure(&told), expected);
}

#[tokio::test]
async fn bad_files_are_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("ca.pem");
    std::fs::write(&path, "no certificate").expect("written");
    let shown = path.display();
    let ca = |ca| TlsConfig { ca: Some(ca), ..TlsConfig::default() };
    let cert = TlsConfig { cert: Some(PemSource::Text(Authority::new("one").pem)), ..TlsConfig::default() };
    for (tls, expected) in [
        (ca(PemSource::File("/nowhere/ca.pem".into())), "tls_config: ca_file /nowhere/ca.pem: No such file".to_owned()),
        (ca(PemSource::File(path.clone())), format!("tls_config: ca_file {shown} holds no PEM certificate")),
        (ca(PemSource::Text("x".into())), "tls_config: ca holds no PEM certificate".to_owned()),
        (cert, "tls_config: cert and key belong together, one of them is missing".to_owned()),
    ] {
        let attempt = attempt(https(tls), "localhost:1").await;
        assert!(failure(&attempt).starts_with(&expected), "{expected}: {}", failure(&attempt));
    }
}

#[tokio::test]
async fn a_renewed_ca_file_is_used_at_the_next_attempt() {
    let (old, new) = (Authority::new("one"), Authority::new("one"));
    let port = serve(&new.identity("localhost"), None, rustls::ALL_VERSIONS);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("ca.pem");
    std::fs::write(&path, &old.pem).expect("written");
    let tls = TlsConfig { ca: Some(PemSource::File(path.clone())), ..TlsConfig::default() };
    let mut scraper = scraper(https(tls), format!("localhost:{port}"));
    failure(&scraper.attempt(clock::now()).await);
    // Another length makes the change visible however coarse the file system's clock is.
    std::fs::write(&path, format!("{}\n\n", new.pem)).expect("written");
    samples(&scraper.attempt(clock::now()).await);
}
