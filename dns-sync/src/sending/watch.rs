//! Watches who holds what while steps are sent.
//!
//! A fence or a claim does not change the sets that it takes over, so that no condition on these notices it. So what says who
//! holds what is read again right before a batch, unless that was a moment ago. What is left is that moment and the time that the
//! write itself takes; no provider can be told to refuse a write because a fence has come whose name nobody knew.

use std::time::Duration;

use dns_provider::port::ProviderError;
use dns_provider::zones::{Extent, Listing};
use dns_zone::{Guards, Owner, SetChange, Step, TakenOver, Zone};
use tokio::time::Instant;

use crate::place::Place;

/// How long ago the guards may have been read when a batch is sent. An operator's hand is not faster.
const AGE_MAX: Duration = Duration::from_secs(3);

/// Where reading takes long, since a primary keeps no differences, it is not repeated within this many times as long.
const PAUSE_FACTOR: u32 = 4;

/// A target that is written, as it is known.
pub(crate) struct Watch<'l> {
    /// None where nobody else can hold what is written.
    listing: Option<&'l mut Listing>,
    /// Who held what when the steps were planned, but for what was written since.
    planned: Guards,
    /// How long it took to read the guards.
    took: Duration,
    seen: Seen,
}

/// What was read meanwhile.
#[derive(Debug)]
pub(crate) struct Seen {
    /// When that was begun last.
    pub(crate) read_at: Instant,
    /// What it reached; none if nothing was read.
    pub(crate) extent: Option<Extent>,
    /// What has changed, own writes among it.
    pub(crate) changes: Vec<SetChange>,
}

impl<'l> Watch<'l> {
    /// Begins with what the steps were planned from. `read_at` is when reading that was begun.
    pub(crate) fn new(listing: &'l mut Listing, read_at: Instant) -> Self {
        let planned = guards(listing);
        let seen = Seen { read_at, extent: None, changes: Vec::new() };
        Self { listing: Some(listing), planned, took: Duration::ZERO, seen }
    }

    /// Of a write that says itself who holds what: it requires that as it was read.
    pub(crate) fn nothing(zone: &Owner) -> Self {
        let nothing = Listing { zone: Zone::new(zone.clone()), not_plain: Vec::new(), serial_stays: None };
        let seen = Seen { read_at: Instant::now(), extent: None, changes: Vec::new() };
        Self { listing: None, planned: guards(&nothing), took: Duration::ZERO, seen }
    }

    /// Reads what says who holds what, unless that was a moment ago.
    ///
    /// # Errors
    /// As [`ZoneTarget::refresh`](dns_provider::zones::ZoneTarget::refresh).
    pub(super) async fn look(&mut self, target: &Place) -> Result<(), ProviderError> {
        let (begun, Some(listing)) = (Instant::now(), &mut self.listing) else { return Ok(()) };
        if begun - self.seen.read_at <= AGE_MAX.max(self.took * PAUSE_FACTOR) {
            return Ok(());
        }
        let refreshed = target.holder.refresh(listing).await?;
        self.took = begun.elapsed();
        self.seen.read_at = begun;
        self.seen.extent = Some(refreshed.extent);
        self.seen.changes.extend(refreshed.changes);
        Ok(())
    }

    /// Whether nothing of a batch was taken over since it was planned.
    ///
    /// # Errors
    /// [`TakenOver`].
    pub(super) fn allows(&self, batch: &[&Step]) -> Result<(), TakenOver> {
        // Nothing was read since.
        let Some(listing) = self.listing.as_deref().filter(|_| self.seen.extent.is_some()) else { return Ok(()) };
        self.planned.still_allow(batch.iter().copied(), &guards(listing), &listing.zone)
    }

    /// Takes note of a batch that the target took.
    pub(super) fn wrote<'s>(&mut self, batch: impl IntoIterator<Item = &'s Step>) {
        self.planned.wrote(batch);
    }

    /// What was read meanwhile.
    pub(crate) fn seen(self) -> Seen {
        self.seen
    }
}

fn guards(listing: &Listing) -> Guards {
    Guards::of(&listing.zone, listing.not_plain.iter().map(|one| &one.owner))
}
