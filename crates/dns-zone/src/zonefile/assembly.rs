//! From records in the order of their files to a zone.

use std::sync::Arc;

use crate::finding::{Finding, Findings, Place};
use crate::lint;
use crate::owner::Owner;
use crate::rdata::Rdata;
use crate::record_set::{RecordSet, SetKey, Ttl};
use crate::zone::Zone;

/// A record as it was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) key: SetKey,
    pub(crate) ttl: Ttl,
    pub(crate) value: Rdata,
    pub(crate) file: u32,
    pub(crate) line: u32,
}

/// What was read.
#[derive(Clone, Debug)]
pub struct ZoneFile {
    /// The zone.
    pub zone: Zone,
    /// Where its sets stand.
    pub places: Places,
    /// What is unwise about the files.
    pub warnings: Findings,
}

/// Where the sets of a zone stand in its files: the first record of each, in the order of [`Zone::sets`]. True as long as the
/// zone is not changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    files: Vec<Arc<str>>,
    lines: Vec<(u32, u32)>,
}

impl Places {
    /// Where the set stands that is the `nth` of the zone; 0 is the first.
    pub fn get(&self, nth: usize) -> Option<Place> {
        self.lines.get(nth).and_then(|(file, line)| self.place(*file, *line))
    }

    /// The first file as a whole, which is the zone's own; the others are included.
    pub(crate) fn whole(&self) -> Option<Place> {
        self.place(0, 0)
    }

    fn place(&self, file: u32, line: u32) -> Option<Place> {
        let name = usize::try_from(file).ok().and_then(|file| self.files.get(file))?;
        Some(Place { file: Arc::clone(name), line: usize::try_from(line).ok()?, column: 0 })
    }
}

/// The zone of what was found, unless something is wrong with it. Then what must not stand together is told, too, since a file is
/// repaired once; what is missing is not: it may stand in a faulty line.
pub(crate) fn finish(
    apex: &Owner,
    files: Vec<Arc<str>>,
    found: Vec<Found>,
    mut findings: Findings,
) -> Result<ZoneFile, Findings> {
    let Some((zone, places)) = assemble(apex, files, found, &mut findings) else { return Err(findings.sorted()) };
    if findings.refused() == 0 {
        return Ok(ZoneFile { zone, places, warnings: findings.sorted() });
    }
    findings.append(lint::conflicts(&zone, &places));
    Err(findings.sorted())
}

/// Joins records into sets. Of TTLs that differ within a set the smallest is taken: RFC 2181 §5.2 forbids them, servers load them
/// all the same, and no answer is kept longer than its owner wanted. Nothing forbids them of signatures ([`SetKey::has_one_ttl`]). A
/// record that stands twice is one (RFC 2181 §5).
fn assemble(
    apex: &Owner,
    files: Vec<Arc<str>>,
    mut found: Vec<Found>,
    findings: &mut Findings,
) -> Option<(Zone, Places)> {
    // Stable, and quick for what is sorted already: most files are, in long runs.
    found.sort_by(|one, other| (&one.key, &one.value).cmp(&(&other.key, &other.value)));
    let mut places = Places { files, lines: Vec::new() };
    let mut sets: Vec<(SetKey, RecordSet)> = Vec::new();
    let mut found = found.into_iter().peekable();
    while let Some(first) = found.next() {
        let Found { key, mut ttl, value, file, mut line } = first;
        let mut values = vec![value];
        while let Some(next) = found.next_if(|next| next.key == key) {
            if next.ttl != ttl {
                if key.has_one_ttl() {
                    findings.add(differing_ttls(&key, ttl, next.ttl).at(places.place(next.file, next.line)));
                }
                ttl = ttl.min(next.ttl);
            }
            if values.last() == Some(&next.value) {
                let shown = format!("{key} {}", next.value.display(key.rtype));
                findings.add(twice(shown, places.place(file, line)).at(places.place(next.file, next.line)));
            } else {
                values.push(next.value);
            }
            line = if next.file == file { line.min(next.line) } else { line };
        }
        places.lines.push((file, line));
        let set = RecordSet::new(ttl, values).expect("invariant: it begins with one");
        sets.push((key, set));
    }
    Zone::of_sets(apex.clone(), sets).ok().map(|zone| (zone, places))
}

fn differing_ttls(key: &SetKey, one: Ttl, other: Ttl) -> Finding {
    let message = format!("its records have the TTLs {one} and {other}; the smaller is taken (RFC 2181 §5.2)");
    Finding::warning(key.to_string(), message, "give all records of one name and type the same TTL")
}

fn twice(record: String, before: Option<Place>) -> Finding {
    let before = before.map_or_else(String::new, |place| format!(", first at {place}"));
    Finding::warning(record, format!("the record stands twice{before}; it is taken once (RFC 2181 §5)"), "remove one")
}
