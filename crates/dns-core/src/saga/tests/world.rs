//! A world of places that several controllers share: a zone at each provider, and for each controller a saga, an outbox
//! and an executor. After every step it checks what must always hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::change::{ChangeSet, Guard};
use crate::fence::{DecisionId, Epoch, Fence, Rev, WriteId};
use crate::fixture::{START, Seen, Zone, judgement, name, region, service};
use crate::fleet::Fleet;
use crate::history::{HistoryEntry, HistoryKind};
use crate::kernel::Rule;
use crate::machine::command::{Command, Order};
use crate::machine::effect::{Effect, PermitAnswer};
use crate::machine::event::{Delivery, DeliveryOutcome, Event, WriteOutcome};
use crate::machine::memory::Failover;
use crate::saga::packed::{self, Packer};
use crate::saga::{Around, Saga, SagaStep};
use crate::service::{Everywhere, Place, Service};
use crate::time::Timestamp;
use crate::write::{PlannedWrite, WriteStage};

/// How a provider is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Works,
    /// Nothing gets through, and that is known at once.
    Down,
    /// It can be read and refuses every write.
    Denies,
}

#[derive(Clone)]
pub(super) struct World {
    pub(super) service: Everywhere,
    pub(super) now: Timestamp,
    pub(super) zones: Vec<Zone>,
    pub(super) conditions: Vec<Condition>,
    pub(super) seen: (Seen, Seen),
    pub(super) controllers: Vec<Controller>,
    pub(super) fleet: Arc<Fleet>,
    /// Messages that were sent and have not arrived: they may, at any time.
    pub(super) on_their_way: Vec<(usize, ChangeSet)>,
    nonce: u128,
}

#[derive(Clone)]
pub(super) struct Controller {
    pub(super) saga: Saga,
    pub(super) history: Vec<HistoryEntry>,
    pub(super) outbox: Vec<(usize, PlannedWrite, WriteStage)>,
    reads: BTreeSet<usize>,
    verifications: BTreeMap<usize, DecisionId>,
    enqueued: BTreeSet<DecisionId>,
}

/// Numbers that one step may use for ids.
const NONCES_OF_STEP: u128 = 100;

/// Each how many steps it is looked whether a packed saga would have made the same: stories begin and branch at any depth.
const PACKED_EVERY: u128 = 29;

/// A saga that was packed before a step: it must make the same one, and be the same after it.
struct Woken(Saga);

impl Woken {
    /// Not at every step: the explorations make millions, and packing takes longer than they do.
    fn sometimes(saga: &Saga, service: &Everywhere, nonce: u128) -> Option<Self> {
        let turn = nonce / NONCES_OF_STEP;
        let woken = || Packer::default().pack(saga, service).expect("packs").unpack(service);
        turn.is_multiple_of(PACKED_EVERY).then(|| Self(woken()))
    }

    fn must_agree(woken: Option<Self>, saga: &Saga, step: &SagaStep, again: impl FnOnce(&mut Saga) -> SagaStep) {
        let Some(Self(mut other)) = woken else { return };
        assert_eq!(again(&mut other), *step, "packed or not, it steps alike");
        assert_eq!(packed::text(&other), packed::text(saga), "packed or not, it is the same");
    }
}

const PROVIDERS: [&str; 3] = ["main", "second", "third"];

/// `checkout` at this many providers.
pub(super) fn at_providers(count: usize) -> Everywhere {
    let projections = PROVIDERS
        .iter()
        .take(count)
        .map(|provider| Service { provider: provider.parse().expect("a name"), ..service() });
    Everywhere::new(projections).expect("at least one")
}

impl World {
    /// `prod` is served everywhere; nothing was adopted, nothing read.
    pub(super) fn new(places: usize, controllers: usize) -> Self {
        Self::of(at_providers(places), controllers)
    }

    fn of(service: Everywhere, controllers: usize) -> Self {
        let controller = || Controller {
            saga: Saga::new(&service),
            history: Vec::new(),
            outbox: Vec::new(),
            reads: BTreeSet::new(),
            verifications: BTreeMap::new(),
            enqueued: BTreeSet::new(),
        };
        Self {
            now: START,
            zones: service.projections().iter().map(|service| Zone::serving(service, "prod")).collect(),
            conditions: vec![Condition::Works; service.projections().len()],
            seen: (Seen::Proven, Seen::Proven),
            controllers: (0..controllers).map(|_| controller()).collect(),
            fleet: Arc::default(),
            on_their_way: Vec::new(),
            nonce: 0,
            service,
        }
    }

    /// Adopted in `prod` by the first controller and followed by the others, with their histories forgotten.
    pub(super) fn adopted(places: usize, controllers: usize) -> Self {
        Self::new(places, controllers).adopt()
    }

    /// The same of another service, at one place and with one controller.
    pub(super) fn adopted_as(service: &Service) -> Self {
        Self::of(Everywhere::only(service.clone()), 1).adopt()
    }

    fn adopt(mut self) -> Self {
        let world = &mut self;
        world.look_around(0);
        world.must_order(0, Command::Adopt);
        world.run();
        for number in 1..world.controllers.len() {
            world.look_around(number);
            world.must_order(number, Command::Resume);
        }
        world.run();
        assert!(world.agree().is_some_and(|fence| fence.active == Some(region("prod"))));
        world.controllers.iter_mut().for_each(|controller| controller.history.clear());
        self
    }

    // What happens.

    pub(super) fn around(&mut self, number: usize) -> Around {
        self.nonce += NONCES_OF_STEP;
        Around {
            service: self.service.clone(),
            actor: format!("controller-{}", number + 1).parse().expect("a name"),
            now: self.now,
            nonce: self.nonce,
            fleet: Arc::clone(&self.fleet),
        }
    }

    pub(super) fn place(&self, rank: usize) -> Place {
        self.service.projections()[rank].place()
    }

    pub(super) fn step(&mut self, number: usize, event: &Event) -> SagaStep {
        let around = self.around(number);
        let before = self.orders(number);
        let saga = &mut self.controllers[number].saga;
        let woken = Woken::sometimes(saga, &around.service, around.nonce);
        let step = saga.step(event, &around);
        Woken::must_agree(woken, saga, &step, |saga| saga.step(event, &around));
        self.carry_out(number, &step, &before, event);
        step
    }

    pub(super) fn step_at(&mut self, number: usize, rank: usize, event: &Event) -> SagaStep {
        let (around, place, before) = (self.around(number), self.place(rank), self.orders(number));
        let saga = &mut self.controllers[number].saga;
        let woken = Woken::sometimes(saga, &around.service, around.nonce);
        let step = saga.step_at(&place, event, &around);
        Woken::must_agree(woken, saga, &step, |saga| saga.step_at(&place, event, &around));
        self.carry_out(number, &step, &before, event);
        step
    }

    pub(super) fn tick(&mut self, number: usize) -> SagaStep {
        self.step(number, &Event::Judged(judgement(self.seen.0, self.seen.1)))
    }

    /// Every controller judges this.
    pub(super) fn see(&mut self, prod: Seen, dr: Seen) {
        self.seen = (prod, dr);
        (0..self.controllers.len()).for_each(|number| drop(self.tick(number)));
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        (0..self.controllers.len()).for_each(|number| drop(self.tick(number)));
    }

    pub(super) fn read(&mut self, number: usize, rank: usize) {
        self.controllers[number].reads.remove(&rank);
        let event = match self.conditions[rank] {
            Condition::Works | Condition::Denies => {
                Event::ZoneRead(self.zones[rank].view(&self.service.projections()[rank]))
            }
            Condition::Down => Event::ZoneUnreadable { reason: "timed out".to_owned(), denied: false },
        };
        self.step_at(number, rank, &event);
    }

    pub(super) fn read_all(&mut self, number: usize) {
        (0..self.zones.len()).for_each(|rank| self.read(number, rank));
    }

    pub(super) fn order_with(&mut self, number: usize, command: Command, overrides: &[Rule]) -> SagaStep {
        let (by, reason) = ("oncall".parse().expect("a name"), "as agreed".to_owned());
        self.step(number, &Event::Commanded(Order { overrides: overrides.to_vec(), ..Order::new(command, by, reason) }))
    }

    pub(super) fn order(&mut self, number: usize, command: Command) -> SagaStep {
        self.order_with(number, command, &[])
    }

    pub(super) fn must_order(&mut self, number: usize, command: Command) -> Option<DecisionId> {
        let step = self.order(number, command);
        assert_eq!(step.refusal, None);
        step.decision
    }

    /// The process dies and another one takes up what was persisted.
    pub(super) fn crash(&mut self, number: usize) {
        let Controller { saga, reads, verifications, .. } = &mut self.controllers[number];
        *saga = Saga::from_envelope(&saga.to_envelope(), &self.service).expect("what was written is read");
        *reads = (0..self.zones.len()).collect();
        verifications.clear();
        for (rank, (_, machine)) in saga.machines().enumerate() {
            let newest = machine.memory().held().map(|held| held.write.as_str().parse().expect("an id"));
            if let Some(newest) = newest.filter(|_| machine.memory().being_verified().is_some()) {
                verifications.insert(rank, newest);
            }
        }
    }

    // What an executor does.

    pub(super) fn open(&self, number: usize, rank: usize) -> Option<&(usize, PlannedWrite, WriteStage)> {
        self.controllers[number].outbox.iter().find(|(at, _, _)| *at == rank)
    }

    pub(super) fn ask_permit(&mut self, number: usize, rank: usize) -> Option<PermitAnswer> {
        let (_, write, _) = self.open(number, rank)?;
        let decision = write.id.clone();
        self.step(number, &Event::PermitAsked { decision }).permit
    }

    pub(super) fn settle(&mut self, number: usize, rank: usize, outcome: WriteOutcome) {
        let decision = self.open(number, rank).expect("an open write").1.id.clone();
        self.step(number, &Event::WriteSettled { decision, outcome });
    }

    /// Sends what has its permit, and says what became of it.
    pub(super) fn send(&mut self, number: usize, rank: usize) {
        let (_, write, stage) = self.open(number, rank).expect("an open write").clone();
        assert_eq!(stage, WriteStage::Sent, "nothing is sent without a permit");
        let outcome = match self.conditions[rank] {
            Condition::Works => match self.zones[rank].apply(&write.change) {
                Ok(()) => WriteOutcome::Applied(Box::new(self.view(rank))),
                Err(_) if self.is_ours(rank, &write) => WriteOutcome::Applied(Box::new(self.view(rank))),
                Err(broken) => WriteOutcome::Conflicted(broken),
            },
            Condition::Down => WriteOutcome::Unreachable("connection refused".to_owned()),
            Condition::Denies => WriteOutcome::Denied("NOTAUTH (BADKEY)".to_owned()),
        };
        self.settle(number, rank, outcome);
    }

    /// The answer to what was sent is lost; the message arrives later, or never.
    pub(super) fn lose(&mut self, number: usize, rank: usize) {
        let write = self.open(number, rank).expect("an open write").1.clone();
        self.on_their_way.push((rank, write.change));
        self.step(number, &Event::WriteUncertain { decision: write.id, reason: "no answer".to_owned() });
    }

    /// A message that was on its way arrives.
    pub(super) fn arrive(&mut self, index: usize) {
        let (rank, change) = self.on_their_way.remove(index);
        let _refused_if_late = self.zones[rank].apply(&change);
    }

    /// Finds out what became of a write, and burns it if it has not arrived.
    pub(super) fn resolve(&mut self, number: usize, rank: usize) {
        if self.conditions[rank] != Condition::Works {
            return;
        }
        let write = self.open(number, rank).expect("an open write").1.clone();
        if self.is_ours(rank, &write) {
            return self.settle(number, rank, WriteOutcome::Applied(Box::new(self.view(rank))));
        }
        let required = match &write.change.guard {
            Guard::Absent => None,
            Guard::Exactly { text, .. } => Some(text),
        };
        if self.zones[rank].fence.as_ref() == required {
            match self.zones[rank].fence_found() {
                Some(fence) => self.burn(rank, &write, fence),
                // An adoption is waited out: then its signature is too old.
                None => self.on_their_way.retain(|(at, _)| *at != rank),
            }
        }
        self.settle(number, rank, WriteOutcome::Burned("the fence that it requires is gone".to_owned()));
    }

    fn burn(&mut self, rank: usize, write: &PlannedWrite, fence: Fence) {
        self.nonce += 1;
        let burned = Fence { rev: write.burning_rev(&fence), write: WriteId::at(self.now, self.nonce), ..fence };
        self.zones[rank].fence = Some(burned.to_text(&name("example.com")).expect("fits"));
    }

    fn is_ours(&self, rank: usize, write: &PlannedWrite) -> bool {
        let found = &self.zones[rank];
        found.fence.as_ref() == Some(&write.change.fence)
            || found.fence_found().is_some_and(|fence| write.is_carried_by(&fence))
    }

    fn view(&self, rank: usize) -> crate::zone::ZoneView {
        self.zones[rank].view(&self.service.projections()[rank])
    }

    pub(super) fn verify(&mut self, number: usize) {
        while let Some((_, decision)) = self.controllers[number].verifications.pop_first() {
            let server = "ns1.example.net:53".to_owned();
            let deliveries = vec![Delivery { server, outcome: DeliveryOutcome::Served, took: None, detail: None }];
            self.step(number, &Event::Verified { decision, deliveries });
        }
    }

    /// One round of one shell. Returns whether anything was left to do.
    pub(super) fn round(&mut self, number: usize) -> bool {
        let mut busy = !self.tick(number).effects.is_empty();
        for rank in self.controllers[number].reads.clone() {
            self.read(number, rank);
            busy = true;
        }
        for rank in 0..self.zones.len() {
            let Some((_, _, stage)) = self.open(number, rank) else { continue };
            busy = true;
            if *stage == WriteStage::Sent {
                self.resolve(number, rank);
            } else if self.ask_permit(number, rank) == Some(PermitAnswer::Granted) {
                self.send(number, rank);
            }
        }
        self.verify(number);
        busy
    }

    /// Rounds of every controller until nothing is left to do; a place that is down is left.
    pub(super) fn run(&mut self) {
        for _ in 0..40 {
            let left: Vec<bool> = (0..self.controllers.len()).map(|number| self.round(number)).collect();
            if !left.contains(&true) {
                return;
            }
        }
        let histories: Vec<_> = self.controllers.iter().map(|controller| &controller.history).collect();
        panic!("never comes to rest: {histories:#?}");
    }

    /// A tick, a look at every zone and what follows from them.
    pub(super) fn look_around(&mut self, number: usize) {
        self.tick(number);
        self.read_all(number);
        self.run();
    }

    /// A provider is found down by every controller, or as it was before.
    pub(super) fn becomes(&mut self, rank: usize, condition: Condition) {
        self.conditions[rank] = condition;
        (0..self.controllers.len()).for_each(|number| self.read(number, rank));
    }

    // What is seen.

    pub(super) fn memory(&self, number: usize, rank: usize) -> &Failover {
        self.controllers[number].saga.machine(&self.place(rank)).expect("a place").memory()
    }

    pub(super) fn fence(&self, rank: usize) -> Fence {
        self.zones[rank].fence_found().expect("the zone has a fence")
    }

    pub(super) fn serves(&self, rank: usize, active: &str) -> bool {
        self.zones[rank].rrsets == self.service.projections()[rank].render(&region(active)).expect("renders")
    }

    /// The first place's fence, if every place has one of the same decision over its region's records.
    pub(super) fn agree(&self) -> Option<Fence> {
        let fences: Option<Vec<Fence>> = self.zones.iter().map(Zone::fence_found).collect();
        let fences = fences?;
        let first = fences.first()?.clone();
        let active = first.active.clone()?;
        let same =
            |fence: &Fence| (fence.epoch, &fence.plan, &fence.active) == (first.epoch, &first.plan, &first.active);
        let served = (0..self.zones.len()).all(|rank| self.serves(rank, active.as_str()));
        (served && fences.iter().all(same)).then_some(first)
    }

    pub(super) fn pages(&self, number: usize) -> Vec<&str> {
        let rows = self.controllers[number].history.iter();
        rows.filter(|row| row.page).map(|row| row.summary.as_str()).collect()
    }

    pub(super) fn count(&self, number: usize, kind: HistoryKind) -> usize {
        self.controllers[number].history.iter().filter(|row| row.kind == kind).count()
    }

    // What must always hold.

    fn orders(&self, number: usize) -> Vec<(Epoch, Rev)> {
        let machines = self.controllers[number].saga.machines();
        machines.map(|(_, machine)| machine.memory().held().map(Fence::order).unwrap_or_default()).collect()
    }

    fn carry_out(&mut self, number: usize, step: &SagaStep, before: &[(Epoch, Rev)], event: &Event) {
        for placed in &step.effects {
            let rank = (0..self.zones.len()).find(|rank| self.place(*rank) == placed.place).expect("a place");
            let controller = &mut self.controllers[number];
            match &placed.effect {
                Effect::Enqueue(write) => {
                    assert!(controller.enqueued.insert(write.id.clone()), "decision ids are unique");
                    assert!(!controller.outbox.iter().any(|(at, _, _)| *at == rank), "one open write a place");
                    assert_eq!(
                        (&write.fence.provider, &write.change.zone),
                        (&placed.place.provider, &placed.place.zone)
                    );
                    controller.outbox.push((rank, (**write).clone(), WriteStage::Pending));
                }
                Effect::MarkSent(decision) => {
                    let mut found = controller.outbox.iter_mut().filter(|(_, write, _)| write.id == *decision);
                    found.next().expect("it is in the outbox").2 = WriteStage::Sent;
                }
                Effect::Dequeue(decision) => controller.outbox.retain(|(_, write, _)| write.id != *decision),
                Effect::Record(row) => controller.history.push(row.clone()),
                Effect::ReadZone => drop(controller.reads.insert(rank)),
                Effect::Verify(decision) => drop(controller.verifications.insert(rank, decision.clone())),
            }
        }
        self.check(number, before, event);
    }

    fn check(&self, number: usize, before: &[(Epoch, Rev)], event: &Event) {
        let saga = &self.controllers[number].saga;
        let envelope = saga.to_envelope();
        let read = Saga::from_envelope(&envelope, &self.service).expect("what was written is read");
        assert_eq!(read.to_envelope(), envelope, "all that matters is persisted");
        let after = self.orders(number);
        assert!(before.iter().zip(&after).all(|(before, after)| before <= after), "fences only go up: {event:?}");
        for (rank, (_, machine)) in saga.machines().enumerate() {
            let open = machine.memory().open().map(|open| (&open.write.id, open.stage));
            let listed = self.open(number, rank).map(|(_, write, stage)| (&write.id, *stage));
            assert_eq!(open, listed, "outbox and memory agree");
        }
    }
}

pub(super) fn failover(to: &str) -> Command {
    Command::Failover { to: region(to) }
}
