//! The live page, over a real listener.

use super::served::{TOKEN, ended, events, first, next, open, until, with_tokens, without_tokens};
use crate::page::stream::STREAMS_MAX;

/// Whether an event has a section.
fn has(event: &str, id: &str) -> bool {
    event.contains(&format!("\"{id}\":"))
}

#[tokio::test]
async fn the_first_event_has_everything_and_the_next_ones_what_changed() {
    let served = with_tokens().await;
    let session = served.sign_in().await;
    let mut events = events(served.listen("/events", &session).await);
    let all = next(&mut events).await.expect("an event");
    for id in ["masthead", "vantage", "history", "state-of-checkout", "evidence-of-checkout", "fence-of-checkout"] {
        assert!(has(&all, id), "{id}: {all}");
    }
    assert!(!has(&all, "history-of-checkout"), "the front page has no such section");

    served.order("pause").bearer_auth(TOKEN).send().await.expect("answer").error_for_status().expect("paused");
    let event = first(&mut events, |event| has(event, "state-of-checkout") && event.contains("paused by")).await;
    assert!(!has(&event, "evidence-of-checkout"), "nobody sees anything new: {event}");
}

#[tokio::test]
async fn a_quiet_stream_beats_with_the_controllers_clock() {
    let served = without_tokens().await;
    let mut events = events(served.listen("/events?service=checkout", "").await);
    let all = next(&mut events).await.expect("an event");
    assert!(has(&all, "history-of-checkout") && !has(&all, "history"), "{all}");
    let beat = first(&mut events, |event| event.starts_with("event: beat")).await;
    assert!(beat.contains("\"now\":") && beat.contains("\"at\":") && !beat.contains("sections"), "{beat}");
}

#[tokio::test]
async fn history_arrives_with_its_sentences() {
    let served = open().await;
    let mut events = events(served.listen("/events?service=checkout", "").await);
    next(&mut events).await.expect("an event");
    served.order("pause").send().await.expect("answer").error_for_status().expect("paused");
    let told = |event: &str| has(event, "history-of-checkout") && event.contains("data-kind=\\\"paused\\\"");
    let event = first(&mut events, told).await;
    assert!(event.contains("a test"), "{event}");
    let older = served.get("/history?before=1000").send().await.expect("answer").text().await.expect("text");
    assert!(!older.contains("data-kind=\"paused\""), "before means right before: {older}");
    let older = served.get("/history?before=20").send().await.expect("answer").text().await.expect("text");
    assert!(older.contains("data-kind=\"paused\""), "{older}");
}

#[tokio::test]
async fn live_pages_end_with_the_program() {
    let mut served = without_tokens().await;
    let mut events = events(served.listen("/events", "").await);
    next(&mut events).await.expect("an event");
    served.stop.cancel();
    ended(events).await;
    // The listener's grace period is as long as this patience: the drain did not wait for it.
    tokio::time::timeout(super::served::PATIENCE / 2, &mut served.task).await.expect("in time").expect("ended well");
}

#[tokio::test]
async fn one_live_page_too_many_is_refused_until_one_closes() {
    let served = without_tokens().await;
    let mut streams = Vec::new();
    for _ in 0..STREAMS_MAX {
        let answer = served.listen("/events", "").await;
        assert_eq!(answer.status(), 200);
        streams.push(answer);
    }
    let refused = served.listen("/events", "").await;
    assert_eq!(refused.status(), 503);
    assert!(refused.text().await.expect("text").contains("live pages are open"));
    assert_eq!(served.get("/").send().await.expect("answer").status(), 200, "the page itself is served");
    streams.pop();
    until(async || served.listen("/events", "").await.status() == 200).await;
}
