use dns_core::change::{Guard, Requirement};
use dns_core::fence::text::FenceText;
use dns_core::rrset::{GuardedType, RrsetKey, Ttl, canonical_name};
use dns_core::time::Timestamp;
use hickory_proto::rr::Name;

use super::*;

fn name(text: &str) -> Name {
    canonical_name(text).expect("a name")
}

fn place() -> Place {
    Place { zone: name("example.com"), id: "0123abcd".to_owned() }
}

fn change() -> ChangeSet {
    let set = |rtype: GuardedType, value: &str| {
        let key = RrsetKey::new(&name("api.example.com"), rtype);
        let value = rtype.parse_value(value).expect("a value");
        Rrset::new(key, Ttl::from_secs(60).expect("a TTL"), [value]).expect("an RRset")
    };
    let creates = vec![set(GuardedType::A, "192.0.2.1"), set(GuardedType::Aaaa, "2001:db8::1").proxied()];
    ChangeSet {
        zone: name("example.com"),
        fence_name: name("_f.example.com"),
        guard: Guard::Absent,
        requires: creates.iter().map(|set| Requirement::Absent(set.key().clone())).collect(),
        deletes: vec![],
        creates,
        fence_ttl: Ttl::from_secs(60).expect("a TTL"),
        fence: FenceText::from_strings(vec!["a=1;".to_owned()]),
    }
}

fn answer(status: u16, body: &str) -> Answer {
    let status = StatusCode::from_u16(status).expect("a status");
    Answer { status, retry_after: None, body: body.as_bytes().to_vec() }
}

fn refusal(code: u32) -> String {
    format!(r#"{{"result":null,"success":false,"errors":[{{"code":{code},"message":"The words."}}],"messages":[]}}"#)
}

fn write(answer: Answer) -> Result<Vec<u8>, ProviderError> {
    let permit = Permit { granted: Timestamp::default(), length: Duration::from_secs(10) };
    judge(&Asked::Write { place: &place(), written: &Suspect::of(&change()), permit: &permit }, answer, "the API")
}

fn read(answer: Answer) -> Result<Vec<u8>, ProviderError> {
    judge(&Asked::Read(&place()), answer, "the API")
}

#[test]
fn only_a_success_that_says_so_is_one() {
    assert!(write(answer(200, r#"{"success":true,"errors":[],"result":{}}"#)).is_ok());
    for body in ["{}", "", r#"{"success":true,"res"#, r#"{"success":false,"errors":[]}"#] {
        assert!(matches!(write(answer(200, body)), Err(ProviderError::OutcomeUnknown { .. })), "{body}");
        assert!(matches!(read(answer(200, body)), Err(ProviderError::Transient { .. })), "{body}");
    }
}

#[test]
fn a_server_that_failed_may_have_written() {
    for (status, body) in
        [(500, refusal(10001)), (520, "<html>".to_owned()), (503, refusal(81044)), (530, String::new())]
    {
        assert!(matches!(write(answer(status, &body)), Err(ProviderError::OutcomeUnknown { .. })), "{status}");
        assert!(matches!(read(answer(status, &body)), Err(ProviderError::Transient { .. })), "{status}");
    }
}

#[test]
fn throttling_says_when_and_never_longer_than_its_window() {
    let wait = |retry_after: Option<u64>| {
        let throttled = Answer { retry_after: retry_after.map(Duration::from_secs), ..answer(429, &refusal(971)) };
        match read(throttled) {
            Err(ProviderError::Throttled { retry_after, .. }) => retry_after.as_secs(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((wait(Some(7)), wait(None), wait(Some(86_400))), (7, 60, 300));
}

#[test]
fn a_refused_token_names_the_right_that_it_lacks() {
    for (status, body) in
        [(403, refusal(10000)), (401, refusal(1000)), (400, refusal(6003)), (403, "<html>".to_owned())]
    {
        let outcome = write(answer(status, &body));
        assert!(
            matches!(&outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains("DNS Write")),
            "{outcome:?}"
        );
    }
    let outcome = read(answer(403, &refusal(9109)));
    assert!(
        matches!(&outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains("DNS Read")),
        "{outcome:?}"
    );
}

#[test]
fn an_unknown_zone_is_named_with_its_id() {
    let outcome = read(answer(404, &refusal(7003)));
    let Err(ProviderError::Denied { reason, .. }) = &outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("example.com. with id 0123abcd"), "{reason}");
}

#[test]
fn a_gone_id_or_another_record_is_a_conflict() {
    for (status, code) in [(404, 81044), (400, 81053), (400, 81054), (400, 81058)] {
        let outcome = write(answer(status, &refusal(code)));
        assert!(matches!(outcome, Err(ProviderError::Conflict { .. })), "{code}: {outcome:?}");
    }
    assert!(matches!(read(answer(404, &refusal(81044))), Err(ProviderError::Denied { .. })), "of a batch only");
}

#[test]
fn a_full_zone_needs_a_person() {
    let outcome = write(answer(400, &refusal(81045)));
    assert!(matches!(&outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains("full")), "{outcome:?}");
}

#[test]
fn an_invalid_record_is_named_as_far_as_the_code_tells() {
    let record = |code: u32| match write(answer(400, &refusal(code))) {
        Err(ProviderError::Invalid { record, reason, .. }) => {
            assert!(reason.contains(&code.to_string()), "{reason}");
            record
        }
        other => panic!("{code}: {other:?}"),
    };
    assert_eq!(record(9005), "api.example.com. A");
    assert_eq!(record(9004), "api.example.com. AAAA");
    assert_eq!(record(9015), "_f.example.com.");
    assert_eq!(record(9021), "api.example.com. A, api.example.com. AAAA, _f.example.com.");
}

#[test]
fn what_is_no_answer_of_the_api_is_no_success() {
    for status in [302, 413, 418] {
        let outcome = write(answer(status, "<html>go away</html>"));
        assert!(
            matches!(&outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains("endpoint")),
            "{outcome:?}"
        );
    }
    assert!(matches!(write(answer(408, "")), Err(ProviderError::OutcomeUnknown { .. })));
}
