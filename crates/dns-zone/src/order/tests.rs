use super::*;
use crate::difference;
use crate::fixture::{key, zone};

fn steps(is: &[&str], wanted: &[&str]) -> Vec<Step> {
    order(difference(&zone(is), &zone(wanted)), &BTreeMap::new())
}

/// `+name TYPE`, `~…`, `-…`; one string a step.
fn told(steps: &[Step]) -> Vec<String> {
    let apex = crate::fixture::owner(crate::fixture::APEX);
    let one = |change: &SetChange| {
        let mark = match change.kind() {
            Kind::Create => '+',
            Kind::Update => '~',
            Kind::Delete => '-',
        };
        format!("{mark}{} {}", change.key.owner.relative_to(&apex), change.key.rtype)
    };
    steps.iter().map(|step| step.changes.iter().map(one).collect::<Vec<_>>().join(", ")).collect()
}

#[test]
fn a_cname_and_what_it_replaces_are_exchanged_in_one_step() {
    assert_eq!(told(&steps(&["www A 1", "www TXT x"], &["www CNAME lb"])), ["-www A, -www TXT, +www CNAME"]);
    assert_eq!(told(&steps(&["www CNAME lb"], &["www A 1", "www TXT x"])), ["-www CNAME, +www A, +www TXT"]);
    assert_eq!(told(&steps(&["www A 1", "www TXT x"], &["www A 2", "www TXT y"])), ["~www A", "~www TXT"]);
}

#[test]
fn what_is_new_comes_before_what_points_at_it_and_what_is_gone_last() {
    let found = steps(&["a CNAME old", "old A 1"], &["a CNAME zew", "m CNAME zew", "zew A 2"]);
    assert_eq!(told(&found), ["+zew A", "+m CNAME", "~a CNAME", "-old A"]);
}

#[test]
fn glue_comes_before_its_delegation_and_goes_after_it() {
    let found = steps(&["sub NS ns1.sub", "ns1.sub A 1"], &["sub NS ns2.sub", "ns2.sub A 2"]);
    assert_eq!(told(&found), ["+ns2.sub A", "~sub NS", "-ns1.sub A"]);
    let found = steps(&["sub NS ns1", "ns1 A 1"], &["sub NS ns2", "ns1 CNAME x", "ns2 A 2"]);
    assert_eq!(told(&found), ["+ns2 A", "~sub NS", "-ns1 A, +ns1 CNAME"], "glue that becomes something else");
}

#[test]
fn a_delegation_stands_before_what_lies_below_it_is_gone() {
    let found = steps(&["www.sub A 1"], &["sub NS ns.other.test."]);
    assert_eq!(told(&found), ["+sub NS", "-www.sub A"]);
    let found = steps(&["sub NS ns.other.test."], &["www.sub A 1"]);
    assert_eq!(told(&found), ["+www.sub A", "-sub NS"]);
}

#[test]
fn ds_never_stands_without_its_delegation() {
    let signed = ["sub DS 7", "sub NS ns.other.test."];
    assert_eq!(told(&steps(&[], &signed)), ["+sub NS, +sub DS"]);
    assert_eq!(told(&steps(&signed, &[])), ["-sub DS, -sub NS"]);
    assert_eq!(told(&steps(&["sub NS ns.other.test."], &signed)), ["+sub DS"]);
}

#[test]
fn a_dname_and_the_names_below_it_are_exchanged_in_one_step() {
    let below = ["a.sub A 1", "b.sub TXT x", "subway A 1"];
    assert_eq!(told(&steps(&below, &["sub DNAME x", "subway A 1"])), ["-a.sub A, -b.sub TXT, +sub DNAME"]);
    assert_eq!(told(&steps(&["sub DNAME x", "subway A 1"], &below)), ["-sub DNAME, +a.sub A, +b.sub TXT"]);
}

#[test]
fn records_move_with_their_fence() {
    let changes = difference(&zone(&["api A 1", "www A 1", "x A 1"]), &zone(&["api A 2", "www A 2", "x A 2"]));
    let service: ServiceName = "shop".parse().expect("a name");
    let together = [(key("api", Rtype::A), service.clone()), (key("www", Rtype::A), service.clone())].into();
    let steps = order(changes, &together);
    assert_eq!(told(&steps), ["~api A, ~www A", "~x A"]);
    assert_eq!((steps[0].service.as_ref(), steps[1].service.as_ref()), (Some(&service), None));
}

#[test]
fn the_order_does_not_depend_on_how_the_changes_came() {
    let mut changes = difference(
        &zone(&["a A 1", "b CNAME a", "sub NS ns1.sub", "ns1.sub A 1"]),
        &zone(&["a CNAME c", "b A 2", "c A 3", "sub NS ns2.sub", "ns2.sub A 1"]),
    );
    let one = order(changes.clone(), &BTreeMap::new());
    changes.reverse();
    assert_eq!(one, order(changes, &BTreeMap::new()));
}
