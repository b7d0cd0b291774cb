//! A store that is not there yet says so at once and in words, and what reads have shown is remembered.

use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dns_store::awaited::AwaitedStore;
use dns_store::port::{HistoryQuery, HistoryTrouble, Position, Store as _, StoreError};
use dns_store::sqlite::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _};

use crate::fixture::{entry, service, step};

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
async fn remembers_an_unreadable_outbox_until_it_is_read() {
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
}

#[tokio::test]
async fn a_history_row_of_a_newer_program_is_left_out_and_stands_in_nobodys_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.db");
    let store = AwaitedStore::new(&path);
    bounded(store.open()).await;
    let mut first = step("checkout", 0, "one");
    first.history.push(entry("checkout", None, "before"));
    store.commit(&first).await.expect("commits");
    for _ in 0..2 {
        stranger(
            &path,
            "INSERT INTO history (at, service, kind, summary, page, details) VALUES (0, 'a', 'miracle', '', 0, '{}')",
        )
        .await;
    }
    let mut second = step("checkout", 1, "two");
    second.history.push(entry("checkout", None, "after"));
    store.commit(&second).await.expect("commits");
    assert_eq!(store.history_trouble(), None, "nobody has looked");

    let told = async |after, limit| {
        let query = HistoryQuery { after, limit, ..HistoryQuery::default() };
        let rows = store.history(&query).await.expect("is read");
        rows.into_iter().map(|row| row.entry.summary).collect::<Vec<_>>()
    };
    assert_eq!(told(None, 9).await, ["before", "after"]);
    assert_eq!(told(Some(Position(1)), 1).await, ["after"], "whoever reads on comes past what is left out");
    let trouble = store.history_trouble();
    assert!(matches!(&trouble, Some(HistoryTrouble::LeftOut(why)) if why.contains("miracle")), "{trouble:?}");
    assert_eq!(store.trouble(), None, "it takes commits and is read");
}

type Replace = fn(&Path, &Path) -> std::io::Result<()>;

/// What people do to a store: take it away, put a backup in its place, or remove the lock that keeps others out; and the
/// generation that is found afterwards.
const REPLACEMENTS: [(&str, Replace, u64); 4] = [
    ("removed", |path, _| std::fs::remove_file(path), 0),
    ("moved away", |path, backup| std::fs::rename(path, backup.with_extension("away")), 0),
    ("replaced by a backup", |path, backup| std::fs::rename(backup, path), 1),
    ("its lock removed", |path, _| std::fs::remove_file(format!("{}.lock", path.display())), 2),
];

#[tokio::test]
async fn a_file_that_was_replaced_while_open_takes_nothing_more_and_the_next_is_opened() {
    for (what, replace, found) in REPLACEMENTS {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, backup) = (folder.path().join("state.db"), folder.path().join("backup.db"));
        let store = Arc::new(AwaitedStore::new(&path));
        let keeping = tokio::spawn({
            let store = Arc::clone(&store);
            async move { store.keep_open().await }
        });
        bounded(store.tried()).await;
        store.commit(&step("checkout", 0, "one")).await.expect("commits");
        assert_eq!(store.incarnation(), 1);
        back_up(&path, &backup).await;
        store.commit(&step("checkout", 1, "two")).await.expect("commits");

        replace(&path, &backup).expect("is replaced");
        let error = store.commit(&step("checkout", 2, "three")).await.expect_err(what);
        assert!(matches!(error, StoreError::Unavailable { .. }), "{what}: {error:?}");
        let told = [store.trouble(), error.source().map(ToString::to_string)];
        assert!(told.iter().flatten().any(|words| words.contains("was replaced while open")), "{what}: {told:?}");

        bounded(async {
            while store.incarnation() == 1 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let generation = store.state(&service("checkout")).await.expect("reads").map_or(0, |state| state.generation.0);
        assert_eq!(generation, found, "{what}: what the path names now is what counts, and nothing is mixed into it");
        store.commit(&step("checkout", generation, "anew")).await.expect(what);
        keeping.abort();
        store.close().await;
        if what == "moved away" {
            let away = SqliteStore::open(&backup.with_extension("away")).await.expect("opens");
            let kept = away.state(&service("checkout")).await.expect("reads").expect("is there");
            assert_eq!(kept.envelope, "two", "all that was committed went with it");
        }
    }
}

async fn back_up(path: &Path, backup: &Path) {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.expect("connects");
    sqlx::query("VACUUM INTO ?").bind(backup.display().to_string()).execute(&mut connection).await.expect("backs up");
}
