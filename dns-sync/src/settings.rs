//! How zones are planned, from what the configuration says. What it does not say is as `dns-zone` has it.

use dns_core::share::Share;
use dns_provider::zones::Writer;
use dns_service::config::sync::{
    ApexProtection, BoundConfig, BoundsConfig, ExternalDnsMarkers, LimitsConfig, MarkersConfig, OctoDnsMarkers,
    RepairConfig, TtlChoice,
};
use dns_zone::{Affix, Bound, Bounds, ExternalDns, Limits, MarkerForms, OctoDns, Protected, Repair, TtlPolicy};

/// How much a plan of one zone may change.
pub(crate) fn limits(zone: &LimitsConfig) -> Limits {
    let default = Limits::default();
    let shrink_percent_max = zone.shrink.map_or(default.shrink_percent_max, u8::from);
    Limits { zone: bounds(zone.bounds, default.zone), shrink_percent_max, ..default }
}

/// How much all plans of a run may change together.
pub(crate) fn limits_of_all(all: BoundsConfig) -> Limits {
    let default = Limits::default();
    Limits { all: bounds(all, default.all), ..default }
}

fn bounds(config: BoundsConfig, default: Bounds) -> Bounds {
    Bounds {
        creates: bound(config.creates, default.creates),
        updates: bound(config.updates, default.updates),
        deletes: bound(config.deletes, default.deletes),
    }
}

fn bound(BoundConfig { count, share }: BoundConfig, default: Bound) -> Bound {
    Bound { count_max: count.or(default.count_max), percent_max: share.map(Share::into).or(default.percent_max) }
}

/// What stays at the apex. What the target itself writes there is its own, whatever the configuration asks for.
pub(crate) fn protected(asked: ApexProtection, ns_writer: Writer) -> Protected {
    match (asked, ns_writer) {
        (ApexProtection::Soa, Writer::Client) => Protected::Soa,
        (ApexProtection::Soa, Writer::Provider) | (ApexProtection::SoaAndNs, _) => Protected::SoaAndNs,
    }
}

/// What is done about TTLs.
pub(crate) fn ttl_policy(choice: TtlChoice) -> TtlPolicy {
    match choice {
        TtlChoice::Adjust => TtlPolicy::Adjust,
        TtlChoice::Refuse => TtlPolicy::Refuse,
    }
}

/// What is done about changes that somebody else makes.
pub(crate) fn repair(config: RepairConfig) -> Repair {
    match config {
        RepairConfig::Never => Repair::Never,
        RepairConfig::After(wait) => Repair::After(wait),
    }
}

/// The ownership markers that are heeded.
pub(crate) fn markers(config: &MarkersConfig) -> MarkerForms {
    let default = MarkerForms::default();
    let octodns = config.octodns.as_ref().zip(default.octodns);
    let octodns = octodns.map(|(OctoDnsMarkers { name, value }, default)| OctoDns {
        name: name.clone().unwrap_or(default.name),
        value: value.clone().unwrap_or(default.value),
    });
    let external_dns = config.external_dns.as_ref().map(|ExternalDnsMarkers { prefixes, suffixes, wildcard }| {
        let prefixes = prefixes.iter().cloned().map(Affix::Prefix);
        let affixes = prefixes.chain(suffixes.iter().cloned().map(Affix::Suffix)).collect();
        ExternalDns { affixes, wildcard: wildcard.clone() }
    });
    MarkerForms { octodns, external_dns }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(percent: u8) -> Share {
        percent.try_into().expect("a share")
    }

    #[test]
    fn what_is_not_configured_is_as_ever() {
        assert_eq!(limits(&LimitsConfig::default()), Limits::default());
        assert_eq!(limits_of_all(BoundsConfig::default()), Limits::default());
        assert_eq!(markers(&MarkersConfig::default()), MarkerForms::default());
    }

    #[test]
    fn what_is_configured_binds_each_kind_by_count_and_by_share() {
        let deletes = BoundConfig { count: Some(7), share: Some(share(3)) };
        let creates = BoundConfig { count: None, share: Some(share(50)) };
        let config = BoundsConfig { creates, deletes, ..BoundsConfig::default() };
        let default = Limits::default();
        let zone = limits(&LimitsConfig { bounds: config, shrink: Some(share(5)) });
        assert_eq!(zone.zone.deletes, Bound { count_max: Some(7), percent_max: Some(3) });
        assert_eq!(zone.zone.creates, Bound { percent_max: Some(50), ..default.zone.creates });
        assert_eq!((zone.zone.updates, zone.shrink_percent_max), (default.zone.updates, 5));
        assert_eq!(zone.all, default.all);
        let all = limits_of_all(config);
        assert_eq!((all.all.deletes, all.zone), (zone.zone.deletes, default.zone));
    }

    #[test]
    fn the_ns_of_an_apex_are_planned_where_asked_for_and_never_where_the_provider_writes_them() {
        assert_eq!(protected(ApexProtection::Soa, Writer::Client), Protected::Soa);
        assert_eq!(protected(ApexProtection::Soa, Writer::Provider), Protected::SoaAndNs);
        assert_eq!(protected(ApexProtection::SoaAndNs, Writer::Client), Protected::SoaAndNs);
    }

    #[test]
    fn markers_are_as_their_tools_are_configured_or_not_heeded_at_all() {
        let octodns = OctoDnsMarkers { name: Some("_mine".to_owned()), value: None };
        let external = ExternalDnsMarkers {
            prefixes: vec!["p-".to_owned()],
            suffixes: vec!["-s".to_owned()],
            wildcard: Some("any".to_owned()),
        };
        let forms = markers(&MarkersConfig { octodns: Some(octodns), external_dns: Some(external) });
        assert_eq!(forms.octodns, Some(OctoDns { name: "_mine".to_owned(), value: "*octodns*".to_owned() }));
        let affixes = vec![Affix::Prefix("p-".to_owned()), Affix::Suffix("-s".to_owned())];
        assert_eq!(forms.external_dns, Some(ExternalDns { affixes, wildcard: Some("any".to_owned()) }));
        let none = markers(&MarkersConfig { octodns: None, external_dns: None });
        assert_eq!(none, MarkerForms { octodns: None, external_dns: None });
    }
}
