//! Adoption and release: the only writes to a zone that no fence of ours guards.

use super::world::*;
use crate::fence::{Epoch, Rev};
use crate::fixture::{Seen, Zone, region, rrset};
use crate::history::HistoryKind;
use crate::kernel::Rule;
use crate::machine::State;
use crate::machine::command::Command;
use crate::machine::effect::{PermitAnswer, Refusal};
use crate::rrset::GuardedType;
use crate::standing::Standing;

#[test]
fn adopts_what_is_served_under_a_first_fence() {
    let mut world = World::new();
    world.look_around();
    let decision = world.must_order(Command::Adopt).expect("a decision");
    assert_eq!(world.pending().id, decision);
    world.run();
    let fence = world.fence();
    assert_eq!((fence.epoch, fence.rev, fence.active), (Epoch::new(1), Rev::new(1), Some(region("prod"))));
    assert!(world.serves("prod"), "an adoption touches no record");
    assert_eq!(world.memory().standing(), &Standing::Held);
    assert_eq!(world.machine.state(), State::SteadyPreferred {});
}

#[test]
fn adopts_a_service_that_is_served_elsewhere() {
    let mut world = World::new();
    world.zone = crate::fixture::Zone::serving(&world.service, "dr");
    world.look_around();
    world.must_order(Command::Adopt);
    world.run();
    assert_eq!(world.fence().active, Some(region("dr")));
}

#[test]
fn writes_nothing_before_it_is_adopted() {
    let mut world = World::new();
    world.look_around();
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert_eq!(world.enqueued, []);
    assert_eq!(world.pages(), ["failover to `dr` held: adopted: the service has not been adopted; adopt it"]);
    let step = world.order(failover("dr"));
    assert_eq!(refused_by(&step), [Rule::Adopted]);
}

#[test]
fn refuses_to_adopt_before_the_zone_was_read() {
    let mut world = World::new();
    world.tick();
    assert_eq!(refused_by(&world.order(Command::Adopt)), [Rule::ZoneKnown]);
}

#[test]
fn refuses_to_adopt_while_observing() {
    let mut world = World::observing();
    assert_eq!(refused_by(&world.order(Command::Adopt)), [Rule::Observing]);
}

#[test]
fn refuses_to_adopt_records_of_no_region_and_shows_the_difference() {
    let mut world = World::new();
    world.zone.put(rrset("api.example.com", GuardedType::A, 60, &["203.0.113.1"]));
    world.look_around();
    let step = world.order(Command::Adopt);
    let text = refusal_text(&step);
    assert!(text.contains("for region `prod`: the zone has `api.example.com. 60 A 203.0.113.1`"), "{text}");
    assert!(text.contains("for region `dr`: "), "{text}");
}

#[test]
fn refuses_to_adopt_what_is_adopted() {
    let mut world = World::adopted();
    let step = world.order(Command::Adopt);
    assert!(matches!(step.refusal, Some(Refusal::Pointless(_))));
}

#[test]
fn refuses_to_adopt_what_belongs_to_others_or_cannot_be_read() {
    let mut world = World::new();
    world.other_writes("prod", |fence| fence.install = "evil".parse().expect("a name"));
    world.look_around();
    let step = world.order(Command::Adopt);
    assert!(refusal_text(&step).contains("belongs to `checkout` of installation `evil`"));
    world.zone.fence = Some(crate::fence::text::FenceText::from_strings(vec!["v=spf1 -all".to_owned()]));
    world.look_around();
    let step = world.order(Command::Adopt);
    assert!(refusal_text(&step).contains("delete it by hand first"));
    assert_eq!(world.enqueued, []);
}

#[test]
fn an_adoption_loses_against_a_faster_one() {
    let mut world = World::new();
    world.look_around();
    world.must_order(Command::Adopt);
    let theirs = world.other_writes("prod", |_| {});
    assert_eq!(world.ask_permit(), Some(PermitAnswer::Granted));
    world.send();
    world.run();
    assert_eq!(world.count(HistoryKind::Conflicted), 1);
    assert_eq!(world.fence(), theirs);
    assert_eq!(world.memory().held(), Some(&theirs), "it follows");
}

#[test]
fn a_release_leaves_the_records_and_a_tombstone() {
    let mut world = World::in_dr();
    world.must_order(Command::Pause { until: None });
    world.run();
    let before = world.fence();
    world.must_order(Command::Release);
    world.run();
    let fence = world.fence();
    assert!(fence.is_tombstone() && world.serves("dr"));
    assert_eq!((fence.epoch, fence.rev), (before.epoch, before.rev.next()));
    assert_eq!((fence.pause, fence.pin), (None, None), "a tombstone carries no orders");
    assert_eq!((world.memory().pause(), world.memory().pin()), (None, None));
    assert!(matches!(world.memory().standing(), Standing::Released { .. }));
}

#[test]
fn a_released_service_is_written_again_only_by_adoption() {
    let mut world = World::adopted();
    world.must_order(Command::Release);
    world.run();
    let tombstone = world.fence();
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    for command in [failover("dr"), Command::Release] {
        assert_eq!(refused_by(&world.order(command)), [Rule::Adopted]);
    }
    world.must_order(Command::Pause { until: None });
    world.must_order(Command::Resume);
    world.run();
    assert_eq!(world.fence(), tombstone);
    world.see(Seen::Proven, Seen::Proven);
    world.must_order(Command::Adopt);
    world.run();
    let fence = world.fence();
    assert_eq!((fence.epoch, fence.rev), (tombstone.epoch.next(), tombstone.rev.next()), "it counts on");
    assert_eq!(fence.active, Some(region("prod")));
}

#[test]
fn a_released_service_whose_records_were_moved_by_hand_is_adopted_where_it_is() {
    let mut world = World::adopted();
    world.must_order(Command::Release);
    world.run();
    world.zone.rrsets = world.service.render(&region("dr")).expect("renders");
    world.look_around();
    assert_eq!(world.active(), "dr");
    world.must_order(Command::Adopt);
    world.run();
    assert_eq!(world.fence().active, Some(region("dr")));
}

#[test]
fn a_removed_tombstone_makes_a_service_as_new_but_counts_on() {
    let mut world = World::adopted();
    world.must_order(Command::Release);
    world.run();
    let tombstone = world.fence();
    world.zone.fence = None;
    world.look_around();
    assert_eq!(world.memory().standing(), &Standing::Unadopted { serving: Some(region("prod")) });
    world.must_order(Command::Adopt);
    world.run();
    assert!(world.fence().order() > tombstone.order());
}

#[test]
fn a_zone_that_is_set_back_to_before_the_release_stays_as_it_is_until_somebody_adopts() {
    let mut world = World::adopted();
    let before = world.fence();
    world.must_order(Command::Release);
    world.run();
    let tombstone = world.fence();
    world.zone = Zone::serving(&world.service, "prod").with_fence(&before);
    world.history.clear();
    world.look_around();
    assert_eq!(world.fence(), before);
    assert_eq!(world.kinds(), [HistoryKind::FenceLost, HistoryKind::Held]);
    world.must_order(Command::Adopt);
    world.run();
    assert!(world.fence().order() > tombstone.order());
}

#[test]
fn a_pause_that_was_ordered_after_a_release_holds_after_the_adoption() {
    let mut world = World::adopted();
    world.must_order(Command::Release);
    world.run();
    world.must_order(Command::Pause { until: None });
    world.read();
    world.read();
    assert!(world.memory().pause().is_some(), "a tombstone that is known ends no pause");
    world.must_order(Command::Adopt);
    world.run();
    assert!(world.fence().pause.is_some());
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert!(world.serves("prod"));
}

#[test]
fn history_tells_of_a_pause_that_ends_with_a_release() {
    let mut world = World::adopted();
    world.must_order(Command::Pause { until: None });
    world.run();
    world.must_order(Command::Release);
    world.run();
    assert_eq!(world.last(HistoryKind::Resumed).summary, "resumed: the service was released");
    assert_eq!(world.count(HistoryKind::Resumed), 1);
}
