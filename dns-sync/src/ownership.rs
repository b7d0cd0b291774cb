//! `ownership`: who owns what in a zone at a target, and how that is changed.
//!
//! All claims stand in one record set. Each order is one conditional change of it: it requires the set as it was read, so of two
//! orders at once one is told that the other came first. Nothing is retried then, since what is claimed by now is another
//! matter. Without an answer the zone is read, as with every write.
//!
//! Only what says who holds what is read, however large the zone is, and from where writes are checked. Plans read it there, too:
//! so nobody waits until secondaries serve it.

mod order;
mod report;
mod writing;

use dns_core::identifier::ProviderName;
use dns_provider::port::ProviderError;
use dns_provider::zones::Listing;
use dns_service::config::Config;
use dns_service::exit::{Exit, Failure};
use dns_zone::{Manifest, ManifestError, Owner, Zone};

use self::order::Order;
use self::report::Report;
use crate::arguments::ownership::{At, OwnershipArgs, OwnershipVerb, ShowArgs, ShowFormat, TransferArgs};
use crate::output::Output;
use crate::place::{Place, Places};
use crate::reading::telling;

/// Why claims cannot be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnreadClaims {
    /// The target does not answer.
    #[error("who owns what in {zone} at `{target}` cannot be read")]
    Provider {
        /// The zone.
        zone: Owner,
        /// The target.
        target: ProviderName,
        /// Why.
        #[source]
        source: ProviderError,
    },
    /// No record set stands where the manifest should.
    #[error("the ownership manifest of {zone} at `{target}` is no plain record set ({reason}); mend it by hand")]
    NotPlain {
        /// The zone.
        zone: Owner,
        /// The target.
        target: ProviderName,
        /// What it is.
        reason: String,
    },
    /// It says what nobody knows.
    #[error("the ownership manifest at `{target}` cannot be used")]
    Manifest {
        /// The target.
        target: ProviderName,
        /// Why.
        #[source]
        source: ManifestError,
    },
}

impl UnreadClaims {
    fn into_failure(self) -> Failure {
        let exit = match &self {
            Self::Provider { .. } => Exit::Unreachable,
            Self::NotPlain { .. } | Self::Manifest { .. } => Exit::Refused,
        };
        Failure::new(exit, self)
    }
}

/// A manifest as it stands at a target.
pub(crate) struct Claims {
    /// The zone, of which no more need have been read.
    zone: Zone,
    manifest: Manifest,
}

/// `dns-sync ownership`.
pub(crate) async fn command(config: &Config, args: &OwnershipArgs, output: &Output) -> Result<Exit, Failure> {
    let (at, order, yes) = match &args.verb {
        OwnershipVerb::Show(show) => return self::show(config, show, output).await,
        OwnershipVerb::Claim(claim) => (&claim.at, Order::claim(&config.installation, claim), true),
        OwnershipVerb::Release(claim) => (&claim.at, Order::release(&config.installation, claim), true),
        OwnershipVerb::Transfer(transfer) => {
            (&transfer.at, Order::transfer(&config.installation, transfer), is_ours_to_give(config, transfer))
        }
    };
    let order = order.map_err(|reason| Failure::new(Exit::Usage, reason))?;
    let places = Places::new(config)?;
    let target = place(&places, at)?;
    writing::carry_out(&target, at, &order, yes, output).await
}

/// Whether nobody has to be asked: who gives away what is its own knows what it does.
fn is_ours_to_give(config: &Config, TransferArgs { from, yes, .. }: &TransferArgs) -> bool {
    *yes || from.as_ref().is_none_or(|from| *from == config.installation)
}

/// The one target that is meant.
fn place(places: &Places<'_>, At { zone, target, .. }: &At) -> Result<Place, Failure> {
    let selection = crate::arguments::Selection { zones: vec![zone.clone()], targets: vec![target.clone()] };
    let targets = places.jobs(&selection)?.into_iter().flat_map(|job| job.targets);
    Ok(targets.last().expect("invariant: a job has a target, and there is no selection without a job"))
}

async fn show(config: &Config, args: &ShowArgs, output: &Output) -> Result<Exit, Failure> {
    let places = Places::new(config)?;
    let mut reports = Vec::new();
    for job in places.jobs(&args.selection)? {
        for target in &job.targets {
            let Claims { manifest, .. } = read(target, &job.zone, output).await.map_err(UnreadClaims::into_failure)?;
            reports.push(Report::new(&job.zone, &target.name, &manifest, &config.installation));
        }
    }
    match args.output {
        ShowFormat::Text => {
            let lines: Vec<_> = reports.iter().flat_map(Report::lines).collect();
            output.lines(&lines)?;
        }
        ShowFormat::Json => output.answer(&serde_json::to_string_pretty(&reports)?)?,
    }
    Ok(Exit::Done)
}

/// Reads the manifest of a zone at a target.
async fn read(target: &Place, zone: &Owner, output: &Output) -> Result<Claims, UnreadClaims> {
    let mut listing = Listing { zone: Zone::new(zone.clone()), not_plain: Vec::new(), serial_stays: None };
    let read = telling(target, zone, output, target.holder.refresh(&mut listing)).await;
    read.map_err(|source| UnreadClaims::Provider { zone: zone.clone(), target: target.name.clone(), source })?;
    let key = Manifest::key_in(zone);
    let odd = listing.not_plain.iter().find(|one| key.as_ref().is_some_and(|key| key.owner == one.owner));
    if let Some(odd) = odd {
        let reason = format!("{}: {}", odd.rtype, odd.reason);
        return Err(UnreadClaims::NotPlain { zone: zone.clone(), target: target.name.clone(), reason });
    }
    let manifest = Manifest::read(&listing.zone);
    let manifest = manifest.map_err(|source| UnreadClaims::Manifest { target: target.name.clone(), source })?;
    Ok(Claims { zone: listing.zone, manifest })
}
