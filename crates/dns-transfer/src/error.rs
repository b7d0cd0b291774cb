//! Why a zone did not come: which server, which zone, after how many records, and what was wrong.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use dns_zone::{Owner, RdataError, Rtype, Serial, ZoneError};
use domain::base::iana::{Class, Rcode};

use crate::delta::DeltaError;
use crate::tsig::TsigFault;

/// What was asked of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The whole zone.
    Axfr,
    /// What has changed since.
    Ixfr,
    /// Its SOA.
    Soa,
}

impl Operation {
    /// The type of the question.
    pub(crate) fn qtype(self) -> Rtype {
        match self {
            Self::Axfr => Rtype::AXFR,
            Self::Ixfr => Rtype::IXFR,
            Self::Soa => Rtype::SOA,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Axfr => "AXFR",
            Self::Ixfr => "IXFR",
            Self::Soa => "the SOA query",
        })
    }
}

/// Something asked of a server that did not end well. Nothing of what came may be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation} of zone {zone} from {server} failed after {records} records: {fault}")]
pub struct TransferError {
    /// What was asked.
    pub operation: Operation,
    /// Whom.
    pub server: SocketAddr,
    /// Of which zone.
    pub zone: Owner,
    /// How many records had come before.
    pub records: usize,
    /// What was wrong.
    #[source]
    pub fault: Fault,
}

/// What was wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing was sent.
    #[error("no connection: {0}")]
    Connect(String),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The server closed the connection before the end.
    #[error("the server closed the connection before the end")]
    Cut,
    /// It fell silent.
    #[error("nothing came within {} ms", .0.as_millis())]
    Idle(Duration),
    /// The whole took too long.
    #[error("it was not whole within {} s", .0.as_secs())]
    TooLong(Duration),
    /// There are more records than the bound allows.
    #[error("there are more than {max} records, the most that are taken")]
    TooMany {
        /// The bound.
        max: usize,
    },
    /// The server refuses.
    #[error("the server answered {rcode}{}", advice(*.rcode))]
    Rcode {
        /// What it answered.
        rcode: Rcode,
    },
    /// The signature is wrong, or the server says that ours is.
    #[error(transparent)]
    Tsig(#[from] TsigFault),
    /// A message with another id.
    #[error("a message came with id {came} instead of {asked}")]
    OtherId {
        /// The query's.
        asked: u16,
        /// The answer's.
        came: u16,
    },
    /// A message that answers another question, or none.
    #[error("a message came that answers another question: {0}")]
    OtherQuestion(String),
    /// A message that cannot be read.
    #[error("a message cannot be read: {0}")]
    Malformed(String),
    /// A message without records, where some have to be.
    #[error("a message came without records")]
    EmptyMessage,
    /// The first record is no SOA of the zone.
    #[error("it begins with {0} instead of the zone's SOA")]
    NoSoaFirst(String),
    /// First and last SOA differ.
    #[error(
        "it began with SOA serial {first} and has another SOA, of {owner} with serial {other}: the zone changed meanwhile, or is broken"
    )]
    OtherSoa {
        /// The first one's serial.
        first: Serial,
        /// The other one's name.
        owner: Owner,
        /// The other one's serial.
        other: Serial,
    },
    /// Records after the SOA that ends it.
    #[error("records follow the SOA that ends it")]
    AfterEnd,
    /// SOA and SOA with nothing between.
    #[error("the zone has nothing but an SOA")]
    EmptyZone,
    /// A record of another class than IN.
    #[error("{owner} {rtype} is of class {class}")]
    OtherClass {
        /// Its name.
        owner: Owner,
        /// Its type.
        rtype: Rtype,
        /// Its class.
        class: Class,
    },
    /// Record data that is not what its type demands.
    #[error("{owner}: {error}")]
    Rdata {
        /// The name.
        owner: Owner,
        /// What is wrong.
        error: RdataError,
    },
    /// A record that cannot stand in the zone.
    #[error(transparent)]
    Zone(#[from] ZoneError),
    /// Difference sequences that do not follow one another (RFC 1995 §4).
    #[error("the differences do not follow one another: {0}")]
    Sequence(String),
    /// Differences that do not fit the zone as it is here.
    #[error(transparent)]
    Delta(#[from] DeltaError),
    /// There is nothing that a difference could be asked for.
    #[error("the zone here has no SOA: transfer all of it")]
    NothingKnown,
}

/// What to look at.
fn advice(rcode: Rcode) -> &'static str {
    match rcode {
        Rcode::REFUSED => ": it serves no such zone, or lets this address or key not transfer it",
        Rcode::NOTAUTH => ": it is not authoritative for the zone, or lets this key not transfer it",
        Rcode::NOTIMP | Rcode::FORMERR => ": it does not know this kind of transfer",
        Rcode::SERVFAIL => ": the zone is not loaded there",
        _ => "",
    }
}

impl Fault {
    /// Whether the whole zone may still come where its differences did not: the server answered and is who it should be, and
    /// what it said cannot be used, or it knows no differences.
    pub fn is_worth_axfr(&self) -> bool {
        match self {
            Self::Rcode { rcode } => {
                matches!(*rcode, Rcode::NOTIMP | Rcode::FORMERR | Rcode::SERVFAIL | Rcode::REFUSED)
            }
            Self::Malformed(_)
            | Self::EmptyMessage
            | Self::NoSoaFirst(_)
            | Self::OtherSoa { .. }
            | Self::OtherQuestion(_)
            | Self::AfterEnd
            | Self::EmptyZone
            | Self::OtherClass { .. }
            | Self::Rdata { .. }
            | Self::Zone(_)
            | Self::Sequence(_)
            | Self::Delta(_)
            | Self::Cut
            | Self::NothingKnown => true,
            Self::Connect(_)
            | Self::Broken(_)
            | Self::Idle(_)
            | Self::TooLong(_)
            | Self::TooMany { .. }
            | Self::Tsig(_)
            | Self::OtherId { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_operation_zone_server_and_how_far_it_came() {
        let error = TransferError {
            operation: Operation::Axfr,
            server: "192.0.2.1:53".parse().expect("an address"),
            zone: "example.test".parse().expect("a name"),
            records: 42,
            fault: Fault::Cut,
        };
        let said = "AXFR of zone example.test. from 192.0.2.1:53 failed after 42 records: \
                    the server closed the connection before the end";
        assert_eq!(error.to_string(), said);
    }

    #[test]
    fn what_the_server_proves_wrong_about_itself_is_not_tried_again_as_a_whole() {
        assert!(Fault::Rcode { rcode: Rcode::NOTIMP }.is_worth_axfr());
        assert!(!Fault::Rcode { rcode: Rcode::NOTAUTH }.is_worth_axfr());
        assert!(!Fault::Tsig(TsigFault::Wrong { message: 1 }).is_worth_axfr());
    }
}
