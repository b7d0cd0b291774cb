//! What a change set does, and when the provider itself refuses it.

use dns_core::change::{ChangeSet, Guard};
use dns_core::fence::Fence;
use dns_core::rrset::GuardedType;
use dns_core::time::Timestamp;
use dns_core::zone::FoundFence;
use dns_provider::port::{AbsenceCondition, Progress, TtlCondition};
use tests::{PATIENCE, until_eq};

use super::subject::Subject;
use super::{
    FENCE, Rig, all_keys, all_moved, api, api_moved, assert_conflict, fence, key, on_every_subject, plan, rrset, rrsets,
};

pub(super) fn adopts_where_there_is_no_fence<S: Subject>(rig: &Rig<S>) {
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

pub(super) fn moves_all_records_at_once_and_back<S: Subject>(rig: &Rig<S>) {
    let view = rig.adopt(&all_keys());
    rig.apply(&plan(&view, &all_moved(), 2)).expect("moved");
    assert_eq!(rig.read(&all_keys()).rrsets, all_moved());
    assert_eq!(rig.subject.held("api.example.test", "A"), ["198.51.100.1", "198.51.100.2", "198.51.100.3"]);
    assert_eq!(rig.subject.held("api.example.test", "AAAA"), ["2001:db8:ffff::1"]);
    assert_eq!(rig.subject.held("www.example.test", "CNAME"), ["lb-dr.example.net"]);
    assert_eq!(rig.subject.held("*.w.example.test", "A"), ["198.51.100.1"]);
    assert_eq!(rig.subject.held("example.test", "A"), ["198.51.100.1"]);
    // Back again: the names in the fence and in the zone are what we wrote.
    let moved = rig.read(&all_keys());
    rig.apply(&plan(&moved, &view.rrsets, 3)).expect("moved back");
    assert_eq!(rig.read(&all_keys()).rrsets, view.rrsets);
    // And away: what a plan is responsible for and does not want, goes.
    let view = rig.read(&all_keys());
    rig.apply(&plan(&view, &rrsets([rrset("api.example.test", GuardedType::A, &["192.0.2.1"])]), 4)).expect("moved");
    assert_eq!(rig.subject.held("api.example.test", "A"), ["192.0.2.1"]);
    assert!(rig.subject.held("www.example.test", "CNAME").is_empty());
    assert_eq!(rig.subject.held("legacy.example.test", "A"), ["192.0.2.3"], "others' records stay");
}

fn changes_one_type_into_another<S: Subject>(rig: &Rig<S>) {
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
    assert_eq!(rig.subject.held("www.example.test", "A"), ["198.51.100.1"]);
    assert_eq!(rig.subject.held("api.example.test", "CNAME"), ["lb-dr.example.net"]);
}

pub(super) fn refuses_a_stale_fence_whole<S: Subject>(rig: &Rig<S>) {
    let stale = rig.adopt(&all_keys());
    rig.apply(&plan(&stale, &stale.rrsets, 2)).expect("annotated");
    let now = rig.read(&all_keys());
    assert_conflict(&rig.apply(&plan(&stale, &all_moved(), 2)));
    assert_eq!(rig.read(&all_keys()), now, "nothing changed");
}

pub(super) fn refuses_a_record_that_a_hand_changed<S: Subject>(rig: &Rig<S>) {
    let view = rig.adopt(&all_keys());
    rig.subject.put("api.example.test", "A", 60, &["192.0.2.1", "192.0.2.2", "192.0.2.99"]);
    let edited = rig.read(&all_keys());
    assert_conflict(&rig.apply(&plan(&view, &all_moved(), 2)));
    // Also where the plan leaves it as it was.
    assert_conflict(&rig.apply(&plan(&view, &view.rrsets, 2)));
    assert_eq!(rig.read(&all_keys()), edited, "nothing changed");
}

pub(super) fn refuses_a_record_that_a_hand_removed<S: Subject>(rig: &Rig<S>) {
    let view = rig.adopt(&all_keys());
    rig.subject.remove("api.example.test", "AAAA");
    let edited = rig.read(&all_keys());
    assert_conflict(&rig.apply(&plan(&view, &all_moved(), 2)));
    assert_eq!(rig.read(&all_keys()), edited, "nothing changed");
}

pub(super) fn refuses_when_the_fence_was_deleted<S: Subject>(rig: &Rig<S>) {
    let view = rig.adopt(&[api()]);
    rig.subject.remove(FENCE, "TXT");
    assert_conflict(&rig.apply(&plan(&view, &api_moved(), 2)));
    assert_eq!(rig.read(&[api()]).fence, FoundFence::Absent);
}

fn refuses_what_has_appeared_where_it_would_write<S: Subject>(rig: &Rig<S>) {
    let fresh = key("fresh.example.test", GuardedType::A);
    let view = rig.adopt(&[api(), fresh]);
    let target = rrsets([rrset("fresh.example.test", GuardedType::A, &["198.51.100.1"])]);
    rig.subject.put("fresh.example.test", "A", 60, &["192.0.2.99"]);
    assert_conflict(&rig.apply(&plan(&view, &target, 2)));
    // A CNAME is no A, but a server would leave out the A silently and answer NOERROR.
    rig.subject.remove("fresh.example.test", "A");
    rig.subject.put("fresh.example.test", "CNAME", 60, &["elsewhere.example.net."]);
    assert_conflict(&rig.apply(&plan(&view, &target, 2)));
    assert_eq!(rig.subject.held("fresh.example.test", "CNAME"), ["elsewhere.example.net"]);
}

pub(super) fn sees_what_has_appeared_elsewhere_at_the_latest_when_it_reads_back<S: Subject>(rig: &Rig<S>) {
    let fresh = key("fresh.example.test", GuardedType::A);
    let view = rig.adopt(&[api(), fresh.clone()]);
    rig.subject.put("fresh.example.test", "A", 60, &["192.0.2.99"]);
    let outcome = rig.apply(&plan(&view, &view.rrsets, 2));
    match rig.provider.capabilities().conditions.absence {
        AbsenceCondition::Everywhere => assert_conflict(&outcome),
        AbsenceCondition::WhereCreated => drop(outcome.expect("nothing is created there")),
    }
    assert_eq!(rig.read(&[api(), fresh.clone()]).rrsets[&fresh].values().len(), 1);
}

pub(super) fn compares_ttls_only_where_it_says_so_and_writes_them<S: Subject>(rig: &Rig<S>) {
    let view = rig.adopt(&[api()]);
    rig.subject.put("api.example.test", "A", 7200, &["192.0.2.1", "192.0.2.2"]);
    let edited = rig.read(&[api()]);
    assert_eq!(edited.rrsets[&api()].ttl().as_secs(), 7200);
    // Made from the old look: the fence is the same, the values are, too.
    let outcome = rig.apply(&plan(&view, &view.rrsets, 2));
    match rig.provider.capabilities().conditions.ttl {
        TtlCondition::Compared => assert_conflict(&outcome),
        TtlCondition::Ignored => drop(outcome.expect("the values are the same")),
    }
    let target = rrsets([rrset("api.example.test", GuardedType::A, &["192.0.2.1", "192.0.2.2"])]);
    rig.apply(&plan(&rig.read(&[api()]), &target, 3)).expect("the TTL is set back");
    assert_eq!(rig.read(&[api()]).rrsets, target);
}

pub(super) fn compares_a_fence_of_many_strings_exactly<S: Subject>(rig: &Rig<S>) {
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

pub(super) fn accepted_write_arrives_everywhere<S: Subject>(rig: &Rig<S>) {
    let view = rig.read(&[api()]);
    let receipt = rig.apply(&plan(&view, &view.rrsets, 1)).expect("adopted");
    until_eq("the provider has spread the write", PATIENCE, &Progress::Complete, || {
        rig.wait(rig.provider.status(&receipt)).expect("the provider knows the write")
    });
}

pub(super) fn release_leaves_the_records_and_a_tombstone_that_stops_the_old_writer<S: Subject>(rig: &Rig<S>) {
    let view = rig.adopt(&all_keys());
    let released = Some(Timestamp::from_secs(1_795_246_300));
    let tombstone = Fence { active: None, released, ..fence(&view.rrsets, 2) };
    let keys = view.rrsets.keys().cloned().collect();
    let release = ChangeSet::plan(&view, &keys, &view.rrsets, &tombstone).expect("a plan");
    rig.apply(&release).expect("released");
    let after = rig.read(&all_keys());
    assert_eq!(after.rrsets, view.rrsets);
    let FoundFence::Present { text, .. } = &after.fence else { panic!("no tombstone: {after:?}") };
    assert_eq!(Fence::parse(text, &after.zone).expect("a fence"), tombstone);
    assert_conflict(&rig.apply(&plan(&view, &all_moved(), 2)));
    rig.apply(&plan(&after, &after.rrsets, 3)).expect("adopted again, over the tombstone");
}

on_every_subject!(
    adopts_where_there_is_no_fence,
    moves_all_records_at_once_and_back,
    changes_one_type_into_another,
    refuses_a_stale_fence_whole,
    refuses_a_record_that_a_hand_changed,
    refuses_a_record_that_a_hand_removed,
    refuses_when_the_fence_was_deleted,
    refuses_what_has_appeared_where_it_would_write,
    sees_what_has_appeared_elsewhere_at_the_latest_when_it_reads_back,
    compares_ttls_only_where_it_says_so_and_writes_them,
    compares_a_fence_of_many_strings_exactly,
    accepted_write_arrives_everywhere,
    release_leaves_the_records_and_a_tombstone_that_stops_the_old_writer,
);
