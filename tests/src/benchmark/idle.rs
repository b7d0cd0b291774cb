//! What waiting costs: CPU and memory of each daemon with a hundred endpoints and nothing to do.
//!
//! Every service is adopted, so the controller reads its zone as it does in production. gdnsd and PowerDNS watch the
//! same endpoints beside it, at the shortest interval that both allow. Probes are counted where they arrive.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::cost::{Cost, Usage};
use super::endpoints::Endpoints;
use super::installation::{Blueprint, Guarded, Installation, Layout};
use super::peers::{Gdnsd, INTERVAL_S, PowerDns, Preference};
use super::programs::Programs;
use super::say;
use super::settings::Settings;
use crate::{Kind, Sandbox};

/// Services, each with one endpoint in prod and one in dr.
const SERVICES: usize = 50;

/// As in the other sections, and once a second.
const SETTINGS: Settings = Settings { interval: Duration::from_secs(1), timeout: Duration::from_millis(500), fall: 2 };

/// Caches, pools and allocators are as full as they get: every endpoint was probed many times.
const WARM_UP: Duration = Duration::from_secs(20);

/// Long enough that a clock tick of the kernel is a hundredth of what is counted.
const WINDOW: Duration = Duration::from_mins(1);

/// What the section found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Idle {
    /// How many endpoints everyone watched.
    pub(super) endpoints: usize,
    /// How long everyone was watched.
    pub(super) window_s: f64,
    /// How ours was set.
    pub(super) settings: Settings,
    /// Each process.
    pub(super) costs: Vec<Cost>,
    /// Probes per second, by the program that sent them.
    pub(super) probes: Vec<Probing>,
}

/// What one program's probes cost.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Probing {
    /// The program; ours are all monitors together.
    pub(super) program: String,
    /// Probes that arrived, per second.
    pub(super) per_second: f64,
    /// CPU time of those who probe, per probe.
    pub(super) cpu_us_per_probe: f64,
}

/// Who sends probes: the beginning of a process's name, and of what it calls itself in a request. Ours says nothing,
/// which nginx writes as a dash.
const PROBERS: [(&str, &str); 3] = [(OURS, "-"), (GDNSD, "gdnsd"), (POWER_DNS, "PowerDNS")];
const OURS: &str = "dns-monitor";
const GDNSD: &str = "gdnsd";
const POWER_DNS: &str = "PowerDNS";

/// Runs the section.
///
/// # Errors
///
/// When a process cannot be looked at, or a server does not answer as it should.
pub(super) fn run(programs: &Programs) -> anyhow::Result<Idle> {
    let sandbox = Sandbox::new();
    let endpoints = Endpoints::start(&sandbox, SERVICES * 2);
    let pairs: Vec<_> = endpoints.ips.chunks_exact(2).enumerate().collect();
    let services = pairs.iter().map(|(number, pair)| Guarded::new(&format!("s{number}"), "idle", pair[0], pair[1]));
    let blueprint = Blueprint {
        layout: Layout::Shared(Kind::Knot),
        services: services.collect(),
        policies: SETTINGS.policy("idle"),
        port: endpoints.port,
    };
    say("idle: starting everything");
    let installation = Installation::start(&sandbox, programs, blueprint)?;
    let prefer = |(number, pair): &(usize, &[_])| Preference {
        name: format!("s{number}"),
        failures: SETTINGS.fall,
        prod: pair[0],
        dr: pair[1],
    };
    let preferences: Vec<Preference> = pairs.iter().map(prefer).collect();
    let gdnsd = Gdnsd::start(&sandbox, &preferences, endpoints.port);
    let power_dns = PowerDns::start(&sandbox, &preferences, endpoints.port, INTERVAL_S);
    say(&format!("idle: {} s of warm-up, {} s of counting", WARM_UP.as_secs(), WINDOW.as_secs()));
    thread::sleep(WARM_UP);
    count(&processes(&installation, &gdnsd, &power_dns), &endpoints)
}

fn processes(installation: &Installation, gdnsd: &Gdnsd, power_dns: &PowerDns) -> Vec<(String, u32)> {
    let monitors = installation.monitors.iter().enumerate();
    let monitors = monitors.map(|(number, process)| (format!("{OURS} {}", number + 1), process.pid()));
    let controller = ("failover-controller".to_owned(), installation.controller.pid());
    let peers = [(GDNSD.to_owned(), gdnsd.pid()), (POWER_DNS.to_owned(), power_dns.pid())];
    monitors.chain([controller]).chain(peers).collect()
}

fn count(processes: &[(String, u32)], endpoints: &Endpoints) -> anyhow::Result<Idle> {
    let look = || processes.iter().map(|(_, pid)| Usage::of(*pid)).collect::<anyhow::Result<Vec<Usage>>>();
    let (before, probes_before, began) = (look()?, endpoints.probes(), Instant::now());
    thread::sleep(WINDOW);
    let (after, probes_after, window) = (look()?, endpoints.probes(), began.elapsed());
    let spans = before.iter().zip(&after);
    let costs: Vec<Cost> = processes
        .iter()
        .zip(spans)
        .map(|((name, _), (before, after))| Cost::between(name, before, after, window))
        .collect();
    let probes = PROBERS.map(|(program, agent)| {
        let sent = sent(&probes_after, agent) - sent(&probes_before, agent);
        probing(program, sent, &costs, window)
    });
    let (endpoints, window_s) = (endpoints.ips.len(), window.as_secs_f64());
    Ok(Idle { endpoints, window_s, settings: SETTINGS, costs, probes: probes.into() })
}

/// Programs are told apart by the name that they give themselves in a request.
fn sent(probes: &BTreeMap<String, u64>, agent: &str) -> u64 {
    probes.iter().filter(|(called, _)| called.starts_with(agent)).map(|(_, count)| count).sum()
}

fn probing(program: &str, sent: u64, costs: &[Cost], window: Duration) -> Probing {
    let cpu: Duration = costs.iter().filter(|cost| cost.process.starts_with(program)).map(|cost| cost.cpu).sum();
    let sent = f64::from(u32::try_from(sent).unwrap_or(u32::MAX));
    Probing {
        program: program.to_owned(),
        per_second: sent / window.as_secs_f64(),
        cpu_us_per_probe: cpu.as_secs_f64() * 1e6 / sent.max(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::cost::Memory;

    #[test]
    fn the_cpu_of_all_monitors_is_shared_by_all_their_probes() {
        let cost = |process: &str, millis| Cost {
            process: process.to_owned(),
            cpu: Duration::from_millis(millis),
            cpu_seconds_per_hour: 0.0,
            memory: Memory { rss_kib: 1, pss_kib: 1 },
        };
        let costs = [cost("dns-monitor 1", 100), cost("dns-monitor 2", 300), cost("gdnsd", 999)];
        let probing = probing(OURS, 4_000, &costs, Duration::from_secs(10));
        assert!((probing.per_second - 400.0).abs() < 1e-9, "{probing:?}");
        assert!((probing.cpu_us_per_probe - 100.0).abs() < 1e-9, "{probing:?}");
    }

    #[test]
    fn probes_belong_to_the_program_that_names_itself() {
        let probes = [("gdnsd-monitor", 7), ("PowerDNS Authoritative Server", 5), ("-", 3)];
        let probes = probes.map(|(agent, count)| (agent.to_owned(), count)).into();
        assert_eq!(PROBERS.map(|(_, agent)| sent(&probes, agent)), [3, 7, 5]);
    }
}
