//! One canary: from the read to the answers of every authoritative server.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use dns_core::change::{ChangeSet, Guard};
use dns_core::fence::text::FenceText;
use dns_core::fence::text::canary::Canary;
use dns_core::fence::{FENCE_TTL_SECS, Rev, WriteId};
use dns_core::machine::event::{Delivery, DeliveryOutcome};
use dns_core::rrset::{Rrsets, Ttl};
use dns_core::service::Place;
use dns_core::time::Timestamp;
use dns_core::zone::{FoundFence, ReadRequest, ZoneView};
use dns_provider::port::{Permit, ProviderError, Urgency};
use hickory_proto::rr::Name;

use super::Canaries;
use crate::providers::ProviderInUse;
use crate::verifier::{Unheard, Wanted, ask_all, has_arrived};

/// One canary with its surroundings.
pub(super) struct Flight<'a> {
    pub(super) canaries: &'a Canaries,
    pub(super) place: &'a Place,
    pub(super) provider: &'a ProviderInUse,
}

/// A canary that has arrived.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flown {
    /// When it was written.
    pub(super) at: Timestamp,
    /// Whether just now, and not by an earlier process or another one.
    pub(super) written: bool,
}

/// Why none has arrived.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failed {
    /// For people.
    pub(super) reason: String,
    /// Whether it may work in a moment.
    pub(super) passing: bool,
}

impl Failed {
    fn lasting(reason: String) -> Self {
        Self { reason, passing: false }
    }
}

impl From<ProviderError> for Failed {
    fn from(error: ProviderError) -> Self {
        let passing = match &error {
            ProviderError::Transient { .. }
            | ProviderError::Throttled { .. }
            | ProviderError::Conflict { .. }
            | ProviderError::OutcomeUnknown { .. } => true,
            ProviderError::Denied { .. } | ProviderError::Invalid { .. } => false,
        };
        Self { reason: error.to_string(), passing }
    }
}

impl Flight<'_> {
    /// Writes a canary and follows it, unless this installation's is younger than `fresh_for`.
    pub(super) async fn fly(&self, fresh_for: Duration) -> Result<Flown, Failed> {
        let name = Canary::name_in(&self.place.zone).map_err(|error| Failed::lasting(error.to_string()))?;
        let view = self.read(&name).await?;
        let last = found(&view)?;
        let now = self.canaries.clock.wall();
        if let Some(last) = last.as_ref().filter(|last| self.is_own(last)) {
            // One from the future is as good as one from now: its age cannot be told.
            let at = last.at.min(now);
            if now.since(at) < fresh_for {
                // Of a process before this one, or of a try whose answer was lost: whether all servers have it is not known.
                if let FoundFence::Present { text, .. } = &view.fence {
                    self.follow(name, text.clone(), Instant::now()).await?;
                }
                return Ok(Flown { at, written: false });
            }
        }
        let next = self.next(last.as_ref(), now);
        let text = next.to_text().map_err(|error| Failed::lasting(error.to_string()))?;
        let began = Instant::now();
        self.write(&view, &text).await?;
        self.follow(name, text, began).await?;
        Ok(Flown { at: next.at, written: true })
    }

    /// From the provider itself, as before every write.
    async fn read(&self, name: &Name) -> Result<ZoneView, ProviderError> {
        let request = ReadRequest { zone: self.place.zone.clone(), fence_name: name.clone(), keys: BTreeSet::new() };
        self.provider.adapter.read(&request, Urgency::Flip).await
    }

    fn is_own(&self, canary: &Canary) -> bool {
        canary.install == self.canaries.install && canary.provider == self.place.provider
    }

    fn next(&self, last: Option<&Canary>, now: Timestamp) -> Canary {
        Canary {
            install: self.canaries.install.clone(),
            provider: self.place.provider.clone(),
            rev: last.map_or(Rev::new(1), |last| last.rev.next()),
            write: WriteId::at(now, fastrand::u128(..)),
            at: Timestamp::from_secs(now.as_secs()),
            by: self.canaries.actor.clone(),
        }
    }

    /// Sends once and reads back. Our own text in the zone is success, whatever the answer was.
    async fn write(&self, view: &ZoneView, text: &FenceText) -> Result<(), Failed> {
        let change = change(view, text);
        let Ok(_place) = self.provider.sending.acquire().await else {
            return Err(Failed { reason: "the process is stopping".to_owned(), passing: true });
        };
        let permit = Permit { granted: self.canaries.clock.wall(), length: self.provider.permit };
        let applied = self.provider.adapter.apply(&change, &permit).await;
        let unsure = match applied {
            Ok(_) => None,
            Err(error @ (ProviderError::Conflict { .. } | ProviderError::OutcomeUnknown { .. })) => Some(error),
            Err(error) => return Err(error.into()),
        };
        let seen = self.read(&view.fence_name).await?;
        match (&seen.fence, unsure) {
            (FoundFence::Present { text: there, .. }, _) if there == text => Ok(()),
            (_, Some(error)) => Err(error.into()),
            (_, None) => {
                Err(Failed { reason: "the provider accepted it, but it is not in the zone".to_owned(), passing: true })
            }
        }
    }

    async fn follow(&self, fence_name: Name, fence: FenceText, began: Instant) -> Result<(), Failed> {
        let wanted = Wanted {
            zone: self.place.zone.clone(),
            fence_name,
            fence,
            expected: Rrsets::new(),
            absent: BTreeSet::new(),
            within: self.canaries.served_within,
        };
        let deliveries = ask_all(self.provider, &wanted, began, &Unheard).await;
        let missing = missing(&deliveries);
        if !has_arrived(&deliveries) {
            return Err(Failed::lasting(format!("it is in the zone, and not on every server: {missing}")));
        }
        if !missing.is_empty() {
            // It answers no resolver either; verification after a move would say the same.
            tracing::warn!(place = %self.place, missing, "a canary has arrived, except on servers that do not answer");
        }
        Ok(())
    }
}

/// The canary of a zone. Anything else at its name is someone's, and left alone.
fn found(view: &ZoneView) -> Result<Option<Canary>, Failed> {
    let strange =
        |found: String| Failed::lasting(format!("`{}` holds {found}, which is no canary; delete it", view.fence_name));
    match &view.fence {
        FoundFence::Absent => Ok(None),
        FoundFence::Unreadable { found } => Err(strange(found.clone())),
        FoundFence::Present { text, .. } => Canary::parse(text).map(Some).map_err(|error| strange(error.to_string())),
    }
}

/// Replaces exactly what was read.
fn change(view: &ZoneView, text: &FenceText) -> ChangeSet {
    let guard = match &view.fence {
        FoundFence::Present { ttl, text } => Guard::Exactly { ttl: *ttl, text: text.clone() },
        FoundFence::Absent | FoundFence::Unreadable { .. } => Guard::Absent,
    };
    ChangeSet {
        zone: view.zone.clone(),
        fence_name: view.fence_name.clone(),
        guard,
        requires: Vec::new(),
        deletes: Vec::new(),
        creates: Vec::new(),
        fence_ttl: Ttl::from_secs(FENCE_TTL_SECS).expect("invariant: the constant is a valid TTL"),
        fence: text.clone(),
    }
}

/// Who does not serve it, and why.
fn missing(deliveries: &[Delivery]) -> String {
    let others = deliveries.iter().filter(|delivery| delivery.outcome != DeliveryOutcome::Served);
    let words = others.map(|delivery| {
        let detail = delivery.detail.as_deref().unwrap_or("no reason is known");
        format!("{}: {detail}", delivery.server)
    });
    words.collect::<Vec<_>>().join("; ")
}
