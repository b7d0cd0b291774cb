//! Services with regard to each other.

use super::*;
use crate::companion::tests::{companion, companions, group, not_arrived};
use crate::companion::{Companion, Companions};
use crate::group::MoveWhen;
use crate::relation::{Demand, Relation};

/// The group's decision, of another member.
fn decision() -> crate::fence::DecisionId {
    crate::fence::DecisionId::at(START, 7)
}

fn with(scene: &mut Scene, companions: Arc<Companions>) {
    scene.fleet = Fleet::default().with_companions(Some(companions));
}

fn shop(first: &str, second: &str) -> Vec<crate::identifier::ServiceName> {
    [first, second].map(|name| name.parse().expect("a name")).into()
}

/// `checkout` decides for its group, with `web` after it.
fn leading(web: Companion) -> Scene {
    Scene::failover().with(|scene| {
        with(scene, companions(Some(group(&["checkout", "web"], MoveWhen::Any)), Vec::new(), &[("web", web)]));
        let members = shop("checkout", "web");
        scene.group = Some(GroupMove { group: "shop".parse().expect("a name"), decision: None, members });
    })
}

/// `checkout` is well, and comes after `db`.
fn following(db: Companion) -> Scene {
    Scene::failover().with(|scene| {
        scene.judgement = Some(judgement(Seen::Proven, Seen::Proven));
        with(scene, companions(Some(group(&["db", "checkout"], MoveWhen::Any)), Vec::new(), &[("db", db)]));
        let (name, members) = ("shop".parse().expect("a name"), shop("db", "checkout"));
        scene.group = Some(GroupMove { group: name, decision: Some(decision()), members });
    })
}

fn bound(demand: Demand, others: &[(&str, Companion)]) -> Arc<Companions> {
    companions(None, vec![Relation { name: "a-rule".parse().expect("a name"), demand }], others)
}

fn asserted(scene: &mut Scene, search: &str) {
    let demand =
        Demand::Assertion { services: shop("checkout", "search"), region: region("prod"), at_least: 1, at_most: 2 };
    with(scene, bound(demand, &[("search", companion(search, (Seen::Proven, Seen::Proven)))]));
}

fn gated(scene: &mut Scene, db: &str) {
    let services = vec!["checkout".parse().expect("a name")];
    let while_in = [("db".parse().expect("a name"), region("dr"))].into();
    let demand = Demand::Gating { services, into: region("dr"), while_in };
    with(scene, bound(demand, &[("db", companion(db, (Seen::Proven, Seen::Proven)))]));
}

pub(super) fn case(rule: Rule) -> (Scene, fn(&mut Scene)) {
    let well = || companion("prod", (Seen::Proven, Seen::Proven));
    match rule {
        Rule::GroupTogether => (leading(well()), |scene| scene.group = None),
        Rule::GroupReady => (leading(well()), |scene| {
            let web = companion("prod", (Seen::Proven, Seen::Healthy));
            scene.fleet = leading(web).fleet;
        }),
        Rule::MemberFirst => (following(companion("dr", (Seen::Failing, Seen::Proven))), |scene| {
            scene.fleet = following(not_arrived("dr")).fleet;
        }),
        Rule::Assertion => (Scene::failover().with(|scene| asserted(scene, "prod")), |scene| asserted(scene, "dr")),
        Rule::Gating => (Scene::failover().with(|scene| gated(scene, "dr")), |scene| gated(scene, "prod")),
        other => panic!("{other} is of one service alone"),
    }
}

#[test]
fn a_member_that_is_well_leaves_only_on_the_word_of_those_that_fail() {
    let failing = companion("dr", (Seen::Failing, Seen::Proven));
    assert_eq!(following(failing).rules(), [], "the failing one has gone first");
    let recovered = companion("dr", (Seen::Proven, Seen::Proven));
    let scene = following(recovered);
    assert_eq!(scene.rules(), [Rule::QuorumJudged], "nobody fails, and nobody has gone by that decision");
    assert!(scene.reason().contains("0 of 2 services of group `shop` fail in `prod`, 1 must"), "{}", scene.reason());
    let unknown = companion("dr", (Seen::Unknown, Seen::Proven));
    assert_eq!(following(unknown).rules(), [Rule::QuorumJudged], "unknown is not down");
}

#[test]
fn those_that_fail_count_though_the_member_itself_was_not_judged_yet() {
    let failing = companion("dr", (Seen::Failing, Seen::Proven));
    let unjudged = following(failing).with(|scene| scene.judgement = None);
    assert_eq!(unjudged.rules(), [Rule::TargetProven]);
}

#[test]
fn a_member_is_not_accepted_on_the_word_of_another_group_or_of_none() {
    let failing = || companion("dr", (Seen::Failing, Seen::Proven));
    let stranger = following(failing()).with(|scene| {
        scene.group.as_mut().expect("a group").group = "blog".parse().expect("a name");
    });
    assert_eq!(stranger.rules(), [Rule::QuorumJudged]);
    let alone = following(failing()).with(|scene| scene.fleet = Fleet::default());
    assert_eq!(alone.rules(), [Rule::QuorumJudged], "{}", alone.reason());
}

#[test]
fn to_come_along_with_a_group_that_leaves_is_an_emergency_too() {
    let frozen = |db, emergency| following(db).with(|scene| scene.service.windows = freeze(emergency)).rules();
    let failing = || companion("dr", (Seen::Failing, Seen::Proven));
    assert_eq!(frozen(failing(), EmergencyFailover::Allow), []);
    assert_eq!(frozen(failing(), EmergencyFailover::Block), [Rule::ChangeFreeze]);
}

#[test]
fn the_first_answers_for_the_velocity_of_all() {
    let crowded = |scene: Scene| scene.with(|scene| scene.failovers = vec![START.before(Duration::from_mins(59)); 4]);
    let failing = companion("dr", (Seen::Failing, Seen::Proven));
    assert_eq!(crowded(following(failing)).rules(), [], "to stay behind would split the group");
    let well = companion("prod", (Seen::Proven, Seen::Proven));
    assert_eq!(crowded(leading(well)).rules(), [Rule::FailoverBudget]);
}

#[test]
fn whoever_decides_is_asked_about_all_and_whoever_follows_about_itself() {
    let lacking = companion("dr", (Seen::Failing, Seen::Failing));
    assert_eq!(following(lacking).rules(), [], "what has gone is gone");
    let own = following(companion("dr", (Seen::Failing, Seen::Proven)))
        .with(|scene| scene.judgement = Some(judgement(Seen::Proven, Seen::Healthy)));
    assert_eq!(own.rules(), [Rule::TargetProven]);
}

#[test]
fn a_place_that_comes_after_another_is_not_asked_about_companions() {
    let aligning = |scene: Scene| scene.with(|scene| scene.purpose = Purpose::Aligns).rules();
    for rule in [Rule::GroupTogether, Rule::GroupReady, Rule::MemberFirst, Rule::Assertion, Rule::Gating] {
        let (good, spoil) = case(rule);
        assert_eq!(aligning(good.with(spoil)), [], "{rule}");
    }
}
