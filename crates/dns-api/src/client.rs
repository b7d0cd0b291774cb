//! The typed client of the controller's API.
//!
//! Every call is bounded in time and in the size of its answer, is sent once, and fails with an error that says what
//! the caller can do. It does not retry: a repeated write is the caller's decision.

use std::path::PathBuf;
use std::time::Duration;

use dns_core::identifier::{GroupName, RegionName, ServiceName};
use http::{Method, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::approval::{AnswerRequest, ApprovalList, ApprovalOutcome};
use crate::by_hand::MoveRecord;
use crate::command::{Accepted, BulkAccepted, DecisionReport, FailoverRequest, PauseRequest, ReasonedRequest};
use crate::drill::{DrillList, DrillReport, DrillRequest, DrillStopRequest, RecoveryReport};
use crate::evacuation::{
    EvacuationList, EvacuationPreview, EvacuationReport, EvacuationRequest, RegionList, ReturnRequest,
};
use crate::explain::{ExplanationReport, ObservationReport};
use crate::group::GroupList;
use crate::history::HistoryPage;
use crate::problem::Problem;
use crate::status::{ServiceDetail, ServiceList, ServiceReport, StatusReport};
use crate::transport::{self, BearerToken, SetupError};

/// The largest answer that is read: a full page of history with its evidence is a tenth of it.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How much of an answer that is no JSON is quoted.
const QUOTE_CHARS_MAX: usize = 200;

/// A failed call, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection, so nothing was asked: try again, or another controller.
    #[error("cannot reach the controller at {server}: {reason}")]
    Unreachable {
        /// Its URL.
        server: String,
        /// What happened, down to the cause.
        reason: String,
    },
    /// Asked, but no answer came: a write may have been accepted. Look before repeating it.
    #[error("no answer from the controller at {server}: {reason}")]
    NoAnswer {
        /// Its URL.
        server: String,
        /// What happened, down to the cause.
        reason: String,
    },
    /// The safety kernel or the service's state says no (409): see the rejections.
    #[error("refused: {}", .0.detail)]
    Refused(Box<Problem>),
    /// No token, or one that the controller does not know (401).
    #[error("not authenticated: {}", .0.detail)]
    Unauthorized(Box<Problem>),
    /// The token's role does not allow it (403).
    #[error("not allowed: {}", .0.detail)]
    Forbidden(Box<Problem>),
    /// There is no such service or decision (404).
    #[error("not found: {}", .0.detail)]
    NotFound(Box<Problem>),
    /// Any other error that the controller reports.
    #[error("the controller answered {}: {}", .0.status, .0.detail)]
    Other(Box<Problem>),
    /// The answer is not what a controller says: is it one?
    #[error("{server} does not answer like a controller: {reason}")]
    Garbled {
        /// Its URL.
        server: String,
        /// What is wrong with the answer.
        reason: String,
    },
}

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

/// Which history to read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HistoryFilter {
    /// Of one service only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
    /// Rows after this position; without it the newest rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// How many rows at the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Which observations to read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObservationFilter {
    /// Of one service only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
    /// How far back, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_secs: Option<u64>,
}

/// Which recovery times to report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryFilter {
    /// Of one service only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
    /// How far back, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_secs: Option<u64>,
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

    /// Every service, and every vantage point.
    pub async fn services(&self) -> Result<ServiceList, ClientError> {
        self.get(&["services"], &()).await
    }

    /// The same, with everything that a person should see.
    pub async fn status(&self) -> Result<StatusReport, ClientError> {
        self.get(&["services"], &()).await
    }

    /// One service with its evidence.
    pub async fn service(&self, name: &ServiceName) -> Result<ServiceReport, ClientError> {
        self.get(&["services", name.as_str()], &()).await
    }

    /// The same, with each of its places.
    pub async fn service_detail(&self, name: &ServiceName) -> Result<ServiceDetail, ClientError> {
        self.get(&["services", name.as_str()], &()).await
    }

    /// A page of history, newest last.
    pub async fn history(&self, filter: &HistoryFilter) -> Result<HistoryPage, ClientError> {
        self.get(&["history"], filter).await
    }

    /// How a decision stands.
    pub async fn decision(&self, id: &str) -> Result<DecisionReport, ClientError> {
        self.get(&["decisions", id], &()).await
    }

    /// Why nothing happens to a service right now.
    pub async fn explanation(&self, name: &ServiceName) -> Result<ExplanationReport, ClientError> {
        self.get(&["services", name.as_str(), "explanation"], &()).await
    }

    /// What services that only observe would have done.
    pub async fn observations(&self, filter: &ObservationFilter) -> Result<ObservationReport, ClientError> {
        self.get(&["observations"], filter).await
    }

    /// What waits for a second person.
    pub async fn approvals(&self) -> Result<ApprovalList, ClientError> {
        self.get(&["approvals"], &()).await
    }

    /// What became of something that waited for a second person.
    pub async fn approval(&self, id: &str) -> Result<ApprovalOutcome, ClientError> {
        self.get(&["approvals", id], &()).await
    }

    /// Agrees, as the second person.
    pub async fn approve(&self, id: &str, request: &AnswerRequest) -> Result<Accepted, ClientError> {
        self.post(&["approvals", id, "approve"], request).await
    }

    /// Says no, or takes it back.
    pub async fn decline(&self, id: &str, request: &AnswerRequest) -> Result<Accepted, ClientError> {
        self.post(&["approvals", id, "decline"], request).await
    }

    /// Begins a drill.
    pub async fn begin_drill(&self, name: &ServiceName, request: &DrillRequest) -> Result<DrillReport, ClientError> {
        self.post(&["services", name.as_str(), "drills"], request).await
    }

    /// Ends the drill of a service and brings the service back.
    pub async fn stop_drill(&self, name: &ServiceName) -> Result<DrillReport, ClientError> {
        self.post(&["services", name.as_str(), "drills", "stop"], &DrillStopRequest {}).await
    }

    /// The newest drills, of one service or of all, newest last.
    pub async fn drills(&self, name: Option<&ServiceName>, limit: u32) -> Result<DrillList, ClientError> {
        match name {
            Some(name) => self.get(&["services", name.as_str(), "drills"], &[("limit", limit)]).await,
            None => self.get(&["drills"], &[("limit", limit)]).await,
        }
    }

    /// A drill and what it measured.
    pub async fn drill(&self, id: &str) -> Result<DrillReport, ClientError> {
        self.get(&["drills", id], &()).await
    }

    /// Measured recovery times.
    pub async fn recovery(&self, filter: &RecoveryFilter) -> Result<RecoveryReport, ClientError> {
        self.get(&["drills", "report"], filter).await
    }

    /// Moves a service to a region.
    pub async fn failover(&self, name: &ServiceName, request: &FailoverRequest) -> Result<Accepted, ClientError> {
        self.post(&["services", name.as_str(), "failover"], request).await
    }

    /// Moves a service back to its preferred region.
    pub async fn failback(&self, name: &ServiceName, request: &ReasonedRequest) -> Result<Accepted, ClientError> {
        self.post(&["services", name.as_str(), "failback"], request).await
    }

    /// Blocks automatic writes of a service.
    pub async fn pause(&self, name: &ServiceName, request: &PauseRequest) -> Result<Accepted, ClientError> {
        self.post(&["services", name.as_str(), "pause"], request).await
    }

    /// Ends a pause.
    pub async fn resume(&self, name: &ServiceName, request: &ReasonedRequest) -> Result<Accepted, ClientError> {
        self.post(&["services", name.as_str(), "resume"], request).await
    }

    /// Takes a service's records under a fence.
    pub async fn adopt(&self, name: &ServiceName, request: &ReasonedRequest) -> Result<Accepted, ClientError> {
        self.post(&["services", name.as_str(), "adopt"], request).await
    }

    /// Leaves a service's records and turns its fence into a tombstone.
    pub async fn release(&self, name: &ServiceName, request: &ReasonedRequest) -> Result<Accepted, ClientError> {
        self.post(&["services", name.as_str(), "release"], request).await
    }

    /// Tells of a move that was made by hand.
    pub async fn tell(&self, name: &ServiceName, record: &MoveRecord) -> Result<Accepted, ClientError> {
        self.post(&["services", name.as_str(), "facts"], record).await
    }

    /// Blocks automatic writes of every service.
    pub async fn pause_all(&self, request: &PauseRequest) -> Result<BulkAccepted, ClientError> {
        self.post(&["pause"], request).await
    }

    /// Ends every pause.
    pub async fn resume_all(&self, request: &ReasonedRequest) -> Result<BulkAccepted, ClientError> {
        self.post(&["resume"], request).await
    }

    /// Every region.
    pub async fn regions(&self) -> Result<RegionList, ClientError> {
        self.get(&["regions"], &()).await
    }

    /// Evacuations that are open, and the newest of the others.
    pub async fn evacuations(&self) -> Result<EvacuationList, ClientError> {
        self.get(&["evacuations"], &()).await
    }

    /// One evacuation, by its id or its region.
    pub async fn evacuation(&self, which: &str) -> Result<EvacuationReport, ClientError> {
        self.get(&["evacuations", which], &()).await
    }

    /// What an evacuation would do. The request must ask for a preview.
    pub async fn preview_evacuation(
        &self,
        region: &RegionName,
        request: &EvacuationRequest,
    ) -> Result<EvacuationPreview, ClientError> {
        self.post(&["regions", region.as_str(), "evacuations"], request).await
    }

    /// Moves every service out of a region. The request must not ask for a preview.
    pub async fn evacuate(
        &self,
        region: &RegionName,
        request: &EvacuationRequest,
    ) -> Result<EvacuationReport, ClientError> {
        self.post(&["regions", region.as_str(), "evacuations"], request).await
    }

    /// Stops, resumes or closes an evacuation: `verb` is the last part of the path.
    pub async fn steer_evacuation(
        &self,
        which: &str,
        verb: &str,
        request: &ReasonedRequest,
    ) -> Result<EvacuationReport, ClientError> {
        self.post(&["evacuations", which, verb], request).await
    }

    /// Brings back what an evacuation has moved.
    pub async fn return_evacuated(
        &self,
        which: &str,
        request: &ReturnRequest,
    ) -> Result<EvacuationReport, ClientError> {
        self.post(&["evacuations", which, "return"], request).await
    }

    /// Every group.
    pub async fn groups(&self) -> Result<GroupList, ClientError> {
        self.get(&["groups"], &()).await
    }

    /// Moves all services of a group to a region.
    pub async fn group_failover(&self, name: &GroupName, request: &FailoverRequest) -> Result<Accepted, ClientError> {
        self.post(&["groups", name.as_str(), "failover"], request).await
    }

    /// Moves all services of a group back to their preferred region.
    pub async fn group_failback(&self, name: &GroupName, request: &ReasonedRequest) -> Result<Accepted, ClientError> {
        self.post(&["groups", name.as_str(), "failback"], request).await
    }

    /// Blocks automatic writes of every service of a group.
    pub async fn group_pause(&self, name: &GroupName, request: &PauseRequest) -> Result<BulkAccepted, ClientError> {
        self.post(&["groups", name.as_str(), "pause"], request).await
    }

    /// Ends the pause of a group.
    pub async fn group_resume(&self, name: &GroupName, request: &ReasonedRequest) -> Result<BulkAccepted, ClientError> {
        self.post(&["groups", name.as_str(), "resume"], request).await
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

fn failure(status: StatusCode, body: &[u8]) -> ClientError {
    let problem = Box::new(serde_json::from_slice(body).unwrap_or_else(|_| foreign_problem(status, body)));
    match status {
        StatusCode::CONFLICT => ClientError::Refused(problem),
        StatusCode::UNAUTHORIZED => ClientError::Unauthorized(problem),
        StatusCode::FORBIDDEN => ClientError::Forbidden(problem),
        StatusCode::NOT_FOUND => ClientError::NotFound(problem),
        _ => ClientError::Other(problem),
    }
}

/// What something between us and the controller said, such as a load balancer, in the form of a problem.
fn foreign_problem(status: StatusCode, body: &[u8]) -> Problem {
    let title = status.canonical_reason().unwrap_or("Unknown").to_owned();
    let quoted = quote(body);
    let detail = if quoted.is_empty() { title.clone() } else { format!("{title}: {quoted}") };
    let hint = Some("this is not a controller's own answer: check the URL and what stands in front of it".to_owned());
    Problem { kind: "about:blank".to_owned(), title, status: status.as_u16(), detail, hint, rejections: Vec::new() }
}

/// The start of a body on one line, without control characters that would reach a terminal.
fn quote(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let first: String = words.next().unwrap_or_default().to_owned();
    let line = words.fold(first, |line, word| line + " " + word);
    if line.chars().count() <= QUOTE_CHARS_MAX {
        return line;
    }
    line.chars().take(QUOTE_CHARS_MAX).chain(['…']).collect()
}

/// An error with all its causes in one line: reqwest's own words alone never say what happened.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut layers: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        layers.push(cause.to_string());
        next = cause.source();
    }
    // The HTTP stack wraps what happened into layers that only say where in the stack it did.
    let telling: Vec<&String> = layers.iter().filter(|layer| !WRAPPERS.contains(&layer.as_str())).collect();
    let kept = if telling.is_empty() { layers.iter().collect() } else { telling };
    let mut text = String::new();
    for layer in kept.into_iter().filter(|layer| !layer.is_empty()) {
        if text.ends_with(layer.as_str()) {
            continue;
        }
        text.push_str(if text.is_empty() { "" } else { ": " });
        text.push_str(layer);
    }
    text
}

/// Messages of the HTTP stack's outer layers.
const WRAPPERS: [&str; 4] =
    ["error sending request", "client error (Connect)", "client error (SendRequest)", "tcp connect error"];
