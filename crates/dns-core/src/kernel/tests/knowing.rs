//! What has to be known before anything moves: the region that is left, the one that is gone to, and its gates.

use super::*;
use crate::shared::Shared;

#[test]
fn an_automatic_failover_needs_a_judgement_and_a_region_to_leave() {
    let unjudged = Scene::failover().with(|scene| scene.judgement = None);
    assert_eq!(unjudged.rules(), [Rule::QuorumJudged, Rule::TargetProven]);
    for prod in [Seen::Proven, Seen::Healthy, Seen::Suspected, Seen::Unknown] {
        let scene = Scene::failover().with(|scene| scene.judgement = Some(judgement(prod, Seen::Proven)));
        assert_eq!(scene.rules(), [Rule::QuorumJudged], "{prod:?}");
        assert_eq!(scene.by_hand().rules(), [], "an operator may know more");
    }
    assert_eq!(Scene::failover().with(|scene| scene.from = None).rules(), [Rule::QuorumJudged]);
}

#[test]
fn a_target_must_exist_and_be_proven_for_moves_and_new_renderings() {
    let none = Scene::failover().by_hand().with(|scene| scene.to = None);
    assert_eq!(none.rules(), [Rule::TargetProven]);
    let rerender = |prod| {
        let scene = Scene::failover().with(|scene| scene.to = Some(region("prod")));
        scene.with(|scene| {
            (scene.kind, scene.judgement) = (WriteKind::Rerender, Some(judgement(prod, Seen::Unknown)));
        })
    };
    assert_eq!(rerender(Seen::Proven).rules(), []);
    for prod in [Seen::Healthy, Seen::Failing, Seen::Unknown] {
        assert_eq!(rerender(prod).rules(), [Rule::TargetProven], "{prod:?}");
    }
    for kind in [WriteKind::Annotate, WriteKind::Release] {
        let scene = Scene::of_the_fence(kind).with(|scene| scene.judgement = None);
        assert_eq!(scene.rules(), [], "{kind:?} moves nothing");
    }
}

#[test]
fn every_gate_of_the_target_must_be_open_for_moves_and_new_renderings() {
    let shut = |spoil: fn(&mut Scene)| Scene::failover().with(case(Rule::GatesOpen).1).with(spoil);
    let reason = shut(|_| {}).reason();
    let expected = "gate replication of region `dr` says no: lagSeconds 312, at most 30; asked 4 s ago";
    assert_eq!(reason, expected);
    assert_eq!(shut(|scene| scene.kind = WriteKind::Rerender).rules(), [Rule::GatesOpen]);
    assert_eq!(shut(|scene| scene.judgement = Some(judgement(Seen::Failing, Seen::Proven))).rules(), [Rule::GatesOpen]);
    let unknown = GateState::Unknown { why: "timed out".to_owned() };
    let old = GateState::Open { said: String::new(), until: START.before(Duration::from_millis(1)) };
    for state in [unknown, old] {
        let scene = shut(|_| {}).with(|scene| scene.judgement = Some(gated(state.clone())));
        assert_eq!(scene.rules(), [Rule::GatesOpen], "{state:?}");
    }
    let elsewhere = shut(|scene| scene.service.regions.swap(0, 1)).with(|scene| {
        scene.service.regions.iter_mut().for_each(|region| region.gates = Shared::default());
        scene.service.regions[1].gates = vec![gate()].into();
    });
    assert_eq!(elsewhere.rules(), [], "the gates of another region are not asked");
    for kind in [WriteKind::Annotate, WriteKind::Release] {
        let scene = Scene::of_the_fence(kind).with(case(Rule::GatesOpen).1).with(|scene| scene.to = Some(region("dr")));
        assert_eq!(scene.rules(), [], "{kind:?} moves nothing");
    }
}

#[test]
fn a_place_that_only_follows_is_kept_from_nothing_by_a_gate() {
    let scene = Scene::failover().with(case(Rule::GatesOpen).1);
    assert_eq!(scene.with(|scene| scene.purpose = Purpose::Aligns).rules(), []);
}

#[test]
fn reasons_carry_figures_and_evidence() {
    let scene = Scene::failover().with(case(Rule::TargetProven).1);
    let reason = scene.reason();
    let expected = "region `dr` is not proven, 2 vantage points must have seen all of it healthy for 120 s; ";
    assert!(reason.starts_with(expected), "{reason}");
    let alone = scene.with(|scene| scene.service.policy.quorum = 1).reason();
    assert!(alone.contains(", 1 vantage point must"), "{alone}");
    let unknown = Scene::failover().with(case(Rule::QuorumJudged).1).reason();
    let expected = "region `prod` is unknown, 2 vantage points must see all of it failing; ";
    assert!(unknown.starts_with(expected) && unknown.contains("2 of 3 silent"), "{unknown}");
}
