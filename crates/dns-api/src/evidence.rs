//! The evidence stream of a vantage point: `GET /api/v1/evidence`, server-sent events.
//!
//! Event ids are `<incarnation>-<sequence>`. A subscriber that reconnects with `Last-Event-ID` gets what it missed,
//! or a snapshot if the incarnation is unknown or too much was missed; a new subscriber gets a snapshot first.
//! Everything that has a duration is an *age at the moment of sending*, in milliseconds: clocks are never compared.

use dns_core::digest::Digest;
use dns_core::evidence::{EndpointKey, Verdict};
use dns_core::identifier::VantageName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// SSE event name of [`Snapshot`].
pub const SNAPSHOT: &str = "snapshot";
/// SSE event name of [`Transition`].
pub const TRANSITION: &str = "transition";
/// SSE event name of [`Heartbeat`].
pub const HEARTBEAT: &str = "heartbeat";

/// Who speaks and how well it sees; part of every event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bearing {
    /// The vantage point.
    #[schema(value_type = String)]
    pub vantage: VantageName,
    /// Digest of its configuration.
    #[schema(value_type = String)]
    pub config: Digest,
    /// Digest over all covered endpoints and their specifications.
    #[schema(value_type = String)]
    pub coverage: Digest,
    /// Why it does not trust its own eyes; absent if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blind: Option<String>,
    /// How long ago the probe finished that has waited longest for its next run.
    pub oldest_probe_age_ms: u64,
}

/// Everything a vantage point knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Who speaks.
    pub bearing: Bearing,
    /// Every covered endpoint.
    pub endpoints: Vec<EndpointReport>,
}

/// What a vantage point knows of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndpointReport {
    /// Which endpoint.
    #[schema(value_type = Object)]
    pub key: EndpointKey,
    /// Digest of what is probed there and how it is judged.
    #[schema(value_type = String)]
    pub spec: Digest,
    /// The verdict.
    #[schema(value_type = String)]
    pub verdict: Verdict,
    /// How long it has held.
    pub verdict_age_ms: u64,
    /// Runs in a row that contradict the verdict.
    pub contradicting: u32,
    /// What the last bad run said, if the verdict is failing or runs contradict it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long the last run took, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
}

/// One endpoint changed: its verdict, or the number of runs that contradict it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// Who speaks.
    pub bearing: Bearing,
    /// The endpoint as it is now.
    pub endpoint: EndpointReport,
}

/// Nothing changed, and this is how fresh that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Heartbeat {
    /// Who speaks.
    pub bearing: Bearing,
}

/// One event of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvidenceEvent {
    /// See [`Snapshot`].
    Snapshot(Snapshot),
    /// See [`Transition`].
    Transition(Transition),
    /// See [`Heartbeat`].
    Heartbeat(Heartbeat),
}
