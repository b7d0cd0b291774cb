//! Turns what SQLite and its driver say into what a caller can do about it.

use std::path::Path;

use sqlx::migrate::MigrateError;

use super::schema;
use crate::port::StoreError;

/// SQLite's primary result codes (sqlite.org/rescode.html) for a damaged file and for one that is no database.
const DAMAGED: [i32; 2] = [11, 26];

/// The primary code is the low byte of an extended one.
const PRIMARY_CODE: i32 = 0xff;

/// Names the store in every error.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    subject: String,
}

impl Faults {
    pub(super) fn of(path: &Path) -> Self {
        Self { subject: path.display().to_string() }
    }

    /// Nothing was committed; it may work later.
    pub(super) fn unavailable(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
        StoreError::Unavailable { subject: self.subject.clone(), source: source.into() }
    }

    /// A person must look.
    pub(super) fn corrupt(&self, reason: impl Into<String>) -> StoreError {
        StoreError::Corrupt { subject: self.subject.clone(), reason: reason.into() }
    }

    /// Sorts an error of the driver: a damaged file or a value of the wrong type is for a person, the rest (lock,
    /// full disk, input or output) may pass.
    pub(super) fn of_error(&self, error: sqlx::Error) -> StoreError {
        match &error {
            sqlx::Error::Database(database) => {
                let code = database.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default();
                if DAMAGED.contains(&(code & PRIMARY_CODE)) {
                    return self.corrupt(format!("{}; restore it from a backup", database.message()));
                }
                self.unavailable(error)
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
}
