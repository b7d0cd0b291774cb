//! Whole zones of primaries that take DNS UPDATE: read by transfer, with the keys that updates are signed with.

use async_trait::async_trait;
use dns_provider::port::ProviderError;
use dns_provider::rfc2136::WholeZone;
use dns_provider::zones::Listing;
use dns_transfer::tsig::{Algorithm, TsigFault, TsigKey};
use dns_transfer::{AxfrStep, Client, Fault, IxfrOutcome, TransferError};
use dns_zone::{Owner, SetChange, Zone, difference};

use crate::Came;

/// A primary that zones are transferred from (RFC 5936), with one key, or two while they are being exchanged.
pub struct Transfers {
    clients: Vec<Client>,
    came: Came,
}

impl Transfers {
    /// One client for each key; the first comes first.
    pub fn new(clients: Vec<Client>, came: Came) -> Self {
        Self { clients, came }
    }

    async fn transfer(&self, client: &Client, zone: &Owner) -> Result<Zone, TransferError> {
        let mut axfr = client.start_axfr(zone).await?;
        loop {
            let before = axfr.records();
            match axfr.step().await? {
                AxfrStep::More(more) => {
                    (self.came)(more.records() - before);
                    axfr = more;
                }
                AxfrStep::Whole(zone) => return Ok(zone),
            }
        }
    }
}

#[async_trait]
impl WholeZone for Transfers {
    async fn list(&self, zone: &Owner) -> Result<Listing, ProviderError> {
        let mut refused = None;
        for client in &self.clients {
            match self.transfer(client, zone).await {
                Ok(zone) => return Ok(Listing { zone, not_plain: Vec::new(), serial_stays: None }),
                Err(error) if is_of_the_key(&error.fault) => refused = Some(error),
                Err(error) => return Err(told(&error)),
            }
        }
        Err(keyless(refused))
    }

    /// A zone of millions of records need not come for that: its first message is signed as all of them are.
    async fn reach(&self, zone: &Owner) -> Result<(), ProviderError> {
        let mut refused = None;
        for client in &self.clients {
            match begin(client, zone).await {
                Ok(()) => return Ok(()),
                Err(error) if is_of_the_key(&error.fault) => refused = Some(error),
                Err(error) => return Err(told(&error)),
            }
        }
        Err(keyless(refused))
    }

    async fn refresh(&self, known: &mut Listing) -> Result<Vec<SetChange>, ProviderError> {
        let mut refused = None;
        for client in &self.clients {
            match follow(client, &mut known.zone).await {
                Ok(changes) => {
                    known.not_plain.clear();
                    return Ok(changes);
                }
                Err(error) if is_of_the_key(&error.fault) => refused = Some(error),
                Err(error) => return Err(told(&error)),
            }
        }
        Err(keyless(refused))
    }
}

/// Takes the first message of a transfer, and hangs up.
async fn begin(client: &Client, zone: &Owner) -> Result<(), TransferError> {
    client.start_axfr(zone).await?.step().await.map(drop)
}

/// What the last of the keys met.
fn keyless(refused: Option<TransferError>) -> ProviderError {
    told(&refused.expect("invariant: a validated provider has a key"))
}

/// Takes what has changed, or all if the server cannot tell. What it calls current under another serial is a zone that went
/// back, by a restored backup: of that there are no differences.
async fn follow(client: &Client, zone: &mut Zone) -> Result<Vec<SetChange>, TransferError> {
    let whole = match client.ixfr(zone).await {
        Ok(IxfrOutcome::Changed(changes)) => return Ok(changes),
        Ok(IxfrOutcome::Current(serial)) if zone.serial() == Some(serial) => return Ok(Vec::new()),
        Ok(IxfrOutcome::Whole(whole)) => whole,
        Ok(IxfrOutcome::Current(_)) => client.axfr(zone.apex()).await?,
        Err(error) if error.fault.is_worth_axfr() => client.axfr(zone.apex()).await?,
        Err(error) => return Err(error),
    };
    let changes = difference(zone, &whole);
    *zone = whole;
    Ok(changes)
}

/// Whether another key may do.
fn is_of_the_key(fault: &Fault) -> bool {
    matches!(fault, Fault::Tsig(TsigFault::BadKey { .. } | TsigFault::BadSig { .. }))
}

/// What a person can change is told apart from what may be better soon.
fn told(error: &TransferError) -> ProviderError {
    let (subject, reason) = (format!("server {}", error.server), error.to_string());
    match &error.fault {
        Fault::Rcode { .. } | Fault::Tsig(_) | Fault::TooMany { .. } => ProviderError::Denied { subject, reason },
        _ => ProviderError::Transient { subject, reason },
    }
}

/// An algorithm of updates as one of transfers.
pub(crate) fn key(name: Owner, algorithm: dns_service::config::provider::TsigAlgorithm, secret: &[u8]) -> TsigKey {
    use dns_service::config::provider::TsigAlgorithm;
    let algorithm = match algorithm {
        TsigAlgorithm::HmacSha256 => Algorithm::HmacSha256,
        TsigAlgorithm::HmacSha384 => Algorithm::HmacSha384,
        TsigAlgorithm::HmacSha512 => Algorithm::HmacSha512,
    };
    TsigKey::new(name, algorithm, secret)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dns_transfer::Operation;
    use domain::base::iana::Rcode;

    use super::*;

    fn error(fault: Fault) -> TransferError {
        let zone = "example.test.".parse().expect("a name");
        TransferError { operation: Operation::Axfr, server: ([127, 0, 0, 1], 53).into(), zone, records: 3, fault }
    }

    #[test]
    fn what_only_a_person_can_change_is_told_apart_from_what_may_pass() {
        let denied = told(&error(Fault::Rcode { rcode: Rcode::REFUSED }));
        assert!(matches!(&denied, ProviderError::Denied { .. }), "{denied}");
        assert!(denied.to_string().contains("example.test. from 127.0.0.1:53 failed after 3 records"), "{denied}");
        let passing = told(&error(Fault::Idle(Duration::from_secs(1))));
        assert!(matches!(passing, ProviderError::Transient { .. }), "{passing}");
    }

    #[test]
    fn another_key_is_tried_only_where_the_key_is_at_fault() {
        let key = || "flip-key.".to_owned();
        assert!(is_of_the_key(&Fault::Tsig(TsigFault::BadKey { key: key() })));
        assert!(is_of_the_key(&Fault::Tsig(TsigFault::BadSig { key: key() })));
        assert!(!is_of_the_key(&Fault::Tsig(TsigFault::BadTime { skew_secs: 900 })));
        assert!(!is_of_the_key(&Fault::Cut));
    }
}
