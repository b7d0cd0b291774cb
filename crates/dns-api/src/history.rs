//! History as the controller serves it: `GET /api/v1/history?service=&after=&limit=`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryRowReport {
    /// Its position; pass the last one as `after` to read on.
    pub position: u64,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// The service.
    pub service: String,
    /// What, see `dns_core::history::HistoryKind`.
    pub kind: String,
    /// The decision it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// One sentence.
    pub summary: String,
    /// Whether someone was to be woken.
    pub page: bool,
    /// Figures.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
}

/// A page of history, newest last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryPage {
    /// The rows.
    pub rows: Vec<HistoryRowReport>,
}
