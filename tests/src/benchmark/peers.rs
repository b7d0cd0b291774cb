//! What people would use instead, beside ours, in one run: gdnsd and `PowerDNS` with `ifurlup`.
//!
//! All of them watch the *same* endpoint at the same interval, and the same kill is seen by all: what one repetition
//! does to one, it does to the others. Each is set as near to ours as it allows: where it can decide by one failed
//! check, ours does too, and where by two, ours does that as well. What they cannot do is told in words, not in figures.

mod gdnsd;
mod powerdns;

use std::net::{IpAddr, SocketAddr};
use std::thread;
use std::time::Duration;

use serde::Serialize;

pub(super) use self::gdnsd::Gdnsd;
pub(super) use self::powerdns::{PowerDns, SCHEMA};
use super::installation::{self, Blueprint, Guarded, Installation, Layout};
use super::poller::{Moment, Target, Watch};
use super::programs::Programs;
use super::say;
use super::settings::Settings;
use super::statistics::{Summary, summary};
use super::table::length;
use crate::{Endpoint, PATIENCE, Sandbox};

/// The interval of all, in whole seconds: the shortest of gdnsd, whose timeout is at least one second and shorter than
/// the interval.
pub(super) const INTERVAL_S: u8 = 2;

/// The shortest interval of PowerDNS, in whole seconds.
const INTERVAL_MIN_S: u8 = 1;

/// The timeout of all: whole seconds in both peers.
pub(super) const TIMEOUT_S: u8 = 1;

/// A name at a peer that is answered by health: prod if it can, dr if it must.
#[derive(Clone, Debug)]
pub(super) struct Preference {
    /// The record's label, and the resource's name.
    pub(super) name: String,
    /// Failed checks until prod counts as down; only gdnsd can be told.
    pub(super) failures: u32,
    /// The preferred endpoint.
    pub(super) prod: IpAddr,
    /// The other one.
    pub(super) dr: IpAddr,
}

/// What the section found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Peers {
    /// One for each who was compared.
    pub(super) rivals: Vec<Rival>,
    /// How each was told, as excerpts of their configurations.
    pub(super) excerpts: Vec<(String, String)>,
}

/// One who was compared.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rival {
    /// Who.
    #[serde(flatten)]
    pub(super) shape: Shape,
    /// From the kill to its new answer.
    pub(super) served: Summary,
}

/// Who is compared, and how it was set.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shape {
    /// Who.
    pub(super) name: &'static str,
    /// The record that is asked for.
    pub(super) record: &'static str,
    /// Seconds between two checks from one point of view.
    pub(super) interval_s: u8,
    /// Failed checks until it decides.
    pub(super) failures: u32,
    /// From how many points of view it looks.
    pub(super) views: &'static str,
}

/// Ours as often as intervals and thresholds differ; each record is a service with a policy of that name.
const OURS: [Shape; 4] = [
    Shape { name: "ours", record: "one", interval_s: INTERVAL_S, failures: 1, views: QUORUM },
    Shape { name: "ours", record: "two", interval_s: INTERVAL_S, failures: 2, views: QUORUM },
    Shape { name: "ours", record: "quick", interval_s: INTERVAL_MIN_S, failures: 1, views: QUORUM },
    Shape { name: "ours", record: "fast", interval_s: INTERVAL_MIN_S, failures: 2, views: QUORUM },
];
const QUORUM: &str = "2 of 3";

const GDNSD: [Shape; 2] = [
    Shape { name: "gdnsd", record: "one", interval_s: INTERVAL_S, failures: 1, views: "1" },
    Shape { name: "gdnsd", record: "two", interval_s: INTERVAL_S, failures: 2, views: "1" },
];

/// Its interval is the whole server's, so these are two servers.
const POWER_DNS: [Shape; 2] = [
    Shape { name: "PowerDNS", record: "one", interval_s: INTERVAL_S, failures: 1, views: "1" },
    Shape { name: "PowerDNS", record: "one", interval_s: INTERVAL_MIN_S, failures: 1, views: "1" },
];

struct Bench {
    installation: Installation,
    gdnsd: Gdnsd,
    power_dns: [PowerDns; 2],
    prod: Endpoint,
    dr: Endpoint,
    entries: Vec<(Shape, Target)>,
    services: Vec<Guarded>,
}

/// Runs the section.
///
/// # Errors
///
/// When a server does not answer as it should; nothing about time is an error.
pub(super) fn run(programs: &Programs, repetitions: u32, random: &mut fastrand::Rng) -> anyhow::Result<Peers> {
    let mut bench = Bench::start(programs)?;
    let mut columns: Vec<Vec<Duration>> = bench.entries.iter().map(|_| Vec::new()).collect();
    for number in 1..=repetitions {
        let took = bench.repeat(random)?;
        let words = bench.entries.iter().zip(&took);
        let words: Vec<String> =
            words.map(|((shape, _), took)| format!("{} {}", shape.label(), length(*took))).collect();
        say(&format!("peers {number}/{repetitions}: {}", words.join(", ")));
        columns.iter_mut().zip(took).for_each(|(column, took)| column.push(took));
    }
    Ok(bench.report(columns))
}

impl Peers {
    /// Ours with the same interval and as many failed checks.
    pub(super) fn beside(&self, rival: &Shape) -> Option<&Rival> {
        let like = |other: &&Rival| {
            let Shape { name, interval_s, failures, .. } = other.shape;
            name == OURS[0].name && interval_s == rival.interval_s && failures == rival.failures
        };
        self.rivals.iter().find(like)
    }
}

impl Shape {
    /// Names it on one line: who, how often it checks, and how many failed checks it wants.
    fn label(&self) -> String {
        format!("{} {} s × {}", self.name, self.interval_s, self.failures)
    }

    fn settings(&self) -> Settings {
        let (interval, timeout) = (Duration::from_secs(self.interval_s.into()), Duration::from_secs(TIMEOUT_S.into()));
        // Half the interval, as in the failover section.
        Settings { interval, timeout: timeout.min(interval / 2), fall: self.failures }
    }
}

fn policies() -> String {
    OURS.map(|shape| shape.settings().policy(shape.record)).join("\n")
}

impl Bench {
    fn start(programs: &Programs) -> anyhow::Result<Self> {
        let sandbox = Sandbox::new();
        let (prod, dr, port) = (sandbox.another_ip(), sandbox.another_ip(), sandbox.port());
        let endpoint = |ip| Endpoint::start(&sandbox, SocketAddr::new(ip, port));
        let (prod_endpoint, dr_endpoint) = (endpoint(prod), endpoint(dr));
        let prefer = |Shape { record, failures, .. }| Preference { name: String::from(record), failures, prod, dr };
        let gdnsd = Gdnsd::start(&sandbox, &GDNSD.map(prefer), port);
        let power_dns = POWER_DNS.map(|shape| PowerDns::start(&sandbox, &[prefer(shape)], port, shape.interval_s));
        let services = OURS.map(|Shape { record, .. }| Guarded::new(record, record, prod, dr)).to_vec();
        let blueprint = Blueprint { layout: Layout::OwnKnot, services: services.clone(), policies: policies(), port };
        let installation = Installation::start(&sandbox, programs, blueprint)?;
        let ours = OURS.iter().zip(&installation.auths).map(|(shape, auth)| (*shape, auth.address()));
        let theirs = GDNSD.map(|shape| (shape, gdnsd.address()));
        let others = POWER_DNS.iter().zip(&power_dns).map(|(shape, server)| (*shape, server.address()));
        let entries = ours.chain(theirs).chain(others).map(|(shape, server)| entry(shape, server));
        let entries = entries.collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Self { installation, gdnsd, power_dns, prod: prod_endpoint, dr: dr_endpoint, entries, services })
    }

    fn repeat(&mut self, random: &mut fastrand::Rng) -> anyhow::Result<Vec<Duration>> {
        self.installation.until_steady();
        // Where in the interval the kill falls decides how long the next check is away.
        thread::sleep(Duration::from_secs(INTERVAL_S.into()).mul_f64(random.f64()));
        let watch = self.watch(&self.dr);
        let killed = Moment::now();
        self.prod.process().kill9();
        let served = watch.finish()?;
        self.recover()?;
        Ok(served.iter().map(|moment| moment.instant.duration_since(killed.instant)).collect())
    }

    /// Back to prod everywhere: the peers by themselves, ours by an operator's order.
    fn recover(&mut self) -> anyhow::Result<()> {
        self.prod.restart();
        let watch = self.watch(&self.prod);
        let api = &self.installation.api;
        for Guarded { service, .. } in &self.services {
            api.until_proven(service);
            let decision = api.fail_back(service)?;
            api.until_done(&decision);
        }
        watch.finish()?;
        Ok(())
    }

    fn watch(&self, wanted: &Endpoint) -> Watch {
        let ip = wanted.address().ip();
        let targets: Vec<_> = self.entries.iter().map(|(_, target)| (target.clone(), ip)).collect();
        Watch::start(&targets, PATIENCE)
    }

    fn report(self, columns: Vec<Vec<Duration>>) -> Peers {
        let figures = self.entries.into_iter().zip(columns);
        let rivals = figures.map(|((shape, _), took)| Rival { shape, served: summary(took) }).collect();
        // The addresses are another run's next time, and the page should not change for that.
        let (prod, dr) = (self.prod.address().ip().to_string(), self.dr.address().ip().to_string());
        let [slow, _] = self.power_dns;
        let excerpts = [
            ("Ours, policies:", policies()),
            ("gdnsd, config:", self.gdnsd.excerpt().to_owned()),
            ("PowerDNS, pdns.conf and the record; a second server has an interval of 1:", slow.excerpt().to_owned()),
        ];
        let excerpts = excerpts.map(|(title, text)| (title.to_owned(), text.replace(&prod, "PROD").replace(&dr, "DR")));
        Peers { rivals, excerpts: excerpts.into() }
    }
}

fn entry(shape: Shape, server: SocketAddr) -> anyhow::Result<(Shape, Target)> {
    let name = installation::owner(shape.record)?;
    Ok((shape, Target { label: shape.label(), server, name }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_is_compared_with_ours_of_the_same_interval_and_threshold() {
        let shapes = OURS.into_iter().chain(GDNSD).chain(POWER_DNS);
        let rivals = shapes.map(|shape| Rival { shape, served: summary([Duration::from_secs(1)]) }).collect();
        let peers = Peers { rivals, excerpts: Vec::new() };
        for rival in &peers.rivals {
            let ours = peers.beside(&rival.shape).expect("ours beside each");
            assert_eq!(ours.shape.name, "ours");
            assert_eq!(ours.shape.interval_s, rival.shape.interval_s);
            assert_eq!(ours.shape.failures, rival.shape.failures);
        }
    }
}
