//! What no change set of a plan violates, but a stored or damaged one could: a name outside the zone, a change to an RRset
//! that nothing is required of, a record that the provider has no form for. Every adapter asks before it sends.

use dns_core::change::{ChangeSet, Guard, Requirement};
use dns_core::fence::text::FenceText;
use dns_core::rrset::{GuardedType, Rrset, RrsetKey};

use crate::port::{ApexCname, Capabilities, ProviderError};

/// The longest string of a TXT record (RFC 1035 §3.3).
const STRING_BYTES_MAX: usize = 255;

/// Checks a change set before anything of it is sent.
///
/// # Errors
/// [`ProviderError::Invalid`], which names the record.
pub(crate) fn check(able: &Capabilities, change: &ChangeSet) -> Result<(), ProviderError> {
    let subject = &able.checked_by;
    first_fault(change).and_then(|()| first_unable(able, change)).map_err(|(record, reason)| ProviderError::Invalid {
        subject: subject.clone(),
        record,
        reason: reason.to_owned(),
    })
}

/// The error is a record and a reason.
fn first_fault(change: &ChangeSet) -> Result<(), (String, &'static str)> {
    let fence = || change.fence_name.to_string();
    if !fits(&change.fence) || matches!(&change.guard, Guard::Exactly { text, .. } if !fits(text)) {
        return Err((fence(), "a TXT record has one or more strings of at most 255 bytes"));
    }
    let required = change.requires.iter().map(|requirement| match requirement {
        Requirement::Exactly(rrset) => rrset.key(),
        Requirement::Absent(key) => key,
    });
    let named = required.chain(change.deletes.iter().chain(&change.creates).map(Rrset::key)).map(RrsetKey::name);
    if let Some(outside) = named.chain([&change.fence_name]).find(|name| !change.zone.zone_of(name)) {
        return Err((outside.to_string(), "it is outside the zone"));
    }
    if let Some(unread) = change.deletes.iter().find(|rrset| !requires_exactly(change, rrset)) {
        return Err((unread.key().to_string(), "it would be removed without the condition that it is as it was read"));
    }
    if let Some(unread) = change.creates.iter().find(|rrset| !requires_any(change, rrset.key())) {
        return Err((unread.key().to_string(), "it would be written without a condition on what is there"));
    }
    Ok(())
}

/// What this provider cannot write.
fn first_unable(able: &Capabilities, change: &ChangeSet) -> Result<(), (String, &'static str)> {
    for set in &change.creates {
        if let Some(why) = unable(able, set).or_else(|| unable_at_apex(able, change, set)) {
            return Err((set.key().to_string(), why));
        }
    }
    Ok(())
}

/// A server would delete what stands there, leave the CNAME out silently, and serve nothing.
fn unable_at_apex(able: &Capabilities, change: &ChangeSet, set: &Rrset) -> Option<&'static str> {
    let is_cname = set.key().rtype() == GuardedType::Cname && set.key().name() == &change.zone;
    (is_cname && able.apex_cname == ApexCname::Refused)
        .then_some("a CNAME cannot stand at the zone's apex, where SOA and NS are")
}

/// Why a provider cannot hold a set.
pub(crate) fn unable(able: &Capabilities, set: &Rrset) -> Option<&'static str> {
    if !able.types.contains(&set.key().rtype()) {
        return Some("the provider does not take this type");
    }
    if set.alias().is_some() && !able.alias {
        return Some("the provider has no aliases of load balancers");
    }
    if set.is_proxied() && !able.proxy {
        return Some("the provider has no proxy");
    }
    if !set.weighted().is_empty() && !able.weighting {
        return Some("the provider draws no answers by weight");
    }
    if set.weighted().iter().any(|one| one.set.values().len() > 1) {
        // API Reference, `ResourceRecordSet`, `Weight`: one `ResourceRecord` for each weighted set.
        return Some("a set that is drawn by weight has one value, or is an alias");
    }
    if let Some(why) = set.weighted().iter().find_map(|one| unable(able, &one.set)) {
        return Some(why);
    }
    let has_ttl = set.alias().is_none();
    (has_ttl && !able.limits.ttl_secs.contains(&set.ttl().as_secs()))
        .then_some("its TTL is outside what the provider takes")
}

fn fits(text: &FenceText) -> bool {
    !text.strings().is_empty() && text.strings().iter().all(|string| string.len() <= STRING_BYTES_MAX)
}

fn requires_exactly(change: &ChangeSet, deleted: &Rrset) -> bool {
    change.requires.iter().any(|requirement| match requirement {
        Requirement::Exactly(rrset) => rrset.same_values(deleted),
        Requirement::Absent(_) => false,
    })
}

/// Exactly what goes, or nothing: a created RRset never joins records that stay.
fn requires_any(change: &ChangeSet, created: &RrsetKey) -> bool {
    change.requires.iter().any(|requirement| match requirement {
        Requirement::Exactly(rrset) => {
            rrset.key() == created && change.deletes.iter().any(|gone| gone.key() == created)
        }
        Requirement::Absent(key) => key == created,
    })
}
