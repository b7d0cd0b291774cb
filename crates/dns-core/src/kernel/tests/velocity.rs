//! How fast and how often: cooldown, dwell, soak, pin, budget and back-off.

use super::*;

#[test]
fn the_cooldown_binds_failback_only() {
    let hot = |scene: Scene| scene.with(|scene| scene.moved = Some(START));
    assert_eq!(hot(Scene::failback()).reason(), "the cooldown lasts another 600 s");
    assert_eq!(hot(Scene::failover()).rules(), []);
}

#[test]
fn failback_waits_longer_at_a_service_that_flaps_and_says_why() {
    let two_hours = Duration::from_hours(2);
    let left = |left| {
        let dwell = Dwell { left, since: START.before(two_hours), last: START.before(COOLDOWN) };
        Scene::failback().with(|scene| scene.dwell = Some(dwell))
    };
    assert_eq!(left(1).rules(), [], "once is no flapping");
    assert_eq!(left(3).rules(), [Rule::CooledDown]);
    let said = "it has left `prod` 3 times within 2h00m, so failback waits 40m00s after a move: another 1800 s";
    assert_eq!(left(3).reason(), said);
    let waited = left(3).with(|scene| scene.moved = Some(START.before(COOLDOWN * 4)));
    assert_eq!(waited.rules(), []);
    let enough = left(3).with(|scene| scene.overrides = vec![Rule::CooledDown]);
    assert_eq!(enough.rules(), [], "whoever has looked may go back at once");
    let mut scene = Scene::failover().with(|scene| scene.moved = Some(START));
    scene.dwell = left(9).dwell;
    assert_eq!(scene.rules(), [], "a failing region is left at once, however often");
}

#[test]
fn an_automatic_failback_soaks_and_needs_a_policy_that_wants_it() {
    let soaking = Scene::automatic_failback()
        .with(|scene| scene.service.policy.failback = Failback::Automatic { soak: Duration::from_secs(90) });
    assert_eq!(soaking.reason(), "region `prod` soaks for another 90 s");
    assert_eq!(soaking.by_hand().rules(), [], "an operator has looked");
    let manual = Scene::automatic_failback().with(|scene| scene.service.policy.failback = Failback::Manual);
    assert_eq!(manual.rules(), [Rule::Soaked]);
    let doubted =
        Scene::automatic_failback().with(|scene| scene.judgement = Some(judgement(Seen::Unknown, Seen::Proven)));
    assert_eq!(doubted.rules(), [Rule::TargetProven, Rule::Soaked]);
}

#[test]
fn a_pin_binds_automatic_failback_only() {
    let pinned = |scene: Scene| scene.with(|scene| scene.pin = Some(pin())).rules();
    assert_eq!(pinned(Scene::automatic_failback()), [Rule::NotPinned]);
    assert_eq!(pinned(Scene::failback()), []);
    assert_eq!(pinned(Scene::failover()), [], "failover stays armed");
}

#[test]
fn the_budget_lets_there_and_back_through_and_then_slows_down() {
    let second = Duration::from_secs(1);
    let after = |ago: &[u64]| {
        let failovers = ago.iter().map(|ago| START.before(second * u32::try_from(*ago).expect("short"))).collect();
        Scene::failover().with(|scene| scene.failovers = failovers)
    };
    for (ago, rules) in [
        (&[][..], &[][..]),
        (&[1], &[]),
        (&[2, 1], &[Rule::FailoverBudget]),
        (&[90, 60], &[]),
        (&[3600, 1], &[]),
        (&[300, 200, 119], &[Rule::FailoverBudget]),
        (&[300, 200, 120], &[]),
        (&[3599, 3000, 2000, 1000], &[Rule::FailoverBudget]),
        (&[3600, 3000, 2000, 1000], &[]),
    ] {
        assert_eq!(after(ago).rules(), rules, "{ago:?}");
    }
    let spent = after(&[3540, 3000, 2000, 1000]);
    let expected = "it has left regions 4 times within 60 min, at most 4 times without an order; the next is possible in 60 s, or by hand";
    assert_eq!(spent.reason(), expected);
    assert_eq!(spent.by_hand().rules(), []);
    for (secs, words) in [(119, "within 119 s,"), (120, "within 2 min,")] {
        let short = after(&[4, 3, 2, 1]).with(|scene| scene.service.policy.failover_budget.per = second * secs);
        assert!(short.reason().contains(words), "{}", short.reason());
    }
}

#[test]
fn the_backoff_binds_automatic_writes_only() {
    let (good, spoil) = case(Rule::WriteBackoff);
    assert_eq!(good.with(spoil).by_hand().rules(), []);
    let scene = Scene::failover().with(|scene| scene.backoff_until = Some(START + Duration::from_secs(8)));
    assert_eq!(scene.reason(), "the last write failed, the next try is in 8 s");
}
