//! Loading the state of services, at the start and for as long as it takes.
//!
//! A service whose state is not loaded is not judged, takes no orders and gets no permits: nothing is decided on a
//! state that might be another. If the store is not there, that is every service. If one service's state cannot be
//! understood, it is that one alone: the others know all that they need, and to let them down as well would turn one
//! bad row into no failover at all. It pages until someone has mended it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dns_core::fleet::Fleet;
use dns_core::identifier::ServiceName;
use dns_core::machine::Machine;
use dns_core::service::Everywhere;
use dns_core::time::Timestamp;
use dns_service::failpoint::{self, Failpoint};
use dns_store::port::{StoreError, StoredState};

use super::Owner;
use super::companions::Tied;
use super::evacuating::Evacuations;
use super::snapshot::{Remembered, ServiceView};
use super::unit::{Common, Unit};
use crate::aside::Aside;

/// How often a state that cannot be understood is read again: whoever has mended it sees that at once.
const RELOAD_EVERY: Duration = Duration::from_secs(2);

/// More services than this that wait are read in pages: one by one they would wait for as many answers.
const PAGE_FROM: usize = 16;

/// States that are read at once: a megabyte or two.
const PAGE: u32 = 1_000;

/// A service whose state is not loaded.
pub(super) struct Waiting {
    service: Everywhere,
    since: Timestamp,
    /// Why its state cannot be understood, and when it was last looked at.
    unreadable: Option<(String, Timestamp)>,
}

/// Every service, before anything is loaded.
pub(super) fn all(services: &[Everywhere], now: Timestamp) -> BTreeMap<ServiceName, Waiting> {
    let waiting = |service: &Everywhere| (service.lead().name.clone(), Waiting::begin(service.clone(), now));
    services.iter().map(waiting).collect()
}

impl Waiting {
    fn begin(service: Everywhere, now: Timestamp) -> Self {
        Self { service, since: now, unreadable: None }
    }

    /// As configured.
    pub(super) fn service(&self) -> &Everywhere {
        &self.service
    }

    /// Why it can do nothing, if the reason is its own.
    pub(super) fn reason(&self) -> Option<&str> {
        self.unreadable.as_ref().map(|(why, _)| why.as_str())
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.unreadable.as_ref().is_none_or(|(_, looked)| now.since(*looked) >= RELOAD_EVERY)
    }

    /// Nothing is known of it but its configuration.
    pub(super) fn view(&self, common: Common<'_>) -> ServiceView {
        let Common { trouble, history } = common;
        ServiceView {
            service: Arc::clone(self.service.lead()),
            state: Machine::new().state(),
            entered: self.since,
            memory: Remembered::Own(Box::default()),
            read: None,
            verification: None,
            fault: self.reason().or(trouble).map(str::to_owned),
            history: history.cloned(),
            waits_its_turn: false,
            unready: BTreeMap::new(),
            companions: None,
            aside: Aside::default(),
            places: Vec::new(),
        }
    }
}

impl Owner {
    /// Every service, loaded or not.
    pub(super) fn services(&self) -> impl Iterator<Item = &Everywhere> {
        let loaded = self.units.values().map(Unit::service);
        loaded.chain(self.waiting.values().map(Waiting::service))
    }

    /// How many services are loaded.
    #[cfg(feature = "measured")]
    pub(crate) fn loaded(&self) -> usize {
        self.units.len()
    }

    /// Loads what is not loaded yet and can be.
    pub(super) async fn load_waiting(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let now = self.parts.clock.now();
        if self.waiting.values().filter(|waiting| waiting.reason().is_none()).count() > PAGE_FROM {
            match self.load_in_pages(now).await {
                // Which one is corrupt shows when each is read by itself.
                Ok(()) | Err(StoreError::Corrupt { .. }) => {}
                Err(error @ (StoreError::Unavailable { .. } | StoreError::Stale { .. })) => {
                    return self.trouble.note(&error);
                }
            }
        }
        let due: Vec<ServiceName> =
            self.waiting.iter().filter(|(_, waiting)| waiting.is_due(now)).map(|(name, _)| name.clone()).collect();
        for name in due {
            match self.load_one(&name, now).await {
                Ok(()) => {}
                Err(StoreError::Corrupt { reason, .. }) => self.note_unreadable(&name, &reason, now),
                Err(error @ (StoreError::Unavailable { .. } | StoreError::Stale { .. })) => {
                    // The next service would be told the same.
                    return self.trouble.note(&error);
                }
            }
        }
        if self.waiting.is_empty() {
            // A map that grew in order has half-full nodes; made at once it has full ones.
            self.units = std::mem::take(&mut self.units).into_iter().collect();
            tracing::info!(services = self.units.len(), "every service's state is loaded");
        }
    }

    async fn load_one(&mut self, name: &ServiceName, now: Timestamp) -> Result<(), StoreError> {
        let stored = self.parts.store.state(name).await?;
        self.load(name, stored, now)
    }

    /// Loads what the store has, in the order in which it lies there. Whatever is wrong with one service is left to those
    /// that are read by themselves.
    async fn load_in_pages(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let page = self.parts.store.states_after(&after, PAGE).await?;
            let Some((last, _)) = page.last() else { return self.load_absent(now) };
            after.clone_from(last);
            for (name, stored) in page {
                // A row of a service that is not configured any more stays where it is.
                let Ok(name) = name.parse::<ServiceName>() else { continue };
                if let Err(StoreError::Corrupt { reason, .. }) = self.load(&name, Some(stored), now) {
                    self.note_unreadable(&name, &reason, now);
                }
            }
            // It takes its time, and has not stood still.
            self.note_progress();
        }
    }

    /// The store has nothing of the rest.
    fn load_absent(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let absent = self.waiting.iter().filter(|(_, waiting)| waiting.reason().is_none());
        let absent: Vec<ServiceName> = absent.map(|(name, _)| name.clone()).collect();
        absent.iter().try_for_each(|name| self.load(name, None, now))
    }

    fn load(&mut self, name: &ServiceName, stored: Option<StoredState>, now: Timestamp) -> Result<(), StoreError> {
        let Some((name, Waiting { service, .. })) = self.waiting.get_key_value(name) else { return Ok(()) };
        let name = &name.clone();
        failpoint::reach(Failpoint::LoadingState);
        let mut unit = Unit::load(service.clone(), stored, now)?;
        unit.eyes = self.eyes.id(&service.lead().policy.vantage_points);
        unit.tied = self.parts.ties.get(name).map(|ties| Box::new(Tied::new(Arc::clone(ties))));
        unit.recount(&mut self.fleet, now);
        self.waiting.remove(name);
        self.resume(&unit);
        unit.rest(&mut self.packer);
        self.units.insert(name.clone(), unit);
        self.rouse_companions(name);
        Ok(())
    }

    /// Takes up what a former process left: open writes are in the outbox, verifications are begun anew.
    fn resume(&self, unit: &Unit) {
        let name = &unit.service().lead().name;
        self.parts.read_now.ask_everywhere(unit.service());
        for (decision, verification) in unit.unfinished_verifications() {
            self.parts.verifications.begin(name, decision, verification);
        }
        self.parts.outbox.notify_one();
    }

    fn note_unreadable(&mut self, name: &ServiceName, reason: &str, now: Timestamp) {
        let Some(waiting) = self.waiting.get_mut(name) else { return };
        let text = format!(
            "the stored state of this service cannot be read, so it is not guarded: {reason}; mend it, or delete its \
             rows in `service_state` and `outbox` of the store: it is then rebuilt from the zone and starts paused"
        );
        if waiting.reason() != Some(text.as_str()) {
            tracing::error!(service = %name, error = text, "a service cannot be guarded; the others are");
        }
        waiting.unreadable = Some((text, now));
    }

    /// The store holds another state than the one that was loaded: what it holds is the truth. A file that was set back
    /// was so for every service, and a quiet one would never find out, so all are loaded anew, as at a start. What
    /// cannot be loaded now waits until it can.
    pub(super) async fn load_anew(&mut self) {
        tracing::warn!(services = self.units.len(), "the store holds another state; every service is loaded anew");
        self.incarnation = self.parts.store.incarnation();
        let now = self.parts.clock.now();
        self.fleet = Fleet::new(self.parts.blast_radius);
        self.evacuations = Evacuations::default();
        self.load_evacuations().await;
        for (name, unit) in std::mem::take(&mut self.units) {
            self.waiting.insert(name, Waiting::begin(unit.service().clone(), now));
        }
        self.load_waiting().await;
    }

    /// Another file may be open than the one that everything was loaded from.
    pub(super) async fn notice_another_file(&mut self) {
        if self.parts.store.incarnation() == self.incarnation {
            return;
        }
        if self.units.is_empty() {
            self.incarnation = self.parts.store.incarnation();
            return;
        }
        self.load_anew().await;
    }
}
