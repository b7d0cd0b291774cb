//! What is not asked of a place that only comes after the others, and what still is.

use super::*;

fn rules(scene: &Scene) -> Vec<Rule> {
    scene.review().into_iter().map(|rejection| rejection.rule).collect()
}

/// `prod` is well again when this place comes after the others to `dr`.
fn late() -> Scene {
    Scene::failover().with(|scene| {
        scene.judgement = Some(judgement(Seen::Proven, Seen::Proven));
        scene.purpose = Purpose::Aligns;
    })
}

#[test]
fn whether_to_leave_was_decided_elsewhere() {
    assert_eq!(rules(&late()), []);
    assert_eq!(rules(&late().with(|scene| scene.purpose = Purpose::Decides)), [Rule::QuorumJudged]);
    let back = Scene::failback().with(|scene| scene.moved = Some(START));
    assert_eq!(rules(&back), [Rule::CooledDown]);
    assert_eq!(rules(&back.with(|scene| scene.purpose = Purpose::Aligns)), []);
}

#[test]
fn whether_to_arrive_is_asked_anew() {
    let unproven = late().with(|scene| scene.judgement = Some(judgement(Seen::Proven, Seen::Healthy)));
    assert_eq!(rules(&unproven), [Rule::TargetProven]);
    let paused = late().with(|scene| {
        scene.pause = Some(Pause { by: "oncall".parse().expect("a name"), until: None, reason: "drill".to_owned() });
    });
    assert_eq!(rules(&paused), [Rule::NotPaused]);
    let foreign = late().with(|scene| scene.standing = Standing::Foreign { why: "a hand".to_owned() });
    assert_eq!(rules(&foreign), [Rule::NoForeignChange]);
}

#[test]
fn a_region_that_is_evacuated_binds_decisions_that_move_and_nothing_else() {
    let evacuated = |scene: Scene| rules(&scene.with(case(Rule::RegionEvacuated).1));
    assert_eq!(evacuated(Scene::failover()), [Rule::RegionEvacuated]);
    assert_eq!(evacuated(late()), [], "the service has gone there");
    let of_the_fence = Scene::of_the_fence(WriteKind::Annotate).with(|scene| scene.to = Some(region("dr")));
    assert_eq!(evacuated(of_the_fence), [], "the fence alone moves nothing");
}

#[test]
fn a_place_that_lost_its_fence_moves_straight_to_the_others_but_decides_nothing() {
    let lost = |purpose| {
        late().with(|scene| {
            scene.judgement = Some(judgement(Seen::Failing, Seen::Proven));
            scene.standing = Standing::Lost { found: None, serving: Some(region("prod")) };
            scene.change().guard = Guard::Absent;
            scene.purpose = purpose;
        })
    };
    assert_eq!(rules(&lost(Purpose::Aligns)), []);
    assert_eq!(rules(&lost(Purpose::Decides)), [Rule::Unfenced, Rule::Adopted]);
}

#[test]
fn a_lost_fence_over_records_of_no_region_or_of_a_released_service_stays() {
    let lost = |found: Option<Fence>, serving: Option<&str>| {
        late().with(|scene| {
            let (found, serving) = (found.map(Box::new), serving.map(region));
            scene.standing = Standing::Lost { found, serving };
        })
    };
    assert_eq!(rules(&lost(Some(fence(&service(), "prod", 1, 1)), None)), [Rule::Adopted]);
    assert_eq!(rules(&lost(Some(tombstone(&service(), 1, 1)), Some("prod"))), [Rule::Adopted]);
}

#[test]
fn a_write_is_proven_by_a_later_fence_of_its_decision_only() {
    use crate::fence::{DecisionId, Epoch, Rev};
    use crate::write::{PlannedWrite, WriteKind};
    let service = service();
    let held = fence(&service, "prod", 1, 1);
    let zone = Zone::serving(&service, "prod").with_fence(&held);
    let next = fence(&service, "dr", 2, 2);
    let after = service.render(&region("dr")).expect("renders");
    let plan = |fence: &Fence, kind| PlannedWrite {
        id: DecisionId::at(START, 99),
        service: service.name.clone(),
        kind,
        initiative: Initiative::Automatic,
        from: None,
        to: Some(region("dr")),
        reason: String::new(),
        overrides: Vec::new(),
        overrides_expire: None,
        advances: false,
        group: None,
        drill: None,
        decided: START,
        valid_until: START,
        change: ChangeSet::plan(&zone.view(&service), &service.keys(), &after, fence).expect("plans"),
        fence: fence.clone(),
    };
    let write = plan(&next, WriteKind::Failover);
    assert!(write.aligns(), "its plan is not its own");
    let later = Fence { rev: Rev::new(3), ..next.clone() };
    assert!(write.is_carried_by(&later), "someone has written the fence since");
    assert!(!write.is_carried_by(&next), "another controller was as fast: that one is followed");
    assert!(!write.is_carried_by(&Fence { plan: DecisionId::at(START, 7), ..later.clone() }));
    assert!(!write.is_carried_by(&Fence { epoch: Epoch::new(3), ..later.clone() }));
    assert!(!plan(&next, WriteKind::Annotate).is_carried_by(&later), "only a decision has an identity");
    let again = Fence { epoch: held.epoch, plan: held.plan.clone(), rev: Rev::new(2), ..next };
    let later = Fence { rev: Rev::new(3), ..again.clone() };
    assert!(!plan(&again, WriteKind::Repair).is_carried_by(&later), "what was there before proves nothing");
}
