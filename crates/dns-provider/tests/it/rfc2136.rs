//! What becomes of a write or a read when the server, or something on the way, misbehaves.

mod keys;
mod notify;
mod reuse;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dns_core::change::{ChangeSet, Guard, Requirement};
use dns_core::fence::text::FenceText;
use dns_core::rrset::{GuardedType, Rrset, RrsetKey, Ttl, canonical_name};
use dns_core::time::Timestamp;
use dns_core::zone::{FoundFence, ReadRequest};
use dns_provider::port::{Permit, Provider, ProviderError, Receipt, Urgency};
use dns_provider::rfc2136::{Rfc2136, TsigAlgorithm, TsigKey};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::tsig::{TsigAlgorithm as WireAlgorithm, TsigError};
use hickory_proto::rr::rdata::{A, TSIG, TXT};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType, TSigResponseContext, TSigner};

use crate::script::{Reply, Script, answer_to};

const SECRET: &[u8] = b"a secret of more than 32 bytes, for all";
const TIMEOUT: Duration = Duration::from_millis(500);
const PERMIT: Duration = Duration::from_secs(10);

fn name(text: &str) -> Name {
    canonical_name(text).expect("name")
}

fn provider(server: SocketAddr) -> Rfc2136 {
    Rfc2136::new(server, TsigKey::new(&name("key"), TsigAlgorithm::HmacSha256, SECRET.to_vec()), TIMEOUT, PERMIT)
}

fn now_secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

fn permit() -> Permit {
    Permit { granted: Timestamp::from_secs(now_secs()), length: PERMIT }
}

fn adoption() -> ChangeSet {
    ChangeSet {
        zone: name("example.com"),
        fence_name: name("_checkout._failover.example.com"),
        guard: Guard::Absent,
        requires: vec![Requirement::Absent(RrsetKey::new(&name("api.example.com"), GuardedType::Cname))],
        deletes: vec![],
        creates: vec![],
        fence_ttl: Ttl::from_secs(60).expect("ttl"),
        fence: FenceText::from_strings(vec!["v=1;".to_owned()]),
    }
}

/// Signs an answer as a server does (RFC 8945 §5.3).
fn signed(request: &Message, answer: &Message, error: Option<TsigError>) -> Vec<u8> {
    signed_by(request, answer, error, "key")
}

fn signed_by(request: &Message, answer: &Message, error: Option<TsigError>, key: &str) -> Vec<u8> {
    let signer = TSigner::new(SECRET.to_vec(), WireAlgorithm::HmacSha256, name(key), 300).expect("signer");
    let mac = request.signature().expect("a signed request").data.mac.clone();
    let context = TSigResponseContext::new(request.metadata.id, now_secs(), signer, mac, error);
    let mut answer = answer.clone();
    let record = context.sign(&answer.to_vec().expect("bytes")).expect("signature");
    answer.set_signature(record);
    answer.to_vec().expect("bytes")
}

async fn apply_to(script: &Script) -> Result<Receipt, ProviderError> {
    provider(script.address).apply(&adoption(), &permit()).await
}

fn assert_unknown(outcome: Result<Receipt, ProviderError>, words: &str) {
    match outcome {
        Err(ProviderError::OutcomeUnknown { reason, .. }) => assert!(reason.contains(words), "{reason}"),
        other => panic!("not unknown: {other:?}"),
    }
}

#[tokio::test]
async fn accepted_write_is_sent_once_with_the_permits_time_and_fudge() {
    let granted = now_secs() - 3;
    let script = Script::tcp(move |request, _| {
        let tsig = &request.signature().expect("signed").data;
        assert_eq!((tsig.time, tsig.fudge), (granted, 10));
        Reply::Bytes(signed(request, &answer_to(request, ResponseCode::NoError), None))
    })
    .await;
    let permit = Permit { granted: Timestamp::from_millis(granted * 1000 + 999), length: PERMIT };
    provider(script.address).apply(&adoption(), &permit).await.expect("accepted");
    assert_eq!(script.requests(), 1);
}

#[tokio::test]
async fn write_to_a_closed_port_was_not_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let outcome = provider(address).apply(&adoption(), &permit()).await;
    assert!(matches!(outcome, Err(ProviderError::Transient { .. })), "{outcome:?}");
}

#[tokio::test]
async fn silence_after_sending_is_unknown_and_not_repeated() {
    let script = Script::tcp(|_, _| Reply::Hang).await;
    assert_unknown(apply_to(&script).await, "nothing within");
    assert_eq!(script.requests(), 1);
}

#[tokio::test]
async fn reset_after_sending_is_unknown_and_not_repeated() {
    let script = Script::tcp(|_, _| Reply::Reset).await;
    assert_unknown(apply_to(&script).await, "");
    assert_eq!(script.requests(), 1);
}

#[tokio::test]
async fn garbage_and_unsigned_success_are_unknown() {
    let script = Script::tcp(|_, wire| Reply::Bytes(wire[..9].to_vec())).await;
    assert_unknown(apply_to(&script).await, "");
    let script =
        Script::tcp(|request, _| Reply::Bytes(answer_to(request, ResponseCode::NoError).to_vec().expect("bytes")))
            .await;
    assert_unknown(apply_to(&script).await, "not signed");
    let script = Script::tcp(|request, _| {
        let mut wire = signed(request, &answer_to(request, ResponseCode::NoError), None);
        // A conflict made into success on the way: the signature no longer fits.
        wire[2] ^= 1;
        Reply::Bytes(wire)
    })
    .await;
    assert_unknown(apply_to(&script).await, "wrong");
}

#[tokio::test]
async fn signed_failed_prerequisite_is_a_conflict() {
    let script =
        Script::tcp(|request, _| Reply::Bytes(signed(request, &answer_to(request, ResponseCode::YXRRSet), None))).await;
    let outcome = apply_to(&script).await;
    assert!(
        matches!(&outcome, Err(ProviderError::Conflict { reason, .. }) if reason.contains("YXRRSET")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn bad_time_names_the_skew_of_the_servers_clock() {
    let script = Script::tcp(|request, _| {
        let theirs = request.signature().expect("signed").data.time + 45;
        let other = theirs.to_be_bytes()[2..].to_vec();
        let id = request.metadata.id;
        let error = Some(TsigError::BadTime);
        let data = TSIG::new(WireAlgorithm::HmacSha256, theirs, 300, vec![0; 32], id, error, other);
        let mut record = Record::from_rdata(name("key"), 0, data);
        record.dns_class = DNSClass::ANY;
        let mut answer = answer_to(request, ResponseCode::NotAuth);
        answer.set_signature(Box::new(record));
        Reply::Bytes(answer.to_vec().expect("bytes"))
    })
    .await;
    let outcome = apply_to(&script).await;
    assert!(
        matches!(&outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains("45 s ahead")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn change_beyond_a_message_is_invalid_and_not_sent() {
    let script = Script::tcp(|_, _| Reply::Hang).await;
    let values = (0..5000_u32).map(|number| RData::A(A((0x0a00_0000 + number).into())));
    let key = RrsetKey::new(&name("api.example.com"), GuardedType::A);
    let many = Rrset::new(key.clone(), Ttl::from_secs(60).expect("ttl"), values).expect("rrset");
    let change = ChangeSet { requires: vec![Requirement::Absent(key)], creates: vec![many], ..adoption() };
    let outcome = provider(script.address).apply(&change, &permit()).await;
    assert!(matches!(outcome, Err(ProviderError::Invalid { .. })), "{outcome:?}");
    assert_eq!(script.requests(), 0);
}

fn request() -> ReadRequest {
    ReadRequest {
        zone: name("example.com"),
        fence_name: name("_checkout._failover.example.com"),
        keys: BTreeSet::from([RrsetKey::new(&name("api.example.com"), GuardedType::A)]),
    }
}

/// A zone with a fence of this text and `api A 192.0.2.1`.
fn zone_answer(request: &Message, fence: &str) -> Vec<u8> {
    signed(request, &zone_content(request, fence), None)
}

fn zone_content(request: &Message, fence: &str) -> Message {
    let (asked, rtype) = (request.queries[0].name().clone(), request.queries[0].query_type());
    let data = match rtype {
        RecordType::TXT => Some(RData::TXT(TXT::new(vec![fence.to_owned()]))),
        RecordType::A => Some(RData::A(A([192, 0, 2, 1].into()))),
        _ => None,
    };
    let mut answer = answer_to(request, ResponseCode::NoError);
    let exists = !asked.to_ascii().starts_with("_no-such-name.");
    answer.answers.extend(data.filter(|_| exists).map(|data| Record::from_rdata(asked, 60, data)));
    answer
}

#[tokio::test]
async fn read_goes_on_when_the_server_closes_the_connection_after_each_answer() {
    let script = Script::tcp(|request, _| Reply::Last(zone_answer(request, "v=1;"))).await;
    let view = provider(script.address).read(&request(), Urgency::Watch).await.expect("read");
    assert_eq!(view.rrsets.len(), 1);
    assert!(matches!(view.fence, FoundFence::Present { .. }));
    assert_eq!(view.asked.len(), 2, "the conflicting CNAME is asked for, too");
}

#[tokio::test]
async fn read_starts_again_when_the_fence_changed_and_gives_up_at_last() {
    let mut looks = 0;
    let script = Script::tcp(move |request, _| {
        // Each look at the fence is the record and its witness; the second look differs from the first only.
        let fence = request.queries[0].query_type() == RecordType::TXT;
        looks += usize::from(fence);
        Reply::Bytes(zone_answer(request, if looks <= 2 { "v=1;" } else { "v=2;" }))
    })
    .await;
    let view = provider(script.address).read(&request(), Urgency::Watch).await.expect("read");
    assert!(matches!(view.fence, FoundFence::Present { text, .. } if text.strings() == ["v=2;"]));

    let mut count = 0;
    let script = Script::tcp(move |request, _| {
        count += 1;
        Reply::Bytes(zone_answer(request, &format!("v={count};")))
    })
    .await;
    let outcome = provider(script.address).read(&request(), Urgency::Watch).await;
    let Err(ProviderError::Transient { reason, .. }) = outcome else { panic!("unreachable: {outcome:?}") };
    assert!(reason.contains("changed during each"), "{reason}");
}

#[tokio::test]
async fn read_believes_no_unsigned_answer() {
    let script =
        Script::tcp(|request, _| Reply::Bytes(answer_to(request, ResponseCode::NoError).to_vec().expect("bytes")))
            .await;
    let outcome = provider(script.address).read(&request(), Urgency::Watch).await;
    assert!(matches!(outcome, Err(ProviderError::Transient { .. })), "{outcome:?}");
}

#[test]
fn key_never_shows_its_secret() {
    let key = TsigKey::new(&name("key"), TsigAlgorithm::HmacSha512, SECRET.to_vec());
    assert_eq!(format!("{key:?}"), r#"TsigKey { name: Name("key."), algorithm: HmacSha512, .. }"#);
}
