//! What became of a call, from what the SDK says about it.
//!
//! The line that matters is whether a write may have happened. Only an answer with a code that Route 53 gives before it
//! changes anything is a refusal; a request that never got a connection was not sent; everything else is [`Failure::Lost`].

use std::error::Error;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_route53::config::http::HttpResponse;
use aws_sdk_route53::error::{ConnectorError, ProvideErrorMetadata, SdkError};
use hyper_util::client::legacy::Error as HyperError;

use crate::port::ProviderError;
use crate::said::said;

/// A call without a result. Several callers may share one call, so it is cloned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing was sent.
    NotSent(String),
    /// Sent, and nothing trustworthy says what became of it.
    Lost(String),
    /// Too many calls; refused.
    Throttled {
        /// What it said.
        reason: String,
        /// When to try again.
        retry_after: Duration,
    },
    /// The zone still has a change in work; refused.
    Busy(String),
    /// The zone is not as the batch requires, or a record cannot be; refused.
    Batch(String),
    /// The request can never be taken; refused.
    Invalid(String),
    /// The rights do not cover it, perhaps only a part of it; refused.
    Forbidden(String),
    /// Refused for a reason that concerns every call: keys, clock, zone.
    Denied(String),
}

/// What Route 53 says of a flip that fits the API and not the zone. Its codes do not tell, its words do.
const NEVER: [&str; 5] =
    ["FATAL problem", "not permitted at apex", "is not permitted in zone", "limit of 1000", "limit of 32000"];

impl Failure {
    /// What metrics call it: the words of [`crate::calls`], and one of Route 53's own.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::NotSent(_) => "transient",
            Self::Lost(_) => "unknown",
            Self::Throttled { .. } => "throttled",
            Self::Busy(_) => "busy",
            Self::Batch(_) => "conflict",
            Self::Invalid(_) => "invalid",
            Self::Forbidden(_) | Self::Denied(_) => "denied",
        }
    }

    /// What was said.
    pub(super) fn words(&self) -> &str {
        match self {
            Self::NotSent(reason)
            | Self::Lost(reason)
            | Self::Throttled { reason, .. }
            | Self::Busy(reason)
            | Self::Batch(reason)
            | Self::Invalid(reason)
            | Self::Forbidden(reason)
            | Self::Denied(reason) => reason,
        }
    }

    /// Whether the refusal may be the fault of one member of a batch.
    pub(super) fn concerns_content(&self) -> bool {
        matches!(self, Self::Batch(_) | Self::Invalid(_) | Self::Forbidden(_))
    }

    /// For a call that changes nothing.
    pub(super) fn of_read(self, subject: &str) -> ProviderError {
        let subject = subject.to_owned();
        let reason = said(self.words());
        match self {
            Self::NotSent(_) | Self::Lost(_) | Self::Busy(_) => ProviderError::Transient { subject, reason },
            Self::Throttled { reason: _, retry_after } => ProviderError::Throttled { subject, reason, retry_after },
            Self::Batch(_) | Self::Invalid(_) | Self::Forbidden(_) | Self::Denied(_) => {
                ProviderError::Denied { subject, reason }
            }
        }
    }

    /// For a write to `zone`: what a refusal is about, and a note on that.
    pub(super) fn of_write(self, subject: &str, zone: &str, record: &str, note: &str) -> ProviderError {
        let reason = said(self.words());
        let invalid = |reason: &str| ProviderError::Invalid {
            subject: subject.to_owned(),
            record: record.to_owned(),
            reason: format!("{reason}{note}"),
        };
        match &self {
            Self::Lost(_) => ProviderError::OutcomeUnknown { subject: subject.to_owned(), reason },
            Self::Invalid(_) => invalid(&reason),
            Self::Batch(words) if NEVER.iter().any(|never| words.contains(never)) => invalid(&reason),
            Self::Batch(_) => ProviderError::Conflict { zone: zone.to_owned(), reason },
            Self::NotSent(_) | Self::Throttled { .. } | Self::Busy(_) | Self::Forbidden(_) | Self::Denied(_) => {
                self.of_read(subject)
            }
        }
    }
}

/// What the SDK's error means; `transmitted` says whether it got as far as handing the request to a connection.
pub(super) fn of<E>(error: &SdkError<E, HttpResponse>, transmitted: bool) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(answer) => {
            let raw = answer.raw();
            let meta = answer.err().meta();
            of_answer(raw.status().as_u16(), meta.code(), meta.message(), raw.body().bytes().unwrap_or_default())
        }
        SdkError::ResponseError(_) => Failure::Lost(format!("its answer cannot be read: {}", chain(error))),
        _ if !transmitted => before_sending(error),
        SdkError::DispatchFailure(_) if source::<HyperError>(error).is_some_and(HyperError::is_connect) => {
            Failure::NotSent(format!("no connection: {}", innermost(error)))
        }
        _ => Failure::Lost(chain(error)),
    }
}

/// Credentials come last before a request goes out, so they are what usually fails.
fn before_sending(error: &(dyn Error + 'static)) -> Failure {
    let words = chain(error);
    match source::<CredentialsError>(error) {
        // The service that gives them out is away; another time it won't be.
        Some(CredentialsError::ProviderTimedOut(_)) => Failure::NotSent(format!("no credentials in time: {words}")),
        Some(CredentialsError::ProviderError(_))
            if source::<ConnectorError>(error).is_some_and(|inner| inner.is_io() || inner.is_timeout()) =>
        {
            Failure::NotSent(format!("no credentials for now: {words}"))
        }
        Some(_) => Failure::Denied(format!(
            "no credentials: {words}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the pod a role \
             (IRSA or pod identity)"
        )),
        None => Failure::NotSent(words),
    }
}

/// What an answer that is no success means.
pub(super) fn of_answer(status: u16, code: Option<&str>, message: Option<&str>, body: &[u8]) -> Failure {
    let older = || older_form(body).map(|words| ("InvalidChangeBatch", words));
    let (code, message) = match code {
        Some(code) => (code, message.unwrap_or_default().to_owned()),
        None => match older() {
            Some(known) => known,
            None => return without_code(status),
        },
    };
    let said = format!("{message} ({code})");
    let throttled = |reason| Failure::Throttled { reason, retry_after: Duration::ZERO };
    match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "SlowDown" => throttled(said),
        _ if status == 429 => throttled(said),
        "PriorRequestNotComplete" => Failure::Busy(said),
        // A server error may come after the change was stored, whatever it is called.
        _ if status >= 500 => Failure::Lost(format!("it answered {status}, {said}")),
        "InvalidChangeBatch" => Failure::Batch(said),
        "InvalidInput" | "MalformedInput" | "NoSuchHealthCheck" | "ValidationError" => Failure::Invalid(said),
        "AccessDenied" | "AccessDeniedException" => Failure::Forbidden(format!(
            "{said}: the role or user lacks a right; `dns-admin iam-policy` prints the ones that are needed"
        )),
        "SignatureDoesNotMatch" | "RequestExpired" | "InvalidSignatureException" => {
            Failure::Denied(format!("{said}: the secret key is wrong, or this machine's clock is minutes off"))
        }
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "MissingAuthenticationToken"
        | "IncompleteSignature" => Failure::Denied(format!("{said}: the access key is unknown there or disabled")),
        "ExpiredToken" | "ExpiredTokenException" => {
            Failure::Denied(format!("{said}: temporary credentials ran out and were not renewed"))
        }
        "NoSuchHostedZone" => Failure::Denied(said),
        _ if (400..500).contains(&status) => Failure::Denied(said),
        _ => Failure::Lost(format!("it answered {status}, {said}")),
    }
}

/// Something on the way may have answered, so a 4xx is no proof that nothing was written.
fn without_code(status: u16) -> Failure {
    let reason = format!("it answered {status} and nothing that Route 53 says");
    match status {
        429 => Failure::Throttled { reason, retry_after: Duration::ZERO },
        401 | 403 => Failure::Denied(format!("{reason}: is there a proxy on the way?")),
        _ => Failure::Lost(reason),
    }
}

/// The form that the API Reference still documents: a root of its own, and no code.
fn older_form(body: &[u8]) -> Option<String> {
    let body = std::str::from_utf8(body).ok()?;
    let (_, inside) = body.split_once("<InvalidChangeBatch")?;
    let messages = inside.split("<Message>").skip(1).filter_map(|rest| rest.split_once("</Message>"));
    let messages: Vec<&str> = messages.map(|(message, _)| message).collect();
    (!messages.is_empty()).then(|| messages.join(", "))
}

/// All layers in one line; the SDK's outermost ones say little.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    for layer in layers(error) {
        let text = layer.to_string();
        if words.last() != Some(&text) {
            words.push(text);
        }
    }
    words.join(": ")
}

/// What the operating system said, where the layers above it only say that there was something.
fn innermost(error: &(dyn Error + 'static)) -> String {
    layers(error).last().map(ToString::to_string).unwrap_or_default()
}

fn source<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    layers(error).find_map(|layer| layer.downcast_ref::<E>())
}

fn layers<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |layer: &&'a (dyn Error + 'static)| (*layer).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_code(status: u16, code: &str) -> Failure {
        of_answer(status, Some(code), Some("words"), b"")
    }

    #[test]
    fn throttling_is_a_refusal_in_each_form_it_comes_in() {
        for (status, code) in [(400, "Throttling"), (400, "ThrottlingException"), (429, "Whatever"), (503, "SlowDown")]
        {
            assert!(matches!(of_code(status, code), Failure::Throttled { .. }), "{status} {code}");
        }
        assert!(matches!(of_answer(429, None, None, b"<html>"), Failure::Throttled { .. }));
    }

    #[test]
    fn a_server_error_never_counts_as_a_refusal() {
        for (status, code) in
            [(500, "InternalFailure"), (503, "ServiceUnavailable"), (500, "InvalidInput"), (302, "Moved")]
        {
            assert!(matches!(of_code(status, code), Failure::Lost(_)), "{status} {code}");
        }
        assert!(matches!(of_answer(200, None, None, b"<garbage"), Failure::Lost(_)));
        assert!(matches!(of_answer(400, None, None, b""), Failure::Lost(_)), "it may come from something on the way");
    }

    #[test]
    fn the_documented_older_form_of_a_refused_batch_is_understood() {
        let body =
            b"<?xml version=\"1.0\"?><InvalidChangeBatch xmlns=\"x\"><Messages><Message>a was not found</Message>\
                     <Message>b already exists</Message></Messages></InvalidChangeBatch>";
        let Failure::Batch(reason) = of_answer(400, None, None, body) else { panic!("not a refused batch") };
        assert_eq!(reason, "a was not found, b already exists (InvalidChangeBatch)");
    }

    #[test]
    fn a_refused_flip_is_a_conflict_unless_it_can_never_be_written() {
        let of_write =
            |words: &str| Failure::Batch(words.to_owned()).of_write("Route 53", "example.com.", "_a._failover", "");
        let conflict = of_write("[Tried to delete resource record set [name='a.', type='A'] but it was not found]");
        assert!(matches!(conflict, ProviderError::Conflict { .. }));
        let never =
            of_write("[RRSet of type CNAME with DNS name example.com. is not permitted at apex in zone example.com.]");
        assert!(matches!(never, ProviderError::Invalid { .. }));
    }

    #[test]
    fn what_is_long_is_cut_where_it_is_told_and_not_where_it_is_judged() {
        let words = format!("{}\n RRSet is not permitted at apex", "x".repeat(1_000));
        let ProviderError::Invalid { reason, .. } = Failure::Batch(words).of_write("Route 53", "z.", "r", "") else {
            panic!("it can never be written")
        };
        assert!(reason.chars().count() < 600, "{reason}");
        let ProviderError::Denied { reason, .. } = Failure::Denied("a\u{1b}[2J\nb".to_owned()).of_read("Route 53")
        else {
            panic!("denied")
        };
        assert_eq!(reason, "a\\u{1b}[2J\\nb");
    }

    #[test]
    fn wrong_keys_and_rights_are_denied_with_a_hint() {
        for (code, hint) in [
            ("AccessDenied", "iam-policy"),
            ("SignatureDoesNotMatch", "clock"),
            ("InvalidClientTokenId", "unknown"),
            ("ExpiredToken", "renewed"),
        ] {
            let ProviderError::Denied { reason, .. } = of_code(403, code).of_write("Route 53", "z.", "f.", "") else {
                panic!("{code} is not denied")
            };
            assert!(reason.contains(hint), "{reason}");
        }
    }
}
