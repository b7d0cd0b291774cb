use dns_core::fence::{Epoch, Fence, Rev};
use dns_core::rrset::{self, GuardedType, Rrset, RrsetKey, Rrsets, records_digest};
use dns_zone::{Bound, Bounds, Rdata, RecordSet, Rtype, Ttl};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{Name, RData};

use super::*;
use crate::fake::{Happening, key};

fn deletes_of_all(count: u64) -> Limits {
    let deletes = Bound { count_max: Some(count), percent_max: None };
    let Limits { all, .. } = Limits::default();
    Limits { all: Bounds { deletes, ..all }, ..Limits::default() }
}

fn equal_targets(count: usize, lines: &[&str]) -> Vec<Fake> {
    (0..count).map(|_| Fake::holding(zone(lines), 10)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_all_targets_together_exceed_is_held_until_the_hour_has_room() {
    let mut rig = Rig::new(equal_targets(3, &THREE), &THREE, deletes_of_all(2));
    rig.rounds().await;
    rig.source_becomes(&THREE[1..]);
    rig.rounds().await;
    assert_eq!(rig.report(0).state, TargetState::Equal);
    let held = rig.report(2);
    assert_eq!((held.state, held.pending), (TargetState::Held, 1));
    let told =
        "allDeletes: 3 of 9 record sets of all zones within 60 min, allowed are 2; it goes on when there is room";
    assert_eq!(held.reasons, [told]);
    assert!(rig.fakes[2].state().calls.is_empty(), "nothing was sent");
    tokio::time::advance(HELD_EVERY).await;
    rig.round(2).await.expect("it is looked at again");
    assert_eq!(rig.report(2).state, TargetState::Held);
    tokio::time::advance(Duration::from_hours(1)).await;
    rig.round(2).await.expect("there is room");
    assert_eq!((rig.report(2).state, rig.report(2).reasons), (TargetState::Equal, vec![]));
    assert_eq!(rig.fakes[2].state().zone, zone(&THREE[1..]));
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_has_done_by_hand_is_held_no_more() {
    let mut rig = Rig::new(equal_targets(2, &THREE), &THREE, deletes_of_all(1));
    rig.rounds().await;
    rig.source_becomes(&THREE[1..]);
    rig.rounds().await;
    assert_eq!(rig.report(1).state, TargetState::Held);
    rig.fakes[1].state().zone = zone(&THREE[1..]);
    tokio::time::advance(HELD_EVERY).await;
    rig.round(1).await.expect("it is looked at again");
    assert_eq!(rig.report(1).state, TargetState::Equal);
}

#[tokio::test(start_paused = true)]
async fn what_the_first_equalisation_writes_counts_too() {
    let fakes = equal_targets(2, &[THREE.as_slice(), &["d A 192.0.2.4"]].concat());
    let mut rig = Rig::new(fakes, &THREE, deletes_of_all(1));
    rig.rounds().await;
    assert_eq!([rig.report(0).state, rig.report(1).state], [TargetState::Equal, TargetState::Held]);
}

#[tokio::test(start_paused = true)]
async fn what_a_target_refused_or_never_got_is_given_back() {
    let fakes = equal_targets(3, &THREE);
    fakes[0].state().script.push_back(Happening::Conflict);
    fakes[1].state().poison.insert(key("a", Rtype::A));
    let mut rig = Rig::new(fakes, &THREE, deletes_of_all(1));
    for number in 0..3 {
        rig.round(number).await.expect("equal");
    }
    rig.source_becomes(&THREE[1..]);
    rig.round(0).await.expect_err("someone else was there");
    rig.round(1).await.expect("it is refused");
    assert_eq!(rig.report(1).state, TargetState::Refusing);
    rig.round(2).await.expect("there is room");
    assert_eq!(rig.report(2).state, TargetState::Equal);
    rig.round(0).await.expect("it is read again");
    assert_eq!(rig.report(0).state, TargetState::Held, "that one counts");
}

/// No answer, and no way to look: it may have been written.
#[tokio::test(start_paused = true)]
async fn what_may_have_been_written_counts_as_written() {
    let mut rig = Rig::new(equal_targets(2, &THREE), &THREE, deletes_of_all(1));
    rig.rounds().await;
    rig.source_becomes(&THREE[1..]);
    rig.fakes[0].state().script.push_back(Happening::UnansweredAndUnreadable);
    rig.round(0).await.expect_err("nobody knows");
    rig.round(1).await.expect("it is looked at");
    assert_eq!(rig.report(1).state, TargetState::Held);
}

/// The fence of a service of other providers, over the address of `a`.
fn fence(epoch: u64, address: [u8; 4]) -> (SetKey, RecordSet) {
    let name = Name::from_ascii("a.example.test.").expect("a name");
    let guarded = RrsetKey::new(&name, GuardedType::A);
    let ttl = rrset::Ttl::from_secs(300).expect("a TTL");
    let set = Rrset::new(guarded.clone(), ttl, [RData::A(A(address.into()))]).expect("a value");
    let served: Rrsets = [(guarded.clone(), set)].into();
    let fence = Fence {
        install: "acme".parse().expect("a name"),
        id: "shop".parse().expect("a name"),
        provider: "other".parse().expect("a name"),
        epoch: Epoch::new(epoch),
        rev: Rev::new(0),
        write: "w1".parse().expect("an id"),
        plan: "p1".parse().expect("an id"),
        active: Some("prod".parse().expect("a name")),
        blend: None,
        released: None,
        moved: dns_core::time::Timestamp::from_secs(1_795_246_200),
        by: "controller-1".parse().expect("a name"),
        cfg: 0,
        pin: None,
        pause: None,
        dwell: None,
        rrs: [guarded].into(),
        digest: records_digest(&served),
        unknown: Vec::new(),
    };
    let text = fence.to_text(&Name::from_ascii("example.test.").expect("a name")).expect("it fits").to_string();
    let value = Rdata::parse(Rtype::TXT, &text, &apex()).expect("a text");
    (key("_shop._failover", Rtype::TXT), RecordSet::of_one(Ttl::from_secs(60).expect("a TTL"), value))
}

/// The source becomes this, with a flip of `a` by a controller, and every target has its round; what was moved.
async fn flip(rig: &mut Rig, lines: &[&str]) -> [(SetKey, RecordSet); 2] {
    let (fenced, fence) = fence(4, [192, 0, 2, 9]);
    let mut source = zone(lines);
    source.put(fenced.clone(), fence.clone()).expect("in the zone");
    let a = key("a", Rtype::A);
    let address = source.get(&a).cloned().expect("it is moved");
    rig.original.replace(source, Vec::new());
    rig.rounds().await;
    [(fenced, fence), (a, address)]
}

/// A generator has taken an eighth of the zone away at once, which nobody has looked at yet, when a region fails.
#[tokio::test(start_paused = true)]
async fn what_a_controller_moves_arrives_although_a_push_is_too_large() {
    let lines: Vec<String> = (0..60).map(|one| format!("n{one:02} A 192.0.2.1")).collect();
    let all: Vec<&str> = lines.iter().map(String::as_str).chain(["a A 192.0.2.1"]).collect();
    let mut rig = Rig::new(equal_targets(1, &all), &all, Limits::default());
    rig.rounds().await;
    let moved = flip(&mut rig, &[&all[8..60], &["a A 192.0.2.9"]].concat()).await;
    let report = rig.report(0);
    assert_eq!((report.state, report.pending), (TargetState::Held, 8), "{report:?}");
    assert!(report.reasons[0].contains("deletesShare: 8 of 62"), "{report:?}");
    let held = rig.fakes[0].state().zone.clone();
    assert!(moved.iter().all(|(key, set)| held.get(key) == Some(set)), "the flip is there");
    assert!(held.get(&key("n00", Rtype::A)).is_some(), "what else is to be done waits");
}

/// A flip of a failover controller arrives although a generator has used up what all zones may change.
#[tokio::test(start_paused = true)]
async fn what_a_controller_moves_is_neither_counted_nor_held() {
    let mut rig = Rig::new(equal_targets(2, &THREE), &THREE, deletes_of_all(0));
    rig.rounds().await;
    let moved = flip(&mut rig, &["a A 192.0.2.9", THREE[1]]).await;
    let report = rig.report(0);
    assert_eq!((report.state, report.pending), (TargetState::Held, 1), "{report:?}");
    let held = rig.fakes[0].state().zone.clone();
    assert!(moved.iter().all(|(key, set)| held.get(key) == Some(set)), "the flip is there");
    assert!(held.get(&key("c", Rtype::A)).is_some(), "what else is to be done waits");
}
