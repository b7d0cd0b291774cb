//! What a service asks of its providers against what their kinds can ever do: found here, not on the day.
//!
//! Only what is true of a kind everywhere; `config check --live` asks each provider itself.

mod weights;

use std::ops::RangeInclusive;

use dns_core::identifier::ProviderName;
use dns_core::policy::GuardDemand;
use dns_core::rrset::{GuardedType, RrsetKey};
use dns_core::service::{Endpoint, RecordValues};
use hickory_proto::rr::Name;

use crate::config::provider::ProviderConfig;
use crate::config::sections::provider::{KindName, ProviderDraft};
use crate::config::sections::record::RecordDraft;
use crate::config::sections::service::ServiceDraft;

/// Cloudflare's TTLs in seconds (API reference, "Create DNS Record"); Enterprise zones may go down to 30, which a failover
/// has no use for.
const CLOUDFLARE_TTL_SECS: RangeInclusive<u32> = 60..=86_400;

/// What a kind of provider can do.
struct Ability {
    guard: GuardDemand,
    aliases: bool,
    proxy: bool,
    apex_cname: bool,
    ttl_secs: Option<RangeInclusive<u32>>,
}

impl Ability {
    fn of(kind: KindName) -> Self {
        let plain =
            Self { guard: GuardDemand::Atomic, aliases: false, proxy: false, apex_cname: false, ttl_secs: None };
        match kind {
            KindName::Rfc2136 => plain,
            KindName::Route53 => Self { aliases: true, ..plain },
            KindName::Cloudflare => Self {
                guard: GuardDemand::OwnWriters,
                proxy: true,
                apex_cname: true,
                ttl_secs: Some(CLOUDFLARE_TTL_SECS),
                ..plain
            },
            KindName::PowerDns => Self { guard: GuardDemand::Any, ..plain },
        }
    }
}

/// One provider of the service in question.
struct Keeper<'d> {
    name: &'d ProviderName,
    /// Name and kind, for people.
    named: String,
    /// Whether the service has other providers.
    is_one_of_several: bool,
    kind: KindName,
    /// The zones that it lists, as far as they could be read.
    zones: Option<Vec<&'d Name>>,
    able: Ability,
}

/// Tells everything that a provider of the service can never do.
pub(super) fn refuse_impossible(service: &ServiceDraft<'_>, providers: &[ProviderDraft<'_>]) {
    for name in service.providers() {
        let draft = providers.iter().find(|draft| draft.name == *name);
        let Some((kind, config)) = draft.and_then(|draft| Some((draft.kind()?, draft.config()))) else { continue };
        let named = format!("provider `{name}` ({})", kind.as_str());
        // One faulty field hides no other fault: what is asked of a kind needs no more than the kind.
        let zones = config.map(ProviderConfig::zones);
        let is_one_of_several = service.providers().count() > 1;
        let keeper = Keeper { name, named, is_one_of_several, kind, zones, able: Ability::of(kind) };
        refuse_weak_guard(service, &keeper);
        weights::refuse_unweighted(service, &keeper);
        for record in service.records.iter().filter(|record| keeper.has(record)) {
            refuse_record(service, record, &keeper);
        }
    }
    weights::refuse_unsharable(service);
}

impl Keeper<'_> {
    /// Whether a record lies in one of its zones; those of other zones are other providers'.
    fn has(&self, record: &RecordDraft<'_>) -> bool {
        let Some(zones) = &self.zones else { return true };
        record.zone.as_ref().is_some_and(|zone| zones.contains(&&**zone))
    }
}

fn is_at_apex(record: &RecordDraft<'_>) -> bool {
    record.key.as_ref().is_some_and(|key| record.zone.as_deref() == Some(key.name()))
}

fn refuse_weak_guard(service: &ServiceDraft<'_>, keeper: &Keeper<'_>) {
    let policy = service.policy.as_ref().and_then(|draft| draft.policy.as_ref());
    let Some(demand) = policy.map(|policy| policy.guard).filter(|demand| *demand > keeper.able.guard) else { return };
    let hint = match keeper.kind {
        KindName::PowerDns => "write to the same server by DNS UPDATE, `rfc2136`, or demand less with `guard`",
        KindName::Rfc2136 | KindName::Route53 | KindName::Cloudflare => "demand less with `guard`",
    };
    let best = keeper.able.guard.as_str();
    let message = format!("its policy demands `guard: {}`; {} has `{best}`", demand.as_str(), keeper.named);
    service.spot.fault_with_hint(message, hint);
}

fn refuse_record(service: &ServiceDraft<'_>, record: &RecordDraft<'_>, keeper: &Keeper<'_>) {
    let Keeper { named, able, .. } = keeper;
    let rtype = record.key.as_ref().map(RrsetKey::rtype);
    if rtype == Some(GuardedType::Cname) && is_at_apex(record) && !able.apex_cname {
        let hint = "use A and AAAA records with addresses; route53 has aliases, cloudflare flattens";
        let rule = "a CNAME cannot stand at the zone's apex, beside SOA and NS (RFC 1912 §2.4)";
        record.spot.fault_with_hint(format!("{rule}, at {named}"), hint);
    }
    if let Some(region) = aliased(service, record).filter(|_| !able.aliases) {
        let hint = "give the region addresses, or the record type CNAME";
        let message = format!("is an alias of the load balancer of region `{region}`, which {named} does not have");
        record.spot.fault_with_hint(message, hint);
    }
    let proxied = record.proxied == Some(true);
    if proxied && !able.proxy {
        record.spot.fault(format!("is `proxied`, and {named} has no proxy"));
    }
    refuse_ttl(record, proxied, keeper);
}

/// A region in which an address record is an alias.
fn aliased(service: &ServiceDraft<'_>, record: &RecordDraft<'_>) -> Option<String> {
    let rtype = record.key.as_ref()?.rtype();
    if rtype == GuardedType::Cname || record.values != Some(RecordValues::Endpoints) {
        return None;
    }
    let absent_in = record.absent_in.as_ref()?;
    let mut regions =
        service.regions.iter().filter_map(|region| Some((region.name.as_ref()?, region.endpoints.as_ref()?)));
    let found = regions.find(|(name, endpoints)| {
        let is_alias = |(_, endpoint): &(_, Endpoint)| matches!(endpoint, Endpoint::LoadBalancer(_));
        !absent_in.contains(*name) && endpoints.iter().any(is_alias)
    });
    found.map(|(name, _)| name.to_string())
}

/// Cloudflare chooses the TTL of what its proxy answers, whatever it is told, and would report another than was written.
fn refuse_ttl(record: &RecordDraft<'_>, proxied: bool, keeper: &Keeper<'_>) {
    let Some(ttl) = record.ttl else { return };
    let Keeper { named, able, .. } = keeper;
    let chooses = able.proxy && proxied;
    if record.automatic_ttl && !chooses {
        let hint = "only a proxied record at Cloudflare has a TTL of the provider's choice; write seconds, `60s`";
        return record.spot.fault_with_hint(format!("has `ttl: auto`, and {named} takes a TTL"), hint);
    }
    if chooses && !record.automatic_ttl {
        let message = format!("is `proxied`: {named} chooses its TTL");
        return record.spot.fault_with_hint(message, "write `ttl: auto`");
    }
    let Some(range) = able.ttl_secs.as_ref().filter(|_| !chooses) else { return };
    if !range.contains(&ttl.as_secs()) {
        let (least, most) = (range.start(), range.end());
        let message = format!("has a TTL of {} s; {named} takes {least} s to {most} s", ttl.as_secs());
        record.spot.fault_with_hint(message, another_ttl(ttl.as_secs(), range, keeper));
    }
}

fn another_ttl(ttl_secs: u32, range: &RangeInclusive<u32>, keeper: &Keeper<'_>) -> String {
    let (least, most) = (range.start(), range.end());
    let change = if ttl_secs < *least { format!("raise it to {least}s") } else { format!("lower it to {most}s") };
    let name = keeper.name;
    if keeper.is_one_of_several { format!("{change}, or take `{name}` out of `providers`") } else { change }
}
