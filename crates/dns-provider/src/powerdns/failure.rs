//! What an answer means, by what the caller can do about it. Pure.

use dns_core::change::ChangeSet;
use dns_zone::SetKey;
use hickory_proto::rr::Name;
use reqwest::StatusCode;
use serde::Deserialize;

use crate::http_api::keyed::Question;
use crate::http_api::{ANSWER_OCTETS_MAX, Answer, MEBI};
use crate::mention;
use crate::port::{Permit, ProviderError};
use crate::said::said;

/// What the server says when a CNAME would stand beside other data, or the reverse.
const BESIDE: &str = "onflicts with";

/// The longest answer that holds a whole zone: the records of one are not paged, and a million of them are a quarter of it.
const ZONE_OCTETS_MAX: usize = 512 * MEBI;

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// Of a zone; it changes no record.
    Read(&'a Name),
    /// All of a zone.
    Whole(&'a Name),
    /// A PATCH.
    Write { written: &'a Written, permit: &'a Permit },
}

/// What a PATCH writes, as far as an error can be about it.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) zone: Name,
    records: Vec<Suspect>,
}

/// A record that an error can be about.
#[derive(Clone, Debug)]
struct Suspect {
    /// As the API writes its name.
    name: String,
    /// As people know it.
    record: String,
}

impl Written {
    /// A change set's records, and its fence.
    pub(super) fn of(change: &ChangeSet) -> Self {
        let suspect = |name: &Name, record: String| Suspect { name: name.to_ascii(), record };
        let sets = change.creates.iter().map(|set| suspect(set.key().name(), set.key().to_string()));
        let fence = suspect(&change.fence_name, change.fence_name.to_string());
        Self { zone: change.zone.clone(), records: sets.chain([fence]).collect() }
    }

    /// Sets of a zone.
    pub(super) fn of_sets(zone: &Name, keys: &[SetKey]) -> Self {
        let suspect = |key: &SetKey| Suspect { name: key.owner.to_string(), record: key.to_string() };
        Self { zone: zone.clone(), records: keys.iter().map(suspect).collect() }
    }

    /// The records that the server names, or all.
    fn named_in(&self, said: &str) -> String {
        let of = |suspects: Vec<&Suspect>| suspects.iter().map(|one| one.record.clone()).collect::<Vec<_>>();
        let named = of(self.records.iter().filter(|one| mention::names(said, &one.name)).collect());
        mention::listed(&if named.is_empty() { of(self.records.iter().collect()) } else { named })
    }
}

#[derive(Debug, Deserialize)]
struct Refusal {
    error: String,
}

impl Asked<'_> {
    fn zone(&self) -> &Name {
        match self {
            Self::Read(zone) | Self::Whole(zone) => zone,
            Self::Write { written, .. } => &written.zone,
        }
    }
}

impl Question for Asked<'_> {
    fn permit(&self) -> Option<&Permit> {
        match self {
            Self::Read(_) | Self::Whole(_) => None,
            Self::Write { permit, .. } => Some(permit),
        }
    }

    fn answer_octets_max(&self) -> usize {
        match self {
            Self::Read(_) | Self::Write { .. } => ANSWER_OCTETS_MAX,
            Self::Whole(_) => ZONE_OCTETS_MAX,
        }
    }

    fn judge(&self, answer: Answer, subject: &str) -> Result<Vec<u8>, ProviderError> {
        judge(self, answer, subject)
    }
}

/// The body of a success, or what went wrong.
fn judge(asked: &Asked<'_>, answer: Answer, subject: &str) -> Result<Vec<u8>, ProviderError> {
    if answer.status.is_success() {
        return Ok(answer.body);
    }
    let refusal: Option<Refusal> = serde_json::from_slice(&answer.body).ok();
    let (words, said) = refusal.map_or_else(
        || (String::new(), answer.quote()),
        |Refusal { error }| {
            let said = format!("{} ({})", said(&error), answer.status.as_u16());
            (error, said)
        },
    );
    let zone = asked.zone();
    let denied = |reason: String| ProviderError::Denied { subject: subject.to_owned(), reason };
    Err(match (answer.status, asked) {
        (StatusCode::UNAUTHORIZED, _) => {
            denied(format!("{said}: the API key is wrong; compare it with the server's `api-key`"))
        }
        (StatusCode::FORBIDDEN, _) => {
            denied(format!("{said}: does the server's `webserver-allow-from` have our address?"))
        }
        (StatusCode::NOT_FOUND, _) => denied(format!(
            "{said}: it has no zone {zone}, or no server of that id; look at `{subject}` with `/api/v1/servers`"
        )),
        (StatusCode::UNPROCESSABLE_ENTITY, Asked::Write { written, .. }) if words.contains(BESIDE) => {
            ProviderError::Conflict { zone: written.zone.to_string(), reason: said }
        }
        (StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST, Asked::Write { written, .. }) => {
            ProviderError::Invalid { subject: subject.to_owned(), record: written.named_in(&words), reason: said }
        }
        // A server may fail after it has stored the change.
        (status, _) if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            asked.unanswered(subject, format!("it answered {said}"))
        }
        (_, _) => denied(format!("{said}: is this the API, and what stands in front of it?")),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dns_core::change::{Guard, Requirement};
    use dns_core::fence::text::FenceText;
    use dns_core::rrset::{GuardedType, Rrset, RrsetKey, Ttl, canonical_name};
    use dns_core::time::Timestamp;

    use super::*;

    fn change() -> ChangeSet {
        let name = |text: &str| canonical_name(text).expect("a name");
        let key = RrsetKey::new(&name("api.example.test"), GuardedType::A);
        let ttl = Ttl::from_secs(60).expect("a TTL");
        let value = GuardedType::A.parse_value("192.0.2.1").expect("a value");
        ChangeSet {
            zone: name("example.test"),
            fence_name: name("_f.example.test"),
            guard: Guard::Absent,
            requires: vec![Requirement::Absent(key.clone())],
            deletes: vec![],
            creates: vec![Rrset::new(key, ttl, [value]).expect("an RRset")],
            fence_ttl: ttl,
            fence: FenceText::from_strings(vec!["a=1;".to_owned()]),
        }
    }

    fn write(status: u16, body: &str) -> Result<(), ProviderError> {
        let status = StatusCode::from_u16(status).expect("a status");
        let answer = Answer { status, retry_after: None, body: body.as_bytes().to_vec() };
        let permit = Permit { granted: Timestamp::default(), length: Duration::from_secs(10) };
        judge(&Asked::Write { written: &Written::of(&change()), permit: &permit }, answer, "the API").map(drop)
    }

    #[test]
    fn says_what_the_caller_can_do() {
        use ProviderError::{Conflict, Denied, Invalid, OutcomeUnknown};
        assert!(write(204, "").is_ok());
        assert!(matches!(write(401, "Unauthorized"), Err(Denied { reason, .. }) if reason.contains("api-key")));
        assert!(
            matches!(write(404, r#"{"error": "Not Found"}"#), Err(Denied { reason, .. }) if reason.contains("zone"))
        );
        let bad = r#"{"error": "Record api.example.test./A '300.0.0.1': unable to parse"}"#;
        assert!(matches!(write(422, bad), Err(Invalid { record, .. }) if record == "api.example.test. A"));
        let beside = r#"{"error": "RRset api.example.test. IN A: Conflicts with another RRset"}"#;
        assert!(matches!(write(422, beside), Err(Conflict { .. })));
        let long = format!(r#"{{"error": "{}\\n\\u001b[2J api.example.test./A"}}"#, "x".repeat(1_000));
        let told = write(422, &long).expect_err("refused");
        assert!(matches!(&told, Invalid { record, .. } if record == "api.example.test. A"), "{told:?}");
        assert!(told.to_string().len() < 700 && !told.to_string().contains(char::is_control), "{told}");
        assert!(matches!(write(500, "<html>"), Err(OutcomeUnknown { .. })));
        assert!(matches!(write(302, ""), Err(Denied { .. })));
    }

    #[test]
    fn a_read_that_fails_at_the_server_may_be_repeated() {
        let answer = Answer { status: StatusCode::BAD_GATEWAY, retry_after: None, body: vec![] };
        let zone = canonical_name("example.test").expect("a name");
        let outcome = judge(&Asked::Read(&zone), answer, "the API");
        assert!(matches!(outcome, Err(ProviderError::Transient { .. })), "{outcome:?}");
    }
}
