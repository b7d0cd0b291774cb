//! Every answer is kept, and agrees with what the review decides by.

use super::*;

fn said(scene: &Scene, rule: Rule) -> (Said, String) {
    let answers = scene.ask(interview);
    let answer = answers.into_iter().find(|answer| answer.rule == rule).expect("every rule answers");
    (answer.answer, answer.why.unwrap_or_default())
}

#[test]
fn an_interview_asks_every_rule_and_says_no_where_the_review_does() {
    for rule in Rule::ALL {
        let (good, spoil) = case(*rule);
        let calm = good.ask(interview);
        assert_eq!(calm.iter().map(|answer| answer.rule).collect::<Vec<_>>(), Rule::ALL);
        assert!(calm.iter().all(|answer| answer.answer == Said::Yes), "{rule}: {calm:?}");
        let spoilt = good.with(spoil);
        let refusing = spoilt.ask(interview).into_iter().filter(|answer| answer.answer == Said::No);
        let refusing: Vec<Rejection> =
            refusing.map(|answer| Rejection { rule: answer.rule, reason: answer.why.expect("a reason") }).collect();
        assert_eq!(refusing, spoilt.review());
    }
}

#[test]
fn what_was_overridden_is_told_apart_only_where_it_refused() {
    let (good, spoil) = case(Rule::TargetProven);
    let overriding = |scene: Scene| scene.with(|scene| scene.overrides = vec![Rule::TargetProven, Rule::NotPaused]);
    assert_eq!(said(&overriding(good.clone()), Rule::TargetProven).0, Said::Yes, "there was nothing to override");
    let (answer, why) = said(&overriding(good.clone().with(spoil)), Rule::TargetProven);
    assert_eq!(answer, Said::Overridden);
    assert!(why.contains("is not proven"), "{why}");
    let paused = overriding(good).with(case(Rule::NotPaused).1);
    assert_eq!(said(&paused, Rule::NotPaused).0, Said::No, "it cannot be overridden");
}

#[test]
fn rules_that_agree_say_by_which_figures() {
    let scene = Scene::failover().with(|scene| scene.service.revision = 7);
    let figures = [
        (Rule::Unfenced, "the zone must still hold epoch 1, rev 1"),
        (Rule::QuorumJudged, "2 of 3 vantage points see all of `prod` failing, 2 must"),
        (Rule::AllRegionsFailing, "1 of 2 regions failing"),
        (Rule::ConfigurationCurrent, "configuration revision 7, the fence has 0"),
        (Rule::NotPaused, ""),
    ];
    for (rule, figure) in figures {
        assert_eq!(said(&scene, rule), (Said::Yes, figure.to_owned()));
    }
    let back = Scene::failback();
    assert_eq!(said(&back, Rule::CooledDown).1, "the last move was 600 s ago, the cooldown is 600 s");
    assert_eq!(said(&back, Rule::QuorumJudged).1, "", "no quorum is needed for an order");
}
