//! Hosted zones and changes.

use std::time::Duration;

use tests::route53::{Fault, Kind, Operation};
use tests::{PATIENCE, until_eq};

use super::client::{Answer, Rig, set};

fn create_zone(rig: &Rig, name: &str, reference: &str) -> Answer {
    let namespace = "https://route53.amazonaws.com/doc/2013-04-01/";
    let body = format!(
        "<CreateHostedZoneRequest xmlns=\"{namespace}\"><Name>{name}</Name><CallerReference>{reference}</CallerReference><HostedZoneConfig><Comment>test</Comment></HostedZoneConfig></CreateHostedZoneRequest>"
    );
    rig.post("hostedzone", &body)
}

fn status(rig: &Rig, change: &str) -> String {
    rig.get(change.trim_start_matches('/')).text("Status").expect("a status")
}

#[test]
fn creates_a_zone_once_with_its_name_servers() {
    let rig = Rig::new();
    let answer = create_zone(&rig, "Example.net", "one");
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.texts("NameServer").len(), 4);
    create_zone(&rig, "example.org", "one").assert_refused(409, "HostedZoneAlreadyExists", "one");
    create_zone(&rig, "a..b", "two").assert_refused(400, "InvalidDomainName", "a..b");
    let id = answer.text("Id").expect("an id");
    let zone = rig.get(id.trim_start_matches('/'));
    assert_eq!(
        (zone.text("Name").as_deref(), zone.text("ResourceRecordSetCount").as_deref()),
        (Some("example.net."), Some("2"))
    );
    assert_eq!(zone.texts("NameServer"), answer.texts("NameServer"));
    assert_eq!(rig.get("hostedzonecount").text("HostedZoneCount").as_deref(), Some("2"));
}

#[test]
fn lists_zones_page_by_page() {
    let rig = Rig::new();
    for name in ["b.example.net", "a.example.net", "example.net"] {
        rig.fake.zone(name);
    }
    let first = rig.get("hostedzone?maxitems=3");
    let marker = first.text("NextMarker").expect("a next page");
    let last = rig.get(&format!("hostedzone?marker={marker}&maxitems=3"));
    assert_eq!(
        (first.texts("Name").len(), last.texts("Name").len(), last.text("IsTruncated").as_deref()),
        (3, 1, Some("false"))
    );
    let by_name = rig.get("hostedzonesbyname?dnsname=example.net&maxitems=2");
    assert_eq!(by_name.texts("Name"), ["example.net.", "a.example.net."]);
    assert_eq!(by_name.text("NextDNSName").as_deref(), Some("b.example.net."));
}

#[test]
fn deletes_only_an_empty_zone() {
    let rig = Rig::new();
    let path = format!("hostedzone/{}", rig.zone);
    let record = set("a.example.com", "A", 60, &["192.0.2.1"]);
    rig.create(&record).assert_done();
    rig.delete(&path).assert_refused(400, "HostedZoneNotEmpty", "");
    rig.change(&[("DELETE", record)]).assert_done();
    rig.delete(&path).assert_done();
    rig.get(&path).assert_refused(404, "NoSuchHostedZone", &rig.zone);
}

#[test]
fn knows_no_other_zone() {
    let rig = Rig::new();
    for path in ["hostedzone/Z0", "hostedzone/Z0/rrset"] {
        rig.get(path).assert_refused(404, "NoSuchHostedZone", "No hosted zone found with ID: Z0");
    }
    let zone = Rig { zone: "Z0".to_owned(), ..rig };
    zone.create(&set("a.example.com", "A", 60, &["192.0.2.1"])).assert_refused(404, "NoSuchHostedZone", "");
}

#[test]
fn brings_changes_from_pending_to_in_sync() {
    let rig = Rig::new();
    rig.fake.set_propagation(Duration::from_millis(300));
    let change = |name: &str| rig.create(&set(name, "A", 60, &["192.0.2.1"])).text("Id").expect("a change");
    let (one, two) = (change("a.example.com"), change("b.example.com"));
    assert!(one.starts_with("/change/C") && one != two, "{one} {two}");
    until_eq("the change arrives", PATIENCE, "INSYNC", || status(&rig, &one));
    rig.get("change/C0").assert_refused(404, "NoSuchChange", "C0");
}

#[test]
fn keeps_a_change_pending_for_as_long_as_a_fault_says() {
    let rig = Rig::new();
    rig.fake.inject(Fault::once(Operation::ChangeResourceRecordSets, Kind::NeverInSync));
    rig.fake.inject(Fault { skip: 1, ..Fault::once(Operation::ChangeResourceRecordSets, Kind::Propagation(PATIENCE)) });
    for name in ["a.example.com", "b.example.com"] {
        let change = rig.create(&set(name, "A", 60, &["192.0.2.1"])).text("Id").expect("a change");
        assert_eq!(status(&rig, &change), "PENDING");
        rig.fake.finish_propagation();
        assert_eq!(status(&rig, &change), "INSYNC");
    }
}
