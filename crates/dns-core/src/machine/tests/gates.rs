//! Gates: which region is chosen, what is asked at the decision and again at the permit, and what an operator may say.

use std::sync::Arc;
use std::time::Duration;

use super::world::*;
use crate::fixture::{START, Seen, explicit, judgement, place, region, service};
use crate::gate::{GateJudgement, GateSpec, GateState, HttpGate};
use crate::history::HistoryKind;
use crate::judgement::Judgement;
use crate::kernel::Rule;
use crate::machine::command::Command;
use crate::machine::effect::PermitAnswer;
use crate::machine::event::Event;
use crate::service::Service;

/// `checkout`, with the gate `replication` in every region but `prod`.
fn gated(mut service: Service) -> Service {
    let http = HttpGate {
        url: "http://127.0.0.1:1/lag".to_owned(),
        timeout: Duration::from_secs(2),
        token_file: None,
        max: [("lagSeconds".to_owned(), 30)].into(),
        min: std::collections::BTreeMap::new(),
    };
    let (every, within) = (Duration::from_secs(10), Duration::from_secs(30));
    let name: crate::identifier::GateName = "replication".parse().expect("a name");
    for region in service.regions.iter_mut().skip(1) {
        region.gates = vec![GateSpec { name: name.clone(), http: http.clone(), every, within }].into();
    }
    service
}

/// `prod` fails, and of each other region both is known: whether it is proven, and whether its gate is open.
fn seen(others: &[(&str, Seen, bool)]) -> Event {
    let mut all = Judgement { regions: std::collections::BTreeMap::new().into(), drill: None };
    for (name, probes, open) in others {
        let both = judgement(Seen::Failing, *probes);
        all.regions.insert(region("prod"), both.regions[&region("prod")].clone());
        let mut judged = both.regions[&region("dr")].clone();
        let state = if *open {
            GateState::Open { said: "lagSeconds 3".to_owned(), until: START + Duration::from_hours(1) }
        } else {
            GateState::Closed { why: "lagSeconds 312, at most 30".to_owned() }
        };
        let asked = Some(START);
        judged.gates = vec![GateJudgement { name: "replication".parse().expect("a name"), state, since: asked, asked }];
        all.regions.insert(region(name), judged);
    }
    Event::Judged(all)
}

fn adopted(service: Service) -> World {
    let mut world = World::adopted();
    world.service = Arc::new(gated(service));
    world
}

#[test]
fn a_shut_gate_holds_the_failover_pages_once_and_says_why_in_figures() {
    let mut world = adopted(service());
    for _ in 0..3 {
        world.step(&seen(&[("dr", Seen::Proven, false)]));
        world.now = world.now + Duration::from_millis(500);
    }
    assert_eq!(world.kinds(), [HistoryKind::Held]);
    let expected =
        "failover to `dr` held: gatesOpen: gate replication of region `dr` says no: lagSeconds 312, at most 30";
    assert!(world.pages()[0].starts_with(expected), "{:?}", world.pages());
    world.step(&seen(&[("dr", Seen::Proven, true)]));
    assert_eq!(world.pending().to, Some(region("dr")));
}

#[test]
fn a_gate_that_closes_between_decision_and_permit_ends_the_decision() {
    let mut world = adopted(service());
    world.step(&seen(&[("dr", Seen::Proven, true)]));
    assert_eq!(world.pending().to, Some(region("dr")));
    world.step(&seen(&[("dr", Seen::Proven, false)]));
    let answer = world.ask_permit().expect("an answer");
    assert!(matches!(&answer, PermitAnswer::Refused(why) if why.starts_with("gatesOpen: ")), "{answer:?}");
    assert_eq!(world.count(HistoryKind::Expired), 1);
}

#[test]
fn of_proven_regions_the_first_with_open_gates_is_chosen_and_else_the_first() {
    let mut service = service();
    service.regions.edit(|regions| regions.insert(1, place("near", &["203.0.113.1", "2001:db8:3::1"])));
    let values = [("prod", "lb-prod.example.net."), ("near", "lb.example.net."), ("dr", "lb-dr.example.net.")];
    service.records[2].values = explicit(&values);
    let to = |near: (Seen, bool), dr: (Seen, bool)| {
        let mut world = adopted(service.clone());
        world.step(&seen(&[("near", near.0, near.1), ("dr", dr.0, dr.1)]));
        let held = world.memory().hold().and_then(|hold| hold.to.clone());
        held.map_or_else(|| (world.pending().to.clone().expect("a target"), "moves"), |to| (to, "held"))
    };
    let (proven, healthy) = (Seen::Proven, Seen::Healthy);
    assert_eq!(to((proven, true), (proven, true)), (region("near"), "moves"));
    assert_eq!(to((proven, false), (proven, true)), (region("dr"), "moves"));
    assert_eq!(to((healthy, true), (proven, true)), (region("dr"), "moves"));
    assert_eq!(to((proven, false), (proven, false)), (region("near"), "held"));
    assert_eq!(to((healthy, true), (proven, false)), (region("dr"), "held"), "only its gate is in the way");
}

#[test]
fn an_operator_may_move_past_a_shut_gate_and_the_override_is_recorded() {
    let mut world = adopted(service());
    world.step(&seen(&[("dr", Seen::Proven, false)]));
    assert_eq!(refused_by(&world.order(failover("dr"))), [Rule::GatesOpen]);
    world.order_with(failover("dr"), &[Rule::GatesOpen]);
    assert_eq!(world.pending().overrides, [Rule::GatesOpen]);
    let decided = world.last(HistoryKind::Decided);
    assert_eq!(decided.details["overrides"], serde_json::json!(["gatesOpen"]));
    assert_eq!(decided.details["evidence"]["dr"]["gates"][0]["state"], "closed");
}

#[test]
fn a_pause_needs_no_gate() {
    let mut world = adopted(service());
    world.step(&seen(&[("dr", Seen::Proven, false)]));
    world.must_order(Command::Pause { until: None });
}
