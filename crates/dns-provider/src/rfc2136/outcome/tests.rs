use dns_core::rrset::canonical_name;
use hickory_proto::rr::rdata::TSIG;
use hickory_proto::rr::rdata::tsig::TsigAlgorithm;
use hickory_proto::rr::{DNSClass, Record};

use super::*;

const SIGNED_AT: u64 = 1_000_000;

fn signed() -> Verified {
    Verified { trust: Trust::Signed, signed_at_secs: SIGNED_AT }
}

fn unsigned() -> Verified {
    Verified { trust: Trust::Unsigned { reason: "the answer is not signed".to_owned() }, signed_at_secs: SIGNED_AT }
}

fn answer(rcode: ResponseCode) -> Message {
    Message::error_msg(7, OpCode::Update, rcode)
}

fn with_tsig(rcode: ResponseCode, time: u64, error: TsigError, other: Vec<u8>) -> Message {
    let data = TSIG::new(TsigAlgorithm::HmacSha256, time, 300, vec![1], 7, Some(error), other);
    let mut record = Record::from_rdata(canonical_name("key").expect("name"), 0, data);
    record.dns_class = DNSClass::ANY;
    let mut message = answer(rcode);
    message.set_signature(Box::new(record));
    message
}

fn outcome(message: &Message, verified: &Verified) -> Result<(), ProviderError> {
    of_update("primary", &canonical_name("example.com").expect("name"), message, verified)
}

fn reason(message: &Message, verified: &Verified) -> String {
    match outcome(message, verified) {
        Err(ProviderError::Denied { reason, .. }) => reason,
        other => panic!("not denied: {other:?}"),
    }
}

#[test]
fn believes_success_and_conflict_only_when_signed() {
    assert!(outcome(&answer(ResponseCode::NoError), &signed()).is_ok());
    let conflicts = [ResponseCode::NXRRSet, ResponseCode::YXRRSet, ResponseCode::NXDomain, ResponseCode::YXDomain];
    for rcode in conflicts {
        assert!(matches!(outcome(&answer(rcode), &signed()), Err(ProviderError::Conflict { .. })), "{rcode}");
    }
    for rcode in conflicts.into_iter().chain([ResponseCode::NoError]) {
        let unknown = outcome(&answer(rcode), &unsigned());
        assert!(matches!(unknown, Err(ProviderError::OutcomeUnknown { .. })), "{rcode}");
    }
}

#[test]
fn failing_server_may_have_written() {
    for rcode in [ResponseCode::ServFail, ResponseCode::BADVERS, ResponseCode::Unknown(3000)] {
        assert!(matches!(outcome(&answer(rcode), &signed()), Err(ProviderError::OutcomeUnknown { .. })), "{rcode}");
    }
    let query = Message::error_msg(7, OpCode::Query, ResponseCode::NoError);
    assert!(matches!(outcome(&query, &signed()), Err(ProviderError::OutcomeUnknown { .. })));
}

#[test]
fn names_the_key_the_signature_and_the_skew() {
    let not_auth = |error, other| with_tsig(ResponseCode::NotAuth, SIGNED_AT + 30, error, other);
    assert!(reason(&not_auth(TsigError::BadKey, vec![]), &unsigned()).contains("BADKEY"));
    assert!(reason(&not_auth(TsigError::BadSig, vec![]), &unsigned()).contains("BADSIG"));
    let later = (SIGNED_AT + 600).to_be_bytes()[2..].to_vec();
    assert!(reason(&not_auth(TsigError::BadTime, later), &signed()).contains("600 s ahead"));
    let earlier = (SIGNED_AT - 90).to_be_bytes()[2..].to_vec();
    assert!(reason(&not_auth(TsigError::BadTime, earlier), &signed()).contains("90 s behind"));
    // Other data of a wrong length: the signature's own time says it, too.
    assert!(reason(&not_auth(TsigError::BadTime, vec![1]), &signed()).contains("30 s ahead"));
}

#[test]
fn says_who_may_have_refused_and_why() {
    let refused = reason(&answer(ResponseCode::Refused), &signed());
    for why in ["frozen", "the key may not", "check-integrity", "its log"] {
        assert!(refused.contains(why), "{refused}");
    }
    assert!(reason(&answer(ResponseCode::Refused), &unsigned()).contains("PowerDNS"));
    assert!(reason(&answer(ResponseCode::NotAuth), &signed()).contains("not authoritative for zone example.com."));
    assert!(reason(&answer(ResponseCode::NotAuth), &unsigned()).contains("unsigned"));
    assert!(reason(&answer(ResponseCode::NotImp), &unsigned()).contains("does not take DNS UPDATE"));
    for rcode in [ResponseCode::FormErr, ResponseCode::NotZone] {
        assert!(matches!(outcome(&answer(rcode), &unsigned()), Err(ProviderError::Invalid { .. })), "{rcode}");
    }
}

fn query_outcome(message: &Message, verified: &Verified) -> Result<(), ProviderError> {
    let zone = canonical_name("example.com").expect("name");
    of_query("primary", &zone, &zone, message, verified).map_err(|error| match error {
        QueryError::Key(reason) => ProviderError::Denied { subject: "primary".to_owned(), reason },
        QueryError::Other(error) => error,
    })
}

#[test]
fn tries_another_key_only_when_this_one_may_be_refused() {
    let zone = canonical_name("example.com").expect("name");
    let for_key = |message: &Message, verified: &Verified| {
        matches!(of_query("primary", &zone, &zone, message, verified), Err(QueryError::Key(_)))
    };
    for error in [TsigError::BadKey, TsigError::BadSig] {
        assert!(for_key(&with_tsig(ResponseCode::NotAuth, SIGNED_AT, error, vec![]), &unsigned()), "{error:?}");
    }
    for rcode in [ResponseCode::NotAuth, ResponseCode::Refused] {
        assert!(for_key(&answer(rcode), &unsigned()), "{rcode}");
        assert!(!for_key(&answer(rcode), &signed()), "a server that signs knows the key: {rcode}");
    }
    assert!(!for_key(&with_tsig(ResponseCode::NotAuth, SIGNED_AT, TsigError::BadTime, vec![]), &signed()));
    assert!(!for_key(&answer(ResponseCode::ServFail), &unsigned()));
}

#[test]
fn reads_only_signed_answers_with_authority() {
    let mut message = answer(ResponseCode::NXDomain);
    assert!(matches!(query_outcome(&message, &signed()), Err(ProviderError::Denied { .. })));
    message.metadata.authoritative = true;
    assert!(query_outcome(&message, &signed()).is_ok());
    assert!(matches!(query_outcome(&message, &unsigned()), Err(ProviderError::Transient { .. })));
    message.metadata.truncation = true;
    assert!(matches!(query_outcome(&message, &signed()), Err(ProviderError::Transient { .. })));
}

#[test]
fn read_waits_for_a_failing_server_and_gives_up_at_a_refusing_one() {
    let of = |rcode| query_outcome(&answer(rcode), &unsigned());
    assert!(matches!(of(ResponseCode::ServFail), Err(ProviderError::Transient { .. })));
    for rcode in [ResponseCode::Refused, ResponseCode::NotAuth, ResponseCode::FormErr] {
        assert!(matches!(of(rcode), Err(ProviderError::Denied { .. })), "{rcode}");
    }
}
