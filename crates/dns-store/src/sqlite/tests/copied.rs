//! A store of an older program is copied before its schema is changed.

use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;

/// A store as the program left it whose newest schema this was, with something in it.
async fn of_schema(schema: i64) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.db");
    let options = base_options(&path).create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
    let pool = pool(1).connect_with(options).await.expect("opens");
    schema::migrate_to(&pool, schema).await.expect("migrates");
    let row = "INSERT INTO service_state (service, generation, envelope) VALUES ('checkout', 7, 'of before')";
    sqlx::query(row).execute(&pool).await.expect("writes");
    pool.close().await;
    (folder, path)
}

/// The schema of a file, and what it says of the service.
async fn found_in(path: &Path) -> (Option<i64>, String) {
    let pool = pool(1).connect_with(base_options(path)).await.expect("opens");
    let schema = schema::found(&pool).await.expect("reads");
    let envelope = sqlx::query_scalar("SELECT envelope FROM service_state").fetch_one(&pool).await.expect("reads");
    pool.close().await;
    (schema, envelope)
}

fn copies(folder: &TempDir) -> Vec<String> {
    let files = std::fs::read_dir(folder.path()).expect("lists");
    let names = files.map(|file| file.expect("lists").file_name().into_string().expect("a name"));
    let mut copies: Vec<String> = names.filter(|name| name.contains("before")).collect();
    copies.sort();
    copies
}

#[tokio::test]
async fn an_older_store_is_copied_once_and_a_new_one_never() {
    let (folder, path) = of_schema(3).await;
    for _start in 0..2 {
        let store = SqliteStore::open(&path).await.expect("opens");
        let kept = store.state(&ServiceName::new("checkout").expect("a name")).await.expect("reads").expect("is there");
        assert_eq!(kept.envelope, "of before");
        store.close().await;
    }
    assert_eq!(copies(&folder), [format!("state.db.before-{}", schema::newest())]);
    let copy = copy_of(&path);
    assert_eq!(found_in(&copy).await, (Some(3), "of before".to_owned()), "as the older program needs it");
    assert_eq!(std::fs::metadata(&copy).expect("exists").permissions().mode() & 0o777, 0o600);

    let fresh = folder.path().join("fresh.db");
    SqliteStore::open(&fresh).await.expect("opens").close().await;
    assert_eq!(copies(&folder).len(), 1, "nothing to lose");
}

fn copy_of(path: &Path) -> PathBuf {
    path.with_file_name(format!("state.db.before-{}", schema::newest()))
}

#[tokio::test]
async fn a_copy_that_is_there_is_never_written_over() {
    let (_folder, path) = of_schema(3).await;
    std::fs::write(copy_of(&path), "of another day").expect("writes");
    SqliteStore::open(&path).await.expect("opens").close().await;
    assert_eq!(std::fs::read_to_string(copy_of(&path)).expect("reads"), "of another day");
}

#[tokio::test]
async fn only_the_newest_copies_stay() {
    let (folder, path) = of_schema(3).await;
    for name in ["state.db.before-1", "state.db.before-2", "state.db.before-noon", "other.db.before-1"] {
        std::fs::write(folder.path().join(name), name).expect("writes");
    }
    SqliteStore::open(&path).await.expect("opens").close().await;
    let newest = format!("state.db.before-{}", schema::newest());
    let mut expected = ["other.db.before-1", "state.db.before-2", "state.db.before-noon", &newest];
    expected.sort_unstable();
    assert_eq!(copies(&folder), expected);
}

#[tokio::test]
async fn without_a_copy_nothing_is_changed() {
    let (folder, path) = of_schema(3).await;
    let in_the_way = folder.path().join(format!("state.db.before-{}.part", schema::newest()));
    std::fs::create_dir(&in_the_way).expect("creates");
    let error = SqliteStore::open(&path).await.expect_err("cannot be copied");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(cause(&error).contains("state.db.before-") && cause(&error).contains("nothing was changed"), "{error:?}");
    assert_eq!(found_in(&path).await, (Some(3), "of before".to_owned()));

    std::fs::remove_dir(&in_the_way).expect("removes");
    SqliteStore::open(&path).await.expect("goes on by itself").close().await;
    assert_eq!(copies(&folder).len(), 1);
}
