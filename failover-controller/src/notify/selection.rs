//! Which rows of the history a receiver is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dns_core::fence::DecisionId;
use dns_core::history::{HistoryEntry, HistoryKind};
use dns_core::identifier::ServiceName;
use dns_service::config::notification::Topic;
use dns_store::port::{HistoryRow, Store, StoreError};

use super::story::Story;
use super::trouble::{Change, Troubles};

/// Decisions of which it is remembered whether they move: rows of one follow each other.
const KNOWN_MAX: usize = 256;

/// The labels of the places of services that have several.
pub(crate) type Places = BTreeMap<ServiceName, Vec<String>>;

/// What a receiver is told.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// What its topics say.
    Topics(BTreeSet<Topic>),
    /// The outcome of each move that decides.
    Outcomes,
}

/// A receiver's choice.
pub(super) struct Selection {
    pub(super) wanted: Wanted,
    /// `None` means of all.
    pub(super) services: Option<BTreeSet<ServiceName>>,
    pub(super) places: Arc<Places>,
    known: BTreeMap<DecisionId, Kind>,
}

/// What a decision is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    moves: bool,
    decides: bool,
}

/// A row that a receiver is told.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) row: HistoryRow,
    pub(super) change: Change,
}

impl Selection {
    pub(super) fn new(wanted: Wanted, services: Option<BTreeSet<ServiceName>>, places: Arc<Places>) -> Self {
        Self { wanted, services, places, known: BTreeMap::new() }
    }

    /// The row with what it does to the troubles so far, if the receiver is to be told of it.
    ///
    /// # Errors
    /// If the history cannot be read now.
    pub(super) async fn choose(
        &mut self,
        row: HistoryRow,
        troubles: &Troubles,
        store: &dyn Store,
    ) -> Result<Option<Item>, StoreError> {
        let entry = &row.entry;
        if self.services.as_ref().is_some_and(|services| !services.contains(&entry.service)) {
            return Ok(None);
        }
        let none = Vec::new();
        let change = match &self.wanted {
            Wanted::Topics(_) => troubles.change(entry, self.places.get(&entry.service).unwrap_or(&none)),
            Wanted::Outcomes => Change::default(),
        };
        let chosen = match &self.wanted {
            Wanted::Outcomes => {
                matches!(entry.kind, HistoryKind::Verified | HistoryKind::Unverified)
                    && self.kind_of(entry, store).await?.decides
            }
            Wanted::Topics(topics) => {
                let pages = topics.contains(&Topic::Pages) && (entry.page || !change.ends.is_empty());
                let moves = topics.contains(&Topic::Moves);
                topics.contains(&Topic::All) || pages || (moves && self.is_of_a_move(&row.entry, store).await?)
            }
        };
        Ok(chosen.then_some(Item { row, change }))
    }

    async fn is_of_a_move(&mut self, row: &HistoryEntry, store: &dyn Store) -> Result<bool, StoreError> {
        let told_elsewhere = matches!(row.kind, HistoryKind::WouldMove | HistoryKind::Imported);
        Ok(told_elsewhere || self.kind_of(row, store).await?.moves)
    }

    async fn kind_of(&mut self, row: &HistoryEntry, store: &dyn Store) -> Result<Kind, StoreError> {
        let Some(decision) = &row.decision else { return Ok(Kind { moves: false, decides: false }) };
        if let Some(kind) = self.known.get(decision) {
            return Ok(*kind);
        }
        let told = Story::of(store, decision).await?;
        let kind =
            Kind { moves: told.as_ref().is_some_and(Story::moves), decides: told.as_ref().is_some_and(Story::decides) };
        if self.known.len() >= KNOWN_MAX {
            // Ids begin with their time: the first is the oldest.
            self.known.pop_first();
        }
        self.known.insert(decision.clone(), kind);
        Ok(kind)
    }
}
