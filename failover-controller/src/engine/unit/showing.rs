//! What is shown of one service: its state with what was seen of each of its places, and what its verifications should find.

use std::sync::Arc;
use std::time::Duration;

use dns_core::fence::DecisionId;
use dns_core::machine::Machine;
use dns_core::machine::event::Delivery;
use dns_core::service::Place;
use dns_core::time::Timestamp;
use dns_store::port::HistoryTrouble;

use super::{Unit, shown};
use crate::aside::Aside;
use crate::engine::snapshot::{PlaceView, Remembered, ServiceView, VerificationView};
use crate::verifier::Verification;

/// How long a place may differ from where the service is before someone is woken: longer than a move takes everywhere,
/// a refused write and its first tries included.
const DIVERGENCE_LASTS: Duration = Duration::from_secs(30);

/// What was seen of a place; for people only, nothing is decided by it.
#[derive(Default)]
pub(super) struct Seen {
    read: Option<Timestamp>,
    verification: Option<VerificationView>,
    /// What the verification under way has seen so far.
    delivered: Option<(DecisionId, Vec<Delivery>)>,
}

impl Unit {
    fn seen(&mut self, place: &Place) -> &mut Seen {
        self.shown = None;
        let known = self.seen.iter().position(|(one, _)| one == place);
        let at = known.unwrap_or_else(|| {
            self.seen.push((place.clone(), Seen::default()));
            self.seen.len() - 1
        });
        &mut self.seen[at].1
    }

    pub(in crate::engine) fn note_read(&mut self, place: &Place, now: Timestamp) {
        self.seen(place).read = Some(now);
    }

    pub(in crate::engine) fn note_delivery(&mut self, decision: DecisionId, delivery: Delivery) {
        let Some(place) = self.owner(&decision).cloned() else { return };
        let delivered = &mut self.seen(&place).delivered;
        match delivered {
            Some((known, deliveries)) if *known == decision => deliveries.push(delivery),
            _ => *delivered = Some((decision, vec![delivery])),
        }
    }

    pub(in crate::engine) fn note_deliveries(&mut self, decision: &DecisionId, deliveries: &[Delivery]) {
        let Some(place) = self.owner(decision).cloned() else { return };
        self.seen(&place).verification =
            Some(VerificationView { decision: decision.clone(), running: false, deliveries: deliveries.to_vec() });
    }

    /// What the newest write at a place should be seen as on every authoritative server.
    pub(in crate::engine) fn verification(&self, place: &Place) -> Option<Verification> {
        let (service, memory) = (self.service.at(place)?, self.saga.machine(place)?.memory());
        let held = memory.held()?;
        // What was written, never what a look at the zone shows that may be older than the write.
        let Some(view) = memory.view().filter(|view| held.guards(&view.rrsets)) else {
            let moves = memory.being_verified().is_some();
            return Verification::from_configuration(service, held).map(|all| Verification { moves, ..all });
        };
        Some(Verification {
            service: Arc::clone(service),
            moves: memory.being_verified().is_some(),
            fence: held.to_text(&service.zone).ok()?,
            expected: held.guarded(&view.rrsets),
            absent: service.keys().into_iter().filter(|key| !held.rrs.contains(key)).collect(),
        })
    }

    /// The verifications that a former process did not finish: each of the newest write at a place, whose answer is the
    /// answer to the move before it as well. Its records come from the configuration, since the zone has not been read
    /// yet.
    pub(in crate::engine) fn unfinished_verifications(&self) -> Vec<(DecisionId, Verification)> {
        let unfinished = self.saga.machines().filter_map(|(place, machine)| {
            machine.memory().being_verified()?;
            let held = machine.memory().held()?;
            let decision = held.write.as_str().parse().ok()?;
            Some((decision, Verification::from_configuration(self.service.at(place)?, held)?))
        });
        unfinished.collect()
    }

    /// What it shows, made anew if it has changed.
    pub(in crate::engine) fn show(
        &mut self,
        now: Timestamp,
        trouble: Option<&str>,
        history: Option<&HistoryTrouble>,
        add: impl FnOnce(&mut ServiceView),
    ) -> Arc<ServiceView> {
        // How long places have differed is shown as well.
        let ages = !self.diverging.is_empty();
        if let Some(shown) = self.shown.as_ref().filter(|_| !ages) {
            return Arc::clone(shown);
        }
        let mut view = self.view(now, trouble, history);
        add(&mut view);
        let view = Arc::new(view);
        self.shown = Some(Arc::clone(&view));
        view
    }

    /// What is shown of every service has changed.
    pub(in crate::engine) fn show_anew(&mut self) {
        self.shown = None;
    }

    fn view(&self, now: Timestamp, trouble: Option<&str>, history: Option<&HistoryTrouble>) -> ServiceView {
        let (shown, _) = shown(&self.saga, now);
        let mut view = self.view_at(shown, trouble, history);
        if self.service.projections().len() > 1 {
            let lags = self.saga.divergences();
            let place = |(place, _): (&Place, &Machine)| PlaceView {
                label: self.service.label(place),
                here: self.view_at(place, trouble, history),
                lag: lags.iter().find(|one| one.place == *place).map(|one| one.lag.clone()),
                lasts: self.diverging.get(place).is_some_and(|since| now.since(*since) >= DIVERGENCE_LASTS),
            };
            view.places = self.saga.machines().map(place).collect();
        }
        view
    }

    fn view_at(&self, place: &Place, trouble: Option<&str>, history: Option<&HistoryTrouble>) -> ServiceView {
        let service = self.service.at(place).unwrap_or_else(|| self.service.lead());
        let machine = self.saga.machine(place).expect("invariant: every place has a machine");
        let seen = self.seen.iter().find(|(one, _)| one == place).map(|(_, seen)| seen);
        let memory = machine.memory();
        // Of the newest write, whose fence stands on top of the moved records.
        let newest = memory.held().map(|held| held.write.as_str());
        let delivered = seen.and_then(|seen| seen.delivered.as_ref());
        let delivered = delivered.filter(|(decision, _)| newest == Some(decision.as_str()));
        let running = memory.being_verified().map(|decision| VerificationView {
            decision: decision.clone(),
            running: true,
            deliveries: delivered.map(|(_, deliveries)| deliveries.clone()).unwrap_or_default(),
        });
        ServiceView {
            service: Arc::clone(service),
            state: machine.state(),
            entered: self.entered,
            memory: Remembered::at(&self.saga, place),
            read: seen.and_then(|seen| seen.read),
            verification: running.or_else(|| seen.and_then(|seen| seen.verification.clone())),
            fault: trouble.map(str::to_owned),
            history: history.cloned(),
            waits_its_turn: self.waits_its_turn(),
            unready: self.standbys.unready(),
            aside: Aside::default(),
            places: Vec::new(),
        }
    }
}
