//! The store of a single controller: one SQLite file.
//!
//! Invariants: at most one process has a file open as a store (an advisory lock); one connection writes, so steps are
//! serial; a commit that returned is on disk (write-ahead log with `synchronous=FULL`); history rows are never
//! changed, which triggers in the schema enforce against every writer.
//!
//! It does not serve several replicas, and it does not repair: a file that cannot be understood is reported.

mod fault;
mod holder;
mod lock;
mod read;
mod schema;
mod step;

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use dns_core::identifier::ServiceName;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool};

use self::fault::Faults;
use self::lock::StoreLock;
use crate::port::{Commit, Generation, HistoryQuery, HistoryRow, OpenWrite, Store, StoreError, StoredState};

/// How long a statement waits for a lock held by a foreign process, such as a backup: long enough for a checkpoint,
/// short enough that a stuck tool becomes an error while a decision is still valid (10 s at least).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a call waits for a connection. Above [`BUSY_TIMEOUT`], so that a queued call fails after the one in front
/// of it has told the cause.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(8);

/// Connections for reads: status page, API and engine never queue behind one slow history query.
const READERS_MAX: u32 = 4;

/// A store in one SQLite file, held exclusively until it is dropped or closed.
#[derive(Debug)]
pub struct SqliteStore {
    faults: Faults,
    writer: SqlitePool,
    readers: SqlitePool,
    // Last: the lock outlives the connections.
    _lock: StoreLock,
}

impl SqliteStore {
    /// Opens the store, creating the file (mode 0600) and its schema if needed. The folder must exist.
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

    /// Tests narrow timeouts and sizes through `adjust`.
    async fn open_with(
        path: &Path,
        adjust: impl FnOnce(SqliteConnectOptions) -> SqliteConnectOptions,
    ) -> Result<Self, StoreError> {
        let faults = Faults::of(path);
        let (file, lock) = prepare(path.to_owned(), &faults).await?;
        let base = adjust(base_options(&file));
        // The journal mode is changed by the writer only: changing it needs the file for itself.
        let writing = base.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let writer = pool(1).connect_with(writing).await.map_err(|error| faults.of_error(error))?;
        schema::migrate(&writer).await.map_err(|error| faults.of_migration(error))?;
        let reading = base.pragma("query_only", "ON");
        let readers = pool(READERS_MAX).connect_with(reading).await.map_err(|error| faults.of_error(error))?;
        Ok(Self { faults, writer, readers, _lock: lock })
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn state(&self, service: &ServiceName) -> Result<Option<StoredState>, StoreError> {
        read::state(&self.readers, &self.faults, service).await
    }

    async fn commit(&self, commit: &Commit) -> Result<Generation, StoreError> {
        step::commit(&self.writer, &self.faults, commit).await
    }

    async fn open_writes(&self) -> Result<Vec<OpenWrite>, StoreError> {
        read::open_writes(&self.readers, &self.faults).await
    }

    async fn history(&self, query: &HistoryQuery) -> Result<Vec<HistoryRow>, StoreError> {
        read::history(&self.readers, &self.faults, query).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        read::ping(&self.readers, &self.faults).await
    }
}

fn base_options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(file).create_if_missing(false).foreign_keys(true).busy_timeout(BUSY_TIMEOUT)
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
async fn prepare(path: PathBuf, faults: &Faults) -> Result<(PathBuf, StoreLock), StoreError> {
    let prepared = tokio::task::spawn_blocking(move || {
        let lock = StoreLock::take(&path)?;
        lock.create_store()?;
        Ok::<_, lock::LockError>((lock.store().to_owned(), lock))
    });
    let joined = prepared.await.map_err(|panic| faults.unavailable(panic))?;
    joined.map_err(|error| faults.unavailable(error))
}

#[cfg(test)]
mod tests;
