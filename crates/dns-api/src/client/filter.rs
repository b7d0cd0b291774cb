//! Which part of what a controller remembers is asked for.

use dns_core::identifier::ServiceName;
use serde::Serialize;

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
