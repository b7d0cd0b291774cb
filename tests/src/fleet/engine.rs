//! The engine as the daemon runs it, on SQLite: what it holds after each of its inputs, and what it uses.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use dns_core::identifier::Actor;
use dns_core::time::Timestamp;
use dns_service::config::Config;
use dns_store::port::{Commit, Generation, Store};
use dns_store::sqlite::SqliteStore;
use failover_controller::measured::Measured;
use serde::Serialize;

use super::gauge::{Cost, Gauge, Mark};
use super::installation::{EYES, Sight, heartbeat, snapshots};
use super::past::adopted;
use crate::benchmark::say;

/// Services that are committed or looked at together.
const GROUP: usize = 128;

/// Turns after which what is not done never will be.
const TURNS_MAX: usize = 100_000;

/// Between two turns of the daemon in quiet times.
const TICK: Duration = Duration::from_millis(250);

/// Between two heartbeats, as vantage points send them.
const BEAT: Duration = Duration::from_secs(1);

/// How long everything has been healthy: longer than any ready-time.
const HEALTHY_FOR_MS: u64 = 3_600_000;

/// What a service is that nothing is wrong with.
const STEADY: &str = "steady on the preferred region";

/// What a service is that leaves a region.
const FLIPPING: &str = "flipping";

/// How long ago services were adopted.
const AGO: Duration = Duration::from_hours(2);

/// What the engine held and used.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Engine {
    /// From an open store to every service's state loaded.
    pub(super) restart: Cost,
    /// One look at every zone.
    pub(super) looks: Cost,
    /// Everything that vantage points say.
    pub(super) evidence: Cost,
    /// Judging all of it, until every service is steady.
    pub(super) judging: Cost,
    /// Publishing it.
    pub(super) publishing: Cost,
    /// All of these together.
    pub(super) held: i64,
    /// Memory of the process then.
    pub(super) resident: u64,
    /// A quiet time, and how long it was.
    pub(super) quiet: Cost,
    /// From the evidence of the loss until everything is judged and the first wave is decided.
    pub(super) loss: Cost,
    /// Services by state after that.
    pub(super) states: BTreeMap<&'static str, usize>,
}

/// Fills a store with the states of services.
pub(super) async fn fill(config: &Config, actor: &Actor, file: &Path) -> anyhow::Result<()> {
    let store = SqliteStore::open(file).await?;
    for (number, services) in config.services.chunks(GROUP).enumerate() {
        let commits: anyhow::Result<Vec<Commit>> = (0..)
            .zip(services)
            .map(|(rank, service)| {
                let nonce = u128::try_from(number * GROUP)? + rank;
                let past = adopted(service, actor, ago(), nonce)?;
                Ok(Commit {
                    service: service.lead().name.clone(),
                    expected: Generation::default(),
                    envelope: past.envelope,
                    outbox: Vec::new(),
                    history: Vec::new(),
                })
            })
            .collect();
        store.commit_all(&commits?).await?;
    }
    store.close().await;
    Ok(())
}

/// The past is the same whenever it is made anew within one run.
fn ago() -> Timestamp {
    static NOW: std::sync::OnceLock<Timestamp> = std::sync::OnceLock::new();
    let now = || Timestamp::from_millis(u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or_default());
    NOW.get_or_init(now).before(AGO)
}

/// Runs an engine on a store.
pub(super) async fn run(
    config: &Config,
    actor: &Actor,
    file: &Path,
    quiet_s: u64,
    gauge: Gauge,
) -> anyhow::Result<Engine> {
    let whole = gauge.mark()?;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(file).await?);
    let engine = Measured::new(config, actor, store);
    let mut run = Run { engine, config, actor, gauge, beaten: None };
    let restart = run.restart(&whole).await?;
    let looks = run.look().await?;
    let evidence = run.hear(Sight::AllWell).await?;
    let judging = run.judge().await?;
    let publishing = run.publish()?;
    let (held, resident) = (gauge.since(&whole)?.bytes, Gauge::resident()?);
    say(&format!("{held} bytes held, {resident} resident"));
    let quiet = run.wait(quiet_s).await?;
    let loss = run.lose().await?;
    let states = run.engine.states();
    say(&format!("{states:?}"));
    Ok(Engine { restart, looks, evidence, judging, publishing, held, resident, quiet, loss, states })
}

/// An engine under way.
struct Run<'a> {
    engine: Measured,
    config: &'a Config,
    actor: &'a Actor,
    gauge: Gauge,
    /// When vantage points sent their last heartbeat.
    beaten: Option<Instant>,
}

impl Run<'_> {
    async fn restart(&mut self, mark: &Mark) -> anyhow::Result<Cost> {
        self.engine.turn().await;
        let loaded = self.engine.loaded();
        ensure!(loaded == self.config.services.len(), "only {loaded} services are loaded");
        self.since(mark, "every state is loaded")
    }

    /// What is looked at is made here as well; that is not counted.
    async fn look(&mut self) -> anyhow::Result<Cost> {
        let mark = self.gauge.mark()?;
        let (mut nonce, mut made) = (0, Cost::default());
        for services in self.config.services.chunks(GROUP) {
            let making = self.gauge.mark()?;
            let mut looks = Vec::with_capacity(services.len());
            for service in services {
                let view = adopted(service, self.actor, ago(), nonce)?.view;
                nonce += 1;
                looks.push((service.lead().name.clone(), service.lead().place(), view));
            }
            made = made.and(self.gauge.since(&making)?);
            self.engine.look(looks).await;
        }
        let all = self.since(&mark, "every zone is looked at")?;
        Ok(Cost { bytes: all.bytes, ..all.without(made) })
    }

    /// The vantage points of one service speak at the same time. What they say is made here as well; that is not counted.
    async fn hear(&mut self, sight: Sight) -> anyhow::Result<Cost> {
        let (mark, mut made) = (self.gauge.mark()?, Cost::default());
        let mut snapshots = snapshots(&self.config.services, sight, HEALTHY_FOR_MS);
        loop {
            let making = self.gauge.mark()?;
            let together: Vec<_> = snapshots.by_ref().take(usize::try_from(EYES)?).collect();
            made = made.and(self.gauge.since(&making)?);
            if together.is_empty() {
                break;
            }
            self.engine.hear(together).await;
        }
        drop(snapshots);
        let all = self.since(&mark, "all is heard")?;
        Ok(Cost { bytes: all.bytes, ..all.without(made) })
    }

    async fn judge(&mut self) -> anyhow::Result<Cost> {
        let mark = self.gauge.mark()?;
        for _ in 0..TURNS_MAX {
            self.turn().await;
            if self.engine.states().get(STEADY) == Some(&self.config.services.len()) {
                return self.since(&mark, "all is judged");
            }
        }
        bail!("not all are {STEADY}: {:?}", self.engine.states())
    }

    fn publish(&mut self) -> anyhow::Result<Cost> {
        let mark = self.gauge.mark()?;
        self.engine.publish();
        self.since(&mark, "all is published")
    }

    async fn wait(&mut self, quiet_s: u64) -> anyhow::Result<Cost> {
        let mark = self.gauge.mark()?;
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(quiet_s) {
            tokio::time::sleep(TICK).await;
            self.turn().await;
        }
        let cost = self.since(&mark, "all was quiet")?;
        let states = self.engine.states();
        ensure!(states.get(STEADY) == Some(&self.config.services.len()), "it was no quiet time: {states:?}");
        Ok(cost)
    }

    async fn lose(&mut self) -> anyhow::Result<Cost> {
        let heard = self.hear(Sight::ProdFailing).await?;
        let mark = self.gauge.mark()?;
        for _ in 0..TURNS_MAX {
            self.turn().await;
            let left = self.engine.states().get(FLIPPING).copied().unwrap_or_default();
            if left > 0 && self.engine.failing() == self.config.services.len() {
                return Ok(heard.and(self.since(&mark, "a region is lost")?));
            }
        }
        bail!("only {} services are seen failing: {:?}", self.engine.failing(), self.engine.states())
    }

    /// Heartbeats come by the clock, however long turns take: evidence without them is stale after three seconds, and then
    /// every service would be judged anew.
    async fn turn(&mut self) {
        if self.beaten.is_none_or(|beaten| beaten.elapsed() >= BEAT) {
            self.beaten = Some(Instant::now());
            let beats =
                self.config.vantage_points.iter().map(|vantage| (vantage.name.clone(), heartbeat(&vantage.name)));
            self.engine.hear(beats).await;
        }
        self.engine.turn().await;
        self.engine.publish();
    }

    fn since(&self, mark: &Mark, what: &str) -> anyhow::Result<Cost> {
        let cost = self.gauge.since(mark)?;
        say(&format!("{what}: {cost:?}"));
        Ok(cost)
    }
}
