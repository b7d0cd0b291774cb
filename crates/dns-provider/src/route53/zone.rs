//! Whole zones at Route 53: listed in pages that must join without a gap, written in batches whose DELETEs are the condition.
//!
//! A batch deletes each set exactly as it was read, in the zone's own spelling, and creates what takes its place. What is
//! created must not be there: CREATE refuses it. Batches and pages take the small share of the account's calls, and batches
//! let flips go first.

mod batch;
mod pages;
mod sets;
mod values;

use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use aws_sdk_route53::types::ResourceRecordSet;
use dns_zone::{GuardNames, Owner, Rtype, Step, TargetTraits, Ttl, Types, Weight};

use self::pages::Pages;
pub(super) use self::pages::{Cursor, Stretch};
use super::client::jittered;
use super::outcome::Failure;
use super::{Held, Route53};
use crate::port::{GuardStrength, Permit, Provider, ProviderError, Receipt, Urgency};
use crate::zones::{self, Listing, Reached, Refreshed, Writer, ZoneTarget, ZoneTraits};

/// What it takes (Developer Guide, "Supported DNS record types"), without SPF, which is TXT since RFC 7208.
const TYPES: [Rtype; 16] = [
    Rtype::A,
    Rtype::AAAA,
    Rtype::CAA,
    Rtype::CNAME,
    Rtype::DS,
    Rtype::HTTPS,
    Rtype::MX,
    Rtype::NAPTR,
    Rtype::NS,
    Rtype::PTR,
    Rtype::SOA,
    Rtype::SRV,
    Rtype::SSHFP,
    Rtype::SVCB,
    Rtype::TLSA,
    Rtype::TXT,
];

/// Records of one set (Developer Guide, "Quotas").
const VALUES_MAX: usize = 400;

/// How often a listing is begun, if the zone changes while it is read.
const TRIES_MAX: u32 = 3;

/// Before a batch is sent again to a zone with a change in work, on average.
const BUSY_PAUSE: Duration = Duration::from_millis(500);

impl Held {
    /// All sets of the zone, or of a part of it.
    async fn sets(&self, begin: impl Fn() -> Pages) -> Result<Vec<ResourceRecordSet>, Failure> {
        let mut why = String::new();
        for _ in 0..TRIES_MAX {
            let mut pages = begin();
            loop {
                let page = self.api.stretch(&self.id, pages.next(), pages.items()).await;
                match pages.take(page.map_err(|failure| self.named(failure))?) {
                    Ok(pages::Progress::More) => {}
                    Ok(pages::Progress::Whole) => return Ok(pages.into_sets()),
                    Err(torn) => {
                        why = torn;
                        break;
                    }
                }
            }
        }
        Err(Failure::Lost(format!("zone {} could not be listed whole in {TRIES_MAX} tries: {why}", self.name)))
    }

    /// Sends a batch, again only if it was certainly refused because the zone has a change in work.
    async fn write(&self, steps: &[&Step], permit: &Permit) -> Result<Receipt, ProviderError> {
        let subject = self.api.subject();
        let changes = batch::changes(steps, &self.spellings);
        let signed_at = UNIX_EPOCH + Duration::from_millis(permit.granted.as_millis());
        loop {
            let place = async {
                self.api.precedence.give_way(permit.left()).await;
                self.api.place(Urgency::Watch).await;
                Ok(())
            };
            permit.within(&subject, place).await?;
            match self.api.change(&self.id, changes.clone(), signed_at).await {
                Ok(id) => return Ok(Receipt::Change(id)),
                Err(Failure::Busy(_)) => tokio::time::sleep(jittered(BUSY_PAUSE).min(permit.left())).await,
                Err(failure) => {
                    let record = batch::named_in(failure.words(), steps);
                    return Err(failure.of_write(&subject, &self.name.to_string(), &record, ""));
                }
            }
        }
    }
}

impl Route53 {
    fn of_another(&self, held: &Held, reason: &str) -> ProviderError {
        let reason = format!("{reason}: is {} the id of zone {}?", held.id, held.name);
        ProviderError::Denied { subject: self.subject(), reason }
    }
}

#[async_trait]
impl ZoneTarget for Route53 {
    fn traits(&self) -> ZoneTraits {
        ZoneTraits {
            subject: self.subject(),
            guard: GuardStrength::Atomic,
            holds: TargetTraits {
                types: Types::Only(TYPES.into()),
                // It takes 0 as well.
                ttl_secs: 0..=Ttl::MAX_SECS,
                values_max: Some(VALUES_MAX),
                apex_cname: false,
                // "Values that are common for all routing policies", Record name.
                wildcard_ns: false,
            },
            apex_ns: Writer::Provider,
            soa: Writer::Provider,
            batch_max: Weight {
                records: super::batch::RECORDS_MAX as u64,
                characters: super::batch::CHARACTERS_MAX as u64,
                ..Weight::UNBOUNDED
            },
        }
    }

    fn envelope(&self, _zone: &Owner) -> Weight {
        Weight::default()
    }

    /// What goes is counted as the zone spells it, so after a listing.
    fn weigh(&self, zone: &Owner, step: &Step) -> Weight {
        match self.known(&zones::name(zone)) {
            Ok(known) => batch::weight(step, &known.held.spellings),
            // A zone that is not ours; `apply` says so.
            Err(_) => Weight::default(),
        }
    }

    async fn list(&self, zone: &Owner) -> Result<Listing, ProviderError> {
        let held = &self.known(&zones::name(zone))?.held;
        let sets = held.sets(Pages::default).await.map_err(|failure| failure.of_read(&self.subject()))?;
        sets::listing(zone, &sets, &held.spellings).map_err(|reason| self.of_another(held, &reason))
    }

    async fn reach(&self, zone: &Owner) -> Result<Reached, ProviderError> {
        Provider::zone(self, &zones::name(zone)).await?;
        Ok(Reached { serial_stays: None })
    }

    async fn refresh(&self, known: &mut Listing) -> Result<Refreshed, ProviderError> {
        let zone = known.zone.apex();
        let held = &self.known(&zones::name(zone))?.held;
        let names = GuardNames::of(zone);
        let mut sets = Vec::new();
        for top in names.fences().into_iter().chain(names.manifest()).map(zones::name) {
            let part = held.sets(|| Pages::below(top.clone())).await;
            sets.extend(part.map_err(|failure| failure.of_read(&self.subject()))?);
        }
        let now = sets::part(zone, &sets, &held.spellings).map_err(|reason| self.of_another(held, &reason))?;
        Ok(known.put_guards(now))
    }

    async fn apply(&self, zone: &Owner, steps: &[&Step], permit: &Permit) -> Result<Receipt, ProviderError> {
        let held = &self.known(&zones::name(zone))?.held;
        zones::sound(self, zone, steps)?;
        held.write(steps, permit).await
    }

    /// Record sets have no times and no owners: only the trail of API calls tells.
    fn trail(&self) -> &'static str {
        "CloudTrail for ChangeResourceRecordSets"
    }
}
