//! Whole zones and their differences from real servers, signed.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

use data_encoding::BASE64;
use dns_transfer::tsig::{Algorithm, TsigFault, TsigKey};
use dns_transfer::{AxfrStep, Client, Fault, IxfrOutcome, Limits, TransferError};
use dns_zone::{Owner, Rdata, Rtype, Serial, SetChange, SetKey, Ttl, Zone, difference};
use tests::{AuthServer, Key, Kind, Nsd, Sandbox, Setup};

/// How many records the large zone has, with SOA, NS and the name server's address.
const RECORDS: usize = 100_000;

/// What a slow consumer does with one message: some hundred of these are longer than any buffer between lasts.
const PER_MESSAGE: Duration = Duration::from_millis(5);

const SMALL: &str = "\
$ORIGIN example.test.
$TTL 60
@ SOA ns1 hostmaster 1 3600 600 604800 30
@ NS ns1
ns1 A 127.0.0.1
www A 192.0.2.1
www A 192.0.2.2
gone TXT \"soon\"
";

fn apex() -> Owner {
    "example.test.".parse().expect("a name")
}

fn client_at(server: SocketAddr, key: &Key) -> Client {
    let secret = BASE64.decode(key.secret().as_bytes()).expect("base64");
    let name = key.name().parse().expect("a name");
    Client::new(server, Some(TsigKey::new(name, Algorithm::HmacSha256, &secret)), Limits::default())
}

fn client(server: &AuthServer) -> Client {
    client_at(server.address(), server.key())
}

fn record(name: &str, rtype: Rtype, data: &[u8]) -> (SetKey, Rdata) {
    let owner = format!("{name}example.test.").parse().expect("a name");
    (SetKey::new(owner, rtype), Rdata::from_wire(rtype, data).expect("record data"))
}

fn insert(zone: &mut Zone, name: &str, rtype: Rtype, data: &[u8]) {
    let (key, value) = record(name, rtype, data);
    zone.insert(key, Ttl::from_secs(60).expect("a TTL"), value).expect("in the zone");
}

/// What every zone here begins with.
fn begun(serial: u32) -> Zone {
    let mut zone = Zone::new(apex());
    let numbers = [serial, 3600, 600, 604_800, 30].map(u32::to_be_bytes).concat();
    let names = b"\x03ns1\x07example\x04test\x00\x0ahostmaster\x07example\x04test\x00";
    insert(&mut zone, "", Rtype::SOA, &[&names[..], &numbers].concat());
    insert(&mut zone, "", Rtype::NS, b"\x03ns1\x07example\x04test\x00");
    insert(&mut zone, "ns1.", Rtype::A, &[127, 0, 0, 1]);
    zone
}

/// The large zone, as a file and as it has to arrive.
fn large() -> (String, Zone) {
    let (head, _) = SMALL.split_once("www").expect("it is there");
    let (mut text, mut zone) = (head.to_owned(), begun(1));
    for number in 0..u32::try_from(RECORDS - zone.records()).expect("few") {
        let [_, b, c, d] = number.to_be_bytes();
        writeln!(text, "r{number} A 10.{b}.{c}.{d}").expect("a String takes every write");
        insert(&mut zone, &format!("r{number}."), Rtype::A, &[10, b, c, d]);
    }
    (text, zone)
}

/// Takes a zone slowly; with it, in how many messages it came.
async fn take_slowly(client: &Client) -> Result<(Zone, u32), TransferError> {
    let mut axfr = client.start_axfr(&apex()).await?;
    let mut messages = 1;
    loop {
        match axfr.step().await? {
            AxfrStep::More(more) => axfr = more,
            AxfrStep::Whole(zone) => return Ok((zone, messages)),
        }
        messages += 1;
        // Not to wait for something: this is the slow consumer.
        tokio::time::sleep(PER_MESSAGE).await;
    }
}

async fn a_slow_reader_gets_every_record(client: &Client, expected: &Zone) {
    assert_eq!(expected.records(), RECORDS);
    let (zone, messages) = take_slowly(client).await.expect("the zone comes");
    assert!(messages > 10, "{messages} messages are no test of a slow reader");
    assert_eq!(zone.records(), RECORDS);
    assert!(zone == *expected, "{:?}", difference(expected, &zone).first());
}

#[tokio::test]
async fn a_slow_reader_gets_every_record_from_knot() {
    let (text, expected) = large();
    let server = AuthServer::start(Kind::Knot, Setup::new("example.test", &text).secondaries(0));
    a_slow_reader_gets_every_record(&client(&server), &expected).await;
}

#[tokio::test]
async fn a_slow_reader_gets_every_record_from_bind() {
    let (text, expected) = large();
    let server = AuthServer::start(Kind::Bind, Setup::new("example.test", &text).secondaries(0));
    a_slow_reader_gets_every_record(&client(&server), &expected).await;
}

#[tokio::test]
async fn a_slow_reader_gets_every_record_from_nsd() {
    let (text, expected) = large();
    let key = Key::generate("flip-key", tests::auth::Algorithm::HmacSha256);
    let server = Nsd::start(&Sandbox::new(), "example.test", &text, &key);
    a_slow_reader_gets_every_record(&client_at(server.address(), &key), &expected).await;
}

/// What the edits of [`an_edit_comes_as_exactly_its_change`] have to come to.
fn edited(serial: Serial) -> Zone {
    let mut zone = begun(serial.into());
    insert(&mut zone, "www.", Rtype::A, &[192, 0, 2, 1]);
    insert(&mut zone, "www.", Rtype::A, &[192, 0, 2, 3]);
    insert(&mut zone, "new.", Rtype::TXT, b"\x05fresh");
    zone
}

async fn an_edit_comes_as_exactly_its_change(kind: Kind) {
    let server = AuthServer::start(kind, Setup::new("example.test", SMALL).secondaries(0));
    let client = client(&server);
    let mut zone = client.axfr(&apex()).await.expect("the zone comes");
    let outcome = client.ixfr(&mut zone).await.expect("an answer");
    assert!(matches!(outcome, IxfrOutcome::Current(serial) if serial == Serial::new(1)), "{outcome:?}");

    let before = zone.clone();
    server.edit(&["update delete www.example.test. A 192.0.2.2", "update add www.example.test. 60 A 192.0.2.3"]);
    server.edit(&["update delete gone.example.test.", "update add new.example.test. 60 TXT \"fresh\""]);
    let outcome = client.ixfr(&mut zone).await.expect("the differences come");
    let IxfrOutcome::Changed(changes) = outcome else { panic!("{outcome:?}") };
    let serial = client.soa(&apex()).await.expect("an SOA").serial;
    assert!(serial.is_newer_than(Serial::new(1)));
    assert_eq!(zone, edited(serial));
    assert_eq!(changes, difference(&before, &zone));
    let names: Vec<String> = changes.iter().map(|SetChange { key, .. }| key.to_string()).collect();
    let expected = ["example.test. SOA", "gone.example.test. TXT", "new.example.test. TXT", "www.example.test. A"];
    assert_eq!(names, expected);
    assert_eq!(client.axfr(&apex()).await.as_ref(), Ok(&zone));
}

#[tokio::test]
async fn an_edit_comes_as_exactly_its_change_from_knot() {
    an_edit_comes_as_exactly_its_change(Kind::Knot).await;
}

#[tokio::test]
async fn an_edit_comes_as_exactly_its_change_from_bind() {
    an_edit_comes_as_exactly_its_change(Kind::Bind).await;
}

/// The faults of a transfer with an unknown key, with the known key's name and another secret, and of an unknown zone.
async fn wrong_keys_and_zones_are_told(server: SocketAddr, key: &Key) {
    let fault = async |key: &Key, apex: &Owner| match client_at(server, key).axfr(apex).await {
        Ok(zone) => panic!("it gave {zone:?}"),
        Err(error) => error.fault,
    };
    let stranger = Key::generate("stranger", tests::auth::Algorithm::HmacSha256);
    assert_eq!(fault(&stranger, &apex()).await, Fault::Tsig(TsigFault::BadKey { key: "stranger.".to_owned() }));
    let impostor = Key::generate(key.name(), tests::auth::Algorithm::HmacSha256);
    let name = format!("{}.", key.name());
    assert_eq!(fault(&impostor, &apex()).await, Fault::Tsig(TsigFault::BadSig { key: name }));
    let other = fault(key, &"other.test.".parse().expect("a name")).await;
    let said = other.to_string();
    assert!(matches!(other, Fault::Rcode { .. }) && (said.contains("NOTAUTH") || said.contains("REFUSED")), "{said}");
}

#[tokio::test]
async fn wrong_keys_and_zones_are_told_by_knot() {
    let server = AuthServer::start(Kind::Knot, Setup::new("example.test", SMALL).secondaries(0));
    wrong_keys_and_zones_are_told(server.address(), server.key()).await;
}

#[tokio::test]
async fn wrong_keys_and_zones_are_told_by_bind() {
    let server = AuthServer::start(Kind::Bind, Setup::new("example.test", SMALL).secondaries(0));
    wrong_keys_and_zones_are_told(server.address(), server.key()).await;
}

#[tokio::test]
async fn wrong_keys_and_zones_are_told_by_nsd() {
    let key = Key::generate("flip-key", tests::auth::Algorithm::HmacSha256);
    let server = Nsd::start(&Sandbox::new(), "example.test", SMALL, &key);
    wrong_keys_and_zones_are_told(server.address(), &key).await;
}
