//! Changes of sets that have several owners: what one of them may change, and what it leaves to the others.
//!
//! Each field of a set, its TTL and every value, is whose the narrowest claim on it says ([`Manifest::owner_of`]). What an installation
//! wants is merged with what stands there: its own fields and free ones as it wants them, those of others as they are. So two
//! installations that share a set never undo each other, and since the whole set is what a write requires, neither overlooks
//! what the other has just written.
//!
//! A set that isn't there has no TTL that anybody could keep: whoever creates it sets one. One that loses its last value is gone,
//! whosever its TTL was.

use std::collections::BTreeSet;

use dns_core::identifier::Installation;

use crate::change::SetChange;
use crate::manifest::{Field, FieldKind, Manifest};
use crate::rdata::Rdata;
use crate::record_set::{RecordSet, Ttl};

/// Whose a change would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// Nobody else has a say in it.
    Ours,
    /// All of it is another's.
    Theirs(Installation),
    /// Some of it is another's.
    Split {
        /// What the set may become.
        after: Option<RecordSet>,
        /// What differs and stays, with whose it is.
        left: BTreeSet<(Installation, FieldKind)>,
    },
}

impl Manifest {
    /// What a set may become if `install` makes a change: as wanted but for what is another's.
    pub fn allowed(&self, change: &SetChange, install: &Installation) -> Option<RecordSet> {
        match self.share(change, install) {
            Share::Ours => change.after.clone(),
            Share::Theirs(_) => change.before.clone(),
            Share::Split { after, .. } => after,
        }
    }

    /// Whose a change would be if `install` made it.
    pub(crate) fn share(&self, change: &SetChange, install: &Installation) -> Share {
        let other = |field| self.owner_of(&change.key, field).filter(|by| *by != install);
        let of = |value| other(Field::Value(value));
        let (is, wanted) = (values(change.before.as_ref()), values(change.after.as_ref()));
        let ttl = other(Field::Ttl);
        let mut owners = is.iter().chain(wanted).map(of);
        match ttl {
            None if owners.all(|by| by.is_none()) => return Share::Ours,
            Some(one) if owners.all(|by| by == Some(one)) => return Share::Theirs(one.clone()),
            Some(_) | None => {}
        }
        let goes = is.iter().filter(|value| wanted.binary_search(value).is_err());
        let comes = wanted.iter().filter(|value| is.binary_search(value).is_err());
        let stay = goes.chain(comes).filter_map(|value| Some((of(value)?, FieldKind::Values)));
        let stays = ttl.filter(|_| ttls_differ(change)).map(|by| (by, FieldKind::Ttl));
        let ours = wanted.iter().filter(|value| of(value).is_none());
        let theirs = is.iter().filter(|value| of(value).is_some());
        let merged = ours.chain(theirs).cloned();
        Share::Split {
            left: stay.chain(stays).map(|(by, kind)| (by.clone(), kind)).collect(),
            after: merged_ttl(change, ttl.is_some()).and_then(|ttl| RecordSet::new(ttl, merged)),
        }
    }
}

fn values(set: Option<&RecordSet>) -> &[Rdata] {
    set.map_or(&[], RecordSet::values)
}

fn ttls_differ(change: &SetChange) -> bool {
    change.before.as_ref().zip(change.after.as_ref()).is_some_and(|(is, wanted)| is.ttl() != wanted.ttl())
}

fn merged_ttl(SetChange { before, after, .. }: &SetChange, is_theirs: bool) -> Option<Ttl> {
    match (before, after) {
        (Some(is), Some(wanted)) => Some(if is_theirs { is.ttl() } else { wanted.ttl() }),
        (Some(one), None) | (None, Some(one)) => Some(one.ttl()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests;
