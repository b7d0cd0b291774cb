//! When a service is looked at, as what it is counted among the others, and whether they keep it from leaving.

use std::sync::Arc;
use std::time::Duration;

use dns_core::companion::Companions;
use dns_core::fleet::{Fleet, Presence, Withheld};
use dns_core::identifier::RegionName;
use dns_core::judgement::{Health, Judgement};
use dns_core::machine::Machine;
use dns_core::saga::Saga;
use dns_core::service::Mode;
use dns_core::time::Timestamp;

use super::resting::Held;
use super::{Unit, shown};
use crate::engine::companions::GroupCall;
use crate::engine::due;

/// A service whose region fails and that may not move yet.
pub(super) struct Wait {
    pub(super) since: Timestamp,
    /// When it was last judged.
    pub(super) judged: Timestamp,
    /// Whether anything was heard of it since.
    pub(super) has_news: bool,
}

/// The time between two judgements of a service that waits for its turn, and of which something was heard: thousands may.
const WAITING_AGAIN: Duration = Duration::from_secs(1);

/// The same if nothing was heard: then only time has passed.
const WAITING_QUIETLY: Duration = Duration::from_secs(10);

/// How long it takes until it has shown whether a part of a region fails or all of it: the verdicts about thousands of
/// services come over a whole interval and `fall` runs. Nobody is woken before.
const PART_OR_ALL: Duration = Duration::from_secs(30);

impl Unit {
    /// Whether it is to be looked at without news. A clock that was set back says nothing of when.
    pub(in crate::engine) fn is_due(&self, now: Timestamp) -> bool {
        let has_row = || self.amiss.as_ref().is_some_and(|amiss| amiss.standbys.is_due(now));
        self.unjudged || now >= self.due || now < self.looked || has_row()
    }

    /// There is news: it is to be looked at now.
    pub(in crate::engine) fn make_due(&mut self) {
        self.unjudged = true;
        self.waits.iter_mut().for_each(|wait| wait.has_news = true);
    }

    /// Whether it waits for its turn.
    pub(in crate::engine) fn waits_its_turn(&self) -> bool {
        self.waits.is_some()
    }

    /// Whether it waits for its turn and was judged so lately that it need not be judged again.
    pub(in crate::engine) fn waits_on(&self, now: Timestamp) -> bool {
        self.waits.as_ref().is_some_and(|wait| {
            let pause = if wait.has_news { WAITING_AGAIN } else { WAITING_QUIETLY };
            now < wait.judged + pause && now >= wait.judged
        })
    }

    /// Notes whether it waits for its turn, as it was just judged.
    pub(in crate::engine) fn note_turn(&mut self, waits: bool, now: Timestamp) {
        if self.waits_its_turn() != waits {
            self.shown = None;
        }
        let since = self.waits.as_ref().map_or(now, |wait| wait.since);
        self.waits = waits.then(|| Box::new(Wait { since, judged: now, has_news: false }));
    }

    /// As what it is counted in the fleet.
    pub(in crate::engine) fn present(&self) -> &Presence {
        &self.present
    }

    /// What it adds to the fleet with a state that its own is or would become. While it waits for its turn it is not
    /// stepped by what is seen, and only its presence says how it was last judged.
    pub(in crate::engine) fn presence(&self, saga: &Saga, fleet: &Fleet, now: Timestamp) -> Presence {
        let presence = Presence::of(saga, fleet.radius(), now);
        if self.waits_its_turn() { presence.judged_as(&self.present) } else { presence }
    }

    /// Counts it anew in the fleet, as time has changed it.
    pub(in crate::engine) fn recount(&mut self, fleet: &mut Fleet, now: Timestamp) {
        if !self.is_counted_as_it_is() {
            self.count_as(self.presence(&self.saga(), fleet, now), fleet);
        }
    }

    /// Whether it rests, and time changes nothing of how it is counted: it has left no region lately.
    fn is_counted_as_it_is(&self) -> bool {
        self.held.awake().is_none() && self.present != Presence::default() && !self.present.has_left()
    }

    /// Counts it by a judgement that it was not stepped by, since it waits.
    pub(in crate::engine) fn recount_judged(&mut self, judgement: &Judgement, fleet: &mut Fleet, now: Timestamp) {
        let present = if self.is_counted_as_it_is() {
            self.present.clone()
        } else {
            Presence::of(&self.saga(), fleet.radius(), now)
        };
        self.count_as(present.judged(judgement), fleet);
    }

    pub(super) fn count_as(&mut self, next: Presence, fleet: &mut Fleet) {
        if next != self.present {
            fleet.discount(&self.present);
            fleet.count(&next);
            self.present = next;
        }
    }

    /// Whether the others keep it from leaving, and nothing is to be told of that: it waits for its wave, or it shows
    /// only now whether more than a part of its region fails.
    pub(in crate::engine) fn is_withheld(&self, fleet: &Fleet, now: Timestamp) -> bool {
        self.is_withheld_by(&self.admission(fleet), now)
    }

    /// Whether the others let it leave where it is. All that are counted alike are answered alike.
    pub(in crate::engine) fn admission(&self, fleet: &Fleet) -> Result<(), Withheld> {
        self.present.region().map_or(Ok(()), |active| fleet.admit_counted(active, &self.present))
    }

    /// Whether that answer keeps it.
    pub(in crate::engine) fn is_withheld_by(&self, admission: &Result<(), Withheld>, now: Timestamp) -> bool {
        let since = self.waits.as_ref().map_or(now, |wait| wait.since);
        match admission {
            Ok(()) => false,
            Err(Withheld::UntilItsWave(_)) => true,
            Err(Withheld::UntilOrdered(_)) => now.since(since) < PART_OR_ALL,
        }
    }

    /// Takes a judgement that is the same as before: then nothing that it decides by has changed, and there is nothing to
    /// step. False if it is another one, or time has changed something.
    pub(in crate::engine) fn is_confirmed_by(
        &mut self,
        judgement: &Judgement,
        companions: Option<&Arc<Companions>>,
        now: Timestamp,
    ) -> bool {
        let (knows, due) = match &self.held {
            Held::Resting(resting) => (resting.judged == Some(judgement.digest()), resting.due),
            Held::Awake(saga) => {
                let mut machines = saga.machines();
                let knows = machines.all(|(_, machine)| machine.memory().judgement() == Some(judgement))
                    && self.tied.as_ref().is_none_or(|tied| tied.told.as_ref() == companions);
                (knows, due::next(saga, &self.service.lead().policy, self.looked))
            }
        };
        let is_confirmed = knows && due > now;
        if is_confirmed {
            self.unjudged = false;
            self.due = due;
        }
        is_confirmed
    }

    /// Whether a judgement makes it want to move, or its group by it, and nothing of it is open yet.
    pub(in crate::engine) fn would_move(
        &self,
        judgement: &Judgement,
        group: Option<GroupCall>,
        now: Timestamp,
    ) -> bool {
        let fails = |active: &RegionName| judgement.health(active) == Health::Failing;
        // One that only observes opens nothing, and takes nobody's turn.
        let acts = self.service.lead().mode == Mode::Active;
        match &self.held {
            Held::Resting(_) => acts && self.present.region().is_some_and(fails),
            Held::Awake(saga) => {
                let is_open = |machine: &Machine| machine.memory().open().is_some();
                let (_, machine) = shown(saga, now);
                let fails = || machine.memory().active().is_some_and(fails);
                let wants = group.map_or_else(fails, |call| call.moves);
                acts && wants && !saga.machines().any(|(_, machine)| is_open(machine))
            }
        }
    }
}
