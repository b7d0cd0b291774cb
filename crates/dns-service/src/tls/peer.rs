//! A server that is known by a name of ours and not by the name in the url.

use std::sync::Arc;

use dns_core::identifier::VantageName;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, InvalidDnsNameError, ServerName, UnixTime};

/// Checks a certificate as `inner` does, but for a fixed name.
#[derive(Debug)]
pub(super) struct NamedPeer {
    inner: Arc<dyn ServerCertVerifier>,
    name: ServerName<'static>,
}

impl NamedPeer {
    /// Wraps a verifier.
    ///
    /// # Errors
    /// If the name cannot stand in a certificate; loading a configuration refuses such names for vantage points.
    pub(super) fn wrap(
        inner: Arc<dyn ServerCertVerifier>,
        name: &VantageName,
    ) -> Result<Arc<dyn ServerCertVerifier>, InvalidDnsNameError> {
        let name = ServerName::try_from(name.as_str().to_owned())?;
        Ok(Arc::new(Self { inner, name }))
    }
}

impl ServerCertVerifier for NamedPeer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.inner.verify_server_cert(end_entity, intermediates, &self.name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
