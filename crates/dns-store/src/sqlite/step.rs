//! Writes steps: state, outbox and history of each, and all of them, in one transaction.

use dns_core::fence::DecisionId;
use dns_core::history::HistoryEntry;
use dns_core::identifier::ServiceName;
use dns_core::write::{PlannedWrite, WriteStage};
use sqlx::{Connection as _, SqliteConnection, SqlitePool};

use super::fault::Faults;
use super::read::stage_text;
use crate::port::{Commit, Generation, OutboxChange, StoreError};

/// Commits all of `commits` if their services are still at the generations that they expect.
///
/// A connection on which a commit has failed is not used again. On a full disk or a failing one SQLite rolls back by
/// itself (<https://sqlite.org/lang_transaction.html>, §3); the driver's own rollback then fails, it goes on counting a
/// transaction as open, and would refuse every later one, long after there is room again.
pub(super) async fn commit_all(
    writer: &SqlitePool,
    faults: &Faults,
    commits: &[Commit],
) -> Result<Vec<Generation>, StoreError> {
    let mut connection = writer.acquire().await.map_err(|error| faults.of_error(error))?;
    let committed = commit_on(&mut connection, faults, commits).await;
    if matches!(committed, Err(StoreError::Unavailable { .. } | StoreError::Corrupt { .. })) {
        connection.close_on_drop();
    }
    committed
}

/// Adds one history row on its own.
pub(super) async fn append_alone(writer: &SqlitePool, faults: &Faults, entry: &HistoryEntry) -> Result<(), StoreError> {
    let mut connection = writer.acquire().await.map_err(|error| faults.of_error(error))?;
    let appended = append(&mut connection, entry).await.map_err(|error| faults.of_error(error));
    if appended.is_err() {
        connection.close_on_drop();
    }
    appended
}

/// The transaction takes the write lock at once (`BEGIN IMMEDIATE`): a later upgrade could fail half-way, and the
/// generation must not move between check and write.
async fn commit_on(
    connection: &mut SqliteConnection,
    faults: &Faults,
    commits: &[Commit],
) -> Result<Vec<Generation>, StoreError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(|error| faults.of_error(error))?;
    let mut generations = Vec::with_capacity(commits.len());
    for commit in commits {
        generations.push(put(&mut transaction, faults, commit).await?);
    }
    transaction.commit().await.map_err(|error| faults.of_error(error))?;
    Ok(generations)
}

async fn put(transaction: &mut SqliteConnection, faults: &Faults, commit: &Commit) -> Result<Generation, StoreError> {
    let next = next_generation(faults, commit)?;
    check_generation(transaction, faults, commit).await?;
    put_state(transaction, commit, next).await.map_err(|error| faults.of_error(error))?;
    for change in &commit.outbox {
        change_outbox(transaction, faults, &commit.service, change).await?;
    }
    for entry in &commit.history {
        append(transaction, entry).await.map_err(|error| faults.of_error(error))?;
    }
    Ok(Generation(next.cast_unsigned()))
}

fn next_generation(faults: &Faults, commit: &Commit) -> Result<i64, StoreError> {
    commit
        .expected
        .0
        .checked_add(1)
        .and_then(|next| i64::try_from(next).ok())
        .ok_or_else(|| faults.corrupt(format!("service {} is past the last generation", commit.service)))
}

async fn check_generation(
    connection: &mut SqliteConnection,
    faults: &Faults,
    commit: &Commit,
) -> Result<(), StoreError> {
    let found: Option<i64> = sqlx::query_scalar("SELECT generation FROM service_state WHERE service = ?")
        .bind(commit.service.as_str())
        .fetch_optional(connection)
        .await
        .map_err(|error| faults.of_error(error))?;
    let found = found.unwrap_or_default().cast_unsigned();
    if found == commit.expected.0 {
        return Ok(());
    }
    Err(StoreError::Stale { service: commit.service.clone(), expected: commit.expected.0, found })
}

async fn put_state(connection: &mut SqliteConnection, commit: &Commit, generation: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO service_state (service, generation, envelope) VALUES (?, ?, ?)
         ON CONFLICT (service) DO UPDATE SET generation = excluded.generation, envelope = excluded.envelope",
    )
    .bind(commit.service.as_str())
    .bind(generation)
    .bind(commit.envelope.as_str())
    .execute(connection)
    .await
    .map(drop)
}

/// A change that does not fit the outbox refuses the whole step: state and outbox would tell different stories.
async fn change_outbox(
    connection: &mut SqliteConnection,
    faults: &Faults,
    service: &ServiceName,
    change: &OutboxChange,
) -> Result<(), StoreError> {
    let (id, changed) = match change {
        OutboxChange::Add(write) => (&write.id, add(connection, faults, service, write).await?),
        OutboxChange::MarkSent(id) => {
            (id, mark_sent(connection, service, id).await.map_err(|error| faults.of_error(error))?)
        }
        OutboxChange::Remove(id) => {
            (id, remove(connection, service, id).await.map_err(|error| faults.of_error(error))?)
        }
    };
    if changed == 1 {
        return Ok(());
    }
    Err(faults.corrupt(match change {
        OutboxChange::Add(_) => format!("write {id} of service {service} is in the outbox already"),
        OutboxChange::MarkSent(_) | OutboxChange::Remove(_) => {
            format!("write {id} of service {service} is not in the outbox")
        }
    }))
}

async fn add(
    connection: &mut SqliteConnection,
    faults: &Faults,
    service: &ServiceName,
    write: &PlannedWrite,
) -> Result<u64, StoreError> {
    if write.service != *service {
        return Err(faults.corrupt(format!("a step of service {service} carries a write of {}", write.service)));
    }
    let text = serde_json::to_string(write).map_err(|error| faults.corrupt(format!("write {}: {error}", write.id)))?;
    sqlx::query("INSERT INTO outbox (id, service, stage, write) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING")
        .bind(write.id.as_str())
        .bind(service.as_str())
        .bind(stage_text(WriteStage::Pending))
        .bind(text)
        .execute(connection)
        .await
        .map(|done| done.rows_affected())
        .map_err(|error| faults.of_error(error))
}

/// Repeating it changes nothing, so a step that was computed twice from one state stays right.
async fn mark_sent(
    connection: &mut SqliteConnection,
    service: &ServiceName,
    id: &DecisionId,
) -> Result<u64, sqlx::Error> {
    sqlx::query("UPDATE outbox SET stage = ? WHERE id = ? AND service = ?")
        .bind(stage_text(WriteStage::Sent))
        .bind(id.as_str())
        .bind(service.as_str())
        .execute(connection)
        .await
        .map(|done| done.rows_affected())
}

async fn remove(connection: &mut SqliteConnection, service: &ServiceName, id: &DecisionId) -> Result<u64, sqlx::Error> {
    sqlx::query("DELETE FROM outbox WHERE id = ? AND service = ?")
        .bind(id.as_str())
        .bind(service.as_str())
        .execute(connection)
        .await
        .map(|done| done.rows_affected())
}

pub(super) async fn append(connection: &mut SqliteConnection, entry: &HistoryEntry) -> Result<(), sqlx::Error> {
    let HistoryEntry { at, service, kind, decision, summary, page, details } = entry;
    sqlx::query(
        "INSERT INTO history (at, service, kind, decision, summary, page, details) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(i64::try_from(at.as_millis()).unwrap_or(i64::MAX))
    .bind(service.as_str())
    .bind(kind.as_str())
    .bind(decision.as_ref().map(DecisionId::as_str))
    .bind(summary.as_str())
    .bind(*page)
    .bind(details.to_string())
    .execute(connection)
    .await
    .map(drop)
}
