use proptest::prelude::*;

use super::*;
use crate::fixture::{key, name, zone};

fn install(text: &str) -> Installation {
    text.parse().expect("a name")
}

fn claim(extent: Extent, types: &[Rtype]) -> Claim {
    part(extent, types, Part::Whole)
}

fn part(extent: Extent, types: &[Rtype], part: Part) -> Claim {
    Claim::new(extent, types.iter().copied(), part).expect("a claim")
}

fn manifest(claims: &[(&str, Claim)]) -> Manifest {
    let mut manifest = Manifest::read(&zone(&[])).expect("nothing to read");
    for (by, claim) in claims {
        manifest.claim(install(by), claim.clone()).expect("no overlap");
    }
    manifest
}

fn changed(manifest: &Manifest, zone: &Zone) -> Option<SetChange> {
    manifest.change_in(zone).expect("it has room")
}

fn shared() -> Manifest {
    manifest(&[
        ("acme", claim(Extent::Zone, &[])),
        ("beta", claim(Extent::Below(name("dev")), &[])),
        ("acme", claim(Extent::Name(name("www.dev")), &[Rtype::A])),
    ])
}

#[test]
fn the_narrowest_claim_decides() {
    let manifest = shared();
    let owner = |text: &str, rtype| {
        manifest.owner_of(&key(text, rtype), Field::Ttl).map(ToString::to_string).unwrap_or_default()
    };
    assert_eq!(owner("www", Rtype::A), "acme");
    assert_eq!(owner("www.dev", Rtype::TXT), "beta");
    assert_eq!(owner("www.dev", Rtype::A), "acme");
    assert_eq!(Manifest::read(&zone(&[])).expect("empty").owner_of(&key("www", Rtype::A), Field::Ttl), None);
}

#[test]
fn a_manifest_is_read_back_as_it_was_written() {
    let mut zone = zone(&[]);
    let odd = claim(Extent::Name(name("a\\;own=b")), &[Rtype::A, Rtype::TXT]);
    let mut manifest = shared();
    manifest.claim(install("acme"), odd).expect("no overlap");
    changed(&manifest, &zone).expect("it is new").apply_to(&mut zone).expect("in the zone");
    assert_eq!(Manifest::read(&zone), Ok(manifest.clone()));
    assert_eq!(changed(&manifest, &zone), None);
}

#[test]
fn a_transfer_is_one_change_of_one_set() {
    let mut zone = zone(&[]);
    let mut manifest = shared();
    changed(&manifest, &zone).expect("it is new").apply_to(&mut zone).expect("in the zone");
    manifest.transfer(&install("beta"), &install("acme")).expect("it claims something");
    let change = changed(&manifest, &zone).expect("it has changed");
    assert_eq!((change.key.clone(), change.kind()), (key("_dns-sync", Rtype::TXT), crate::Kind::Update));
    change.apply_to(&mut zone).expect("in the zone");
    let read = Manifest::read(&zone).expect("claims");
    assert_eq!(read.owner_of(&key("x.dev", Rtype::A), Field::Ttl), Some(&install("acme")));
}

#[test]
fn two_owners_of_one_part_are_refused() {
    let mut manifest = shared();
    let before = manifest.clone();
    assert!(manifest.claim(install("beta"), claim(Extent::Zone, &[])).is_err());
    assert!(manifest.claim(install("beta"), claim(Extent::Name(name("www.dev")), &[Rtype::A, Rtype::MX])).is_err());
    assert_eq!(manifest, before);
    assert!(manifest.claim(install("beta"), claim(Extent::Name(name("www.dev")), &[Rtype::MX])).is_ok());
}

#[test]
fn an_overlap_says_whose_claim_is_there_already() {
    let refused = shared().claim(install("beta"), claim(Extent::Zone, &[])).expect_err("acme's").to_string();
    let expected = "the installations `acme` and `beta` claim the same part of example.test. (`own=zone;`); transfer or \
                    release one of the claims";
    assert_eq!(refused, expected);
}

#[test]
fn a_narrower_claim_is_told_of_those_that_it_takes_from() {
    let manifest = shared();
    let narrowed = |by: &str, claim: &Claim| -> Vec<String> {
        manifest.narrowed_by(&install(by), claim).map(|(_, by)| by.to_string()).collect()
    };
    let deep = claim(Extent::Name(name("www.dev")), &[Rtype::A, Rtype::MX]);
    assert_eq!(narrowed("gamma", &claim(Extent::Name(name("www.dev")), &[])), ["acme", "beta"]);
    assert_eq!(narrowed("gamma", &deep), ["acme", "beta"], "not from the claim that is as narrow");
    assert_eq!(narrowed("beta", &deep), ["acme"]);
    assert_eq!(narrowed("gamma", &claim(Extent::Below(name("@")), &[])), ["acme"]);
    assert_eq!(narrowed("gamma", &claim(Extent::Zone, &[])), [""; 0]);
}

#[test]
fn a_claim_is_released_by_who_makes_it_and_just_so() {
    let mut manifest = shared();
    let below = claim(Extent::Below(name("dev")), &[]);
    let refused = manifest.release(&install("acme"), &below).expect_err("beta's").to_string();
    let expected = "installation `acme` does not claim `own=below:dev;` in example.test.; it claims: `own=zone;`, \
                    `own=name:www.dev;types=a;`";
    assert_eq!(refused, expected);
    assert!(manifest.release(&install("beta"), &claim(Extent::Below(name("dev")), &[Rtype::A])).is_err());
    assert_eq!(manifest, shared());
    manifest.release(&install("beta"), &below).expect("its own");
    assert_eq!(
        manifest.owner_of(&key("x.dev", Rtype::A), Field::Ttl),
        Some(&install("acme")),
        "the next wider claim's"
    );
    let refused = manifest.release(&install("beta"), &below).expect_err("gone").to_string();
    assert!(refused.ends_with("it claims: nothing"), "{refused}");
}

#[test]
fn the_last_claim_takes_the_set_with_it() {
    let mut zone = zone(&[]);
    let mut manifest = manifest(&[("acme", claim(Extent::Zone, &[]))]);
    changed(&manifest, &zone).expect("it is new").apply_to(&mut zone).expect("in the zone");
    manifest.release(&install("acme"), &claim(Extent::Zone, &[])).expect("its own");
    assert_eq!(changed(&manifest, &zone).map(|change| change.kind()), Some(crate::Kind::Delete));
}

#[test]
fn who_claims_nothing_has_nothing_to_transfer() {
    let mut manifest = shared();
    let refused = manifest.transfer(&install("gamma"), &install("acme")).expect_err("nothing").to_string();
    assert_eq!(refused, "installation `gamma` claims nothing in example.test., so there is nothing to transfer");
    assert_eq!(manifest, shared());
}

#[test]
fn what_is_no_claim_is_refused_with_its_text() {
    for text in
        ["v=dnssync2;install=a;own=zone;", "v=dnssync1;install=a;own=all;", "v=dnssync1;install=A;own=zone;", "x"]
    {
        let error = Manifest::read(&zone(&[&format!("_dns-sync TXT {text}")])).expect_err(text);
        assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
    }
}

fn beginning(text: &str) -> Part {
    Part::ValuesFrom(Beginning::new(text).expect("not empty"))
}

#[test]
fn parts_overlap_where_they_have_a_field_in_common_and_are_as_narrow() {
    let at = |part_of: Part| part(Extent::Name(name("@")), &[Rtype::TXT], part_of);
    let overlaps = |one: Part, other: Part| manifest(&[("acme", at(one))]).claim(install("beta"), at(other)).is_err();
    assert!(overlaps(Part::Ttl, Part::Ttl) && overlaps(Part::Values, Part::Values));
    assert!(overlaps(beginning("v=spf1"), beginning("v=spf1")));
    assert!(!overlaps(Part::Ttl, Part::Values) && !overlaps(Part::Whole, Part::Ttl));
    assert!(!overlaps(beginning("v=spf1"), beginning("v=spf2")));
    assert!(!overlaps(beginning("v=spf1"), beginning("v=")), "the longer one decides");
}

#[test]
fn a_beginning_is_of_texts_and_says_so() {
    let of = |types: &[Rtype]| Claim::new(Extent::Zone, types.iter().copied(), beginning("x"));
    assert!(of(&[Rtype::TXT]).is_ok());
    assert!(of(&[]).is_err() && of(&[Rtype::TXT, Rtype::A]).is_err() && of(&[Rtype::A]).is_err());
    assert!("value:".parse::<Part>().is_err() && "whole".parse::<Part>().is_err());
}

#[test]
fn a_word_that_nobody_knows_is_no_claim() {
    let known = "own=name:@;types=txt;part=value:v=spf1;";
    for text in [
        "own=zone;part=ttls;",
        "own=zone;part=value:;types=txt;",
        "own=zone;part=value:x;",
        "own=zone;part=ttl;types=a;",
        "own=zone;part=ttl;part=values;",
        "own=zone;types=txt;part=value:MS=;",
        "own=zone;types=txt;part=value:%61;",
        "own=zone;types=txt;part=ttl",
        "own=zone;until=2030;",
    ] {
        let read = |own: &str| Manifest::read(&zone(&[&format!("_dns-sync TXT v=dnssync1;install=acme;{own}")]));
        assert!(matches!(read(text), Err(ManifestError::Claim { .. })), "{text}");
        assert!(read(known).is_ok());
    }
}

#[test]
fn a_name_that_looks_like_more_pairs_is_a_name() {
    let mut zone = zone(&[]);
    let manifest = manifest(&[("acme", claim(Extent::Name(name("a\\;types=a")), &[]))]);
    changed(&manifest, &zone).expect("it is new").apply_to(&mut zone).expect("in the zone");
    assert_eq!(Manifest::read(&zone), Ok(manifest));
}

fn any_claim() -> impl Strategy<Value = Claim> {
    let name = || {
        "(@|www|a\\\\;b|x\\\\\\\\|\\*|q=1)(\\.dev)?".prop_filter_map("a name", |text| {
            let text = text.trim_start_matches("@.");
            let whole = if text == "@" { "example.test.".to_owned() } else { format!("{text}.example.test.") };
            whole.parse().ok()
        })
    };
    let extent = prop_oneof![Just(Extent::Zone), name().prop_map(Extent::Below), name().prop_map(Extent::Name)];
    let types = prop::collection::vec(prop::sample::select(vec![Rtype::A, Rtype::TXT, Rtype::from_int(65_300)]), 0..3);
    let whole = (extent.clone(), types, prop::sample::select(vec![Part::Whole, Part::Ttl, Part::Values]));
    let whole = whole.prop_map(|(extent, types, part)| Claim::new(extent, types, part).expect("a claim"));
    let texts = (extent, ".{1,12}").prop_map(|(extent, text)| part(extent, &[Rtype::TXT], beginning(&text)));
    prop_oneof![whole, texts]
}

proptest! {
    #[test]
    fn any_manifest_is_read_back_as_it_was_written(
        claims in prop::collection::vec(("[a-c]", any_claim()), 0..8),
    ) {
        let mut zone = zone(&[]);
        let mut manifest = manifest(&[]);
        for (by, claim) in claims {
            // One that overlaps another's is left out.
            let _ = manifest.claim(install(&by), claim);
        }
        if let Some(change) = changed(&manifest, &zone) {
            change.apply_to(&mut zone).expect("in the zone");
        }
        prop_assert_eq!(Manifest::read(&zone), Ok(manifest));
    }
}
