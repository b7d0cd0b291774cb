//! The contract on other people's stand-ins of Route 53, as far as each of them is right.
//!
//! [`moto`](super::subject::moto) judges reads of what others have made, creations where nothing was, and what is refused
//! before anything is sent; its flips mean nothing. [`ministack`](super::subject::ministack) judges flips, receipts and
//! pages, too; what is left out there is what it takes and Route 53 refuses.

use dns_core::rrset::{GuardedType, RrsetKey};
use dns_provider::port::{Progress, Receipt};

use super::abilities::{
    takes_a_cname_at_the_apex_only_if_it_says_so, takes_a_proxied_record_only_if_it_says_so,
    takes_an_alias_only_if_it_says_so, takes_no_more_than_its_limits, takes_no_name_outside_the_zone,
    takes_the_types_that_it_names_and_no_other, takes_ttls_up_to_its_limits_and_none_beyond,
};
use super::reads::{
    address_of_a_cname_target_is_not_the_owners,
    fence_that_is_garbage_is_read_as_it_is_and_not_overwritten_by_an_adoption,
    reads_names_in_canonical_form_and_what_is_absent_as_absent, reads_the_keys_the_fence_names_and_conflicting_types,
    record_below_a_wildcard_is_its_own, record_lent_by_a_wildcard_is_absent, several_fences_are_unreadable,
};
use super::refusals::{denies_a_zone_that_is_not_there_and_names_it, names_the_zones_name_servers};
use super::starts::two_first_starts_at_once_leave_one_fence;
use super::subject::{self, Subject};
use super::writes::{
    accepted_write_arrives_everywhere, adopts_where_there_is_no_fence, compares_a_fence_of_many_strings_exactly,
    compares_ttls_only_where_it_says_so_and_writes_them, moves_all_records_at_once_and_back,
    refuses_a_record_that_a_hand_changed, refuses_a_record_that_a_hand_removed, refuses_a_stale_fence_whole,
    refuses_when_the_fence_was_deleted, release_leaves_the_records_and_a_tombstone_that_stops_the_old_writer,
    sees_what_has_appeared_elsewhere_at_the_latest_when_it_reads_back,
};
use super::{Rig, api, api_moved, assert_conflict, denied, key, on_every_subject, permit, plan};

/// More record sets than Route 53 and ministack put on one page of a list.
const MORE_THAN_A_PAGE: usize = 310;

/// The `number`th of many names, in their order.
fn numbered(number: usize) -> RrsetKey {
    key(&format!("n{number:03}.example.test"), GuardedType::A)
}

#[test]
fn names_that_lie_pages_apart_are_found_and_absent_ones_are_not() {
    let rig = Rig::of(subject::ministack());
    for number in 0..MORE_THAN_A_PAGE {
        rig.subject.put(&format!("n{number:03}.example.test"), "A", 60, &["192.0.2.1"]);
    }
    // Every seventh, in one read, and as many beyond the last one.
    let wanted = |numbers: std::ops::Range<usize>| numbers.step_by(7).map(numbered).collect::<Vec<_>>();
    let (there, absent) = (wanted(0..MORE_THAN_A_PAGE), wanted(MORE_THAN_A_PAGE..2 * MORE_THAN_A_PAGE));
    let view = rig.read(&[there.clone(), absent.clone()].concat());
    assert_eq!(view.rrsets.keys().cloned().collect::<Vec<_>>(), there);
    assert!(absent.iter().all(|key| view.asked.contains(key)), "{view:?}");
}

#[test]
fn change_is_pending_at_first_and_one_that_nobody_made_is_denied() {
    let rig = Rig::of(subject::ministack());
    let view = rig.read(&[api()]);
    let receipt = rig.apply(&plan(&view, &view.rrsets, 1)).expect("adopted");
    let progress = |receipt: &Receipt| rig.wait(rig.provider.status(receipt));
    assert_eq!(progress(&receipt).expect("known"), Progress::Spreading);
    assert_eq!(progress(&receipt).expect("known"), Progress::Complete);
    let reason = denied(progress(&Receipt::Change("/change/C0NOBODYMADE".to_owned())));
    assert!(reason.contains("NoSuchChange") && reason.contains("C0NOBODYMADE"), "{reason}");
}

#[test]
fn write_that_was_held_up_on_its_way_conflicts_with_a_newer_one() {
    let rig = Rig::of(subject::ministack());
    let view = rig.adopt(&[api()]);
    let (late, mut stall) = rig.subject.stalling();
    let change = plan(&view, &api_moved(), 2);
    let sent = rig.runtime.spawn(async move { late.apply(&change, &permit()).await });
    stall.until_held(&rig.runtime);
    rig.apply(&plan(&view, &view.rrsets, 3)).expect("the newer one is faster");
    let newer = rig.read(&[api()]);
    stall.let_go();
    assert_conflict(&rig.wait(sent).expect("joined"));
    assert_eq!(rig.read(&[api()]), newer, "nothing changed");
}

on_every_subject!(
    @ moto;
    takes_no_more_than_its_limits,
    takes_no_name_outside_the_zone,
    takes_the_types_that_it_names_and_no_other,
    address_of_a_cname_target_is_not_the_owners,
    reads_names_in_canonical_form_and_what_is_absent_as_absent,
    several_fences_are_unreadable,
    denies_a_zone_that_is_not_there_and_names_it,
    names_the_zones_name_servers
);

on_every_subject!(
    @ ministack;
    takes_the_types_that_it_names_and_no_other,
    takes_an_alias_only_if_it_says_so,
    takes_a_proxied_record_only_if_it_says_so,
    takes_ttls_up_to_its_limits_and_none_beyond,
    takes_no_more_than_its_limits,
    takes_a_cname_at_the_apex_only_if_it_says_so,
    takes_no_name_outside_the_zone,
    reads_the_keys_the_fence_names_and_conflicting_types,
    reads_names_in_canonical_form_and_what_is_absent_as_absent,
    address_of_a_cname_target_is_not_the_owners,
    record_lent_by_a_wildcard_is_absent,
    record_below_a_wildcard_is_its_own,
    several_fences_are_unreadable,
    fence_that_is_garbage_is_read_as_it_is_and_not_overwritten_by_an_adoption,
    denies_a_zone_that_is_not_there_and_names_it,
    names_the_zones_name_servers,
    two_first_starts_at_once_leave_one_fence,
    adopts_where_there_is_no_fence,
    moves_all_records_at_once_and_back,
    refuses_a_stale_fence_whole,
    refuses_a_record_that_a_hand_changed,
    refuses_a_record_that_a_hand_removed,
    refuses_when_the_fence_was_deleted,
    sees_what_has_appeared_elsewhere_at_the_latest_when_it_reads_back,
    compares_ttls_only_where_it_says_so_and_writes_them,
    compares_a_fence_of_many_strings_exactly,
    accepted_write_arrives_everywhere,
    release_leaves_the_records_and_a_tombstone_that_stops_the_old_writer
);
