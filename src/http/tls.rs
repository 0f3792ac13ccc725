//! TLS for outgoing connections: whom to trust, who we are, and which versions.
//!
//! Trust is the configured CA alone when there is one, else the platform's store, else (a container without a store)
//! Mozilla's roots. `server_name` replaces the name that the certificate is checked against; the name announced in the
//! handshake (SNI) stays the URL's host, since the client library takes it from there.

use super::HttpError;
use crate::config::auth::{PemSource, TlsConfig, TlsVersion};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use secrecy::ExposeSecret;
use std::sync::Arc;

/// Builds the TLS side of a client; files are read now.
pub fn client_config(config: &TlsConfig, http2: bool) -> Result<ClientConfig, HttpError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions(config.min_version))
        .map_err(bad)?
        .dangerous()
        .with_custom_certificate_verifier(verifier(config, &provider)?);
    let mut client = match (&config.cert, &config.key) {
        (Some(cert), Some(key)) => {
            let certs = certificates("cert", cert)?;
            let key = key.read().map_err(HttpError::Config)?;
            let key = PrivateKeyDer::from_pem_slice(key.expose_secret().as_bytes())
                .map_err(|_| HttpError::Config("tls_config: key holds no PEM private key".into()))?;
            builder.with_client_auth_cert(certs, key).map_err(bad)?
        }
        (None, None) => builder.with_no_client_auth(),
        _ => return Err(HttpError::Config("tls_config: cert and key belong together, one of them is missing".into())),
    };
    client.alpn_protocols = if http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
    Ok(client)
}

fn bad(error: rustls::Error) -> HttpError {
    HttpError::Config(format!("tls_config: {error}"))
}

static FROM_TLS13: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS13];

fn versions(min: Option<TlsVersion>) -> &'static [&'static SupportedProtocolVersion] {
    match min {
        Some(TlsVersion::Tls13) => &FROM_TLS13,
        Some(TlsVersion::Tls12) | None => rustls::ALL_VERSIONS,
    }
}

fn verifier(config: &TlsConfig, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, HttpError> {
    if config.insecure_skip_verify {
        return Ok(Arc::new(Unverified(provider.signature_verification_algorithms)));
    }
    let inner = match &config.ca {
        Some(ca) => webpki(certificates("ca", ca)?, provider)?,
        None => match rustls_platform_verifier::Verifier::new(provider.clone()) {
            Ok(platform) => Arc::new(platform),
            Err(_) => webpki(webpki_root_certs::TLS_SERVER_ROOT_CERTS.to_vec(), provider)?,
        },
    };
    let Some(name) = &config.server_name else { return Ok(inner) };
    let name = ServerName::try_from(name.clone())
        .map_err(|_| HttpError::Config(format!("tls_config: server_name {name:?} is not a host name")))?;
    Ok(Arc::new(Named { name, inner }))
}

fn webpki(
    certificates: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, HttpError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate).map_err(bad)?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
    Ok(verifier.map_err(|error| HttpError::Config(format!("tls_config: ca: {error}")))?)
}

fn certificates(key: &str, source: &PemSource) -> Result<Vec<CertificateDer<'static>>, HttpError> {
    let (pem, place) = match source {
        PemSource::Text(text) => (text.as_bytes().to_vec(), key.to_owned()),
        PemSource::File(path) => {
            let place = format!("{key}_file {}", path.display());
            let pem = std::fs::read(path).map_err(|e| HttpError::Config(format!("tls_config: {place}: {e}")))?;
            (pem, place)
        }
    };
    let certificates = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(HttpError::Config(format!("tls_config: {place} holds no PEM certificate"))),
    }
}

/// `server_name`: the certificate is checked against this name instead of the URL's host.
#[derive(Debug)]
struct Named {
    name: ServerName<'static>,
    inner: Arc<dyn ServerCertVerifier>,
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.inner.verify_server_cert(end_entity, intermediates, &self.name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// `insecure_skip_verify`: any certificate will do, but the peer must hold its key.
#[derive(Debug)]
struct Unverified(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
