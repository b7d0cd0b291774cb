//! What the engine shows of itself: a snapshot that shares with the one before whatever has not changed.

use std::sync::Arc;

use dns_core::identifier::ServiceName;
use dns_service::failpoint::{self, Failpoint};
use dns_store::port::HistoryTrouble;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Owner;
use super::snapshot::{Shown, Snapshot};
use super::unit::{Common, Unit};
use crate::aside::News;

/// What is the same for every service.
#[derive(Default, PartialEq)]
pub(super) struct Told {
    trouble: Option<String>,
    history: Option<HistoryTrouble>,
}

impl Owner {
    pub(crate) fn publish(&mut self, to: &watch::Sender<Arc<Snapshot>>) {
        let snapshot = Arc::new(self.snapshot());
        let is_open = || {
            let mut awake = snapshot.services.values().filter_map(Shown::awake);
            awake.any(|view| view.here().any(|here| here.memory.open().is_some()))
        };
        failpoint::reach_if(Failpoint::Publishing, is_open);
        to.send_replace(snapshot);
    }

    pub(super) fn snapshot(&mut self) -> Snapshot {
        let now = self.parts.clock.now();
        self.tell_anew();
        let Told { trouble, history } = &self.told;
        let common = Common { trouble: trouble.as_deref(), history: history.as_ref() };
        // Nobody's list is made anew for nothing: in quiet times it is the same for minutes.
        let is_news = !self.waiting.is_empty()
            || self.shown.len() != self.units.len()
            || !self.units.values().all(Unit::shows_the_same);
        if is_news {
            let asides = &self.parts.asides;
            let loaded = self.units.values_mut().map(|unit| unit.show(now, common, |view| asides.add_to(view)));
            let waiting = self.waiting.values().map(|waiting| {
                let mut view = waiting.view(common);
                asides.add_to(&mut view);
                Shown::Awake(Arc::new(view))
            });
            self.shown = Arc::new(loaded.chain(waiting).collect());
        }
        Snapshot {
            at: now,
            actor: Some(self.parts.actor.clone()),
            services: Arc::clone(&self.shown),
            history: self.told.history.clone(),
            asides: self.parts.asides.clone(),
            unloaded: self.waiting.keys().cloned().collect(),
            witnesses: self.witnesses.reports(now),
            fleet: self.fleet.clone(),
            evacuations: self.evacuations.shown(),
            store_error: self.told.trouble.clone(),
            published: Some(Instant::now()),
            stall: None,
        }
    }

    /// Lets services be shown anew of which something has changed that is not their own.
    fn tell_anew(&mut self) {
        let told = Told {
            trouble: self.trouble.text(self.parts.store.trouble()),
            history: self.parts.store.history_trouble(),
        };
        let News { everyone, services } = self.parts.asides.take_news();
        let everyone = everyone || told != self.told;
        self.told = told;
        let changed = |(name, _): &(&ServiceName, &mut Unit)| everyone || services.contains(*name);
        self.units.iter_mut().filter(changed).for_each(|(_, unit)| unit.show_anew());
    }
}
