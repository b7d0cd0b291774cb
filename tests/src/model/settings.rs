//! How much is explored: how many controllers, and how often what may go wrong. Everything else has no bound of its own.

use super::world::Budget;

/// What evidence turns to when it turns bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Only the preferred region is ever seen failing.
    Agrees,
    /// Each controller may see either region failing.
    Contradicts,
}

/// Where a story begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Adopted in the preferred region and known to every controller.
    Adopted,
    /// Two controllers have each moved another place by a decision of its own, of the same epoch, and do not know of each
    /// other: each could reach only one of the providers.
    Split,
}

/// One size of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What it is about.
    pub name: &'static str,
    /// How many controllers.
    pub controllers: usize,
    /// Where it begins.
    pub opening: Opening,
    /// What they come to see.
    pub evidence: Evidence,
    /// How many moves each controller's evidence leads to: two that contradict each other would never end.
    pub moves: u8,
    /// What may go wrong, how often.
    pub budget: Budget,
}

/// Nothing goes wrong.
const CALM: Budget = Budget { turns: 0, crashes: 0, losses: 0, outages: 0, deletions: 0, restores: 0, empty_stores: 0 };

impl Settings {
    /// Two controllers see the same and both act.
    pub const RACING: Self = Self {
        name: "two controllers race",
        controllers: 2,
        opening: Opening::Adopted,
        evidence: Evidence::Agrees,
        moves: 1,
        budget: Budget { turns: 2, ..CALM },
    };
    /// Two decisions of one epoch.
    pub const SPLIT: Self =
        Self { name: "two controllers have split the service", opening: Opening::Split, budget: CALM, ..Self::RACING };
    /// Two controllers act at different places first.
    pub const SPLITTING: Self = Self {
        name: "two controllers race, a provider goes down",
        controllers: 2,
        opening: Opening::Adopted,
        evidence: Evidence::Agrees,
        moves: 1,
        budget: Budget { turns: 2, outages: 1, ..CALM },
    };
    /// A controller dies while messages are lost or late.
    pub const DYING: Self = Self {
        name: "a controller dies, a message is lost or late",
        controllers: 1,
        opening: Opening::Adopted,
        evidence: Evidence::Contradicts,
        moves: 1,
        budget: Budget { turns: 2, crashes: 1, losses: 1, ..CALM },
    };
    /// A provider goes down in the middle of a move.
    pub const DOWN: Self = Self {
        name: "a provider goes down",
        controllers: 1,
        opening: Opening::Adopted,
        evidence: Evidence::Contradicts,
        moves: 1,
        budget: Budget { turns: 2, outages: 1, losses: 1, ..CALM },
    };
    /// A fence is deleted while a message is lost or late.
    pub const DELETED: Self = Self {
        name: "a fence is deleted, a message is lost or late",
        controllers: 1,
        opening: Opening::Adopted,
        evidence: Evidence::Contradicts,
        moves: 1,
        budget: Budget { turns: 1, deletions: 1, losses: 1, ..CALM },
    };
    /// A zone is restored from a backup.
    pub const RESTORED: Self = Self {
        name: "a zone is restored from a backup, a message is lost or late",
        controllers: 1,
        opening: Opening::Adopted,
        evidence: Evidence::Agrees,
        moves: 1,
        budget: Budget { turns: 1, losses: 1, restores: 1, ..CALM },
    };
    /// A store is lost while another controller goes on.
    pub const EMPTY_STORE: Self = Self {
        name: "a store is lost",
        controllers: 2,
        opening: Opening::Adopted,
        evidence: Evidence::Contradicts,
        moves: 1,
        budget: Budget { turns: 1, empty_stores: 1, ..CALM },
    };
    /// A successor takes over what another controller left half done.
    pub const SUCCEEDING: Self = Self {
        name: "a controller dies beside another",
        controllers: 2,
        opening: Opening::Adopted,
        evidence: Evidence::Contradicts,
        moves: 1,
        budget: Budget { turns: 1, crashes: 1, ..CALM },
    };

    /// Two controllers whose evidence contradicts that of the other, for ever.
    pub const CONTRADICTING: Self =
        Self { name: "two controllers contradict each other", evidence: Evidence::Contradicts, ..Self::RACING };

    /// What every run of the tests checks.
    pub const SMALL: [Self; 8] = [
        Self::RACING,
        Self::SPLIT,
        Self::DYING,
        Self::DOWN,
        Self::DELETED,
        Self::RESTORED,
        Self::EMPTY_STORE,
        Self::SUCCEEDING,
    ];

    /// What takes minutes: `cargo run --release -p tests --bin model`.
    pub const LARGE: [Self; 5] = [
        Self::SPLITTING,
        Self { name: "three controllers race", controllers: 3, ..Self::RACING },
        Self {
            name: "two controllers, one dies, a message is lost or late",
            budget: Budget { turns: 1, crashes: 1, losses: 1, ..CALM },
            ..Self::SUCCEEDING
        },
        Self {
            name: "two controllers, a zone is restored from a backup",
            controllers: 2,
            budget: Budget { turns: 1, restores: 1, ..CALM },
            ..Self::RESTORED
        },
        Self {
            name: "two controllers have split the service, one dies",
            budget: Budget { turns: 1, crashes: 1, ..CALM },
            ..Self::SPLIT
        },
    ];
}
