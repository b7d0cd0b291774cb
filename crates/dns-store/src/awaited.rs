//! A store that is opened as soon as it can be, and says in words what is wrong until then.
//!
//! A controller that ended because its store cannot be opened would be started again and again by whatever keeps it
//! running, and nobody would be told anything but "it restarts". So it runs without a store: every call fails at once
//! with the reason, nothing is committed, and so nothing is decided. The file is tried again every few seconds.
//!
//! A file that is taken away or replaced under an open store ends that store: nothing more is written into it, and what
//! the path names then is opened as at a start ([`Store::incarnation`] tells).
//!
//! What reads of the outbox have shown is remembered, too: nobody steps a service for a damaged outbox, so nobody else
//! would say it.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use dns_core::history::HistoryEntry;
use dns_core::identifier::ServiceName;
use tokio::sync::watch;

use crate::port::{
    Bookmark, Commit, DrillPut, DrillQuery, EvacuationCommit, Generation, HistoryQuery, HistoryRow, HistoryTrouble,
    OpenWrites, Position, Store, StoreError, StoredDrill, StoredEvacuation, StoredState,
};
use crate::sqlite::SqliteStore;

/// How often the file is tried again: a person who has mended it sees that at once, and a broken disk is left in peace.
const TRY_EVERY: Duration = Duration::from_secs(2);

/// What is told between a replaced file and the next.
const REPLACED: &str = "the store file was replaced while open, or its lock was; what its path names now is opened as \
                        at a start";

/// A SQLite store that may not be open yet.
#[derive(Debug)]
pub struct AwaitedStore {
    path: PathBuf,
    state: watch::Sender<State>,
    /// How often it was opened.
    opened: AtomicU64,
    /// Why the outbox could not be read, the last time.
    outbox: Mutex<Option<String>>,
}

#[derive(Clone, Debug)]
enum State {
    /// The first try has not ended.
    Opening,
    /// The last try failed, and why.
    Failing(String),
    Open(Arc<SqliteStore>),
}

impl AwaitedStore {
    /// The store at `path`; nothing is touched yet.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            state: watch::Sender::new(State::Opening),
            opened: AtomicU64::new(0),
            outbox: Mutex::default(),
        }
    }

    /// Keeps it open: tries until it is, and again whenever its file was replaced. Never ends by itself; cancel safe.
    pub async fn keep_open(&self) {
        loop {
            self.open().await;
            let Ok(store) = self.opened() else { continue };
            store.until_replaced().await;
            self.state.send_replace(State::Failing(REPLACED.to_owned()));
            while let Err(error) = store.close_replaced().await {
                let why = format!("{REPLACED}, as soon as the old one can be closed: {}", words(&error));
                self.state.send_replace(State::Failing(why));
                tokio::time::sleep(TRY_EVERY).await;
            }
            // With the last of these the lock is free.
            drop(store);
            // Long enough to be seen by whoever looks, and a file that is just being copied is whole by then.
            tokio::time::sleep(TRY_EVERY).await;
        }
    }

    /// Tries until it is open. Cancel safe: a dropped try leaves the file unlocked.
    pub async fn open(&self) {
        loop {
            match SqliteStore::open(&self.path).await {
                Ok(store) => {
                    // Before the first call can reach it: whoever sees the new store sees that it is new.
                    self.opened.fetch_add(1, Ordering::SeqCst);
                    self.state.send_replace(State::Open(Arc::new(store)));
                    return;
                }
                Err(error) => self.state.send_replace(State::Failing(words(&error))),
            };
            tokio::time::sleep(TRY_EVERY).await;
        }
    }

    /// Waits until the first try has ended, one way or the other.
    pub async fn tried(&self) {
        let mut state = self.state.subscribe();
        // The sender is ours, so the channel cannot close.
        let _never_closed = state.wait_for(|state| !matches!(state, State::Opening)).await;
    }

    /// Waits for running calls and closes the file, if it is open; later calls fail.
    pub async fn close(&self) {
        if let Ok(store) = self.opened() {
            store.close().await;
        }
    }

    fn opened(&self) -> Result<Arc<SqliteStore>, StoreError> {
        let unavailable =
            |why: &str| StoreError::Unavailable { subject: self.path.display().to_string(), source: why.into() };
        match &*self.state.borrow() {
            State::Open(store) => Ok(Arc::clone(store)),
            State::Failing(why) => Err(unavailable(why)),
            State::Opening => Err(unavailable("it is being opened")),
        }
    }

    fn outbox(&self) -> MutexGuard<'_, Option<String>> {
        // An option is whole at every point at which a holder could have panicked.
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for AwaitedStore {
    async fn state(&self, service: &ServiceName) -> Result<Option<StoredState>, StoreError> {
        self.opened()?.state(service).await
    }

    async fn states_after(&self, after: &str, limit: u32) -> Result<Vec<(String, StoredState)>, StoreError> {
        self.opened()?.states_after(after, limit).await
    }

    async fn commit_all(&self, commits: &[Commit]) -> Result<Vec<Generation>, StoreError> {
        self.opened()?.commit_all(commits).await
    }

    async fn append(&self, entry: &HistoryEntry) -> Result<(), StoreError> {
        self.opened()?.append(entry).await
    }

    async fn open_writes_after(&self, after: Position) -> Result<OpenWrites, StoreError> {
        let open = self.opened()?.open_writes_after(after).await;
        *self.outbox() = open.as_ref().err().map(|error| format!("the outbox cannot be read: {}", told(error)));
        open
    }

    async fn history(&self, query: &HistoryQuery) -> Result<Vec<HistoryRow>, StoreError> {
        self.opened()?.history(query).await
    }

    async fn bookmark(&self, reader: &str) -> Result<Option<Bookmark>, StoreError> {
        self.opened()?.bookmark(reader).await
    }

    async fn set_bookmark_and_tell(
        &self,
        reader: &str,
        bookmark: &Bookmark,
        history: &[HistoryEntry],
    ) -> Result<(), StoreError> {
        self.opened()?.set_bookmark_and_tell(reader, bookmark, history).await
    }

    async fn evacuations(&self, ended_max: u32) -> Result<Vec<StoredEvacuation>, StoreError> {
        self.opened()?.evacuations(ended_max).await
    }

    async fn commit_evacuations(&self, commits: &[EvacuationCommit]) -> Result<Option<Vec<Generation>>, StoreError> {
        self.opened()?.commit_evacuations(commits).await
    }

    async fn drills(&self, query: &DrillQuery) -> Result<Vec<StoredDrill>, StoreError> {
        self.opened()?.drills(query).await
    }

    async fn put_drill(&self, drill: &StoredDrill, history: &[HistoryEntry]) -> Result<DrillPut, StoreError> {
        self.opened()?.put_drill(drill, history).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.opened()?.ping().await
    }

    fn trouble(&self) -> Option<String> {
        if let Err(error) = self.opened() {
            return Some(told(&error));
        }
        self.outbox().clone()
    }

    fn history_trouble(&self) -> Option<HistoryTrouble> {
        self.opened().ok()?.history_trouble()
    }

    fn incarnation(&self) -> u64 {
        self.opened.load(Ordering::SeqCst)
    }
}

/// Why a try failed, without the store's name: whoever tells it says that.
fn words(error: &StoreError) -> String {
    match error {
        StoreError::Unavailable { source, .. } => told(source.as_ref()),
        StoreError::Corrupt { reason, .. } => format!("it holds what cannot be read: {reason}"),
        StoreError::Stale { .. } => error.to_string(),
    }
}

/// An error with its causes in one line: what is remembered has no chain.
fn told<'a>(error: &'a (dyn Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
