//! Whole zones at a `PowerDNS` server: one call reads all of a zone, one PATCH carries a batch out or not at all.
//!
//! The API has no conditions: a batch is compared with what stands there right before it is sent, and another writer can slip
//! in between. DNS UPDATE at the same server has no such gap.

mod batch;
mod sets;

use std::collections::BTreeSet;

use async_trait::async_trait;
use dns_zone::Owner;
use hickory_proto::rr::Name;

use self::sets::{Standing, listing};
use super::PowerDns;
use super::failure::Written;
use crate::port::{ApexCname, GuardStrength, Permit, ProviderError, Receipt};
use crate::zones::{self, BatchLimits, Listing, Size, Step, Types, Writer, ZoneTarget, ZoneTraits};

/// The longest TTL (RFC 2181 §8). A zone may hold 0.
const TTL_SECS_MAX: u32 = 0x7fff_ffff;

/// What a server takes as a request's body unless it is told otherwise (`webserver-max-bodysize`, 2 megabytes).
const BODY_OCTETS_MAX: usize = 2 * 1024 * 1024;

/// Up to so many names are looked at one by one before a batch; for more, the zone is read whole. A small change to a
/// zone of millions must not cost a reading of all of it.
const NAMES_MAX: usize = 16;

impl PowerDns {
    /// What stands at the names of a batch now. Names asked for one by one show no disabled records; the listing that the
    /// batch was planned from did, and left their sets alone.
    async fn standing(&self, zone: &Name, steps: &[Step<'_>]) -> Result<Standing, ProviderError> {
        let names: BTreeSet<Owner> = zones::keys(steps).into_iter().map(|key| key.owner).collect();
        if names.len() > NAMES_MAX {
            return Ok(Standing::new(self.api.sets(zone).await?));
        }
        let mut sets = Vec::new();
        for owner in &names {
            sets.extend(self.api.sets_at(zone, &zones::name(owner)).await?);
        }
        Ok(Standing::new(sets))
    }
}

#[async_trait]
impl ZoneTarget for PowerDns {
    fn traits(&self) -> ZoneTraits {
        ZoneTraits {
            subject: self.api.subject(),
            guard: GuardStrength::Weak,
            types: Types::All,
            ttl_secs: 0..=TTL_SECS_MAX,
            values_max: None,
            apex_cname: ApexCname::Refused,
            apex_ns: Writer::Client,
            soa: Writer::Client,
            limits: BatchLimits { octets: Some(BODY_OCTETS_MAX), ..BatchLimits::default() },
        }
    }

    fn envelope(&self, _zone: &Owner) -> Size {
        Size { octets: batch::ENVELOPE_OCTETS, ..Size::default() }
    }

    fn measure(&self, _zone: &Owner, step: Step<'_>) -> Size {
        Size { octets: batch::octets(step), ..Size::default() }
    }

    /// An answer is one document, whole or unreadable.
    async fn list(&self, zone: &Owner) -> Result<Listing, ProviderError> {
        let name = zones::name(zone);
        self.check_zone(&name)?;
        let sets = self.api.sets(&name).await?;
        listing(zone, &sets).map_err(|reason| ProviderError::Transient { subject: self.api.subject(), reason })
    }

    async fn apply(&self, zone: &Owner, steps: &[Step<'_>], permit: &Permit) -> Result<Receipt, ProviderError> {
        zones::sound(self, zone, steps)?;
        let name = zones::name(zone);
        self.check_zone(&name)?;
        let subject = self.api.subject();
        let standing = permit.within(&subject, self.standing(&name, steps)).await?;
        zones::compare(zone, steps, |key| {
            standing.at(key).map_err(|reason| ProviderError::Denied { subject: subject.clone(), reason })
        })?;
        let written = Written::of_sets(&name, &zones::keys(steps));
        self.api.patch(&written, &batch::of(steps), permit).await?;
        self.api.notify_secondaries(&name);
        Ok(Receipt::Complete)
    }
}
