//! What can only be seen from inside: locks held by other programs, full disks, and what connections keep in memory.

use std::error::Error as _;

use sqlx::{ConnectOptions as _, Executor as _};

use super::*;

mod copied;

/// Waiting is SQLite's own, on its own thread; a short bound keeps the test short.
const SHORT_TIMEOUT: Duration = Duration::from_millis(50);

fn step(envelope: String) -> Commit {
    Commit {
        service: ServiceName::new("checkout").expect("invariant: a valid name"),
        expected: Generation(0),
        envelope,
        outbox: Vec::new(),
        history: Vec::new(),
    }
}

fn cause(error: &StoreError) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}

#[tokio::test]
async fn a_commit_against_a_foreign_lock_fails_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.db");
    let store = SqliteStore::open_with(&path, |options| options.busy_timeout(SHORT_TIMEOUT)).await.expect("opens");
    let mut stranger = SqliteConnectOptions::new().filename(&path).connect().await.expect("connects");
    stranger.execute("BEGIN EXCLUSIVE").await.expect("locks");

    let error = store.commit(&step("one".to_owned())).await.expect_err("is locked");
    assert!(matches!(&error, StoreError::Unavailable { subject, .. } if subject.ends_with("state.db")), "{error:?}");
    assert!(cause(&error).contains("locked"), "{error:?}");

    stranger.execute("ROLLBACK").await.expect("unlocks");
    assert_eq!(store.commit(&step("one".to_owned())).await.expect("works again"), Generation(1));
}

#[tokio::test]
async fn a_full_disk_fails_the_commit_and_keeps_the_old_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.db");
    let pages = |options: SqliteConnectOptions| options.pragma("max_page_count", "16");
    let store = SqliteStore::open_with(&path, pages).await.expect("opens");
    store.commit(&step("small".to_owned())).await.expect("fits");

    let big = Commit { expected: Generation(1), ..step("x".repeat(1 << 20)) };
    let error = store.commit(&big).await.expect_err("is full");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(cause(&error).contains("full"), "{error:?}");

    let kept = store.state(&big.service).await.expect("reads").expect("is there");
    assert_eq!(kept, StoredState { generation: Generation(1), envelope: "small".to_owned() });

    let fitting = Commit { expected: Generation(1), ..step("small again".to_owned()) };
    assert_eq!(store.commit(&fitting).await.expect("goes on when there is room"), Generation(2));
}

#[tokio::test]
async fn no_connection_keeps_more_of_the_file_than_its_share() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::open(&folder.path().join("state.db")).await.expect("opens");
    for pool in [&store.writer, &store.readers] {
        let cache: i64 = sqlx::query_scalar("PRAGMA cache_size").fetch_one(pool).await.expect("reads");
        assert_eq!(cache, -i64::from(CACHE_KIB));
    }
}
