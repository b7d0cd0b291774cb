//! Groups: services that move together, in an order.
//!
//! A group leaves a region by one decision, which is that of the member that moves first. Each member writes for itself,
//! under its own fence and through the kernel, and says with its write which decision it comes along with: so what a group
//! is about follows from what its members remember, and nothing else has to be kept, resumed or mended.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fence::DecisionId;
use crate::identifier::{GroupName, ServiceName};

/// Services in a group, at the most. Each of its moves names all of them, and each waits for those before it.
pub const MEMBERS_MAX: usize = 64;

/// Services that move together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: GroupName,
    /// Its members, in an order in which they can move: each comes after all that it waits for.
    pub members: Vec<Member>,
    /// When it leaves a region.
    pub move_when: MoveWhen,
}

/// A service in its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Which.
    pub service: ServiceName,
    /// The members that must have arrived in a region before it is moved there.
    pub after: Vec<ServiceName>,
}

impl Group {
    /// The names of the members, in order.
    pub fn names(&self) -> impl Iterator<Item = &ServiceName> {
        self.members.iter().map(|member| &member.service)
    }

    /// The members that one waits for.
    pub fn before(&self, service: &ServiceName) -> &[ServiceName] {
        let member = self.members.iter().find(|member| member.service == *service);
        member.map(|member| member.after.as_slice()).unwrap_or_default()
    }
}

/// How many of a group's members must fail in a region for all of them to leave it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MoveWhen {
    /// One is enough: none of them is of use without the others.
    #[default]
    Any,
    /// All that are there.
    All,
    /// So many, or all that are there if these are fewer.
    Failing(usize),
}

impl MoveWhen {
    /// Whether it is time to leave, if so many of so many fail.
    pub fn is_met(self, failing: usize, of: usize) -> bool {
        failing >= self.needed(of)
    }

    /// How many of so many must fail; at least one.
    pub fn needed(self, of: usize) -> usize {
        let needed = match self {
            Self::Any => 1,
            Self::All => of,
            Self::Failing(count) => count.min(of),
        };
        needed.max(1)
    }
}

impl fmt::Display for MoveWhen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any of them fails"),
            Self::All => f.write_str("all of them fail"),
            Self::Failing(count) => write!(f, "{count} of them fail"),
        }
    }
}

/// That a write is a member's part of its group's move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupMove {
    /// Which group.
    pub group: GroupName,
    /// The group's decision; `None` if the write is that decision itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionId>,
    /// Whom the decision moves, in order. A member that was elsewhere then, or has joined since, is not drawn along.
    pub members: Vec<ServiceName>,
}

impl GroupMove {
    /// Whether it comes along with a decision of another member.
    pub fn follows(&self) -> bool {
        self.decision.is_some()
    }

    /// The decision of the group, if the write with it has this plan.
    pub fn decision_of(&self, plan: &DecisionId) -> DecisionId {
        self.decision.clone().unwrap_or_else(|| plan.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_leaves_when_as_many_fail_as_it_says() {
        for (when, failing, of, met) in [
            (MoveWhen::Any, 0, 3, false),
            (MoveWhen::Any, 1, 3, true),
            (MoveWhen::All, 2, 3, false),
            (MoveWhen::All, 3, 3, true),
            (MoveWhen::All, 0, 0, false),
            (MoveWhen::Failing(2), 1, 3, false),
            (MoveWhen::Failing(2), 2, 3, true),
            (MoveWhen::Failing(2), 1, 1, true),
        ] {
            assert_eq!(when.is_met(failing, of), met, "{when}: {failing} of {of}");
        }
    }
}
