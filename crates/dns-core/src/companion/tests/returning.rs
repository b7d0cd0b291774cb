//! A group returns as it left: all of it, by one decision, in the same order.

use std::time::Duration;

use super::group;
use super::troop::Troop;
use crate::fixture::{COOLDOWN, Seen};
use crate::group::MoveWhen;
use crate::history::HistoryKind::{Applied, Decided, Held, Verified};
use crate::policy::Failback;

const SHOP: [&str; 2] = ["shop-db", "shop-web"];

/// All have left for `dr` and would return by themselves, and the cooldown is over.
fn away(change: fn(&mut Troop)) -> Troop {
    let mut troop = Troop::of(&group(&SHOP, MoveWhen::Any), &[], |service| {
        service.policy.failback = Failback::Automatic { soak: Duration::ZERO };
    });
    troop.see("shop-web", Seen::Failing, Seen::Proven);
    troop.run();
    assert_eq!(troop.all_active(), ["dr", "dr"]);
    troop.history.clear();
    troop.see("shop-web", Seen::Proven, Seen::Proven);
    change(&mut troop);
    troop.run();
    assert_eq!(troop.told(Decided), Vec::<&str>::new(), "the cooldown holds it");
    troop.now = troop.now + COOLDOWN;
    troop.run();
    troop
}

#[test]
fn all_return_by_one_decision_in_the_same_order() {
    let troop = away(|_| {});
    assert_eq!(troop.all_active(), ["prod", "prod"]);
    let deeds = SHOP.iter().flat_map(|name| [(*name, Applied), (*name, Verified)]).collect::<Vec<_>>();
    assert_eq!(troop.deeds(), deeds);
    let decisions: std::collections::BTreeSet<String> =
        troop.rows(Decided).map(|row| row.details["group"]["decision"].to_string()).collect();
    assert_eq!(decisions.len(), 1);
}

#[test]
fn nobody_returns_as_long_as_one_of_them_would_not() {
    let troop = away(|troop| troop.see("shop-web", Seen::Healthy, Seen::Proven));
    assert_eq!(troop.all_active(), ["dr", "dr"]);
    assert_eq!(troop.told(Held), Vec::<&str>::new(), "nothing is wanted, so nothing is held");
}
