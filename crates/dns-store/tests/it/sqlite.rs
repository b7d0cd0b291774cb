//! The SQLite store keeps the contract, and its file is safe against strangers, damage and time.

use std::error::Error as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use dns_store::port::{Bookmark, DrillQuery, HistoryTrouble, Store as _, StoreError};
use dns_store::sqlite::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _, SqliteConnection};
use tempfile::TempDir;

use crate::fixture::{entry, step};
use crate::{contract, fixture};

macro_rules! contract {
    ($($name:ident,)*) => {
        $(#[tokio::test]
        async fn $name() {
            let (_folder, path) = place();
            contract::$name(&open(&path).await).await;
        })*
    };
}

contract! {
    a_state_is_read_back_with_its_generation,
    states_are_read_in_pages_by_name,
    a_stale_step_changes_nothing,
    steps_of_several_services_are_committed_all_or_none,
    a_step_that_does_not_fit_the_outbox_changes_nothing,
    open_writes_come_in_the_order_of_their_decisions,
    history_is_filtered_limited_and_newest_last,
    history_is_filtered_by_kind_and_time,
    a_row_on_its_own_changes_no_state,
    each_reader_of_the_history_has_a_bookmark_of_its_own,
    an_evacuation_is_changed_only_from_the_generation_that_was_read,
    only_one_evacuation_of_a_region_is_open,
    one_evacuation_ends_as_the_next_of_its_region_begins_or_nothing_happens,
    evacuations_that_are_over_are_read_up_to_a_number_and_open_ones_always,
    drills_are_kept_in_place_and_found_by_service_time_and_end,
    a_drill_and_its_rows_are_kept_together_and_its_end_is_final,
    a_bookmark_and_what_it_remembers_to_have_told_are_kept_together,
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.db");
    (folder, path)
}

async fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path).await.expect("opens")
}

async fn refused(path: &Path) -> StoreError {
    SqliteStore::open(path).await.expect_err("is refused")
}

/// A program that is no controller, such as a person with a shell.
async fn stranger(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.expect("connects")
}

fn cause(error: &StoreError) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let (_folder, path) = place();
    let store = open(&path).await;
    contract::fill_before_a_restart(&store).await;
    store.close().await;
    drop(store);
    contract::a_restart_kept_everything(&open(&path).await).await;
}

#[tokio::test]
async fn history_refuses_change_and_removal_by_anyone() {
    let (_folder, path) = place();
    let store = open(&path).await;
    let mut first = step("checkout", 0, "one");
    first.history.push(entry("checkout", None, "kept"));
    store.commit(&first).await.expect("commits");

    let mut stranger = stranger(&path).await;
    for statement in ["UPDATE history SET summary = 'never happened'", "DELETE FROM history"] {
        let error = stranger.execute(statement).await.expect_err("is refused");
        assert!(error.to_string().contains("append-only"), "{error}");
    }
    assert_eq!(contract::all_history(&store).await, ["kept"]);
}

#[tokio::test]
async fn a_second_controller_on_the_same_file_is_refused_until_the_first_ends() {
    let (folder, path) = place();
    let first = open(&path).await;
    let alias = folder.path().join("alias.db");
    std::os::unix::fs::symlink(&path, &alias).expect("links");
    for way in [&path, &alias] {
        let error = refused(way).await;
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        let cause = cause(&error);
        assert!(cause.contains("another controller uses this store"), "{cause}");
        assert!(cause.contains("state.db.lock"), "{cause}");
        assert!(cause.contains(&format!("process {}", std::process::id())), "{cause}");
    }
    first.close().await;
    drop(first);
    open(&path).await.ping().await.expect("is free again");
}

#[tokio::test]
async fn the_files_are_readable_by_their_owner_only() {
    let (folder, path) = place();
    let store = open(&path).await;
    store.commit(&step("checkout", 0, "one")).await.expect("commits");
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder.path()).expect("lists") {
        let file = file.expect("lists");
        assert_eq!(file.metadata().expect("exists").permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        names.push(file.file_name().into_string().expect("a name"));
    }
    names.sort();
    assert_eq!(names, ["state.db", "state.db-shm", "state.db-wal", "state.db.lock"]);
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let (folder, _) = place();
    let error = refused(&folder.path().join("absent/state.db")).await;
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(cause(&error).contains("absent cannot be used; create it"), "{error:?}");
    let error = refused(folder.path()).await;
    assert!(cause(&error).contains("names no file"), "{error:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_corrupt_and_left_alone() {
    let (_folder, path) = place();
    let text = "this is a letter to nobody, and long enough for a header of one hundred bytes ".repeat(20);
    std::fs::write(&path, &text).expect("writes");
    let error = refused(&path).await;
    assert!(matches!(&error, StoreError::Corrupt { reason, .. } if reason.contains("not a database")), "{error:?}");
    assert_eq!(std::fs::read_to_string(&path).expect("reads"), text);
}

#[tokio::test]
async fn a_schema_of_a_newer_program_is_refused_in_words() {
    let (_folder, path) = place();
    let store = open(&path).await;
    store.close().await;
    drop(store);
    let mut stranger = stranger(&path).await;
    stranger
        .execute(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (999, 'from the future', TRUE, x'00', 0)",
        )
        .await
        .expect("writes");
    let error = refused(&path).await;
    assert!(
        matches!(&error, StoreError::Corrupt { reason, .. } if reason.contains("schema 999 is newer")),
        "{error:?}"
    );
}

#[tokio::test]
async fn rows_that_cannot_be_understood_are_named() {
    let (_folder, path) = place();
    let store = open(&path).await;
    let mut stranger = stranger(&path).await;
    stranger
        .execute(
            "INSERT INTO outbox (id, service, stage, write) VALUES ('w9', 'checkout', 'pending', '{}');
             INSERT INTO history (at, service, kind, summary, page, details)
             VALUES (0, 'checkout', 'miracle', '', 0, '{}');",
        )
        .await
        .expect("writes");
    let error = store.open_writes().await.expect_err("cannot be read");
    assert!(matches!(&error, StoreError::Corrupt { reason, .. } if reason.contains("write w9")), "{error:?}");
    let query = dns_store::port::HistoryQuery { limit: 1, ..Default::default() };
    assert_eq!(store.history(&query).await.expect("without it"), []);
    let trouble = store.history_trouble();
    assert!(
        matches!(&trouble, Some(HistoryTrouble::LeftOut(why)) if why.contains("history row 1: `miracle`")),
        "{trouble:?}"
    );
}

#[tokio::test]
async fn an_evacuation_whose_texts_are_damaged_is_read_with_the_others() {
    let (_folder, path) = place();
    let store = open(&path).await;
    let mut stranger = stranger(&path).await;
    stranger
        .execute(
            "INSERT INTO evacuation (id, region, open, generation, state)
             VALUES ('e1', 'prod', 1, 3, CAST(x'7bff' AS TEXT)), ('e2', 'dr', 1, 1, '{}')",
        )
        .await
        .expect("writes");
    let read = store.evacuations(0).await.expect("reads");
    let told: Vec<_> = read.iter().map(|one| (one.id.as_str(), one.region.as_str(), one.state.as_str())).collect();
    assert_eq!(told, [("e1", "prod", "{\u{fffd}"), ("e2", "dr", "{}")]);
}

/// A row is what breaks here, after what it belongs to was written.
#[tokio::test]
async fn what_cannot_be_told_is_not_kept_either() {
    let (_folder, path) = place();
    let store = open(&path).await;
    let mut stranger = stranger(&path).await;
    stranger
        .execute("CREATE TRIGGER no_rows BEFORE INSERT ON history BEGIN SELECT RAISE(ABORT, 'no rows'); END")
        .await
        .expect("creates");
    let row = [entry("checkout", None, "never told")];
    store.put_drill(&contract::drill("d1", "checkout", 10, None), &row).await.expect_err("no row");
    store.set_bookmark_and_tell("overdue", &Bookmark::default(), &row).await.expect_err("no row");

    stranger.execute("DROP TRIGGER no_rows").await.expect("drops");
    let all = DrillQuery { limit: 9, ..DrillQuery::default() };
    assert_eq!(store.drills(&all).await.expect("reads"), []);
    assert_eq!(store.bookmark("overdue").await.expect("reads"), None);
    store.put_drill(&contract::drill("d1", "checkout", 10, None), &row).await.expect("goes on");
}

/// The caller gives up at every point it can: after each round, state and history tell the same.
#[tokio::test]
async fn an_abandoned_commit_happened_entirely_or_not_at_all() {
    let (_folder, path) = place();
    let store = std::sync::Arc::new(open(&path).await);
    for yields in 0..60 {
        let kept = store.state(&fixture::service("checkout")).await.expect("reads");
        let mut next = step("checkout", kept.map_or(0, |state| state.generation.0), "state");
        next.history.push(entry("checkout", None, "row"));
        let running = tokio::spawn({
            let store = store.clone();
            async move { store.commit(&next).await }
        });
        for _ in 0..yields {
            tokio::task::yield_now().await;
        }
        running.abort();
        // Aborted or done, it must not block or bend what follows.
        drop(running.await);
    }
    // A commit that was abandoned while it was being written may land later, but before the writer's next one.
    store.commit(&step("search", 0, "settle")).await.expect("the writer is free");
    let state = store.state(&fixture::service("checkout")).await.expect("reads");
    let rows = contract::all_history(&*store).await.len();
    assert_eq!(state.map_or(0, |state| state.generation.0), rows as u64);
}
