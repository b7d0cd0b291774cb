//! What the engine publishes: a copy of its state for API and metrics, which never ask the engine itself.
//!
//! An engine that stands still, because its store hangs or the process is starved, cannot say so. What it published
//! before must not look like now, so whoever takes a snapshot takes it with its age ([`Snapshot::aged`]).

mod listed;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use dns_core::companion::Companions;
use dns_core::digest::Digest;
use dns_core::fence::DecisionId;
use dns_core::fleet::Fleet;
use dns_core::identifier::{Actor, RegionName, ServiceName, VantageName};
use dns_core::machine::State;
use dns_core::machine::event::Delivery;
use dns_core::machine::memory::Failover;
use dns_core::saga::{Lag, Saga};
use dns_core::service::{Place, Service};
use dns_core::time::Timestamp;
use dns_store::port::HistoryTrouble;
use tokio::time::Instant;

use super::evacuating::EvacuationView;
use super::unit::{Common, RestingView};
use crate::api::report::rfc3339;
use crate::aside::{Aside, Asides};
pub(crate) use listed::Listed;

/// How old a snapshot may be. The engine publishes four times a second, and every second even while its store keeps it
/// waiting; evidence is stale after three, so what is older than four is no knowledge.
pub(crate) const STANDS_STILL: Duration = Duration::from_secs(4);

/// Everything, as of one moment.
#[derive(Clone, Default)]
pub(crate) struct Snapshot {
    /// When.
    pub(crate) at: Timestamp,
    /// This controller; `None` before the engine has loaded.
    pub(crate) actor: Option<Actor>,
    /// Every service. One that has not changed is shared with the snapshot before: a copy of ten thousand costs more
    /// than what changed.
    pub(crate) services: Arc<Listed>,
    /// What is wrong with the history, for those that rest.
    pub(crate) history: Option<HistoryTrouble>,
    /// What is known beside the services' own state, for those that rest.
    pub(crate) asides: Asides,
    /// The services among them whose state is not loaded: nothing is done for them.
    pub(crate) unloaded: BTreeSet<ServiceName>,
    /// Every vantage point.
    pub(crate) witnesses: BTreeMap<VantageName, WitnessView>,
    /// All services as far as one depends on the others, itself among them.
    pub(crate) fleet: Fleet,
    /// Evacuations by order, oldest first.
    pub(crate) evacuations: Arc<Vec<EvacuationView>>,
    /// What is wrong with the store.
    pub(crate) store_error: Option<String>,
    /// When it was published, by the clock that only goes on.
    pub(crate) published: Option<Instant>,
    /// That the engine stands still, and since when.
    pub(crate) stall: Option<String>,
}

impl Snapshot {
    /// The snapshot as it is to be taken now: if it is too old, it says so wherever people and alerts look.
    pub(crate) fn aged(this: &Arc<Self>) -> Arc<Self> {
        let age = this.published.map(|published| published.elapsed());
        let Some(age) = age.filter(|age| *age > STANDS_STILL) else { return Arc::clone(this) };
        // The point in time and not the age: a sentence that changes each second would be news each second.
        let words = format!(
            "the engine stands still since {}: it waits for the store's disk, or the process is starved; see its log, \
             and restart it if it lasts",
            rfc3339(this.at)
        );
        let mut aged = Self::clone(this);
        aged.at = this.at + age;
        for shown in Arc::make_mut(&mut aged.services).values_mut() {
            // Those that rest say what is wrong with the store when they are looked at.
            if let Shown::Awake(view) = shown {
                Arc::make_mut(view).fault = Some(words.clone());
            }
        }
        aged.store_error = Some(words.clone());
        aged.stall = Some(words);
        Arc::new(aged)
    }
}

impl Snapshot {
    /// One service.
    pub(crate) fn view(&self, name: &ServiceName) -> Option<Arc<ServiceView>> {
        self.services.get(name).map(|shown| self.whole(shown))
    }

    /// Every service, one after the other: to keep the views of all that rest would take what resting spares.
    pub(crate) fn views(&self) -> impl Iterator<Item = (&ServiceName, Arc<ServiceView>)> {
        self.services.iter().map(|(name, shown)| (name, self.whole(shown)))
    }

    /// All that is shown of a service.
    pub(crate) fn whole(&self, shown: &Shown) -> Arc<ServiceView> {
        match shown {
            Shown::Awake(view) => Arc::clone(view),
            Shown::Resting(resting) => {
                let common = Common { trouble: self.store_error.as_deref(), history: self.history.as_ref() };
                let mut view = resting.view(self.at, common);
                self.asides.add_to(&mut view);
                Arc::new(view)
            }
        }
    }
}

/// One service, as it is published.
#[derive(Clone)]
pub(crate) enum Shown {
    /// All of it.
    Awake(Arc<ServiceView>),
    /// What all of it is made from when somebody looks.
    Resting(Arc<RestingView>),
}

impl Shown {
    /// Whether it shows the same as another, as it is shared with it.
    pub(crate) fn is_shared_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Awake(view), Self::Awake(other)) => Arc::ptr_eq(view, other),
            (Self::Resting(view), Self::Resting(other)) => Arc::ptr_eq(view, other),
            (Self::Awake(_), Self::Resting(_)) | (Self::Resting(_), Self::Awake(_)) => false,
        }
    }

    /// Of which service.
    pub(crate) fn name(&self) -> &ServiceName {
        match self {
            Self::Awake(view) => &view.service.name,
            Self::Resting(view) => view.name(),
        }
    }

    /// Where the service stands.
    pub(crate) fn state(&self) -> State {
        match self {
            Self::Awake(view) => view.state,
            Self::Resting(view) => view.state(),
        }
    }

    /// All of it, unless it rests: then nothing is under way.
    pub(crate) fn awake(&self) -> Option<&Arc<ServiceView>> {
        match self {
            Self::Awake(view) => Some(view),
            Self::Resting(_) => None,
        }
    }
}

/// What a machine remembers. A copy for everyone who looks would be half of the memory that ten thousand services take.
#[derive(Clone)]
pub(crate) enum Remembered {
    /// Shared with the engine: the machine of this rank.
    Shared(Arc<Saga>, usize),
    /// Of a service that the engine does not have.
    Own(Box<Failover>),
}

impl Remembered {
    /// What the machine at a place remembers.
    pub(crate) fn at(saga: &Arc<Saga>, place: &Place) -> Self {
        let rank = saga.machines().position(|(one, _)| one == place);
        Self::Shared(Arc::clone(saga), rank.expect("invariant: every place has a machine"))
    }
}

impl Remembered {
    /// Every place's machine; `None` of a service that the engine does not have.
    pub(crate) fn saga(&self) -> Option<&Saga> {
        match self {
            Self::Shared(saga, _) => Some(saga),
            Self::Own(_) => None,
        }
    }
}

impl Deref for Remembered {
    type Target = Failover;

    fn deref(&self) -> &Failover {
        match self {
            Self::Shared(saga, rank) => {
                let (_, machine) = saga.machines().nth(*rank).expect("invariant: it was found there");
                machine.memory()
            }
            Self::Own(memory) => memory,
        }
    }
}

/// One service, as the place tells it that decides for it now.
#[derive(Clone)]
pub(crate) struct ServiceView {
    /// As configured, at that place.
    pub(crate) service: Arc<Service>,
    /// Where it stands.
    pub(crate) state: State,
    /// Since when.
    pub(crate) entered: Timestamp,
    /// What its machine remembers.
    pub(crate) memory: Remembered,
    /// When its zone was last read.
    pub(crate) read: Option<Timestamp>,
    /// The newest verification.
    pub(crate) verification: Option<VerificationView>,
    /// Why nothing can be decided for it: the store does not work, or does not tell its state.
    pub(crate) fault: Option<String>,
    /// What is wrong with the history, by which nothing is decided.
    pub(crate) history: Option<HistoryTrouble>,
    /// Its region fails, and others move before it.
    pub(crate) waits_its_turn: bool,
    /// The standby regions that could not be moved to now, and since when.
    pub(crate) unready: BTreeMap<RegionName, Timestamp>,
    /// What it knows of the others that it is bound to, if there are any.
    pub(crate) companions: Option<Arc<Companions>>,
    /// What else is known of it there.
    pub(crate) aside: Aside,
    /// Every place in order, if there are several.
    pub(crate) places: Vec<PlaceView>,
}

/// A service at one of its several places.
#[derive(Clone)]
pub(crate) struct PlaceView {
    /// How people tell it from the others.
    pub(crate) label: String,
    /// The service as this place tells it; without places of its own.
    pub(crate) here: ServiceView,
    /// How it differs from where the service is.
    pub(crate) lag: Option<Lag>,
    /// Whether it has differed for so long that it won't end by itself in a moment.
    pub(crate) lasts: bool,
}

impl ServiceView {
    /// The service at each place, at its only one too.
    pub(crate) fn here(&self) -> impl Iterator<Item = &Self> {
        let only = self.places.is_empty().then_some(self);
        only.into_iter().chain(self.places.iter().map(|place| &place.here))
    }
}

/// A verification.
#[derive(Clone)]
pub(crate) struct VerificationView {
    /// Of which decision.
    pub(crate) decision: DecisionId,
    /// Whether it goes on.
    pub(crate) running: bool,
    /// What each authoritative server said.
    pub(crate) deliveries: Vec<Delivery>,
}

/// One vantage point.
#[derive(Clone)]
pub(crate) struct WitnessView {
    /// Whether it was heard lately.
    pub(crate) fresh: bool,
    /// When it was last heard.
    pub(crate) heard: Option<Timestamp>,
    /// Why it is blind.
    pub(crate) blind: Option<String>,
    /// Why its stream is down.
    pub(crate) lost: Option<String>,
    /// Its configuration.
    pub(crate) config: Option<Digest>,
}
