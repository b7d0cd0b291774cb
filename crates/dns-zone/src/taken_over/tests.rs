use super::*;
use crate::fixture::{fence, fence_text, key, txt_of, zone};
use crate::{difference, order};

/// A target whose `www` and `api` are about to change.
const BEFORE: [&str; 3] = ["api A 1", "www A 1", "mail A 1"];

fn planned() -> Vec<Step> {
    order(difference(&zone(&BEFORE), &zone(&["api A 1", "www A 2", "mail A 1", "new TXT x"])), &[].into())
}

fn guards(target: &Zone) -> Guards {
    Guards::of(target, [])
}

/// A fence of service `shop` that guards this name at provider `main`.
fn fenced(mut target: Zone, guards: &str, epoch: u64) -> Zone {
    let text = fence_text(&fence(&target, "shop", &[guards], "main", (epoch, 1)));
    put(&mut target, &key("_shop._failover", Rtype::TXT), Some(&txt_of(&text)));
    target
}

/// Where it is said that something of what was planned is held by now.
fn taken(before: &Zone, now: &Zone) -> Option<String> {
    let allowed = guards(before).still_allow(&planned(), &guards(now), now);
    allowed
        .err()
        .map(|taken| format!("{} {}", taken.set.owner.relative_to(now.apex()), taken.by.relative_to(now.apex())))
}

#[test]
fn a_fence_that_has_come_holds_what_it_guards() {
    let before = zone(&BEFORE);
    assert_eq!(taken(&before, &before), None);
    assert_eq!(taken(&before, &fenced(before.clone(), "www", 1)).as_deref(), Some("www _shop._failover"));
    assert_eq!(taken(&before, &fenced(before.clone(), "api", 1)), None, "nothing was planned there");
}

#[test]
fn a_fence_that_was_there_holds_only_if_it_has_changed() {
    let before = fenced(zone(&BEFORE), "www", 1);
    assert_eq!(taken(&before, &before), None, "the plan knew it");
    assert!(taken(&before, &fenced(before.clone(), "www", 2)).is_some());
    assert!(taken(&before, &fenced(before.clone(), "api", 2)).is_some(), "what it guarded is judged anew, too");
    assert!(taken(&before, &zone(&BEFORE)).is_some(), "a fence that is missing is never a release");
}

#[test]
fn a_delegation_that_would_hide_a_new_fence_is_held() {
    let before = zone(&BEFORE);
    let steps = order(difference(&before, &zone(&["api A 1", "www A 1", "mail A 1", "_failover NS x"])), &[].into());
    let now = fenced(before.clone(), "api", 1);
    assert!(guards(&before).still_allow(&steps, &guards(&now), &now).is_err());
}

#[test]
fn a_fence_that_cannot_be_read_holds_everything() {
    let before = zone(&BEFORE);
    let mut now = before.clone();
    put(&mut now, &key("_x._failover", Rtype::TXT), zone(&["t TXT what"]).get(&key("t", Rtype::TXT)));
    assert!(taken(&before, &now).is_some());
    assert_eq!(taken(&now, &now), None, "that would have refused the plan");
    let disabled = [key("_x._failover", Rtype::TXT).owner];
    let unseen = Guards::of(&before, &disabled);
    assert!(guards(&before).still_allow(&planned(), &unseen, &before).is_err());
    assert!(unseen.still_allow(&planned(), &unseen, &before).is_ok());
}

#[test]
fn a_manifest_that_says_something_else_of_a_set_holds_it() {
    let claiming = |name: &str| {
        let claim = format!("_dns-sync TXT v=dnssync1;install=beta;own=name:{name};types=a;");
        zone(&BEFORE.into_iter().chain([claim.as_str()]).collect::<Vec<_>>())
    };
    let before = zone(&BEFORE);
    assert_eq!(taken(&before, &claiming("www")).as_deref(), Some("www _dns-sync"));
    assert_eq!(taken(&before, &claiming("api")), None);
    assert!(taken(&claiming("www"), &before).is_some());
    let broken = zone(&BEFORE.into_iter().chain(["_dns-sync TXT v=dnssync1;what"]).collect::<Vec<_>>());
    assert!(taken(&before, &broken).is_some());
}

#[test]
fn what_was_written_with_a_step_is_nobody_elses() {
    let before = zone(&BEFORE);
    let now = fenced(before.clone(), "www", 1);
    let mut known = guards(&before);
    known.wrote(&order(difference(&before, &now), &[].into()));
    assert!(known.still_allow(&planned(), &guards(&now), &now).is_ok());
}
