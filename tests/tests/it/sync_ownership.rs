//! Whose a record is: two installations with one target, and the claims that tell them apart.

use std::path::{Path, PathBuf};
use std::thread;

use tests::command::{Finished, run_at};
use tests::daemon::our_program;
use tests::world::{Account, HostedZone, PowerDnsApi};
use tests::{Kind, Sandbox};

use crate::sync::{BEGINNING, Rig, SOURCE, ZONE, done};

/// Two installations that keep one zone at one target equal to one source: `acme`, the rig's own, and `beta`.
struct Two {
    rig: Rig,
    beta: PathBuf,
}

impl Two {
    fn at(rig: Rig) -> Self {
        let text = std::fs::read_to_string(&rig.config).expect("written before");
        let text = text.replace("installation: acme", "installation: beta").replace("/state\n", "/state-beta\n");
        let beta = rig.sandbox.write("beta.yaml", text);
        Self { rig, beta }
    }

    fn acme(&self, args: &[&str]) -> Finished {
        self.rig.run(args)
    }

    fn beta(&self, args: &[&str]) -> Finished {
        self.rig.run_as(&self.beta, args)
    }

    /// What the manifest says, as a server of the target answers.
    fn claims(&self) -> Vec<String> {
        self.rig.serves("_dns-sync.example.test", "TXT")
    }
}

fn ownership<'a>(verb: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    ["ownership", verb, "--zone", ZONE, "--target", "main"].into_iter().chain(more.iter().copied()).collect()
}

const WWW_COMES: &str = "+ www.example.test. 300 CNAME api.example.test.";

/// Before, acme plans the zone and beta leaves it alone; afterwards it is the other way round. In between there is one change of one
/// set.
fn a_zone_changes_hands(two: &Two) {
    done(&two.acme(&ownership("claim", &["--all"])));
    assert!(done(&two.acme(&["plan"])).contains(WWW_COMES));
    let theirs = two.beta(&["plan"]);
    assert!(
        done(&theirs).contains("www.example.test. CNAME is left alone: claimed by installation `acme`"),
        "{theirs:?}"
    );
    assert!(theirs.stdout.contains("nothing to do"), "{theirs:?}");
    let given = two.acme(&ownership("transfer", &["--to", "beta"]));
    assert!(done(&given).contains("all claims of installation `acme` are `beta`'s"), "{given:?}");
    let ours = two.acme(&["plan"]);
    assert!(done(&ours).contains("www.example.test. CNAME is left alone: claimed by installation `beta`"), "{ours:?}");
    assert!(done(&two.beta(&["plan"])).contains(WWW_COMES));
    done(&two.beta(&ownership("release", &["--all"])));
    let shown = two.acme(&["ownership", "show"]);
    assert!(done(&shown).contains("nobody claims anything"), "{shown:?}");
    assert_eq!(two.claims(), [""; 0], "the last claim takes the set with it");
}

#[test]
fn a_zone_changes_hands_at_knot() {
    a_zone_changes_hands(&Two::at(Rig::updated(Kind::Knot)));
}

#[test]
fn a_zone_changes_hands_at_bind() {
    a_zone_changes_hands(&Two::at(Rig::updated(Kind::Bind)));
}

#[test]
fn a_zone_changes_hands_at_powerdns_by_its_api() {
    a_zone_changes_hands(&Two::at(Rig::start(|sandbox| Box::new(PowerDnsApi::start(sandbox)))));
}

#[test]
fn a_zone_changes_hands_at_route53() {
    a_zone_changes_hands(&Two::at(Rig::start(|sandbox| Box::new(route53(sandbox)))));
}

#[test]
fn a_zone_changes_hands_at_cloudflare() {
    a_zone_changes_hands(&Two::at(Rig::start(|_| Box::new(Account::start()))));
}

fn route53(sandbox: &Sandbox) -> HostedZone {
    HostedZone::start(sandbox, tests::route53::Setup::default())
}

/// Two people give the same claims to two installations at the same time: one does, the other is told.
fn one_of_two_transfers_wins(two: &Two) {
    done(&two.acme(&ownership("claim", &["--all"])));
    done(&two.acme(&ownership("claim", &["--below", "dev", "--types", "A,AAAA"])));
    let environment = two.rig.environment();
    let config = two.rig.config.display().to_string();
    let transfer = |to: &str| {
        let env: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let args = ["--config", &config].into_iter().chain(ownership("transfer", &["--to", to])).map(str::to_owned);
        run_at(&our_program("dns-sync"), args, &env, "")
    };
    let (to_beta, to_gamma) = thread::scope(|scope| {
        let one = scope.spawn(|| transfer("beta"));
        let other = scope.spawn(|| transfer("gamma"));
        (one.join().expect("no panic"), other.join().expect("no panic"))
    });
    let (winner, loser) = if to_beta.code == 0 { ("beta", &to_gamma) } else { ("gamma", &to_beta) };
    let codes = [to_beta.code, to_gamma.code];
    assert!(codes == [0, 3] || codes == [3, 0], "{to_beta:?} {to_gamma:?}");
    // It was overtaken on its way, or found that there was nothing left to give.
    let told = loser.stderr.contains("run this again") || loser.stderr.contains("nothing to transfer");
    assert!(told, "{loser:?}");
    let claims = two.claims();
    assert_eq!(claims.len(), 2);
    let install = format!("install={winner};");
    assert!(claims.iter().all(|claim| claim.contains(&install)), "whole, and nobody else's: {claims:?}");
}

#[test]
fn one_of_two_transfers_wins_at_knot() {
    one_of_two_transfers_wins(&Two::at(Rig::updated(Kind::Knot)));
}

#[test]
fn one_of_two_transfers_wins_at_bind() {
    one_of_two_transfers_wins(&Two::at(Rig::updated(Kind::Bind)));
}

#[test]
fn one_of_two_transfers_wins_at_route53() {
    one_of_two_transfers_wins(&Two::at(Rig::start(|sandbox| Box::new(route53(sandbox)))));
}

#[test]
fn what_is_not_ones_own_is_not_claimed_released_or_taken_in_passing() {
    let two = Two::at(Rig::updated(Kind::Knot));
    let preview = two.acme(&ownership("claim", &["--all", "--preview"]));
    assert!(done(&preview).contains("+ _dns-sync.example.test. 60 TXT"), "{preview:?}");
    assert_eq!(two.claims(), [""; 0], "a preview writes nothing");
    done(&two.acme(&ownership("claim", &["--all"])));
    assert!(done(&two.acme(&ownership("claim", &["--all"]))).contains("already"));
    let overlap = two.beta(&ownership("claim", &["--all"]));
    assert_eq!(overlap.code, 3, "{overlap:?}");
    assert!(overlap.stderr.contains("`acme` and `beta` claim the same part"), "{overlap:?}");
    let foreign = two.beta(&ownership("release", &["--all"]));
    assert_eq!(foreign.code, 3, "{foreign:?}");
    assert!(foreign.stderr.contains("installation `beta` does not claim `own=zone;`"), "{foreign:?}");
    // Nobody can be asked here.
    let taken = two.beta(&ownership("transfer", &["--from", "acme", "--to", "beta"]));
    assert_eq!(taken.code, 2, "{taken:?}");
    assert!(taken.stderr.contains("--yes takes them without asking"), "{taken:?}");
    assert!(two.claims()[0].contains("install=acme;"));
    done(&two.beta(&ownership("transfer", &["--from", "acme", "--to", "beta", "--yes"])));
    assert!(two.claims()[0].contains("install=beta;"));
}

#[test]
fn a_narrower_claim_decides_and_says_what_it_takes() {
    let two = Two::at(Rig::updated(Kind::Knot));
    done(&two.acme(&ownership("claim", &["--all"])));
    let narrow = two.beta(&ownership("claim", &["--name", "www", "--types", "CNAME"]));
    assert!(done(&narrow).contains("narrower than `own=zone;` of installation `acme`"), "{narrow:?}");
    assert!(done(&two.beta(&["plan"])).contains("1 to create, 0 to update, 0 to delete"));
    assert!(!done(&two.acme(&["plan"])).contains(WWW_COMES));
}

impl Two {
    /// What an installation's source has at the apex becomes true at the target, as far as it is its own.
    fn applies(&self, config: &Path, text: &str) -> Finished {
        let source = if config == self.beta { "beta.zone" } else { "source.zone" };
        self.rig.sandbox.write(source, SOURCE.replace("@ TXT \"v=spf1 -all\"", text));
        let plan = self.rig.plan_file();
        let planned = self.rig.run_as(config, &["plan", "--out", &plan]);
        done(&self.rig.run_as(config, &["apply", &plan, "--force", "deletesShare", "--force", "updatesShare"]));
        planned
    }
}

/// The TXT of an apex has the SPF of one team and the proof of ownership of another: neither undoes what the other has written.
fn a_set_is_shared(two: Two) {
    let text = std::fs::read_to_string(&two.beta).expect("written before").replace("source.zone", "beta.zone");
    let beta = two.rig.sandbox.write("beta.yaml", text);
    let two = Two { beta, ..two };
    done(&two.beta(&ownership("claim", &["--name", "@", "--types", "TXT"])));
    let narrow = two.acme(&ownership("claim", &["--name", "@", "--part", "value:v=spf1"]));
    assert!(done(&narrow).contains("narrower than `own=name:@;types=txt;` of installation `beta`"), "{narrow:?}");
    let texts = || two.rig.serves(ZONE, "TXT");
    two.applies(&two.rig.config, "@ TXT \"v=spf1 -all\"");
    assert_eq!(texts(), ["\"v=spf1 -all\""]);
    let planned = two.applies(&two.beta, "@ TXT \"proof=1\"");
    assert!(
        planned.stdout.contains("left alone in part: values of it are claimed by installation `acme`"),
        "{planned:?}"
    );
    assert_eq!(texts(), ["\"proof=1\"", "\"v=spf1 -all\""]);
    let planned = two.applies(&two.rig.config, "@ 60 TXT \"v=spf1 mx -all\"");
    assert!(planned.stdout.contains("left alone in part: its TTL is claimed by installation `beta`"), "{planned:?}");
    assert_eq!(texts(), ["\"proof=1\"", "\"v=spf1 mx -all\""]);
    assert!(done(&two.acme(&["plan"])).contains("nothing to do"));
    assert!(done(&two.beta(&["plan"])).contains("nothing to do"));
    // What the source no longer has takes away only what is its own.
    two.applies(&two.rig.config, "");
    assert_eq!(texts(), ["\"proof=1\""]);
}

#[test]
fn a_set_is_shared_at_knot() {
    a_set_is_shared(Two::at(Rig::updated(Kind::Knot)));
}

#[test]
fn a_set_is_shared_at_route53() {
    a_set_is_shared(Two::at(Rig::start(|sandbox| Box::new(route53(sandbox)))));
}

#[test]
fn the_sres_tool_shows_claims_to_programs() {
    let two = Two::at(Rig::updated(Kind::Knot));
    done(&two.acme(&ownership("claim", &["--name", "www", "--types", "CNAME"])));
    let environment = [("DNS_ADMIN_CONFIG", two.beta.to_str().expect("a path of the sandbox"))];
    let args = ["--output", "json", "zone", "ownership", "show", "--zone", ZONE].map(str::to_owned);
    let shown = run_at(&our_program("dns-admin"), args, &environment, "");
    let told: serde_json::Value = serde_json::from_str(done(&shown)).expect("JSON");
    assert_eq!((&told[0]["installation"], &told[0]["target"]), (&"beta".into(), &"main".into()), "{told}");
    let claim = &told[0]["claims"][0];
    assert_eq!((&claim["installation"], &claim["extent"]), (&"acme".into(), &"name".into()), "{told}");
    assert_eq!((&claim["name"], &claim["types"][0]), (&"www.example.test.".into(), &"CNAME".into()), "{told}");
}

#[test]
fn a_manifest_that_nobody_understands_is_left_to_people() {
    let rig = Rig::updated(Kind::Knot);
    let unknown = rig.run(&["ownership", "show", "--zone", "example.net"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    let beginning = format!("{BEGINNING}_dns-sync TXT \"v=dnssync9;install=acme;own=zone;\"\n");
    let rig = Rig::start(|sandbox| {
        Box::new(tests::AuthServer::start_in(sandbox, Kind::Knot, tests::Setup::new(ZONE, &beginning)))
    });
    for args in [vec!["ownership", "show"], ownership("claim", &["--all"])] {
        let refused = rig.run(&args);
        assert_eq!(refused.code, 3, "{refused:?}");
        assert!(refused.stderr.contains("mend it by hand"), "{refused:?}");
    }
}
