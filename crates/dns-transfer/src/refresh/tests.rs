use super::*;

const HOUR: Duration = Duration::from_hours(1);
const SECOND: Duration = Duration::from_secs(1);

/// Refresh after an hour, retry after 10 minutes, expire after a week.
fn soa(serial: u32) -> Soa {
    Soa { serial: Serial::new(serial), refresh: HOUR, retry: HOUR / 6, expire: 7 * 24 * HOUR }
}

/// A secondary that has just taken the zone with this serial.
fn resting(serial: u32, now: Instant) -> Secondary {
    let mut secondary = Secondary::new(Bounds::default());
    assert_eq!(secondary.poll(now), Duty::Axfr);
    secondary.transferred(soa(serial), now);
    secondary
}

#[test]
fn with_nothing_it_takes_all_of_it_at_once_and_tries_again_soon() {
    let now = Instant::now();
    let mut secondary = Secondary::new(Bounds::default());
    assert_eq!(secondary.poll(now), Duty::Axfr);
    assert_eq!(secondary.poll(now), Duty::Wait(None), "one thing at a time");
    secondary.failed(true, now);
    let again = now + 5 * SECOND;
    assert_eq!(secondary.poll(now), Duty::Wait(Some(again)));
    assert_eq!(secondary.poll(again), Duty::Axfr);
    secondary.transferred(soa(7), again);
    assert_eq!(secondary.soa(), Some(soa(7)));
}

#[test]
fn it_asks_after_refresh_and_again_after_retry() {
    let now = Instant::now();
    let mut secondary = resting(7, now);
    assert_eq!(secondary.poll(now), Duty::Wait(Some(now + HOUR)));
    assert_eq!(secondary.poll(now + HOUR), Duty::AskSoa);
    secondary.failed(false, now + HOUR);
    assert_eq!(secondary.poll(now + HOUR), Duty::Wait(Some(now + HOUR + HOUR / 6)));
    assert_eq!(secondary.poll(now + HOUR + HOUR / 6), Duty::AskSoa);
    assert_eq!(secondary.soa_came(Serial::new(7), now + 2 * HOUR), Found::Same);
    assert_eq!(secondary.poll(now + 2 * HOUR), Duty::Wait(Some(now + 3 * HOUR)));
}

#[test]
fn a_newer_serial_is_taken_by_differences_and_else_as_a_whole() {
    let now = Instant::now();
    let mut secondary = resting(u32::MAX, now);
    secondary.notified(now);
    assert_eq!(secondary.poll(now), Duty::AskSoa);
    assert_eq!(secondary.soa_came(Serial::new(1), now), Found::Newer, "it has wrapped");
    assert_eq!(secondary.poll(now), Duty::Ixfr);
    secondary.failed(true, now);
    assert_eq!(secondary.poll(now), Duty::Axfr);
    secondary.failed(true, now);
    assert_eq!(secondary.poll(now), Duty::Wait(Some(now + HOUR / 6)), "no whole zone came either");
}

#[test]
fn a_failure_that_a_whole_zone_would_share_waits_for_retry() {
    let now = Instant::now();
    let mut secondary = resting(7, now);
    secondary.notified(now);
    assert_eq!(secondary.poll(now), Duty::AskSoa);
    secondary.soa_came(Serial::new(8), now);
    assert_eq!(secondary.poll(now), Duty::Ixfr);
    secondary.failed(false, now);
    assert_eq!(secondary.poll(now), Duty::Wait(Some(now + HOUR / 6)));
}

#[test]
fn a_notify_is_followed_at_once_and_many_are_one() {
    let now = Instant::now();
    let mut secondary = resting(7, now);
    for _ in 0..3 {
        secondary.notified(now + SECOND);
    }
    assert_eq!(secondary.poll(now + SECOND), Duty::AskSoa);
    assert_eq!(secondary.soa_came(Serial::new(7), now + SECOND), Found::Same);
    assert_eq!(secondary.poll(now + SECOND), Duty::Wait(Some(now + SECOND + HOUR)));
}

#[test]
fn a_notify_while_something_is_under_way_is_followed_after_it() {
    let now = Instant::now();
    let mut secondary = resting(7, now);
    secondary.notified(now);
    assert_eq!(secondary.poll(now), Duty::AskSoa);
    secondary.notified(now);
    assert_eq!(secondary.poll(now), Duty::Wait(None));
    secondary.soa_came(Serial::new(7), now);
    let again = now + PUT_OFF;
    assert_eq!(secondary.poll(now), Duty::Wait(Some(again)), "what was notified may be newer than what was answered");
    assert_eq!(secondary.poll(again), Duty::AskSoa);
    secondary.soa_came(Serial::new(7), again);
    assert_eq!(secondary.poll(again), Duty::Wait(Some(again + HOUR)), "once");
}

/// Whoever repeats a NOTIFY that was signed once, or makes one up where none is signed.
#[test]
fn notifies_that_bring_nothing_new_lead_to_a_question_a_second_at_the_most() {
    type Answer = fn(&mut Secondary, Instant);
    let answers: [Answer; 3] = [
        |secondary, now| secondary.failed(false, now),
        |secondary, now| assert_eq!(secondary.soa_came(Serial::new(7), now), Found::Same),
        |secondary, now| assert_eq!(secondary.soa_came(Serial::new(6), now), Found::Behind),
    ];
    for answer in answers {
        let began = Instant::now();
        let (mut secondary, mut asked) = (resting(7, began), 0);
        for at in (0..60_000).map(|millis| began + Duration::from_millis(millis)) {
            secondary.notified(at);
            if secondary.poll(at) == Duty::AskSoa {
                asked += 1;
                secondary.notified(at);
                answer(&mut secondary, at);
            }
        }
        assert!((55..=65).contains(&asked), "{asked} questions in a minute");
    }
}

#[test]
fn a_notify_is_put_off_and_not_lost() {
    let now = Instant::now();
    let mut secondary = resting(7, now);
    secondary.notified(now);
    assert_eq!(secondary.poll(now), Duty::AskSoa);
    secondary.failed(false, now);
    secondary.notified(now);
    assert_eq!(secondary.poll(now), Duty::Wait(Some(now + PUT_OFF)));
    assert_eq!(secondary.poll(now + PUT_OFF), Duty::AskSoa);
    secondary.failed(false, now + 10 * SECOND);
    secondary.notified(now + 10 * SECOND);
    assert_eq!(secondary.poll(now + 10 * SECOND), Duty::AskSoa, "the answer took longer than it would be put off");
}

#[test]
fn changes_one_after_another_are_followed_at_once() {
    let mut now = Instant::now();
    let mut secondary = resting(7, now);
    secondary.notified(now);
    assert_eq!(secondary.poll(now), Duty::AskSoa);
    secondary.soa_came(Serial::new(7), now);
    now += SECOND;
    for serial in 8..100 {
        now += Duration::from_millis(1);
        secondary.notified(now);
        assert_eq!(secondary.poll(now), Duty::AskSoa, "{serial}");
        assert_eq!(secondary.soa_came(Serial::new(serial), now), Found::Newer);
        assert_eq!(secondary.poll(now), Duty::Ixfr);
        secondary.transferred(soa(serial), now);
    }
}

#[test]
fn a_notify_ends_the_wait_for_a_first_zone() {
    let now = Instant::now();
    let mut secondary = Secondary::new(Bounds::default());
    assert_eq!(secondary.poll(now), Duty::Axfr);
    secondary.failed(true, now);
    secondary.notified(now);
    assert_eq!(secondary.poll(now + PUT_OFF), Duty::Axfr);
}

#[test]
fn a_primary_that_is_behind_confirms_nothing() {
    let mut now = Instant::now();
    let mut secondary = resting(7, now);
    for serial in [6, 7 + 0x8000_0000] {
        now += SECOND;
        secondary.notified(now);
        assert_eq!(secondary.poll(now), Duty::AskSoa);
        assert_eq!(secondary.soa_came(Serial::new(serial), now), Found::Behind);
        assert_eq!(secondary.poll(now), Duty::Wait(Some(now + HOUR / 6)));
    }
    assert_eq!(secondary.soa(), Some(soa(7)));
}

#[test]
fn a_whole_zone_is_taken_if_it_is_newer_or_nothing_is_held() {
    let now = Instant::now();
    let mut one = resting(19, now);
    for (serial, is_taken) in [(18, false), (19, false), (20, true), (0x8000_0013, false)] {
        assert_eq!(one.takes(soa(serial).serial), is_taken, "{serial}");
    }
    assert_eq!(one.poll(now + Duration::from_hours(24 * 365)), Duty::Expire);
    assert!(one.takes(soa(18).serial), "it has expired");
    assert!(Secondary::new(Bounds::default()).takes(soa(18).serial));
}

#[test]
fn what_nobody_confirms_expires_once_and_is_then_taken_whole() {
    let now = Instant::now();
    let mut secondary = resting(7, now);
    let (mut at, expires_at) = (now + HOUR, now + 7 * 24 * HOUR);
    while at < expires_at {
        assert_eq!(secondary.poll(at), Duty::AskSoa);
        secondary.soa_came(Serial::new(6), at);
        let Duty::Wait(Some(next)) = secondary.poll(at) else { panic!("it does not wait") };
        assert!(next > at && next <= expires_at);
        at = next;
    }
    assert_eq!(secondary.poll(at), Duty::Expire);
    assert_eq!(secondary.soa(), None);
    assert_eq!(secondary.poll(at), Duty::Axfr);
    secondary.transferred(soa(6), at);
    assert_eq!(secondary.soa(), Some(soa(6)));
}

#[test]
fn nothing_expires_while_it_is_being_taken() {
    let now = Instant::now();
    let mut secondary = resting(7, now);
    assert_eq!(secondary.poll(now + HOUR), Duty::AskSoa);
    assert_eq!(secondary.poll(now + 7 * 24 * HOUR), Duty::Wait(None));
    secondary.soa_came(Serial::new(7), now + 7 * 24 * HOUR);
    assert_eq!(secondary.poll(now + 7 * 24 * HOUR), Duty::Wait(Some(now + (7 * 24 + 1) * HOUR)));
}

#[test]
fn a_zone_from_before_is_checked_at_once_or_has_expired() {
    let now = Instant::now();
    let mut young = Secondary::holding(Bounds::default(), soa(7), now);
    assert_eq!(young.poll(now + HOUR / 60), Duty::AskSoa);
    let mut old = Secondary::holding(Bounds::default(), soa(7), now);
    assert_eq!(old.poll(now + 7 * 24 * HOUR), Duty::Expire);
    assert_eq!(old.poll(now + 7 * 24 * HOUR), Duty::Axfr);
}

#[test]
fn an_soa_out_of_bounds_is_brought_to_them() {
    let bounds = Bounds::default();
    let mad = |secs| {
        let time = Duration::from_secs(secs);
        Soa { serial: Serial::new(1), refresh: time, retry: time, expire: time }
    };
    let (hasty, lazy) = (mad(0), mad(u64::from(u32::MAX)));
    assert_eq!((bounds.refresh(&hasty), bounds.refresh(&lazy)), (10 * SECOND, 24 * HOUR));
    assert_eq!((bounds.retry(&hasty), bounds.retry(&lazy)), (5 * SECOND, 2 * HOUR));
    assert_eq!((bounds.expire(&hasty), bounds.expire(&lazy)), (300 * SECOND, 28 * 24 * HOUR));
}

#[test]
fn retry_is_no_longer_than_refresh_and_expire_longer_than_both() {
    let bounds = Bounds::default();
    let odd = Soa { serial: Serial::new(1), refresh: HOUR, retry: 2 * HOUR, expire: HOUR };
    assert_eq!(bounds.retry(&odd), HOUR);
    assert_eq!(bounds.expire(&odd), 2 * HOUR);
}
