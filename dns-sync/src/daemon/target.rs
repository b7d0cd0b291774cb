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

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dns_api::sync::TargetState;
use dns_provider::port::ProviderError;
use dns_provider::zones::{Extent, Listing, Refreshed};
use dns_service::clock::Clock;
use dns_service::exit::one_line;
use dns_zone::{Drift, Drifted, Kind, Next, Owner, Proposal, SetChange, SetKey, Step, difference, is_compared};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::drifting::Drifting;
use super::metering::{self, Push};
use super::original::{Following, Original, State};
use super::signs::TargetSign;
use super::unserved::Unserved;
use crate::folder::Folder;
use crate::place::Place;
use crate::planning::{self, TargetUnread};
use crate::sending::{SendError, Sender, Sent};
use crate::served::is_seen;

/// The first pause after something went wrong; it doubles.
const BACKOFF: Duration = Duration::from_millis(500);

/// The longest one.
const BACKOFF_MAX: Duration = Duration::from_mins(1);

/// How often a target that is held is read again: an operator may have done by hand what was too much.
const HELD_EVERY: Duration = Duration::from_secs(30);

/// Refused sets that are named; more say no more.
const REFUSED_NAMED_MAX: usize = 5;

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
    /// What holds it, as it was told last.
    pub(super) told: Vec<String>,
}

/// What is known of the target's zone.
struct Known {
    listing: Listing,
    /// When all of it has to be read again.
    due: Instant,
    /// What a refresh reads of it, once there was one.
    extent: Option<Extent>,
    /// Sets that may have been written or not: what is read of them next says nothing about others.
    in_doubt: BTreeSet<SetKey>,
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
}

impl Target {
    /// Follows until `stop`. What is being sent then is sent to its end, which the permit bounds.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut known = None;
        let mut backoff = BACKOFF;
        while !stop.is_cancelled() {
            match self.round(&mut known).await {
                Ok(rest) => {
                    backoff = BACKOFF;
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = self.following.woken() => {}
                        () = rest.over() => {}
                    }
                }
                Err(trouble) => {
                    self.in_trouble(&trouble, &mut known);
                    stop.run_until_cancelled(tokio::time::sleep(backoff)).await;
                    backoff = (backoff * 2).min(BACKOFF_MAX);
                }
            }
        }
    }

    /// Reads what is due, and writes until nothing is left to write.
    async fn round(&mut self, known: &mut Option<Known>) -> Result<Rest, Trouble> {
        if self.original.read().is_none() {
            return Ok(Rest::UntilWoken);
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
                return Ok(Rest::UntilWoken);
            };
            if !proposal.stopped_by(&BTreeSet::new()).is_empty() {
                self.hold(&proposal);
                known.due = known.due.min(Instant::now() + HELD_EVERY);
                return Ok(Rest::Until(known.due));
            }
            self.told.clear();
            if proposal.steps.is_empty() {
                self.equal(&refused);
                return Ok(Rest::Until(known.due));
            }
            self.sign.state(TargetState::Behind, Vec::new());
            self.push(known, &proposal.steps, since).await?;
            is_fresh = false;
        }
    }

    /// Reads all of the target.
    async fn look(&mut self, known: &mut Option<Known>) -> Result<(), Trouble> {
        let listing = planning::list(&self.place, self.original.apex()).await?;
        let due = Instant::now() + self.check_every;
        self.sign.checked();
        let Some(known) = known else {
            self.following.state().follower.compare_all();
            *known = Some(Known { listing, due, extent: None, in_doubt: BTreeSet::new() });
            return Ok(());
        };
        let changes = difference(&known.listing.zone, &listing.zone);
        (known.listing, known.due) = (listing, due);
        self.drifting.was_read();
        self.found(known, &changes, &[]);
        Ok(())
    }

    /// Brings up to date what says who holds what, so that nothing is written that somebody has taken over meanwhile.
    async fn refresh(&mut self, known: &mut Known) -> Result<(), Trouble> {
        let Refreshed { extent, changes } = self.reading(self.place.holder.refresh(&mut known.listing).await)?;
        known.extent = Some(extent);
        self.found(known, &changes, &[]);
        Ok(())
    }

    fn reading<T>(&self, read: Result<T, ProviderError>) -> Result<T, TargetUnread> {
        read.map_err(|source| TargetUnread {
            zone: self.original.apex().clone(),
            target: self.place.name.clone(),
            source,
        })
    }

    /// Takes note of what the target has become, but for what was written itself.
    fn found(&mut self, known: &mut Known, changes: &[SetChange], own: &[SetChange]) {
        self.following.state().follower.target_changed(changes);
        let is_own = |change: &SetChange| own.iter().any(|one| one.key == change.key && one.after == change.after);
        let in_doubt = std::mem::take(&mut known.in_doubt);
        let apex = self.original.apex();
        let foreign = changes.iter().filter(|one| is_compared(&one.key, apex) && !in_doubt.contains(&one.key));
        self.drifting.seen(foreign.filter(|change| !is_own(change)));
    }

    /// What is to be done now; nothing if the source is not known.
    fn propose(&mut self, known: &Known) -> Result<Option<Proposed>, Trouble> {
        let source_sets = self.folder.source_sets(self.original.apex())?;
        let original = Arc::clone(&self.original);
        let original = original.read();
        let Some(copy) = original.as_ref() else { return Ok(None) };
        let settings = self.planner.settings(&self.place, &copy.not_plain, &known.listing, source_sets);
        let following = Arc::clone(&self.following);
        let mut following = following.state();
        let State { follower, behind_since } = &mut *following;
        let target = &known.listing.zone;
        let first = follower.propose(&copy.zone, target, &settings);
        let drifted = self.drifting.judge(&first.steps, target, follower, &settings, self.clock.now());
        let proposal = if drifted.is_empty() { first } else { follower.propose(&copy.zone, target, &settings) };
        if proposal.steps.is_empty() && proposal.stopped_by(&BTreeSet::new()).is_empty() {
            *behind_since = None;
        }
        let proposed = Proposed {
            since: behind_since.unwrap_or_else(Instant::now),
            refused: follower.refused().clone(),
            proposal: without_what_refused_sets_may_need(proposal, follower.refused()),
        };
        self.sign.pending(proposed.proposal.steps.iter().map(|step| step.changes.len()).sum(), *behind_since);
        self.tell(&drifted);
        Ok(Some(proposed))
    }

    /// Drift is told when it is found, and stays in the report as long as it lasts.
    fn tell(&self, drifted: &[Drifted]) {
        let (zone, target) = (self.original.apex(), &self.place.name);
        for one in drifted.iter().filter(|one| one.is_new) {
            match one.next {
                Next::Nothing | Next::Wait if one.drift == Drift::Lag => info!(%zone, %target, "{one}"),
                Next::Hold => error!(%zone, %target, "{one}"),
                Next::Nothing | Next::Wait | Next::Keep | Next::Repair | Next::Believe => {
                    warn!(%zone, %target, "{one}");
                }
            }
            metering::drifted(zone, target, &one.drift);
        }
        self.sign.drifted(drifted.iter().map(ToString::to_string).collect());
    }

    async fn push(&mut self, known: &mut Known, steps: &[Step], since: Instant) -> Result<(), Trouble> {
        let zone = self.original.apex();
        known.in_doubt.extend(steps.iter().flat_map(|step| &step.changes).map(|change| change.key.clone()));
        let sender = Sender { zone, target: &self.place, clock: self.clock, tell: &|_| {} };
        let sent = sender.send(steps).await?;
        known.in_doubt.clear();
        let done: Vec<SetChange> = sent.done.iter().flat_map(|index| steps[*index].changes.iter().cloned()).collect();
        self.drifting.wrote(&done, self.clock.now());
        self.refuse(steps, &sent);
        self.count(&done, &sent);
        self.read_back(known, &done).await?;
        let seen = done.into_iter().filter(|change| is_seen(&known.listing.zone, &change.key));
        self.unserved.expect(seen, &self.place.servers, since);
        Ok(())
    }

    /// A primary tells its differences, ours among them; an API is believed in what it took until all of it is read again.
    async fn read_back(&mut self, known: &mut Known, done: &[SetChange]) -> Result<(), Trouble> {
        if known.extent != Some(Extent::Guards) {
            let Refreshed { extent, changes } = self.reading(self.place.holder.refresh(&mut known.listing).await)?;
            known.extent = Some(extent);
            if extent == Extent::All {
                self.drifting.was_read();
            }
            self.found(known, &changes, done);
        }
        if known.extent == Some(Extent::Guards) {
            for change in done {
                change.apply_to(&mut known.listing.zone).expect("invariant: what was planned lies in the zone");
            }
            self.following.state().follower.target_changed(done);
        }
        Ok(())
    }

    /// What was refused is not tried again before something about it changes.
    fn refuse(&self, steps: &[Step], sent: &Sent) {
        let (zone, target) = (self.original.apex(), &self.place.name);
        for (index, reason) in &sent.refused {
            let sets: Vec<String> = steps[*index].changes.iter().map(|change| change.key.to_string()).collect();
            error!(%zone, %target, sets = sets.join(", "), "refused: {reason}");
        }
        let kept = sent.refused.iter().map(|(index, _)| index).chain(&sent.withheld);
        let kept = kept.flat_map(|index| &steps[*index].changes).map(|change| change.key.clone());
        self.following.state().follower.set_aside(kept);
    }

    fn count(&self, done: &[SetChange], sent: &Sent) {
        let (zone, target) = (self.original.apex(), &self.place.name);
        for kind in [Kind::Create, Kind::Update, Kind::Delete] {
            let count = done.iter().filter(|change| change.kind() == kind).count() as u64;
            if count > 0 {
                metering::changed(zone, target, kind, count);
            }
        }
        let whole = sent.refused.is_empty() && sent.withheld.is_empty();
        metering::pushed(zone, target, if whole { Push::Done } else { Push::Refused });
        info!(%zone, %target, sets = done.len(), batches = sent.batches, "pushed");
        self.sign.written();
    }

    fn equal(&self, refused: &BTreeSet<SetKey>) {
        let following = self.following.state();
        // The source has changed since, and the next round tells.
        if following.behind_since.is_some() {
            return;
        }
        if refused.is_empty() {
            return self.sign.state(TargetState::Equal, Vec::new());
        }
        let named: Vec<String> = refused.iter().take(REFUSED_NAMED_MAX).map(ToString::to_string).collect();
        let (count, named) = (refused.len(), named.join(", "));
        let reason =
            format!("{count} record sets are refused, or need one that is, and nothing is deleted meanwhile: {named}");
        self.sign.state(TargetState::Refusing, vec![reason]);
    }

    /// Told once, and again when it is held by something else; how far a limit is exceeded changes all the time.
    fn hold(&mut self, proposal: &Proposal) {
        let reasons = proposal.stopped_by(&BTreeSet::new());
        let limits = proposal.exceeded.iter().map(|one| one.limit.to_string());
        let markers = proposal.stray_markers.iter().map(ToString::to_string);
        let kinds: Vec<String> =
            proposal.refusals.iter().map(ToString::to_string).chain(limits).chain(markers).collect();
        if self.told != kinds {
            let (zone, target, reasons) = (self.original.apex(), &self.place.name, reasons.join("; "));
            error!(%zone, %target, "held, nothing is written: {reasons}. `dns-sync plan` shows it, `dns-sync apply` does it");
            self.told = kinds;
        }
        self.sign.state(TargetState::Held, reasons);
    }

    fn in_trouble(&self, trouble: &Trouble, known: &mut Option<Known>) {
        let (zone, target) = (self.original.apex(), &self.place.name);
        let reason = one_line(trouble);
        let outcome = match trouble {
            Trouble::Unsent(SendError::Drifted { .. }) => Push::Drifted,
            Trouble::Unsent(_) | Trouble::Unread(_) | Trouble::Folder(_) => Push::Failed,
        };
        warn!(%zone, %target, "{reason}");
        metering::pushed(zone, target, outcome);
        self.sign.state(TargetState::Failing, vec![reason]);
        if let Some(known) = known {
            known.due = Instant::now();
        }
    }
}

/// What is to be done.
struct Proposed {
    proposal: Proposal,
    /// When the oldest of it was learnt.
    since: Instant,
    /// Sets that the target refuses.
    refused: BTreeSet<SetKey>,
}

/// A refused set may still lead to what else would be deleted.
fn without_what_refused_sets_may_need(mut proposal: Proposal, refused: &BTreeSet<SetKey>) -> Proposal {
    let spoilt: BTreeSet<Owner> = refused.iter().map(|key| key.owner.clone()).collect();
    proposal.steps.retain(|step| !step.is_spoilt_by(&spoilt));
    proposal
}

impl Rest {
    async fn over(&self) {
        match self {
            Self::Until(due) => tokio::time::sleep_until((*due).into()).await,
            Self::UntilWoken => std::future::pending().await,
        }
    }
}
