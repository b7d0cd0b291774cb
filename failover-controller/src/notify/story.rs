//! What hooks are told of a move: the decision with its evidence, as the history has it.

use dns_core::fence::DecisionId;
use dns_core::history::{HistoryEntry, HistoryKind};
use dns_store::port::{HistoryQuery, Position, Store, StoreError};
use serde_json::{Map, Value, json};

use crate::api::report::rfc3339;

/// A decision, as it was made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Story(HistoryEntry);

impl Story {
    /// The decision that rows belong to; `None` if the history does not tell how it was made, as of one by hand.
    ///
    /// # Errors
    /// If the history cannot be read now.
    pub(crate) async fn of(store: &dyn Store, decision: &DecisionId) -> Result<Option<Self>, StoreError> {
        let first = HistoryQuery {
            decision: Some(decision.clone()),
            after: Some(Position::default()),
            limit: 1,
            ..HistoryQuery::default()
        };
        let row = store.history(&first).await?.pop();
        Ok(row.and_then(|row| Self::told_by(&row.entry)))
    }

    fn told_by(row: &HistoryEntry) -> Option<Self> {
        (row.kind == HistoryKind::Decided).then(|| Self(row.clone()))
    }

    /// Whether it moves records.
    pub(crate) fn moves(&self) -> bool {
        matches!(self.0.details["kind"].as_str(), Some("failover" | "failback" | "abort"))
    }

    /// Whether it is a decision about the service, and not the coming after of a further place.
    pub(crate) fn decides(&self) -> bool {
        self.moves() && self.0.details["follows"] != json!(true)
    }

    /// What hooks are told.
    pub(crate) fn facts(&self) -> Map<String, Value> {
        let HistoryEntry { at, service, decision, summary, details, .. } = &self.0;
        let initiative = &details["initiative"];
        let facts = json!({
            "service": service,
            "decision": decision,
            "from": details["from"],
            "to": details["to"],
            "epoch": details["epoch"],
            "kind": details["kind"],
            "initiative": initiative["initiative"],
            "by": initiative["by"],
            "approvedBy": initiative["approvedBy"],
            "reason": details["reason"],
            "summary": summary,
            "decidedAt": rfc3339(*at),
            "evidence": details["evidence"],
        });
        let Value::Object(facts) = facts else { return Map::new() };
        facts
    }
}
