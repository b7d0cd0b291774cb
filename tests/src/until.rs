//! Bounded waiting: the only way in which the rig and its tests wait for something to happen.

use std::fmt::Debug;
use std::thread;
use std::time::{Duration, Instant};

/// How long a condition may take that normally holds within a second: long enough for a loaded machine of two cores,
/// short enough to read the failure while still remembering what was started.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The pause between two looks. Short against every timer of the servers under test, long against a look's cost.
const PAUSE: Duration = Duration::from_millis(40);

/// Polls `look` until it returns `Ok`, and returns that value.
///
/// # Panics
///
/// When `deadline` has passed, with `what` and the last `Err`. At least one look is taken.
pub fn until<T, E: Debug>(what: &str, deadline: Duration, mut look: impl FnMut() -> Result<T, E>) -> T {
    let start = Instant::now();
    loop {
        let last = match look() {
            Ok(value) => return value,
            Err(last) => last,
        };
        assert!(start.elapsed() < deadline, "not within {deadline:?}: {what}; last seen: {last:?}");
        thread::sleep(PAUSE);
    }
}

/// Polls `look` until it returns `want`.
///
/// # Panics
///
/// When `deadline` has passed, with `what`, the wanted and the last value.
pub fn until_eq<T, W>(what: &str, deadline: Duration, want: &W, mut look: impl FnMut() -> T)
where
    T: Debug + PartialEq<W>,
    W: Debug + ?Sized,
{
    let what = format!("{what}; wanted: {want:?}");
    until(&what, deadline, || {
        let seen = look();
        if seen == *want { Ok(()) } else { Err(seen) }
    });
}
