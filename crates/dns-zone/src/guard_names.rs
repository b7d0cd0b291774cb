//! Where a zone says who holds what: the names of its fences, and of its manifest. Whoever knows what stands there now knows
//! what may be changed, however large the zone is.

use crate::guarded::Fences;
use crate::manifest::Manifest;
use crate::owner::Owner;

/// Those names of one zone. A zone whose own name is so long that they have no room has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardNames {
    fences: Option<Owner>,
    manifest: Option<Owner>,
}

impl GuardNames {
    /// Those of a zone.
    pub fn of(apex: &Owner) -> Self {
        Self {
            fences: Fences::of(apex).map(|fences| fences.place().clone()),
            manifest: Manifest::key_in(apex).map(|key| key.owner),
        }
    }

    /// The name that all fences stand at or below.
    pub fn fences(&self) -> Option<&Owner> {
        self.fences.as_ref()
    }

    /// The name of the manifest.
    pub fn manifest(&self) -> Option<&Owner> {
        self.manifest.as_ref()
    }

    /// Whether what stands at a name says who holds something.
    pub fn contains(&self, owner: &Owner) -> bool {
        self.manifest.as_ref() == Some(owner) || self.fences.as_ref().is_some_and(|fences| owner.is_in(fences))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_all_below_the_fences_and_the_manifest_alone() {
        let owner = |text: &str| -> Owner { text.parse().expect("a name") };
        let names = GuardNames::of(&owner("a.test."));
        for inside in ["_failover.a.test.", "_x._failover.a.test.", "deep._x._FAILOVER.a.test.", "_dns-sync.a.test."] {
            assert!(names.contains(&owner(inside)), "{inside}");
        }
        for outside in ["a.test.", "x_failover.a.test.", "_failover.b.a.test.", "x._dns-sync.a.test."] {
            assert!(!names.contains(&owner(outside)), "{outside}");
        }
    }
}
