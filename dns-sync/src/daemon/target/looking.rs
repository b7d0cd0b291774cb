//! Reading a target: all of it now and then, in between what says who holds what; and what is noted of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dns_provider::zones::Refreshed;
use dns_service::exit::one_line;
use dns_zone::{SetChange, SetKey, difference, is_compared};
use tokio::time::Instant;
use tracing::warn;

use super::{Known, Target, Trouble};
use crate::reading::{self, TargetUnread};

/// How often it is kept how large the source is.
pub(super) const REMEMBER_EVERY: Duration = Duration::from_hours(24);

impl Target {
    /// Reads all of the target. What it has refused is tried again: what it takes is its business, and may be another one now.
    pub(super) async fn look(&mut self, known: &mut Option<Known>) -> Result<(), Trouble> {
        let read_at = Instant::now();
        let listing = self.unless_stopped(reading::list(&self.place, self.original.apex())).await??;
        let (due, took) = (Instant::now() + self.check_every, read_at.elapsed());
        self.sign.checked();
        let Some(known) = known else {
            self.following.state().follower.compare_all();
            let (in_doubt, unread) = (BTreeSet::new(), BTreeMap::new());
            *known = Some(Known { listing, read_at, took, due, extent: None, in_doubt, unread });
            return Ok(());
        };
        self.following.state().follower.try_again();
        let changes = difference(&known.listing.zone, &listing.zone);
        (known.listing, known.due) = (listing, due);
        (known.read_at, known.took) = (read_at, took);
        self.drifting.was_read();
        self.found(known, &changes, &[]);
        self.ask_for_what_was_read_back(known);
        Ok(())
    }

    /// Brings up to date what says who holds what, so that nothing is written that somebody has taken over meanwhile.
    pub(super) async fn refresh(&mut self, known: &mut Known) -> Result<(), Trouble> {
        let Refreshed { extent, changes } = self.read_changes(known).await?;
        known.extent = Some(extent);
        self.found(known, &changes, &[]);
        Ok(())
    }

    pub(super) async fn read_changes(&self, known: &mut Known) -> Result<Refreshed, Trouble> {
        let begun = Instant::now();
        let refreshed = self.unless_stopped(self.place.holder.refresh(&mut known.listing)).await?;
        known.read_at = begun;
        let (zone, target) = (self.original.apex().clone(), self.place.name.clone());
        Ok(refreshed.map_err(|source| TargetUnread { zone, target, source })?)
    }

    /// Nobody waits for a zone to be read who is told to stop.
    async fn unless_stopped<T>(&self, reading: impl Future<Output = T>) -> Result<T, Trouble> {
        self.stop.run_until_cancelled(reading).await.ok_or(Trouble::Stopped)
    }

    /// Takes note of what the target has become. What was written by this daemon just before is somebody else's if it is otherwise
    /// now than it was written: it may have been undone already, or be kept in another form.
    pub(super) fn found(&mut self, known: &mut Known, changes: &[SetChange], own: &[SetChange]) {
        let in_doubt = std::mem::take(&mut known.in_doubt);
        self.note(known, changes, own, &in_doubt);
    }

    pub(super) fn note(
        &mut self,
        known: &Known,
        changes: &[SetChange],
        own: &[SetChange],
        in_doubt: &BTreeSet<SetKey>,
    ) {
        self.following.state().follower.target_changed(changes);
        let own: BTreeMap<&SetKey, &SetChange> = own.iter().map(|change| (&change.key, change)).collect();
        let is_known = |key: &SetKey| in_doubt.contains(key) || own.contains_key(key);
        let others = changes.iter().filter(|one| !is_known(&one.key)).cloned();
        let undone = own.values().filter_map(|change| {
            let SetChange { key, after: before, .. } = SetChange::clone(change);
            let after = known.listing.zone.get(&key).cloned();
            (before != after).then_some(SetChange { key, before, after })
        });
        let foreign: Vec<SetChange> =
            others.chain(undone).filter(|one| is_compared(&one.key, self.original.apex())).collect();
        self.drifting.seen(&foreign);
    }

    /// A source that becomes much smaller within a day is stopped, however small its steps are. Of a target that is equal it is known
    /// that this much is meant.
    pub(super) fn remember_source_sets(&mut self) {
        let (apex, target, now) = (self.original.apex(), &self.place.name, Instant::now());
        let due = *self.remember_at.get_or_insert_with(|| {
            // Whoever restarts us every hour must not let it shrink by so much every hour.
            let age = self.folder.source_sets_age(apex, target).unwrap_or(REMEMBER_EVERY);
            now + REMEMBER_EVERY.saturating_sub(age)
        });
        if now < due {
            return;
        }
        // Of the source that was judged, not of what may have come since.
        let sets = self.following.state().follower.source_sets();
        if let Err(error) = self.folder.keep_source_sets(apex, target, sets) {
            warn!(zone = %apex, "how large the source is cannot be kept: {}", one_line(&error));
        }
        self.remember_at = Some(now + REMEMBER_EVERY);
    }
}
