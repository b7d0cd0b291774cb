//! Writing one place, once.
//!
//! The write goes out one time. What is not answered is looked for in the zone; our own fence there is success, whatever
//! the answer was. Nothing is burned here: an order that is given again rewrites the fence, which makes a lost one
//! impossible as well.

use std::time::Duration;

use dns_core::change::{ChangeSet, Guard};
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

fn is_ours(view: &ZoneView, change: &ChangeSet) -> bool {
    matches!(&view.fence, FoundFence::Present { text, .. } if *text == change.fence)
}

/// Whether the zone still has the fence that the write requires, so that it could still arrive.
fn is_required(view: &ZoneView, change: &ChangeSet) -> bool {
    match (&change.guard, &view.fence) {
        (Guard::Absent, FoundFence::Absent) => true,
        (Guard::Exactly { text, .. }, FoundFence::Present { text: found, .. }) => text == found,
        (Guard::Absent | Guard::Exactly { .. }, _) => false,
    }
}
