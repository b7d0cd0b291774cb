//! What a machine remembers of its service, and where the service stands by it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{State, Turn};
use crate::dwell::Dwell;
use crate::evacuation::{Arrival, Passage};
use crate::fence::{DecisionId, DrillId, Fence, Pause, Pin};
use crate::fleet::{Departure, Progress};
use crate::group::GroupMove;
use crate::identifier::RegionName;
use crate::judgement::{Health, Judgement};
use crate::kernel::{Rejection, Rule};
use crate::policy::{FailoverBudget, Policy};
use crate::service::Service;
use crate::standing::Standing;
use crate::time::Timestamp;
use crate::write::{Initiative, PlannedWrite, WriteKind, WriteStage};
use crate::zone::ZoneView;

/// The first wait after a failed write. It doubles with each further one.
const BACKOFF_MIN: Duration = Duration::from_secs(1);
/// The longest wait: a provider that comes back is used within half a minute.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// The memory. Evidence and zone views are not persisted: after a restart both are unknown until heard anew.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failover {
    /// The newest fence that was written or followed.
    pub(super) held: Option<Fence>,
    /// What the last look at the zone meant.
    pub(super) standing: Option<Standing>,
    /// The region whose records are served.
    pub(super) active: Option<RegionName>,
    /// When the service last moved.
    pub(super) moved: Option<Timestamp>,
    /// How often in a row the service has left its preferred region without an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) dwell: Option<Dwell>,
    /// A pause.
    pub(super) pause: Option<Pause>,
    /// Whether the fence has yet to say what `pause` says.
    pub(super) pause_unwritten: bool,
    /// Whether `pause` is this store's alone and never goes into the fence.
    pub(super) pause_stays_here: bool,
    /// A pin.
    pub(super) pin: Option<Pin>,
    /// The write that is not settled.
    pub(super) open: Option<Open>,
    /// The move whose verification has not come back.
    pub(super) verifying: Option<DecisionId>,
    /// Whether the newest write was not seen at every authoritative server that answered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) unverified: bool,
    /// What is wanted and refused.
    pub(super) hold: Option<Hold>,
    /// Failed writes in a row, and until when automatic ones wait.
    pub(super) backoff: Backoff,
    /// Why the zone cannot be read, since when.
    pub(super) unreadable: Option<Unreadable>,
    /// The last error of a write, until one succeeds.
    pub(super) write_error: Option<String>,
    /// The move that led to the fence, as it was decided; `None` for one that another controller made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_move: Option<LastMove>,
    /// When the service last left regions without an order, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) failovers: Vec<Timestamp>,
    /// The last time that the service left a region without an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) departure: Option<Departure>,
    /// The last time that an evacuation has moved the service, or tried to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) passage: Option<Passage>,
    /// The last move, if its verification ended and not every authoritative server served it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unserved: Option<DecisionId>,
    /// A loss of the fence that one look saw and the next has to confirm.
    #[serde(skip)]
    pub(super) doubt: Option<Standing>,
    /// The last look at the zone.
    #[serde(skip)]
    pub(super) view: Option<ZoneView>,
    /// The last judgement.
    #[serde(skip)]
    pub(super) judgement: Option<Judgement>,
}

/// How a move was decided: what a place that follows it late carries over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastMove {
    /// The plan that the fence names.
    pub plan: DecisionId,
    /// Its kind.
    pub kind: WriteKind,
    /// Who started it.
    #[serde(flatten)]
    pub initiative: Initiative,
    /// Rules that the operator overrode.
    pub overrides: Vec<Rule>,
    /// When they end; `None` of a move that was decided before overrides did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrides_expire: Option<Timestamp>,
    /// The drill that it was of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<DrillId>,
    /// Why.
    pub reason: String,
    /// The move of its group that it was a part of. States without it were written before there were groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupMove>,
}

impl LastMove {
    pub(super) fn of(write: &PlannedWrite) -> Self {
        Self {
            plan: write.fence.plan.clone(),
            kind: write.kind,
            initiative: write.initiative.clone(),
            overrides: write.overrides.clone(),
            overrides_expire: write.overrides_expire,
            drill: write.drill.clone(),
            reason: write.reason.clone(),
            group: write.group.clone(),
        }
    }
}

/// A write that is not settled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Open {
    /// What was planned.
    pub write: PlannedWrite,
    /// How far it is.
    pub stage: WriteStage,
    /// Why its outcome is unknown, if it is.
    pub uncertain: Option<String>,
}

/// Something wanted that the kernel refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// The kind of write.
    pub wanted: WriteKind,
    /// Where to.
    pub to: Option<RegionName>,
    /// Who said no.
    pub rejections: Vec<Rejection>,
    /// Since when these rules have said no.
    pub since: Timestamp,
    /// The rules that the history was told of: those that say no only for a moment are not among them.
    pub told: Vec<Rule>,
}

impl Hold {
    /// Whether this is what an observing service does instead of acting: nothing else stands in the way.
    pub fn is_observation(&self) -> bool {
        self.told.contains(&Rule::Observing)
            // A service that was never adopted has no fence either.
            && self.told.iter().all(|rule| matches!(rule, Rule::Observing | Rule::Adopted | Rule::Unfenced))
    }
}

/// Waiting after failed writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Backoff {
    failures: u32,
    until: Option<Timestamp>,
    /// Whether the newest failure was a hook's veto. States without it were written before there were hooks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    vetoed: bool,
}

impl Backoff {
    pub(super) fn failed(&mut self, now: Timestamp) {
        let doubled = BACKOFF_MIN.saturating_mul(1 << self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        self.until = Some(now + doubled.min(BACKOFF_MAX));
        self.vetoed = false;
    }

    /// Counts a move that a hook said no to.
    pub(super) fn vetoed(&mut self, now: Timestamp) {
        self.failed(now);
        self.vetoed = true;
    }

    /// Counts a write that the zone had outrun. That is normal when another controller was faster, so the first one
    /// is tried again at once; a row of them is a fault of ours or the provider's.
    pub(super) fn outrun(&mut self, now: Timestamp) {
        if self.failures == 0 {
            self.failures = 1;
        } else {
            self.failed(now);
        }
    }

    /// Forgets, after a success or when nothing is wanted any more.
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }

    /// Whether writes are failing, and the first of them was told.
    pub(super) fn is_failing(&self) -> bool {
        self.until.is_some()
    }

    /// A clock that was set back must not stretch a wait.
    fn mend(&mut self, now: Timestamp) {
        self.until = self.until.map(|until| until.min(now + BACKOFF_MAX));
    }
}

/// A zone that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unreadable {
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// Whether only a person can change that, as it was told at least once. States without it were written before it.
    #[serde(default)]
    pub denied: bool,
}

impl Failover {
    /// The newest fence that was written or followed.
    pub fn held(&self) -> Option<&Fence> {
        self.held.as_ref()
    }

    /// What the last look at the zone meant; unread without one.
    pub fn standing(&self) -> &Standing {
        match (&self.view, &self.standing) {
            (Some(_), Some(standing)) => standing,
            (None, _) | (_, None) => &Standing::Unread,
        }
    }

    /// The region whose records are served, as far as is known.
    pub fn active(&self) -> Option<&RegionName> {
        self.active.as_ref()
    }

    /// When the service last moved.
    pub fn moved(&self) -> Option<Timestamp> {
        self.moved
    }

    /// How often in a row the service has left its preferred region without an order.
    pub fn dwell(&self) -> Option<Dwell> {
        self.dwell
    }

    /// How long after the last move failback waits.
    pub fn failback_wait(&self, policy: &Policy, now: Timestamp) -> Duration {
        policy.dwell.wait(policy.cooldown, self.dwell, now)
    }

    /// A pause.
    pub fn pause(&self) -> Option<&Pause> {
        self.pause.as_ref()
    }

    /// A pin.
    pub fn pin(&self) -> Option<&Pin> {
        self.pin.as_ref()
    }

    /// The write that is not settled.
    pub fn open(&self) -> Option<&Open> {
        self.open.as_ref()
    }

    /// What is wanted and refused.
    pub fn hold(&self) -> Option<&Hold> {
        self.hold.as_ref()
    }

    /// The move whose verification has not come back.
    pub fn being_verified(&self) -> Option<&DecisionId> {
        self.verifying.as_ref()
    }

    /// Why the zone cannot be read.
    pub fn unreadable(&self) -> Option<&Unreadable> {
        self.unreadable.as_ref()
    }

    /// The last error of a write, until one succeeds.
    pub fn write_error(&self) -> Option<&str> {
        self.write_error.as_deref()
    }

    /// Whether writes fail and one is still wanted. Not to know whether it is wanted counts as yes.
    pub fn is_write_failing(&self) -> bool {
        self.backoff.is_failing()
    }

    /// The last time that the service left a region without an order, once it was written.
    pub fn departure(&self) -> Option<&Departure> {
        self.departure.as_ref()
    }

    /// How the service came to where its fence says, if this controller made the move.
    pub fn last_move(&self) -> Option<&LastMove> {
        self.last_move.as_ref().filter(|last| self.held.as_ref().is_some_and(|held| held.plan == last.plan))
    }

    /// Whether the last move was seen to be served by every authoritative server that answers, and no other has begun.
    pub(crate) fn is_seen_served(&self) -> bool {
        let moves = self.open.as_ref().is_some_and(|open| open.write.kind.moves());
        !moves && self.verifying.is_none() && self.unserved.is_none()
    }

    /// The last look at the zone.
    pub fn view(&self) -> Option<&ZoneView> {
        self.view.as_ref()
    }

    /// The last judgement.
    pub fn judgement(&self) -> Option<&Judgement> {
        self.judgement.as_ref()
    }

    /// Remembers that the service has left a region without an order.
    pub(super) fn count_failover(&mut self, at: Timestamp) {
        self.failovers.push(at);
        let most = usize::try_from(FailoverBudget::MOVES_MAX).unwrap_or(usize::MAX);
        let surplus = self.failovers.len().saturating_sub(most);
        self.failovers.drain(..surplus);
    }

    /// Remembers how a move ended that left a region, without an order or as part of an evacuation.
    pub(super) fn end_departure(&mut self, decision: &DecisionId, progress: Progress) {
        let own = |departure: &&mut Departure| departure.decision == *decision;
        if let Some(departure) = self.departure.as_mut().filter(own) {
            departure.progress = progress;
        }
        self.end_passage(decision, if progress == Progress::Arrived { Arrival::Served } else { Arrival::Unserved });
    }

    /// Points in the future count as seen now: the clock was set back, and nothing may wait for it to catch up. A move that
    /// was seen by a clock that was behind counts from when the fence says, as soon as that is past.
    pub(super) fn mend_clock(&mut self, now: Timestamp) {
        self.backoff.mend(now);
        let told = self.held.as_ref().map(|held| held.moved).filter(|moved| *moved <= now);
        self.moved = self.moved.map(|moved| moved.min(now)).max(told);
        self.dwell = self.dwell.map(|dwell| dwell.seen(now));
        let ours = self.departure.as_mut().map(|departure| &mut departure.at);
        let passing = self.passage.as_mut().map(|passage| &mut passage.at);
        self.failovers.iter_mut().chain(ours).chain(passing).for_each(|at| *at = (*at).min(now));
    }

    /// Until when this place is in no state to write. A veto says nothing against the place: another one would only be
    /// told the same.
    pub(super) fn unfit_until(&self) -> Option<Timestamp> {
        self.backoff.until.filter(|_| !self.backoff.vetoed)
    }

    pub(super) fn backoff_until(&self) -> Option<Timestamp> {
        self.backoff.until
    }

    /// Where the service stands by what is remembered.
    pub(super) fn place(&self, turn: &Turn) -> State {
        if self.open.as_ref().is_some_and(|open| open.write.kind.moves()) {
            return State::Flipping {};
        }
        if self.verifying.is_some() {
            return State::Verifying {};
        }
        if self.binding_pause(turn).is_some() {
            return State::Paused {};
        }
        let (Some(active), Some(judgement)) = (&self.active, &self.judgement) else { return State::Unknown {} };
        let Some(judged) = judgement.regions.get(active) else { return State::Unknown {} };
        match judged.health {
            Health::Unknown => State::Unknown {},
            Health::Failing => State::Suspected {},
            Health::Healthy if judged.is_suspected() => State::Suspected {},
            Health::Healthy => self.steady(active, turn.now(), &turn.around.service),
        }
    }

    fn steady(&self, active: &RegionName, now: Timestamp, service: &Service) -> State {
        if active == service.preferred() {
            State::SteadyPreferred {}
        } else if self.moved.is_some_and(|moved| now.since(moved) < self.failback_wait(&service.policy, now)) {
            State::CoolingDown {}
        } else {
            State::SteadyElsewhere {}
        }
    }
}
