//! A DNS UPDATE judged on a zone (RFC 2136 §3): checked, and applied whole or not at all. Pure.
//!
//! The caller holds its lock from [`judge`] to the moment in which it puts the new zone in the old one's place; there
//! is no other way from the prerequisites to the change. Who may update is the caller's business, and comes between
//! [`check_zone_section`] and [`judge`] (RFC 2136 §3.3), so that a stranger learns nothing by prerequisites.

mod apply;
mod prerequisite;
mod prescan;

use hickory_proto::op::{Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, Record, RecordType};

pub(crate) use self::apply::{delete_name, delete_rrset};
pub use self::prerequisite::{FailedPrerequisite, Requirement};
use crate::zone::Zone;

/// An UPDATE that changes nothing, by its answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// FORMERR: the message breaks a rule of RFC 2136.
    #[error("the message is malformed: {0}")]
    Malformed(&'static str),
    /// NOTAUTH: another zone.
    #[error("zone {0} is not served here")]
    NotAuth(Name),
    /// NOTZONE: a name outside the zone.
    #[error("{0} is outside the zone")]
    NotZone(Name),
    /// REFUSED: not signed, or a server that takes no updates.
    #[error("not permitted: {0}")]
    NotPermitted(&'static str),
    /// YXDOMAIN, NXDOMAIN, YXRRSET or NXRRSET: the zone is not as the writer requires.
    #[error("a prerequisite failed: {0}")]
    Prerequisite(FailedPrerequisite),
}

impl Refusal {
    /// The rcode of the answer.
    pub fn rcode(&self) -> ResponseCode {
        match self {
            Self::Malformed(_) => ResponseCode::FormErr,
            Self::NotAuth(_) => ResponseCode::NotAuth,
            Self::NotZone(_) => ResponseCode::NotZone,
            Self::NotPermitted(_) => ResponseCode::Refused,
            Self::Prerequisite(failed) => failed.rcode(),
        }
    }
}

/// A zone after an UPDATE or an edit.
#[derive(Clone, Debug)]
pub struct Changed {
    /// What it holds now.
    pub zone: Zone,
    /// The owners whose records differ, the apex for its serial among them; empty if nothing changed.
    pub names: Vec<Name>,
}

/// Whether the zone section names this zone, once and as a SOA (RFC 2136 §3.1.1).
///
/// # Errors
/// [`Refusal::Malformed`] and [`Refusal::NotAuth`].
pub fn check_zone_section(section: &[Query], origin: &Name) -> Result<(), Refusal> {
    let [zone] = section else { return Err(Refusal::Malformed("the zone section holds not exactly one zone")) };
    if zone.query_type() != RecordType::SOA {
        return Err(Refusal::Malformed("the type in the zone section is not SOA"));
    }
    if zone.query_class() != DNSClass::IN || zone.name() != origin {
        return Err(Refusal::NotAuth(zone.name().clone()));
    }
    Ok(())
}

/// Checks the prerequisites (RFC 2136 §3.2) and the updates (§3.4.1) and applies the updates in their order (§3.4.2).
///
/// # Errors
/// Any [`Refusal`] except [`Refusal::NotAuth`] and [`Refusal::NotPermitted`].
pub fn judge(zone: &Zone, prerequisites: &[Record], updates: &[Record]) -> Result<Changed, Refusal> {
    prerequisite::check(zone, prerequisites)?;
    prescan::check(zone.origin(), updates)?;
    let mut after = zone.clone();
    for update in updates {
        apply::apply(&mut after, update);
    }
    Ok(settle(zone, after))
}

/// Bumps the serial if something changed and the change did not raise it by itself (RFC 2136 §3.6).
pub(crate) fn settle(before: &Zone, mut after: Zone) -> Changed {
    if !after.changed_since(before).is_empty() && after.serial() == before.serial() {
        after.bump_serial();
    }
    let names = after.changed_since(before);
    Changed { zone: after, names }
}

/// Types that ask for something and are never data (RFC 6895 §3.1): OPT, and all of 128 to 255, ANY among them.
fn is_meta(rtype: RecordType) -> bool {
    rtype == RecordType::OPT || rtype == RecordType::ZERO || (128..=255).contains(&u16::from(rtype))
}

#[cfg(test)]
mod tests;
