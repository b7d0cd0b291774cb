//! Receivers and hooks: read with their defaults, and refused where they could not work or would tell strangers.

use std::collections::BTreeSet;
use std::time::Duration;

use dns_service::config::notification::{OnTimeout, ReceiverKind, Topic};

use crate::config::{FULL, NO_SECRETS, faults_with, load};

#[test]
fn receivers_are_told_of_pages_by_default_and_of_what_they_name() {
    let config = load(FULL, &NO_SECRETS).unwrap_or_else(|faults| panic!("{faults}"));
    let [archive, chat, oncall, alerts] = config.notifications.as_slice() else { panic!("four") };
    assert_eq!(archive.on, BTreeSet::from([Topic::All]));
    assert!(matches!(archive.kind, ReceiverKind::Webhook { .. }));
    assert_eq!((archive.timeout, archive.services.as_ref()), (Duration::from_secs(5), None));
    assert_eq!(chat.on, BTreeSet::from([Topic::Pages, Topic::Moves]));
    assert_eq!(chat.services.as_ref().map(BTreeSet::len), Some(2));
    let ReceiverKind::PagerDuty { url, .. } = &oncall.kind else { panic!("pagerduty") };
    assert_eq!(url.as_str(), "https://events.pagerduty.com/v2/enqueue");
    assert_eq!((oncall.on.clone(), oncall.timeout), (BTreeSet::from([Topic::Pages]), Duration::from_secs(10)));
    assert!(matches!(&alerts.kind, ReceiverKind::Alertmanager { token_file: Some(_), .. }));
}

#[test]
fn hooks_are_those_of_a_services_policy() {
    let config = load(FULL, &NO_SECRETS).unwrap_or_else(|faults| panic!("{faults}"));
    let [hooks] = config.hooks.as_slice() else { panic!("one policy has hooks") };
    let services: Vec<&str> = hooks.services.iter().map(dns_core::identifier::ServiceName::as_str).collect();
    assert_eq!(services, ["checkout", "web"]);
    let desk = &hooks.pre_flip[0];
    assert_eq!((desk.on_timeout, desk.hook.timeout), (OnTimeout::Veto, Duration::from_secs(3)));
    assert_eq!(hooks.post_flip[0].timeout, Duration::from_secs(10));
    let quiet = load(&FULL.replace(", timeout: 3s, onTimeout: veto", ""), &NO_SECRETS).expect("loads");
    let desk = &quiet.hooks[0].pre_flip[0];
    assert_eq!((desk.on_timeout, desk.hook.timeout), (OnTimeout::Proceed, Duration::from_secs(2)));
}

#[test]
fn a_hook_that_would_outlast_the_decision_is_refused() {
    let told = faults_with("timeout: 3s, onTimeout", "timeout: 6s, onTimeout");
    assert!(told.contains("hooks.preFlip[0].timeout: must be between 100ms and 5s"), "{told}");
    assert!(told.contains("hint: a decision must still be valid after its hooks"), "{told}");
    let slow = FULL.replace("    interval: 2s\n", "    interval: 10s\n");
    let slow = slow.replace("timeout: 3s, onTimeout", "timeout: 10s, onTimeout");
    load(&slow, &NO_SECRETS).unwrap_or_else(|faults| panic!("decisions are valid for longer: {faults}"));
}

#[test]
fn what_strangers_could_read_or_answer_is_refused() {
    let told = faults_with("https://desk.example.net/ask", "http://desk.example.net/ask");
    assert!(told.contains("preFlip[0].url: plain http beyond loopback"), "{told}");
    assert!(told.contains("allowPlainHttp: true"), "{told}");
    let told = faults_with("https://archive.example.net/failover", "http://archive.example.net/failover");
    assert!(told.contains("notifications[0].webhook.url: plain http beyond loopback"), "{told}");
    let told = faults_with("9093\", allowPlainHttp: true", "9093\"");
    assert!(told.contains("notifications[3].alertmanager.url: plain http beyond loopback"), "{told}");
    let told = faults_with("https://archive.example.net/", "https://me:secret@archive.example.net/");
    assert!(told.contains("the url holds a password") && !told.contains("me:secret"), "{told}");
}

#[test]
fn every_fault_of_receivers_is_told_at_once() {
    let bad = "notifications:
  - { name: bad, on: [page], services: [chekout], webhook: { url: nowhere, timeout: 2m } }
  - { name: neither, extra: 1 }\n";
    let told = load(&FULL.replace("notifications:\n", bad), &NO_SECRETS).expect_err("faults").to_string();
    for fault in [
        "notifications[0].on[0]: `page` is not one of its values",
        "notifications[0].services[0]: there is no service `chekout`",
        "did you mean `checkout`?",
        "notifications[0].webhook.url: `nowhere` is no HTTP URL",
        "notifications[0].webhook: `secretFile` is missing",
        "notifications[0].webhook.timeout: must be between 100ms and 1m",
        "notifications[1].extra: unknown key",
        "notifications[1]: needs one of webhook, slack, pagerduty, alertmanager",
    ] {
        assert!(told.contains(fault), "{fault}: {told}");
    }
    let told = faults_with("{ name: oncall, pagerduty", "{ name: archive, pagerduty");
    assert!(told.contains("receiver `archive` is given twice"), "{told}");
}

#[test]
fn what_opens_incidents_takes_nothing_but_troubles() {
    let told = faults_with("{ name: oncall, pagerduty", "{ name: oncall, on: [moves], pagerduty");
    assert!(told.contains("notifications[2].on: `pagerduty` takes `[pages]` only"), "{told}");
    let fine = FULL.replace("{ name: oncall, pagerduty", "{ name: oncall, on: [pages], pagerduty");
    load(&fine, &NO_SECRETS).unwrap_or_else(|faults| panic!("{faults}"));
}

#[test]
fn one_name_is_one_hook() {
    let told = faults_with("name: ledger", "name: change-desk");
    assert!(told.contains("hook `change-desk` is another one at config.yaml"), "{told}");
    let ledger = "{ name: ledger, url: \"http://127.0.0.1:9000/told\", secretFile: SECRETS/desk }";
    let shared = FULL.replace("  default:\n", &format!("  default:\n    hooks: {{ postFlip: [{ledger}] }}\n"));
    let config = load(&shared, &NO_SECRETS).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.hooks.len(), 2, "policies may share one");
}
