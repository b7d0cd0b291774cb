//! What waits for a second person: `GET /api/v1/approvals`, `GET /api/v1/approvals/{id}` and the answers to it,
//! `POST /api/v1/approvals/{id}/approve|decline`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `approve` and `decline`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnswerRequest {
    /// Why; kept in history.
    pub reason: String,
}

/// In the answer to an order: it waits for a second person, and nothing is decided yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AwaitingApproval {
    /// What it waits as.
    pub approval: String,
    /// Where to follow it: `/api/v1/approvals/{id}`.
    pub href: String,
    /// Why somebody else is wanted.
    pub why: String,
    /// How long until it lapses.
    pub lapses_in_ms: u64,
}

/// Everything that waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalList {
    /// By service, oldest first.
    pub approvals: Vec<ApprovalReport>,
}

/// Something that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalReport {
    /// Its id.
    pub approval: String,
    /// The service.
    pub service: String,
    /// What is to be agreed to, in a few words.
    pub what: String,
    /// Who may not agree: whose token brought it here.
    pub asked_by: String,
    /// The reason that was given for it.
    pub reason: String,
    /// Why somebody else is wanted.
    pub why: String,
    /// For how long it has waited.
    pub age_ms: u64,
    /// How long until it lapses; absent if it waits until it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lapses_in_ms: Option<u64>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalOutcome {
    /// Its id.
    pub approval: String,
    /// The service.
    pub service: String,
    /// Where it stands.
    pub status: ApprovalStatus,
    /// The newest of its rows, in a sentence.
    pub summary: String,
    /// The decision that it has led to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ApprovalStatus {
    /// Nobody has answered.
    Waiting,
    /// A second person agreed.
    Approved,
    /// Somebody said no, or took it back.
    Declined,
    /// Nobody agreed in time.
    Lapsed,
}
