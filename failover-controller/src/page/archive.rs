//! The newest history rows of every service, kept in step with the store while someone looks.
//!
//! The store is asked for what came after the last row that is known, so looking on costs one small read. It is only
//! ever read, within a bound: a page must not stand still because a disk does, and says so instead.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use dns_api::history::HistoryRowReport;
use dns_core::identifier::ServiceName;
use dns_service::exit::one_line;
use dns_store::port::{HistoryQuery, HistoryRow, Position, Store};

use crate::api::report::rfc3339;

/// Rows that are kept of each service: what the page shows, and enough to tell its newest move from the start even if
/// it was held, paused and tried again since.
const ROWS_KEPT: usize = 100;

/// How long the store may take for one read. Longer, and the page would be late with what matters more.
const READ_WITHIN: Duration = Duration::from_secs(1);

/// Rows that one look takes in at the most; the next look takes the rest.
const ROWS_PER_LOOK: u32 = 1000;

/// The newest rows.
#[derive(Default)]
pub(crate) struct Archive {
    by_service: BTreeMap<String, VecDeque<HistoryRowReport>>,
    /// The last position that is known; `None` before the first look that succeeded.
    last: Option<Position>,
    error: Option<String>,
}

impl Archive {
    /// Takes in what is new.
    pub(crate) async fn look(&mut self, store: &dyn Store, services: impl Iterator<Item = &ServiceName>) {
        let looked = match self.last {
            Some(last) => self.look_on(store, last).await,
            None => self.look_first(store, services).await,
        };
        self.error = looked.err();
    }

    /// The rows of a service, oldest first.
    pub(crate) fn of_service(&self, name: &str) -> &[HistoryRowReport] {
        self.by_service.get(name).map(|rows| rows.as_slices().0).unwrap_or_default()
    }

    /// The newest rows of all services, newest first.
    pub(crate) fn newest(&self, count: usize) -> Vec<HistoryRowReport> {
        let mut rows: Vec<&HistoryRowReport> = self.by_service.values().flatten().collect();
        rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.position));
        rows.into_iter().take(count).cloned().collect()
    }

    /// Why the last look failed.
    pub(crate) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// The newest position comes first: a row that is written between two reads is then read twice, and not missed.
    async fn look_first(
        &mut self,
        store: &dyn Store,
        services: impl Iterator<Item = &ServiceName>,
    ) -> Result<(), String> {
        let newest = read(store, &HistoryQuery { limit: 1, ..HistoryQuery::default() }).await?;
        let kept = u32::try_from(ROWS_KEPT).unwrap_or(u32::MAX);
        for name in services {
            let query = HistoryQuery { service: Some(name.clone()), limit: kept, ..HistoryQuery::default() };
            self.keep(read(store, &query).await?);
        }
        self.last = Some(newest.last().map(|row| row.position).unwrap_or_default());
        Ok(())
    }

    async fn look_on(&mut self, store: &dyn Store, last: Position) -> Result<(), String> {
        let query = HistoryQuery { after: Some(last), limit: ROWS_PER_LOOK, ..HistoryQuery::default() };
        let rows = read(store, &query).await?;
        self.last = rows.last().map(|row| row.position).or(self.last);
        self.keep(rows);
        Ok(())
    }

    fn keep(&mut self, rows: Vec<HistoryRow>) {
        for row in rows {
            let kept = self.by_service.entry(row.entry.service.to_string()).or_default();
            if kept.back().is_some_and(|known| known.position >= row.position.0) {
                continue;
            }
            if kept.len() >= ROWS_KEPT {
                kept.pop_front();
            }
            kept.push_back(reported(row));
            kept.make_contiguous();
        }
    }
}

/// The rows of all services before a position, newest first.
///
/// # Errors
/// In words, if the store cannot be read in time.
pub(crate) async fn before(store: &dyn Store, position: u64, count: u32) -> Result<Vec<HistoryRowReport>, String> {
    // Positions are counted without gaps, so what lies before one is found by reading on from so many before it.
    let after = position.saturating_sub(1).saturating_sub(u64::from(count));
    let query = HistoryQuery { after: Some(Position(after)), limit: count, ..HistoryQuery::default() };
    let rows = read(store, &query).await?;
    Ok(rows.into_iter().rev().filter(|row| row.position.0 < position).map(reported).collect())
}

async fn read(store: &dyn Store, query: &HistoryQuery) -> Result<Vec<HistoryRow>, String> {
    match tokio::time::timeout(READ_WITHIN, store.history(query)).await {
        Ok(Ok(rows)) => Ok(rows),
        Ok(Err(error)) => Err(one_line(&error)),
        Err(_late) => Err(format!("the store did not answer within {} s", READ_WITHIN.as_secs())),
    }
}

fn reported(row: HistoryRow) -> HistoryRowReport {
    let HistoryRow { position, entry } = row;
    HistoryRowReport {
        position: position.0,
        at: rfc3339(entry.at),
        service: entry.service.to_string(),
        kind: entry.kind.to_string(),
        decision: entry.decision.map(String::from),
        summary: entry.summary,
        page: entry.page,
        details: entry.details.into_value(),
    }
}

#[cfg(test)]
mod tests {
    use dns_core::history::{HistoryEntry, HistoryKind};
    use dns_core::time::Timestamp;
    use dns_store::port::{Commit, Generation};
    use dns_store::sqlite::SqliteStore;

    use super::*;

    fn name() -> ServiceName {
        "checkout".parse().expect("a name")
    }

    /// Adds so many rows in one step and returns the generation after it.
    async fn add(store: &SqliteStore, rows: u64, expected: Generation) -> Generation {
        let entry = |second| HistoryEntry {
            at: Timestamp::from_secs(second),
            service: name(),
            kind: HistoryKind::Resumed,
            decision: None,
            summary: "resumed".to_owned(),
            page: false,
            details: std::iter::empty::<(String, String)>().collect::<serde_json::Value>().into(),
        };
        let history = (0..rows).map(entry).collect();
        let commit = Commit { service: name(), expected, envelope: "{}".to_owned(), outbox: Vec::new(), history };
        store.commit(&commit).await.expect("committed")
    }

    fn positions(archive: &Archive) -> Vec<u64> {
        archive.of_service("checkout").iter().map(|row| row.position).collect()
    }

    #[tokio::test]
    async fn every_row_is_kept_once_and_only_the_newest_ones() {
        let folder = tempfile::tempdir().expect("folder");
        let store = SqliteStore::open(&folder.path().join("state.db")).await.expect("a store");
        let generation = add(&store, 2, Generation::default()).await;
        let mut archive = Archive::default();
        archive.look(&store, [name()].iter()).await;
        assert_eq!(positions(&archive), [1, 2]);

        let generation = add(&store, 1, generation).await;
        archive.last = Some(Position(1));
        archive.look(&store, [name()].iter()).await;
        assert_eq!(positions(&archive), [1, 2, 3], "a row that was read before is not kept twice");

        add(&store, ROWS_KEPT as u64, generation).await;
        archive.look(&store, [name()].iter()).await;
        assert_eq!(positions(&archive), (4..4 + ROWS_KEPT as u64).collect::<Vec<_>>());
        assert_eq!(archive.newest(2).iter().map(|row| row.position).collect::<Vec<_>>(), [103, 102]);
        store.close().await;
    }

    #[tokio::test]
    async fn a_store_that_fails_is_told_and_takes_nothing_away() {
        let folder = tempfile::tempdir().expect("folder");
        let store = SqliteStore::open(&folder.path().join("state.db")).await.expect("a store");
        add(&store, 2, Generation::default()).await;
        let mut archive = Archive::default();
        archive.look(&store, [name()].iter()).await;
        assert_eq!(archive.error(), None);
        store.close().await;
        archive.look(&store, [name()].iter()).await;
        assert!(archive.error().is_some());
        assert_eq!(positions(&archive), [1, 2]);
    }

    #[tokio::test]
    async fn older_rows_are_the_ones_right_before() {
        let folder = tempfile::tempdir().expect("folder");
        let store = SqliteStore::open(&folder.path().join("state.db")).await.expect("a store");
        add(&store, 50, Generation::default()).await;
        let older = async |position| {
            let rows = before(&store, position, 10).await.expect("read");
            rows.iter().map(|row| row.position).collect::<Vec<_>>()
        };
        assert_eq!(older(31).await, (21..=30).rev().collect::<Vec<_>>());
        assert_eq!(older(4).await, [3, 2, 1]);
        assert_eq!(older(1).await, [0; 0]);
        store.close().await;
    }
}
