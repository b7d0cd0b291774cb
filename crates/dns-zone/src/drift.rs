//! Drift: how a target came to differ from what it is believed to hold, and what is done about it.
//!
//! A daemon lists a target now and then. What differs is judged by what it remembers of its own writes ([`Ledger`]):
//!
//! | the set is | and | then it is |
//! |---|---|---|
//! | left alone by plans | | not ours to judge: what is listed is believed at once |
//! | as it was before our last write | that was not yet seen, and is recent | lag: read again |
//! | as it was before our last write | that was seen, or is not recent | reverted, or see below |
//! | as it came back after the write before, of the same | neither was ever seen as written | normalised: the target's form of it |
//! | anything else | | foreign |
//!
//! A form is told from an ignored write by this: in place of what was written stands neither that nor what was there before. A
//! target that merely keeps the old value is reverted, however often; it is never taken for equal.
//!
//! Forms live as long as the [`Ledger`]. Whoever begins anew finds the form there already, before the first write, so that it looks
//! as if writes were ignored. If it differs from what is written in spelling only (letters, the division of a text), it is taken
//! for a form all the same after two writes: an ignored write would do no harm either. What a target keeps in any other way is
//! reverted then, and held for a person after [`REPAIRS_MAX`] repairs; it is never written on and on.
//!
//! Alarm before acting: a set that is reverted or foreign is told at once, and repaired only when it has been found so for as long
//! as [`Repair`] says, since whoever changed it by hand may be about to say so in the source. One that is changed again after
//! [`REPAIRS_MAX`] repairs is held, not fought: there are two writers, and only people can tell which is right.

mod ledger;
mod spelling;

use std::fmt;
use std::time::Duration;

use dns_core::time::Timestamp;

pub use self::ledger::Ledger;
use crate::change::SetChange;
use crate::left_alone::Why;

/// So many times a value is written again before its set is held. One repair may meet the end of somebody's work by hand, two a
/// job that runs once more; who changes it a fourth time does so as often as we do.
pub const REPAIRS_MAX: u32 = 3;

/// When a set that is reverted or foreign is repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Never: it is told.
    Never,
    /// When it has been found so for this long.
    After(Duration),
}

/// How drift is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long a target may go on showing what was before a write.
    pub grace: Duration,
    /// When it is repaired.
    pub repair: Repair,
}

/// How a set came to differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Plans leave it alone: it is somebody else's.
    LeftAlone(Why),
    /// Our write is not seen yet.
    Lag,
    /// What we wrote was undone.
    Reverted,
    /// The target keeps what we wrote in a form of its own, which counts as equal from now on.
    Normalised,
    /// Somebody else changed it.
    Foreign,
}

/// What is to be done about a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// What is listed is what the target holds from now on.
    Believe,
    /// Nothing: it counts as what was written.
    Nothing,
    /// It is looked at again with the next listing.
    Wait,
    /// It is left as it is: repairs are switched off.
    Keep,
    /// What is listed is what the target holds, so that it is planned anew.
    Repair,
    /// It is left as it is: there are two writers.
    Hold,
}

/// A set that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drifted {
    /// From what is believed to what is listed.
    pub change: SetChange,
    /// How it came.
    pub drift: Drift,
    /// Since when it has been found so.
    pub since: Timestamp,
    /// Whether it is found so for the first time.
    pub is_new: bool,
    /// What is done.
    pub next: Next,
}

impl fmt::Display for Drifted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SetChange { key, before, after } = &self.change;
        let texts = self.change.in_words();
        match &self.drift {
            Drift::LeftAlone(why) => write!(f, "{key} is another now, and left alone ({why}): {texts}")?,
            Drift::Lag => write!(f, "{key} does not show the last write yet: {texts}")?,
            Drift::Reverted => write!(f, "{key} is again as it was before the last write: {texts}")?,
            Drift::Normalised => {
                write!(f, "{key} is kept by the target in a form of its own, which counts as equal: {texts}")?;
            }
            Drift::Foreign => {
                let done = match (before, after) {
                    (None, _) => "created",
                    (Some(_), None) => "deleted",
                    (Some(_), Some(_)) => "changed",
                };
                write!(f, "{key} was {done} by someone else: {texts}")?;
            }
        }
        match self.next {
            Next::Believe | Next::Nothing | Next::Wait => Ok(()),
            Next::Keep => f.write_str("; repairs are switched off"),
            Next::Repair => f.write_str("; it will be repaired"),
            Next::Hold => write!(
                f,
                "; it was repaired {REPAIRS_MAX} times and has two writers: stop one of them, until then it is left as it is"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
