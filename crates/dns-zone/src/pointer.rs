//! Names that records point at, and that have to be right for these to mean anything.

use domain::base::Rtype;

use crate::owner::Owner;
use crate::rdata::Rdata;
use crate::record_set::{RecordSet, SetKey};

/// How many octets of a type's data stand before the name that it points at: RFC 1035 §3.3, RFC 2782, RFC 6672 §2.1, RFC 9460 §2.2.
fn octets_before(rtype: Rtype) -> Option<usize> {
    match rtype {
        Rtype::NS | Rtype::CNAME | Rtype::DNAME | Rtype::PTR => Some(0),
        Rtype::MX | Rtype::SVCB | Rtype::HTTPS => Some(2),
        Rtype::SRV => Some(6),
        _ => None,
    }
}

/// The name that a value points at; none if its type points nowhere.
pub(crate) fn target(rtype: Rtype, value: &Rdata) -> Option<Owner> {
    let wire = value.as_wire().get(octets_before(rtype)?..)?;
    Owner::from_wire(wire.get(..name_octets(wire)?)?).ok()
}

/// How long the name is that the octets begin with: some types have more behind it.
fn name_octets(wire: &[u8]) -> Option<usize> {
    let mut octets = 0;
    loop {
        let label = usize::from(*wire.get(octets)?);
        octets += 1 + label;
        if label == 0 {
            return Some(octets);
        }
    }
}

/// The names that a set points at.
pub(crate) fn targets<'s>(key: &SetKey, set: Option<&'s RecordSet>) -> impl Iterator<Item = Owner> + use<'s> {
    let rtype = key.rtype;
    set.map_or(&[][..], RecordSet::values).iter().filter_map(move |value| target(rtype, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{APEX, owner};

    #[test]
    fn a_set_points_at_the_names_in_its_data_wherever_they_stand_there() {
        let target = |rtype, text: &str| {
            let value = Rdata::parse(rtype, text, &owner(APEX)).expect("record data");
            target(rtype, &value).map(|owner| owner.to_string())
        };
        let b = Some("b.example.test.".to_owned());
        assert_eq!(target(Rtype::CNAME, "b"), b);
        assert_eq!(target(Rtype::MX, "10 b"), b);
        assert_eq!(target(Rtype::SRV, "1 2 443 b"), b);
        assert_eq!(target(Rtype::HTTPS, "1 b alpn=h2 port=8443"), b);
        assert_eq!(target(Rtype::TXT, "b"), None);
    }
}
