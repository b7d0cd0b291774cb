//! Bodies of the controller's writing calls: `POST /api/v1/services/{name}/…` and `POST /api/v1/pause|resume`.

use dns_core::identifier::RegionName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `failover`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FailoverRequest {
    /// Where to.
    #[schema(value_type = String)]
    pub to: RegionName,
    /// Why; kept in history and fence.
    pub reason: String,
    /// Rules of the kernel to override, by name.
    #[serde(default)]
    pub overrides: Vec<String>,
    /// For how long they are overridden, in seconds; without it as long as the policy says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_for_secs: Option<u64>,
}

/// Body of `failback`, `adopt`, `release` and `resume`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReasonedRequest {
    /// Why; kept in history.
    pub reason: String,
    /// Rules of the kernel to override, by name.
    #[serde(default)]
    pub overrides: Vec<String>,
    /// For how long they are overridden, in seconds; without it as long as the policy says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_for_secs: Option<u64>,
}

/// Body of `pause`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PauseRequest {
    /// Why; kept in history and fence.
    pub reason: String,
    /// For how long, in seconds; without it until someone resumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_secs: Option<u64>,
}

/// Answer of every accepted call: 202 if a write was decided or waits for a second person, 200 if nothing has to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    /// The decision to follow; absent if nothing has to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// Where to follow it: `/api/v1/decisions/{id}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// What happens now, in a sentence.
    pub message: String,
    /// That it waits for a second person; then nothing is decided yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaiting_approval: Option<crate::approval::AwaitingApproval>,
}

/// Answer of `pause` and `resume` of a group or of all services. The call succeeds as a whole; each service has its own result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BulkAccepted {
    /// One per service: by name, those of a group in its order.
    pub results: Vec<BulkResult>,
    /// How many took it.
    #[serde(default)]
    pub accepted: usize,
    /// How many refused it.
    #[serde(default)]
    pub refused: usize,
}

/// What became of a call on all services at one of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BulkResult {
    /// The service.
    pub service: String,
    /// What happens now, or why nothing does, in a sentence.
    pub message: String,
    /// The decision to follow; absent if nothing has to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// Why it was refused; absent if it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<crate::problem::Problem>,
}

/// How a decision stands: `GET /api/v1/decisions/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionReport {
    /// The decision.
    pub decision: String,
    /// Its service.
    pub service: String,
    /// Where it stands.
    pub status: DecisionStatus,
    /// Everything that history tells of it, oldest first.
    pub rows: Vec<crate::history::HistoryRowReport>,
    /// The same in sentences.
    #[serde(default)]
    pub story: Vec<crate::explain::SentenceReport>,
}

/// Where a decision stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum DecisionStatus {
    /// Waits for its permit or for an answer.
    Open,
    /// Written; authoritative servers are being asked.
    Written,
    /// Done: written and, if records changed, served by every authoritative server that answers.
    Done,
    /// Written, but some authoritative servers did not serve it in time.
    Unverified,
    /// Ended without a write: expired, conflicted, denied or burned.
    Ended,
}
