//! What is shown of one service: its state with what was seen of each of its places, and what its verifications should find.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dns_core::companion::Companions;
use dns_core::fence::DecisionId;
use dns_core::identifier::{RegionName, ServiceName};
use dns_core::machine::event::Delivery;
use dns_core::machine::{Machine, State};
use dns_core::saga::Saga;
use dns_core::service::{Everywhere, Place};
use dns_core::time::Timestamp;
use dns_store::port::HistoryTrouble;

use super::resting::{Held, Resting};
use super::{Unit, shown};
use crate::aside::Aside;
use crate::engine::snapshot::{PlaceView, Remembered, ServiceView, Shown, VerificationView};
use crate::verifier::Verification;

/// How long a place may differ from where the service is before someone is woken: longer than a move takes everywhere,
/// a refused write and its first tries included.
const DIVERGENCE_LASTS: Duration = Duration::from_secs(30);

/// What was seen of a place; for people only, nothing is decided by it. What is rare has its own box: there is one of these
/// for each place of each service.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    read: Option<Timestamp>,
    verification: Option<Arc<VerificationView>>,
    /// What the verification under way has seen so far.
    delivered: Option<Arc<(DecisionId, Vec<Delivery>)>>,
}

/// What a service shows while it rests: its machines are unpacked for whoever looks, and packed again by forgetting them.
pub(crate) struct RestingView {
    service: Everywhere,
    resting: Arc<Resting>,
    around: Around,
}

/// What is shown of a service beside its machines.
struct Around {
    entered: Timestamp,
    /// Shared with the engine, until something else is seen.
    seen: Arc<[Seen]>,
    /// `None` if there is nothing of it, which is so of nearly all services.
    rare: Option<Box<Rare>>,
}

/// What is seldom to be shown.
#[derive(Default, PartialEq)]
struct Rare {
    waits: bool,
    unready: BTreeMap<RegionName, Timestamp>,
    diverging: BTreeMap<Place, Timestamp>,
    companions: Option<Arc<Companions>>,
}

/// What is the same for every service.
#[derive(Clone, Copy)]
pub(crate) struct Common<'a> {
    pub(crate) trouble: Option<&'a str>,
    pub(crate) history: Option<&'a HistoryTrouble>,
}

impl Unit {
    fn seen(&mut self, place: &Place) -> &mut Seen {
        self.shown = None;
        let places = self.service.projections();
        let known = places.iter().position(|service| service.provider == place.provider && *service.zone == place.zone);
        let rank = known.unwrap_or_default();
        if self.seen.is_empty() {
            self.seen = places.iter().map(|_| Seen::default()).collect();
        }
        &mut Arc::make_mut(&mut self.seen)[rank]
    }

    pub(in crate::engine) fn note_read(&mut self, place: &Place, now: Timestamp) {
        self.seen(place).read = Some(now);
    }

    pub(in crate::engine) fn note_delivery(&mut self, decision: DecisionId, delivery: Delivery) {
        let Some(place) = self.owner(&decision) else { return };
        let delivered = &mut self.seen(&place).delivered;
        match delivered {
            Some(known) if known.0 == decision => Arc::make_mut(known).1.push(delivery),
            _ => *delivered = Some(Arc::new((decision, vec![delivery]))),
        }
    }

    pub(in crate::engine) fn note_deliveries(&mut self, decision: &DecisionId, deliveries: &[Delivery]) {
        let Some(place) = self.owner(decision) else { return };
        let view = VerificationView { decision: decision.clone(), running: false, deliveries: deliveries.to_vec() };
        self.seen(&place).verification = Some(Arc::new(view));
    }

    /// What the newest write at a place should be seen as on every authoritative server.
    pub(in crate::engine) fn verification(&self, place: &Place) -> Option<Verification> {
        let saga = self.saga();
        let (service, memory) = (self.service.at(place)?, saga.machine(place)?.memory());
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
        let saga = self.saga();
        let unfinished = saga.machines().filter_map(|(place, machine)| {
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
        common: Common<'_>,
        add: impl FnOnce(&mut ServiceView),
    ) -> Shown {
        if let Some(shown) = self.shown.as_ref().filter(|_| !self.ages()) {
            return shown.clone();
        }
        let amiss = self.amiss.as_deref();
        let rare = Rare {
            waits: self.waits_its_turn(),
            unready: amiss.map(|amiss| amiss.standbys.unready()).unwrap_or_default(),
            diverging: amiss.map(|amiss| amiss.diverging.clone()).unwrap_or_default(),
            companions: self.tied.as_ref().and_then(|tied| tied.told.clone()),
        };
        let rare = (rare != Rare::default()).then(|| Box::new(rare));
        let around = Around { entered: self.entered, seen: Arc::clone(&self.seen), rare };
        let shown = match &self.held {
            Held::Awake(saga) => {
                let mut view = around.view(&self.service, saga, now, common);
                add(&mut view);
                Shown::Awake(Arc::new(view))
            }
            Held::Resting(resting) => {
                let (service, resting) = (self.service.clone(), Arc::clone(resting));
                Shown::Resting(Arc::new(RestingView { service, resting, around }))
            }
        };
        self.shown = Some(shown.clone());
        shown
    }

    /// What is shown of every service has changed.
    pub(in crate::engine) fn show_anew(&mut self) {
        self.shown = None;
    }

    /// Whether it shows what it showed before.
    pub(in crate::engine) fn shows_the_same(&self) -> bool {
        self.shown.is_some() && !self.ages()
    }

    /// How long places have differed is shown as well.
    fn ages(&self) -> bool {
        self.amiss.as_ref().is_some_and(|amiss| !amiss.diverging.is_empty())
    }
}

impl RestingView {
    /// Of which service.
    pub(crate) fn name(&self) -> &ServiceName {
        &self.service.lead().name
    }

    /// Where it stands.
    pub(crate) fn state(&self) -> State {
        self.resting.state
    }

    /// All that is shown of it.
    pub(crate) fn view(&self, now: Timestamp, common: Common<'_>) -> ServiceView {
        self.around.view(&self.service, &Arc::new(self.resting.saga(&self.service)), now, common)
    }
}

impl Around {
    fn view(&self, service: &Everywhere, saga: &Arc<Saga>, now: Timestamp, common: Common<'_>) -> ServiceView {
        let (shown, _) = shown(saga, now);
        let none = Rare::default();
        let rare = self.rare.as_deref().unwrap_or(&none);
        let mut view = self.view_at(shown, service, saga, common, rare);
        if service.projections().len() > 1 {
            let lags = saga.divergences();
            let place = |(place, _): (&Place, &Machine)| PlaceView {
                label: service.label(place),
                here: self.view_at(place, service, saga, common, rare),
                lag: lags.iter().find(|one| one.place == *place).map(|one| one.lag.clone()),
                lasts: rare.diverging.get(place).is_some_and(|since| now.since(*since) >= DIVERGENCE_LASTS),
            };
            view.places = saga.machines().map(place).collect();
        }
        view
    }

    fn view_at(
        &self,
        place: &Place,
        everywhere: &Everywhere,
        saga: &Arc<Saga>,
        common: Common<'_>,
        rare: &Rare,
    ) -> ServiceView {
        let service = everywhere.at(place).unwrap_or_else(|| everywhere.lead());
        let machine = saga.machine(place).expect("invariant: every place has a machine");
        let rank = saga.machines().position(|(one, _)| one == place);
        let seen = rank.and_then(|rank| self.seen.get(rank));
        let memory = machine.memory();
        // Of the newest write, whose fence stands on top of the moved records.
        let newest = memory.held().map(|held| held.write.as_str());
        let delivered = seen.and_then(|seen| seen.delivered.as_deref());
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
            memory: Remembered::at(saga, place),
            read: seen.and_then(|seen| seen.read),
            verification: running.or_else(|| seen.and_then(|seen| seen.verification.as_deref().cloned())),
            fault: common.trouble.map(str::to_owned),
            history: common.history.cloned(),
            waits_its_turn: rare.waits,
            unready: rare.unready.clone(),
            companions: rare.companions.clone(),
            aside: Aside::default(),
            places: Vec::new(),
        }
    }
}
