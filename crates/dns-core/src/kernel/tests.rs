//! Each rule alone: a scene where everything passes, and the one spoilt detail that exactly this rule refuses. A rule
//! that is removed, or a new one without a case, makes a test fail.

mod aligning;
mod answers;
mod evacuated;
mod fencing;
mod holding;
mod knowing;
mod relations;
mod scene;
mod sharing;
mod velocity;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::change::{Guard, Requirement};
use crate::fixture::{COOLDOWN, START, Seen, Zone, fence, judgement, name, region, service, tombstone};
use crate::fleet::{Fleet, Presence, Progress};
use crate::gate::{GateJudgement, GateSpec, GateState, HttpGate};
use crate::group::GroupMove;
use crate::policy::{Failback, OnStandbyFailure};
use crate::service::Mode;
use crate::window::{EmergencyFailover, When, Window};
use scene::{Scene, freeze, gate, gated, others, pause, pin};

/// A scene that passes, and what spoils it for exactly this rule.
fn case(rule: Rule) -> (Scene, fn(&mut Scene)) {
    let failover = Scene::failover();
    match rule {
        Rule::EmptyAnswer => (failover, |scene| {
            scene.after.as_mut().expect("rendered").retain(|key, _| key.name() != &name("www.example.com"));
        }),
        Rule::UnreadRecord => (failover, |scene| {
            scene.change().requires.retain(|requirement| !matches!(requirement, Requirement::Exactly(_)));
        }),
        Rule::Unfenced => (failover, |scene| scene.change().guard = Guard::Absent),
        Rule::ZoneKnown => (failover, |scene| scene.standing = Standing::Unread),
        Rule::QuorumJudged => (failover, |scene| scene.judgement = Some(judgement(Seen::Unknown, Seen::Proven))),
        Rule::AllRegionsFailing => {
            let blindly = failover.by_hand().with(|scene| scene.overrides = vec![Rule::TargetProven]);
            (blindly, |scene| scene.judgement = Some(judgement(Seen::Failing, Seen::Failing)))
        }
        Rule::TargetProven => (failover, |scene| scene.judgement = Some(judgement(Seen::Failing, Seen::Healthy))),
        Rule::GatesOpen => {
            let open = failover.with(|scene| {
                scene.service.regions[1].gates = vec![gate()].into();
                scene.judgement = Some(gated(GateState::Open { said: String::new(), until: START }));
            });
            (open, |scene| {
                let why = "lagSeconds 312, at most 30".to_owned();
                scene.service.regions[1].gates = vec![gate()].into();
                scene.judgement = Some(gated(GateState::Closed { why }));
            })
        }
        Rule::Observing => (failover, |scene| scene.service.mode = Mode::Observe),
        Rule::NotPaused => (failover, |scene| scene.pause = Some(pause())),
        Rule::ChangeFreeze => (Scene::failback(), |scene| scene.service.windows = freeze(EmergencyFailover::Allow)),
        Rule::RegionEvacuated => (failover, |scene| {
            let evacuated = [(region("dr"), "it is being evacuated".to_owned())];
            scene.fleet.set_evacuated(evacuated.into());
        }),
        Rule::Adopted => (failover, |scene| scene.standing = Standing::Unadopted { serving: Some(region("prod")) }),
        Rule::NoForeignChange => (failover, |scene| scene.standing = Standing::Foreign { why: "a hand".to_owned() }),
        Rule::ConfigurationCurrent => (failover, |scene| scene.held.as_mut().expect("held").cfg = 5),
        Rule::HooksAgreed => (failover, |scene| scene.veto = Some("vetoed by hook desk: freeze")),
        Rule::OneWrite => (failover, |scene| scene.other_write_open = true),
        Rule::CooledDown => {
            (Scene::failback(), |scene| scene.moved = scene.moved.map(|at| at + Duration::from_millis(1)))
        }
        Rule::Soaked => (Scene::automatic_failback(), |scene| {
            scene.service.policy.failback = Failback::Automatic { soak: Duration::from_millis(1) };
        }),
        Rule::NotPinned => (Scene::automatic_failback(), |scene| scene.pin = Some(pin())),
        Rule::StandbyHolds => {
            let from_standby = failover.with(|scene| {
                (scene.from, scene.to) = (Some(region("dr")), Some(region("prod")));
                scene.judgement = Some(judgement(Seen::Proven, Seen::Failing));
            });
            (from_standby, |scene| scene.service.policy.on_standby_failure = OnStandbyFailure::Hold)
        }
        Rule::FailoverBudget => (failover, |scene| {
            scene.failovers = vec![START.before(Duration::from_mins(59)); 4];
        }),
        Rule::BlastRadius => (failover.with(|scene| others(scene, false, 9)), |scene| others(scene, false, 10)),
        Rule::Wave => (failover.with(|scene| others(scene, true, 9)), |scene| others(scene, true, 10)),
        Rule::GroupTogether | Rule::GroupReady | Rule::MemberFirst | Rule::Assertion | Rule::Gating => {
            relations::case(rule)
        }
        Rule::WriteBackoff => (failover.with(|scene| scene.backoff_until = Some(START)), |scene| {
            scene.backoff_until = Some(START + Duration::from_millis(1));
        }),
    }
}

#[test]
fn every_rule_alone_refuses_what_it_is_for() {
    for rule in Rule::ALL {
        let (good, spoil) = case(*rule);
        assert_eq!(good.review(), [], "{rule}: the twin passes");
        let rejections = good.with(spoil).review();
        let rules: Vec<Rule> = rejections.iter().map(|rejection| rejection.rule).collect();
        assert_eq!(rules, [*rule]);
        assert!(rejections[0].reason.len() > 20 || rejections[0].reason == "a hand", "{}", rejections[0].reason);
    }
}

#[test]
fn rejections_come_in_order_of_precedence() {
    let mut expected = Rule::ALL.to_vec();
    // One write cannot break them all: these are of failbacks, of other regions or of a zone that is unread.
    let is_of_others = |rule: &Rule| {
        let of_failback = matches!(rule, Rule::CooledDown | Rule::Soaked | Rule::NotPinned | Rule::StandbyHolds);
        // Of a group or of none, with some companions or others.
        let of_companions =
            matches!(rule, Rule::GroupTogether | Rule::GroupReady | Rule::MemberFirst | Rule::Assertion | Rule::Gating);
        // Either waits for an order or for a wave.
        of_failback
            || of_companions
            || matches!(rule, Rule::ChangeFreeze | Rule::Wave | Rule::ZoneKnown | Rule::Adopted | Rule::QuorumJudged)
    };
    expected.retain(|rule| !is_of_others(rule));
    let all = expected.iter().fold(Scene::failover(), |scene, rule| scene.with(case(*rule).1));
    // The one judgement that neither of the rules about the target can bear.
    let all = all.with(|scene| scene.judgement = Some(judgement(Seen::Failing, Seen::Failing)));
    assert_eq!(all.rules(), expected);
    assert!(Rule::ALL.is_sorted());
}

#[test]
fn an_override_that_has_expired_binds_again_and_says_so() {
    for rule in Rule::ALL.iter().filter(|rule| rule.is_overridable()) {
        let (good, spoil) = case(*rule);
        let overriding = |expire| {
            good.clone().with(spoil).with(|scene| {
                scene.overrides.push(*rule);
                scene.overrides_expire = expire;
            })
        };
        assert_eq!(overriding(Some(START + Duration::from_millis(1))).rules(), [], "{rule} lasts");
        let over = overriding(Some(START)).review();
        let again = over.iter().find(|rejection| rejection.rule == *rule).expect("it binds again");
        assert!(again.reason.ends_with("override of this rule has expired"), "{over:?}");
    }
    let unnamed = Scene::failover().with(case(Rule::TargetProven).1);
    let unnamed =
        unnamed.with(|scene| (scene.overrides, scene.overrides_expire) = (vec![Rule::CooledDown], Some(START)));
    assert!(!unnamed.review()[0].reason.contains("expired"), "it was never overridden");
}

#[test]
fn only_overridable_rules_are_overridden() {
    for rule in Rule::ALL {
        let (good, spoil) = case(*rule);
        let mut overridden = good.with(spoil);
        overridden.overrides.push(*rule);
        let left = overridden.rules();
        assert_eq!(left.is_empty(), rule.is_overridable(), "{rule}");
    }
    let overridable: Vec<&Rule> = Rule::ALL.iter().filter(|rule| rule.is_overridable()).collect();
    let wanted = [
        &Rule::AllRegionsFailing,
        &Rule::TargetProven,
        &Rule::GatesOpen,
        &Rule::ChangeFreeze,
        &Rule::RegionEvacuated,
        &Rule::HooksAgreed,
        &Rule::CooledDown,
        &Rule::GroupTogether,
        &Rule::GroupReady,
        &Rule::MemberFirst,
        &Rule::Assertion,
        &Rule::Gating,
    ];
    assert_eq!(overridable, wanted);
    let other =
        Scene::failover().with(case(Rule::TargetProven).1).with(|scene| scene.overrides = vec![Rule::CooledDown]);
    assert_eq!(other.rules(), [Rule::TargetProven], "an override names its rule");
}

#[test]
fn names_of_rules_round_trip() {
    let names: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.as_str()).collect();
    assert_eq!(names.len(), Rule::ALL.len());
    for rule in Rule::ALL {
        assert_eq!(rule.as_str().parse(), Ok(*rule));
        assert_eq!(serde_json::to_string(rule).expect("json"), format!("\"{rule}\""));
    }
    assert!("everything".parse::<Rule>().is_err());
}
