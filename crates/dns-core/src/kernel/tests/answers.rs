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

#[test]
fn a_figure_is_told_only_of_what_the_rule_went_by() {
    let about_the_target = |scene: &Scene| said(scene, Rule::TargetProven).1;
    assert_eq!(said(&Scene::failover().by_hand(), Rule::QuorumJudged).1, "", "an order needs no quorum");
    assert_eq!(said(&Scene::automatic_failback(), Rule::QuorumJudged).1, "", "a failback leaves a region that is well");
    assert_eq!(said(&Scene::failback(), Rule::AllRegionsFailing).1, "0 of 2 regions failing");
    let ready = "3 of 3 vantage points have seen all of `dr` healthy for 120 s or longer, 2 must";
    let later = |scene: &mut Scene| scene.judgement = Some(ready_judgement());
    assert_eq!(about_the_target(&Scene::failover().with(later)), ready);
    let rendered = Scene::failover().with(later).with(|scene| scene.kind = WriteKind::Rerender);
    assert_eq!(about_the_target(&rendered), ready, "new endpoints are proven like a new region");
    assert_eq!(
        about_the_target(&Scene::of_the_fence(WriteKind::Annotate).with(later)),
        "",
        "the fence alone moves nothing"
    );
}

/// `prod` fails, and `dr` has been healthy for ten minutes.
fn ready_judgement() -> Judgement {
    let mut judgement = judgement(Seen::Failing, Seen::Proven);
    let endpoints = judgement.regions.values_mut().flat_map(|region| region.endpoints.iter_mut());
    for vote in endpoints.flat_map(|endpoint| endpoint.votes.values_mut()) {
        if let crate::judgement::Vote::Healthy { since, .. } = vote {
            *since = START.before(COOLDOWN);
        }
    }
    judgement
}

#[test]
fn a_figure_says_of_how_many_endpoints_it_is() {
    let scene = Scene::failover().with(|scene| {
        let prod = scene.judgement.as_mut().and_then(|judged| judged.regions.get_mut(&region("prod")));
        let prod = prod.expect("judged");
        prod.endpoints = vec![prod.endpoints[0].clone(); 3];
        prod.healthy_min = 2;
    });
    let two = "2 of 3 vantage points see 2 of 3 endpoints of `prod` failing, 2 must";
    assert_eq!(said(&scene, Rule::QuorumJudged).1, two);
}

#[test]
fn an_answer_reads_as_it_is_written_down() {
    for said in [Said::Yes, Said::No, Said::Overridden] {
        assert_eq!(serde_json::to_value(said).expect("json"), said.as_str());
    }
}
