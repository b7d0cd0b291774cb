//! What a zone answers to a question (RFC 1034 §4.3.2, RFC 4592). Pure.
//!
//! Names are searched from the apex down: a delegation on the way ends the search, whatever lies below it; a name that
//! exists is answered by itself, also when it is an empty non-terminal; only a name that does not exist is answered
//! from the wildcard right below its closest encloser.

use std::collections::BTreeSet;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::{Rrset, Zone, records_of};

/// How many CNAMEs of one answer are followed: more than any sane zone has in a row, and the end of every loop.
const ALIASES_MAX: usize = 16;

/// The sections of an answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The rcode.
    pub rcode: ResponseCode,
    /// Whether the zone speaks for the name asked for: neither a name outside of it nor one delegated away.
    pub authoritative: bool,
    /// The answer section.
    pub answers: Vec<Record>,
    /// The authority section: the SOA of a negative answer, the NS of a referral.
    pub authorities: Vec<Record>,
    /// The addresses of name servers that the zone itself knows.
    pub additionals: Vec<Record>,
}

impl Answer {
    /// An answer without records that speaks for nothing.
    pub(crate) fn refusal(rcode: ResponseCode) -> Self {
        Self { rcode, authoritative: false, answers: Vec::new(), authorities: Vec::new(), additionals: Vec::new() }
    }
}

/// What the search for one name and type ends at.
enum Found<'a> {
    /// The records, by the RRsets that they belong to.
    Rrsets(Vec<&'a Rrset>),
    /// A CNAME in place of them.
    Alias(&'a Rrset),
    /// A delegation to the name servers of a name at or above.
    Cut(Name),
    /// The name exists without such records.
    NoData,
    /// The name does not exist.
    NoName,
}

impl Zone {
    /// Answers a question; `ANY` asks for every type. A name outside the zone is refused.
    pub fn lookup(&self, name: &Name, rtype: RecordType) -> Answer {
        let mut answer = Answer::refusal(ResponseCode::Refused);
        if !self.origin.zone_of(name) {
            return answer;
        }
        (answer.rcode, answer.authoritative) = (ResponseCode::NoError, true);
        let mut owner = name.clone();
        for _ in 0..ALIASES_MAX {
            let found = self.find(&owner, rtype);
            let Found::Alias(rrset) = found else {
                self.conclude(&mut answer, &owner, found);
                return answer;
            };
            answer.answers.extend(records_of(&owner, rrset));
            match rrset.values() {
                [RData::CNAME(target)] if self.origin.zone_of(&target.0) => owner = target.0.clone(),
                _ => return answer,
            }
        }
        answer
    }

    /// Ends an answer. After a CNAME, the rcode is that of the last name (RFC 6604 §3) and the authority that of the first.
    fn conclude(&self, answer: &mut Answer, owner: &Name, found: Found<'_>) {
        match found {
            Found::Rrsets(rrsets) => {
                answer.answers.extend(rrsets.into_iter().flat_map(|rrset| records_of(owner, rrset)));
                answer.additionals = self.addresses(&answer.answers);
            }
            Found::Cut(cut) => {
                answer.authoritative = !answer.answers.is_empty();
                let servers = self.rrset(&cut, RecordType::NS).map(|rrset| records_of(&cut, rrset));
                answer.authorities = servers.unwrap_or_default();
                answer.additionals = self.addresses(&answer.authorities);
            }
            Found::NoData => answer.authorities.push(self.denial()),
            Found::NoName => {
                answer.rcode = ResponseCode::NXDomain;
                answer.authorities.push(self.denial());
            }
            Found::Alias(_) => unreachable!("invariant: aliases are followed before"),
        }
    }

    fn find(&self, name: &Name, rtype: RecordType) -> Found<'_> {
        if let Some(cut) = self.cut(name, rtype) {
            return Found::Cut(cut);
        }
        let Some(source) = self.source(name) else { return Found::NoName };
        let Some(types) = self.types(&source) else { return Found::NoData };
        if rtype == RecordType::ANY {
            return Found::Rrsets(types.values().collect());
        }
        match (types.get(&rtype), types.get(&RecordType::CNAME)) {
            (Some(rrset), _) => Found::Rrsets(vec![rrset]),
            (None, Some(alias)) => Found::Alias(alias),
            (None, None) => Found::NoData,
        }
    }

    /// The highest delegation on the way to `name`. The parent itself answers for DS at the cut (RFC 4035 §3.1.4.1).
    fn cut(&self, name: &Name, rtype: RecordType) -> Option<Name> {
        let (top, all) = (self.origin.iter().count(), name.iter().count());
        let mut way = (top + 1..=all).map(|labels| name.trim_to(labels));
        way.find(|at| self.rrset(at, RecordType::NS).is_some() && (at != name || rtype != RecordType::DS))
    }

    /// The name whose records answer for `name`: itself, or the wildcard below its closest encloser.
    fn source(&self, name: &Name) -> Option<Name> {
        if self.exists(name) {
            return Some(name.clone());
        }
        let mut encloser = name.base_name();
        while !self.exists(&encloser) {
            encloser = encloser.base_name();
        }
        // Too long for a wildcard is too long for a record of one.
        let wildcard = encloser.prepend_label("*").ok()?;
        self.exists(&wildcard).then_some(wildcard)
    }

    /// The SOA of a negative answer, with the TTL that the denial may be kept for (RFC 2308 §5).
    fn denial(&self) -> Record {
        let (ttl_secs, soa) = self.soa();
        Record::from_rdata(self.origin.clone(), ttl_secs.min(soa.minimum), RData::SOA(soa.clone()))
    }

    /// The addresses of the name servers among `records`, as far as the zone holds them, glue included.
    fn addresses(&self, records: &[Record]) -> Vec<Record> {
        let hosts = records.iter().filter_map(|record| match &record.data {
            RData::NS(host) => Some(&host.0),
            _ => None,
        });
        // Each host once.
        let hosts: BTreeSet<&Name> = hosts.collect();
        let rrsets = hosts.into_iter().flat_map(|host| [(host, RecordType::A), (host, RecordType::AAAA)]);
        rrsets.filter_map(|(host, rtype)| Some(records_of(host, self.rrset(host, rtype)?))).flatten().collect()
    }
}

#[cfg(test)]
mod tests;
