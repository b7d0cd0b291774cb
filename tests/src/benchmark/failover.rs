//! Kill → new answer on Knot, and decision → new answer on Knot and on BIND, each with a secondary.
//!
//! One repetition on Knot: prod's endpoint dies by SIGKILL at a random moment of the interval, pollers note when each
//! authoritative server first answers with dr, history tells the steps between; then prod is started again and the
//! service failed back by hand, which is a second write to look at. On BIND both writes are ordered by hand: Knot waits
//! a second before it notifies its secondaries, so only there can be seen how long the way to every server is.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use dns_core::identifier::{RegionName, ServiceName};
use serde::Serialize;

use super::installation::{self, Blueprint, Guarded, Installation, Layout};
use super::poller::{Moment, Target, Watch};
use super::programs::Programs;
use super::say;
use super::settings::Settings;
use super::statistics::milliseconds;
use super::table::length;
use super::timeline::Spans;
use crate::{AuthServer, Endpoint, Kind, PATIENCE, Sandbox};

/// As the job says: a one-second interval, half a second of timeout, two bad probes.
const SETTINGS: Settings = Settings { interval: Duration::from_secs(1), timeout: Duration::from_millis(500), fall: 2 };

/// The service and its record.
const SERVICE: &str = "checkout";

/// The policy's name.
const POLICY: &str = "fast";

/// The rest before an order on BIND: it spaces NOTIFY and refresh of changes that follow each other within half a second,
/// and a failover does not come right after another.
const REST: Duration = Duration::from_secs(1);

/// What the section found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Failover {
    /// How ours was set.
    pub(super) settings: Settings,
    /// The bound that follows.
    #[serde(rename = "boundMs", serialize_with = "milliseconds")]
    pub(super) bound: Duration,
    /// Every repetition on Knot, in order.
    pub(super) repetitions: Vec<Repetition>,
    /// Every write on BIND, in order: there and back, by hand.
    pub(super) on_bind: Vec<Spans>,
}

/// One kill and one failback.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Repetition {
    /// From the kill to the new answer at the primary.
    #[serde(rename = "primaryMs", serialize_with = "milliseconds")]
    pub(super) primary: Duration,
    /// From the kill to the new answer at every server.
    #[serde(rename = "everywhereMs", serialize_with = "milliseconds")]
    pub(super) everywhere: Duration,
    /// The steps of the failover.
    pub(super) failover: Spans,
    /// The steps of the failback.
    pub(super) failback: Spans,
}

struct Bench {
    installation: Installation,
    prod: Endpoint,
    dr: Endpoint,
    service: ServiceName,
    /// The primary, then the secondary.
    targets: Vec<Target>,
}

/// Runs the section.
///
/// # Errors
///
/// When a server does not answer as it should; nothing about time is an error.
pub(super) fn run(
    programs: &Programs,
    repetitions: u32,
    pairs_by_hand: u32,
    random: &mut fastrand::Rng,
) -> anyhow::Result<Failover> {
    let mut on_knot = Vec::new();
    let mut bench = Bench::start(programs, Kind::Knot)?;
    for number in 1..=repetitions {
        let repetition = bench.repeat(random)?;
        let Repetition { primary, failover, .. } = &repetition;
        let (killed, decided) = (length(*primary), length(failover.primary));
        say(&format!("failover {number}/{repetitions}: served {killed} after the kill, {decided} after the decision"));
        on_knot.push(repetition);
    }
    drop(bench);
    let mut on_bind = Vec::new();
    let bench = Bench::start(programs, Kind::Bind)?;
    for number in 1..=pairs_by_hand {
        let [there, back] = bench.there_and_back()?;
        let (first, second) = (length(there.everywhere), length(back.everywhere));
        say(&format!(
            "by hand on BIND {number}/{pairs_by_hand}: served everywhere {first} and {second} after the decision"
        ));
        on_bind.extend([there, back]);
    }
    Ok(Failover { settings: SETTINGS, bound: SETTINGS.bound(), repetitions: on_knot, on_bind })
}

impl Failover {
    /// The repetitions above the bound, at the primary: which, and how long each took.
    pub(super) fn above_bound(&self) -> Vec<(usize, Duration)> {
        let numbered = self.repetitions.iter().enumerate().map(|(index, one)| (index + 1, one.primary));
        numbered.filter(|(_, took)| *took > self.bound).collect()
    }

    /// Every write on Knot, in order.
    pub(super) fn on_knot(&self) -> impl Iterator<Item = &Spans> + Clone {
        self.repetitions.iter().flat_map(|one| [&one.failover, &one.failback])
    }
}

impl Bench {
    fn start(programs: &Programs, kind: Kind) -> anyhow::Result<Self> {
        let sandbox = Sandbox::new();
        let (prod, dr, port) = (sandbox.another_ip(), sandbox.another_ip(), sandbox.port());
        let endpoint = |ip| Endpoint::start(&sandbox, SocketAddr::new(ip, port));
        let (prod_endpoint, dr_endpoint) = (endpoint(prod), endpoint(dr));
        let guarded = Guarded::new(SERVICE, POLICY, prod, dr);
        let service = guarded.service.clone();
        let layout = Layout::Shared(kind);
        let blueprint = Blueprint { layout, services: vec![guarded], policies: SETTINGS.policy(POLICY), port };
        let installation = Installation::start(&sandbox, programs, blueprint)?;
        let name = installation::owner(SERVICE)?;
        let target = |server: SocketAddr| Target { label: format!("{kind} at {server}"), server, name: name.clone() };
        let targets = installation.auths.iter().flat_map(AuthServer::addresses).map(target).collect();
        Ok(Self { installation, prod: prod_endpoint, dr: dr_endpoint, service, targets })
    }

    fn repeat(&mut self, random: &mut fastrand::Rng) -> anyhow::Result<Repetition> {
        self.installation.until_steady();
        // Where in the interval the kill falls decides how long the next probe is away.
        thread::sleep(SETTINGS.interval.mul_f64(random.f64()));
        let api = &self.installation.api;
        let position = api.position(&self.service)?;
        let watch = self.watch(&self.dr);
        let killed = Moment::now();
        self.prod.process().kill9();
        let served = watch.finish()?;
        let decision = api.decision_after(&self.service, position, "failover");
        let failover = Spans::of(&api.until_done(&decision), &served)?;
        self.prod.restart();
        let failback = self.back()?;
        let took = |moment: &Moment| moment.instant.duration_since(killed.instant);
        let primary = served.first().map(took).unwrap_or_default();
        let everywhere = served.iter().map(took).max().unwrap_or_default();
        Ok(Repetition { primary, everywhere, failover, failback })
    }

    fn there_and_back(&self) -> anyhow::Result<[Spans; 2]> {
        self.installation.until_steady();
        let dr = RegionName::new("dr")?;
        thread::sleep(REST);
        let there = self.order(&self.dr, || self.installation.api.fail_over(&self.service, &dr))?;
        thread::sleep(REST);
        Ok([there, self.back()?])
    }

    fn back(&self) -> anyhow::Result<Spans> {
        self.installation.api.until_proven(&self.service);
        self.order(&self.prod, || self.installation.api.fail_back(&self.service))
    }

    /// Gives an order and follows it to the new answer of every server.
    fn order(&self, wanted: &Endpoint, order: impl FnOnce() -> anyhow::Result<String>) -> anyhow::Result<Spans> {
        let watch = self.watch(wanted);
        let decision = order()?;
        let served = watch.finish()?;
        Spans::of(&self.installation.api.until_done(&decision), &served)
    }

    fn watch(&self, wanted: &Endpoint) -> Watch {
        let targets: Vec<_> = self.targets.iter().map(|target| (target.clone(), wanted.address().ip())).collect();
        Watch::start(&targets, PATIENCE)
    }
}
