//! `sync:`: which zones are kept equal, and what is wrong with a section that could not work.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dns_service::config::Config;
use dns_service::config::secret::{Program, SecretCheck};
use dns_service::config::sync::{
    ApexProtection, BoundConfig, ExternalDnsMarkers, MarkersConfig, NotifyConfig, OctoDnsMarkers, RepairConfig,
    SyncDaemonConfig, SyncSource, TtlChoice,
};

const PROVIDERS: &str = r#"apiVersion: dnsfailover/v1
installation: acme
providers:
  hidden:
    rfc2136:
      server: "192.0.2.53:53"
      zones: [example.net, example.org]
      tsig: { name: key., algorithm: hmac-sha256, secretFile: /nonexistent/tsig }
  main: { route53: { zones: { example.net: Z0123456789 } } }
  files: { zoneFiles: { folder: /srv/zones, zones: [example.org] } }
"#;

fn load(sync: &str, program: &Program) -> Result<Config, String> {
    let text = format!("{PROVIDERS}{sync}");
    Config::from_texts([(Path::new("sync.yaml"), text.as_str())], program).map_err(|faults| faults.to_string())
}

fn told(sync: &str) -> String {
    load(sync, &Program::Admin(SecretCheck::Skip)).expect_err("faults")
}

#[test]
fn zones_are_kept_equal_without_any_service_or_region() {
    let text = "sync:
  folder: /srv/sync
  zones:
    - { zone: example.net, source: { provider: hidden }, targets: [main] }
    - { zone: example.org, source: { file: zones/example.org.zone }, targets: [hidden] }
";
    let sync = load(text, &Program::Admin(SecretCheck::Skip)).expect("valid").sync;
    assert_eq!(sync.folder, PathBuf::from("/srv/sync"));
    let [net, org] = sync.zones.as_slice() else { panic!("two zones: {sync:?}") };
    assert_eq!(net.source.provider().map(ToString::to_string), Some("hidden".to_owned()));
    assert_eq!(org.zone.to_string(), "example.org.");
    assert_eq!(org.source, SyncSource::File(PathBuf::from("zones/example.org.zone")));
    assert_eq!(org.targets.iter().map(ToString::to_string).collect::<Vec<_>>(), ["hidden"]);
    assert_eq!((org.protected, org.ttl), (ApexProtection::SoaAndNs, TtlChoice::Adjust));
    assert_eq!(org.markers, MarkersConfig::default());
}

#[test]
fn a_section_that_could_not_work_is_told_with_all_that_is_wrong() {
    let told = told(
        "sync:
  zones:
    - { zone: example.net, source: { provider: hidden }, targets: [hidden] }
    - { zone: example.net, source: { file: a, octodns: b }, targets: [main, main] }
    - { zone: example.org, source: { provider: nobody }, targets: [main] }
    - { zone: example.com, source: { file: c }, targets: [] }
",
    );
    for expected in [
        "provider `hidden` is the source and a target",
        "zone `example.net.` is given twice",
        "says no single source",
        "target `main` is given twice",
        "there is no provider `nobody`",
        "provider `main` does not hold the zone example.org.",
        "needs at least one provider",
    ] {
        assert!(told.contains(expected), "{expected} is missing in:\n{told}");
    }
}

fn bound(count: Option<u64>, percent: Option<u8>) -> BoundConfig {
    BoundConfig { count, share: percent.map(|percent| percent.try_into().expect("a share")) }
}

#[test]
fn a_zone_has_its_own_limits_and_those_of_all_for_the_rest() {
    let text = "sync:
  limits: { deletes: 50, deletesShare: 5%, shrink: 30%, allDeletes: 70, allUpdatesShare: 40% }
  zones:
    - { zone: example.net, source: { provider: hidden }, targets: [main], limits: { deletes: 500, creates: 9 } }
    - { zone: example.org, source: { file: f }, targets: [hidden], protected: soa, ttl: refuse }
";
    let sync = load(text, &Program::Admin(SecretCheck::Skip)).expect("valid").sync;
    let [net, org] = sync.zones.as_slice() else { panic!("two zones: {sync:?}") };
    assert_eq!(net.limits.bounds.deletes, bound(Some(500), Some(5)));
    assert_eq!((net.limits.bounds.creates, net.limits.bounds.updates), (bound(Some(9), None), bound(None, None)));
    assert_eq!(org.limits.bounds.deletes, bound(Some(50), Some(5)));
    assert_eq!(org.limits.shrink.map(u8::from), Some(30));
    assert_eq!((org.protected, org.ttl), (ApexProtection::Soa, TtlChoice::Refuse));
    assert_eq!(sync.all_limits.deletes, bound(Some(70), None));
    assert_eq!(sync.all_limits.updates, bound(None, Some(40)));
}

#[test]
fn the_markers_of_other_tools_are_as_they_are_configured_there() {
    let text = "sync:
  markers:
    octodns: { name: _mine }
    externalDns: { prefixes: ['edns-%{record_type}.'], wildcard: any }
  zones:
    - { zone: example.net, source: { provider: hidden }, targets: [main], markers: { octodns: ignore } }
    - { zone: example.org, source: { file: f }, targets: [hidden], markers: { externalDns: { suffixes: [-txt] } } }
";
    let sync = load(text, &Program::Admin(SecretCheck::Skip)).expect("valid").sync;
    let external = ExternalDnsMarkers {
        prefixes: vec!["edns-%{record_type}.".to_owned()],
        wildcard: Some("any".to_owned()),
        ..ExternalDnsMarkers::default()
    };
    assert_eq!(sync.zones[0].markers, MarkersConfig { octodns: None, external_dns: Some(external) });
    let octodns = OctoDnsMarkers { name: Some("_mine".to_owned()), value: None };
    let external = ExternalDnsMarkers { suffixes: vec!["-txt".to_owned()], ..ExternalDnsMarkers::default() };
    assert_eq!(sync.zones[1].markers, MarkersConfig { octodns: Some(octodns), external_dns: Some(external) });
}

#[test]
fn limits_and_markers_that_mean_nothing_are_told_all_at_once() {
    let told = told(
        "sync:
  limits: { deletes: 0, updatesShare: 101%, deleteShare: 5%, shrink: 20 }
  markers: { octodns: { name: 'a b' }, externalDns: yes }
  zones:
    - { zone: example.net, source: { provider: hidden }, targets: [main], limits: { allDeletes: 5 }, ttl: ignore }
    - { zone: example.org, source: { file: f }, targets: [hidden], limits: { creates: many }, protected: nothing }
",
    );
    for expected in [
        "sync.yaml:12:22: sync.limits.deletes: `0` is not a whole number above zero",
        "hint: record sets, such as `100`; left out, it has its default",
        "sync.limits.updatesShare: `101%` is not a share from 1% to 100%",
        "sync.limits.shrink: `20` is not a share",
        "did you mean `deletesShare`?",
        "sync.markers.octodns.name: `a b` cannot stand in a name",
        "sync.markers.externalDns: must be a map of keys and values",
        "sync.zones[0].limits.allDeletes: is about all zones together\n    hint: write it under `sync.limits`",
        "sync.zones[0].ttl: `ignore` is not one of its values",
        "sync.zones[1].limits.creates: `many`",
        "sync.zones[1].protected: `nothing` is not one of its values\n    hint: known: soaAndNs, soa",
    ] {
        assert!(told.contains(expected), "{expected} is missing in:\n{told}");
    }
}

#[test]
fn the_daemon_is_told_where_notify_comes_to_and_how_patient_it_is() {
    let zones = "zones: [ { zone: example.net, source: { provider: hidden }, targets: [main] } ]";
    let daemon = |text: &str| load(&format!("sync: {{ {zones}{text} }}\n"), &Program::Admin(SecretCheck::Skip));
    let default = daemon("").expect("valid").sync.daemon;
    assert_eq!(default, SyncDaemonConfig::default());
    assert_eq!((default.notify, default.repair), (None, RepairConfig::After(Duration::from_mins(10))));
    let text = r#", daemon: { notify: { listen: "192.0.2.1:53", signed: false, from: [192.0.2.9] }, pollEvery: 5s,
        checkEvery: 1h, repairAfter: never }"#;
    let told = daemon(text).expect("valid").sync.daemon;
    let notify = NotifyConfig {
        listen: "192.0.2.1:53".parse().expect("an address"),
        signed: false,
        from: vec!["192.0.2.9".parse().expect("an address")],
    };
    assert_eq!((told.notify, told.repair), (Some(notify), RepairConfig::Never));
    assert_eq!((told.poll_every, told.check_every), (Duration::from_secs(5), Duration::from_hours(1)));
    let faults =
        daemon(", daemon: { notify: { listen: here }, pollEvery: 0s, repairAfter: soon }").expect_err("faults");
    for expected in ["notify.listen", "pollEvery: must be above zero", "`soon` is no duration"] {
        assert!(faults.contains(expected), "{expected} is missing in:\n{faults}");
    }
}

#[test]
fn whoever_syncs_needs_the_secrets_of_providers_and_no_others() {
    let text = "controller: { tokens: [ { name: oncall, role: operator, file: /nonexistent/token } ] }
sync: { zones: [ { zone: example.net, source: { provider: hidden }, targets: [main] } ] }
";
    let told = load(text, &Program::Sync).expect_err("a missing secret");
    assert!(told.contains("/nonexistent/tsig") && !told.contains("/nonexistent/token"), "{told}");
}

#[test]
fn the_tokens_of_the_sync_daemon_are_its_own() {
    let text = "sync:
  zones: [ { zone: example.net, source: { provider: hidden }, targets: [main] } ]
  daemon: { tokens: [ { name: board, role: viewer, file: /nonexistent/board } ] }
";
    let told = |program| load(text, &program).expect_err("a missing secret");
    assert!(told(Program::Sync).contains("/nonexistent/board"));
    assert!(!told(Program::Controller).contains("/nonexistent/board"));
}

#[test]
fn without_the_section_regions_are_asked_for_as_ever() {
    assert!(told("").contains("`regions` is missing"));
}

#[test]
fn a_folder_of_zone_files_is_a_source_and_a_target() {
    let text = "sync:
  zones:
    - { zone: example.org, source: { provider: hidden }, targets: [files] }
";
    let config = load(text, &Program::Admin(SecretCheck::Skip)).expect("valid");
    let files = &config.zone_files[&"files".parse().expect("a name")];
    assert_eq!(files.folder, PathBuf::from("/srv/zones"));
    assert_eq!(files.zones.iter().map(ToString::to_string).collect::<Vec<_>>(), ["example.org."]);
    assert!(!config.providers.contains_key(&"files".parse().expect("a name")), "nothing can be moved there");
    let text = text.replace("{ provider: hidden }, targets: [files]", "{ provider: files }, targets: [hidden]");
    assert!(load(&text, &Program::Admin(SecretCheck::Skip)).is_ok());
    let told = told(&text.replace("example.org", "example.net"));
    assert!(told.contains("provider `files` does not hold the zone example.net."), "{told}");
}

#[test]
fn a_service_in_a_folder_of_zone_files_is_refused_where_it_stands() {
    let told = told(
        "regions: [ { name: prod, location: here }, { name: dr, location: there } ]
services:
  - { name: checkout, zone: example.org, providers: [files], records: [], regions: [] }
",
    );
    assert!(told.contains("provider `files` is a folder of zone files, which no service can be moved in"), "{told}");
    assert!(told.contains("sync.yaml:13:54: services[0].providers[0]"), "{told}");
    assert!(told.contains("name the server that loads the files"), "{told}");
}

/// The YAML examples of docs/sync.md, in their order.
fn examples() -> Vec<String> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sync.md")).expect("the page");
    let blocks = page.split("```yaml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_example_of_the_page_loads() {
    let examples = examples();
    let (first, others) = examples.split_first().expect("a whole configuration");
    let load = |texts: &[(&Path, &str)]| {
        Config::from_texts(texts.iter().copied(), &Program::Admin(SecretCheck::Skip))
            .unwrap_or_else(|faults| panic!("{faults}"))
    };
    let whole = load(&[(Path::new("sync.yaml"), first)]);
    assert_eq!(whole.sync.zones.len(), 2);
    assert!(others.len() >= 2, "the page has parts, too: {others:?}");
    for part in others {
        // Parts of `sync` go on where the whole one ends; all others may stand in a file of their own.
        if let Some(more) = part.strip_prefix("sync:\n") {
            load(&[(Path::new("sync.yaml"), &format!("{first}{more}"))]);
        } else {
            let own = format!("apiVersion: dnsfailover/v1\n{part}");
            load(&[(Path::new("sync.yaml"), first), (Path::new("part.yaml"), &own)]);
        }
    }
}

#[test]
fn who_only_keeps_zones_equal_is_told_of_zones_and_not_of_regions() {
    let told = |program: &Program| load("", program).expect_err("faults");
    let by_sync = told(&Program::Sync);
    assert!(by_sync.contains("`sync.zones` is missing") && !by_sync.contains("`regions`"), "{by_sync}");
    let by_all = told(&Program::Admin(SecretCheck::Skip));
    assert!(by_all.contains("`regions` is missing"), "{by_all}");
}
