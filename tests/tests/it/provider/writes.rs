//! What a change set does, and when the server itself refuses it.

use dns_core::change::{ChangeSet, Guard};
use dns_core::fence::Fence;
use dns_core::rrset::GuardedType;
use dns_core::zone::FoundFence;
use dns_provider::authoritative::{Expected, Served, serves};
use dns_provider::port::{Provider, ProviderError, Receipt, Urgency};
use tests::auth::Algorithm;
use tests::{Key, Kind, Setup};

use super::{
    PERMIT, Rig, TIMEOUT, ZONE, all_keys, all_moved, api, api_moved, fence, key, name, on_every_primary, permit, plan,
    provider, request, rrset, rrsets,
};

fn assert_conflict(outcome: &Result<Receipt, ProviderError>) {
    assert!(matches!(outcome, Err(ProviderError::Conflict { .. })), "{outcome:?}");
}

fn adopts_where_there_is_no_fence(kind: Kind) {
    let rig = Rig::start(kind);
    let before = rig.read(&all_keys());
    assert_eq!((before.fence.clone(), before.rrsets.len()), (FoundFence::Absent, 5));
    let after = rig.adopt(&all_keys());
    assert_eq!(after.rrsets, before.rrsets);
    let FoundFence::Present { text, ttl } = after.fence else { panic!("no fence: {:?}", after.fence) };
    assert_eq!(ttl.as_secs(), 60);
    assert_eq!(Fence::parse(&text, &after.zone).expect("a fence"), fence(&before.rrsets, 1));
    // The second adopter read no fence either, and loses.
    assert_conflict(&rig.apply(&plan(&before, &before.rrsets, 1)));
}

fn moves_all_records_at_once(kind: Kind) {
    let rig = Rig::start(kind);
    let view = rig.adopt(&all_keys());
    rig.apply(&plan(&view, &all_moved(), 2)).expect("moved");
    assert_eq!(rig.read(&all_keys()).rrsets, all_moved());
    assert_eq!(rig.server.query("api.example.test", "A"), ["198.51.100.1", "198.51.100.2", "198.51.100.3"]);
    assert_eq!(rig.server.query("www.example.test", "CNAME"), ["lb-dr.example.net."]);
    assert_eq!(rig.server.query("any.w.example.test", "A"), ["198.51.100.1"]);
    assert_eq!(rig.server.query("example.test", "A"), ["198.51.100.1"]);
    // Back again: the names in the fence and in the zone are what we wrote.
    let view = rig.read(&all_keys());
    rig.apply(&plan(&view, &rrsets([rrset("api.example.test", GuardedType::A, &["192.0.2.1"])]), 3)).expect("moved");
    assert_eq!(rig.server.query("api.example.test", "A"), ["192.0.2.1"]);
    assert!(rig.server.query("www.example.test", "CNAME").is_empty());
}

fn changes_one_type_into_another(kind: Kind) {
    let rig = Rig::start(kind);
    let view = rig.adopt(&[key("www.example.test", GuardedType::Cname), api()]);
    let target = rrsets([
        rrset("www.example.test", GuardedType::A, &["198.51.100.1"]),
        rrset("api.example.test", GuardedType::Cname, &["lb-dr.example.net"]),
    ]);
    let change = plan(&view, &target, 2);
    // `api` has an AAAA beside the A, which was read as a conflicting type of nothing: the CNAME must not be lost.
    assert_conflict(&rig.apply(&change));
    let view =
        rig.read(&[key("www.example.test", GuardedType::Cname), api(), key("api.example.test", GuardedType::Aaaa)]);
    rig.apply(&plan(&view, &target, 2)).expect("moved");
    assert_eq!(rig.server.query("www.example.test", "A"), ["198.51.100.1"]);
    assert_eq!(rig.server.query("api.example.test", "CNAME"), ["lb-dr.example.net."]);
}

fn refuses_a_stale_fence_whole(kind: Kind) {
    let rig = Rig::start(kind);
    let stale = rig.adopt(&all_keys());
    rig.apply(&plan(&stale, &stale.rrsets, 2)).expect("annotated");
    let now = rig.read(&all_keys());
    assert_conflict(&rig.apply(&plan(&stale, &all_moved(), 2)));
    assert_eq!(rig.read(&all_keys()), now, "nothing changed");
}

fn refuses_a_record_that_a_hand_changed(kind: Kind) {
    let rig = Rig::start(kind);
    let view = rig.adopt(&all_keys());
    rig.server.edit(&["update add api.example.test. 60 A 192.0.2.99"]);
    let edited = rig.read(&all_keys());
    assert_conflict(&rig.apply(&plan(&view, &all_moved(), 2)));
    assert_eq!(rig.read(&all_keys()), edited, "nothing changed");
}

fn refuses_a_record_that_a_hand_removed(kind: Kind) {
    let rig = Rig::start(kind);
    let view = rig.adopt(&all_keys());
    rig.server.edit(&["update delete api.example.test. AAAA"]);
    assert_conflict(&rig.apply(&plan(&view, &all_moved(), 2)));
}

fn refuses_when_the_fence_was_deleted(kind: Kind) {
    let rig = Rig::start(kind);
    let view = rig.adopt(&[api()]);
    rig.server.edit(&["update delete _checkout._failover.example.test. TXT"]);
    assert_conflict(&rig.apply(&plan(&view, &api_moved(), 2)));
    assert_eq!(rig.read(&[api()]).fence, FoundFence::Absent);
}

fn refuses_what_has_appeared_meanwhile(kind: Kind) {
    let rig = Rig::start(kind);
    let fresh = key("fresh.example.test", GuardedType::A);
    let view = rig.adopt(&[api(), fresh]);
    let target = rrsets([rrset("fresh.example.test", GuardedType::A, &["198.51.100.1"])]);
    rig.server.edit(&["update add fresh.example.test. 60 A 192.0.2.99"]);
    assert_conflict(&rig.apply(&plan(&view, &target, 2)));
    // A CNAME is no A, but the server would leave out the A silently and answer NOERROR.
    rig.server.edit(&["update delete fresh.example.test. A"]);
    rig.server.edit(&["update add fresh.example.test. 60 CNAME elsewhere.example.net."]);
    assert_conflict(&rig.apply(&plan(&view, &target, 2)));
    assert_eq!(rig.server.query("fresh.example.test", "CNAME"), ["elsewhere.example.net."]);
}

fn ignores_ttls_in_conditions_and_writes_them(kind: Kind) {
    let rig = Rig::start(kind);
    let view = rig.adopt(&[api()]);
    rig.server.edit(&[
        "update delete api.example.test. A",
        "update add api.example.test. 7200 A 192.0.2.1",
        "update add api.example.test. 7200 A 192.0.2.2",
    ]);
    let target = rrsets([rrset("api.example.test", GuardedType::A, &["192.0.2.1", "192.0.2.2"])]);
    assert_eq!(rig.read(&[api()]).rrsets[&api()].ttl().as_secs(), 7200);
    rig.apply(&plan(&rig.read(&[api()]), &target, 2)).expect("the TTL is set back");
    assert_eq!(rig.read(&[api()]).rrsets, target);
    assert_conflict(&rig.apply(&plan(&view, &target, 3)));
}

fn compares_a_fence_of_many_strings_exactly(kind: Kind) {
    let rig = Rig::start(kind);
    let far =
        (0..40).map(|n| rrset(&format!("a-rather-long-name-{n:03}.example.test"), GuardedType::A, &["192.0.2.1"]));
    let far = rrsets(far);
    let view = rig.read(&far.keys().cloned().collect::<Vec<_>>());
    rig.apply(&plan(&view, &far, 1)).expect("adopted");
    let view = rig.read(&[]);
    let FoundFence::Present { ttl, text } = view.fence.clone() else { panic!("no fence") };
    assert!(text.strings().len() > 4, "{} strings", text.strings().len());
    assert_eq!(view.rrsets, far, "the fence names them");

    // The same bytes cut elsewhere are another record, and so is one digit.
    let good = plan(&view, &view.rrsets, 2);
    let mut recut = text.strings().to_vec();
    let tail = recut[0].split_off(10);
    recut.insert(1, tail);
    let mut digit = text.strings().to_vec();
    digit[4] = digit[4].replacen('0', "1", 1);
    for other in [recut, digit] {
        let text = dns_core::fence::text::FenceText::from_strings(other);
        assert_conflict(&rig.apply(&ChangeSet { guard: Guard::Exactly { ttl, text }, ..good.clone() }));
    }
    rig.apply(&good).expect("the fence as it was read");
}

fn takes_keys_of_every_algorithm(kind: Kind) {
    let keys = [
        Key::generate("key-256", Algorithm::HmacSha256),
        Key::generate("key-384", Algorithm::HmacSha384),
        Key::generate("key-512", Algorithm::HmacSha512),
    ];
    let rig = Rig::start_with(kind, Setup::new("example.test", ZONE).keys(keys.clone()).secondaries(0));
    for (epoch, key) in (1..).zip(&keys) {
        let provider = provider(&rig.server, key);
        let view = rig.wait(provider.read(&request(&[api()]), Urgency::Watch)).expect("read");
        rig.wait(provider.apply(&plan(&view, &view.rrsets, epoch), &permit())).expect("written");
    }
}

fn secondaries_come_to_serve_the_new(kind: Kind) {
    let rig = Rig::start_with(kind, Setup::new("example.test", ZONE).secondaries(1));
    let view = rig.adopt(&all_keys());
    let change = plan(&view, &all_moved(), 2);
    let (fence_name, absent) =
        (name("_checkout._failover.example.test"), [key("www.example.test", GuardedType::A)].into());
    let expected = Expected { rrsets: &all_moved(), absent: &absent, fence_name: &fence_name, fence: &change.fence };
    for server in rig.server.addresses() {
        let served = rig.wait(serves(server, &expected, TIMEOUT));
        assert!(matches!(served, Served::Old { .. } | Served::Silent { .. }), "{served:?}");
    }
    rig.apply(&change).expect("moved");
    rig.server.until_secondaries_follow();
    for server in rig.server.addresses() {
        assert_eq!(rig.wait(serves(server, &expected, PERMIT)), Served::New);
    }
}

on_every_primary!(
    adopts_where_there_is_no_fence,
    moves_all_records_at_once,
    changes_one_type_into_another,
    refuses_a_stale_fence_whole,
    refuses_a_record_that_a_hand_changed,
    refuses_a_record_that_a_hand_removed,
    refuses_when_the_fence_was_deleted,
    refuses_what_has_appeared_meanwhile,
    ignores_ttls_in_conditions_and_writes_them,
    compares_a_fence_of_many_strings_exactly,
    takes_keys_of_every_algorithm,
    secondaries_come_to_serve_the_new,
);
