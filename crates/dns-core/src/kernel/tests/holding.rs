//! What holds writes up: observing, a pause, a window, and a zone that is not as this controller left it.

use super::*;

#[test]
fn an_observing_service_writes_nothing_at_all() {
    for kind in [WriteKind::Adopt, WriteKind::Repair, WriteKind::Annotate, WriteKind::Release, WriteKind::Rerender] {
        let scene = Scene::of_the_fence(kind).by_hand().with(|scene| scene.service.mode = Mode::Observe);
        assert!(scene.rules().contains(&Rule::Observing), "{kind:?}");
    }
}

#[test]
fn a_pause_blocks_what_is_automatic_except_telling_the_fence() {
    let paused = |scene: Scene| scene.with(|scene| scene.pause = Some(pause()));
    assert_eq!(paused(Scene::failover()).rules(), [Rule::NotPaused]);
    assert_eq!(paused(Scene::failover().by_hand()).rules(), []);
    assert_eq!(paused(Scene::of_the_fence(WriteKind::Annotate)).rules(), []);
    let lost = Standing::Lost { found: None, serving: Some(region("prod")) };
    let repair = Scene::of_the_fence(WriteKind::Repair).with(|scene| scene.standing = lost);
    assert_eq!(paused(repair).rules(), [Rule::NotPaused]);
    assert!(paused(Scene::failover()).reason().contains("paused by `oncall`: database migration"));
}

#[test]
fn a_window_holds_up_what_can_wait_and_an_emergency_only_if_it_says_so() {
    let frozen = |scene: Scene, emergency| scene.with(|scene| scene.service.windows = freeze(emergency)).rules();
    let (allow, block) = (EmergencyFailover::Allow, EmergencyFailover::Block);
    for emergency in [allow, block] {
        assert_eq!(frozen(Scene::failback(), emergency), [Rule::ChangeFreeze]);
        let planned =
            Scene::failover().by_hand().with(|scene| scene.judgement = Some(judgement(Seen::Proven, Seen::Proven)));
        assert_eq!(frozen(planned, emergency), [Rule::ChangeFreeze], "to leave what works is no emergency");
        let rerender = Scene::failover().with(|scene| {
            (scene.kind, scene.to) = (WriteKind::Rerender, Some(region("prod")));
            scene.judgement = Some(judgement(Seen::Proven, Seen::Proven));
        });
        assert_eq!(frozen(rerender, emergency), [Rule::ChangeFreeze]);
        for kind in [WriteKind::Annotate, WriteKind::Adopt, WriteKind::Release] {
            assert_eq!(frozen(Scene::of_the_fence(kind).by_hand(), emergency), [], "{kind:?} moves nothing");
        }
    }
    assert_eq!(frozen(Scene::failover(), allow), []);
    assert_eq!(frozen(Scene::failover().by_hand(), allow), []);
    assert_eq!(frozen(Scene::failover(), block), [Rule::ChangeFreeze]);
    let spoilt = Scene::failback().with(case(Rule::ChangeFreeze).1);
    assert_eq!(spoilt.reason(), "the window `year-end` is open for another 3600 s");
}

#[test]
fn released_lost_and_unadopted_services_are_not_moved() {
    let released = Standing::Released { fence: Box::new(tombstone(&service(), 2, 2)) };
    let lost = Standing::Lost { found: None, serving: Some(region("prod")) };
    for standing in [released.clone(), lost.clone(), Standing::Unadopted { serving: None }] {
        let scene = Scene::failover().by_hand().with(|scene| scene.standing = standing.clone());
        assert_eq!(scene.rules(), [Rule::Adopted], "{standing:?}");
        let adopt = Scene::of_the_fence(WriteKind::Adopt).by_hand().with(|scene| scene.standing = standing);
        assert_eq!(adopt.rules(), []);
    }
    assert_eq!(Scene::of_the_fence(WriteKind::Repair).with(|scene| scene.standing = lost).rules(), []);
    assert_eq!(Scene::of_the_fence(WriteKind::Repair).with(|scene| scene.standing = released).rules(), [Rule::Adopted]);
}

#[test]
fn a_repair_needs_records_of_a_region_and_never_replaces_a_tombstone() {
    let repair = |found: Option<Fence>, serving: Option<&str>| {
        let standing = Standing::Lost { found: found.map(Box::new), serving: serving.map(region) };
        Scene::of_the_fence(WriteKind::Repair).with(|scene| scene.standing = standing).rules()
    };
    let older = fence(&service(), "dr", 1, 1);
    assert_eq!(repair(Some(older.clone()), Some("dr")), []);
    assert_eq!(repair(Some(older), None), [Rule::NoForeignChange]);
    assert_eq!(repair(Some(tombstone(&service(), 1, 1)), Some("prod")), [Rule::Adopted]);
}

#[test]
fn a_zone_that_was_set_back_to_before_a_release_takes_no_service_back() {
    let set_back = |kind: WriteKind| {
        let found = Some(Box::new(fence(&service(), "prod", 1, 1)));
        Scene::of_the_fence(kind).with(|scene| {
            scene.standing = Standing::Lost { found, serving: Some(region("prod")) };
            scene.held = Some(tombstone(&service(), 1, 2));
        })
    };
    for kind in [WriteKind::Repair, WriteKind::Release, WriteKind::Failover] {
        assert!(set_back(kind).by_hand().rules().contains(&Rule::Adopted), "{kind:?}");
    }
    let why = "the service was released, and the zone was set back to before that; adopt it to take it back";
    assert_eq!(set_back(WriteKind::Repair).reason(), why);
    assert_eq!(set_back(WriteKind::Adopt).by_hand().rules(), []);
}

#[test]
fn a_foreign_change_holds_all_but_its_adoption() {
    for kind in [WriteKind::Annotate, WriteKind::Release, WriteKind::Repair, WriteKind::Rerender] {
        let scene = Scene::of_the_fence(kind).by_hand().with(case(Rule::NoForeignChange).1);
        assert!(scene.rules().contains(&Rule::NoForeignChange), "{kind:?}");
    }
    assert_eq!(Scene::of_the_fence(WriteKind::Adopt).by_hand().with(case(Rule::NoForeignChange).1).rules(), []);
}

#[test]
fn an_older_configuration_says_so_in_figures() {
    let older = |revision| {
        let scene = Scene::failover().with(case(Rule::ConfigurationCurrent).1);
        scene.with(|scene| scene.service.revision = revision)
    };
    assert_eq!(older(4).reason(), "the fence was written with configuration revision 5, this one is 4");
    assert_eq!(older(0).reason(), "the fence was written with configuration revision 5, this one has none");
    assert_eq!(older(5).rules(), []);
}
