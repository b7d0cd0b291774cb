//! The controller dies at every step of a write: the next process finishes or ends it, once, and settles by itself.

use serde_json::Value;
use tests::{Kind, PATIENCE, Plan, Region, World, until};

use crate::every_server::on_every_server;

/// The kinds of rows that end a decision.
const ENDS: [&str; 6] = ["applied", "expired", "burned", "conflicted", "denied", "unreachable"];

/// How each failover that history knows ended, oldest first.
///
/// # Panics
///
/// When one has not ended exactly once, or was sent without a permit.
fn ends_of_failovers(world: &World) -> Vec<String> {
    let rows = world.history();
    let positions: Vec<u64> = rows.iter().filter_map(|row| row["position"].as_u64()).collect();
    assert!(positions.is_sorted_by(|earlier, later| earlier < later), "{rows:#?}");
    let is_failover = |row: &&Value| row["kind"] == "decided" && row["details"]["kind"] == "failover";
    let decisions = rows.iter().filter(is_failover).map(|row| row["decision"].clone());
    let kinds_of = |decision: &Value| -> Vec<String> {
        let own = rows.iter().filter(|row| row["decision"] == *decision);
        own.map(|row| row["kind"].as_str().unwrap_or_default().to_owned()).collect()
    };
    decisions
        .map(|decision| {
            let kinds = kinds_of(&decision);
            let ends: Vec<&String> = kinds.iter().filter(|kind| ENDS.contains(&kind.as_str())).collect();
            let [end] = ends.as_slice() else { panic!("{decision} ended {} times: {rows:#?}", ends.len()) };
            let sent = kinds.iter().any(|kind| kind == "permitted");
            assert_eq!(sent, *end != "expired", "{decision}: {kinds:?}");
            (*end).clone()
        })
        .collect()
}

/// Prod dies, and the controller dies at each of these points in turn; then it runs on without any. Returns how each
/// failover that was decided ended.
fn flip_through(failpoints: &[&str]) -> Vec<String> {
    flip_on(Kind::Knot, failpoints)
}

fn flip_on(kind: Kind, failpoints: &[&str]) -> Vec<String> {
    let mut world = World::start(&Plan::on(kind));
    let epoch = world.fence_number("epoch");
    let [first, then @ ..] = failpoints else { panic!("no failpoint") };
    world.controller.restart_with_failpoints(Some(first));
    world.until_proven(Region::Dr);
    world.until_state("steady on the preferred region");
    world.prod.process().kill9();
    world.controller.process().wait(PATIENCE);
    for failpoint in then {
        world.served_whole();
        world.controller.restart_to_its_end(failpoint);
    }
    world.served_whole();
    world.controller.restart_with_failpoints(None);

    world.until_moved_whole(Region::Dr);
    world.until_served(Region::Dr);
    world.until_state("cooling down");
    world.until_history("verified");
    assert_eq!(world.service()["open"], Value::Null);
    assert_eq!(world.fence_number("epoch"), epoch + 1, "one move: {}", world.fence());
    assert_eq!(world.fence_value("active"), "dr");
    let ends = ends_of_failovers(&world);
    assert_eq!(ends.iter().filter(|end| *end == "applied").count(), 1, "one failover arrived: {ends:?}");
    assert_eq!(ends.last().map(String::as_str), Some("applied"), "it is the last: {ends:?}");
    ends
}

/// Nothing was committed: the decision is made anew.
#[test]
fn killed_before_the_decision_is_committed() {
    assert_eq!(flip_through(&["before-commit=1*kill"]), ["applied"]);
}

/// A decision that waits for its permit: after the restart the evidence is unknown, so it expires and is made anew, or
/// the vantage points were faster and it goes on.
fn is_expired_or_goes_on(ends: &[String]) {
    assert!(ends == ["applied"] || ends == ["expired", "applied"], "{ends:?}");
}

#[test]
fn killed_after_the_decision_is_committed() {
    is_expired_or_goes_on(&flip_through(&["after-commit=1*kill"]));
}

#[test]
fn killed_before_the_permit() {
    is_expired_or_goes_on(&flip_through(&["before-permit=kill"]));
}

#[test]
fn killed_before_the_permit_is_committed() {
    is_expired_or_goes_on(&flip_through(&["before-commit=2*kill"]));
}

/// Permitted, and nobody knows whether it was sent: it is burned before anything else is decided.
#[test]
fn killed_after_the_permit_is_committed() {
    assert_eq!(flip_through(&["after-commit=2*kill"]), ["burned", "applied"]);
}

fn killed_after_the_permit(kind: Kind) {
    assert_eq!(flip_on(kind, &["after-permit=kill"]), ["burned", "applied"]);
}

#[test]
fn killed_again_before_the_burn() {
    assert_eq!(flip_through(&["after-permit=kill", "before-burn=kill"]), ["burned", "applied"]);
}

#[test]
fn killed_again_after_the_burn() {
    assert_eq!(flip_through(&["after-permit=kill", "after-burn=kill"]), ["burned", "applied"]);
}

/// In the zone, and the process did not live to know it: the next one reads its own id in the fence.
fn killed_after_the_answer(kind: Kind) {
    assert_eq!(flip_on(kind, &["after-answer=kill"]), ["applied"]);
}

on_every_server!(killed_after_the_permit, killed_after_the_answer);

#[test]
fn killed_before_the_settlement() {
    assert_eq!(flip_through(&["before-settle=kill"]), ["applied"]);
}

#[test]
fn killed_before_the_settlement_is_committed() {
    assert_eq!(flip_through(&["before-commit=3*kill"]), ["applied"]);
}

#[test]
fn killed_after_the_settlement_is_committed() {
    assert_eq!(flip_through(&["after-commit=3*kill"]), ["applied"]);
}

/// The verification of the move is begun anew and comes back.
#[test]
fn killed_during_the_verification() {
    assert_eq!(flip_through(&["during-verification=kill"]), ["applied"]);
}

/// A fault in one write's task ends neither the process nor the write.
#[test]
fn a_panic_while_writing_is_got_over_without_a_restart() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let epoch = world.fence_number("epoch");
    world.controller.restart_with_failpoints(Some("after-answer=1*panic"));
    world.until_proven(Region::Dr);
    world.until_state("steady on the preferred region");
    world.prod.process().kill9();
    world.until_moved_whole(Region::Dr);
    world.until_state("cooling down");
    assert_eq!(world.fence_number("epoch"), epoch + 1);
    assert_eq!(ends_of_failovers(&world), ["applied"]);
    assert!(world.controller.process().is_running());
}

/// An adoption requires the absence of a fence, so no burn can end it: it is waited out, and then it can be repeated.
#[test]
fn an_adoption_that_was_cut_off_is_waited_out_and_can_be_repeated() {
    let provider = "timeout: 2s, readInterval: 500ms, permit: 1s".to_owned();
    let mut world = World::start(&Plan { provider, armed: false, ..Plan::on(Kind::Knot) });
    world.until_proven(Region::Prod);
    world.controller.restart_with_failpoints(Some("after-permit=kill"));
    until("the zone is read", PATIENCE, || {
        let standing = world.service()["standing"].clone();
        if standing == "unadopted" { Ok(()) } else { Err(standing) }
    });
    // Its answer may be cut off with the process, so only what follows counts.
    world.admin(&["adopt", "checkout", "--reason", "test", "--timeout", "2s"]);
    world.controller.process().wait(PATIENCE);
    world.controller.restart_with_failpoints(None);
    let (code, out, err) = world.admin(&["adopt", "checkout", "--reason", "too early"]);
    assert_eq!(code, 3, "the first may still arrive: {out}{err}");
    let burned = world.until_history("burned");
    assert!(burned["summary"].as_str().unwrap_or_default().contains("too old"), "{burned}");
    assert_eq!(world.fence(), "");
    world.arm();
    assert_eq!(world.fence_number("epoch"), 1);
}

/// What an operator ordered and nobody sees wanted any more is not done behind the operator's back.
#[test]
fn an_order_that_was_cut_off_after_its_permit_is_burned_and_not_repeated() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (epoch, rev) = (world.fence_number("epoch"), world.fence_number("rev"));
    world.controller.restart_with_failpoints(Some("after-permit=kill"));
    world.until_proven(Region::Dr);
    world.until_state("steady on the preferred region");
    world.admin(&["failover", "checkout", "--to", "dr", "--reason", "an exercise", "--timeout", "2s"]);
    world.controller.process().wait(PATIENCE);
    world.controller.restart_with_failpoints(None);
    world.until_history("burned");
    world.until_state("steady on the preferred region");
    assert_eq!(world.served_whole(), Region::Prod);
    assert_eq!((world.fence_number("epoch"), world.fence_number("rev")), (epoch, rev + 1), "only the burn was written");
    assert_eq!(ends_of_failovers(&world), ["burned"]);
}
