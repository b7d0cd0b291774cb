use super::*;
use crate::difference;
use crate::fixture::{APEX, owner, zone};

const EXTERNAL: &str = "heritage=external-dns,external-dns/owner=k8s,external-dns/resource=ingress/default/www";

/// What of a target is left alone when the source has nothing of it.
fn left(target: &[&str], forms: &MarkerForms) -> Vec<String> {
    let (source, target) = (zone(&[]), zone(target));
    let markers = Markers::read(&source, &target, forms);
    let changes = difference(&target, &source);
    let held = changes.iter().filter(|change| markers.against(change).is_some());
    held.map(|change| format!("{} {}", change.key.owner.relative_to(&owner(APEX)), change.key.rtype)).collect()
}

fn external(affix: Affix) -> MarkerForms {
    let form = ExternalDns { affixes: vec![affix], wildcard: Some("any".to_owned()) };
    MarkerForms { external_dns: Some(form), ..MarkerForms::default() }
}

fn marker(name: &str) -> String {
    format!("{name} TXT {EXTERNAL}")
}

#[test]
fn what_octodns_owns_is_left_alone_type_by_type() {
    let lines = [
        "www A 1",
        "www AAAA 1",
        "_owner.A.www TXT *octodns*",
        "_owner.MX TXT *octodns*",
        "*.dev A 1",
        "_owner.a._wildcard.dev TXT *octodns*",
    ];
    let expected = ["_owner.mx TXT", "_owner.a._wildcard.dev TXT", "_owner.a.www TXT", "*.dev A", "www A"];
    let mut found = left(&lines, &MarkerForms::default());
    found.sort();
    let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_text_that_only_looks_like_a_marker_is_none() {
    assert_eq!(left(&["www A 1", "_owner.A.www TXT mine"], &MarkerForms::default()), Vec::<String>::new());
    assert_eq!(left(&["www A 1", "a-www TXT heritage=other"], &MarkerForms::default()), Vec::<String>::new());
}

#[test]
fn what_external_dns_owns_is_left_alone_in_each_of_its_forms() {
    let prefix = |text: &str| external(Affix::Prefix(text.to_owned()));
    let suffix = |text: &str| external(Affix::Suffix(text.to_owned()));
    let cases = [
        (MarkerForms::default(), "a-www"),
        (MarkerForms::default(), "www"),
        (prefix("x-"), "x-a-www"),
        (prefix("x-"), "x-www"),
        (prefix("%{record_type}-abc-."), "a-abc-.www"),
        (prefix("%{record_type}-abc-."), "-abc-.www"),
        (suffix("-.%{record_type}"), "www-.a"),
        (suffix("-own"), "a-www-own"),
        (suffix("-own"), "www-own"),
    ];
    for (forms, name) in cases {
        let found = left(&["www A 1", "www SPF x", &marker(name)], &forms);
        assert!(found.contains(&"www A".to_owned()) && !found.contains(&"www SPF".to_owned()), "{name}: {found:?}");
        assert!(found.contains(&format!("{name} TXT")), "{name}: {found:?}");
    }
}

#[test]
fn the_marker_of_one_type_does_not_own_another() {
    assert_eq!(
        left(&["www A 1", "www AAAA 1", &marker("aaaa-www")], &MarkerForms::default()),
        ["aaaa-www TXT", "www AAAA"]
    );
    let alias = left(&["www A 1", &marker("cname-www")], &MarkerForms::default());
    assert_eq!(alias, ["cname-www TXT", "www A"], "an alias is served as addresses");
}

#[test]
fn an_asterisk_may_be_replaced() {
    let forms = external(Affix::Prefix("x-".to_owned()));
    assert_eq!(left(&["*.dev A 1", &marker("x-a-any.dev")], &forms), ["*.dev A", "x-a-any.dev TXT"]);
}

#[test]
fn a_marker_that_leads_nowhere_is_told() {
    let stray = |lines: &[&str], forms: &MarkerForms| Markers::read(&zone(&[]), &zone(lines), forms).stray.len();
    let lines = ["www A 1", &marker("x-a-www")];
    assert_eq!(stray(&lines, &MarkerForms::default()), 1);
    assert_eq!(stray(&lines, &external(Affix::Prefix("x-".to_owned()))), 0);
}

#[test]
fn a_tool_that_is_not_looked_for_owns_nothing() {
    let none = MarkerForms { octodns: None, external_dns: None };
    assert_eq!(left(&["www A 1", "_owner.A.www TXT *octodns*", &marker("a-www")], &none), Vec::<String>::new());
}

#[test]
fn a_marker_of_the_source_is_not_copied() {
    let (source, target) = (zone(&["www A 1", &marker("a-www")]), zone(&[]));
    let markers = Markers::read(&source, &target, &MarkerForms::default());
    let changes = difference(&target, &source);
    let free: Vec<&SetChange> = changes.iter().filter(|change| markers.against(change).is_none()).collect();
    assert_eq!(free.len(), 1);
    assert_eq!(free[0].key.rtype, Rtype::A);
}
