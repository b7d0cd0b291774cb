//! The records of a zone at one moment, and the rules between neighbours. Copies share what they hold, so that a
//! transaction works on a copy and history keeps the old ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::draft::Fields;
use super::record::{Record, RecordType};
use super::refusal::Refusal;

/// The sum of contents of one name and type ("DNS record types").
const COMBINED_CHARACTERS_MAX: usize = 8_192;

/// Records by name, in the order of their creation, and by id.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    by_name: BTreeMap<Arc<str>, Vec<Arc<Record>>>,
    by_id: BTreeMap<Arc<str>, Arc<Record>>,
}

impl Records {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.by_name.values().flatten()
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn get(&self, id: &str) -> Result<&Arc<Record>, Refusal> {
        self.by_id.get(id).ok_or_else(Refusal::gone)
    }

    /// Those of one name, in the order of their creation.
    pub(super) fn at(&self, name: &str) -> &[Arc<Record>] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn insert(&mut self, record: Record) -> Arc<Record> {
        let record = Arc::new(record);
        self.by_id.insert(record.id.as_str().into(), Arc::clone(&record));
        self.by_name.entry(record.name.as_str().into()).or_default().push(Arc::clone(&record));
        record
    }

    pub(super) fn remove(&mut self, id: &str) -> Result<Arc<Record>, Refusal> {
        let record = self.by_id.remove(id).ok_or_else(Refusal::gone)?;
        let name = record.name.as_str();
        let here = self.by_name.get_mut(name).expect("invariant: every record is known by its name");
        here.retain(|other| other.id != id);
        if here.is_empty() {
            self.by_name.remove(name);
        }
        Ok(record)
    }

    /// Whether these fields may stand where they want to, beside the records of other ids than their own.
    pub(super) fn admit(&self, fields: &Fields, own: Option<&str>, apex: &str) -> Result<(), Refusal> {
        let here = self.at(&fields.name);
        let others = || here.iter().filter(|other| Some(other.id.as_str()) != own);
        let is_identical = |other: &&Arc<Record>| other.rtype == fields.rtype && other.content == fields.content;
        if others().any(|other| is_identical(&other)) {
            return Err(Refusal::identical());
        }
        others().try_for_each(|other| admit_beside(fields, other.rtype, apex))?;
        let alike = others().filter(|other| other.rtype == fields.rtype).map(|other| other.content.chars().count());
        if alike.sum::<usize>() + fields.content.chars().count() > COMBINED_CHARACTERS_MAX {
            let message = format!(
                "Combined content length of records with this name and type must not exceed {COMBINED_CHARACTERS_MAX} characters."
            );
            return Err(Refusal::invalid(83011, message));
        }
        Ok(())
    }
}

/// The service's own rule, not the DNS's: MX, TXT and their like may stand beside a CNAME, because it can be flattened.
fn admit_beside(fields: &Fields, other: RecordType, apex: &str) -> Result<(), Refusal> {
    match (fields.rtype, other) {
        (RecordType::Cname, RecordType::A | RecordType::Aaaa | RecordType::Cname) => Err(Refusal::host_exists()),
        (RecordType::A | RecordType::Aaaa, RecordType::Cname) => Err(Refusal::cname_exists()),
        (new, RecordType::Ns) if new.is_host() && fields.name != apex => Err(Refusal::ns_exists()),
        (RecordType::Ns, old) if old.is_host() && fields.name != apex => Err(Refusal::host_exists()),
        _ => Ok(()),
    }
}
