//! Splits: two places that were moved by different decisions of the same epoch.

use super::world::*;
use crate::fence::{DecisionId, Epoch, Fence};
use crate::fixture::{Seen, Zone, fence, region};
use crate::history::HistoryKind;
use crate::machine::effect::PermitAnswer;
use crate::saga::Lag;

/// Two controllers that know nothing of each other decide at different places at once.
fn split() -> World {
    let mut world = World::adopted(2, 2);
    // The second controller cannot reach the first place.
    world.conditions[0] = Condition::Down;
    world.read(1, 0);
    world.conditions[0] = Condition::Works;
    world.see(Seen::Failing, Seen::Proven);
    assert_eq!(world.ask_permit(0, 0), Some(PermitAnswer::Granted));
    assert_eq!(world.ask_permit(1, 1), Some(PermitAnswer::Granted));
    world.send(0, 0);
    world.send(1, 1);
    assert_eq!(world.fence(0).epoch, world.fence(1).epoch);
    assert_ne!(world.fence(0).plan, world.fence(1).plan);
    world
}

#[test]
fn a_split_ends_in_one_new_decision_above_both_and_wakes_someone() {
    let mut world = split();
    world.read_all(0);
    world.read_all(1);
    world.run();
    let fence = world.agree().expect("one decision everywhere");
    assert!(fence.epoch > Epoch::new(2));
    assert_eq!(fence.active, Some(region("dr")), "the records stay where the anchor has them");
    let told: usize = (0..2).map(|number| world.count(number, HistoryKind::Split)).sum();
    assert!(told >= 1);
    assert!((0..2).any(|number| world.pages(number).iter().any(|page| page.contains("same epoch"))));
}

#[test]
fn a_split_is_seen_until_it_is_mended() {
    let mut world = split();
    let lags = |world: &World| -> Vec<Lag> {
        world.controllers[0].saga.divergences().into_iter().map(|found| found.lag).collect()
    };
    let behind = Lag::Behind { epoch: Some(Epoch::new(1)), newest: Epoch::new(2) };
    assert_eq!(lags(&world), [behind], "nobody has looked at the second place yet");
    world.order(0, crate::machine::command::Command::Pause { until: None });
    world.read(0, 1);
    assert_eq!(lags(&world), [Lag::Split]);
    world.controllers.remove(1);
    world.run();
    assert_eq!(lags(&world), [Lag::Split]);
    assert!(world.pages(0).iter().any(|page| page.contains("notPaused")), "a pause holds the mending, too");
}

#[test]
fn a_split_into_two_regions_goes_with_the_anchor() {
    let mut world = World::adopted(2, 2);
    world.must_order(0, failover("dr"));
    world.ask_permit(0, 0);
    world.send(0, 0);
    // Nobody was told of it; a person sends the second place elsewhere, where it is already, as a new decision.
    let mut fence = world.fence(1);
    (fence.epoch, fence.rev) = (fence.epoch.next(), fence.rev.next());
    fence.plan = crate::fence::DecisionId::at(world.now, 77);
    world.zones[1].fence = Some(fence.to_text(&crate::fixture::name("example.com")).expect("fits"));
    world.read_all(0);
    world.run();
    assert!(world.agree().is_some_and(|fence| fence.active == Some(region("dr"))));
}

#[test]
fn a_split_that_a_newer_decision_has_overtaken_is_not_mended_into_a_third() {
    let mut world = World::adopted(3, 1);
    // `dr` is not proven, so nobody comes after the third place.
    world.see(Seen::Proven, Seen::Healthy);
    for (rank, number, later, active) in [(2, 72, 2, "dr"), (1, 71, 1, "prod"), (0, 70, 1, "prod")] {
        let (service, held) = (world.service.projections()[rank].clone(), world.fence(rank));
        let written = fence(&service, active, held.epoch.get() + later, held.rev.get() + 1);
        let written = Fence { plan: DecisionId::at(world.now, number), ..written };
        world.zones[rank] = Zone::serving(&service, active).with_fence(&written);
        world.read(0, rank);
    }
    assert_eq!(world.fence(0).epoch, world.fence(1).epoch);
    assert!(world.controllers[0].outbox.is_empty());
    assert_eq!(world.count(0, HistoryKind::Split), 0);
}

#[test]
fn two_first_adoptions_at_once_end_in_one_decision() {
    use crate::machine::command::Command;
    let mut world = World::new(2, 2);
    for number in 0..2 {
        world.tick(number);
        world.read_all(number);
        world.must_order(number, Command::Adopt);
        assert_eq!(world.ask_permit(number, 0), Some(PermitAnswer::Granted));
        assert_eq!(world.ask_permit(number, 1), Some(PermitAnswer::Granted));
    }
    world.send(0, 0);
    world.send(1, 1);
    world.send(1, 0);
    world.send(0, 1);
    for _ in 0..3 {
        (0..2).for_each(|number| world.read_all(number));
        world.run();
        for number in 0..2 {
            world.order(number, Command::Resume);
        }
    }
    assert!(world.agree().is_some_and(|fence| fence.active == Some(region("prod"))));
}

fn ttl(seconds: u64) -> crate::rrset::Ttl {
    crate::rrset::Ttl::from_secs(seconds).expect("a TTL")
}

/// One place has moved, a stranger edits it, the store is lost: nobody follows what its fence says, and it still stands there.
#[test]
fn an_adoption_uses_no_epoch_that_a_disputed_fence_has() {
    let mut world = World::adopted(2, 1);
    world.conditions[0] = Condition::Down;
    world.read(0, 0);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    let moved = world.fence(1);
    assert!(world.serves(1, "dr") && moved.epoch > world.fence(0).epoch, "only the second place has moved");
    world.conditions[0] = Condition::Works;
    world.controllers[0].saga = crate::saga::Saga::new(&world.service);
    world.controllers[0].outbox.clear();
    // The TTL is changed as well, so that no fence fits; an operator puts prod back everywhere, and adopts what is there.
    let mut services: Vec<_> = world.service.projections().iter().map(|service| (**service).clone()).collect();
    services.iter_mut().flat_map(|service| service.records.iter_mut()).for_each(|record| record.ttl = ttl(61));
    world.service = crate::service::Everywhere::new(services).expect("at least one");
    for (rank, service) in world.service.clone().projections().iter().enumerate() {
        world.zones[rank].rrsets = service.render(&region("prod")).expect("renders");
    }
    world.see(Seen::Proven, Seen::Proven);
    world.look_around(0);
    world.must_order(0, crate::machine::command::Command::Adopt);
    world.run();
    let fence = world.agree().expect("one decision everywhere");
    assert_ne!(fence.plan, moved.plan);
    assert!(fence.epoch > moved.epoch, "{} is of another plan already", fence.epoch);
}

/// A fence of the same epoch and another plan, over records that it does not guard: an adoption is told to join the first place.
#[test]
fn an_adoption_that_joins_another_place_writes_over_no_plan_of_the_same_epoch() {
    let mut world = World::adopted(2, 1);
    let mut fence = world.fence(1);
    fence.rev = fence.rev.next();
    fence.plan = crate::fence::DecisionId::at(world.now, 77);
    fence.digest = crate::digest::Digest::over([b"records of a stranger".as_slice()]);
    world.zones[1].fence = Some(fence.to_text(&crate::fixture::name("example.com")).expect("fits"));
    world.look_around(0);
    world.must_order(0, crate::machine::command::Command::Adopt);
    world.run();
    assert!(world.fence(1).epoch > fence.epoch, "{} is of another plan already", fence.epoch);
    assert!(world.agree().is_some_and(|fence| fence.active == Some(region("prod"))), "one decision everywhere");
}

/// The older of two replicas has not followed what the newer one wrote, since a stranger was faster.
#[test]
fn an_older_configuration_adopts_nothing_over_a_disputed_fence_of_a_newer_one() {
    use crate::machine::command::Command;
    use crate::machine::effect::Refusal;
    let mut world = World::adopted(1, 1);
    let mut fence = world.fence(0);
    (fence.rev, fence.cfg) = (fence.rev.next(), 5);
    fence.digest = crate::digest::Digest::over([b"records of a stranger".as_slice()]);
    world.zones[0].fence = Some(fence.to_text(&crate::fixture::name("example.com")).expect("fits"));
    world.look_around(0);
    let Some(Refusal::Kernel(rejections)) = world.order(0, Command::Adopt).refusal else { panic!("it is taken") };
    assert!(rejections.iter().any(|one| one.rule == crate::kernel::Rule::ConfigurationCurrent), "{rejections:?}");
}
