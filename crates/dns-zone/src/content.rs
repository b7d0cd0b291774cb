//! What plans are about, of all that a zone holds.
//!
//! What makes signatures (RRSIG, NSEC, DNSKEY and their like) belongs to the signer of each side: it is neither planned, nor
//! counted, nor part of a digest. SOA and NS of the apex say how each side serves the zone.

use domain::base::Rtype;

use crate::change::{SetChange, difference};
use crate::owner::Owner;
use crate::record_set::SetKey;
use crate::zone::Zone;

/// What stays at the apex of a zone, whatever the source says: it is how the target itself serves the zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protected {
    /// SOA and NS.
    #[default]
    SoaAndNs,
    /// SOA; the NS set is planned.
    Soa,
    /// Nothing.
    Nothing,
}

impl Protected {
    pub(crate) fn covers(self, key: &SetKey, apex: &Owner) -> bool {
        let types: &[Rtype] = match self {
            Self::SoaAndNs => &[Rtype::SOA, Rtype::NS],
            Self::Soa => &[Rtype::SOA],
            Self::Nothing => &[],
        };
        key.owner == *apex && types.contains(&key.rtype)
    }
}

/// What BIND notes at the apex while it signs (its manual, `sig-signing-type`).
const SIGNING_STATE: Rtype = Rtype::from_int(65_534);

/// Types that a signer makes, and digests over the zone: every side has its own.
pub(crate) fn is_signers(rtype: Rtype) -> bool {
    matches!(
        rtype,
        Rtype::RRSIG
            | Rtype::NSEC
            | Rtype::NSEC3
            | Rtype::NSEC3PARAM
            | Rtype::DNSKEY
            | Rtype::CDS
            | Rtype::CDNSKEY
            | Rtype::ZONEMD
    ) || rtype == SIGNING_STATE
}

/// What has to change so that one zone becomes equal to another, as far as copies of a zone can be equal ([`is_compared`]).
pub fn compare(one: &Zone, other: &Zone) -> Vec<SetChange> {
    let mut changes = difference(one, other);
    changes.retain(|change| is_compared(&change.key, one.apex()));
    changes
}

/// Whether copies of a zone have a set in common: every server has its own SOA, since its serial counts the writes, and every signer
/// makes signatures of its own.
pub fn is_compared(key: &SetKey, apex: &Owner) -> bool {
    !is_signers(key.rtype) && !Protected::Soa.covers(key, apex)
}

/// How many sets a zone holds that plans are about: without what every zone has, and what its signer makes.
pub fn content(zone: &Zone) -> u64 {
    zone.sets().filter(|(key, _)| is_content(key, zone.apex())).count() as u64
}

/// Whether plans are about a set.
pub(crate) fn is_content(key: &SetKey, apex: &Owner) -> bool {
    !is_signers(key.rtype) && !Protected::SoaAndNs.covers(key, apex)
}
