//! What may stand beside what in a zone. Refused is what servers refuse or answer wrongly; warned of is what works, but hardly as
//! it was meant. A TTL or a name that is too long cannot come this far; records that stand twice are told by the reader.
//!
//! One walk in canonical order: whatever lies below a name follows it at once.

mod spelling;
mod target;

use std::collections::BTreeSet;

use domain::base::Rtype;

use crate::finding::{Finding, Findings, Severity};
use crate::owner::Owner;
use crate::record_set::{RecordSet, SetKey};
use crate::zone::Zone;
use crate::zonefile::Places;

/// Who holds the SOA and the NS of the apex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apex {
    /// The zone itself.
    Here,
    /// The servers, as it is with sources that know no SOA; they are not missed then.
    Elsewhere,
}

/// Looks at a whole zone; with the places of its sets, if it came from files and was not changed since.
pub fn check(zone: &Zone, places: Option<&Places>, apex: Apex) -> Findings {
    let mut walk = Walk { zone, places, findings: Findings::default(), cut: None, redirected: None, glue: glue(zone) };
    match apex {
        Apex::Here => walk.apex(),
        Apex::Elsewhere => {}
    }
    let mut sets = zone.sets().enumerate().peekable();
    let mut node: Vec<Set<'_>> = Vec::new();
    while let Some((nth, (key, records))) = sets.next() {
        node.push(Set { nth, key, records });
        if sets.peek().is_none_or(|(_, (next, _))| next.owner != key.owner) {
            walk.node(&key.owner, &node);
            node.clear();
        }
    }
    walk.findings.sorted()
}

/// What must not stand together, of a zone of which some may be missing.
pub(crate) fn conflicts(zone: &Zone, places: &Places) -> Findings {
    let mut refused = Findings::default();
    let found = check(zone, Some(places), Apex::Elsewhere);
    found.iter().filter(|finding| finding.severity == Severity::Refused).for_each(|one| refused.add(one.clone()));
    refused
}

/// The names in the zone whose addresses a delegation needs.
fn glue(zone: &Zone) -> BTreeSet<Owner> {
    let servers = zone.sets().filter(|(key, _)| key.rtype == Rtype::NS && key.owner != *zone.apex());
    let targets = servers.flat_map(|(_, set)| set.values()).filter_map(|value| Owner::from_wire(value.as_wire()).ok());
    targets.filter(|target| target.is_in(zone.apex())).collect()
}

/// A set, with its number in the zone.
struct Set<'z> {
    nth: usize,
    key: &'z SetKey,
    records: &'z RecordSet,
}

struct Walk<'z> {
    zone: &'z Zone,
    places: Option<&'z Places>,
    findings: Findings,
    /// The delegation that the walk is at or below.
    cut: Option<&'z Owner>,
    /// The DNAME's name that the walk is at or below.
    redirected: Option<&'z Owner>,
    glue: BTreeSet<Owner>,
}

impl<'z> Walk<'z> {
    fn add(&mut self, nth: usize, finding: Finding) {
        let place = self.places.and_then(|places| places.get(nth));
        self.findings.add(finding.at(place));
    }

    /// What every zone has (RFC 1035 §5.2).
    fn apex(&mut self) {
        let apex = self.zone.apex();
        let of = |rtype| self.zone.get(&SetKey::new(apex.clone(), rtype));
        let file = self.places.and_then(Places::whole);
        let (no_soa, no_servers) = (of(Rtype::SOA).is_none(), of(Rtype::NS).is_none());
        if no_soa {
            let message = "the zone has no SOA at its apex (RFC 1035 §5.2)";
            let advice = "add one: `@ SOA primary mailbox 1 3600 900 604800 300`";
            self.findings.add(Finding::refused(apex.to_string(), message, advice).at(file.clone()));
        }
        if no_servers {
            let message = "the zone has no NS at its apex (RFC 1035 §5.2)";
            let advice = "add one for each of its servers: `@ NS host`";
            self.findings.add(Finding::refused(apex.to_string(), message, advice).at(file));
        }
    }

    fn node(&mut self, owner: &'z Owner, sets: &[Set<'z>]) {
        self.cut = self.cut.filter(|cut| owner.is_in(cut));
        self.redirected = self.redirected.filter(|above| owner.is_in(above));
        self.spelling(owner, sets);
        self.alone(owner, sets);
        self.beside_cname(sets);
        self.redirection(owner, sets);
        let is_delegated = owner != self.zone.apex() && sets.iter().any(|set| set.key.rtype == Rtype::NS);
        if let Some(cut) = self.cut {
            self.occluded(cut, sets);
        } else if is_delegated {
            self.cut = Some(owner);
            self.beside_delegation(sets);
        }
        for set in sets {
            self.targets(set);
        }
    }

    /// Types that stand alone, or once.
    fn alone(&mut self, owner: &Owner, sets: &[Set<'_>]) {
        for Set { nth, key, records } in sets {
            let rule = match key.rtype {
                Rtype::SOA => "RFC 1035 §5.2",
                Rtype::CNAME => "RFC 2181 §10.1",
                Rtype::DNAME => "RFC 6672 §2.4",
                _ => continue,
            };
            if records.values().len() > 1 {
                let message = format!("a name has one {}, here are {} ({rule})", key.rtype, records.values().len());
                self.add(*nth, Finding::refused(key.to_string(), message, "remove all but one"));
            }
            if key.rtype == Rtype::SOA && owner != self.zone.apex() {
                let advice = "remove it, or make the name a zone of its own";
                self.add(
                    *nth,
                    Finding::refused(key.to_string(), "an SOA stands at the zone's apex only (RFC 1035 §5.2)", advice),
                );
            }
        }
    }

    fn beside_cname(&mut self, sets: &[Set<'_>]) {
        let Some(cname) = sets.iter().find(|set| set.key.rtype == Rtype::CNAME) else { return };
        let beside = sets.iter().map(|other| other.key.rtype).filter(|rtype| !stands_beside_cname(*rtype));
        let beside: Vec<String> = beside.map(|rtype| rtype.to_string()).collect();
        if !beside.is_empty() {
            let message = format!("a CNAME stands beside {} (RFC 1034 §3.6.2, RFC 2181 §10.1)", beside.join(", "));
            let advice = "keep the CNAME or the others; at an apex, write the addresses out";
            self.add(cname.nth, Finding::refused(cname.key.to_string(), message, advice));
        }
    }

    /// Nothing lies below a DNAME: a server that redirects all of it could not answer for it.
    fn redirection(&mut self, owner: &'z Owner, sets: &[Set<'z>]) {
        if let (Some(above), Some(first)) = (self.redirected, sets.first()) {
            let message = format!("the name lies below the DNAME at {above} (RFC 6672 §2.4)");
            self.add(first.nth, Finding::refused(owner.to_string(), message, "remove the DNAME or what lies below it"));
        } else if sets.iter().any(|set| set.key.rtype == Rtype::DNAME) {
            self.redirected = Some(owner);
        }
    }

    /// Below a delegation the zone holds addresses of its servers and nothing else (RFC 1034 §4.2.1).
    fn occluded(&mut self, cut: &Owner, sets: &[Set<'_>]) {
        for Set { nth, key, .. } in sets {
            let is_glue = matches!(key.rtype, Rtype::A | Rtype::AAAA) && self.glue.contains(&key.owner);
            if !is_glue {
                let message = format!("it lies below the delegation of {cut} and is never answered (RFC 1034 §4.2.1)");
                self.add(*nth, Finding::warning(key.to_string(), message, "move it into the delegated zone"));
            }
        }
    }

    /// The same at the delegation itself, where DS and what signs it stand too (RFC 4035 §2.4).
    fn beside_delegation(&mut self, sets: &[Set<'_>]) {
        for Set { nth, key, .. } in sets {
            let is_glue = matches!(key.rtype, Rtype::A | Rtype::AAAA) && self.glue.contains(&key.owner);
            let belongs = matches!(key.rtype, Rtype::NS | Rtype::DS | Rtype::RRSIG | Rtype::NSEC);
            // A CNAME there is refused already.
            if !is_glue && !belongs && key.rtype != Rtype::CNAME {
                let message = "it stands beside a delegation and is never answered (RFC 1034 §4.2.1)";
                self.add(*nth, Finding::warning(key.to_string(), message, "move it into the delegated zone"));
            }
        }
    }
}

/// A CNAME itself and what signs it (RFC 4035 §2.5).
fn stands_beside_cname(rtype: Rtype) -> bool {
    matches!(rtype, Rtype::CNAME | Rtype::RRSIG | Rtype::NSEC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rdata, Ttl};

    const BASE: &str = "@ SOA ns hostmaster 1 2 3 4 5
@ NS ns
ns A 192.0.2.1
";

    fn zone(text: &str) -> Zone {
        let apex: Owner = "example.test.".parse().expect("a name");
        let mut zone = Zone::new(apex.clone());
        for line in text.lines() {
            let [name, rtype, data] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let owner = match name {
                "@" => apex.clone(),
                name => format!("{name}.{apex}").parse().expect("a name"),
            };
            let rtype: Rtype = rtype.parse().expect("a type");
            let data = Rdata::parse(rtype, data, &apex).expect("record data");
            zone.insert(SetKey::new(owner, rtype), Ttl::from_secs(60).expect("a TTL"), data).expect("in the zone");
        }
        zone
    }

    fn found(text: &str) -> Vec<String> {
        let findings = check(&zone(text), None, Apex::Here);
        assert!(findings.iter().all(|finding| !finding.advice.is_empty()));
        findings.iter().map(|finding| finding.to_string().lines().next().unwrap_or_default().to_owned()).collect()
    }

    fn found_beside_base(text: &str) -> Vec<String> {
        found(&format!("{BASE}{text}"))
    }

    #[test]
    fn a_usual_zone_passes() {
        let text = "www CNAME ns
* A 192.0.2.2
old DNAME new
mail A 192.0.2.3
@ MX 10 mail
none MX 0 .
_sip._tcp SRV 1 1 5060 mail
_no._tcp SRV 0 0 0 .
sub NS ns.sub
sub NS ns.other
sub DS 1 8 2 00
ns.sub A 192.0.2.4
other NS ns.other
ns.other AAAA 2001:db8::1
www RRSIG CNAME 8 3 60 1 1 1 @ AQID";
        assert_eq!(found_beside_base(text), [""; 0]);
    }

    #[test]
    fn a_zone_has_one_soa_and_servers_at_its_apex() {
        assert_eq!(
            found("a A 192.0.2.1"),
            [
                "`example.test.`: the zone has no SOA at its apex (RFC 1035 §5.2)",
                "`example.test.`: the zone has no NS at its apex (RFC 1035 §5.2)",
            ]
        );
        assert_eq!(
            found_beside_base("@ SOA ns hostmaster 2 2 3 4 5\na SOA ns hostmaster 1 2 3 4 5"),
            [
                "`example.test. SOA`: a name has one SOA, here are 2 (RFC 1035 §5.2)",
                "`a.example.test. SOA`: an SOA stands at the zone's apex only (RFC 1035 §5.2)",
            ]
        );
    }

    #[test]
    fn what_is_held_elsewhere_is_not_missed() {
        assert!(check(&zone("a A 192.0.2.1"), None, Apex::Elsewhere).is_empty());
    }

    #[test]
    fn a_cname_stands_alone_and_once() {
        assert_eq!(
            found_beside_base("a CNAME ns\na A 192.0.2.1\na TXT x"),
            ["`a.example.test. CNAME`: a CNAME stands beside A, TXT (RFC 1034 §3.6.2, RFC 2181 §10.1)",]
        );
        assert_eq!(
            found_beside_base("a CNAME ns\na CNAME b"),
            ["`a.example.test. CNAME`: a name has one CNAME, here are 2 (RFC 2181 §10.1)",]
        );
    }

    #[test]
    fn nothing_lies_below_a_dname() {
        assert_eq!(
            found_beside_base("a DNAME b.\nx.a A 192.0.2.1\na A 192.0.2.1\nb A 192.0.2.1"),
            ["`x.a.example.test.`: the name lies below the DNAME at a.example.test. (RFC 6672 §2.4)",]
        );
        assert_eq!(
            found_beside_base("a DNAME b.\na DNAME c."),
            ["`a.example.test. DNAME`: a name has one DNAME, here are 2 (RFC 6672 §2.4)",]
        );
    }

    #[test]
    fn at_and_below_a_delegation_only_its_servers_addresses_are_answered() {
        let text =
            "sub NS ns.sub\nns.sub A 192.0.2.1\nns.sub TXT x\nwww.sub A 192.0.2.1\nsub MX 1 ns\nsub2 A 192.0.2.1";
        assert_eq!(
            found_beside_base(text),
            [
                "warning: `sub.example.test. MX`: it stands beside a delegation and is never answered (RFC 1034 §4.2.1)",
                "warning: `ns.sub.example.test. TXT`: it lies below the delegation of sub.example.test. and is never answered \
             (RFC 1034 §4.2.1)",
                "warning: `www.sub.example.test. A`: it lies below the delegation of sub.example.test. and is never answered \
             (RFC 1034 §4.2.1)",
            ]
        );
    }

    #[test]
    fn servers_in_the_zone_need_addresses() {
        assert_eq!(
            found_beside_base("sub NS ns.sub\n@ NS ns2\nout NS ns.elsewhere.test.\nwild NS ns.dyn\n*.dyn A 192.0.2.1"),
            [
                "warning: `example.test. NS`: its server ns2.example.test. has no address in the zone (RFC 1912 §2.3)",
                "warning: `sub.example.test. NS`: its server ns.sub.example.test. has no address in the zone (RFC 1912 §2.3)",
            ]
        );
    }

    #[test]
    fn targets_are_names_with_records_of_their_own() {
        let text =
            "alias CNAME ns\n@ MX 1 alias\nsub NS alias\n_a._b SRV 1 1 1 alias\nnum MX 1 192.0.2.1\nnum2 NS 192.0.2.1.";
        assert_eq!(found_beside_base(text), [
            "warning: `example.test. MX`: its target alias.example.test. is a CNAME (RFC 2181 §10.3)".to_owned(),
            "warning: `_a._b.example.test. SRV`: its target alias.example.test. is a CNAME (RFC 2782)".to_owned(),
            "warning: `num.example.test. MX`: its target 192.0.2.1.example.test. looks like an address; it is a name (RFC 1035 §3.3.9)".to_owned(),
            "warning: `num2.example.test. NS`: its target 192.0.2.1. looks like an address; it is a name (RFC 1035 §3.3.11)".to_owned(),
            "warning: `sub.example.test. NS`: its target alias.example.test. is a CNAME (RFC 2181 §10.3)".to_owned(),
        ]);
    }
}
