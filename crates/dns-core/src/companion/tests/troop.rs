//! A group of services, each with a zone of its own and machines that are stepped as a shell does: with what is known of
//! the others now, permits on newer judgements, writes that are applied and verified.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::{Companion, Companions, Sight, Stance, Ties};
use crate::fence::DecisionId;
use crate::fixture::{START, Seen, Zone, judgement, service};
use crate::fleet::Fleet;
use crate::group::Group;
use crate::history::{HistoryEntry, HistoryKind};
use crate::identifier::ServiceName;
use crate::kernel::Rule;
use crate::machine::command::{Command, Order};
use crate::machine::effect::{Effect, PermitAnswer};
use crate::machine::event::{Delivery, DeliveryOutcome, Event, WriteOutcome};
use crate::relation::Relation;
use crate::saga::{Around, Saga, SagaStep};
use crate::service::{Everywhere, Service};
use crate::time::Timestamp;
use crate::write::{PlannedWrite, WriteStage};

/// One service of the troop.
pub(crate) struct Soldier {
    pub(crate) service: Everywhere,
    pub(crate) saga: Saga,
    pub(crate) zone: Zone,
    pub(crate) seen: (Seen, Seen),
    /// Whether its provider takes writes.
    pub(crate) works: bool,
    /// What its servers are seen to serve after a move.
    pub(crate) serves: DeliveryOutcome,
    outbox: Vec<(PlannedWrite, WriteStage)>,
    to_verify: Option<DecisionId>,
    read_wanted: bool,
}

/// All of them.
pub(crate) struct Troop {
    pub(crate) soldiers: BTreeMap<String, Soldier>,
    pub(crate) history: Vec<HistoryEntry>,
    pub(crate) now: Timestamp,
    ties: BTreeMap<ServiceName, Arc<Ties>>,
    order: Vec<String>,
    nonce: u128,
}

impl Troop {
    /// Adopted in `prod`, all well; nothing is told of how they came to be so.
    pub(crate) fn of(group: &Arc<Group>, relations: &[Arc<Relation>], change: impl Fn(&mut Service)) -> Self {
        let order: Vec<String> = group.names().map(ToString::to_string).collect();
        let soldiers = order.iter().map(|name| (name.clone(), Soldier::new(name, &change))).collect();
        let ties = Ties::of_all(std::slice::from_ref(group), relations);
        let mut troop = Self { soldiers, history: Vec::new(), now: START, ties, order, nonce: 0 };
        troop.run();
        for name in troop.order.clone() {
            let step = troop.order_of(&name, Command::Adopt, &[]);
            assert_eq!(step.refusal, None);
        }
        troop.run();
        troop.history.clear();
        troop
    }

    pub(crate) fn see(&mut self, name: &str, prod: Seen, dr: Seen) {
        self.soldier(name).seen = (prod, dr);
    }

    pub(crate) fn soldier(&mut self, name: &str) -> &mut Soldier {
        self.soldiers.get_mut(name).expect("a service of the troop")
    }

    pub(crate) fn order_of(&mut self, name: &str, command: Command, overrides: &[Rule]) -> SagaStep {
        let order = Order::new(command, "oncall".parse().expect("a name"), "as agreed");
        let order = Order { overrides: overrides.to_vec(), ..order };
        self.step(name, &Event::Commanded(order))
    }

    /// Everyone's process dies, and what was persisted is read.
    pub(crate) fn crash(&mut self) {
        for soldier in self.soldiers.values_mut() {
            soldier.saga = Saga::from_envelope(&soldier.saga.to_envelope(), &soldier.service).expect("is read");
            soldier.read_wanted = true;
        }
    }

    /// Looks, permits, writes and answers, until nothing is left to do.
    pub(crate) fn run(&mut self) {
        for _ in 0..60 {
            if !self.round() {
                return;
            }
        }
        panic!("never comes to rest: {:#?}", self.history);
    }

    /// One turn of everyone. Returns whether anything was left to do.
    pub(crate) fn round(&mut self) -> bool {
        let mut busy = false;
        self.now = self.now + Duration::from_millis(50);
        for name in self.order.clone() {
            busy |= self.tick(&name);
        }
        busy
    }

    /// One turn of one service.
    pub(crate) fn tick(&mut self, name: &str) -> bool {
        let mut busy = !self.judge(name).effects.is_empty();
        if std::mem::take(&mut self.soldier(name).read_wanted) {
            let soldier = &self.soldiers[name];
            let view = soldier.zone.view(soldier.service.lead());
            self.step(name, &Event::ZoneRead(view));
            busy = true;
        }
        busy |= self.write(name);
        let outcome = self.soldiers[name].serves;
        if let Some(decision) = self.soldier(name).to_verify.take() {
            let server = "ns1.example.net:53".to_owned();
            let deliveries = vec![Delivery { server, outcome, took: None, detail: None }];
            self.step(name, &Event::Verified { decision, deliveries });
            busy = true;
        }
        busy
    }

    fn write(&mut self, name: &str) -> bool {
        let Some((write, stage)) = self.soldiers[name].outbox.first().cloned() else { return false };
        if stage == WriteStage::Pending {
            self.judge(name);
            let asked = Event::PermitAsked { decision: write.id.clone() };
            if self.step(name, &asked).permit != Some(PermitAnswer::Granted) {
                return true;
            }
        }
        let soldier = self.soldier(name);
        let outcome = match (soldier.works, soldier.zone.clone()) {
            (false, _) => WriteOutcome::Denied("NOTAUTH (BADKEY)".to_owned()),
            (true, mut zone) => {
                zone.apply(&write.change).expect("nobody else writes");
                soldier.zone = zone;
                WriteOutcome::Applied(Box::new(soldier.zone.view(soldier.service.lead())))
            }
        };
        self.step(name, &Event::WriteSettled { decision: write.id, outcome });
        true
    }

    fn judge(&mut self, name: &str) -> SagaStep {
        let (prod, dr) = self.soldiers[name].seen;
        self.step(name, &Event::Judged(judgement(prod, dr)))
    }

    pub(crate) fn step(&mut self, name: &str, event: &Event) -> SagaStep {
        self.nonce += 1;
        let around = Around {
            service: self.soldiers[name].service.clone(),
            actor: "controller-1".parse().expect("a name"),
            now: self.now,
            nonce: self.nonce,
            fleet: Arc::new(Fleet::default().with_companions(self.companions_of(name))),
        };
        let soldier = self.soldiers.get_mut(name).expect("a service of the troop");
        let step = soldier.saga.step(event, &around);
        for placed in &step.effects {
            match &placed.effect {
                Effect::Enqueue(write) => soldier.outbox.push(((**write).clone(), WriteStage::Pending)),
                Effect::MarkSent(_) => soldier.outbox[0].1 = WriteStage::Sent,
                Effect::Dequeue(_) => drop(soldier.outbox.remove(0)),
                Effect::Record(row) => self.history.push(row.clone()),
                Effect::ReadZone => soldier.read_wanted = true,
                Effect::Verify(decision) => soldier.to_verify = Some(decision.clone()),
            }
        }
        step
    }

    pub(crate) fn companions_of(&self, name: &str) -> Option<Arc<Companions>> {
        let ties = self.ties.get(&name.parse::<ServiceName>().expect("a name"))?;
        let others = self.soldiers.iter().filter(|(other, _)| *other != name);
        let others = others.map(|(other, soldier)| (other.parse().expect("a name"), soldier.as_companion(self.now)));
        Some(Arc::new(Companions::new(Arc::clone(ties), others.collect())))
    }

    // What is seen.

    pub(crate) fn active(&self, name: &str) -> String {
        let saga = &self.soldiers[name].saga;
        let machine = saga.machine(saga.teller(self.now)).expect("a place");
        machine.memory().active().map(ToString::to_string).unwrap_or_default()
    }

    pub(crate) fn all_active(&self) -> Vec<String> {
        self.order.iter().map(|name| self.active(name)).collect()
    }

    /// The rules that hold a service.
    pub(crate) fn held_by(&self, name: &str) -> Vec<Rule> {
        let saga = &self.soldiers[name].saga;
        let hold = saga.machine(saga.teller(self.now)).and_then(|machine| machine.memory().hold().cloned());
        hold.map(|hold| hold.rejections.iter().map(|rejection| rejection.rule).collect()).unwrap_or_default()
    }

    /// Who was told of, in order, for a kind of row.
    pub(crate) fn told(&self, kind: HistoryKind) -> Vec<&str> {
        self.rows(kind).map(|row| row.service.as_str()).collect()
    }

    pub(crate) fn rows(&self, kind: HistoryKind) -> impl Iterator<Item = &HistoryEntry> {
        self.history.iter().filter(move |row| row.kind == kind)
    }

    pub(crate) fn pages(&self) -> Vec<&str> {
        self.history.iter().filter(|row| row.page).map(|row| row.summary.as_str()).collect()
    }

    /// Writes and their answers, in order: who moved when and who had arrived by then.
    pub(crate) fn deeds(&self) -> Vec<(&str, HistoryKind)> {
        let of = |row: &&HistoryEntry| matches!(row.kind, HistoryKind::Applied | HistoryKind::Verified);
        self.history.iter().filter(of).map(|row| (row.service.as_str(), row.kind)).collect()
    }
}

impl Soldier {
    fn new(name: &str, change: &impl Fn(&mut Service)) -> Self {
        let mut service = service();
        service.name = name.parse().expect("a name");
        change(&mut service);
        let zone = Zone::serving(&service, "prod");
        let service = Everywhere::only(service);
        Self {
            saga: Saga::new(&service),
            service,
            zone,
            seen: (Seen::Proven, Seen::Proven),
            works: true,
            serves: DeliveryOutcome::Served,
            outbox: Vec::new(),
            to_verify: None,
            read_wanted: true,
        }
    }

    fn as_companion(&self, now: Timestamp) -> Companion {
        let sight = Sight::of(&judgement(self.seen.0, self.seen.1), now);
        Companion { stance: Stance::of(&self.saga, self.service.lead(), now), sight }
    }
}
