//! What a zone in memory holds, and the conditions on it. Pure.

use std::collections::BTreeMap;

use dns_core::change::{ChangeSet, Guard, Requirement};
use dns_core::fence::text::FenceText;
use dns_core::rrset::{GuardedType, Rrset, RrsetKey, Rrsets, Ttl};
use dns_core::zone::{FoundFence, ReadRequest, ZoneView};
use hickory_proto::rr::{Name, RData};

use crate::asked;
use crate::port::ProviderError;

/// The TXT records of one name; never none.
#[derive(Clone, Debug)]
struct Texts {
    ttl: Ttl,
    records: Vec<FenceText>,
}

/// A zone's records.
#[derive(Debug, Default)]
pub(super) struct Contents {
    rrsets: Rrsets,
    texts: BTreeMap<Name, Texts>,
}

impl Contents {
    pub(super) fn rrsets(&self) -> &Rrsets {
        &self.rrsets
    }

    pub(super) fn put(&mut self, rrset: Rrset) {
        self.rrsets.insert(rrset.key().clone(), rrset);
    }

    pub(super) fn remove(&mut self, key: &RrsetKey) -> bool {
        self.rrsets.remove(key).is_some()
    }

    pub(super) fn put_texts(&mut self, name: &Name, ttl: Ttl, records: Vec<FenceText>) {
        self.texts.remove(name);
        if !records.is_empty() {
            self.texts.insert(name.clone(), Texts { ttl, records });
        }
    }

    /// What stands at the names themselves: nothing is lent by a wildcard here.
    pub(super) fn view(&self, request: &ReadRequest) -> ZoneView {
        let fence = self.fence(&request.fence_name);
        let asked = asked::keys(request, &fence);
        let held = asked.iter().filter_map(|key| self.rrsets.get_key_value(key));
        let rrsets = held.map(|(key, rrset)| (key.clone(), rrset.clone())).collect();
        let ReadRequest { zone, fence_name, keys: _ } = request.clone();
        ZoneView { zone, fence_name, fence, asked, rrsets }
    }

    fn fence(&self, name: &Name) -> FoundFence {
        if self.rrsets.contains_key(&RrsetKey::new(name, GuardedType::Cname)) {
            return FoundFence::Unreadable { found: "a CNAME".to_owned() };
        }
        let Some(Texts { ttl, records }) = self.texts.get(name) else { return FoundFence::Absent };
        match records.as_slice() {
            [text] => FoundFence::Present { ttl: *ttl, text: text.clone() },
            several => FoundFence::Unreadable { found: format!("{} TXT records", several.len()) },
        }
    }

    /// Whether every condition holds; TTLs are not part of any.
    pub(super) fn require(&self, change: &ChangeSet) -> Result<(), ProviderError> {
        let conflict = |reason| Err(ProviderError::Conflict { zone: change.zone.to_string(), reason });
        match (&change.guard, self.fence(&change.fence_name)) {
            (Guard::Absent, FoundFence::Absent) => {}
            (Guard::Exactly { text: required, .. }, FoundFence::Present { text, .. }) if *required == text => {}
            (_, found) => return conflict(format!("the fence {} is {found:?}", change.fence_name)),
        }
        match change.requires.iter().find(|requirement| !self.meets(requirement)) {
            Some(Requirement::Exactly(rrset)) => conflict(format!("{} has changed or is gone", rrset.key())),
            Some(Requirement::Absent(key)) => conflict(format!("{key} exists")),
            None => Ok(()),
        }
    }

    fn meets(&self, requirement: &Requirement) -> bool {
        match requirement {
            Requirement::Exactly(rrset) => self.rrsets.get(rrset.key()).is_some_and(|held| held.same_values(rrset)),
            Requirement::Absent(key) => !self.rrsets.contains_key(key),
        }
    }

    /// Deletes, then creates; all of it, or nothing if a CNAME would come to stand beside something else.
    pub(super) fn write(&mut self, subject: &str, change: &ChangeSet) -> Result<(), ProviderError> {
        let mut after = self.rrsets.clone();
        change.deletes.iter().for_each(|rrset| drop(after.remove(rrset.key())));
        after.extend(change.creates.iter().map(|rrset| (rrset.key().clone(), rrset.clone())));
        let crowded = change.creates.iter().find(|rrset| is_crowded(&after, rrset.key(), change));
        if let Some(rrset) = crowded {
            return Err(ProviderError::Invalid {
                subject: subject.to_owned(),
                record: rrset.key().to_string(),
                reason: "a CNAME cannot stand beside other records".to_owned(),
            });
        }
        self.rrsets = after;
        self.put_texts(&change.fence_name, change.fence_ttl, vec![change.fence.clone()]);
        Ok(())
    }

    /// RFC 4592 §3.3.1: a wildcard stands in only right below the closest name that exists.
    pub(super) fn served(&self, zone: &Name, name: &Name, rtype: GuardedType) -> Vec<RData> {
        let mut encloser = name.clone();
        while encloser != *zone && !encloser.is_root() && !self.exists(&encloser) {
            encloser = encloser.base_name();
        }
        let owner = if encloser == *name { Some(encloser) } else { encloser.prepend_label("*").ok() };
        let rrset = owner.and_then(|owner| self.rrsets.get(&RrsetKey::new(&owner, rtype)));
        rrset.map(|rrset| rrset.values().to_vec()).unwrap_or_default()
    }

    /// Whether there is anything at the name or below it.
    fn exists(&self, name: &Name) -> bool {
        self.rrsets.keys().map(RrsetKey::name).chain(self.texts.keys()).any(|owner| name.zone_of(owner))
    }
}

fn is_crowded(rrsets: &Rrsets, key: &RrsetKey, change: &ChangeSet) -> bool {
    let beside = |rtype: &GuardedType| rrsets.contains_key(&RrsetKey::new(key.name(), *rtype));
    let on_fence = key.rtype() == GuardedType::Cname && *key.name() == change.fence_name;
    on_fence || key.rtype().conflicting().iter().any(beside)
}

/// Whether a change set is small enough, the fence's old and new record included.
pub(super) fn fits(subject: &str, change: &ChangeSet, records_max: usize) -> Result<(), ProviderError> {
    let records =
        2 + change.deletes.iter().chain(&change.creates).map(|rrset| rrset.values().len().max(1)).sum::<usize>();
    if records <= records_max {
        return Ok(());
    }
    Err(ProviderError::Invalid {
        subject: subject.to_owned(),
        record: change.fence_name.to_string(),
        reason: format!("its service's change has {records} records, and {records_max} are taken at once"),
    })
}
