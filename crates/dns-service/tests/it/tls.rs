//! TLS on a real listener: certificates of servers, clients and vantage points.

use std::path::{Path, PathBuf};

use dns_service::config::{CertificateFiles, TlsConfig};
use dns_service::http::{BindError, PlainHttp, bind};
use dns_service::tls::client_config;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::Client;

use crate::served::{Served, Setup, serve};

/// An authority with its certificate in a folder.
struct Authority {
    folder: tempfile::TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let mut params = CertificateParams::new(Vec::new()).expect("params");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("key")).expect("authority");
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).expect("written");
        Self { folder, issuer }
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn issue(&self, name: &str) -> CertificateFiles {
        let key = KeyPair::generate().expect("key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("params");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        let path = |end: &str| self.folder.path().join(format!("{name}.{end}"));
        std::fs::write(path("crt"), certificate.pem()).expect("written");
        std::fs::write(path("key"), key.serialize_pem()).expect("written");
        CertificateFiles { cert: path("crt"), key: path("key") }
    }
}

fn trusting(ca: &Path) -> TlsConfig {
    TlsConfig { ca: Some(ca.to_owned()), ..TlsConfig::default() }
}

fn client(tls: &TlsConfig, peer: Option<&str>) -> Client {
    let peer = peer.map(|name| name.parse().expect("name"));
    let config = client_config(tls, peer.as_ref()).expect("client config");
    Client::builder().no_proxy().tls_backend_preconfigured(config).build().expect("client")
}

async fn reaches(client: &Client, served: &Served) -> bool {
    client.get(format!("{}/healthz", served.url)).send().await.is_ok()
}

fn serve_as(authority: &Authority, name: &str) -> Served {
    let tls = TlsConfig { listener: Some(authority.issue(name)), ..TlsConfig::default() };
    serve(Setup { tls, ..Setup::default() })
}

#[tokio::test]
async fn a_certificate_makes_the_listener_speak_tls() {
    let authority = Authority::new();
    let served = serve_as(&authority, "127.0.0.1");
    assert!(served.url.starts_with("https://"));
    assert!(reaches(&client(&trusting(&authority.ca()), None), &served).await);
    assert!(!reaches(&client(&trusting(&Authority::new().ca()), None), &served).await, "another authority");
    let plain = client(&TlsConfig::default(), None).get(format!("http://{}/healthz", served.address)).send().await;
    assert!(plain.is_err(), "plain HTTP is not spoken there");
}

#[tokio::test]
async fn a_vantage_point_is_known_by_the_name_in_its_certificate() {
    let authority = Authority::new();
    let served = serve_as(&authority, "fra1");
    let tls = trusting(&authority.ca());
    assert!(reaches(&client(&tls, Some("fra1")), &served).await);
    assert!(!reaches(&client(&tls, Some("fra2")), &served).await, "another vantage point's name");
    assert!(!reaches(&client(&tls, None), &served).await, "the url's host is not in the certificate");
}

#[tokio::test]
async fn with_a_client_authority_certificates_are_required() {
    let (authority, other) = (Authority::new(), Authority::new());
    let tls = TlsConfig {
        listener: Some(authority.issue("127.0.0.1")),
        client_ca: Some(authority.ca()),
        ..TlsConfig::default()
    };
    let served = serve(Setup { tls, ..Setup::default() });
    let showing = |files: CertificateFiles| TlsConfig { listener: Some(files), ..trusting(&authority.ca()) };
    assert!(!reaches(&client(&trusting(&authority.ca()), None), &served).await, "no certificate");
    assert!(!reaches(&client(&showing(other.issue("controller")), None), &served).await, "another authority's");
    assert!(reaches(&client(&showing(authority.issue("controller")), None), &served).await);
}

#[test]
fn a_key_of_another_certificate_is_told_before_anything_listens() {
    let authority = Authority::new();
    let (one, two) = (authority.issue("one"), authority.issue("two"));
    let listener = Some(CertificateFiles { cert: one.cert, key: two.key });
    let tls = TlsConfig { listener, ..TlsConfig::default() };
    let refused = bind(([127, 0, 0, 1], 0).into(), PlainHttp::OnLoopback, &tls).expect_err("refused");
    assert!(matches!(refused, BindError::Tls { .. }), "{refused:?}");
    assert!(dns_service::exit::one_line(&refused).contains("one.crt cannot be used"), "{refused:?}");
}
