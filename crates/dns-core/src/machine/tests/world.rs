//! A world for one machine: a zone that applies change sets atomically, an outbox, an executor that asks for permits,
//! settles and verifies. After every step it checks what must always hold.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::fence::{DecisionId, Epoch, Fence, Rev};
use crate::fixture::{START, Seen, Zone, fence, judgement, region, service};
use crate::fleet::Fleet;
use crate::history::{HistoryEntry, HistoryKind};
use crate::kernel::Rule;
use crate::machine::command::{Command, Order};
use crate::machine::effect::{Effect, PermitAnswer, Refusal, Step};
use crate::machine::event::{Delivery, DeliveryOutcome, Event, WriteOutcome};
use crate::machine::memory::Failover;
use crate::machine::{Machine, State, Surroundings};
use crate::policy::Failback;
use crate::service::{Mode, Service};
use crate::time::Timestamp;
use crate::write::{Initiative, PlannedWrite, WriteKind, WriteStage};

/// What becomes of a write that was let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    Works,
    Denies,
    Unreachable,
    /// It refuses although nothing changed.
    Conflicts,
}

/// The machine went from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Transition {
    pub(super) from: State,
    /// The event, as the table of transitions names it.
    pub(super) event: &'static str,
    pub(super) to: State,
}

fn word(event: &Event) -> &'static str {
    match event {
        Event::Judged(_) => "judged",
        Event::ZoneRead(_) => "zone read",
        Event::ZoneUnreadable { .. } => "zone unreadable",
        Event::SiblingsChanged => "another place changed",
        Event::Commanded(_) => "ordered",
        Event::HookVetoed { .. } => "hook vetoed",
        Event::PermitAsked { .. } => "permit asked",
        Event::WriteUncertain { .. } => "write uncertain",
        Event::WriteSettled { .. } => "write settled",
        Event::Verified { .. } => "verified",
    }
}

#[derive(Clone)]
pub(super) struct World {
    pub(super) service: Arc<Service>,
    pub(super) machine: Machine,
    pub(super) now: Timestamp,
    pub(super) zone: Zone,
    pub(super) fleet: Arc<Fleet>,
    pub(super) seen: (Seen, Seen),
    pub(super) provider: Provider,
    pub(super) history: Vec<HistoryEntry>,
    pub(super) outbox: Vec<(PlannedWrite, WriteStage)>,
    pub(super) read_wanted: bool,
    /// The newest question only: a verification that begins ends the one before.
    pub(super) to_verify: Option<DecisionId>,
    pub(super) transitions: BTreeSet<Transition>,
    pub(super) enqueued: Vec<DecisionId>,
    pub(super) dequeued: Vec<DecisionId>,
    nonce: u128,
}

impl World {
    /// `prod` is served and proven, `dr` too; nothing was adopted, nothing read.
    pub(super) fn new() -> Self {
        Self::of(service())
    }

    pub(super) fn of(service: Service) -> Self {
        Self {
            zone: Zone::serving(&service, "prod"),
            service: Arc::new(service),
            machine: Machine::new(),
            now: START,
            fleet: Arc::default(),
            seen: (Seen::Proven, Seen::Proven),
            provider: Provider::Works,
            history: Vec::new(),
            outbox: Vec::new(),
            read_wanted: false,
            to_verify: None,
            transitions: BTreeSet::new(),
            enqueued: Vec::new(),
            dequeued: Vec::new(),
            nonce: 0,
        }
    }

    pub(super) fn observing() -> Self {
        let mut world = Self::of(Service { mode: Mode::Observe, ..service() });
        world.look_around();
        world
    }

    /// Adopted in `prod`, with its history forgotten.
    pub(super) fn adopted() -> Self {
        let mut world = Self::new();
        world.look_around();
        world.must_order(Command::Adopt);
        world.run();
        assert_eq!(world.machine.state(), State::SteadyPreferred {});
        world.history.clear();
        world
    }

    /// In `dr` after an automatic failover, `prod` well again; the cooldown has begun.
    pub(super) fn in_dr() -> Self {
        let mut world = Self::adopted();
        world.see(Seen::Failing, Seen::Proven);
        world.run();
        world.see(Seen::Proven, Seen::Proven);
        world.run();
        assert_eq!(world.machine.state(), State::CoolingDown {});
        world.history.clear();
        world
    }

    /// In `dr` by a failover, with a policy that comes back by itself; `prod` is well again.
    pub(super) fn in_dr_with(failback: Failback) -> Self {
        let mut service = service();
        service.policy.failback = failback;
        let mut world = Self::of(service);
        world.look_around();
        world.must_order(Command::Adopt);
        world.run();
        world.see(Seen::Failing, Seen::Proven);
        world.run();
        assert!(world.serves("dr"));
        world.see(Seen::Proven, Seen::Proven);
        world.history.clear();
        world
    }

    // What happens.

    pub(super) fn step(&mut self, event: &Event) -> Step {
        let mut before = self.machine.memory().clone();
        (before.judgement, before.view, before.doubt) = (None, None, None);
        let at = self.machine.state();
        self.nonce += 1;
        let around = self.around();
        let step = self.machine.step(event, around);
        if at != self.machine.state() {
            self.transitions.insert(Transition { from: at, event: word(event), to: self.machine.state() });
        }
        for effect in &step.effects {
            self.carry_out(effect);
        }
        self.check(&before, event);
        step
    }

    /// What a step may look at now.
    pub(super) fn around(&self) -> Surroundings {
        Surroundings {
            service: Arc::clone(&self.service),
            actor: "controller-1".parse().expect("a name"),
            now: self.now,
            nonce: self.nonce,
            epoch_floor: crate::fence::Epoch::default(),
            siblings: Vec::new(),
            fleet: Arc::clone(&self.fleet),
            rank: 0,
        }
    }

    /// Changes the configuration.
    pub(super) fn reconfigure(&mut self, change: impl FnOnce(&mut Service)) {
        change(Arc::make_mut(&mut self.service));
    }

    pub(super) fn tick(&mut self) -> Step {
        self.step(&Event::Judged(judgement(self.seen.0, self.seen.1)))
    }

    pub(super) fn read(&mut self) -> Step {
        self.read_wanted = false;
        let view = self.zone.view(&self.service);
        self.step(&Event::ZoneRead(view))
    }

    pub(super) fn see(&mut self, prod: Seen, dr: Seen) -> Step {
        self.seen = (prod, dr);
        self.tick()
    }

    pub(super) fn pass(&mut self, time: Duration) -> Step {
        self.now = self.now + time;
        self.tick()
    }

    pub(super) fn order_with(&mut self, command: Command, overrides: &[Rule]) -> Step {
        let by = "oncall".parse().expect("a name");
        let reason = "as agreed".to_owned();
        self.step(&Event::Commanded(Order { overrides: overrides.to_vec(), ..Order::new(command, by, reason) }))
    }

    pub(super) fn order(&mut self, command: Command) -> Step {
        self.order_with(command, &[])
    }

    pub(super) fn must_order(&mut self, command: Command) -> Option<DecisionId> {
        let step = self.order(command);
        assert_eq!(step.refusal, None);
        step.decision
    }

    /// The process dies and another one takes up what was persisted.
    pub(super) fn crash(&mut self) {
        self.machine = serde_json::from_str::<Machine>(&self.kept()).expect("what was written is read");
        // The answer to the newest write is the answer to the move before it as well.
        let newest = self.machine.memory().held().map(|held| held.write.as_str().parse().expect("an id"));
        self.to_verify = newest.filter(|_| self.machine.memory().being_verified().is_some());
    }

    /// What is persisted.
    pub(super) fn kept(&self) -> String {
        serde_json::to_string(&self.machine).expect("has only string keys")
    }

    // What the executor does.

    pub(super) fn ask_permit(&mut self) -> Option<PermitAnswer> {
        let (write, _) = self.outbox.first()?.clone();
        self.step(&Event::PermitAsked { decision: write.id }).permit
    }

    pub(super) fn settle(&mut self, outcome: WriteOutcome) -> Step {
        let decision = self.outbox.first().expect("an open write").0.id.clone();
        self.step(&Event::WriteSettled { decision, outcome })
    }

    /// Sends what has its permit, and says what became of it.
    pub(super) fn send(&mut self) -> Step {
        let (write, stage) = self.outbox.first().expect("an open write").clone();
        assert_eq!(stage, WriteStage::Sent, "nothing is sent without a permit");
        let outcome = match self.provider {
            Provider::Works => match self.zone.apply(&write.change) {
                Ok(()) => WriteOutcome::Applied(Box::new(self.zone.view(&self.service))),
                Err(broken) => WriteOutcome::Conflicted(broken),
            },
            Provider::Denies => WriteOutcome::Denied("NOTAUTH (BADKEY)".to_owned()),
            Provider::Unreachable => WriteOutcome::Unreachable("connection refused".to_owned()),
            Provider::Conflicts => WriteOutcome::Conflicted("NXRRSET".to_owned()),
        };
        self.settle(outcome)
    }

    pub(super) fn verify(&mut self, outcome: DeliveryOutcome) -> Option<Step> {
        let decision = self.to_verify.take()?;
        let server = "ns1.example.net:53".to_owned();
        let deliveries = vec![Delivery { server, outcome, took: None, detail: None }];
        Some(self.step(&Event::Verified { decision, deliveries }))
    }

    /// One round of a shell: tick, read if asked to, permit, send, verify. Returns whether anything was left to do.
    pub(super) fn round(&mut self) -> bool {
        let mut busy = !self.tick().effects.is_empty();
        if self.read_wanted {
            self.read();
            busy = true;
        }
        if !self.outbox.is_empty() {
            busy = true;
            if self.outbox[0].1 == WriteStage::Sent || self.ask_permit() == Some(PermitAnswer::Granted) {
                self.send();
            }
        }
        while self.verify(DeliveryOutcome::Served).is_some() {}
        busy
    }

    /// Rounds until nothing is left to do.
    pub(super) fn run(&mut self) {
        for _ in 0..20 {
            if !self.round() {
                return;
            }
        }
        panic!("never comes to rest: {:#?}", self.history);
    }

    /// A tick, a look at the zone and what follows from them.
    pub(super) fn look_around(&mut self) {
        self.tick();
        self.read();
        self.run();
    }

    // What is seen.

    pub(super) fn memory(&self) -> &Failover {
        self.machine.memory()
    }

    pub(super) fn active(&self) -> &str {
        self.memory().active().expect("active somewhere").as_str()
    }

    pub(super) fn fence(&self) -> Fence {
        self.zone.fence_found().expect("the zone has a fence")
    }

    pub(super) fn serves(&self, name: &str) -> bool {
        self.zone.rrsets == self.service.render(&region(name)).expect("renders")
    }

    pub(super) fn pending(&self) -> &PlannedWrite {
        &self.outbox.first().expect("an open write").0
    }

    pub(super) fn kinds(&self) -> Vec<HistoryKind> {
        let rows = self.history.iter().map(|row| row.kind);
        rows.filter(|kind| *kind != HistoryKind::StateChanged).collect()
    }

    pub(super) fn count(&self, kind: HistoryKind) -> usize {
        self.history.iter().filter(|row| row.kind == kind).count()
    }

    pub(super) fn pages(&self) -> Vec<&str> {
        self.history.iter().filter(|row| row.page).map(|row| row.summary.as_str()).collect()
    }

    pub(super) fn last(&self, kind: HistoryKind) -> &HistoryEntry {
        self.history.iter().rev().find(|row| row.kind == kind).expect("a row of this kind")
    }

    /// Another controller writes a fence with its records.
    pub(super) fn other_writes(&mut self, active: &str, change: impl FnOnce(&mut Fence)) -> Fence {
        let order = self.zone.fence_found().map(|fence| fence.order()).unwrap_or_default();
        let mut written = fence(&self.service, active, order.0.next().get(), order.1.next().get());
        change(&mut written);
        self.zone = Zone::serving(&self.service, active).with_fence(&written);
        written
    }

    // What must always hold.

    fn carry_out(&mut self, effect: &Effect) {
        match effect {
            Effect::Enqueue(write) => {
                assert_eq!(self.service.mode, Mode::Active, "an observing service writes nothing");
                assert!(self.outbox.is_empty(), "never two open writes");
                assert!(!self.enqueued.contains(&write.id), "decision ids are unique");
                self.check_against_pause(write);
                self.enqueued.push(write.id.clone());
                self.outbox.push(((**write).clone(), WriteStage::Pending));
            }
            Effect::MarkSent(decision) => {
                let (_, stage) =
                    self.outbox.iter_mut().find(|(write, _)| write.id == *decision).expect("it is in the outbox");
                assert_eq!(std::mem::replace(stage, WriteStage::Sent), WriteStage::Pending, "one permit only");
            }
            Effect::Dequeue(decision) => {
                self.outbox.retain(|(write, _)| write.id != *decision);
                self.dequeued.push(decision.clone());
                let open: Vec<_> = self.outbox.iter().map(|(write, _)| &write.id).collect();
                let ended = self.enqueued.iter().filter(|id| !open.contains(id));
                assert_eq!(ended.collect::<Vec<_>>(), self.dequeued.iter().collect::<Vec<_>>(), "each once, in order");
            }
            Effect::Record(row) => {
                assert!(!row.summary.is_empty() && row.at == self.now);
                self.history.push(row.clone());
            }
            Effect::ReadZone => self.read_wanted = true,
            Effect::Verify(decision) => self.to_verify = Some(decision.clone()),
        }
    }

    fn check_against_pause(&self, write: &PlannedWrite) {
        let paused = self.machine.memory().pause().is_some();
        let automatic = write.initiative == Initiative::Automatic && write.kind != WriteKind::Annotate;
        assert!(!(paused && automatic), "a pause blocks automatic writes: {write:?}");
    }

    fn check(&self, before: &Failover, event: &Event) {
        let mut after = self.machine.memory().clone();
        let read = serde_json::from_str::<Machine>(&self.kept()).expect("what was written is read");
        assert_eq!(read.state(), self.machine.state());
        (after.judgement, after.view, after.doubt) = (None, None, None);
        assert_eq!(*read.memory(), after, "all that matters is persisted");
        let order = |memory: &Failover| memory.held().map_or((Epoch::default(), Rev::default()), Fence::order);
        assert!(order(before) <= order(&after), "fences only go up: {event:?}");
        let open = after.open().map(|open| (open.write.id.clone(), open.stage));
        let listed = self.outbox.first().map(|(write, stage)| (write.id.clone(), *stage));
        assert_eq!(open, listed, "outbox and memory agree");
        let flipping = after.open().is_some_and(|open| open.write.kind.moves());
        assert_eq!(flipping, self.machine.state() == State::Flipping {});
    }
}

pub(super) fn failover(to: &str) -> Command {
    Command::Failover { to: region(to) }
}

pub(super) fn refused_by(step: &Step) -> Vec<Rule> {
    match &step.refusal {
        Some(Refusal::Kernel(rejections)) => rejections.iter().map(|rejection| rejection.rule).collect(),
        other => panic!("expected a refusal of the kernel, found {other:?}"),
    }
}

pub(super) fn refusal_text(step: &Step) -> &str {
    match &step.refusal {
        Some(Refusal::Invalid(text) | Refusal::Pointless(text)) => text,
        other => panic!("expected a refusal in words, found {other:?}"),
    }
}
