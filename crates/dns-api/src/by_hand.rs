//! The record of a move that was made with neither controller nor store: what `dns-admin break-glass` leaves on disk and a
//! controller takes as a fact, `POST /api/v1/services/{name}/facts`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The version of a record.
pub const VERSION: &str = "dnsfailover/break-glass/v1";

/// A move by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MoveRecord {
    /// [`VERSION`].
    pub record: String,
    /// The installation.
    pub installation: String,
    /// The service.
    pub service: String,
    /// The region moved to.
    pub to: String,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Rules that were overridden.
    pub overrides: Vec<String>,
    /// When they ended, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrides_expire: Option<String>,
    /// What the fences name the move by.
    pub plan: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// What was seen of the target.
    pub probed: Vec<ProbedEndpoint>,
    /// What was done at each place.
    pub places: Vec<PlaceRecord>,
    /// `begun`, or how it ended: `done`, `unverified`, `failed`.
    pub outcome: String,
}

/// What was seen of one endpoint from the operator's machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProbedEndpoint {
    /// The endpoint.
    pub endpoint: String,
    /// Good runs in a row at the end.
    pub good_in_a_row: u32,
    /// How many were wanted.
    pub wanted: u32,
    /// What was wrong with the last run that was not good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl ProbedEndpoint {
    /// Whether it was good often enough.
    pub fn is_healthy(&self) -> bool {
        self.good_in_a_row >= self.wanted
    }
}

/// What was done at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlaceRecord {
    /// The provider.
    pub provider: String,
    /// The zone.
    pub zone: String,
    /// Epoch of the fence that was written, or was to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// Its rev.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<u64>,
    /// The fence before, as its strings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence_before: Option<String>,
    /// The fence written, as its strings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<String>,
    /// Records removed.
    pub deletes: Vec<String>,
    /// Records added.
    pub creates: Vec<String>,
    /// `begun`, `applied`, `conflicted`, `refused`, `unreachable`, `unknown`, or `skipped`.
    pub outcome: String,
    /// What happened, if it was not applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What the authoritative servers serve.
    pub servers: Vec<ServerSeen>,
}

/// What one server was seen to serve.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServerSeen {
    /// Its address, or its name if it has none; or what else was asked.
    pub server: String,
    /// `served`, `old` or `silent`.
    pub outcome: String,
    /// How long after the write that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// What it answered, or why it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
