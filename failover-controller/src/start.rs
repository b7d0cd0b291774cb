//! Puts the parts together, runs them, and takes them apart in order.
//!
//! At the end the order matters: first no new evidence, reads or decisions, then the writes under way get their time,
//! then the engine, which they need to settle, and last the store.
//!
//! A store that cannot be opened or read ends nothing: the API says so, and it is tried again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use dns_adapters::vantage::accesses;
use dns_api::evidence_stream::EvidenceClient;
use dns_core::companion::Ties;
use dns_core::identifier::{Actor, ProviderName, ServiceName};
use dns_core::service::Everywhere;
use dns_service::auth::Tokens;
use dns_service::clock::Clock;
use dns_service::config::{Config, StoreConfig};
use dns_service::exit::one_line;
use dns_service::http::{self, Kit, Listening, Readiness};
use dns_service::telemetry::Metrics;
use dns_store::awaited::AwaitedStore;
use dns_store::port::Store;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::api::ApiState;
use crate::aside::Asides;
use crate::canary::{self, Canaries};
use crate::drain::{self, Drains, Panel};
use crate::drills::{self, Drills, Monitors};
use crate::engine::handle::Engine;
use crate::engine::{self, Parts};
use crate::executor::Executor;
use crate::gates::{self, Gates};
use crate::hooks::Hooks;
use crate::notify::{self, Office};
use crate::providers::allowance::Allowance;
use crate::providers::{self, ProviderInUse};
use crate::reader::{Pace, ReadNow};
use crate::verifier::Verifications;
use crate::watch::Listener;
use crate::{api, delegation, gauges, page, reader, verifier};

/// How long each group may take to end after a signal: the listener's grace period, and a little. Writes that have not
/// settled by then are found by the next process.
const DRAIN: Duration = Duration::from_secs(12);

/// Part of readiness: the engine runs. A single service whose state cannot be read is held by itself, and pages.
const ENGINE: &str = "engine";
/// Part of readiness: the store takes commits. Without it nothing is decided.
const STORE: &str = "store";

/// What a controller is started with.
struct Serving<'a> {
    config: &'a Config,
    instance: &'a Actor,
    callers: Tokens,
    listening: Listening,
    store: Arc<AwaitedStore>,
}

/// What most parts need.
struct Common {
    clock: Clock,
    engine: Engine,
    store: Arc<dyn Store>,
    outbox: Arc<Notify>,
    read_now: ReadNow,
    services: Arc<BTreeMap<ServiceName, Everywhere>>,
    providers: Arc<BTreeMap<ProviderName, ProviderInUse>>,
    asides: Asides,
}

impl Common {
    /// Of a configuration. The clock starts here.
    ///
    /// # Errors
    /// If a provider cannot be set up.
    fn of(config: &Config, engine: &Engine, store: &Arc<dyn Store>) -> anyhow::Result<Self> {
        let services: BTreeMap<ServiceName, Everywhere> =
            config.services.iter().map(|service| (service.lead().name.clone(), service.clone())).collect();
        let common = Self {
            clock: Clock::start(),
            engine: engine.clone(),
            store: Arc::clone(store),
            outbox: Arc::default(),
            read_now: ReadNow::new(services.values()),
            services: Arc::new(services),
            providers: Arc::new(providers::set_up(config)?),
            asides: Asides::default(),
        };
        common.asides.set_herald(common.services.keys().next().cloned());
        Ok(common)
    }
}

/// What runs, and how it is ended. Tasks return their names, for the log if one ends that must not.
struct Running {
    /// Whatever brings in something new, or carries it out.
    outer: Group,
    /// What is needed to settle what is under way.
    inner: Group,
}

/// Tasks that end together.
struct Group {
    tasks: JoinSet<&'static str>,
    stop: CancellationToken,
}

impl Group {
    fn new() -> Self {
        Self { tasks: JoinSet::new(), stop: CancellationToken::new() }
    }

    fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(async move {
            task.await;
            name
        });
    }

    /// Asks every task to end and waits, up to a bound; what is left then is aborted.
    async fn end(mut self, within: Duration) {
        self.stop.cancel();
        let ended = tokio::time::timeout(within, async { while self.tasks.join_next().await.is_some() {} });
        if ended.await.is_err() {
            tracing::warn!("writes are still under way; the next process finds out what became of them");
        }
        self.tasks.shutdown().await;
    }
}

/// Runs a controller on a bound listener until `stop`, and drains.
///
/// `callers` may call its API; they are not taken from the configuration, because a controller inside another program
/// lets in whom that program says.
///
/// # Errors
/// If a secret cannot be read, or a part ends that must not.
pub async fn serve(
    config: &Config,
    instance: &Actor,
    callers: Tokens,
    listening: Listening,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let StoreConfig::Sqlite { path } = &config.store;
    let store = Arc::new(AwaitedStore::new(path));
    let ended = match start(Serving { config, instance, callers, listening, store: Arc::clone(&store) }) {
        Ok(running) => running.until(stop).await,
        Err(error) => Err(error),
    };
    // Folds the write-ahead log into the file, so that a copy of the file alone is a whole backup.
    store.close().await;
    ended
}

fn start(serving: Serving<'_>) -> anyhow::Result<Running> {
    let Serving { config, instance, callers, listening, store: awaited } = serving;
    let store = Arc::clone(&awaited) as Arc<dyn Store>;
    let metrics = Metrics::global();
    gauges::describe();
    let (engine, messages, publish) = Engine::channel();
    let (verifications, requests) = Verifications::channel();
    let (distrust, distrusted) = watch::channel(0);
    let common = Common::of(config, &engine, &store)?;
    let clock = common.clock;
    let readiness = Readiness::starting(&[ENGINE, STORE]);
    let kit = Kit::new(callers, readiness.clone(), metrics.clone(), &dns_api::openapi::controller())?;
    let parts = engine_parts(instance, config, &common, verifications, distrust);

    let (mut outer, mut inner) = (Group::new(), Group::new());
    start_listeners(config, &common, &distrusted, &mut outer)?;
    start_gates(config, &common, &distrusted, &mut outer)?;
    start_readers(&common, &mut outer);
    let drains = start_observers(config, instance, &common, &mut outer);
    let stop = outer.stop.clone();
    outer.spawn("the gauges", gauges::run(engine.clone(), stop.clone()));
    outer.spawn("the metrics' upkeep", metrics.keep_up(stop.clone()));
    outer.spawn("readiness", follow_readiness(engine.clone(), readiness, stop.clone()));
    let office = Arc::new(office(config, instance, &common));
    for receiver in notify::receivers(config, &office, &stop) {
        outer.spawn("a receiver", receiver);
    }
    outer.spawn("the executor", executor(instance, config, &common, &office).run(stop.clone()));
    let (pages, press) = page::set_up(page::Parts {
        instance: instance.clone(),
        engine: engine.clone(),
        store: Arc::clone(&store),
        clock,
        tokens: kit.tokens.clone(),
        tls: listening.speaks_tls(),
        stop: stop.clone(),
    });
    outer.spawn("the page", press.run(stop.clone()));
    let drills = start_drills(config, instance, &common, &mut outer)?;
    let (allowances, groups) = (Arc::new(allowances(config)), config.groups.clone().into());
    let api = api::routes(ApiState { engine: engine.clone(), store, clock, allowances, groups, drills });
    let router = http::router_with_pages(api, pages, kit);
    outer.spawn("the API", async move {
        if let Err(error) = listening.serve(router, stop).await {
            tracing::error!(error = one_line(&error), "the API cannot be served");
        }
    });
    let stop = inner.stop.clone();
    inner.spawn("the verifier", verifier::run(requests, Arc::clone(&common.providers), engine, drains, stop.clone()));
    inner.spawn("the store", keep_store_open(Arc::clone(&awaited), stop.clone()));
    inner.spawn("the engine", async move {
        // Whether the store opens shows at once, or as soon as a lock is given up: until then there is nothing to say.
        tokio::select! {
            () = stop.cancelled() => {}
            () = awaited.tried() => engine::run(parts, messages, publish, stop.clone()).await,
        }
    });
    tracing::info!(%instance, services = common.services.len(), config = %config.digest, "started");
    Ok(Running { outer, inner })
}

/// Opens the store as soon as it can be, and again whenever its file was replaced.
async fn keep_store_open(store: Arc<AwaitedStore>, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = store.keep_open() => {}
    }
}

impl Running {
    /// Runs until `stop`, or until a part ends that must not, then takes everything apart.
    async fn until(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        // Without one of its parts the process would say that it is ready, and not work.
        let ended = tokio::select! {
            () = stop.cancelled() => None,
            Some(ended) = self.outer.tasks.join_next() => Some(ended),
            Some(ended) = self.inner.tasks.join_next() => Some(ended),
        };
        self.outer.end(DRAIN).await;
        self.inner.end(DRAIN).await;
        match ended {
            None => Ok(()),
            Some(Ok(part)) => Err(anyhow::anyhow!("{part} ended by itself")),
            Some(Err(error)) => Err(error).context("a part ended abnormally"),
        }
    }
}

/// How fast each provider takes moves.
fn allowances(config: &Config) -> BTreeMap<ProviderName, Allowance> {
    config.providers.iter().map(|(name, provider)| (name.clone(), Allowance::of(&provider.kind))).collect()
}

fn engine_parts(
    instance: &Actor,
    config: &Config,
    common: &Common,
    verifications: Verifications,
    distrust: watch::Sender<u64>,
) -> Parts {
    Parts {
        actor: instance.clone(),
        clock: common.clock,
        services: common.services.values().cloned().collect(),
        permits: common.providers.iter().map(|(name, provider)| (name.clone(), provider.permit)).collect(),
        vantage_points: config.vantage_points.iter().map(|vantage| vantage.name.clone()).collect(),
        store: Arc::clone(&common.store),
        outbox: Arc::clone(&common.outbox),
        read_now: common.read_now.clone(),
        verifications,
        asides: common.asides.clone(),
        blast_radius: config.blast_radius,
        ties: Ties::of_all(&config.groups, &config.relations),
        distrust,
    }
}

fn start_listeners(
    config: &Config,
    common: &Common,
    distrusted: &watch::Receiver<u64>,
    group: &mut Group,
) -> anyhow::Result<()> {
    for access in accesses(config)? {
        let listener = Listener {
            client: EvidenceClient::new(&access)?,
            vantage: access.vantage,
            engine: common.engine.clone(),
            clock: common.clock,
            distrust: distrusted.clone(),
        };
        group.spawn("a listener", listener.run(group.stop.clone()));
    }
    Ok(())
}

/// What conducts drills, and the way to it.
fn start_drills(config: &Config, instance: &Actor, common: &Common, group: &mut Group) -> anyhow::Result<Drills> {
    let (drills, requests) = Drills::channel();
    let parts = drills::Parts {
        actor: instance.clone(),
        clock: common.clock,
        engine: common.engine.clone(),
        store: Arc::clone(&common.store),
        services: Arc::clone(&common.services),
        monitors: Monitors::new(&accesses(config)?).context("the monitors")?,
        asides: common.asides.clone(),
        config: config.drills.clone(),
    };
    group.spawn("the drills", drills::run(parts, requests, group.stop.clone()));
    Ok(drills)
}

fn start_gates(
    config: &Config,
    common: &Common,
    distrusted: &watch::Receiver<u64>,
    group: &mut Group,
) -> anyhow::Result<()> {
    let all = gates::of(common.services.values());
    let (engine, ca) = (common.engine.clone(), config.tls.ca.as_deref());
    let gates = Gates::new(&all, ca, engine, common.clock, distrusted.clone()).context("the gates")?;
    for (key, gate) in all {
        group.spawn("a gate", gates.clone().keep_asking(key, gate, group.stop.clone()));
    }
    Ok(())
}

fn start_readers(common: &Common, group: &mut Group) {
    for service in common.services.values().flat_map(Everywhere::projections) {
        let Some(provider) = common.providers.get(&service.provider) else { continue };
        let (engine, read_now) = (common.engine.clone(), common.read_now.clone());
        let (service, adapter) = (Arc::clone(service), Arc::clone(&provider.adapter));
        let pace = Pace { every: provider.read_interval, places: provider.reading.clone() };
        let stop = group.stop.clone();
        group.spawn("a reader", reader::run(service, adapter, pace, read_now, engine, stop));
    }
}

/// What looks at zones and resolvers without deciding anything. Hands out what starts drains.
fn start_observers(config: &Config, instance: &Actor, common: &Common, group: &mut Group) -> Drains {
    let all = || common.services.values().flat_map(Everywhere::projections);
    let (drains, requests) = Drains::channel();
    let panel = Panel {
        resolvers: config.drain.resolvers.clone().into(),
        clock: common.clock,
        engine: common.engine.clone(),
        asides: common.asides.clone(),
    };
    group.spawn("the drain", drain::run(requests, panel, group.stop.clone()));
    let places = all().map(|service| service.place()).collect();
    let (providers, asides) = (Arc::clone(&common.providers), common.asides.clone());
    group.spawn("the delegations", delegation::run(places, providers, asides, group.stop.clone()));
    if let Some(every) = config.canary.every {
        let canaries = Canaries {
            every,
            served_within: canary::SERVED_WITHIN,
            install: config.installation.clone(),
            actor: instance.clone(),
            clock: common.clock,
            asides: common.asides.clone(),
        };
        let (places, providers) = (canary::places(all()), Arc::clone(&common.providers));
        group.spawn("the canaries", canaries.run(places, providers, group.stop.clone()));
    }
    drains
}

/// What tells receivers and asks hooks.
fn office(config: &Config, instance: &Actor, common: &Common) -> Office {
    let (store, asides) = (Arc::clone(&common.store), common.asides.clone());
    Office::new(config, instance, common.clock, store, Arc::default(), asides)
}

fn executor(instance: &Actor, config: &Config, common: &Common, office: &Arc<Office>) -> Executor {
    Executor {
        actor: instance.clone(),
        clock: common.clock,
        engine: common.engine.clone(),
        store: Arc::clone(&common.store),
        outbox: Arc::clone(&common.outbox),
        providers: Arc::clone(&common.providers),
        hooks: Arc::new(Hooks::new(config, office)),
        services: Arc::clone(&common.services),
    }
}

/// Keeps readiness in step with what the engine publishes, and with how long ago it did.
async fn follow_readiness(mut engine: Engine, readiness: Readiness, stop: CancellationToken) {
    while let Some(snapshot) = engine.next_snapshot(&stop).await {
        match &snapshot.stall {
            Some(words) => readiness.not_ready(ENGINE, words.clone()),
            None if snapshot.actor.is_some() => readiness.ready(ENGINE),
            // It has not begun: the store is being opened.
            None => continue,
        }
        match &snapshot.store_error {
            None => readiness.ready(STORE),
            Some(error) => readiness.not_ready(STORE, error.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::engine::snapshot::{STANDS_STILL, Snapshot};

    /// Waits until readiness is as wanted.
    async fn until(readiness: &Readiness, wanted: impl Fn(&BTreeMap<&'static str, String>) -> bool) {
        let reached = async {
            while !wanted(&readiness.reasons()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let reached = tokio::time::timeout(STANDS_STILL * 5, reached).await;
        reached.unwrap_or_else(|_| panic!("{:?}", readiness.reasons()));
    }

    #[tokio::test]
    async fn is_ready_only_while_the_engine_turns() {
        let (engine, _messages, publish) = Engine::channel();
        let (readiness, stop) = (Readiness::starting(&[ENGINE, STORE]), CancellationToken::new());
        let following = tokio::spawn(follow_readiness(engine, readiness.clone(), stop.clone()));
        let publish_now = |actor: Actor| {
            let actor = Some(actor);
            publish.send_replace(Arc::new(Snapshot { actor, published: Some(Instant::now()), ..Snapshot::default() }));
        };
        assert_eq!(readiness.reasons().len(), 2, "an engine that has not begun is not ready");
        let actor: Actor = "controller-1".parse().expect("a name");
        publish_now(actor.clone());
        until(&readiness, BTreeMap::is_empty).await;
        // Nobody publishes any more, and nobody else would say it.
        until(&readiness, |reasons| reasons.get(ENGINE).is_some_and(|why| why.contains("stands still"))).await;
        publish_now(actor);
        until(&readiness, BTreeMap::is_empty).await;
        stop.cancel();
        following.await.expect("ends");
    }
}
