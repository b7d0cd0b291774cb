//! The guards of the protocol, each of which can be taken out of the model to see what breaks without it.

use super::violation::Violation;

/// A guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guard {
    /// The provider refuses a write unless fence and records are as the write requires.
    FenceCondition,
    /// The provider refuses a signature that is older than the permit.
    ProviderClock,
    /// A write is signed when its permit is given, not when it is sent.
    SignedAtPermit,
    /// That a permit was given is stored before it is used.
    SentIsStored,
    /// A write of unknown outcome is abandoned only when its fence was written anew.
    Burning,
    /// A write that requires no fence is abandoned only when its signature is too old.
    WaitedOut,
    /// Records and fence are written in one atomic change set.
    OneChangeSet,
    /// The kernel is asked again when the permit is.
    KernelAgain,
    /// A new fence goes above everything known.
    AboveAllKnown,
    /// A place that fails leaves the others where they have moved.
    NoRollBack,
    /// Two decisions of one epoch are put an end to by a third.
    SplitMended,
    /// A newer fence is followed.
    NewerFollowed,
    /// A place that is behind comes after the others.
    RolledForward,
    /// Evidence leads to a bounded number of moves.
    BoundedMoves,
}

/// What breaks without a guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// The checker finds this.
    Found(Violation),
    /// There are states from which one decision can never again stand everywhere.
    Stuck,
}

impl Guard {
    /// Every guard.
    pub const ALL: [Self; 14] = [
        Self::FenceCondition,
        Self::ProviderClock,
        Self::SignedAtPermit,
        Self::SentIsStored,
        Self::Burning,
        Self::WaitedOut,
        Self::OneChangeSet,
        Self::KernelAgain,
        Self::AboveAllKnown,
        Self::NoRollBack,
        Self::SplitMended,
        Self::NewerFollowed,
        Self::RolledForward,
        Self::BoundedMoves,
    ];

    /// What breaks without it.
    pub fn consequence(self) -> Consequence {
        match self {
            Self::FenceCondition => Consequence::Found(Violation::TwoWriters),
            Self::ProviderClock | Self::SignedAtPermit => Consequence::Found(Violation::PermitOutlived),
            Self::SentIsStored => Consequence::Found(Violation::SentTwice),
            Self::Burning | Self::WaitedOut => Consequence::Found(Violation::BurnedArrived),
            Self::OneChangeSet => Consequence::Found(Violation::Torn),
            Self::KernelAgain => Consequence::Found(Violation::IntoFailing),
            Self::AboveAllKnown => Consequence::Found(Violation::StartedAnew),
            Self::NoRollBack => Consequence::Found(Violation::RolledBack),
            Self::BoundedMoves => Consequence::Found(Violation::Endless),
            Self::SplitMended | Self::NewerFollowed | Self::RolledForward => Consequence::Stuck,
        }
    }
}

/// Which guard is taken out, if any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guards {
    removed: Option<Guard>,
}

impl Guards {
    /// All but one.
    pub fn without(guard: Guard) -> Self {
        Self { removed: Some(guard) }
    }

    /// Whether a guard is in place.
    pub fn has(self, guard: Guard) -> bool {
        self.removed != Some(guard)
    }
}
