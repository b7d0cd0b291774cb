//! Injected failures: `POST /api/v1/drills` of the monitor, and how the evidence stream tells of them.
//!
//! A monitor that injects goes on seeing what it sees and says so; beside it, it says what it would say if every run of the
//! endpoint had failed since. Who does not run the drill reads over it.

mod client;

use std::time::Duration;

use dns_core::drill::DrillId;
use dns_core::evidence::Verdict;
use dns_core::identifier::{RegionName, ServiceName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::client::{InjectionClient, InjectionError};

/// How long the controller waits for a monitor's answer: it only takes a note, and a drill waits for all of them.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// Asks to count all endpoints of one region of one service as failed. The same id again moves the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InjectionRequest {
    /// The drill.
    #[schema(value_type = String)]
    pub id: DrillId,
    /// The service.
    #[schema(value_type = String)]
    pub service: ServiceName,
    /// The region.
    #[schema(value_type = String)]
    pub region: RegionName,
    /// For how long from now, in milliseconds: it ends by itself, whatever becomes of who asked.
    pub lasts_ms: u64,
}

/// Asks to end an injection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InjectionEnd {
    /// The drill.
    #[schema(value_type = String)]
    pub id: DrillId,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InjectionReport {
    /// The vantage point.
    pub vantage: String,
    /// How many endpoints are counted as failed for the drill, or were until now.
    pub endpoints: usize,
}

/// What a vantage point would say of an endpoint if every run had failed since a drill asked for that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InjectedReport {
    /// The drill that asked.
    #[schema(value_type = String)]
    pub id: DrillId,
    /// The verdict.
    #[schema(value_type = String)]
    pub verdict: Verdict,
    /// How long it has held.
    pub verdict_age_ms: u64,
    /// Runs in a row that contradict the verdict.
    pub contradicting: u32,
}
