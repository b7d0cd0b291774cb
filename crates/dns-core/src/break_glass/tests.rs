use super::*;
use crate::change::Guard;
use crate::fence::Pause;
use crate::fixture::{START, Zone, fence, region, rrset, service, tombstone};
use crate::rrset::GuardedType;
use crate::service::Mode;
use crate::zone::FoundFence;

fn order(to: &str, overrides: &[Rule]) -> Order {
    Order {
        to: region(to),
        by: "ada".parse().expect("a name"),
        reason: "prod is under water".to_owned(),
        overrides: overrides.to_vec(),
        override_for: std::time::Duration::from_mins(10),
        doubt: None,
        now: START,
        nonce: 7,
    }
}

fn at<'a>(service: &'a Service, view: &'a ZoneView) -> Look<'a> {
    Look { service, view: Ok(view) }
}

fn rules(plan: &Plan) -> Vec<Rule> {
    plan.all_rejections().map(|rejection| rejection.rule).collect()
}

/// Plans for one zone without and with overrides: refused by exactly these rules, then clear.
fn refused_until_overridden(service: &Service, zone: &Zone, expected: &[Rule]) -> PlaceWrite {
    let view = zone.view(service);
    let refused = plan(&order("dr", &[]), &[at(service, &view)]);
    assert_eq!(rules(&refused), expected);
    assert!(refused.places[0].write.is_none() && !refused.is_clear());
    for left in expected {
        let others: Vec<Rule> = expected.iter().filter(|rule| *rule != left).copied().collect();
        let refused = plan(&order("dr", &others), &[at(service, &view)]);
        assert_eq!(rules(&refused), [*left], "each is named");
    }
    let mut clear = plan(&order("dr", expected), &[at(service, &view)]);
    assert!(clear.is_clear(), "{clear:?}");
    clear.places.remove(0).write.expect("a write")
}

#[test]
fn moves_every_place_above_all_of_them() {
    let main = service();
    let second = Service { provider: "second".parse().expect("a name"), ..service() };
    let mut zones = [(&main, 4, 9), (&second, 6, 8)].map(|(service, epoch, rev)| {
        (service, Zone::serving(service, "prod").with_fence(&fence(service, "prod", epoch, rev)))
    });
    let views = zones.each_ref().map(|(service, zone)| zone.view(service));
    let looks: Vec<Look<'_>> = zones.iter().zip(&views).map(|((service, _), view)| at(service, view)).collect();
    let plan = plan(&order("dr", &[]), &looks);
    assert!(plan.is_clear(), "{plan:?}");
    for ((service, zone), place) in zones.iter_mut().zip(&plan.places) {
        let PlaceWrite { change, fence } = place.write.as_ref().expect("a write");
        zone.apply(change).expect("nothing changed in between");
        assert_eq!(zone.rrsets, service.render(&region("dr")).expect("renders"));
        assert_eq!(zone.fence_found().as_ref(), Some(fence), "what is in the zone is what was planned");
        assert_eq!((fence.epoch.get(), fence.rev.get(), &fence.plan), (7, 10, &plan.id));
        assert_eq!((fence.by.as_str(), fence.provider.as_str()), ("ada", service.provider.as_str()));
        let pin = fence.pin.as_ref().expect("a pin");
        assert_eq!((pin.by.as_str(), pin.reason.as_str()), ("ada", "prod is under water"));
        assert!(zone.apply(change).is_err(), "sent again it meets its own fence");
    }
    let writes: Vec<&str> = plan.places.iter().flat_map(|place| &place.write).map(|w| w.fence.write.as_str()).collect();
    assert_ne!(writes[0], writes[1], "each write has its own id");
}

#[test]
fn a_second_one_from_the_same_look_conflicts() {
    let service = service();
    let mut zone = Zone::serving(&service, "prod").with_fence(&fence(&service, "prod", 1, 1));
    let view = zone.view(&service);
    let one = plan(&order("dr", &[]), &[at(&service, &view)]);
    let other = plan(&Order { nonce: 99, ..order("dr", &[]) }, &[at(&service, &view)]);
    zone.apply(&one.places[0].write.as_ref().expect("a write").change).expect("it is first");
    let late = &other.places[0].write.as_ref().expect("a write").change;
    zone.apply(late).expect_err("the fence has moved on");
}

#[test]
fn coming_back_to_the_preferred_region_unpins() {
    let service = service();
    let pin = Some(Pin { by: "ada".parse().expect("a name"), reason: "x".to_owned() });
    let zone = Zone::serving(&service, "dr").with_fence(&Fence { pin, ..fence(&service, "dr", 1, 1) });
    let plan = plan(&order("prod", &[]), &[at(&service, &zone.view(&service))]);
    assert_eq!(plan.places[0].write.as_ref().expect("a write").fence.pin, None);
}

#[test]
fn a_target_that_was_not_seen_healthy_is_refused_until_overridden() {
    let service = service();
    let zone = Zone::serving(&service, "prod").with_fence(&fence(&service, "prod", 1, 1));
    let view = zone.view(&service);
    let doubtful = |overrides| Order { doubt: Some("tcp: refused".to_owned()), ..order("dr", overrides) };
    let refused = plan(&doubtful(&[]), &[at(&service, &view)]);
    assert_eq!((rules(&refused), refused.is_clear()), (vec![Rule::TargetProven], false));
    assert!(plan(&doubtful(&[Rule::TargetProven]), &[at(&service, &view)]).is_clear());
}

#[test]
fn a_pause_is_refused_until_overridden_and_stays() {
    let service = service();
    let pause = |until| Some(Pause { by: "bob".parse().expect("a name"), until, reason: "works".to_owned() });
    let open = Fence { pause: pause(None), ..fence(&service, "prod", 1, 1) };
    let write =
        refused_until_overridden(&service, &Zone::serving(&service, "prod").with_fence(&open), &[Rule::NotPaused]);
    assert_eq!(write.fence.pause, open.pause);
    let over = Fence { pause: pause(Some(START)), ..fence(&service, "prod", 1, 1) };
    let zone = Zone::serving(&service, "prod").with_fence(&over);
    let clear = plan(&order("dr", &[]), &[at(&service, &zone.view(&service))]);
    assert!(clear.is_clear());
    assert_eq!(clear.places[0].write.as_ref().expect("a write").fence.pause, None, "it is over");
}

#[test]
fn a_missing_fence_is_refused_until_overridden_and_its_absence_is_the_condition() {
    let service = service();
    let mut zone = Zone::serving(&service, "prod");
    let write = refused_until_overridden(&service, &zone, &[Rule::Adopted]);
    assert_eq!(write.change.guard, Guard::Absent);
    zone.apply(&write.change).expect("there is none");
    let stranger = rrset("api.example.com", GuardedType::A, 60, &["203.0.113.9"]);
    let mut zone = Zone::serving(&service, "prod");
    zone.put(stranger.clone());
    let write = refused_until_overridden(&service, &zone, &[Rule::Adopted, Rule::NoForeignChange]);
    assert!(write.change.deletes.contains(&stranger), "exactly what was read goes");
}

#[test]
fn tombstones_and_others_fences_are_refused_until_overridden() {
    let service = service();
    let zone = Zone::serving(&service, "prod").with_fence(&tombstone(&service, 3, 5));
    let write = refused_until_overridden(&service, &zone, &[Rule::Adopted]);
    assert_eq!((write.fence.epoch.get(), write.fence.rev.get()), (4, 6));
    let theirs = Fence {
        install: "other".parse().expect("a name"),
        unknown: vec![("later".to_owned(), "1".to_owned())],
        ..fence(&service, "prod", 8, 9)
    };
    let zone = Zone::serving(&service, "prod").with_fence(&theirs);
    let write = refused_until_overridden(&service, &zone, &[Rule::NoForeignChange]);
    assert!(matches!(write.change.guard, Guard::Exactly { .. }), "their fence is required as it was read");
    assert_eq!(write.fence.unknown, Vec::new());
    assert!(write.fence.epoch.get() > 8);
}

#[test]
fn a_hand_edit_an_observing_service_and_an_old_configuration_are_refused_until_overridden() {
    let service = service();
    let mut zone = Zone::serving(&service, "prod").with_fence(&fence(&service, "prod", 1, 1));
    zone.put(rrset("api.example.com", GuardedType::A, 60, &["203.0.113.9"]));
    refused_until_overridden(&service, &zone, &[Rule::NoForeignChange]);

    let observing = Service { mode: Mode::Observe, ..service.clone() };
    let zone = Zone::serving(&service, "prod").with_fence(&fence(&service, "prod", 1, 1));
    refused_until_overridden(&observing, &zone, &[Rule::Observing]);

    let newer = Fence { cfg: 12, ..fence(&service, "prod", 1, 1) };
    let zone = Zone::serving(&service, "prod").with_fence(&newer);
    let write = refused_until_overridden(&service, &zone, &[Rule::ConfigurationCurrent]);
    assert_eq!(write.fence.cfg, 12, "a replica with an older configuration stays out");
}

#[test]
fn a_place_that_cannot_be_read_is_never_written_and_holds_the_others_until_overridden() {
    let service = service();
    let zone = Zone::serving(&service, "prod").with_fence(&fence(&service, "prod", 1, 1));
    let view = zone.view(&service);
    let looks = [at(&service, &view), Look { service: &service, view: Err("timed out") }];
    let refused = plan(&order("dr", &[]), &looks);
    assert_eq!((rules(&refused), refused.is_clear()), (vec![Rule::ZoneKnown], false));
    let clear = plan(&order("dr", &[Rule::ZoneKnown]), &looks);
    assert!(clear.is_clear() && clear.places[0].write.is_some() && clear.places[1].write.is_none());
    let blind = plan(&order("dr", &[Rule::ZoneKnown]), &looks[1..]);
    assert!(!blind.is_clear(), "there is nothing to write");
}

#[test]
fn rules_of_the_first_precedence_are_never_overridden() {
    let service = service();
    let mut view = Zone::serving(&service, "prod").with_fence(&fence(&service, "prod", 1, 1)).view(&service);
    view.fence = FoundFence::Unreadable { found: "2 TXT records".to_owned() };
    let all: Vec<Rule> = Rule::ALL.to_vec();
    let refused = plan(&order("dr", &all), &[at(&service, &view)]);
    assert_eq!(rules(&refused), [Rule::Unfenced], "what cannot be required exactly is not replaced");

    let mut view = Zone::serving(&service, "prod").with_fence(&fence(&service, "prod", 1, 1)).view(&service);
    view.asked.retain(|key| key.rtype() != GuardedType::Aaaa);
    let refused = plan(&order("dr", &all), &[at(&service, &view)]);
    assert_eq!(rules(&refused), [Rule::Unfenced], "what was not read is not touched");

    let zone = Zone::serving(&service, "prod").with_fence(&fence(&service, "prod", 1, 1));
    let refused = plan(&order("mars", &all), &[at(&service, &zone.view(&service))]);
    assert_eq!(rules(&refused), [Rule::EmptyAnswer], "a region that renders nothing is no target");
}

#[test]
fn knows_when_there_is_nothing_to_do() {
    let service = service();
    let zone = Zone::serving(&service, "dr").with_fence(&fence(&service, "dr", 1, 1));
    let view = zone.view(&service);
    let there = plan(&order("dr", &[]), &[at(&service, &view)]);
    assert!(there.is_pointless(&region("dr")) && !there.is_pointless(&region("prod")));
    let half = [at(&service, &view), Look { service: &service, view: Err("timed out") }];
    assert!(!plan(&order("dr", &[]), &half).is_pointless(&region("dr")), "the other place may be elsewhere");
}
