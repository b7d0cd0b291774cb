//! Evacuations of regions: a row for each, changed only from the generation that was read.

use sqlx::{Connection as _, SqliteConnection, SqlitePool};

use super::fault::Faults;
use super::step::append;
use crate::port::{EvacuationCommit, Generation, StoreError, StoredEvacuation};

/// A row as it lies there: texts that are none must not hide the other rows, nor bar nothing.
type Row = (Vec<u8>, Vec<u8>, bool, i64, Vec<u8>);

/// Ids begin with their time, so their order is that of the orders.
pub(super) async fn read(
    readers: &SqlitePool,
    faults: &Faults,
    ended_max: u32,
) -> Result<Vec<StoredEvacuation>, StoreError> {
    let found: Vec<Row> = sqlx::query_as(
        "SELECT CAST(id AS BLOB), CAST(region AS BLOB), open, generation, CAST(state AS BLOB) FROM evacuation
         WHERE open = 1 OR id IN (SELECT id FROM evacuation WHERE open = 0 ORDER BY id DESC LIMIT ?)
         ORDER BY id",
    )
    .bind(ended_max)
    .fetch_all(readers)
    .await
    .map_err(|error| faults.of_error(error))?;
    Ok(found.into_iter().map(stored).collect())
}

fn stored((id, region, open, generation, state): Row) -> StoredEvacuation {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let generation = Generation(generation.cast_unsigned());
    StoredEvacuation { id: text(id), region: text(region), open, generation, state: text(state) }
}

/// A connection on which it has failed is not used again, as in [`super::step`].
pub(super) async fn commit(
    writer: &SqlitePool,
    faults: &Faults,
    commits: &[EvacuationCommit],
) -> Result<Option<Vec<Generation>>, StoreError> {
    let mut connection = writer.acquire().await.map_err(|error| faults.of_error(error))?;
    let committed = commit_on(&mut connection, commits).await;
    if committed.is_err() {
        connection.close_on_drop();
    }
    committed.map_err(|error| faults.of_error(error))
}

/// The transaction takes the write lock at once, so that nothing moves between check and write.
async fn commit_on(
    connection: &mut SqliteConnection,
    commits: &[EvacuationCommit],
) -> Result<Option<Vec<Generation>>, sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut generations = Vec::with_capacity(commits.len());
    for commit in commits {
        if !fits(&mut transaction, commit).await? {
            return Ok(None);
        }
        generations.push(put(&mut transaction, commit).await?);
    }
    transaction.commit().await?;
    Ok(Some(generations))
}

async fn put(transaction: &mut SqliteConnection, commit: &EvacuationCommit) -> Result<Generation, sqlx::Error> {
    let next = commit.expected.0.saturating_add(1);
    sqlx::query(
        "INSERT INTO evacuation (id, region, open, generation, state) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET open = excluded.open, generation = excluded.generation, state = excluded.state",
    )
    .bind(commit.id.as_str())
    .bind(commit.region.as_str())
    .bind(commit.open)
    .bind(i64::try_from(next).unwrap_or(i64::MAX))
    .bind(commit.state.as_str())
    .execute(&mut *transaction)
    .await?;
    for entry in &commit.history {
        append(transaction, entry).await?;
    }
    Ok(Generation(next))
}

/// Whether it is at the expected generation, and no other one of its region is open if it is to be.
async fn fits(connection: &mut SqliteConnection, commit: &EvacuationCommit) -> Result<bool, sqlx::Error> {
    let found: Option<i64> = sqlx::query_scalar("SELECT generation FROM evacuation WHERE id = ?")
        .bind(commit.id.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    let other: Option<String> =
        sqlx::query_scalar("SELECT id FROM evacuation WHERE region = ? AND open = 1 AND id <> ? LIMIT 1")
            .bind(commit.region.as_str())
            .bind(commit.id.as_str())
            .fetch_optional(&mut *connection)
            .await?;
    let current = found.unwrap_or_default().cast_unsigned() == commit.expected.0;
    Ok(current && (other.is_none() || !commit.open))
}
