//! What an answer means, by what the caller can do about it. Pure.
//!
//! Statuses and codes are from Cloudflare's documentation and from what users of its clients report. One that is in none
//! of these lists is no success: for a write it counts as an unknown outcome, unless the status says that it was refused.

use std::time::Duration;

use dns_core::change::ChangeSet;
use dns_core::rrset::Rrset;
use dns_zone::SetKey;
use reqwest::StatusCode;
use serde::Deserialize;

use super::api::Place;
use super::record::TXT;
use crate::http_api::Answer;
use crate::http_api::keyed::Question;
use crate::mention;
use crate::port::{Permit, ProviderError};
use crate::said;

/// How long to wait if a 429 does not say. The limit's window is five minutes, and somewhere in it we are.
const RETRY_AFTER: Duration = Duration::from_mins(1);

/// The window of the limit: nothing has to wait longer.
const RETRY_AFTER_MAX: Duration = Duration::from_mins(5);

/// The token is wrong, or may not do this.
const DENIED: [u32; 6] = [1000, 6003, 9103, 9106, 9109, 10000];

/// There is no such zone for this token.
const NO_ZONE: [u32; 5] = [1001, 1003, 1049, 7000, 7003];

/// Something else stands there by now: a deleted id is gone; CNAME beside addresses, and the reverse; an identical record.
const CONFLICTS: [u32; 4] = [81044, 81053, 81054, 81058];

/// The zone has as many records as its plan allows.
const FULL: u32 = 81045;

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// It changes nothing.
    Read(&'a Place),
    /// A batch.
    Write { place: &'a Place, written: &'a [Suspect], permit: &'a Permit },
}

/// A record that a batch writes, as far as an error can be about it.
#[derive(Clone, Debug)]
pub(super) struct Suspect {
    rtype: String,
    is_proxied: bool,
    /// As people know it.
    record: String,
}

impl Suspect {
    /// A change set's records, and its fence.
    pub(super) fn of(change: &ChangeSet) -> Vec<Self> {
        let set = |set: &Rrset| Self {
            rtype: set.key().rtype().to_string(),
            is_proxied: set.is_proxied(),
            record: set.key().to_string(),
        };
        let fence = Self { rtype: TXT.to_owned(), is_proxied: false, record: change.fence_name.to_string() };
        change.creates.iter().map(set).chain([fence]).collect()
    }

    /// Sets of a zone, none of them proxied.
    pub(super) fn of_sets(keys: &[SetKey]) -> Vec<Self> {
        let set = |key: &SetKey| Self { rtype: key.rtype.to_string(), is_proxied: false, record: key.to_string() };
        keys.iter().map(set).collect()
    }

    /// Whether a fault can be about it.
    fn fits(&self, fault: &Fault) -> bool {
        match fault.code {
            9003 | 9004 => self.is_proxied,
            9005 => self.rtype == "A",
            9006 => self.rtype == "AAAA",
            9007 | 9039 => self.rtype == "CNAME",
            9012 | 9015 | 83011 => self.rtype == TXT,
            _ => false,
        }
    }
}

/// The part of every answer that says whether it is a success.
#[derive(Debug, Default, Deserialize)]
struct Verdict {
    success: bool,
    #[serde(default)]
    errors: Vec<Fault>,
}

#[derive(Clone, Debug, Deserialize)]
struct Fault {
    code: u32,
    #[serde(default)]
    message: String,
}

impl Asked<'_> {
    fn place(&self) -> &Place {
        match self {
            Self::Read(place) | Self::Write { place, .. } => place,
        }
    }
}

impl Question for Asked<'_> {
    fn permit(&self) -> Option<&Permit> {
        match self {
            Self::Read(_) => None,
            Self::Write { permit, .. } => Some(permit),
        }
    }

    fn judge(&self, answer: Answer, subject: &str) -> Result<Vec<u8>, ProviderError> {
        judge(self, answer, subject)
    }
}

/// The body of a success, or what went wrong.
fn judge(asked: &Asked<'_>, answer: Answer, subject: &str) -> Result<Vec<u8>, ProviderError> {
    let verdict: Option<Verdict> = serde_json::from_slice(&answer.body).ok();
    match verdict {
        Some(Verdict { success: true, .. }) if answer.status.is_success() => Ok(answer.body),
        _ if answer.status == StatusCode::TOO_MANY_REQUESTS => Err(throttled(&answer, subject)),
        // Whatever it says, a server that failed may have done it.
        _ if answer.status.is_server_error() || answer.status.is_success() => {
            Err(asked.unanswered(subject, format!("it answered {}", answer.quote())))
        }
        verdict => Err(refused(asked, &answer, &verdict.unwrap_or_default().errors, subject)),
    }
}

fn throttled(answer: &Answer, subject: &str) -> ProviderError {
    let retry_after = answer.retry_after.unwrap_or(RETRY_AFTER).min(RETRY_AFTER_MAX);
    let reason = "the limit of 1,200 requests in five minutes is reached by us or others (429)".to_owned();
    ProviderError::Throttled { subject: subject.to_owned(), reason, retry_after }
}

/// A 4xx, or a redirect: nothing was done.
fn refused(asked: &Asked<'_>, answer: &Answer, faults: &[Fault], subject: &str) -> ProviderError {
    let said = said(answer, faults);
    let has = |codes: &[u32]| faults.iter().any(|fault| codes.contains(&fault.code));
    let denied = |reason: String| ProviderError::Denied { subject: subject.to_owned(), reason };
    if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) || has(&DENIED) {
        return denied(format!("{said}: {}", token_hint(asked)));
    }
    if has(&[FULL]) {
        return denied(format!("{said}: zone {} is full; remove records or choose a larger plan", asked.place().zone));
    }
    if let Asked::Write { place, .. } = asked
        && has(&CONFLICTS)
    {
        return ProviderError::Conflict { zone: place.zone.to_string(), reason: said };
    }
    if answer.status == StatusCode::NOT_FOUND || has(&NO_ZONE) {
        let Place { zone, id } = asked.place();
        return denied(format!("{said}: there is no zone {zone} with id {id} for this token"));
    }
    match asked {
        Asked::Write { written, .. } if !faults.is_empty() => {
            ProviderError::Invalid { subject: subject.to_owned(), record: suspects(written, faults), reason: said }
        }
        Asked::Write { .. } if answer.status == StatusCode::REQUEST_TIMEOUT => asked.unanswered(subject, said),
        Asked::Read(_) | Asked::Write { .. } => {
            denied(format!("{said}: is the endpoint right, and what stands in front of it?"))
        }
    }
}

fn token_hint(asked: &Asked<'_>) -> String {
    let zone = &asked.place().zone;
    match asked {
        Asked::Read(_) => {
            format!("the token is wrong or expired, or lacks Zone Read and DNS Read for zone {zone}")
        }
        Asked::Write { .. } => format!("the token is wrong or expired, or lacks DNS Write for zone {zone}"),
    }
}

/// The API's own words, on one line.
fn said(answer: &Answer, faults: &[Fault]) -> String {
    if faults.is_empty() {
        return answer.quote();
    }
    let words = faults.iter().map(|fault| format!("{} ({})", fault.message.trim_end_matches('.'), fault.code));
    said::said(&words.collect::<Vec<_>>().join("; "))
}

/// The records that an error can be about: a batch says no more than its first error, and not whose it is.
fn suspects(written: &[Suspect], faults: &[Fault]) -> String {
    let of = |suspects: Vec<&Suspect>| suspects.iter().map(|one| one.record.clone()).collect::<Vec<_>>();
    let named = of(written.iter().filter(|one| faults.iter().any(|fault| one.fits(fault))).collect());
    mention::listed(&if named.is_empty() { of(written.iter().collect()) } else { named })
}

#[cfg(test)]
mod tests;
