//! Providers that are written through an HTTP API: Route 53, Cloudflare and `PowerDNS`.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use hickory_proto::rr::Name;
use url::Url;

use crate::config::provider::{
    CallsConfig, CloudflareConfig, PowerDnsConfig, ProviderConfig, ProviderKind, Route53Config,
};
use crate::config::secret::{SecretKind, SecretUser};
use crate::config::sections::vantage::VantageDraft;
use crate::config::sections::{domain_name, refuse_repeated};
use crate::config::tree::{Map, Spot, or_default};

use super::{Timing, zones};

/// Route 53 limits an account to 5 requests a second (Developer Guide, "Quotas").
const ROUTE53_CALLS: CallsConfig =
    CallsConfig { period: Duration::from_millis(200), burst: NonZeroU32::new(5).expect("not zero") };

/// Cloudflare limits a token to 1,200 requests in five minutes: what a burst leaves, spread over them.
const CLOUDFLARE_CALLS: CallsConfig =
    CallsConfig { period: Duration::from_millis(300), burst: NonZeroU32::new(200).expect("not zero") };

/// Operations in one batch of Cloudflare's, by plan.
const BATCH_FREE: usize = 200;
const BATCH_PAID: usize = 3500;

/// Faster than any limit of a provider.
const RATE_MAX: u64 = 1000;

/// The longest id that a hosted zone of Route 53 has.
const ZONE_ID_BYTES_MAX: usize = 32;

/// Digits in the id of a zone at Cloudflare (API reference, "Zone Details": `maxLength: 32`).
const ZONE_TAG_DIGITS: usize = 32;

/// Reads `route53:`.
pub(super) fn route53(spot: &Spot<'_>, vantage: &[VantageDraft<'_>]) -> Option<ProviderConfig> {
    let map = spot.map(&[
        "zones",
        "endpointUrl",
        "requestsPerSecond",
        "burst",
        "authoritativeServers",
        "timeout",
        "readInterval",
        "permit",
        "verify",
        "verifyFrom",
    ])?;
    let zones = map.required("zones").and_then(|spot| zone_ids(&spot, is_hosted_zone_id, "id such as Z0123456789"));
    let endpoint_url = or_default(map.optional("endpointUrl"), None, |spot| http_url(&spot).map(Some));
    let calls = calls(&map, ROUTE53_CALLS);
    let timing = Timing::of_api(&map, vantage);
    let kind = Route53Config { zones: zones?, endpoint_url: endpoint_url?, calls: calls? };
    timing?.provider(ProviderKind::Route53(kind))
}

/// Reads `cloudflare:`.
pub(super) fn cloudflare(spot: &Spot<'_>, vantage: &[VantageDraft<'_>]) -> Option<ProviderConfig> {
    let map = spot.map(&[
        "zones",
        "tokenFile",
        "endpointUrl",
        "plan",
        "requestsPerSecond",
        "burst",
        "authoritativeServers",
        "timeout",
        "readInterval",
        "permit",
        "verify",
        "verifyFrom",
    ])?;
    let zones = map.required("zones").and_then(|spot| zone_ids(&spot, is_zone_tag, "id of 32 hexadecimal digits"));
    let token_file = map.required("tokenFile").and_then(|spot| spot.secret(SecretKind::Line, SecretUser::Writers));
    let endpoint_url = or_default(map.optional("endpointUrl"), None, |spot| http_url(&spot).map(Some));
    let batch_max = or_default(map.optional("plan"), BATCH_FREE, |spot| {
        spot.choice(&[("free", BATCH_FREE), ("pro", BATCH_PAID), ("business", BATCH_PAID), ("enterprise", BATCH_PAID)])
    });
    let calls = calls(&map, CLOUDFLARE_CALLS);
    let timing = Timing::of_api(&map, vantage);
    let kind = CloudflareConfig {
        zones: zones?,
        token_file: token_file?,
        endpoint_url: endpoint_url?,
        batch_max: batch_max?,
        calls: calls?,
    };
    timing?.provider(ProviderKind::Cloudflare(kind))
}

/// Reads `powerdns:`.
pub(super) fn powerdns(spot: &Spot<'_>, vantage: &[VantageDraft<'_>]) -> Option<ProviderConfig> {
    let map = spot.map(&[
        "url",
        "serverId",
        "zones",
        "apiKeyFile",
        "authoritativeServers",
        "timeout",
        "readInterval",
        "permit",
        "verify",
        "verifyFrom",
    ])?;
    let url = map.required("url").and_then(|spot| http_url(&spot));
    let server_id = or_default(map.optional("serverId"), "localhost".to_owned(), |spot| spot.text().map(str::to_owned));
    let zones = map.required("zones").and_then(|spot| zones(&spot));
    let api_key_file = map.required("apiKeyFile").and_then(|spot| spot.secret(SecretKind::Line, SecretUser::Writers));
    let timing = Timing::of_primary(&map, vantage);
    let kind = PowerDnsConfig { url: url?, server_id: server_id?, zones: zones?, api_key_file: api_key_file? };
    timing?.provider(ProviderKind::PowerDns(kind))
}

/// `zones: { example.com: Z0123456789 }`.
fn zone_ids(spot: &Spot<'_>, is_id: fn(&str) -> bool, wanted: &str) -> Option<BTreeMap<Name, String>> {
    let map = spot.named_map()?;
    if map.entries().is_empty() {
        spot.fault_with_hint("names no zone", "write `zones: { example.com: … }` with the zone's id");
        return None;
    }
    let mut read: Vec<(Spot<'_>, Name, String)> = Vec::new();
    let mut whole = true;
    for (key, value) in map.entries() {
        let id = value.text().map(str::to_owned);
        let id = id.filter(|id| {
            let fits = is_id(id);
            if !fits {
                value.fault(format!("`{id}` is no {wanted}"));
            }
            fits
        });
        match (domain_name(key), id) {
            (Some(name), Some(id)) => read.push((key.clone(), name, id)),
            (_, _) => whole = false,
        }
    }
    refuse_repeated("zone", read.iter().map(|(spot, name, _)| (spot, name)));
    whole.then(|| read.into_iter().map(|(_, name, id)| (name, id)).collect())
}

fn is_hosted_zone_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= ZONE_ID_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// As the dashboard shows it beside a zone; anything shorter is a slip of whoever copied it.
fn is_zone_tag(text: &str) -> bool {
    text.len() == ZONE_TAG_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn http_url(spot: &Spot<'_>) -> Option<Url> {
    let text = spot.text()?;
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Some(url),
        Ok(_) | Err(_) => {
            spot.fault_with_hint(format!("`{text}` is no HTTP URL"), "such as `https://api.example.net`");
            None
        }
    }
}

fn calls(map: &Map<'_>, default: CallsConfig) -> Option<CallsConfig> {
    let period = or_default(map.optional("requestsPerSecond"), default.period, |spot| {
        let rate = spot.number(1..=RATE_MAX)?;
        Some(Duration::from_secs(1) / u32::try_from(rate).ok()?)
    });
    let burst = or_default(map.optional("burst"), default.burst, |spot| {
        u32::try_from(spot.number(1..=RATE_MAX)?).ok().and_then(NonZeroU32::new)
    });
    Some(CallsConfig { period: period?, burst: burst? })
}
