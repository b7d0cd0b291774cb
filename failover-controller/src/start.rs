//! Puts the parts together, runs them, and takes them apart in order.
//!
//! At the end the order matters: first no new evidence, reads or decisions, then the writes under way get their time,
//! then the engine, which they need to settle, and last the store.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use dns_api::evidence_stream::{EvidenceAccess, EvidenceClient};
use dns_api::transport::BearerToken;
use dns_core::identifier::{ProviderName, ServiceName};
use dns_core::service::Service;
use dns_service::auth::Tokens;
use dns_service::clock::Clock;
use dns_service::config::secret::read_secret_line;
use dns_service::config::{Config, StoreConfig};
use dns_service::http::{self, Kit, Listening, Readiness};
use dns_service::telemetry::Metrics;
use dns_store::port::Store;
use dns_store::sqlite::SqliteStore;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::api::ApiState;
use crate::engine::handle::Engine;
use crate::engine::{self, Parts};
use crate::executor::Executor;
use crate::providers::{self, ProviderInUse};
use crate::reader::ReadNow;
use crate::verifier::Verifications;
use crate::watch::Listener;
use crate::{Args, LISTEN_DEFAULT, api, gauges, reader, verifier};

/// How long writes under way may take to settle after a signal; what is left is found by the next process.
const DRAIN: Duration = Duration::from_secs(10);

/// Part of readiness: the engine has loaded every service.
const ENGINE: &str = "engine";
/// Part of readiness: the store takes commits. Without it nothing is decided.
const STORE: &str = "store";

/// What most parts need.
struct Common {
    clock: Clock,
    engine: Engine,
    store: Arc<dyn Store>,
    outbox: Arc<Notify>,
    read_now: ReadNow,
    services: Arc<BTreeMap<ServiceName, Arc<Service>>>,
    providers: Arc<BTreeMap<ProviderName, ProviderInUse>>,
}

/// What runs, and how it is ended.
struct Running {
    engine: JoinHandle<()>,
    executor: JoinHandle<()>,
    api: JoinHandle<std::io::Result<()>>,
    edge: JoinSet<()>,
    /// Ends whatever brings in something new.
    outer: CancellationToken,
    /// Ends what is needed to settle what is under way.
    inner: CancellationToken,
}

/// Starts everything and runs until `stop`, then drains.
pub(crate) async fn until_stopped(args: &Args, config: Config, stop: CancellationToken) -> anyhow::Result<()> {
    let address: SocketAddr = match args.daemon.listen {
        Some(address) => address,
        None => LISTEN_DEFAULT.parse().context("invariant: the default address parses")?,
    };
    let listening = http::bind(address, args.daemon.plain_http(), &config.tls)?;
    let StoreConfig::Sqlite { path } = &config.store;
    let store = Arc::new(SqliteStore::open(path).await?);
    let ended = match start(args, &config, listening, Arc::clone(&store) as Arc<dyn Store>).await {
        Ok(running) => running.until(stop).await,
        Err(error) => Err(error),
    };
    // Folds the write-ahead log into the file, so that a copy of the file alone is a whole backup.
    store.close().await;
    ended
}

async fn start(args: &Args, config: &Config, listening: Listening, store: Arc<dyn Store>) -> anyhow::Result<Running> {
    let metrics = Metrics::global();
    gauges::describe();
    let clock = Clock::start();
    let (engine, messages, publish) = Engine::channel();
    let (verifications, requests) = Verifications::channel();
    let (distrust, distrusted) = watch::channel(0);
    let services: BTreeMap<ServiceName, Arc<Service>> =
        config.services.iter().map(|service| (service.name.clone(), Arc::new(service.clone()))).collect();
    let common = Common {
        clock,
        engine: engine.clone(),
        store: Arc::clone(&store),
        outbox: Arc::default(),
        read_now: ReadNow::new(services.keys().cloned()),
        services: Arc::new(services),
        providers: Arc::new(providers::set_up(config)?),
    };
    let readiness = Readiness::starting(&[ENGINE, STORE]);
    let tokens = Tokens::load(&config.controller.tokens)?;
    let kit = Kit::new(tokens, readiness.clone(), metrics.clone(), &dns_api::openapi::controller())?;
    // Before anything runs: a state that cannot be read is an error at the start, and nothing was begun.
    let owner = engine::load(engine_parts(args, config, &common, verifications, distrust)).await?;

    let (outer, inner) = (CancellationToken::new(), CancellationToken::new());
    let mut edge = JoinSet::new();
    start_listeners(config, &common, &distrusted, &outer, &mut edge)?;
    start_readers(&common, &outer, &mut edge);
    edge.spawn(gauges::run(engine.clone(), outer.clone()));
    edge.spawn(verifier::run(requests, Arc::clone(&common.providers), engine.clone(), inner.clone()));
    edge.spawn(metrics.keep_up(outer.clone()));
    edge.spawn(follow_readiness(engine.clone(), readiness, outer.clone()));
    let router = http::router(api::routes(ApiState { engine, store, clock }), kit);
    tracing::info!(instance = %args.instance, services = common.services.len(), config = %config.digest, "started");
    Ok(Running {
        engine: tokio::spawn(engine::run(owner, messages, publish, inner.clone())),
        executor: start_executor(args, &common, &outer),
        api: tokio::spawn(listening.serve(router, outer.clone())),
        edge,
        outer,
        inner,
    })
}

impl Running {
    /// Runs until `stop`, or until a part that must not end does, then takes everything apart.
    async fn until(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        let engine_ended = tokio::select! {
            () = stop.cancelled() => false,
            _ended = &mut self.engine => true,
        };
        self.outer.cancel();
        if tokio::time::timeout(DRAIN, &mut self.executor).await.is_err() {
            tracing::warn!("writes are still under way; the next process finds out what became of them");
            self.executor.abort();
        }
        self.inner.cancel();
        let served = self.api.await.context("the API's task ended abnormally")?;
        if !engine_ended {
            self.engine.await.context("the engine's task ended abnormally")?;
        }
        self.edge.shutdown().await;
        anyhow::ensure!(!engine_ended, "the engine ended by itself");
        served.context("the API could not be served")
    }
}

fn engine_parts(
    args: &Args,
    config: &Config,
    common: &Common,
    verifications: Verifications,
    distrust: watch::Sender<u64>,
) -> Parts {
    let permit = |service: &Arc<Service>| common.providers.get(&service.provider).map(|provider| provider.permit);
    Parts {
        actor: args.instance.clone(),
        clock: common.clock,
        services: common
            .services
            .values()
            .map(|service| (Arc::clone(service), permit(service).unwrap_or(dns_core::policy::VALIDITY_MIN)))
            .collect(),
        vantage_points: config.vantage_points.iter().map(|vantage| vantage.name.clone()).collect(),
        store: Arc::clone(&common.store),
        outbox: Arc::clone(&common.outbox),
        read_now: common.read_now.clone(),
        verifications,
        distrust,
    }
}

fn start_listeners(
    config: &Config,
    common: &Common,
    distrusted: &watch::Receiver<u64>,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<()> {
    let token = match &config.controller.monitor_token_file {
        Some(path) => Some(BearerToken::new(&read_secret_line(path)?)?),
        None => None,
    };
    for vantage in &config.vantage_points {
        let access = EvidenceAccess {
            vantage: vantage.name.clone(),
            url: vantage.url.clone(),
            token: token.clone(),
            ca: config.tls.ca.clone(),
        };
        let listener = Listener {
            vantage: vantage.name.clone(),
            client: EvidenceClient::new(&access)?,
            engine: common.engine.clone(),
            clock: common.clock,
            distrust: distrusted.clone(),
        };
        tasks.spawn(listener.run(stop.clone()));
    }
    Ok(())
}

fn start_readers(common: &Common, stop: &CancellationToken, tasks: &mut JoinSet<()>) {
    for service in common.services.values() {
        let Some(provider) = common.providers.get(&service.provider) else { continue };
        tasks.spawn(reader::run(
            Arc::clone(service),
            Arc::clone(&provider.adapter),
            provider.read_interval,
            common.read_now.clone(),
            common.engine.clone(),
            stop.clone(),
        ));
    }
}

fn start_executor(args: &Args, common: &Common, stop: &CancellationToken) -> tokio::task::JoinHandle<()> {
    let executor = Executor {
        actor: args.instance.clone(),
        clock: common.clock,
        engine: common.engine.clone(),
        store: Arc::clone(&common.store),
        outbox: Arc::clone(&common.outbox),
        providers: Arc::clone(&common.providers),
        services: Arc::clone(&common.services),
    };
    tokio::spawn(executor.run(stop.clone()))
}

/// Keeps readiness in step with what the engine publishes.
async fn follow_readiness(mut engine: Engine, readiness: Readiness, stop: CancellationToken) {
    while let Some(snapshot) = engine.next_snapshot(&stop).await {
        if snapshot.actor.is_some() {
            readiness.ready(ENGINE);
        }
        match &snapshot.store_error {
            None => readiness.ready(STORE),
            Some(error) => readiness.not_ready(STORE, error.clone()),
        }
    }
}
