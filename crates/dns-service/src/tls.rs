//! TLS for listeners and connections: rustls with aws-lc-rs, from PEM files.
//!
//! Files are read once; a rotated certificate is picked up at the next start.

mod peer;

use std::path::Path;
use std::sync::Arc;

use dns_core::identifier::VantageName;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use self::peer::NamedPeer;
use crate::config::secret::{SecretError, read_certificates, read_private_key};
use crate::config::{CertificateFiles, TlsConfig};

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] SecretError),
    /// Certificate and key do not fit, or an authority is none.
    #[error("{subject} cannot be used")]
    Rejected {
        /// The file.
        subject: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl TlsError {
    fn rejected(subject: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Rejected { subject: subject.display().to_string(), source: source.into() }
    }
}

/// Makes aws-lc-rs the crypto of everything in this process that uses rustls. May be called often.
pub fn install_crypto_provider() {
    // An error says that one is installed already; every caller here installs the same.
    let _ = aws_lc_rs::default_provider().install_default();
}

/// TLS for a listener; with a client authority, clients without its certificate are refused.
///
/// # Errors
/// [`TlsError`].
pub fn server_config(files: &CertificateFiles, client_ca: Option<&Path>) -> Result<ServerConfig, TlsError> {
    install_crypto_provider();
    let builder = match client_ca {
        None => ServerConfig::builder().with_no_client_auth(),
        Some(path) => {
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots(path)?)).build();
            let verifier = verifier.map_err(|error| TlsError::rejected(path, error))?;
            ServerConfig::builder().with_client_cert_verifier(verifier)
        }
    };
    let (chain, key) = (read_certificates(&files.cert)?, read_private_key(&files.key)?);
    let mut config = builder.with_single_cert(chain, key).map_err(|error| TlsError::rejected(&files.cert, error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// TLS for connections: trusts `tls.ca`, else the system's authorities, and shows the listener's certificate if the
/// other side asks for one. With `peer`, the server must prove to be that vantage point: its certificate must carry
/// the vantage point's name, whatever the url says (architecture §6).
///
/// # Errors
/// [`TlsError`].
pub fn client_config(tls: &TlsConfig, peer: Option<&VantageName>) -> Result<ClientConfig, TlsError> {
    install_crypto_provider();
    let verifier = server_verifier(tls.ca.as_deref())?;
    let verifier = match peer {
        Some(name) => NamedPeer::wrap(verifier, name)
            .map_err(|error| TlsError::Rejected { subject: format!("the name `{name}`"), source: error.into() })?,
        None => verifier,
    };
    let builder = ClientConfig::builder().dangerous().with_custom_certificate_verifier(verifier);
    let Some(files) = &tls.listener else { return Ok(builder.with_no_client_auth()) };
    let (chain, key) = (read_certificates(&files.cert)?, read_private_key(&files.key)?);
    builder.with_client_auth_cert(chain, key).map_err(|error| TlsError::rejected(&files.cert, error))
}

fn server_verifier(ca: Option<&Path>) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    if let Some(path) = ca {
        let verifier = WebPkiServerVerifier::builder(Arc::new(roots(path)?)).build();
        return Ok(verifier.map_err(|error| TlsError::rejected(path, error))?);
    }
    let provider = CryptoProvider::get_default().map_or_else(|| Arc::new(aws_lc_rs::default_provider()), Arc::clone);
    let verifier = rustls_platform_verifier::Verifier::new(provider);
    Ok(Arc::new(verifier.map_err(|error| TlsError::rejected(Path::new("the system's trust store"), error))?))
}

fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in read_certificates(path)? {
        roots.add(certificate).map_err(|error| TlsError::rejected(path, error))?;
    }
    Ok(roots)
}
