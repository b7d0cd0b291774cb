//! Whole zones at Cloudflare: pages that are counted against the total, and batches whose condition are ids.
//!
//! A batch is made from a look right before it, which must show exactly what the changes begin from. What goes is deleted and
//! what changes is patched *by id*, so that a record that somebody replaced in between fails the batch whole (81044). Records
//! that change keep their id, comment and tags. What is created has no id: a record that appears in between is noticed
//! only where Cloudflare refuses both (81053, 81054, 81058). A service's records and its fence are never written this way:
//! they are left out of plans, and replacing them would not renew their ids.
//!
//! A TTL of 1, "automatic", is read as the 300 s that it is served with.

mod batch;
mod fields;
mod sets;
mod traces;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use dns_zone::{GuardNames, Owner, Rtype, SetKey, Step, TargetTraits, Types, Weight};

use self::sets::{Standing, listing};
use self::traces::{Trace, attributions};
use super::api::{Envelope, Place, Places};
use super::failure::Suspect;
use super::listing::{self as records, Names, PER_PAGE};
use super::record::written;
use super::{Cloudflare, TTL_SECS_MAX, TTL_SECS_MIN};
use crate::port::{GuardStrength, Permit, Provider, ProviderError, Receipt, Urgency};
use crate::zones::{self, Attribution, Listing, Reached, Refreshed, Writer, ZoneTarget, ZoneTraits};

/// The types that can be written and read back. Others are left alone.
const TYPES: [Rtype; 21] = [
    Rtype::A,
    Rtype::AAAA,
    Rtype::CAA,
    Rtype::CERT,
    Rtype::CNAME,
    Rtype::DNSKEY,
    Rtype::DS,
    Rtype::HTTPS,
    Rtype::LOC,
    Rtype::MX,
    Rtype::NAPTR,
    Rtype::NS,
    Rtype::OPENPGPKEY,
    Rtype::PTR,
    Rtype::SMIMEA,
    Rtype::SRV,
    Rtype::SSHFP,
    Rtype::SVCB,
    Rtype::TLSA,
    Rtype::TXT,
    Rtype::URI,
];

/// Up to so many names are looked at one by one before a batch; for more, the zone is listed, 5,000 records a call.
const NAMES_MAX: usize = 4;

impl Cloudflare {
    /// What stands at the names of a batch now, with ids.
    async fn standing(&self, place: &Place, steps: &[&Step]) -> Result<Standing, ProviderError> {
        let names: BTreeSet<_> = zones::keys(steps).iter().map(|key| zones::name(&key.owner)).collect();
        let places = Places::one_by_one(Urgency::Watch);
        let found = if names.len() > NAMES_MAX {
            records::records(&self.api, place, &places).await?
        } else {
            Names { api: &self.api, place, places }.records(&names).await?
        };
        Ok(Standing::new(found))
    }

    fn of_another(&self, place: &Place, zone: &Owner, reason: &str) -> ProviderError {
        self.denied(format!("{reason}: is {} the id of {zone}?", place.id))
    }

    fn denied(&self, reason: String) -> ProviderError {
        ProviderError::Denied { subject: self.api.subject(), reason }
    }
}

#[async_trait]
impl ZoneTarget for Cloudflare {
    fn traits(&self) -> ZoneTraits {
        ZoneTraits {
            subject: self.api.subject(),
            guard: GuardStrength::OwnWriters,
            holds: TargetTraits {
                types: Types::Only(TYPES.into()),
                ttl_secs: TTL_SECS_MIN..=TTL_SECS_MAX,
                values_max: None,
                apex_cname: true,
                wildcard_ns: true,
            },
            apex_ns: Writer::Provider,
            soa: Writer::Provider,
            batch_max: Weight { operations: self.batch_max as u64, ..Weight::UNBOUNDED },
        }
    }

    fn envelope(&self, _zone: &Owner) -> Weight {
        Weight::default()
    }

    fn weigh(&self, _zone: &Owner, step: &Step) -> Weight {
        Weight { operations: step.changes.iter().map(batch::operations).sum(), ..Weight::default() }
    }

    async fn list(&self, zone: &Owner) -> Result<Listing, ProviderError> {
        let place = self.place(&zones::name(zone))?;
        let found = records::records(&self.api, &place, &Places::one_by_one(Urgency::Watch)).await?;
        if found.is_empty() {
            // An id of another zone that is empty looks the same.
            let answer = self.api.zone(&place).await?;
            answer.check_name(&place).map_err(|reason| self.denied(reason))?;
        }
        listing(zone, found).map_err(|reason| self.of_another(&place, zone, &reason))
    }

    async fn reach(&self, zone: &Owner) -> Result<Reached, ProviderError> {
        Provider::zone(self, &zones::name(zone)).await?;
        Ok(Reached { serial_stays: None })
    }

    async fn refresh(&self, known: &mut Listing) -> Result<Refreshed, ProviderError> {
        let zone = known.zone.apex();
        let place = self.place(&zones::name(zone))?;
        let names = GuardNames::of(zone);
        let mut found = Vec::new();
        for top in names.fences().into_iter().chain(names.manifest()).map(zones::name) {
            let places = Places::one_by_one(Urgency::Watch);
            found.extend(records::ending_in(&self.api, &place, &top, &places).await?);
        }
        let now = listing(zone, found).map_err(|reason| self.of_another(&place, zone, &reason))?;
        Ok(known.put_guards(now))
    }

    async fn apply(&self, zone: &Owner, steps: &[&Step], permit: &Permit) -> Result<Receipt, ProviderError> {
        zones::sound(self, zone, steps)?;
        let place = self.place(&zones::name(zone))?;
        let ready = async {
            let standing = self.standing(&place, steps).await?;
            zones::compare(zone, steps, |key| standing.at(key).map_err(|reason| self.denied(reason)))?;
            let batch = batch::of(steps, &standing).map_err(|(key, reason)| ProviderError::Invalid {
                subject: self.api.subject(),
                record: key.to_string(),
                reason,
            })?;
            self.api.next_place(&Places::one_by_one(Urgency::Watch)).await?;
            Ok(batch)
        };
        let batch = permit.within(&self.api.subject(), ready).await?;
        self.api.batch(&place, &Suspect::of_sets(&zones::keys(steps)), &batch, permit).await?;
        Ok(Receipt::Complete)
    }

    fn trail(&self) -> &'static str {
        "the account's audit log"
    }

    async fn attribution(
        &self,
        zone: &Owner,
        keys: &BTreeSet<SetKey>,
    ) -> Result<BTreeMap<SetKey, Attribution>, ProviderError> {
        let place = self.place(&zones::name(zone))?;
        let places = Places::one_by_one(Urgency::Watch);
        let mut traces = Vec::new();
        for owner in keys.iter().map(|key| &key.owner).collect::<BTreeSet<_>>() {
            // The first page is all of any name that people look at.
            let query = [("name.exact", written(&zones::name(owner))), ("per_page", PER_PAGE.to_string())];
            let Envelope::<Vec<Trace>> { result, .. } = self.api.page(&place, &query, &places).await?;
            traces.extend(result);
        }
        Ok(attributions(keys, &traces))
    }
}
