//! What a policy says about orders and failback: how long overrides last, who must agree, how long a flapping service stays.

use std::path::Path;
use std::time::Duration;

use dns_core::dwell::DwellPolicy;
use dns_core::kernel::Rule;
use dns_core::overriding::OverrideTerm;
use dns_core::policy::Policy;
use dns_core::write::WriteKind;
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
    (*config.services[0].lead().policy).clone()
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

/// Two people who may operate.
fn with_two(keys: &str) -> Result<Config, String> {
    let keys = format!("    onForeignChange: hold\n{keys}");
    let text = FULL.replacen("    onForeignChange: hold\n", &keys, 1);
    let text = text.replacen("role: viewer", "role: operator", 1);
    let program = Program::Admin(SecretCheck::Skip);
    Config::from_texts([(Path::new("config.yaml"), text.as_str())], &program).map_err(|faults| faults.to_string())
}

#[test]
fn a_policy_says_which_orders_need_a_second_person() {
    assert!(!policy("").approval.is_demanding(), "nobody by default");
    let config = with_two("    approval: { overrides: [targetProven], orders: [release, failback], within: 5m }\n");
    let approval = config.unwrap_or_else(|faults| panic!("{faults}")).services[0].lead().policy.approval.clone();
    assert_eq!(approval.overrides, [Rule::TargetProven].into());
    assert_eq!(approval.orders, [WriteKind::Failback, WriteKind::Release].into());
    assert_eq!(approval.within, Duration::from_mins(5));
    let all = with_two("    approval: { overrides: all }\n").unwrap_or_else(|faults| panic!("{faults}"));
    let overrides = all.services[0].lead().policy.approval.overrides.clone();
    assert!(overrides.iter().eq(Rule::ALL.iter().filter(|rule| rule.is_overridable())), "{overrides:?}");
}

#[test]
fn a_second_person_that_cannot_be_asked_or_is_never_wanted_is_refused() {
    let told = faults("    approval: { overrides: all }\n");
    let wanted =
        "`policies.critical.approval` wants a second person, and `controller.tokens` has 1 with the role operator";
    assert!(told.contains(wanted), "{told}");
    let refused = |keys: &str| with_two(keys).expect_err("a fault");
    let told = refused("    approval: { within: 5m }\n");
    assert!(told.contains("policies.critical.approval: names no order"), "{told}");
    let told = refused("    approval: { overrides: [unfenced] }\n");
    assert!(told.contains("policies.critical.approval.overrides[0]: `unfenced` is not one of its values"), "{told}");
    let told = refused("    approval: { orders: [pause] }\n");
    assert!(told.contains("policies.critical.approval.orders[0]"), "{told}");
    let told = refused("    approval: { overrides: all, within: 2d }\n");
    assert!(told.contains("policies.critical.approval.within: an order would wait longer than 1day"), "{told}");
}

#[test]
fn the_wait_of_a_service_that_flaps_is_bounded_and_not_forgotten_before_its_time() {
    assert_eq!(policy("").dwell, DwellPolicy::default());
    let read = policy("    dwell: { longest: 8h }\n").dwell;
    assert_eq!((read.longest, read.quiet_after), (Duration::from_hours(8), Duration::from_hours(8)));
    let told = faults("    dwell: { longest: 1h, quietAfter: 30m }\n");
    assert!(told.contains("policies.critical.dwell.quietAfter: is shorter than `longest`, 1h"), "{told}");
    let told = faults("    dwell: { longest: 8d }\n");
    assert!(told.contains("policies.critical.dwell.longest: failback would wait longer than 7days"), "{told}");
}
