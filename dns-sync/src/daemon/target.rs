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
use dns_provider::zones::Listing;
use dns_service::clock::Clock;
use dns_service::exit::one_line;
use dns_zone::{Kind, Proposal, SetChange, SetKey, Step, difference};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::metering::{self, Push};
use super::original::{Following, Original};
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
}

/// What is known of the target's zone.
struct Known {
    listing: Listing,
    /// When all of it has to be read again.
    due: Instant,
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
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut known = None;
        let mut backoff = BACKOFF;
        let mut told = Vec::new();
        while !stop.is_cancelled() {
            match self.round(&mut known, &mut told).await {
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
    async fn round(&self, known: &mut Option<Known>, told: &mut Vec<String>) -> Result<Rest, Trouble> {
        if self.original.read().is_none() {
            return Ok(Rest::UntilWoken);
        }
        let known = match known.take_if(|known| known.due <= Instant::now()) {
            None if known.is_some() => known.as_mut().expect("invariant: it was looked at"),
            before => known.insert(self.look(before).await?),
        };
        loop {
            let Some(Proposed { proposal, since, refused }) = self.propose(known)? else { return Ok(Rest::UntilWoken) };
            if !proposal.stopped_by(&BTreeSet::new()).is_empty() {
                self.held(&proposal, told);
                known.due = known.due.min(Instant::now() + HELD_EVERY);
                return Ok(Rest::Until(known.due));
            }
            told.clear();
            if proposal.steps.is_empty() {
                self.equal(refused);
                return Ok(Rest::Until(known.due));
            }
            self.sign.state(TargetState::Behind, Vec::new());
            self.push(known, &proposal.steps, since).await?;
        }
    }

    /// Reads all of the target, and tells what others have changed there.
    async fn look(&self, before: Option<Known>) -> Result<Known, Trouble> {
        let listing = planning::list(&self.place, self.original.apex()).await?;
        let due = Instant::now() + self.check_every;
        match &before {
            None => self.following.state().follower.compare_all(),
            Some(before) => self.compare(before, &listing),
        }
        Ok(Known { listing, due, in_doubt: BTreeSet::new() })
    }

    fn compare(&self, before: &Known, listing: &Listing) {
        let changes = difference(&before.listing.zone, &listing.zone);
        let mut following = self.following.state();
        following.follower.target_changed(&changes);
        if before.listing.not_plain != listing.not_plain {
            following.follower.compare_all();
        }
        drop(following);
        let foreign: Vec<&SetChange> = changes.iter().filter(|one| !before.in_doubt.contains(&one.key)).collect();
        self.sign.checked(foreign.iter().map(|one| one.key.to_string()).collect());
    }

    /// What is to be done now; nothing is known any more if the source is not.
    fn propose(&self, known: &Known) -> Result<Option<Proposed>, Trouble> {
        let source_sets = self.folder.source_sets(self.original.apex())?;
        let original = self.original.read();
        let Some(copy) = original.as_ref() else { return Ok(None) };
        let settings = self.planner.settings(&self.place, &copy.not_plain, &known.listing, source_sets);
        let mut following = self.following.state();
        let proposal = following.follower.propose(&copy.zone, &known.listing.zone, &settings);
        if proposal.steps.is_empty() && proposal.stopped_by(&BTreeSet::new()).is_empty() {
            following.behind_since = None;
        }
        let since = following.behind_since;
        self.sign.pending(proposal.steps.iter().map(|step| step.changes.len()).sum(), since);
        Ok(Some(Proposed {
            proposal,
            since: since.unwrap_or_else(Instant::now),
            refused: following.follower.refused().len(),
        }))
    }

    async fn push(&self, known: &mut Known, steps: &[Step], since: Instant) -> Result<(), Trouble> {
        let zone = self.original.apex();
        known.in_doubt.extend(steps.iter().flat_map(|step| &step.changes).map(|change| change.key.clone()));
        let sender = Sender { zone, target: &self.place, clock: self.clock, tell: &|_| {} };
        let sent = sender.send(steps).await?;
        known.in_doubt.clear();
        self.made(known, steps, &sent, since);
        Ok(())
    }

    /// What was written is so; what was refused is not tried again before something about it changes.
    fn made(&self, known: &mut Known, steps: &[Step], sent: &Sent, since: Instant) {
        let (zone, target) = (self.original.apex(), &self.place.name);
        let done: Vec<SetChange> = sent.done.iter().flat_map(|index| steps[*index].changes.iter().cloned()).collect();
        for change in &done {
            change.apply_to(&mut known.listing.zone).expect("invariant: what was planned for a zone lies in it");
        }
        let kept = sent.refused.iter().map(|(index, _)| index).chain(&sent.withheld);
        let kept: Vec<SetKey> = kept.flat_map(|index| &steps[*index].changes).map(|one| one.key.clone()).collect();
        let mut following = self.following.state();
        following.follower.target_changed(&done);
        following.follower.set_aside(kept);
        drop(following);
        for (index, reason) in &sent.refused {
            let sets: Vec<String> = steps[*index].changes.iter().map(|change| change.key.to_string()).collect();
            error!(%zone, %target, sets = sets.join(", "), "refused: {reason}");
        }
        self.count(&done, sent);
        let seen = done.into_iter().filter(|change| is_seen(&known.listing.zone, &change.key));
        self.unserved.expect(seen, &self.place.servers, since);
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

    fn equal(&self, refused: usize) {
        let following = self.following.state();
        // The source has changed since, and the next round tells.
        if following.behind_since.is_some() {
            return;
        }
        if refused == 0 {
            return self.sign.state(TargetState::Equal, Vec::new());
        }
        let reason = format!("{refused} record sets are refused, or need one that is; the log names them");
        self.sign.state(TargetState::Refusing, vec![reason]);
    }

    /// Told once, and again when it is held by something else; how far a limit is exceeded changes all the time.
    fn held(&self, proposal: &Proposal, told: &mut Vec<String>) {
        let reasons = proposal.stopped_by(&BTreeSet::new());
        let limits = proposal.exceeded.iter().map(|one| one.limit.to_string());
        let markers = proposal.stray_markers.iter().map(ToString::to_string);
        let kinds: Vec<String> =
            proposal.refusals.iter().map(ToString::to_string).chain(limits).chain(markers).collect();
        if *told != kinds {
            let (zone, target, reasons) = (self.original.apex(), &self.place.name, reasons.join("; "));
            error!(%zone, %target, "held, nothing is written: {reasons}. `dns-sync plan` shows it, `dns-sync apply` does it");
            *told = kinds;
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
    refused: usize,
}

impl Rest {
    async fn over(&self) {
        match self {
            Self::Until(due) => tokio::time::sleep_until((*due).into()).await,
            Self::UntilWoken => std::future::pending().await,
        }
    }
}
