//! Reads of one zone, answered together.
//!
//! An account has a few calls a second for everyone. So whoever waits for a read of a zone is answered by one round: a
//! sweep over all their fences, one over all their records, and where that leaves a doubt, one over these fences again. A
//! read counts only what was asked for *after* it came: those that come during a round wait for the next. Urgent reads
//! have rounds of their own, so that a failover never waits behind the watch.
//!
//! Fence and records come from different pages at different times. They belong together
//! - if the fence's digest is the digest of the records and it names all of them: records and fence are written in one
//!   batch, so these records are what that fence was written with, whenever each was read; or
//! - if the fence is the same before and after the records: own writers never write a record without its fence.
//!
//! The first needs no further call and holds for every service in order, so pages between which the zone changes cost
//! something only where it did. What a view says may be outdated when it is used; that is what the conditions of a write
//! are for.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use dns_core::fence::Fence;
use dns_core::rrset::{RrsetKey, Rrsets, records_digest};
use dns_core::zone::{FoundFence, ReadRequest, ZoneView};
use hickory_proto::rr::Name;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::outcome::Failure;
use super::sweep::Sets;
use super::{Held, view};
use crate::asked;
use crate::port::Urgency;

/// How often the records are read before a service counts as too restless. Its fence is written a few times per move, so
/// a second change within one round is rare and a third one is no coincidence.
const ROUNDS_MAX: u32 = 3;

/// How long a round waits for others to join: nothing to a person, and enough for all services of an evacuation that
/// are started by one event.
const GATHER: Duration = Duration::from_millis(5);

/// How long reads that find out what became of writes let flips go first: as long as the flips of ten thousand services
/// take at the default rate. While they keep coming, every page is a batch that goes later, and a round at the end answers
/// for all of them with one listing.
const GIVE_WAY_FLIP: Duration = Duration::from_mins(1);

/// The same for reads in quiet times, which nobody waits for.
const GIVE_WAY_WATCH: Duration = Duration::from_mins(2);

/// Reads that can wait; one more waits for a place among them. More services than any zone holds.
const WAITING_MAX: usize = 16_384;

/// How long a read may take. A zone with the 10,000 sets of the default quota has 34 pages, and watching may make one call
/// a second; this leaves room for a zone ten times as large.
const READ_WITHIN: Duration = Duration::from_mins(10);

/// The reads of one zone and one urgency.
pub(super) struct Lane {
    held: Arc<Held>,
    urgency: Urgency,
    patient: Patient,
    asked: OnceLock<mpsc::Sender<Question>>,
}

/// Reads of quiet times that wait for their round. An urgent round takes them along: names that lie together cost hardly
/// more pages, and by themselves they may cost one each.
#[derive(Clone, Default)]
pub(super) struct Patient(Arc<Mutex<Vec<Question>>>);

impl Patient {
    fn add(&self, question: Question) {
        self.lock().push(question);
    }

    fn take(&self) -> Vec<Question> {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Question>> {
        self.0.lock().expect("invariant: nothing panics while it holds this lock")
    }
}

/// A read that waits.
struct Question {
    request: ReadRequest,
    reply: oneshot::Sender<Box<Result<ZoneView, Failure>>>,
}

/// Where the answer to a question comes.
type Answer = oneshot::Receiver<Box<Result<ZoneView, Failure>>>;

/// A read in a round.
struct Open {
    question: Question,
    fence: FoundFence,
    /// What the fence says, if it is one.
    parsed: Option<Fence>,
    asked: BTreeSet<RrsetKey>,
}

impl Lane {
    pub(super) fn new(held: Arc<Held>, urgency: Urgency, patient: Patient) -> Self {
        Self { held, urgency, patient, asked: OnceLock::new() }
    }

    /// Reads, together with whoever else waits. Ten thousand may, so what waits is small: a place for the answer.
    pub(super) async fn read(&self, request: &ReadRequest) -> Result<ZoneView, Failure> {
        let deadline = Instant::now() + READ_WITHIN;
        let answer = match self.ask(request) {
            Ok(answer) => answer,
            Err(full) => Box::pin(self.wait_for_a_place(full, deadline)).await?,
        };
        match tokio::time::timeout_at(deadline, answer).await {
            Ok(Ok(answer)) => *answer,
            Ok(Err(_)) => Err(ended()),
            Err(_) => Err(self.late()),
        }
    }

    fn ask(&self, request: &ReadRequest) -> Result<Answer, Box<(Question, Answer)>> {
        let (reply, answer) = oneshot::channel();
        let question = Question { request: request.clone(), reply };
        match self.asked.get_or_init(|| self.start()).try_send(question) {
            Ok(()) => Ok(answer),
            // A channel that is closed says so again.
            Err(TrySendError::Full(question) | TrySendError::Closed(question)) => Err(Box::new((question, answer))),
        }
    }

    async fn wait_for_a_place(&self, asked: Box<(Question, Answer)>, deadline: Instant) -> Result<Answer, Failure> {
        let (question, answer) = *asked;
        let sent = self.asked.get_or_init(|| self.start()).send(question);
        let sent = tokio::time::timeout_at(deadline, sent).await.map_err(|_| self.late())?;
        sent.map_err(|_| ended())?;
        Ok(answer)
    }

    fn late(&self) -> Failure {
        let (zone, secs) = (&self.held.name, READ_WITHIN.as_secs());
        Failure::NotSent(format!("zone {zone} could not be read within {secs} s; are there calls left for it?"))
    }

    fn start(&self) -> mpsc::Sender<Question> {
        let (asked, questions) = mpsc::channel(WAITING_MAX);
        let (held, patient) = (Arc::clone(&self.held), self.patient.clone());
        match self.urgency {
            Urgency::Flip => tokio::spawn(run(held, questions, patient)),
            Urgency::Watch => tokio::spawn(watch(held, questions, patient)),
        };
        asked
    }
}

fn ended() -> Failure {
    Failure::NotSent("the task that reads has ended".to_owned())
}

/// Urgent rounds.
async fn run(held: Arc<Held>, mut questions: mpsc::Receiver<Question>, patient: Patient) {
    while let Some(first) = questions.recv().await {
        tokio::time::sleep(GATHER).await;
        held.api.precedence.give_way(GIVE_WAY_FLIP).await;
        let mut waiting = vec![first];
        while let Ok(next) = questions.try_recv() {
            waiting.push(next);
        }
        waiting.extend(patient.take());
        waiting.retain(|question| !question.reply.is_closed());
        round(&held, Urgency::Flip, waiting).await;
    }
}

/// Rounds of quiet times. Whoever waits for one may be taken along by an urgent one.
async fn watch(held: Arc<Held>, mut questions: mpsc::Receiver<Question>, patient: Patient) {
    while let Some(first) = questions.recv().await {
        patient.add(first);
        let turn = async {
            held.api.precedence.give_way(GIVE_WAY_WATCH).await;
            // An urgent round that has waited for the same moment goes first, and takes these along.
            tokio::time::sleep(GATHER * 2).await;
        };
        tokio::pin!(turn);
        loop {
            tokio::select! {
                Some(next) = questions.recv() => patient.add(next),
                () = &mut turn => break,
            }
        }
        let mut waiting = patient.take();
        waiting.retain(|question| !question.reply.is_closed());
        round(&held, Urgency::Watch, waiting).await;
    }
}

/// Answers every question.
async fn round(held: &Held, urgency: Urgency, questions: Vec<Question>) {
    if questions.is_empty() {
        return;
    }
    let names: BTreeSet<Name> = questions.iter().map(|question| question.request.fence_name.clone()).collect();
    let fences = match held.sweep(names, urgency).await {
        Ok(fences) => fences,
        Err(failure) => return questions.into_iter().for_each(|question| question.answer(Err(failure.clone()))),
    };
    let mut open: Vec<Open> = questions.into_iter().map(|question| Open::new(question, held, &fences)).collect();
    drop(fences);
    for _ in 0..ROUNDS_MAX {
        open = match pass(held, urgency, &mut open).await {
            Ok(left) => left,
            Err(failure) => return open.into_iter().for_each(|open| open.question.answer(Err(failure.clone()))),
        };
        if open.is_empty() {
            return;
        }
    }
    for Open { question, .. } in open {
        let fence = question.request.fence_name.clone();
        question.answer(Err(Failure::NotSent(format!(
            "the fence {fence} changed during each of {ROUNDS_MAX} reads; is another controller writing?"
        ))));
    }
}

/// Reads records once and answers all whose fence belongs to them; the others are left, under the newer fence. After a
/// failure all that are unanswered are in `open`.
async fn pass(held: &Held, urgency: Urgency, open: &mut Vec<Open>) -> Result<Vec<Open>, Failure> {
    let names = open.iter().flat_map(|open| &open.asked).map(|key| key.name().clone()).collect();
    let found = held.sweep(names, urgency).await?;
    let mut doubtful: Vec<(Open, Rrsets)> = Vec::new();
    for one in std::mem::take(open) {
        match view::rrsets(&one.asked, &found, &held.spellings) {
            Ok(rrsets) if one.belongs_to(&rrsets) => one.answer(rrsets),
            Ok(rrsets) => doubtful.push((one, rrsets)),
            Err(failure) => one.question.answer(Err(failure)),
        }
    }
    drop(found);
    let names: BTreeSet<Name> = doubtful.iter().map(|(one, _)| one.question.request.fence_name.clone()).collect();
    let again = match held.sweep(names, urgency).await {
        Ok(again) => again,
        Err(failure) => {
            open.extend(doubtful.into_iter().map(|(one, _)| one));
            return Err(failure);
        }
    };
    let mut left = Vec::new();
    for (one, rrsets) in doubtful {
        if view::fence(&one.question.request.fence_name, &again, &held.spellings) == one.fence {
            one.answer(rrsets);
        } else {
            left.push(Open::new(one.question, held, &again));
        }
    }
    Ok(left)
}

impl Question {
    /// Nobody listens to a read that was given up.
    fn answer(self, outcome: Result<ZoneView, Failure>) {
        let _ = self.reply.send(Box::new(outcome));
    }
}

impl Open {
    fn new(question: Question, held: &Held, fences: &Sets) -> Self {
        let fence = view::fence(&question.request.fence_name, fences, &held.spellings);
        let parsed = match &fence {
            FoundFence::Present { text, .. } => Fence::parse(text, &question.request.zone).ok(),
            FoundFence::Absent | FoundFence::Unreadable { .. } => None,
        };
        let asked = asked::keys(&question.request, &fence);
        Self { question, fence, parsed, asked }
    }

    /// Whether the fence was written with these records.
    fn belongs_to(&self, rrsets: &Rrsets) -> bool {
        self.parsed.as_ref().is_some_and(|fence| {
            rrsets.keys().all(|key| fence.rrs.contains(key)) && records_digest(rrsets) == fence.digest
        })
    }

    fn answer(self, rrsets: Rrsets) {
        let Self { question, fence, parsed: _, asked } = self;
        let ReadRequest { zone, fence_name, keys: _ } = question.request.clone();
        question.answer(Ok(ZoneView { zone, fence_name, fence, asked, rrsets }));
    }
}
