//! Tells receivers what happens: webhooks, chat, `PagerDuty`, Alertmanager, and hooks after moves.
//!
//! Every receiver reads the committed history on its own, from its own bookmark, so nothing is lost over a restart and none
//! holds up another, or anything else. It is told in order, at least once, up to a bound ([`ledger`]).
//!
//! It decides nothing, and readiness does not depend on it. What is not a row of the history, such as a store that fails,
//! it cannot tell: that is for readiness and metrics.

mod advice;
mod alertmanager;
mod health;
mod ledger;
mod meter;
mod pace;
mod pagerduty;
pub(crate) mod post;
mod receiver;
mod selection;
pub(crate) mod signature;
mod slack;
pub(crate) mod story;
mod trouble;
pub(crate) mod webhook;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dns_core::identifier::{Actor, HookName, Installation, ServiceName};
use dns_core::service::Everywhere;
use dns_service::clock::Clock;
use dns_service::config::Config;
use dns_service::config::notification::{HookConfig, ReceiverConfig, ReceiverKind};
use dns_store::port::Store;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::health::Health;
use self::ledger::Ledger;
use self::pace::{Fault, Pace};
use self::post::Poster;
use self::receiver::{Channel, Receiver};
use self::selection::{Places, Selection, Wanted};
use crate::aside::Asides;

pub(crate) use self::meter::{describe, hook_answered};

/// What every receiver needs.
pub(crate) struct Office {
    /// This installation.
    pub(crate) installation: Installation,
    /// This controller.
    pub(crate) actor: Actor,
    /// The clock.
    pub(crate) clock: Clock,
    /// The store that has the history.
    pub(crate) store: Arc<dyn Store>,
    /// The client.
    pub(crate) poster: Arc<Poster>,
    /// Where it is noted how receivers are.
    pub(crate) asides: Asides,
}

impl Office {
    pub(crate) fn new(
        config: &Config,
        actor: &Actor,
        clock: Clock,
        store: Arc<dyn Store>,
        poster: Arc<Poster>,
        asides: Asides,
    ) -> Self {
        Self { installation: config.installation.clone(), actor: actor.clone(), clock, store, poster, asides }
    }
}

/// The tasks that tell, one for each receiver. None ends before `stop`.
pub(crate) fn receivers(
    config: &Config,
    office: &Arc<Office>,
    stop: &CancellationToken,
) -> Vec<impl Future<Output = ()> + Send + use<>> {
    let places = Arc::new(places(&config.services));
    let of_topics = config.notifications.iter().map(|receiver| of_topics(receiver, office, &places));
    let of_moves =
        after_moves(config).into_values().map(|(hook, services)| after_move(hook, services, office, &places));
    of_topics.chain(of_moves).map(|receiver| receiver.run(stop.clone())).collect()
}

fn of_topics(config: &ReceiverConfig, office: &Arc<Office>, places: &Arc<Places>) -> Receiver {
    let ReceiverConfig { name, on, services, timeout, kind } = config;
    let channel = match kind.clone() {
        ReceiverKind::Webhook { url, secret_file } => Channel::Webhook { url, secret_file },
        ReceiverKind::Slack { url_file } => Channel::Slack { url_file },
        ReceiverKind::PagerDuty { url, routing_key_file } => Channel::PagerDuty { url, routing_key_file },
        ReceiverKind::Alertmanager { url, token_file } => Channel::Alertmanager { url, token_file },
    };
    let selection = Selection::new(Wanted::Topics(on.clone()), services.clone(), Arc::clone(places));
    receiver(&format!("receiver/{name}"), name.as_str(), channel, *timeout, selection, office)
}

/// Every post-flip hook with the services whose moves it is told: policies may share one.
fn after_moves(config: &Config) -> BTreeMap<&HookName, (&HookConfig, BTreeSet<ServiceName>)> {
    let mut all: BTreeMap<&HookName, (&HookConfig, BTreeSet<ServiceName>)> = BTreeMap::new();
    for hooks in &config.hooks {
        for hook in &hooks.post_flip {
            let (_, services) = all.entry(&hook.name).or_insert_with(|| (hook, BTreeSet::new()));
            services.extend(hooks.services.iter().cloned());
        }
    }
    all
}

fn after_move(
    hook: &HookConfig,
    services: BTreeSet<ServiceName>,
    office: &Arc<Office>,
    places: &Arc<Places>,
) -> Receiver {
    let HookConfig { name, url, secret_file, timeout } = hook;
    let channel = Channel::PostFlip { url: url.clone(), secret_file: secret_file.clone() };
    let selection = Selection::new(Wanted::Outcomes, Some(services), Arc::clone(places));
    // Receivers and hooks may have the same names.
    let name = format!("hook/{name}");
    receiver(&name, &name, channel, *timeout, selection, office)
}

fn receiver(
    reader: &str,
    name: &str,
    channel: Channel,
    timeout: Duration,
    selection: Selection,
    office: &Arc<Office>,
) -> Receiver {
    let ledger = Ledger::new(reader.to_owned(), Arc::clone(&office.store), selection, office.clock.now());
    Receiver {
        name: name.to_owned(),
        channel,
        timeout,
        office: Arc::clone(office),
        ledger,
        pace: Pace::default(),
        health: Health::default(),
        fault: Fault::default(),
        repeat_at: Instant::now(),
    }
}

/// How rows name the places of services that have several.
fn places(services: &[Everywhere]) -> Places {
    let several = services.iter().filter(|service| service.projections().len() > 1);
    let labels = |service: &Everywhere| service.projections().iter().map(|one| service.label(&one.place())).collect();
    several.map(|service| (service.lead().name.clone(), labels(service))).collect()
}

#[cfg(test)]
mod fixture;
