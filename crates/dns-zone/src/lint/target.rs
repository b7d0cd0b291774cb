//! Names that records point at: NS, MX and SRV want one that has addresses of its own.

use domain::base::Rtype;

use super::{Set, Walk};
use crate::finding::Finding;
use crate::owner::Owner;
use crate::pointer;
use crate::record_set::SetKey;
use crate::zone::Zone;

/// Where it is said what the target of a type has to be.
struct Rule {
    no_alias: &'static str,
    no_address: &'static str,
}

fn rule(rtype: Rtype) -> Option<Rule> {
    Some(match rtype {
        Rtype::NS => Rule { no_alias: "RFC 2181 §10.3", no_address: "RFC 1035 §3.3.11" },
        Rtype::MX => Rule { no_alias: "RFC 2181 §10.3", no_address: "RFC 1035 §3.3.9" },
        Rtype::SRV => Rule { no_alias: "RFC 2782", no_address: "RFC 2782" },
        _ => return None,
    })
}

impl Walk<'_> {
    pub(super) fn targets(&mut self, set: &Set<'_>) {
        for target in pointer::targets(set.key, Some(set.records)) {
            if let Some(finding) = self.missing_dot(set.key, &target) {
                self.add(set.nth, finding);
            } else if let Some(finding) = rule(set.key.rtype).and_then(|rule| self.misled(set.key, &target, &rule)) {
                self.add(set.nth, finding);
            }
        }
    }

    /// What is wrong with a target that has to have addresses of its own.
    fn misled(&self, key: &SetKey, target: &Owner, rule: &Rule) -> Option<Finding> {
        let Rule { no_alias, no_address } = rule;
        let (message, advice) = if looks_like_address(target, self.zone.apex()) {
            let message = format!("its target {target} looks like an address; it is a name ({no_address})");
            (message, "point at a name that has this address as its A record")
        } else if holds(self.zone, target, Rtype::CNAME) {
            let message = format!("its target {target} is a CNAME ({no_alias})");
            (message, "point at the name that the CNAME points at")
        } else if key.rtype == Rtype::NS && lacks_address(self.zone, &key.owner, target) {
            (format!("its server {target} has no address in the zone (RFC 1912 §2.3)"), "add its A or AAAA record")
        } else {
            return None;
        };
        Some(Finding::warning(key.to_string(), message, advice))
    }
}

fn holds(zone: &Zone, owner: &Owner, rtype: Rtype) -> bool {
    zone.get(&SetKey::new(owner.clone(), rtype)).is_some()
}

/// Four numbers, absolute or with the zone's name behind them, as a missing dot makes it.
fn looks_like_address(target: &Owner, apex: &Owner) -> bool {
    let labels = target.labels_from_root();
    let before = if target.is_in(apex) { apex.labels_from_root().len() } else { 0 };
    let own = labels.get(before..).unwrap_or_default();
    let is_number = |label: &Vec<u8>| str::from_utf8(label).is_ok_and(|text| text.parse::<u8>().is_ok());
    own.len() == 4 && own.iter().all(is_number)
}

/// Whether a server that `delegated` names cannot be found without an address that is not there: it lies in that very
/// delegation, or in this zone and in none. Another delegation's servers are found there, and a wildcard gives addresses too.
fn lacks_address(zone: &Zone, delegated: &Owner, target: &Owner) -> bool {
    if !target.is_in(zone.apex()) || has_address(zone, target) {
        return false;
    }
    let above = std::iter::successors(Some(target.clone()), Owner::parent);
    let mut above = above.take_while(|name| name.is_in(zone.apex()) && name != zone.apex());
    match above.find(|name| holds(zone, name, Rtype::NS)) {
        Some(cut) => cut == *delegated,
        None => !covered_by_wildcard(zone, target),
    }
}

fn has_address(zone: &Zone, owner: &Owner) -> bool {
    [Rtype::A, Rtype::AAAA].into_iter().any(|rtype| holds(zone, owner, rtype))
}

fn covered_by_wildcard(zone: &Zone, target: &Owner) -> bool {
    let above = std::iter::successors(target.parent(), Owner::parent).take_while(|name| name.is_in(zone.apex()));
    above.filter_map(|name| name.child(b"*").ok()).any(|wildcard| has_address(zone, &wildcard))
}
