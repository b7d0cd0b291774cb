//! `rules:`: where services may be with regard to each other.

use std::collections::BTreeMap;

use dns_core::identifier::{RegionName, RelationName, ServiceName};

use super::group::read_services;
use super::refuse_repeated;
use super::top::Top;
use crate::config::tree::{Spot, if_given};

/// More services than anybody has.
const SERVICES_MAX: u64 = 1_000_000;

/// A rule as far as it could be read.
#[derive(Debug)]
pub(crate) struct RelationDraft<'t> {
    pub(crate) spot: Spot<'t>,
    pub(crate) name: Option<RelationName>,
    pub(crate) demand: Option<DemandDraft<'t>>,
}

/// What it says, with where it says so.
#[derive(Debug)]
pub(crate) enum DemandDraft<'t> {
    Assertion {
        spot: Spot<'t>,
        services: Vec<(Spot<'t>, ServiceName)>,
        region: (Spot<'t>, RegionName),
        at_least: Option<usize>,
        at_most: Option<usize>,
    },
    Gating {
        services: Vec<(Spot<'t>, ServiceName)>,
        into: (Spot<'t>, RegionName),
        while_in: BTreeMap<ServiceName, (Spot<'t>, RegionName)>,
    },
}

/// Reads `rules`.
pub(crate) fn read<'t>(top: &Top<'t>) -> Vec<RelationDraft<'t>> {
    let drafts: Vec<_> = top.items("rules").iter().filter_map(read_one).collect();
    refuse_repeated("rule", drafts.iter().filter_map(|draft| Some((&draft.spot, draft.name.as_ref()?))));
    drafts
}

fn read_one<'t>(item: &Spot<'t>) -> Option<RelationDraft<'t>> {
    let map = item.map(&["name", "assertion", "gating"])?;
    let name_spot = map.required("name");
    let name = name_spot.as_ref().and_then(Spot::parse);
    let demand = match (map.optional("assertion"), map.optional("gating")) {
        (Some(assertion), None) => read_assertion(&assertion),
        (None, Some(gating)) => read_gating(&gating),
        (_, _) => {
            let hint = "`assertion: { services: [a, b], region: prod, atLeast: 1 }`, or \
                        `gating: { services: [web], into: dr, whileIn: { db: dr } }`";
            item.fault_with_hint("needs either `assertion` or `gating`", hint);
            None
        }
    };
    Some(RelationDraft { spot: name_spot.unwrap_or_else(|| item.clone()), name, demand })
}

fn read_assertion<'t>(spot: &Spot<'t>) -> Option<DemandDraft<'t>> {
    let map = spot.map(&["services", "region", "atLeast", "atMost"])?;
    let services = map.required("services").and_then(|spot| read_services(&spot));
    let region = map.required("region").and_then(|spot| read_region(&spot));
    let count = |spot: Spot<'t>, least| usize::try_from(spot.number(least..=SERVICES_MAX)?).ok();
    let at_least = if_given(map.optional("atLeast"), |spot| count(spot, 1));
    let at_most = if_given(map.optional("atMost"), |spot| count(spot, 0));
    if matches!((at_least, at_most), (Some(None), Some(None))) {
        spot.fault_with_hint("says nothing", "give it `atLeast`, `atMost` or both");
        return None;
    }
    let (at_least, at_most) = (at_least?, at_most?);
    Some(DemandDraft::Assertion { spot: spot.clone(), services: services?, region: region?, at_least, at_most })
}

fn read_gating<'t>(spot: &Spot<'t>) -> Option<DemandDraft<'t>> {
    let map = spot.map(&["services", "into", "whileIn"])?;
    let services = map.required("services").and_then(|spot| read_services(&spot));
    let into = map.required("into").and_then(|spot| read_region(&spot));
    let while_in = map.required("whileIn").and_then(|spot| read_while_in(&spot));
    Some(DemandDraft::Gating { services: services?, into: into?, while_in: while_in? })
}

fn read_while_in<'t>(spot: &Spot<'t>) -> Option<BTreeMap<ServiceName, (Spot<'t>, RegionName)>> {
    let map = spot.named_map()?;
    if map.entries().is_empty() {
        spot.fault_with_hint("needs at least one service", "`whileIn: { db: dr }`");
        return None;
    }
    let entries = map.entries().iter().map(|(key, value)| {
        let (name, region) = (key.parse::<ServiceName>(), read_region(value));
        Some((name?, region?))
    });
    entries.collect::<Vec<_>>().into_iter().collect()
}

fn read_region<'t>(spot: &Spot<'t>) -> Option<(Spot<'t>, RegionName)> {
    Some((spot.clone(), spot.parse()?))
}
