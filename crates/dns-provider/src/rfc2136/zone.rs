//! Whole zones at a primary that takes DNS UPDATE.
//!
//! A batch is one UPDATE: every set that a change begins from is required as it was read, value for value, and every one
//! that it makes is required absent (RFC 2136 §2.4). TTLs are no part of a condition. The message is made here and not by
//! the codec of the other messages, for one reason: names point at the zone's own and at nothing else, so that the size of a
//! batch is the sum of its steps', and a batch can be filled to the last octet.
//!
//! Reading a zone is a transfer, which is somebody else's: [`WholeZone`].

mod compose;
mod message;

use std::sync::Arc;

use async_trait::async_trait;
use dns_zone::{Owner, SetChange, Step, TargetTraits, Weight};
use hickory_proto::op::Message;

use super::{MESSAGE_OCTETS_MAX, Rfc2136};
use crate::port::{GuardStrength, Permit, ProviderError, Receipt};
use crate::zones::{self, Extent, Listing, Reached, Refreshed, Writer, ZoneTarget, ZoneTraits};

/// Reads a whole zone from the primary, which DNS UPDATE cannot: by transfer (RFC 5936).
#[async_trait]
pub trait WholeZone: Send + Sync {
    /// Everything in a zone, whole or an error, as [`ZoneTarget::list`] says.
    ///
    /// # Errors
    /// [`ProviderError::Transient`] or [`ProviderError::Denied`].
    async fn list(&self, zone: &Owner) -> Result<Listing, ProviderError>;

    /// Whether the primary begins to transfer a zone, as [`ZoneTarget::reach`] says. It may break off.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn reach(&self, zone: &Owner) -> Result<(), ProviderError>;

    /// Brings a zone up to date: by what has changed (RFC 1995) if the primary knows that, else as a whole. Says what has
    /// changed. On an error the zone is as before.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn refresh(&self, known: &mut Listing) -> Result<Vec<SetChange>, ProviderError>;
}

/// A primary that takes DNS UPDATE, as the holder of whole zones.
#[derive(Clone)]
pub struct Rfc2136Zones {
    primary: Rfc2136,
    whole: Arc<dyn WholeZone>,
}

impl Rfc2136Zones {
    /// Writes to `primary` and reads by `whole`.
    pub fn new(primary: Rfc2136, whole: Arc<dyn WholeZone>) -> Self {
        Self { primary, whole }
    }
}

#[async_trait]
impl ZoneTarget for Rfc2136Zones {
    fn traits(&self) -> ZoneTraits {
        ZoneTraits {
            subject: self.primary.subject(),
            guard: GuardStrength::Atomic,
            holds: TargetTraits::default(),
            apex_ns: Writer::Client,
            soa: Writer::Client,
            batch_max: Weight { octets: MESSAGE_OCTETS_MAX as u64, ..Weight::UNBOUNDED },
        }
    }

    fn envelope(&self, zone: &Owner) -> Weight {
        let octets = message::envelope_octets(zone) + self.primary.keyring.signature_octets();
        Weight { octets: octets as u64, ..Weight::default() }
    }

    fn weigh(&self, zone: &Owner, step: &Step) -> Weight {
        Weight { octets: message::octets(zone, step) as u64, ..Weight::default() }
    }

    async fn list(&self, zone: &Owner) -> Result<Listing, ProviderError> {
        self.whole.list(zone).await
    }

    async fn reach(&self, zone: &Owner) -> Result<Reached, ProviderError> {
        self.whole.reach(zone).await?;
        Ok(Reached { serial_stays: None })
    }

    /// Whoever changes a zone changes its serial (RFC 1995 §2), so that all is seen that was not there before, whosever.
    async fn refresh(&self, known: &mut Listing) -> Result<Refreshed, ProviderError> {
        let changes = self.whole.refresh(known).await?;
        Ok(Refreshed { extent: Extent::All, changes })
    }

    async fn apply(&self, zone: &Owner, steps: &[&Step], permit: &Permit) -> Result<Receipt, ProviderError> {
        zones::sound(self, zone, steps)?;
        let wire = message::encode(zone, steps, Message::query().metadata.id);
        let which = self.primary.keyring.proven();
        let key = self.primary.keyring.key(which);
        let signed = key.sign_wire(wire, permit.granted.as_secs(), permit.length).map_err(|reason| {
            ProviderError::Invalid { subject: self.primary.subject(), record: format!("a batch for {zone}"), reason }
        })?;
        self.primary.send(&zones::name(zone), which, &signed).await
    }

    /// A transfer has records and nothing about them.
    fn trail(&self) -> &'static str {
        "the primary's log for updates of the zone, which name their key"
    }
}
