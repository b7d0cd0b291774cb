//! One run: plans that are looked at and carried out together.

use std::collections::BTreeSet;
use std::pin::pin;

use dns_core::time::Timestamp;
use dns_provider::port::ProviderError;
use dns_provider::zones::Listing;
use dns_service::clock::Clock;
use dns_service::config::Config;
use dns_service::exit::{Exit, Failure};
use dns_zone::{Force, Plan, Step, StepState, Zone, content, progress, zone_digest};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Wanted;
use crate::folder::Folder;
use crate::output::Output;
use crate::output::progress::Task;
use crate::place::{Job, Place};
use crate::planning::Planner;
use crate::reading::{self, Seen, target_of};
use crate::sending::{SendError, Sender, Sent, Watch, fits, never_stale};
use crate::served;
use crate::source::Read;

/// Plans that are carried out at once, most of them waiting until they are served.
const UNDER_WAY_MAX: usize = 32;

/// A plan that was looked at.
#[derive(Clone, Copy)]
pub(super) struct Order<'p> {
    pub(super) plan: &'p Plan,
    pub(super) target: &'p Place,
    pub(super) purpose: Purpose,
}

/// What a plan is carried out for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// To make the target equal to a source that has so many sets.
    Equal { source_sets: u64 },
    /// To undo another one.
    Undo,
}

impl Purpose {
    /// What may be done after it was stopped.
    fn next(self) -> &'static str {
        match self {
            Self::Equal { .. } => "`apply` the same plan again goes on, `rollback` undoes what was written",
            Self::Undo => "`rollback` again goes on",
        }
    }
}

/// A plan that may be carried out now.
pub(super) struct Ready {
    /// The target as it is now.
    pub(super) listing: Listing,
    /// When reading that was begun.
    pub(super) read_at: Instant,
    /// The target as it was planned from.
    pub(super) before: Zone,
    /// What of the plan was done before.
    pub(super) done: Vec<Step>,
    /// What is still to be done.
    pub(super) open: Vec<Step>,
}

pub(super) struct Run<'o> {
    pub(super) config: &'o Config,
    /// Limits that an operator has lifted by name.
    pub(super) forced: BTreeSet<Force>,
    pub(super) folder: Folder,
    pub(super) clock: Clock,
    /// By this it is known which plans were carried out together.
    pub(super) began: Timestamp,
    pub(super) output: &'o Output,
    /// Leave to hold a zone in memory.
    pub(super) turns: Semaphore,
    /// Told once somebody does not want to wait until the end.
    pub(super) stop: CancellationToken,
}

impl<'o> Run<'o> {
    pub(super) fn new(config: &'o Config, forced: &[Force], output: &'o Output, stop: CancellationToken) -> Self {
        let (folder, turns) = (Folder::new(&config.sync.folder), Semaphore::new(reading::ZONES_AT_ONCE));
        let forced = forced.iter().copied().collect();
        let clock = Clock::start();
        Self { config, forced, folder, clock, began: clock.wall(), output, turns, stop }
    }

    /// Does what writes nothing, until somebody does not want to wait for it.
    pub(super) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let done = self.stop.run_until_cancelled(work).await;
        done.ok_or_else(|| Failure::new(Exit::Failed, "stopped as asked before anything was written"))
    }

    /// Reads a zone and its targets, and says which plans of it may be carried out.
    pub(super) async fn look<'p>(&self, Wanted { job, plans }: &Wanted<'p>) -> Vec<Result<Order<'p>, Failure>> {
        let places: Vec<&Place> = plans.iter().map(|(_, target)| *target).collect();
        let Seen { source, targets } = reading::zone_of(job, &places, self.output).await;
        let read = match source {
            Ok(read) => read,
            Err(failure) => return vec![Err(failure)],
        };
        let look = |(plan, target): (&'p Plan, &'p Place), listing: Listing| {
            self.is_still_planned(plan, job, target, &read, listing)?;
            Ok(Order { plan, target, purpose: Purpose::Equal { source_sets: content(&read.zone) } })
        };
        let listings = targets.into_iter().map(|(_, listing)| listing);
        plans.iter().zip(listings).map(|(of, listing)| listing.and_then(|listing| look(*of, listing))).collect()
    }

    /// Whether a saved plan is what would be planned now. Beside what it is bound to, the configuration may have changed
    /// since, and the file itself: nothing goes out that nobody has planned.
    fn is_still_planned(
        &self,
        plan: &Plan,
        job: &Job,
        target: &Place,
        read: &Read,
        listing: Listing,
    ) -> Result<(), Failure> {
        let Ready { before, listing, .. } = self.checked(plan, listing, Instant::now(), Some(&read.zone))?;
        let listing = Listing { zone: before, ..listing };
        let known = self.folder.source_sets(&job.zone, &target.name)?;
        let settings = Planner::new(self.config, job).settings(target, &read.not_plain, &listing, known);
        let anew = dns_zone::plan(&read.zone, &listing.zone, &settings);
        let stopped = anew.stopped_by(&self.forced);
        if (&anew.steps, anew.tally) == (&plan.steps, plan.tally) && stopped.is_empty() {
            return Ok(());
        }
        let about = format!("{} at `{}`", plan.zone, plan.target);
        let why = match stopped.as_slice() {
            [] => {
                "the same source and target would be planned otherwise now; was the file or the configuration changed?"
                    .to_owned()
            }
            stopped => format!("the plan is stopped\n  {}", stopped.join("\n  ")),
        };
        Err(Failure::new(Exit::Refused, format!("{about}: {why} Make a new plan")))
    }

    pub(super) async fn look_to_undo<'p>(&self, plan: &'p Plan, target: &'p Place) -> Result<Order<'p>, Failure> {
        self.check(plan, target).await?;
        Ok(Order { plan, target, purpose: Purpose::Undo })
    }

    /// Reads a target, and says what of a plan is still to be done there.
    async fn check(&self, plan: &Plan, target: &Place) -> Result<Ready, Failure> {
        let read_at = Instant::now();
        let listing = target_of(target, &plan.zone, self.output).await;
        let listing = listing.map_err(|error| Failure::new(Exit::Unreachable, error))?;
        let ready = self.checked(plan, listing, read_at, None)?;
        fits(&plan.zone, target, &ready.open)?;
        Ok(ready)
    }

    /// Whether what a plan was made from is still so, but for what of it is done already.
    pub(super) fn checked(
        &self,
        plan: &Plan,
        listing: Listing,
        read_at: Instant,
        source: Option<&Zone>,
    ) -> Result<Ready, Failure> {
        let states = progress(&plan.steps, &listing.zone).map_err(|strayed| {
            let reason = format!("{} at `{}`: {strayed}; make a new plan", plan.zone, plan.target);
            Failure::new(Exit::Refused, reason)
        })?;
        let (open, done): (Vec<_>, Vec<_>) =
            plan.steps.iter().zip(&states).partition(|(_, state)| **state == StepState::Open);
        let mut before = listing.zone.clone();
        for (step, _) in &done {
            step.inverse().apply_to(&mut before)?;
        }
        let checked = plan.check(zone_digest(&before), source, self.clock.wall());
        checked.map_err(|drift| Failure::new(Exit::Refused, drift))?;
        let of = |steps: Vec<(&Step, &StepState)>| steps.into_iter().map(|(step, _)| step.clone()).collect();
        let (open, done): (Vec<Step>, Vec<Step>) = (of(open), of(done));
        Ok(Ready { listing, read_at, before, done, open })
    }

    /// What goes wrong with one is told, and the others are carried out all the same. While one waits until it is served,
    /// others are written.
    pub(super) async fn carry_out_all(&self, looked: Vec<Result<Order<'_>, Failure>>) -> Result<Exit, Failure> {
        // Of nothing that is carried out there is nothing else to tell.
        if !looked.iter().any(Result::is_ok) {
            return Failure::of_all(looked.into_iter().filter_map(Result::err)).map_or(Ok(Exit::Done), Err);
        }
        let carried_out = looked.into_iter().enumerate().map(|(place, order)| async move {
            let carried_out = match order {
                Ok(order) => self.carry_out(&order).await,
                Err(failure) => Err(failure),
            };
            let exit = match carried_out {
                Ok(exit) => exit,
                Err(failure) => {
                    self.output.note(&format!("error: {}", failure.reason()))?;
                    failure.exit()
                }
            };
            Ok::<_, Failure>((place, exit))
        });
        let mut all = pin!(stream::iter(carried_out).buffer_unordered(UNDER_WAY_MAX).try_collect::<Vec<_>>());
        let exits = tokio::select! {
            biased;
            exits = &mut all => exits,
            () = self.stop.cancelled() => {
                self.output.note("stopping; what is being sent is sent to its end, unless told to stop once more")?;
                all.await
            }
        };
        let mut exits: Vec<(usize, Exit)> = exits?;
        exits.sort_by_key(|(place, _)| *place);
        Ok(exits.into_iter().map(|(_, exit)| exit).fold(Exit::Done, graver))
    }

    pub(super) async fn carry_out(&self, order: &Order<'_>) -> Result<Exit, Failure> {
        let Order { plan, target, purpose } = order;
        let about = format!("{} at `{}`", plan.zone, plan.target);
        if plan.steps.is_empty() {
            self.output.answer(&format!("{about}: nothing to do"))?;
            return Ok(Exit::Done);
        }
        let turn = self.turns.acquire().await.expect("invariant: nobody closes it");
        // Again, since others may have taken minutes meanwhile. The source was read for all of them.
        let mut ready = self.unless_stopped(self.check(plan, target)).await??;
        if !ready.done.is_empty() {
            let (some, all) = (ready.done.len(), plan.steps.len());
            self.output.note(&format!("{about}: {some} of {all} steps are done already"))?;
        }
        let undoing = self.prepare_undoing(order, &ready)?;
        let watch = Watch::new(&mut ready.listing, ready.read_at);
        let (sent, ended) = self.send(order, &ready.open, watch).await;
        self.keep_undoing(order, undoing.is_some(), &ready, &sent)?;
        let Ready { mut done, open, .. } = ready;
        self.tell(&about, &sent, &open)?;
        ended?;
        if let Purpose::Equal { source_sets } = purpose {
            self.folder.keep_source_sets(&plan.zone, &plan.target, *source_sets)?;
        }
        // What a run before has written was not waited for by anybody.
        done.extend(sent.done.iter().map(|index| open[*index].clone()));
        let Some(settled) = self.stop.run_until_cancelled(self.settle(order, &done, turn)).await else {
            let text =
                format!("stopped as asked before it was known whether what is written is served; {}", purpose.next());
            return Err(Failure::new(Exit::Failed, text));
        };
        let whole = sent.refused.is_empty() && sent.withheld.is_empty();
        Ok(if whole { settled? } else { graver(settled?, Exit::Failed) })
    }

    /// What came of it, and whether it ended early.
    async fn send(&self, order: &Order<'_>, open: &[Step], mut watch: Watch<'_>) -> (Sent, Result<(), Failure>) {
        let Order { plan, target, purpose } = order;
        let about = format!("writing {} to `{}`", plan.zone, target.name);
        let progress = self.output.progress(Task { about, unit: "steps", total: Some(open.len()) });
        progress.at(0);
        let tell = |done| progress.at(done);
        // Whoever has closed stderr hears of it by the exit code.
        let again = |error: &ProviderError| {
            let (zone, target) = (&plan.zone, &target.name);
            let text =
                format!("{zone} at `{target}`: a batch is not through yet, it is looked for or sent again: {error}");
            self.output.note(&text).unwrap_or_default();
        };
        let sender = Sender {
            zone: &plan.zone,
            target,
            clock: self.clock,
            stop: &self.stop,
            is_stale: &never_stale,
            again: &again,
            tell: &tell,
        };
        let (sent, ended) = sender.send(open, &mut watch).await;
        let ended = ended.map_err(|error| match &error {
            SendError::Drifted { .. } => Failure::new(Exit::Refused, error),
            SendError::Provider { .. } => Failure::new(Exit::Unreachable, error),
            SendError::TooBig(_) | SendError::RefusesAll { .. } => Failure::new(Exit::Failed, error),
            SendError::Stopped { .. } => Failure::new(Exit::Failed, format!("{error}; {}", purpose.next())),
        });
        (sent, ended)
    }

    fn tell(&self, about: &str, sent: &Sent, open: &[Step]) -> Result<(), Failure> {
        let Sent { done, refused, withheld, batches, .. } = sent;
        let changes: usize = done.iter().map(|index| open[*index].changes.len()).sum();
        self.output.answer(&format!("{about}: {changes} record sets written in {batches} batches"))?;
        for (index, reason) in refused {
            self.output.answer(&format!("! {}: refused: {reason}", names(&open[*index])))?;
        }
        for index in withheld {
            self.output
                .answer(&format!("! {}: not sent, since it needs one that was refused", names(&open[*index])))?;
        }
        Ok(())
    }

    /// Done means served: the zone holds it, and every authoritative server answers with it.
    async fn settle(
        &self,
        Order { plan, target, .. }: &Order<'_>,
        done: &[Step],
        turn: SemaphorePermit<'_>,
    ) -> Result<Exit, Failure> {
        let listing = target_of(target, &plan.zone, self.output).await;
        let listing = listing.map_err(|error| Failure::new(Exit::Unverified, error))?;
        let states = progress(done, &listing.zone);
        if !states.is_ok_and(|states| states.iter().all(|one| *one == StepState::Done)) {
            let about = format!("{} at `{}`", plan.zone, plan.target);
            self.output.answer(&format!("! {about} does not hold all that was written; plan again"))?;
            return Ok(Exit::Unverified);
        }
        // Servers may take a minute to follow; others need not wait for them.
        drop(turn);
        served::wait(target, &listing.zone, done, self.output).await
    }
}

/// The sets of a step, for people.
fn names(step: &Step) -> String {
    let keys: Vec<String> = step.changes.iter().map(|change| change.key.to_string()).collect();
    keys.join(", ")
}

/// The one that says more of what is left to do; of two that say as much, the first.
fn graver(one: Exit, other: Exit) -> Exit {
    let rank = |exit: Exit| match exit {
        Exit::Done => 0,
        Exit::Unverified => 1,
        Exit::Failed
        | Exit::Usage
        | Exit::Refused
        | Exit::Unreachable
        | Exit::AwaitingApproval
        | Exit::BadConfiguration => 2,
    };
    if rank(other) > rank(one) { other } else { one }
}
