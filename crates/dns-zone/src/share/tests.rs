use domain::base::Rtype;

use super::*;
use crate::fixture::{key, set, ttl, zone};

/// The manifest of a zone: `mail` has the SPF at the apex, `proofs` the TTL of www, `beta` the rest of the apex's texts.
fn manifest() -> Manifest {
    let claims = [
        "v=dnssync1;install=beta;own=name:@;types=txt;",
        "v=dnssync1;install=mail;own=name:@;types=txt;part=value:v=spf1;",
        "v=dnssync1;install=pace;own=name:www;part=ttl;",
    ];
    Manifest::read(&zone(&[&format!("_dns-sync TXT {}", claims.join(" "))])).expect("claims")
}

fn texts(values: &[&str]) -> Option<RecordSet> {
    (!values.is_empty()).then(|| set(Rtype::TXT, values))
}

/// What an installation may make of the apex's texts, and what it leaves.
fn at_apex(install: &str, is: &[&str], wanted: &[&str]) -> (Option<RecordSet>, Vec<String>) {
    let change = SetChange { key: key("@", Rtype::TXT), before: texts(is), after: texts(wanted) };
    shared(install, &change)
}

fn shared(install: &str, change: &SetChange) -> (Option<RecordSet>, Vec<String>) {
    let install: Installation = install.parse().expect("a name");
    let after = manifest().allowed(change, &install);
    let left = match manifest().share(change, &install) {
        Share::Ours => vec!["ours".to_owned()],
        Share::Theirs(by) => vec![format!("{by}'s")],
        Share::Split { left, .. } => left.iter().map(|(by, kind)| format!("{by} {kind:?}")).collect(),
    };
    (after, left)
}

#[test]
fn values_of_others_stay_and_ones_own_become_as_wanted() {
    let is = ["v=spf1-old", "proof-1"];
    let wanted = ["v=spf1-new", "proof-2"];
    assert_eq!(at_apex("mail", &is, &wanted), (texts(&["v=spf1-new", "proof-1"]), vec!["beta Values".to_owned()]));
    assert_eq!(at_apex("beta", &is, &wanted), (texts(&["v=spf1-old", "proof-2"]), vec!["mail Values".to_owned()]));
    let third = at_apex("acme", &is, &wanted);
    assert_eq!(third.0, texts(&is), "neither is acme's");
    assert_eq!(third.1, ["beta Values", "mail Values"]);
}

#[test]
fn what_the_source_lacks_takes_only_ones_own_values() {
    assert_eq!(at_apex("mail", &["v=spf1", "proof"], &[]).0, texts(&["proof"]));
    assert_eq!(at_apex("mail", &["v=spf1"], &[]).0, None, "the last value takes the set, whosever its TTL is");
    assert_eq!(at_apex("mail", &[], &["v=spf1", "proof"]), (texts(&["v=spf1"]), vec!["beta Values".to_owned()]));
    assert_eq!(at_apex("beta", &[], &["v=spf1"]), (None, vec!["mail Values".to_owned()]));
}

#[test]
fn a_beginning_spans_strings_and_minds_case() {
    let two = RecordSet::of_one(ttl(300), crate::Rdata::from_wire(Rtype::TXT, b"\x02v=\x04spf1").expect("a TXT"));
    let change = |after| SetChange { key: key("@", Rtype::TXT), before: None, after: Some(after) };
    assert_eq!(shared("mail", &change(two.clone())).0, Some(two), "two strings, one text");
    assert_eq!(at_apex("mail", &[], &["V=SPF1"]).0, None);
}

#[test]
fn a_ttl_of_another_stays_while_values_change() {
    let (is, wanted) = (set(Rtype::A, &["1"]), set(Rtype::A, &["2"]).with_ttl(ttl(60)));
    let change = SetChange { key: key("www", Rtype::A), before: Some(is.clone()), after: Some(wanted.clone()) };
    let merged = Some(wanted.with_ttl(ttl(300)));
    assert_eq!(shared("acme", &change), (merged, vec!["pace Ttl".to_owned()]));
    let free = Some(wanted.clone());
    assert_eq!(shared("pace", &change), (free, vec!["ours".to_owned()]), "nobody claims the values");
    let only_ttl = SetChange { after: Some(is.with_ttl(ttl(60))), ..change.clone() };
    assert_eq!(shared("acme", &only_ttl).0, Some(is));
    let created = SetChange { before: None, ..change.clone() };
    assert_eq!(shared("acme", &created), (Some(wanted), vec![]), "somebody has to set one");
    let deleted = SetChange { after: None, ..change };
    assert_eq!(shared("acme", &deleted), (None, vec![]));
}

#[test]
fn the_narrower_claim_decides_for_its_part() {
    let claims = "v=dnssync1;install=acme;own=zone;part=ttl; v=dnssync1;install=beta;own=name:www;";
    let manifest = Manifest::read(&zone(&[&format!("_dns-sync TXT {claims}")])).expect("claims");
    let owner = |name| manifest.owner_of(&key(name, Rtype::A), Field::Ttl).map(ToString::to_string);
    assert_eq!((owner("www"), owner("api")), (Some("beta".to_owned()), Some("acme".to_owned())));
    let values = set(Rtype::A, &["1"]);
    assert_eq!(manifest.owner_of(&key("api", Rtype::A), Field::Value(&values.values()[0])), None);
}
