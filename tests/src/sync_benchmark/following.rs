//! The daemon as a hidden secondary: how soon what a hidden primary sets is served by providers that cannot transfer, and what a
//! small change costs it in a large zone.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use hickory_proto::rr::Name;
use serde::Serialize;
use serde_json::Value;

use super::zone::{self, ZONE};
use super::{Programs, ours};
use crate::benchmark::cost::Usage;
use crate::benchmark::poller::{Moment, Target, Watch};
use crate::benchmark::say;
use crate::world::{Host, HostedZone, PowerDnsApi};
use crate::{AuthServer, Kind, Process, Program, Sandbox, Setup, http, route53, until};

/// Records of the zone whose changes are watched one by one.
const RECORDS: usize = 1_000;

/// How many are watched.
const EDITS: usize = 200;

/// Records that one change of a large zone has, and how many of these changes are averaged.
const DELTA: usize = 10;
const DELTAS: usize = 20;

/// How long something may take that takes milliseconds, and how long loading a large zone.
const PATIENCE: Duration = Duration::from_secs(30);
const LOADED_WITHIN: Duration = Duration::from_mins(5);

/// Limits that the first push exceeds.
const FORCED: [&str; 5] = ["creates", "deletesShare", "updatesShare", "allDeletesShare", "allUpdatesShare"];

/// What was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Following {
    /// Changes that were made at the primary.
    pub(super) edits: usize,
    pub(super) targets: Vec<Served>,
    /// What a change costs in a large zone.
    pub(super) delta: Option<Delta>,
}

/// How soon one target served.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Served {
    pub(super) target: String,
    pub(super) median_s: f64,
    pub(super) p99_s: f64,
    /// Record sets that the daemon wrote there.
    pub(super) pushed: u64,
}

/// The daemon's own time for one change.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delta {
    pub(super) records: usize,
    pub(super) sets: usize,
    pub(super) changes: usize,
    /// CPU seconds of the process for each change, of all threads.
    pub(super) cpu_s: f64,
    /// Memory that it holds in the end.
    pub(super) held_mib: f64,
}

/// Both parts; the large one with so many records if it is wanted.
pub(super) fn run(programs: &Programs, large: Option<usize>) -> anyhow::Result<Following> {
    let targets = latencies(programs)?;
    let delta = large.map(|records| delta(programs, records)).transpose()?;
    Ok(Following { edits: EDITS, targets, delta })
}

/// A daemon of ours on a sandbox's own addresses.
struct Daemon {
    process: Process,
    url: String,
}

impl Daemon {
    fn start(programs: &Programs, sandbox: &Sandbox, config: &Path, env: &[(String, String)]) -> Self {
        let listen = sandbox.socket();
        let program = Program::at(programs.ours.program()).arg("--config").arg(config);
        let program = program.args(["daemon", "--listen", &listen.to_string()]).label("dns-sync");
        let program = env.iter().fold(program, |program, (name, value)| program.env(name, value));
        let mut process = sandbox.start(program);
        let url = format!("http://{listen}");
        process.until_ready(PATIENCE, || http::is_ok(&format!("{url}/readyz"), None));
        Self { process, url }
    }

    fn targets(&self) -> Result<Vec<Value>, String> {
        let answer = http::get(&format!("{}/api/v1/sync", self.url), None)?;
        let report: Value = serde_json::from_str(&answer.body).map_err(|error| error.to_string())?;
        Ok(report["zones"][0]["targets"].as_array().cloned().unwrap_or_default())
    }

    fn until_equal(&self, within: Duration) {
        until("every target is equal", within, || {
            let targets = self.targets()?;
            let equal = targets.iter().all(|target| target["state"] == "equal" && target["unserved"] == 0);
            if equal && !targets.is_empty() { Ok(()) } else { Err(format!("{targets:?}")) }
        });
    }

    /// Record sets that it wrote to a target since it was started.
    fn pushed(&self, target: &str) -> anyhow::Result<u64> {
        let answer = http::get(&format!("{}/metrics", self.url), None).map_err(anyhow::Error::msg)?;
        let of_it =
            |line: &&str| line.starts_with("dns_sync_changes_total") && line.contains(&format!("target=\"{target}\""));
        let counts = answer.body.lines().filter(of_it).filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        Ok(counts.sum())
    }
}

/// The configuration of a daemon between servers.
fn configuration(providers: &[String], targets: &[&str], notify: SocketAddr, folder: &Path) -> String {
    format!(
        "apiVersion: dnsfailover/v1\ninstallation: benchmark\nproviders:\n{}sync:\n  folder: {}\n  zones: [ {{ zone: {ZONE}, source: \
         {{ provider: hidden }}, targets: [{}] }} ]\n  daemon: {{ notify: {{ listen: \"{notify}\", from: [127.0.0.1] }} }}\n",
        providers.concat(),
        folder.join("state").display(),
        targets.join(", "),
    )
}

/// Makes the targets equal once, by hand, as on a first day.
fn first_day(programs: &Programs, folder: &Path, config: &Path, env: &[(String, String)]) -> anyhow::Result<()> {
    programs.ours.plan(folder, config, env)?.expect("dns-sync plan", &[0, 3])?;
    programs.ours.apply(folder, config, &FORCED, env)?.expect("dns-sync apply", &[0])?;
    Ok(())
}

/// Gives a host of the zone another address, as an operator would.
fn set(hidden: &AuthServer, host: &str, address: IpAddr) -> Moment {
    let address = address.to_string();
    hidden.control(&[&["zone-begin"], &["zone-unset", host, "A"], &["zone-set", host, "300", "A", &address]]);
    let began = Moment::now();
    hidden.control(&[&["zone-commit"]]);
    began
}

fn address(edit: usize) -> IpAddr {
    let octet = |number: usize| u8::try_from(number % 250).unwrap_or_default();
    Ipv4Addr::new(198, 51, octet(edit / 250), octet(edit)).into()
}

fn latencies(programs: &Programs) -> anyhow::Result<Vec<Served>> {
    let sandbox = Sandbox::new();
    let notify = sandbox.socket();
    let setup = Setup::new(ZONE, &zone::source(RECORDS)).secondaries(0).also_notify(notify);
    let hidden = AuthServer::start_in(&sandbox, Kind::Knot, setup);
    let (power, route) = (PowerDnsApi::start(&sandbox), HostedZone::start(&sandbox, route53::Setup::default()));
    let hosts: [(&str, &dyn Host); 3] = [("hidden", &hidden), ("power", &power), ("route", &route)];
    let declared = hosts.iter().flat_map(|(name, host)| host.providers(name, &sandbox, "timeout: 5s"));
    let providers: Vec<String> = declared.map(|one| format!("  {}:\n    {}\n", one.name, one.kind)).collect();
    let env = route.environment();
    let folder = programs.folder.join("following");
    fs::create_dir_all(&folder)?;
    let config = folder.join("sync.yaml");
    fs::write(&config, configuration(&providers, &["power", "route"], notify, &folder))?;
    first_day(programs, &folder, &config, &env)?;
    let daemon = Daemon::start(programs, &sandbox, &config, &env);
    daemon.until_equal(PATIENCE);
    let servers = [("PowerDNS by its API", power.servers()[0]), ("Route 53's stand-in", route.servers()[0])];
    let name = Name::from_ascii(format!("host100.{ZONE}.")).context("a name")?;
    let target = |(label, server): (&str, SocketAddr)| Target { label: label.to_owned(), server, name: name.clone() };
    let targets = servers.map(target);
    let mut seconds = [Vec::new(), Vec::new()];
    for edit in 0..EDITS {
        let wanted = targets.clone().map(|target| (target, address(edit)));
        let watch = Watch::start(&wanted, PATIENCE);
        let began = set(&hidden, "host100", address(edit));
        for (all, served) in seconds.iter_mut().zip(watch.finish()?) {
            all.push(served.instant.duration_since(began.instant).as_secs_f64());
        }
    }
    daemon.until_equal(PATIENCE);
    let pushed = [daemon.pushed("power")?, daemon.pushed("route")?];
    ensure!(pushed == [EDITS as u64; 2], "{EDITS} sets were changed and {pushed:?} written");
    let served = targets.into_iter().zip(seconds).zip(pushed);
    let served: Vec<Served> = served.map(|((target, all), pushed)| Served::of(target.label, all, pushed)).collect();
    for Served { target, median_s, p99_s, .. } in &served {
        say(&format!(
            "{EDITS} changes at a hidden primary, served by {target}: median {median_s:.3} s, p99 {p99_s:.3} s"
        ));
    }
    Ok(served)
}

impl Served {
    fn of(target: String, mut seconds: Vec<f64>, pushed: u64) -> Self {
        seconds.sort_by(f64::total_cmp);
        let at = |percent: usize| seconds.get((seconds.len() * percent / 100).min(seconds.len().saturating_sub(1)));
        let [median_s, p99_s] = [50, 99].map(|percent| at(percent).copied().unwrap_or_default());
        Self { target, median_s, p99_s, pushed }
    }
}

/// What a change of ten sets costs the daemon between two primaries with a large zone.
fn delta(programs: &Programs, records: usize) -> anyhow::Result<Delta> {
    say(&format!("{records} records: Knot and BIND load them"));
    let sandbox = Sandbox::new();
    let (notify, text) = (sandbox.socket(), zone::source(records));
    let hidden = AuthServer::start_in(&sandbox, Kind::Knot, Setup::new(ZONE, &text).secondaries(0).also_notify(notify));
    let target = AuthServer::start_in(&sandbox, Kind::Bind, Setup::new(ZONE, &text).secondaries(0));
    let (folder, secret) = (programs.folder.join("delta"), |name: &str, server: &AuthServer| -> PathBuf {
        sandbox.write(name, format!("{}\n", server.key().secret()))
    });
    fs::create_dir_all(&folder)?;
    let providers = [("hidden", &hidden), ("main", &target)]
        .map(|(name, server)| format!("  {name}: {}\n", ours::updated(server, &secret(name, server))));
    let config = folder.join("sync.yaml");
    fs::write(&config, configuration(&providers, &["main"], notify, &folder))?;
    let daemon = Daemon::start(programs, &sandbox, &config, &[]);
    daemon.until_equal(LOADED_WITHIN);
    let before = Usage::cpu_of(daemon.process.pid())?;
    for change in 0..DELTAS {
        let wanted = address(change);
        let hosts: Vec<String> = (0..DELTA).map(|host| format!("host{}", 100 + host * 10)).collect();
        let lines: Vec<String> = hosts
            .iter()
            .flat_map(|host| {
                let name = format!("{host}.{ZONE}.");
                [format!("update delete {name} A"), format!("update add {name} 300 A {wanted}")]
            })
            .collect();
        let last = Name::from_ascii(format!("{}.{ZONE}.", hosts[DELTA - 1])).context("a name")?;
        let watched = Target { label: "BIND".to_owned(), server: target.address(), name: last };
        let watch = Watch::start(&[(watched, wanted)], PATIENCE);
        hidden.edit(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        watch.finish()?;
    }
    daemon.until_equal(PATIENCE);
    let usage = Usage::of(daemon.process.pid())?;
    let pushed = daemon.pushed("main")?;
    ensure!(pushed == (DELTA * DELTAS) as u64, "{} sets were changed and {pushed} written", DELTA * DELTAS);
    let cpu_s = usage.cpu.saturating_sub(before).as_secs_f64() / f64::from(u32::try_from(DELTAS).context("few")?);
    say(&format!("{records} records: a change of {DELTA} sets costs {:.1} ms of CPU", cpu_s * 1000.0));
    let held_mib = f64::from(u32::try_from(usage.memory.pss_kib / 1024).context("more than petabytes")?);
    Ok(Delta { records, sets: DELTA, changes: DELTAS, cpu_s, held_mib })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_percentile_are_of_all_that_was_served() {
        let seconds: Vec<f64> = (1..=200).rev().map(|one| f64::from(one) / 1000.0).collect();
        let served = Served::of("x".to_owned(), seconds, 200);
        assert!((served.median_s - 0.101).abs() < 1e-9 && (served.p99_s - 0.199).abs() < 1e-9, "{served:?}");
        assert!(Served::of("x".to_owned(), Vec::new(), 0).p99_s.abs() < f64::EPSILON);
    }
}
