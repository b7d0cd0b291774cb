//! Asks a monitor to inject failures, and to stop.
//!
//! The monitor is known by its name as in [`crate::evidence_stream`]. Each call is made once; the drill that makes it decides
//! whether to make it again.

use dns_core::identifier::VantageName;
use http::header;
use serde::Serialize;
use url::Url;

use super::{ANSWER_TIMEOUT, InjectionEnd, InjectionReport, InjectionRequest};
use crate::client::causes;
use crate::evidence_stream::{EvidenceAccess, route};
use crate::problem::Problem;
use crate::transport::{self, BearerToken, SetupError};

/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A call that did not do what it should, by what the caller can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InjectionError {
    /// No connection, or none that lasted: try again.
    #[error("{vantage} cannot be reached: {reason}")]
    Unreachable {
        /// The vantage point.
        vantage: VantageName,
        /// What happened, down to the cause.
        reason: String,
    },
    /// It does not do this: a person must look at its version, token or configuration.
    #[error("{vantage} refuses ({status}): {detail}")]
    Refused {
        /// The vantage point.
        vantage: VantageName,
        /// HTTP status.
        status: u16,
        /// What it said.
        detail: String,
    },
}

/// A client of one vantage point. Cloning it is cheap and shares its connections.
#[derive(Clone, Debug)]
pub struct InjectionClient {
    http: reqwest::Client,
    begin: Url,
    end: Url,
    vantage: VantageName,
    token: Option<BearerToken>,
}

impl InjectionClient {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`SetupError`] if URL, name or authority cannot be used.
    pub fn new(access: &EvidenceAccess) -> Result<Self, SetupError> {
        let EvidenceAccess { vantage, url, token, ca } = access;
        let (url, resolver) = route(vantage, url)?;
        let http = transport::builder(&url, ca.as_deref())?
            .dns_resolver(resolver)
            .timeout(ANSWER_TIMEOUT)
            .build()
            .map_err(|source| SetupError::Backend { url: url.to_string(), source })?;
        let begin = transport::join(&url, ["api", "v1", "drills"]);
        let end = transport::join(&url, ["api", "v1", "drills", "end"]);
        Ok(Self { http, begin, end, vantage: vantage.clone(), token: token.clone() })
    }

    /// Whom it asks.
    pub fn vantage(&self) -> &VantageName {
        &self.vantage
    }

    /// Asks to inject, or to go on for longer.
    ///
    /// # Errors
    /// [`InjectionError`].
    pub async fn begin(&self, request: &InjectionRequest) -> Result<InjectionReport, InjectionError> {
        self.post(&self.begin, request).await
    }

    /// Asks to stop. One that did not inject has stopped.
    ///
    /// # Errors
    /// [`InjectionError`].
    pub async fn end(&self, request: &InjectionEnd) -> Result<InjectionReport, InjectionError> {
        self.post(&self.end, request).await
    }

    async fn post(&self, url: &Url, body: &impl Serialize) -> Result<InjectionReport, InjectionError> {
        let mut post = self.http.post(url.clone()).json(body);
        if let Some(token) = &self.token {
            post = post.header(header::AUTHORIZATION, token.header());
        }
        let response = post.send().await.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        let body = self.read(response).await?;
        if !status.is_success() {
            let problem = serde_json::from_slice::<Problem>(&body).ok();
            let detail = problem.map_or_else(|| "it does not know drills".to_owned(), |problem| problem.detail);
            return Err(self.refused(status.as_u16(), detail));
        }
        let report: InjectionReport =
            serde_json::from_slice(&body).map_err(|error| self.refused(status.as_u16(), error.to_string()))?;
        if report.vantage != self.vantage.as_str() {
            let detail = format!("it says that it is vantage point {}", report.vantage);
            return Err(self.refused(status.as_u16(), detail));
        }
        Ok(report)
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Vec<u8>, InjectionError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(error))? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                let detail = format!("its answer is longer than {ANSWER_BYTES_MAX} bytes");
                return Err(self.refused(response.status().as_u16(), detail));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn unreachable(&self, error: reqwest::Error) -> InjectionError {
        InjectionError::Unreachable { vantage: self.vantage.clone(), reason: causes(&error.without_url()) }
    }

    fn refused(&self, status: u16, detail: String) -> InjectionError {
        InjectionError::Refused { vantage: self.vantage.clone(), status, detail }
    }
}
