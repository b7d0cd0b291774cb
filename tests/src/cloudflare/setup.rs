//! What an account holds when it starts, and the limits that its zones' plans bring.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::record::NewRecord;

/// The token of [`Setup::with_zone`], which may do everything.
pub const TOKEN: &str = "fake-cloudflare-token-0123456789-abcdefghijkl";

/// What the edge in front of the API takes as a body ("Error 413"): 100 MB on every plan that is not Enterprise.
const BODY_OCTETS_MAX: usize = 100_000_000;

/// An account.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Its zones.
    pub zones: Vec<ZoneSetup>,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// How many requests each token may make.
    pub rate: Rate,
    /// The largest body of a request; one above it is answered with 413 by the edge.
    pub body_octets_max: usize,
}

impl Setup {
    /// An account with one zone and [`TOKEN`], under the service's own limits.
    pub fn with_zone(zone: ZoneSetup) -> Self {
        let tokens = vec![Token::everything(TOKEN)];
        Self { zones: vec![zone], tokens, rate: Rate::REAL, body_octets_max: BODY_OCTETS_MAX }
    }
}

/// A zone.
#[derive(Clone, Debug)]
pub struct ZoneSetup {
    /// Its name, without a final dot.
    pub name: String,
    /// What it is on.
    pub plan: Plan,
    /// What it holds.
    pub records: Vec<NewRecord>,
}

impl ZoneSetup {
    /// An empty zone.
    pub fn new(name: &str, plan: Plan) -> Self {
        Self { name: name.to_owned(), plan, records: Vec::new() }
    }
}

/// What a zone is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Free.
    Free,
    /// Pro.
    Pro,
    /// Business.
    Business,
    /// Enterprise.
    Enterprise,
}

impl Plan {
    /// How many operations one batch may have ("Batch record changes").
    pub fn batch_operations_max(self) -> usize {
        match self {
            Self::Free => 200,
            Self::Pro | Self::Business | Self::Enterprise => 3_500,
        }
    }

    /// How many records a zone may have; a free one created since September 2024 has the same number as a batch.
    pub fn records_max(self) -> usize {
        match self {
            Self::Free => 200,
            Self::Pro | Self::Business => 3_500,
            // Negotiated; here large enough for every test of scale.
            Self::Enterprise => 200_000,
        }
    }

    /// The TTLs other than "automatic" ("Time to Live"), in seconds.
    pub fn ttl_secs(self) -> RangeInclusive<i64> {
        match self {
            Self::Free | Self::Pro | Self::Business => 60..=86_400,
            Self::Enterprise => 30..=86_400,
        }
    }

    pub(super) fn comment_characters_max(self) -> usize {
        match self {
            Self::Free => 100,
            Self::Pro | Self::Business | Self::Enterprise => 500,
        }
    }

    pub(super) fn tags_max(self) -> usize {
        match self {
            Self::Free => 0,
            Self::Pro | Self::Business | Self::Enterprise => 20,
        }
    }

    /// Its identifier, as those of everything else 32 digits.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Free => "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
            Self::Pro => "1feeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
            Self::Business => "2feeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
            Self::Enterprise => "3feeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
        }
    }

    /// What the API calls it for programs.
    pub(super) fn legacy_id(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Pro => "pro",
            Self::Business => "business",
            Self::Enterprise => "enterprise",
        }
    }

    /// What the API calls it for people.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Free => "Free Website",
            Self::Pro => "Pro Website",
            Self::Business => "Business Website",
            Self::Enterprise => "Enterprise Website",
        }
    }
}

/// An API token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What is sent as the bearer; the service takes none below 40 characters for one.
    pub secret: String,
    /// What it may do to DNS; every token may read zones.
    pub rights: Rights,
    /// In which zones.
    pub scope: Scope,
    /// Whether it still works.
    pub status: TokenStatus,
}

impl Token {
    /// One that may do everything.
    pub fn everything(secret: &str) -> Self {
        let secret = secret.to_owned();
        Self { secret, rights: Rights::Edit, scope: Scope::Account, status: TokenStatus::Active }
    }
}

/// What a token may do to DNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// "DNS Read".
    Read,
    /// "DNS Write", which includes reading.
    Edit,
}

/// Where a token is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In every zone of the account.
    Account,
    /// In the zones of these names.
    Zones(Vec<String>),
}

/// Whether a token works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenStatus {
    /// It does.
    Active,
    /// Someone switched it off.
    Disabled,
    /// Its time is over.
    Expired,
}

/// A limit on requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many within the window.
    pub requests: u32,
    /// From the first request on; the rest of it is refused once they are used up.
    pub window: Duration,
}

impl Rate {
    /// What the service has ("Rate limits").
    pub const REAL: Self = Self { requests: 1_200, window: Duration::from_mins(5) };
}
