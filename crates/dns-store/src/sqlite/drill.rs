//! Drills: a row for each, replaced whole, in one transaction with what is told of it. No generation is checked, since one
//! task owns all of them; but one that has ended is final.

use std::fmt::Display;

use dns_core::history::HistoryEntry;
use dns_core::time::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection as _, QueryBuilder, Row as _, Sqlite, SqliteConnection, SqlitePool};

use super::fault::Faults;
use super::step::append;
use crate::port::{DrillPut, DrillQuery, StoreError, StoredDrill};

/// The longest list of drills: one each hour for a month, or one each week of a hundred services for a year and more.
const DRILLS_MAX: u32 = 10_000;

/// Reads drills, oldest first.
pub(super) async fn read(
    readers: &SqlitePool,
    faults: &Faults,
    query: &DrillQuery,
) -> Result<Vec<StoredDrill>, StoreError> {
    let rows = sql(query).build().fetch_all(readers).await.map_err(|error| faults.of_error(error))?;
    let read = |row: &SqliteRow| drill(row).map_err(|why| faults.corrupt(format!("a drill: {why}")));
    let mut drills: Vec<StoredDrill> = rows.iter().map(read).collect::<Result<_, _>>()?;
    drills.reverse();
    Ok(drills)
}

/// Writes a drill and its rows. A connection on which it has failed is not used again, as in [`super::step`].
pub(super) async fn put(
    writer: &SqlitePool,
    faults: &Faults,
    drill: &StoredDrill,
    history: &[HistoryEntry],
) -> Result<DrillPut, StoreError> {
    let mut connection = writer.acquire().await.map_err(|error| faults.of_error(error))?;
    let put = put_on(&mut connection, drill, history).await;
    if put.is_err() {
        connection.close_on_drop();
    }
    put.map_err(|error| faults.of_error(error))
}

async fn put_on(
    connection: &mut SqliteConnection,
    drill: &StoredDrill,
    history: &[HistoryEntry],
) -> Result<DrillPut, sqlx::Error> {
    let StoredDrill { id, service, begun, ended, body } = drill;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let put = sqlx::query(
        "INSERT INTO drill (id, service, begun, ended, body) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET ended = excluded.ended, body = excluded.body WHERE drill.ended IS NULL",
    )
    .bind(id.as_str())
    .bind(service.as_str())
    .bind(millis(*begun))
    .bind(ended.map(millis))
    .bind(body.as_str())
    .execute(&mut *transaction)
    .await?;
    if put.rows_affected() == 0 {
        return Ok(DrillPut::EndedBefore);
    }
    for entry in history {
        append(&mut transaction, entry).await?;
    }
    transaction.commit().await?;
    Ok(DrillPut::Kept)
}

fn sql(query: &DrillQuery) -> QueryBuilder<Sqlite> {
    let DrillQuery { id, service, since, open_only, limit } = query;
    let mut sql = QueryBuilder::new("SELECT id, service, begun, ended, body FROM drill WHERE TRUE");
    if let Some(id) = id {
        sql.push(" AND id = ").push_bind(id.as_str().to_owned());
    }
    if let Some(service) = service {
        sql.push(" AND service = ").push_bind(service.as_str().to_owned());
    }
    if let Some(since) = since {
        sql.push(" AND begun >= ").push_bind(millis(*since));
    }
    if *open_only {
        sql.push(" AND ended IS NULL");
    }
    sql.push(" ORDER BY begun DESC, id DESC LIMIT ").push_bind(i64::from((*limit).min(DRILLS_MAX)));
    sql
}

fn drill(row: &SqliteRow) -> Result<StoredDrill, String> {
    let at = |millis: i64| Timestamp::from_millis(millis.cast_unsigned());
    Ok(StoredDrill {
        id: row.try_get::<&str, _>("id").map_err(text)?.parse().map_err(text)?,
        service: row.try_get::<&str, _>("service").map_err(text)?.parse().map_err(text)?,
        begun: at(row.try_get("begun").map_err(text)?),
        ended: row.try_get::<Option<i64>, _>("ended").map_err(text)?.map(at),
        body: row.try_get("body").map_err(text)?,
    })
}

fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.as_millis()).unwrap_or(i64::MAX)
}

fn text(error: impl Display) -> String {
    error.to_string()
}
