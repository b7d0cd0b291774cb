//! A store that is not there yet says so at once and in words, and what reads have shown is remembered.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dns_store::awaited::AwaitedStore;
use dns_store::port::{HistoryQuery, Store as _, StoreError};
use dns_store::sqlite::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _};

use crate::fixture::{service, step};

/// A file system on which this is not enough is broken; the tests wait for events and not for this.
const PATIENCE: Duration = Duration::from_secs(20);

async fn bounded<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("in time")
}

async fn stranger(path: &Path, sql: &'static str) {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.expect("connects");
    connection.execute(sql).await.expect("executes");
}

#[tokio::test]
async fn fails_every_call_in_words_until_its_file_can_be_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.db");
    let first = SqliteStore::open(&path).await.expect("opens");
    let store = Arc::new(AwaitedStore::new(&path));
    assert!(store.trouble().is_some_and(|words| words.contains("being opened")));
    let opening = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.open().await }
    });
    bounded(store.tried()).await;
    let words = store.trouble().expect("is not open");
    assert!(words.contains("state.db is not available: another controller uses this store"), "{words}");
    let error = store.commit(&step("checkout", 0, "one")).await.expect_err("is not open");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");

    first.close().await;
    drop(first);
    bounded(opening).await.expect("opens");
    assert_eq!(store.trouble(), None);
    store.commit(&step("checkout", 0, "one")).await.expect("commits");
    store.close().await;
    assert!(store.state(&service("checkout")).await.is_err(), "closed is closed");
}

#[tokio::test]
async fn remembers_an_unreadable_outbox_until_it_is_read_and_a_damaged_history_for_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.db");
    let store = AwaitedStore::new(&path);
    bounded(store.open()).await;

    stranger(&path, "INSERT INTO outbox (id, service, stage, write) VALUES ('w9', 'checkout', 'pending', '{}')").await;
    store.open_writes().await.expect_err("cannot be read");
    assert!(store.trouble().is_some_and(|words| words.contains("write w9")), "{:?}", store.trouble());
    stranger(&path, "DELETE FROM outbox").await;
    store.open_writes().await.expect("was mended");
    assert_eq!(store.trouble(), None);

    stranger(
        &path,
        "INSERT INTO history (at, service, kind, summary, page, details) VALUES (0, 'a', 'miracle', '', 0, '{}')",
    )
    .await;
    store.history(&HistoryQuery { limit: 9, ..HistoryQuery::default() }).await.expect_err("cannot be read");
    let elsewhere = HistoryQuery { service: Some(service("b")), limit: 9, ..HistoryQuery::default() };
    store.history(&elsewhere).await.expect("the damage is elsewhere");
    assert!(store.trouble().is_some_and(|words| words.contains("miracle")), "{:?}", store.trouble());
}
