//! Probing on demand: `POST /api/v1/probe` of the monitor.
//!
//! What comes out is an answer to the caller and nothing else: it moves no verdict.

use dns_core::evidence::EndpointKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Asks for one run of an endpoint's probes, now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProbeRequest {
    /// The service.
    pub service: String,
    /// The region.
    pub region: String,
    /// Address or host name, as evidence names it.
    pub endpoint: String,
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProbeReport {
    /// Which endpoint.
    #[schema(value_type = Object)]
    pub key: EndpointKey,
    /// All probes together: good only if each is, bad if any is, else void.
    pub outcome: ProbeOutcome,
    /// Each probe, in the order of the configuration.
    pub probes: Vec<SingleProbeReport>,
}

/// One probe's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SingleProbeReport {
    /// `dns`, `http`, `https` or `tcp`.
    pub kind: String,
    /// What came out.
    pub outcome: ProbeOutcome,
    /// How long it took, unless it is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// What was wrong, if it is not good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What a run says of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ProbeOutcome {
    /// It did what was asked.
    Good,
    /// It did not.
    Bad,
    /// Nothing: the fault is the vantage point's own.
    Void,
}
