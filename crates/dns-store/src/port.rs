//! The port that every store implements.
//!
//! One step of one service is in one transaction: new state, outbox rows and history rows together or not at all,
//! conditional on the generation that the step started from. Steps of several services may share a transaction.

use async_trait::async_trait;
use dns_core::fence::{DecisionId, DrillId, EvacuationId};
use dns_core::history::{HistoryEntry, HistoryKind};
use dns_core::identifier::{RegionName, ServiceName};
use dns_core::time::Timestamp;
use dns_core::write::{PlannedWrite, WriteStage};

/// Counts the committed states of a service; 0 before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

/// The position of a row in the history, or in the outbox; none is handed out twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// A service's state as it was committed: an opaque text that its owner wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredState {
    /// Its generation.
    pub generation: Generation,
    /// The envelope.
    pub envelope: String,
}

/// A change to the outbox.
#[derive(Clone, Debug, PartialEq)]
pub enum OutboxChange {
    /// A new planned write, pending.
    Add(Box<PlannedWrite>),
    /// It got its permit: from now on it may have been sent.
    MarkSent(DecisionId),
    /// It is settled and leaves the outbox.
    Remove(DecisionId),
}

/// One step of one service.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The service.
    pub service: ServiceName,
    /// The generation that the step started from.
    pub expected: Generation,
    /// The new state.
    pub envelope: String,
    /// Outbox changes, in order.
    pub outbox: Vec<OutboxChange>,
    /// History rows, in order.
    pub history: Vec<HistoryEntry>,
}

/// A planned write that is not settled.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenWrite {
    /// What was planned.
    pub write: PlannedWrite,
    /// How far it is.
    pub stage: WriteStage,
}

/// Planned writes that are not settled, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenWrites {
    /// The writes.
    pub writes: Vec<OpenWrite>,
    /// The position of the newest of them; if there are none, the one that was read from.
    pub newest: Position,
}

/// Which history rows to read, newest last.
#[derive(Clone, Debug, Default)]
pub struct HistoryQuery {
    /// Of one service only.
    pub service: Option<ServiceName>,
    /// Of one decision only.
    pub decision: Option<DecisionId>,
    /// Of these kinds only; of all without any.
    pub kinds: Vec<HistoryKind>,
    /// Of this time and later only.
    pub since: Option<Timestamp>,
    /// Rows after this position; without it the newest rows.
    pub after: Option<Position>,
    /// How many rows at the most.
    pub limit: u32,
}

/// A history row with its position.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRow {
    /// Where it stands.
    pub position: Position,
    /// What it tells.
    pub entry: HistoryEntry,
}

/// How far a reader of the history has come. It lies in the store, so that a reader goes on where the process before ended,
/// and goes back with a store that is restored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bookmark {
    /// The last row that it is done with.
    pub position: Position,
    /// What it must remember from there on: an opaque text that it wrote.
    pub note: String,
}

/// The state of an evacuation as it is to be committed, with the rows that tell of it.
#[derive(Clone, Debug)]
pub struct EvacuationCommit {
    /// Which.
    pub id: EvacuationId,
    /// The region: no two evacuations of one are open.
    pub region: RegionName,
    /// Whether it is not over.
    pub open: bool,
    /// The generation that it started from; 0 of a new one.
    pub expected: Generation,
    /// The new state: the JSON of `dns_core::evacuation::Evacuation`.
    pub state: String,
    /// History rows, in order.
    pub history: Vec<HistoryEntry>,
}

/// An evacuation as it was committed. Its name and region are there even if its owner cannot read the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvacuation {
    /// The text of its id.
    pub id: String,
    /// The text of its region's name.
    pub region: String,
    /// Whether it is not over.
    pub open: bool,
    /// Its generation.
    pub generation: Generation,
    /// The state: an opaque text that its owner wrote.
    pub state: String,
}

/// A drill as it was kept: an opaque text that its owner wrote, and what it is looked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDrill {
    /// Its id.
    pub id: DrillId,
    /// The service.
    pub service: ServiceName,
    /// When it began.
    pub begun: Timestamp,
    /// When it ended; `None` as long as it is under way.
    pub ended: Option<Timestamp>,
    /// The drill itself: the JSON of `dns_core::drill::Drill`. `begun` and `ended` repeat what it says, for queries.
    pub body: String,
}

/// What has become of a drill that was to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrillPut {
    /// It is kept, and its rows are in the history.
    Kept,
    /// It had ended before, and stays as it ended: nothing was kept, and no row was added.
    EndedBefore,
}

/// Which drills to read: the newest of those that fit, newest last.
#[derive(Clone, Debug, Default)]
pub struct DrillQuery {
    /// This one only.
    pub id: Option<DrillId>,
    /// Of one service only.
    pub service: Option<ServiceName>,
    /// Begun then or later.
    pub since: Option<Timestamp>,
    /// Under way only.
    pub open_only: bool,
    /// How many at the most.
    pub limit: u32,
}

/// What reads of the history have met. Nothing is decided by history, so it stands in nobody's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryTrouble {
    /// The store itself is damaged there: a person must look.
    Damaged(String),
    /// Rows that this program does not understand were left out, as a newer program may have written.
    LeftOut(String),
}

/// A failed call, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Someone else committed in between: load again.
    #[error("service {service} is at generation {found}, expected {expected}")]
    Stale {
        /// The service.
        service: ServiceName,
        /// What the step started from.
        expected: u64,
        /// What the store holds.
        found: u64,
    },
    /// The store does not answer or cannot write now: try again; nothing was committed.
    #[error("the store {subject} is not available")]
    Unavailable {
        /// Which store.
        subject: String,
        /// What the driver said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store holds what cannot be understood: a person must look.
    #[error("the store {subject} holds what cannot be read: {reason}")]
    Corrupt {
        /// Which store.
        subject: String,
        /// What and where.
        reason: String,
    },
}

/// A store. Every call is atomic; a dropped call has happened entirely or not at all. A dropped commit may still
/// land after a read that follows it, but never after a later commit: that one then meets [`StoreError::Stale`].
#[async_trait]
pub trait Store: Send + Sync {
    /// The committed state of a service, if any.
    async fn state(&self, service: &ServiceName) -> Result<Option<StoredState>, StoreError>;

    /// Committed states in the order of the services' names, those after a name, so many at the most. To read each by itself
    /// would be most of a restart.
    async fn states_after(&self, after: &str, limit: u32) -> Result<Vec<(String, StoredState)>, StoreError>;

    /// Commits one step.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if the generation is another; nothing was committed.
    async fn commit(&self, commit: &Commit) -> Result<Generation, StoreError> {
        let generations = self.commit_all(std::slice::from_ref(commit)).await?;
        Ok(generations.first().copied().unwrap_or_default())
    }

    /// Commits steps of several services, all or none: what is waited for at each commit, the disk, is waited for once.
    /// Returns their generations in the same order.
    ///
    /// # Errors
    /// As [`commit`](Self::commit), for the first step that cannot be committed; nothing was committed.
    async fn commit_all(&self, commits: &[Commit]) -> Result<Vec<Generation>, StoreError>;

    /// Adds a history row that belongs to no step: what is told afterwards changes no state.
    async fn append(&self, entry: &HistoryEntry) -> Result<(), StoreError>;

    /// The planned writes that are not settled and came after a position, oldest first. The default position is before
    /// all of them.
    async fn open_writes_after(&self, after: Position) -> Result<OpenWrites, StoreError>;

    /// Every planned write that is not settled, oldest first.
    async fn open_writes(&self) -> Result<Vec<OpenWrite>, StoreError> {
        Ok(self.open_writes_after(Position::default()).await?.writes)
    }

    /// Reads history, newest last. Rows that cannot be understood are left out, see
    /// [`history_trouble`](Self::history_trouble).
    async fn history(&self, query: &HistoryQuery) -> Result<Vec<HistoryRow>, StoreError>;

    /// The bookmark of a reader of the history; `None` before its first.
    async fn bookmark(&self, reader: &str) -> Result<Option<Bookmark>, StoreError>;

    /// Sets the bookmark of a reader. Each reader has one owner, so the last one stands.
    async fn set_bookmark(&self, reader: &str, bookmark: &Bookmark) -> Result<(), StoreError> {
        self.set_bookmark_and_tell(reader, bookmark, &[]).await
    }

    /// Sets the bookmark of a reader and adds the history rows that it remembers to have told: both or neither, so that each
    /// is told once.
    async fn set_bookmark_and_tell(
        &self,
        reader: &str,
        bookmark: &Bookmark,
        history: &[HistoryEntry],
    ) -> Result<(), StoreError>;

    /// Every evacuation that is open, and the newest of the others, oldest first.
    async fn evacuations(&self, ended_max: u32) -> Result<Vec<StoredEvacuation>, StoreError>;

    /// Commits the state of an evacuation. `None`, and nothing was committed, if it is at another generation or another one
    /// of its region is open: then someone else was faster.
    async fn commit_evacuation(&self, commit: &EvacuationCommit) -> Result<Option<Generation>, StoreError> {
        let generations = self.commit_evacuations(std::slice::from_ref(commit)).await?;
        Ok(generations.and_then(|all| all.first().copied()))
    }

    /// Commits the states of several evacuations in their order, all or none: one may end as the next one of its region
    /// begins. Returns their generations in the same order, or `None` if one of them does not fit, as above.
    async fn commit_evacuations(&self, commits: &[EvacuationCommit]) -> Result<Option<Vec<Generation>>, StoreError>;

    /// Reads drills.
    async fn drills(&self, query: &DrillQuery) -> Result<Vec<StoredDrill>, StoreError>;

    /// Keeps a drill in place of what was kept of it before, with the history rows that tell of it: both or neither. Drills
    /// have one owner, so the last one stands; but one that has ended is never opened again.
    async fn put_drill(&self, drill: &StoredDrill, history: &[HistoryEntry]) -> Result<DrillPut, StoreError>;

    /// Whether the store answers: a cheap read for readiness.
    async fn ping(&self) -> Result<(), StoreError>;

    /// What is wrong with the store, as far as earlier calls have shown: no call is made for it.
    fn trouble(&self) -> Option<String> {
        None
    }

    /// What reads of the history have met since the store was opened: no call is made for it.
    fn history_trouble(&self) -> Option<HistoryTrouble> {
        None
    }

    /// Counts how often the store was opened. When it has changed, what was loaded before may be of another file.
    fn incarnation(&self) -> u64 {
        0
    }
}
