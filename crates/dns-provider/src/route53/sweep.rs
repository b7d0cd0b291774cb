//! Finds what a zone holds at some names with as few pages as that takes. Pure: it says which page to ask for, and is told
//! what was on it.
//!
//! One way serves one name and ten thousand. A page starts exactly at a wanted name, so that name is decided by it, and so
//! is each other one that the page holds or surely passed, see [`Place`]; the next page starts at the next undecided name.
//! Far apart, names cost a call each; close together, they cost what listing the zone costs.
//!
//! All sets of one name come from one page. Different names may come from pages between which the zone changed: the caller
//! proves by the fence that they belong together, and every write is conditional. A page that fails fails the sweep.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_route53::types::ResourceRecordSet;
use hickory_proto::rr::Name;

use super::order::Place;
use super::outcome::Failure;
use super::text;

/// The most that a page can hold (API Reference, `ListResourceRecordSets`, `MaxItems`).
pub(super) const PAGE_ITEMS_MAX: i32 = 300;

/// A page for few names. A name rarely has more sets, and its neighbours come along for nothing.
const SMALL_PAGE_ITEMS: i32 = 20;

/// Fewer undecided names than this are asked for by small pages: the rest of a large one would be thrown away.
const FEW: usize = 8;

/// What a page held.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// In the service's order.
    pub(super) sets: Vec<ResourceRecordSet>,
    /// The name at which the zone goes on after this page, if it does.
    pub(super) next: Option<String>,
}

/// A page to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) start: Name,
    pub(super) items: i32,
}

/// The sets at each name that has any.
pub(super) type Sets = HashMap<Name, Vec<ResourceRecordSet>>;

/// A sweep in progress.
#[derive(Debug)]
pub(super) struct Sweep {
    undecided: BTreeMap<Place, Name>,
    found: Sets,
    /// The sets of the first undecided name did not fit a small page.
    is_crowded: bool,
}

/// Neighbouring sets of one name.
struct Group {
    name: Name,
    place: Place,
    sets: Vec<ResourceRecordSet>,
}

impl Sweep {
    pub(super) fn new(wanted: impl IntoIterator<Item = Name>) -> Self {
        let undecided = wanted.into_iter().map(|name| (Place::of(&name), name)).collect();
        Self { undecided, found: HashMap::new(), is_crowded: false }
    }

    /// The next page, `None` when every name is decided. Each page decides at least the name that it starts at, or is
    /// asked for once more with more items.
    pub(super) fn next(&self) -> Option<Ask> {
        let start = self.undecided.values().next()?.clone();
        let is_small = self.undecided.len() < FEW && !self.is_crowded;
        Some(Ask { start, items: if is_small { SMALL_PAGE_ITEMS } else { PAGE_ITEMS_MAX } })
    }

    /// Takes the page that was asked for.
    pub(super) fn take(&mut self, asked: &Ask, page: Page) -> Result<(), Failure> {
        let next = page.next.as_deref().map(read).transpose()?;
        let mut groups = grouped(page.sets)?;
        if groups.is_empty() && next.is_some() {
            return Err(Failure::Lost("it answered an empty page and says that there are more".to_owned()));
        }
        let listed = groups.iter().map(|group| group.place.clone());
        let places: Vec<Place> = listed.chain(next.as_ref().map(Place::of)).collect();
        // Its other sets are on the page after this one.
        let torn = groups.pop_if(|last| next.as_ref() == Some(&last.name));
        if let Some(torn) = torn
            && torn.name == asked.start
        {
            return self.crowded(asked);
        }
        self.is_crowded = false;
        self.decide_absent(&Place::of(&asked.start), &places, next.is_none());
        for Group { name, place, sets } in groups {
            if self.undecided.remove(&place).is_some() {
                self.found.insert(name, sets);
            }
        }
        // The page starts there, so it was on it or is absent.
        self.undecided.remove(&Place::of(&asked.start));
        Ok(())
    }

    /// What was found; names without sets are left out.
    pub(super) fn into_found(self) -> Sets {
        self.found
    }

    /// More sets at one name than fit a page: no simple records.
    fn crowded(&mut self, asked: &Ask) -> Result<(), Failure> {
        if asked.items >= PAGE_ITEMS_MAX {
            let name = &asked.start;
            return Err(Failure::Denied(format!(
                "{name} has more than {PAGE_ITEMS_MAX} record sets: sets with a routing policy cannot be guarded"
            )));
        }
        self.is_crowded = true;
        Ok(())
    }

    /// Decides the undecided names in the gaps of a page that started at `start` and held `places`.
    fn decide_absent(&mut self, start: &Place, places: &[Place], is_last: bool) {
        let mut before = start.clone();
        for after in places {
            if before < *after {
                self.decide_gap(&before, Some(after));
            }
            before = after.clone();
        }
        if is_last {
            self.decide_gap(&before, None);
        }
    }

    fn decide_gap(&mut self, before: &Place, after: Option<&Place>) {
        use std::ops::Bound::{Excluded, Unbounded};
        let gap = (Excluded(before), after.map_or(Unbounded, Excluded));
        let absent: Vec<Place> = self
            .undecided
            .range::<Place, _>(gap)
            .map(|(place, _)| place)
            .filter(|place| place.is_surely_after(before) && after.is_none_or(|after| after.is_surely_after(place)))
            .cloned()
            .collect();
        for place in absent {
            self.undecided.remove(&place);
        }
    }
}

fn read(name: &str) -> Result<Name, Failure> {
    text::name(name).ok_or_else(|| Failure::Lost(format!("it answered `{name}`, which is no name")))
}

fn grouped(sets: Vec<ResourceRecordSet>) -> Result<Vec<Group>, Failure> {
    let mut groups: Vec<Group> = Vec::new();
    for set in sets {
        let name = read(set.name())?;
        match groups.last_mut().filter(|last| last.name == name) {
            Some(last) => last.sets.push(set),
            None => groups.push(Group { place: Place::of(&name), name, sets: vec![set] }),
        }
    }
    Ok(groups)
}

#[cfg(test)]
mod tests;
