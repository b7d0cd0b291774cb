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
mod look;
mod plan;
mod relay;
mod sampler;
mod starting;
mod watch;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use self::configuration::{configuration, edit_configuration};
pub use self::front::Front;
pub use self::host::cloudflare::Account;
pub use self::host::powerdns::PowerDnsApi;
pub use self::host::relayed::Relayed;
pub use self::host::route53::HostedZone;
pub use self::host::walled::Walled;
pub use self::host::{ByHand, Declared, Host};
pub use self::look::fence_value;
pub use self::plan::{Hearing, Plan, Region};
pub use self::relay::{Damage, Framing, Relay, Toll};
pub use self::sampler::{Sampler, Snapshot};
use self::starting::{Controller, certify, start_controller, start_monitor};
pub use self::watch::Watch;
use crate::{AuthServer, Authority, Daemon, Endpoint, Launch, PATIENCE, Proxy, Sandbox, Setup, until};

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
        // On a busy machine every endpoint may be proven before a zone was read for the first time.
        until("the service is adopted", PATIENCE, || {
            let (code, out, err) = self.admin(&["adopt", SERVICE, "--reason", "test", "--wait"]);
            let unread = err.contains("zoneKnown");
            assert!(code == 0 || unread, "adopt: {out}{err}");
            if unread { Err(err) } else { Ok(()) }
        });
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
}
