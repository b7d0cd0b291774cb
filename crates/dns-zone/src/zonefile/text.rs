//! A zone as a file: SOA first, then the apex's NS, then everything in canonical order; one record a line, names relative, the most
//! frequent TTL once at the top. Equal zones are equal files, and a changed record is a changed line.

use std::collections::BTreeMap;
use std::fmt;

use domain::base::Rtype;

use crate::rdata::RdataText;
use crate::record_set::{RecordSet, SetKey, Ttl};
use crate::zone::Zone;

/// A zone that is going to be written.
#[derive(Clone, Copy, Debug)]
pub struct ZoneText<'z>(&'z Zone);

impl<'z> ZoneText<'z> {
    /// The canonical text of a zone.
    pub fn of(zone: &'z Zone) -> Self {
        Self(zone)
    }

    /// The TTL of most records; the smallest of several.
    fn usual_ttl(self) -> Option<Ttl> {
        let mut counts: BTreeMap<Ttl, usize> = BTreeMap::new();
        for (_, set) in self.0.sets() {
            *counts.entry(set.ttl()).or_default() += set.values().len();
        }
        // Of equal counts the last is taken, and that shall be the smallest.
        counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(ttl, _)| ttl)
    }
}

impl fmt::Display for ZoneText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let apex = self.0.apex();
        let origin = apex.to_wire();
        let usual = self.usual_ttl();
        writeln!(f, "$ORIGIN {apex}")?;
        if let Some(ttl) = usual {
            writeln!(f, "$TTL {ttl}")?;
        }
        let first = [Rtype::SOA, Rtype::NS].map(|rtype| SetKey::new(apex.clone(), rtype));
        for key in &first {
            if let Some(set) = self.0.get(key) {
                write_set(f, key, set, usual, &origin, "@")?;
            }
        }
        for (key, set) in self.0.sets().filter(|(key, _)| !first.contains(key)) {
            write_set(f, key, set, usual, &origin, &key.owner.relative_to(apex))?;
        }
        Ok(())
    }
}

fn write_set(
    f: &mut fmt::Formatter<'_>,
    key: &SetKey,
    set: &RecordSet,
    usual: Option<Ttl>,
    origin: &[u8],
    owner: &str,
) -> fmt::Result {
    for data in set.values() {
        f.write_str(owner)?;
        if usual != Some(set.ttl()) {
            write!(f, " {}", set.ttl())?;
        }
        let text = RdataText { rtype: key.rtype, data, origin: Some(origin) };
        writeln!(f, " IN {} {text}", key.rtype)?;
    }
    Ok(())
}
