//! The services: their names, addresses, and the configuration that says so.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use dns_core::identifier::ServiceName;

use super::observers::{GROUP_MAX, Observer};

/// The zone that all records are in.
pub(super) const ZONE: &str = "evacuation.test";

/// Where endpoints would be probed, if anyone did.
pub(super) const PORT: u16 = 443;

/// Bad and good runs in a row that decide: the defaults.
pub(super) const DETECTION: (u32, u32) = (3, 5);

/// What one call a `1 / CALLS_PER_SECOND` second means: the account's limit before July 2026, and our default.
pub(super) const CALLS_PER_SECOND: u32 = 5;

/// One service with one A record.
#[derive(Clone, Debug)]
pub(super) struct Guarded {
    pub(super) service: ServiceName,
    pub(super) group: u32,
    pub(super) prod: Ipv4Addr,
    pub(super) dr: Ipv4Addr,
}

/// All services.
#[derive(Clone, Debug)]
pub(super) struct Fleet {
    pub(super) services: Vec<Guarded>,
}

/// What the configuration has to name.
pub(super) struct Places<'a> {
    pub(super) folder: &'a Path,
    pub(super) zone_id: &'a str,
    pub(super) endpoint: &'a str,
    pub(super) name_server: SocketAddr,
    pub(super) observers: &'a [Observer],
}

impl Fleet {
    /// So many services, shared out among groups in turn.
    ///
    /// # Panics
    ///
    /// When there are more than the private addresses that they are given.
    pub(super) fn new(services: u32) -> Self {
        let groups = services.div_ceil(GROUP_MAX);
        let service = |number: u32| {
            let [_, high, middle, low] = number.to_be_bytes();
            Guarded {
                service: ServiceName::new(format!("svc-{number:05}")).expect("invariant: a number names a service"),
                group: number % groups,
                prod: Ipv4Addr::new(10, high, middle, low),
                dr: Ipv4Addr::new(10, high + 128, middle, low),
            }
        };
        Self { services: (0..services).map(service).collect() }
    }

    /// How many groups of vantage points.
    pub(super) fn groups(&self) -> u32 {
        self.services.iter().map(|guarded| guarded.group + 1).max().unwrap_or_default()
    }

    /// The services that a group sees.
    pub(super) fn of_group(&self, group: u32) -> impl Iterator<Item = &Guarded> {
        self.services.iter().filter(move |guarded| guarded.group == group)
    }

    /// The configuration: defaults wherever they exist, but for the budget's state, which is the default as well and
    /// stated because the page is about it.
    pub(super) fn configuration(&self, places: &Places<'_>) -> String {
        let Places { folder, zone_id, endpoint, name_server, observers } = places;
        let folder = folder.display();
        let mut text = format!(
            "apiVersion: dnsfailover/v1
installation: evacuation
regions: [ {{ name: prod }}, {{ name: dr }} ]
providers:
  main:
    route53: {{ zones: {{ {ZONE}: {zone_id} }}, endpointUrl: \"{endpoint}\", requestsPerSecond: {CALLS_PER_SECOND}, burst: {CALLS_PER_SECOND}, \
             authoritativeServers: [\"{name_server}\"] }}
store: {{ sqlite: {{ path: {folder}/state.db }} }}
controller: {{ tokens: [ {{ name: oncall, role: operator, file: {folder}/oncall.token }} ] }}
vantagePoints:
"
        );
        for Observer { name, group, address } in *observers {
            let _ = writeln!(text, "  - {{ name: {name}, url: \"http://{address}\", labels: {{ group: g{group} }} }}");
        }
        text.push_str("policies:\n");
        for group in 0..self.groups() {
            let _ = writeln!(text, "  group-{group}: {{ vantagePoints: {{ group: g{group} }} }}");
        }
        text.push_str("services:\n");
        for guarded in &self.services {
            entry(&mut text, guarded);
        }
        text
    }
}

fn entry(text: &mut String, guarded: &Guarded) {
    let Guarded { service, group, prod, dr } = guarded;
    let _ = write!(
        text,
        "  - name: {service}\n    mode: active\n    zone: {ZONE}\n    providers: [main]\n    policy: group-{group}\n    \
         records: [ {{ name: {service}, type: A, ttl: 60s }} ]\n    regions:\n"
    );
    for (region, address) in [("prod", prod), ("dr", dr)] {
        let _ = writeln!(
            text,
            "      - {{ name: {region}, endpoints: [ {{ address: {address} }} ], probes: [ {{ tcp: {{ port: {PORT} }} }} ] }}"
        );
    }
}
