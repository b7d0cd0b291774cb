//! Sets that somebody else holds, and the changes that would touch them.
//!
//! To leave a set alone it isn't enough never to write it. A CNAME that is created at its name, anything created beside a
//! CNAME, and a delegation or DNAME created above would be refused, or would hide what is held: all of these are held too.

use std::collections::BTreeMap;

use domain::base::Rtype;

use crate::change::{Kind, SetChange};
use crate::owner::Owner;
use crate::record_set::SetKey;
use crate::zone::Zone;

/// Held sets, each with why.
#[derive(Clone, Debug)]
pub struct Holds<'a, Why> {
    zone: &'a Zone,
    by: BTreeMap<SetKey, Why>,
}

impl<'a, Why> Holds<'a, Why> {
    /// Holds nothing yet in a zone.
    pub fn new(zone: &'a Zone) -> Self {
        Self { zone, by: BTreeMap::new() }
    }

    /// Holds a set, whether it exists or not. Who came first stays.
    pub fn hold(&mut self, key: SetKey, why: Why) {
        self.by.entry(key).or_insert(why);
    }

    /// Why a change must not be made, if it must not.
    pub fn against(&self, change: &SetChange) -> Option<&Why> {
        let SetKey { owner, rtype } = &change.key;
        if let Some(why) = self.by.get(&change.key) {
            return Some(why);
        }
        if change.kind() != Kind::Create {
            return None;
        }
        let hides = *rtype == Rtype::DNAME || (*rtype == Rtype::NS && owner != self.zone.apex());
        let mut below = self.by.range(SetKey::new(owner.clone(), Rtype::from_int(0))..);
        match below.next().filter(|(held, _)| held.owner.is_in(owner)) {
            Some((_, why)) if hides => Some(why),
            Some((held, why)) if *rtype == Rtype::CNAME && held.owner == *owner => Some(why),
            Some(_) | None => self.standing_cname(owner),
        }
    }

    fn standing_cname(&self, owner: &Owner) -> Option<&Why> {
        let key = SetKey::new(owner.clone(), Rtype::CNAME);
        self.by.get(&key).filter(|_| self.zone.get(&key).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{key, set, zone};

    fn against(held: &[(&str, Rtype)], name: &str, rtype: Rtype) -> bool {
        let zone = zone(&["api CNAME x"]);
        let mut holds = Holds::new(&zone);
        for (name, rtype) in held {
            holds.hold(key(name, *rtype), ());
        }
        let value = if matches!(rtype, Rtype::A | Rtype::TXT) { "1" } else { "x" };
        let change = SetChange { key: key(name, rtype), before: None, after: Some(set(rtype, &[value])) };
        holds.against(&change).is_some()
    }

    #[test]
    fn what_would_be_refused_beside_a_held_set_is_held_too() {
        assert!(against(&[("api", Rtype::A)], "api", Rtype::CNAME));
        assert!(against(&[("api", Rtype::CNAME)], "api", Rtype::TXT));
        assert!(!against(&[("api", Rtype::A)], "api", Rtype::TXT));
        assert!(!against(&[("www", Rtype::CNAME)], "www", Rtype::TXT), "no CNAME stands there");
        assert!(!against(&[("api", Rtype::A)], "www", Rtype::CNAME));
    }

    #[test]
    fn what_would_hide_a_held_set_is_held_too() {
        let held = [("api.eu", Rtype::A)];
        assert!(
            against(&held, "eu", Rtype::NS)
                && against(&held, "eu", Rtype::DNAME)
                && against(&held, "api.eu", Rtype::NS)
        );
        assert!(against(&held, "@", Rtype::DNAME) && !against(&held, "@", Rtype::NS));
        assert!(
            !against(&held, "us", Rtype::NS)
                && !against(&held, "eu", Rtype::TXT)
                && !against(&held, "eu", Rtype::CNAME)
        );
    }
}
