//! A whole installation: a provider that holds a zone, two regions with an HTTP endpoint each, monitors and a controller,
//! all on loopback addresses of one sandbox. The programs are real processes; the provider is an authoritative server, or
//! a [`Host`] such as the stand-in of an API.
//!
//! Intervals are short, so that a failover takes a second or two. Records point to documentation addresses (RFC 5737,
//! RFC 3849) and the probes to nginx, so nothing that is asked for leaves the machine.

mod configuration;
mod disk;
mod evidence;
mod front;
mod host;
mod relay;
mod sampler;
mod watch;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde_json::Value;

use self::configuration::{configuration, edit_configuration, own_configuration};
pub use self::front::Front;
pub use self::host::cloudflare::Account;
pub use self::host::powerdns::PowerDnsApi;
pub use self::host::relayed::Relayed;
pub use self::host::route53::HostedZone;
pub use self::host::walled::Walled;
pub use self::host::{ByHand, Declared, Host};
pub use self::relay::{Damage, Framing, Relay, Toll};
pub use self::sampler::{Sampler, Snapshot};
pub use self::watch::Watch;
use crate::auth::query_at;
use crate::daemon::admin_with;
use crate::{AuthServer, Authority, Daemon, Endpoint, Kind, Launch, PATIENCE, Proxy, Sandbox, Setup, until};

/// The zone that every world serves.
pub const ZONE: &str = "example.test";

/// The service that every world guards.
pub const SERVICE: &str = "checkout";

/// Where the service's fence is.
pub const FENCE_NAME: &str = "_checkout._failover.example.test";

/// The zone as it is before anything has moved: everything in prod.
pub const ZONE_TEXT: &str = "\
$ORIGIN example.test.
$TTL 60
@ SOA ns1 hostmaster 1 3600 600 604800 30
@ NS ns1
@ A 192.0.2.10
ns1 A 127.0.0.1
api A 192.0.2.10
api AAAA 2001:db8:1::10
*.wild A 192.0.2.10
www CNAME lb-prod.example.net.
unguarded A 203.0.113.1
";

/// Every guarded record: name, type, value in prod, value in dr.
pub const RECORDS: [(&str, &str, &str, &str); 5] = [
    ("example.test", "A", "192.0.2.10", "198.51.100.10"),
    ("api.example.test", "A", "192.0.2.10", "198.51.100.10"),
    ("api.example.test", "AAAA", "2001:db8:1::10", "2001:db8:2::10"),
    ("any.wild.example.test", "A", "192.0.2.10", "198.51.100.10"),
    ("www.example.test", "CNAME", "lb-prod.example.net.", "lb-dr.example.net."),
];

/// One of the two regions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// The preferred one.
    Prod,
    /// The other.
    Dr,
}

impl Region {
    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prod => "prod",
            Self::Dr => "dr",
        }
    }
}

/// How the controller hears the monitors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// Plain HTTP on loopback.
    Plain,
    /// The same, through a [`Proxy`] for each monitor.
    Proxied,
    /// TLS and a token; the controller's API speaks TLS, too.
    Tls,
}

/// What differs from the ordinary installation.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The authoritative server.
    pub kind: Kind,
    /// The service's mode.
    pub mode: &'static str,
    /// The policy, as a YAML flow mapping's inside.
    pub policy: String,
    /// Further keys of the provider, as a YAML flow mapping's inside.
    pub provider: String,
    /// How many monitors.
    pub monitors: usize,
    /// How the controller hears them.
    pub hearing: Hearing,
    /// How many of them, the first ones, stand inside the network of the provider's servers: they have the label
    /// `side: inside`, and with any of them monitors take the controller's questions.
    pub inside: usize,
    /// Whether vantage points have a control target, which is nobody's endpoint.
    pub controlled: bool,
    /// Further services, which only observe the same regions: each has a record of its own.
    pub observers: usize,
    /// `DNS_FAILPOINTS` of the controller.
    pub failpoints: Option<String>,
    /// Lines of `sh` that prepare a small disk of the controller's own for its store, see [`Launch::on_own_disk`];
    /// without them the store is in the sandbox.
    pub disk: Option<String>,
    /// Whether to wait until the controller is ready: it never is without its store.
    pub ready: bool,
    /// Whether to adopt the service and wait until it is steady on prod, with dr proven.
    pub armed: bool,
}

impl Plan {
    /// The ordinary installation on a kind of server.
    pub fn on(kind: Kind) -> Self {
        Self {
            kind,
            mode: "active",
            policy: "interval: 250ms, timeout: 200ms, detection: { fall: 2, rise: 2 }, quorum: 2, readyFor: 1s, \
                     cooldown: 10m, verifyWithin: 20s"
                .to_owned(),
            provider: "timeout: 2s, readInterval: 500ms, permit: 5s".to_owned(),
            monitors: 3,
            hearing: Hearing::Plain,
            inside: 0,
            controlled: false,
            observers: 0,
            failpoints: None,
            disk: None,
            ready: true,
            armed: true,
        }
    }
}

/// The installation.
pub struct World<H = AuthServer> {
    /// Where everything lives.
    pub sandbox: Sandbox,
    /// Who holds the zone.
    pub auth: H,
    /// The endpoint of prod.
    pub prod: Endpoint,
    /// The endpoint of dr.
    pub dr: Endpoint,
    /// The monitors.
    pub monitors: Vec<Daemon>,
    /// The controller.
    pub controller: Daemon,
    /// What stands between the controller and each monitor, if the plan wants it.
    pub proxies: Vec<Proxy>,
    /// The control target of every vantage point, if the plan wants one.
    pub control: Option<Endpoint>,
    /// Who signed everyone's certificate, if the plan wants TLS.
    pub authority: Option<Authority>,
    /// The configuration file that all of them read.
    pub config: PathBuf,
    token: PathBuf,
    on_own_disk: bool,
    environment: Vec<(String, String)>,
}

struct Addresses {
    prod: IpAddr,
    dr: IpAddr,
    port: u16,
    monitors: Vec<SocketAddr>,
    /// Where the controller subscribes to each monitor.
    evidence: Vec<SocketAddr>,
    control: Option<SocketAddr>,
}

impl World {
    /// Starts everything, and arms the service unless the plan says otherwise.
    ///
    /// # Panics
    ///
    /// When something does not come up within [`PATIENCE`].
    pub fn start(plan: &Plan) -> Self {
        let zone_text = ZONE_TEXT.to_owned() + &configuration::observed_records(plan.observers);
        Self::start_at(plan, |sandbox| AuthServer::start_in(sandbox, plan.kind, Setup::new(ZONE, &zone_text)))
    }

    /// The one region whose values all guarded records have, in a transfer: the zone as it was at one moment, in which
    /// a move is never half done.
    ///
    /// # Panics
    ///
    /// When the records are no region's, or the primary transfers nothing.
    pub fn served_whole(&self) -> Region {
        let zone = self.auth.transfer().expect("the zone is transferred");
        let has = |region: Region| {
            RECORDS.iter().all(|(name, rtype, prod, dr)| {
                let owner = name.replace("any.wild", "*.wild");
                let value = if region == Region::Prod { prod } else { dr };
                let start = format!("{owner}. 60 IN {rtype} ");
                let values: Vec<&str> = zone.iter().filter_map(|line| line.strip_prefix(start.as_str())).collect();
                values == [*value]
            })
        };
        let found = [Region::Prod, Region::Dr].into_iter().find(|region| has(*region));
        found.unwrap_or_else(|| panic!("the records are no region's: {zone:#?}"))
    }

    /// Waits until the primary serves a region's values, and looks that it serves one region's all the while.
    ///
    /// # Panics
    ///
    /// When that does not happen within [`PATIENCE`], or when records are seen mixed.
    pub fn until_moved_whole(&self, region: Region) {
        until(&format!("all records are {}'s", region.name()), PATIENCE, || {
            if self.served_whole() == region { Ok(()) } else { Err(self.service()["summary"].clone()) }
        });
    }
}

impl<H: Host> World<H> {
    /// Starts everything around a host, which `host` starts first. The plan's kind of server and its observers are for
    /// [`start`](World::start) only.
    ///
    /// # Panics
    ///
    /// When something does not come up within [`PATIENCE`].
    pub fn start_at(plan: &Plan, host: impl FnOnce(&Sandbox) -> H) -> Self {
        let sandbox = Sandbox::new();
        let auth = host(&sandbox);
        let listening: Vec<SocketAddr> = (0..plan.monitors).map(|_| sandbox.socket()).collect();
        let behind_one = listening.iter().filter(|_| plan.hearing == Hearing::Proxied);
        let proxies: Vec<Proxy> = behind_one.map(|at| Proxy::start(&sandbox, *at)).collect();
        let control = plan.controlled.then(|| Endpoint::start(&sandbox, sandbox.socket()));
        let authority = (plan.hearing == Hearing::Tls).then(|| certify(&sandbox, plan.monitors));
        let addresses = Addresses {
            prod: sandbox.another_ip(),
            dr: sandbox.another_ip(),
            port: sandbox.port(),
            evidence: if proxies.is_empty() { listening.clone() } else { proxies.iter().map(Proxy::address).collect() },
            monitors: listening,
            control: control.as_ref().map(Endpoint::address),
        };
        let prod = Endpoint::start(&sandbox, SocketAddr::new(addresses.prod, addresses.port));
        let dr = Endpoint::start(&sandbox, SocketAddr::new(addresses.dr, addresses.port));
        let token = sandbox.write("oncall.token", "a-token-for-tests\n");
        sandbox.write("viewer.token", "a-token-that-reads\n");
        sandbox.write("evidence.token", "a-token-for-evidence\n");
        let providers = auth.providers("main", &sandbox, &plan.provider);
        let config = sandbox.write("config.yaml", configuration(plan, &sandbox, &providers, &addresses));
        let monitors: Vec<Daemon> = addresses
            .monitors
            .iter()
            .enumerate()
            .map(|(number, at)| start_monitor(&sandbox, &config, number, *at, authority.as_ref()))
            .collect();
        let environment = auth.environment();
        let first = Controller {
            failpoints: plan.failpoints.as_deref(),
            disk: plan.disk.as_deref(),
            ready: plan.ready,
            environment: &environment,
        };
        let controller = start_controller(&sandbox, &config, "controller-1", first, authority.as_ref());
        let world = Self {
            sandbox,
            auth,
            prod,
            dr,
            monitors,
            controller,
            proxies,
            control,
            authority,
            config,
            token,
            on_own_disk: plan.disk.is_some(),
            environment,
        };
        if plan.armed {
            world.arm();
        }
        world
    }

    /// Adopts the service and waits until it is steady on prod with both regions proven.
    ///
    /// # Panics
    ///
    /// When that does not happen.
    pub fn arm(&self) {
        self.until_proven(Region::Prod);
        self.until_proven(Region::Dr);
        let (code, out, err) = self.admin(&["adopt", SERVICE, "--reason", "test", "--wait"]);
        assert_eq!(code, 0, "adopt: {out}{err}");
        self.until_state("steady on the preferred region");
    }

    /// Starts a further controller with a store of its own, on a configuration that `edit` makes of the common one.
    pub fn further_controller(&self, name: &str, edit: impl FnOnce(&str) -> String) -> Daemon {
        let text = std::fs::read_to_string(&self.config).expect("the configuration was written");
        let config = self.sandbox.write(format!("{name}-base.yaml"), edit(&text));
        let further = Controller { failpoints: None, disk: None, ready: true, environment: &self.environment };
        start_controller(&self.sandbox, &config, name, further, None)
    }

    /// Starts the first controller a second time, beside itself, and does not wait.
    pub fn another_controller_on_the_same_store(&self) -> Daemon {
        let own = self.sandbox.path().join("controller-1.yaml");
        let launch = Launch::new("failover-controller").label("controller-1-again").arg("--config").arg(own);
        Daemon::spawn(&self.sandbox, launch.arg("--instance").arg("controller-1"))
    }

    /// Changes the first controller's configuration, which only it reads, and starts it again.
    ///
    /// # Panics
    ///
    /// When the edit changes nothing, or the controller does not come up with it within [`PATIENCE`].
    pub fn reconfigure(&mut self, edit: impl FnOnce(&str) -> String) {
        edit_configuration(&self.sandbox, "controller-1", edit);
        self.controller.restart();
    }

    /// Changes the configuration of one monitor, which only it reads, and starts it again.
    ///
    /// # Panics
    ///
    /// As [`reconfigure`](Self::reconfigure).
    pub fn reconfigure_monitor(&mut self, number: usize, edit: impl FnOnce(&str) -> String) {
        edit_configuration(&self.sandbox, &format!("v{number}"), edit);
        self.monitors[number].restart();
    }

    /// The monitor's endpoint process of a region.
    pub fn endpoint(&mut self, region: Region) -> &mut Endpoint {
        match region {
            Region::Prod => &mut self.prod,
            Region::Dr => &mut self.dr,
        }
    }

    /// Runs `dns-admin` against the first controller with the operator's token.
    pub fn admin(&self, args: &[&str]) -> (i32, String, String) {
        self.admin_at(&self.controller, args)
    }

    /// Runs `dns-admin` against a controller with the operator's token.
    pub fn admin_at(&self, controller: &Daemon, args: &[&str]) -> (i32, String, String) {
        let (server, token) = (controller.url(), self.token.to_string_lossy());
        let mut env = vec![("DNS_ADMIN_SERVER", server.as_str()), ("DNS_ADMIN_TOKEN_FILE", &*token)];
        let ca = controller.ca().map(|ca| ca.to_string_lossy());
        env.extend(ca.as_ref().map(|ca| ("DNS_ADMIN_CA", &**ca)));
        admin_with(args, &env, "")
    }

    /// The service as the first controller's API tells it.
    pub fn service(&self) -> Value {
        self.service_at(&self.controller)
    }

    /// The service as a controller's API tells it; null while it does not answer.
    pub fn service_at(&self, controller: &Daemon) -> Value {
        let (_, out, _) = self.admin_at(controller, &["service", "show", SERVICE, "--output", "json"]);
        serde_json::from_str(&out).unwrap_or(Value::Null)
    }

    /// Every history row of the service, oldest first.
    pub fn history(&self) -> Vec<Value> {
        self.history_at(&self.controller)
    }

    /// Every history row of the service at a controller, oldest first.
    pub fn history_at(&self, controller: &Daemon) -> Vec<Value> {
        let args = ["history", "--service", SERVICE, "--after", "0", "--limit", "1000", "--output", "json"];
        let (_, out, _) = self.admin_at(controller, &args);
        let page: Value = serde_json::from_str(&out).unwrap_or(Value::Null);
        page["rows"].as_array().cloned().unwrap_or_default()
    }

    /// The kinds of all history rows, oldest first.
    pub fn history_kinds(&self) -> Vec<String> {
        self.history().iter().map(|row| row["kind"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The controller's metrics.
    pub fn metrics(&self) -> String {
        self.controller.metrics()
    }

    /// Waits until the controller's metrics have a line.
    ///
    /// # Panics
    ///
    /// When they have not within [`PATIENCE`].
    pub fn until_metric(&self, line: &str) {
        until(&format!("a metric is `{line}`"), PATIENCE, || {
            let metrics = self.metrics();
            if metrics.lines().any(|found| found == line) { Ok(()) } else { Err(metrics) }
        });
    }

    /// Waits until `dns-admin status` says something.
    ///
    /// # Panics
    ///
    /// When it does not within [`PATIENCE`].
    pub fn until_status_says(&self, words: &str) {
        until(&format!("the status says `{words}`"), PATIENCE, || {
            let (_, out, err) = self.admin(&["status"]);
            if out.contains(words) { Ok(()) } else { Err(out + &err) }
        });
    }

    /// Waits until the service is in a state.
    ///
    /// # Panics
    ///
    /// When it does not get there within [`PATIENCE`].
    pub fn until_state(&self, state: &str) {
        until(&format!("the service is {state}"), PATIENCE, || {
            let service = self.service();
            if service["summary"]["state"] == state { Ok(()) } else { Err(service["summary"].to_string()) }
        });
    }

    /// Waits until records may move to a region.
    ///
    /// # Panics
    ///
    /// When that does not happen within [`PATIENCE`].
    pub fn until_proven(&self, region: Region) {
        until(&format!("{} is proven", region.name()), PATIENCE, || {
            let service = self.service();
            let regions = service["summary"]["regions"].as_array().cloned().unwrap_or_default();
            let proven = regions.iter().any(|found| found["name"] == region.name() && found["proven"] == true);
            if proven { Ok(()) } else { Err(service["summary"].to_string()) }
        });
    }

    /// Waits until a history row of a kind is there and returns the first one.
    ///
    /// # Panics
    ///
    /// When there is none within [`PATIENCE`].
    pub fn until_history(&self, kind: &str) -> Value {
        until(&format!("history has {kind}"), PATIENCE, || {
            let rows = self.history();
            rows.iter().find(|row| row["kind"] == kind).cloned().ok_or_else(|| format!("{:?}", kinds(&rows)))
        })
    }

    /// The region whose values `dig` sees at a server, if all guarded records are one region's.
    pub fn served_at(&self, server: SocketAddr) -> Option<Region> {
        let is = |region: Region| {
            RECORDS.iter().all(|(name, rtype, prod, dr)| {
                let value = if region == Region::Prod { prod } else { dr };
                query_at(server, name, rtype) == [*value]
            })
        };
        [Region::Prod, Region::Dr].into_iter().find(|region| is(*region))
    }

    /// The region whose values `dig` sees at the first authoritative server.
    ///
    /// # Panics
    ///
    /// When the host has none.
    pub fn served(&self) -> Option<Region> {
        self.served_at(self.first_server())
    }

    fn first_server(&self) -> SocketAddr {
        self.auth.servers().first().copied().expect("invariant: a host has a server")
    }

    /// Waits until every authoritative server serves a region's values for all records.
    ///
    /// # Panics
    ///
    /// When that does not happen within [`PATIENCE`].
    pub fn until_served(&self, region: Region) {
        for server in self.auth.servers() {
            until(&format!("{server} serves {}", region.name()), PATIENCE, || {
                let served = self.served_at(server);
                if served == Some(region) { Ok(()) } else { Err(format!("{served:?}, {}", self.service()["summary"])) }
            });
        }
    }

    /// The fence as `dig` sees it at the first authoritative server, all strings in one.
    ///
    /// # Panics
    ///
    /// When the host has none.
    pub fn fence(&self) -> String {
        let strings = query_at(self.first_server(), FENCE_NAME, "TXT");
        strings.join("").replace("\" \"", "").replace('"', "")
    }

    /// A value of the fence.
    ///
    /// # Panics
    ///
    /// As [`fence`](Self::fence).
    pub fn fence_value(&self, key: &str) -> String {
        fence_value(&self.fence(), key)
    }

    /// A number of the fence.
    ///
    /// # Panics
    ///
    /// When it is none.
    pub fn fence_number(&self, key: &str) -> u64 {
        let value = self.fence_value(key);
        value.parse().unwrap_or_else(|_| panic!("{key} is `{value}` in {}", self.fence()))
    }
}

/// A value of a fence's text; empty if it has no such key.
pub fn fence_value(fence: &str, key: &str) -> String {
    let mut pairs = fence.split(';').filter_map(|pair| pair.split_once('='));
    pairs.find(|(found, _)| *found == key).map(|(_, value)| value.to_owned()).unwrap_or_default()
}

fn kinds(rows: &[Value]) -> Vec<&str> {
    rows.iter().filter_map(|row| row["kind"].as_str()).collect()
}

/// Makes an authority and a certificate for each process, by its name and its address.
fn certify(sandbox: &Sandbox, monitors: usize) -> Authority {
    let authority = Authority::new(sandbox, "ca");
    let address = sandbox.ip().to_string();
    authority.issue("controller-1", &[&address]);
    for number in 0..monitors {
        let name = format!("v{number}");
        authority.issue(&name, &[&name, &address]);
    }
    authority
}

fn start_monitor(
    sandbox: &Sandbox,
    config: &Path,
    number: usize,
    at: SocketAddr,
    authority: Option<&Authority>,
) -> Daemon {
    let name = format!("v{number}");
    let own = own_configuration(sandbox, config, &name, "none.db");
    let launch = Launch::new("dns-monitor").label(&format!("monitor-{name}")).arg("--config").arg(own);
    let launch = launch.arg("--vantage-point").arg(name).listen(at);
    Daemon::start(sandbox, speak_tls(launch, authority))
}

fn speak_tls(launch: Launch, authority: Option<&Authority>) -> Launch {
    match authority {
        Some(authority) => launch.tls(authority.certificate()),
        None => launch,
    }
}

/// How a controller is started.
#[derive(Clone, Copy)]
struct Controller<'a> {
    failpoints: Option<&'a str>,
    disk: Option<&'a str>,
    ready: bool,
    environment: &'a [(String, String)],
}

fn start_controller(
    sandbox: &Sandbox,
    config: &Path,
    name: &str,
    how: Controller<'_>,
    authority: Option<&Authority>,
) -> Daemon {
    let Controller { failpoints, disk, ready, environment } = how;
    let (mut launch, store) = match disk {
        Some(prepare) => {
            let folder = sandbox.folder(disk::FOLDER);
            (Launch::on_own_disk("failover-controller", &folder, prepare), format!("{}/state.db", disk::FOLDER))
        }
        None => (Launch::new("failover-controller"), store_name(name)),
    };
    let own = own_configuration(sandbox, config, name, &store);
    launch = launch.label(name).arg("--config").arg(own).arg("--instance").arg(name);
    if let Some(failpoints) = failpoints {
        launch = launch.env("DNS_FAILPOINTS", failpoints);
    }
    let launch = environment.iter().fold(launch, |launch, (name, value)| launch.env(name, value));
    let launch = speak_tls(launch, authority);
    if ready { Daemon::start(sandbox, launch) } else { Daemon::spawn(sandbox, launch) }
}

/// The first controller's store has the name that people know.
fn store_name(controller: &str) -> String {
    if controller == "controller-1" { "state.db".to_owned() } else { format!("{controller}.db") }
}
