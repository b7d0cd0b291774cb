//! Turns what SQLite and its driver say into what a caller can do about it, and into words for the person who is woken.

use std::path::{Path, PathBuf};

use sqlx::migrate::MigrateError;

use super::{holder, schema};
use crate::port::StoreError;

/// The primary code is the low byte of an extended one (sqlite.org/rescode.html).
const PRIMARY_CODE: i32 = 0xff;
/// Another connection has locked it; SQLite has waited as long as it was told.
const BUSY: i32 = 5;
/// The file or its folder can only be read.
const READ_ONLY: i32 = 8;
/// The system failed to read or write.
const INPUT_OUTPUT: i32 = 10;
/// The file is damaged.
const DAMAGED: i32 = 11;
/// No room is left.
const FULL: i32 = 13;
/// The file is no database.
const NO_DATABASE: i32 = 26;
/// An extended code: no room for the index of the write-ahead log. SQLite says "I/O error" and means a full disk.
const NO_ROOM_FOR_INDEX: i32 = INPUT_OUTPUT | (19 << 8);

/// What a person does about a file that cannot be read. Nothing is lost that the zones do not know, but the history.
const WAY_OUT: &str = "stop the controller, move the file and its -wal and -shm away (they hold the history) and start \
                       it again: state is rebuilt from the zones and every service starts paused; or restore a backup";

/// Why the file cannot be used now, by what ends it.
#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("its disk is full; free some space there, and it goes on by itself")]
    Full(#[source] sqlx::Error),
    #[error("it is locked by {holder}; it goes on by itself as soon as that ends")]
    Locked { holder: String, source: sqlx::Error },
    #[error("it can only be read; make file and folder writable for the controller's user, and it goes on by itself")]
    ReadOnly(#[source] sqlx::Error),
    #[error("its disk does not read or write; look into the system's log")]
    InputOutput(#[source] sqlx::Error),
    #[error(
        "it cannot be copied to {copy} before its schema is changed to {schema}, so nothing was changed; make room for a \
         copy there, and it goes on by itself"
    )]
    NotCopied { copy: String, schema: i64, source: Box<dyn std::error::Error + Send + Sync> },
    #[error(
        "the store file was replaced while open, or its lock was: nothing more is written into the old one; what its \
         path names now is opened as at a start"
    )]
    Replaced,
}

/// Names the store in every error.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    path: PathBuf,
}

impl Faults {
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Nothing was committed; it may work later.
    pub(super) fn unavailable(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
        StoreError::Unavailable { subject: self.subject(), source: source.into() }
    }

    /// The file that is open is no longer the one that the path names.
    pub(super) fn replaced(&self) -> StoreError {
        self.unavailable(Cause::Replaced)
    }

    /// No copy could be made, so the schema is left as it is.
    pub(super) fn not_copied(&self, copy: &Path, error: StoreError) -> StoreError {
        match error {
            StoreError::Unavailable { source, .. } => {
                let (copy, schema) = (copy.display().to_string(), schema::newest());
                self.unavailable(Cause::NotCopied { copy, schema, source })
            }
            other @ (StoreError::Corrupt { .. } | StoreError::Stale { .. }) => other,
        }
    }

    /// A person must look.
    pub(super) fn corrupt(&self, reason: impl Into<String>) -> StoreError {
        StoreError::Corrupt { subject: self.subject(), reason: reason.into() }
    }

    /// Sorts an error of the driver: a damaged file or a value of the wrong type is for a person, the rest (lock,
    /// full disk, input or output) may pass.
    pub(super) fn of_error(&self, error: sqlx::Error) -> StoreError {
        match &error {
            sqlx::Error::Database(database) => {
                let code = database.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default();
                match (code, code & PRIMARY_CODE) {
                    (_, DAMAGED | NO_DATABASE) => self.corrupt(format!("{}; {WAY_OUT}", database.message())),
                    (NO_ROOM_FOR_INDEX, _) | (_, FULL) => self.unavailable(Cause::Full(error)),
                    (_, BUSY) => self.unavailable(Cause::Locked { holder: self.holder(), source: error }),
                    (_, READ_ONLY) => self.unavailable(Cause::ReadOnly(error)),
                    (_, INPUT_OUTPUT) => self.unavailable(Cause::InputOutput(error)),
                    _ => self.unavailable(error),
                }
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
                self.corrupt(error.to_string())
            }
            _ => self.unavailable(error),
        }
    }

    /// Sorts an error of the migrations: a schema that is not ours is for a person.
    pub(super) fn of_migration(&self, error: MigrateError) -> StoreError {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => self.of_error(error),
            MigrateError::VersionMissing(found) if found > schema::newest() => self.corrupt(format!(
                "its schema {found} is newer than {}, the newest that this program knows; run the newer program, or \
                 restore the store from before the upgrade",
                schema::newest()
            )),
            other => self.corrupt(other.to_string()),
        }
    }

    fn subject(&self) -> String {
        self.path.display().to_string()
    }

    /// In write-ahead mode the lock is on the index, in the others on the file. Our own locks keep nobody out.
    fn holder(&self) -> String {
        let beside = |ending: &str| {
            let mut file = self.path.as_os_str().to_owned();
            file.push(ending);
            PathBuf::from(file)
        };
        let (index, log) = (beside("-shm"), beside("-wal"));
        let holder = holder::holder_of(&[&self.path, &index, &log], Some(std::process::id()));
        holder.unwrap_or_else(|| "another process".to_owned())
    }
}
