//! Reading one side of a comparison: whole, or not at all; or a server says that nobody gets the whole zone from it.

use std::net::SocketAddr;

use dns_adapters::AdapterError;
use dns_provider::port::ProviderError;
use dns_provider::zones::NotPlain;
use dns_service::config::Config;
use dns_transfer::{AxfrStep, Client, Fault, Limits, TransferError};
use dns_zone::finding::Findings;
use dns_zone::{Owner, Zone};

use super::side::{Server, Side};
use crate::output::Output;
use crate::output::progress::Task;
use crate::place::place;
use crate::reading::telling;
use crate::source::{self, SourceError};

/// What one side came to.
pub(crate) enum Seen {
    /// All of it.
    Whole(Copy),
    /// The server lives, and gives no transfers.
    Refused(Refusal),
}

/// A zone as one side has it.
pub(crate) struct Copy {
    pub(crate) zone: Zone,
    /// What stands there and is no record set.
    pub(crate) not_plain: Vec<NotPlain>,
}

/// A server that refuses transfers.
pub(crate) struct Refusal {
    pub(crate) server: SocketAddr,
    /// What it said.
    pub(crate) reason: String,
}

/// A side that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// It says what no zone can.
    #[error("{side} cannot be taken as a zone\n{findings}")]
    Faults {
        /// Which.
        side: Side,
        /// All that is wrong.
        findings: Findings,
    },
    /// It is not there.
    #[error("{side} cannot be read")]
    File {
        /// Which.
        side: Side,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No adapter can be made for it.
    #[error("{side} cannot be asked")]
    Adapter {
        /// Which.
        side: Side,
        /// Why.
        #[source]
        source: AdapterError,
    },
    /// A provider did not tell all of it.
    #[error("{side} cannot be read whole")]
    Provider {
        /// Which.
        side: Side,
        /// Why.
        #[source]
        source: ProviderError,
    },
    /// The host has no address.
    #[error("{side} has no address")]
    Host {
        /// Which.
        side: Side,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A transfer failed.
    #[error("{side} cannot be read whole: {error}")]
    Transfer {
        /// Which.
        side: Side,
        /// Why; it tells its own cause.
        error: TransferError,
    },
}

/// Reads one side.
pub(crate) async fn read(
    side: &Side,
    zone: &Owner,
    config: Option<&Config>,
    output: &Output,
) -> Result<Seen, ReadError> {
    let of_file = |error| file_error(side, error);
    let read = match (side, config) {
        (Side::File(path), _) => source::zone_file(zone, path).await.map_err(of_file)?,
        (Side::OctoDns(path), _) => source::octodns_file(zone, path).await.map_err(of_file)?,
        (Side::Live(server), _) => return live(side, server, zone, output).await,
        (Side::Provider(name), Some(config)) => {
            let adapter = |source| ReadError::Adapter { side: side.clone(), source };
            let place = place(config, name).map_err(adapter)?;
            let listing = telling(&place, zone, output, place.holder.list(zone)).await;
            let listing = listing.map_err(|source| ReadError::Provider { side: side.clone(), source })?;
            return Ok(Seen::Whole(Copy { zone: listing.zone, not_plain: listing.not_plain }));
        }
        (Side::Provider(_), None) => unreachable!("invariant: a provider is taken only with a configuration"),
    };
    Ok(Seen::Whole(Copy { zone: read.zone, not_plain: read.not_plain }))
}

fn file_error(side: &Side, error: SourceError) -> ReadError {
    let side = side.clone();
    match error {
        SourceError::Faults { zone: _, findings } => ReadError::Faults { side, findings },
        SourceError::File { zone: _, file: _, source } => ReadError::File { side, source },
        SourceError::Nothing { zone: _ } => ReadError::File { side, source: std::io::ErrorKind::NotFound.into() },
        SourceError::Provider { zone: _, source } => ReadError::Provider { side, source },
    }
}

/// A transfer without any key. Of several addresses the first that can be connected to is the server.
async fn live(side: &Side, server: &Server, zone: &Owner, output: &Output) -> Result<Seen, ReadError> {
    let host = |source| ReadError::Host { side: side.clone(), source };
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host(server.to_string()).await.map_err(host)?.collect();
    let mut last = None;
    for address in addresses {
        match transfer(address, zone, output).await {
            Ok(zone) => return Ok(Seen::Whole(Copy { zone, not_plain: Vec::new() })),
            Err(error) if is_refusal(&error) => {
                return Ok(Seen::Refused(Refusal { server: address, reason: error.fault.to_string() }));
            }
            Err(error) if matches!(error.fault, Fault::Connect(_)) => last = Some(error),
            Err(error) => return Err(ReadError::Transfer { side: side.clone(), error }),
        }
    }
    Err(match last {
        Some(error) => ReadError::Transfer { side: side.clone(), error },
        None => host(std::io::ErrorKind::NotFound.into()),
    })
}

/// Some servers answer that they refuse, others hang up at once. One that breaks off later refuses nothing: its zone is not whole.
fn is_refusal(error: &TransferError) -> bool {
    error.records == 0 && matches!(error.fault, Fault::Rcode { .. } | Fault::Cut)
}

async fn transfer(server: SocketAddr, zone: &Owner, output: &Output) -> Result<Zone, TransferError> {
    let about = format!("reading {zone} from {server}");
    let progress = output.progress(Task { about, unit: "records", total: None });
    let mut axfr = Client::new(server, None, Limits::default()).start_axfr(zone).await?;
    loop {
        match axfr.step().await? {
            AxfrStep::More(more) => {
                progress.at(more.records());
                axfr = more;
            }
            AxfrStep::Whole(zone) => return Ok(zone),
        }
    }
}

#[cfg(test)]
mod tests {
    use dns_transfer::Operation;
    use domain::base::iana::Rcode;

    use super::*;

    #[test]
    fn a_server_refuses_only_before_the_first_record() {
        let with = |records, fault| {
            let zone = "example.test.".parse().expect("a name");
            is_refusal(&TransferError {
                operation: Operation::Axfr,
                server: ([127, 0, 0, 1], 53).into(),
                zone,
                records,
                fault,
            })
        };
        assert!(with(0, Fault::Rcode { rcode: Rcode::REFUSED }) && with(0, Fault::Cut));
        assert!(!with(3, Fault::Cut), "a transfer that was cut is no zone");
        assert!(!with(0, Fault::Idle(std::time::Duration::from_secs(1))), "silence says nothing");
    }
}
