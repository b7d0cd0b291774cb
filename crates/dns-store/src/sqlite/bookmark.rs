//! Bookmarks of those who read the history.

use dns_core::history::HistoryEntry;
use sqlx::{Connection as _, SqliteConnection, SqlitePool};

use super::fault::Faults;
use super::step::append;
use crate::port::{Bookmark, Position, StoreError};

pub(super) async fn read(readers: &SqlitePool, faults: &Faults, reader: &str) -> Result<Option<Bookmark>, StoreError> {
    let found: Option<(i64, String)> = sqlx::query_as("SELECT position, note FROM bookmark WHERE reader = ?")
        .bind(reader)
        .fetch_optional(readers)
        .await
        .map_err(|error| faults.of_error(error))?;
    Ok(found.map(|(position, note)| Bookmark { position: Position(position.cast_unsigned()), note }))
}

/// Sets a bookmark and adds rows. A connection on which it has failed is not used again, as in [`super::step`].
pub(super) async fn set(
    writer: &SqlitePool,
    faults: &Faults,
    reader: &str,
    bookmark: &Bookmark,
    history: &[HistoryEntry],
) -> Result<(), StoreError> {
    let mut connection = writer.acquire().await.map_err(|error| faults.of_error(error))?;
    let set = set_on(&mut connection, reader, bookmark, history).await;
    if set.is_err() {
        connection.close_on_drop();
    }
    set.map_err(|error| faults.of_error(error))
}

async fn set_on(
    connection: &mut SqliteConnection,
    reader: &str,
    bookmark: &Bookmark,
    history: &[HistoryEntry],
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(
        "INSERT INTO bookmark (reader, position, note) VALUES (?, ?, ?)
         ON CONFLICT (reader) DO UPDATE SET position = excluded.position, note = excluded.note",
    )
    .bind(reader)
    .bind(i64::try_from(bookmark.position.0).unwrap_or(i64::MAX))
    .bind(bookmark.note.as_str())
    .execute(&mut *transaction)
    .await?;
    for entry in history {
        append(&mut transaction, entry).await?;
    }
    transaction.commit().await
}
