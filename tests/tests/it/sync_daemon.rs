//! `dns-sync daemon` end to end: what a hidden primary changes is served by providers that cannot transfer, and whatever is
//! killed, refused or changed by others meanwhile, both end equal.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;

use serde_json::{Value, json};
use tests::command::{Finished, run_at};
use tests::daemon::our_program;
use tests::world::{Host, HostedZone, PowerDnsApi};
use tests::{AuthServer, Daemon, Kind, Launch, PATIENCE, Sandbox, Setup, until, until_eq};

use crate::sync::{Shared, fence_text};

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
        let plan = rig.sandbox.path().join("plan.json").display().to_string();
        rig.run(&["plan", "--out", &plan]);
        let forced = ["deletesShare", "updatesShare", "allDeletesShare", "allUpdatesShare"].into_iter();
        let forced: Vec<&str> = forced.flat_map(|limit| ["--force", limit]).collect();
        let applied = rig.run(&[["apply", plan.as_str()].as_slice(), &forced].concat());
        assert_eq!(applied.code, 0, "{applied:?}");
        rig
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
        let launch = Launch::new("dns-sync").arg("--config").arg(&self.config).arg("daemon").listen(self.listen);
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
}

/// Edits as others make them all day, in messages of several; nobody waits for anybody.
struct Edits {
    random: fastrand::Rng,
    serial: u32,
}

impl Edits {
    /// Names that are edited, few enough that each is edited often.
    const NAMES: u32 = 300;

    fn new(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), serial: 0 }
    }

    /// One edit of one set: a value more, a value in place of all, or none any more.
    fn next(&mut self) -> String {
        self.serial += 1;
        let name = format!("host{}.example.test.", self.random.u32(..Self::NAMES));
        let (high, low) = (self.serial / 250 % 250, self.serial % 250);
        match self.random.u8(..10) {
            0 => format!("update delete {name} A"),
            1 => format!("update delete {name} TXT"),
            2..6 => format!("update add {name} 60 A 198.51.{high}.{low}"),
            6..8 => format!("update add {name} 60 TXT \"edit {}\"", self.serial),
            8 => format!("update add {name} 60 AAAA 2001:db8::{:x}", self.serial),
            _ => format!("update delete {name} AAAA"),
        }
    }
}

/// However often it is killed, and wherever: both end equal, and what the targets hold is what the source holds.
#[test]
fn ten_thousand_edits_with_kills_in_between_end_equal() {
    const EDITS: usize = 10_000;
    const TOGETHER: usize = 40;
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut edits = Edits::new(seed);
    // A third of the names is touched between two looks of a daemon that is down now and then.
    let limits = "deletes: 1000, deletesShare: 100%, updatesShare: 100%, shrink: 100%";
    let mut rig = Rig::start(|sandbox| vec![powerdns(sandbox), route53(sandbox)], limits, "");
    rig.limit_all("allDeletes: 10000, allDeletesShare: 100%, allUpdatesShare: 100%");
    rig.start_daemon();
    let mut kills = 0;
    for _ in 0..EDITS / TOGETHER {
        let message: Vec<String> = (0..TOGETHER).map(|_| edits.next()).collect();
        rig.hidden.edit(&message.iter().map(String::as_str).collect::<Vec<_>>());
        if edits.random.u8(..20) == 0 {
            kills += 1;
            rig.daemon().process().kill9();
            rig.daemon().restart();
        }
    }
    assert!(kills > 0, "seed {seed}");
    rig.until_caught_up();
    rig.is_equal();
    let source: Vec<String> = rig.hidden.transfer().expect("the source transfers");
    println!("{kills} kills, {} records in the end", source.len());
    assert!(source.len() > 300, "{}", source.len());
}

/// What exceeds a limit waits for a person, who does it by hand and by name; the daemon sees that and goes on.
#[test]
fn what_exceeds_a_limit_is_held_until_an_operator_has_done_it() {
    let mut rig = Rig::start(|sandbox| vec![powerdns(sandbox)], "", "checkEvery: 1s");
    let many: Vec<String> =
        (0..40).map(|one| format!("update add extra{one}.example.test. 60 A 192.0.2.{one}")).collect();
    rig.hidden.edit(&many.iter().map(String::as_str).collect::<Vec<_>>());
    rig.start_daemon();
    rig.until_caught_up();
    let gone: Vec<String> = (0..20).map(|one| format!("update delete extra{one}.example.test. A")).collect();
    rig.hidden.edit(&gone.iter().map(String::as_str).collect::<Vec<_>>());
    rig.until_all_are("held");
    let told = rig.target(0)["reasons"].to_string();
    assert!(told.contains("--force deletesShare"), "{told}");
    assert!(
        rig.daemon().metrics().contains(r#"dns_sync_target_state{zone="example.test.",target="power",state="held"} 1"#)
    );
    assert!(rig.daemon().log().contains("held, nothing is written: deletesShare"));
    rig.until_served("extra0.example.test", "A", &["192.0.2.0"]);
    let plan = rig.sandbox.path().join("plan.json").display().to_string();
    rig.run(&["plan", "--out", &plan]);
    let applied = rig.run(&["apply", &plan, "--force", "deletesShare", "--force", "shrink"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    rig.until_caught_up();
    rig.until_served("extra0.example.test", "A", &[]);
    rig.is_equal();
}

/// Each target by itself keeps the limits of its zone, both together exceed those of all: the second waits, and is told.
#[test]
fn what_exceeds_the_limits_of_all_zones_together_is_held_until_an_operator_has_done_it() {
    let mut rig = Rig::start(|sandbox| vec![powerdns(sandbox), route53(sandbox)], "", "checkEvery: 1s");
    rig.limit_all("allDeletes: 1");
    rig.start_daemon();
    rig.until_all_are("equal");
    rig.hidden.edit(&["update delete mail.example.test. A", "update delete example.test. MX"]);
    rig.until_all_are("held");
    for number in 0..2 {
        let told = rig.target(number)["reasons"].to_string();
        assert!(told.contains("allDeletes: 2 of 10 record sets of all zones within 60 min, allowed are 1"), "{told}");
    }
    rig.hidden.edit(&["update add example.test. 300 MX 10 mail"]);
    let states = || [0, 1].map(|number| rig.target(number)["state"].to_string());
    until("one goes through and the other waits", PATIENCE, || {
        let mut states = states();
        states.sort();
        if states == ["\"equal\"", "\"held\""] { Ok(()) } else { Err(states) }
    });
    // Measured every second.
    until("it is measured", PATIENCE, || {
        let metrics = rig.daemon.as_ref().expect("it was started").metrics();
        let lines = [r#"dns_sync_recent_changes{kind="delete"} 1"#, r#"dns_sync_recent_changes_max{kind="delete"} 1"#];
        if lines.iter().all(|line| metrics.contains(line)) { Ok(()) } else { Err(metrics) }
    });
    assert!(rig.daemon().log().contains("held, nothing is written: allDeletes"));
    let plan = rig.sandbox.path().join("plan.json").display().to_string();
    rig.run(&["plan", "--out", &plan]);
    let applied = rig.run(&["apply", &plan]);
    assert_eq!(applied.code, 0, "{applied:?}");
    rig.until_all_are("equal");
    rig.is_equal();
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

/// What a server of DNS UPDATE begins with.
const TARGET: &str = "\
$ORIGIN example.test.
$TTL 60
@ SOA ns1 hostmaster 1 3600 600 604800 30
@ NS ns1
ns1 A 127.0.0.1
";

/// With BIND as a target, which the test changes by hand, too.
fn with_bind(options: &str) -> (Rig, Rc<AuthServer>) {
    let mut target = None;
    let targets = |sandbox: &Sandbox| {
        let bind = Rc::new(AuthServer::start_in(sandbox, Kind::Bind, Setup::new(ZONE, TARGET)));
        target = Some(Rc::clone(&bind));
        let host: Box<dyn Host> = Box::new(Shared(bind));
        vec![("main", host)]
    };
    let rig = Rig::start(targets, "", options);
    (rig, target.expect("it was started"))
}

/// Told at once, so that whoever made it hears of it; undone when it has stood for a while.
#[test]
fn what_somebody_else_changes_is_told_and_undone_later() {
    let (mut rig, target) = with_bind("checkEvery: 500ms, repairAfter: 3s");
    rig.start_daemon();
    rig.until_all_are("equal");
    target.edit(&["update delete mail.example.test. A", "update add mail.example.test. 300 A 192.0.2.111"]);
    target.edit(&["update add stranger.example.test. 300 A 192.0.2.112"]);
    let told = until("it is told", PATIENCE, || {
        let drift = rig.target(0)["drift"].to_string();
        if drift.contains("mail") && drift.contains("stranger") { Ok(drift) } else { Err(drift) }
    });
    assert!(
        told.contains("mail.example.test. A was changed by someone else: 192.0.2.111 in place of 192.0.2.25"),
        "{told}"
    );
    assert!(told.contains("stranger.example.test. A was created by someone else"), "{told}");
    rig.until_served("mail.example.test", "A", &["192.0.2.25"]);
    rig.until_served("stranger.example.test", "A", &[]);
    rig.until_all_are("equal");
    assert_eq!(rig.target(0)["drift"].as_array().map(Vec::len), Some(0), "{}", rig.target(0));
    assert_eq!(rig.counted("dns_sync_drift_total", "main"), 2, "{}", rig.daemon().metrics());
}

/// Whoever leaves an account with a change is named, in the alarm and to whoever asks.
#[test]
fn an_alarm_names_the_account_that_powerdns_has_of_a_change() {
    let mut api = None;
    let targets = |sandbox: &Sandbox| {
        let power = PowerDnsApi::start(sandbox);
        api = Some(power.auth.api().clone());
        let host: Box<dyn Host> = Box::new(power);
        vec![("power", host)]
    };
    let mut rig = Rig::start(targets, "", "checkEvery: 500ms, repairAfter: never");
    rig.start_daemon();
    rig.until_all_are("equal");
    let changed = json!([
        { "name": "mail.example.test.", "type": "A", "ttl": 300, "changetype": "REPLACE",
          "records": [{ "content": "192.0.2.111" }], "comments": [{ "content": "ticket\u{1b}[2J 7", "account": "alice" }] },
        { "name": "api.example.test.", "type": "A", "changetype": "DELETE" },
    ]);
    api.expect("it was started").patch(ZONE, &changed);
    let [gone, mail] = until("both are told of", PATIENCE, || {
        let drift = rig.target(0)["drift"].as_array().cloned().unwrap_or_default();
        let told: Vec<Value> = drift.into_iter().filter(|one| one["attribution"].is_object()).collect();
        <[Value; 2]>::try_from(told)
    });
    let who = &mail["attribution"];
    assert_eq!((&who["by"], &who["note"], &who["basis"]), (&json!("alice"), &json!("ticket [2J 7"), &json!("comment")));
    assert!(who["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{who}");
    assert_eq!(gone["attribution"]["by"], Value::Null);
    let log = rig.daemon().log();
    let line = log.lines().find(|line| line.contains("mail.example.test. A was changed by someone else"));
    assert!(line.is_some_and(|line| line.contains("by alice, with the words")), "{log}");
    let line = log.lines().find(|line| line.contains("api.example.test. A was deleted by someone else"));
    assert!(line.is_some_and(|line| line.contains("look in the server's log")), "{log}");
}

/// Where nothing is undone, the source has the last word all the same.
#[test]
fn what_is_never_undone_is_written_when_the_source_changes_it() {
    let (mut rig, target) = with_bind("checkEvery: 500ms, repairAfter: never");
    rig.start_daemon();
    rig.until_all_are("equal");
    target.edit(&["update delete mail.example.test. A", "update add mail.example.test. 300 A 192.0.2.111"]);
    until("it is told", PATIENCE, || {
        let drift = rig.target(0)["drift"].to_string();
        if drift.contains("repairs are switched off") { Ok(()) } else { Err(drift) }
    });
    rig.zone_set("other", "A", "192.0.2.33");
    rig.until_served("other.example.test", "A", &["192.0.2.33"]);
    rig.until_served("mail.example.test", "A", &["192.0.2.111"]);
    rig.hidden.edit(&["update delete mail.example.test. A", "update add mail.example.test. 300 A 192.0.2.26"]);
    rig.until_served("mail.example.test", "A", &["192.0.2.26"]);
}

/// A controller that adopts a record while the daemon runs has it from then on, whatever the source says, and however long ago the
/// daemon has read the target.
#[test]
fn what_a_controller_takes_over_is_never_written_again() {
    let (mut rig, target) = with_bind("checkEvery: 1h");
    rig.start_daemon();
    rig.until_all_are("equal");
    target.edit(&[&format!("update add _checkout._failover.example.test. 60 TXT {}", fence_text("main"))]);
    rig.hidden.edit(&[
        "update delete api.example.test. A",
        "update add api.example.test. 60 A 192.0.2.66",
        "update add other.example.test. 60 A 192.0.2.67",
    ]);
    rig.until_served("other.example.test", "A", &["192.0.2.67"]);
    rig.until_caught_up();
    rig.until_served("api.example.test", "A", &["192.0.2.1", "192.0.2.2"]);
    assert_eq!(target.query("_checkout._failover.example.test", "TXT").len(), 1);
    // Once it is released, the source has it again.
    target.edit(&["update delete _checkout._failover.example.test. TXT"]);
    rig.zone_set("more", "A", "192.0.2.68");
    rig.until_served("api.example.test", "A", &["192.0.2.66"]);
}

/// What a target refuses is named and waits for the source; everything else goes on, but nothing is deleted that it may need.
#[test]
fn a_refused_record_holds_up_no_other_and_deletes_wait_for_it() {
    let (mut rig, _target) = with_bind("");
    rig.start_daemon();
    rig.until_all_are("equal");
    rig.hidden.edit(&[
        // BIND wants an address of its host, unless it is told otherwise.
        "update add lost.example.test. 300 MX 10 nowhere.example.test.",
        "update add more.example.test. 300 A 192.0.2.44",
        "update delete mail.example.test. A",
    ]);
    rig.until_served("more.example.test", "A", &["192.0.2.44"]);
    rig.until_all_are("refusing");
    let told = rig.target(0)["reasons"].to_string();
    assert!(told.contains("lost.example.test. MX"), "{told}");
    rig.until_served("mail.example.test", "A", &["192.0.2.25"]);
    rig.hidden.edit(&["update delete lost.example.test. MX"]);
    rig.until_served("mail.example.test", "A", &[]);
    rig.until_caught_up();
}

/// A file tells of no change by itself: it is read again and again, and one that is broken takes nothing away.
#[test]
fn a_file_is_followed_and_a_broken_one_takes_nothing_away() {
    let mut rig = Rig::start(|sandbox| vec![powerdns(sandbox)], "", "pollEvery: 200ms");
    let text = std::fs::read_to_string(&rig.config).expect("the configuration");
    let file = rig.sandbox.write("source.zone", SOURCE);
    let text = text.replace("source: { provider: hidden }", &format!("source: {{ file: {} }}", file.display()));
    rig.config = rig.sandbox.write("file.yaml", text);
    rig.start_daemon();
    rig.until_all_are("equal");
    assert!(!rig.daemon().log().contains("unwise"), "there is nothing to warn of: {}", rig.daemon().log());
    rig.sandbox.write("source.zone", SOURCE.replace("hostmaster 7", "hostmaster 8") + "new A 192.0.2.55\n");
    rig.until_served("new.example.test", "A", &["192.0.2.55"]);
    rig.sandbox.write("source.zone", SOURCE.replace("mail A 192.0.2.25", "mail A 192.0.2.256"));
    let told = until("the fault is told", PATIENCE, || {
        let source = rig.report()["source"].clone();
        if source["state"] == "failing" { Ok(source["problem"].to_string()) } else { Err(source) }
    });
    assert!(told.contains("192.0.2.256"), "{told}");
    rig.until_served("new.example.test", "A", &["192.0.2.55"]);
    rig.sandbox.write("source.zone", "");
    until("an empty file is a fault, too", PATIENCE, || {
        let source = rig.report()["source"].clone();
        if source["problem"].to_string().contains("192.0.2.256") { Err(source) } else { Ok(()) }
    });
    rig.until_served("www.example.test", "CNAME", &["api.example.test."]);
}
