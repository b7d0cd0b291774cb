//! What must never be. An onlooker who sees every zone and every controller notes it when it happens.

/// Something that must never be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Violation {
    /// Two writes of different plans were applied to one zone in one epoch, though nobody touched the zone.
    TwoWriters,
    /// A write was applied whose (epoch, rev) is not above that of the fence that it replaced.
    WentBack,
    /// A controller planned a fence that is not above all that it knew.
    StartedAnew,
    /// A write was applied after its permit had run out.
    PermitOutlived,
    /// A write was sent more than once.
    SentTwice,
    /// A zone's records are not those of its fence's region.
    Torn,
    /// A write was applied that its controller had given up for dead.
    BurnedArrived,
    /// Records were moved though their region was not failing and no other place was ahead.
    RolledBack,
    /// A permit was given for a move into a region that the same controller sees failing.
    IntoFailing,
    /// Epoch or rev grew past what the faults of the settings can explain: writes without end.
    Endless,
}

impl Violation {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::TwoWriters,
        Self::WentBack,
        Self::StartedAnew,
        Self::PermitOutlived,
        Self::SentTwice,
        Self::Torn,
        Self::BurnedArrived,
        Self::RolledBack,
        Self::IntoFailing,
        Self::Endless,
    ];

    /// The property that it breaks, as the checker reports it.
    pub fn property(self) -> &'static str {
        match self {
            Self::TwoWriters => "no two plans write one zone in one epoch",
            Self::WentBack => "applied (epoch, rev) goes up",
            Self::StartedAnew => "a new fence is above all that is known",
            Self::PermitOutlived => "no permit is used after it ran out",
            Self::SentTwice => "a permit is used at most once",
            Self::Torn => "records and fence are of the same write",
            Self::BurnedArrived => "a burned write never arrives",
            Self::RolledBack => "nothing that moved is rolled back by a failure elsewhere",
            Self::IntoFailing => "no permit into a failing region",
            Self::Endless => "writing comes to an end",
        }
    }

    fn bit(self) -> u16 {
        1 << (self as u16)
    }
}

/// What has gone wrong so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Broken(u16);

impl Broken {
    /// Notes it.
    pub fn note(&mut self, violation: Violation) {
        self.0 |= violation.bit();
    }

    /// Whether it happened.
    pub fn has(self, violation: Violation) -> bool {
        self.0 & violation.bit() != 0
    }

    /// Whether anything happened.
    pub fn is_any(self) -> bool {
        self.0 != 0
    }
}
