use std::sync::Mutex;

use dns_provider::zones::{Extent, Listing};
use dns_zone::{Rtype, SetChange, Zone, difference, order};
use tokio::time::Instant;

use super::*;
use crate::fake::{Fake, Happening, apex, key, zone};

/// So many names with an address each.
fn many(count: usize) -> Zone {
    let lines: Vec<String> = (0..count).map(|one| format!("n{one:02} A 192.0.2.{one}")).collect();
    zone(&lines.iter().map(String::as_str).collect::<Vec<_>>())
}

fn steps(is: &Zone, wanted: &Zone) -> Vec<Step> {
    order(difference(is, wanted), &[].into())
}

/// An empty zone, and what makes it one of so many names.
fn growing(count: usize, operations_max: usize) -> (Fake, Vec<Step>) {
    let empty = Zone::new(apex());
    let steps = steps(&empty, &many(count));
    (Fake::holding(empty, operations_max), steps)
}

/// What came of sending, whether it ended early, and what was told meanwhile.
async fn send(fake: &Fake, steps: &[Step]) -> (Sent, Result<(), SendError>, Vec<usize>) {
    send_until(&CancellationToken::new(), usize::MAX, fake, steps).await
}

/// The same, stopped as soon as so many steps are through.
async fn send_until(
    stop: &CancellationToken,
    enough: usize,
    fake: &Fake,
    steps: &[Step],
) -> (Sent, Result<(), SendError>, Vec<usize>) {
    let told = Mutex::new(Vec::new());
    let tell = |done| {
        told.lock().expect("nobody panicked").push(done);
        if done >= enough {
            stop.cancel();
        }
    };
    let (zone, target) = (apex(), fake.place());
    let sender = Sender {
        zone: &zone,
        target: &target,
        clock: Clock::start(),
        stop,
        is_stale: &never_stale,
        again: &|_| {},
        tell: &tell,
    };
    let mut listing = listing(fake);
    let (sent, ended) = sender.send(steps, &mut Watch::new(&mut listing, Instant::now())).await;
    (sent, ended, told.into_inner().expect("nobody panicked"))
}

async fn sent(fake: &Fake, steps: &[Step]) -> Sent {
    let (sent, ended, _) = send(fake, steps).await;
    ended.expect("sent");
    sent
}

async fn failed(fake: &Fake, steps: &[Step]) -> SendError {
    send(fake, steps).await.1.expect_err("ended early")
}

#[tokio::test]
async fn steps_go_in_order_in_the_largest_batches_that_are_taken() {
    let (fake, steps) = growing(10, 4);
    let (sent, ended, told) = send(&fake, &steps).await;
    ended.expect("sent");
    assert_eq!((sent.done, sent.batches), ((0..10).collect(), 3));
    assert_eq!(fake.state().calls, [4, 4, 2]);
    assert_eq!(told, [4, 8, 10]);
    assert_eq!(fake.state().zone, many(10));
}

#[tokio::test]
async fn a_step_that_exceeds_every_batch_ends_the_run_before_anything_is_written() {
    let (fake, steps) = growing(3, 0);
    assert!(matches!(failed(&fake, &steps).await, SendError::TooBig(_)));
    assert_eq!(fake.state().calls, [0; 0]);
}

#[tokio::test]
async fn poison_in_several_batches_is_named_and_everything_else_goes_through() {
    let (fake, steps) = growing(12, 4);
    fake.state().poison = [key("n01", Rtype::A), key("n06", Rtype::A), key("n07", Rtype::A)].into();
    let (sent, ended, told) = send(&fake, &steps).await;
    ended.expect("sent");
    let refused: Vec<usize> = sent.refused.iter().map(|(index, _)| *index).collect();
    assert_eq!(refused, [1, 6, 7]);
    assert_eq!(sent.refused[0].1, "n01.example.test. A: not here");
    assert_eq!(sent.done, [0, 2, 3, 4, 5, 8, 9, 10, 11]);
    assert_eq!(sent.withheld, [0; 0]);
    assert_eq!(told.last(), Some(&9));
    assert!(told.is_sorted(), "{told:?}");
}

/// What was refused in one batch holds back what needs it in later ones, and from then on nothing is deleted.
#[tokio::test]
async fn what_needs_a_refused_record_is_withheld_from_later_batches() {
    let is = zone(&["old A 192.0.2.9"]);
    let wanted = zone(&["ns A 192.0.2.1", "sub NS ns", "text TXT \"t\""]);
    let steps = steps(&is, &wanted);
    let fake = Fake::holding(is, 1);
    fake.state().poison.insert(key("ns", Rtype::A));
    let sent = sent(&fake, &steps).await;
    let names = |indices: &[usize]| -> Vec<SetChange> {
        indices.iter().flat_map(|index| steps[*index].changes.clone()).collect()
    };
    let keys = |indices: &[usize]| names(indices).into_iter().map(|one| one.key).collect::<Vec<_>>();
    assert_eq!(keys(&[sent.refused[0].0]), [key("ns", Rtype::A)]);
    assert_eq!(keys(&sent.withheld), [key("sub", Rtype::NS), key("old", Rtype::A)]);
    assert_eq!(keys(&sent.done), [key("text", Rtype::TXT)]);
    assert_eq!(fake.state().zone, zone(&["old A 192.0.2.9", "text TXT \"t\""]));
}

#[tokio::test]
async fn a_target_that_refuses_everything_is_left_after_32_steps() {
    for operations_max in [64, 1] {
        let (fake, steps) = growing(64, operations_max);
        fake.state().poison = many(64).sets().map(|(key, _)| key.clone()).collect();
        let error = failed(&fake, &steps).await;
        assert!(matches!(&error, SendError::RefusesAll { reason, .. } if reason.ends_with("not here")), "{error}");
        let single = fake.state().calls.iter().filter(|changes| **changes == 1).count();
        assert_eq!(single, POISON_MAX, "with batches of {operations_max}");
    }
}

#[tokio::test]
async fn refusals_between_which_something_is_taken_are_not_all() {
    for operations_max in [80, 1] {
        let (fake, steps) = growing(80, operations_max);
        let keys = many(80);
        fake.state().poison = keys.sets().map(|(key, _)| key.clone()).step_by(2).collect();
        let sent = sent(&fake, &steps).await;
        assert_eq!((sent.refused.len(), sent.done.len()), (40, 40), "with batches of {operations_max}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_asks_for_fewer_calls_is_given_the_time_within_bounds() {
    let (fake, steps) = growing(1, 1);
    fake.state().script.push_back(Happening::Throttled(Duration::from_mins(1)));
    let begun = Instant::now();
    assert_eq!(sent(&fake, &steps).await.done, [0]);
    assert_eq!(begun.elapsed().as_secs(), 60);
    let (fake, steps) = growing(1, 1);
    fake.state().script.push_back(Happening::Throttled(Duration::from_hours(9)));
    let begun = Instant::now();
    sent(&fake, &steps).await;
    assert_eq!(begun.elapsed().as_secs(), RETRY_AFTER_MAX.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_target_that_is_not_reached_is_tried_again_and_then_given_up() {
    let (fake, steps) = growing(1, 1);
    fake.state().script = vec![Happening::Unreached; 7].into();
    assert_eq!(sent(&fake, &steps).await.done, [0]);
    let (fake, steps) = growing(1, 1);
    fake.state().script = vec![Happening::Unreached; 20].into();
    let error = failed(&fake, &steps).await;
    assert!(matches!(error, SendError::Provider { source: ProviderError::Transient { .. }, .. }), "{error}");
    assert_eq!(fake.state().calls.len(), TRIES_MAX as usize);
}

/// Minutes may pass before it is given up, but being asked for fewer calls is an API's everyday.
#[tokio::test(start_paused = true)]
async fn why_a_batch_is_sent_again_is_told_each_time_unless_it_was_asked_to_wait() {
    let (fake, steps) = growing(1, 1);
    let unanswered = Happening::Unanswered { arrives_at_list: 0 };
    fake.state().script = vec![Happening::Unreached, Happening::Throttled(Duration::from_secs(1)), unanswered].into();
    let told = Mutex::new(Vec::new());
    let again = |error: &ProviderError| told.lock().expect("nobody panicked").push(error.to_string());
    let (zone, target, stop) = (apex(), fake.place(), CancellationToken::new());
    let (clock, stop) = (Clock::start(), &stop);
    let sender =
        Sender { zone: &zone, target: &target, clock, stop, is_stale: &never_stale, again: &again, tell: &|_| {} };
    let mut listing = listing(&fake);
    let (sent, ended) = sender.send(&steps, &mut Watch::new(&mut listing, Instant::now())).await;
    assert!(ended.is_ok() && sent.done == [0], "{ended:?}");
    let told = told.into_inner().expect("nobody panicked");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("gave no usable answer") && told[1].contains("no answer"), "{told:?}");
}

#[tokio::test]
async fn a_zone_that_someone_else_has_changed_ends_the_run_at_once() {
    let (fake, steps) = growing(8, 4);
    fake.state().script.push_back(Happening::Conflict);
    let error = failed(&fake, &steps).await;
    assert!(matches!(error, SendError::Drifted { .. }), "{error}");
    assert_eq!(fake.state().calls, [4], "nothing more is sent");
}

#[tokio::test]
async fn who_is_stopped_ends_after_the_batch_under_way() {
    let (fake, steps) = growing(12, 4);
    let (sent, ended, _) = send_until(&CancellationToken::new(), 1, &fake, &steps).await;
    assert!(matches!(ended, Err(SendError::Stopped { .. })), "{ended:?}");
    assert_eq!(sent.done, [0, 1, 2, 3]);
    assert_eq!(fake.state().calls, [4], "nothing more is sent");
    // In the middle of a search, too: the second batch is refused, and then its first half is taken.
    let (fake, steps) = growing(12, 4);
    fake.state().poison.insert(key("n06", Rtype::A));
    let (sent, ended, _) = send_until(&CancellationToken::new(), 6, &fake, &steps).await;
    assert!(matches!(ended, Err(SendError::Stopped { .. })), "{ended:?}");
    assert_eq!((sent.done, &fake.state().calls[..]), ((0..6).collect(), &[4, 4, 2][..]));
}

#[tokio::test(start_paused = true)]
async fn who_is_stopped_does_not_wait_for_leave_to_try_again() {
    let (fake, steps) = growing(1, 1);
    fake.state().script.push_back(Happening::Throttled(Duration::from_mins(5)));
    let stop = CancellationToken::new();
    let begun = Instant::now();
    let stopping = async {
        sleep(Duration::from_secs(1)).await;
        stop.cancel();
    };
    let ((_, ended, _), ()) = tokio::join!(send_until(&stop, usize::MAX, &fake, &steps), stopping);
    assert!(matches!(ended, Err(SendError::Stopped { .. })), "{ended:?}");
    assert_eq!((begun.elapsed().as_secs(), fake.state().calls.len()), (1, 1));
}

/// What ends a run early takes nothing back of what was written before.
#[tokio::test(start_paused = true)]
async fn what_was_written_before_sending_ended_early_is_told() {
    let (fake, steps) = growing(12, 4);
    // The second batch is refused, and in the middle of the search nobody is reached any more.
    fake.state().poison.insert(key("n06", Rtype::A));
    let as_ever = [Happening::Taken; 4];
    let unreached = vec![Happening::Unreached; TRIES_MAX as usize];
    fake.state().script = as_ever.into_iter().chain(unreached).collect();
    let (sent, ended, _) = send(&fake, &steps).await;
    assert!(matches!(ended, Err(SendError::Provider { .. })), "{ended:?}");
    // The first batch; then all of the second is refused, its first half is taken, and of the other nothing is known.
    assert_eq!((sent.done, sent.batches), ((0..6).collect(), 2));
    assert_eq!((sent.refused, sent.withheld), (Vec::new(), Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn a_write_without_an_answer_that_is_there_is_done_and_not_sent_again() {
    let (fake, steps) = growing(2, 2);
    fake.state().script.push_back(Happening::Unanswered { arrives_at_list: 1 });
    let begun = Instant::now();
    let done = sent(&fake, &steps).await;
    assert_eq!((done.done, done.batches), (vec![0, 1], 1));
    assert_eq!(fake.state().calls, [2]);
    assert!(begun.elapsed().is_zero(), "it is there already");
}

/// It may still be on its way for as long as its permit lasts: sent again before that, it would meet itself.
#[tokio::test(start_paused = true)]
async fn a_write_without_an_answer_that_comes_late_is_waited_for() {
    let (fake, steps) = growing(2, 2);
    fake.state().script.push_back(Happening::Unanswered { arrives_at_list: 2 });
    let begun = Instant::now();
    assert_eq!(sent(&fake, &steps).await.done, [0, 1]);
    assert_eq!(fake.state().calls, [2]);
    // The permit runs by the wall clock, which does not stand still here.
    assert!(begun.elapsed() > Duration::from_secs(13), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_write_that_never_arrived_is_sent_again() {
    let (fake, steps) = growing(2, 2);
    fake.state().script.push_back(Happening::Unanswered { arrives_at_list: 0 });
    assert_eq!(sent(&fake, &steps).await.done, [0, 1]);
    assert_eq!(fake.state().calls, [2, 2]);
    assert_eq!(fake.state().zone, many(2));
}

#[tokio::test(start_paused = true)]
async fn a_write_without_an_answer_beside_another_writers_ends_the_run() {
    let (fake, steps) = growing(1, 1);
    fake.state().script.push_back(Happening::Unanswered { arrives_at_list: 0 });
    fake.state().zone = zone(&["n00 A 192.0.2.200"]);
    let error = failed(&fake, &steps).await;
    assert!(matches!(&error, SendError::Drifted { reason, .. } if reason.contains("n00.example.test. A")), "{error}");
}

/// Sends what was planned from `listing`, which was read so long ago.
async fn send_planned(
    fake: &Fake,
    steps: &[Step],
    listing: &mut Listing,
    age: Duration,
) -> (Sent, Result<(), SendError>, Seen) {
    let (zone, target, stop) = (apex(), fake.place(), CancellationToken::new());
    let sender = Sender {
        zone: &zone,
        target: &target,
        clock: Clock::start(),
        stop: &stop,
        is_stale: &never_stale,
        again: &|_| {},
        tell: &|_| {},
    };
    let mut watch = Watch::new(listing, Instant::now());
    tokio::time::advance(age).await;
    let (sent, ended) = sender.send(steps, &mut watch).await;
    (sent, ended, watch.seen())
}

/// Somebody claims the address of `name`; no set that a plan touches becomes another by that.
fn claim(fake: &Fake, name: &str) {
    let claim = zone(&[&format!("_dns-sync TXT \"v=dnssync1;install=beta;own=name:{name};types=a;\"")]);
    let (key, set) = claim.sets().next().expect("one set");
    fake.state().zone.put(key.clone(), set.clone()).expect("in the zone");
}

fn listing(fake: &Fake) -> Listing {
    Listing { zone: fake.state().zone.clone(), not_plain: Vec::new(), serial_stays: None }
}

/// What ended it, if somebody had taken something over.
fn taken_over(ended: &Result<(), SendError>) -> &str {
    match ended {
        Err(SendError::Drifted { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

/// Listing a large zone takes minutes, in which an operator may have handed a record over.
#[tokio::test(start_paused = true)]
async fn what_was_taken_over_since_the_zone_was_read_is_not_sent() {
    let (fake, steps) = growing(6, 2);
    let mut listing = listing(&fake);
    claim(&fake, "n03");
    let (sent, ended, seen) = send_planned(&fake, &steps, &mut listing, Duration::from_mins(3)).await;
    assert_eq!((sent.done, fake.state().calls.clone()), (vec![0, 1], vec![2]), "nor is anything after it");
    let told = taken_over(&ended);
    assert!(told.contains("n03.example.test. A") && told.contains("_dns-sync.example.test."), "{told}");
    assert_eq!(seen.changes.len(), 1, "whoever plans again knows the claim");
    assert_eq!((seen.extent, listing.zone.get(&key("_dns-sync", Rtype::TXT)).is_some()), (Some(Extent::All), true));
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_over_while_a_batch_waits_is_not_sent() {
    let (fake, steps) = growing(4, 2);
    let mut listing = listing(&fake);
    fake.state().script.push_back(Happening::Throttled(Duration::from_mins(5)));
    let operator = async {
        sleep(Duration::from_mins(1)).await;
        claim(&fake, "n01");
    };
    let ((sent, ended, _), ()) = tokio::join!(send_planned(&fake, &steps, &mut listing, Duration::ZERO), operator);
    assert_eq!(sent.done, [0; 0]);
    taken_over(&ended);
}

#[tokio::test(start_paused = true)]
async fn a_hold_on_what_nobody_writes_halts_nothing_and_what_was_just_read_is_not_read_again() {
    let (fake, steps) = growing(6, 2);
    let mut known = listing(&fake);
    claim(&fake, "elsewhere");
    let (sent, ended, seen) = send_planned(&fake, &steps, &mut known, Duration::from_mins(3)).await;
    assert_eq!((sent.done.len(), ended.is_ok()), (6, true));
    assert_eq!(seen.changes.len(), 1, "it was read once, before the first batch");
    let (fake, steps) = growing(6, 2);
    let (sent, _, seen) = send_planned(&fake, &steps, &mut listing(&fake), Duration::ZERO).await;
    assert_eq!((sent.done.len(), seen.extent), (6, None));
}

/// A server may deny a record in the words of one that takes nothing at all.
#[tokio::test]
async fn a_target_that_denies_each_step_is_told_from_one_that_refuses_records() {
    let (fake, steps) = growing(4, 4);
    fake.state().denied = ["n00", "n01", "n02", "n03"].map(|name| key(name, Rtype::A)).into();
    let all = sent(&fake, &steps).await;
    assert_eq!((all.refused.len(), all.denied_all()), (4, Some("frozen")));
    fake.state().denied = [key("n01", Rtype::A)].into();
    let one = sent(&fake, &steps).await;
    assert_eq!((one.refused.len(), one.denied_all()), (1, None), "it takes others");
    let (fake, steps) = growing(1, 1);
    fake.state().poison.insert(key("n00", Rtype::A));
    assert_eq!(sent(&fake, &steps).await.denied_all(), None, "it says what is wrong with it");
}
