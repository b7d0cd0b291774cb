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
    migrate_to(writer, newest()).await
}

/// Brings the database to a schema, as the program did whose newest it was.
pub(super) async fn migrate_to(writer: &SqlitePool, newest: i64) -> Result<(), MigrateError> {
    let known = MIGRATIONS.iter().filter(|(version, ..)| *version <= newest);
    let migrations = known
        .map(|(version, what, sql)| {
            Migration::new(*version, (*what).into(), MigrationType::Simple, sql.into_sql_str(), false)
        })
        .collect();
    Migrator::with_migrations(migrations).run(writer).await
}

/// The schema that the database has; `None` of one that has none of ours yet, and so nothing to lose.
pub(super) async fn found(writer: &SqlitePool) -> Result<Option<i64>, sqlx::Error> {
    let table: Option<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'")
            .fetch_optional(writer)
            .await?;
    if table.is_none() {
        return Ok(None);
    }
    sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations WHERE success").fetch_one(writer).await
}

/// The newest schema that this program knows.
pub(super) fn newest() -> i64 {
    MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or_default()
}
