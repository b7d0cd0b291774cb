//! A ledger over a real store: order, bookmarks, the bound.

use std::collections::BTreeSet;
use std::path::Path;

use dns_core::history::HistoryKind;
use dns_service::config::notification::Topic;
use dns_store::awaited::AwaitedStore;
use dns_store::sqlite::SqliteStore;

use super::super::fixture::{START, row};
use super::super::selection::Wanted;
use super::*;

async fn store(folder: &Path) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(&folder.join("state.db")).await.expect("opens"))
}

fn ledger(store: &Arc<SqliteStore>, topic: Topic) -> Ledger {
    let selection = Selection::new(Wanted::Topics(BTreeSet::from([topic])), None, Arc::default());
    Ledger::new("receiver/test".to_owned(), Arc::clone(store) as Arc<dyn Store>, selection, START)
}

async fn happen(store: &SqliteStore, kind: HistoryKind, page: bool, seconds: u64) {
    let mut entry = row(seconds, kind, &format!("at {seconds}")).entry;
    entry.page = page;
    store.append(&entry).await.expect("appends");
}

fn told(ledger: &mut Ledger) -> Vec<String> {
    let mut told = Vec::new();
    loop {
        match ledger.next() {
            None => return told,
            Some(Next::Row(item)) => told.push(item.row.entry.summary.clone()),
            Some(Next::Sum(dropped)) => told.push(format!("{} dropped", dropped.count)),
        }
        ledger.settle();
    }
}

#[tokio::test]
async fn rows_come_in_order_and_once_over_restarts() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path()).await;
    let mut first = ledger(&store, Topic::All);
    first.look().await.expect("looks");
    for seconds in 1..=3 {
        happen(&store, HistoryKind::Permitted, false, seconds).await;
    }
    first.look().await.expect("looks");
    first.settle();
    first.save(true).await.expect("saves");
    drop(first);
    let mut second = ledger(&store, Topic::All);
    second.look().await.expect("looks");
    assert_eq!(told(&mut second), ["at 2", "at 3"]);
    second.save(true).await.expect("saves");
    let mut third = ledger(&store, Topic::All);
    third.look().await.expect("looks");
    assert_eq!(told(&mut third), Vec::<String>::new());
}

#[tokio::test]
async fn what_was_not_saved_is_told_again_and_nothing_is_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path()).await;
    let mut first = ledger(&store, Topic::All);
    first.look().await.expect("looks");
    happen(&store, HistoryKind::Permitted, false, 1).await;
    first.look().await.expect("looks");
    assert_eq!(told(&mut first), ["at 1"]);
    drop(first);
    let mut second = ledger(&store, Topic::All);
    second.look().await.expect("looks");
    assert_eq!(told(&mut second), ["at 1"], "killed before it was saved");
}

#[tokio::test]
async fn a_new_receiver_is_not_told_of_the_past() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path()).await;
    let mut before = row(1, HistoryKind::Permitted, "before").entry;
    before.at = START.before(Duration::from_secs(1));
    store.append(&before).await.expect("appends");
    happen(&store, HistoryKind::Permitted, false, 1).await;
    let mut ledger = ledger(&store, Topic::All);
    ledger.look().await.expect("looks");
    assert_eq!(told(&mut ledger), ["at 1"]);
}

#[tokio::test]
async fn pages_bring_the_end_of_their_trouble_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path()).await;
    let mut pages = ledger(&store, Topic::Pages);
    pages.look().await.expect("looks");
    for (kind, page) in [
        (HistoryKind::Unheld, false),
        (HistoryKind::Held, true),
        (HistoryKind::Permitted, false),
        (HistoryKind::Unheld, false),
        (HistoryKind::Unheld, false),
    ] {
        happen(&store, kind, page, 1).await;
    }
    pages.look().await.expect("looks");
    let mut kinds = Vec::new();
    while let Some(Next::Row(item)) = pages.next() {
        kinds.push((item.row.position.0, item.row.entry.kind));
        pages.settle();
    }
    assert_eq!(kinds, [(2, HistoryKind::Held), (4, HistoryKind::Unheld)]);
}

#[tokio::test]
async fn the_end_of_a_trouble_is_told_after_a_restart_in_its_middle() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path()).await;
    let mut first = ledger(&store, Topic::Pages);
    first.look().await.expect("looks");
    happen(&store, HistoryKind::Held, true, 1).await;
    first.look().await.expect("looks");
    assert_eq!(told(&mut first), ["at 1"]);
    first.save(true).await.expect("saves");
    happen(&store, HistoryKind::Unheld, false, 2).await;
    let mut second = ledger(&store, Topic::Pages);
    second.look().await.expect("looks");
    assert_eq!(told(&mut second), ["at 2"]);
}

#[tokio::test]
async fn beyond_the_bound_the_oldest_are_counted_and_the_end_of_their_trouble_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path()).await;
    let mut pages = ledger(&store, Topic::Pages);
    pages.look().await.expect("looks");
    happen(&store, HistoryKind::Held, true, 1).await;
    pages.look().await.expect("looks");
    assert_eq!(told(&mut pages), ["at 1"]);
    happen(&store, HistoryKind::Unheld, false, 2).await;
    happen(&store, HistoryKind::OutcomeUnknown, true, 3).await;
    let bound = u64::try_from(BACKLOG_MAX).expect("fits");
    for seconds in 4..4 + bound {
        happen(&store, HistoryKind::OutcomeUnknown, true, seconds).await;
    }
    pages.look().await.expect("looks");
    let Some(Next::Sum(dropped)) = pages.next() else { panic!("a sum first") };
    assert_eq!((dropped.count, dropped.position), (2, 3));
    let ended: Vec<String> = dropped.ended.iter().map(ToString::to_string).collect();
    assert_eq!(ended, ["checkout/hold"], "or an incident would stay open for ever");
    pages.save(true).await.expect("saves");
    let mut again = ledger(&store, Topic::Pages);
    again.look().await.expect("looks");
    let told = told(&mut again);
    assert_eq!((told.len(), told[0].as_str(), told[1].as_str()), (BACKLOG_MAX + 1, "2 dropped", "at 4"));
}

/// A file is put in the place of the one that was read: an older copy, as a backup is.
#[tokio::test]
async fn a_store_that_was_set_back_sets_its_readers_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, backup) = (folder.path().join("state.db"), folder.path().join("backup.db"));
    let awaited = Arc::new(AwaitedStore::new(&path));
    let kept_open = tokio::spawn({
        let awaited = Arc::clone(&awaited);
        async move { awaited.keep_open().await }
    });
    until_opened(&awaited, 1).await;
    let selection = Selection::new(Wanted::Topics(BTreeSet::from([Topic::All])), None, Arc::default());
    let mut ledger = Ledger::new("receiver/test".to_owned(), Arc::clone(&awaited) as Arc<dyn Store>, selection, START);
    ledger.look().await.expect("looks");

    let older = SqliteStore::open(&backup).await.expect("opens");
    for seconds in 1..=2 {
        happen(&older, HistoryKind::Permitted, false, seconds).await;
    }
    older.set_bookmark("receiver/test", &Bookmark { position: Position(1), note: String::new() }).await.expect("sets");
    older.close().await;
    drop(older);
    for seconds in 11..=13 {
        awaited.append(&row(seconds, HistoryKind::Permitted, &format!("at {seconds}")).entry).await.expect("appends");
    }
    ledger.look().await.expect("looks");
    assert_eq!(told(&mut ledger), ["at 11", "at 12", "at 13"]);

    std::fs::rename(&backup, &path).expect("replaced");
    until_opened(&awaited, 2).await;
    ledger.look().await.expect("looks");
    assert_eq!(told(&mut ledger), ["at 2"], "the bookmark lies in the file");
    kept_open.abort();
}

/// Waits until the store was opened for so many times.
async fn until_opened(store: &AwaitedStore, times: u64) {
    let opened = async {
        while store.incarnation() < times || store.ping().await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), opened).await.expect("is opened");
}
