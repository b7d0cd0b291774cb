//! Serial numbers and their arithmetic (RFC 1982): they wrap, so "newer" is a matter of distance.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The serial of a zone's SOA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Serial(u32);

impl Serial {
    /// Takes any number; all are serials.
    pub fn new(serial: u32) -> Self {
        Self(serial)
    }

    /// The number.
    pub fn into_int(self) -> u32 {
        self.0
    }

    /// The next one (RFC 1982 §3.1).
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// How it stands to another; none if they are half of the circle apart, where RFC 1982 §3.2 leaves it open.
    pub fn compare(self, other: Self) -> Option<Ordering> {
        match self.0.wrapping_sub(other.0) {
            0 => Some(Ordering::Equal),
            0x8000_0000 => None,
            ahead if ahead < 0x8000_0000 => Some(Ordering::Greater),
            _ => Some(Ordering::Less),
        }
    }

    /// Whether it is known to be newer than another.
    pub fn is_newer_than(self, other: Self) -> bool {
        self.compare(other) == Some(Ordering::Greater)
    }
}

impl From<Serial> for u32 {
    fn from(serial: Serial) -> Self {
        serial.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_is_the_shorter_way_round() {
        let serial = Serial::new;
        assert!(serial(1).is_newer_than(serial(0)));
        assert!(serial(0).is_newer_than(serial(u32::MAX)), "it has wrapped");
        assert!(serial(44).is_newer_than(serial(u32::MAX - 55)));
        assert!(!serial(7).is_newer_than(serial(7)));
        assert!(serial(0x8000_0063).is_newer_than(serial(100)) && serial(100).is_newer_than(serial(0x8000_0065)));
    }

    #[test]
    fn half_a_circle_apart_neither_is_newer() {
        let (one, other) = (Serial::new(5), Serial::new(0x8000_0005));
        assert_eq!((one.compare(other), other.compare(one)), (None, None));
        assert!(!one.is_newer_than(other) && !other.is_newer_than(one));
    }

    #[test]
    fn the_next_of_the_last_is_the_first() {
        assert_eq!(Serial::new(u32::MAX).next(), Serial::new(0));
    }
}
