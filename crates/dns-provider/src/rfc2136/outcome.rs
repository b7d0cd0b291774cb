//! What a server's answer means: to an UPDATE, to a query of a read, and to a NOTIFY. Pure.
//!
//! An error's rcode counts first and its signature second, since servers that do not know the key cannot sign.
//! Success and a failed prerequisite are believed only when signed: a server that got so far knows the key.

use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::Name;
use hickory_proto::rr::rdata::tsig::TsigError;

use super::key::{Trust, Verified};
use crate::port::ProviderError;

/// The outcome of an UPDATE.
pub(super) fn of_update(
    subject: &str,
    zone: &Name,
    message: &Message,
    verified: &Verified,
) -> Result<(), ProviderError> {
    let rcode = message.metadata.response_code;
    let zone = zone.to_string();
    let unknown = |reason: String| ProviderError::OutcomeUnknown { subject: subject.to_owned(), reason };
    let denied = |reason: String| ProviderError::Denied { subject: subject.to_owned(), reason };
    let invalid = |reason: String| ProviderError::Invalid {
        subject: subject.to_owned(),
        record: format!("the update of {zone}"),
        reason,
    };
    if message.metadata.op_code != OpCode::Update {
        return Err(unknown("it answers another operation".to_owned()));
    }
    match rcode {
        ResponseCode::NoError => believed(verified, "NOERROR").map_err(unknown),
        ResponseCode::YXDomain | ResponseCode::NXDomain | ResponseCode::YXRRSet | ResponseCode::NXRRSet => {
            let (code, reason) = failed_prerequisite(rcode);
            believed(verified, code).map_err(unknown)?;
            Err(ProviderError::Conflict { zone, reason: format!("{reason}, {code}") })
        }
        ResponseCode::Refused => Err(denied(refused(&zone, &verified.trust))),
        ResponseCode::NotAuth => Err(denied(not_auth(&zone, message, verified))),
        ResponseCode::NotImp => Err(denied("it does not take DNS UPDATE (NOTIMP)".to_owned())),
        ResponseCode::NotZone => Err(invalid("a name is outside the zone as the server has it (NOTZONE)".to_owned())),
        ResponseCode::FormErr => Err(invalid("the server does not understand it (FORMERR)".to_owned())),
        // SERVFAIL included: a server may fail after it has stored the change.
        other => Err(unknown(format!("it answered {other}, which does not say whether the write happened"))),
    }
}

/// Why the answer to a query of a read cannot be read.
#[derive(Debug)]
pub(super) enum QueryError {
    /// It may be for the key, so another one may do: the reason.
    Key(String),
    /// Whatever the key.
    Other(ProviderError),
}

impl From<ProviderError> for QueryError {
    fn from(error: ProviderError) -> Self {
        Self::Other(error)
    }
}

/// Whether a refusal may be for the key: it says so, or the server could not sign it, as `PowerDNS` never does then. A
/// wrong clock looks the same there.
pub(super) fn may_be_for_the_key(message: &Message, verified: &Verified) -> bool {
    let refused = matches!(message.metadata.response_code, ResponseCode::NotAuth | ResponseCode::Refused);
    match message.signature().and_then(|record| record.data.error) {
        Some(error) => refused && matches!(error, TsigError::BadKey | TsigError::BadSig),
        None => refused && verified.trust != Trust::Signed,
    }
}

/// Whether the answer to a query of a read can be read.
pub(super) fn of_query(
    subject: &str,
    zone: &Name,
    name: &Name,
    message: &Message,
    verified: &Verified,
) -> Result<(), QueryError> {
    let unreachable = |reason: String| ProviderError::Transient { subject: subject.to_owned(), reason };
    let denied = |reason: String| ProviderError::Denied { subject: subject.to_owned(), reason };
    if let Some(reason) = denial(zone, name, message, verified) {
        let for_key = may_be_for_the_key(message, verified);
        return Err(if for_key { QueryError::Key(reason) } else { denied(reason).into() });
    }
    if message.metadata.response_code == ResponseCode::ServFail {
        let reason = format!("it cannot answer for {name} now (SERVFAIL): is zone {zone} loaded?");
        return Err(unreachable(reason).into());
    }
    believed(verified, "an answer").map_err(unreachable)?;
    if message.metadata.truncation {
        return Err(unreachable(format!("its answer for {name} is truncated over TCP")).into());
    }
    if !message.metadata.authoritative {
        let reason = format!("it is not authoritative for {name}: does zone {zone} delegate it away?");
        return Err(denied(reason).into());
    }
    Ok(())
}

/// Why it does not answer a query and will not answer it later.
fn denial(zone: &Name, name: &Name, message: &Message, verified: &Verified) -> Option<String> {
    match message.metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain | ResponseCode::ServFail => None,
        ResponseCode::NotAuth => Some(not_auth(&zone.to_string(), message, verified)),
        ResponseCode::Refused => {
            Some(format!("it does not answer for {name} (REFUSED): is zone {zone} configured there?"))
        }
        other => Some(format!("it does not take a signed query for {name} ({other})")),
    }
}

/// Whether a secondary takes a NOTIFY; if not, what it said. No signature is asked for: nothing follows from success.
pub(super) fn of_notify(zone: &Name, message: &Message, verified: &Verified) -> Result<(), String> {
    match message.metadata.response_code {
        ResponseCode::NoError => Ok(()),
        ResponseCode::NotAuth => Err(not_auth(&zone.to_string(), message, verified)),
        ResponseCode::Refused => Err("REFUSED: allow NOTIFY with our TSIG key there (BIND: `allow-notify`; Knot: \
             an `acl` with `action: notify`), or from our address (PowerDNS: `trusted-notification-proxy`)"
            .to_owned()),
        ResponseCode::NotImp => Err("it does not take NOTIFY (NOTIMP)".to_owned()),
        other => Err(format!("it answered {other}")),
    }
}

fn believed(verified: &Verified, what: &str) -> Result<(), String> {
    match &verified.trust {
        Trust::Signed => Ok(()),
        Trust::Unsigned { reason } => {
            Err(format!("it answered {what}, but {reason}: something between us and the server may have made it"))
        }
    }
}

fn failed_prerequisite(rcode: ResponseCode) -> (&'static str, &'static str) {
    match rcode {
        ResponseCode::NXRRSet => ("NXRRSET", "the fence or a record has changed or is gone"),
        ResponseCode::YXRRSet => ("YXRRSET", "there is a fence or a record that was not there"),
        ResponseCode::YXDomain => ("YXDOMAIN", "there is a name that was not there"),
        _ => ("NXDOMAIN", "a name is gone"),
    }
}

fn refused(zone: &str, trust: &Trust) -> String {
    match trust {
        Trust::Signed => format!(
            "zone {zone} is frozen, the key may not update these names there, or the server does not take what they would \
             hold, as BIND does with an MX whose host has no address in the zone (check-integrity) and with a name that is \
             no host name (check-names): its log says which (REFUSED)"
        ),
        Trust::Unsigned { .. } => format!(
            "REFUSED, unsigned: zone {zone} is frozen, the key is not allowed to update it, or, if this is \
             PowerDNS, the key's name, secret or algorithm is wrong or the clocks differ"
        ),
    }
}

/// RFC 8945 §5.2, and RFC 2136 §3.1.1 without a TSIG error.
fn not_auth(zone: &str, message: &Message, verified: &Verified) -> String {
    let tsig = message.signature().map(|record| &record.data);
    match tsig.and_then(|tsig| tsig.error.map(|error| (tsig, error))) {
        Some((_, TsigError::BadKey)) => {
            "it does not know the TSIG key, or no rule of its lets the key do this (BADKEY): check the key's name, algorithm and rights there".to_owned()
        }
        Some((_, TsigError::BadSig)) => {
            "the TSIG signature is wrong (BADSIG): the secret or the algorithm differs from the server's".to_owned()
        }
        Some((tsig, TsigError::BadTime)) => {
            let theirs = server_time(&tsig.other).unwrap_or(tsig.time);
            bad_time(verified.signed_at_secs, theirs)
        }
        Some((_, TsigError::BadTrunc)) => "it wants a longer TSIG signature (BADTRUNC)".to_owned(),
        Some((_, TsigError::Unknown(code))) => format!("TSIG error {code}"),
        None if verified.trust == Trust::Signed => format!("it is not authoritative for zone {zone} (NOTAUTH)"),
        None => format!(
            "NOTAUTH, unsigned: it is not authoritative for zone {zone}, or, if this is PowerDNS, the key's name, \
             secret or algorithm is wrong or the clocks differ"
        ),
    }
}

/// The server's time in other data: 48 bits of seconds (RFC 8945 §5.2.3).
fn server_time(other: &[u8]) -> Option<u64> {
    let bytes: [u8; 6] = other.try_into().ok()?;
    Some(bytes.iter().fold(0, |time, byte| (time << 8) | u64::from(*byte)))
}

fn bad_time(ours: u64, theirs: u64) -> String {
    let skew = ours.abs_diff(theirs);
    let side = if theirs >= ours { "ahead of" } else { "behind" };
    format!(
        "its clock is {skew} s {side} the time of the signature (BADTIME): the message was held up that long, or the \
         clocks differ"
    )
}

#[cfg(test)]
mod tests;
