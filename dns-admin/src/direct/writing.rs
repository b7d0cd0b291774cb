//! Writing one place, once.
//!
//! The write goes out one time. What is not answered is looked for in the zone; our own fence there is success, whatever
//! the answer was. Nothing is burned here: an order that is given again rewrites the fence, which makes a lost one
//! impossible as well.

use std::time::Duration;

use dns_core::change::{ChangeSet, Guard};
use dns_core::fence::Fence;
use dns_core::zone::{FoundFence, ZoneView};
use dns_provider::port::{Permit, ProviderError, Receipt, Urgency};
use dns_service::clock::Clock;

use super::places::Place;

/// How often an accepted write is looked for: the primary has it at once, an API within its own consistency.
const READ_BACK_TRIES: u32 = 5;

/// Between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// Added to twice the permit before a signed write counts as dead: TSIG time is whole seconds on both sides.
const ROUNDING: Duration = Duration::from_secs(2);

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// Its fence is in the zone.
    Applied {
        /// What the provider calls it.
        receipt: Receipt,
    },
    /// The zone was not as it was read; nothing was written.
    Conflicted(String),
    /// Refused for another reason; nothing was written.
    Refused(String),
    /// Not reached; nothing was written.
    Unreachable(String),
    /// Sent, and neither found nor made impossible.
    Unknown(String),
}

impl Written {
    /// As a word, for programs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::Conflicted(_) => "conflicted",
            Self::Refused(_) => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::Unknown(_) => "unknown",
        }
    }

    /// What happened, if it was not applied.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Applied { .. } => None,
            Self::Conflicted(reason) | Self::Refused(reason) | Self::Unreachable(reason) | Self::Unknown(reason) => {
                Some(reason)
            }
        }
    }
}

/// Sends a change set once and finds out what became of it.
pub async fn write(place: &Place, change: &ChangeSet, clock: &Clock) -> Written {
    let adapter = match &place.adapter {
        Ok(adapter) => adapter,
        Err(reason) => return Written::Refused(reason.clone()),
    };
    let permit = Permit { granted: clock.wall(), length: place.config.permit };
    match adapter.apply(change, &permit).await {
        Ok(receipt) => read_back(place, change, receipt).await,
        Err(error) => after(error, place, change, permit, clock).await,
    }
}

/// Accepted does not mean applied: the zone has to show it.
async fn read_back(place: &Place, change: &ChangeSet, receipt: Receipt) -> Written {
    let mut last = "its fence is not in the zone".to_owned();
    for _ in 0..READ_BACK_TRIES {
        match place.read(Urgency::Flip).await {
            Ok(view) if is_ours(&view, change) => return Written::Applied { receipt },
            Ok(_) => "its fence is not in the zone".clone_into(&mut last),
            Err(failure) => failure.reason().clone_into(&mut last),
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
    Written::Unknown(format!("the provider accepted it, but {last}"))
}

async fn after(error: ProviderError, place: &Place, change: &ChangeSet, permit: Permit, clock: &Clock) -> Written {
    let reason = error.to_string();
    match error {
        ProviderError::Conflict { .. } => match place.read(Urgency::Flip).await {
            Ok(view) if is_ours(&view, change) => Written::Applied { receipt: Receipt::Complete },
            Ok(_) => Written::Conflicted(reason),
            Err(failure) => Written::Conflicted(format!("{reason}; and it cannot be read now: {}", failure.reason())),
        },
        ProviderError::OutcomeUnknown { .. } => find_out(&reason, place, change, permit, clock).await,
        ProviderError::Transient { .. } | ProviderError::Throttled { .. } => Written::Unreachable(reason),
        ProviderError::Denied { .. } | ProviderError::Invalid { .. } => Written::Refused(reason),
    }
}

/// Looks until the write shows, another has taken its place, or its signature is too old to be taken.
async fn find_out(reason: &str, place: &Place, change: &ChangeSet, permit: Permit, clock: &Clock) -> Written {
    let dead_at = permit.granted + permit.length * 2 + ROUNDING;
    loop {
        let over = clock.wall() > dead_at;
        let seen = match place.read(Urgency::Flip).await {
            Ok(view) if is_ours(&view, change) => return Written::Applied { receipt: Receipt::Complete },
            Ok(view) if !is_required(&view, change) => {
                return Written::Conflicted(format!("{reason}; and another write has come first"));
            }
            Ok(_) => "it is not in the zone".to_owned(),
            Err(failure) => format!("the zone cannot be read: {}", failure.reason()),
        };
        if over {
            return Written::Unknown(format!("{reason}; {seen}"));
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

/// Whether the zone has our write, or what was built on it: a controller that follows may have written its own words into
/// the fence since, and leaves epoch and plan of the move as they are.
fn is_ours(view: &ZoneView, change: &ChangeSet) -> bool {
    let FoundFence::Present { text, .. } = &view.fence else { return false };
    let of_move = |text| Fence::parse(text, &view.zone).ok().map(|fence| (fence.epoch, fence.plan));
    *text == change.fence || of_move(text).is_some_and(|found| Some(found) == of_move(&change.fence))
}

/// Whether the zone still has the fence that the write requires, so that it could still arrive.
fn is_required(view: &ZoneView, change: &ChangeSet) -> bool {
    match (&change.guard, &view.fence) {
        (Guard::Absent, FoundFence::Absent) => true,
        (Guard::Exactly { text, .. }, FoundFence::Present { text: found, .. }) => text == found,
        (Guard::Absent | Guard::Exactly { .. }, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use dns_core::fence::text::FenceText;
    use dns_core::rrset::{Ttl, canonical_name};

    use super::*;

    fn fence(epoch: u64, rev: u64, write: &str, plan: &str) -> FenceText {
        let digest = "0".repeat(32);
        let strings = [
            format!(
                "v=dnsfo1;install=acme;id=checkout;provider=main;epoch={epoch};rev={rev};write={write};plan={plan};"
            ),
            format!("active=dr;moved=1795246200;by=ada;cfg=0;pin=;pause=;rrs=api/a;digest={digest};"),
        ];
        FenceText::from_strings(strings.to_vec())
    }

    #[test]
    fn a_fence_that_was_only_annotated_since_is_still_our_write() {
        let zone = canonical_name("example.com").expect("a name");
        let fence_name = canonical_name("_checkout._failover.example.com").expect("a name");
        let ttl = Ttl::from_secs(60).expect("a TTL");
        let change = ChangeSet {
            zone: zone.clone(),
            fence_name: fence_name.clone(),
            guard: Guard::Absent,
            requires: Vec::new(),
            deletes: Vec::new(),
            creates: Vec::new(),
            fence_ttl: ttl,
            fence: fence(42, 57, "w1", "p1"),
        };
        let view = |text: FenceText| ZoneView {
            zone: zone.clone(),
            fence_name: fence_name.clone(),
            fence: FoundFence::Present { ttl, text },
            asked: std::collections::BTreeSet::new(),
            rrsets: std::collections::BTreeMap::new(),
        };
        assert!(is_ours(&view(fence(42, 57, "w1", "p1")), &change));
        assert!(
            is_ours(&view(fence(42, 58, "w2", "p1")), &change),
            "its words were changed by a controller that follows"
        );
        assert!(!is_ours(&view(fence(42, 57, "w2", "p2")), &change), "another move of the same epoch");
        assert!(!is_ours(&view(fence(43, 58, "w2", "p1")), &change));
    }
}
