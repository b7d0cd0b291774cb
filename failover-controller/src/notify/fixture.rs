//! Rows, and an office that sends nothing.

use std::sync::Arc;

use dns_core::history::{HistoryEntry, HistoryKind};
use dns_core::time::Timestamp;
use dns_service::clock::Clock;
use dns_store::awaited::AwaitedStore;
use dns_store::port::{HistoryRow, Position};

use super::Office;
use super::post::Poster;
use crate::aside::Asides;

/// When the rows begin.
pub(super) const START: Timestamp = Timestamp::from_secs(1_795_246_200);

/// A row that happened so many seconds after [`START`] as its position says.
pub(super) fn row(position: u64, kind: HistoryKind, summary: &str) -> HistoryRow {
    let entry = HistoryEntry {
        at: START + std::time::Duration::from_secs(position),
        service: "checkout".parse().expect("a name"),
        kind,
        decision: None,
        summary: summary.to_owned(),
        page: false,
        details: serde_json::Value::Null.into(),
    };
    HistoryRow { position: Position(position), entry }
}

/// An office whose store is never opened.
pub(super) fn office() -> Office {
    Office {
        installation: "acme".parse().expect("a name"),
        actor: "controller-1".parse().expect("a name"),
        clock: Clock::start(),
        store: Arc::new(AwaitedStore::new(std::path::Path::new("/nonexistent/state.db"))),
        poster: Arc::new(Poster::default()),
        asides: Asides::default(),
    }
}
