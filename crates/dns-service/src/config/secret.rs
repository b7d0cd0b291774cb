//! Secrets: files that the configuration names and never quotes.
//!
//! Each program checks the ones that it uses itself, so that a controller starts without the monitors' secrets on
//! its disk. Nothing here keeps a secret: the check reads it and forgets it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use dns_core::identifier::VantageName;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use url::{Host, Url};

use super::fault::{Fault, Place};

/// The largest secret file. Tokens and keys are far smaller; a wrong path to a log or a device must not be swallowed.
pub const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Which program loads the configuration, and so which secrets it must be able to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// `failover-controller`.
    Controller,
    /// `dns-monitor` at a vantage point.
    Monitor(VantageName),
    /// `dns-sync`.
    Sync,
    /// `dns-admin`, which checks for everyone.
    Admin(SecretCheck),
}

/// Whether `dns-admin` looks for secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretCheck {
    /// Every one must be readable here.
    Require,
    /// None is looked for: this machine is not the one that runs the daemons.
    Skip,
}

/// Why a secret file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Its content is none that could be meant.
    #[error("{} {reason}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Reads a file whose one line is a secret; the line's end is not part of it.
///
/// # Errors
/// [`SecretError`]: unreadable, empty, larger than [`SECRET_BYTES_MAX`], several lines, or not text.
pub fn read_secret_line(path: &Path) -> Result<String, SecretError> {
    let wrong = |reason: &str| SecretError::Content { path: path.to_owned(), reason: reason.to_owned() };
    let text = String::from_utf8(read_bounded(path)?).map_err(|_| wrong("is not text"))?;
    let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if line.is_empty() {
        return Err(wrong("is empty"));
    }
    if line.contains(['\n', '\r']) {
        return Err(wrong("has several lines, one is expected"));
    }
    if line.trim() != line {
        return Err(wrong("has white space around the secret"));
    }
    Ok(line.to_owned())
}

/// Reads a file up to [`SECRET_BYTES_MAX`].
pub(crate) fn read_bounded(path: &Path) -> Result<Vec<u8>, SecretError> {
    let failed = |source| SecretError::Read { path: path.to_owned(), source };
    let mut content = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(SECRET_BYTES_MAX + 1).read_to_end(&mut content).map_err(failed)?;
    if content.len() as u64 > SECRET_BYTES_MAX {
        let reason = format!("is larger than {SECRET_BYTES_MAX} bytes");
        return Err(SecretError::Content { path: path.to_owned(), reason });
    }
    Ok(content)
}

/// Reads the certificates of a PEM file; there is at least one.
///
/// # Errors
/// [`SecretError`].
pub fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SecretError> {
    let content = read_bounded(path)?;
    let wrong = |reason: String| SecretError::Content { path: path.to_owned(), reason };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&content).collect();
    let certificates = certificates.map_err(|error| wrong(format!("is no PEM file: {error}")))?;
    if certificates.is_empty() { Err(wrong("holds no certificate".to_owned())) } else { Ok(certificates) }
}

/// Reads the private key of a PEM file.
///
/// # Errors
/// [`SecretError`].
pub fn read_private_key(path: &Path) -> Result<PrivateKeyDer<'static>, SecretError> {
    let content = read_bounded(path)?;
    PrivateKeyDer::from_pem_slice(&content).map_err(|error| SecretError::Content {
        path: path.to_owned(),
        reason: format!("holds no private key: {error}"),
    })
}

/// What a file must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretKind {
    /// One line.
    Line,
    /// One line of base64.
    Base64Line,
    /// One line by which messages are signed.
    SigningKey,
    /// One line, an URL that is a secret itself.
    Url,
    /// PEM certificates.
    Certificates,
    /// A PEM private key.
    PrivateKey,
}

impl SecretKind {
    fn check(self, path: &Path) -> Result<(), SecretError> {
        match self {
            Self::Line => read_secret_line(path).map(drop),
            Self::Base64Line => read_base64_line(path).map(drop),
            Self::SigningKey => read_signing_key(path).map(drop),
            Self::Url => read_secret_url(path).map(drop),
            Self::Certificates => read_certificates(path).map(drop),
            Self::PrivateKey => read_private_key(path).map(drop),
        }
    }
}

/// Reads a file whose one line is a secret in base64, such as a TSIG key.
///
/// # Errors
/// [`SecretError`].
pub fn read_base64_line(path: &Path) -> Result<Vec<u8>, SecretError> {
    let line = read_secret_line(path)?;
    BASE64.decode(line.as_bytes()).map_err(|_| SecretError::Content {
        path: path.to_owned(),
        reason: "is no base64 with padding, as tsig-keygen and keymgr print it".to_owned(),
    })
}

/// The fewest bytes that sign: fewer can be found by trying (the Standard Webhooks specification asks for 24).
const SIGNING_BYTES_MIN: usize = 24;

/// What begins a secret in base64, by the Standard Webhooks specification.
const SIGNING_PREFIX: &str = "whsec_";

/// Reads a file whose one line is a secret that signs messages: `whsec_` and base64, or its own bytes.
///
/// # Errors
/// [`SecretError`].
pub fn read_signing_key(path: &Path) -> Result<Vec<u8>, SecretError> {
    let line = read_secret_line(path)?;
    let wrong = |reason: String| SecretError::Content { path: path.to_owned(), reason };
    let key = match line.strip_prefix(SIGNING_PREFIX) {
        Some(encoded) => BASE64
            .decode(encoded.as_bytes())
            .map_err(|_| wrong(format!("has no base64 with padding after `{SIGNING_PREFIX}`")))?,
        None => line.into_bytes(),
    };
    if key.len() < SIGNING_BYTES_MIN {
        let hint = "`openssl rand -hex 32` makes one";
        return Err(wrong(format!("has {} bytes, at least {SIGNING_BYTES_MIN} sign; {hint}", key.len())));
    }
    Ok(key)
}

/// Reads a file whose one line is a URL that is a secret itself, as those of chat services are.
///
/// # Errors
/// [`SecretError`]; the URL is not quoted.
pub fn read_secret_url(path: &Path) -> Result<Url, SecretError> {
    let line = read_secret_line(path)?;
    let url = Url::parse(&line).ok().filter(|url| url.scheme() == "https" || is_plain_on_loopback(url));
    url.ok_or_else(|| SecretError::Content { path: path.to_owned(), reason: "holds no https URL".to_owned() })
}

fn is_plain_on_loopback(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    url.scheme() == "http" && loopback
}

/// Who needs a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretUser {
    /// The controller.
    Controller,
    /// Who writes to providers: the controller and `dns-sync`.
    Writers,
    /// `dns-sync`.
    Sync,
    /// Every monitor.
    Monitors,
    /// Every daemon.
    Daemons,
    /// The monitors that cover a service, by its position in the configuration.
    Probes(usize),
}

/// A secret, where it is named.
#[derive(Clone, Debug)]
pub(super) struct SecretUse {
    pub(super) place: Place,
    pub(super) path: String,
    pub(super) file: PathBuf,
    pub(super) kind: SecretKind,
    pub(super) user: SecretUser,
}

impl SecretUse {
    /// Whether a program needs it; `covers` says which services a vantage point probes.
    pub(super) fn is_needed_by(&self, program: &Program, covers: impl Fn(&VantageName, usize) -> bool) -> bool {
        match (program, self.user) {
            (Program::Admin(check), _) => *check == SecretCheck::Require,
            (Program::Controller, SecretUser::Controller | SecretUser::Writers | SecretUser::Daemons)
            | (Program::Sync, SecretUser::Sync | SecretUser::Writers | SecretUser::Daemons)
            | (Program::Monitor(_), SecretUser::Monitors | SecretUser::Daemons) => true,
            (Program::Monitor(name), SecretUser::Probes(service)) => covers(name, service),
            (Program::Controller, SecretUser::Sync | SecretUser::Monitors | SecretUser::Probes(_))
            | (Program::Sync, SecretUser::Controller | SecretUser::Monitors | SecretUser::Probes(_))
            | (Program::Monitor(_), SecretUser::Controller | SecretUser::Sync | SecretUser::Writers) => false,
        }
    }

    /// The fault if the file cannot be used.
    pub(super) fn check(&self) -> Option<Fault> {
        let error = self.kind.check(&self.file).err()?;
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        let hint = match &error {
            SecretError::Read { .. } => Some("the file must exist and be readable by this process".to_owned()),
            SecretError::Content { .. } => None,
        };
        Some(Fault::new(&self.place, &self.path, format!("{error}{cause}"), hint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8]) -> Result<String, String> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, content).expect("written");
        read_secret_line(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn one_line_with_or_without_its_end() {
        assert_eq!(read(b"s3cret\n"), Ok("s3cret".to_owned()));
        assert_eq!(read(b"s3cret\r\n"), Ok("s3cret".to_owned()));
        assert_eq!(read(b"s3cret"), Ok("s3cret".to_owned()));
    }

    fn file(content: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, content).expect("written");
        (folder, path)
    }

    #[test]
    fn a_signing_key_is_its_own_bytes_or_base64_after_its_prefix_and_never_short() {
        let key = |content: &str| {
            let (_folder, path) = file(content);
            read_signing_key(&path).map_err(|error| error.to_string())
        };
        let plain = "0123456789abcdef01234567";
        assert_eq!(key(plain), Ok(plain.as_bytes().to_vec()));
        assert_eq!(key("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3\n"), Ok(plain.as_bytes().to_vec()));
        assert!(key("whsec_!").expect_err("no base64").contains("base64"));
        assert!(key("0123456789abcdef0123456").expect_err("23 bytes").contains("at least 24"));
    }

    #[test]
    fn a_secret_url_is_encrypted_on_its_way_and_shows_in_no_error() {
        let url = |content: &str| {
            let (_folder, path) = file(content);
            read_secret_url(&path).map(|url| url.to_string()).map_err(|error| error.to_string())
        };
        assert!(url("https://hooks.example.net/T0/s3cret-part").is_ok());
        assert!(url("http://127.0.0.1:9/x").is_ok());
        for bad in ["http://hooks.example.net/T0/s3cret-part", "ftp://127.0.0.1/s3cret-part", "s3cret-part"] {
            let error = url(bad).expect_err("refused");
            assert!(error.contains("holds no https URL") && !error.contains("s3cret-part"), "{error}");
        }
    }

    #[test]
    fn refuses_what_is_no_secret() {
        for bad in [b"".as_slice(), b"\n", b"a\nb\n", b"a\n\n", b" a\n", b"\xff\n"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        assert!(read(&vec![b'a'; 65 * 1024]).expect_err("too large").contains("larger"));
        assert!(read_secret_line(Path::new("/nonexistent/secret")).is_err());
    }
}
