//! Whether what was found is what a change set requires, for APIs that cannot be told the condition itself.
//!
//! A comparison proves nothing about the moment in which the write arrives. What makes up for it, if anything does, is
//! the adapter's business.

use dns_core::change::{ChangeSet, Guard, Requirement};
use dns_core::zone::FoundFence;

use crate::port::ProviderError;
use crate::whole_names::{Found, unguardable};

/// Compares everything that a change set requires. TTLs are no part of a condition (RFC 2136 §2.4).
///
/// # Errors
/// [`ProviderError::Conflict`] with the first difference; [`ProviderError::Denied`] if something cannot be guarded.
pub(crate) fn compare(change: &ChangeSet, found: &impl Found, subject: &str) -> Result<(), ProviderError> {
    let conflict = |reason: String| ProviderError::Conflict { zone: change.zone.to_string(), reason };
    if let Some(difference) = other_fence(&change.guard, &found.fence(&change.fence_name)) {
        return Err(conflict(format!("fence {}: {difference}", change.fence_name)));
    }
    for requirement in &change.requires {
        let (key, required) = match requirement {
            Requirement::Exactly(rrset) => (rrset.key(), Some(rrset)),
            Requirement::Absent(key) => (key, None),
        };
        let standing = found.rrset(key).map_err(|reason| unguardable(subject, key, &reason))?;
        match (required, standing) {
            (None, None) => {}
            (Some(required), Some(standing)) if required.same_values(&standing) => {}
            (Some(required), Some(standing)) => return Err(conflict(format!("`{standing}`, not `{required}`"))),
            (Some(required), None) => return Err(conflict(format!("`{required}` is gone"))),
            (None, Some(standing)) => return Err(conflict(format!("`{standing}` was not there"))),
        }
    }
    Ok(())
}

fn other_fence(guard: &Guard, found: &FoundFence) -> Option<String> {
    match (guard, found) {
        (Guard::Absent, FoundFence::Absent) => None,
        (Guard::Exactly { text, .. }, FoundFence::Present { text: standing, .. }) if text == standing => None,
        (_, FoundFence::Unreadable { found }) => Some(format!("there is {found}")),
        (Guard::Absent, FoundFence::Present { .. }) => Some("there is one already".to_owned()),
        (Guard::Exactly { .. }, FoundFence::Present { .. }) => Some("it is another one now".to_owned()),
        (Guard::Exactly { .. }, FoundFence::Absent) => Some("it is gone".to_owned()),
    }
}
