//! The schema, as embedded migrations that are applied when a store is opened.
//!
//! Each file under `migrations/` is applied once, in order, and never edited afterwards: its checksum is kept in the
//! database. The list is written by hand because `sqlx::migrate!` would need sqlx's macros for nothing else.

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{SqlSafeStr, SqlitePool};

/// Every migration: version, what it does, and how.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "state, outbox, history", include_str!("../../migrations/0001_state_outbox_history.sql")),
    (2, "bookmarks", include_str!("../../migrations/0002_bookmarks.sql")),
    (3, "evacuations", include_str!("../../migrations/0003_evacuations.sql")),
    (4, "drills", include_str!("../../migrations/0004_drills.sql")),
];

/// Brings the database to the newest schema.
pub(super) async fn migrate(writer: &SqlitePool) -> Result<(), MigrateError> {
    let migrations = MIGRATIONS
        .iter()
        .map(|(version, what, sql)| {
            Migration::new(*version, (*what).into(), MigrationType::Simple, sql.into_sql_str(), false)
        })
        .collect();
    Migrator::with_migrations(migrations).run(writer).await
}

/// The newest schema that this program knows.
pub(super) fn newest() -> i64 {
    MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or_default()
}
