//! `sync:`: which zones are kept equal, and what is wrong with a section that could not work.

use std::path::{Path, PathBuf};

use dns_service::config::Config;
use dns_service::config::secret::{Program, SecretCheck};
use dns_service::config::sync::{SyncSource, ZoneSync};

const PROVIDERS: &str = r#"apiVersion: dnsfailover/v1
installation: acme
providers:
  hidden:
    rfc2136:
      server: "192.0.2.53:53"
      zones: [example.net, example.org]
      tsig: { name: key., algorithm: hmac-sha256, secretFile: /nonexistent/tsig }
  main: { route53: { zones: { example.net: Z0123456789 } } }
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
    let ZoneSync { zone, source, targets } = org;
    assert_eq!(zone.to_string(), "example.org.");
    assert_eq!(*source, SyncSource::File(PathBuf::from("zones/example.org.zone")));
    assert_eq!(targets.iter().map(ToString::to_string).collect::<Vec<_>>(), ["hidden"]);
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

#[test]
fn whoever_syncs_needs_the_secrets_of_providers_and_no_others() {
    let text = "controller: { tokens: [ { name: oncall, role: operator, file: /nonexistent/token } ] }
sync: { zones: [ { zone: example.net, source: { provider: hidden }, targets: [main] } ] }
";
    let told = load(text, &Program::Sync).expect_err("a missing secret");
    assert!(told.contains("/nonexistent/tsig") && !told.contains("/nonexistent/token"), "{told}");
}

#[test]
fn without_the_section_regions_are_asked_for_as_ever() {
    assert!(told("").contains("`regions` is missing"));
}
