//! The DNS side, asked as resolvers ask it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde_json::json;
use tests::cloudflare::{DnsView, Fake, Plan};
use tests::command;

use super::client::{ZONE, a, batch, created, start};

/// What the server answers over UDP and over TCP, which must be the same; sorted, as `dig +short` prints it.
fn ask(server: SocketAddr, name: &str, rtype: &str) -> Vec<String> {
    let [udp, tcp] = ["+notcp", "+tcp"].map(|transport| {
        let (port, address) = (server.port().to_string(), format!("@{}", server.ip()));
        let args = ["-r", &address, "-p", &port, "+short", "+norecurse", "+time=5", "+tries=1", transport, name, rtype];
        let output = command::run("dig", args, "").expect("an answer");
        let mut lines: Vec<String> = output.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    });
    assert_eq!(udp, tcp);
    udp
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn served(fake: &Fake) -> SocketAddr {
    let proxy = vec![address("203.0.113.1"), address("2001:db8:f::1")];
    let targets = BTreeMap::from([("lb.example.net".to_owned(), vec![address("198.51.100.7")])]);
    fake.serve_dns(ZONE, DnsView { proxy, targets })
}

#[test]
fn serves_what_the_api_holds_before_and_after_a_change() {
    let fake = start(Plan::Free);
    let old = created(&fake, &a("www", "192.0.2.1"));
    // Taken and not served, as without multi-provider DNS.
    created(&fake, &json!({ "name": "@", "type": "NS", "content": "ns.example.net", "ttl": 60 }));
    let server = served(&fake);
    assert_eq!(ask(server, "www.example.com", "A"), ["192.0.2.1"]);
    let text = json!({ "name": "t", "type": "TXT", "content": "\"v=1;\" \"a=b\"", "ttl": 60 });
    let new = json!({ "name": "www", "type": "CNAME", "content": "lb.example.net", "ttl": 60 });
    batch(&fake, &json!({ "deletes": [{ "id": old }], "posts": [new, text] })).result();
    assert_eq!(ask(server, "www.example.com", "A"), ["lb.example.net."]);
    assert_eq!(ask(server, "t.example.com", "TXT"), ["\"v=1;\" \"a=b\""]);
    assert_eq!(ask(server, ZONE, "NS"), ["ada.ns.cloudflare.test.", "bob.ns.cloudflare.test."]);
}

#[test]
fn a_proxied_name_answers_with_the_proxy() {
    let fake = start(Plan::Free);
    created(&fake, &json!({ "name": "www", "type": "A", "content": "192.0.2.1", "proxied": true }));
    created(&fake, &json!({ "name": "alias", "type": "CNAME", "content": "lb.example.net", "proxied": true }));
    let server = served(&fake);
    for name in ["www.example.com", "alias.example.com"] {
        assert_eq!(ask(server, name, "A"), ["203.0.113.1"], "{name}");
        assert_eq!(ask(server, name, "AAAA"), ["2001:db8:f::1"], "{name}");
    }
}

#[test]
fn flattens_a_cname_at_the_apex_beside_others_and_where_it_is_told_to() {
    let fake = start(Plan::Pro);
    let settings = json!({ "flatten_cname": true });
    for name in ["@", "told", "beside", "plain"] {
        let mut record = json!({ "name": name, "type": "CNAME", "content": "lb.example.net", "ttl": 60 });
        if name == "told" {
            record["settings"] = settings.clone();
        }
        created(&fake, &record);
    }
    created(&fake, &json!({ "name": "beside", "type": "TXT", "content": "text", "ttl": 60 }));
    let server = served(&fake);
    for name in [ZONE, "told.example.com", "beside.example.com"] {
        assert_eq!(ask(server, name, "A"), ["198.51.100.7"], "{name}");
    }
    assert_eq!(ask(server, "beside.example.com", "TXT"), ["\"text\""]);
    assert_eq!(ask(server, "plain.example.com", "A"), ["lb.example.net."]);
}
