//! The store of a single controller: one SQLite file.
//!
//! Invariants: at most one process has a file open as a store (an advisory lock); one connection writes, so steps are
//! serial; a commit that returned is on disk (write-ahead log with `synchronous=FULL`), in the file that the path names
//! (`place`); history rows are never changed, which triggers in the schema enforce against every writer.
//!
//! It does not serve several replicas, and it does not repair: a file that cannot be understood is reported.

mod bookmark;
mod copy;
mod drill;
mod evacuation;
mod fault;
mod holder;
mod lock;
mod place;
mod read;
mod schema;
mod step;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use dns_core::history::HistoryEntry;
use dns_core::identifier::ServiceName;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool};

use self::fault::Faults;
use self::lock::StoreLock;
use self::place::Place;
use self::read::Reading;
use crate::port::{
    Bookmark, Commit, DrillPut, DrillQuery, EvacuationCommit, Generation, HistoryQuery, HistoryRow, HistoryTrouble,
    OpenWrites, Position, Store, StoreError, StoredDrill, StoredEvacuation, StoredState,
};

/// How long a statement waits for a lock held by a foreign process. No second writer ever has a right to it, and what a
/// reader such as a backup holds keeps no commit out; a stuck tool must become an error before the engine, which waits
/// for its commit, counts as having stood still (2 s), and before its evidence is stale (3 s).
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a call waits for a connection: above [`BUSY_TIMEOUT`], so that a queued call fails after the one in front
/// of it has told the cause, and below the 2 s, too.
const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(1500);

/// How often an open store looks, without a commit, whether its file is still in place.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Connections for reads: status page, API and engine never queue behind one slow history query.
const READERS_MAX: u32 = 4;

/// What each connection keeps of the file in memory, in KiB: five megabytes for all of them, fifty bytes for each of a
/// hundred thousand services. States are read once and then only written, and the kernel's cache has the file as well.
const CACHE_KIB: u32 = 1024;

/// A store in one SQLite file, held exclusively until it is dropped or closed.
#[derive(Debug)]
pub struct SqliteStore {
    faults: Faults,
    writer: SqlitePool,
    readers: SqlitePool,
    place: Place,
    /// What reads of the history have met. It stays: a read that happens to touch other rows mends nothing.
    history_trouble: Mutex<Option<HistoryTrouble>>,
    // Last: the lock outlives the connections.
    _lock: StoreLock,
}

impl SqliteStore {
    /// Opens the store, creating the file (mode 0600) and its schema if needed. The folder must exist. Before an older schema
    /// is changed, the file is copied.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the folder is missing, the file cannot be opened or another controller holds
    /// it; [`StoreError::Corrupt`] if it is no store, or one of a newer version.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, |options| options).await
    }

    /// Waits for running calls and closes the file; later calls fail.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Waits until the file is no longer the one that its path names. Cancel safe.
    pub async fn until_replaced(&self) {
        while self.is_in_place().await.unwrap_or(true) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Closes a file that was replaced, once all of its write-ahead log is in it. SQLite leaves the log of such a file
    /// where it is, and would play it into the one that has taken the name; and a file that was moved away is whole.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the log cannot be folded in now, such as on a full disk: then it is still open.
    pub async fn close_replaced(&self) -> Result<(), StoreError> {
        self.readers.close().await;
        let folded: Result<i64, _> =
            sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&self.writer).await;
        match folded.map_err(|error| self.faults.of_error(error))? {
            0 => {}
            _busy => return Err(self.faults.unavailable("another process reads the file that was replaced; end it")),
        }
        self.writer.close().await;
        Ok(())
    }

    /// Damage is not forgotten for a row that is merely not understood.
    fn note_history(&self, trouble: HistoryTrouble) {
        // An option is whole at every point at which a holder could have panicked.
        let mut known = self.history_trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!((&*known, &trouble), (Some(HistoryTrouble::Damaged(_)), HistoryTrouble::LeftOut(_))) {
            *known = Some(trouble);
        }
    }

    /// Off the runtime's threads: a file system that hangs holds up this call alone.
    async fn is_in_place(&self) -> Result<bool, StoreError> {
        let place = self.place.clone();
        let looked = tokio::task::spawn_blocking(move || place.is_unchanged()).await;
        looked.map_err(|panic| self.faults.unavailable(panic))?.map_err(|error| self.faults.unavailable(error))
    }

    /// Tests narrow timeouts and sizes through `adjust`.
    async fn open_with(
        path: &Path,
        adjust: impl FnOnce(SqliteConnectOptions) -> SqliteConnectOptions,
    ) -> Result<Self, StoreError> {
        let faults = Faults::of(path);
        let (file, lock, place) = prepare(path.to_owned(), &faults).await?;
        let base = adjust(base_options(&file));
        // The journal mode is changed by the writer only: changing it needs the file for itself.
        let writing = base.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let writer = pool(1).connect_with(writing).await.map_err(|error| faults.of_error(error))?;
        copy::before_migration(&writer, &faults, &file).await?;
        schema::migrate(&writer).await.map_err(|error| faults.of_migration(error))?;
        let reading = base.pragma("query_only", "ON");
        let readers = pool(READERS_MAX).connect_with(reading).await.map_err(|error| faults.of_error(error))?;
        Ok(Self { faults, writer, readers, place, history_trouble: Mutex::default(), _lock: lock })
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn state(&self, service: &ServiceName) -> Result<Option<StoredState>, StoreError> {
        read::state(&self.readers, &self.faults, service).await
    }

    async fn states_after(&self, after: &str, limit: u32) -> Result<Vec<(String, StoredState)>, StoreError> {
        read::states_after(&self.readers, &self.faults, after, limit).await
    }

    async fn commit_all(&self, commits: &[Commit]) -> Result<Vec<Generation>, StoreError> {
        if !self.is_in_place().await? {
            return Err(self.faults.replaced());
        }
        step::commit_all(&self.writer, &self.faults, commits).await
    }

    async fn append(&self, entry: &HistoryEntry) -> Result<(), StoreError> {
        if !self.is_in_place().await? {
            return Err(self.faults.replaced());
        }
        step::append_alone(&self.writer, &self.faults, entry).await
    }

    async fn open_writes_after(&self, after: Position) -> Result<OpenWrites, StoreError> {
        read::open_writes_after(&self.readers, &self.faults, after).await
    }

    async fn history(&self, query: &HistoryQuery) -> Result<Vec<HistoryRow>, StoreError> {
        let read = read::history(&self.readers, &self.faults, query).await;
        match &read {
            Ok(Reading { left_out: Some(why), .. }) => self.note_history(HistoryTrouble::LeftOut(why.clone())),
            Err(StoreError::Corrupt { reason, .. }) => self.note_history(HistoryTrouble::Damaged(reason.clone())),
            Ok(Reading { left_out: None, .. }) | Err(StoreError::Unavailable { .. } | StoreError::Stale { .. }) => {}
        }
        read.map(|reading| reading.rows)
    }

    async fn bookmark(&self, reader: &str) -> Result<Option<Bookmark>, StoreError> {
        bookmark::read(&self.readers, &self.faults, reader).await
    }

    async fn set_bookmark_and_tell(
        &self,
        reader: &str,
        bookmark: &Bookmark,
        history: &[HistoryEntry],
    ) -> Result<(), StoreError> {
        if !self.is_in_place().await? {
            return Err(self.faults.replaced());
        }
        bookmark::set(&self.writer, &self.faults, reader, bookmark, history).await
    }

    async fn evacuations(&self, ended_max: u32) -> Result<Vec<StoredEvacuation>, StoreError> {
        evacuation::read(&self.readers, &self.faults, ended_max).await
    }

    async fn commit_evacuations(&self, commits: &[EvacuationCommit]) -> Result<Option<Vec<Generation>>, StoreError> {
        if !self.is_in_place().await? {
            return Err(self.faults.replaced());
        }
        evacuation::commit(&self.writer, &self.faults, commits).await
    }

    async fn drills(&self, query: &DrillQuery) -> Result<Vec<StoredDrill>, StoreError> {
        drill::read(&self.readers, &self.faults, query).await
    }

    async fn put_drill(&self, drill: &StoredDrill, history: &[HistoryEntry]) -> Result<DrillPut, StoreError> {
        if !self.is_in_place().await? {
            return Err(self.faults.replaced());
        }
        drill::put(&self.writer, &self.faults, drill, history).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        read::ping(&self.readers, &self.faults).await
    }

    fn history_trouble(&self) -> Option<HistoryTrouble> {
        self.history_trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn base_options(file: &Path) -> SqliteConnectOptions {
    let base = SqliteConnectOptions::new().filename(file).create_if_missing(false);
    // SQLite counts pages, and KiB below zero.
    let cache = format!("-{CACHE_KIB}");
    base.foreign_keys(true).busy_timeout(BUSY_TIMEOUT).pragma("cache_size", cache)
}

/// Connections live as long as the store: the write-ahead log is not folded away between two quiet hours.
fn pool(connections_max: u32) -> sqlx::pool::PoolOptions<Sqlite> {
    SqlitePoolOptions::new()
        .max_connections(connections_max)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
}

/// Takes the lock and makes sure that the file exists, off the runtime's threads.
async fn prepare(path: PathBuf, faults: &Faults) -> Result<(PathBuf, StoreLock, Place), StoreError> {
    let prepared = tokio::task::spawn_blocking(move || {
        let lock = StoreLock::take(&path)?;
        lock.create_store()?;
        let place = lock.take_down(&path)?;
        Ok::<_, lock::LockError>((lock.store().to_owned(), lock, place))
    });
    let joined = prepared.await.map_err(|panic| faults.unavailable(panic))?;
    joined.map_err(|error| faults.unavailable(error))
}

#[cfg(test)]
mod tests;
