//! The pages of a listing, joined so that nothing is lost between them. Pure.
//!
//! A listing of several pages is no snapshot. Each page says where the next one begins, and the next one has to begin exactly
//! there: a page that comes twice, one that is left out and a set that goes in between all show, and the listing is begun
//! again. The order itself is not checked: the documentation leaves it open (see [`order`](super::super::order)). In each order
//! that it allows a name is followed by all names below it and by no other before these, so that a listing of those may end
//! with the first other one.

use std::collections::HashSet;

use aws_sdk_route53::types::{ResourceRecordSet, RrType};
use hickory_proto::rr::Name;

use crate::route53::order::Place;
use crate::route53::sweep::PAGE_ITEMS_MAX;
use crate::route53::text;

/// Sets of the first page of a part: most zones have few fences, and what follows them is read for nothing.
const PART_ITEMS: i32 = 20;

/// A place in a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::route53) struct Cursor {
    pub(in crate::route53) name: String,
    pub(in crate::route53) rtype: Option<RrType>,
    pub(in crate::route53) identifier: Option<String>,
}

/// One page.
#[derive(Debug)]
pub(in crate::route53) struct Stretch {
    pub(in crate::route53) sets: Vec<ResourceRecordSet>,
    /// Where the zone goes on, if it does.
    pub(in crate::route53) next: Option<Cursor>,
}

/// How far a listing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There are further pages.
    More,
    /// Nothing more is wanted.
    Whole,
}

/// A listing in progress.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// Only what stands at and below this name is wanted.
    below: Option<Name>,
    sets: Vec<ResourceRecordSet>,
    known: HashSet<(String, String, String)>,
    next: Option<Cursor>,
}

impl Pages {
    /// A listing of what stands at and below a name.
    pub(super) fn below(top: Name) -> Self {
        Self { below: Some(top), ..Self::default() }
    }

    /// Where the next page begins.
    pub(super) fn next(&self) -> Option<Cursor> {
        let first =
            || self.below.as_ref().map(|top| Cursor { name: text::of_name(top), rtype: None, identifier: None });
        self.next.clone().or_else(first)
    }

    /// How many sets it is asked for.
    pub(super) fn items(&self) -> i32 {
        if self.below.is_some() && self.next.is_none() { PART_ITEMS } else { PAGE_ITEMS_MAX }
    }

    /// Takes the page that begins there. The error says why it does not join.
    pub(super) fn take(&mut self, page: Stretch) -> Result<Progress, String> {
        let Stretch { sets, next } = page;
        // Nothing may stand where a part begins, but every zone has an SOA.
        let may_be_empty = self.below.is_some() && self.next.is_none() && next.is_none();
        if sets.is_empty() && !may_be_empty {
            return Err("a page is empty".to_owned());
        }
        if let (Some(from), Some(first)) = (&self.next, sets.first())
            && !from.is_at(first)
        {
            return Err(format!("a page begins at {}, not at {}", first.name(), from.name));
        }
        for set in &sets {
            if !self.known.insert(key(set)) {
                return Err(format!("{} {} comes twice", set.name(), set.r#type().as_str()));
            }
        }
        let count = sets.len();
        let wanted = self.wanted(sets)?;
        let is_passed = wanted.len() < count;
        self.sets.extend(wanted);
        self.next = next;
        Ok(if self.next.is_some() && !is_passed { Progress::More } else { Progress::Whole })
    }

    /// Those of a page before the first that is not wanted.
    fn wanted(&self, mut sets: Vec<ResourceRecordSet>) -> Result<Vec<ResourceRecordSet>, String> {
        let Some(top) = &self.below else { return Ok(sets) };
        let is_wanted = |set: &ResourceRecordSet| text::name(set.name()).is_some_and(|name| top.zone_of(&name));
        let Some(end) = sets.iter().position(|set| !is_wanted(set)) else { return Ok(sets) };
        let passed = sets.split_off(end);
        let first = passed.first().and_then(|set| text::name(set.name()));
        let is_before = first.is_none_or(|first| Place::of(top).is_surely_after(&Place::of(&first)));
        if is_before || passed.iter().any(is_wanted) {
            return Err(format!("a page of what stands below {top} has other names before it"));
        }
        Ok(sets)
    }

    pub(super) fn into_sets(self) -> Vec<ResourceRecordSet> {
        self.sets
    }
}

impl Cursor {
    /// Whether a set is the one that stands there.
    fn is_at(&self, set: &ResourceRecordSet) -> bool {
        text::name(&self.name) == text::name(set.name())
            && self.rtype.as_ref().is_none_or(|rtype| rtype == set.r#type())
            && self.identifier.as_deref().is_none_or(|identifier| set.set_identifier() == Some(identifier))
    }
}

fn key(set: &ResourceRecordSet) -> (String, String, String) {
    let name = set.name().to_ascii_lowercase();
    (name, set.r#type().as_str().to_owned(), set.set_identifier().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route53::batch::plain;

    fn sets(names: &[&str]) -> Vec<ResourceRecordSet> {
        let set = |name: &&str| plain(&text::name(name).expect("a name"), RrType::A, 60, vec!["192.0.2.1".to_owned()]);
        names.iter().map(set).collect()
    }

    fn page(names: &[&str], next: Option<&str>) -> Stretch {
        let cursor = |name: &str| Cursor { name: name.to_owned(), rtype: Some(RrType::A), identifier: None };
        Stretch { sets: sets(names), next: next.map(cursor) }
    }

    #[test]
    fn pages_that_join_are_whole() {
        let mut pages = Pages::default();
        assert_eq!(pages.take(page(&["a.test", "b.a.test"], Some("*.a.test."))), Ok(Progress::More));
        assert_eq!(pages.next().map(|next| next.name), Some("*.a.test.".to_owned()));
        assert_eq!(pages.take(page(&["\\052.a.test"], None)), Ok(Progress::Whole));
        assert_eq!(pages.into_sets().len(), 3);
    }

    #[test]
    fn a_page_that_is_lost_repeated_or_empty_does_not_join() {
        for (second, words) in [
            (page(&["d.a.test"], None), "begins at"),
            (page(&["b.a.test"], Some("c.a.test.")), "begins at"),
            (page(&["c.a.test", "b.a.test"], None), "twice"),
            (page(&[], None), "empty"),
        ] {
            let mut pages = Pages::default();
            pages.take(page(&["b.a.test"], Some("c.a.test."))).expect("the first one");
            let torn = pages.take(second).expect_err("torn");
            assert!(torn.contains(words), "{torn}");
        }
    }

    fn below() -> Pages {
        Pages::below(text::name("_f.a.test").expect("a name"))
    }

    #[test]
    fn a_part_ends_with_the_first_name_that_is_not_in_it() {
        let mut pages = below();
        assert_eq!(pages.next().map(|next| next.name), Some("_f.a.test.".to_owned()));
        assert_eq!(pages.take(page(&["_f.a.test", "*._f.a.test"], Some("_x._f.a.test."))), Ok(Progress::More));
        assert_eq!(pages.take(page(&["_x._f.a.test", "_g.a.test"], Some("a.a.test."))), Ok(Progress::Whole));
        assert_eq!(pages.into_sets().len(), 3);
        assert_eq!(below().take(page(&["_f-1.a.test"], Some("a.a.test."))), Ok(Progress::Whole), "whatever the order");
        assert_eq!(below().take(page(&[], None)), Ok(Progress::Whole), "it would be the last of the zone");
    }

    #[test]
    fn a_part_that_does_not_begin_where_it_was_to_is_not_taken() {
        for torn in [
            page(&["_e.a.test", "_f.a.test"], None),
            page(&["_g.a.test", "_x._f.a.test"], None),
            page(&[], Some("_g.a.test.")),
        ] {
            assert!(below().take(torn).is_err());
        }
    }

    #[test]
    fn a_page_of_another_type_at_the_same_name_does_not_join() {
        let mut pages = Pages::default();
        let next = Cursor { name: "b.a.test.".to_owned(), rtype: Some(RrType::Txt), identifier: None };
        pages.take(Stretch { sets: sets(&["a.test"]), next: Some(next) }).expect("the first one");
        assert!(pages.take(page(&["b.a.test"], None)).is_err());
    }
}
