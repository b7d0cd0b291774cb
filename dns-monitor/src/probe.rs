//! Probing one endpoint: a run asks every probe of the endpoint's specification once and adds up the outcomes.
//!
//! A run is good only if every probe is good, bad if any is bad, void otherwise: what one probe saw break is broken,
//! whatever another could not see. An endpoint given by host name is good when *any* of its addresses (up to
//! [`ADDRESSES_MAX`](crate::resolve::ADDRESSES_MAX)) serves; they are tried in turn, each with an equal share of the
//! timeout, because that is what a client of a load balancer does. Nothing here retries, counts or decides.

pub mod certificate;
pub mod dns;
mod fault;
pub mod http;
pub mod tcp;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dns_core::probe::{DnsProbe, ProbeSpec, TcpProbe};
use dns_core::service::Endpoint;
use futures_util::future::join_all;
use hickory_proto::rr::Name;

use self::certificate::CertificateEnd;
use self::http::HttpProber;
use crate::coverage::Target;
use crate::resolve::HostResolver;
use crate::schedule::LATENESS_MAX;

/// The result of one probe run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint did what was asked.
    Good {
        /// How long that took.
        latency: Duration,
    },
    /// It did not.
    Bad {
        /// How long it took to know.
        latency: Duration,
        /// What was wrong, for people.
        error: String,
    },
    /// The run says nothing about the endpoint: the fault is our own.
    Void {
        /// What stood in the way.
        reason: String,
    },
}

impl Outcome {
    /// As a word, for metrics and answers.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Good { .. } => "good",
            Self::Bad { .. } => "bad",
            Self::Void { .. } => "void",
        }
    }

    /// How long the run took, if it says something.
    pub fn latency(&self) -> Option<Duration> {
        match self {
            Self::Good { latency } | Self::Bad { latency, .. } => Some(*latency),
            Self::Void { .. } => None,
        }
    }

    /// What was wrong.
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Good { .. } => None,
            Self::Bad { error, .. } => Some(error),
            Self::Void { reason } => Some(reason),
        }
    }
}

/// Why a probe is not good; its prober adds the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The endpoint's fault.
    Theirs(String),
    /// Our own.
    Ours(String),
}

impl Failure {
    pub(crate) fn outcome(self, latency: Duration) -> Outcome {
        match self {
            Self::Theirs(error) => Outcome::Bad { latency, error },
            Self::Ours(reason) => Outcome::Void { reason },
        }
    }
}

/// One probe's part of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeOutcome {
    /// `dns`, `http`, `https` or `tcp`.
    pub kind: &'static str,
    /// What came out.
    pub outcome: Outcome,
}

/// Probes one endpoint.
#[derive(Debug)]
pub struct Prober {
    target: Target,
    probes: Vec<Probe>,
    resolver: Arc<HostResolver>,
}

#[derive(Debug)]
enum Probe {
    Dns(DnsProbe),
    Http(Box<HttpProber>),
    Tcp(TcpProbe),
}

impl Prober {
    /// Prepares the probes of a target; nothing is sent or read.
    pub fn new(target: Target, resolver: Arc<HostResolver>) -> Self {
        let probe = |spec: &ProbeSpec| match spec {
            ProbeSpec::Dns(spec) => Probe::Dns(spec.clone()),
            ProbeSpec::Http(spec) => Probe::Http(Box::new(HttpProber::new(&target.endpoint, spec.clone()))),
            ProbeSpec::Tcp(spec) => Probe::Tcp(spec.clone()),
        };
        let probes = target.probes.iter().map(probe).collect();
        Self { target, probes, resolver }
    }

    /// What it probes.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Runs every probe once, at the same time, within the timeout.
    pub async fn run(&self) -> Vec<ProbeOutcome> {
        let started = Instant::now();
        let (addresses, spent) = match self.addresses().await {
            Ok(found) => found,
            Err(reason) => return self.void(&reason),
        };
        let left = self.target.timeout.saturating_sub(spent);
        let outcomes = join_all(self.probes.iter().map(|probe| probe.run(&addresses, left))).await;
        // A run that took longer than it may was not running all the time: its timeouts are ours.
        let took = started.elapsed();
        if took > self.target.timeout + LATENESS_MAX {
            return self.void(&format!(
                "late: the run took {} ms, it ends after {} ms unless this process stands still",
                took.as_millis(),
                self.target.timeout.as_millis()
            ));
        }
        let named = |(probe, outcome): (&Probe, Outcome)| ProbeOutcome { kind: probe.kind(), outcome };
        self.probes.iter().zip(outcomes).map(named).collect()
    }

    /// The first of the certificates to end that were served last.
    pub fn certificate(&self) -> Option<CertificateEnd> {
        let served = self.probes.iter().filter_map(|probe| match probe {
            Probe::Http(prober) => prober.certificate(),
            Probe::Dns(_) | Probe::Tcp(_) => None,
        });
        served.min_by_key(|end| end.until)
    }

    /// What to probe, and how much of the timeout it took to know. Without asking that is nothing, exactly: clients
    /// are kept by the time that they have.
    async fn addresses(&self) -> Result<(Arc<[IpAddr]>, Duration), String> {
        match &self.target.endpoint {
            Endpoint::Address(address) => Ok(([*address].into(), Duration::ZERO)),
            Endpoint::Hostname(name) => self.resolve(name).await,
            Endpoint::LoadBalancer(alias) => self.resolve(alias.target()).await,
        }
    }

    async fn resolve(&self, name: &Name) -> Result<(Arc<[IpAddr]>, Duration), String> {
        let Target { interval, timeout, .. } = &self.target;
        self.resolver.addresses(name, *interval, *timeout).await.map_err(|error| error.to_string())
    }

    fn void(&self, reason: &str) -> Vec<ProbeOutcome> {
        let void = || Outcome::Void { reason: reason.to_owned() };
        self.probes.iter().map(|probe| ProbeOutcome { kind: probe.kind(), outcome: void() }).collect()
    }
}

impl Probe {
    fn kind(&self) -> &'static str {
        match self {
            Self::Dns(_) => "dns",
            Self::Http(prober) => prober.kind(),
            Self::Tcp(_) => "tcp",
        }
    }

    /// Tries addresses in turn until one is good.
    async fn run(&self, addresses: &[IpAddr], within: Duration) -> Outcome {
        let shares = u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
        let share = within / shares;
        let started = Instant::now();
        let mut failures = Vec::new();
        for address in addresses {
            match self.ask(*address, share).await {
                Outcome::Good { .. } => return Outcome::Good { latency: started.elapsed() },
                Outcome::Bad { error, .. } if shares > 1 => failures.push(format!("{address}: {error}")),
                Outcome::Bad { error, .. } => failures.push(error),
                // One address that could not be asked leaves the whole host name unknown, unless another is good.
                void @ Outcome::Void { .. } if shares == 1 => return void,
                Outcome::Void { reason } => {
                    return self.last_resort(addresses, *address, share, reason).await;
                }
            }
        }
        Outcome::Bad { latency: started.elapsed(), error: failures.join("; ") }
    }

    /// After a void address: good if one behind it is good, else void.
    async fn last_resort(&self, addresses: &[IpAddr], void: IpAddr, share: Duration, reason: String) -> Outcome {
        let started = Instant::now();
        for address in addresses.iter().skip_while(|address| **address != void).skip(1) {
            if let Outcome::Good { .. } = self.ask(*address, share).await {
                return Outcome::Good { latency: started.elapsed() };
            }
        }
        Outcome::Void { reason: format!("{void}: {reason}") }
    }

    async fn ask(&self, address: IpAddr, within: Duration) -> Outcome {
        match self {
            Self::Dns(spec) => dns::run(address, spec, within).await,
            Self::Http(prober) => prober.run(address, within).await,
            Self::Tcp(spec) => tcp::run(address, spec, within).await,
        }
    }
}

/// Adds up a run: bad if any is bad, else void if any is void, else good with the longest latency.
pub fn add_up(outcomes: &[ProbeOutcome]) -> Outcome {
    let outcomes = || outcomes.iter().map(|probe| &probe.outcome);
    let latency = outcomes().filter_map(Outcome::latency).max().unwrap_or_default();
    let messages = |word: &str| {
        let said = outcomes().filter(|outcome| outcome.as_str() == word).filter_map(Outcome::message);
        let said: Vec<&str> = said.collect();
        (!said.is_empty()).then(|| said.join("; "))
    };
    if let Some(error) = messages("bad") {
        return Outcome::Bad { latency, error };
    }
    match messages("void") {
        Some(reason) => Outcome::Void { reason },
        None => Outcome::Good { latency },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(words: &[&str]) -> Vec<ProbeOutcome> {
        let latency = Duration::from_millis(2);
        let outcome = |word: &&str| match *word {
            "good" => Outcome::Good { latency },
            "bad" => Outcome::Bad { latency, error: "refused".to_owned() },
            _ => Outcome::Void { reason: "no sockets".to_owned() },
        };
        words.iter().map(|word| ProbeOutcome { kind: "tcp", outcome: outcome(word) }).collect()
    }

    #[test]
    fn a_run_is_good_only_if_every_probe_is() {
        assert_eq!(add_up(&outcomes(&["good", "good"])).as_str(), "good");
        assert_eq!(add_up(&outcomes(&["good", "bad"])).as_str(), "bad");
    }

    #[test]
    fn a_bad_probe_outweighs_a_void_one_and_a_void_one_a_good_one() {
        assert_eq!(add_up(&outcomes(&["void", "bad", "bad"])).message(), Some("refused; refused"));
        assert_eq!(add_up(&outcomes(&["good", "void"])).message(), Some("no sockets"));
    }
}
