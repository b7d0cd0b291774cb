//! What a loaded configuration keeps once, however many services have it.

use std::fmt::Write as _;
use std::path::Path;
use std::ptr;

use dns_core::service::Service;
use dns_service::config::Config;
use dns_service::config::secret::{Program, SecretCheck};

/// Two zones' worth of services that are written alike, each with its own name and addresses.
fn load(services: u8) -> Config {
    let mut text = String::from(
        "apiVersion: dnsfailover/v1
installation: acme
regions: [ { name: prod }, { name: dr } ]
vantagePoints:
  - { name: fra1, url: \"http://127.0.0.1:1\", region: prod }
  - { name: lon1, url: \"http://127.0.0.1:2\" }
  - { name: nyc1, url: \"http://127.0.0.1:3\" }
providers:
  main: { rfc2136: { server: \"127.0.0.1:53\", zones: [example.com], authoritativeServers: [\"127.0.0.1:53\"],
    tsig: { name: key., algorithm: hmac-sha256, secretFile: /nowhere } } }
  second: { rfc2136: { server: \"127.0.0.1:54\", zones: [example.com], authoritativeServers: [\"127.0.0.1:54\"],
    tsig: { name: key., algorithm: hmac-sha256, secretFile: /nowhere } } }
services:
",
    );
    for number in 0..services {
        let _ = writeln!(
            text,
            "  - name: svc-{number}
    zone: example.com
    providers: [main, second]
    records: [ {{ name: svc-{number}, type: A, ttl: 60s }} ]
    regions:
      - {{ name: prod, endpoints: [ {{ address: 192.0.2.{number} }} ], probes: [ {{ https: {{ path: /healthz }} }} ] }}
      - {{ name: dr, endpoints: [ {{ address: 198.51.100.{number} }} ], probes: [ {{ https: {{ path: /healthz }} }} ] }}"
        );
    }
    let config = Config::from_texts([(Path::new("x.yaml"), text.as_str())], &Program::Admin(SecretCheck::Skip));
    config.unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn what_services_have_in_common_is_kept_once() {
    let config = load(2);
    let [one, other] = [&config.services[0], &config.services[1]].map(|service| &**service.lead());
    assert!(ptr::eq(&raw const *one.policy, &raw const *other.policy));
    assert!(ptr::eq(&raw const *one.zone, &raw const *other.zone));
    let probes = |service: &Service, rank: usize| service.regions[rank].probes.as_ptr();
    assert_eq!(probes(one, 0), probes(other, 0));
    assert_eq!(probes(one, 0), probes(one, 1), "both regions are probed alike");
    let inside = |service: &Service| &raw const *service.regions[0].inside;
    assert!(ptr::eq(inside(one), inside(other)));
    let text = |service: &Service| service.regions[0].name.as_str().as_ptr();
    assert_eq!(text(one), text(other));
}

#[test]
fn places_of_a_service_share_what_is_the_same_in_all_of_them() {
    let config = load(1);
    let [main, second] = config.services[0].projections() else { panic!("two places") };
    assert_ne!(main.provider, second.provider);
    assert_eq!(main.regions.as_ptr(), second.regions.as_ptr());
    assert_eq!(main.records.as_ptr(), second.records.as_ptr());
}
