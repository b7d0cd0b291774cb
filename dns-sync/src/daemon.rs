//! `daemon`: keeps zones equal all the time.
//!
//! ```text
//!   NOTIFY, timers of the SOA ─▶ secondary ─┐                ┌─▶ target ─▶ provider ─▶ unserved ─▶ its servers
//!                                           ├─▶ original ────┤
//!   every so often ────────────▶ reader ────┘                └─▶ target …
//! ```
//!
//! Each zone has one keeper of its source, [`secondary`] where that transfers its zone and [`reader`] where it does not, and one
//! [`target`] for each provider; they meet at the [`original`] alone. A delta costs what it changes, not what the zone holds.
//! Nothing is kept on disk that a restart needs.

mod alarms;
mod api;
mod drifting;
mod metering;
mod original;
mod parts;
mod reader;
mod secondary;
mod signs;
mod target;
mod together;
mod told;
mod unserved;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use dns_service::auth::Tokens;
use dns_service::clock::Clock;
use dns_service::config::Config;
use dns_service::config::sync::{NotifyConfig, SyncSource};
use dns_service::exit::{Exit, Failure};
use dns_service::http::{self, Kit, PlainHttp, Readiness, bind};
use dns_service::shutdown::on_signals;
use dns_service::telemetry::{Metrics, init_logs};
use dns_transfer::Client;
use dns_transfer::notify::{Desk, Listener, Wake};
use dns_zone::Owner;
use tokio_util::sync::CancellationToken;
use tracing::info;

use self::alarms::Alarms;
use self::drifting::Drifting;
use self::original::{Following, Original};
use self::parts::Parts;
use self::secondary::Primary;
use self::signs::{Signs, SourceSign, TargetSign};
use self::target::Target;
use self::together::Together;
use self::told::Told;
use self::unserved::Unserved;
use crate::arguments::DaemonFlags;
use crate::folder::Folder;
use crate::place::{Job, Place, Places};
use crate::planning::Planner;
use crate::settings;

/// The part that `/readyz` waits for.
const ZONES: &str = "zones";

/// How often what grows by itself is measured.
const METER_EVERY: Duration = Duration::from_secs(1);

/// `dns-sync daemon`.
pub(crate) async fn command(config: &Config, flags: &DaemonFlags) -> Result<Exit, Failure> {
    init_logs(flags.log_format)?;
    let plain = if flags.insecure_listen { PlainHttp::Anywhere } else { PlainHttp::OnLoopback };
    let stop = on_signals()?;
    let listening = bind(flags.listen, plain, &config.tls)?;
    let readiness = Readiness::starting(&[ZONES]);
    let metrics = Metrics::global();
    metering::describe();
    let tokens = Tokens::load(&config.sync.daemon.tokens)?;
    let kit = Kit::new(tokens, readiness.clone(), metrics.clone(), &dns_api::openapi::sync())?;
    // Whatever ends the listener ends the work, too, and the other way round.
    let work = stop.child_token();
    let daemon = Daemon::new(config, &work);
    let together = daemon.together.clone();
    let (signs, mut parts) = daemon.start(flags).await?;
    parts.start("metrics", metrics.keep_up(work.clone()));
    parts.start("metrics of targets", keep_metering(signs.clone(), together, work.clone()));
    readiness.ready(ZONES);
    info!(zones = signs.report().zones.len(), url = listening.url(), "sync daemon starts");
    let serving = async {
        let served = listening.serve(http::router(api::routes(signs), kit), work.clone()).await;
        work.cancel();
        served
    };
    let (served, ended) = tokio::join!(serving, parts.ended(&work));
    ended.map_err(|broken| Failure::new(Exit::Failed, broken))?;
    served?;
    Ok(Exit::Done)
}

async fn keep_metering(signs: Signs, together: Together, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(METER_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        signs.meter();
        together.meter();
    }
}

/// What every part is started with.
struct Daemon<'d> {
    config: &'d Config,
    parts: Parts,
    stop: &'d CancellationToken,
    clock: Clock,
    signs: Signs,
    together: Together,
}

impl<'d> Daemon<'d> {
    fn new(config: &'d Config, stop: &'d CancellationToken) -> Self {
        let clock = Clock::start();
        let together = Together::new(settings::limits_of_all(config.sync.all_limits), clock);
        Self { config, parts: Parts::default(), stop, clock, signs: Signs::default(), together }
    }

    /// Starts the keepers and targets of all zones that are selected, and the listener for NOTIFY.
    async fn start(mut self, flags: &DaemonFlags) -> Result<(Signs, Parts), Failure> {
        let places = Places::new(self.config)?;
        let notify = self.config.sync.daemon.notify.as_ref();
        let listener = match notify {
            Some(notify) => Some(Listener::bind(notify.listen).await?),
            None => None,
        };
        let mut desk = Desk::default();
        for job in places.jobs(&flags.selection)? {
            let (source, targets) = self.sign(&job);
            let followings: Vec<Arc<Following>> = targets.iter().cloned().map(Following::new).collect();
            let original = Arc::new(Original::new(job.zone.clone(), followings.clone()));
            for ((place, sign), following) in job.targets.iter().zip(targets).zip(followings) {
                self.follow((&job, place), sign, &original, following);
            }
            self.keep(job, source, original, &mut desk)?;
        }
        if let Some(listener) = listener {
            info!(address = %listener.local_addr()?, "takes NOTIFY");
            let (desk, stop) = (Arc::new(desk), self.stop.clone());
            let serving = listener.serve(desk, metering::notify_refused);
            let serving = async move { stop.run_until_cancelled(serving).await.unwrap_or_default() };
            self.parts.start("NOTIFY", serving);
        }
        Ok((self.signs, self.parts))
    }

    fn sign(&self, job: &Job) -> (SourceSign, Vec<TargetSign>) {
        let source = match &job.config.source {
            SyncSource::File(path) => format!("file {}", path.display()),
            SyncSource::OctoDns(path) => format!("octodns {}", path.display()),
            SyncSource::Provider(name) => format!("provider {name}"),
        };
        let targets: Vec<_> = job.targets.iter().map(|target| target.name.clone()).collect();
        self.signs.add(&job.zone, source, &targets, self.clock)
    }

    fn follow(
        &mut self,
        (job, place): (&Job, &Place),
        sign: TargetSign,
        original: &Arc<Original>,
        following: Arc<Following>,
    ) {
        let unserved = Unserved::default();
        let (zone, stop) = (original.apex().clone(), self.stop.clone());
        let about = format!("{zone} at `{}`", place.name);
        let asking = unserved.clone().run(zone, place.clone(), sign.clone(), stop);
        self.parts.start(format!("servers of {about}"), asking);
        let alarms = Alarms::new(place, original.apex(), sign.clone());
        let target = Target {
            place: place.clone(),
            original: Arc::clone(original),
            following,
            planner: Planner::new(self.config, job),
            folder: Folder::new(&self.config.sync.folder),
            sign,
            unserved,
            clock: self.clock,
            check_every: self.config.sync.daemon.check_every,
            drifting: Drifting::new(settings::repair(self.config.sync.daemon.repair)),
            alarms,
            part: self.together.add(settings::limits(&job.config.limits)),
            told: Vec::new(),
            held_looks: 0,
            troubled: Told::default(),
            poison: BTreeMap::new(),
            remember_at: None,
            stop: self.stop.clone(),
        };
        self.parts.start(about, target.run());
    }

    fn keep(&mut self, job: Job, sign: SourceSign, original: Arc<Original>, desk: &mut Desk) -> Result<(), Failure> {
        let about = format!("the source of {}", job.zone);
        let source = job.config.source.provider();
        let clients = match source.and_then(|name| Some((name, self.config.providers.get(name)?))) {
            Some((name, config)) => dns_adapters::transfers(name, config)?,
            None => None,
        };
        let Some(clients) = clients else {
            let every = self.config.sync.daemon.poll_every;
            self.parts.start(about, reader::Keeper { job, original, sign, every }.run(self.stop.clone()));
            return Ok(());
        };
        let notify = self.config.sync.daemon.notify.as_ref();
        let wake = notify.map(|notify| watch(desk, &job.zone, &clients, notify));
        let keeper = secondary::Keeper::new(Primary::new(clients), original, sign, wake);
        self.parts.start(about, keeper.run(self.stop.clone()));
        Ok(())
    }
}

/// Lets the primary of a zone wake it, and whoever else may.
fn watch(desk: &mut Desk, zone: &Owner, clients: &[Client], notify: &NotifyConfig) -> Wake {
    let asked = clients.iter().map(|client| client.server().ip());
    let from: Vec<IpAddr> = asked.chain(notify.from.iter().copied()).collect();
    // While keys are exchanged there are two, and nobody knows which one the primary signs with by now.
    let keys = clients.iter().filter(|_| notify.signed).filter_map(Client::key).cloned();
    desk.watch(zone.clone(), from, keys)
}
