//! A primary on a free port of loopback, a client that signs, and the programs that people ask with.

use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64;
use dns_authority::zone::Rrset;
use dns_authority::{KeyAlgorithm, Primary, UpdateKey, Zone};
use dns_wire::Answer;
use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::tsig::TsigAlgorithm;
use hickory_proto::rr::rdata::{A, TXT};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType, TSigner};
use tokio::process::Command;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long a test waits for what must come, on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How long a signature counts.
pub(crate) const FUDGE_SECS: u16 = 10;

pub(crate) const KEY_NAME: &str = "flip-key.";

pub(crate) const SECRET: &[u8] = b"a secret of the tests, thirty-two";

const ZONE: &str = "\
$TTL 60
@ SOA ns1 hostmaster 7 3600 600 604800 30
@ NS ns1
ns1 A 127.0.0.1
@ A 192.0.2.1
api A 192.0.2.1
api A 192.0.2.2
api AAAA 2001:db8::1
www CNAME lb-prod.example.net.
near CNAME api
*.w A 192.0.2.1
*.lent A 192.0.2.7
own.lent A 192.0.2.7
fence TXT \"a=1;\" \"b=2;\"
deep.down A 192.0.2.3
";

/// A primary that ends with the test.
pub(crate) struct Rig {
    pub(crate) primary: Primary,
    pub(crate) stop: CancellationToken,
    _end: DropGuard,
}

impl Rig {
    pub(crate) fn start() -> Self {
        Self::start_with(KeyAlgorithm::HmacSha256)
    }

    pub(crate) fn start_with(algorithm: KeyAlgorithm) -> Self {
        let stop = CancellationToken::new();
        let zone = Zone::parse(&name("example.test."), ZONE).expect("a zone");
        let key = UpdateKey::new(&name(KEY_NAME), algorithm, SECRET.to_vec());
        let bound = Primary::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let primary = bound.serve(zone, key, &stop).expect("served");
        Self { primary, _end: stop.clone().drop_guard(), stop }
    }

    /// Sends over TCP.
    pub(crate) async fn tcp(&self, message: &Message) -> Answer {
        let wire = message.to_vec().expect("bytes");
        dns_wire::tcp(self.primary.local_addr(), &wire, PATIENCE).await.expect("an answer")
    }

    /// Sends over UDP.
    pub(crate) async fn udp(&self, message: &Message) -> Answer {
        let wire = message.to_vec().expect("bytes");
        dns_wire::udp(self.primary.local_addr(), &wire, PATIENCE).await.expect("an answer")
    }

    /// The values that the zone holds, as text, sorted.
    pub(crate) fn held(&self, owner: &str, rtype: RecordType) -> Vec<String> {
        let zone = self.primary.zone();
        let rrset = zone.rrset(&name(owner), rtype);
        let mut values: Vec<String> = rrset.into_iter().flat_map(Rrset::values).map(ToString::to_string).collect();
        values.sort();
        values
    }

    /// What `dig` prints, with these arguments behind server and port.
    pub(crate) async fn dig(&self, arguments: &[&str]) -> String {
        let port = self.primary.local_addr().port().to_string();
        let base = ["@127.0.0.1", "-p", &port, "+tries=1", "+timeout=10"];
        let (is_success, output) = run("dig", &[&base, arguments].concat(), "").await;
        assert!(is_success, "dig {arguments:?}: {output}");
        output
    }

    /// Runs these lines through `nsupdate` with the key; the error is what it says.
    pub(crate) async fn nsupdate(&self, key: &str, lines: &str) -> Result<(), String> {
        let port = self.primary.local_addr().port();
        let input = format!("server 127.0.0.1 {port}\nzone example.test.\n{lines}\nsend\n");
        let arguments: &[&str] = if key.is_empty() { &["-v"] } else { &["-v", "-y", key] };
        let (is_success, output) = run("nsupdate", &[&["-t", "10"], arguments].concat(), &input).await;
        if is_success { Ok(()) } else { Err(output) }
    }
}

/// The rig's key as `-y` takes it.
pub(crate) fn key_option() -> String {
    format!("hmac-sha256:{KEY_NAME}:{}", BASE64.encode(SECRET))
}

async fn run(program: &str, arguments: &[&str], input: &str) -> (bool, String) {
    use tokio::io::AsyncWriteExt;
    let mut command = Command::new(program);
    command.args(arguments).kill_on_drop(true);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; apt-get install bind9-dnsutils"));
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input.as_bytes()).await.expect("taken");
    drop(stdin);
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("in time").expect("ended");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

pub(crate) fn name(text: &str) -> Name {
    Name::from_ascii(text).expect("a name")
}

pub(crate) fn now_secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

pub(crate) fn query(owner: &str, rtype: RecordType) -> Message {
    dns_wire::query(Message::query().metadata.id, &name(owner), rtype)
}

/// An unsigned UPDATE of the zone.
pub(crate) fn update(prerequisites: Vec<Record>, updates: Vec<Record>) -> Message {
    let mut message = Message::new(Message::query().metadata.id, MessageType::Query, OpCode::Update);
    message.add_query(Query::query(name("example.test."), RecordType::SOA));
    message.add_answers(prerequisites);
    message.add_authorities(updates);
    message
}

pub(crate) fn signer(fudge_secs: u16) -> TSigner {
    TSigner::new(SECRET.to_vec(), TsigAlgorithm::HmacSha256, name(KEY_NAME), fudge_secs).expect("a signer")
}

/// Signed with the rig's key, at some time.
pub(crate) fn signed_at(mut message: Message, at_secs: u64, fudge_secs: u16) -> Message {
    message.finalize(&signer(fudge_secs), at_secs).expect("signed");
    message
}

/// Signed with the rig's key, now.
pub(crate) fn signed(message: Message) -> Message {
    signed_at(message, now_secs(), FUDGE_SECS)
}

/// Whether the answer is signed for this request.
pub(crate) fn is_signed_for(answer: &Answer, request: &Message) -> bool {
    let mac = &request.signature().expect("a signed request").data.mac;
    signer(FUDGE_SECS).verify_message_byte(&answer.wire, Some(mac), true).is_ok()
}

pub(crate) fn a(owner: &str, ttl: u32, last: u8) -> Record {
    Record::from_rdata(name(owner), ttl, RData::A(A::new(192, 0, 2, last)))
}

pub(crate) fn txt(owner: &str, ttl: u32, text: &str) -> Record {
    Record::from_rdata(name(owner), ttl, RData::TXT(TXT::new(vec![text.to_owned()])))
}

/// The deletion of an RRset, or the prerequisite that there is one.
pub(crate) fn any(owner: &str, rtype: RecordType) -> Record {
    let mut record = Record::update0(name(owner), 0, rtype);
    record.dns_class = DNSClass::ANY;
    record
}
