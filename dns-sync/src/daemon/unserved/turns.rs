//! Whose turn it is of what takes too long: a bounded number at once, from first to last and around again, after pauses that grow.
//!
//! A server that is lame, or was never told of the zone, would else be asked for each of ten thousand sets again and again.

use std::time::Duration;

use dns_zone::SetKey;
use tokio::time::Instant;

/// The first pause: somebody was told, and asking on and on helps nobody.
pub(super) const PAUSE: Duration = Duration::from_secs(5);

/// The longest one.
pub(super) const PAUSE_MAX: Duration = Duration::from_mins(2);

/// Sets of one turn. So all of 10,000 are asked for within 20 minutes, even if each one is in vain.
pub(super) const AT_ONCE: usize = 1_000;

/// The turns of one server.
#[derive(Debug)]
pub(super) struct Turns {
    /// Up to which set the last turn went.
    last: Option<SetKey>,
    /// When the next one is.
    pub(super) due: Instant,
    pause: Duration,
}

impl Turns {
    /// The first turn is a pause from now.
    pub(super) fn new(now: Instant) -> Self {
        Self { last: None, due: now + PAUSE, pause: PAUSE }
    }

    /// What is to be asked for now, of all that takes too long in the order of its keys.
    pub(super) fn next<T>(&mut self, mut late: Vec<(&SetKey, T)>, now: Instant) -> Vec<T> {
        if late.is_empty() {
            *self = Self::new(now);
        }
        if now < self.due {
            return Vec::new();
        }
        let begin = late.partition_point(|(key, _)| Some(*key) <= self.last.as_ref());
        late.rotate_left(begin);
        late.truncate(AT_ONCE);
        self.last = late.last().map(|(key, _)| (*key).clone());
        late.into_iter().map(|(_, one)| one).collect()
    }

    /// A turn has ended; whether anything of it was served at last. Then the rest may be, too, and has its turn at once.
    pub(super) fn ended(&mut self, any_served: bool, now: Instant) {
        if any_served {
            (self.pause, self.due) = (PAUSE, now);
        } else {
            self.due = now + self.pause;
            self.pause = (2 * self.pause).min(PAUSE_MAX);
        }
    }

    /// The server serves something else that was written: it may serve the rest soon.
    pub(super) fn hurry(&mut self, now: Instant) {
        self.pause = PAUSE;
        self.due = self.due.min(now + PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use dns_zone::Rtype;

    use super::*;
    use crate::fake::key;

    fn keys(count: usize) -> Vec<SetKey> {
        (0..count).map(|one| key(&format!("n{one:05}"), Rtype::A)).collect()
    }

    fn next(turns: &mut Turns, keys: &[SetKey], now: Instant) -> Vec<SetKey> {
        turns.next(keys.iter().map(|key| (key, key.clone())).collect(), now)
    }

    /// The turn that is next, once it is due.
    fn due(turns: &mut Turns, keys: &[SetKey]) -> Vec<SetKey> {
        let now = turns.due;
        next(turns, keys, now)
    }

    #[test]
    fn each_set_has_its_turn_before_any_has_a_second_one() {
        let (mut now, keys) = (Instant::now(), keys(3 * AT_ONCE));
        let mut turns = Turns::new(now);
        let mut asked = Vec::new();
        for _ in 0..3 {
            assert!(next(&mut turns, &keys, now).is_empty(), "it pauses");
            now = turns.due;
            asked.extend(next(&mut turns, &keys, now));
            turns.ended(false, now);
        }
        assert_eq!(asked, keys);
        assert_eq!(due(&mut turns, &keys)[..], keys[..AT_ONCE], "around again");
    }

    #[test]
    fn what_is_new_in_the_middle_of_a_circle_takes_no_turn_away() {
        let (now, keys) = (Instant::now(), keys(3));
        let mut turns = Turns::new(now);
        assert_eq!(due(&mut turns, &keys[2..]), keys[2..]);
        assert_eq!(due(&mut turns, &keys), keys, "the last one was asked for before");
        assert_eq!(due(&mut turns, &keys[..2]), keys[..2], "the last one is gone");
    }

    #[test]
    fn pauses_grow_up_to_some_minutes_and_begin_anew_once_something_is_served() {
        let (mut now, keys) = (Instant::now(), keys(1));
        let mut turns = Turns::new(now);
        let mut pause = |served: bool| {
            let pause = turns.due - now;
            now = turns.due;
            next(&mut turns, &keys, now);
            turns.ended(served, now);
            pause.as_secs()
        };
        let pauses: Vec<u64> = (0..8).map(|which| pause(which == 7)).collect();
        assert_eq!(pauses, [5, 5, 10, 20, 40, 80, 120, 120]);
        assert_eq!([pause(false), pause(false), pause(false)], [0, 5, 10]);
        turns.hurry(now);
        assert_eq!(turns.due - now, PAUSE);
        assert!(next(&mut turns, &[], now).is_empty());
        assert_eq!(turns.due - now, PAUSE, "with nothing left it begins anew");
    }
}
