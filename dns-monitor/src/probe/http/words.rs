//! Errors of HTTP and TLS in words: the library's chain of causes, reduced to what an operator can act on.

use std::error::Error;
use std::io;
use std::time::Duration;

use jiff::Timestamp;
use rustls::{AlertDescription, CertificateError};
use rustls_pki_types::UnixTime;

use super::super::{Failure, fault};

/// Sorts an error from before the response.
pub(super) fn sort(error: &reqwest::Error, within: Duration) -> Failure {
    let phase = if error.is_connect() { "while connecting" } else { "while waiting for the response" };
    if error.is_timeout() {
        return Failure::Theirs(format!("timed out after {} ms {phase}", within.as_millis()));
    }
    let phase = if error.is_connect() || error.is_redirect() { "" } else { " while waiting for the response" };
    sort_causes(error, phase)
}

/// Sorts an error from within the body.
pub(super) fn sort_body(error: &reqwest::Error) -> Failure {
    sort_causes(error, " while reading the body")
}

fn sort_causes(error: &(dyn Error + 'static), phase: &str) -> Failure {
    let causes = causes(error);
    if let Some(tls) = causes.iter().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return Failure::Theirs(describe_tls(tls));
    }
    let io = causes.iter().filter_map(|cause| cause.downcast_ref::<io::Error>());
    // An io::Error around another error has no number and says less than what it wraps.
    if let Some(error) = io.into_iter().find(|error| error.get_ref().is_none()) {
        return match fault::sort(error) {
            Failure::Theirs(words) => Failure::Theirs(format!("{words}{phase}")),
            ours @ Failure::Ours(_) => ours,
        };
    }
    let innermost = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
    Failure::Theirs(format!("{innermost}{phase}"))
}

/// An error and its causes, outermost first, through the errors that `io::Error` carries inside.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inside.map(|inside| inside as &(dyn Error + 'static)).or_else(|| error.source())
    })
    .collect()
}

fn describe_tls(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(error) => describe_certificate(error),
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::NoCertificate) => {
            "TLS: the server wants a client certificate".to_owned()
        }
        rustls::Error::AlertReceived(alert) => format!("TLS: the server ended the handshake with {alert:?}"),
        rustls::Error::InvalidMessage(_) => format!("TLS: {error}; does the port speak TLS?"),
        other => format!("TLS: {other}"),
    }
}

fn describe_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired => "certificate expired".to_owned(),
        CertificateError::ExpiredContext { not_after, .. } => format!("certificate expired {}", date(*not_after)),
        CertificateError::NotValidYet => "certificate not valid yet".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("certificate not valid before {}", date(*not_before))
        }
        CertificateError::UnknownIssuer => "certificate from an unknown authority".to_owned(),
        CertificateError::BadSignature => {
            "certificate not signed by the trusted authority, only by one of the same name".to_owned()
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            format!("certificate not for {}, but for {}", expected.to_str(), presented.join(", "))
        }
        other => format!("certificate refused: {other}"),
    }
}

fn date(time: UnixTime) -> String {
    let secs = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(secs).map_or_else(|_| format!("at {secs} s after 1970"), |date| date.to_string())
}
