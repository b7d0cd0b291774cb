//! A certificate authority of a test.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::endpoint::Certificate;
use crate::process::Sandbox;

/// An authority with its certificate in a sandbox.
pub struct Authority {
    sandbox: Sandbox,
    issuer: CertifiedIssuer<'static, KeyPair>,
    certificate: PathBuf,
}

impl Authority {
    /// Makes an authority; its certificate is the sandbox's `NAME.pem`.
    ///
    /// # Panics
    ///
    /// When keys or certificates cannot be made.
    pub fn new(sandbox: &Sandbox, name: &str) -> Self {
        let mut params = named(name, Vec::new());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a certificate");
        let certificate = sandbox.write(format!("{name}.pem"), issuer.pem());
        Self { sandbox: sandbox.clone(), issuer, certificate }
    }

    /// The PEM file of its certificate.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// Issues a certificate for host names and addresses as `LABEL.crt` and `LABEL.key`, in place of an earlier one.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    pub fn issue(&self, label: &str, names: &[&str]) -> Certificate {
        self.sign(label, &named(label, owned(names)))
    }

    /// Issues the same, valid until so many hours, and a few minutes, from now; a negative number has passed.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    pub fn issue_for_hours(&self, label: &str, names: &[&str], hours: i64) -> Certificate {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let end = now.checked_add_signed(hours * 3600 + 600).expect("after 1970");
        let mut params = named(label, owned(names));
        params.not_after = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(end);
        self.sign(label, &params)
    }

    fn sign(&self, label: &str, params: &CertificateParams) -> Certificate {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Certificate {
            cert: self.sandbox.write(format!("{label}.crt"), certificate.pem()),
            key: self.sandbox.write(format!("{label}.key"), key.serialize_pem()),
        }
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// OpenSSL takes a certificate for self-signed if subject and issuer have one name, so each gets its own.
fn named(name: &str, alternatives: Vec<String>) -> CertificateParams {
    let mut params = CertificateParams::new(alternatives).expect("parameters");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
