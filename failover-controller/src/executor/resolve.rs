//! Finding out what became of a write that may have been sent.
//!
//! Either its fence is found in the zone, or it is *burned*: the fence that it requires is rewritten with a higher rev
//! and unchanged records, after which the lost message can no longer match. A write that requires the absence of a
//! fence cannot be burned that way, nor one whose required fence does not show; it is waited out until the server's clock
//! must refuse its signature.

use std::collections::BTreeSet;
use std::time::Duration;

use dns_core::change::{ChangeSet, Guard};
use dns_core::fence::{Fence, WriteId};
use dns_core::machine::event::WriteOutcome;
use dns_core::rrset::{RrsetKey, Rrsets};
use dns_core::zone::{FoundFence, ZoneView};
use dns_provider::port::{Permit, ProviderError};
use dns_service::failpoint::{self, Failpoint};

use super::send::{Job, PAUSE_MIN, Sighting};

/// Added to twice the permit before an adoption counts as dead: TSIG time is whole seconds on both sides.
const ROUNDING: Duration = Duration::from_secs(2);

impl Job<'_> {
    /// Looks and burns until the write has an end, or the process is asked to stop: then the next one goes on.
    pub(super) async fn resolve(self, reason: &str, permit: Option<Permit>) {
        self.note_uncertain(reason).await;
        let dead_at = self.dead_at(permit);
        let mut pause = PAUSE_MIN;
        loop {
            match self.look().await {
                Ok(Sighting::Ours(view)) => return self.settle(WriteOutcome::Applied(view)).await,
                Ok(Sighting::Other(view)) => {
                    if let Some(end) = self.burn(&view, dead_at).await {
                        return self.settle(WriteOutcome::Burned(end)).await;
                    }
                }
                Err(error) => self.note_uncertain(&error.to_string()).await,
            }
            if self.pause(&mut pause).await {
                return;
            }
        }
    }

    /// From when on the server must refuse the write: it was signed at the permit at the latest, its clock may lie up
    /// to one permit behind ours or it would take no write at all, and the fudge is one permit.
    fn dead_at(self, permit: Option<Permit>) -> dns_core::time::Timestamp {
        let granted = permit.map_or_else(|| self.executor.clock.wall(), |permit| permit.granted);
        granted + self.provider.permit * 2 + ROUNDING
    }

    /// Tries to make the write impossible. Returns how, once it is.
    async fn burn(self, view: &ZoneView, dead_at: dns_core::time::Timestamp) -> Option<String> {
        let text = match (&self.write.change.guard, &view.fence) {
            (Guard::Exactly { text: required, .. }, FoundFence::Present { text, .. }) if required == text => text,
            _ if self.write.is_outrun_by(view) => return Some("the fence that it requires is gone".to_owned()),
            // A fence that is missing or older may be what a look that lags behind shows.
            (Guard::Exactly { .. } | Guard::Absent, _) => {
                let dead = self.executor.clock.wall() > dead_at;
                return dead.then(|| "its signature is too old for the server to take".to_owned());
            }
        };
        failpoint::reach(Failpoint::BeforeBurn);
        let Ok(fence) = Fence::parse(text, &view.zone) else {
            return Some("the fence that it requires is none of ours".to_owned());
        };
        let change = self.burning(view, fence)?;
        let permit = Permit { granted: self.executor.clock.wall(), length: self.provider.permit };
        match self.provider.adapter.apply(&change, &permit).await {
            Ok(_) | Err(ProviderError::Conflict { .. } | ProviderError::OutcomeUnknown { .. }) => {}
            Err(error) => self.note_uncertain(&format!("it cannot be burned: {error}")).await,
        }
        failpoint::reach(Failpoint::AfterBurn);
        // What the burn did shows in the next look: the required fence is gone, or it is not.
        None
    }

    /// The same records under a fence with a higher rev and a new write id.
    fn burning(self, view: &ZoneView, fence: Fence) -> Option<ChangeSet> {
        let keys: BTreeSet<RrsetKey> = fence.rrs.iter().filter(|key| view.asked.contains(key)).cloned().collect();
        let records: Rrsets = fence.guarded(&view.rrsets);
        let burned = Fence {
            rev: self.write.burning_rev(&fence),
            write: WriteId::at(self.executor.clock.wall(), fastrand::u128(..)),
            by: self.executor.actor.clone(),
            ..fence
        };
        ChangeSet::plan(view, &keys, &records, &burned).ok()
    }
}
