//! The second person: what waits, who may agree, what becomes of it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::world::*;
use crate::approval::{ApprovalId, WAITING_MAX};
use crate::evacuation::Errand;
use crate::fence::{DecisionId, EvacuationId};
use crate::fixture::{START, Seen, region, service};
use crate::history::HistoryKind;
use crate::kernel::Rule;
use crate::machine::command::{Command, Order};
use crate::machine::effect::{PermitAnswer, Refusal};
use crate::machine::event::Event;
use crate::saga::{Saga, SagaStep};
use crate::service::{Everywhere, Service};
use crate::write::{Initiative, WriteKind};

const STATE: &str = include_str!("envelope.v2.approvals.golden.json");

fn order(by: &str, command: Command, overrides: &[Rule]) -> Event {
    let order = Order::new(command, by.parse().expect("a name"), "as agreed");
    Event::Commanded(Order { overrides: overrides.to_vec(), ..order })
}

fn over_the_rule() -> Event {
    order("anna", failover("dr"), &[Rule::TargetProven])
}

fn approve(by: &str, approval: &ApprovalId) -> Event {
    order(by, Command::Approve { approval: approval.clone() }, &[])
}

fn words(step: &SagaStep) -> &str {
    match &step.refusal {
        Some(Refusal::Invalid(words) | Refusal::Pointless(words)) => words,
        other => panic!("expected words, found {other:?}"),
    }
}

/// Adopted at one place or more, by a policy that wants a second person for these.
fn demanding(places: usize, overrides: &[Rule], orders: &[WriteKind]) -> World {
    let mut world = World::adopted(places, 1);
    let projections = world.service.projections().iter().map(|here| {
        let mut here: Service = (**here).clone();
        here.policy.approval.overrides = overrides.iter().copied().collect();
        here.policy.approval.orders = orders.iter().copied().collect();
        here
    });
    world.service = Everywhere::new(projections.collect::<Vec<_>>()).expect("at least one");
    world
}

/// `dr` is not proven, and anna wants to go there.
fn asked() -> (World, ApprovalId) {
    let mut world = demanding(1, &[Rule::TargetProven], &[]);
    world.see(Seen::Proven, Seen::Healthy);
    let step = world.step(0, &over_the_rule());
    assert_eq!((&step.refusal, &step.decision), (&None, &None));
    let id = step.awaiting.expect("it waits").id;
    (world, id)
}

#[test]
fn an_order_that_needs_a_second_person_waits_and_wakes_someone() {
    let (world, id) = asked();
    assert!(world.controllers[0].outbox.is_empty(), "nothing is decided yet");
    assert_eq!(world.count(0, HistoryKind::Decided), 0);
    let row = world.controllers[0].history.last().expect("a row");
    assert_eq!((row.kind, row.page, row.decision.as_ref()), (HistoryKind::ApprovalAsked, true, Some(id.in_history())));
    assert!(row.summary.contains("anna") && row.summary.contains("overriding targetProven"), "{}", row.summary);
}

#[test]
fn what_the_policy_does_not_name_waits_for_nobody() {
    let mut world = demanding(1, &[Rule::CooledDown], &[WriteKind::Release]);
    world.see(Seen::Proven, Seen::Healthy);
    let step = world.step(0, &over_the_rule());
    assert!(step.awaiting.is_none() && step.decision.is_some(), "{step:?}");
}

#[test]
fn what_the_kernel_refuses_is_refused_at_once_and_asks_nobody() {
    let mut world = demanding(1, &[Rule::TargetProven], &[WriteKind::Failover]);
    world.see(Seen::Proven, Seen::Healthy);
    let step = world.step(0, &order("anna", failover("dr"), &[]));
    assert!(matches!(step.refusal, Some(Refusal::Kernel(_))), "{step:?}");
    assert_eq!(world.controllers[0].saga.approvals(), []);
}

#[test]
fn an_order_is_known_by_what_it_would_write_and_not_by_its_verb() {
    let mut world = demanding(1, &[], &[WriteKind::Failback]);
    world.see(Seen::Failing, Seen::Proven);
    world.run();
    world.see(Seen::Proven, Seen::Proven);
    world.run();
    let step = world.step(0, &order("anna", failover("prod"), &[Rule::CooledDown]));
    assert!(step.awaiting.is_some_and(|awaiting| awaiting.why.contains("a failback")));
}

#[test]
fn an_evacuation_leaves_out_whom_two_people_have_to_move() {
    let mut world = demanding(1, &[], &[WriteKind::Failover, WriteKind::Failback]);
    let errand = Errand { evacuation: EvacuationId::at(world.now, 1), run: 0 };
    let step = world.step(0, &order("anna", Command::Evacuate { to: Some(region("dr")), errand }, &[]));
    let Some(Refusal::SecondPerson(why)) = &step.refusal else { panic!("it is refused: {step:?}") };
    assert!(why.contains("second person") && why.contains("dns-admin failover checkout"), "{why}");
    assert!(why.contains("dns-admin approve ID"), "{why}");
    assert_eq!((world.controllers[0].saga.approvals(), step.awaiting, step.decision), (&[][..], None, None));
    assert!(world.controllers[0].outbox.is_empty());
}

#[test]
fn neither_the_controllers_own_failover_nor_a_resume_that_lets_it_go_needs_a_second_person() {
    let mut world = demanding(1, Rule::ALL, &[WriteKind::Failover]);
    world.must_order(0, Command::Pause { until: None });
    world.see(Seen::Failing, Seen::Proven);
    let step = world.order(0, Command::Resume);
    assert_eq!((step.refusal, step.awaiting), (None, None));
    world.run();
    assert!(world.serves(0, "dr"));
}

#[test]
fn another_person_approves_and_both_names_stand_in_decision_history_and_fence() {
    let (mut world, id) = asked();
    let step = world.step(0, &approve("ben", &id));
    assert!(step.refusal.is_none() && step.decision.is_some(), "{step:?}");
    let (_, write, _) = world.open(0, 0).expect("decided");
    let by = |name: &str| name.parse().expect("a name");
    assert_eq!(write.initiative, Initiative::Manual { by: by("anna"), approved_by: Some(by("ben")) });
    let decided = world.controllers[0].history.iter().find(|row| row.kind == HistoryKind::Decided).expect("a row");
    assert!(decided.summary.contains("ordered by `anna`, approved by `ben`"), "{}", decided.summary);
    assert_eq!(decided.details["initiative"]["approvedBy"], "ben");
    let told = crate::explain::story(std::slice::from_ref(decided));
    assert!(told.iter().any(|sentence| sentence.text.contains("approved by `ben`")), "{told:?}");
    let approved = world.controllers[0].history.iter().find(|row| row.kind == HistoryKind::Approved).expect("a row");
    assert_eq!(approved.details["decision"], serde_json::json!(step.decision));
    world.run();
    let pin = world.fence(0).pin.expect("a manual move pins");
    assert_eq!((pin.by.as_str(), pin.reason.as_str()), ("anna", "approved by ben: as agreed"));
}

#[test]
fn nobody_approves_their_own_order() {
    let (mut world, id) = asked();
    let step = world.step(0, &approve("anna", &id));
    assert!(words(&step).contains("somebody else must agree"), "{step:?}");
    assert!(world.controllers[0].outbox.is_empty());
    assert_eq!(world.controllers[0].saga.approvals().len(), 1, "it waits on");
}

#[test]
fn what_was_approved_is_not_approved_again() {
    let (mut world, id) = asked();
    assert!(world.step(0, &approve("ben", &id)).decision.is_some());
    let again = world.step(0, &approve("cleo", &id));
    assert!(words(&again).contains("nothing waits"), "{again:?}");
    assert_eq!(world.count(0, HistoryKind::Decided), 1);
}

#[test]
fn the_kernel_is_asked_with_what_is_so_when_it_is_approved() {
    let (mut world, id) = asked();
    world.see(Seen::Failing, Seen::Failing);
    let step = world.step(0, &approve("ben", &id));
    let Some(Refusal::Kernel(rejections)) = &step.refusal else { panic!("{step:?}") };
    assert_eq!(rejections[0].rule, Rule::AllRegionsFailing);
    assert_eq!(world.controllers[0].saga.approvals().len(), 1, "it waits on");
    world.see(Seen::Proven, Seen::Healthy);
    assert!(world.step(0, &approve("ben", &id)).decision.is_some(), "and can be approved when the rule agrees");
}

#[test]
fn overrides_count_from_when_it_was_approved() {
    let (mut world, id) = asked();
    world.pass(Duration::from_mins(14));
    world.step(0, &approve("ben", &id));
    let usual = world.service.lead().policy.overrides.usual;
    let (_, write, _) = world.open(0, 0).expect("decided");
    assert_eq!(write.overrides_expire, Some(world.now + usual));
    assert_eq!(world.ask_permit(0, 0), Some(PermitAnswer::Granted));
}

#[test]
fn what_nobody_approves_in_time_lapses_and_is_told_once() {
    let (mut world, id) = asked();
    world.now = START + (world.now.since(START) + Duration::from_mins(15));
    let late = world.step(0, &approve("ben", &id));
    assert!(words(&late).contains("nothing waits"), "not even before the next look: {late:?}");
    world.pass(Duration::from_secs(1));
    assert_eq!(world.count(0, HistoryKind::ApprovalLapsed), 1);
    assert_eq!(world.controllers[0].saga.approvals(), []);
    assert!(world.controllers[0].outbox.is_empty());
}

#[test]
fn it_can_be_declined_even_by_the_one_who_ordered_it() {
    for by in ["anna", "ben"] {
        let (mut world, id) = asked();
        let step = world.step(0, &order(by, Command::Decline { approval: id.clone() }, &[]));
        assert_eq!(step.refusal, None);
        assert_eq!(world.count(0, HistoryKind::Declined), 1);
        assert!(words(&world.step(0, &approve("cleo", &id))).contains("nothing waits"));
    }
}

#[test]
fn a_restart_in_between_loses_nothing() {
    let (mut world, id) = asked();
    world.crash(0);
    world.read(0, 0);
    world.see(Seen::Proven, Seen::Healthy);
    assert!(world.step(0, &approve("ben", &id)).decision.is_some());
}

#[test]
fn the_same_order_waits_once_and_only_so_many_wait() {
    let (mut world, _) = asked();
    assert!(words(&world.step(0, &over_the_rule())).contains("waits for a second person already"));
    for number in 1..WAITING_MAX {
        let step = world.step(0, &order(&format!("anna-{number}"), failover("dr"), &[Rule::TargetProven]));
        assert!(step.awaiting.is_some(), "{step:?}");
    }
    let one_more = world.step(0, &order("zoe", failover("dr"), &[Rule::TargetProven]));
    assert!(words(&one_more).contains("8 orders wait"), "{one_more:?}");
    assert!(one_more.awaiting.is_none());
    let ids: BTreeSet<_> = world.controllers[0].saga.approvals().iter().map(|one| one.id.clone()).collect();
    assert_eq!(ids.len(), WAITING_MAX, "no two have one id");
}

#[test]
fn an_order_to_every_place_waits_as_one() {
    let mut world = demanding(2, &[], &[WriteKind::Release]);
    let id = world.step(0, &order("anna", Command::Release, &[])).awaiting.expect("it waits").id;
    assert!(world.step(0, &approve("ben", &id)).decision.is_some());
    assert_eq!(world.controllers[0].outbox.len(), 2);
}

fn told_of(by: &str) -> Event {
    let plan = DecisionId::at(START, 7);
    order(by, Command::TellOfMove { plan, to: region("dr"), by: "carl".parse().expect("a name") }, &[])
}

#[test]
fn a_move_by_hand_waits_for_an_acknowledgement_that_never_lapses() {
    let mut world = demanding(1, &[Rule::TargetProven], &[]);
    world.step(0, &told_of("anna"));
    world.step(0, &told_of("anna"));
    assert_eq!(world.controllers[0].saga.approvals().len(), 1, "it is asked for once");
    world.pass(Duration::from_hours(48));
    let id = world.controllers[0].saga.approvals()[0].id.clone();
    let declined = world.step(0, &order("ben", Command::Decline { approval: id.clone() }, &[]));
    assert!(words(&declined).contains("can only be approved"));
    assert!(
        words(&world.step(0, &approve("anna", &id))).contains("somebody else"),
        "who told of it has no second voice"
    );
    let step = world.step(0, &approve("ben", &id));
    assert_eq!((step.refusal, step.decision), (None, None), "nothing is written for it");
    assert_eq!(world.count(0, HistoryKind::Approved), 1);
    assert_eq!(world.pages(0).len(), 1);
}

#[test]
fn a_move_by_hand_needs_none_where_nobody_asks_for_a_second_person() {
    let mut world = demanding(1, &[], &[]);
    world.step(0, &told_of("anna"));
    assert_eq!(world.controllers[0].saga.approvals(), []);
    assert_eq!(world.count(0, HistoryKind::ApprovalAsked), 0);
}

#[test]
fn what_waits_is_pinned_and_read() {
    let (mut world, _) = asked();
    world.step(0, &told_of("anna"));
    let text = world.controllers[0].saga.to_envelope();
    let value: serde_json::Value = serde_json::from_str(&text).expect("json");
    let written = serde_json::to_string_pretty(&value["approvals"]).expect("json") + "\n";
    assert!(written == STATE, "the persisted form changed:\n{written}");
    let empty = Saga::new(&Everywhere::only(service())).to_envelope();
    assert!(!empty.contains("approvals"), "a state without any is as it was");
    let with = empty.replacen("{\"version\":2", &format!("{{\"version\":2,\"approvals\":{STATE}"), 1);
    let read = Saga::from_envelope(&with, &Everywhere::only(service())).expect("reads");
    assert_eq!(read.approvals(), world.controllers[0].saga.approvals());
}
