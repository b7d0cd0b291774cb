//! From arguments to an exit code: configuration → bind → run → drain.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use dns_core::identifier::VantageName;
use dns_service::auth::Tokens;
use dns_service::clock::Clock;
use dns_service::config::secret::Program;
use dns_service::config::{Config, VantagePoint};
use dns_service::exit::{Exit, Failure};
use dns_service::failpoint;
use dns_service::http::{self, Kit, Listening, Readiness, bind};
use dns_service::shutdown::on_signals;
use dns_service::telemetry::{Metrics, init_logs};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::api::{self, Api};
use crate::args::Args;
use crate::asking::{Askable, Asking};
use crate::control;
use crate::coverage::{Coverage, GuardedNames};
use crate::evidence::{Evidence, REPORTS_MAX, Report, own};
use crate::metering;
use crate::probe::Prober;
use crate::resolve::HostResolver;
use crate::runner::{Places, Runner};
use crate::schedule::{Schedule, phase};
use crate::stream::Speaker;

/// The part that `/readyz` waits for.
const EVIDENCE: &str = "evidence";

/// Runs the daemon until it is told to stop.
///
/// # Errors
/// [`Failure`], with its exit code.
pub async fn run(args: Args) -> Result<Exit, Failure> {
    let Args { vantage_point, daemon } = args;
    failpoint::arm();
    init_logs(daemon.log_format)?;
    let config = Config::load(&daemon.config, &Program::Monitor(vantage_point.clone()))?;
    for warning in &config.warnings {
        warn!(%warning, "configuration");
    }
    if daemon.check_config {
        info!(digest = %config.digest, "configuration is good");
        return Ok(Exit::Done);
    }
    let stop = on_signals()?;
    let listen = daemon.listen.map_or_else(|| default_listen(&config, &vantage_point), Ok)?;
    let listening = bind(listen, daemon.plain_http(), &config.tls)?;
    serve(&config, &vantage_point, listening, stop).await?;
    Ok(Exit::Done)
}

/// Runs the monitor of one vantage point on a bound listener until `stop`, and drains.
///
/// # Errors
/// If the configuration does not have the vantage point, its tokens cannot be read, or the listener fails.
pub async fn serve(
    config: &Config,
    vantage: &VantageName,
    listening: Listening,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let readiness = Readiness::starting(&[EVIDENCE]);
    let metrics = Metrics::global();
    metering::describe();
    let tokens = Tokens::load(&config.monitor.tokens)?;
    let kit = Kit::new(tokens, readiness.clone(), metrics.clone(), &dns_api::openapi::monitor())?;
    // Whatever ends the listener ends the probes, too.
    let work = stop.child_token();
    let tasks = TaskTracker::new();
    let api = start(config, vantage, &tasks, &work)?;
    tasks.spawn(metrics.keep_up(work.clone()));
    readiness.ready(EVIDENCE);
    let served = listening.serve(http::router(api::routes(api), kit), stop).await;
    work.cancel();
    tasks.close();
    tasks.wait().await;
    Ok(served?)
}

/// Starts the owner of the evidence, the control targets and every endpoint's schedule.
fn start(
    config: &Config,
    vantage: &VantageName,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Result<Api, Failure> {
    let point = point(config, vantage)?;
    let coverage = Coverage::of(config, vantage);
    let (clock, now) = (Clock::start(), Instant::now());
    let speaker = speaker(config, &coverage);
    info!(%vantage, endpoints = coverage.targets.len(), incarnation = %speaker.incarnation, "monitor starts");
    let (reports, inbox) = mpsc::channel(REPORTS_MAX);
    let evidence = Evidence::new(&coverage, speaker.incarnation.clone(), now, clock.wall());
    tasks.spawn(own(evidence, clock, inbox, stop.clone()));
    let every = control::interval(coverage.interval_min());
    tasks.spawn(control::watch(point.control_targets.clone(), every, reports.clone(), stop.clone()));

    let servers = point.resolver.as_ref().and_then(|name| config.resolvers.get(name));
    let resolver = HostResolver::new(servers.map_or(&[], Vec::as_slice), GuardedNames::of(config))?;
    let resolver = Arc::new(resolver);
    let places = Places::new(config.monitor.concurrency_max);
    let prober = |target: &_| Arc::new(Prober::new(Clone::clone(target), resolver.clone()));
    let probers: Vec<Arc<Prober>> = coverage.targets.iter().map(prober).collect();
    for (index, prober) in probers.iter().enumerate() {
        let runner = runner(index, prober, &places, &reports, (now, &clock));
        tasks.spawn(runner.drive(stop.clone()));
    }
    let probers = probers.into_iter().map(|prober| (prober.target().key.clone(), prober)).collect();
    let asking = Asking::new(Askable::of(config, vantage));
    Ok(Api { speaker: Arc::new(speaker), reports, probers: Arc::new(probers), places, asking })
}

fn runner(
    index: usize,
    prober: &Arc<Prober>,
    places: &Places,
    reports: &mpsc::Sender<Report>,
    (now, clock): (Instant, &Clock),
) -> Runner {
    let target = prober.target();
    let (position, count) = target.position;
    let phase = phase(&target.key, target.interval, position, count);
    let schedule = Schedule::new(now, clock.wall(), phase, target.interval);
    Runner { index, prober: prober.clone(), schedule, places: places.clone(), reports: reports.clone() }
}

fn speaker(config: &Config, coverage: &Coverage) -> Speaker {
    Speaker {
        incarnation: format!("{:016x}", fastrand::u64(..)),
        vantage: coverage.vantage.clone(),
        config: config.digest,
        coverage: coverage.digest,
    }
}

/// Where to listen without `--listen`: the port of the vantage point's own url, on every address if others come from
/// elsewhere.
fn default_listen(config: &Config, vantage: &VantageName) -> Result<SocketAddr, Failure> {
    let url = &point(config, vantage)?.url;
    let port = url.port_or_known_default().unwrap_or(443);
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let address = if loopback { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
    Ok((address, port).into())
}

fn point<'a>(config: &'a Config, vantage: &VantageName) -> Result<&'a VantagePoint, Failure> {
    let found = config.vantage_points.iter().find(|point| point.name == *vantage);
    found.ok_or_else(|| {
        Failure::new(Exit::BadConfiguration, format!("`vantagePoints` has no `{vantage}`, which --vantage-point names"))
    })
}
