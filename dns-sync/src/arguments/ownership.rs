//! Arguments of `ownership`.

use clap::{Args, Subcommand, ValueEnum};
use dns_core::identifier::{Installation, ProviderName};
use dns_zone::{Owner, Part, Rtype};

use super::Selection;

/// Arguments of `ownership`.
#[derive(Debug, Args)]
pub(crate) struct OwnershipArgs {
    #[command(subcommand)]
    pub(crate) verb: OwnershipVerb,
}

/// What to do with a zone's claims.
#[derive(Debug, Subcommand)]
pub(crate) enum OwnershipVerb {
    /// Show which installation claims what
    Show(ShowArgs),
    /// Claim a part of a zone for the configuration's own installation
    Claim(ClaimArgs),
    /// Give up a claim of the configuration's own installation
    Release(ClaimArgs),
    /// Give all claims of one installation to another, in one change
    Transfer(TransferArgs),
}

/// Arguments of `ownership show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,

    /// How it is shown
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: ShowFormat,
}

/// How claims are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// The one manifest that is changed.
#[derive(Debug, Args)]
pub(crate) struct At {
    /// The zone
    #[arg(long, value_name = "ZONE")]
    pub(crate) zone: Owner,

    /// The target, a provider's name
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) target: ProviderName,

    /// Show what would change, and write nothing
    #[arg(long)]
    pub(crate) preview: bool,
}

/// Arguments of `ownership claim` and `ownership release`.
#[derive(Debug, Args)]
pub(crate) struct ClaimArgs {
    #[command(flatten)]
    pub(crate) at: At,

    #[command(flatten)]
    pub(crate) extent: ExtentArgs,

    /// Only these types, as in `A,AAAA`; all by default
    #[arg(long, value_name = "TYPES", value_delimiter = ',', value_parser = rtype)]
    pub(crate) types: Vec<Rtype>,

    /// Only a part of each record set: `ttl`, `values`, or `value:BEGINNING`, the values of a TXT set whose text begins so
    #[arg(long, value_name = "PART")]
    pub(crate) part: Option<Part>,
}

/// How far a claim reaches.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ExtentArgs {
    /// The whole zone
    #[arg(long)]
    pub(crate) all: bool,

    /// A name of the zone and all below it: `dev`, `dev.example.com.`, or `@` for the zone itself
    #[arg(long, value_name = "NAME")]
    pub(crate) below: Option<String>,

    /// One name of the zone
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// Arguments of `ownership transfer`.
#[derive(Debug, Args)]
pub(crate) struct TransferArgs {
    #[command(flatten)]
    pub(crate) at: At,

    /// The installation that gets the claims
    #[arg(long, value_name = "INSTALLATION")]
    pub(crate) to: Installation,

    /// The installation that they are taken from; by default the configuration's own
    #[arg(long, value_name = "INSTALLATION")]
    pub(crate) from: Option<Installation>,

    /// Take from another installation without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

fn rtype(text: &str) -> Result<Rtype, String> {
    text.parse().map_err(|_| format!("`{text}` is no type of records"))
}
