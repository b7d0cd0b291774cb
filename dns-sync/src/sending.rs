//! Sends the steps of one plan, in batches as large as the target takes.
//!
//! Right before each batch it is read again who holds what ([`watch`]): one of which somebody has taken something over meanwhile is
//! not sent, nor is any after it.
//!
//! A batch is sent once. If no answer comes that can be trusted, the zone is read: what is there was done, and what is not
//! there after the leave to send it has run out never will be. A batch that is refused is halved until the steps are found
//! that the target does not take; everything else goes through.

mod outcome;
mod watch;

use std::collections::BTreeSet;
use std::time::Duration;

use dns_provider::port::{Permit, ProviderError};
use dns_service::clock::Clock;
use dns_zone::{Bisection, Owner, Step, StepState, Strayed, TooBig, Weight, pack, progress};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

pub(crate) use self::outcome::{SendError, Sent};
pub(crate) use self::watch::{Seen, Watch};
use crate::place::Place;

/// Tries of one batch that was not written because the target could not be reached or asked for fewer calls.
const TRIES_MAX: u32 = 8;

/// The wait after the first such try; it doubles.
const BACKOFF: Duration = Duration::from_millis(250);

/// The longest wait that a target may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_mins(6);

/// Steps that a target refuses one by one before it is clear that it refuses all: a wrong key, a zone that is frozen.
const POISON_MAX: usize = 32;

/// How far another machine's clock may be ahead of ours when it looks whether a signature is too old.
const SKEW_MAX: Duration = Duration::from_secs(5);

/// What was refused so far.
#[derive(Default)]
struct Refusals {
    /// Names that are not as the plan wants them.
    spoilt: BTreeSet<Owner>,
    /// Single steps that were refused since the last batch that was taken.
    in_a_row: usize,
}

impl Refusals {
    /// One more; whether it is clear by now that the target refuses all.
    fn count(&mut self, batch: &[usize]) -> bool {
        self.in_a_row += usize::from(batch.len() == 1);
        self.in_a_row >= POISON_MAX
    }
}

/// What became of one batch.
enum Answer {
    Taken,
    Refused(Refusal),
}

/// Why a batch was refused.
enum Refusal {
    /// For what a record is.
    Record(String),
    /// For that, or because nothing may be written.
    Denied(String),
}

impl Refusal {
    fn reason(&self) -> &str {
        let (Self::Record(reason) | Self::Denied(reason)) = self;
        reason
    }
}

/// What came of one try.
enum Tried {
    Known(Answer),
    /// Nothing was written, and it may be later.
    Again(ProviderError),
}

/// Sends to one target.
pub(crate) struct Sender<'a> {
    pub(crate) zone: &'a Owner,
    pub(crate) target: &'a Place,
    pub(crate) clock: Clock,
    /// Ends it before the next batch; what is under way is sent to its end.
    pub(crate) stop: &'a CancellationToken,
    /// Whether something else is wanted by now: then the batches that are left are not sent.
    pub(crate) is_stale: &'a (dyn Fn() -> bool + Sync),
    /// Hears why a batch is looked for or sent again, which may take minutes.
    pub(crate) again: &'a (dyn Fn(&ProviderError) + Sync),
    /// Hears how many steps are through.
    pub(crate) tell: &'a (dyn Fn(usize) + Sync),
}

/// Nothing else is ever wanted than the plan.
pub(crate) fn never_stale() -> bool {
    false
}

/// A target's own way to count, for packing.
struct Measured<'a> {
    zone: &'a Owner,
    target: &'a Place,
}

impl dns_zone::Measure for Measured<'_> {
    fn maxima(&self) -> Weight {
        self.target.holder.traits().batch_max
    }

    fn empty(&self) -> Weight {
        self.target.holder.envelope(self.zone)
    }

    fn weigh(&self, step: &Step) -> Weight {
        self.target.holder.weigh(self.zone, step)
    }
}

/// Whether a plan can be sent to a target at all.
///
/// # Errors
/// [`TooBig`].
pub(crate) fn fits(zone: &Owner, target: &Place, steps: &[Step]) -> Result<(), TooBig> {
    pack(steps, &Measured { zone, target }).map(drop)
}

impl Sender<'_> {
    /// Sends `steps` as long as nobody takes over what they touch, and says what came of them, also if it ended early: what was
    /// written then is as true as at the end.
    pub(crate) async fn send(&self, steps: &[Step], watch: &mut Watch<'_>) -> (Sent, Result<(), SendError>) {
        let mut sent = Sent::default();
        let ended = self.send_all(steps, &mut sent, watch).await;
        (sent, ended)
    }

    async fn send_all(&self, steps: &[Step], sent: &mut Sent, watch: &mut Watch<'_>) -> Result<(), SendError> {
        let batches = pack(steps, &Measured { zone: self.zone, target: self.target })?;
        let mut refusals = Refusals::default();
        for batch in batches {
            // One at least, so that whoever wants something else all the time gets on.
            if sent.batches > 0 && (self.is_stale)() {
                return Ok(());
            }
            let (spoilt, fit): (Vec<usize>, Vec<usize>) =
                batch.partition(|index| steps[*index].is_spoilt_by(&refusals.spoilt));
            for index in spoilt {
                refusals.spoilt.extend(steps[index].owners().cloned());
                sent.withheld.push(index);
            }
            if fit.is_empty() {
                continue;
            }
            match self.batch(steps, &fit, sent, watch).await? {
                Answer::Taken => {
                    refusals.in_a_row = 0;
                    sent.taken(&fit);
                    (self.tell)(sent.done.len());
                }
                Answer::Refused(refusal) => self.search(steps, fit, &refusal, sent, &mut refusals, watch).await?,
            }
        }
        Ok(())
    }

    /// Finds what is refused in a refused batch, while the rest goes through.
    async fn search(
        &self,
        steps: &[Step],
        batch: Vec<usize>,
        refusal: &Refusal,
        sent: &mut Sent,
        refusals: &mut Refusals,
        watch: &mut Watch<'_>,
    ) -> Result<(), SendError> {
        // A batch may be a single step from the start.
        sent.refuses_records |= matches!(refusal, Refusal::Record(_));
        if refusals.count(&batch) {
            return Err(self.refuses_all(refusal));
        }
        let mut search = Bisection::new(steps, batch, refusal.reason(), std::mem::take(&mut refusals.spoilt));
        let searched = self.search_all(steps, &mut search, sent, refusals, watch).await;
        refusals.spoilt.clone_from(search.spoilt());
        let outcome = search.into_outcome();
        sent.done.extend(outcome.done);
        sent.refused.extend(outcome.poison);
        sent.withheld.extend(outcome.withheld);
        searched
    }

    async fn search_all(
        &self,
        steps: &[Step],
        search: &mut Bisection<'_>,
        sent: &mut Sent,
        refusals: &mut Refusals,
        watch: &mut Watch<'_>,
    ) -> Result<(), SendError> {
        while let Some(next) = search.next_batch().map(<[usize]>::to_vec) {
            match self.batch(steps, &next, sent, watch).await? {
                Answer::Taken => {
                    refusals.in_a_row = 0;
                    sent.batches += 1;
                    search.passed();
                    (self.tell)(sent.done.len() + search.done());
                }
                Answer::Refused(refusal) => {
                    sent.refuses_records |= matches!(refusal, Refusal::Record(_));
                    if refusals.count(&next) {
                        return Err(self.refuses_all(&refusal));
                    }
                    search.refused(refusal.reason());
                }
            }
        }
        Ok(())
    }

    /// One batch, until it is known what became of it; if that is never known, it is in doubt.
    async fn batch(
        &self,
        steps: &[Step],
        which: &[usize],
        sent: &mut Sent,
        watch: &mut Watch<'_>,
    ) -> Result<Answer, SendError> {
        let mut wait = BACKOFF;
        for attempt in 1.. {
            self.unless_stopped()?;
            let error = match self.attempt(steps, which, sent, watch).await? {
                Tried::Known(answer) => return Ok(answer),
                Tried::Again(error) if attempt == TRIES_MAX => return Err(self.failed(error)),
                Tried::Again(error) => error,
            };
            if let ProviderError::Throttled { retry_after, .. } = error {
                self.pause(retry_after.min(RETRY_AFTER_MAX)).await?;
            } else {
                self.pause(wait).await?;
                wait *= 2;
            }
        }
        unreachable!("invariant: the last attempt returns")
    }

    /// Sends a batch once, if nothing of it was taken over.
    async fn attempt(
        &self,
        steps: &[Step],
        which: &[usize],
        sent: &mut Sent,
        watch: &mut Watch<'_>,
    ) -> Result<Tried, SendError> {
        let batch: Vec<&Step> = which.iter().map(|index| &steps[*index]).collect();
        match self.stop.run_until_cancelled(watch.look(self.target)).await.ok_or_else(|| self.stopped())? {
            Ok(()) => {}
            Err(error @ (ProviderError::Transient { .. } | ProviderError::Throttled { .. })) => {
                self.tell_again(&error);
                return Ok(Tried::Again(error));
            }
            Err(error) => return Err(self.failed(error)),
        }
        watch.allows(&batch).map_err(|taken_over| self.drifted(taken_over.to_string()))?;
        let permit = Permit { granted: self.clock.wall(), length: self.target.permit };
        let answer = match self.target.holder.apply(self.zone, &batch, &permit).await.err() {
            None => Answer::Taken,
            Some(ProviderError::Conflict { reason, .. }) => return Err(self.drifted(reason)),
            Some(ProviderError::Invalid { record, reason, .. }) => {
                Answer::Refused(Refusal::Record(format!("{record}: {reason}")))
            }
            Some(ProviderError::Denied { reason, .. }) => Answer::Refused(Refusal::Denied(reason)),
            Some(error @ ProviderError::OutcomeUnknown { .. }) => {
                self.tell_again(&error);
                if !self.looked_for(steps, which, &permit, sent).await? {
                    return Ok(Tried::Again(error));
                }
                Answer::Taken
            }
            Some(error @ (ProviderError::Transient { .. } | ProviderError::Throttled { .. })) => {
                self.tell_again(&error);
                return Ok(Tried::Again(error));
            }
        };
        if matches!(answer, Answer::Taken) {
            watch.wrote(batch);
        }
        Ok(Tried::Known(answer))
    }

    /// Being asked for fewer calls is nothing that anybody has to hear of.
    fn tell_again(&self, error: &ProviderError) {
        if !matches!(error, ProviderError::Throttled { .. }) {
            (self.again)(error);
        }
    }

    /// Whether a batch has arrived; until that is known it is in doubt.
    async fn looked_for(
        &self,
        steps: &[Step],
        which: &[usize],
        permit: &Permit,
        sent: &mut Sent,
    ) -> Result<bool, SendError> {
        sent.in_doubt = which.to_vec();
        let arrived = self.arrived(steps, which, permit).await?;
        sent.in_doubt.clear();
        Ok(arrived)
    }

    fn unless_stopped(&self) -> Result<(), SendError> {
        if self.stop.is_cancelled() { Err(self.stopped()) } else { Ok(()) }
    }

    /// Between two tries nothing is under way.
    async fn pause(&self, length: Duration) -> Result<(), SendError> {
        self.stop.run_until_cancelled(sleep(length)).await.ok_or_else(|| self.stopped())
    }

    fn stopped(&self) -> SendError {
        SendError::Stopped { zone: self.zone.clone(), target: self.target.name.clone() }
    }

    /// Whether a batch is in the zone, once it can no longer arrive.
    async fn arrived(&self, steps: &[Step], which: &[usize], permit: &Permit) -> Result<bool, SendError> {
        let steps: Vec<Step> = which.iter().map(|index| steps[*index].clone()).collect();
        let states = |zone: &dns_zone::Zone| progress(&steps, zone);
        let read = |source| self.failed(source);
        let first = self.target.holder.list(self.zone).await.map_err(read)?;
        if states(&first.zone).map_err(|strayed| self.strayed(&strayed))?.iter().all(|one| *one == StepState::Done) {
            return Ok(true);
        }
        sleep(permit.left() + SKEW_MAX).await;
        let last = self.target.holder.list(self.zone).await.map_err(read)?;
        let states = states(&last.zone).map_err(|strayed| self.strayed(&strayed))?;
        Ok(states.iter().all(|one| *one == StepState::Done))
    }

    fn refuses_all(&self, refusal: &Refusal) -> SendError {
        let reason = refusal.reason().to_owned();
        SendError::RefusesAll { zone: self.zone.clone(), target: self.target.name.clone(), reason }
    }

    fn strayed(&self, strayed: &Strayed) -> SendError {
        self.drifted(strayed.to_string())
    }

    fn drifted(&self, reason: String) -> SendError {
        SendError::Drifted { zone: self.zone.clone(), target: self.target.name.clone(), reason }
    }

    fn failed(&self, source: ProviderError) -> SendError {
        SendError::Provider { zone: self.zone.clone(), target: self.target.name.clone(), source }
    }
}

#[cfg(test)]
mod tests;
