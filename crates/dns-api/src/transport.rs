//! How both clients connect: one TLS backend, no system proxy, no redirects, bounded connecting, own authorities.
//!
//! A proxy from the environment would stand between the controller and its evidence without anyone having said so,
//! and a redirect would carry a token to a place that nobody configured.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http::HeaderValue;
use reqwest::{Certificate, ClientBuilder, redirect};
use url::Url;

/// Longer than a handshake over any path that is worth using, shorter than the 3 s after which evidence is stale.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_millis(2500);

/// A client cannot be made from what was configured: a person must change it.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The URL is none that this client can use.
    #[error("`{url}` cannot be used: {reason}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The file of the authority cannot be used.
    #[error("cannot use the authority in {}: {reason}", .path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The token has bytes that no header can carry.
    #[error("the token holds characters that no HTTP header can carry")]
    Token,
    /// The TLS backend could not be set up.
    #[error("cannot set up a client for {url}")]
    Backend {
        /// For whom.
        url: String,
        /// What the library said.
        #[source]
        source: reqwest::Error,
    },
}

/// A bearer token (RFC 6750 §2.1), kept out of logs.
#[derive(Clone)]
pub struct BearerToken(HeaderValue);

impl BearerToken {
    /// Takes the token without its scheme.
    ///
    /// # Errors
    /// [`SetupError::Token`] if no header can carry it.
    pub fn new(token: &str) -> Result<Self, SetupError> {
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| SetupError::Token)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// The value of its `Authorization` header.
    pub fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl std::fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BearerToken(…)")
    }
}

/// A builder for clients of `url`, trusting `ca` alone if it is given, else the system's authorities.
///
/// # Errors
/// [`SetupError::Authority`] if `ca` cannot be used.
pub fn builder(url: &Url, ca: Option<&Path>) -> Result<ClientBuilder, SetupError> {
    install_crypto();
    let builder = ClientBuilder::new()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true);
    Ok(match ca {
        Some(path) => builder.tls_certs_only(authorities(path)?),
        // Without TLS no authority is needed, and a machine without any must not be refused.
        None if url.scheme() == "http" => builder.tls_certs_only([]),
        None => builder,
    })
}

/// `url` with path segments added, each percent-encoded as needed.
pub(crate) fn join<'a>(url: &Url, segments: impl IntoIterator<Item = &'a str>) -> Url {
    let mut joined = url.clone();
    joined
        .path_segments_mut()
        .expect("invariant: clients are made for http and https URLs only, which have paths")
        .pop_if_empty()
        .extend(segments);
    joined
}

/// reqwest is built without a crypto provider and panics if the process has none. Whoever installed one first wins;
/// failing to be second is no error.
fn install_crypto() {
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, SetupError> {
    let refused = |reason: String| SetupError::Authority { path: path.to_owned(), reason };
    let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|error| refused(error.to_string()))?;
    if found.is_empty() {
        return Err(refused("it holds no certificate in PEM form".to_owned()));
    }
    Ok(found)
}
