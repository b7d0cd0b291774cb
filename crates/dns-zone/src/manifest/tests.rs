use super::*;
use crate::fixture::{key, name, zone};

fn install(text: &str) -> Installation {
    text.parse().expect("a name")
}

fn claim(extent: Extent, types: &[Rtype]) -> Claim {
    Claim { extent, types: types.iter().copied().collect() }
}

fn manifest(claims: &[(&str, Claim)]) -> Manifest {
    let mut manifest = Manifest::read(&zone(&[])).expect("nothing to read");
    for (by, claim) in claims {
        manifest.claim(install(by), claim.clone()).expect("no overlap");
    }
    manifest
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
    let owner = |text: &str, rtype| manifest.owner_of(&key(text, rtype)).map(ToString::to_string).unwrap_or_default();
    assert_eq!(owner("www", Rtype::A), "acme");
    assert_eq!(owner("www.dev", Rtype::TXT), "beta");
    assert_eq!(owner("www.dev", Rtype::A), "acme");
    assert_eq!(Manifest::read(&zone(&[])).expect("empty").owner_of(&key("www", Rtype::A)), None);
}

#[test]
fn a_manifest_is_read_back_as_it_was_written() {
    let mut zone = zone(&[]);
    let odd = claim(Extent::Name(name("a\\;own=b")), &[Rtype::A, Rtype::TXT]);
    let mut manifest = shared();
    manifest.claim(install("acme"), odd).expect("no overlap");
    manifest.change_in(&zone).expect("it is new").apply_to(&mut zone).expect("in the zone");
    assert_eq!(Manifest::read(&zone), Ok(manifest.clone()));
    assert_eq!(manifest.change_in(&zone), None);
}

#[test]
fn a_transfer_is_one_change_of_one_set() {
    let mut zone = zone(&[]);
    let mut manifest = shared();
    manifest.change_in(&zone).expect("it is new").apply_to(&mut zone).expect("in the zone");
    manifest.transfer(&install("beta"), &install("acme"));
    let change = manifest.change_in(&zone).expect("it has changed");
    assert_eq!((change.key.clone(), change.kind()), (key("_dns-sync", Rtype::TXT), crate::Kind::Update));
    change.apply_to(&mut zone).expect("in the zone");
    let read = Manifest::read(&zone).expect("claims");
    assert_eq!(read.owner_of(&key("x.dev", Rtype::A)), Some(&install("acme")));
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
fn what_is_no_claim_is_refused_with_its_text() {
    for text in
        ["v=dnssync2;install=a;own=zone;", "v=dnssync1;install=a;own=all;", "v=dnssync1;install=A;own=zone;", "x"]
    {
        let error = Manifest::read(&zone(&[&format!("_dns-sync TXT {text}")])).expect_err(text);
        assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
    }
}
