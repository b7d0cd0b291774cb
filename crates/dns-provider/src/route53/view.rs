//! Record sets as Route 53 has them, as RRsets that a service can guard.
//!
//! Sets that are drawn by weight are read together, as one answer. A set with another routing policy, a health check or a
//! target that is evaluated answers with something that no flip could write back. At a guarded name and type the read says so
//! and fails; it is never left out, and so never overwritten.

use std::collections::BTreeSet;

use aws_sdk_route53::types::{AliasTarget, ResourceRecordSet, RrType};
use dns_core::rrset::{Alias, GuardedType, Rrset, RrsetKey, Rrsets, Ttl, Weighted};
use dns_core::zone::FoundFence;
use hickory_proto::rr::Name;

use super::outcome::Failure;
use super::spelling::Spellings;
use super::sweep::Sets;
use super::text;

/// The type as the API knows it.
pub(super) fn api_type(rtype: GuardedType) -> RrType {
    match rtype {
        GuardedType::A => RrType::A,
        GuardedType::Aaaa => RrType::Aaaa,
        GuardedType::Cname => RrType::Cname,
    }
}

/// The RRsets under `asked`.
pub(super) fn rrsets(asked: &BTreeSet<RrsetKey>, found: &Sets, spellings: &Spellings) -> Result<Rrsets, Failure> {
    let mut rrsets = Rrsets::new();
    for key in asked {
        let sets = found.get(key.name()).map(Vec::as_slice).unwrap_or_default();
        let rtype = api_type(key.rtype());
        let sets: Vec<&ResourceRecordSet> = sets.iter().filter(|set| *set.r#type() == rtype).collect();
        let standing = standing(key, &sets, spellings).map_err(|reason| {
            Failure::Denied(format!(
                "{key} has {reason}, which cannot be guarded and is left alone; give the service a name of its own, or \
                 replace the set by a simple one"
            ))
        })?;
        rrsets.extend(standing.map(|rrset| (key.clone(), rrset)));
    }
    Ok(rrsets)
}

/// What stands under a key: one simple set, or several that are drawn by weight. The service keeps these apart.
fn standing(key: &RrsetKey, sets: &[&ResourceRecordSet], spellings: &Spellings) -> Result<Option<Rrset>, String> {
    if let Some(policy) = sets.iter().filter(|set| !is_drawn_by_weight(set)).find_map(|set| policy(set)) {
        return Err(policy);
    }
    let drawn: Result<Vec<Weighted>, String> =
        sets.iter().filter(|set| is_drawn_by_weight(set)).map(|set| weighted(key, set, spellings)).collect();
    let drawn = drawn?;
    if !drawn.is_empty() {
        let all = Rrset::weighted_of(key.clone(), drawn);
        return all.map(Some).map_err(|error| format!("weighted sets that are none: {error}"));
    }
    sets.first().map(|set| answer(key, set, spellings)).transpose()
}

fn is_drawn_by_weight(set: &ResourceRecordSet) -> bool {
    let depends = set.health_check_id().is_some() || set.traffic_policy_instance_id().is_some();
    set.weight().is_some() && set.set_identifier().is_some() && !depends
}

fn weighted(key: &RrsetKey, set: &ResourceRecordSet, spellings: &Spellings) -> Result<Weighted, String> {
    let identifier = set.set_identifier().unwrap_or_default().to_owned();
    let weight = set.weight().and_then(|weight| u8::try_from(weight).ok());
    let weight = weight.ok_or_else(|| format!("a weighted set `{identifier}` of a weight that is none"))?;
    Ok(Weighted { identifier, weight, set: answer(key, set, spellings)? })
}

fn answer(key: &RrsetKey, set: &ResourceRecordSet, spellings: &Spellings) -> Result<Rrset, String> {
    if let Some(target) = set.alias_target() {
        return alias(key, target);
    }
    let ttl = ttl(set)?;
    let stored: Vec<String> = set.resource_records().iter().map(|record| record.value().to_owned()).collect();
    let values: Option<Vec<_>> = stored.iter().map(|value| text::value(key.rtype(), value)).collect();
    let values = values.ok_or_else(|| format!("a value that cannot be read in {stored:?}"))?;
    let rrset = Rrset::new(key.clone(), ttl, values).map_err(|error| format!("values that are none: {error}"))?;
    let identifier = set.set_identifier().unwrap_or_default();
    spellings.note((key.name(), set.r#type(), identifier), text::of_values(&rrset), stored);
    Ok(rrset)
}

fn ttl(set: &ResourceRecordSet) -> Result<Ttl, String> {
    let secs = set.ttl().ok_or("no TTL")?;
    // 0 is a TTL that Route 53 takes and that no RRset of ours has: a DELETE would have to repeat it.
    u64::try_from(secs).ok().and_then(|secs| Ttl::from_secs(secs).ok()).ok_or_else(|| format!("a TTL of {secs} s"))
}

fn alias(key: &RrsetKey, target: &AliasTarget) -> Result<Rrset, String> {
    let to = target.dns_name();
    if target.evaluate_target_health() {
        return Err(format!("an alias of {to} that evaluates the target's health"));
    }
    let unreadable = |reason: String| format!("an alias of {to} that cannot be read: {reason}");
    let name = text::name(to).ok_or_else(|| unreadable("it is no name".to_owned()))?;
    let alias = Alias::new(&name, target.hosted_zone_id()).map_err(|error| unreadable(error.to_string()))?;
    Rrset::alias_of(key.clone(), alias).map_err(|error| unreadable(error.to_string()))
}

/// What makes a set more than simple records, for people.
pub(super) fn policy(set: &ResourceRecordSet) -> Option<String> {
    let kind = [
        (set.weight().is_some(), "a weighted set"),
        (set.region().is_some(), "a latency set"),
        (set.failover().is_some(), "a failover set"),
        (set.geo_location().is_some(), "a geolocation set"),
        (set.geo_proximity_location().is_some(), "a geoproximity set"),
        (set.cidr_routing_config().is_some(), "an IP-based set"),
        (set.multi_value_answer().is_some(), "a multivalue answer set"),
        (set.traffic_policy_instance_id().is_some(), "a set of a traffic policy"),
        (set.health_check_id().is_some(), "a set with a health check"),
        (set.set_identifier().is_some(), "a set with a routing policy"),
    ];
    let (_, words) = kind.into_iter().find(|(applies, _)| *applies)?;
    Some(match set.set_identifier() {
        Some(identifier) => format!("{words} `{identifier}`"),
        None => words.to_owned(),
    })
}

/// The fence among the sets at its name.
pub(super) fn fence(name: &Name, found: &Sets, spellings: &Spellings) -> FoundFence {
    let sets = found.get(name).map(Vec::as_slice).unwrap_or_default();
    if sets.iter().any(|set| *set.r#type() == RrType::Cname) {
        return FoundFence::Unreadable { found: "a CNAME".to_owned() };
    }
    let Some(set) = sets.iter().find(|set| *set.r#type() == RrType::Txt) else { return FoundFence::Absent };
    present(name, set, spellings).unwrap_or_else(|found| FoundFence::Unreadable { found })
}

fn present(name: &Name, set: &ResourceRecordSet, spellings: &Spellings) -> Result<FoundFence, String> {
    if let Some(policy) = policy(set) {
        return Err(policy);
    }
    let [record] = set.resource_records() else {
        return Err(format!("{} TXT records", set.resource_records().len()));
    };
    let ttl = ttl(set)?;
    let text = text::fence(record.value()).ok_or("a TXT record that is no text")?;
    spellings.note((name, &RrType::Txt, ""), vec![text::of_fence(&text)], vec![record.value().to_owned()]);
    Ok(FoundFence::Present { ttl, text })
}

#[cfg(test)]
mod tests;
