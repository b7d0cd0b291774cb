//! Whether a response is the one that means healthy: status, certificate, body.

use dns_core::probe::HttpProbe;
use dns_core::time::Timestamp;
use dns_service::clock::Clock;
use reqwest::Response;
use reqwest::tls::TlsInfo;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::super::Failure;
use super::words;

/// How much of a body is read.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Judges what came before the body.
pub(super) fn head(response: &Response, spec: &HttpProbe) -> Result<(), Failure> {
    let status = response.status().as_u16();
    if !spec.status.contains(&status) {
        let expected: Vec<String> = spec.status.iter().map(u16::to_string).collect();
        return Err(Failure::Theirs(format!("status {status}, expected {}", expected.join(" or "))));
    }
    let Some(wanted) = spec.tls.as_ref().and_then(|tls| tls.valid_for) else { return Ok(()) };
    let info = response.extensions().get::<TlsInfo>();
    let Some(certificate) = info.and_then(TlsInfo::peer_certificate) else {
        return Err(Failure::Ours("the TLS library does not show the served certificate".to_owned()));
    };
    lifetime(certificate, wanted.as_secs(), Clock::start().wall()).map_err(Failure::Theirs)
}

/// Reads at most [`BODY_BYTES_MAX`] of the body, if anything is expected of it.
pub(super) async fn body(response: &mut Response, spec: &HttpProbe) -> Result<(), Failure> {
    let Some(wanted) = spec.body_contains.as_deref().filter(|wanted| !wanted.is_empty()) else { return Ok(()) };
    let mut read = Vec::new();
    while read.len() < BODY_BYTES_MAX {
        let chunk = response.chunk().await.map_err(|error| words::sort_body(&error))?;
        let Some(chunk) = chunk else { break };
        let room = BODY_BYTES_MAX - read.len();
        read.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if contains(&read, wanted) {
            return Ok(());
        }
    }
    let within = if read.len() < BODY_BYTES_MAX { "body" } else { "first 64 KiB of the body" };
    Err(Failure::Theirs(format!("the {within} does not contain `{wanted}`")))
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

/// Whether the certificate stays valid for so many seconds more.
fn lifetime(der: &[u8], wanted_secs: u64, now: Timestamp) -> Result<(), String> {
    let (_, certificate) =
        X509Certificate::from_der(der).map_err(|error| format!("the served certificate cannot be read: {error}"))?;
    let until = u64::try_from(certificate.validity().not_after.timestamp()).unwrap_or(0);
    let left = until.saturating_sub(now.as_secs());
    if left >= wanted_secs {
        return Ok(());
    }
    Err(format!("certificate valid for {} more, {} wanted", length(left), length(wanted_secs)))
}

fn length(secs: u64) -> String {
    if secs >= 3600 { format!("{} h", secs / 3600) } else { format!("{} min", secs / 60) }
}
