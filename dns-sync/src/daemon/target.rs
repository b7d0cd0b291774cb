//! One target that follows its source: what differs is written, in order, and then waited for until it is served.
//!
//! ```text
//!   the source changed ─┐
//!   time to check ──────┼▶ read what is due ─▶ propose ─┬─ nothing ──────────▶ equal
//!                       │                               ├─ too much, unclear ▶ held: told, looked at again
//!                       │                               └─ steps ─▶ send ─┬─ taken ────▶ propose again
//!                       └──────────── back off ◀──────────────────────────┴─ failed, drifted
//! ```
//!
//! All that it does follows from two zones and what is known of their differences, so that nothing needs a journal: whoever was
//! killed in the middle reads both zones and goes on.

mod looking;
mod pushing;
mod telling;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dns_api::sync::TargetState;
use dns_core::identifier::ProviderName;
use dns_provider::zones::{Extent, Listing};
use dns_service::clock::Clock;
use dns_zone::{Drift, Force, Kind, Next, Owner, Proposal, SetChange, SetKey, Step};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::alarms::Alarms;
use super::drifting::Drifting;
use super::original::{Following, Original, State};
use super::signs::TargetSign;
use super::together::Part;
use super::told::Told;
use super::unserved::Unserved;
use crate::folder::Folder;
use crate::place::Place;
use crate::planning;
use crate::reading::TargetUnread;
use crate::sending::SendError;

/// The first pause after something went wrong; it doubles.
const BACKOFF: Duration = Duration::from_millis(500);

/// The longest one.
const BACKOFF_MAX: Duration = Duration::from_mins(1);

/// When a target that is held is read again at first: an operator may have done by hand what was too much. It doubles.
const HELD_EVERY: Duration = Duration::from_secs(30);

/// Reading it again takes no more than this part of the time: calls of an API are shared.
const HELD_PAUSE_FACTOR: u32 = 10;

/// A target, with all that is needed to follow.
pub(super) struct Target {
    pub(super) place: Place,
    pub(super) original: Arc<Original>,
    pub(super) following: Arc<Following>,
    pub(super) planner: planning::Planner,
    pub(super) folder: Folder,
    pub(super) sign: TargetSign,
    pub(super) unserved: Unserved,
    pub(super) clock: Clock,
    pub(super) check_every: Duration,
    pub(super) drifting: Drifting,
    pub(super) alarms: Alarms,
    /// Its part in what was written lately.
    pub(super) part: Part,
    /// What holds it, as it was told last.
    pub(super) told: Vec<String>,
    /// How many times it was read whole since it is held.
    pub(super) held_looks: u32,
    /// What was wrong, as it was told last.
    pub(super) troubled: Told,
    /// Steps that the target has refused while it took others, with what it said: told once.
    pub(super) poison: BTreeMap<Vec<SetKey>, String>,
    /// When it is to be kept how large the source is; none if it is not known when that was done last.
    pub(super) remember_at: Option<Instant>,
    pub(super) stop: CancellationToken,
}

/// What is known of the target's zone.
struct Known {
    listing: Listing,
    /// When reading it was begun, or what says who holds what in it.
    read_at: Instant,
    /// How long it took to read all of it.
    took: Duration,
    /// When all of it has to be read again.
    due: Instant,
    /// What a refresh reads of it, once there was one.
    extent: Option<Extent>,
    /// Sets that may have been written or not: what is read of them next says nothing about others.
    in_doubt: BTreeSet<SetKey>,
    /// What was written, or may have been, and not read back since, with when the oldest of it was learnt. Once it is, the servers
    /// are asked for it.
    unread: BTreeMap<SetKey, (SetChange, std::time::Instant)>,
}

/// How it stands after a round.
enum Rest {
    /// Until the source changes, or a check is due.
    Until(Instant),
    /// The source is not known: until it is.
    UntilWoken,
}

/// What went wrong in a round; the target is read anew after a pause.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Unread(#[from] TargetUnread),
    #[error(transparent)]
    Unsent(#[from] SendError),
    #[error(transparent)]
    Folder(#[from] crate::folder::FolderError),
    #[error("`{target}` refuses every change of {zone}, at last: {reason}")]
    Denied { zone: Owner, target: ProviderName, reason: String },
    #[error("the program was told to stop")]
    Stopped,
}

impl Target {
    /// Follows until `stop`. The batch that is being sent then is sent to its end, which the permit bounds.
    pub(super) async fn run(mut self) {
        let stop = self.stop.clone();
        let mut known = None;
        let mut backoff = BACKOFF;
        while !stop.is_cancelled() {
            match self.round(&mut known).await {
                Ok(rest) => {
                    backoff = BACKOFF;
                    self.tell_no_trouble();
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = self.following.woken() => {}
                        () = rest.over() => {}
                    }
                }
                Err(_) if stop.is_cancelled() => {}
                Err(trouble) => {
                    self.tell_trouble(&trouble);
                    // Of what was denied nothing was written, so that what is known is as good as before.
                    if let Some(known) = known.as_mut().filter(|_| !matches!(trouble, Trouble::Denied { .. })) {
                        known.due = Instant::now();
                    }
                    stop.run_until_cancelled(tokio::time::sleep(backoff)).await;
                    backoff = (backoff * 2).min(BACKOFF_MAX);
                }
            }
        }
        self.alarms.tell_all().await;
    }

    /// Reads what is due, and writes until nothing is left to write.
    async fn round(&mut self, known: &mut Option<Known>) -> Result<Rest, Trouble> {
        if self.original.read().is_none() {
            return Ok(self.rest_without_source());
        }
        let mut is_fresh = known.as_ref().is_none_or(|known| known.due <= Instant::now());
        if is_fresh {
            self.look(known).await?;
        }
        let Some(known) = known else { return Ok(Rest::UntilWoken) };
        loop {
            if !is_fresh && !self.following.state().follower.is_settled() {
                self.refresh(known).await?;
            }
            let Some(Proposed { proposal, since, refused }) = self.propose(known)? else {
                return Ok(self.rest_without_source());
            };
            self.part.has_sets(proposal.tally.existing);
            if !proposal.stopped_by(&BTreeSet::new()).is_empty() {
                self.tell_held(&proposal);
                let moves = if is_stopped_by_changes_alone(&proposal) { moves(proposal.steps) } else { Vec::new() };
                if moves.is_empty() {
                    self.held_looks += u32::from(is_fresh);
                    return Ok(self.rest_held(known));
                }
                self.push(known, &moves, None, since).await?;
                is_fresh = false;
                continue;
            }
            if proposal.steps.is_empty() {
                self.tell_no_hold();
                self.tell_equal(&refused);
                self.remember_source_sets();
                return Ok(Rest::Until(known.due));
            }
            match self.part.reserve(proposal.tally.existing, &proposal.steps) {
                Ok(reserved) => {
                    self.tell_no_hold();
                    self.sign.state(TargetState::Behind, Vec::new());
                    self.push(known, &proposal.steps, Some(reserved), since).await?;
                }
                Err(overspent) => {
                    self.tell_overspent(&overspent);
                    let moves = moves(proposal.steps);
                    if moves.is_empty() {
                        self.held_looks += u32::from(is_fresh);
                        return Ok(self.rest_held(known));
                    }
                    self.push(known, &moves, None, since).await?;
                }
            }
            is_fresh = false;
        }
    }

    /// Whether it is equal, nobody knows.
    fn rest_without_source(&self) -> Rest {
        self.sign.source_unknown();
        Rest::UntilWoken
    }

    /// Looked at again after a while: an operator may have done by hand what was too much, or there is room again.
    fn rest_held(&self, known: &mut Known) -> Rest {
        let pause = held_pause(self.held_looks, known.took).min(self.check_every);
        known.due = known.due.min(Instant::now() + pause);
        Rest::Until(known.due)
    }

    /// What is to be done now; nothing if the source is not known.
    fn propose(&mut self, known: &Known) -> Result<Option<Proposed>, Trouble> {
        let source_sets = self.folder.source_sets(self.original.apex(), &self.place.name)?;
        let original = Arc::clone(&self.original);
        let original = original.read();
        let Some(copy) = original.as_ref() else { return Ok(None) };
        let settings = self.planner.settings(&self.place, &copy.not_plain, &known.listing, source_sets);
        let following = Arc::clone(&self.following);
        let mut following = following.state();
        let State { follower, behind_since } = &mut *following;
        let target = &known.listing.zone;
        let first = follower.propose(&copy.zone, target, &settings);
        // Somebody's change may be what the source says by now, if a NOTIFY was lost.
        let is_confirmed = self.original.is_confirmed();
        let when = (self.clock.now(), is_confirmed);
        let drifted = self.drifting.judge(&first.steps, target, follower, &settings, when);
        if !is_confirmed && drifted.iter().any(|one| one.next == Next::Wait) {
            self.original.ask();
        }
        let proposal = if drifted.is_empty() { first } else { follower.propose(&copy.zone, target, &settings) };
        let refused = follower.refused().clone();
        let proposal = without_what_may_be_needed(proposal, &refused, &follower.held_leads_to(target));
        if proposal.steps.is_empty() && proposal.stopped_by(&BTreeSet::new()).is_empty() {
            *behind_since = None;
        }
        self.sign.pending(proposal.steps.iter().map(|step| step.changes.len()).sum(), *behind_since);
        self.tell_drift(&drifted);
        self.unserved.withdraw(drifted.iter().filter(|one| one.drift != Drift::Lag).map(|one| &one.change));
        Ok(Some(Proposed { since: behind_since.unwrap_or_else(std::time::Instant::now), refused, proposal }))
    }
}

/// What is to be done.
struct Proposed {
    proposal: Proposal,
    /// When the oldest of it was learnt.
    since: std::time::Instant,
    /// Sets that the target refuses.
    refused: BTreeSet<SetKey>,
}

/// How long a target that is held is left alone, after it was read so many times since.
fn held_pause(looks: u32, took: Duration) -> Duration {
    let first = HELD_EVERY.max(took.saturating_mul(HELD_PAUSE_FACTOR));
    first.saturating_mul(2_u32.saturating_pow(looks.saturating_sub(1)))
}

/// The sets of a step.
fn keys(step: &Step) -> Vec<SetKey> {
    step.changes.iter().map(|change| change.key.clone()).collect()
}

/// A refused set may still lead to what else would be deleted, and others to it; and what somebody else has changed and is left so
/// for now leads to what it says.
fn without_what_may_be_needed(mut proposal: Proposal, refused: &BTreeSet<SetKey>, held: &BTreeSet<Owner>) -> Proposal {
    let mut spoilt: BTreeSet<Owner> = refused.iter().map(|key| key.owner.clone()).collect();
    proposal.steps.retain(|step| {
        let deletes = |one: &SetChange| one.kind() == Kind::Delete && held.contains(&one.key.owner);
        let is_spoilt = step.is_spoilt_by(&spoilt) || step.changes.iter().any(deletes);
        if is_spoilt {
            spoilt.extend(step.owners().cloned());
        }
        !is_spoilt
    });
    proposal
}

/// Whether no more is wrong than that too much would change: the source and who holds what are known.
fn is_stopped_by_changes_alone(proposal: &Proposal) -> bool {
    let Proposal { exceeded, stray_markers, refusals, .. } = proposal;
    refusals.is_empty() && stray_markers.is_empty() && exceeded.iter().all(|one| one.limit != Force::Shrink)
}

/// What a failover controller moves, with what comes to the names that it leads to. No limit of changes holds that up: whoever damages
/// a source must not keep a service in a region that cannot serve.
fn moves(steps: Vec<Step>) -> Vec<Step> {
    let needed: BTreeSet<Owner> = steps.iter().filter(|step| step.service.is_some()).flat_map(Step::needs).collect();
    let leads = |step: &Step| {
        step.owners().any(|owner| needed.contains(owner)) && step.changes.iter().all(|one| one.kind() == Kind::Create)
    };
    steps.into_iter().filter(|step| step.service.is_some() || leads(step)).collect()
}

impl Rest {
    async fn over(&self) {
        match self {
            Self::Until(due) => tokio::time::sleep_until(*due).await,
            Self::UntilWoken => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests;
