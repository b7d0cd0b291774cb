//! What people touch of `dns-sync`: limits in the configuration, and comparing zones wherever they are.

use tests::command::{Finished, run_at};
use tests::daemon::our_program;
use tests::world::{Account, PowerDnsApi};
use tests::{Kind, Nsd, Sandbox};

use crate::sync::{Rig, SOURCE, ZONE, done};

/// The source of most tests, with the apex as servers begin with it: no plan changes that.
fn source() -> String {
    SOURCE.replace("@ NS ns1", "@ 60 NS ns1")
}

impl Rig {
    /// Says more about the zone.
    fn configure(&self, more: &str) {
        let text = std::fs::read_to_string(&self.config).expect("written before");
        let text = text.replace("targets: [main]", &format!("targets: [main], {more}"));
        std::fs::write(&self.config, text).expect("can be written");
    }

    fn file(&self) -> String {
        format!("file:{}", self.sandbox.path().join("source.zone").display())
    }

    fn live(&self) -> String {
        format!("dns://{}", self.host.servers()[0])
    }

    /// With a configuration that makes clear which zone is meant.
    fn diff(&self, a: &str, b: &str) -> Finished {
        self.run(&["diff", a, b])
    }
}

/// The same commands, told to the SRE's tool.
fn by_admin(rig: &Rig, global: &[&str], args: &[&str]) -> Finished {
    let environment = [("DNS_ADMIN_CONFIG", rig.config.to_str().expect("a path of the sandbox"))];
    let args = global.iter().chain(&["zone"]).chain(args).map(|word| (*word).to_owned());
    run_at(&our_program("dns-admin"), args, &environment, "")
}

/// What differs, and that it ends so.
fn different(finished: &Finished) -> &str {
    assert_eq!(finished.code, 1, "{finished:?}");
    &finished.stdout
}

#[test]
fn a_zone_is_compared_with_what_a_provider_holds_and_what_a_server_serves() {
    let rig = Rig::updated(Kind::Knot);
    rig.write_source(&source());
    let before = rig.diff(&rig.file(), "provider:main");
    assert!(different(&before).contains("- www.example.test. 300 CNAME api.example.test."), "{before:?}");
    assert!(before.stdout.contains("+ old.example.test. 60 A 192.0.2.99"), "{before:?}");
    done(&rig.plan());
    done(&rig.apply(&["deletesShare", "updatesShare"]));
    let after = rig.diff(&rig.file(), "provider:main");
    assert!(done(&after).contains("example.test.: equal"), "{after:?}");
    // Without a key Knot transfers nothing, and says what it serves all the same.
    let live = rig.diff(&rig.live(), "provider:main");
    assert!(done(&live).contains("no difference seen"), "{live:?}");
    assert!(live.stdout.contains("refuses transfers: the server answered"), "{live:?}");
    rig.write_source(&source().replace("www CNAME api", "www CNAME mail"));
    let live = rig.diff(&rig.file(), &rig.live());
    assert!(different(&live).contains("+ www.example.test. 300 CNAME api.example.test."), "{live:?}");
}

/// A server that lets us is read whole: also what only it has is seen, and no configuration is needed.
#[test]
fn a_server_that_transfers_is_compared_whole() {
    let rig = Rig::updated(Kind::Knot);
    let sandbox = Sandbox::new();
    let open = Nsd::open(&sandbox, ZONE, &format!("{SOURCE}extra A 192.0.2.77\n"));
    let server = format!("dns://{}", open.address());
    let told = rig.run(&["diff", &rig.file(), &server, "--zone", ZONE, "--json"]);
    let told: serde_json::Value = serde_json::from_str(different(&told)).expect("JSON");
    assert_eq!(told["differences"].as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(told["differences"][0]["name"], "extra.example.test.");
    assert_eq!((&told["equal"], &told["asked"]), (&false.into(), &serde_json::Value::Null));
    let same = rig.run(&["diff", &server, &server, "--zone", ZONE]);
    assert!(done(&same).contains("example.test.: equal"), "{same:?}");
}

#[test]
fn what_cannot_be_read_is_neither_equal_nor_different() {
    let rig = Rig::updated(Kind::Knot);
    // Nothing listens there.
    let silent = rig.diff(&rig.file(), &format!("dns://{}", rig.sandbox.socket()));
    assert_eq!((silent.code, silent.stdout.as_str()), (5, ""), "{silent:?}");
    // Knot has no such zone: neither a transfer nor an answer comes.
    rig.sandbox.write("other.zone", "@ 60 SOA ns1 h 1 1 1 1 1\n@ 60 NS ns1\nns1 60 A 192.0.2.1\n");
    let other = format!("file:{}", rig.sandbox.path().join("other.zone").display());
    let lame = rig.run(&["diff", &other, &rig.live(), "--zone", "other.test"]);
    assert_eq!((lame.code, lame.stdout.as_str()), (5, ""), "{lame:?}");
    assert!(lame.stderr.contains("answers without authority"), "{lame:?}");
    rig.write_source(&format!("{SOURCE}www A 192.0.2.1\n"));
    let faulty = rig.diff(&rig.file(), "provider:main");
    assert_eq!(faulty.code, 5, "{faulty:?}");
    assert!(faulty.stderr.contains("CNAME stands beside A"), "{faulty:?}");
    let unknown = rig.diff(&rig.file(), "provider:nobody");
    assert_eq!(unknown.code, 2, "{unknown:?}");
    assert!(unknown.stderr.contains("there is no provider `nobody`; the configuration has: main"), "{unknown:?}");
}

/// What `dns-admin config check --live` says, one line for each source and target.
fn checked_live(rig: &Rig) -> Finished {
    let config = rig.config.display().to_string();
    let args = ["config", "check", "--live", &config].map(str::to_owned);
    run_at(&our_program("dns-admin"), args, &[], "")
}

#[test]
fn sources_and_targets_are_looked_at_before_anything_is_planned() {
    let rig = Rig::updated(Kind::Knot);
    let good = checked_live(&rig);
    assert!(done(&good).contains("good    zone example.test., provider main: answers as a target"), "{good:?}");
    assert!(good.stdout.ends_with("2 checks, 0 faults, 0 warnings\n"), "{good:?}");
    // A key that the server does not have, a port where nobody listens, and a source with a fault.
    let text = std::fs::read_to_string(&rig.config).expect("written before");
    let secret = rig.sandbox.write("wrong.secret", "d3Jvbmctd3Jvbmctd3Jvbmctd3JvbmctIQ==\n");
    let right = rig.sandbox.path().join("tsig.secret").display().to_string();
    std::fs::write(&rig.config, text.replace(&right, &secret.display().to_string())).expect("can be written");
    rig.write_source(&format!("{SOURCE}www A 192.0.2.1\n"));
    let bad = checked_live(&rig);
    assert_eq!(bad.code, 64, "{bad:?}");
    assert!(bad.stdout.contains("error   zone example.test., provider main: server"), "{bad:?}");
    assert!(bad.stdout.contains("error   zone example.test.: the source of example.test. cannot be taken"), "{bad:?}");
    let server = format!("server: \"{}\"", rig.host.servers()[0]);
    let silent = format!("server: \"{}\"", rig.sandbox.socket());
    assert!(text.contains(&server), "{text}");
    std::fs::write(&rig.config, text.replace(&server, &silent)).expect("can be written");
    let bad = checked_live(&rig);
    assert!(bad.stdout.contains("2 faults"), "{bad:?}");
}

#[test]
fn an_api_that_refuses_our_key_is_told_without_a_plan() {
    let rig = Rig::start(|sandbox| Box::new(PowerDnsApi::start(sandbox)));
    assert!(done(&checked_live(&rig)).contains("2 checks, 0 faults"), "the key is right");
    rig.sandbox.write("main.powerdns", "not-the-key\n");
    let bad = checked_live(&rig);
    assert_eq!(bad.code, 64, "{bad:?}");
    assert!(bad.stdout.contains("error   zone example.test., provider main: the PowerDNS API"), "{bad:?}");
}

#[test]
fn a_configuration_is_checked_by_itself_and_found_in_the_environment() {
    let rig = Rig::updated(Kind::Knot);
    let config = rig.config.display().to_string();
    let sync = |args: &[&str], environment: &[(&str, &str)]| {
        let args = args.iter().map(|word| (*word).to_owned());
        run_at(&our_program("dns-sync"), args, environment, "")
    };
    assert_eq!(sync(&["--config", &config, "--check-config"], &[]).code, 0);
    assert_eq!(sync(&["plan", "--config", &config], &[]).code, 0);
    assert_eq!(sync(&["plan"], &[("DNS_SYNC_CONFIG", &config)]).code, 0);
    assert_eq!(sync(&["plan"], &[]).code, 2);
    let empty =
        rig.sandbox.write("empty.yaml", "apiVersion: dnsfailover/v1\ninstallation: acme\n").display().to_string();
    let faulty = sync(&["--config", &empty, "--check-config"], &[]);
    assert_eq!(faulty.code, 64, "{faulty:?}");
    assert!(faulty.stderr.contains("`sync.zones` is missing"), "{faulty:?}");
    assert!(!faulty.stderr.contains("regions"), "who keeps zones equal needs none: {faulty:?}");
}

#[test]
fn a_zones_own_limits_stop_a_plan_and_let_one_pass() {
    let rig = Rig::updated(Kind::Knot);
    let many: Vec<String> = (0..30).map(|one| format!("extra{one} A 192.0.2.{one}\n")).collect();
    rig.write_source(&format!("{}{}", source(), many.concat()));
    done(&rig.plan());
    done(&rig.apply(&[]));
    rig.write_source(&source());
    let stopped = rig.plan();
    assert_eq!(stopped.code, 3, "{stopped:?}");
    assert!(stopped.stdout.contains("--force deletesShare"), "{stopped:?}");
    rig.configure("limits: { deletesShare: 100%, shrink: 100%, deletes: 29 }");
    let stopped = rig.plan();
    assert_eq!(stopped.code, 3, "{stopped:?}");
    assert!(stopped.stdout.contains("! deletes: 30 of"), "{stopped:?}");
    assert!(!stopped.stdout.contains("deletesShare"), "lifted by the configuration: {stopped:?}");
    let text = std::fs::read_to_string(&rig.config).expect("written before").replace("deletes: 29", "deletes: 30");
    std::fs::write(&rig.config, text).expect("can be written");
    done(&rig.plan());
    done(&rig.apply(&[]));
    assert_eq!(rig.serves("extra29.example.test", "A"), [""; 0]);
}

#[test]
fn the_ns_of_an_apex_are_kept_equal_if_that_is_asked_for() {
    let rig = Rig::updated(Kind::Knot);
    rig.write_source(&SOURCE.replace("@ NS ns1", "@ NS ns1\n@ NS ns2\nns2 A 127.0.0.2"));
    rig.configure("protected: soa");
    done(&rig.plan());
    done(&rig.apply(&["deletesShare", "updatesShare"]));
    assert_eq!(rig.serves(ZONE, "NS"), ["ns1.example.test.", "ns2.example.test."]);
}

#[test]
fn a_ttl_that_a_target_cannot_hold_stops_the_plan_if_that_is_asked_for() {
    let rig = Rig::start(|_| Box::new(Account::start()));
    rig.write_source(&source().replace("mail A", "mail 5 A"));
    assert!(done(&rig.plan()).contains("its TTL of 5 s becomes"), "adjusted by default");
    rig.configure("ttl: refuse");
    let refused = rig.plan();
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stdout.contains("it was not to be adjusted"), "{refused:?}");
}

#[test]
fn the_sres_tool_does_the_same_by_the_same_options() {
    let rig = Rig::updated(Kind::Knot);
    rig.write_source(&source());
    let plan = rig.plan_file();
    let planned = by_admin(&rig, &[], &["plan", "--out", &plan, "--output", "markdown"]);
    assert!(done(&planned).starts_with("### `example.test.` at `main`"), "{planned:?}");
    let misspelt = by_admin(&rig, &[], &["apply", &plan, "--force", "nothing"]);
    assert_eq!(misspelt.code, 2, "{misspelt:?}");
    assert!(misspelt.stderr.contains("`nothing` cannot be forced"), "{misspelt:?}");
    done(&by_admin(&rig, &["--no-color"], &["apply", &plan, "--force", "deletesShare"]));
    assert_eq!(rig.serves("www.example.test", "CNAME"), ["api.example.test."]);
    let equal = by_admin(&rig, &["--output", "json"], &["diff", &rig.file(), "provider:main"]);
    let told: serde_json::Value = serde_json::from_str(done(&equal)).expect("JSON");
    assert_eq!(told["equal"], true);
    assert!(done(&by_admin(&rig, &[], &["capabilities"])).contains("main ("));
    done(&by_admin(&rig, &[], &["rollback", "--yes"]));
    assert_eq!(rig.serves("www.example.test", "CNAME"), [""; 0]);
    rig.write_source(&source().replace("hostmaster 7", "hostmaster 8"));
    let refused = by_admin(&rig, &["--output", "json"], &["apply", &plan, "--force", "deletesShare"]);
    let problem: serde_json::Value = serde_json::from_str(&refused.stdout).expect("a problem");
    assert_eq!((refused.code, &problem["status"]), (3, &409.into()), "{refused:?}");
}
