//! Coming back in steps: each only while all is well, held on doubt, given up on bad news.

use std::sync::Arc;
use std::time::Duration;

use super::world::*;
use crate::fence::{Epoch, Fence};
use crate::fixture::{COOLDOWN, READY_FOR, Seen, judgement, region};
use crate::fleet::Fleet;
use crate::history::HistoryKind;
use crate::judgement::{Judgement, Vote};
use crate::kernel::Rule;
use crate::machine::Machine;
use crate::machine::command::Command;
use crate::machine::event::{DeliveryOutcome, Event};
use crate::policy::{Failback, Gradual};
use crate::rrset::Rrset;
use crate::write::WriteKind;

const SOAK: Duration = Duration::from_mins(30);
const STEP_EVERY: Duration = Duration::from_mins(5);

/// In `dr` by a failover, with a policy that comes back by 10 % and 50 %; `prod` is well again.
fn in_dr() -> World {
    let steps = ["10%", "50%"].map(|text| text.parse().expect("a share")).to_vec();
    World::in_dr_with(Failback::Gradual(Box::new(Gradual { soak: SOAK, steps, step_every: STEP_EVERY })))
}

/// After the first step.
fn at_ten() -> World {
    let mut world = in_dr();
    world.pass(SOAK);
    world.run();
    assert_eq!(shares(&world), Some(10));
    world.history.clear();
    world
}

/// The share of `prod` by the fence, once the records are as it says and so is the memory.
fn shares(world: &World) -> Option<u8> {
    let fence = world.fence();
    assert_eq!(world.zone.rrsets, world.service.render_under(&fence), "the records are what the fence says");
    assert_eq!(world.memory().held(), Some(&fence));
    fence.blend.as_ref().map(|blend| blend.share().into())
}

/// Which part of the answers each region gives to questions for a name's addresses.
fn answers(world: &World) -> Vec<(String, u8)> {
    let sets = world.zone.rrsets.values().find(|set| set.key().name().to_string() == "api.example.com.");
    let weighted = sets.map(Rrset::weighted).unwrap_or_default();
    weighted.iter().map(|one| (one.set.values()[0].to_string(), one.weight)).collect()
}

#[test]
fn comes_back_in_steps_of_one_decision() {
    let mut world = in_dr();
    let before = world.fence();
    world.pass(SOAK.checked_sub(Duration::from_millis(1)).expect("longer"));
    world.run();
    assert_eq!(world.fence(), before, "it waits for the soak");
    world.pass(Duration::from_millis(1));
    assert_eq!((world.pending().kind, world.pending().to.clone()), (WriteKind::Failback, Some(region("prod"))));
    world.run();
    let first = world.fence();
    assert_eq!(shares(&world), Some(10));
    assert_eq!(answers(&world), [("198.51.100.10".to_owned(), 90), ("192.0.2.10".to_owned(), 10)]);
    assert_eq!(first.epoch, before.epoch.next(), "a move has begun");
    assert_eq!((&first.active, first.moved), (&before.active, before.moved), "and is not made");
    world.pass(STEP_EVERY.checked_sub(Duration::from_millis(1)).expect("longer"));
    world.run();
    assert_eq!(shares(&world), Some(10), "each share has its time");
    world.pass(Duration::from_millis(1));
    world.run();
    let second = world.fence();
    assert_eq!(shares(&world), Some(50));
    assert_eq!((second.epoch, &second.plan, second.rev), (first.epoch, &first.plan, first.rev.next()));
    world.pass(STEP_EVERY);
    world.run();
    let last = world.fence();
    assert!(world.serves("prod"));
    assert_eq!((last.epoch, &last.plan, last.rev), (first.epoch, &first.plan, second.rev.next()));
    assert_eq!((last.active, shares(&world), last.moved), (Some(region("prod")), None, world.now));
    assert_eq!(world.count(HistoryKind::Verified), 3, "each step was verified");
    assert_eq!(world.pages().len(), 1, "only the first step wakes someone: {:?}", world.pages());
    world.pass(SOAK);
    world.run();
    assert_eq!(world.fence().rev, last.rev, "that is all");
}

#[test]
fn says_how_far_it_has_come() {
    let mut world = in_dr();
    world.pass(SOAK);
    world.run();
    let decided = &world.last(HistoryKind::Decided).summary;
    assert!(decided.contains("failback from `dr` to `prod`, 10 % of the answers from `prod`: region"), "{decided}");
    let applied = &world.last(HistoryKind::Applied).summary;
    assert!(applied.starts_with("failback is in the zone: 10 % of the answers from `prod`, epoch"), "{applied}");
    world.pass(STEP_EVERY);
    world.run();
    let decided = &world.last(HistoryKind::Decided).summary;
    assert!(decided.contains("has given 10 % of the answers for 300 s and is well"), "{decided}");
}

#[test]
fn the_next_step_waits_until_the_last_one_is_served_everywhere() {
    let mut world = in_dr();
    world.pass(SOAK);
    while world.to_verify.is_none() {
        world.tick();
        assert!(world.ask_permit().is_some());
        world.send();
    }
    world.pass(STEP_EVERY * 2);
    assert!(world.outbox.is_empty(), "nobody knows yet whether it has arrived");
    world.verify(DeliveryOutcome::Old);
    world.crash();
    world.look_around();
    world.pass(STEP_EVERY);
    world.run();
    assert_eq!(shares(&world), Some(10), "a server that has not followed holds it, also after a restart");
    world.must_order(Command::Pause { until: None });
    world.run();
    world.must_order(Command::Resume);
    world.run();
    assert_eq!(shares(&world), Some(50), "a newer write that is served everywhere has these records, too");
}

#[test]
fn holds_while_nobody_knows_and_goes_on_when_all_is_well() {
    use Seen::{Failing, Healthy, Proven, Suspected, Unknown};
    for (prod, dr) in [(Unknown, Proven), (Suspected, Proven), (Proven, Unknown), (Unknown, Unknown), (Healthy, Proven)]
    {
        let mut world = at_ten();
        world.see(prod, dr);
        world.pass(STEP_EVERY * 3);
        world.run();
        assert_eq!(shares(&world), Some(10), "{prod:?} and {dr:?} hold it where it is");
        assert!(world.pages().is_empty());
        world.see(Proven, Proven);
        world.run();
        assert_eq!(shares(&world), Some(50), "{prod:?}, {dr:?}");
    }
    let mut world = at_ten();
    world.see(Failing, Failing);
    world.pass(STEP_EVERY);
    world.run();
    assert_eq!(shares(&world), Some(10), "all regions failing means hold");
    assert!(world.memory().hold().is_some_and(|hold| hold.told.contains(&Rule::AllRegionsFailing)));
}

#[test]
fn gives_up_when_the_region_fails() {
    for dr in [Seen::Proven, Seen::Unknown, Seen::Suspected] {
        let mut world = at_ten();
        let before = world.fence();
        world.see(Seen::Failing, dr);
        assert_eq!((world.pending().kind, world.pending().from.clone()), (WriteKind::Abort, Some(region("prod"))));
        world.run();
        assert!(world.serves("dr"), "{dr:?}");
        let after = world.fence();
        assert_eq!((after.epoch, after.blend, after.pin), (before.epoch.next(), None, None), "a decision of its own");
        assert_eq!(world.pages().len(), 1);
        assert!(
            world.last(HistoryKind::Decided).summary.starts_with("abort from `prod` to `dr`: region `prod` is failing")
        );
        world.see(Seen::Proven, Seen::Proven);
        world.run();
        world.pass(COOLDOWN.checked_sub(Duration::from_secs(1)).expect("longer"));
        world.run();
        assert!(world.serves("dr"), "the cooldown has begun anew");
        world.pass(Duration::from_secs(1));
        world.run();
        assert_eq!(shares(&world), Some(10), "then it tries again");
    }
}

/// Votes for `prod` that are `age` old, with so many bad runs since.
fn seen_for(world: &World, age: Duration, bad_runs: u32) -> Judgement {
    let mut judged = judgement(Seen::Healthy, Seen::Proven);
    let prod = judged.regions.get_mut(&region("prod")).expect("judged");
    let since = world.now.before(age);
    for vote in prod.endpoints.iter_mut().flat_map(|endpoint| endpoint.votes.values_mut()) {
        *vote = Vote::Healthy { since, contradicting: bad_runs, error: None };
    }
    judged
}

#[test]
fn gives_up_when_the_proof_is_lost_and_not_for_a_doubt() {
    let mut world = at_ten();
    world.pass(STEP_EVERY.checked_sub(Duration::from_secs(1)).expect("longer"));
    let doubted = seen_for(&world, READY_FOR, 2);
    world.step(&Event::Judged(doubted));
    assert!(world.outbox.is_empty(), "bad runs that have turned no verdict");
    let anew = seen_for(&world, READY_FOR.checked_sub(Duration::from_secs(1)).expect("longer"), 0);
    world.step(&Event::Judged(anew));
    assert_eq!(world.pending().kind, WriteKind::Abort, "it was seen otherwise meanwhile");
    assert!(world.pending().reason.contains("no longer proven"));
}

#[test]
fn an_abort_that_is_no_longer_called_for_is_not_sent() {
    let mut world = at_ten();
    world.see(Seen::Failing, Seen::Proven);
    assert_eq!(world.pending().kind, WriteKind::Abort);
    world.see(Seen::Proven, Seen::Proven);
    world.run();
    assert_eq!((shares(&world), world.count(HistoryKind::Expired)), (Some(10), 1));
}

#[test]
fn a_step_is_not_sent_when_its_region_fails_before_the_permit() {
    let mut world = at_ten();
    world.pass(STEP_EVERY);
    assert!(world.pending().advances && !world.pending().aligns());
    world.see(Seen::Unknown, Seen::Proven);
    world.run();
    assert_eq!((shares(&world), world.count(HistoryKind::Expired)), (Some(10), 1));
}

#[test]
fn a_failover_while_sharing_leaves_the_failing_region_wholly() {
    let mut world = at_ten();
    let before = world.fence();
    world.see(Seen::Proven, Seen::Failing);
    assert_eq!((world.pending().kind, world.pending().from.clone()), (WriteKind::Failover, Some(region("dr"))));
    world.run();
    assert!(world.serves("prod"));
    let after = world.fence();
    assert_eq!((after.epoch, after.blend, after.active), (before.epoch.next(), None, Some(region("prod"))));
}

#[test]
fn gives_up_when_the_region_is_being_evacuated() {
    let mut world = at_ten();
    let mut fleet = Fleet::default();
    fleet.set_evacuated([(region("prod"), "`oncall` evacuates `prod`".to_owned())].into());
    world.fleet = Arc::new(fleet);
    world.tick();
    assert_eq!(
        (world.pending().kind, world.pending().reason.as_str()),
        (WriteKind::Abort, "`oncall` evacuates `prod`")
    );
    world.run();
    assert!(world.serves("dr"), "no share is left behind");
    world.pass(SOAK + COOLDOWN);
    world.run();
    assert!(world.serves("dr"), "and none is given while it lasts");
}

#[test]
fn a_pause_holds_steps_and_aborts() {
    let mut world = at_ten();
    world.must_order(Command::Pause { until: None });
    world.run();
    assert_eq!(shares(&world), Some(10), "the fence follows the pause and leaves the shares");
    world.pass(STEP_EVERY);
    world.run();
    assert_eq!(shares(&world), Some(10));
    assert_eq!(world.memory().hold(), None);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert_eq!(shares(&world), Some(10));
    assert!(world.last(HistoryKind::Held).page, "somebody has to know");
    assert!(world.last(HistoryKind::Held).summary.starts_with("abort to `dr` held: notPaused"));
    world.must_order(Command::Resume);
    world.run();
    assert!(world.serves("dr"));
}

#[test]
fn an_operator_gives_it_up_or_finishes_it() {
    let mut world = at_ten();
    world.must_order(failover("dr"));
    assert_eq!((world.pending().kind, world.pending().from.clone()), (WriteKind::Abort, Some(region("prod"))));
    world.run();
    assert!(world.serves("dr"));
    assert!(world.fence().pin.is_some(), "automation does not undo it");
    world.pass(SOAK * 4);
    world.run();
    assert!(world.serves("dr"));

    let mut world = at_ten();
    let before = world.fence();
    world.must_order(Command::Failback);
    world.run();
    assert!(world.serves("prod"));
    assert_eq!((world.fence().epoch, world.fence().blend), (before.epoch.next(), None));
}

#[test]
fn an_abort_by_hand_does_not_go_to_a_region_that_fails() {
    let mut world = at_ten();
    world.must_order(Command::Pause { until: None });
    world.run();
    world.see(Seen::Proven, Seen::Failing);
    assert_eq!(refused_by(&world.order(failover("dr"))), [Rule::TargetProven]);
}

#[test]
fn is_not_released_half_way() {
    let mut world = at_ten();
    assert!(refusal_text(&world.order(Command::Release)).contains("failover --to dr"));
    assert_eq!(shares(&world), Some(10));
}

#[test]
fn goes_on_after_a_restart_in_the_middle_of_a_step() {
    let mut world = at_ten();
    world.pass(STEP_EVERY);
    let crashed = |stage: u8| {
        let mut world = world.clone();
        if stage > 0 {
            assert!(world.ask_permit().is_some());
        }
        if stage > 1 {
            world.send();
        }
        world.crash();
        world.look_around();
        world.run();
        world
    };
    for stage in 0..3 {
        let mut world = crashed(stage);
        assert_eq!(shares(&world), Some(50), "stage {stage}");
        world.pass(STEP_EVERY);
        world.run();
        assert!(world.serves("prod"), "stage {stage}");
    }
}

#[test]
fn a_lost_store_knows_from_the_fence_how_far_it_has_come() {
    let mut world = at_ten();
    world.machine = Machine::new();
    world.look_around();
    assert_eq!(shares(&world), Some(10));
    world.pass(STEP_EVERY);
    world.run();
    assert_eq!(shares(&world), Some(10), "paused until a person has looked");
    world.must_order(Command::Resume);
    world.run();
    assert_eq!(shares(&world), Some(50));
}

#[test]
fn another_controller_is_followed_into_a_share() {
    let mut world = at_ten();
    let mut other = at_ten();
    other.pass(STEP_EVERY);
    other.run();
    world.now = other.now;
    world.zone = other.zone.clone();
    world.zone.fence = Some(
        Fence { by: "controller-2".parse().expect("a name"), ..other.fence() }
            .to_text(&crate::fixture::name("example.com"))
            .expect("fits"),
    );
    world.look_around();
    assert_eq!((shares(&world), world.memory().pause()), (Some(50), None));
    world.pass(STEP_EVERY);
    world.run();
    assert!(world.serves("prod"), "whoever follows goes on");
}

#[test]
fn a_lost_fence_is_repaired_with_its_shares() {
    let mut world = at_ten();
    let (before, records) = (world.fence(), world.zone.rrsets.clone());
    world.zone.fence = None;
    world.look_around();
    world.look_around();
    assert_eq!((shares(&world), &world.zone.rrsets), (Some(10), &records));
    assert_eq!((world.fence().epoch, world.fence().active), (before.epoch.next(), before.active));
    world.pass(STEP_EVERY);
    world.run();
    assert_eq!(shares(&world), Some(50));
}

#[test]
fn a_weight_that_someone_else_has_changed_is_foreign() {
    let mut world = at_ten();
    let records = world.zone.rrsets.clone();
    let set = records.values().find(|set| !set.weighted().is_empty()).expect("weighted").clone();
    let other = set.weighted().iter().cloned().map(|mut one| {
        one.weight = 100 - one.weight;
        one
    });
    world.zone.put(Rrset::weighted_of(set.key().clone(), other.collect::<Vec<_>>()).expect("a set"));
    world.look_around();
    assert!(world.last(HistoryKind::ForeignChange).summary.contains("90 × prod"), "{:?}", world.history);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert!(world.last(HistoryKind::Held).summary.contains("noForeignChange"));
    world.zone.rrsets = records;
    world.look_around();
    assert!(world.serves("dr"), "put back, the abort is made");
}

#[test]
fn a_policy_that_no_longer_has_steps_holds_and_still_gives_up() {
    let mut world = at_ten();
    let mut service = (*world.service).clone();
    service.policy.failback = Failback::Manual;
    world.service = service.into();
    world.pass(STEP_EVERY * 4);
    world.run();
    assert_eq!(shares(&world), Some(10));
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    assert!(world.serves("dr"));
}

#[test]
fn a_changed_configuration_waits_for_the_next_step() {
    let mut world = at_ten();
    let mut service = (*world.service).clone();
    service.regions[1].endpoints[0] = crate::fixture::address("198.51.100.77");
    world.service = service.into();
    let before = world.fence();
    world.look_around();
    assert_eq!(world.fence(), before, "nothing is rendered anew under shares");
    world.pass(STEP_EVERY);
    world.run();
    assert_eq!(shares(&world), Some(50), "the step renders what the configuration says");
}

#[test]
fn what_only_one_region_has_stays_until_the_last_step() {
    let mut world = in_dr();
    let mut service = (*world.service).clone();
    service.records[1].absent_in.insert(region("dr"));
    world.service = service.into();
    world.zone.rrsets = world.service.render(&region("dr")).expect("renders");
    let fence = Fence { epoch: Epoch::new(20), ..crate::fixture::fence(&world.service, "dr", 20, 20) };
    world.zone = world.zone.clone().with_fence(&fence);
    world.look_around();
    world.pass(SOAK);
    world.run();
    assert_eq!((shares(&world), world.zone.rrsets.len()), (Some(10), 2), "no AAAA: all its questions would go there");
    world.pass(STEP_EVERY);
    world.run();
    world.pass(STEP_EVERY);
    world.run();
    assert_eq!(world.zone.rrsets.len(), 3);
}
