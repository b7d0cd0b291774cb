//! What is known beside the state of services: how far resolvers are after a move, whether the last canaries arrived, and
//! whether zones are delegated elsewhere. Nothing is decided by it; it is for people and lives as long as the process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use dns_core::identifier::ServiceName;
use dns_core::service::{Mode, Place};

use crate::drain::Drained;
use crate::engine::snapshot::ServiceView;

/// Where it is noted, and read from. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Asides(Arc<Mutex<Notes>>);

#[derive(Default)]
struct Notes {
    /// What has changed since somebody asked.
    news: News,
    drains: BTreeMap<(ServiceName, Place), Drained>,
    /// The service whose lines tell what is wrong with receivers of notifications: they are nobody's own.
    herald: Option<ServiceName>,
    /// What is wrong with each receiver of notifications.
    receivers: BTreeMap<String, String>,
    places: BTreeMap<Place, PlaceNotes>,
    /// How far the drill of each service is.
    drills: BTreeMap<ServiceName, String>,
}

/// What is to be shown anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// Every service.
    pub(crate) everyone: bool,
    /// These services.
    pub(crate) services: BTreeSet<ServiceName>,
}

/// What is wrong at a place.
#[derive(Clone, Default)]
struct PlaceNotes {
    canary: Option<String>,
    delegation: Option<String>,
}

/// What concerns one service in one place.
#[derive(Clone, Default)]
pub(crate) struct Aside {
    /// The newest drain.
    pub(crate) drain: Option<Drained>,
    /// Why the last canary did not arrive; only for services that move by themselves.
    pub(crate) canary: Option<String>,
    /// To whom the zone's parent delegates it, if that is none of the provider's servers.
    pub(crate) delegation: Option<String>,
    /// What is wrong with receivers of notifications; only for the one service that tells it.
    pub(crate) receivers: Vec<String>,
    /// How far its drill is, if one is under way.
    pub(crate) drill: Option<String>,
}

impl Notes {
    fn receivers_told_by(&self, service: &ServiceName) -> Vec<String> {
        let is_herald = self.herald.as_ref() == Some(service);
        self.receivers.values().filter(|_| is_herald).cloned().collect()
    }
}

impl Asides {
    /// What concerns a service in a place.
    pub(crate) fn of(&self, service: &ServiceName, mode: Mode, place: &Place) -> Aside {
        let notes = self.lock();
        let PlaceNotes { canary, delegation } = notes.places.get(place).cloned().unwrap_or_default();
        Aside {
            drain: notes.drains.get(&(service.clone(), place.clone())).cloned(),
            canary: canary.filter(|_| mode == Mode::Active),
            delegation,
            receivers: notes.receivers_told_by(service),
            drill: notes.drills.get(service).cloned(),
        }
    }

    /// What has changed since the last time that this was asked; for the one who shows it.
    pub(crate) fn take_news(&self) -> News {
        std::mem::take(&mut self.lock().news)
    }

    /// Adds what concerns a service in each of its places.
    pub(crate) fn add_to(&self, view: &mut ServiceView) {
        let places = view.places.iter_mut().map(|place| (&place.here.service, &mut place.here.aside));
        for (service, aside) in places.chain([(&view.service, &mut view.aside)]) {
            *aside = self.of(&service.name, service.mode, &service.place());
        }
    }

    /// Notes how far the resolvers are.
    pub(crate) fn note_drain(&self, service: &ServiceName, place: &Place, drained: Drained) {
        let mut notes = self.lock();
        notes.news.services.insert(service.clone());
        notes.drains.insert((service.clone(), place.clone()), drained);
    }

    /// Forgets a drain: a newer move has ended it.
    pub(crate) fn forget_drain(&self, service: &ServiceName, place: &Place) {
        let mut notes = self.lock();
        if notes.drains.remove(&(service.clone(), place.clone())).is_some() {
            notes.news.services.insert(service.clone());
        }
    }

    /// Notes why the last canary did not arrive; `None` if it did.
    pub(crate) fn note_canary(&self, place: &Place, failure: Option<String>) {
        let mut notes = self.lock();
        let known = &mut notes.places.entry(place.clone()).or_default().canary;
        let changed = *known != failure;
        *known = failure;
        notes.news.everyone |= changed;
    }

    /// Notes why a receiver of notifications takes nothing; `None` if it does.
    pub(crate) fn note_receiver(&self, name: &str, failure: Option<String>) {
        let mut notes = self.lock();
        notes.news.everyone = true;
        match failure {
            Some(words) => notes.receivers.insert(name.to_owned(), words),
            None => notes.receivers.remove(name),
        };
    }

    /// Notes how far the drill of a service is; `None` once it is over.
    pub(crate) fn note_drill(&self, service: &ServiceName, line: Option<String>) {
        let mut notes = self.lock();
        let known = match line {
            Some(line) => notes.drills.insert(service.clone(), line.clone()).is_some_and(|known| known == line),
            None => notes.drills.remove(service).is_none(),
        };
        if !known {
            notes.news.services.insert(service.clone());
        }
    }

    /// Says whose lines tell of receivers.
    pub(crate) fn set_herald(&self, service: Option<ServiceName>) {
        self.lock().herald = service;
    }

    /// Notes what is wrong with a zone's delegation; `None` if nothing is.
    pub(crate) fn note_delegation(&self, place: &Place, fault: Option<String>) {
        let mut notes = self.lock();
        let known = &mut notes.places.entry(place.clone()).or_default().delegation;
        let changed = *known != fault;
        *known = fault;
        notes.news.everyone |= changed;
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().expect("invariant: nothing panics while it holds this lock")
    }
}
