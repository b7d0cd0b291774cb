//! `dns-sync daemon` end to end: what a hidden primary changes is served by providers that cannot transfer, and whatever is
//! killed, refused or changed by others meanwhile, both end equal.

mod files;
mod limits;
mod others;
mod random;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::Value;
use tests::command::{Finished, run_at};
use tests::daemon::our_program;
use tests::world::{Host, HostedZone, PowerDnsApi};
use tests::{AuthServer, Daemon, Kind, Launch, PATIENCE, Sandbox, Setup, until, until_eq};

const ZONE: &str = "example.test";

/// What the source begins with.
const SOURCE: &str = "\
$ORIGIN example.test.
$TTL 300
@ SOA ns1 hostmaster 7 3600 600 604800 30
@ NS ns1
@ MX 10 mail
ns1 60 A 127.0.0.1
api 60 A 192.0.2.1
api 60 A 192.0.2.2
mail A 192.0.2.25
www CNAME api
";

/// A hidden primary, the targets that follow it, and the configuration.
struct Rig {
    // First, so that it ends before those whom it asks.
    daemon: Option<Daemon>,
    hidden: AuthServer,
    targets: Vec<(&'static str, Box<dyn Host>)>,
    config: PathBuf,
    listen: SocketAddr,
    sandbox: Sandbox,
}

impl Rig {
    /// Starts everything but the daemon, and makes the targets equal to the source by hand: as on a first day.
    fn start(
        targets: impl FnOnce(&Sandbox) -> Vec<(&'static str, Box<dyn Host>)>,
        limits: &str,
        options: &str,
    ) -> Self {
        let sandbox = Sandbox::new();
        let notify = sandbox.socket();
        let setup = Setup::new(ZONE, SOURCE).secondaries(0).also_notify(notify);
        let hidden = AuthServer::start_in(&sandbox, Kind::Knot, setup);
        let targets = targets(&sandbox);
        let entries = hidden.providers("hidden", &sandbox, "timeout: 5s").into_iter();
        let declared = targets.iter().flat_map(|(name, host)| host.providers(name, &sandbox, "timeout: 5s"));
        let entries: Vec<String> =
            entries.chain(declared).map(|one| format!("  {}:\n    {}\n", one.name, one.kind)).collect();
        let names: Vec<&str> = targets.iter().map(|(name, _)| *name).collect();
        let text = format!(
            "apiVersion: dnsfailover/v1\ninstallation: acme\nproviders:\n{}sync:\n  folder: {}\n  zones:\n    - {{ zone: {ZONE}, \
             source: {{ provider: hidden }}, targets: [{}], limits: {{ {limits} }} }}\n  daemon: {{ notify: {{ listen: \"{notify}\", from: [127.0.0.1] }}, {options} }}\n",
            entries.concat(),
            sandbox.path().join("state").display(),
            names.join(", "),
        );
        let config = sandbox.write("sync.yaml", text);
        let rig = Self { daemon: None, hidden, targets, config, listen: sandbox.socket(), sandbox };
        rig.apply(&["deletes", "deletesShare", "updatesShare", "allDeletesShare", "allUpdatesShare"]);
        rig
    }

    /// Makes the targets equal by hand, with these limits lifted.
    fn apply(&self, forced: &[&str]) {
        let plan = self.sandbox.path().join("plan.json").display().to_string();
        self.run(&["plan", "--out", &plan]);
        let forced: Vec<&str> = forced.iter().flat_map(|limit| ["--force", limit]).collect();
        let applied = self.run(&[["apply", plan.as_str()].as_slice(), &forced].concat());
        assert_eq!(applied.code, 0, "{applied:?}");
    }

    /// Sets limits of all zones together.
    fn limit_all(&mut self, limits: &str) {
        let text = std::fs::read_to_string(&self.config).expect("the configuration");
        let text = text.replace("\nsync:\n", &format!("\nsync:\n  limits: {{ {limits} }}\n"));
        self.config = self.sandbox.write("limited.yaml", text);
    }

    fn environment(&self) -> Vec<(String, String)> {
        self.targets.iter().flat_map(|(_, host)| host.environment()).collect()
    }

    fn run(&self, args: &[&str]) -> Finished {
        let environment = self.environment();
        let environment: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let config = self.config.display().to_string();
        let all = ["--config", config.as_str()].into_iter().chain(args.iter().copied()).map(str::to_owned);
        run_at(&our_program("dns-sync"), all, &environment, "")
    }

    fn start_daemon(&mut self) -> &mut Daemon {
        self.start_daemon_as(Launch::new("dns-sync"))
    }

    fn start_daemon_as(&mut self, launch: Launch) -> &mut Daemon {
        let launch = launch.arg("--config").arg(&self.config).arg("daemon").listen(self.listen);
        let launch = launch.arg("--log-format").arg("json");
        let launch = self.environment().iter().fold(launch, |launch, (name, value)| launch.env(name, value));
        self.daemon.insert(Daemon::start(&self.sandbox, launch))
    }

    fn daemon(&mut self) -> &mut Daemon {
        self.daemon.as_mut().expect("it was started")
    }

    /// What it says of its zone.
    fn report(&self) -> Value {
        let daemon = self.daemon.as_ref().expect("it was started");
        let answer = daemon.get("/api/v1/sync").expect("it answers");
        let report: Value = serde_json::from_str(&answer.body).expect("JSON");
        report["zones"][0].clone()
    }

    fn target(&self, number: usize) -> Value {
        self.report()["targets"][number].clone()
    }

    /// Waits until every target is in this state.
    fn until_all_are(&self, state: &str) {
        for number in 0..self.targets.len() {
            until(&format!("target {number} is {state}"), PATIENCE, || {
                let target = self.target(number);
                if target["state"] == state && target["unserved"] == 0 { Ok(()) } else { Err(target) }
            });
        }
    }

    /// Waits until every target is equal to the source as it is now.
    fn until_caught_up(&self) {
        let soa = self.hidden.query(ZONE, "SOA");
        let serial: u64 = soa[0].split(' ').nth(2).and_then(|serial| serial.parse().ok()).expect("a serial");
        until_eq("the source is known", PATIENCE, &serial, || {
            self.report()["source"]["serial"].as_u64().unwrap_or_default()
        });
        self.until_all_are("equal");
    }

    /// Sets one record as an operator would.
    fn zone_set(&self, owner: &str, rtype: &str, value: &str) {
        self.hidden.control(&[&["zone-begin"], &["zone-set", owner, "60", rtype, value], &["zone-commit"]]);
    }

    /// What every target serves has to become this.
    fn until_served(&self, name: &str, rtype: &str, values: &[&str]) {
        for (target, host) in &self.targets {
            until_eq(&format!("{name} {rtype} at `{target}`"), PATIENCE, values, || {
                let mut served = tests::auth::query_at(host.servers()[0], name, rtype);
                served.sort();
                served
            });
        }
    }

    fn is_equal(&self) {
        let planned = self.run(&["plan"]);
        let told: String = planned.stdout.chars().take(2000).collect();
        assert_eq!((planned.code, told.matches("nothing to do").count()), (0, self.targets.len()), "{told}");
    }

    /// The sum of a counter of all kinds at a target.
    fn counted(&self, name: &str, target: &str) -> u64 {
        let metrics = self.daemon.as_ref().expect("it was started").metrics();
        let lines =
            metrics.lines().filter(|line| line.starts_with(name) && line.contains(&format!("target=\"{target}\"")));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }
}

fn powerdns(sandbox: &Sandbox) -> (&'static str, Box<dyn Host>) {
    ("power", Box::new(PowerDnsApi::start(sandbox)))
}

fn route53(sandbox: &Sandbox) -> (&'static str, Box<dyn Host>) {
    ("route", Box::new(HostedZone::start(sandbox, tests::route53::Setup::default())))
}

/// The outcome that it exists for: a record set at a primary that nobody sees is served by providers that cannot transfer, and
/// nothing but that record is written.
#[test]
fn what_a_hidden_primary_sets_is_served_everywhere_and_nothing_else_is_written() {
    let mut rig = Rig::start(|sandbox| vec![powerdns(sandbox), route53(sandbox)], "", "");
    rig.start_daemon();
    rig.until_all_are("equal");
    rig.zone_set("new", "A", "192.0.2.77");
    rig.until_served("new.example.test", "A", &["192.0.2.77"]);
    rig.zone_set("new", "A", "192.0.2.78");
    rig.until_served("new.example.test", "A", &["192.0.2.77", "192.0.2.78"]);
    rig.hidden.edit(&["update delete www.example.test. CNAME", "update add www.example.test. 60 A 192.0.2.9"]);
    rig.until_served("www.example.test", "A", &["192.0.2.9"]);
    rig.until_caught_up();
    rig.is_equal();
    for target in ["power", "route"] {
        // One create, one update, and an exchange of two sets.
        assert_eq!(rig.counted("dns_sync_changes_total", target), 4, "{}", rig.daemon().metrics());
    }
    let report = rig.report();
    assert_eq!(report["source"]["state"], "current");
    assert_eq!(report["source"]["serial"].as_u64(), Some(10), "{report}");
    // `target` is the module in every line; a provider has a key of its own.
    let log = rig.daemon().log();
    assert!(log.contains(r#""provider":"route""#) && !log.contains(r#""target":"route""#), "{log}");
    // What was done when is told of each set.
    let written =
        log.lines().filter(|line| line.contains("dns_sync::written") && line.contains(r#""provider":"power""#));
    let written: Vec<&str> = written.collect();
    assert_eq!(written.len(), 4, "{log}");
    assert!(written[0].contains("written: 192.0.2.77 in place of nothing"), "{log}");
    assert!(written[0].contains(r#""set":"new.example.test. A""#), "{log}");
}

/// A primary that is gone takes nothing away: what is known stays, and what it says once it is back is taken.
#[test]
fn a_source_that_is_gone_takes_nothing_with_it() {
    let mut rig = Rig::start(|sandbox| vec![powerdns(sandbox)], "", "");
    rig.start_daemon();
    rig.until_all_are("equal");
    rig.hidden.primary().kill9();
    rig.hidden.restart();
    // Nobody tells of what is changed while nobody listens: the daemon asks when it starts.
    rig.daemon().process().kill9();
    rig.zone_set("later", "A", "192.0.2.88");
    rig.hidden.primary().kill9();
    rig.daemon().restart();
    until("the source fails", PATIENCE, || {
        let source = rig.report()["source"].clone();
        if source["problem"].is_string() { Ok(()) } else { Err(source) }
    });
    assert_eq!(rig.report()["source"]["state"], "unread");
    rig.until_served("www.example.test", "CNAME", &["api.example.test."]);
    rig.hidden.restart();
    rig.until_served("later.example.test", "A", &["192.0.2.88"]);
    rig.until_caught_up();
}

/// Whoever may not notify wakes nobody, and is told so; timers and those who may go on.
#[test]
fn a_notify_that_is_not_signed_wakes_nobody() {
    let mut rig = Rig::start(|sandbox| vec![powerdns(sandbox)], "", "");
    rig.start_daemon();
    rig.until_all_are("equal");
    let text = std::fs::read_to_string(&rig.config).expect("the configuration");
    let (_, rest) = text.split_once("notify: { listen: \"").expect("a listener");
    let (ip, rest) = rest.split_once(':').expect("an address");
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let told = tests::command::run("kdig", [&format!("@{ip}"), "-p", &port, "example.test", "NOTIFY"], "");
    assert!(told.stdout.contains("REFUSED"), "{told:?}");
    assert!(rig.daemon().log().contains("it is not signed"), "{}", rig.daemon().log());
    assert!(!rig.daemon().metrics().contains("dns_sync_notify_total"), "nobody was woken");
}
