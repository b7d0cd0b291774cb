//! What stays as it is because something at its name, or above it, stays.
//!
//! Changes are judged one by one, but some mean nothing without another: what is deleted to make room for a CNAME or a
//! delegation that is left alone would be gone for nothing, and a CNAME that is created beside a set that stays is refused or,
//! by a server of DNS UPDATE, left out without a word (RFC 2136 §3.4.2.2).

use std::collections::{BTreeMap, BTreeSet};

use domain::base::Rtype;

use crate::change::SetChange;
use crate::owner::Owner;
use crate::record_set::SetKey;
use crate::zone::Zone;

/// Takes out of `changes` what cannot be made without what is `left` alone; each with the set that it hinges on.
/// `is_signers` says which types stand beside everything.
pub(crate) fn take_out(
    changes: &mut Vec<SetChange>,
    left: &[SetKey],
    target: &Zone,
    is_signers: fn(Rtype) -> bool,
) -> Vec<(SetKey, SetKey)> {
    let mut names: BTreeMap<Owner, SetKey> =
        left.iter().filter(|key| key.rtype == Rtype::CNAME).map(|key| (key.owner.clone(), key.clone())).collect();
    names.extend(clashes(changes, target, is_signers));
    let mut stays: Vec<(SetKey, SetKey)> = Vec::new();
    changes.retain(|change| match names.get(&change.key.owner) {
        Some(on) => {
            stays.push((change.key.clone(), on.clone()));
            false
        }
        None => true,
    });
    let hides = |key: &&SetKey| is_cut(key, target.apex()) && target.get(key).is_none();
    let cuts = left.iter().chain(stays.iter().map(|(key, _)| key)).filter(hides);
    let mut by_owner: BTreeMap<Owner, SetKey> = BTreeMap::new();
    for cut in cuts {
        by_owner.entry(cut.owner.clone()).or_insert_with(|| cut.clone());
    }
    changes.retain(|change| match nearest(&by_owner, &change.key.owner, target.apex()) {
        Some(cut) => {
            stays.push((change.key.clone(), cut.clone()));
            false
        }
        None => true,
    });
    stays
}

/// The cut at or above a name that is nearest to it: a walk up, as long as the name has labels, however many cuts there are.
fn nearest<'c>(cuts: &'c BTreeMap<Owner, SetKey>, owner: &Owner, apex: &Owner) -> Option<&'c SetKey> {
    if cuts.is_empty() {
        return None;
    }
    let above = std::iter::successors(Some(owner.clone()), Owner::parent).take_while(|one| one.is_in(apex));
    above.into_iter().find_map(|owner| cuts.get(&owner))
}

/// Whether a set hides all that stands below it: a delegation or a DNAME.
pub(crate) fn is_cut(key: &SetKey, apex: &Owner) -> bool {
    key.rtype == Rtype::DNAME || (key.rtype == Rtype::NS && key.owner != *apex)
}

/// The names at which a CNAME would stand beside something else afterwards, with one of the sets that clash.
fn clashes(changes: &[SetChange], target: &Zone, is_signers: fn(Rtype) -> bool) -> Vec<(Owner, SetKey)> {
    let owners: BTreeSet<&Owner> = changes.iter().map(|change| &change.key.owner).collect();
    let mut clashes = Vec::new();
    for owner in owners {
        let mut types: BTreeSet<Rtype> = target.at(owner).map(|(key, _)| key.rtype).collect();
        if !types.contains(&Rtype::CNAME) && !creates_cname(changes, owner) {
            continue;
        }
        for change in at(changes, owner) {
            match change.after {
                Some(_) => types.insert(change.key.rtype),
                None => types.remove(&change.key.rtype),
            };
        }
        let other = types.iter().find(|rtype| **rtype != Rtype::CNAME && !is_signers(**rtype));
        if let Some(other) = other.filter(|_| types.contains(&Rtype::CNAME)) {
            clashes.push((owner.clone(), SetKey::new(owner.clone(), *other)));
        }
    }
    clashes
}

fn creates_cname(changes: &[SetChange], owner: &Owner) -> bool {
    at(changes, owner).any(|change| change.key.rtype == Rtype::CNAME && change.after.is_some())
}

/// Changes are in canonical order, so those of one name are neighbours.
fn at<'c>(changes: &'c [SetChange], owner: &'c Owner) -> impl Iterator<Item = &'c SetChange> {
    let first = changes.partition_point(|change| change.key.owner < *owner);
    changes[first..].iter().take_while(move |change| change.key.owner == *owner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::difference;
    use crate::fixture::{key, zone};

    fn is_signers(rtype: Rtype) -> bool {
        rtype == Rtype::RRSIG
    }

    /// What stays of the changes from `is` to `wanted` if these keys are left alone.
    fn stays(is: &[&str], wanted: &[&str], left: &[SetKey]) -> Vec<String> {
        let (is, wanted) = (zone(is), zone(wanted));
        let mut changes = difference(&is, &wanted);
        changes.retain(|change| !left.contains(&change.key));
        let stays = take_out(&mut changes, left, &is, is_signers);
        stays.into_iter().map(|(key, on)| format!("{key} on {on}")).collect()
    }

    #[test]
    fn nothing_is_deleted_for_a_delegation_that_does_not_come() {
        let left = [key("eu", Rtype::NS), key("api.eu", Rtype::A)];
        let stays = stays(&["api.eu A 1", "us A 1", "www.eu A 2"], &["eu NS ns.example.net."], &left);
        assert_eq!(stays, ["www.eu.example.test. A on eu.example.test. NS"], "`us` may go");
    }

    #[test]
    fn nothing_is_deleted_for_a_cname_that_does_not_come() {
        let left = [key("shop", Rtype::CNAME)];
        let stays = stays(&["shop A 1"], &["shop CNAME x"], &left);
        assert_eq!(stays, ["shop.example.test. A on shop.example.test. CNAME"]);
    }

    #[test]
    fn no_cname_comes_beside_a_set_that_stays() {
        let left = [key("shop", Rtype::TXT)];
        let stays = stays(&["shop A 1", "shop TXT x"], &["shop CNAME x"], &left);
        let expected =
            ["shop.example.test. A on shop.example.test. TXT", "shop.example.test. CNAME on shop.example.test. TXT"];
        assert_eq!(stays, expected);
    }

    #[test]
    fn nothing_comes_beside_a_cname_that_stays() {
        let left = [key("shop", Rtype::CNAME)];
        assert_eq!(stays(&["shop CNAME x"], &["shop A 1"], &left).len(), 1);
    }

    #[test]
    fn what_lies_below_several_cuts_that_do_not_come_hinges_on_the_nearest() {
        let left = [key("eu", Rtype::NS), key("de.eu", Rtype::NS)];
        let stays =
            stays(&["a.de.eu A 1", "a.fr.eu A 1"], &["eu NS ns.example.net.", "de.eu NS ns.example.net."], &left);
        let expected =
            ["a.de.eu.example.test. A on de.eu.example.test. NS", "a.fr.eu.example.test. A on eu.example.test. NS"];
        assert_eq!(stays, expected);
    }

    /// Names of up to four labels out of three, so that many lie below each other.
    fn owners() -> impl Strategy<Value = Vec<Owner>> {
        let name = prop::collection::vec("[abc]", 1..5);
        prop::collection::vec(name.prop_map(|labels| crate::fixture::name(&labels.join("."))), 0..12)
    }

    proptest! {
        #[test]
        fn a_walk_up_finds_a_cut_where_looking_at_all_of_them_does(cuts in owners(), names in owners()) {
            let apex = zone(&[]).apex().clone();
            let cuts: BTreeMap<Owner, SetKey> =
                cuts.into_iter().map(|owner| (owner.clone(), SetKey::new(owner, Rtype::NS))).collect();
            for name in names {
                let all = cuts.values().filter(|cut| name.is_in(&cut.owner));
                let naive = all.max_by_key(|cut| cut.owner.labels_from_root().len());
                prop_assert_eq!(nearest(&cuts, &name, &apex), naive);
            }
        }
    }

    #[test]
    fn an_exchange_that_is_whole_goes_on() {
        assert_eq!(stays(&["a A 1", "b CNAME x"], &["a CNAME x", "b A 1"], &[]), [""; 0]);
    }
}
