//! Writes of one zone: one batch at a time, shared by the flips that wait.
//!
//! Route 53 refuses a second change of a zone while one is in work, and counts batches, not flips. So whoever wants to
//! write waits here for a place in the budget, and the place is used for as many flips as fit. A refused batch changed
//! nothing; it is split until each flip has a verdict of its own. A batch without a trustworthy answer is an unknown
//! outcome for each of its flips, and nobody sends it again.
//!
//! A batch that is certain to be refused for the moment only, because the zone has a change in work or the account made too
//! many calls, is sent again while a permit lasts. Should it have been carried out after all, its fence is no longer the one
//! that it deletes, so sending it again is refused, and a look at the zone finds it.
//!
//! A flip whose permit has run out is answered and left out; so is one that nobody waits for any more. That check saves
//! useless writes. It proves nothing: a process can stall right after it.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::Held;
use super::batch::{self, Flip};
use super::client::jittered;
use super::outcome::Failure;
use super::precedence::Turn;
use crate::port::{Permit, ProviderError, Receipt, Urgency};

/// How long the first flip waits for others: nothing beside the way to Route 53, and enough for all flips that one event
/// starts.
const GATHER: Duration = Duration::from_millis(5);

/// How long a place is kept for the next of several flips that come one after the other: each was permitted by itself, and
/// a busy machine takes some time for that. A flip that comes alone never waits for others.
const LULL: Duration = Duration::from_millis(50);

/// The same where many flips wait, so that many more are to come: whoever permits them may judge all evidence in between,
/// which may take a fifth of a second. Each place that they don't need saves as much.
const CROWD_LULL: Duration = Duration::from_millis(250);

/// How many flips are many: more than the services that one team moves by hand, and a small part of a batch.
const CROWD: usize = 8;

/// How long a place is kept while flips keep coming: far less than a permit.
const FILL_MAX: Duration = Duration::from_secs(1);

/// Flips that can wait; one more waits for a place among them. An evacuation of 10,000 services fits.
const WAITING_MAX: usize = 16_384;

/// Before a batch is sent again to a zone with a change in work, on average, doubled each time up to the next.
const BUSY_PAUSE: Duration = Duration::from_millis(250);

/// A change is stored within a second or two.
const BUSY_PAUSE_MAX: Duration = Duration::from_secs(2);

/// How long a batch that is throttled is sent again. Whoever else uses the account pauses within seconds; if not, the caller
/// has to know, since a service's other providers do not wait for one that fails.
const THROTTLED_MAX: Duration = Duration::from_secs(5);

/// How often a batch that the rights do not cover is split: enough to isolate one flip among the most that fit. If
/// nobody has the right, splitting on would use up the calls of the account to learn it once for each.
const FORBIDDEN_SPLITS_MAX: u32 = 10;

/// A flip that waits.
struct Member {
    flip: Flip,
    fence: String,
    permit: Permit,
    reply: oneshot::Sender<Result<Receipt, ProviderError>>,
    /// Other calls let it go first until it is answered.
    _turn: Turn,
}

impl AsRef<Flip> for Member {
    fn as_ref(&self) -> &Flip {
        &self.flip
    }
}

/// The writes of one zone.
pub(super) struct Sender {
    held: Arc<Held>,
    queue: OnceLock<mpsc::Sender<Member>>,
}

impl Sender {
    pub(super) fn new(held: Arc<Held>) -> Self {
        Self { held, queue: OnceLock::new() }
    }

    /// Sends a flip, with others, once.
    pub(super) async fn send(&self, flip: Flip, fence: String, permit: Permit) -> Result<Receipt, ProviderError> {
        let subject = self.held.api.subject();
        let (reply, answer) = oneshot::channel();
        let member = Member { flip, fence, permit, reply, _turn: self.held.api.precedence.enter() };
        if self.queue.get_or_init(|| self.start()).send(member).await.is_err() {
            let reason = "the task that writes has ended; nothing was sent".to_owned();
            return Err(ProviderError::Transient { subject, reason });
        }
        let ended = |_| ProviderError::OutcomeUnknown { subject, reason: "the task that writes has ended".to_owned() };
        answer.await.map_err(ended)?
    }

    fn start(&self) -> mpsc::Sender<Member> {
        let (queue, members) = mpsc::channel(WAITING_MAX);
        tokio::spawn(run(Arc::clone(&self.held), members));
        queue
    }
}

async fn run(held: Arc<Held>, mut queue: mpsc::Receiver<Member>) {
    let mut waiting = VecDeque::new();
    loop {
        if waiting.is_empty() {
            let Some(first) = queue.recv().await else { return };
            waiting.push_back(first);
        }
        gather(&held, &mut queue, &mut waiting).await;
        let batch = batch::next(&mut waiting);
        if !batch.is_empty() {
            deliver(&held, batch).await;
        }
    }
}

/// Waits for a place in the budget, and lets flips join meanwhile. Those that can wait no longer are answered at once, and
/// nothing is left if that are all.
async fn gather(held: &Held, queue: &mut mpsc::Receiver<Member>, waiting: &mut VecDeque<Member>) {
    let mut earliest = Instant::now();
    let place = async {
        tokio::time::sleep(GATHER).await;
        held.api.place(Urgency::Flip).await;
    };
    tokio::pin!(place);
    loop {
        if earliest <= Instant::now() {
            answer_late(held, waiting);
            let Some(next) = waiting.iter().map(|member| member.permit.left()).min() else { return };
            earliest = Instant::now() + next;
        }
        tokio::select! {
            () = &mut place => break,
            Some(member) = queue.recv() => {
                earliest = earliest.min(Instant::now() + member.permit.left());
                waiting.push_back(member);
            }
            () = tokio::time::sleep_until(earliest) => {}
        }
    }
    while let Ok(member) = queue.try_recv() {
        waiting.push_back(member);
    }
    fill(queue, waiting).await;
    answer_late(held, waiting);
}

/// Lets further flips share the place, as long as they keep coming and fit. Calls are what an evacuation is short of: one
/// that goes half empty is another one later.
async fn fill(queue: &mut mpsc::Receiver<Member>, waiting: &mut VecDeque<Member>) {
    let ends = Instant::now() + FILL_MAX;
    while waiting.len() > 1 && !batch::is_full(waiting.iter()) {
        let lull = if waiting.len() < CROWD { LULL } else { CROWD_LULL };
        let lull = (Instant::now() + lull).min(ends);
        tokio::select! {
            biased;
            Some(member) = queue.recv() => waiting.push_back(member),
            () = tokio::time::sleep_until(lull) => return,
        }
    }
}

/// Sends a batch, whose first place in the budget is taken, and answers every member.
async fn deliver(held: &Held, batch: Vec<Member>) {
    let mut has_place = true;
    let mut forbidden = 0;
    let mut groups = vec![batch];
    while let Some(mut group) = groups.pop() {
        has_place = place_for(held, &mut group, has_place, |late| late.too_late(held, "its batch could be sent")).await;
        if group.is_empty() {
            // The place, if there is one, is the next group's.
            continue;
        }
        has_place = false;
        match send(held, &mut group).await {
            Err(failure) if group.len() > 1 && may_split(&failure, &mut forbidden) => {
                tracing::debug!(zone = %held.name, flips = group.len(), "a refused batch is split");
                let (first, second) = batch::split(group, failure.words());
                groups.extend([second, first]);
            }
            outcome => group.into_iter().for_each(|member| member.settle(held, outcome.clone())),
        }
    }
}

/// Waits for a place in the budget, if there is none yet, as long as a permit of the group lasts. Members leave the group
/// when theirs has run out; none are left if there is no place.
async fn place_for(held: &Held, group: &mut Vec<Member>, mut has_place: bool, too_late: impl Fn(Member)) -> bool {
    group.extract_if(.., |member| is_late(member)).for_each(&too_late);
    while !has_place && !group.is_empty() {
        has_place = timeout(longest(group), held.api.place(Urgency::Flip)).await.is_ok();
        group.extract_if(.., |member| is_late(member)).for_each(&too_late);
    }
    has_place
}

/// Whether the refusal may be one member's fault, and it is worth the calls to find out whose.
fn may_split(failure: &Failure, forbidden: &mut u32) -> bool {
    if matches!(failure, Failure::Forbidden(_)) {
        *forbidden += 1;
    }
    failure.concerns_content() && *forbidden <= FORBIDDEN_SPLITS_MAX
}

/// Sends a group, which has a place in the budget, until it is not refused for the moment only. Members leave the group
/// when their permit has run out; without any the outcome is an id that nobody asks for.
async fn send(held: &Held, group: &mut Vec<Member>) -> Result<String, Failure> {
    let mut pause = BUSY_PAUSE;
    let mut throttled = None;
    let began = Instant::now();
    while !group.is_empty() {
        // The strictest of the permits.
        let granted = group.iter().map(|member| member.permit.granted).min().unwrap_or_default();
        let changes = group.iter().flat_map(|member| member.flip.changes.iter().cloned()).collect();
        match held.api.change(&held.id, changes, UNIX_EPOCH + Duration::from_millis(granted.as_millis())).await {
            Err(Failure::Busy(_)) => {
                tokio::time::sleep(jittered(pause).min(longest(group))).await;
                pause = BUSY_PAUSE_MAX.min(pause * 2);
            }
            // The budget is closed for as long: with jitter, and longer each time.
            Err(Failure::Throttled { reason, retry_after })
                if retry_after < longest(group) && began.elapsed() + retry_after < THROTTLED_MAX =>
            {
                throttled = Some(Failure::Throttled { reason, retry_after });
            }
            settled => return settled,
        }
        let too_late = |late: Member| match &throttled {
            // Whoever counts calls may count one that was carried out: the caller has to look.
            Some(throttled) => late.settle(held, Err(throttled.clone())),
            None => late.too_late(held, "the zone's prior change was done (PriorRequestNotComplete)"),
        };
        place_for(held, group, false, too_late).await;
    }
    Ok(String::new())
}

/// The longest that a member can wait.
fn longest(group: &[Member]) -> Duration {
    group.iter().map(|member| member.permit.left()).max().unwrap_or_default()
}

impl Member {
    fn too_late(self, held: &Held, before: &str) {
        let reason = format!("the permit ran out before {before}; nothing was sent");
        self.answer(Err(ProviderError::Transient { subject: held.api.subject(), reason }));
    }

    fn settle(self, held: &Held, outcome: Result<String, Failure>) {
        let refused = |failure: Failure| {
            let note = " (in the flip under this fence)";
            failure.of_write(&held.api.subject(), &held.name.to_string(), &self.fence, note)
        };
        let outcome = outcome.map(Receipt::Change).map_err(refused);
        self.answer(outcome);
    }

    /// Nobody listens to a write that was given up.
    fn answer(self, outcome: Result<Receipt, ProviderError>) {
        let _ = self.reply.send(outcome);
    }
}

/// Answers those whose permit has run out and drops those that nobody waits for.
fn answer_late(held: &Held, waiting: &mut VecDeque<Member>) {
    let (late, rest): (Vec<Member>, Vec<Member>) = std::mem::take(waiting).into_iter().partition(is_late);
    waiting.extend(rest);
    for late in late {
        late.too_late(held, "Route 53 could take another call");
    }
}

fn is_late(member: &Member) -> bool {
    member.reply.is_closed() || member.permit.left().is_zero()
}

#[cfg(test)]
mod tests;
