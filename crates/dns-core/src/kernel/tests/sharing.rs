//! Taking a share of the answers back, and giving a larger one.

use super::*;

/// The controller takes the share of `prod`, which is failing, back to `dr`.
fn abort() -> Scene {
    Scene::failover().with(|scene| {
        scene.kind = WriteKind::Abort;
        scene.judgement = Some(judgement(Seen::Failing, Seen::Proven));
    })
}

fn judged(prod: Seen, dr: Seen) -> Scene {
    abort().with(|scene| scene.judgement = Some(judgement(prod, dr)))
}

#[test]
fn an_abort_leaves_a_lost_region_for_one_that_does_not_fail() {
    for dr in [Seen::Proven, Seen::Healthy, Seen::Suspected, Seen::Unknown] {
        assert_eq!(judged(Seen::Failing, dr).rules(), [], "{dr:?}");
    }
    assert_eq!(judged(Seen::Failing, Seen::Failing).rules(), [Rule::AllRegionsFailing, Rule::TargetProven]);
    for prod in [Seen::Proven, Seen::Suspected, Seen::Unknown] {
        assert_eq!(judged(prod, Seen::Proven).rules(), [Rule::QuorumJudged], "{prod:?}");
    }
    assert_eq!(abort().with(|scene| scene.judgement = None).rules(), [Rule::QuorumJudged, Rule::TargetProven]);
    assert!(judged(Seen::Proven, Seen::Proven).reason().starts_with("region `prod` is proven, and keeps its share"));
}

#[test]
fn an_operator_may_abort_whatever_is_judged_of_the_region() {
    assert_eq!(judged(Seen::Proven, Seen::Proven).by_hand().rules(), []);
    assert_eq!(judged(Seen::Proven, Seen::Failing).by_hand().rules(), [Rule::TargetProven]);
}

#[test]
fn an_abort_waits_for_no_window_no_cooldown_and_no_budget() {
    let waits = |scene: &mut Scene| {
        scene.service.windows = freeze(EmergencyFailover::Block);
        scene.moved = Some(START);
        scene.pin = Some(pin());
        scene.failovers = vec![START; 4];
        scene.service.policy.on_standby_failure = OnStandbyFailure::Hold;
        scene.service.regions[1].gates = vec![gate()].into();
        others(scene, false, 100);
    };
    assert_eq!(abort().with(waits).rules(), []);
}

#[test]
fn an_abort_waits_for_a_pause_and_for_a_foreign_change() {
    assert_eq!(abort().with(|scene| scene.pause = Some(pause())).rules(), [Rule::NotPaused]);
    let foreign = Standing::Foreign { why: "someone".to_owned() };
    assert_eq!(abort().with(|scene| scene.standing = foreign).rules(), [Rule::NoForeignChange]);
}

#[test]
fn each_step_is_held_as_the_first_one_is() {
    let step = || Scene::automatic_failback().with(|scene| scene.purpose = Purpose::Advances);
    assert_eq!(step().rules(), []);
    assert_eq!(step().with(|scene| scene.moved = Some(START)).rules(), [Rule::CooledDown]);
    assert_eq!(step().with(|scene| scene.pin = Some(pin())).rules(), [Rule::NotPinned]);
    let frozen = |scene: &mut Scene| scene.service.windows = freeze(EmergencyFailover::Allow);
    assert_eq!(step().with(frozen).rules(), [Rule::ChangeFreeze]);
    let gated = |scene: &mut Scene| scene.service.regions[0].gates = vec![gate()].into();
    assert_eq!(step().with(gated).rules(), [Rule::GatesOpen]);
    let unproven = |scene: &mut Scene| scene.judgement = Some(judgement(Seen::Unknown, Seen::Proven));
    assert!(step().with(unproven).rules().contains(&Rule::TargetProven));
}
