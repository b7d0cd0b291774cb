//! What a change set must require before it is sent: the records as they were read, and the service's own fence.

use super::*;

#[test]
fn a_record_is_created_only_where_the_zone_was_read() {
    let scene = Scene::failover().with(|scene| {
        let key = scene.change().creates[0].key().clone();
        scene.change().deletes.retain(|set| set.key() != &key);
        scene.change().requires.retain(|requirement| match requirement {
            Requirement::Exactly(set) => set.key() != &key,
            Requirement::Absent(absent) => absent != &key,
        });
    });
    assert_eq!(scene.rules(), [Rule::UnreadRecord]);
}

#[test]
fn a_deletion_must_be_of_exactly_what_was_read() {
    let scene = Scene::failover().with(|scene| {
        scene.change().deletes[0] =
            crate::fixture::rrset("api.example.com", crate::rrset::GuardedType::A, 60, &["203.0.113.1"]);
    });
    assert_eq!(scene.rules(), [Rule::UnreadRecord]);
}

#[test]
fn the_guard_must_be_the_services_own_fence() {
    let elsewhere = Scene::failover().with(|scene| scene.change().fence_name = name("_other._failover.example.com"));
    assert_eq!(elsewhere.rules(), [Rule::Unfenced]);
    let zone = Scene::failover().with(|scene| scene.change().zone = name("example.org"));
    assert_eq!(zone.rules(), [Rule::Unfenced]);
}

#[test]
fn a_missing_fence_is_required_only_by_adoption_and_repair_of_a_loss() {
    let absent = |kind, standing| {
        let scene = Scene::of_the_fence(kind).by_hand();
        scene.with(|scene| (scene.change().guard, scene.standing) = (Guard::Absent, standing)).rules()
    };
    let lost = |found: Option<Fence>| Standing::Lost { found: found.map(Box::new), serving: Some(region("prod")) };
    assert_eq!(absent(WriteKind::Adopt, Standing::Unadopted { serving: None }), []);
    assert_eq!(absent(WriteKind::Repair, lost(None)), []);
    let older = fence(&service(), "prod", 1, 1);
    assert_eq!(absent(WriteKind::Repair, lost(Some(older))), [Rule::Unfenced]);
    assert_eq!(absent(WriteKind::Repair, Standing::Held), [Rule::Unfenced]);
    for kind in [WriteKind::Annotate, WriteKind::Release, WriteKind::Failback] {
        assert!(absent(kind, Standing::Held).contains(&Rule::Unfenced), "{kind:?}");
    }
}
