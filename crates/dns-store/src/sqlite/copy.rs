//! A copy of the store before its schema is changed: an older program refuses the new schema, and whoever has to go back
//! to it needs the data of before.
//!
//! The copy is whole or absent: it is written beside its name and renamed when it is on the disk. Without one nothing is
//! changed. One that is there is never written over, and only the newest ones stay.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sqlx::SqlitePool;

use super::fault::Faults;
use super::schema;
use crate::port::StoreError;

/// Copies that stay: of the upgrade before this one, too, in case that one is what has to be undone.
const COPIES_MAX: usize = 2;

/// State and history are nobody else's business: read and write for the owner only.
const OWNER_ONLY: u32 = 0o600;

/// Copies a store that holds data and whose schema is about to be changed.
pub(super) async fn before_migration(writer: &SqlitePool, faults: &Faults, file: &Path) -> Result<(), StoreError> {
    let found = schema::found(writer).await.map_err(|error| faults.of_error(error))?;
    let Some(found) = found.filter(|found| *found < schema::newest()) else { return Ok(()) };
    let copy = named(file, &schema::newest().to_string());
    if copy.exists() {
        tracing::warn!(copy = %copy.display(), "a copy of before this upgrade is there already and is left as it is");
        return Ok(());
    }
    let not_copied = |error| faults.not_copied(&copy, error);
    let part = beside(&copy, ".part");
    if let Err(error) = make(writer, faults, &part, &copy).await {
        // What is left of it is removed by the next try at the latest.
        let _still_there = fs::remove_file(&part);
        return Err(not_copied(error));
    }
    tracing::info!(copy = %copy.display(), found, next = schema::newest(), "the store was copied before its schema changes");
    let file = file.to_owned();
    if let Err(error) = blocking(faults, move || remove_older(&file)).await {
        tracing::warn!(%error, "older copies of the store could not be removed");
    }
    Ok(())
}

async fn make(writer: &SqlitePool, faults: &Faults, part: &Path, copy: &Path) -> Result<(), StoreError> {
    let (part, copy) = (part.to_owned(), copy.to_owned());
    let empty = part.clone();
    blocking(faults, move || begin(&empty)).await?;
    write(writer, faults, &part).await?;
    blocking(faults, move || finish(&part, &copy)).await
}

/// SQLite's own copy: whole and folded together, whatever lies in the write-ahead log (<https://sqlite.org/lang_vacuum.html>).
async fn write(writer: &SqlitePool, faults: &Faults, part: &Path) -> Result<(), StoreError> {
    let name = part.to_str().ok_or_else(|| faults.unavailable("the store's path is no UTF-8"))?;
    let copied = sqlx::query("VACUUM INTO ?").bind(name).execute(writer).await;
    copied.map(drop).map_err(|error| faults.of_error(error))
}

/// SQLite takes an empty file as it is, and one of its own making would be open to everybody.
fn begin(part: &Path) -> io::Result<()> {
    match fs::remove_file(part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(part).map(drop)
}

/// On the disk before it has its name, and its name before anything else is changed.
fn finish(part: &Path, copy: &Path) -> io::Result<()> {
    File::open(part)?.sync_all()?;
    fs::rename(part, copy)?;
    copy.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn remove_older(file: &Path) -> io::Result<()> {
    let (Some(folder), Some(prefix)) = (file.parent(), named(file, "").file_name().map(ToOwned::to_owned)) else {
        return Ok(());
    };
    let prefix = prefix.to_string_lossy().into_owned();
    let mut copies: Vec<(i64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let schema = name.to_str().and_then(|name| name.strip_prefix(&prefix)).and_then(|schema| schema.parse().ok());
        copies.extend(schema.map(|schema| (schema, entry.path())));
    }
    copies.sort();
    let older = copies.len().saturating_sub(COPIES_MAX);
    copies[..older].iter().try_for_each(|(_, copy)| fs::remove_file(copy))
}

/// The name of the copy of before a schema.
fn named(file: &Path, schema: &str) -> PathBuf {
    beside(file, &format!(".before-{schema}"))
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Off the runtime's threads.
async fn blocking(faults: &Faults, work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<(), StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|panic| faults.unavailable(panic))?.map_err(|error| faults.unavailable(error))
}
