//! Signatures, as the Standard Webhooks specification has them (<https://www.standardwebhooks.com>): receivers verify
//! them with a library that exists for their language.
//!
//! HMAC-SHA256 over `ID.SECONDS.BODY`: the time is in it, so that a letter that somebody kept is refused when it is old.

use std::path::Path;

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use dns_core::time::Timestamp;
use dns_service::config::secret::read_signing_key;
use dns_service::exit::one_line;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::post::Letter;

/// What tells a letter from others, and a repeated one from a new one.
pub(crate) const ID: HeaderName = HeaderName::from_static("webhook-id");
/// Seconds since 1970 at which it was signed.
pub(crate) const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// `v1,` and base64.
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// A letter, signed now with the secret that the file has now.
///
/// # Errors
/// Why the file cannot be used, in words.
pub(crate) async fn signed(
    url: &Url,
    secret: &Path,
    id: &str,
    now: Timestamp,
    body: &serde_json::Value,
) -> Result<Letter, String> {
    let path = secret.to_owned();
    let read = tokio::task::spawn_blocking(move || read_signing_key(&path)).await;
    let key = read.map_err(|error| one_line(&error))?.map_err(|error| one_line(&error))?;
    let body = body.to_string().into_bytes();
    let mut headers = HeaderMap::new();
    let mut put = |name: HeaderName, text: &str| -> Result<(), String> {
        headers.insert(name, HeaderValue::from_str(text).map_err(|error| error.to_string())?);
        Ok(())
    };
    put(ID, id)?;
    put(TIMESTAMP, &now.as_secs().to_string())?;
    put(SIGNATURE, &signature(&key, id, now.as_secs(), &body))?;
    Ok(Letter { url: url.clone(), headers, body })
}

fn signature(key: &[u8], id: &str, secs: u64, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    context.update(format!("{id}.{secs}.").as_bytes());
    context.update(body);
    format!("v1,{}", BASE64.encode(context.sign().as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with OpenSSL: `printf '%s' 'ID.SECONDS.BODY' | openssl dgst -sha256 -hmac KEY -binary | base64`.
    #[test]
    fn is_what_another_implementation_computes() {
        let key = b"0123456789abcdef01234567";
        let found = signature(key, "57-1795246200123", 1_795_246_201, br#"{"service":"checkout"}"#);
        assert_eq!(found, "v1,bhDmAggtpwX9pb32+bslvUsOZBuxOz+dBelYwgC3yhY=");
    }

    #[test]
    fn covers_id_time_and_body() {
        let key = b"0123456789abcdef01234567";
        let good = signature(key, "57-1", 10, b"body");
        for other in [
            signature(b"0123456789abcdef01234568", "57-1", 10, b"body"),
            signature(key, "57-2", 10, b"body"),
            signature(key, "57-1", 11, b"body"),
            signature(key, "57-1", 10, b"bodY"),
        ] {
            assert_ne!(good, other);
        }
    }
}
