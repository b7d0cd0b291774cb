//! Ours as it is measured: a primary with a secondary, three monitors and a controller on SQLite, from release builds.
//!
//! Unlike [`crate::World`] it takes its programs from where they were built for it, guards as many services as a section
//! wants, each with a policy of its own, and writes addresses that are probed, as an operator's configuration does.

use std::net::{IpAddr, SocketAddr};

use anyhow::Context as _;
use dns_core::identifier::ServiceName;
use hickory_proto::rr::Name;

use super::api::Api;
use super::programs::Programs;
use crate::http;
use crate::process::{Process, Program, Sandbox};
use crate::until::PATIENCE;
use crate::{AuthServer, Kind, Setup};

/// The zone that all records are in or below.
pub(super) const ZONE: &str = "example.test";

/// The controller's only token; loopback and a temporary folder keep it.
const TOKEN: &str = "a-token-for-benchmarks";

/// How many vantage points: the smallest number with a quorum of two that survives the loss of one.
pub(super) const MONITORS: usize = 3;

/// The provider's keys beside addresses and key; the rest are defaults.
pub(super) const PROVIDER: &str = "timeout: 2s, readInterval: 10s";

/// One guarded A record, in the zone under the service's name.
#[derive(Clone, Debug)]
pub(super) struct Guarded {
    /// The service and the record.
    pub(super) service: ServiceName,
    /// The policy, by name.
    pub(super) policy: &'static str,
    /// The preferred endpoint.
    pub(super) prod: IpAddr,
    /// The other one.
    pub(super) dr: IpAddr,
}

/// Which name servers hold the services' records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One zone for all, on a primary and a secondary of this kind.
    Shared(Kind),
    /// A zone for each service, on a Knot of its own. Knot 3.2 holds an UPDATE that comes within a second of another one
    /// of the same zone, often until that second is over, so services that move together would measure each other.
    OwnKnot,
}

/// What to install.
#[derive(Clone, Debug)]
pub(super) struct Blueprint {
    /// Where the records are.
    pub(super) layout: Layout,
    /// The services.
    pub(super) services: Vec<Guarded>,
    /// The policies as YAML, each a line.
    pub(super) policies: String,
    /// Where every endpoint listens.
    pub(super) port: u16,
}

/// A zone with the services that have a record in it.
struct Holding {
    zone: String,
    services: Vec<Guarded>,
}

/// Everything, running.
pub(super) struct Installation {
    /// Primary and secondary, or a primary for each service, in their order.
    pub(super) auths: Vec<AuthServer>,
    /// One for each vantage point.
    pub(super) monitors: Vec<Process>,
    /// The one controller.
    pub(super) controller: Process,
    /// Its API.
    pub(super) api: Api,
    services: Vec<Guarded>,
}

impl Guarded {
    /// A service whose name is a literal or made of one.
    ///
    /// # Panics
    ///
    /// When that is no service's name.
    pub(super) fn new(name: &str, policy: &'static str, prod: IpAddr, dr: IpAddr) -> Self {
        let service = ServiceName::new(name).expect("invariant: sections name services well");
        Self { service, policy, prod, dr }
    }
}

impl Installation {
    /// Starts everything, adopts every service and waits until all are steady on prod.
    ///
    /// # Panics
    ///
    /// When something does not come up within [`PATIENCE`].
    pub(super) fn start(sandbox: &Sandbox, programs: &Programs, blueprint: Blueprint) -> anyhow::Result<Self> {
        let holdings = blueprint.holdings();
        let auths: Vec<AuthServer> = holdings.iter().map(|holding| holding.start(sandbox, blueprint.layout)).collect();
        sandbox.write("oncall.token", format!("{TOKEN}\n"));
        let listening: Vec<SocketAddr> = (0..MONITORS).map(|_| sandbox.socket()).collect();
        let config = sandbox.write("config.yaml", configuration(sandbox, &blueprint, &auths, &listening));
        let monitor = |(number, at): (usize, &SocketAddr)| {
            let name = vantage(number);
            let program = Program::at(&programs.monitor).label(format!("monitor-{name}"));
            start(sandbox, program.arg("--config").arg(&config).args(["--vantage-point", &name]), *at)
        };
        let monitors: Vec<Process> = listening.iter().enumerate().map(monitor).collect();
        let at = sandbox.socket();
        let program = Program::at(&programs.controller).arg("--config").arg(&config);
        let controller = start(sandbox, program.args(["--instance", "controller-1"]), at);
        let api = Api::new(at, TOKEN)?;
        let installation = Self { auths, monitors, controller, api, services: blueprint.services };
        installation.arm()?;
        Ok(installation)
    }

    /// Waits until every service is at rest on prod and every region is proven.
    ///
    /// # Panics
    ///
    /// When that does not happen within [`PATIENCE`].
    pub(super) fn until_steady(&self) {
        self.services.iter().for_each(|guarded| self.api.until_steady(&guarded.service));
    }

    fn arm(&self) -> anyhow::Result<()> {
        for Guarded { service, .. } in &self.services {
            self.api.until_proven(service);
            self.api.adopt(service)?;
        }
        self.until_steady();
        self.auths.iter().for_each(AuthServer::until_secondaries_follow);
        Ok(())
    }
}

/// The full name of a record in the zone.
pub(super) fn owner(record: &str) -> anyhow::Result<Name> {
    Name::from_ascii(format!("{record}.{ZONE}.")).with_context(|| format!("`{record}` is no label"))
}

fn vantage(number: usize) -> String {
    format!("v{}", number + 1)
}

fn start(sandbox: &Sandbox, program: Program, at: SocketAddr) -> Process {
    let mut process = sandbox.start(program.args(["--listen", &at.to_string()]));
    let url = format!("http://{at}/readyz");
    process.until_ready(PATIENCE, || http::is_ok(&url, None));
    process
}

impl Blueprint {
    fn holdings(&self) -> Vec<Holding> {
        match self.layout {
            Layout::Shared(_) => vec![Holding { zone: ZONE.to_owned(), services: self.services.clone() }],
            Layout::OwnKnot => {
                let own = |guarded: &Guarded| Holding {
                    zone: format!("{}.{ZONE}", guarded.service),
                    services: vec![guarded.clone()],
                };
                self.services.iter().map(own).collect()
            }
        }
    }
}

impl Holding {
    fn start(&self, sandbox: &Sandbox, layout: Layout) -> AuthServer {
        let (kind, secondaries) = match layout {
            Layout::Shared(kind) => (kind, 1),
            Layout::OwnKnot => (Kind::Knot, 0),
        };
        AuthServer::start_in(sandbox, kind, Setup::new(&self.zone, &self.text()).secondaries(secondaries))
    }

    /// The label of a service's record: the service's name, or the zone itself if that is named so.
    fn label(&self, guarded: &Guarded) -> String {
        if self.zone == ZONE { guarded.service.to_string() } else { "@".to_owned() }
    }

    fn text(&self) -> String {
        let Self { zone, services } = self;
        let head =
            format!("$ORIGIN {zone}.\n$TTL 60\n@ SOA ns1 hostmaster 1 3600 600 604800 30\n@ NS ns1\nns1 A 127.0.0.1\n");
        let records = services.iter().map(|guarded| format!("{} A {}\n", self.label(guarded), guarded.prod));
        [head].into_iter().chain(records).collect()
    }
}

fn configuration(sandbox: &Sandbox, blueprint: &Blueprint, auths: &[AuthServer], monitors: &[SocketAddr]) -> String {
    let folder = sandbox.path().display();
    let points = monitors.iter().enumerate();
    let points = points.map(|(number, at)| format!("  - {{ name: {}, url: \"http://{at}\" }}\n", vantage(number)));
    let policies: Vec<String> = blueprint.policies.lines().map(|line| format!("  {line}")).collect();
    let (mut providers, mut services) = (String::new(), String::new());
    for (number, (holding, auth)) in blueprint.holdings().iter().zip(auths).enumerate() {
        providers += &provider(sandbox, number, auth);
        services.extend(holding.services.iter().map(|guarded| entry(guarded, number, holding, blueprint.port)));
    }
    format!(
        r"apiVersion: dnsfailover/v1
installation: benchmark
regions: [ {{ name: prod }}, {{ name: dr }} ]
vantagePoints:
{points}providers:
{providers}policies:
{policies}
store: {{ sqlite: {{ path: {folder}/state.db }} }}
controller: {{ tokens: [ {{ name: oncall, role: operator, file: {folder}/oncall.token }} ] }}
services:
{services}",
        points = points.collect::<Vec<_>>().concat(),
        policies = policies.join("\n"),
    )
}

/// One provider for each primary; its key is in a file of its own.
fn provider(sandbox: &Sandbox, number: usize, auth: &AuthServer) -> String {
    let (key, server, zone) = (auth.key(), auth.address(), auth.zone());
    let secret = sandbox.write(format!("tsig-{number}.secret"), format!("{}\n", key.secret()));
    let servers: Vec<String> = auth.addresses().iter().map(|server| format!("\"{server}\"")).collect();
    // Knot gathers changes for a second before it notifies its secondaries itself.
    let secondaries = servers.iter().skip(1).cloned().collect::<Vec<_>>().join(", ");
    let (servers, name, algorithm, secret) = (servers.join(", "), key.name(), key.algorithm(), secret.display());
    format!(
        "  p{number}:\n    rfc2136: {{ server: \"{server}\", zones: [{zone}], authoritativeServers: [{servers}], \
         notify: [{secondaries}], {PROVIDER},\n      tsig: {{ name: {name}, algorithm: {algorithm}, secretFile: {secret} }} }}\n"
    )
}

fn entry(guarded: &Guarded, provider: usize, holding: &Holding, port: u16) -> String {
    let Guarded { service, policy, prod, dr } = guarded;
    let (zone, label) = (&holding.zone, holding.label(guarded));
    let region = |name: &str, ip: &IpAddr| {
        let probe = format!("{{ http: {{ path: /healthz, port: {port} }} }}");
        format!("      - {{ name: {name}, endpoints: [ {{ address: {ip} }} ], probes: [ {probe} ] }}\n")
    };
    format!(
        "  - name: {service}\n    mode: active\n    zone: {zone}\n    providers: [p{provider}]\n    policy: {policy}\n    \
         records: [ {{ name: \"{label}\", type: A, ttl: 60s }} ]\n    regions:\n{}{}",
        region("prod", prod),
        region("dr", dr)
    )
}
