//! Whole zones at a `PowerDNS` server: one call reads all of a zone, one PATCH carries a batch out or not at all.
//!
//! The API has no conditions: a batch is compared with what stands there right before it is sent, and another writer can slip
//! in between. DNS UPDATE at the same server has no such gap.

mod batch;
pub(super) mod comments;
mod sets;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use dns_zone::{GuardNames, Owner, Rtype, SetKey, Step, TargetTraits, Types, Weight};

use self::comments::attribution;
use self::sets::{Standing, listing, listing_of};
use super::PowerDns;
use super::api::Whole;
use super::failure::Written;
use super::search;
use super::set::Set;
use crate::port::{GuardStrength, Permit, ProviderError, Receipt};
use crate::zones::{self, Attribution, Listing, Reached, Refreshed, Writer, ZoneTarget, ZoneTraits};

/// What a server takes as a request's body unless it is told otherwise (`webserver-max-bodysize`, 2 megabytes).
const BODY_OCTETS_MAX: u64 = 2 * 1024 * 1024;

/// What it takes these for is served to nobody: ADDR, ALIAS and LUA (PowerDNS's `qtype.hh`).
const OWN_TYPES: [u16; 3] = [65400, 65401, 65402];

/// Up to so many names are looked at one by one before a batch; for more, the zone is read whole. A small change to a
/// zone of millions must not cost a reading of all of it.
const NAMES_MAX: usize = 16;

impl PowerDns {
    /// What stands at the names of a batch now, disabled records included: a write would remove one that has come there since
    /// the zone was listed.
    async fn standing(&self, zone: &Owner, steps: &[&Step]) -> Result<Standing, ProviderError> {
        let names: BTreeSet<Owner> = zones::keys(steps).into_iter().map(|key| key.owner).collect();
        if names.len() <= NAMES_MAX
            && let Some(sets) = self.found_at(zone, &names).await?
        {
            return Ok(Standing::new(sets));
        }
        let is_asked = |set: &Set| set.name().parse::<Owner>().is_ok_and(|owner| names.contains(&owner));
        self.api.sets(&zones::name(zone), is_asked).await.map(Standing::new)
    }

    /// What stands at some names. The API shows the sets of one name without its disabled records, but its search finds them.
    /// None if there may be more: it has to find what stands at the apex as well, which is never nothing.
    async fn found_at(&self, zone: &Owner, names: &BTreeSet<Owner>) -> Result<Option<Vec<Set>>, ProviderError> {
        let mut all = Vec::new();
        for owner in std::iter::once(zone).chain(names.iter().filter(|owner| *owner != zone)) {
            let Some(words) = search::words(owner) else { return Ok(None) };
            let hits = self.api.search(&zones::name(zone), &words, Whole::Text).await?;
            let Some(found) = search::sets(zone, hits) else { return Ok(None) };
            // Contents are searched, too.
            all.extend(found.into_iter().filter(|set| set.name().parse().is_ok_and(|found: Owner| found == *owner)));
        }
        let has_soa = all.iter().any(|set| set.is_of("SOA"));
        Ok(has_soa.then_some(all))
    }

    /// The guards of a zone and what stands at its apex, disabled records included. None if there may be more.
    async fn guards(&self, zone: &Owner) -> Result<Option<Vec<Set>>, ProviderError> {
        let (name, names) = (zones::name(zone), GuardNames::of(zone));
        let (Some(fences), Some(manifest)) = (names.fences(), names.manifest()) else { return Ok(None) };
        let mut all = Vec::new();
        for (owner, whole) in [(zone, Whole::Text), (fences, Whole::End), (manifest, Whole::Text)] {
            let Some(words) = search::words(owner) else { return Ok(None) };
            let hits = self.api.search(&name, &words, whole).await?;
            let Some(found) = search::sets(zone, hits) else { return Ok(None) };
            // Contents are searched, too.
            let is_it = |set: &Set| match set.name().parse::<Owner>() {
                Ok(found) => found == *owner || matches!(whole, Whole::End) && found.is_in(owner),
                Err(_) => true,
            };
            all.extend(found.into_iter().filter(is_it));
        }
        Ok(Some(all))
    }
}

#[async_trait]
impl ZoneTarget for PowerDns {
    fn traits(&self) -> ZoneTraits {
        ZoneTraits {
            subject: self.api.subject(),
            guard: GuardStrength::Weak,
            holds: TargetTraits {
                types: Types::AllBut(OWN_TYPES.map(Rtype::from_int).into()),
                ..TargetTraits::default()
            },
            apex_ns: Writer::Client,
            soa: Writer::Client,
            batch_max: Weight { octets: BODY_OCTETS_MAX, ..Weight::UNBOUNDED },
        }
    }

    fn envelope(&self, _zone: &Owner) -> Weight {
        Weight { octets: batch::ENVELOPE_OCTETS, ..Weight::default() }
    }

    fn weigh(&self, _zone: &Owner, step: &Step) -> Weight {
        Weight { octets: batch::octets(step), ..Weight::default() }
    }

    /// An answer is one document, whole or unreadable. One of a large zone keeps a processor busy for seconds.
    async fn list(&self, zone: &Owner) -> Result<Listing, ProviderError> {
        let name = zones::name(zone);
        self.check_zone(&name)?;
        let (apex, body) = (zone.clone(), self.api.whole(&name).await?);
        let reading = tokio::task::spawn_blocking(move || listing_of(&apex, &body));
        let listing = reading.await.expect("invariant: nobody aborts it, and a panic goes on here");
        listing.map_err(|reason| self.api.unreadable(reason))
    }

    async fn reach(&self, zone: &Owner) -> Result<Reached, ProviderError> {
        let name = zones::name(zone);
        self.check_zone(&name)?;
        Ok(Reached { serial_stays: self.api.zone(&name).await?.serial_stays(&name) })
    }

    /// Where the search cannot be trusted, the zone is read whole.
    async fn refresh(&self, known: &mut Listing) -> Result<Refreshed, ProviderError> {
        let zone = known.zone.apex();
        self.check_zone(&zones::name(zone))?;
        let Some(now) = self.guards(zone).await?.and_then(|sets| listing(zone, &sets).ok()) else {
            let now = self.list(zone).await?;
            return Ok(known.put_all(now));
        };
        Ok(known.put_guards(now))
    }

    async fn apply(&self, zone: &Owner, steps: &[&Step], permit: &Permit) -> Result<Receipt, ProviderError> {
        zones::sound(self, zone, steps)?;
        let name = zones::name(zone);
        self.check_zone(&name)?;
        let subject = self.api.subject();
        let standing = permit.within(&subject, self.standing(zone, steps)).await?;
        zones::compare(zone, steps, |key| {
            standing.at(key).map_err(|reason| ProviderError::Denied { subject: subject.clone(), reason })
        })?;
        let written = Written::of_sets(&name, &zones::keys(steps));
        self.api.patch(&written, &batch::of(steps), permit).await?;
        self.api.notify_secondaries(&name);
        Ok(Receipt::Complete)
    }

    fn trail(&self) -> &'static str {
        "the server's log for requests to its API (webserver-loglevel), and for DNS updates"
    }

    /// Many versions answer with the comments of other sets, too, which saves the calls for these.
    async fn attribution(
        &self,
        zone: &Owner,
        keys: &BTreeSet<SetKey>,
    ) -> Result<BTreeMap<SetKey, Attribution>, ProviderError> {
        let name = zones::name(zone);
        self.check_zone(&name)?;
        let mut told = BTreeMap::new();
        for key in keys {
            if !told.contains_key(key) {
                let sets = self.api.comments(&name, key).await?;
                told.extend(keys.iter().filter_map(|key| Some((key.clone(), attribution(key, &sets)?))));
            }
        }
        Ok(told)
    }
}
