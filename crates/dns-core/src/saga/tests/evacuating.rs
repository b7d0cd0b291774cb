//! A service on its way out of a region that is being evacuated: what its own state tells of that.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::world::*;
use crate::evacuation::forecast::{Forecast, Question, forecast};
use crate::evacuation::{Evacuation, Ground, Stage, Stand, TRIES_MAX};
use crate::fence::EvacuationId;
use crate::fixture::{COOLDOWN, START, Seen, region};
use crate::fleet::Fleet;
use crate::kernel::Rule;
use crate::machine::command::Command;
use crate::machine::effect::Refusal;
use crate::machine::event::Event;
use crate::saga::{Around, Saga};
use crate::service::{Everywhere, Mode, Service};
use crate::write::WriteKind;

fn ordered(world: &World) -> Evacuation {
    Evacuation {
        id: EvacuationId::at(START, 7),
        region: region("prod"),
        to: None,
        undoes: None,
        by: "oncall".parse().expect("a name"),
        reason: "the power goes".to_owned(),
        overrides: Vec::new(),
        wave_max: None,
        started: START,
        herald: world.service.lead().name.clone(),
        services: 1,
        run: 1,
        stage: Stage::Running { since: START },
        outcome: None,
    }
}

fn stand(world: &World, evacuation: &Evacuation) -> Option<Stand> {
    Stand::of(evacuation, &world.service, &world.controllers[0].saga, world.now)
}

fn order(world: &mut World, evacuation: &Evacuation) -> Option<Refusal> {
    world.step(0, &Event::Commanded(evacuation.order())).refusal
}

fn rules(refusal: Option<Refusal>) -> Vec<Rule> {
    let Some(Refusal::Kernel(rejections)) = refusal else { panic!("expected rules, found {refusal:?}") };
    rejections.into_iter().map(|rejection| rejection.rule).collect()
}

/// Adopted in prod, with both regions proven.
fn world(places: usize) -> World {
    let mut world = World::adopted(places, 1);
    world.see(Seen::Proven, Seen::Proven);
    world
}

#[test]
fn a_service_leaves_pinned_and_its_state_tells_how_far_it_is() {
    for places in [1, 2] {
        let mut world = world(places);
        let evacuation = ordered(&world);
        assert_eq!(stand(&world, &evacuation), Some(Stand::Waiting { ready: true }));
        assert_eq!(order(&mut world, &evacuation), None);
        assert_eq!(stand(&world, &evacuation), Some(Stand::UnderWay));
        world.crash(0);
        assert_eq!(stand(&world, &evacuation), Some(Stand::UnderWay), "a restart remembers it");
        world.run();
        // What was decided before the crash may have been too old to be sent.
        if stand(&world, &evacuation) != Some(Stand::Arrived) {
            world.pass(Duration::from_secs(2));
            assert_eq!(stand(&world, &evacuation), Some(Stand::Waiting { ready: true }));
            assert_eq!(order(&mut world, &evacuation), None);
            world.run();
        }
        assert_eq!(stand(&world, &evacuation), Some(Stand::Arrived), "{places}");
        let fence = world.agree().expect("every place has come after");
        assert_eq!(fence.active, Some(region("dr")));
        assert!(fence.pin.is_some_and(|pin| pin.reason.contains("evacuation of `prod`")));
        assert_eq!(fence.epoch.get(), 2, "once");
    }
}

#[test]
fn one_that_is_elsewhere_or_only_observes_is_not_concerned() {
    let mut elsewhere = world(1);
    let evacuation = ordered(&elsewhere);
    elsewhere.must_order(0, failover("dr"));
    elsewhere.run();
    assert_eq!(stand(&elsewhere, &evacuation), None);

    let mut observing = world(1);
    observing.service = observing.service.in_mode(Mode::Observe);
    assert_eq!(stand(&observing, &evacuation), None);
}

#[test]
fn a_paused_service_is_held() {
    let mut world = world(1);
    let evacuation = ordered(&world);
    world.must_order(0, Command::Pause { until: None });
    world.run();
    assert_eq!(rules(order(&mut world, &evacuation)), [Rule::NotPaused]);
    world.must_order(0, Command::Resume);
    world.run();
    assert_eq!(order(&mut world, &evacuation), None);
}

#[test]
fn a_service_that_cannot_be_written_is_stuck_until_the_next_run() {
    let mut world = world(1);
    let mut evacuation = ordered(&world);
    world.becomes(0, Condition::Denies);
    for _ in 0..TRIES_MAX {
        assert_eq!(stand(&world, &evacuation), Some(Stand::Waiting { ready: true }));
        assert_eq!(order(&mut world, &evacuation), None);
        world.run();
        world.look_around(0);
        if stand(&world, &evacuation) != Some(Stand::Stuck) {
            assert_eq!(stand(&world, &evacuation), Some(Stand::Waiting { ready: false }), "not at once");
            world.pass(Duration::from_secs(1));
        }
    }
    assert_eq!(stand(&world, &evacuation), Some(Stand::Stuck));
    evacuation.resume(world.now);
    assert_eq!(stand(&world, &evacuation), Some(Stand::Waiting { ready: true }));
}

#[test]
fn one_that_has_come_back_since_is_not_moved_twice() {
    let mut world = world(1);
    let evacuation = ordered(&world);
    order(&mut world, &evacuation);
    world.run();
    world.pass(COOLDOWN);
    world.must_order(0, Command::Failback);
    world.run();
    assert!(world.serves(0, "prod"));
    assert_eq!(stand(&world, &evacuation), Some(Stand::Arrived));
    let next = Evacuation { id: EvacuationId::at(world.now, 8), ..evacuation };
    assert_eq!(stand(&world, &next), Some(Stand::Waiting { ready: true }), "another one moves it");
}

#[test]
fn a_return_brings_back_what_was_moved_and_clears_the_pin() {
    let mut world = world(1);
    let evacuation = ordered(&world);
    let mut back =
        Evacuation { id: EvacuationId::at(START, 9), undoes: Some(evacuation.id.clone()), ..evacuation.clone() };
    assert_eq!(stand(&world, &back), None, "nothing was moved");
    order(&mut world, &evacuation);
    world.run();
    assert_eq!(stand(&world, &back), Some(Stand::Waiting { ready: true }));
    assert_eq!(rules(order(&mut world, &back)), [Rule::CooledDown], "a failback like any other");
    back.overrides = vec![Rule::CooledDown];
    assert_eq!(order(&mut world, &back), None);
    world.run();
    assert_eq!(stand(&world, &back), Some(Stand::Arrived));
    let fence = world.agree().expect("moved");
    assert_eq!((fence.active, fence.pin), (Some(region("prod")), None));
}

/// The fleet is the one thing of an evacuation that other services see.
fn around(world: &World, evacuated: &[&str]) -> Around {
    let mut fleet = Fleet::default();
    let told: BTreeMap<_, _> = evacuated.iter().map(|name| (region(name), format!("`{name}` is left"))).collect();
    fleet.set_evacuated(told);
    Around {
        service: world.service.clone(),
        actor: "controller-1".parse().expect("a name"),
        now: world.now,
        nonce: 77,
        fleet: Arc::new(fleet),
    }
}

fn question(overrides: &[Rule]) -> Question {
    Question { region: region("prod"), to: None, by: "oncall".parse().expect("a name"), overrides: overrides.to_vec() }
}

#[test]
fn a_forecast_says_what_would_be_done_and_changes_nothing() {
    let mut world = world(1);
    let saga = |world: &World| -> Saga { world.controllers[0].saga.clone() };
    let before = saga(&world).to_envelope();
    let asked = |world: &World, overrides: &[Rule]| {
        forecast(&question(overrides), &world.controllers[0].saga, &around(world, &[]))
    };
    assert_eq!(asked(&world, &[]), Forecast::Moves { to: Some(region("dr")) });
    assert_eq!(saga(&world).to_envelope(), before);

    world.see(Seen::Proven, Seen::Healthy);
    let Forecast::Held(rejections) = asked(&world, &[]) else { panic!("dr is not proven") };
    assert_eq!(rejections[0].ground, Ground::Rule(Rule::TargetProven));
    assert_eq!(asked(&world, &[Rule::TargetProven]), Forecast::Moves { to: Some(region("dr")) });

    let left = forecast(&question(&[]), &world.controllers[0].saga, &around(&world, &["dr"]));
    let Forecast::Held(rejections) = left else { panic!("dr is left, too") };
    let evacuated = Ground::Rule(Rule::RegionEvacuated);
    assert!(rejections.iter().any(|rejection| rejection.ground == evacuated), "{rejections:?}");

    world.see(Seen::Proven, Seen::Proven);
    world.must_order(0, failover("dr"));
    world.run();
    assert_eq!(asked(&world, &[]), Forecast::Elsewhere(region("dr")));
}

#[test]
fn one_that_two_people_have_to_move_is_held_by_that_and_by_no_rule() {
    let mut world = world(1);
    let projections = world.service.projections().iter().map(|here| {
        let mut here = Service::clone(here);
        here.policy.approval.orders = [WriteKind::Failover].into();
        here
    });
    world.service = Everywhere::new(projections.collect::<Vec<_>>()).expect("at least one");
    let told = forecast(&question(&[]), &world.controllers[0].saga, &around(&world, &[]));
    let Forecast::Held(held) = told else { panic!("two people have to: {told:?}") };
    assert_eq!((held.len(), held[0].ground), (1, Ground::SecondPerson), "{held:?}");
    assert!(held[0].reason.contains("dns-admin failover checkout --to REGION"), "{held:?}");
    assert_eq!((held[0].ground.as_str(), held[0].ground.is_overridable()), ("secondPerson", false));
}

#[test]
fn a_passage_is_kept_as_it_is_in_the_golden_state() {
    let mut world = world(1);
    let evacuation = ordered(&world);
    order(&mut world, &evacuation);
    world.run();
    let golden = include_str!("envelope.v2.evacuated.golden.json").trim();
    let read = Saga::from_envelope(golden, &world.service).expect("is read");
    assert_eq!(stand(&world, &evacuation), Some(Stand::Arrived));
    let told = Stand::of(&evacuation, &world.service, &read, world.now);
    assert_eq!(told, Some(Stand::Arrived));
    assert_eq!(read.to_envelope(), golden, "nothing of it is lost");
}
