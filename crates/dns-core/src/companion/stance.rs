//! Where a service is, by what its machines remember.

use super::Whereabouts;
use crate::fence::DecisionId;
use crate::identifier::RegionName;
use crate::machine::Machine;
use crate::machine::memory::LastMove;
use crate::saga::Saga;
use crate::service::{Mode, Place, Service};
use crate::standing::Standing;
use crate::time::Timestamp;

/// Where a companion is, and what stands in the way of its moves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stance {
    /// The region that it is in, as far as is known.
    pub(super) active: Option<RegionName>,
    /// Why that is not known for certain.
    pub(super) doubt: Option<&'static str>,
    /// Where a write that is open brings it.
    pub(super) bound: Option<RegionName>,
    /// Whether its last move was seen to be served, and no other has begun.
    pub(super) arrived: bool,
    /// The decision that led it to where it is.
    pub(super) plan: Option<DecisionId>,
    /// How that was decided, if this controller remembers it.
    pub(super) last_move: Option<LastMove>,
    /// Why nobody can move it now.
    pub(super) obstacle: Option<&'static str>,
    /// Who has paused it.
    pub(super) paused: Option<String>,
    /// Whether it would return to its preferred region by itself.
    pub(super) returns: bool,
}

impl Stance {
    /// Of a service as it is now.
    pub fn of(saga: &Saga, lead: &Service, now: Timestamp) -> Self {
        let Some(teller) = saga.machine(saga.teller(now)) else { return Self::default() };
        let memory = teller.memory();
        let active = memory.active().cloned();
        let way_back = active.as_ref().and_then(|active| memory.way_back(active, lead, now));
        let plan = saga.newest().map(|newest| newest.plan.clone());
        let moves = saga.machines().filter_map(|(_, machine)| machine.memory().last_move());
        let last_move = moves.into_iter().find(|last| plan.as_ref() == Some(&last.plan)).cloned();
        Self {
            doubt: doubt(memory.standing(), active.is_some()),
            bound: saga.machines().find_map(|(_, machine)| bound(machine)),
            arrived: has_arrived(saga),
            obstacle: obstacle(memory.standing()).filter(|_| lead.mode == Mode::Active),
            paused: saga.machines().find_map(|(_, machine)| machine.memory().pause()).map(|pause| pause.by.to_string()),
            returns: way_back.is_some(),
            active,
            plan,
            last_move,
        }
    }

    /// The region that it is in, as far as is known.
    pub fn active(&self) -> Option<&RegionName> {
        self.active.as_ref()
    }

    /// Whether its last move was seen to be served, and no other has begun.
    pub fn has_arrived(&self) -> bool {
        self.arrived
    }

    /// How it came to where it is, if this controller remembers it.
    pub fn last_move(&self) -> Option<&LastMove> {
        self.last_move.as_ref()
    }

    /// The decision that led it to where it is.
    pub fn plan(&self) -> Option<&DecisionId> {
        self.plan.as_ref()
    }

    pub(super) fn is_in(&self, region: &RegionName) -> bool {
        self.active.as_ref() == Some(region)
    }

    /// Where it is, or why that is not known.
    pub(super) fn whereabouts(&self) -> Result<Whereabouts<'_>, &str> {
        match (&self.active, self.doubt, &self.bound) {
            (_, Some(doubt), _) => Err(doubt),
            (None, None, _) => Err("its records are no region's"),
            (Some(from), None, Some(to)) if from != to => Ok(Whereabouts::OnItsWay { from, to }),
            (Some(here), None, _) => Ok(Whereabouts::In(here)),
        }
    }
}

fn bound(machine: &Machine) -> Option<RegionName> {
    let open = machine.memory().open().filter(|open| open.write.kind.moves())?;
    open.write.to.clone()
}

/// A place that is behind holds up nobody, as it holds up none of the service's own.
fn has_arrived(saga: &Saga) -> bool {
    let newest = saga.newest().map(|newest| newest.epoch);
    let mut there = saga.machines().filter(|(_, machine)| machine.memory().held().map(|held| held.epoch) == newest);
    let settled = |(_, machine): (&Place, &Machine)| machine.memory().is_seen_served();
    newest.is_some() && there.all(settled)
}

fn doubt(standing: &Standing, knows: bool) -> Option<&'static str> {
    match standing {
        Standing::Unread => Some("its zone has not been read since the start or the last write"),
        Standing::Foreign { .. } => Some("someone else has changed its zone"),
        Standing::Lost { .. } => Some("its fence was lost or set back"),
        Standing::Unadopted { .. } | Standing::Released { .. } if !knows => Some("its records are no region's"),
        Standing::Unadopted { .. } | Standing::Released { .. } | Standing::Held | Standing::Newer { .. } => None,
    }
}

/// Of a service that only observes nothing is moved, so nothing stands in the way. An unread zone is none: it is about to be read, and to page for it would be a page at each start.
fn obstacle(standing: &Standing) -> Option<&'static str> {
    match standing {
        Standing::Foreign { .. } => Some("someone else has changed its zone"),
        Standing::Lost { .. } => Some("its fence was lost or set back"),
        Standing::Unadopted { .. } => Some("it has not been adopted"),
        Standing::Released { .. } => Some("it was released"),
        Standing::Unread | Standing::Held | Standing::Newer { .. } => None,
    }
}
