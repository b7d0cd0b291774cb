//! Asks a monitor to ask a server.
//!
//! The monitor is known by its name as in [`crate::evidence_stream`]: by its certificate, and by what it says it is. Every
//! question is sent once; whom to ask next is the caller's decision.

use std::time::Duration;

use dns_core::identifier::VantageName;
use http::{StatusCode, header};
use url::Url;

use super::{ANSWER_TIMEOUT, AskOutcome, AskReport, AskRequest};
use crate::client::causes;
use crate::evidence_stream::{EvidenceAccess, route};
use crate::problem::Problem;
use crate::transport::{self, BearerToken, SetupError};

/// The largest answer that is read: a message of 64 KiB in base64, and its frame.
const ANSWER_BYTES_MAX: usize = 128 * 1024;

/// How many connections to one monitor are kept for the next questions; a verification asks a few servers at once.
const IDLE_MAX: usize = 8;

/// A question that was not asked, by what the caller can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// No connection, or none that lasted: ask again, or by way of another vantage point.
    #[error("it cannot be reached: {reason}")]
    Unreachable {
        /// What happened, down to the cause.
        reason: String,
    },
    /// It does not ask this: a person must look at token, role or configuration.
    #[error("it refuses to ask ({status}): {detail}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What it said.
        detail: String,
    },
    /// It is somebody else, or what it says cannot be understood: a person must look.
    #[error("its answer cannot be used: {reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
    },
}

/// A client of one vantage point. Cloning it is cheap and shares its connections.
#[derive(Clone, Debug)]
pub struct AskClient {
    http: reqwest::Client,
    url: Url,
    vantage: VantageName,
    token: Option<BearerToken>,
}

impl AskClient {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`SetupError`] if URL, name or authority cannot be used.
    pub fn new(access: &EvidenceAccess) -> Result<Self, SetupError> {
        let EvidenceAccess { vantage, url, token, ca } = access;
        let (url, resolver) = route(vantage, url)?;
        let http = transport::builder(&url, ca.as_deref())?
            .dns_resolver(resolver)
            .pool_max_idle_per_host(IDLE_MAX)
            .timeout(ANSWER_TIMEOUT)
            .build()
            .map_err(|source| SetupError::Backend { url: url.to_string(), source })?;
        let url = transport::join(&url, ["api", "v1", "ask"]);
        Ok(Self { http, url, vantage: vantage.clone(), token: token.clone() })
    }

    /// Whom it asks.
    pub fn vantage(&self) -> &VantageName {
        &self.vantage
    }

    /// Asks once, within [`ANSWER_TIMEOUT`] and `within`.
    ///
    /// # Errors
    /// [`AskError`]. That the server does not answer is no error.
    pub async fn ask(&self, request: &AskRequest, within: Duration) -> Result<AskOutcome, AskError> {
        let mut post = self.http.post(self.url.clone()).timeout(within.min(ANSWER_TIMEOUT)).json(request);
        if let Some(token) = &self.token {
            post = post.header(header::AUTHORIZATION, token.header());
        }
        let response = post.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = read(response).await?;
        if status != StatusCode::OK {
            return Err(refused(status, &body));
        }
        let malformed = |reason: String| AskError::Malformed { reason };
        let AskReport { vantage, outcome } =
            serde_json::from_slice(&body).map_err(|error| malformed(error.to_string()))?;
        if vantage != self.vantage.as_str() {
            return Err(malformed(format!("it says that it is vantage point {vantage}")));
        }
        Ok(outcome)
    }
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, AskError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(AskError::Malformed { reason: format!("it is longer than {ANSWER_BYTES_MAX} bytes") });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn refused(status: StatusCode, body: &[u8]) -> AskError {
    let problem = serde_json::from_slice::<Problem>(body);
    let detail = problem.map_or_else(|_| "it answers unlike a monitor".to_owned(), |problem| problem.detail);
    AskError::Refused { status: status.as_u16(), detail }
}

fn unreachable(error: reqwest::Error) -> AskError {
    AskError::Unreachable { reason: causes(&error.without_url()) }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::StatusCode;
    use axum::routing::post;

    use super::*;

    /// Asks a monitor `fra1` that answers this.
    async fn asked(status: StatusCode, body: String) -> Result<AskOutcome, AskError> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound")).parse().expect("a URL");
        let routes = Router::new().route("/api/v1/ask", post(move || async move { (status, body) }));
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await });
        let access = EvidenceAccess { vantage: "fra1".parse().expect("a name"), url, token: None, ca: None };
        let asked = AskClient::new(&access).expect("a client").ask(&request(), ANSWER_TIMEOUT).await;
        serving.abort();
        asked
    }

    fn request() -> AskRequest {
        let text = str::to_owned;
        AskRequest { server: text("192.0.2.53:53"), name: text("api.example.com."), rtype: text("A") }
    }

    fn report(vantage: &str) -> String {
        format!(r#"{{"vantage":"{vantage}","outcome":{{"silent":"timed out"}}}}"#)
    }

    #[tokio::test]
    async fn hands_over_what_the_vantage_point_was_answered() {
        let outcome = asked(StatusCode::OK, report("fra1")).await;
        assert_eq!(outcome, Ok(AskOutcome::Silent("timed out".to_owned())));
    }

    #[tokio::test]
    async fn takes_no_answer_of_somebody_else() {
        let error = asked(StatusCode::OK, report("lon1")).await.expect_err("an impostor");
        assert_eq!(error.to_string(), "its answer cannot be used: it says that it is vantage point lon1");
        let endless = asked(StatusCode::OK, "x".repeat(ANSWER_BYTES_MAX + 1)).await.expect_err("too long");
        assert!(endless.to_string().contains("longer than 131072 bytes"), "{endless}");
    }

    #[tokio::test]
    async fn says_why_a_vantage_point_did_not_ask() {
        let problem = r#"{"type":"x","title":"x","status":403,"detail":"not that server"}"#;
        let error = asked(StatusCode::FORBIDDEN, problem.to_owned()).await.expect_err("refused");
        assert_eq!(error.to_string(), "it refuses to ask (403): not that server");
        let url = "http://127.0.0.1:1".parse().expect("a URL");
        let access = EvidenceAccess { vantage: "fra1".parse().expect("a name"), url, token: None, ca: None };
        let error = AskClient::new(&access).expect("a client").ask(&request(), ANSWER_TIMEOUT).await;
        assert!(matches!(error, Err(AskError::Unreachable { .. })), "{error:?}");
    }
}
