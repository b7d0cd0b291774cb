//! Where a receiver stands: the rows that it has, and those that it is still to be told.
//!
//! It is driven by the history alone. A bookmark in the store says which row was the last one, so nothing is lost over a
//! restart; a row that was told just before one is told again, with the same id. Rows that wait are kept up to a bound;
//! beyond it the oldest are counted instead, and told as one sum. The end of a trouble that is dropped is kept even then.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use dns_core::time::Timestamp;
use dns_store::port::{Bookmark, HistoryQuery, Position, Store, StoreError};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::selection::{Item, Selection};
use super::trouble::{Key, Troubles};

/// Rows that wait for one receiver, at the most: a night of a large installation, and a few megabytes.
pub(super) const BACKLOG_MAX: usize = 500;

/// Rows of one read.
const PAGE: u32 = 200;

/// How often a bookmark is written while rows go out: each write is waited for by the engine's commits, and a crash
/// in between costs repetitions that receivers drop.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// Rows that were read and are not for this receiver, before its bookmark is worth a write.
const SKIPPED_MAX: u64 = 1000;

/// A ledger that cannot go on now, and why.
pub(super) type Stuck = StoreError;

/// Where a receiver stands.
pub(super) struct Ledger {
    reader: String,
    store: Arc<dyn Store>,
    selection: Selection,
    /// From when on a receiver that is new is told.
    began: Timestamp,
    state: Option<State>,
}

/// What is known since the store was opened.
struct State {
    incarnation: u64,
    /// The last row that is done with.
    done: Position,
    /// The last row that was looked at.
    looked: Position,
    /// The troubles as of `done`.
    told: Troubles,
    /// The troubles as of `looked`.
    ahead: Troubles,
    dropped: Dropped,
    queue: VecDeque<Item>,
    saved: Position,
    saved_at: Instant,
    unsaved: bool,
}

/// What a bookmark remembers.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Note {
    #[serde(default)]
    troubles: Troubles,
    #[serde(default)]
    dropped: Dropped,
}

/// Rows that were given up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dropped {
    /// How many.
    pub(super) count: u64,
    /// When the first and the last of them happened.
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// The last of them.
    pub(super) position: u64,
    /// Troubles that one of them ended.
    pub(super) ended: Vec<Key>,
}

/// What the receiver is to be told next.
pub(super) enum Next<'a> {
    Row(&'a Item),
    Sum(&'a Dropped),
}

impl Ledger {
    pub(super) fn new(reader: String, store: Arc<dyn Store>, selection: Selection, began: Timestamp) -> Self {
        Self { reader, store, selection, began, state: None }
    }

    /// Looks for rows. What was read before stands if it fails.
    pub(super) async fn look(&mut self) -> Result<(), Stuck> {
        self.load().await?;
        let Some(state) = &mut self.state else { return Ok(()) };
        // To the end: what is told before it is known how much waits would be told in the wrong sums.
        loop {
            let query = HistoryQuery { after: Some(state.looked), limit: PAGE, ..HistoryQuery::default() };
            let rows = self.store.history(&query).await?;
            let is_full = rows.len() >= PAGE as usize;
            for row in rows {
                let position = row.position;
                let item = self.selection.choose(row, &state.ahead, self.store.as_ref()).await?;
                state.take(position, item);
            }
            if !is_full {
                return Ok(());
            }
        }
    }

    /// What is to be told next.
    pub(super) fn next(&self) -> Option<Next<'_>> {
        let state = self.state.as_ref()?;
        if state.dropped.count > 0 {
            return Some(Next::Sum(&state.dropped));
        }
        state.queue.front().map(Next::Row)
    }

    /// The troubles that the receiver was told of and that have not ended.
    pub(super) fn troubles(&self) -> Option<&Troubles> {
        self.state.as_ref().map(|state| &state.told)
    }

    /// When the oldest row happened that the receiver does not have.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        let state = self.state.as_ref()?;
        let waiting = state.queue.front().map(|item| item.row.entry.at);
        if state.dropped.count > 0 { Some(state.dropped.from) } else { waiting }
    }

    /// The receiver has what was next, or will never take it.
    pub(super) fn settle(&mut self) {
        let Some(state) = &mut self.state else { return };
        if state.dropped.count > 0 {
            state.dropped = Dropped::default();
        } else if let Some(item) = state.queue.pop_front() {
            state.pass(&item);
        }
        state.unsaved = true;
        state.rest();
    }

    /// The receiver takes everything but the row that is next.
    pub(super) fn drop_next(&mut self) {
        if let Some(state) = &mut self.state {
            state.drop_first();
            state.rest();
        }
    }

    /// Writes the bookmark if that is due; `now` if nothing else is to be done.
    pub(super) async fn save(&mut self, now: bool) -> Result<(), Stuck> {
        let Some(state) = &mut self.state else { return Ok(()) };
        let skipped = state.done.0.saturating_sub(state.saved.0) >= SKIPPED_MAX;
        let due = now || state.saved_at.elapsed() >= SAVE_EVERY;
        if (state.unsaved && due) || skipped {
            let bookmark = state.bookmark();
            self.store.set_bookmark(&self.reader, &bookmark).await?;
            (state.saved, state.saved_at, state.unsaved) = (bookmark.position, Instant::now(), false);
        }
        Ok(())
    }

    /// Takes up the bookmark, at the start and whenever another file was opened: it lies in the file, and may have been
    /// set back with it.
    async fn load(&mut self) -> Result<(), Stuck> {
        let incarnation = self.store.incarnation();
        if self.state.as_ref().is_some_and(|state| state.incarnation == incarnation) {
            return Ok(());
        }
        let bookmark = match self.store.bookmark(&self.reader).await? {
            Some(bookmark) => bookmark,
            None => self.begin().await?,
        };
        self.state = Some(State::of(&bookmark, incarnation, &self.reader));
        Ok(())
    }

    /// The first bookmark of a receiver: what happened before this process knew of it is not news.
    async fn begin(&self) -> Result<Bookmark, Stuck> {
        let newest = self.store.history(&HistoryQuery { limit: 1000, ..HistoryQuery::default() }).await?;
        let before = newest.iter().rev().find(|row| row.entry.at < self.began);
        let position = before.map(|row| row.position).unwrap_or_default();
        let bookmark = Bookmark { position, note: String::new() };
        self.store.set_bookmark(&self.reader, &bookmark).await?;
        Ok(bookmark)
    }
}

impl State {
    fn of(bookmark: &Bookmark, incarnation: u64, reader: &str) -> Self {
        let Bookmark { position, note } = bookmark;
        let note = if note.is_empty() { Ok(Note::default()) } else { serde_json::from_str(note) };
        let Note { troubles, dropped } = note.unwrap_or_else(|error| {
            tracing::warn!(reader, %error, "a bookmark's note is none that this program understands; it is left out");
            Note::default()
        });
        Self {
            incarnation,
            done: *position,
            looked: *position,
            ahead: troubles.clone(),
            told: troubles,
            dropped,
            queue: VecDeque::new(),
            saved: *position,
            saved_at: Instant::now(),
            unsaved: false,
        }
    }

    fn bookmark(&self) -> Bookmark {
        let note = Note { troubles: self.told.clone(), dropped: self.dropped.clone() };
        let note = serde_json::to_string(&note).expect("invariant: a note has only string keys");
        Bookmark { position: self.done, note }
    }

    fn take(&mut self, position: Position, item: Option<Item>) {
        self.looked = position;
        if let Some(item) = item {
            self.ahead.apply(&item.change, &item.row.entry);
            self.queue.push_back(item);
        }
        while self.queue.len() > BACKLOG_MAX {
            self.drop_first();
        }
        self.rest();
    }

    fn drop_first(&mut self) {
        let Some(item) = self.queue.pop_front() else { return };
        let Dropped { count, from, to, position, ended } = &mut self.dropped;
        if *count == 0 {
            *from = item.row.entry.at;
        }
        *count += 1;
        (*to, *position) = (item.row.entry.at, item.row.position.0);
        let news = item.change.ends.iter().map(|(key, _)| key).filter(|key| !ended.contains(*key));
        let news: Vec<Key> = news.cloned().collect();
        ended.extend(news);
        ended.retain(|key| item.change.begins.as_ref() != Some(key));
        self.pass(&item);
        self.unsaved = true;
    }

    fn pass(&mut self, item: &Item) {
        self.told.apply(&item.change, &item.row.entry);
        self.done = item.row.position;
    }

    /// With nothing to tell all is done that was looked at.
    fn rest(&mut self) {
        if self.queue.is_empty() {
            self.done = self.done.max(self.looked);
        }
    }
}

#[cfg(test)]
mod tests;
