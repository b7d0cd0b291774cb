//! The configuration of a world: one text for all of its processes, and each one's own copy.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{Addresses, Declared, Hearing, Plan, SERVICE, ZONE};
use crate::Sandbox;

pub(super) fn configuration(plan: &Plan, sandbox: &Sandbox, providers: &[Declared], addresses: &Addresses) -> String {
    let folder = sandbox.path().display();
    let mut text = String::from("apiVersion: dnsfailover/v1\ninstallation: acme\n");
    text.push_str("canary: { every: off }\nregions: [ { name: prod }, { name: dr } ]\nvantagePoints:\n");
    let scheme = if plan.hearing == Hearing::Tls { "https" } else { "http" };
    let control = addresses.control.map(|at| format!(", controlTargets: [\"{at}\"]")).unwrap_or_default();
    for (number, at) in addresses.evidence.iter().enumerate() {
        let labels = if number < plan.inside { ", labels: { side: inside }" } else { "" };
        writeln!(text, "  - {{ name: v{number}, url: \"{scheme}://{at}\"{labels}{control} }}")
            .expect("invariant: a String takes all");
    }
    if plan.hearing == Hearing::Tls {
        writeln!(text, "tls: {{ cert: {folder}/SELF.crt, key: {folder}/SELF.key, ca: {folder}/ca.pem }}")
            .expect("invariant: a String takes all");
    }
    if plan.hearing == Hearing::Tls || plan.inside > 0 {
        let role = if plan.inside > 0 { "operator" } else { "viewer" };
        writeln!(
            text,
            "monitor: {{ tokens: [ {{ name: controller, role: {role}, file: {folder}/evidence.token }} ] }}"
        )
        .expect("invariant: a String takes all");
    }
    let names: Vec<&str> = providers.iter().map(|provider| provider.name.as_str()).collect();
    let declared: Vec<String> = providers.iter().map(Declared::entry).collect();
    let probe = format!("{{ http: {{ path: /healthz, port: {} }} }}", addresses.port);
    let Plan { mode, policy, .. } = plan;
    let rest = format!(
        r#"providers:
{declared}policies:
  fast: {{ {policy} }}
services:
  - name: {SERVICE}
    mode: {mode}
    zone: {ZONE}
    providers: [{names}]
    policy: fast
    records:
      - {{ name: "@", type: A, ttl: 60s, values: {{ prod: [192.0.2.10], dr: [198.51.100.10] }} }}
      - {{ name: api, type: A, ttl: 60s, values: {{ prod: [192.0.2.10], dr: [198.51.100.10] }} }}
      - {{ name: api, type: AAAA, ttl: 60s, values: {{ prod: ["2001:db8:1::10"], dr: ["2001:db8:2::10"] }} }}
      - {{ name: "*.wild", type: A, ttl: 60s, values: {{ prod: [192.0.2.10], dr: [198.51.100.10] }} }}
      - {{ name: www, type: CNAME, ttl: 60s, values: {{ prod: [lb-prod.example.net.], dr: [lb-dr.example.net.] }} }}
    regions:
      - {{ name: prod, endpoints: [ {{ address: {prod} }} ], probes: [ {probe} ] }}
      - {{ name: dr, endpoints: [ {{ address: {dr} }} ], probes: [ {probe} ] }}
{observers}store: {{ sqlite: {{ path: {folder}/STORE }} }}
controller:
  monitorTokenFile: {folder}/evidence.token
  tokens:
    - {{ name: oncall, role: operator, file: {folder}/oncall.token }}
    - {{ name: viewer, role: viewer, file: {folder}/viewer.token }}
"#,
        declared = declared.concat(),
        names = names.join(", "),
        prod = addresses.prod,
        dr = addresses.dr,
        observers = observers(plan.observers, addresses, &probe),
    );
    text.push_str(&rest);
    text
}

/// The zone's records of so many observing services.
pub(super) fn observed_records(observers: usize) -> String {
    let records: Vec<String> = (1..=observers).map(|number| format!("observed-{number} A 192.0.2.10\n")).collect();
    records.concat()
}

fn observers(observers: usize, addresses: &Addresses, probe: &str) -> String {
    let Addresses { prod, dr, .. } = addresses;
    let observer = |number| {
        format!(
            "  - name: observed-{number}
    mode: observe
    zone: {ZONE}
    providers: [main]
    policy: fast
    records:
      - {{ name: observed-{number}, type: A, ttl: 60s, values: {{ prod: [192.0.2.10], dr: [198.51.100.10] }} }}
    regions:
      - {{ name: prod, endpoints: [ {{ address: {prod} }} ], probes: [ {probe} ] }}
      - {{ name: dr, endpoints: [ {{ address: {dr} }} ], probes: [ {probe} ] }}
"
        )
    };
    (1..=observers).map(observer).collect::<Vec<_>>().concat()
}

pub(super) fn edit_configuration(sandbox: &Sandbox, name: &str, edit: impl FnOnce(&str) -> String) {
    let file = sandbox.path().join(format!("{name}.yaml"));
    let before = std::fs::read_to_string(&file).expect("the configuration was written");
    let after = edit(&before);
    assert_ne!(before, after, "the edit changes nothing");
    sandbox.write(file, after);
}

/// Writes a process's own copy of the configuration.
pub(super) fn own_configuration(sandbox: &Sandbox, config: &Path, name: &str, store: &str) -> PathBuf {
    let text = std::fs::read_to_string(config).expect("the configuration was written");
    sandbox.write(format!("{name}.yaml"), text.replace("STORE", store).replace("SELF", name))
}
