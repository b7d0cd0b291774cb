//! What a read tells: what stands in the zone, and not what a wildcard lends.

use dns_core::change::PlanError;
use dns_core::fence::Fence;
use dns_core::rrset::{GuardedType, RrsetKey};
use dns_core::zone::FoundFence;

use super::subject::Subject;
use super::{FENCE, Rig, all_keys, api, assert_conflict, fence, key, name, on_every_subject, plan, rrset, rrsets};

pub(super) fn reads_the_keys_the_fence_names_and_conflicting_types<S: Subject>(rig: &Rig<S>) {
    rig.adopt(&all_keys());
    // Asked for one only, as after a configuration lost the others.
    let view = rig.read(&[api()]);
    assert_eq!(view.rrsets.len(), 5);
    assert!(all_keys().iter().all(|key| view.asked.contains(key)));
    for conflicting in [key("api.example.test", GuardedType::Cname), key("www.example.test", GuardedType::Aaaa)] {
        assert!(view.asked.contains(&conflicting) && !view.rrsets.contains_key(&conflicting), "{conflicting}");
    }
}

pub(super) fn reads_names_in_canonical_form_and_what_is_absent_as_absent<S: Subject>(rig: &Rig<S>) {
    let (www, ghost) = (key("www.example.test", GuardedType::Cname), key("ghost.example.test", GuardedType::A));
    let view = rig.read(&[www.clone(), ghost.clone()]);
    let expected = rrset("www.example.test", GuardedType::Cname, &["lb-prod.example.net"]);
    assert_eq!(view.rrsets, rrsets([expected]));
    assert!(view.asked.contains(&ghost), "{view:?}");
    assert_eq!((view.zone, view.fence_name, view.fence), (name("example.test"), name(FENCE), FoundFence::Absent));
}

pub(super) fn address_of_a_cname_target_is_not_the_owners<S: Subject>(rig: &Rig<S>) {
    rig.subject.put("alias.example.test", "CNAME", 60, &["api.example.test."]);
    let view = rig.read(&[key("alias.example.test", GuardedType::A)]);
    let held: Vec<RrsetKey> = view.rrsets.into_keys().collect();
    assert_eq!(held, [key("alias.example.test", GuardedType::Cname)]);
}

pub(super) fn record_lent_by_a_wildcard_is_absent<S: Subject>(rig: &Rig<S>) {
    let lent = key("ghost.lent.example.test", GuardedType::A);
    let view = rig.read(std::slice::from_ref(&lent));
    assert!(view.rrsets.is_empty() && view.asked.contains(&lent), "{view:?}");
    // So it can be created, which the server would refuse for a record that stands there.
    let target = rrsets([rrset("ghost.lent.example.test", GuardedType::A, &["192.0.2.7"])]);
    rig.apply(&plan(&view, &target, 1)).expect("created");
    assert_eq!(rig.read(&[lent]).rrsets, target);
}

pub(super) fn record_below_a_wildcard_is_its_own<S: Subject>(rig: &Rig<S>) {
    let keys = [
        key("own.lent.example.test", GuardedType::A),
        key("deep.lent.example.test", GuardedType::A),
        key("*.lent.example.test", GuardedType::A),
        key("*.deep.lent.example.test", GuardedType::A),
    ];
    let view = rig.read(&keys);
    assert_eq!(view.rrsets.len(), 4, "{view:?}");
    // The provider sees them, too: all are required exactly.
    rig.apply(&plan(&view, &view.rrsets, 1)).expect("adopted");
    assert_eq!(rig.read(&keys).rrsets, view.rrsets);
}

pub(super) fn several_fences_are_unreadable<S: Subject>(rig: &Rig<S>) {
    rig.subject.put(FENCE, "TXT", 60, &["v=one;", "v=two;"]);
    let view = rig.read(&[api()]);
    assert_eq!(view.fence, FoundFence::Unreadable { found: "2 TXT records".to_owned() });
    let keys = [api()].into();
    let planned = dns_core::change::ChangeSet::plan(&view, &keys, &view.rrsets, &fence(&view.rrsets, 1));
    assert!(matches!(planned, Err(PlanError::UnreadableFence { .. })), "{planned:?}");
}

pub(super) fn fence_that_is_garbage_is_read_as_it_is_and_not_overwritten_by_an_adoption<S: Subject>(rig: &Rig<S>) {
    let before = rig.read(&[api()]);
    rig.subject.put(FENCE, "TXT", 60, &["v=spf1 -all"]);
    let view = rig.read(&[api()]);
    let FoundFence::Present { text, .. } = &view.fence else { panic!("present: {view:?}") };
    assert_eq!(text.strings(), ["v=spf1 -all"]);
    assert!(Fence::parse(text, &view.zone).is_err(), "it is nobody's");
    assert_eq!(view.rrsets, before.rrsets);
    assert_conflict(&rig.apply(&plan(&before, &before.rrsets, 1)));
    assert_eq!(rig.read(&[api()]), view, "nothing changed");
}

on_every_subject!(
    reads_the_keys_the_fence_names_and_conflicting_types,
    reads_names_in_canonical_form_and_what_is_absent_as_absent,
    address_of_a_cname_target_is_not_the_owners,
    record_lent_by_a_wildcard_is_absent,
    record_below_a_wildcard_is_its_own,
    several_fences_are_unreadable,
    fence_that_is_garbage_is_read_as_it_is_and_not_overwritten_by_an_adoption,
);
