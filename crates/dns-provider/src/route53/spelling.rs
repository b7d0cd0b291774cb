//! How a zone spells values that we would write otherwise.
//!
//! A DELETE has to repeat values as they are, and a change set holds them in canonical form: somebody's `LB.Example.net` or
//! `2001:0db8::1` would be refused for ever. So reading notes the spelling of what is not canonical, and a DELETE of the
//! same values uses it. It is no condition: after a restart a first flip may conflict, and the read after it heals that.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};

use aws_sdk_route53::types::RrType;
use hickory_proto::rr::Name;

/// The values of a set in canonical form and as the zone has them.
#[derive(Debug)]
struct Spelled {
    canonical: Vec<String>,
    stored: Vec<String>,
}

/// Which set: its name, its type, and its identifier if it is one of several.
type Of<'a> = (&'a Name, &'a RrType, &'a str);

/// What was read and is not canonical, by name, type and identifier. Bounded by what the zone holds: each listing of all of it forgets
/// what is gone.
#[derive(Debug, Default)]
pub(super) struct Spellings(Mutex<HashMap<(Name, RrType, String), Spelled>>);

impl Spellings {
    /// Notes what was read. `canonical` is what we would write.
    pub(super) fn note(&self, of: Of<'_>, canonical: Vec<String>, stored: Vec<String>) {
        let key = owned(of);
        let sorted = |list: &[String]| {
            let mut list = list.to_vec();
            list.sort();
            list
        };
        let mut known = self.lock();
        if sorted(&canonical) == sorted(&stored) {
            known.remove(&key);
        } else {
            known.insert(key, Spelled { canonical, stored });
        }
    }

    /// Forgets all but these, which are the whole zone.
    pub(super) fn keep(&self, held: &HashSet<(Name, RrType, String)>) {
        self.lock().retain(|key, _| held.contains(key));
    }

    /// What to write for `canonical` where it has to be what is there.
    pub(super) fn stored(&self, of: Of<'_>, canonical: Vec<String>) -> Vec<String> {
        let known = self.lock();
        let same = known.get(&owned(of)).filter(|spelled| spelled.canonical == canonical);
        same.map_or(canonical, |spelled| spelled.stored.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Name, RrType, String), Spelled>> {
        self.0.lock().expect("invariant: nothing panics while it holds this lock")
    }
}

fn owned((name, rtype, identifier): Of<'_>) -> (Name, RrType, String) {
    (name.clone(), rtype.clone(), identifier.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_differs_and_only_for_the_same_values() {
        let spellings = Spellings::default();
        let name = Name::from_ascii("www.example.com.").expect("a name");
        let list = |text: &str| vec![text.to_owned()];
        spellings.note((&name, &RrType::Cname, ""), list("lb.example.net."), list("LB.example.net"));
        assert_eq!(spellings.stored((&name, &RrType::Cname, ""), list("lb.example.net.")), list("LB.example.net"));
        assert_eq!(
            spellings.stored((&name, &RrType::Cname, ""), list("other.example.net.")),
            list("other.example.net.")
        );
        spellings.note((&name, &RrType::Cname, ""), list("lb.example.net."), list("lb.example.net."));
        assert_eq!(spellings.stored((&name, &RrType::Cname, ""), list("lb.example.net.")), list("lb.example.net."));
    }
}
