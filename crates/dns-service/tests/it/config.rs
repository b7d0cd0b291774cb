//! Loading whole configurations: a full one, one with every fault, and arbitrary text.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dns_core::policy::{Capacity, Failback, FailoverBudget, OnStandbyFailure, VALIDITY_MIN};
use dns_core::probe::ProbeSpec;
use dns_core::service::{Endpoint, Mode};
use dns_service::config::fault::Faults;
use dns_service::config::secret::{Program, SecretCheck};
use dns_service::config::{Config, ProviderKind};
use proptest::prelude::*;

pub(crate) const FULL: &str = include_str!("../golden/full.yaml");
const BAD: &str = include_str!("../golden/bad.yaml");

pub(crate) const NO_SECRETS: Program = Program::Admin(SecretCheck::Skip);
const ALL_SECRETS: Program = Program::Admin(SecretCheck::Require);

pub(crate) fn load(text: &str, program: &Program) -> Result<Config, Faults> {
    Config::from_texts([(Path::new("config.yaml"), text)], program)
}

/// The faults of the full example after one change.
pub(crate) fn faults_with(from: &str, to: &str) -> String {
    let changed = FULL.replacen(from, to, 1);
    assert_ne!(changed, FULL, "`{from}` is not in the example");
    load(&changed, &NO_SECRETS).expect_err("a fault").to_string()
}

fn write_secrets(folder: &Path) {
    let key = rcgen::generate_simple_self_signed(["ca.test".to_owned()]).expect("certificate");
    std::fs::write(folder.join("ca.pem"), key.cert.pem()).expect("written");
    std::fs::write(folder.join("key.pem"), key.signing_key.serialize_pem()).expect("written");
    std::fs::write(folder.join("tsig"), "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTMyYnk=\n").expect("written");
    std::fs::write(folder.join("desk"), "0123456789abcdef0123456789abcdef\n").expect("written");
    std::fs::write(folder.join("slack"), "https://hooks.example.net/services/T0/B0/x\n").expect("written");
    for name in ["header", "oncall", "board", "monitor", "routing", "gate"] {
        std::fs::write(folder.join(name), format!("{name}-token\n")).expect("written");
    }
}

#[test]
fn a_full_configuration_loads_with_every_value() {
    let config = load(FULL, &NO_SECRETS).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.installation.as_str(), "acme");
    assert_eq!(config.revision, 12);
    assert_eq!(config.vantage_points.len(), 4);
    assert_eq!(config.vantage_points[0].control_targets.len(), 2);
    assert_eq!(config.monitor.concurrency_max, 64);
    let ProviderKind::Rfc2136(hidden) = &config.providers[&"hidden".parse().expect("a name")].kind else {
        panic!("rfc2136")
    };
    let notified: Vec<String> = hidden.notify.iter().map(ToString::to_string).collect();
    assert_eq!(notified, ["198.51.100.53:53", "[2001:db8::53]:5353"]);
    let checkout = config.services[0].lead();
    assert_eq!((checkout.mode, checkout.revision), (Mode::Active, 12));
    assert_eq!(checkout.policy.vantage_points.len(), 3);
    assert_eq!(checkout.policy.validity(), VALIDITY_MIN);
    assert_eq!(checkout.policy.failback, Failback::Automatic { soak: Duration::from_mins(20) });
    assert_eq!(checkout.policy.on_standby_failure, OnStandbyFailure::Hold);
    let (per, backoff) = (Duration::from_hours(2), Duration::from_mins(5));
    assert_eq!(checkout.policy.failover_budget, FailoverBudget { moves: 3, per, backoff });
    assert_eq!((checkout.policy.capacity.healthy_min(4), checkout.policy.capacity.proven_min(4)), (2, 3));
    assert_eq!(checkout.records[3].key.to_string(), "*.shop.example.com. A");
    assert_eq!(checkout.render(checkout.preferred()).expect("renders").len(), 5);
    let ProbeSpec::Http(https) = &checkout.regions[0].probes[0] else { panic!("an https probe") };
    assert_eq!((https.port, https.redirects_max, https.method.as_str()), (8443, 2, "HEAD"));
    assert_eq!(https.tls.as_ref().and_then(|tls| tls.valid_for), Some(Duration::from_hours(72)));
    assert!(matches!(config.services[1].lead().regions[1].endpoints[0], Endpoint::Hostname(_)));
    assert_eq!(config.services[1].lead().mode, Mode::Observe);
    let names = &config.services[2].lead().policy;
    assert_eq!((names.quorum, names.timeout), (3, Duration::from_secs(1)), "a default timeout fits the interval");
    assert_eq!(names.cooldown, Duration::from_mins(10));
    assert_eq!((names.capacity, &names.failback), (Capacity::default(), &Failback::Manual));
    assert_eq!(config.drain.resolvers.len(), 2);
    let windows = |service: usize| config.services[service].lead().windows.len();
    assert_eq!((windows(0), windows(1)), (2, 1), "one is for a service alone");
    let radius = config.blast_radius;
    assert_eq!((radius.services, radius.per), (3, Duration::from_mins(5)));
    assert_eq!((radius.share.of(100), radius.region_loss.of(100)), (30, 75));
    assert_eq!(config.canary.every, Some(Duration::from_hours(12)));
}

#[test]
fn without_a_word_no_resolver_is_sampled_and_a_canary_is_written_each_day() {
    let text = FULL.replace("\ndrain: ", "\n# ").replace("\ncanary: ", "\n# ");
    let config = load(&text, &NO_SECRETS).unwrap_or_else(|faults| panic!("{faults}"));
    assert!(config.drain.resolvers.is_empty());
    assert_eq!(config.canary.every, Some(Duration::from_hours(24)));
    let off = load(&FULL.replace("every: 12h", "every: off"), &NO_SECRETS).expect("loads");
    assert_eq!(off.canary.every, None);
}

#[test]
fn panels_and_canaries_without_sense_are_refused() {
    let told = faults_with("every: 12h", "every: 500ms");
    assert!(told.contains("canary.every: must be between 1s and 7d"), "{told}");
    let told = faults_with("[\"192.0.2.8:53\", \"[2001:db8::8]:53\"]", "[]");
    assert!(told.contains("drain.resolvers"), "{told}");
    let told = faults_with("\"[2001:db8::8]:53\"", "\"192.0.2.8:53\"");
    assert!(told.contains("address `192.0.2.8:53` is given twice"), "{told}");
    let many: Vec<String> = (1..=33).map(|last| format!("\"192.0.2.{last}:53\"")).collect();
    let told = faults_with("\"192.0.2.8:53\"", &many.join(", "));
    assert!(told.contains("32 at the most"), "{told}");
}

/// The full example with further keys of its provider, and with monitors that take questions.
fn verified(keys: &str) -> String {
    let text = FULL.replace("      permit: 8s", &format!("      permit: 8s\n      {keys}"));
    text.replace("role: viewer, file: SECRETS/monitor", "role: operator, file: SECRETS/monitor")
}

fn faults_of(text: &str) -> String {
    load(text, &NO_SECRETS).expect_err("a fault").to_string()
}

fn inside(keys: &str) -> Vec<String> {
    let config = load(&verified(keys), &NO_SECRETS).unwrap_or_else(|faults| panic!("{faults}"));
    let provider = &config.providers[&"hidden".parse().expect("a name")];
    provider.verify.inside().iter().map(ToString::to_string).collect()
}

#[test]
fn servers_of_a_private_network_are_asked_by_the_vantage_points_that_are_selected() {
    assert_eq!(inside("verify: private\n      verifyFrom: { network: lab }"), ["lab"]);
    assert_eq!(inside("verify: private"), ["fra1", "ams1", "lon1", "lab"], "all of them by default");
    assert_eq!(inside("verify: private\n      verifyFrom: all").len(), 4);
    assert!(inside("verify: public").is_empty());
}

#[test]
fn private_servers_that_nobody_could_ask_are_refused_with_what_to_do() {
    let at = "providers.hidden.rfc2136.verify";
    let unnamed = verified("verify: private").replacen("      authoritativeServers:", "      # ", 1);
    let told = faults_of(&unnamed);
    assert!(told.contains(&format!("{at}: `private` needs `authoritativeServers`")), "{told}");
    assert!(told.contains("hint: add it with each server's `ip:port`"), "{told}");
    let told = faults_of(&verified("verify: private\n      verifyFrom: { network: moon }"));
    assert!(told.contains(":32:19: providers.hidden.rfc2136.verifyFrom: no vantage point is inside"), "{told}");
    assert!(told.contains("hint: known labels: `network: lab`, `network: public`"), "{told}");
    let told = faults_of(&verified("verifyFrom: { network: lab }"));
    assert!(told.contains("verifyFrom: only `verify: private` asks from somewhere"), "{told}");
    let told = faults_of(&verified("verify: privat"));
    assert!(told.contains(&format!("{at}: `privat` is not one of its values")), "{told}");
}

#[test]
fn private_servers_are_refused_while_monitors_would_take_no_question() {
    let all = verified("verify: private");
    let told = faults_of(&all.replace("role: operator, file: SECRETS/monitor", "role: viewer, file: SECRETS/monitor"));
    assert!(told.contains("providers.hidden: `verify: private` needs a token with the role operator"), "{told}");
    let told = faults_of(&all.replace("  monitorTokenFile: SECRETS/monitor\n", ""));
    assert!(told.contains("providers.hidden: `verify: private` needs `controller.monitorTokenFile`"), "{told}");
}

#[test]
fn every_fault_is_told_at_once() {
    let told = load(BAD, &ALL_SECRETS).expect_err("faults").to_string();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/bad.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, format!("{told}\n")).expect("golden file written");
    }
    let wanted = std::fs::read_to_string(&golden).expect("golden file");
    assert_eq!(format!("{told}\n"), wanted, "set UPDATE_GOLDEN=1 to accept:\n{told}");
}

#[test]
fn each_program_needs_only_its_own_secrets() {
    let folder = tempfile::tempdir().expect("folder");
    let text = FULL.replace("SECRETS", &folder.path().display().to_string());
    let program = |name: &str| Program::Monitor(name.parse().expect("name"));
    write_secrets(folder.path());
    for program in [&ALL_SECRETS, &Program::Controller, &program("fra1")] {
        load(&text, program).unwrap_or_else(|faults| panic!("{faults}"));
    }
    std::fs::remove_file(folder.path().join("header")).expect("removed");
    assert!(load(&text, &Program::Controller).is_ok());
    assert!(load(&text, &program("lab")).is_ok(), "lab does not cover that probe");
    let told = load(&text, &program("fra1")).expect_err("a fault").to_string();
    assert!(told.contains("services[0].regions[0].probes[0].https.headers.X-Key.file: cannot read"), "{told}");
    std::fs::write(folder.path().join("tsig"), "no base64!\n").expect("written");
    let told = load(&text, &Program::Controller).expect_err("a fault").to_string();
    assert!(told.contains("providers.hidden.rfc2136.tsig.secretFile"), "{told}");
    assert!(load(&text, &NO_SECRETS).is_ok());
}

#[test]
fn a_monitor_must_be_a_vantage_point() {
    let told = load(FULL, &Program::Monitor("fra2".parse().expect("name"))).expect_err("a fault").to_string();
    assert!(told.contains("has no `fra2`") && told.contains("did you mean `fra1`"), "{told}");
}

#[test]
fn files_of_a_folder_are_joined_by_name() {
    let folder = tempfile::tempdir().expect("folder");
    let (first, rest) = FULL.split_once("services:\n").expect("services");
    let (services, last) = rest.split_once("store:").expect("store");
    let version = "apiVersion: dnsfailover/v1\n";
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).expect("written");
    write("10-base.yaml", first.to_owned());
    write("20-services.yml", format!("{version}services:\n{services}"));
    write("30-process.yaml", format!("{version}store:{last}"));
    write("ignored.txt", "no yaml".to_owned());
    write(".hidden.yaml", "no: yaml".to_owned());
    let paths = [folder.path().to_owned()];
    let config = Config::load(&paths, &NO_SECRETS).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.services.len(), 3);

    write("40-again.yaml", format!("{version}store: {{}}\nproviders: {{ hidden: {{}} }}\n"));
    let told = Config::load(&paths, &NO_SECRETS).expect_err("faults").to_string();
    assert!(told.contains("40-again.yaml:2:8: store: is given twice; it also stands at"), "{told}");
    assert!(told.contains("provider `hidden` is given twice"), "{told}");
}

#[test]
fn unreadable_files_are_faults() {
    let missing = PathBuf::from("/nonexistent/config.yaml");
    let told = Config::load(&[missing.clone(), missing], &NO_SECRETS).expect_err("faults").to_string();
    assert!(told.contains("config.yaml: cannot read") && told.contains("named twice"), "{told}");
    assert!(told.ends_with("2 faults; nothing was started"), "{told}");
    assert!(Config::load(&[], &NO_SECRETS).is_err());
    let empty = tempfile::tempdir().expect("folder");
    let told = Config::load(&[empty.path().to_owned()], &NO_SECRETS).expect_err("a fault").to_string();
    assert!(told.contains("holds no *.yaml"), "{told}");
}

#[test]
fn the_digest_follows_the_content() {
    let digest = |text: &str| load(text, &NO_SECRETS).expect("loads").digest;
    assert_eq!(digest(FULL), digest(FULL));
    assert_ne!(digest(FULL), digest(&FULL.replace("revision: 12", "revision: 13")));
}

#[test]
fn nobody_is_notified_unless_configured() {
    let config = load(&FULL.replace("      notify: ", "      # "), &NO_SECRETS).expect("loads");
    let ProviderKind::Rfc2136(hidden) = &config.providers[&"hidden".parse().expect("a name")].kind else {
        panic!("rfc2136")
    };
    assert!(hidden.notify.is_empty());
}

/// The full example with a second provider, which lists these zones.
fn with_second(zones: &str) -> String {
    let second = format!(
        "  second:\n    rfc2136:\n      server: 203.0.113.53:53\n      zones: [{zones}]\n      \
         tsig: {{ name: k., algorithm: hmac-sha256, secretFile: SECRETS/tsig }}\npolicies:\n"
    );
    let both = FULL.replacen("providers: [hidden]", "providers: [hidden, second]", 1);
    both.replacen("policies:\n", &second, 1)
}

#[test]
fn a_service_of_several_providers_is_kept_at_each_in_order() {
    let config = load(&with_second("example.com"), &NO_SECRETS).unwrap_or_else(|faults| panic!("{faults}"));
    let places: Vec<String> =
        config.services[0].projections().iter().map(|service| service.place().to_string()).collect();
    assert_eq!(places, ["example.com. at hidden", "example.com. at second"]);
    let [first, second] = config.services[0].projections() else { panic!("two") };
    assert_eq!(first.records, second.records);
    assert_eq!(config.services[1].projections().len(), 1);
}

#[test]
fn a_record_in_another_zone_is_kept_at_every_provider_that_lists_it() {
    let [here, elsewhere] =
        ["", ", zone: example.net"].map(|zone| format!("{{ name: \"*.shop\", type: A, ttl: 30s{zone} }}"));
    let text = with_second("example.com").replacen(&here, &elsewhere, 1);
    let config = load(&text, &NO_SECRETS).unwrap_or_else(|faults| panic!("{faults}"));
    let places: Vec<(String, usize)> = config.services[0]
        .projections()
        .iter()
        .map(|service| (service.place().to_string(), service.records.len()))
        .collect();
    let expected = [("example.com. at hidden", 4), ("example.net. at hidden", 1), ("example.com. at second", 4)];
    assert_eq!(places, expected.map(|(place, records)| (place.to_owned(), records)));
    assert_eq!(config.services[0].projections()[1].records[0].key.to_string(), "*.shop.example.net. A");
}

#[test]
fn a_provider_without_any_zone_of_the_service_is_refused() {
    let told = load(&with_second("example.org"), &NO_SECRETS).expect_err("a fault").to_string();
    assert!(told.contains("provider `second` does not list the zone `example.com.`"), "{told}");
}

#[test]
fn a_zone_that_no_provider_of_the_service_lists_is_refused() {
    let told = faults_with("{ name: api, type: A, ttl: 60s }", "{ name: api, type: A, ttl: 60s, zone: example.org }");
    assert!(told.contains("records[0].zone: no provider of the service lists the zone `example.org.`"), "{told}");
}

#[test]
fn a_provider_named_twice_is_refused() {
    let told = faults_with("providers: [hidden]", "providers: [hidden, hidden]");
    assert!(told.contains("provider `hidden` is given twice"), "{told}");
}

#[test]
fn regions_that_answer_alike_in_one_of_the_zones_are_refused() {
    let elsewhere =
        "{ name: api, type: CNAME, ttl: 60s, zone: example.net, values: { prod: [a.test.], dr: [a.test.] } }";
    let told = faults_with("{ name: api, type: A, ttl: 60s }", elsewhere);
    assert!(told.contains("renders the same records as region `prod` in the zone `example.net.`"), "{told}");
}

#[test]
fn endpoints_behind_moving_records_are_refused() {
    let told = faults_with("hostname: lb-prod.example.org", "hostname: api.example.com");
    assert!(told.contains("`api.example.com.` is moved by service `checkout`"), "{told}");
}

#[test]
fn host_names_need_a_resolver_at_every_judging_vantage_point() {
    let told = faults_with("labels: { network: public }\n    resolver: local\n", "labels: { network: public }\n");
    assert!(told.contains("no resolver for this host name at `fra1`"), "{told}");
}

#[test]
fn a_region_that_only_its_own_vantage_points_judge_could_never_be_left() {
    let stands = FULL.replace("    region: eu-central-1\n", "    region: prod\n");
    let stands = stands
        .replace("labels: { network: public }, resolver", "region: eu-west-1, labels: { network: public }, resolver");
    let told = faults_of(&stands);
    assert!(told.contains("every vantage point that judges this region stands in it: "), "{told}");
    assert!(told.contains("one outside must agree"), "{told}");
    assert!(!told.contains("regions[1].name: every"), "dr has all of them outside: {told}");
}

#[test]
fn a_name_must_not_vanish_in_a_region() {
    let told = faults_with("{ name: api, type: A, ttl: 60s }", "{ name: api, type: A, ttl: 60s, absentIn: [dr] }");
    assert!(told.contains("would have no record at all in region `dr`"), "{told}");
}

#[test]
fn regions_that_answer_alike_are_refused() {
    let told = faults_with("198.51.100.54", "192.0.2.54");
    assert!(told.contains("renders the same records as region `prod`"), "{told}");
}

#[test]
fn a_fence_that_cannot_fit_is_refused() {
    let long = format!("{0}.{0}.{0}", "a".repeat(60));
    let record = |number: usize| format!("{{ name: h{number}.{long}, type: A, ttl: 60s }}");
    let records = (0..100).map(record).collect::<Vec<_>>().join(", ");
    let told = faults_with("{ name: ns, type: A, ttl: 60s }", &records);
    assert!(told.contains("services[2].name: its fence does not fit"), "{told}");
}

#[test]
fn unwise_choices_are_warned_of() {
    let config = load(&FULL.replacen("quorum: 2", "quorum: 1", 1), &NO_SECRETS).expect("loads");
    assert!(config.warnings.iter().any(|warning| warning.message.contains("one vantage point alone")));
    let config = load(FULL, &NO_SECRETS).expect("loads");
    let told: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(told, Vec::<String>::new());
}

/// Breaks the full example in one place, so that what is generated gets past the top level.
fn broken_example() -> impl Strategy<Value = String> {
    (0..FULL.len(), 0..40usize, "[ -~\n]{0,12}").prop_map(|(start, length, noise)| {
        let end = (start + length).min(FULL.len());
        format!("{}{noise}{}", &FULL[..start], &FULL[end..])
    })
}

proptest! {
    #[test]
    fn never_panics_on_any_text(text in "\\PC{0,200}") {
        let _ = load(&text, &NO_SECRETS);
    }

    #[test]
    fn never_panics_on_yaml_like_text(text in "([a-z]{1,3}: |- |\\[|\\]|\\{|\\}|&a |\\*a|\n| |\"|'|!!str |#|\\?){0,60}") {
        let _ = load(&text, &NO_SECRETS);
    }

    #[test]
    fn never_panics_on_a_broken_example(text in broken_example()) {
        if let Err(faults) = load(&text, &NO_SECRETS) {
            prop_assert!(faults.iter().next().is_some());
        }
    }
}
