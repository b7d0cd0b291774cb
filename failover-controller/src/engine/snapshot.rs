//! What the engine publishes: a copy of its state for API and metrics, which never ask the engine itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dns_core::digest::Digest;
use dns_core::fence::DecisionId;
use dns_core::identifier::{Actor, ServiceName, VantageName};
use dns_core::machine::State;
use dns_core::machine::event::Delivery;
use dns_core::machine::memory::Failover;
use dns_core::service::Service;
use dns_core::time::Timestamp;

/// Everything, as of one moment.
#[derive(Clone, Default)]
pub(crate) struct Snapshot {
    /// When.
    pub(crate) at: Timestamp,
    /// This controller; `None` before the engine has loaded.
    pub(crate) actor: Option<Actor>,
    /// Every service.
    pub(crate) services: BTreeMap<ServiceName, ServiceView>,
    /// The services among them whose state is not loaded: nothing is done for them.
    pub(crate) unloaded: BTreeSet<ServiceName>,
    /// Every vantage point.
    pub(crate) witnesses: BTreeMap<VantageName, WitnessView>,
    /// What is wrong with the store.
    pub(crate) store_error: Option<String>,
}

/// One service.
#[derive(Clone)]
pub(crate) struct ServiceView {
    /// As configured.
    pub(crate) service: Arc<Service>,
    /// Where it stands.
    pub(crate) state: State,
    /// Since when.
    pub(crate) entered: Timestamp,
    /// What its machine remembers.
    pub(crate) memory: Failover,
    /// When its zone was last read.
    pub(crate) read: Option<Timestamp>,
    /// The newest verification.
    pub(crate) verification: Option<VerificationView>,
    /// Why nothing can be decided for it: the store does not work, or does not tell its state.
    pub(crate) fault: Option<String>,
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
