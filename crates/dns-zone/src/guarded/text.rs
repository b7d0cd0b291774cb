//! Fences as they stand in zones, and the records that they guard.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use dns_core::fence::Fence;
use dns_core::fence::text::FenceText;
use dns_core::rrset::{GuardedType, Rrset, RrsetKey, Rrsets, Ttl as GuardedTtl};
use domain::base::Rtype;
use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use hickory_proto::rr::{Name, RData};
use hickory_proto::serialize::binary::{BinDecodable, BinEncodable};

use crate::owner::Owner;
use crate::record_set::{RecordSet, SetKey};
use crate::txt::strings_of;
use crate::zone::Zone;

/// The label below which fences stand.
const FENCES: &[u8] = b"_failover";

/// A fence, or what is wrong with it; none where none stands.
pub(crate) type Found = Option<Result<Fence, String>>;

/// Where the fences of a zone stand.
#[derive(Clone, Debug)]
pub(crate) struct Fences {
    place: Owner,
    apex: Name,
}

impl Fences {
    /// Those of a zone; none if its name leaves no room.
    pub(crate) fn of(apex: &Owner) -> Option<Self> {
        apex.child(FENCES).ok().map(|place| Self { place, apex: hickory_name(apex) })
    }

    /// The name at or below which they stand.
    pub(crate) fn place(&self) -> &Owner {
        &self.place
    }

    /// Whether a name belongs to controllers.
    pub(crate) fn reserve(&self, owner: &Owner) -> bool {
        owner.is_in(&self.place)
    }

    /// The names at which a zone has fences, or what stands in their place.
    pub(crate) fn names(&self, zone: &Zone) -> BTreeSet<Owner> {
        let below = zone.under(&self.place).map(|(key, _)| &key.owner);
        below.filter(|owner| owner.parent().as_ref() == Some(&self.place)).cloned().collect()
    }

    /// The fence at a name.
    pub(crate) fn at(&self, owner: &Owner, zone: &Zone) -> Found {
        zone.get(&SetKey::new(owner.clone(), Rtype::TXT)).map(|set| self.read(owner, set))
    }

    /// What a set guards, if it is a fence that can be read.
    pub(crate) fn guarded_by(&self, key: &SetKey, set: &RecordSet) -> Vec<SetKey> {
        let is_fence = key.rtype == Rtype::TXT && key.owner.parent().as_ref() == Some(&self.place);
        let fence = is_fence.then(|| self.read(&key.owner, set)).and_then(Result::ok);
        fence.map_or(Vec::new(), |fence| keys_of(&fence))
    }

    fn read(&self, owner: &Owner, set: &RecordSet) -> Result<Fence, String> {
        let [value] = set.values() else { return Err(format!("it has {} values", set.values().len())) };
        let strings = strings_of(value).into_iter().map(|string| String::from_utf8(string.to_vec())).collect();
        let Ok(strings) = strings else { return Err("it is no UTF-8".to_owned()) };
        let fence = Fence::parse(&FenceText::from_strings(strings), &self.apex).map_err(|error| error.to_string())?;
        if lowest_label(owner) != format!("_{}", fence.id).into_bytes() {
            return Err(format!("it names service `{}`", fence.id));
        }
        Ok(fence)
    }
}

pub(super) fn lowest_label(owner: &Owner) -> Vec<u8> {
    owner.labels_from_root().pop().unwrap_or_default()
}

/// The keys that a controller moves at the names that a fence guards; a tombstone guards none.
pub(crate) fn keys_of(fence: &Fence) -> Vec<SetKey> {
    let guarded = fence.rrs.iter().filter(|_| !fence.is_tombstone());
    let owners: BTreeSet<Owner> = guarded.map(|key| owner_of(key.name())).collect();
    let types = [Rtype::A, Rtype::AAAA, Rtype::CNAME];
    owners.into_iter().flat_map(|owner| types.map(|rtype| SetKey::new(owner.clone(), rtype))).collect()
}

/// Whether the zone's records are the ones that its fence was written with.
pub(super) fn vouches(fence: &Fence, zone: &Zone) -> bool {
    let served: Option<Rrsets> = fence.rrs.iter().map(|key| rrset(key, zone).map(|set| (key.clone(), set))).collect();
    served.is_some_and(|served| fence.guards(&served))
}

pub(crate) fn rrset(key: &RrsetKey, zone: &Zone) -> Option<Rrset> {
    let rtype = match key.rtype() {
        GuardedType::A => Rtype::A,
        GuardedType::Aaaa => Rtype::AAAA,
        GuardedType::Cname => Rtype::CNAME,
    };
    let set = zone.get(&SetKey::new(owner_of(key.name()), rtype))?;
    let ttl = GuardedTtl::from_secs(u64::from(set.ttl().as_secs())).ok()?;
    let value = |wire: &[u8]| match key.rtype() {
        GuardedType::A => <[u8; 4]>::try_from(wire).ok().map(|octets| RData::A(A(Ipv4Addr::from(octets)))),
        GuardedType::Aaaa => <[u8; 16]>::try_from(wire).ok().map(|octets| RData::AAAA(AAAA(Ipv6Addr::from(octets)))),
        GuardedType::Cname => Name::from_bytes(wire).ok().map(|target| RData::CNAME(CNAME(target))),
    };
    let values: Option<Vec<RData>> = set.values().iter().map(|data| value(data.as_wire())).collect();
    Rrset::new(key.clone(), ttl, values?).ok()
}

pub(crate) fn hickory_name(owner: &Owner) -> Name {
    Name::from_bytes(&owner.to_wire()).expect("invariant: it was made of a name")
}

fn owner_of(name: &Name) -> Owner {
    let wire = name.to_bytes().expect("invariant: a name is written");
    Owner::from_wire(&wire).expect("invariant: hickory writes an uncompressed name")
}
