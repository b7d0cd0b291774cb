//! Two keys during a rotation: reads find out which one works, writes use that one, and nothing is written twice.

use std::sync::{Arc, Mutex};

use dns_provider::rfc2136::TsigKeys;
use hickory_proto::op::OpCode;

use super::*;

/// The old key and the new one; the server's are named by the tests.
fn rotating(server: SocketAddr) -> Rfc2136 {
    let key = |text| TsigKey::new(&name(text), TsigAlgorithm::HmacSha256, SECRET.to_vec());
    Rfc2136::new(server, TsigKeys::new(key("old"), Some(key("new"))), TIMEOUT, PERMIT)
}

/// The key that a request is signed with.
fn signer(request: &Message) -> String {
    request.signature().expect("signed").name.to_string()
}

/// As Knot and BIND refuse an unknown key (RFC 8945 §5.2.1).
fn bad_key(request: &Message) -> Vec<u8> {
    let (id, time) = (request.metadata.id, now_secs());
    let data = TSIG::new(WireAlgorithm::HmacSha256, time, 300, vec![], id, Some(TsigError::BadKey), vec![]);
    let mut record = Record::from_rdata(name(&signer(request)), 0, data);
    record.dns_class = DNSClass::ANY;
    let mut answer = answer_to(request, ResponseCode::NotAuth);
    answer.set_signature(Box::new(record));
    answer.to_vec().expect("bytes")
}

/// As `PowerDNS` refuses one.
fn unsigned_refusal(request: &Message) -> Vec<u8> {
    let is_query = request.metadata.op_code == OpCode::Query;
    let rcode = if is_query { ResponseCode::NotAuth } else { ResponseCode::Refused };
    answer_to(request, rcode).to_vec().expect("bytes")
}

/// What a server that knows the key answers.
fn accepted(request: &Message) -> Vec<u8> {
    if request.metadata.op_code == OpCode::Query {
        return signed_by(request, &zone_content(request, "v=1;"), None, &signer(request));
    }
    signed_by(request, &answer_to(request, ResponseCode::NoError), None, &signer(request))
}

/// A server that knows the keys in `known`, and what each request was signed with.
async fn server(refusal: fn(&Message) -> Vec<u8>) -> (Script, Arc<Mutex<Vec<&'static str>>>, Arc<Mutex<Vec<String>>>) {
    let (known, seen) = (Arc::new(Mutex::new(vec!["old."])), Arc::new(Mutex::new(Vec::new())));
    let (accepting, record) = (Arc::clone(&known), Arc::clone(&seen));
    let script = Script::tcp(move |request, _| {
        let signer = signer(request);
        let is_known = accepting.lock().expect("a lock").contains(&signer.as_str());
        record.lock().expect("a lock").push(format!("{} {signer}", request.metadata.op_code));
        Reply::Bytes(if is_known { accepted(request) } else { refusal(request) })
    })
    .await;
    (script, known, seen)
}

async fn rotates(refusal: fn(&Message) -> Vec<u8>) {
    let (script, known, seen) = server(refusal).await;
    let provider = rotating(script.address);
    provider.read(&request(), Urgency::Watch).await.expect("under the old key");
    assert_eq!(provider.key_in_use(), &name("old"));

    *known.lock().expect("a lock") = vec!["new."];
    seen.lock().expect("a lock").clear();
    let refused = provider.apply(&adoption(), &permit()).await;
    assert!(matches!(refused, Err(ProviderError::Denied { .. })), "{refused:?}");
    assert_eq!(*seen.lock().expect("a lock"), ["UPDATE old."], "it is not sent again under the other key");
    let again = provider.apply(&adoption(), &permit()).await;
    assert!(matches!(again, Err(ProviderError::Denied { .. })), "{again:?}");
    assert_eq!(seen.lock().expect("a lock").pop().as_deref(), Some("UPDATE old."), "nothing has proven the other one");
    assert_eq!(provider.key_in_use(), &name("old"));

    provider.read(&request(), Urgency::Watch).await.expect("under the new key");
    assert_eq!(provider.key_in_use(), &name("new"));
    let reads: Vec<String> = seen.lock().expect("a lock").drain(..).skip(1).collect();
    assert!(reads.iter().all(|read| read == "QUERY new."), "it begins with the key that was not refused: {reads:?}");
    provider.apply(&adoption(), &permit()).await.expect("under the new key");
    assert_eq!(*seen.lock().expect("a lock"), ["UPDATE new."]);
}

#[tokio::test]
async fn write_follows_the_key_that_a_read_has_proven() {
    rotates(bad_key).await;
    rotates(unsigned_refusal).await;
}

#[tokio::test]
async fn read_refused_under_one_key_is_answered_under_the_other() {
    let (script, known, seen) = server(bad_key).await;
    let provider = rotating(script.address);
    *known.lock().expect("a lock") = vec!["new."];
    provider.read(&request(), Urgency::Watch).await.expect("under the new key");
    assert_eq!(seen.lock().expect("a lock")[..2], ["QUERY old.", "QUERY new."]);
    assert_eq!(provider.key_in_use(), &name("new"));
    // Someone has put the old one back.
    *known.lock().expect("a lock") = vec!["old."];
    provider.read(&request(), Urgency::Watch).await.expect("under the old key");
    assert_eq!(provider.key_in_use(), &name("old"));
}

#[tokio::test]
async fn refusal_of_both_keys_names_both() {
    let (script, known, seen) = server(bad_key).await;
    known.lock().expect("a lock").clear();
    let outcome = rotating(script.address).read(&request(), Urgency::Watch).await;
    let Err(ProviderError::Denied { reason, .. }) = outcome else { panic!("denied: {outcome:?}") };
    assert!(reason.contains("key old.") && reason.contains("key new."), "{reason}");
    assert_eq!(seen.lock().expect("a lock").len(), 2);
}

#[tokio::test]
async fn refusal_that_is_not_for_the_key_leaves_it() {
    let script = Script::tcp(|request, _| {
        let refused = answer_to(request, ResponseCode::Refused);
        Reply::Bytes(signed_by(request, &refused, None, &signer(request)))
    })
    .await;
    let provider = rotating(script.address);
    let write = provider.apply(&adoption(), &permit()).await;
    assert!(matches!(write, Err(ProviderError::Denied { .. })), "{write:?}");
    let read = provider.read(&request(), Urgency::Watch).await;
    assert!(matches!(read, Err(ProviderError::Denied { .. })), "{read:?}");
    assert_eq!(script.requests(), 2, "a server that signs its refusal knows the key");
}
