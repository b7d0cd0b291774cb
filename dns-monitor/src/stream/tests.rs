use dns_core::evidence::Verdict;
use dns_core::identifier::{RegionName, ServiceName};

use super::*;

fn moment(now: Instant) -> Moment {
    Moment { blind: None, oldest: now }
}

fn state(endpoint: &str, now: Instant) -> EndpointState {
    let key = EndpointKey {
        service: ServiceName::new("checkout").expect("a name"),
        region: RegionName::new("prod").expect("a name"),
        endpoint: endpoint.to_owned(),
    };
    let view = View { verdict: Verdict::Healthy, since: now, contradicting: 0, error: None };
    EndpointState { key, spec: Digest::over([]), view, latency: None, certificate: None, injected: None }
}

fn id(incarnation: &str, sequence: u64) -> EventId {
    EventId { incarnation: incarnation.to_owned(), sequence }
}

fn speaker() -> Speaker {
    let vantage = VantageName::new("fra1").expect("a name");
    Speaker { incarnation: "abc".to_owned(), vantage, config: Digest::over([]), coverage: Digest::over([]) }
}

/// What a subscriber gets first: `s`napshot, `t`ransition or `h`eartbeat, each with its number.
fn first(stream: &mut Stream, last: Option<&EventId>, now: Instant) -> Vec<(char, u64)> {
    let subscription = stream.subscribe(last, moment(now), Vec::new).expect("room");
    let encoded = subscription.first.iter().map(|event| event.encode(&speaker(), now));
    encoded.map(|(id, event)| (event.name().chars().next().expect("a name"), id.sequence)).collect()
}

fn stream() -> Stream {
    Stream::new("abc".to_owned())
}

#[test]
fn a_new_subscriber_gets_a_snapshot_first() {
    let now = Instant::now();
    let mut stream = stream();
    stream.heartbeat(moment(now));
    assert_eq!(first(&mut stream, None, now), [('s', 1)]);
}

#[test]
fn a_returning_subscriber_gets_what_it_missed_and_a_heartbeat() {
    let now = Instant::now();
    let mut stream = stream();
    for endpoint in ["a", "b", "c"] {
        stream.transition(moment(now), state(endpoint, now));
        stream.heartbeat(moment(now));
    }
    assert_eq!(first(&mut stream, Some(&id("abc", 2)), now), [('t', 3), ('t', 5), ('h', 6)]);
    assert_eq!(first(&mut stream, Some(&id("abc", 6)), now), [('h', 6)]);
}

#[test]
fn an_unknown_incarnation_or_a_number_from_the_future_means_a_snapshot() {
    let now = Instant::now();
    let mut stream = stream();
    stream.heartbeat(moment(now));
    assert_eq!(first(&mut stream, Some(&id("other", 1)), now), [('s', 1)]);
    assert_eq!(first(&mut stream, Some(&id("abc", 2)), now), [('s', 1)]);
}

#[test]
fn a_subscriber_that_missed_more_than_is_kept_gets_a_snapshot() {
    let now = Instant::now();
    let mut stream = stream();
    for _ in 0..=KEPT_MAX {
        stream.transition(moment(now), state("a", now));
    }
    let last = KEPT_MAX as u64 + 1;
    assert_eq!(first(&mut stream, Some(&id("abc", 0)), now), [('s', last)]);
    assert_eq!(first(&mut stream, Some(&id("abc", 1)), now).len(), KEPT_MAX + 1);
}

#[test]
fn a_snapshot_to_all_replaces_what_was_kept() {
    let now = Instant::now();
    let mut stream = stream();
    stream.transition(moment(now), state("a", now));
    stream.snapshot(moment(now), Vec::new());
    assert_eq!(first(&mut stream, Some(&id("abc", 1)), now), [('s', 2)]);
    assert_eq!(first(&mut stream, Some(&id("abc", 2)), now), [('h', 2)]);
}

#[test]
fn ages_are_those_of_the_moment_of_sending() {
    let now = Instant::now();
    let mut stream = stream();
    stream.transition(moment(now), state("a", now));
    let subscription = stream.subscribe(Some(&id("abc", 0)), moment(now), Vec::new).expect("room");
    let later = now + Duration::from_secs(9);
    let (_, event) = subscription.first[0].encode(&speaker(), later);
    let EvidenceEvent::Transition(transition) = event else { panic!("{event:?}") };
    assert_eq!(transition.endpoint.verdict_age_ms, 9000);
    assert_eq!(transition.bearing.oldest_probe_age_ms, 9000);
}

#[test]
fn a_slow_subscriber_is_cut_off_and_others_are_not() {
    let now = Instant::now();
    let mut stream = stream();
    let mut slow = stream.subscribe(None, moment(now), Vec::new).expect("room");
    let mut quick = stream.subscribe(None, moment(now), Vec::new).expect("room");
    for _ in 0..=QUEUE_MAX {
        stream.heartbeat(moment(now));
        assert!(quick.rest.try_recv().is_ok());
    }
    let left = std::iter::from_fn(|| slow.rest.try_recv().ok()).count();
    assert_eq!(left, QUEUE_MAX);
    assert_eq!(slow.rest.try_recv().expect_err("ended"), mpsc::error::TryRecvError::Disconnected);
    assert_eq!(quick.rest.try_recv().expect_err("waits"), mpsc::error::TryRecvError::Empty);
}

#[test]
fn subscribers_are_bounded_and_make_room_when_they_leave() {
    let now = Instant::now();
    let mut stream = stream();
    let mut open: Vec<_> =
        (0..SUBSCRIBERS_MAX).map(|_| stream.subscribe(None, moment(now), Vec::new).expect("room")).collect();
    assert_eq!(stream.subscribe(None, moment(now), Vec::new).expect_err("full"), TooMany);
    open.pop();
    assert!(stream.subscribe(None, moment(now), Vec::new).is_ok());
}
