use dns_zone::{Rdata, RecordSet, Rtype};

use super::*;
use crate::fake::{Manner, key};

/// Keeps texts in small letters.
fn in_small_letters(key: &SetKey, set: RecordSet) -> RecordSet {
    if key.rtype != Rtype::TXT {
        return set;
    }
    let small = |value: &Rdata| Rdata::from_wire(key.rtype, &value.as_wire().to_ascii_lowercase()).expect("a text");
    RecordSet::new(set.ttl(), set.values().iter().map(small)).expect("values")
}

const TEXT: [&str; 2] = ["a A 192.0.2.1", "text TXT \"Text\""];

/// However it tells, and whatever stood there before: two writes, one alarm, and then it is equal for good.
async fn is_learnt_by_two_writes(manner: Manner, before: &[&str]) -> Fake {
    let fake = Fake::holding(zone(before), 10).telling_as(manner);
    fake.state().form = Some(in_small_letters);
    let mut rig = Rig::one(fake, &TEXT);
    rig.rounds().await;
    rig.check_for(Duration::from_hours(1)).await;
    assert_eq!(rig.writes(), 2, "{manner:?} {before:?}");
    rig.check_for(Duration::from_hours(48)).await;
    let report = rig.report(0);
    assert_eq!((report.state, report.drift), (TargetState::Equal, vec![]), "{manner:?} {before:?}");
    assert_eq!(rig.writes(), 2, "{manner:?} {before:?}");
    assert!(!rig.unserved().contains(&key("text", Rtype::TXT)), "no server will ever serve it");
    rig.fakes.remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_form_that_a_target_keeps_is_learnt_by_two_writes_and_again_after_a_restart() {
    for manner in [Manner::Primary, Manner::Api] {
        let fake = is_learnt_by_two_writes(manner, &TEXT[..1]).await;
        let kept = fake.state().zone.clone();
        assert_eq!(kept, zone(&["a A 192.0.2.1", "text TXT \"text\""]));
        is_learnt_by_two_writes(manner, &["a A 192.0.2.1", "text TXT \"text\""]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_ignores_what_it_says_to_have_taken_is_held_and_never_written_on_and_on() {
    for manner in [Manner::Primary, Manner::Api] {
        let fake = Fake::holding(zone(&["a A 192.0.2.9"]), 10).telling_as(manner);
        fake.state().form = Some(|_, _| zone(&["a A 192.0.2.9"]).get(&key("a", Rtype::A)).cloned().expect("it stands"));
        let mut rig = Rig::one(fake, &["a A 192.0.2.1"]);
        rig.rounds().await;
        rig.check_for(Duration::from_hours(5)).await;
        assert_eq!(rig.writes(), 4, "{manner:?}: once, and three repairs");
        assert!(rig.report(0).drift[0].what.contains("two writers"), "{manner:?}: {:?}", rig.report(0).drift);
    }
}
