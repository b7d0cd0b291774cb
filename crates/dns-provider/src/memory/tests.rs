use std::time::Duration;

use dns_core::change::{Guard, Requirement};
use dns_core::rrset::canonical_name;
use dns_core::zone::FoundFence;

use super::*;

const START: Timestamp = Timestamp::from_secs(1_795_246_200);

fn name(text: &str) -> Name {
    canonical_name(text).expect("a name")
}

fn rrset(owner: &str, rtype: GuardedType, value: &str) -> Rrset {
    let value = rtype.parse_value(value).expect("a value");
    Rrset::new(RrsetKey::new(&name(owner), rtype), Ttl::from_secs(60).expect("a TTL"), [value]).expect("an RRset")
}

fn text(version: &str) -> FenceText {
    FenceText::from_strings(vec![format!("v={version};")])
}

fn permit() -> Permit {
    Permit { granted: START, length: Duration::from_secs(10) }
}

fn request() -> ReadRequest {
    let keys = [RrsetKey::new(&name("api.example.com"), GuardedType::A)].into();
    ReadRequest { zone: name("example.com"), fence_name: name("_a._failover.example.com"), keys }
}

/// `api A 192.0.2.1`, and a change that moves it under a first fence.
fn scene() -> (Memory, ChangeSet) {
    let memory = Memory::new(&name("example.com"), vec![name("ns.example.net")]);
    let old = rrset("api.example.com", GuardedType::A, "192.0.2.1");
    memory.put(old.clone());
    let change = ChangeSet {
        zone: name("example.com"),
        fence_name: name("_a._failover.example.com"),
        guard: Guard::Absent,
        requires: vec![
            Requirement::Exactly(old.clone()),
            Requirement::Absent(RrsetKey::new(&name("api.example.com"), GuardedType::Cname)),
        ],
        deletes: vec![old],
        creates: vec![rrset("api.example.com", GuardedType::A, "198.51.100.1")],
        fence_ttl: Ttl::from_secs(60).expect("a TTL"),
        fence: text("1"),
    };
    (memory, change)
}

fn served(memory: &Memory, owner: &str) -> Vec<String> {
    memory.served(&name(owner), GuardedType::A).iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn write_waits_at_the_gate_and_is_judged_by_what_it_finds_afterwards() {
    let (memory, change) = scene();
    let mut hold = memory.hold_next_apply();
    let late = tokio::spawn({
        let (memory, change) = (memory.clone(), change.clone());
        async move { memory.apply(&change, &permit()).await }
    });
    hold.reached().await;
    memory.apply(&change, &permit()).await.expect("the other is faster");
    hold.open();
    let late = late.await.expect("joined");
    assert!(matches!(late, Err(ProviderError::Conflict { .. })), "{late:?}");
    assert_eq!(served(&memory, "api.example.com"), ["198.51.100.1"]);
}

#[tokio::test]
async fn fault_strikes_the_call_that_it_was_made_for_and_tells_nothing_of_an_unknown_outcome() {
    let (memory, change) = scene();
    let permit = permit();
    let apply = || memory.apply(&change, &permit);
    let throttled = Fault::Throttled { retry_after: Duration::from_secs(7) };
    for fault in [Fault::Transient, throttled, Fault::Denied, Fault::LostBeforeApplying] {
        memory.fail_next(Call::Apply, fault);
    }
    memory.fail_next(Call::Read, Fault::LostAfterApplying);
    assert!(matches!(apply().await, Err(ProviderError::Transient { .. })));
    assert!(matches!(apply().await, Err(ProviderError::Throttled { retry_after, .. }) if retry_after.as_secs() == 7));
    assert!(matches!(apply().await, Err(ProviderError::Denied { .. })));
    assert!(matches!(apply().await, Err(ProviderError::OutcomeUnknown { .. })));
    assert_eq!(served(&memory, "api.example.com"), ["192.0.2.1"], "none of them wrote");
    memory.fail_next(Call::Apply, Fault::LostAfterApplying);
    assert!(matches!(apply().await, Err(ProviderError::OutcomeUnknown { .. })));
    assert_eq!(served(&memory, "api.example.com"), ["198.51.100.1"], "this one did");
    let read = memory.read(&request(), Urgency::Watch).await;
    assert!(matches!(read, Err(ProviderError::Transient { .. })), "{read:?}");
    assert!(memory.read(&request(), Urgency::Watch).await.is_ok());
}

#[tokio::test]
async fn permit_runs_out_by_the_given_clock() {
    let (memory, change) = scene();
    let late = memory.clone().with_clock(|| Timestamp::from_secs(START.as_secs() + 11));
    let outcome = late.apply(&change, &permit()).await;
    assert!(matches!(&outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains("1 s ago")), "{outcome:?}");
    let in_time = memory.with_clock(|| Timestamp::from_secs(START.as_secs() + 10));
    in_time.apply(&change, &permit()).await.expect("in time");
}

#[tokio::test]
async fn cname_never_comes_to_stand_beside_another_record() {
    let (memory, change) = scene();
    let beside = rrset("www.example.com", GuardedType::Cname, "lb.example.net");
    memory.put(rrset("www.example.com", GuardedType::A, "192.0.2.9"));
    let change = ChangeSet {
        requires: vec![Requirement::Absent(beside.key().clone())],
        deletes: vec![],
        creates: vec![beside],
        ..change
    };
    let outcome = memory.apply(&change, &permit()).await;
    assert!(
        matches!(&outcome, Err(ProviderError::Invalid { record, .. }) if record.contains("www.example.com")),
        "{outcome:?}"
    );
    assert_eq!(memory.read(&request(), Urgency::Watch).await.expect("read").fence, FoundFence::Absent);
}

#[test]
fn wildcard_lends_below_the_closest_name_that_exists() {
    let (memory, _) = scene();
    memory.put(rrset("*.example.com", GuardedType::A, "192.0.2.7"));
    memory.put(rrset("a.deep.example.com", GuardedType::A, "192.0.2.8"));
    assert_eq!(served(&memory, "ghost.example.com"), ["192.0.2.7"]);
    assert_eq!(served(&memory, "a.ghost.example.com"), ["192.0.2.7"]);
    assert_eq!(served(&memory, "api.example.com"), ["192.0.2.1"]);
    // `deep` exists, without a record of its own.
    assert!(served(&memory, "deep.example.com").is_empty());
    assert!(served(&memory, "ghost.deep.example.com").is_empty());
}
