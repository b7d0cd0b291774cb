//! What the invariants remember of a history.

use std::collections::{BTreeMap, BTreeSet};

use dns_core::fence::{DecisionId, Epoch, Rev};
use dns_core::identifier::RegionName;
use dns_core::rrset::Rrsets;
use dns_core::time::Timestamp;

use super::Ms;
use super::happening::Fate;

/// The memory of the invariants.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// By place: the highest order that was applied since somebody set the zone back.
    pub(super) applied: Vec<(Epoch, Rev)>,
    /// By place: which plan each epoch was of, since somebody set the zone back.
    pub(super) plans: Vec<BTreeMap<Epoch, DecisionId>>,
    /// Where each plan went, in every zone.
    pub(super) regions: BTreeMap<DecisionId, RegionName>,
    /// By place: the contents that hands have made.
    pub(super) by_hand: Vec<Vec<Rrsets>>,
    /// By place: when somebody last restored the zone or deleted its fence.
    pub(super) tampered_at: Vec<Option<Ms>>,
    /// By controller and place: the order that it held last.
    pub(super) held: Vec<Vec<(Epoch, Rev)>>,
    /// By controller and vantage point: since when nothing is heard.
    pub(super) silent_since: Vec<Vec<Option<Ms>>>,
    /// By place: when the service was last moved there, and how far the clock of whoever moved it was off; since somebody
    /// set the zone back.
    pub(super) moved: Vec<Option<(Ms, i64)>>,
    /// By controller and place: when it left a region there without an order, by its own clock, while its store is kept.
    pub(super) left: Vec<Vec<Vec<Timestamp>>>,
    /// Decisions that the hook has said no to.
    pub(super) vetoed: BTreeSet<DecisionId>,
    /// Whether the only controller was ordered to pause until it is resumed.
    pub(super) paused: bool,
    /// The region that was lost at the end.
    pub(super) lost: Option<usize>,
    /// What became of the last message.
    pub(super) last_fate: Option<Fate>,
    /// By entry of the script: whether it struck already.
    pub(super) struck: BTreeSet<usize>,
}

impl Ledger {
    pub(super) fn new(controllers: usize, places: usize, vantages: usize) -> Self {
        Self {
            applied: vec![(Epoch::default(), Rev::default()); places],
            plans: vec![BTreeMap::new(); places],
            by_hand: vec![Vec::new(); places],
            tampered_at: vec![None; places],
            moved: vec![None; places],
            left: vec![vec![Vec::new(); places]; controllers],
            held: vec![vec![(Epoch::default(), Rev::default()); places]; controllers],
            silent_since: vec![vec![None; vantages]; controllers],
            ..Self::default()
        }
    }

    /// A zone was set back, or its fence deleted: what was applied before says nothing about what comes.
    pub(super) fn forget_zone(&mut self, place: usize, order: (Epoch, Rev), now: Ms) {
        self.applied[place] = order;
        self.plans[place].clear();
        self.tampered_at[place] = Some(now);
        self.moved[place] = None;
    }

    /// A store was set back or lost.
    pub(super) fn forget_controller(&mut self, controller: usize) {
        self.held[controller].fill((Epoch::default(), Rev::default()));
        self.left[controller].iter_mut().for_each(Vec::clear);
        self.paused = false;
    }
}
