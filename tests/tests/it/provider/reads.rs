//! What a read tells: what stands in the zone, and not what a wildcard lends.

use dns_core::rrset::{GuardedType, RrsetKey};
use dns_core::zone::FoundFence;
use dns_provider::port::ProviderError;
use tests::{Kind, Setup};

use super::{Rig, ZONE, all_keys, api, key, on_every_primary, plan, rrset, rrsets};

fn reads_the_keys_the_fence_names_and_conflicting_types(kind: Kind) {
    let rig = Rig::start(kind);
    rig.adopt(&all_keys());
    // Asked for one only, as after a configuration lost the others.
    let view = rig.read(&[api()]);
    assert_eq!(view.rrsets.len(), 5);
    assert!(all_keys().iter().all(|key| view.asked.contains(key)));
    for conflicting in [key("api.example.test", GuardedType::Cname), key("www.example.test", GuardedType::Aaaa)] {
        assert!(view.asked.contains(&conflicting) && !view.rrsets.contains_key(&conflicting), "{conflicting}");
    }
}

fn reads_names_in_canonical_form(kind: Kind) {
    let rig = Rig::start(kind);
    let www = key("www.example.test", GuardedType::Cname);
    let expected = rrset("www.example.test", GuardedType::Cname, &["lb-prod.example.net"]);
    assert_eq!(rig.read(std::slice::from_ref(&www)).rrsets[&www], expected);
}

fn address_of_a_cname_target_is_not_the_owners(kind: Kind) {
    let rig = Rig::start(kind);
    rig.server.edit(&["update add alias.example.test. 60 CNAME api.example.test."]);
    let view = rig.read(&[key("alias.example.test", GuardedType::A)]);
    let held: Vec<RrsetKey> = view.rrsets.into_keys().collect();
    assert_eq!(held, [key("alias.example.test", GuardedType::Cname)]);
}

fn record_lent_by_a_wildcard_is_absent(kind: Kind) {
    let rig = Rig::start(kind);
    let lent = key("ghost.lent.example.test", GuardedType::A);
    assert_eq!(rig.server.query("ghost.lent.example.test", "A"), ["192.0.2.7"]);
    let view = rig.read(std::slice::from_ref(&lent));
    assert!(view.rrsets.is_empty() && view.asked.contains(&lent), "{view:?}");
    // So it can be created, which the server would refuse for a record that stands there.
    let target = rrsets([rrset("ghost.lent.example.test", GuardedType::A, &["192.0.2.7"])]);
    rig.apply(&plan(&view, &target, 1)).expect("created");
    assert_eq!(rig.read(&[lent]).rrsets, target);
}

fn record_below_a_wildcard_is_its_own(kind: Kind) {
    let rig = Rig::start(kind);
    let keys = [
        key("own.lent.example.test", GuardedType::A),
        key("deep.lent.example.test", GuardedType::A),
        key("*.lent.example.test", GuardedType::A),
        key("*.deep.lent.example.test", GuardedType::A),
    ];
    let view = rig.read(&keys);
    assert_eq!(view.rrsets.len(), 4, "{view:?}");
    // The server sees them, too: all are required exactly.
    rig.apply(&plan(&view, &view.rrsets, 1)).expect("adopted");
}

fn wildcard_lent_by_a_higher_wildcard_is_absent(kind: Kind) {
    let rig = Rig::start(kind);
    let view = rig.read(&[key("*.ghost.lent.example.test", GuardedType::A)]);
    assert!(view.rrsets.is_empty(), "{view:?}");
}

fn fence_lent_by_a_wildcard_is_absent(kind: Kind) {
    let zone = format!("{ZONE}* TXT \"v=spf1 -all\"\n");
    let rig = Rig::start_with(kind, Setup::new("example.test", &zone).secondaries(0));
    assert_eq!(rig.read(&[api()]).fence, FoundFence::Absent);
    assert!(matches!(rig.adopt(&[api()]).fence, FoundFence::Present { .. }));
}

fn several_fences_are_unreadable(kind: Kind) {
    let rig = Rig::start(kind);
    rig.server.edit(&[
        "update add _checkout._failover.example.test. 60 TXT \"v=one;\"",
        "update add _checkout._failover.example.test. 60 TXT \"v=two;\"",
    ]);
    let found = rig.read(&[api()]).fence;
    assert_eq!(found, FoundFence::Unreadable { found: "2 TXT records".to_owned() });
}

fn name_that_is_delegated_away_is_denied(kind: Kind) {
    let rig = Rig::start(kind);
    rig.server.edit(&["update add sub.example.test. 60 NS ns.example.net."]);
    let outcome = rig.try_read(&[key("api.sub.example.test", GuardedType::A)]);
    let Err(ProviderError::Denied { reason, .. }) = outcome else { panic!("denied: {outcome:?}") };
    assert!(reason.contains("delegate"), "{reason}");
}

on_every_primary!(
    reads_the_keys_the_fence_names_and_conflicting_types,
    reads_names_in_canonical_form,
    address_of_a_cname_target_is_not_the_owners,
    record_lent_by_a_wildcard_is_absent,
    record_below_a_wildcard_is_its_own,
    wildcard_lent_by_a_higher_wildcard_is_absent,
    fence_lent_by_a_wildcard_is_absent,
    several_fences_are_unreadable,
    name_that_is_delegated_away_is_denied,
);
