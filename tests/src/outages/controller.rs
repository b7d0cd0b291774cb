//! A controller of the stage: the real saga with an outbox and an executor, one turn a second.

mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dns_core::change::{ChangeSet, Guard};
use dns_core::evidence::EvidenceBook;
use dns_core::fence::{DecisionId, Fence, WriteId};
use dns_core::fleet::Fleet;
use dns_core::gate::GateBook;
use dns_core::history::HistoryEntry;
use dns_core::judgement::judge;
use dns_core::machine::State;
use dns_core::machine::command::Order;
use dns_core::machine::effect::{Effect, PermitAnswer, Refusal};
use dns_core::machine::event::{Delivery, DeliveryOutcome, Event, WriteOutcome};
use dns_core::saga::{Around, Saga, SagaStep};
use dns_core::service::{Everywhere, Place};
use dns_core::time::Timestamp;
use dns_core::write::{PlannedWrite, WriteStage};
use dns_core::zone::{FoundFence, ZoneView};
use dns_provider::port::Permit;

use self::waiting::Wait;
use super::provider::{Answer, PERMIT, Provider};

/// How often each zone is looked at while nothing asks for it.
const READ_EVERY: Duration = Duration::from_secs(10);

/// Whether a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    /// It does.
    Runs,
    /// It will be stopped with its next permit in its hand.
    StopsBeforeSending,
    /// It is stopped.
    Stopped,
}

/// A write in the outbox.
struct Job {
    write: PlannedWrite,
    stage: WriteStage,
    /// The permit, while the process has it in its memory and nothing was sent.
    in_hand: Option<Permit>,
}

/// A controller, as far as one service is concerned.
pub struct Controller {
    /// Its name.
    pub name: String,
    /// Whether it runs.
    pub running: Running,
    /// What it has heard.
    pub book: EvidenceBook,
    /// What gates have said to it.
    pub gates: GateBook,
    /// The rows that it wrote and nobody has taken yet.
    pub rows: Vec<HistoryEntry>,
    /// What all other services do.
    pub others: Arc<Fleet>,
    waits: Option<Wait>,
    /// The state that it is in, and since when.
    entered: Option<(State, Timestamp)>,
    service: Everywhere,
    saga: Saga,
    outbox: BTreeMap<usize, Job>,
    reads: BTreeSet<usize>,
    read_last: Option<Timestamp>,
    verifications: Vec<DecisionId>,
    steps: u128,
}

impl Controller {
    /// One that knows nothing.
    pub fn new(name: &str, service: &Everywhere) -> Self {
        Self {
            name: name.to_owned(),
            running: Running::Runs,
            book: EvidenceBook::new(),
            gates: GateBook::new(),
            rows: Vec::new(),
            others: Arc::default(),
            waits: None,
            entered: None,
            saga: Saga::new(service),
            outbox: BTreeMap::new(),
            reads: BTreeSet::new(),
            read_last: None,
            verifications: Vec::new(),
            steps: 0,
            service: service.clone(),
        }
    }

    /// Its machines.
    pub fn saga(&self) -> &Saga {
        &self.saga
    }

    /// One turn: judge, read, carry out, verify.
    pub fn turn(&mut self, now: Timestamp, providers: &mut [Provider]) {
        self.verify(now);
        let lead = self.service.lead();
        let judgement = judge(lead, &self.book, now).with_gates(lead, &self.gates, now);
        if !self.waits_its_turn(&judgement, now) {
            self.step(&Event::Judged(judgement), now);
        }
        if self.read_last.is_none_or(|last| now.since(last) >= READ_EVERY) {
            self.reads = (0..providers.len()).collect();
            self.read_last = Some(now);
        }
        for rank in std::mem::take(&mut self.reads) {
            self.read(rank, now, providers);
        }
        for (rank, provider) in providers.iter_mut().enumerate() {
            self.carry_out(rank, now, provider);
        }
        self.note_state(now);
    }

    /// Gives an order; says why it was refused.
    pub fn order(&mut self, order: Order, now: Timestamp) -> Option<Refusal> {
        self.step(&Event::Commanded(order), now).refusal
    }

    /// The process ends and another one begins with what was stored.
    pub fn restart(&mut self) {
        self.saga = Saga::from_envelope(&self.saga.to_envelope(), &self.service).expect("what was written is read");
        self.outbox.values_mut().for_each(|job| job.in_hand = None);
        (self.read_last, self.book, self.gates) = (None, EvidenceBook::new(), GateBook::new());
        self.waits = None;
        self.running = Running::Runs;
    }

    fn around(&mut self, now: Timestamp) -> Around {
        self.steps += 100;
        self.around_of(now, self.steps)
    }

    fn around_of(&self, now: Timestamp, nonce: u128) -> Around {
        let actor = self.name.parse().expect("a name");
        Around { service: self.service.clone(), actor, now, nonce, fleet: Arc::clone(&self.others) }
    }

    fn step(&mut self, event: &Event, now: Timestamp) -> SagaStep {
        let around = self.around(now);
        let step = self.saga.step(event, &around);
        self.take_in(&step);
        step
    }

    fn rank(&self, place: &Place) -> usize {
        let mut places = self.service.projections().iter().map(|service| service.place());
        places.position(|known| known == *place).expect("a place of the service")
    }

    fn take_in(&mut self, step: &SagaStep) {
        for placed in &step.effects {
            let rank = self.rank(&placed.place);
            match &placed.effect {
                Effect::Enqueue(write) => {
                    let job = Job { write: (**write).clone(), stage: WriteStage::Pending, in_hand: None };
                    self.outbox.insert(rank, job);
                }
                Effect::MarkSent(_) => {
                    self.outbox.get_mut(&rank).expect("it is in the outbox").stage = WriteStage::Sent;
                }
                Effect::Dequeue(decision) => self.outbox.retain(|_, job| job.write.id != *decision),
                Effect::Record(row) => self.rows.push(row.clone()),
                Effect::ReadZone => drop(self.reads.insert(rank)),
                Effect::Verify(decision) => self.verifications.push(decision.clone()),
            }
        }
    }

    fn read(&mut self, rank: usize, now: Timestamp, providers: &[Provider]) {
        let event = match providers[rank].read() {
            Ok(view) => Event::ZoneRead(view),
            Err(reason) => Event::ZoneUnreadable { reason, denied: false },
        };
        let (place, around) = (self.service.projections()[rank].place(), self.around(now));
        let step = self.saga.step_at(&place, &event, &around);
        self.take_in(&step);
    }

    /// Every authoritative server shows what was written in the turn before.
    fn verify(&mut self, now: Timestamp) {
        for decision in std::mem::take(&mut self.verifications) {
            let server = "every server".to_owned();
            let deliveries = vec![Delivery { server, outcome: DeliveryOutcome::Served, took: None, detail: None }];
            self.step(&Event::Verified { decision, deliveries }, now);
        }
    }

    fn carry_out(&mut self, rank: usize, now: Timestamp, provider: &mut Provider) {
        let Some(job) = self.outbox.get(&rank) else { return };
        match (job.stage, job.in_hand) {
            (WriteStage::Pending, _) => self.ask_permit(rank, now, provider),
            (WriteStage::Sent, Some(permit)) => self.send(rank, &permit, now, provider),
            (WriteStage::Sent, None) => self.resolve(rank, now, provider),
        }
    }

    fn ask_permit(&mut self, rank: usize, now: Timestamp, provider: &mut Provider) {
        let decision = self.outbox[&rank].write.id.clone();
        if self.step(&Event::PermitAsked { decision }, now).permit != Some(PermitAnswer::Granted) {
            return;
        }
        let permit = Permit { granted: now, length: PERMIT };
        if self.running == Running::StopsBeforeSending {
            self.running = Running::Stopped;
            self.outbox.get_mut(&rank).expect("it has its permit").in_hand = Some(permit);
            return;
        }
        self.send(rank, &permit, now, provider);
    }

    /// Sends once, and reads back.
    fn send(&mut self, rank: usize, permit: &Permit, now: Timestamp, provider: &mut Provider) {
        let job = self.outbox.get_mut(&rank).expect("it is in the outbox");
        job.in_hand = None;
        let write = job.write.clone();
        let outcome = match provider.apply(&write.change, permit) {
            Answer::Accepted | Answer::Conflict(_) if is_ours(&write, &provider.look()) => {
                WriteOutcome::Applied(Box::new(provider.look()))
            }
            Answer::Accepted => WriteOutcome::Conflicted("another fence is in the zone".to_owned()),
            Answer::Conflict(reason) => WriteOutcome::Conflicted(reason),
            Answer::Denied(reason) => WriteOutcome::Denied(reason),
            Answer::Unreachable(reason) => WriteOutcome::Unreachable(reason),
            Answer::Nothing(reason) => {
                self.step(&Event::WriteUncertain { decision: write.id, reason }, now);
                return;
            }
        };
        self.step(&Event::WriteSettled { decision: write.id, outcome }, now);
    }

    /// Finds out what became of a write, and burns it if it has not arrived.
    fn resolve(&mut self, rank: usize, now: Timestamp, provider: &mut Provider) {
        let write = self.outbox[&rank].write.clone();
        let uncertain = "the process was ended between permit and answer".to_owned();
        self.step(&Event::WriteUncertain { decision: write.id.clone(), reason: uncertain }, now);
        let Ok(view) = provider.read() else { return };
        let outcome = match (&write.change.guard, &view.fence) {
            _ if is_ours(&write, &view) => WriteOutcome::Applied(Box::new(view)),
            (Guard::Exactly { text: required, .. }, FoundFence::Present { text, .. }) if required == text => {
                return self.burn(&write, &view, now, provider);
            }
            _ if write.is_outrun_by(&view) => WriteOutcome::Burned("the fence that it requires is gone".to_owned()),
            _ => return,
        };
        self.step(&Event::WriteSettled { decision: write.id, outcome }, now);
    }

    /// The same records under a fence with a higher rev; what came of it shows with the next look.
    fn burn(&mut self, write: &PlannedWrite, view: &ZoneView, now: Timestamp, provider: &mut Provider) {
        let fence = view.parsed_fence().expect("the fence that our write requires");
        let keys = fence.rrs.clone();
        let records = fence.guarded(&view.rrsets);
        self.steps += 1;
        let by = self.name.parse().expect("a name");
        let burned = Fence { rev: write.burning_rev(&fence), write: WriteId::at(now, self.steps), by, ..fence };
        let change = ChangeSet::plan(view, &keys, &records, &burned).expect("the records stay");
        let _seen_with_the_next_look = provider.apply(&change, &Permit { granted: now, length: PERMIT });
    }
}

fn is_ours(write: &PlannedWrite, view: &ZoneView) -> bool {
    let same = matches!(&view.fence, FoundFence::Present { text, .. } if *text == write.change.fence);
    same || view.parsed_fence().is_some_and(|fence| write.is_carried_by(&fence))
}
