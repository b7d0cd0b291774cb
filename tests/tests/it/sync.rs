//! `dns-sync` end to end: a zone file becomes what each kind of target serves, and nothing is touched that belongs to others.

mod interrupted;
mod several;
mod zone_files;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use dns_core::fence::Fence;
use dns_core::rrset::GuardedType;
use hickory_proto::rr::Name;
use tests::command::{Finished, run, run_at};
use tests::daemon::our_program;
use tests::world::{Account, Declared, Host, HostedZone, PowerDnsApi};
use tests::{AuthServer, Kind, Sandbox, Setup};

use crate::provider::{fence, rrset, rrsets};

pub(crate) const ZONE: &str = "example.test";

/// What servers of DNS UPDATE begin with.
pub(crate) const BEGINNING: &str = "\
$ORIGIN example.test.
$TTL 60
@ SOA ns1 hostmaster 1 3600 600 604800 30
@ NS ns1
ns1 A 127.0.0.1
old A 192.0.2.99
turns A 192.0.2.98
";

/// What targets become. Records that a target is known to begin with are among them, so that few are deleted.
pub(crate) const SOURCE: &str = "\
$ORIGIN example.test.
$TTL 300
@ SOA ns1 hostmaster 7 3600 600 604800 30
@ NS ns1
@ MX 10 mail
@ TXT \"v=spf1 -all\"
@ CAA 0 issue \"ca.example.net\"
ns1 60 A 127.0.0.1
*.wild A 192.0.2.7
api 60 A 192.0.2.1
api 60 A 192.0.2.2
api AAAA 2001:db8::1
mail A 192.0.2.25
text TXT \"a \\\"quoted\\\" word; and a \\\\ backslash\" \"second\"
turns CNAME api
_sip._tcp SRV 1 2 5060 api
www CNAME api
";

/// A sandbox with a target, the source's file, and a configuration of both.
pub(crate) struct Rig {
    pub(crate) sandbox: Sandbox,
    pub(crate) host: Box<dyn Host>,
    /// The server that is the source, if it is no file.
    source: Option<Box<dyn Host>>,
    pub(crate) config: PathBuf,
}

/// A server that the test itself changes, too.
pub(crate) struct Shared(pub(crate) Rc<AuthServer>);

impl Host for Shared {
    fn providers(&self, name: &str, sandbox: &Sandbox, options: &str) -> Vec<Declared> {
        self.0.providers(name, sandbox, options)
    }

    fn servers(&self) -> Vec<SocketAddr> {
        self.0.servers()
    }
}

fn entries(host: &dyn Host, name: &str, sandbox: &Sandbox) -> String {
    let declared = host.providers(name, sandbox, "timeout: 5s");
    let entries: Vec<String> = declared.iter().map(|one| format!("  {}:\n    {}\n", one.name, one.kind)).collect();
    entries.concat()
}

impl Rig {
    pub(crate) fn start(start: impl FnOnce(&Sandbox) -> Box<dyn Host>) -> Self {
        let sandbox = Sandbox::new();
        let host = start(&sandbox);
        Self::with(sandbox, host)
    }

    pub(crate) fn with(sandbox: Sandbox, host: Box<dyn Host>) -> Self {
        let file = sandbox.write("source.zone", SOURCE);
        let entries = entries(host.as_ref(), "main", &sandbox);
        Self::configured(sandbox, host, &entries, &format!("file: {}", file.display()))
    }

    /// From one server to another.
    pub(crate) fn between(sandbox: Sandbox, source: Box<dyn Host>, target: Box<dyn Host>) -> Self {
        let entries = entries(source.as_ref(), "hidden", &sandbox) + &entries(target.as_ref(), "main", &sandbox);
        let mut rig = Self::configured(sandbox, target, &entries, "provider: hidden");
        rig.source = Some(source);
        rig
    }

    fn configured(sandbox: Sandbox, host: Box<dyn Host>, entries: &str, source: &str) -> Self {
        let folder = sandbox.path().join("state");
        let text = format!(
            "apiVersion: dnsfailover/v1\ninstallation: acme\nproviders:\n{entries}sync:\n  folder: {}\n  zones:\n    - \
             {{ zone: {ZONE}, source: {{ {source} }}, targets: [main] }}\n",
            folder.display(),
        );
        let config = sandbox.write("sync.yaml", text);
        Self { sandbox, host, source: None, config }
    }

    pub(crate) fn updated(kind: Kind) -> Self {
        Self::start(|sandbox| Box::new(AuthServer::start_in(sandbox, kind, Setup::new(ZONE, BEGINNING))))
    }

    pub(crate) fn write_source(&self, text: &str) {
        self.sandbox.write("source.zone", text);
    }

    pub(crate) fn run(&self, args: &[&str]) -> Finished {
        self.run_as(&self.config, args)
    }

    /// With another configuration.
    pub(crate) fn run_as(&self, config: &Path, args: &[&str]) -> Finished {
        let environment = self.environment();
        let environment: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let config = config.display().to_string();
        let all = ["--config", config.as_str()].into_iter().chain(args.iter().copied()).map(str::to_owned);
        run_at(&our_program("dns-sync"), all, &environment, "")
    }

    /// What the programs need to reach source and target.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let mut environment = self.host.environment();
        environment.extend(self.source.iter().flat_map(|source| source.environment()));
        environment
    }

    pub(crate) fn plan_file(&self) -> String {
        self.sandbox.path().join("plan.json").display().to_string()
    }

    /// Saves a plan; the exit code is the caller's to look at.
    pub(crate) fn plan(&self) -> Finished {
        self.run(&["plan", "--out", &self.plan_file()])
    }

    pub(crate) fn apply(&self, forced: &[&str]) -> Finished {
        let file = self.plan_file();
        let forced = forced.iter().flat_map(|limit| ["--force", limit]);
        self.run(&["apply", &file].into_iter().chain(forced).collect::<Vec<_>>())
    }

    pub(crate) fn serves(&self, name: &str, rtype: &str) -> Vec<String> {
        let mut values = tests::auth::query_at(self.host.servers()[0], name, rtype);
        values.sort();
        values
    }
}

pub(crate) fn done(finished: &Finished) -> &str {
    assert_eq!(finished.code, 0, "{finished:?}");
    &finished.stdout
}

/// The contract of every target: what was planned is served afterwards, and nothing is left to plan.
pub(crate) fn becomes_its_source(rig: &Rig) {
    let planned = rig.plan();
    assert!(done(&planned).contains("+ www.example.test. 300 CNAME api.example.test."), "{planned:?}");
    let applied = rig.apply(&["deletesShare", "deletes", "updatesShare"]);
    assert!(done(&applied).contains("authoritative servers"), "{applied:?}");
    assert_eq!(rig.serves("api.example.test", "A"), ["192.0.2.1", "192.0.2.2"]);
    assert_eq!(rig.serves("turns.example.test", "CNAME"), ["api.example.test."]);
    assert_eq!(rig.serves("any.wild.example.test", "A"), ["192.0.2.7"]);
    assert_eq!(rig.serves("old.example.test", "A"), [""; 0]);
    let again = rig.plan();
    assert!(done(&again).contains("nothing to do"), "{again:?}");
}

#[test]
fn knot_becomes_its_source() {
    becomes_its_source(&Rig::updated(Kind::Knot));
}

#[test]
fn bind_becomes_its_source() {
    becomes_its_source(&Rig::updated(Kind::Bind));
}

#[test]
fn powerdns_becomes_its_source_by_its_api() {
    becomes_its_source(&Rig::start(|sandbox| Box::new(PowerDnsApi::start(sandbox))));
}

/// What is written would reach the primary alone, and nobody would see why.
#[test]
fn a_powerdns_whose_serial_never_grows_is_no_target_until_it_does() {
    let sandbox = Sandbox::new();
    let host = PowerDnsApi::start(&sandbox);
    let api = host.auth.api();
    let url = format!("http://{}/api/v1/servers/localhost/zones/{ZONE}.", api.address);
    let header = format!("X-API-Key: {}", api.key);
    let set = |policy: &str| {
        let policy = format!(r#"{{"soa_edit_api": "{policy}"}}"#);
        let args = ["--silent", "--fail", "--noproxy", "*", "--header", &header, "--request", "PUT", "--data", &policy];
        let finished = run("curl", args.into_iter().chain([url.as_str()]), "");
        assert!(finished.is_success(), "{finished:?}");
    };
    set("");
    let rig = Rig::with(sandbox, Box::new(host));
    let refused = rig.plan();
    assert_eq!(refused.code, 3, "{refused:?}");
    let told = "! zone example.test. has no SOA-EDIT-API, so its serial never grows and no secondary follows";
    assert!(refused.stdout.contains(told), "{refused:?}");
    assert_eq!(rig.apply(&["deletesShare"]).code, 3, "nobody lifts that");
    set("INCREASE");
    becomes_its_source(&rig);
}

#[test]
fn all_types_of_records_arrive() {
    let rig = Rig::updated(Kind::Bind);
    becomes_its_source(&rig);
    assert_eq!(rig.serves("_sip._tcp.example.test", "SRV"), ["1 2 5060 api.example.test."]);
    assert_eq!(rig.serves("example.test", "CAA"), ["0 issue \"ca.example.net\""]);
    assert_eq!(rig.serves("text.example.test", "TXT"), ["\"a \\\"quoted\\\" word; and a \\\\ backslash\" \"second\""]);
}

#[test]
fn route53_becomes_its_source() {
    becomes_its_source(&Rig::start(|sandbox| Box::new(HostedZone::start(sandbox, tests::route53::Setup::default()))));
}

/// Services are named by people (RFC 6763 §4.1.1): what is written is asked for under the same name.
#[test]
fn names_with_blanks_and_at_signs_are_served() {
    let rig = Rig::updated(Kind::Knot);
    rig.write_source(&format!("{SOURCE}Our\\032Printer._ipp._tcp SRV 0 0 631 api\na\\@b TXT \"at\"\n"));
    done(&rig.plan());
    let applied = rig.apply(&["deletesShare"]);
    assert!(done(&applied).contains("served by"), "{applied:?}");
}

/// What is known to be refused is refused before anything is written.
#[test]
fn ns_at_a_wildcard_are_not_planned_for_route53() {
    let rig = Rig::start(|sandbox| Box::new(HostedZone::start(sandbox, tests::route53::Setup::default())));
    rig.write_source(&format!("{SOURCE}*.sub NS ns1.example.net.\n"));
    let planned = rig.plan();
    assert_eq!(planned.code, 3, "{planned:?}");
    assert!(
        planned.stdout.contains("*.sub.example.test. NS") && planned.stdout.contains("no NS at a wildcard"),
        "{planned:?}"
    );
}

#[test]
fn cloudflare_becomes_its_source() {
    let rig = Rig::start(|_| Box::new(Account::start()));
    becomes_its_source(&rig);
    assert_eq!(rig.serves("_sip._tcp.example.test", "SRV"), ["1 2 5060 api.example.test."]);
    assert_eq!(rig.serves("example.test", "CAA"), ["0 issue \"ca.example.net\""]);
}

/// What a target refuses is named, and everything else goes through.
#[test]
fn a_refused_record_holds_up_no_other() {
    let rig = Rig::updated(Kind::Bind);
    // Its host has no address, which the server wants unless it is told otherwise.
    rig.write_source(&format!("{SOURCE}lost MX 10 nowhere\n"));
    done(&rig.plan());
    let applied = rig.apply(&["deletesShare"]);
    assert_eq!(applied.code, 1, "{applied:?}");
    assert!(applied.stdout.contains("! lost.example.test. MX: refused"), "{applied:?}");
    assert!(applied.stdout.contains("check-integrity"), "the reason, not only keys: {applied:?}");
    assert_eq!(rig.serves("www.example.test", "CNAME"), ["api.example.test."]);
}

#[test]
fn a_plan_is_refused_once_anything_has_changed() {
    let rig = Rig::updated(Kind::Knot);
    done(&rig.plan());
    rig.write_source(&SOURCE.replace("hostmaster 7", "hostmaster 8"));
    let refused = rig.apply(&[]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("serial 7 then, 8 now"), "{refused:?}");
    assert_eq!(rig.serves("www.example.test", "CNAME"), [""; 0], "nothing was written");
}

#[test]
fn what_exceeds_a_limit_is_written_only_when_that_limit_is_lifted_by_name() {
    let rig = Rig::updated(Kind::Knot);
    let many: Vec<String> = (0..40).map(|one| format!("extra{one} A 192.0.2.{one}\n")).collect();
    rig.write_source(&format!("{SOURCE}old A 192.0.2.99\n{}", many.concat()));
    done(&rig.plan());
    done(&rig.apply(&[]));
    // The file was cut.
    rig.write_source(SOURCE);
    let planned = rig.plan();
    assert_eq!(planned.code, 3, "{planned:?}");
    assert!(planned.stdout.contains("--force deletesShare"), "{planned:?}");
    let refused = rig.apply(&[]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert_eq!(rig.serves("extra39.example.test", "A"), ["192.0.2.39"]);
    done(&rig.apply(&["deletesShare", "shrink"]));
    assert_eq!(rig.serves("extra39.example.test", "A"), [""; 0]);
}

#[test]
fn what_was_applied_is_undone() {
    let rig = Rig::updated(Kind::Bind);
    done(&rig.plan());
    done(&rig.apply(&["deletesShare"]));
    assert_eq!(rig.serves("old.example.test", "A"), [""; 0]);
    let undone = rig.run(&["rollback", "--yes"]);
    done(&undone);
    assert_eq!(rig.serves("old.example.test", "A"), ["192.0.2.99"]);
    assert_eq!(rig.serves("turns.example.test", "A"), ["192.0.2.98"]);
    assert_eq!(rig.serves("www.example.test", "CNAME"), [""; 0]);
}

/// A run that was interrupted goes on where it was: what is in the zone already is not sent again.
#[test]
fn the_same_plan_goes_on_after_an_interruption() {
    let sandbox = Sandbox::new();
    let auth = Rc::new(AuthServer::start_in(&sandbox, Kind::Bind, Setup::new(ZONE, BEGINNING)));
    let rig = Rig::with(sandbox, Box::new(Shared(Rc::clone(&auth))));
    done(&rig.plan());
    done(&rig.apply(&["deletesShare"]));
    // As if the last batch had not been sent.
    auth.edit(&["update delete www.example.test. CNAME", "update add old.example.test. 60 A 192.0.2.99"]);
    let again = rig.apply(&["deletesShare"]);
    assert!(done(&again).contains("2 record sets written in 1 batches"), "{again:?}");
    assert_eq!(rig.serves("www.example.test", "CNAME"), ["api.example.test."]);
    // A controller that has adopted a record meanwhile is not overrun, even if the record is as it was.
    auth.edit(&["update delete www.example.test. CNAME"]);
    auth.edit(&[&format!("update add _checkout._failover.example.test. 60 TXT {}", fence_text("main"))]);
    let refused = rig.apply(&["deletesShare"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("has changed since the plan was made"), "{refused:?}");
    auth.edit(&["update delete _checkout._failover.example.test. TXT"]);
    // And a set that is neither as it was nor as the plan makes it ends the run before anything is written.
    auth.edit(&["update add www.example.test. 60 CNAME other.example.test."]);
    let refused = rig.apply(&["deletesShare"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("www.example.test. CNAME is neither"), "{refused:?}");
}

/// octoDNS fails at that: its batch of 1,000 changes exceeds a message.
#[test]
fn ten_thousand_records_reach_bind_by_update() {
    let rig = Rig::updated(Kind::Bind);
    let many: Vec<String> = (0..10_000).map(|one| format!("host{one} A 192.0.2.{}\n", one % 250)).collect();
    rig.write_source(&format!("{SOURCE}{}", many.concat()));
    assert_eq!(rig.plan().code, 3, "that many creates are stopped unless meant");
    let applied = rig.apply(&["creates", "deletesShare", "shrink"]);
    done(&applied);
    println!("{}", applied.stdout);
    assert_eq!(rig.serves("host9999.example.test", "A"), ["192.0.2.249"]);
    assert!(done(&rig.plan()).contains("nothing to do"));
}

/// What a primary that nobody asks holds arrives at a provider that cannot transfer.
#[test]
fn a_hidden_primary_reaches_route53() {
    let sandbox = Sandbox::new();
    let hidden = AuthServer::start_in(&sandbox, Kind::Knot, Setup::new(ZONE, SOURCE).secondaries(0));
    let target = HostedZone::start(&sandbox, tests::route53::Setup::default());
    let rig = Rig::between(sandbox, Box::new(hidden), Box::new(target));
    done(&rig.plan());
    done(&rig.apply(&["deletes", "deletesShare", "updatesShare"]));
    assert_eq!(rig.serves("turns.example.test", "CNAME"), ["api.example.test."]);
    assert!(done(&rig.plan()).contains("nothing to do"));
}

#[test]
fn a_source_with_faults_is_told_whole_and_nothing_is_planned() {
    let rig = Rig::updated(Kind::Knot);
    rig.write_source(&format!("{SOURCE}bad A 192.0.2.300\nwww A 192.0.2.1\n"));
    let refused = rig.plan();
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("source.zone:18:7: `192.0.2.300`"), "{refused:?}");
    rig.write_source(&format!("{SOURCE}www A 192.0.2.1\n"));
    let refused = rig.plan();
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("CNAME"), "a CNAME stands alone: {refused:?}");
}

/// A fence of `api`'s addresses as an operator's tool writes it.
pub(crate) fn fence_text(provider: &str) -> String {
    let guarded = rrsets([rrset("api.example.test", GuardedType::A, &["192.0.2.111"])]);
    let fence = Fence { provider: provider.parse().expect("a name"), ..fence(&guarded, 3) };
    let zone = Name::from_ascii(format!("{ZONE}.")).expect("a name");
    fence.to_text(&zone).expect("it has room").to_string()
}

/// The zone says what a controller holds, not the configuration: of what a fence that names the target guards, nothing is
/// planned, and nothing of the fence.
#[test]
fn what_a_fence_guards_is_never_planned() {
    let sandbox = Sandbox::new();
    let auth = AuthServer::start_in(&sandbox, Kind::Knot, Setup::new(ZONE, BEGINNING));
    auth.edit(&["update add api.example.test. 60 A 192.0.2.111"]);
    auth.edit(&[&format!("update add _checkout._failover.example.test. 60 TXT {}", fence_text("main"))]);
    let rig = Rig::with(sandbox, Box::new(auth));
    let planned = rig.plan();
    assert!(done(&planned).contains("api.example.test. A is left alone: held by service `checkout`"), "{planned:?}");
    assert!(planned.stdout.contains("_checkout._failover.example.test. TXT is left alone"), "{planned:?}");
    done(&rig.apply(&["deletesShare"]));
    assert_eq!(rig.serves("api.example.test", "A"), ["192.0.2.111"]);
    assert_eq!(rig.serves("_checkout._failover.example.test", "TXT").len(), 1);
    assert_eq!(rig.serves("www.example.test", "CNAME"), ["api.example.test."], "the rest goes on");
}
