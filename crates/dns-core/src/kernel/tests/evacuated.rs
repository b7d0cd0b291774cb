//! Regions that nothing may move into, and what is let in while nobody can tell which those are.

use super::*;

fn unknown(scene: &mut Scene) {
    scene.fleet.set_evacuations_unknown(Some("an evacuation cannot be read".to_owned()));
}

#[test]
fn nothing_fails_back_while_nobody_can_tell_what_is_being_evacuated() {
    for back in [Scene::failback(), Scene::automatic_failback()] {
        let held = back.with(unknown);
        assert_eq!(held.rules(), [Rule::RegionEvacuated]);
        assert_eq!(held.reason(), "an evacuation cannot be read");
        assert_eq!(held.with(|scene| scene.fleet.set_evacuations_unknown(None)).rules(), [], "it can again");
    }
    let ordered = Scene::failback().with(unknown).with(|scene| scene.overrides = vec![Rule::RegionEvacuated]);
    assert_eq!(ordered.rules(), [], "a person may know");
}

#[test]
fn a_failing_region_is_left_though_nobody_can_tell_what_is_being_evacuated() {
    assert_eq!(Scene::failover().with(unknown).rules(), []);
}
