//! Cycles among things of which one has to come before another.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::tree::Spot;

/// That one thing waits for another, and where that is said.
#[derive(Clone, Debug)]
pub(super) struct Edge<'d, 't> {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) spot: &'d Spot<'t>,
}

/// One cycle for each set of things that wait for each other, with the shortest way round from where it is first said.
pub(super) fn find<'e, 'd, 't>(edges: &'e [Edge<'d, 't>]) -> Vec<Vec<&'e Edge<'d, 't>>> {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut found = Vec::new();
    for edge in edges.iter().filter(|edge| !edge.from.is_empty()) {
        if known.contains(edge.from.as_str()) {
            continue;
        }
        let Some(back) = path(edges, &edge.to, &edge.from) else { continue };
        let cycle: Vec<&Edge<'d, 't>> = std::iter::once(edge).chain(back).collect();
        known.extend(cycle.iter().map(|edge| edge.from.as_str()));
        found.push(cycle);
    }
    found
}

/// The shortest path from one thing to another.
fn path<'e, 'd, 't>(edges: &'e [Edge<'d, 't>], from: &str, to: &str) -> Option<Vec<&'e Edge<'d, 't>>> {
    let mut came: BTreeMap<&str, &Edge<'d, 't>> = BTreeMap::new();
    let mut front = vec![from];
    let mut visited: BTreeSet<&str> = [from].into();
    while !visited.contains(to) {
        let next: Vec<&Edge<'d, 't>> = edges
            .iter()
            .filter(|edge| front.contains(&edge.from.as_str()) && !visited.contains(edge.to.as_str()))
            .collect();
        if next.is_empty() {
            return None;
        }
        front = next.iter().map(|edge| edge.to.as_str()).collect();
        for edge in next {
            visited.insert(&edge.to);
            came.entry(&edge.to).or_insert(edge);
        }
    }
    let mut way = Vec::new();
    let mut at = to;
    while at != from {
        let edge = came.get(at)?;
        way.push(*edge);
        at = &edge.from;
    }
    way.reverse();
    Some(way)
}
