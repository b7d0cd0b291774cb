//! A group leaves a region: by one decision, to where all can go, in its order, on the word of those that fail.

use super::super::Call;
use super::group;
use super::troop::Troop;
use crate::fence::DrillId;
use crate::fixture::{START, Seen, judgement};
use crate::group::MoveWhen;
use crate::history::HistoryKind::{Applied, Decided, Held, Verified, WouldMove};
use crate::judgement::Judgement;
use crate::kernel::Rule;
use crate::machine::command::Command;
use crate::machine::event::Event;
use crate::service::Mode;

const SHOP: [&str; 3] = ["shop-db", "shop-api", "shop-web"];

fn troop(move_when: MoveWhen) -> Troop {
    Troop::of(&group(&SHOP, move_when), &[], |_| {})
}

#[test]
fn all_leave_by_one_decision_in_order_when_one_fails() {
    let mut troop = troop(MoveWhen::Any);
    troop.see("shop-api", Seen::Failing, Seen::Proven);
    troop.run();
    assert_eq!(troop.all_active(), ["dr", "dr", "dr"]);
    let deeds = SHOP.iter().flat_map(|name| [(*name, Applied), (*name, Verified)]).collect::<Vec<_>>();
    assert_eq!(troop.deeds(), deeds, "each when the one before is served");
    let decided: Vec<_> = troop.rows(Decided).collect();
    assert_eq!(decided.len(), 3);
    for row in &decided {
        assert_eq!(row.details["group"]["name"], "shop");
        assert_eq!(row.details["group"]["decision"], decided[0].decision.as_ref().expect("its id").as_str());
        assert!(row.summary.contains("group `shop` leaves `prod`, `shop-api` fails there: "), "{}", row.summary);
    }
    assert_eq!(troop.pages().len(), 1, "one decision wakes once: {:?}", troop.pages());
}

#[test]
fn what_the_group_wants_of_one_is_known_before_its_machine_was_stepped() {
    let mut troop = troop(MoveWhen::Any);
    let call = |troop: &Troop| {
        let db = &troop.soldiers["shop-db"];
        let companions = troop.companions_of("shop-db").expect("it is in a group");
        let seen = judgement(db.seen.0, db.seen.1);
        db.saga.group_call(&companions, &db.service, &seen, troop.now)
    };
    assert_eq!(call(&troop), None);
    troop.see("shop-api", Seen::Failing, Seen::Proven);
    let Some(Call::Leave { with, to, .. }) = call(&troop) else { panic!("the group leaves") };
    assert_eq!((with.members.len(), to), (3, Some(crate::fixture::region("dr"))));
}

#[test]
fn members_that_are_well_stay_as_long_as_too_few_fail() {
    for (move_when, words) in [(MoveWhen::All, "3 must"), (MoveWhen::Failing(2), "2 must")] {
        let mut troop = troop(move_when);
        troop.see("shop-web", Seen::Failing, Seen::Proven);
        troop.run();
        assert_eq!(troop.all_active(), ["prod", "prod", "prod"], "{move_when}");
        let held: Vec<_> = troop.rows(Held).collect();
        assert_eq!((held.len(), troop.pages().len()), (1, 1), "somebody has to know");
        assert!(held[0].summary.contains("1 of 3 services of group `shop` fail in `prod`"), "{}", held[0].summary);
        assert!(held[0].summary.contains(words), "{}", held[0].summary);
        troop.see("shop-api", Seen::Failing, Seen::Proven);
        troop.see("shop-db", Seen::Failing, Seen::Proven);
        troop.run();
        assert_eq!(troop.all_active(), ["dr", "dr", "dr"], "{move_when}");
    }
}

#[test]
fn nobody_leaves_for_where_one_of_them_cannot_go_and_one_is_told_who() {
    let mut troop = troop(MoveWhen::Any);
    troop.see("shop-db", Seen::Failing, Seen::Proven);
    troop.see("shop-web", Seen::Proven, Seen::Healthy);
    troop.run();
    assert_eq!(troop.all_active(), ["prod", "prod", "prod"]);
    assert_eq!(troop.held_by("shop-db"), [Rule::GroupReady]);
    assert_eq!(troop.told(Held), ["shop-db"]);
    let pages = troop.pages();
    assert_eq!(pages.len(), 1, "{pages:?}");
    assert!(pages[0].contains("`shop-web` (`dr` is not proven for it, but healthy)"), "{pages:?}");
    troop.see("shop-web", Seen::Proven, Seen::Proven);
    troop.run();
    assert_eq!(troop.all_active(), ["dr", "dr", "dr"]);
}

#[test]
fn a_paused_member_holds_all_of_them_before_anybody_has_moved() {
    let mut troop = troop(MoveWhen::Any);
    troop.order_of("shop-web", Command::Pause { until: None }, &[]);
    troop.see("shop-db", Seen::Failing, Seen::Proven);
    troop.run();
    assert_eq!(troop.all_active(), ["prod", "prod", "prod"]);
    assert_eq!(troop.held_by("shop-db"), [Rule::GroupReady]);
    assert!(troop.pages()[0].contains("it is paused by `oncall`"), "{:?}", troop.pages());
    troop.order_of("shop-web", Command::Resume, &[]);
    troop.run();
    assert_eq!(troop.all_active(), ["dr", "dr", "dr"]);
}

#[test]
fn the_first_does_not_go_when_the_failing_one_has_recovered_before_the_permit() {
    let mut troop = troop(MoveWhen::Any);
    troop.see("shop-web", Seen::Failing, Seen::Proven);
    // Decided, and nobody has asked for the permit.
    let seen = troop.soldiers["shop-db"].seen;
    let judged = crate::machine::event::Event::Judged(crate::fixture::judgement(seen.0, seen.1));
    troop.step("shop-db", &judged);
    assert_eq!(troop.told(Decided), ["shop-db"]);
    troop.see("shop-web", Seen::Proven, Seen::Proven);
    troop.run();
    assert_eq!(troop.all_active(), ["prod", "prod", "prod"]);
    let expired = troop.rows(crate::history::HistoryKind::Expired).next().expect("it expired");
    assert!(expired.summary.contains("quorumJudged: 0 of 3 services of group `shop` fail"), "{}", expired.summary);
}

#[test]
fn a_group_that_observes_says_once_what_it_would_do() {
    let mut troop = Troop::of(&group(&SHOP, MoveWhen::Any), &[], |_| {});
    for soldier in troop.soldiers.values_mut() {
        soldier.service = soldier.service.in_mode(Mode::Observe);
    }
    troop.see("shop-api", Seen::Failing, Seen::Proven);
    troop.run();
    assert_eq!(troop.told(WouldMove), ["shop-db"]);
    assert_eq!(troop.pages(), Vec::<&str>::new());
}

#[test]
fn what_is_injected_for_a_drill_of_one_moves_nobody() {
    let mut troop = troop(MoveWhen::Any);
    let injected = Judgement { drill: Some(DrillId::at(START, 1)), ..judgement(Seen::Failing, Seen::Proven) };
    troop.step("shop-db", &Event::Judged(injected));
    assert_eq!(troop.rows(Decided).count(), 0);
}
