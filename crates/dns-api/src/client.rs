//! The typed client of the controller's API.
//!
//! Every call is bounded in time and in the size of its answer, is sent once, and fails with an error that says what
//! the caller can do. It does not retry: a repeated write is the caller's decision.

mod calls;
mod error;
mod filter;

use std::path::PathBuf;
use std::time::Duration;

use http::{Method, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

pub use self::error::ClientError;
pub(crate) use self::error::causes;
use self::error::{failure, quote};
pub use self::filter::{HistoryFilter, ObservationFilter, RecoveryFilter};
use crate::transport::{self, BearerToken, SetupError};

/// The largest answer that is read: a full page of history with its evidence is a tenth of it.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Where the controller is and how to speak to it.
#[derive(Clone, Debug)]
pub struct ControllerAccess {
    /// Its URL, `http` or `https`.
    pub server: Url,
    /// What authenticates the caller.
    pub token: Option<BearerToken>,
    /// A PEM file with the only authorities to trust, instead of the system's.
    pub ca: Option<PathBuf>,
    /// How long one call may take, from connecting to the last byte.
    pub timeout: Duration,
}

/// A client of one controller. Cloning it is cheap and shares its connections.
#[derive(Clone, Debug)]
pub struct ControllerClient {
    http: reqwest::Client,
    server: Url,
    token: Option<BearerToken>,
}

impl ControllerClient {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`SetupError`] if URL or authority cannot be used.
    pub fn new(access: &ControllerAccess) -> Result<Self, SetupError> {
        let ControllerAccess { server, token, ca, timeout } = access;
        if !matches!(server.scheme(), "http" | "https") || !server.has_host() {
            let reason = "it must start with http:// or https://".to_owned();
            return Err(SetupError::Url { url: server.to_string(), reason });
        }
        let http = transport::builder(server, ca.as_deref())?
            .timeout(*timeout)
            .build()
            .map_err(|source| SetupError::Backend { url: server.to_string(), source })?;
        Ok(Self { http, server: server.clone(), token: token.clone() })
    }

    async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &impl Serialize) -> Result<T, ClientError> {
        self.call(self.request(Method::GET, path).query(query)).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &[&str], body: &impl Serialize) -> Result<T, ClientError> {
        self.call(self.request(Method::POST, path).json(body)).await
    }

    fn request(&self, method: Method, path: &[&str]) -> reqwest::RequestBuilder {
        let url = transport::join(&self.server, ["api", "v1"].into_iter().chain(path.iter().copied()));
        let request = self.http.request(method, url).header(header::ACCEPT, "application/json");
        match &self.token {
            Some(token) => request.header(header::AUTHORIZATION, token.header()),
            None => request,
        }
    }

    async fn call<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, ClientError> {
        let response = request.send().await.map_err(|error| self.transport_error(error))?;
        let status = response.status();
        let body = self.read(response).await?;
        if !status.is_success() {
            return Err(failure(status, &body));
        }
        serde_json::from_slice(&body).map_err(|error| self.garbled(format!("{error} in `{}`", quote(&body))))
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Vec<u8>, ClientError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.transport_error(error))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(self.garbled(format!("the answer is longer than {ANSWER_BYTES_MAX} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn transport_error(&self, error: reqwest::Error) -> ClientError {
        let server = self.server.to_string();
        let connecting = error.is_connect();
        // The URL is named once, in our own words.
        let reason = causes(&error.without_url());
        if connecting { ClientError::Unreachable { server, reason } } else { ClientError::NoAnswer { server, reason } }
    }

    fn garbled(&self, reason: String) -> ClientError {
        ClientError::Garbled { server: self.server.to_string(), reason }
    }
}
