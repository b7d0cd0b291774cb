//! The services: the configuration that names them, and what vantage points say of them.
//!
//! One event of the evidence stream holds some thousand endpoints, so services are shared out among groups of three
//! vantage points, as monitors that share one vantage point do.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::Context as _;
use dns_api::evidence::{Bearing, EndpointReport, EvidenceEvent, Heartbeat, Snapshot};
use dns_core::digest::Digest;
use dns_core::evidence::{EndpointKey, Verdict};
use dns_core::identifier::VantageName;
use dns_core::service::{Everywhere, endpoint_digest};
use dns_service::config::Config;
use dns_service::config::secret::Program;

/// Services of one group of vantage points: what they say of them fits one event.
const GROUP: u32 = 1_500;

/// Vantage points of a group.
pub(super) const EYES: u32 = 3;

/// What a vantage point says of a region that does not answer.
const ERROR: &str = "connection timed out";

/// The one provider.
const PROVIDER: &str = "main: { rfc2136: { server: \"127.0.0.1:53\", zones: [fleet.test], authoritativeServers: [\"127.0.0.1:53\"], \
                        tsig: { name: key., algorithm: hmac-sha256, secretFile: SECRET } } }";

/// What all vantage points see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    AllWell,
    /// Of every service.
    ProdFailing,
}

/// The configuration as an operator would write it: one policy for all, default values wherever there are some.
pub(super) fn text(services: u32, folder: &Path) -> String {
    let groups = services.div_ceil(GROUP);
    let secret = folder.join("key").display().to_string();
    let mut text = format!(
        "apiVersion: dnsfailover/v1\ninstallation: fleet\nregions: [ {{ name: prod }}, {{ name: dr }} ]\nproviders:\n  {}\n\
         store: {{ sqlite: {{ path: {}/state.db }} }}\nvantagePoints:\n",
        PROVIDER.replace("SECRET", &secret),
        folder.display()
    );
    for (group, eye) in (0..groups).flat_map(|group| (0..EYES).map(move |eye| (group, eye))) {
        let port = 10_000 + group * EYES + eye;
        let _ = writeln!(
            text,
            "  - {{ name: v{group}-{eye}, url: \"http://127.0.0.1:{port}\", labels: {{ group: g{group} }} }}"
        );
    }
    text.push_str("policies:\n");
    for group in 0..groups {
        let _ = writeln!(text, "  group-{group}: {{ vantagePoints: {{ group: g{group} }} }}");
    }
    text.push_str("services:\n");
    (0..services).for_each(|number| entry(&mut text, number));
    text
}

fn entry(text: &mut String, number: u32) {
    let [_, high, middle, low] = number.to_be_bytes();
    let group = number / GROUP;
    let _ = write!(
        text,
        "  - name: svc-{number:06}\n    mode: active\n    zone: fleet.test\n    providers: [main]\n    policy: group-{group}\n    \
         records: [ {{ name: svc-{number:06}, type: A, ttl: 60s }} ]\n    regions:\n"
    );
    for (region, address) in
        [("prod", Ipv4Addr::new(10, high, middle, low)), ("dr", Ipv4Addr::new(11, high, middle, low))]
    {
        let _ = writeln!(
            text,
            "      - {{ name: {region}, endpoints: [ {{ address: {address} }} ], probes: [ {{ https: {{ path: /healthz }} }} ] }}"
        );
    }
}

/// Writes what the configuration names, and the configuration.
pub(super) fn write(text: &str, folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let key =
        options.write(true).create_new(true).mode(0o600).open(folder.join("key")).context("cannot write the key")?;
    std::io::Write::write_all(&mut &key, b"c2VjcmV0LXRoYXQtaXMtbG9uZy1lbm91Z2gtZm9yLXNoYTI=\n")?;
    std::fs::write(folder.join("config.yaml"), text).context("cannot write the configuration")
}

/// The configuration, as the controller loads it.
pub(super) fn load(folder: &Path) -> anyhow::Result<Config> {
    Config::load(&[folder.join("config.yaml")], &Program::Controller).context("the configuration has faults")
}

/// What each vantage point says when it is asked for everything.
pub(super) fn snapshots(
    services: &[Everywhere],
    sight: Sight,
    healthy_for_ms: u64,
) -> impl Iterator<Item = (VantageName, EvidenceEvent)> {
    let group = usize::try_from(GROUP).unwrap_or(usize::MAX);
    services.chunks(group).flat_map(move |chunk| {
        chunk.first().into_iter().flat_map(|one| &one.lead().policy.vantage_points).map(move |vantage| {
            let endpoints = chunk.iter().flat_map(|service| reports(service, sight, healthy_for_ms)).collect();
            (vantage.clone(), EvidenceEvent::Snapshot(Snapshot { bearing: bearing(vantage), endpoints }))
        })
    })
}

/// That nothing has changed.
pub(super) fn heartbeat(vantage: &VantageName) -> EvidenceEvent {
    EvidenceEvent::Heartbeat(Heartbeat { bearing: bearing(vantage) })
}

fn bearing(vantage: &VantageName) -> Bearing {
    let digest = Digest::over([vantage.as_str().as_bytes()]);
    Bearing { vantage: vantage.clone(), config: digest, coverage: digest, blind: None, oldest_probe_age_ms: 1_000 }
}

/// As they come off the wire: nothing in them is shared with the configuration or each other.
fn reports(service: &Everywhere, sight: Sight, healthy_for_ms: u64) -> Vec<EndpointReport> {
    let lead = service.lead();
    let of = |region: &dns_core::service::Region| {
        let fails = sight == Sight::ProdFailing && region.name == *lead.preferred();
        let endpoint = region.endpoints.first().expect("invariant: a region has an endpoint");
        EndpointReport {
            spec: endpoint_digest(endpoint, &region.probes, lead.policy.detection),
            key: EndpointKey {
                service: lead.name.as_str().parse().expect("invariant: it is a name"),
                region: region.name.as_str().parse().expect("invariant: it is a name"),
                endpoint: endpoint.to_string(),
            },
            verdict: if fails { Verdict::Failing } else { Verdict::Healthy },
            verdict_age_ms: if fails { 0 } else { healthy_for_ms },
            contradicting: 0,
            error: fails.then(|| ERROR.to_owned()),
            latency_ms: None,
            certificate_left_ms: None,
            injected: None,
        }
    };
    lead.regions.iter().map(of).collect()
}
