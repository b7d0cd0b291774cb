//! A client that does nothing by itself: one request, one connection, and all octets of the answer.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use tests::cloudflare::{Fake, Plan, Setup, TOKEN, ZoneSetup};

/// For one answer; no fault in these tests lasts as long.
const LIMIT: Duration = Duration::from_secs(20);

pub(super) const ZONE: &str = "example.com";

/// An answer, or what came of one.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Got {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// What came, of an answer that went well.
    pub(super) fn result(&self) -> Value {
        let json = self.json();
        assert_eq!((self.status, &json["success"], &json["errors"]), (200, &json!(true), &json!([])), "{json}");
        json["result"].clone()
    }

    /// Status and first code of a refusal, whose shape is checked.
    pub(super) fn refusal(&self) -> (u16, u64) {
        let json = self.json();
        let shape = (&json["success"], &json["result"], &json["messages"]);
        assert_eq!(shape, (&json!(false), &Value::Null, &json!([])), "{json}");
        assert!(json["errors"][0]["message"].as_str().is_some_and(|message| !message.is_empty()), "{json}");
        (self.status, json["errors"][0]["code"].as_u64().expect("a code"))
    }

    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

pub(super) fn start(plan: Plan) -> Fake {
    Fake::start(Setup::with_zone(ZoneSetup::new(ZONE, plan)))
}

/// The path of the zone's records, and what is below it.
pub(super) fn records_path(fake: &Fake, rest: &str) -> String {
    format!("/zones/{}/dns_records{rest}", fake.zone_id(ZONE))
}

/// Creates a record.
pub(super) fn create(fake: &Fake, record: &Value) -> Got {
    send(fake, "POST", &records_path(fake, ""), Some(record))
}

/// Creates a record that is taken; its id.
pub(super) fn created(fake: &Fake, record: &Value) -> String {
    create(fake, record).result()["id"].as_str().expect("an id").to_owned()
}

pub(super) fn batch(fake: &Fake, body: &Value) -> Got {
    send(fake, "POST", &records_path(fake, "/batch"), Some(body))
}

pub(super) fn get(fake: &Fake, path: &str) -> Got {
    send(fake, "GET", path, None)
}

pub(super) fn a(name: &str, content: &str) -> Value {
    json!({ "name": name, "type": "A", "content": content, "ttl": 60 })
}

/// Sends with the usual token; the answer must be one.
pub(super) fn send(fake: &Fake, method: &str, path: &str, json: Option<&Value>) -> Got {
    let body = json.map(ToString::to_string).unwrap_or_default();
    attempt(fake, method, path, &format!("Authorization: Bearer {TOKEN}\r\n"), &body).expect("an answer")
}

/// Sends with any headers; `None` when not one octet came back.
pub(super) fn attempt(fake: &Fake, method: &str, path: &str, headers: &str, body: &str) -> Option<Got> {
    let url = fake.url();
    let (authority, base) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("a URL");
    let mut stream = TcpStream::connect(authority).expect("a connection");
    stream.set_read_timeout(Some(LIMIT)).expect("a limit");
    let length = body.len();
    let request = format!(
        "{method} /{base}{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    // A server that cuts the connection may do so before everything is sent.
    let _ = stream.write_all(request.as_bytes());
    let mut octets = Vec::new();
    match stream.read_to_end(&mut octets) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
    }
    (!octets.is_empty()).then(|| parse(&octets))
}

fn parse(octets: &[u8]) -> Got {
    let text = std::str::from_utf8(octets).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Got { status, head: head.to_owned(), body: body.to_owned() }
}
