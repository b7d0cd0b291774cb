//! Rules about where services may be with regard to each other, as an operator states them.
//!
//! Modelled on what AWS calls assertion and gating rules of its Application Recovery Controller: an *assertion* bounds how
//! many of some services are in a region, a *gating* rule lets services into a region only while others are where they
//! should be. A rule refuses what would make things worse by it; it never moves anything, and what broke it before, such as
//! a hand, does not lock services in: a move that mends or does not concern the rule is free.
//!
//! Not to know where another service is, is no permission: then the move is held, and the reason says of whom.

use std::collections::BTreeMap;

use crate::companion::Companions;
use crate::identifier::{RegionName, RelationName, ServiceName};

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Its name.
    pub name: RelationName,
    /// What it says.
    pub demand: Demand,
}

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// How many of some services are in a region.
    Assertion {
        /// The services.
        services: Vec<ServiceName>,
        /// The region.
        region: RegionName,
        /// So many at the least; 0 for no bound.
        at_least: usize,
        /// So many at the most.
        at_most: usize,
    },
    /// Where others must be for some services to move into a region.
    Gating {
        /// The services that are let in.
        services: Vec<ServiceName>,
        /// The region that they would move into.
        into: RegionName,
        /// Where the others must be.
        while_in: BTreeMap<ServiceName, RegionName>,
    },
}

/// A move, as far as rules look at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crossing<'a> {
    pub(crate) service: &'a ServiceName,
    pub(crate) from: Option<&'a RegionName>,
    pub(crate) to: &'a RegionName,
}

impl Relation {
    /// Every service that it has to do with.
    pub fn services(&self) -> Vec<&ServiceName> {
        match &self.demand {
            Demand::Assertion { services, .. } => services.iter().collect(),
            Demand::Gating { services, while_in, .. } => services.iter().chain(while_in.keys()).collect(),
        }
    }

    /// Why a move is against an assertion.
    pub(crate) fn asserts_against(&self, crossing: Crossing<'_>, others: &Companions) -> Option<String> {
        let Demand::Assertion { services, region, at_least, at_most } = &self.demand else { return None };
        if !services.contains(crossing.service) {
            return None;
        }
        let mut count = Count::default();
        for other in services.iter().filter(|other| *other != crossing.service) {
            count.add(other, region, others);
        }
        let leaves = crossing.to != region && crossing.from.is_none_or(|from| from == region);
        let enters = crossing.to == region && crossing.from != Some(region);
        if leaves && count.surely < *at_least {
            let left =
                format!("{} of its services would be left in `{region}`, at least {at_least} must", count.surely);
            return Some(self.words(&left, &count.unknown));
        }
        let possible = count.surely + count.passing + count.unknown.len() + 1;
        if enters && possible > *at_most {
            let would = format!("{possible} of its services would be in `{region}`, at most {at_most} may");
            return Some(self.words(&would, &count.unknown));
        }
        None
    }

    /// Why a move is against a gating rule.
    pub(crate) fn gates_against(&self, crossing: Crossing<'_>, others: &Companions) -> Option<String> {
        let Demand::Gating { services, into, while_in } = &self.demand else { return None };
        if crossing.to != into || crossing.from == Some(into) || !services.contains(crossing.service) {
            return None;
        }
        let wrong: Vec<String> = while_in
            .iter()
            .filter_map(|(other, wanted)| match others.whereabouts(other) {
                Ok(here) if here.is_settled_in(wanted) => None,
                Ok(here) => Some(format!("`{other}` is {here}, and must be in `{wanted}`")),
                Err(why) => Some(format!("`{other}` must be in `{wanted}`, and where it is is not known: {why}")),
            })
            .collect();
        (!wrong.is_empty()).then(|| format!("rule `{}`: {}", self.name, wrong.join("; ")))
    }

    fn words(&self, figures: &str, unknown: &[String]) -> String {
        let unknown = match unknown {
            [] => String::new(),
            some => format!("; not known is where these are: {}", some.join(", ")),
        };
        format!("rule `{}`: {figures}{unknown}", self.name)
    }
}

/// Of the other services of an assertion.
#[derive(Default)]
struct Count {
    /// In the region, and going to stay.
    surely: usize,
    /// On their way into the region or out of it: they count for neither bound.
    passing: usize,
    /// Nobody knows where, and why.
    unknown: Vec<String>,
}

impl Count {
    fn add(&mut self, other: &ServiceName, region: &RegionName, others: &Companions) {
        match others.whereabouts(other) {
            Ok(here) if here.is_settled_in(region) => self.surely += 1,
            Ok(here) if here.touches(region) => self.passing += 1,
            Ok(_) => {}
            Err(why) => self.unknown.push(format!("`{other}` ({why})")),
        }
    }
}

#[cfg(test)]
mod tests;
