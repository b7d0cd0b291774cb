//! AWS Signature Version 4, as the service verifies it (IAM User Guide, "Create a signed AWS API request").
//!
//! Checked: key, scope (date, `us-east-1`, `route53`), the clock within five minutes, the headers that must be signed,
//! the body's hash and the signature. Query-string signatures are not served.

use std::collections::BTreeMap;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac};
use axum::http::request::Parts;
use data_encoding::HEXLOWER;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::refusal::Refusal;

/// How far a client's clock may be off.
const SKEW_MAX: SignedDuration = SignedDuration::from_mins(5);

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const REGION: &str = "us-east-1";
const SERVICE: &str = "route53";
const DATE_FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// What the service says of every wrong signature.
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";

/// RFC 3986 §2.3: everything else is escaped.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same in a path, whose slashes stay.
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// Who may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The access key id.
    pub key_id: String,
    /// The secret access key.
    pub secret: String,
    /// The session token of temporary credentials.
    pub session_token: Option<String>,
}

/// The parts of an `Authorization` header.
struct Authorization<'a> {
    key_id: &'a str,
    scope: Vec<&'a str>,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

/// Finds out who signed a request.
pub(super) fn verify<'a>(
    credentials: &'a [Credential],
    request: &Parts,
    body: &[u8],
    now: Timestamp,
) -> Result<&'a Credential, Refusal> {
    let header = header(request, "authorization").ok_or_else(Refusal::missing_authentication_token)?;
    let authorization = Authorization::parse(&header)?;
    let credential = credentials.iter().find(|credential| credential.key_id == authorization.key_id);
    let credential = credential.ok_or_else(Refusal::invalid_client_token_id)?;
    if credential.session_token != self::header(request, "x-amz-security-token") {
        return Err(Refusal::invalid_client_token_id());
    }
    let date = self::header(request, "x-amz-date").ok_or_else(Refusal::missing_authentication_token)?;
    check_clock(&date, now)?;
    authorization.check_scope(&date)?;
    authorization.check_signed_headers(request)?;
    let hash = HEXLOWER.encode(digest::digest(&digest::SHA256, body).as_ref());
    let canonical = canonical_request(request, &authorization.signed_headers, &hash);
    let signature = sign(credential, &authorization.scope, &date, &canonical);
    verify_slices_are_equal(signature.as_bytes(), authorization.signature.as_bytes())
        .map_err(|_| Refusal::signature_does_not_match(MISMATCH))?;
    Ok(credential)
}

impl<'a> Authorization<'a> {
    fn parse(header: &'a str) -> Result<Self, Refusal> {
        let incomplete = |what: &str| Refusal::incomplete_signature(&format!("{what}. Authorization={header}"));
        let parts = header.strip_prefix(ALGORITHM).and_then(|rest| rest.strip_prefix(' '));
        let parts =
            parts.ok_or_else(|| incomplete("Authorization header requires the algorithm 'AWS4-HMAC-SHA256'"))?;
        let fields: BTreeMap<&str, &str> = parts.split(',').filter_map(|part| part.trim().split_once('=')).collect();
        let field = |name: &str| {
            fields
                .get(name)
                .copied()
                .ok_or_else(|| incomplete(&format!("Authorization header requires '{name}' parameter")))
        };
        let (credential, signed, signature) = (field("Credential")?, field("SignedHeaders")?, field("Signature")?);
        let (key_id, scope) = credential.split_once('/').ok_or_else(|| incomplete("Credential must have a scope"))?;
        let scope: Vec<&str> = scope.split('/').collect();
        if scope.len() != 4 {
            return Err(incomplete("Credential must have exactly 5 slash-delimited elements"));
        }
        Ok(Self { key_id, scope, signed_headers: signed.split(';').collect(), signature })
    }

    fn check_scope(&self, date: &str) -> Result<(), Refusal> {
        let mismatch = |what: &str| Err(Refusal::signature_does_not_match(what));
        match self.scope[..] {
            [day, ..] if !date.starts_with(day) || day.len() != 8 => {
                mismatch("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP")
            }
            [_, region, ..] if region != REGION => mismatch("Credential should be scoped to a valid region."),
            [_, _, service, _] if service != SERVICE => {
                mismatch("Credential should be scoped to correct service: 'route53'.")
            }
            [_, _, _, "aws4_request"] => Ok(()),
            _ => mismatch("Credential should be scoped with a valid terminator: 'aws4_request'"),
        }
    }

    /// The host and every header of AWS must be signed, in order.
    fn check_signed_headers(&self, request: &Parts) -> Result<(), Refusal> {
        let present = request.headers.keys().map(http::HeaderName::as_str);
        let mut needed = present.filter(|name| *name == "host" || name.starts_with("x-amz-"));
        let all = needed.all(|name| self.signed_headers.contains(&name));
        let known = self.signed_headers.iter().all(|name| request.headers.contains_key(*name));
        if all && known && self.signed_headers.contains(&"host") && self.signed_headers.is_sorted() {
            Ok(())
        } else {
            Err(Refusal::signature_does_not_match(MISMATCH))
        }
    }
}

fn header(request: &Parts, name: &str) -> Option<String> {
    request.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn check_clock(date: &str, now: Timestamp) -> Result<(), Refusal> {
    let parsed = DateTime::strptime(DATE_FORMAT, date).and_then(|date| date.to_zoned(TimeZone::UTC));
    let then =
        parsed.map_err(|error| Refusal::incomplete_signature(&format!("{date} is no date: {error}")))?.timestamp();
    let text = |time: Timestamp| time.strftime(DATE_FORMAT).to_string();
    if then < now - SKEW_MAX {
        let what =
            format!("Signature expired: {date} is now earlier than {} ({} - 5 min.)", text(now - SKEW_MAX), text(now));
        return Err(Refusal::signature_does_not_match(&what));
    }
    if then > now + SKEW_MAX {
        let what = format!(
            "Signature not yet current: {date} is still later than {} ({} + 5 min.)",
            text(now + SKEW_MAX),
            text(now)
        );
        return Err(Refusal::signature_does_not_match(&what));
    }
    Ok(())
}

fn canonical_request(request: &Parts, signed_headers: &[&str], body_hash: &str) -> String {
    // Outside of S3 the path as it was sent is escaped once more.
    let path = percent_encode(request.uri.path().as_bytes(), RESERVED_IN_PATH);
    let query = canonical_query(request.uri.query().unwrap_or_default());
    let mut headers = String::new();
    for name in signed_headers {
        headers.extend([name, ":", &canonical_value(request, name), "\n"]);
    }
    format!("{}\n{path}\n{query}\n{headers}\n{}\n{body_hash}", request.method, signed_headers.join(";"))
}

fn canonical_query(query: &str) -> String {
    let again = |text: &str| {
        let bytes: Vec<u8> = percent_decode_str(text).collect();
        percent_encode(&bytes, RESERVED).to_string()
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (again(name), again(value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn canonical_value(request: &Parts, name: &str) -> String {
    let values =
        request.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let trimmed: Vec<String> = values.map(|value| value.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    trimmed.join(",")
}

fn sign(credential: &Credential, scope: &[&str], date: &str, canonical: &str) -> String {
    let hash = HEXLOWER.encode(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let text = format!("{ALGORITHM}\n{date}\n{}\n{hash}", scope.join("/"));
    let first = format!("AWS4{}", credential.secret).into_bytes();
    let key = scope.iter().fold(first, |key, part| keyed(&key, part));
    HEXLOWER.encode(&keyed(&key, &text))
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_clocks_that_are_off_by_five_minutes_and_no_more() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().expect("a time");
        for (date, refused) in [
            ("20261121T115500Z", None),
            ("20261121T120500Z", None),
            (
                "20261121T115459Z",
                Some(
                    "Signature expired: 20261121T115459Z is now earlier than 20261121T115500Z (20261121T120000Z - 5 min.)",
                ),
            ),
            (
                "20261121T120501Z",
                Some(
                    "Signature not yet current: 20261121T120501Z is still later than 20261121T120500Z (20261121T120000Z + 5 min.)",
                ),
            ),
        ] {
            assert_eq!(check_clock(date, now).err().map(|refusal| refusal.message).as_deref(), refused);
        }
        assert_eq!(check_clock("yesterday", now).expect_err("it is no date").code, "IncompleteSignature");
    }

    #[test]
    fn wants_the_host_and_every_header_of_aws_signed_in_order() {
        let request = http::Request::builder().header("host", "a").header("x-amz-date", "b").header("accept", "c");
        let (request, ()) = request.body(()).expect("a request").into_parts();
        for (signed, is_right) in [
            ("host;x-amz-date", true),
            ("accept;host;x-amz-date", true),
            ("host", false),
            ("x-amz-date", false),
            ("x-amz-date;host", false),
            ("host;missing;x-amz-date", false),
        ] {
            let header = format!("AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders={signed}, Signature=f");
            let authorization = Authorization::parse(&header).expect("it has every part");
            assert_eq!(authorization.check_signed_headers(&request).is_ok(), is_right, "{signed}");
        }
    }

    #[test]
    fn refuses_a_header_of_aws_that_came_on_the_way() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().expect("a time");
        let (date, scope) = ("20261121T120000Z", ["20261121", "us-east-1", "route53", "aws4_request"]);
        let credential = Credential { key_id: "a".to_owned(), secret: "b".to_owned(), session_token: None };
        let request = http::Request::get("/2013-04-01/hostedzone").header("host", "c").header("x-amz-date", date);
        let (mut request, ()) = request.body(()).expect("a request").into_parts();
        let hash = HEXLOWER.encode(digest::digest(&digest::SHA256, b"body").as_ref());
        let canonical = canonical_request(&request, &["host", "x-amz-date"], &hash);
        let signature = sign(&credential, &scope, date, &canonical);
        let scope = scope.join("/");
        let header = format!("{ALGORITHM} Credential=a/{scope}, SignedHeaders=host;x-amz-date, Signature={signature}");
        request.headers.insert("authorization", header.parse().expect("a header"));
        let credentials = [credential];
        assert_eq!(verify(&credentials, &request, b"body", now), Ok(&credentials[0]));
        assert!(verify(&credentials, &request, b"another", now).is_err());
        request.headers.insert("x-amz-more", http::HeaderValue::from_static("d"));
        assert!(verify(&credentials, &request, b"body", now).is_err());
    }

    /// The example of the IAM User Guide ("Elements of an AWS API request signature"), as AWS publishes its result.
    #[test]
    fn signs_as_the_published_example() {
        let credential = Credential {
            key_id: "AKIDEXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
        };
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let headers = "content-type:application/x-www-form-urlencoded; charset=utf-8\nhost:iam.amazonaws.com\nx-amz-date:20150830T123600Z\n";
        let canonical =
            format!("GET\n/\nAction=ListUsers&Version=2010-05-08\n{headers}\ncontent-type;host;x-amz-date\n{empty}");
        let signature =
            sign(&credential, &["20150830", "us-east-1", "iam", "aws4_request"], "20150830T123600Z", &canonical);
        assert_eq!(signature, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    }
}
