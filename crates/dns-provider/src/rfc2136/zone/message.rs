//! A batch as an UPDATE message (RFC 2136 §2), and its exact size. Pure.

use std::iter::once;

use dns_zone::{Owner, RecordSet, Rtype, SetChange, SetKey, Step};
use domain::base::iana::{Class, Opcode};
use domain::base::rdata::UnknownRecordData;
use domain::base::{MessageBuilder, Name};

use super::compose::{Octets, name_octets};

/// RFC 1035 §4.1.1.
const HEADER_OCTETS: usize = 12;

/// Type and class (RFC 1035 §4.1.2).
const QUESTION_OCTETS: usize = 4;

/// Type, class, TTL and length of a record (RFC 1035 §4.1.3).
const RECORD_OCTETS: usize = 10;

/// A record of the message. What it asks for is in its section and its class.
#[derive(Clone, Copy, Debug)]
struct Line<'a> {
    owner: &'a Owner,
    rtype: Rtype,
    class: Class,
    ttl_secs: u32,
    data: &'a [u8],
}

/// What a step is made of.
#[derive(Debug, Default)]
struct Lines<'a> {
    prerequisites: Vec<Line<'a>>,
    deletes: Vec<Line<'a>>,
    adds: Vec<Line<'a>>,
    /// Name servers of the zone that go: after others came, since a server keeps the last one (RFC 2136 §3.4.2.4).
    late: Vec<Line<'a>>,
}

/// Octets of a message without steps and without signature.
pub(super) fn envelope_octets(zone: &Owner) -> usize {
    HEADER_OCTETS + zone.to_wire().len() + QUESTION_OCTETS
}

/// Octets of a step.
pub(super) fn octets(zone: &Owner, step: &Step) -> usize {
    let Lines { prerequisites, deletes, adds, late } = Lines::of(zone, step);
    let lines = prerequisites.iter().chain(&deletes).chain(&adds).chain(&late);
    lines.map(|line| name_octets(zone, line.owner) + RECORD_OCTETS + line.data.len()).sum()
}

/// The message, unsigned.
pub(super) fn encode(zone: &Owner, steps: &[&Step], id: u16) -> Vec<u8> {
    const FITS: &str = "invariant: a batch that fits a message has fewer records than can be counted";
    let lines: Vec<Lines<'_>> = steps.iter().map(|step| Lines::of(zone, step)).collect();
    let Ok(mut builder) = MessageBuilder::from_target(Octets::new(zone));
    builder.header_mut().set_id(id);
    builder.header_mut().set_opcode(Opcode::UPDATE);
    let mut question = builder.question();
    question.push((zone.to_name(), Rtype::SOA)).expect(FITS);
    let mut answer = question.answer();
    for line in lines.iter().flat_map(|step| &step.prerequisites) {
        answer.push(line.record()).expect(FITS);
    }
    let mut authority = answer.authority();
    let deletes = lines.iter().flat_map(|step| &step.deletes);
    let adds = lines.iter().flat_map(|step| &step.adds);
    let late = lines.iter().flat_map(|step| &step.late);
    for line in deletes.chain(adds).chain(late) {
        authority.push(line.record()).expect(FITS);
    }
    authority.finish().into_vec()
}

impl<'a> Line<'a> {
    /// Without data: about a whole set, or a whole name.
    fn bare(owner: &'a Owner, rtype: Rtype, class: Class) -> Self {
        Self { owner, rtype, class, ttl_secs: 0, data: &[] }
    }

    fn record(&self) -> (Name<Vec<u8>>, Class, u32, UnknownRecordData<&'a [u8]>) {
        let data = UnknownRecordData::from_octets(self.rtype, self.data)
            .expect("invariant: record data of a zone is no longer than a message's");
        (self.owner.to_name(), self.class, self.ttl_secs, data)
    }
}

/// One line for each value: required with class IN and no TTL (RFC 2136 §2.4.2), added with one (§2.5.1).
fn values<'a>(key: &'a SetKey, set: &'a RecordSet, ttl_secs: u32) -> impl Iterator<Item = Line<'a>> {
    let line = move |data| Line { owner: &key.owner, rtype: key.rtype, class: Class::IN, ttl_secs, data };
    set.values().iter().map(move |value| line(value.as_wire()))
}

impl<'a> Lines<'a> {
    fn of(zone: &Owner, step: &'a Step) -> Self {
        let mut lines = Self::default();
        for change in &step.changes {
            let SetChange { key, before, after } = change;
            lines.prerequisites.extend(prerequisites(step, change));
            if let Some(before) = before {
                lines.remove(zone, key, before, after.as_ref());
            }
            if let Some(after) = after {
                lines.adds.extend(values(key, after, after.ttl().as_secs()));
            }
        }
        lines
    }

    /// A set goes whole (RFC 2136 §2.5.2), except what a server would keep: the SOA is replaced by a newer one, and name
    /// servers of the zone go one by one (§2.5.4).
    fn remove(&mut self, zone: &Owner, key: &'a SetKey, before: &'a RecordSet, after: Option<&RecordSet>) {
        match key.rtype {
            Rtype::SOA => {}
            Rtype::NS if key.owner == *zone => {
                let stays = |line: &Line<'_>| {
                    after.is_some_and(|after| after.values().iter().any(|value| value.as_wire() == line.data))
                };
                let gone = values(key, before, 0).filter(|line| !stays(line));
                self.late.extend(gone.map(|line| Line { class: Class::NONE, ..line }));
            }
            rtype => self.deletes.push(Line::bare(&key.owner, rtype, Class::ANY)),
        }
    }
}

/// What a change requires. A server leaves out a CNAME beside other data, and the reverse, without a word (RFC 2136
/// §3.4.2.2): so what is made requires that nothing is there that it could not stand beside.
fn prerequisites<'a>(step: &'a Step, change: &'a SetChange) -> Vec<Line<'a>> {
    let SetChange { key, before, after: _ } = change;
    match (key.rtype, before) {
        // Its serial moves with every update, those of this very plan among them.
        (Rtype::SOA, _) => Vec::new(),
        (_, Some(before)) => values(key, before, 0).collect(),
        // RFC 2136 §2.4.5: the name is not in use.
        (Rtype::CNAME, None) if !goes_at(step, key) => vec![Line::bare(&key.owner, Rtype::ANY, Class::NONE)],
        (rtype, None) => {
            let beside = is_first_beside(step, key).then(|| Line::bare(&key.owner, Rtype::CNAME, Class::NONE));
            once(Line::bare(&key.owner, rtype, Class::NONE)).chain(beside).collect()
        }
    }
}

/// Whether something that is required to be there goes from this name.
fn goes_at(step: &Step, key: &SetKey) -> bool {
    step.changes.iter().any(|other| other.key.owner == key.owner && other.key != *key && other.before.is_some())
}

/// Whether this is where a step says, once for a name, that no CNAME stands there.
fn is_first_beside(step: &Step, key: &SetKey) -> bool {
    // RFC 4034 §3 and §4: these two stand beside one.
    let may_stand = |rtype: Rtype| matches!(rtype, Rtype::CNAME | Rtype::RRSIG | Rtype::NSEC);
    let mut here = step.changes.iter().filter(|other| other.key.owner == key.owner);
    let has_cname = here.clone().any(|other| other.key.rtype == Rtype::CNAME);
    let first = here.find(|other| other.before.is_none() && !may_stand(other.key.rtype));
    !has_cname && first.is_some_and(|first| first.key == *key)
}

#[cfg(test)]
mod tests;
