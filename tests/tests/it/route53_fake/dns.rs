//! The zone over DNS.

use std::time::Duration;

use tests::route53::{Fault, Kind, Operation, RecordSet, Routing, Setup};
use tests::{PATIENCE, command, until_eq};

use super::client::{Rig, alias, set};

const LOOPBACK: &str = "127.0.0.1:0";

fn dig(server: std::net::SocketAddr, name: &str, rtype: &str, options: &[&str]) -> Vec<String> {
    let (at, port) = (format!("@{}", server.ip()), server.port().to_string());
    let args = ["+short", "+tries=1", &at, "-p", &port, name, rtype];
    let output = command::run("dig", args.iter().chain(options), "").expect("dig");
    let mut lines: Vec<String> = output.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn shows_changes_over_dns_once_they_are_in_sync() {
    let rig = Rig::new();
    rig.create(&set("api.example.com", "A", 60, &["192.0.2.1", "192.0.2.2"])).assert_done();
    let server = rig.fake.serve_dns(&rig.zone, LOOPBACK.parse().expect("an address"));
    let api = || dig(server, "api.example.com", "A", &[]);
    assert_eq!(api(), ["192.0.2.1", "192.0.2.2"]);
    rig.fake.set_propagation(PATIENCE * 10);
    let changes = [
        ("DELETE", set("api.example.com", "A", 60, &["192.0.2.1", "192.0.2.2"])),
        ("CREATE", set("api.example.com", "CNAME", 60, &["lb.example.net"])),
    ];
    rig.change(&changes).assert_done();
    // A later change by hand arrives no earlier.
    rig.fake.put(&rig.zone, RecordSet::new("new.example.com", "TXT", 60, &["\"one\" \"two\""]));
    assert_eq!(api(), ["192.0.2.1", "192.0.2.2"]);
    rig.fake.finish_propagation();
    until_eq("the change arrives", PATIENCE, "lb.example.net.", || api().concat());
    assert_eq!(dig(server, "new.example.com", "TXT", &["+tcp"]), ["\"one\" \"two\""]);
    assert_eq!(rig.fake.remove(&rig.zone, "new.example.com", "TXT"), 1);
    rig.fake.finish_propagation();
    until_eq("it is gone", PATIENCE, "", || dig(server, "new.example.com", "TXT", &[]).concat());
}

#[test]
fn answers_aliases_wildcards_and_weights() {
    let targets = vec![(
        "lb.example.net".to_owned(),
        vec!["203.0.113.7".parse().expect("an address"), "2001:db8::7".parse().expect("an address")],
    )];
    let rig = Rig::with(Setup { alias_addresses: targets, ..Setup::default() });
    rig.create(&set("api.example.com", "A", 60, &["192.0.2.1"])).assert_done();
    rig.create(&set("*.w.example.com", "A", 60, &["192.0.2.9"])).assert_done();
    rig.create(&alias("example.com", "A", "Z35SXDOTRQ7X7K", "lb.example.net")).assert_done();
    rig.create(&alias("www.example.com", "A", &rig.zone, "api.example.com")).assert_done();
    for (id, weight) in [("one", 0), ("two", 5)] {
        let value = format!("192.0.2.1{weight}");
        let set = RecordSet::new("r.example.com", "A", 60, &[&value]).routed(id, Routing::Weighted(weight));
        rig.fake.put(&rig.zone, set);
    }
    let server = rig.fake.serve_dns(&rig.zone, LOOPBACK.parse().expect("an address"));
    for (name, rtype, answer) in [
        ("example.com", "A", "203.0.113.7"),
        ("www.example.com", "A", "192.0.2.1"),
        ("any.w.example.com", "A", "192.0.2.9"),
        ("r.example.com", "A", "192.0.2.15"),
    ] {
        assert_eq!(dig(server, name, rtype, &[]), [answer], "{name}");
    }
    assert_eq!(dig(server, "example.com", "NS", &[]).len(), 4);
    // What an alias leads to shows through it.
    rig.fake.put(&rig.zone, RecordSet::new("api.example.com", "A", 60, &["192.0.2.2"]));
    until_eq("the alias follows", PATIENCE, "192.0.2.2", || dig(server, "www.example.com", "A", &[]).concat());
}

#[test]
fn never_shows_a_change_that_never_arrives() {
    let rig = Rig::new();
    let server = rig.fake.serve_dns(&rig.zone, LOOPBACK.parse().expect("an address"));
    rig.fake.inject(Fault::once(Operation::ChangeResourceRecordSets, Kind::NeverInSync));
    rig.create(&set("never.example.com", "A", 60, &["192.0.2.1"])).assert_done();
    rig.fake.set_propagation(Duration::ZERO);
    // The next change carries the earlier ones along, as a copy of the zone does.
    assert!(dig(server, "never.example.com", "A", &[]).is_empty());
    rig.create(&set("next.example.com", "A", 60, &["192.0.2.2"])).assert_done();
    until_eq("the next one arrives", PATIENCE, "192.0.2.2", || dig(server, "next.example.com", "A", &[]).concat());
    assert_eq!(dig(server, "never.example.com", "A", &[]), ["192.0.2.1"]);
}
