//! Reads state, outbox and history, and believes nothing that it cannot parse: of a state or an outbox that is an error,
//! rows of history are left out.

use std::fmt::Display;
use std::str::FromStr;

use dns_core::fence::DecisionId;
use dns_core::history::{HistoryEntry, HistoryKind};
use dns_core::identifier::ServiceName;
use dns_core::time::Timestamp;
use dns_core::write::{PlannedWrite, WriteStage};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqlitePool};

use super::fault::Faults;
use crate::port::{Generation, HistoryQuery, HistoryRow, OpenWrite, OpenWrites, Position, StoreError, StoredState};

/// The longest page of history: a few megabytes at the most, however much a caller asks for.
const HISTORY_ROWS_MAX: u32 = 1000;

pub(super) async fn state(
    readers: &SqlitePool,
    faults: &Faults,
    service: &ServiceName,
) -> Result<Option<StoredState>, StoreError> {
    let row: Option<(i64, String)> = sqlx::query_as("SELECT generation, envelope FROM service_state WHERE service = ?")
        .bind(service.as_str())
        .fetch_optional(readers)
        .await
        .map_err(|error| faults.of_error(error))?;
    Ok(row.map(|(generation, envelope)| StoredState { generation: Generation(generation.cast_unsigned()), envelope }))
}

pub(super) async fn states_after(
    readers: &SqlitePool,
    faults: &Faults,
    after: &str,
    limit: u32,
) -> Result<Vec<(String, StoredState)>, StoreError> {
    let rows: Vec<(String, i64, String)> = sqlx::query_as(
        "SELECT service, generation, envelope FROM service_state WHERE service > ? ORDER BY service LIMIT ?",
    )
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(readers)
    .await
    .map_err(|error| faults.of_error(error))?;
    let state = |(service, generation, envelope): (String, i64, String)| {
        (service, StoredState { generation: Generation(generation.cast_unsigned()), envelope })
    };
    Ok(rows.into_iter().map(state).collect())
}

pub(super) async fn open_writes_after(
    readers: &SqlitePool,
    faults: &Faults,
    after: Position,
) -> Result<OpenWrites, StoreError> {
    let rows: Vec<(i64, String, String, String)> =
        sqlx::query_as("SELECT seq, id, stage, write FROM outbox WHERE seq > ? ORDER BY seq")
            .bind(i64::try_from(after.0).unwrap_or(i64::MAX))
            .fetch_all(readers)
            .await
            .map_err(|error| faults.of_error(error))?;
    let newest = rows.last().map_or(after, |(seq, ..)| Position(seq.cast_unsigned()));
    let writes = rows.into_iter().map(|(_, id, stage, write)| {
        open_write(&stage, &write).map_err(|why| faults.corrupt(format!("write {id}: {why}")))
    });
    Ok(OpenWrites { writes: writes.collect::<Result<_, _>>()?, newest })
}

/// Rows of history, and what had to be left out: one row of a newer program must not hide all others.
pub(super) struct Reading {
    pub(super) rows: Vec<HistoryRow>,
    pub(super) left_out: Option<String>,
}

pub(super) async fn history(
    readers: &SqlitePool,
    faults: &Faults,
    query: &HistoryQuery,
) -> Result<Reading, StoreError> {
    let mut page = history_page(readers, faults, query).await?;
    // Who reads on from the last row would never come past a whole page of what was left out.
    while let Page { reading: Reading { rows, left_out: Some(_) }, full_to: Some(last) } = &page
        && rows.is_empty()
        && query.after.is_some()
    {
        let next = history_page(readers, faults, &HistoryQuery { after: Some(*last), ..query.clone() }).await?;
        let left_out = next.reading.left_out.or(page.reading.left_out);
        page = Page { reading: Reading { left_out, ..next.reading }, ..next };
    }
    Ok(page.reading)
}

/// One query's worth of history.
struct Page {
    reading: Reading,
    /// The last position in it, if there may be more behind it.
    full_to: Option<Position>,
}

async fn history_page(readers: &SqlitePool, faults: &Faults, query: &HistoryQuery) -> Result<Page, StoreError> {
    let found = history_sql(query).build().fetch_all(readers).await.map_err(|error| faults.of_error(error))?;
    let is_full = found.len() as u64 >= u64::from(limit(query)) && !found.is_empty();
    let (mut rows, mut left_out, mut last) = (Vec::with_capacity(found.len()), None, None);
    for row in &found {
        let position = row.try_get::<i64, _>("position").map_err(|error| faults.of_error(error))?.cast_unsigned();
        last = Some(Position(position));
        match history_entry(row) {
            Ok(entry) => rows.push(HistoryRow { position: Position(position), entry }),
            Err(why) => left_out = Some(format!("history row {position}: {why}")),
        }
    }
    if query.after.is_none() {
        rows.reverse();
    }
    Ok(Page { reading: Reading { rows, left_out }, full_to: last.filter(|_| is_full) })
}

/// Reads from the file, so that a vanished disk is noticed.
pub(super) async fn ping(readers: &SqlitePool, faults: &Faults) -> Result<(), StoreError> {
    sqlx::query("SELECT generation FROM service_state LIMIT 1")
        .fetch_optional(readers)
        .await
        .map(drop)
        .map_err(|error| faults.of_error(error))
}

/// How a stage is written in the outbox.
pub(super) fn stage_text(stage: WriteStage) -> &'static str {
    match stage {
        WriteStage::Pending => "pending",
        WriteStage::Sent => "sent",
    }
}

fn open_write(stage: &str, write: &str) -> Result<OpenWrite, String> {
    let stage = [WriteStage::Pending, WriteStage::Sent]
        .into_iter()
        .find(|known| stage_text(*known) == stage)
        .ok_or_else(|| format!("`{stage}` is no stage"))?;
    let write: PlannedWrite = serde_json::from_str(write).map_err(|error| error.to_string())?;
    Ok(OpenWrite { write, stage })
}

/// The newest rows come newest first: the caller turns them round.
fn history_sql(query: &HistoryQuery) -> QueryBuilder<Sqlite> {
    let HistoryQuery { service, decision, kinds, since, after, limit: _ } = query;
    let mut sql = QueryBuilder::new(
        "SELECT position, at, service, kind, decision, summary, page, details FROM history WHERE position > ",
    );
    sql.push_bind(after.map_or(0, |after| i64::try_from(after.0).unwrap_or(i64::MAX)));
    if let Some(service) = service {
        sql.push(" AND service = ").push_bind(service.as_str().to_owned());
    }
    if let Some(decision) = decision {
        sql.push(" AND decision = ").push_bind(decision.as_str().to_owned());
    }
    if let Some(since) = since {
        sql.push(" AND at >= ").push_bind(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    }
    if !kinds.is_empty() {
        let mut listed = sql.push(" AND kind IN (").separated(", ");
        for kind in kinds {
            listed.push_bind(kind.as_str());
        }
        listed.push_unseparated(")");
    }
    sql.push(if after.is_some() { " ORDER BY position LIMIT " } else { " ORDER BY position DESC LIMIT " });
    sql.push_bind(i64::from(limit(query)));
    sql
}

fn limit(query: &HistoryQuery) -> u32 {
    query.limit.min(HISTORY_ROWS_MAX)
}

fn history_entry(row: &SqliteRow) -> Result<HistoryEntry, String> {
    let decision: Option<String> = row.try_get("decision").map_err(text)?;
    Ok(HistoryEntry {
        at: Timestamp::from_millis(row.try_get::<i64, _>("at").map_err(text)?.cast_unsigned()),
        service: parsed(row, "service")?,
        kind: kind(row.try_get("kind").map_err(text)?)?,
        decision: decision.map(|id| DecisionId::from_str(&id)).transpose().map_err(text)?,
        summary: row.try_get("summary").map_err(text)?,
        page: row.try_get("page").map_err(text)?,
        details: serde_json::from_str(row.try_get("details").map_err(text)?).map_err(text)?,
    })
}

fn parsed<T: FromStr<Err: Display>>(row: &SqliteRow, column: &str) -> Result<T, String> {
    row.try_get::<&str, _>(column).map_err(text)?.parse().map_err(text)
}

fn kind(word: &str) -> Result<HistoryKind, String> {
    let found = HistoryKind::ALL.iter().find(|kind| kind.as_str() == word);
    found.copied().ok_or_else(|| format!("`{word}` is no kind that this program knows"))
}

fn text(error: impl Display) -> String {
    error.to_string()
}
