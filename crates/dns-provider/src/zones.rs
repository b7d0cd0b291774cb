//! The port of whole zones: what a provider takes, everything that a zone holds there, and batches of changes.
//!
//! Beside [`Provider`](crate::port::Provider), which moves a service under its fence, this one keeps zones equal. It knows no
//! fence: what the fence guards is left out of plans by whoever makes them. The same rules hold: a batch is sent once, it
//! is refused if the zone is not as it was read, as far as the provider can tell, and nothing is decided here.
//!
//! Both use the same adapters and the same budget of calls. Zones take the small share of quiet times, so that a failover
//! never waits for them.

mod check;

use std::iter::Sum;
use std::ops::{Add, RangeInclusive};

use async_trait::async_trait;
use dns_zone::{Owner, RecordSet, Rtype, SetChange, SetKey, TargetTraits, Weight, Zone};
use hickory_proto::rr::Name;

pub(crate) use self::check::{compare, keys, sound};
use crate::port::{ApexCname, GuardStrength, Permit, ProviderError, Receipt};

/// Changes that must not be torn apart, such as the end of an A and the beginning of a CNAME at its name.
pub type Step<'a> = &'a [SetChange];

/// What a provider takes of a zone. What it does not is named when a plan is made, not on the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneTraits {
    /// The server or API.
    pub subject: String,
    /// How strongly it is enforced that a set is as it was read.
    pub guard: GuardStrength,
    /// The types of records.
    pub types: Types,
    /// The TTLs that a set can be given, in seconds.
    pub ttl_secs: RangeInclusive<u32>,
    /// Values of one set; `None` if only their size is limited.
    pub values_max: Option<usize>,
    /// What becomes of a CNAME at the zone's apex.
    pub apex_cname: ApexCname,
    /// Who writes the NS of the apex.
    pub apex_ns: Writer,
    /// Who writes the SOA.
    pub soa: Writer,
    /// What one batch must fit into.
    pub limits: BatchLimits,
}

/// Types of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Types {
    /// All, known or not (RFC 3597).
    All,
    /// These.
    Only(&'static [Rtype]),
}

/// Who writes a set that every zone has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// Whoever writes the rest.
    Client,
    /// The provider. A change to it is refused as [`ProviderError::Invalid`].
    Provider,
}

/// The largest batch that is taken whole, in the provider's own measures; `None` where it has no such measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchLimits {
    /// Values removed and added.
    pub records: Option<usize>,
    /// Characters of all values.
    pub characters: Option<usize>,
    /// Octets of the message or of the request's body.
    pub octets: Option<usize>,
    /// Single operations.
    pub operations: Option<usize>,
}

/// How large something is, in the measures that providers limit. What a provider does not limit is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Values removed and added.
    pub records: usize,
    /// Characters of all values.
    pub characters: usize,
    /// Octets of the message or of the request's body.
    pub octets: usize,
    /// Single operations.
    pub operations: usize,
}

/// Everything that a zone holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// What it serves as records, and as nothing else.
    pub zone: Zone,
    /// What stands there and is no plain record set: not in [`zone`](Self::zone), never to be planned.
    pub left_alone: Vec<LeftAlone>,
}

/// Something that a plan must not touch: alias, proxied or weighted set, disabled record, or what cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftAlone {
    /// Its name.
    pub owner: Owner,
    /// Its type, as the provider calls it; not all of them are DNS types.
    pub rtype: String,
    /// What it is.
    pub reason: String,
}

impl Types {
    /// Whether a type is among them.
    pub fn takes(self, rtype: Rtype) -> bool {
        match self {
            Self::All => true,
            Self::Only(types) => types.contains(&rtype),
        }
    }
}

impl From<Size> for Weight {
    fn from(Size { records, characters, octets, operations }: Size) -> Self {
        let [records, characters, octets, operations] = [records, characters, octets, operations].map(|one| one as u64);
        Self { records, characters, octets, operations }
    }
}

impl From<BatchLimits> for Weight {
    /// What is not limited has the largest number.
    fn from(BatchLimits { records, characters, octets, operations }: BatchLimits) -> Self {
        let [records, characters, octets, operations] =
            [records, characters, octets, operations].map(|one| one.map_or(u64::MAX, |most| most as u64));
        Self { records, characters, octets, operations }
    }
}

impl BatchLimits {
    /// Whether a batch may be that large.
    pub fn admit(&self, size: Size) -> bool {
        let Self { records, characters, octets, operations } = *self;
        let fits = |limit: Option<usize>, is: usize| limit.is_none_or(|most| is <= most);
        fits(records, size.records)
            && fits(characters, size.characters)
            && fits(octets, size.octets)
            && fits(operations, size.operations)
    }
}

impl Add for Size {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            records: self.records + other.records,
            characters: self.characters + other.characters,
            octets: self.octets + other.octets,
            operations: self.operations + other.operations,
        }
    }
}

impl Sum for Size {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::default(), Add::add)
    }
}

impl ZoneTraits {
    /// Why the provider cannot hold a set, if it cannot.
    pub fn refusal(&self, zone: &Owner, key: &SetKey, set: &RecordSet) -> Option<String> {
        let ttl = set.ttl().as_secs();
        let values = set.values().len();
        if !self.types.takes(key.rtype) {
            return Some(format!("the provider does not take the type {}", key.rtype));
        }
        if !self.ttl_secs.contains(&ttl) {
            let (least, most) = (self.ttl_secs.start(), self.ttl_secs.end());
            return Some(format!("a TTL of {ttl} s is outside of {least} to {most} s"));
        }
        if let Some(most) = self.values_max.filter(|most| values > *most) {
            return Some(format!("it has {values} values, and a set has at most {most}"));
        }
        let is_apex = key.owner == *zone;
        (is_apex && key.rtype == Rtype::CNAME && self.apex_cname == ApexCname::Refused)
            .then(|| "a CNAME cannot stand at the zone's apex, where SOA and NS are".to_owned())
    }

    /// What of it plans need to know.
    pub fn takes(&self) -> TargetTraits {
        TargetTraits {
            types: match self.types {
                Types::All => dns_zone::Types::Any,
                Types::Only(types) => dns_zone::Types::Only(types.iter().copied().collect()),
            },
            ttl_secs: self.ttl_secs.clone(),
            values_max: self.values_max,
            apex_cname: self.apex_cname == ApexCname::Flattened,
            wildcards: true,
        }
    }

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

    /// How large a batch is that holds nothing yet.
    fn envelope(&self, zone: &Owner) -> Size;

    /// What a step adds to the size of a batch. Sizes add up: a batch is exactly as large as its envelope and its steps.
    fn measure(&self, zone: &Owner, step: Step<'_>) -> Size;

    /// Everything in a zone, whole, from where writes are checked. What cannot be shown to be whole is an error: a page that
    /// failed, repeated itself or went missing, a transfer that was cut, a zone without SOA where it has one.
    ///
    /// # Errors
    /// [`ProviderError::Transient`], [`ProviderError::Throttled`] or [`ProviderError::Denied`].
    async fn list(&self, zone: &Owner) -> Result<Listing, ProviderError>;

    /// Sends one batch, once. Each set must be as its change says that it was; where the provider can be told so, it
    /// refuses the whole batch otherwise. Within a batch everything that goes goes first, whatever the order of the steps.
    ///
    /// # Errors
    /// Any [`ProviderError`]. A refusal names the record if the provider does.
    async fn apply(&self, zone: &Owner, steps: &[Step<'_>], permit: &Permit) -> Result<Receipt, ProviderError>;
}

/// A name in the adapters' other type.
pub(crate) fn name(owner: &Owner) -> Name {
    let labels = owner.labels_from_root();
    let mut name = Name::from_labels(labels.iter().rev().map(Vec::as_slice))
        .expect("invariant: an owner is a name, whose labels are neither empty nor too long");
    name.set_fqdn(true);
    name
}

/// And back.
pub(crate) fn owner(name: &Name) -> Owner {
    name.iter().rev().try_fold(Owner::root(), |owner, label| owner.child(label)).expect("invariant: it is a name")
}
