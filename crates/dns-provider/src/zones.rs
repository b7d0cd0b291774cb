//! The port of whole zones: what a provider takes, everything that a zone holds there, and batches of changes.
//!
//! Beside [`Provider`](crate::port::Provider), which moves a service under its fence, this one keeps zones equal. It knows no
//! fence: what the fence guards is left out of plans by whoever makes them. The same rules hold: a batch is sent once, it
//! is refused if the zone is not as it was read, as far as the provider can tell, and nothing is decided here.
//!
//! Both use the same adapters and the same budget of calls. Zones take the small share of quiet times, so that a failover
//! never waits for them.

mod attribution;
mod check;
mod refresh;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use dns_zone::{Owner, Rtype, SetChange, SetKey, Step, TargetTraits, Weight, Zone};
use hickory_proto::rr::Name;

pub use self::attribution::{Attribution, Basis, Remark};
pub(crate) use self::check::{changes, compare, keys, sound};
use crate::port::{GuardStrength, Permit, ProviderError, Receipt};

/// What a provider takes of a zone. What it does not is named when a plan is made, not on the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneTraits {
    /// The server or API.
    pub subject: String,
    /// How strongly it is enforced that a set is as it was read.
    pub guard: GuardStrength,
    /// The sets that it can hold.
    pub holds: TargetTraits,
    /// Who writes the NS of the apex.
    pub apex_ns: Writer,
    /// Who writes the SOA.
    pub soa: Writer,
    /// The largest batch that is taken whole.
    pub batch_max: Weight,
}

/// Who writes a set that every zone has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// Whoever writes the rest.
    Client,
    /// The provider. A change to it is refused as [`ProviderError::Invalid`].
    Provider,
}

/// Everything that a zone holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// What it serves as records, and as nothing else.
    pub zone: Zone,
    /// What stands there and is no plain record set: not in [`zone`](Self::zone), never to be planned.
    pub not_plain: Vec<NotPlain>,
    /// Why the serial stays as it is whatever else is written there, and what to do about it; none if it grows.
    pub serial_stays: Option<String>,
}

/// A zone that is there and may be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// As [`Listing::serial_stays`].
    pub serial_stays: Option<String>,
}

/// Something that a plan must not touch: alias, proxied or weighted set, disabled record, or what cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotPlain {
    /// Its name.
    pub owner: Owner,
    /// Its type, as the provider calls it; not all of them are DNS types.
    pub rtype: String,
    /// What it is.
    pub reason: String,
}

/// What a refresh has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refreshed {
    /// What it has looked at.
    pub extent: Extent,
    /// The sets among these that are others than was known.
    pub changes: Vec<SetChange>,
}

/// What a refresh has looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What says who holds what: the manifest, and all at and below the name of the fences.
    Guards,
    /// Everything.
    All,
}

impl ZoneTraits {
    /// Who writes a set.
    pub fn writer(&self, zone: &Owner, key: &SetKey) -> Writer {
        match key.rtype {
            Rtype::SOA => self.soa,
            Rtype::NS if key.owner == *zone => self.apex_ns,
            _ => Writer::Client,
        }
    }
}

/// A provider as the holder of whole zones. Calls are bounded in time by the adapter and may be dropped at any await; a
/// dropped `apply` is an unknown outcome.
#[async_trait]
pub trait ZoneTarget: Send + Sync {
    /// What it takes of a zone.
    fn traits(&self) -> ZoneTraits;

    /// What a batch weighs that holds nothing yet.
    fn envelope(&self, zone: &Owner) -> Weight;

    /// What a step adds to that. Weights add up: a batch weighs exactly what its envelope and its steps do.
    fn weigh(&self, zone: &Owner, step: &Step) -> Weight;

    /// Everything in a zone, whole, from where writes are checked. What cannot be shown to be whole is an error: a page that
    /// failed, repeated itself or went missing, a transfer that was cut, a zone without SOA where it has one.
    ///
    /// # Errors
    /// [`ProviderError::Transient`], [`ProviderError::Throttled`] or [`ProviderError::Denied`].
    async fn list(&self, zone: &Owner) -> Result<Listing, ProviderError>;

    /// Whether a zone is there and its credentials let us read it, at the cost of one read, whatever the zone holds.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn reach(&self, zone: &Owner) -> Result<Reached, ProviderError> {
        let Listing { zone: _, not_plain: _, serial_stays } = self.list(zone).await?;
        Ok(Reached { serial_stays })
    }

    /// Brings what is known of a zone up to date, at the cost of what has changed or of its fences, not of the zone, where
    /// the provider has a way to. Afterwards `known` has what [`Extent`] says as it stands now; what is gone there
    /// is gone from it, too. On an error, or dropped, it is as before.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn refresh(&self, known: &mut Listing) -> Result<Refreshed, ProviderError> {
        let now = self.list(known.zone.apex()).await?;
        Ok(known.put_all(now))
    }

    /// Sends one batch, once. Each set must be as its change says that it was; where the provider can be told so, it
    /// refuses the whole batch otherwise. Within a batch everything that goes goes first, whatever the order of the steps.
    ///
    /// # Errors
    /// Any [`ProviderError`]. A refusal names the record if the provider does.
    async fn apply(&self, zone: &Owner, steps: &[&Step], permit: &Permit) -> Result<Receipt, ProviderError>;

    /// Where a person finds who has changed something there, to follow "look in".
    fn trail(&self) -> &'static str;

    /// What the provider itself tells of who has changed these sets. Asked when somebody else has, never on the way of a write;
    /// what it does not tell of is missing, as all is at a provider that never tells. A set that is gone mostly is.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn attribution(
        &self,
        _zone: &Owner,
        _keys: &BTreeSet<SetKey>,
    ) -> Result<BTreeMap<SetKey, Attribution>, ProviderError> {
        Ok(BTreeMap::new())
    }
}

/// A name in the adapters' other type. By its labels: in text the two read escapes in different ways.
pub fn name(owner: &Owner) -> Name {
    let labels = owner.labels_from_root();
    let mut name = Name::from_labels(labels.iter().rev().map(Vec::as_slice))
        .expect("invariant: an owner is a name, whose labels are neither empty nor too long");
    name.set_fqdn(true);
    name
}

/// And back.
pub fn owner(name: &Name) -> Owner {
    name.iter().rev().try_fold(Owner::root(), |owner, label| owner.child(label)).expect("invariant: it is a name")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two libraries read the same escapes as other octets: decimal here (RFC 1035 §5.1), octal there.
    #[test]
    fn a_name_keeps_its_octets_from_one_library_to_the_other() {
        for text in
            [r"My\032Printer._ipp._tcp.a.test.", r"a\@b.a.test.", r"first\.last.a.test.", "xn--mnchen-3ya.test.", "."]
        {
            let one: Owner = text.parse().expect("a name");
            let labels: Vec<Vec<u8>> = name(&one).iter().map(<[u8]>::to_vec).collect();
            let expected: Vec<Vec<u8>> = one.labels_from_root().iter().rev().cloned().collect();
            assert_eq!(labels, expected, "{text}");
            assert_eq!(owner(&name(&one)), one);
        }
    }
}
