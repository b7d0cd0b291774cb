//! How often refusals are told: a datagram's sender is whoever it says, so that a line for each would be anyone's to write.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// The time in which an address is told once.
const WINDOW: Duration = Duration::from_mins(1);

/// How many addresses are told within it: more than one has primaries that are set up wrongly, and few lines.
const ADDRESSES_MAX: usize = 8;

/// Whether a refusal is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tell {
    /// It is, with how many were not since one was.
    Now { untold: u64 },
    /// It is counted.
    Later,
}

/// The refusals of a window that begins with the first.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    began: Option<Instant>,
    told: BTreeSet<IpAddr>,
    untold: u64,
}

impl Refusals {
    /// One more.
    pub(super) fn add(&mut self, from: IpAddr, now: Instant) -> Tell {
        if self.began.is_none_or(|began| now.saturating_duration_since(began) >= WINDOW) {
            self.began = Some(now);
            self.told.clear();
        }
        if self.told.len() < ADDRESSES_MAX && self.told.insert(from) {
            return Tell::Now { untold: std::mem::take(&mut self.untold) };
        }
        self.untold += 1;
        Tell::Later
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))
    }

    #[test]
    fn an_address_is_told_once_a_minute_with_what_was_not_told() {
        let (mut refusals, start) = (Refusals::default(), Instant::now());
        assert_eq!(refusals.add(address(1), start), Tell::Now { untold: 0 });
        assert_eq!([1, 1].map(|last| refusals.add(address(last), start)), [Tell::Later; 2]);
        assert_eq!(refusals.add(address(2), start), Tell::Now { untold: 2 }, "another one");
        assert_eq!(refusals.add(address(1), start + WINDOW / 2), Tell::Later);
        assert_eq!(refusals.add(address(1), start + WINDOW), Tell::Now { untold: 1 });
    }

    #[test]
    fn however_many_addresses_there_are_few_are_told() {
        let (mut refusals, start) = (Refusals::default(), Instant::now());
        let told = (0..=u8::MAX).filter(|last| refusals.add(address(*last), start) != Tell::Later).count();
        assert_eq!(told, ADDRESSES_MAX);
        assert_eq!(refusals.add(address(0), start + WINDOW), Tell::Now { untold: 248 });
    }
}
