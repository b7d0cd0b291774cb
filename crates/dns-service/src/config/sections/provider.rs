//! `providers:`: who serves the zones and how to write there.

mod api;
mod zone_files;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use dns_core::identifier::ProviderName;
use hickory_proto::rr::Name;

use super::top::Top;
use super::vantage::VantageDraft;
use super::{domain_name, observation, refuse_repeated, socket_address, socket_addresses};
use crate::config::provider::{
    ProviderConfig, ProviderKind, Rfc2136Config, TsigAlgorithm, TsigConfig, Verify, ZoneFilesConfig,
};
use crate::config::secret::{SecretKind, SecretUser};
use crate::config::suggestion;
use crate::config::tree::{Map, Spot, each, or_default};

/// One exchange with a primary: a far one answers in a tenth of that, and a flip must not wait longer for a dead one.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);
/// Foreign changes are seen within that time, at a cost of a few queries per service.
const READ_INTERVAL_DEFAULT: Duration = Duration::from_secs(10);
/// APIs count calls per account, so foreign changes there are seen within a minute.
const API_READ_INTERVAL_DEFAULT: Duration = Duration::from_mins(1);
/// More often than this would be load without use.
const READ_INTERVAL_MIN: Duration = Duration::from_millis(100);
/// Architecture §3: long enough for a slow primary, short enough that a stalled writer is refused.
const PERMIT_DEFAULT: Duration = Duration::from_secs(10);
/// The fudge that RFC 8945 §10 recommends is 300 s; a longer permit would protect nobody.
const PERMIT_MAX: Duration = Duration::from_mins(5);

/// The key in use and the one that replaces it.
const KEYS_MAX: usize = 2;

/// A provider as far as it could be read.
#[derive(Debug)]
pub(crate) struct ProviderDraft<'t> {
    pub(crate) spot: Spot<'t>,
    pub(crate) name: ProviderName,
    pub(crate) holder: Holder,
}

/// What holds a provider's zones.
#[derive(Debug)]
pub(crate) enum Holder {
    /// A server or an API.
    Served {
        /// Its kind, even if the rest is faulty.
        kind: Option<KindName>,
        config: Option<Box<ProviderConfig>>,
    },
    /// A folder of files.
    Files(Option<ZoneFilesConfig>),
}

impl ProviderDraft<'_> {
    /// Its kind, if services can be moved there.
    pub(crate) fn kind(&self) -> Option<KindName> {
        match self.holder {
            Holder::Served { kind, .. } => kind,
            Holder::Files(_) => None,
        }
    }

    /// All of it, if services can be moved there and nothing is faulty.
    pub(crate) fn config(&self) -> Option<&ProviderConfig> {
        match &self.holder {
            Holder::Served { config, .. } => config.as_deref(),
            Holder::Files(_) => None,
        }
    }

    /// The zones that it lists, unless something is faulty.
    pub(crate) fn zones(&self) -> Option<Vec<&Name>> {
        match &self.holder {
            Holder::Served { config, .. } => config.as_deref().map(ProviderConfig::zones),
            Holder::Files(config) => config.as_ref().map(|config| config.zones.iter().collect()),
        }
    }
}

/// The kinds of providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KindName {
    Rfc2136,
    Route53,
    Cloudflare,
    PowerDns,
}

impl KindName {
    /// The key in the configuration.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Rfc2136 => "rfc2136",
            Self::Route53 => "route53",
            Self::Cloudflare => "cloudflare",
            Self::PowerDns => "powerdns",
        }
    }
}

/// Reads `providers`.
pub(crate) fn read<'t>(top: &Top<'t>, vantage: &[VantageDraft<'_>]) -> Vec<ProviderDraft<'t>> {
    let mut drafts = Vec::new();
    for (key, value) in top.entries("providers") {
        let holder = read_one(&value, vantage);
        let Some(name) = key.parse::<ProviderName>() else { continue };
        drafts.push(ProviderDraft { spot: key, name, holder });
    }
    refuse_repeated("provider", drafts.iter().map(|draft| (&draft.spot, &draft.name)));
    drafts
}

/// Reads a reference to a provider.
pub(crate) fn reference<'d>(spot: &Spot<'_>, drafts: &'d [ProviderDraft<'d>]) -> Option<&'d ProviderDraft<'d>> {
    let name: ProviderName = spot.parse()?;
    let found = drafts.iter().find(|draft| draft.name == name);
    if found.is_none() {
        let hint = suggestion::hint(name.as_str(), drafts.iter().map(|draft| draft.name.as_str()));
        spot.fault_with_hint(format!("there is no provider `{name}`"), hint);
    }
    found
}

/// Reads a reference of a service to a provider. Files serve nobody: there is no fence in them and no answer to wait for.
pub(crate) fn reference_of_service<'d>(
    spot: &Spot<'_>,
    drafts: &'d [ProviderDraft<'d>],
) -> Option<&'d ProviderDraft<'d>> {
    let found = reference(spot, drafts)?;
    if let Holder::Files(_) = found.holder {
        let message = format!("provider `{}` is a folder of zone files, which no service can be moved in", found.name);
        spot.fault_with_hint(message, "name the server that loads the files; `sync` may use the folder");
        return None;
    }
    Some(found)
}

/// Splits providers into those that services can be moved at and folders of zone files; nothing if one is faulty.
pub(crate) fn build(drafts: Vec<ProviderDraft<'_>>) -> Option<Providers> {
    let (mut served, mut files) = (BTreeMap::new(), BTreeMap::new());
    for ProviderDraft { spot: _, name, holder } in drafts {
        match holder {
            Holder::Served { kind: _, config } => drop(served.insert(name, *config?)),
            Holder::Files(config) => drop(files.insert(name, config?)),
        }
    }
    Some((served, files))
}

/// Servers and APIs, and folders of zone files.
type Providers = (BTreeMap<ProviderName, ProviderConfig>, BTreeMap<ProviderName, ZoneFilesConfig>);

/// What every kind of provider that serves has.
struct Timing {
    authoritative_servers: Vec<SocketAddr>,
    verify: Verify,
    timeout: Duration,
    read_interval: Duration,
    permit: Duration,
}

impl Timing {
    fn of_primary(map: &Map<'_>, vantage: &[VantageDraft<'_>]) -> Option<Self> {
        Self::read(map, vantage, READ_INTERVAL_DEFAULT)
    }

    fn of_api(map: &Map<'_>, vantage: &[VantageDraft<'_>]) -> Option<Self> {
        Self::read(map, vantage, API_READ_INTERVAL_DEFAULT)
    }

    fn read(map: &Map<'_>, vantage: &[VantageDraft<'_>], read_every: Duration) -> Option<Self> {
        let authoritative_servers =
            or_default(map.optional("authoritativeServers"), Vec::new(), |spot| socket_addresses(&spot));
        let timeout = or_default(map.optional("timeout"), TIMEOUT_DEFAULT, |spot| spot.positive_duration());
        let read_interval = or_default(map.optional("readInterval"), read_every, |spot| read_interval(&spot));
        let permit = or_default(map.optional("permit"), PERMIT_DEFAULT, |spot| permit(&spot));
        let verify = observation::read_verify(map, authoritative_servers.as_deref(), vantage);
        Some(Self {
            authoritative_servers: authoritative_servers?,
            verify: verify?,
            timeout: timeout?,
            read_interval: read_interval?,
            permit: permit?,
        })
    }

    #[expect(clippy::unnecessary_wraps, reason = "it ends chains of `?` over what could not be read")]
    fn provider(self, kind: ProviderKind) -> Option<ProviderConfig> {
        let Self { authoritative_servers, verify, timeout, read_interval, permit } = self;
        Some(ProviderConfig { kind, authoritative_servers, verify, timeout, read_interval, permit })
    }
}

fn read_one(spot: &Spot<'_>, vantage: &[VantageDraft<'_>]) -> Holder {
    type Read = fn(&Spot<'_>, &[VantageDraft<'_>]) -> Holder;
    const KINDS: [(&str, Read); 5] = [
        ("rfc2136", |spot, vantage| served(KindName::Rfc2136, read_rfc2136(spot, vantage))),
        ("route53", |spot, vantage| served(KindName::Route53, api::route53(spot, vantage))),
        ("cloudflare", |spot, vantage| served(KindName::Cloudflare, api::cloudflare(spot, vantage))),
        ("powerdns", |spot, vantage| served(KindName::PowerDns, api::powerdns(spot, vantage))),
        ("zoneFiles", |spot, _| Holder::Files(zone_files::read(spot))),
    ];
    const UNKNOWN: Holder = Holder::Served { kind: None, config: None };
    let Some(map) = spot.map(&["rfc2136", "route53", "cloudflare", "powerdns", "zoneFiles"]) else { return UNKNOWN };
    let given = |(kind, read): (&str, Read)| Some((map.optional(kind)?, read));
    let given: Vec<_> = KINDS.into_iter().filter_map(given).collect();
    // Each is read, so that all faults are told.
    let mut read: Vec<Holder> = given.iter().map(|(spot, read)| read(spot, vantage)).collect();
    match given.as_slice() {
        [_] => read.pop().unwrap_or(UNKNOWN),
        [] => {
            let kinds = KINDS.map(|(kind, _)| kind).join(", ");
            let hint = format!("one of {kinds}, such as `rfc2136: {{ server: …, zones: […], tsig: … }}`");
            spot.fault_with_hint("says no kind of provider", hint);
            UNKNOWN
        }
        [_, (second, _), ..] => {
            second.fault_with_hint("is a second kind of the same provider", "make two providers of it");
            UNKNOWN
        }
    }
}

fn served(kind: KindName, config: Option<ProviderConfig>) -> Holder {
    Holder::Served { kind: Some(kind), config: config.map(Box::new) }
}

fn read_rfc2136(spot: &Spot<'_>, vantage: &[VantageDraft<'_>]) -> Option<ProviderConfig> {
    let map = spot.map(&[
        "server",
        "zones",
        "authoritativeServers",
        "notify",
        "tsig",
        "timeout",
        "readInterval",
        "permit",
        "verify",
        "verifyFrom",
    ])?;
    let server = map.required("server").and_then(|spot| socket_address(&spot));
    let zones = map.required("zones").and_then(|spot| zones(&spot));
    let notify = or_default(map.optional("notify"), Vec::new(), |spot| notify(&spot, server));
    let tsig = map.required("tsig").and_then(|spot| tsig_keys(&spot));
    let timing = Timing::of_primary(&map, vantage);
    let kind = Rfc2136Config { server: server?, zones: zones?, notify: notify?, tsig: tsig? };
    timing?.provider(ProviderKind::Rfc2136(kind))
}

fn zones(spot: &Spot<'_>) -> Option<Vec<Name>> {
    let spots = spot.filled_list("zone")?;
    let zones = each(&spots, domain_name)?;
    refuse_repeated("zone", spots.iter().zip(&zones));
    Some(zones)
}

fn notify(spot: &Spot<'_>, primary: Option<SocketAddr>) -> Option<Vec<SocketAddr>> {
    let servers = socket_addresses(spot)?;
    if let Some(primary) = primary.filter(|primary| servers.contains(primary)) {
        let hint = "name the secondaries, which then ask the primary for the change";
        spot.fault_with_hint(format!("`{primary}` is the primary itself"), hint);
    }
    Some(servers)
}

fn read_interval(spot: &Spot<'_>) -> Option<Duration> {
    let length = spot.duration()?;
    if length < READ_INTERVAL_MIN {
        spot.fault(format!("must be at least {}", humantime::format_duration(READ_INTERVAL_MIN)));
        return None;
    }
    Some(length)
}

fn permit(spot: &Spot<'_>) -> Option<Duration> {
    let length = spot.duration()?;
    if length.subsec_nanos() != 0 || length.is_zero() || length > PERMIT_MAX {
        let hint = "it is the fudge of TSIG signatures (RFC 8945), which counts whole seconds";
        spot.fault_with_hint(format!("must be whole seconds, 1s to {}s", PERMIT_MAX.as_secs()), hint);
        return None;
    }
    Some(length)
}

/// One key, or a list of two while they are being exchanged.
fn tsig_keys(spot: &Spot<'_>) -> Option<Vec<TsigConfig>> {
    if spot.is_map() {
        return tsig(spot).map(|key| vec![key]);
    }
    let items = spot.filled_list("key")?;
    if items.len() > KEYS_MAX {
        let hint = "the old one and the new one; remove the old one when every server has the new one";
        spot.fault_with_hint(format!("has {} keys, {KEYS_MAX} at the most", items.len()), hint);
        return None;
    }
    each(&items, tsig)
}

fn tsig(spot: &Spot<'_>) -> Option<TsigConfig> {
    let map: Map<'_> = spot.map(&["name", "algorithm", "secretFile"])?;
    let name = map.required("name").and_then(|spot| domain_name(&spot));
    let algorithm = map.required("algorithm").and_then(|spot| {
        spot.choice(&[
            ("hmac-sha256", TsigAlgorithm::HmacSha256),
            ("hmac-sha384", TsigAlgorithm::HmacSha384),
            ("hmac-sha512", TsigAlgorithm::HmacSha512),
        ])
    });
    let secret_file =
        map.required("secretFile").and_then(|spot| spot.secret(SecretKind::Base64Line, SecretUser::Writers));
    Some(TsigConfig { name: name?, algorithm: algorithm?, secret_file: secret_file? })
}
