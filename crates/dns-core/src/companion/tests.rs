//! Groups, driven as their shell drives them: see [`troop`].

pub(crate) mod troop;

mod coming_along;
mod leaving;
mod ordered;
mod persisted;
mod returning;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::fixture::{START, Seen as Look, judgement, region};
use crate::group::{Member, MoveWhen};

/// A service in a region, where it has arrived, seen so in `prod` and `dr`.
pub(crate) fn companion(active: &str, looks: (Look, Look)) -> Companion {
    let stance = Stance { active: Some(region(active)), arrived: true, ..Stance::default() };
    Companion { stance, sight: Sight::of(&judgement(looks.0, looks.1), START) }
}

/// The same, on its way.
pub(crate) fn on_its_way(from: &str, to: &str) -> Companion {
    let mut one = companion(from, (Look::Proven, Look::Proven));
    (one.stance.bound, one.stance.arrived) = (Some(region(to)), false);
    one
}

/// The same, and not seen to be served.
pub(crate) fn not_arrived(active: &str) -> Companion {
    let mut one = companion(active, (Look::Failing, Look::Proven));
    one.stance.arrived = false;
    one
}

/// The same, of which nobody knows where it is.
pub(crate) fn in_doubt(active: &str) -> Companion {
    let mut one = companion(active, (Look::Proven, Look::Proven));
    one.stance.doubt = Some("someone else has changed its zone");
    one
}

/// The same, where its last move brought it.
pub(crate) fn led(active: &str, last: crate::machine::memory::LastMove) -> Companion {
    let mut one = companion(active, (Look::Proven, Look::Proven));
    (one.stance.plan, one.stance.last_move) = (Some(last.plan.clone()), Some(last));
    one
}

/// A group of these names in their order.
pub(crate) fn group(names: &[&str], move_when: MoveWhen) -> Arc<Group> {
    let name = |text: &&str| text.parse().expect("a name");
    let members = names
        .iter()
        .enumerate()
        .map(|(rank, text)| Member { service: name(text), after: names[..rank].iter().map(name).collect() });
    Arc::new(Group { name: "shop".parse().expect("a name"), members: members.collect(), move_when })
}

/// What a service with these ties knows.
pub(crate) fn companions(
    group: Option<Arc<Group>>,
    relations: Vec<Relation>,
    others: &[(&str, Companion)],
) -> Arc<Companions> {
    let ties = Ties { group, relations: relations.into_iter().map(Arc::new).collect() };
    let others: BTreeMap<ServiceName, Companion> =
        others.iter().map(|(name, one)| (name.parse().expect("a name"), one.clone())).collect();
    Arc::new(Companions::new(Arc::new(ties), others))
}

#[test]
fn ties_name_all_that_a_service_is_bound_to_and_nobody_else_has_any() {
    let relation = Relation {
        name: "one-in-prod".parse().expect("a name"),
        demand: crate::relation::Demand::Assertion {
            services: ["api", "search"].map(|text| text.parse().expect("a name")).into(),
            region: region("prod"),
            at_least: 1,
            at_most: 2,
        },
    };
    let all = Ties::of_all(&[group(&["db", "api"], MoveWhen::Any)], &[Arc::new(relation)]);
    let names = |text: &str| {
        let ties = all.get(&text.parse::<ServiceName>().expect("a name"))?;
        Some(ties.names().into_iter().map(ServiceName::as_str).collect::<Vec<_>>())
    };
    assert_eq!(names("db"), Some(vec!["api", "db"]));
    assert_eq!(names("api"), Some(vec!["api", "db", "search"]));
    assert_eq!(names("search"), Some(vec!["api", "search"]));
    assert_eq!(names("blog"), None);
}
