use dns_core::digest::Digest;
use dns_core::time::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::difference;
use crate::fixture::{self, APEX, fence_text, key, owner, set, txt_of, zone};

const FENCE: &str = "_shop._failover";

fn provider(name: &str) -> ProviderName {
    name.parse().expect("a name")
}

/// A fence over `api A` as it stands in a zone.
fn fence(zone: &Zone, names: &str, epoch: u64, rev: u64) -> Fence {
    fixture::fence(zone, "shop", &["api"], names, (epoch, rev))
}

/// A zone with such lines and a fence in it that vouches for them.
fn fenced(lines: &[&str], names: &str, epoch: u64, rev: u64) -> Zone {
    with(lines, |zone| fence(zone, names, epoch, rev))
}

fn with(lines: &[&str], made: impl FnOnce(&Zone) -> Fence) -> Zone {
    let mut zone = zone(lines);
    let fence = made(&zone);
    zone.put(key(FENCE, Rtype::TXT), txt_of(&fence_text(&fence))).expect("in the zone");
    zone
}

/// What is planned at a target of provider `main`, and what is left alone.
fn planned(target: &Zone, source: &Zone) -> (Vec<String>, Vec<String>) {
    let guarded = Guarded::read(source, target, &provider("main"));
    let (mut free, mut left) = (Vec::new(), Vec::new());
    for change in difference(target, source) {
        let name = format!("{} {}", change.key.owner.relative_to(&owner(APEX)), change.key.rtype);
        match guarded.against(&change) {
            None => free.push(name),
            Some(guard) => left.push(format!("{name}: {guard}")),
        }
    }
    (free, left)
}

fn nothing() -> Vec<String> {
    Vec::new()
}

const HELD: &str = "held by service `shop`";

#[test]
fn a_source_that_lacks_the_record_cannot_delete_it() {
    let target = fenced(&["api A 1", "www A 1"], "main", 4, 2);
    let (free, left) = planned(&target, &zone(&[]));
    assert_eq!(free, ["www A"]);
    assert_eq!(left, [format!("{FENCE} TXT: {HELD}"), format!("api A: {HELD}")]);
}

#[test]
fn a_source_with_other_values_cannot_change_it() {
    let target = fenced(&["api A 1"], "main", 4, 2);
    let (free, left) = planned(&target, &zone(&["api A 2"]));
    assert_eq!((free, left.len()), (nothing(), 2));
    let (free, _) = planned(&target, &fenced(&["api A 2"], "main", 9, 9));
    assert_eq!(free, nothing(), "not even with a later fence");
    let (free, _) = planned(&target, &fenced(&["api A 2"], "other", 9, 9));
    assert_eq!(free, nothing(), "nor with another provider's");
}

#[test]
fn a_source_cannot_put_another_type_in_its_place_or_beside_it() {
    let target = fenced(&["api A 1"], "main", 4, 2);
    for line in ["api CNAME x", "api AAAA 1", "api NS x"] {
        let (free, _) = planned(&target, &zone(&["api A 1", line]));
        assert_eq!(free, nothing(), "{line}");
    }
    assert_eq!(planned(&target, &zone(&["api TXT x"])).0, ["api TXT"], "what no controller moves is free");
}

#[test]
fn a_source_cannot_hide_a_fence_or_its_records() {
    let target = fenced(&["api A 1"], "main", 4, 2);
    for line in
        ["@ DNAME x", "_failover NS x", "_shop._failover CNAME x", "_shop._failover NS x", "a._shop._failover A 1"]
    {
        let (free, left) = planned(&target, &zone(&["api A 1", line]));
        assert_eq!((free, left.len()), (nothing(), 2), "{line}");
    }
}

#[test]
fn a_fence_in_another_case_is_not_overlooked() {
    let mut target = zone(&["api A 1"]);
    let upper: Vec<String> = fence_text(&fence(&target, "main", 4, 2)).iter().map(|text| text.to_uppercase()).collect();
    target.put(SetKey::new(owner("_SHOP._FAILOVER.Example.Test."), Rtype::TXT), txt_of(&upper)).expect("in the zone");
    let guarded = Guarded::read(&zone(&[]), &target, &provider("main"));
    assert_eq!(guarded.unreadable.len(), 1, "what it guards is not known");
    let error = guarded.unreadable[0].to_string();
    assert!(error.starts_with("the fence at _shop._failover.example.test. in the target cannot be read ("), "{error}");
}

#[test]
fn a_fence_that_cannot_be_read_refuses_the_plan_on_either_side() {
    let (plain, torn) = (zone(&["api A 1"]), zone(&["api A 1", "_shop._failover TXT v=dnsfo9;"]));
    let sides = |source, target| -> Vec<Side> {
        Guarded::read(source, target, &provider("main")).unreadable.iter().map(|one| one.side).collect()
    };
    assert_eq!(sides(&plain, &plain), []);
    assert_eq!(sides(&plain, &torn), [Side::Target]);
    assert_eq!(sides(&torn, &plain), [Side::Source]);
    assert_eq!(planned(&torn, &plain).0, nothing(), "its own text is left alone");
    let two = zone(&["_shop._failover TXT a b"]);
    assert!(Guarded::read(&plain, &two, &provider("main")).unreadable[0].reason.contains("2 values"));
}

#[test]
fn a_fence_under_another_services_name_is_not_believed() {
    let mut target = zone(&["api A 1"]);
    let text = fence_text(&fence(&target, "other", 4, 2));
    target.put(key("_pay._failover", Rtype::TXT), txt_of(&text)).expect("in the zone");
    assert_eq!(Guarded::read(&zone(&[]), &target, &provider("main")).unreadable[0].reason, "it names service `shop`");
}

#[test]
fn a_tombstone_guards_nothing_but_itself() {
    let released = |names: &str| {
        let released = Some(Timestamp::from_secs(1_795_246_300));
        with(&["api A 1"], |zone| Fence { active: None, released, ..fence(zone, names, 4, 2) })
    };
    let (free, left) = planned(&released("main"), &zone(&["api A 2"]));
    assert_eq!((free, left), (vec!["api A".to_owned()], vec![format!("{FENCE} TXT: the tombstone of service `shop`")]));
    assert_eq!(planned(&released("hidden"), &zone(&["api A 2"])).0, ["api A"], "nor does a copy of one");
}

#[test]
fn a_canary_is_left_alone() {
    let canary = "_canary._failover TXT v=dnsfo1;id=canary;";
    let target = zone(&[canary]);
    assert_eq!(Guarded::read(&zone(&[]), &target, &provider("main")).unreadable, []);
    assert_eq!(planned(&zone(&[canary]), &zone(&[])).0, nothing());
    assert_eq!(planned(&zone(&[]), &zone(&[canary])).0, nothing());
}

#[test]
fn a_fence_that_names_another_provider_is_pushed_with_its_records() {
    let source = fenced(&["api A 2"], "hidden", 5, 1);
    for target in [zone(&["api A 1"]), fenced(&["api A 1"], "hidden", 4, 9), fenced(&["api A 1"], "hidden", 5, 0)] {
        assert_eq!(planned(&target, &source).0, [format!("{FENCE} TXT"), "api A".to_owned()]);
        let guarded = Guarded::read(&source, &target, &provider("main"));
        let together = |name, rtype| guarded.together.contains_key(&key(name, rtype));
        assert!(together(FENCE, Rtype::TXT) && together("api", Rtype::A));
    }
}

#[test]
fn a_fence_that_is_not_newer_is_left_alone_with_its_records() {
    let source = fenced(&["api A 2"], "hidden", 5, 1);
    for (epoch, rev) in [(5, 1), (5, 2), (6, 0)] {
        let (free, left) = planned(&fenced(&["api A 1"], "hidden", epoch, rev), &source);
        assert_eq!((free, left.len()), (nothing(), 2), "({epoch}, {rev})");
    }
    let (free, _) = planned(&fenced(&["api A 1"], "third", 5, 0), &source);
    assert_eq!(free, nothing(), "another place counts its own revs");
}

/// The target may be held under another name than this configuration has for it.
#[test]
fn a_fence_that_names_a_third_provider_is_no_copy_however_old_it_is() {
    let (free, left) = planned(&fenced(&["api A 1"], "route53-prod", 4, 2), &fenced(&["api A 2"], "hidden", 9, 9));
    assert_eq!((free, left.len()), (nothing(), 2));
}

#[test]
fn records_that_drifted_under_a_copy_are_repaired() {
    let source = fenced(&["api A 2"], "hidden", 5, 1);
    let mut target = source.clone();
    target.put(key("api", Rtype::A), set(Rtype::A, &["7"])).expect("in the zone");
    assert_eq!(planned(&target, &source).0, ["api A"]);
}

#[test]
fn a_source_without_the_fence_does_not_release_a_copy() {
    let (free, left) = planned(&fenced(&["api A 1"], "hidden", 4, 2), &zone(&["api A 2"]));
    assert_eq!((free, left.len()), (nothing(), 2));
}

#[test]
fn a_fence_is_never_forged_at_its_own_provider() {
    let (free, left) = planned(&zone(&["api A 1"]), &fenced(&["api A 2"], "main", 9, 9));
    assert_eq!((free, left.len()), (nothing(), 2));
    let (free, _) = planned(&fenced(&["api A 1"], "hidden", 4, 2), &fenced(&["api A 2"], "main", 9, 9));
    assert_eq!(free, nothing());
}

#[test]
fn another_installations_fence_is_left_alone() {
    let source =
        with(&["api A 2"], |zone| Fence { install: "rival".parse().expect("a name"), ..fence(zone, "hidden", 9, 9) });
    assert_eq!(planned(&fenced(&["api A 1"], "hidden", 4, 2), &source).0, nothing());
}

#[test]
fn records_that_their_fence_does_not_vouch_for_are_not_pushed() {
    let source = with(&["api A 2"], |zone| Fence { digest: Digest::over([&b"x"[..]]), ..fence(zone, "hidden", 9, 9) });
    let (free, left) = planned(&zone(&["api A 1"]), &source);
    assert_eq!((free, left.len()), (nothing(), 2));
}

proptest! {
    /// Whatever the source holds, what the target's own fence guards is never planned.
    #[test]
    fn nobody_steals(
        lines in prop::collection::vec(("(api|www|eu|@|_failover|_shop\\._failover|x\\._failover)", "(A 3|AAAA 1|CNAME x|NS x|TXT t|DNAME x)"), 0..8),
        names in prop::option::of("(main|hidden)"),
        epoch in 0..9_u64,
    ) {
        let lines: Vec<String> = lines.iter().map(|(name, rest)| format!("{name} {rest}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let source = names.map_or_else(|| zone(&lines), |names| fenced(&lines, &names, epoch, 0));
        let target = fenced(&["api A 1", "www A 1"], "main", 4, 2);
        let (free, _) = planned(&target, &source);
        for taken in ["api A", "api AAAA", "api CNAME", "api NS", "api DNAME", "@ DNAME"] {
            prop_assert!(!free.contains(&taken.to_owned()), "{taken} of {lines:?}");
        }
        prop_assert!(free.iter().all(|one| !one.contains("_failover")), "{free:?}");
    }
}
