//! Which places an order concerns. An order is taken by all that it concerns, or by none.

use super::{Run, Saga, Stand};
use crate::identifier::RegionName;
use crate::kernel::{Rejection, Rule};
use crate::machine::command::{Command, Order, adoption_difference};
use crate::machine::effect::{Refusal, Step};
use crate::machine::event::Event;
use crate::service::{Everywhere, Place};
use crate::standing::{Standing, own_records};

impl Run<'_> {
    pub(super) fn obey(&mut self, order: &Order) {
        match &order.command {
            Command::Approve { approval } => self.approve(approval, order),
            Command::Decline { approval } => self.decline(approval, order),
            Command::TellOfMove { plan, to, by } => self.ask_to_acknowledge(plan, to, by, order),
            Command::Drill { .. } => self.carry_out(order),
            Command::Evacuate { .. } => self.obey_alone(order),
            Command::Failover { .. }
            | Command::Failback
            | Command::LeadGroup { .. }
            | Command::Pause { .. }
            | Command::Resume
            | Command::Adopt
            | Command::Release => self.obey_or_ask(order),
        }
    }

    /// Takes an order that nobody else has to agree to, or somebody has.
    pub(super) fn carry_out(&mut self, order: &Order) {
        match &order.command {
            Command::Failover { .. }
            | Command::Failback
            | Command::Evacuate { .. }
            | Command::Drill { .. }
            | Command::LeadGroup { .. } => {
                self.order_anchor(order);
            }
            Command::Pause { .. } | Command::Resume => self.order_everyone(order),
            Command::Adopt => self.order_adoption(order),
            Command::Release => self.order_all(order, |standing| {
                !matches!(standing, Standing::Unadopted { .. } | Standing::Released { .. })
            }),
            Command::Approve { .. } | Command::Decline { .. } | Command::TellOfMove { .. } => {
                self.step.refusal = Some(Refusal::Unexpected);
            }
        }
    }

    /// The anchor decides where the service is; the others come after it.
    fn order_anchor(&mut self, order: &Order) {
        let anchor = self.saga.anchor(self.around.now).clone();
        let rank = self.saga.rank(&anchor).unwrap_or_default();
        self.tell(rank, &Event::Commanded(order.clone()));
    }

    /// Taken if one place takes it: a pause may have reached only some of them.
    fn order_everyone(&mut self, order: &Order) {
        let event = Event::Commanded(order.clone());
        // Those that know of a pause only from the others come first, while the others still have it.
        let mut ranks: Vec<usize> = (0..self.saga.stands.len()).collect();
        ranks.sort_by_key(|rank| self.saga.stands[*rank].machine.memory().pause().is_some());
        let refusals: Vec<Option<Refusal>> = ranks.into_iter().map(|rank| self.turn(rank, &event).refusal).collect();
        if refusals.iter().all(Option::is_some) {
            self.step.refusal = refusals.into_iter().flatten().next();
        }
    }

    /// What is adopted must be one region's everywhere, or the first fences would contradict each other.
    fn order_adoption(&mut self, order: &Order) {
        if self.saga.stands.len() > 1
            && let Err(refusal) = self.saga.one_region(&self.around.service)
        {
            self.step.refusal = Some(refusal);
            return;
        }
        self.order_all(order, |standing| !matches!(standing, Standing::Held | Standing::Newer { .. }));
    }

    /// Each place that it concerns writes for itself; if one refuses, none does. If it concerns none, the first says why.
    fn order_all(&mut self, order: &Order, concerns: fn(&Standing) -> bool) {
        let standing = |stand: &Stand| concerns(stand.machine.memory().standing());
        let mut ranks: Vec<usize> =
            (0..self.saga.stands.len()).filter(|rank| standing(&self.saga.stands[*rank])).collect();
        if ranks.is_empty() {
            ranks.push(0);
        }
        if let Some(refusal) = self.unreachable_among(&ranks) {
            self.step.refusal = Some(refusal);
            return;
        }
        let (saga, step) = (self.saga.clone(), self.step.clone());
        for rank in ranks {
            let Step { refusal, decision, .. } = self.turn(rank, &Event::Commanded(order.clone()));
            if let Some(refusal) = refusal {
                let place = self.saga.stands[rank].place.clone();
                (*self.saga, self.step) = (saga, step);
                self.step.refusal = Some(self.named(&place, refusal));
                return;
            }
            self.step.decision = self.step.decision.take().or(decision);
        }
    }

    /// A place that cannot be read now would be left behind by the others, and would stand alone for the service then.
    fn unreachable_among(&self, ranks: &[usize]) -> Option<Refusal> {
        let stands = ranks.iter().map(|rank| &self.saga.stands[*rank]);
        let unreadable = stands.filter(|_| self.saga.stands.len() > 1).filter_map(|stand| {
            let why = &stand.machine.memory().unreadable()?.reason;
            let label = self.around.service.label(&stand.place);
            Some(Rejection { rule: Rule::ZoneKnown, reason: format!("{label}: the zone cannot be read: {why}") })
        });
        let rejections: Vec<Rejection> = unreadable.collect();
        (!rejections.is_empty()).then_some(Refusal::Kernel(rejections))
    }

    fn named(&self, place: &Place, refusal: Refusal) -> Refusal {
        if self.saga.stands.len() == 1 {
            return refusal;
        }
        let label = self.around.service.label(place);
        let named = |text: String| format!("{label}: {text}");
        match refusal {
            Refusal::Kernel(rejections) => Refusal::Kernel(
                rejections.into_iter().map(|one| Rejection { reason: named(one.reason), ..one }).collect(),
            ),
            Refusal::Pointless(text) => Refusal::Pointless(named(text)),
            Refusal::Invalid(text) => Refusal::Invalid(named(text)),
            Refusal::SecondPerson(text) => Refusal::SecondPerson(named(text)),
            Refusal::Unexpected => Refusal::Unexpected,
        }
    }
}

impl Saga {
    /// Whether all places serve the records of one region.
    fn one_region(&self, service: &Everywhere) -> Result<(), Refusal> {
        let mut serving: Vec<(String, RegionName)> = Vec::new();
        for (stand, service_here) in self.stands.iter().zip(service.projections()) {
            let (memory, label) = (stand.machine.memory(), service.label(&stand.place));
            let Some(view) = memory.view() else {
                let reason = format!("{label}: the zone has not been read since the start or the last write");
                return Err(Refusal::Kernel(vec![Rejection { rule: Rule::ZoneKnown, reason }]));
            };
            let Some(region) = service_here.region_serving(&own_records(view, service_here)) else {
                return Err(Refusal::Invalid(format!("{label}: {}", adoption_difference(service_here, view))));
            };
            serving.push((label, region.clone()));
        }
        let (_, first) = serving.first().expect("invariant: a service has at least one place");
        if serving.iter().all(|(_, region)| region == first) {
            return Ok(());
        }
        let each: Vec<String> =
            serving.iter().map(|(label, region)| format!("{label} serves region `{region}`")).collect();
        Err(Refusal::Invalid(format!("the places serve different regions: {}; make them equal first", each.join(", "))))
    }
}
