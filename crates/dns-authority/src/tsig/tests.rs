use hickory_proto::op::{MessageType, OpCode, Query};
use hickory_proto::rr::RecordType;

use super::*;
use crate::fixture::name;

const NOW_SECS: u64 = 1_800_000_000;
const FUDGE_SECS: u16 = 10;

fn key(algorithm: KeyAlgorithm) -> UpdateKey {
    UpdateKey::new(&name("Flip-Key."), algorithm, b"secret".to_vec())
}

fn client(algorithm: TsigAlgorithm, key_name: &str, secret: &[u8]) -> TSigner {
    TSigner::new(secret.to_vec(), algorithm, name(key_name), FUDGE_SECS).expect("a signer")
}

fn good_client() -> TSigner {
    client(TsigAlgorithm::HmacSha256, "flip-key.", b"secret")
}

fn query() -> Message {
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.add_query(Query::query(name("example.test."), RecordType::SOA));
    message
}

fn signed_by(signer: &TSigner, at_secs: u64) -> Message {
    let mut message = query();
    message.finalize(signer, at_secs).expect("signed");
    message
}

fn check(message: &Message) -> Checked {
    let wire = message.to_vec().expect("a wire form");
    key(KeyAlgorithm::HmacSha256).check(&wire, &Message::from_vec(&wire).expect("a message"), NOW_SECS)
}

/// The error, and the answer as a client gets it.
#[track_caller]
fn rejected(checked: Checked) -> (TsigError, Vec<u8>, TSIG) {
    let Checked::Bad { error, seal } = checked else { panic!("not rejected") };
    let mut answer = Message::response(7, OpCode::Query);
    seal.attach(&mut answer).expect("sealed");
    let wire = answer.to_vec().expect("a wire form");
    (error, wire, answer.signature().expect("a TSIG record").data.clone())
}

#[test]
fn takes_every_algorithm_and_signs_the_answer_for_the_request() {
    for (ours, theirs) in [
        (KeyAlgorithm::HmacSha256, TsigAlgorithm::HmacSha256),
        (KeyAlgorithm::HmacSha384, TsigAlgorithm::HmacSha384),
        (KeyAlgorithm::HmacSha512, TsigAlgorithm::HmacSha512),
    ] {
        let signer = client(theirs, "flip-key.", b"secret");
        let request = signed_by(&signer, NOW_SECS);
        let Checked::Good { seal } = key(ours).check(&request.to_vec().expect("bytes"), &request, NOW_SECS) else {
            panic!("{ours:?} is refused");
        };
        let mut answer = Message::response(7, OpCode::Query);
        seal.attach(&mut answer).expect("sealed");
        let wire = answer.to_vec().expect("bytes");
        let request_mac = &request.signature().expect("signed").data.mac;
        assert!(signer.verify_message_byte(&wire, Some(request_mac), true).is_ok(), "{ours:?}");
        assert!(signer.verify_message_byte(&wire, Some(b"another request's"), true).is_err(), "{ours:?}");
    }
}

#[test]
fn unsigned_request_gets_an_unsigned_answer() {
    assert!(matches!(check(&query()), Checked::Unsigned));
    let mut answer = Message::response(7, OpCode::Query);
    Seal::None.attach(&mut answer).expect("sealed");
    assert!(answer.signature().is_none());
}

#[test]
fn unknown_key_or_algorithm_is_badkey_unsigned() {
    for signer in [
        client(TsigAlgorithm::HmacSha256, "stranger.", b"secret"),
        client(TsigAlgorithm::HmacSha512, "flip-key.", b"secret"),
    ] {
        let (error, _, tsig) = rejected(check(&signed_by(&signer, NOW_SECS)));
        assert_eq!((error, tsig.error), (TsigError::BadKey, Some(TsigError::BadKey)));
        assert!(tsig.mac.is_empty());
        assert_eq!(tsig.algorithm, *signer.algorithm());
    }
}

#[test]
fn wrong_secret_or_changed_message_is_badsig_unsigned() {
    let stranger = client(TsigAlgorithm::HmacSha256, "flip-key.", b"another");
    let mut changed = signed_by(&good_client(), NOW_SECS);
    changed.queries[0].set_query_type(RecordType::A);
    for message in [signed_by(&stranger, NOW_SECS), changed] {
        let (error, _, tsig) = rejected(check(&message));
        assert_eq!((error, tsig.error), (TsigError::BadSig, Some(TsigError::BadSig)));
        assert!(tsig.mac.is_empty());
    }
}

#[test]
fn time_counts_up_to_the_fudge_in_both_directions() {
    let fudge = u64::from(FUDGE_SECS);
    for at_secs in [NOW_SECS - fudge, NOW_SECS, NOW_SECS + fudge] {
        assert!(matches!(check(&signed_by(&good_client(), at_secs)), Checked::Good { .. }), "{at_secs}");
    }
    for at_secs in [0, NOW_SECS - fudge - 1, NOW_SECS + fudge + 1] {
        let request = signed_by(&good_client(), at_secs);
        let (error, wire, tsig) = rejected(check(&request));
        assert_eq!((error, tsig.error), (TsigError::BadTime, Some(TsigError::BadTime)), "{at_secs}");
        assert_eq!(tsig.time, at_secs, "the client's time");
        assert_eq!(tsig.other, NOW_SECS.to_be_bytes()[2..], "the server's time");
        let mac = &request.signature().expect("signed").data.mac;
        let (signed, _) = signed_bitmessage_to_buf(&wire, Some(mac), true).expect("a TSIG record");
        assert!(good_client().verify(&signed, &tsig.mac).is_ok(), "signed");
    }
}

#[test]
fn late_request_with_a_wrong_secret_is_badsig() {
    let stranger = client(TsigAlgorithm::HmacSha256, "flip-key.", b"another");
    assert_eq!(rejected(check(&signed_by(&stranger, 0))).0, TsigError::BadSig);
}

fn with_mac(message: &Message, change: impl FnOnce(&mut Vec<u8>)) -> Message {
    let mut message = message.clone();
    let mut record = message.take_signature().expect("signed");
    change(&mut record.data.mac);
    message.set_signature(record);
    message
}

#[test]
fn truncated_mac_is_badtrunc_signed_if_right() {
    let request = signed_by(&good_client(), NOW_SECS);
    let (error, _, tsig) = rejected(check(&with_mac(&request, |mac| mac.truncate(16))));
    assert_eq!(error, TsigError::BadTrunc);
    assert!(!tsig.mac.is_empty(), "signed");
    let wrong = with_mac(&request, |mac| {
        mac.truncate(16);
        mac[15] ^= 1;
    });
    assert_eq!(rejected(check(&wrong)).0, TsigError::BadSig);
}

#[test]
fn mac_of_impossible_length_is_malformed() {
    let request = signed_by(&good_client(), NOW_SECS);
    assert!(matches!(check(&with_mac(&request, |mac| mac.truncate(15))), Checked::Malformed));
    assert!(matches!(check(&with_mac(&request, |mac| mac.push(0))), Checked::Malformed));
    assert!(matches!(check(&with_mac(&request, Vec::clear)), Checked::Malformed));
}

#[test]
fn debug_leaves_out_the_secret() {
    let shown = format!("{:?}", key(KeyAlgorithm::HmacSha256));
    assert!(shown.contains("flip-key") && !shown.contains("secret") && !shown.contains("115"), "{shown}");
}
