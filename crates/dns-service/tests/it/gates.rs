//! Gates in the configuration: what is read, what is the default, and what is refused with the reason.

use std::path::Path;
use std::time::Duration;

use dns_core::gate::GateSpec;
use dns_core::policy::{CERTIFICATE_WARNING, STANDBY_UNREADY_FOR};
use dns_service::config::Config;
use dns_service::config::secret::{Program, SecretCheck};

const FULL: &str = include_str!("../golden/full.yaml");

/// The second gate of the full example, in which every default is left to the program.
const CAPACITY: &str =
    r#"{ name: capacity, http: { url: "http://192.0.2.201:8080/", min: { freePercent: 40 }, allowPlainHttp: true } }"#;

fn load(text: &str) -> Result<Config, String> {
    let program = Program::Admin(SecretCheck::Skip);
    Config::from_texts([(Path::new("config.yaml"), text)], &program).map_err(|faults| faults.to_string())
}

fn gates(text: &str) -> Vec<GateSpec> {
    let config = load(text).unwrap_or_else(|faults| panic!("{faults}"));
    config.services[0].lead().regions[1].gates.to_vec()
}

/// The faults of the full example with another second gate.
fn faults(gate: &str) -> String {
    let text = FULL.replacen(CAPACITY, gate, 1);
    assert_ne!(text, FULL, "the example has changed");
    load(&text).expect_err("a fault")
}

#[test]
fn gates_are_read_with_their_defaults() {
    let [replication, capacity] = &gates(FULL)[..] else { panic!("two gates") };
    assert_eq!(
        (replication.name.as_str(), replication.http.url.as_str()),
        ("replication", "https://db.dr.example.org/ready")
    );
    assert_eq!((replication.every, replication.within), (Duration::from_secs(5), Duration::from_secs(20)));
    assert_eq!(replication.http.max.get("lagSeconds"), Some(&30));
    assert_eq!(replication.http.token_file.as_deref(), Some(Path::new("SECRETS/gate")));
    assert_eq!((capacity.every, capacity.within), (Duration::from_secs(10), Duration::from_secs(30)));
    assert_eq!((capacity.http.timeout, capacity.http.min.get("freePercent")), (Duration::from_secs(2), Some(&40)));
    let quick = gates(&FULL.replacen("{ name: capacity,", "{ every: 1s, name: capacity,", 1));
    assert_eq!((quick[1].http.timeout, quick[1].within), (Duration::from_secs(1), Duration::from_secs(3)));
}

#[test]
fn a_policy_says_when_standbys_and_certificates_are_told() {
    let config = load(FULL).unwrap_or_else(|faults| panic!("{faults}"));
    let critical = &config.services[0].lead().policy;
    let days = |count: u64| Duration::from_hours(count * 24);
    assert_eq!((critical.standby_unready_for, critical.certificate_warning), (Duration::from_hours(1), days(30)));
    let default = &config.services[2].lead().policy;
    assert_eq!((default.standby_unready_for, default.certificate_warning), (STANDBY_UNREADY_FOR, CERTIFICATE_WARNING));
    let never = load(&FULL.replacen("standbyUnreadyFor: 1h", "standbyUnreadyFor: 0s", 1)).expect_err("a fault");
    assert!(never.contains("policies.critical.standbyUnreadyFor: must be above zero"), "{never}");
}

#[test]
fn gates_that_could_not_work_are_refused_with_the_reason() {
    let cases = [
        ("{ http: { url: http://127.0.0.1/ } }", "`name` is missing"),
        ("{ name: a }", "`http` is missing"),
        ("{ name: replication, http: { url: http://127.0.0.1/ } }", "gate `replication` is given twice"),
        ("{ name: a, http: { url: http://127.0.0.1/ }, evry: 5s }", "did you mean `every`?"),
        ("{ name: a, http: { url: nowhere } }", "relative URL without a base"),
        ("{ name: a, http: { url: ftp://192.0.2.1/ } }", "scheme `ftp` is neither https nor http"),
        ("{ name: a, http: { url: http://192.0.2.1/ } }", "anyone on the way could open this gate"),
        ("{ name: a, http: { url: https://me:pw@db.example.org/ } }", "the url holds a password"),
        ("{ name: a, http: { url: https://api.example.com/ } }", "moves with service `checkout`"),
        ("{ name: a, http: { url: https://eu.shop.example.com/ } }", "moves with service `checkout`"),
        ("{ name: a, http: { url: http://127.0.0.1/ }, every: 10ms }", "must be at least 100ms"),
        ("{ name: a, http: { url: http://127.0.0.1/, timeout: 6s }, every: 5s }", "timeout 6s is above `every`, 5s"),
        ("{ name: a, http: { url: http://127.0.0.1/ }, within: 11s }", "a yes must count for at least 12s: every 10s"),
        ("{ name: a, http: { url: http://127.0.0.1/, max: { lag: 0.5 } } }", "`0.5` is not a whole number"),
        ("{ name: a, http: { url: http://127.0.0.1/, max: { n: 1 }, min: { n: 2 } } }", "no answer is both"),
    ];
    for (gate, words) in cases {
        let told = faults(gate);
        assert!(told.contains(words) && told.contains("services[0].regions[1].gates"), "{gate}: {told}");
    }
}

#[test]
fn more_gates_than_anyone_can_keep_in_mind_are_refused() {
    let many: Vec<String> =
        (0..9).map(|number| format!("{{ name: g{number}, http: {{ url: http://127.0.0.1/ }} }}")).collect();
    let told = faults(&many.join("\n          - "));
    assert!(told.contains("10 gates, 8 at the most"), "{told}");
}

#[test]
fn only_the_controller_needs_a_gates_token() {
    let text = FULL.replace("SECRETS", "/nonexistent");
    let told = |program| {
        Config::from_texts([(Path::new("config.yaml"), text.as_str())], &program).expect_err("faults").to_string()
    };
    assert!(told(Program::Controller).contains("/nonexistent/gate"));
    assert!(!told(Program::Monitor("fra1".parse().expect("a name"))).contains("/nonexistent/gate"));
}
