//! The configuration of the built-in installation, as the file that a user would write.
//!
//! It is text and goes through the same loader as everyone's, so what is tried here is what a configuration can say.
//! Intervals are short: a failover takes two seconds.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The zone.
pub(crate) const ZONE: &str = "example.test";
/// The service.
pub(crate) const SERVICE: &str = "checkout";
/// The vantage points.
pub(crate) const VANTAGE_POINTS: [&str; 3] = ["v1", "v2", "v3"];
/// The key's name at the authoritative server.
pub(crate) const KEY: &str = "flip-key.";

/// The zone as it is before anything has moved: everything in prod.
pub(crate) const ZONE_TEXT: &str = "\
$ORIGIN example.test.
$TTL 60
@    SOA   ns1 hostmaster 1 3600 600 604800 30
@    NS    ns1
@    NS    ns2
ns1  A     127.0.0.1
ns2  A     127.0.0.1
api  A     127.0.0.11
www  CNAME lb-prod.example.net.
";

/// Where everything listens.
pub(crate) struct Addresses {
    pub(crate) primary: SocketAddr,
    pub(crate) secondary: SocketAddr,
    pub(crate) prod: SocketAddr,
    pub(crate) dr: SocketAddr,
    /// The control target of each vantage point.
    pub(crate) controls: [SocketAddr; VANTAGE_POINTS.len()],
}

/// Where a file of the installation's folder is.
pub(crate) fn secret_file(folder: &Path) -> PathBuf {
    folder.join("tsig.secret")
}

/// The configuration file's text. The vantage points' URLs are nominal: the process binds free ports for them.
pub(crate) fn text(addresses: &Addresses, folder: &Path) -> String {
    let Addresses { primary, secondary, prod, dr, controls } = addresses;
    let vantage = |((name, control), port): ((&str, &SocketAddr), u16)| {
        format!("  - {{ name: {name}, url: \"http://127.0.0.1:{port}\", controlTargets: [\"{control}\"] }}\n")
    };
    let vantage_points: String = VANTAGE_POINTS.into_iter().zip(controls).zip(8441..).map(vantage).collect();
    // A JSON string is a YAML one, whatever stands in it.
    let quoted = |path: PathBuf| serde_json::Value::from(path.to_string_lossy()).to_string();
    let (secret, store) = (quoted(secret_file(folder)), quoted(folder.join("state.db")));
    format!(
        "\
apiVersion: dnsfailover/v1
installation: dev
regions: [{{ name: prod }}, {{ name: dr }}]
vantagePoints:
{vantage_points}providers:
  embedded:
    rfc2136:
      server: \"{primary}\"
      zones: [{ZONE}]
      authoritativeServers: [\"{primary}\", \"{secondary}\"]
      tsig: {{ name: {KEY}, algorithm: hmac-sha256, secretFile: {secret} }}
      timeout: 3s
      readInterval: 1s
policies:
  default:
    interval: 500ms
    timeout: 250ms
    detection: {{ fall: 2, rise: 2 }}
    quorum: 2
    readyFor: 2s
    cooldown: 5s
    failoverBudget: {{ moves: 16, per: 1m, backoff: 0s }}
    verifyWithin: 10s
services:
  - name: {SERVICE}
    mode: active
    zone: {ZONE}
    providers: [embedded]
    records:
      - {{ name: api, type: A, ttl: 60s }}
      - {{ name: www, type: CNAME, ttl: 60s, values: {{ prod: [lb-prod.example.net.], dr: [lb-dr.example.net.] }} }}
    regions:
      - name: prod
        endpoints: [{{ address: {prod_ip} }}]
        probes: [{{ http: {{ path: /, port: {prod_port} }} }}]
      - name: dr
        endpoints: [{{ address: {dr_ip} }}]
        probes: [{{ http: {{ path: /, port: {dr_port} }} }}]
store: {{ sqlite: {{ path: {store} }} }}
",
        prod_ip = prod.ip(),
        prod_port = prod.port(),
        dr_ip = dr.ip(),
        dr_port = dr.port(),
    )
}
