//! What a policy says about orders: how long overrides last.

use std::path::Path;
use std::time::Duration;

use dns_core::overriding::OverrideTerm;
use dns_core::policy::Policy;
use dns_service::config::Config;
use dns_service::config::secret::{Program, SecretCheck};

const FULL: &str = include_str!("../golden/full.yaml");

/// The full example with further keys of the policy of its first service.
fn load(keys: &str) -> Result<Config, String> {
    let text = FULL.replacen("    onForeignChange: hold\n", &format!("    onForeignChange: hold\n{keys}"), 1);
    let program = Program::Admin(SecretCheck::Skip);
    Config::from_texts([(Path::new("config.yaml"), text.as_str())], &program).map_err(|faults| faults.to_string())
}

fn policy(keys: &str) -> Policy {
    let config = load(keys).unwrap_or_else(|faults| panic!("{faults}"));
    config.services[0].lead().policy.clone()
}

fn faults(keys: &str) -> String {
    load(keys).expect_err("a fault")
}

#[test]
fn overrides_last_as_long_as_the_policy_says() {
    assert_eq!(policy("").overrides, OverrideTerm::default());
    let (usual, longest) = (Duration::from_mins(2), Duration::from_mins(20));
    assert_eq!(policy("    overrides: { last: 2m, lastAtMost: 20m }\n").overrides, OverrideTerm { usual, longest });
    let short = policy("    overrides: { lastAtMost: 3m }\n").overrides;
    assert_eq!(short.usual, Duration::from_mins(3), "a default makes no fault of a short bound");
}

#[test]
fn overrides_that_would_never_end_are_refused() {
    let told = faults("    overrides: { lastAtMost: 25h }\n");
    assert!(told.contains("policies.critical.overrides.lastAtMost: overrides would last longer than 1day"), "{told}");
    let told = faults("    overrides: { last: 2h }\n");
    assert!(told.contains("policies.critical.overrides.last: is longer than `lastAtMost`, 1h"), "{told}");
    assert!(faults("    overrides: { last: 0s }\n").contains("policies.critical.overrides.last"));
}
