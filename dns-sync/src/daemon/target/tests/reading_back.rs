use dns_zone::Rtype;

use super::*;
use crate::fake::{Happening, Manner, key};

/// What a daemon writes that was started while the target lacks the first.
async fn first_push(manner: Manner, operations_max: usize, script: &[Happening]) -> Rig {
    let fake = Fake::holding(zone(&THREE[2..]), operations_max).telling_as(manner);
    fake.state().script = script.to_vec().into();
    let mut rig = Rig::one(fake, &THREE);
    rig.round(0).await.expect_err("it is not read back");
    assert_eq!((rig.report(0).state, rig.unserved()), (TargetState::Behind, vec![]), "nobody knows yet");
    rig
}

fn a_and_b() -> [SetKey; 2] {
    [key("a", Rtype::A), key("b", Rtype::A)]
}

#[tokio::test(start_paused = true)]
async fn a_push_that_could_not_be_read_back_is_asked_for_once_it_can() {
    for manner in [Manner::Primary, Manner::Api] {
        let mut rig = first_push(manner, 10, &[Happening::TakenAndUnreadable]).await;
        rig.round(0).await.expect("it is read");
        assert_eq!(rig.unserved(), a_and_b(), "{manner:?}");
        assert_eq!(rig.writes(), 1, "{manner:?}: it is there");
    }
}

#[tokio::test(start_paused = true)]
async fn a_push_of_which_nobody_knows_whether_it_came_is_asked_for_if_it_did() {
    let mut rig = first_push(Manner::Api, 10, &[Happening::UnansweredAndUnreadable]).await;
    rig.round(0).await.expect("it is read");
    assert_eq!((rig.unserved(), rig.writes()), (a_and_b().to_vec(), 1));
}

#[tokio::test(start_paused = true)]
async fn what_a_broken_push_has_written_is_asked_for_and_what_it_has_not_is_not() {
    let mut rig = first_push(Manner::Api, 1, &[Happening::Taken, Happening::Conflict]).await;
    rig.source_becomes(&[THREE[0], THREE[2]]);
    rig.round(0).await.expect("it is read");
    assert_eq!((rig.unserved(), rig.writes()), (a_and_b()[..1].to_vec(), 2));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_there_when_it_is_read_is_not_waited_for() {
    let mut rig = first_push(Manner::Api, 10, &[Happening::TakenAndUnreadable]).await;
    rig.fakes[0].state().zone.remove(&key("a", Rtype::A));
    rig.source_becomes(&THREE[1..]);
    rig.round(0).await.expect("it is read");
    assert_eq!(rig.unserved(), a_and_b()[1..]);
}

#[tokio::test(start_paused = true)]
async fn who_is_told_to_stop_reads_nothing_any_more() {
    let mut rig = Rig::one(Fake::holding(zone(&THREE), 10), &THREE);
    rig.targets[0].0.stop.cancel();
    assert!(matches!(rig.round(0).await, Err(Trouble::Stopped)));
    assert_eq!(rig.report(0).state, TargetState::Unread);
}
