//! The engine by itself, for the program that measures what it holds and uses: `tests/src/fleet.rs`.
//!
//! It is the engine that the daemon runs, with everything around it left out: evidence and looks at zones come in at its
//! inbox, and what it would ask of others is dropped. Writes stay in the store's outbox, since nobody carries them out.

use std::collections::BTreeMap;
use std::sync::Arc;

use dns_api::evidence::EvidenceEvent;
use dns_core::fleet::BlastRadius;
use dns_core::identifier::{Actor, ServiceName, VantageName};
use dns_core::service::Place;
use dns_core::zone::ZoneView;
use dns_service::clock::Clock;
use dns_service::config::Config;
use dns_store::port::Store;
use tokio::sync::watch;

use crate::aside::Asides;
use crate::engine::evidence::Heard;
use crate::engine::handle::{Engine, Message};
use crate::engine::snapshot::Snapshot;
use crate::engine::{Owner, Parts};
use crate::reader::ReadNow;
use crate::verifier::{Requests, Verifications};

/// An engine that is turned by hand.
pub struct Measured {
    owner: Owner,
    publish: watch::Sender<Arc<Snapshot>>,
    clock: Clock,
    /// How many stalls there were: what is heard is asked for after the last.
    trust: watch::Receiver<u64>,
    /// Read by nobody: what was published stays, as for the daemon's readers.
    _engine: Engine,
    _verifications: Requests,
}

impl Measured {
    /// An engine of which nothing is loaded.
    pub fn new(config: &Config, instance: &Actor, store: Arc<dyn Store>) -> Self {
        let clock = Clock::start();
        let (engine, _inbox, publish) = Engine::channel();
        let (verifications, requests) = Verifications::channel();
        let distrust = watch::Sender::new(0);
        let trust = distrust.subscribe();
        let parts = Parts {
            actor: instance.clone(),
            clock,
            services: config.services.clone(),
            permits: BTreeMap::new(),
            vantage_points: config.vantage_points.iter().map(|vantage| vantage.name.clone()).collect(),
            store,
            outbox: Arc::default(),
            read_now: ReadNow::new(&config.services),
            verifications,
            asides: Asides::default(),
            blast_radius: BlastRadius::default(),
            ties: BTreeMap::new(),
            distrust,
        };
        Self { owner: Owner::new(parts), publish, clock, trust, _engine: engine, _verifications: requests }
    }

    /// What is due with time alone; the first one loads every service.
    pub async fn turn(&mut self) {
        self.owner.turn().await;
    }

    /// How many services are loaded.
    pub fn loaded(&self) -> usize {
        self.owner.loaded()
    }

    /// How many services a quorum sees failing where they are.
    pub fn failing(&self) -> usize {
        self.owner.failing()
    }

    /// Vantage points speak, and what they say lies in the inbox together; what follows is judged then and with the next
    /// turns.
    pub async fn hear(&mut self, events: impl IntoIterator<Item = (VantageName, EvidenceEvent)>) {
        self.owner.note_turn();
        let (at, trust) = (self.clock.now(), *self.trust.borrow());
        let message = |(vantage, event)| Message::Heard(vantage, Heard::Event { at, trust, event: Box::new(event) });
        self.owner.handle_all(events.into_iter().map(message).collect()).await;
    }

    /// Zones were read.
    pub async fn look(&mut self, looks: impl IntoIterator<Item = (ServiceName, Place, ZoneView)>) {
        self.owner.note_turn();
        let zone = |(service, place, view)| Message::Zone(service, place, Ok(Box::new(view)));
        self.owner.handle_all(looks.into_iter().map(zone).collect()).await;
    }

    /// Publishes what the API and the page show.
    pub fn publish(&mut self) {
        self.owner.publish(&self.publish);
    }

    /// How many services are in each state, by the state's name, as published last.
    pub fn states(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for shown in self.publish.borrow().services.values() {
            *counts.entry(shown.state().as_str()).or_default() += 1;
        }
        counts
    }
}
