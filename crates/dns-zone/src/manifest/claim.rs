//! Claims: what one installation owns, and how narrow that is.

use std::collections::BTreeSet;

use domain::base::Rtype;

use super::text;
use crate::owner::Owner;
use crate::record_set::SetKey;

/// A part of a zone; the narrower sorts after the wider.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// All of it.
    Zone,
    /// A name and all below it.
    Below(Owner),
    /// One name.
    Name(Owner),
}

impl Extent {
    fn covers(&self, name: &Owner) -> bool {
        match self {
            Self::Zone => true,
            Self::Below(owner) => name.is_in(owner),
            Self::Name(owner) => name == owner,
        }
    }

    /// Whether another one lies in it whole.
    fn holds(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Zone, _) => true,
            (_, Self::Zone) => false,
            (Self::Below(_), Self::Below(owner) | Self::Name(owner)) => self.covers(owner),
            (Self::Name(_), _) => self == other,
        }
    }
}

/// What an installation owns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// Where.
    pub extent: Extent,
    /// Which types; none named means all.
    pub types: BTreeSet<Rtype>,
}

impl Claim {
    pub(super) fn covers(&self, key: &SetKey) -> bool {
        self.extent.covers(&key.owner) && (self.types.is_empty() || self.types.contains(&key.rtype))
    }

    /// How narrow: a name, then the deepest subtree, then the zone; named types before all.
    pub(super) fn rank(&self) -> (usize, bool) {
        let depth = match &self.extent {
            Extent::Zone => 0,
            Extent::Below(owner) => 1 + owner.labels_from_root().len(),
            Extent::Name(_) => usize::MAX,
        };
        (depth, !self.types.is_empty())
    }

    /// Whether nobody could tell which of the two decides.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.extent == other.extent && self.rank() == other.rank() && self.shares_types(other)
    }

    /// Whether it decides about something that the other would decide about without it.
    pub(super) fn narrows(&self, other: &Self) -> bool {
        other.extent.holds(&self.extent) && self.rank() > other.rank() && self.shares_types(other)
    }

    fn shares_types(&self, other: &Self) -> bool {
        self.types.is_empty() || other.types.is_empty() || !self.types.is_disjoint(&other.types)
    }

    /// As it is written in the manifest of a zone, without whose it is.
    pub fn text_in(&self, apex: &Owner) -> String {
        text::claim(self, apex)
    }
}
