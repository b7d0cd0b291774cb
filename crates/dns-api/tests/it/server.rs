//! Servers that say what a test tells them to.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use axum::Router;
use axum_server::tls_rustls::RustlsConfig;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Serves until the test's runtime ends.
pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("binds");
    let address = listener.local_addr().expect("is bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// An authority, its PEM file, and what it issues.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    _folder: TempDir,
    pub(crate) file: PathBuf,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("signs");
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, issuer.pem()).expect("writes");
        Self { issuer, _folder: folder, file }
    }

    /// Serves over TLS with a certificate for `name`.
    pub(crate) async fn serve(&self, name: &str, router: Router) -> SocketAddr {
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("signs");
        let (chain, key) = (certificate.pem().into_bytes(), key.serialize_pem().into_bytes());
        let tls = RustlsConfig::from_pem(chain, key).await.expect("a certificate and its key");
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("binds");
        listener.set_nonblocking(true).expect("tokio needs it");
        let address = listener.local_addr().expect("is bound");
        let server = axum_server::from_tcp_rustls(listener, tls).expect("takes the socket");
        tokio::spawn(async move { server.serve(router.into_make_service()).await });
        address
    }
}
