//! A policy that comes back in steps, against what providers and records allow: answers are shared by weighted record sets.

use dns_core::policy::Failback;
use dns_core::rrset::GuardedType;
use dns_core::service::{Endpoint, RecordValues};

use super::Keeper;
use crate::config::sections::provider::KindName;
use crate::config::sections::record::RecordDraft;
use crate::config::sections::service::{RegionDraft, ServiceDraft};

fn is_gradual(service: &ServiceDraft<'_>) -> bool {
    let policy = service.policy.as_ref().and_then(|draft| draft.policy.as_ref());
    policy.is_some_and(|policy| matches!(policy.failback, Failback::Gradual(_)))
}

fn draws_by_weight(kind: KindName) -> bool {
    match kind {
        KindName::Route53 => true,
        KindName::Rfc2136 | KindName::Cloudflare | KindName::PowerDns => false,
    }
}

/// All places of a service take each step, so each provider must be able to.
pub(super) fn refuse_unweighted(service: &ServiceDraft<'_>, keeper: &Keeper<'_>) {
    if !is_gradual(service) || draws_by_weight(keeper.kind) {
        return;
    }
    let hint = if keeper.is_one_of_several {
        format!(
            "only route53 can; take `{}` out of `providers`, or choose a policy with `mode: automatic`",
            keeper.name
        )
    } else {
        "only route53 can; choose a policy with `mode: automatic`".to_owned()
    };
    let message = format!("its policy fails back in steps, and {} draws no answers by weight", keeper.named);
    service.spot.fault_with_hint(message, hint);
}

/// A weighted record set has one value (API Reference, `ResourceRecordSet`, `Weight`), or is an alias. And what only some
/// regions have is never shared, so something must be left.
pub(super) fn refuse_unsharable(service: &ServiceDraft<'_>) {
    if !is_gradual(service) || service.records.is_empty() {
        return;
    }
    for record in &service.records {
        let crowded = service.regions.iter().find_map(|region| {
            let count = values_in(record, region)?;
            (count > 1).then(|| (count, region.name.as_ref().map(ToString::to_string).unwrap_or_default()))
        });
        if let Some((count, region)) = crowded {
            let message = format!("has {count} values in region `{region}`, and its policy fails back in steps");
            let hint =
                "a share of the answers has one value: give the region a load balancer, or one endpoint of the kind";
            record.spot.fault_with_hint(message, hint);
        }
    }
    let is_partial = |record: &RecordDraft<'_>| record.absent_in.as_ref().is_some_and(|absent| !absent.is_empty());
    if service.records.iter().all(is_partial) {
        let hint = "choose a policy with `mode: automatic`";
        service
            .spot
            .fault_with_hint("its policy fails back in steps, and no record is in every region to be shared", hint);
    }
}

/// How many values a record has in a region, as far as both could be read.
fn values_in(record: &RecordDraft<'_>, region: &RegionDraft<'_>) -> Option<usize> {
    let (key, name) = (record.key.as_ref()?, region.name.as_ref()?);
    if record.absent_in.as_ref()?.contains(name) {
        return None;
    }
    match record.values.as_ref()? {
        RecordValues::Explicit(by_region) => by_region.get(name).map(Vec::len),
        RecordValues::Endpoints => {
            let is_value = |endpoint: &Endpoint| match (key.rtype(), endpoint) {
                (GuardedType::A, Endpoint::Address(address)) => address.is_ipv4(),
                (GuardedType::Aaaa, Endpoint::Address(address)) => address.is_ipv6(),
                (GuardedType::A | GuardedType::Aaaa | GuardedType::Cname, _) => false,
            };
            Some(region.endpoints.as_ref()?.iter().filter(|(_, endpoint)| is_value(endpoint)).count())
        }
    }
}
