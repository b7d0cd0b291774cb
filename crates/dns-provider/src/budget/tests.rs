//! Tests of [`super`]. The buckets fill by the real clock, so nothing here is paused.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::*;

const BURST: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
const THREE: NonZeroU32 = NonZeroU32::new(3).expect("not zero");

/// So long that no place comes in during a test.
const NEVER: Duration = Duration::from_hours(1);

async fn is_ready(budget: &Budget, urgency: Urgency) -> bool {
    tokio::time::timeout(Duration::from_millis(20), budget.take(urgency)).await.is_ok()
}

#[tokio::test]
async fn watching_leaves_the_larger_share_for_flips() {
    let budget = Budget::new(NEVER, BURST);
    assert!(is_ready(&budget, Urgency::Watch).await && is_ready(&budget, Urgency::Watch).await);
    assert!(!is_ready(&budget, Urgency::Watch).await, "its fifth is used up");
    for _ in 0..8 {
        assert!(is_ready(&budget, Urgency::Flip).await);
    }
    assert!(!is_ready(&budget, Urgency::Flip).await, "and now all of it is");
}

#[tokio::test]
async fn a_pause_that_the_provider_asks_for_holds_every_call() {
    let budget = Budget::new(Duration::from_millis(1), BURST);
    budget.close_for(Duration::from_millis(200));
    budget.close_for(Duration::from_millis(1));
    assert!(!is_ready(&budget, Urgency::Flip).await);
    assert!(budget.closed_for() > Duration::from_millis(1), "the longer one counts");
    let waited = tokio::time::timeout(Duration::from_secs(10), budget.take(Urgency::Flip)).await;
    assert!(waited.is_ok(), "it ends by itself");
}

#[tokio::test]
async fn whoever_gives_up_during_a_pause_has_used_no_place() {
    let budget = Budget::new(NEVER, BURST);
    budget.close_for(Duration::from_millis(500));
    for _ in 0..5 {
        assert!(!is_ready(&budget, Urgency::Flip).await && !is_ready(&budget, Urgency::Watch).await);
    }
    budget.until_open().await;
    assert!(is_ready(&budget, Urgency::Watch).await && is_ready(&budget, Urgency::Watch).await);
    for _ in 0..8 {
        assert!(is_ready(&budget, Urgency::Flip).await);
    }
}

#[tokio::test]
async fn a_watcher_that_gives_up_while_all_places_are_taken_has_used_none() {
    let budget = Budget::new(NEVER, BURST);
    assert_eq!(budget.take_together(BURST).await, BURST);
    for _ in 0..5 {
        assert!(!is_ready(&budget, Urgency::Watch).await);
    }
    assert!(budget.watch.check().is_ok(), "of two, one waits for the next of them and one is left");
}

/// The bucket fills while it may not be used.
#[tokio::test]
async fn a_pause_ends_for_one_call_after_the_other() {
    let (period, pause, calls) = (Duration::from_millis(20), Duration::from_millis(300), 10);
    let budget = Arc::new(Budget::new(period, NonZeroU32::MIN));
    let begun = Instant::now();
    budget.close_for(pause);
    let mut waiting = JoinSet::new();
    for _ in 0..calls {
        let budget = Arc::clone(&budget);
        waiting.spawn(async move { budget.take(Urgency::Flip).await });
    }
    while waiting.join_next().await.is_some() {}
    let least = pause + period * (calls - 1);
    // One period is lost to rounding of clocks.
    assert!(begun.elapsed() + period >= least, "{:?} of {least:?}", begun.elapsed());
}

#[tokio::test]
async fn several_places_are_had_in_turn_though_others_ask_for_one_each() {
    let budget = Arc::new(Budget::new(Duration::from_millis(10), THREE));
    budget.take_together(THREE).await;
    let order: Arc<Mutex<Vec<u32>>> = Arc::default();
    let mut waiting = JoinSet::new();
    for number in 0..20 {
        let (budget, order) = (Arc::clone(&budget), Arc::clone(&order));
        let places = if number == 1 { THREE } else { NonZeroU32::MIN };
        waiting.spawn(async move {
            budget.take_together(places).await;
            order.lock().expect("unpoisoned").push(number);
        });
        tokio::task::yield_now().await;
    }
    while waiting.join_next().await.is_some() {}
    let order = order.lock().expect("unpoisoned").clone();
    assert_eq!(order, (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn nobody_waits_for_more_places_than_there_ever_are() {
    let budget = Budget::new(NEVER, THREE);
    assert_eq!(budget.take_together(BURST).await, THREE);
}
