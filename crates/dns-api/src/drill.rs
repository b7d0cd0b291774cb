//! Drills over the controller's API: begin, stop, list, show, and the report of measured recovery times.

use dns_core::identifier::RegionName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /api/v1/services/{name}/drills`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DrillRequest {
    /// Where to; without it the first region that could be moved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub to: Option<RegionName>,
    /// How long it stays away, in seconds; 300 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stay_secs: Option<u64>,
    /// Why; kept in history.
    pub reason: String,
    /// Whether the move is ordered instead of injecting a failure: then detection is not measured.
    #[serde(default)]
    pub no_injection: bool,
}

/// Body of `POST /api/v1/services/{name}/drills/stop`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DrillStopRequest {}

/// A drill and what it measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DrillReport {
    /// Its id.
    pub id: String,
    /// The service.
    pub service: String,
    /// The region that it leaves.
    pub from: String,
    /// The region that it goes to.
    pub to: String,
    /// `injected` or `ordered`.
    pub method: String,
    /// Who began it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The scheduled drill that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// How long it stays away.
    pub stay_ms: u64,
    /// When it began.
    pub begun: String,
    /// `begun`, `injected`, `away`, `returning` or `ended`.
    pub stage: String,
    /// Since when.
    pub since: String,
    /// `completed`, `stopped`, `failed` or `stayed`; absent as long as it is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// How it ended, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Why the move that is wanted was refused the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// The way there, as far as it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<WayReport>,
    /// The way back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<WayReport>,
}

/// One way of a drill. A stage that was not seen is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WayReport {
    /// The decision.
    pub decision: String,
    /// From the injected failure to the quorum's judgement; absent of a way that was ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection_ms: Option<u64>,
    /// From there, or from the decision, to the permit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision_ms: Option<u64>,
    /// From the permit to the write that was read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_ms: Option<u64>,
    /// From there to the last authoritative server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub propagation_ms: Option<u64>,
    /// From there to the last sampled resolver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain_ms: Option<u64>,
    /// From the failure or the order to the last authoritative server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_ms: Option<u64>,
}

/// Drills, newest last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DrillList {
    /// The drills.
    pub drills: Vec<DrillReport>,
}

/// Measured recovery times by service: `GET /api/v1/drills/report`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryReport {
    /// From when on.
    pub since: String,
    /// Until when.
    pub until: String,
    /// Every service that is configured or was drilled, by name.
    pub services: Vec<ServiceRecovery>,
    /// Whether there is more than one report holds: then the newest is missing.
    pub incomplete: bool,
}

/// What was measured of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceRecovery {
    /// The service.
    pub service: String,
    /// Drills that ended.
    pub drills: usize,
    /// Those of them that went there and back.
    pub completed: usize,
    /// Failovers that nobody ordered, and that were no drill.
    pub failovers: usize,
    /// From the failure to the last authoritative server, of drills with injection and of those failovers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<SpreadReport>,
    /// Of it, until the quorum's judgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection: Option<SpreadReport>,
    /// Until the permit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<SpreadReport>,
    /// Until the write was read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<SpreadReport>,
    /// Until the last authoritative server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub propagation: Option<SpreadReport>,
    /// And on until the last sampled resolver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<SpreadReport>,
    /// When the last drill ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_drill: Option<String>,
    /// How.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_outcome: Option<String>,
    /// The policy's `recoveryTimeObjective`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective_ms: Option<u64>,
    /// Whether the worst recovery was within it; absent if there is no objective or nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_objective: Option<bool>,
}

/// Several measurements of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpreadReport {
    /// How many.
    pub count: usize,
    /// The one in the middle; of an even number, the shorter of the two.
    pub median_ms: u64,
    /// The longest.
    pub worst_ms: u64,
    /// The newest.
    pub last_ms: u64,
}
