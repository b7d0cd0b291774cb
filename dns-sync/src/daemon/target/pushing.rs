//! One push to a target: what was reserved is sent and settled, what was written is read back, and what is read back is asked for at
//! the servers.
//!
//! A push that ends early has written something all the same, and what became of its last batch may not be known. Both count as
//! written until the target is read, and are asked for then.

use std::time::Instant;

use dns_provider::port::ProviderError;
use dns_provider::zones::{Extent, Refreshed};
use dns_zone::{Reserved, SetChange, Step};

use super::{Known, Target, Trouble, keys};
use crate::sending::{Seen, SendError, Sender, Sent, Watch};
use crate::served::is_seen;

impl Target {
    /// Sends steps, of which what counts is `reserved`; `since` is when the oldest of it was learnt.
    pub(super) async fn push(
        &mut self,
        known: &mut Known,
        steps: &[Step],
        reserved: Option<Reserved>,
        since: Instant,
    ) -> Result<(), Trouble> {
        let zone = self.original.apex();
        known.in_doubt.extend(steps.iter().flat_map(|step| &step.changes).map(|change| change.key.clone()));
        // A flip does not wait until ten thousand other sets are through.
        let is_stale = || self.following.state().follower.source_has_news();
        let again = |error: &ProviderError| self.tell_again(error);
        let (stop, clock, target) = (&self.stop, self.clock, &self.place);
        let sender = Sender { zone, target, clock, stop, is_stale: &is_stale, again: &again, tell: &|_| {} };
        let mut watch = Watch::new(&mut known.listing, known.read_at);
        let (sent, ended) = sender.send(steps, &mut watch).await;
        let Seen { read_at, extent, changes } = watch.seen();
        (known.read_at, known.extent) = (read_at, extent.or(known.extent));
        let (done, in_doubt) = (changes_of(steps, &sent.done), changes_of(steps, &sent.in_doubt));
        self.tell_written(&done, &in_doubt);
        let maybe = [done.clone(), in_doubt].concat();
        if let Some(reserved) = reserved {
            self.part.settle(reserved, &maybe);
        }
        self.drifting.wrote(&done, self.clock.now());
        known.unread.extend(maybe.into_iter().map(|change| (change.key.clone(), (change, since))));
        // What was read meanwhile says nothing of what was written after it.
        let in_doubt = std::mem::take(&mut known.in_doubt);
        self.note(known, &changes, &[], &in_doubt);
        known.in_doubt = in_doubt;
        unless_of_records(&sent, ended)?;
        if let Some(denied) = self.denied(steps, &sent) {
            known.in_doubt.clear();
            return Err(denied);
        }
        self.set_aside(steps, &sent);
        self.tell_sent(steps, &done, &sent);
        self.read_back(known, &done).await?;
        self.ask_for_what_was_read_back(known);
        Ok(())
    }

    /// A primary tells its differences, ours among them; an API is believed in what it took until all of it is read again.
    async fn read_back(&mut self, known: &mut Known, done: &[SetChange]) -> Result<(), Trouble> {
        if known.extent != Some(Extent::Guards) {
            // Until it is read, what was written may be read as somebody else's.
            let Refreshed { extent, changes } = self.read_changes(known).await?;
            known.extent = Some(extent);
            known.in_doubt.clear();
            match extent {
                Extent::All => {
                    self.drifting.was_read();
                    self.found(known, &changes, done);
                }
                Extent::Guards => self.found(known, &changes, &[]),
            }
        }
        if known.extent == Some(Extent::Guards) {
            for change in done {
                change.apply_to(&mut known.listing.zone).expect("invariant: what was planned lies in the zone");
            }
            known.in_doubt.clear();
            self.following.state().follower.target_changed(done);
        }
        Ok(())
    }

    /// What was written and stands in the zone has to be served. What does not is no write any more that anybody waits for: it is
    /// proposed anew, or somebody else's.
    pub(super) fn ask_for_what_was_read_back(&self, known: &mut Known) {
        let (zone, target) = (&known.listing.zone, self.place.holder.traits().holds);
        for (change, since) in std::mem::take(&mut known.unread).into_values() {
            if zone.get(&change.key) == change.after.as_ref() {
                self.unserved.expect([change], &self.place.servers, since);
            }
        }
        // What was waited for may have been hidden since.
        self.unserved.forget(|key| is_seen(zone, &target, key));
    }

    /// Whether the target takes nothing at all now. A step that it refused before while it took others says nothing about that.
    fn denied(&self, steps: &[Step], sent: &Sent) -> Option<Trouble> {
        let reason = sent.denied_all()?;
        let is_news = |(index, _): &(usize, String)| !self.poison.contains_key(&keys(&steps[*index]));
        let (zone, target) = (self.original.apex().clone(), self.place.name.clone());
        let denied = || Trouble::Denied { zone, target, reason: reason.to_owned() };
        sent.refused.iter().any(is_news).then(denied)
    }

    /// What was refused is not tried again before something about it changes, or all of the target is read. What was withheld for
    /// its sake is, once nothing is.
    fn set_aside(&self, steps: &[Step], sent: &Sent) {
        let mut following = self.following.state();
        for (index, _) in &sent.refused {
            following.follower.set_aside(&steps[*index]);
        }
    }
}

/// Where it takes other records, or says what is wrong with these, however many refused ones in a row are no reason to end: they are
/// set aside, and what is behind them has its turn.
fn unless_of_records(sent: &Sent, ended: Result<(), SendError>) -> Result<(), SendError> {
    match ended {
        Err(SendError::RefusesAll { .. }) if sent.denied_all().is_none() => Ok(()),
        ended => ended,
    }
}

fn changes_of(steps: &[Step], indices: &[usize]) -> Vec<SetChange> {
    indices.iter().flat_map(|index| steps[*index].changes.iter().cloned()).collect()
}
