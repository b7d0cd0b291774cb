//! Whether a response is the one that means healthy: status, certificate, body.

use std::time::Instant;

use dns_core::probe::HttpProbe;
use dns_service::clock::Clock;
use reqwest::Response;
use reqwest::tls::TlsInfo;

use super::super::Failure;
use super::super::certificate::CertificateEnd;
use super::words;

/// How much of a body is read.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// The end of a served certificate, or why it cannot be read.
type Served = Result<CertificateEnd, String>;

/// Judges what came before the body.
pub(super) fn head(response: &Response, served: Option<&Served>, spec: &HttpProbe) -> Result<(), Failure> {
    let status = response.status().as_u16();
    if !spec.status.contains(&status) {
        let expected: Vec<String> = spec.status.iter().map(u16::to_string).collect();
        return Err(Failure::Theirs(format!("status {status}, expected {}", expected.join(" or "))));
    }
    let Some(wanted) = spec.tls.as_ref().and_then(|tls| tls.valid_for) else { return Ok(()) };
    let Some(served) = served else {
        return Err(Failure::Ours("the TLS library does not show the served certificate".to_owned()));
    };
    let left = served.as_ref().map_err(|error| Failure::Theirs(error.clone()))?.left(Instant::now());
    lifetime(left.as_secs(), wanted.as_secs()).map_err(Failure::Theirs)
}

/// When the certificate ends that came with a response; `None` without TLS.
pub(super) fn certificate(response: &Response) -> Option<Served> {
    let info = response.extensions().get::<TlsInfo>()?;
    Some(CertificateEnd::read(info.peer_certificate()?, Clock::start().wall(), Instant::now()))
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

/// Whether what is left of a certificate is what is wanted.
fn lifetime(left_secs: u64, wanted_secs: u64) -> Result<(), String> {
    if left_secs >= wanted_secs {
        return Ok(());
    }
    Err(format!("certificate valid for {} more, {} wanted", length(left_secs), length(wanted_secs)))
}

fn length(secs: u64) -> String {
    if secs >= 3600 { format!("{} h", secs / 3600) } else { format!("{} min", secs / 60) }
}
