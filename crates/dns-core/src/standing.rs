//! What a found fence means to a controller that holds, or doesn't hold, an earlier one (architecture §4).

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::blend::Blend;
use crate::fence::Fence;
use crate::identifier::RegionName;
use crate::rrset::Rrsets;
use crate::service::Service;
use crate::zone::{FoundFence, ZoneView};

/// What one look at the zone means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "standing")]
pub enum Standing {
    /// Not read since the start, or not since a write was refused.
    Unread,
    /// No fence, and none was ever held: waits for an operator to adopt it.
    Unadopted {
        /// The region whose rendering is served, if it is one's.
        serving: Option<RegionName>,
    },
    /// The fence is the one held, and the records are the ones it guards.
    Held,
    /// A higher (epoch, rev) whose records match: another controller moved on. It is followed.
    Newer {
        /// It.
        fence: Box<Fence>,
    },
    /// The fence is gone, older than the one held, or another of the same order: a deleted record, a restored
    /// backup, a second writer. It is repaired above both if what is served is one region's.
    Lost {
        /// The found one, if any.
        found: Option<Box<Fence>>,
        /// The region whose rendering is served, if it is one's.
        serving: Option<RegionName>,
    },
    /// Someone else's hand: held until an operator adopts.
    Foreign {
        /// What differs, for people.
        why: String,
    },
    /// A tombstone: only an operator's adopt replaces it.
    Released {
        /// It.
        fence: Box<Fence>,
    },
}

impl Standing {
    /// The standing as a word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Unread => "unread",
            Self::Unadopted { .. } => "unadopted",
            Self::Held => "held",
            Self::Newer { .. } => "newer",
            Self::Lost { .. } => "lost",
            Self::Foreign { .. } => "foreign",
            Self::Released { .. } => "released",
        }
    }
}

/// Classifies a look at the zone against the newest fence that this controller wrote or followed.
///
/// A held fence of another provider or zone says nothing about this one: a service that was given a new home is
/// adopted there by an operator, never repaired into it.
pub fn classify(held: Option<&Fence>, view: &ZoneView, service: &Service) -> Standing {
    recognise(held, view, service).0
}

/// The same; and if the fence that is held is the one in the zone, as that was read.
pub(crate) fn recognise(held: Option<&Fence>, view: &ZoneView, service: &Service) -> (Standing, Option<Fence>) {
    let held = held.filter(|held| is_of_this_place(held, service));
    let serving = service.region_shown(&view.rrsets).or_else(|| sharing(held, view, service)).cloned();
    let found = match &view.fence {
        FoundFence::Absent => {
            let standing = match held {
                // A released service whose tombstone was cleaned away is as new; adopting it still counts on.
                Some(fence) if !fence.is_tombstone() => Standing::Lost { found: None, serving },
                Some(_) | None => Standing::Unadopted { serving },
            };
            return (standing, None);
        }
        FoundFence::Unreadable { found } => {
            return (Standing::Foreign { why: format!("the fence cannot be read: {found}") }, None);
        }
        FoundFence::Present { text, .. } => match Fence::parse(text, &view.zone) {
            Ok(fence) => fence,
            Err(error) => return (Standing::Foreign { why: format!("the fence cannot be read: {error}") }, None),
        },
    };
    match not_ours(&found, service) {
        Some(why) => (Standing::Foreign { why }, None),
        None => classify_ours(held, found, serving, view, service),
    }
}

/// The region that shares its answers as a fence that is known says, if that is what the zone serves.
fn sharing<'s>(held: Option<&Fence>, view: &ZoneView, service: &'s Service) -> Option<&'s RegionName> {
    let blend = blend_served(held, view, service)?;
    service.region(blend.from()).map(|region| &region.name)
}

/// How the zone's answers are shared out, by the fence that is held or the one that is found, the newer first: the shares
/// stand nowhere else.
pub fn blend_served(held: Option<&Fence>, view: &ZoneView, service: &Service) -> Option<Box<Blend>> {
    let found = view.parsed_fence().filter(|found| not_ours(found, service).is_none());
    let mut known: Vec<&Fence> = held.into_iter().chain(&found).filter(|fence| fence.blend.is_some()).collect();
    if known.is_empty() {
        return None;
    }
    let served = own_records(view, service);
    known.sort_by_key(|fence| std::cmp::Reverse(fence.order()));
    let is_served = |fence: &&Fence| service.render_under(fence) == served;
    known.into_iter().find(is_served).and_then(|fence| fence.blend.clone())
}

fn is_of_this_place(held: &Fence, service: &Service) -> bool {
    held.install == service.installation
        && held.id == service.name
        && held.provider == service.provider
        && held.rrs.iter().all(|key| service.zone.zone_of(key.name()))
}

fn not_ours(found: &Fence, service: &Service) -> Option<String> {
    if found.install != service.installation {
        return Some(format!("the fence belongs to installation `{}`", found.install));
    }
    if found.id != service.name {
        return Some(format!("the fence belongs to service `{}`", found.id));
    }
    if found.provider != service.provider {
        return Some(format!("the fence belongs to provider `{}`", found.provider));
    }
    let shared = found.blend.as_ref().map(|blend| blend.to());
    let unknown = found.active.as_ref().into_iter().chain(shared).find(|region| service.region(region).is_none());
    unknown.map(|active| format!("the fence names region `{active}`, which the service does not have"))
}

fn classify_ours(
    held: Option<&Fence>,
    found: Fence,
    serving: Option<RegionName>,
    view: &ZoneView,
    service: &Service,
) -> (Standing, Option<Fence>) {
    let newer = held.is_none_or(|held| found.order() > held.order());
    let same = held.is_some_and(|held| found.order() == held.order() && found.write == held.write);
    if found.is_tombstone() && (newer || same) {
        return (Standing::Released { fence: Box::new(found) }, None);
    }
    if !newer && !same {
        return (Standing::Lost { found: Some(Box::new(found)), serving }, None);
    }
    if !found.guards(&view.rrsets) {
        return (Standing::Foreign { why: difference(&found, view, service) }, None);
    }
    if let Some(why) = unguarded(&found, view, service) {
        return (Standing::Foreign { why }, None);
    }
    if same { (Standing::Held, Some(found)) } else { (Standing::Newer { fence: Box::new(found) }, None) }
}

/// A record at a name and type of ours that the fence does not speak of: someone added it. It is ours to replace only
/// if it is what the active region renders anyway.
fn unguarded(fence: &Fence, view: &ZoneView, service: &Service) -> Option<String> {
    let own = own_records(view, service);
    let mut unnamed = own.iter().filter(|(key, _)| !fence.rrs.contains(key)).peekable();
    unnamed.peek()?;
    let rendered = service.render_under(fence);
    let stranger = unnamed.find(|(key, set)| rendered.get(key) != Some(set));
    stranger.map(|(_, set)| format!("the zone has `{set}`, which the fence does not guard"))
}

/// The part of a view that the service's configuration speaks of.
pub fn own_records(view: &ZoneView, service: &Service) -> Rrsets {
    let own = service.records.iter().filter_map(|record| view.rrsets.get_key_value(&record.key));
    own.map(|(key, set)| (key.clone(), set.clone())).collect()
}

/// What differs between the records that a fence guards and those served.
fn difference(fence: &Fence, view: &ZoneView, service: &Service) -> String {
    let expected = service.render_under(fence);
    let served = fence.guarded(&view.rrsets);
    let text = compare(&expected, &served);
    if text.is_empty() { "the records are not those that the fence guards".to_owned() } else { text }
}

/// A comparison for people, one clause per RRset that differs; empty if none does.
pub fn compare(expected: &Rrsets, served: &Rrsets) -> String {
    let mut text = String::new();
    let keys: std::collections::BTreeSet<_> = expected.keys().chain(served.keys()).collect();
    for key in keys {
        let (want, have) = (expected.get(key), served.get(key));
        if want == have {
            continue;
        }
        let show = |set: Option<&crate::rrset::Rrset>| set.map_or_else(|| format!("no {key}"), ToString::to_string);
        let separator = if text.is_empty() { "" } else { "; " };
        write!(text, "{separator}the zone has `{}`, expected `{}`", show(have), show(want))
            .expect("invariant: writing to a String cannot fail");
    }
    text
}

#[cfg(test)]
mod tests;
