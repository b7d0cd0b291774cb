//! Claims: what one installation owns, and how narrow that is.

use std::collections::BTreeSet;

use domain::base::Rtype;

use super::part::{Field, Part};
use super::text;
use crate::owner::Owner;
use crate::record_set::SetKey;

/// Names of a zone; the narrower sorts after the wider.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// All of them.
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
    extent: Extent,
    types: BTreeSet<Rtype>,
    part: Part,
}

/// Why there is no such claim.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{part}` is about the texts of TXT records, so the claim must name the type TXT and no other")]
pub struct ClaimError {
    /// What it would be about.
    part: Part,
}

impl Claim {
    /// A claim of these names, of these types, or of all if none is named, and of a part of each set.
    ///
    /// # Errors
    /// [`ClaimError`] if the part is told by its text and the set isn't a TXT: what other data begins with is nobody's business.
    pub fn new(extent: Extent, types: impl IntoIterator<Item = Rtype>, part: Part) -> Result<Self, ClaimError> {
        let types: BTreeSet<Rtype> = types.into_iter().collect();
        if matches!(part, Part::ValuesFrom(_)) && !types.iter().eq(&[Rtype::TXT]) {
            return Err(ClaimError { part });
        }
        Ok(Self { extent, types, part })
    }

    /// Where.
    pub fn extent(&self) -> &Extent {
        &self.extent
    }

    /// Which types; none named means all.
    pub fn types(&self) -> &BTreeSet<Rtype> {
        &self.types
    }

    /// Which part of each set.
    pub fn part(&self) -> &Part {
        &self.part
    }

    pub(super) fn covers(&self, key: &SetKey, field: Field<'_>) -> bool {
        let types = self.types.is_empty() || self.types.contains(&key.rtype);
        types && self.extent.covers(&key.owner) && self.part.covers(field)
    }

    /// How narrow: a name, then the deepest subtree, then the zone; named types before all; a part before the whole.
    pub(super) fn rank(&self) -> (usize, bool, usize) {
        let depth = match &self.extent {
            Extent::Zone => 0,
            Extent::Below(owner) => 1 + owner.labels_from_root().len(),
            Extent::Name(_) => usize::MAX,
        };
        (depth, !self.types.is_empty(), self.part.rank())
    }

    /// Whether nobody could tell which of the two decides.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.extent == other.extent && self.rank() == other.rank() && self.meets(other)
    }

    /// Whether it decides about something that the other would decide about without it.
    pub(super) fn narrows(&self, other: &Self) -> bool {
        other.extent.holds(&self.extent) && self.rank() > other.rank() && self.meets(other)
    }

    fn meets(&self, other: &Self) -> bool {
        let types = self.types.is_empty() || other.types.is_empty() || !self.types.is_disjoint(&other.types);
        types && self.part.meets(&other.part)
    }

    /// As it is written in the manifest of a zone, without whose it is.
    pub fn text_in(&self, apex: &Owner) -> String {
        text::claim(self, apex)
    }
}
