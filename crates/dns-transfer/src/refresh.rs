//! When a secondary asks its primary, and what (RFC 1035 §3.3.13, RFC 1034 §4.3.5).
//!
//! ```text
//!            ┌── refresh, NOTIFY ──▶ AskSoa ──newer──▶ Ixfr ──no use──▶ Axfr
//!   resting ─┤                         │                │                │
//!      ▲     └── nothing held ─────────┼────────────────┼───────────────▶│
//!      │                               │                │                │
//!      ├──── refresh ◀── equal ────────┴── done ◀───────┴────────────────┤
//!      └──── retry ◀──── failed, or the primary is behind ◀──────────────┘
//!
//!   resting, expired ──▶ Expire ──▶ resting with nothing held
//! ```
//!
//! It does nothing itself and knows no clock: the caller polls for what to do, does it, and tells how it ended. One thing is
//! under way at a time. A NOTIFY in the meantime is kept, since it may tell of something newer than what is on its way.
//!
//! A NOTIFY may be a repeated one, or somebody's who wants us to ask on and on. So each question in a row that failed or found nothing
//! new puts the next NOTIFY off for twice as long, up to a second. Where each one brings something new none is put off.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use dns_zone::Serial;

use crate::soa::Soa;

/// From one question that found nothing new to the one that a NOTIFY asks for: short, since servers repeat what they notify, and the
/// next one may be of a change.
const PUT_OFF: Duration = Duration::from_millis(50);

/// The same after many of them in a row.
const PUT_OFF_MAX: Duration = Duration::from_secs(1);

/// What an SOA may ask for; what lies outside is brought to the nearest bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Of the time between two checks.
    pub refresh: RangeInclusive<Duration>,
    /// Of the time after a check that failed.
    pub retry: RangeInclusive<Duration>,
    /// Of the time for which a zone is good without a check.
    pub expire: RangeInclusive<Duration>,
}

impl Default for Bounds {
    /// RFC 1912 §2.2 advises 20 minutes to 12 hours to refresh and 2 to 4 weeks to expire. Operators of hidden primaries go far
    /// lower; below these a mistake in one record would be a flood, and above them a lost NOTIFY would stay unseen for days.
    fn default() -> Self {
        const HOUR: Duration = Duration::from_hours(1);
        Self {
            refresh: Duration::from_secs(10)..=24 * HOUR,
            retry: Duration::from_secs(5)..=2 * HOUR,
            expire: Duration::from_mins(5)..=28 * 24 * HOUR,
        }
    }
}

impl Bounds {
    fn refresh(&self, soa: &Soa) -> Duration {
        clamp(soa.refresh, &self.refresh)
    }

    fn retry(&self, soa: &Soa) -> Duration {
        clamp(soa.retry, &self.retry).min(self.refresh(soa))
    }

    /// For how long a zone is good without a check; never less than until one and one more have failed: RFC 1912 §2.2 calls anything
    /// else a mistake.
    pub fn expire(&self, soa: &Soa) -> Duration {
        clamp(soa.expire, &self.expire).max(self.refresh(soa) + self.retry(soa))
    }
}

fn clamp(wanted: Duration, bounds: &RangeInclusive<Duration>) -> Duration {
    wanted.clamp(*bounds.start(), *bounds.end())
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Nothing before this time, or before something is told; without a time until something is told.
    Wait(Option<Instant>),
    /// Ask for the primary's SOA, and tell by [`Secondary::soa_came`].
    AskSoa,
    /// Take what has changed, and tell by [`Secondary::transferred`] or [`Secondary::failed`].
    Ixfr,
    /// Take the whole zone, and tell likewise.
    Axfr,
    /// Serve and copy the zone no longer: nobody has confirmed it for too long.
    Expire,
}

/// How the primary's serial stands to ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It has something newer.
    Newer,
    /// It has the same.
    Same,
    /// It is behind, or half of the circle apart (RFC 1982 §3.2): somebody has restored it, or set the serial back. It
    /// confirms nothing, so that the zone here expires at last and is then taken whatever its serial is.
    Behind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Resting { until: Instant },
    Due(Work),
    Busy(Work),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Soa,
    Ixfr,
    Axfr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    soa: Soa,
    /// When the primary last confirmed it.
    confirmed_at: Instant,
}

/// One zone of a secondary.
#[derive(Clone, Debug)]
pub struct Secondary {
    bounds: Bounds,
    held: Option<Held>,
    phase: Phase,
    /// A NOTIFY came while something was under way.
    notified: bool,
    /// When the last question was asked.
    asked_at: Option<Instant>,
    /// From then on until a NOTIFY is followed; zero while each question finds something new.
    put_off: Duration,
}

impl Secondary {
    /// A secondary that holds nothing yet.
    pub fn new(bounds: Bounds) -> Self {
        Self::beginning(bounds, None, Work::Axfr)
    }

    /// A secondary that holds a zone from before, last confirmed at this time. It asks at once.
    pub fn holding(bounds: Bounds, soa: Soa, confirmed_at: Instant) -> Self {
        Self::beginning(bounds, Some(Held { soa, confirmed_at }), Work::Soa)
    }

    fn beginning(bounds: Bounds, held: Option<Held>, work: Work) -> Self {
        Self { bounds, held, phase: Phase::Due(work), notified: false, asked_at: None, put_off: Duration::ZERO }
    }

    /// The SOA of what it holds.
    pub fn soa(&self) -> Option<Soa> {
        self.held.map(|held| held.soa)
    }

    /// Whether a whole zone with this serial may take the place of what it holds. A primary may be several servers of which one lags: what
    /// comes from that one, after another one had something newer, is older than what is held, or the same (RFC 1982 §3.2).
    pub fn takes(&self, serial: Serial) -> bool {
        self.held.is_none_or(|held| serial.is_newer_than(held.soa.serial))
    }

    /// What to do now. What is returned once is under way until its end is told.
    pub fn poll(&mut self, now: Instant) -> Duty {
        let expires_at = self.held.map(|held| held.confirmed_at + self.bounds.expire(&held.soa));
        match self.phase {
            Phase::Busy(_) => Duty::Wait(None),
            Phase::Due(_) | Phase::Resting { .. } if expires_at.is_some_and(|at| at <= now) => {
                self.held = None;
                self.begin(Work::Axfr);
                Duty::Expire
            }
            Phase::Resting { until } if until > now => Duty::Wait(Some(expires_at.map_or(until, |at| at.min(until)))),
            Phase::Resting { .. } => self.start(if self.held.is_some() { Work::Soa } else { Work::Axfr }, now),
            Phase::Due(work) => self.start(work, now),
        }
    }

    fn begin(&mut self, work: Work) {
        self.phase = Phase::Due(work);
    }

    fn start(&mut self, work: Work, now: Instant) -> Duty {
        self.phase = Phase::Busy(work);
        self.asked_at = Some(now);
        match work {
            Work::Soa => Duty::AskSoa,
            Work::Ixfr => Duty::Ixfr,
            Work::Axfr => Duty::Axfr,
        }
    }

    /// A NOTIFY came.
    pub fn notified(&mut self, now: Instant) {
        match self.phase {
            Phase::Resting { until } => self.phase = Phase::Resting { until: self.follows_notify(now).min(until) },
            Phase::Busy(_) => self.notified = true,
            // What is about to be asked will see it.
            Phase::Due(_) => {}
        }
    }

    /// The primary has this serial.
    pub fn soa_came(&mut self, serial: Serial, now: Instant) -> Found {
        let Some(held) = self.held else {
            self.begin(Work::Axfr);
            return Found::Newer;
        };
        if serial == held.soa.serial {
            self.found_nothing();
            self.confirmed(held.soa, now);
            Found::Same
        } else if serial.is_newer_than(held.soa.serial) {
            self.begin(Work::Ixfr);
            Found::Newer
        } else {
            self.found_nothing();
            self.rest(now, self.pause());
            Found::Behind
        }
    }

    /// The zone here is now the one with this SOA. An IXFR that said that nothing is newer has [failed](Self::failed): it was asked for since
    /// the SOA was newer, so it came from a server that lags behind another one.
    pub fn transferred(&mut self, soa: Soa, now: Instant) {
        self.put_off = Duration::ZERO;
        self.confirmed(soa, now);
    }

    /// What was under way has failed. If an IXFR was, and the whole zone may still come
    /// ([`Fault::is_worth_axfr`](crate::Fault::is_worth_axfr)), it is asked for at once.
    pub fn failed(&mut self, is_worth_axfr: bool, now: Instant) {
        if self.phase == Phase::Busy(Work::Ixfr) && is_worth_axfr {
            self.begin(Work::Axfr);
        } else {
            self.found_nothing();
            self.rest(now, self.pause());
        }
    }

    fn found_nothing(&mut self) {
        self.put_off = (2 * self.put_off).clamp(PUT_OFF, PUT_OFF_MAX);
    }

    /// When a NOTIFY that is known now is followed.
    fn follows_notify(&self, now: Instant) -> Instant {
        self.asked_at.map_or(now, |asked_at| now.max(asked_at + self.put_off))
    }

    fn confirmed(&mut self, soa: Soa, now: Instant) {
        self.held = Some(Held { soa, confirmed_at: now });
        self.rest(now, self.bounds.refresh(&soa));
    }

    fn rest(&mut self, now: Instant, pause: Duration) {
        let until = if std::mem::take(&mut self.notified) { self.follows_notify(now) } else { now + pause };
        self.phase = Phase::Resting { until };
    }

    /// How long to wait after a failure if no NOTIFY comes; without an SOA the shortest time, since there is nothing to serve meanwhile.
    fn pause(&self) -> Duration {
        self.held.map_or(*self.bounds.retry.start(), |held| self.bounds.retry(&held.soa))
    }
}

#[cfg(test)]
mod tests;
