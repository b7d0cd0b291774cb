//! Every source at every target: what was planned is served afterwards by every authoritative server, and nothing is left to
//! plan. The zone has all types of records that both sides can hold, as `dns-sync capabilities` says.

pub(crate) mod records;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use dns_zone::Rtype;
use serde_json::Value;
use tests::auth::query_at;
use tests::command::{Finished, run_at};
use tests::daemon::our_program;
use tests::world::{Account, Host, HostedZone, PowerDnsApi};
use tests::{AuthServer, Kind, Nsd, PATIENCE, Sandbox, Setup, until_eq};

use self::records::zone_file;

const ZONE: &str = "example.test";

/// What servers begin with.
const BEGINNING: &str = "\
$ORIGIN example.test.
$TTL 60
@ SOA ns1 hostmaster 1 3600 600 604800 30
@ NS ns1
ns1 A 127.0.0.1
old A 192.0.2.99
";

/// All limits: how much may change is not what is tested here.
const FORCED: [&str; 6] = ["creates", "updates", "updatesShare", "deletes", "deletesShare", "shrink"];

/// The kinds of providers. The zone file is a source besides.
const KINDS: [&str; 5] = ["knot", "bind", "powerdns", "route53", "cloudflare"];

/// What the stand-in of Cloudflare takes and cannot serve.
const LACKED_BY_THE_STAND_IN: [Rtype; 2] = [Rtype::LOC, Rtype::URI];

/// A provider of each kind, with the zone.
struct Rig {
    sandbox: Sandbox,
    hosts: BTreeMap<&'static str, Box<dyn Host>>,
    /// The configuration's providers.
    providers: String,
    /// The types that each can hold; all where there is no entry.
    types: BTreeMap<String, Vec<Rtype>>,
}

fn start(kind: &str, sandbox: &Sandbox) -> Box<dyn Host> {
    let primary = |kind| AuthServer::start_in(sandbox, kind, Setup::new(ZONE, BEGINNING).secondaries(0));
    match kind {
        "knot" => Box::new(primary(Kind::Knot)),
        "bind" => Box::new(primary(Kind::Bind)),
        "powerdns" => Box::new(PowerDnsApi::start(sandbox)),
        "route53" => Box::new(HostedZone::start(sandbox, tests::route53::Setup::default())),
        "cloudflare" => Box::new(Account::start()),
        other => panic!("no kind {other}"),
    }
}

impl Rig {
    fn start() -> Self {
        let sandbox = Sandbox::new();
        let hosts: BTreeMap<_, _> = KINDS.into_iter().map(|kind| (kind, start(kind, &sandbox))).collect();
        let declared = hosts.iter().flat_map(|(kind, host)| host.providers(kind, &sandbox, "timeout: 5s"));
        let entries: Vec<String> = declared.map(|one| format!("  {}:\n    {}\n", one.name, one.kind)).collect();
        let mut rig = Self { sandbox, hosts, providers: entries.concat(), types: BTreeMap::new() };
        rig.types = rig.capabilities();
        rig
    }

    /// What each provider says that it can hold.
    fn capabilities(&self) -> BTreeMap<String, Vec<Rtype>> {
        let (target, others) = KINDS.split_first().expect("several");
        let config = self.configure("capabilities", &format!("provider: {target}"), &others.join(", "));
        let rows: Value = serde_json::from_str(done(&self.run(&config, &["capabilities", "--json"]))).expect("JSON");
        let text = |row: &Value, key: &str| row[key].as_str().expect("a text").to_owned();
        let rows = rows.as_array().expect("rows").iter().map(|row| (text(row, "provider"), text(row, "types")));
        let some = rows.filter(|(_, types)| !types.starts_with("all"));
        some.map(|(name, types)| (name, types.split(' ').map(|one| one.parse().expect("a type")).collect())).collect()
    }

    fn takes(&self, kind: &str, rtype: Rtype) -> bool {
        let lacks = kind == "cloudflare" && LACKED_BY_THE_STAND_IN.contains(&rtype);
        !lacks && self.types.get(kind).is_none_or(|types| types.contains(&rtype))
    }

    /// A configuration with a state folder of its own.
    fn configure(&self, label: &str, source: &str, targets: &str) -> String {
        let folder = self.sandbox.path().join(format!("state-{label}"));
        let text = format!(
            "apiVersion: dnsfailover/v1\ninstallation: acme\nproviders:\n{}sync:\n  folder: {}\n  zones:\n    - {{ zone: \
             {ZONE}, source: {{ {source} }}, targets: [{targets}] }}\n",
            self.providers,
            folder.display(),
        );
        self.sandbox.write(format!("{label}.yaml"), text).display().to_string()
    }

    fn run(&self, config: &str, args: &[&str]) -> Finished {
        let environment: Vec<(String, String)> = self.hosts.values().flat_map(|host| host.environment()).collect();
        let environment: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let all = ["--config", config].into_iter().chain(args.iter().copied()).map(str::to_owned);
        run_at(&our_program("dns-sync"), all, &environment, "")
    }

    /// Makes a target equal to a source, and looks whether it is.
    fn becomes(&self, source: &str, config: &str, servers: &[SocketAddr]) {
        let file = format!("{config}.plan");
        let planned = self.run(config, &["plan", "--out", &file]);
        assert!(matches!(planned.code, 0 | 3), "it may exceed a limit: {planned:?}");
        let forced = FORCED.into_iter().flat_map(|limit| ["--force", limit]);
        let applied = self.run(config, &["apply", &file].into_iter().chain(forced).collect::<Vec<_>>());
        assert!(done(&applied).contains("authoritative servers"), "{source}: {applied:?}");
        let again = self.run(config, &["plan"]);
        assert!(done(&again).contains("nothing to do"), "{source}: {again:?}");
        for server in servers {
            assert_eq!(query_at(*server, "who.example.test", "TXT"), [format!("\"{source}\"")], "{server}");
            assert_eq!(query_at(*server, &format!("only-{source}.example.test"), "A").len(), 1, "{server}");
            assert_eq!(query_at(*server, "old.example.test", "A"), [""; 0], "{server}");
        }
    }

    /// Writes a source's zone file, of the types that source and target can hold.
    fn file(&self, source: &str, number: usize, target: &str) -> String {
        let text = zone_file(source, number, |rtype| self.takes(source, rtype) && self.takes(target, rtype));
        format!("file: {}", self.sandbox.write(format!("{source}.zone"), text).display())
    }
}

fn done(finished: &Finished) -> &str {
    assert_eq!(finished.code, 0, "{finished:?}");
    &finished.stdout
}

/// From the file and from every other provider, one after the other.
fn every_source_reaches(target: &str) {
    let rig = Rig::start();
    let servers = rig.hosts[target].servers();
    let file = rig.file("file", KINDS.len(), target);
    rig.becomes("file", &rig.configure("file", &file, target), &servers);
    for (number, source) in KINDS.into_iter().enumerate().filter(|(_, kind)| *kind != target) {
        let filled = rig.configure(&format!("fill-{source}"), &rig.file(source, number, target), source);
        rig.becomes(source, &filled, &rig.hosts[source].servers());
        rig.becomes(source, &rig.configure(source, &format!("provider: {source}"), target), &servers);
    }
}

#[test]
fn every_source_reaches_knot() {
    every_source_reaches("knot");
}

#[test]
fn every_source_reaches_bind() {
    every_source_reaches("bind");
}

#[test]
fn every_source_reaches_powerdns() {
    every_source_reaches("powerdns");
}

#[test]
fn every_source_reaches_route53() {
    every_source_reaches("route53");
}

#[test]
fn every_source_reaches_cloudflare() {
    every_source_reaches("cloudflare");
}

/// A primary is given the zone, and a secondary of another make that is notified serves it, too.
fn nsd_serves_what_was_given_to(kind: Kind) {
    let sandbox = Sandbox::new();
    let primary = AuthServer::start_in(&sandbox, kind, Setup::new(ZONE, BEGINNING).secondaries(0));
    let nsd = Nsd::follow(&sandbox, ZONE, primary.address(), primary.key());
    let (at, key) = (primary.address(), primary.key());
    let secret = sandbox.write("main.secret", format!("{}\n", key.secret()));
    let providers = format!(
        "  main:\n    rfc2136: {{ server: \"{at}\", zones: [{ZONE}], authoritativeServers: [\"{at}\", \"{}\"], timeout: 5s, \
         notify: [\"{}\"],\n      tsig: {{ name: {}, algorithm: {}, secretFile: {} }} }}\n",
        nsd.address(),
        nsd.address(),
        key.name(),
        key.algorithm(),
        secret.display(),
    );
    let rig = Rig { sandbox, hosts: BTreeMap::new(), providers, types: BTreeMap::new() };
    let file = rig.file("file", 1, "main");
    rig.becomes("file", &rig.configure("file", &file, "main"), &[at, nsd.address()]);
    let newest = query_at(at, ZONE, "SOA");
    until_eq("the secondary's SOA", PATIENCE, &newest, || query_at(nsd.address(), ZONE, "SOA"));
}

#[test]
fn nsd_serves_what_knot_was_given() {
    nsd_serves_what_was_given_to(Kind::Knot);
}

#[test]
fn nsd_serves_what_bind_was_given() {
    nsd_serves_what_was_given_to(Kind::Bind);
}
