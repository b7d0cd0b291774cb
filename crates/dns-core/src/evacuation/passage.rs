//! How far a service has come in an evacuation, which its own state tells.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Evacuation;
use crate::fence::{DecisionId, EvacuationId};
use crate::identifier::RegionName;
use crate::machine::memory::Failover;
use crate::saga::Saga;
use crate::service::{Everywhere, Mode};
use crate::standing::Standing;
use crate::time::Timestamp;

/// How often a service is tried in one run. A decision may end because the controller was restarted, or because another
/// one was faster; three in a row are no accident.
pub const TRIES_MAX: u32 = 3;

/// The pause between two tries of a service: as long as the first wait after any failed write.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Which run of which evacuation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Errand {
    /// Which evacuation.
    pub evacuation: EvacuationId,
    /// How often it had been started.
    pub run: u32,
}

/// The last time that an evacuation has moved a service, or tried to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Passage {
    /// For whom.
    #[serde(flatten)]
    pub errand: Errand,
    /// The decision.
    pub decision: DecisionId,
    /// When it was decided.
    pub at: Timestamp,
    /// How often it was tried in this run.
    pub tries: u32,
    /// Whether it is served.
    pub arrival: Arrival,
}

/// Whether a move is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Arrival {
    /// Not seen yet. If nothing is under way any more, it was never written.
    Awaited,
    /// It is.
    Served,
    /// Not by every authoritative server in time.
    Unserved,
}

/// How far a service is that an evacuation concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stand {
    /// It has not begun, or begins once more.
    Waiting {
        /// Whether enough is known of it to ask the kernel, and it is not too soon after the last try.
        ready: bool,
    },
    /// Decided or written, and not seen to be served yet.
    UnderWay,
    /// Served.
    Arrived,
    /// Written, and not every authoritative server served it in time.
    Unserved {
        /// Whether that was since the evacuation was last started.
        now: bool,
    },
    /// Tried as often as is sensible since the evacuation was last started, and not written.
    Stuck,
}

impl Stand {
    /// Of a service; `None` if the evacuation does not concern it.
    pub fn of(evacuation: &Evacuation, service: &Everywhere, saga: &Saga, now: Timestamp) -> Option<Self> {
        let passages = saga.machines().filter_map(|(_, machine)| Some((machine.memory(), machine.memory().passage()?)));
        let newest = passages.max_by_key(|(_, passage)| passage.at);
        let own = newest.as_ref().filter(|(_, passage)| passage.errand.evacuation == evacuation.id);
        if let Some((memory, passage)) = own {
            return Some(Self::of_passage(evacuation, memory, passage, saga, now));
        }
        let memory = saga.machine(saga.teller(now))?.memory();
        let acts = service.lead().mode == Mode::Active;
        if newest.is_none() {
            return Self::of_untouched(evacuation, memory.active(), acts, is_known(memory));
        }
        let active = memory.active()?;
        let concerns = match &evacuation.undoes {
            Some(undone) => {
                let moved = newest.is_some_and(|(_, passage)| passage.errand.evacuation == *undone);
                moved && *active != evacuation.region
            }
            None => *active == evacuation.region,
        };
        (concerns && acts).then(|| Self::Waiting { ready: is_known(memory) })
    }

    /// Of a service that no evacuation has moved: whether it acts, and whether enough is known of it to move it.
    pub fn of_untouched(evacuation: &Evacuation, active: Option<&RegionName>, acts: bool, known: bool) -> Option<Self> {
        let concerns = evacuation.undoes.is_none() && active == Some(&evacuation.region);
        (concerns && acts).then_some(Self::Waiting { ready: known })
    }

    fn of_passage(evacuation: &Evacuation, memory: &Failover, passage: &Passage, saga: &Saga, now: Timestamp) -> Self {
        let in_this_run = passage.errand.run == evacuation.run;
        match passage.arrival {
            Arrival::Served => Self::Arrived,
            Arrival::Unserved => Self::Unserved { now: in_this_run },
            Arrival::Awaited if memory.is_on_its_way(&passage.decision) => Self::UnderWay,
            // Another controller has gone on from there, so nobody asks any more whether it is served.
            Arrival::Awaited if evacuation.is_behind(memory.active()) => Self::Unserved { now: in_this_run },
            Arrival::Awaited if in_this_run && passage.tries >= TRIES_MAX => Self::Stuck,
            Arrival::Awaited => {
                let rested = !in_this_run || now.since(passage.at) >= TRY_AGAIN || now < passage.at;
                let known = saga.machine(saga.teller(now)).is_some_and(|machine| is_known(machine.memory()));
                Self::Waiting { ready: rested && known }
            }
        }
    }
}

/// After a start nobody has been heard and nothing read for a moment, and the kernel would refuse what it lets a second
/// later.
fn is_known(memory: &Failover) -> bool {
    memory.judgement().is_some() && *memory.standing() != Standing::Unread
}
