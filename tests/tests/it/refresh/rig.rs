//! Zones of a thousand records at each kind of provider, which the tests change as others do.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64;
use dns_adapters::Transfers;
use dns_provider::budget::Budget;
use dns_provider::cloudflare::{self, Cloudflare};
use dns_provider::powerdns::{self, PowerDns};
use dns_provider::rfc2136::{Rfc2136, Rfc2136Zones, TsigAlgorithm, TsigKey};
use dns_provider::route53::{self, Credentials, Route53, SharedCredentialsProvider};
use dns_provider::zones::ZoneTarget;
use dns_transfer::{Client, Limits, tsig};
use tests::cloudflare::{NewRecord, Plan, RecordType, TOKEN, ZoneSetup};
use tests::{AuthServer, Kind, Sandbox, Setup};

use super::counted::Counted;
use crate::provider::{TIMEOUT, ZONE, name};

/// Records beside SOA and NS.
const RECORDS: usize = 1_000;

/// Puts a text at a name, in place of what is there, or takes it away.
type Hand = Box<dyn Fn(&str, Option<&str>)>;

/// A provider's zone.
pub(crate) struct Rig {
    pub(crate) target: Box<dyn ZoneTarget>,
    pub(crate) way: Counted,
    pub(crate) hand: Hand,
    _sandbox: Sandbox,
}

fn records() -> impl Iterator<Item = (String, String)> {
    (0..RECORDS).map(|number| (format!("host{number}.{ZONE}"), format!("192.0.2.{}", number % 250)))
}

fn zone_file() -> String {
    let mut text = "$ORIGIN example.test.\n$TTL 60\n@ SOA ns1 hostmaster 1 3600 600 604800 30\n@ NS ns1\n".to_owned();
    for (name, address) in records().chain([(format!("ns1.{ZONE}"), "127.0.0.1".to_owned())]) {
        writeln!(text, "{name}. A {address}").expect("a String takes every write");
    }
    text
}

fn budget() -> Arc<Budget> {
    Arc::new(Budget::new(Duration::from_micros(1), NonZeroU32::new(1_000).expect("not zero")))
}

/// By DNS UPDATE.
fn edited(auth: Rc<AuthServer>) -> Hand {
    Box::new(move |name, text| {
        let delete = format!("update delete {name}. TXT");
        let add = text.map(|text| format!("update add {name}. 60 TXT \"{text}\""));
        let lines: Vec<&str> = [delete.as_str()].into_iter().chain(add.as_deref()).collect();
        auth.edit(&lines);
    })
}

/// A primary's zone, asked at an address, which need not be its own.
pub(crate) fn target(at: SocketAddr, auth: &AuthServer) -> Rfc2136Zones {
    let secret = BASE64.decode(auth.key().secret().as_bytes()).expect("base64");
    let key = TsigKey::new(&name(auth.key().name()), TsigAlgorithm::HmacSha256, secret.clone());
    let owner = auth.key().name().parse().expect("a name");
    let client = Client::new(
        at,
        Some(tsig::TsigKey::new(owner, tsig::Algorithm::HmacSha256, &secret)),
        Limits { idle: TIMEOUT, ..Limits::default() },
    );
    let writer = Rfc2136::new(at, key, TIMEOUT, TIMEOUT);
    Rfc2136Zones::new(writer, Arc::new(Transfers::new(vec![client], Arc::new(|_| {}))))
}

pub(crate) async fn primary(kind: Kind) -> Rig {
    let sandbox = Sandbox::new();
    let auth = AuthServer::start_in(&sandbox, kind, Setup::new(ZONE, &zone_file()).secondaries(0));
    let way = Counted::to(&sandbox, auth.address()).await;
    let target = target(way.address(), &auth);
    Rig { target: Box::new(target), way, hand: edited(Rc::new(auth)), _sandbox: sandbox }
}

/// The adapter of a server's API, reached at an address.
pub(super) fn powerdns_at(at: SocketAddr, auth: &AuthServer, sandbox: &Sandbox) -> PowerDns {
    let settings = powerdns::Settings {
        url: format!("http://{at}").parse().expect("a URL"),
        server_id: "localhost".to_owned(),
        zones: vec![name(ZONE)],
        api_key_file: sandbox.write("api-key", &auth.api().key),
        timeout: TIMEOUT,
    };
    PowerDns::new(settings).expect("a client")
}

/// With the server, whose API can do more than put texts.
pub(crate) async fn powerdns() -> (Rig, Rc<AuthServer>) {
    let sandbox = Sandbox::new();
    let auth = Rc::new(AuthServer::start_in(&sandbox, Kind::PowerDns, Setup::new(ZONE, &zone_file()).secondaries(0)));
    let way = Counted::to(&sandbox, auth.api().address).await;
    let target = powerdns_at(way.address(), &auth, &sandbox);
    let hand = edited(Rc::clone(&auth));
    (Rig { target: Box::new(target), way, hand, _sandbox: sandbox }, auth)
}

pub(crate) async fn route53() -> (Rig, Arc<tests::route53::Fake>) {
    use tests::route53::{Fake, RecordSet, Setup};
    let sandbox = Sandbox::new();
    let setup = Setup::default();
    let credential = setup.credentials.first().expect("a credential").clone();
    let fake = Arc::new(Fake::start(setup));
    let id = fake.zone(ZONE);
    for (name, address) in records() {
        fake.put(&id, RecordSet::new(&name, "A", 60, &[&address]));
    }
    let way = Counted::to(&sandbox, fake.url().trim_start_matches("http://").parse().expect("an address")).await;
    let credentials = Credentials::new(credential.key_id, credential.secret, None, None, "test");
    let settings = route53::Settings {
        zones: BTreeMap::from([(name(ZONE), id.clone())]),
        endpoint_url: Some(format!("http://{}", way.address())),
        region: None,
        credentials: Some(SharedCredentialsProvider::new(credentials)),
        timeout: TIMEOUT,
        budget: budget(),
    };
    let by_hand = Arc::clone(&fake);
    let hand = move |name: &str, text: Option<&str>| match text {
        Some(text) => by_hand.put(&id, RecordSet::new(name, "TXT", 60, &[&format!("\"{text}\"")])),
        None => assert_eq!(by_hand.remove(&id, name, "TXT"), 1),
    };
    (Rig { target: Box::new(Route53::new(settings)), way, hand: Box::new(hand), _sandbox: sandbox }, fake)
}

pub(crate) async fn cloudflare() -> (Rig, Arc<tests::cloudflare::Fake>) {
    use tests::cloudflare::{Fake, Setup};
    let sandbox = Sandbox::new();
    let fake = Arc::new(Fake::start(Setup::with_zone(ZoneSetup::new(ZONE, Plan::Pro))));
    for (name, address) in records() {
        fake.add(ZONE, NewRecord::new(&name, RecordType::A, &address, 60));
    }
    let url = fake.url();
    let (server, path) = url.trim_start_matches("http://").split_once('/').expect("a path");
    let way = Counted::to(&sandbox, server.parse().expect("an address")).await;
    let settings = cloudflare::Settings {
        zones: BTreeMap::from([(name(ZONE), fake.zone_id(ZONE))]),
        token_file: sandbox.write("token", format!("{TOKEN}\n")),
        endpoint_url: Some(format!("http://{}/{path}", way.address()).parse().expect("a URL")),
        batch_max: Plan::Pro.batch_operations_max(),
        timeout: TIMEOUT,
        budget: budget(),
    };
    let by_hand = Arc::clone(&fake);
    let hand = move |name: &str, text: Option<&str>| {
        for record in by_hand.records(ZONE).iter().filter(|record| record.name == name) {
            by_hand.remove(ZONE, &record.id);
        }
        if let Some(text) = text {
            by_hand.add(ZONE, NewRecord::new(name, RecordType::Txt, text, 60));
        }
    };
    let target = Cloudflare::new(settings).expect("a client");
    (Rig { target: Box::new(target), way, hand: Box::new(hand), _sandbox: sandbox }, fake)
}
