//! Asks one DNS question and compares the answer with what is expected.
//!
//! An authoritative answer is asked for without recursion, any other with it: a resolver as endpoint would refuse a
//! question that does not desire recursion, and an authoritative server ignores the wish.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use dns_core::probe::{DnsProbe, DnsTransport};
use dns_core::rrset::GuardedType;
use dns_wire::{Answer, ExchangeError};
use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{RData, RecordType};

use super::{Failure, Outcome, fault};

/// Good if the expected answer comes within `within`, over UDP with TCP on truncation or over TCP alone.
pub async fn run(target: IpAddr, spec: &DnsProbe, within: Duration) -> Outcome {
    let started = Instant::now();
    match ask((target, spec.port).into(), spec, within).await {
        Ok(()) => Outcome::Good { latency: started.elapsed() },
        Err(failure) => failure.outcome(started.elapsed()),
    }
}

async fn ask(server: SocketAddr, spec: &DnsProbe, within: Duration) -> Result<(), Failure> {
    let query = question(spec);
    let wire = query.to_vec().map_err(|error| Failure::Ours(format!("cannot encode the question: {error}")))?;
    let answer = exchange(server, &wire, spec.transport, within).await.map_err(|error| sort(&error))?;
    judge(&answer.message, spec).map_err(Failure::Theirs)
}

fn question(spec: &DnsProbe) -> Message {
    // A fresh random id (RFC 5452 §9.2): the answer to an earlier question must not count for this one.
    let mut query = dns_wire::query(fastrand::u16(..), &spec.name, spec.qtype);
    query.metadata.recursion_desired = !spec.authoritative;
    query
}

async fn exchange(
    server: SocketAddr,
    wire: &[u8],
    transport: DnsTransport,
    within: Duration,
) -> Result<Answer, ExchangeError> {
    let started = Instant::now();
    let answer = match transport {
        DnsTransport::Udp => dns_wire::udp(server, wire, within).await?,
        DnsTransport::Tcp => return dns_wire::tcp(server, wire, within).await,
    };
    if !answer.message.metadata.truncation {
        return Ok(answer);
    }
    dns_wire::tcp(server, wire, within.saturating_sub(started.elapsed())).await
}

fn sort(error: &ExchangeError) -> Failure {
    let (what, reason) = match error {
        ExchangeError::Connect { reason, .. } => ("cannot connect", reason),
        ExchangeError::NoAnswer { reason, .. } => ("no answer", reason),
        ExchangeError::Garbage { reason, .. } => ("the answer is garbage", reason),
    };
    match fault::from_text(reason).map(|error| fault::sort(&error)) {
        Some(Failure::Theirs(words)) => Failure::Theirs(format!("{what}: {words}")),
        Some(ours @ Failure::Ours(_)) => ours,
        None => Failure::Theirs(format!("{what}: {reason}")),
    }
}

fn judge(answer: &Message, spec: &DnsProbe) -> Result<(), String> {
    let asked = Query::query(spec.name.clone(), spec.qtype);
    if answer.queries != [asked] {
        return Err(format!("the answer is to another question than `{} {}`", spec.name, spec.qtype));
    }
    if answer.metadata.truncation {
        return Err("the answer is truncated even over TCP".to_owned());
    }
    let found = mnemonic(answer.metadata.response_code);
    if found != spec.rcode {
        return Err(format!("rcode {found}, expected {}", spec.rcode));
    }
    if spec.authoritative && !answer.metadata.authoritative {
        return Err("the answer is not authoritative".to_owned());
    }
    match &spec.answers {
        Some(expected) => compare(&values(answer, spec.qtype), expected, spec.qtype),
        None => Ok(()),
    }
}

fn values(answer: &Message, qtype: RecordType) -> Vec<RData> {
    answer.answers.iter().filter(|record| record.record_type() == qtype).map(|record| record.data.clone()).collect()
}

fn compare(found: &[RData], expected: &[String], qtype: RecordType) -> Result<(), String> {
    let mut found: Vec<String> = found.iter().map(|value| normal(&value.to_string(), qtype)).collect();
    let mut wanted: Vec<String> = expected.iter().map(|text| normal(&parsed(text, qtype), qtype)).collect();
    found.sort_unstable();
    wanted.sort_unstable();
    if found == wanted {
        return Ok(());
    }
    let list = |values: &[String]| if values.is_empty() { "nothing".to_owned() } else { values.join(", ") };
    Err(format!("answer {}, expected {}", list(&found), list(&wanted)))
}

/// Addresses and names in the one form that the codec prints; other types as they are written.
fn parsed(text: &str, qtype: RecordType) -> String {
    let guarded = GuardedType::ALL.into_iter().find(|rtype| rtype.record_type() == qtype);
    match guarded.map(|rtype| rtype.parse_value(text)) {
        Some(Ok(value)) => value.to_string(),
        Some(Err(_)) | None => text.to_owned(),
    }
}

/// A value without what does not distinguish values: the case of names (RFC 4343), white space, the root's dot; for
/// TXT the quotes and the borders of its strings, since only their concatenation has a meaning to its readers.
fn normal(text: &str, qtype: RecordType) -> String {
    if qtype == RecordType::TXT {
        let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
        return inner.replace("\" \"", "");
    }
    let fields = text.split_ascii_whitespace();
    let fields = fields.map(|field| if field == "." { field } else { field.strip_suffix('.').unwrap_or(field) });
    fields.collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

/// The mnemonic of a response code (RFC 1035 §4.1.1, RFC 2136 §2.2, RFC 6891 §9).
fn mnemonic(code: ResponseCode) -> String {
    let known = match code {
        ResponseCode::NoError => "NOERROR",
        ResponseCode::FormErr => "FORMERR",
        ResponseCode::ServFail => "SERVFAIL",
        ResponseCode::NXDomain => "NXDOMAIN",
        ResponseCode::NotImp => "NOTIMP",
        ResponseCode::Refused => "REFUSED",
        ResponseCode::YXDomain => "YXDOMAIN",
        ResponseCode::YXRRSet => "YXRRSET",
        ResponseCode::NXRRSet => "NXRRSET",
        ResponseCode::NotAuth => "NOTAUTH",
        ResponseCode::NotZone => "NOTZONE",
        other => return format!("RCODE{}", u16::from(other)),
    };
    known.to_owned()
}
