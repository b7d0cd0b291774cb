//! A primary in the test's process, a configuration that names it, and a region that answers.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use dns_authority::{KeyAlgorithm, Primary, UpdateKey, Zone};
use hickory_proto::rr::{Name, RecordType};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::command::{Ended, run_alone};

const ZONE_TEXT: &str = "\
$TTL 60
@ SOA ns1 hostmaster 1 3600 600 604800 30
@ NS ns1
ns1 A 127.0.0.1
api A 192.0.2.10
www CNAME lb-prod.example.net.
";

/// 32 bytes in base64.
const SECRET: &str = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTMyYnk=";

/// Everything that a command without a controller needs.
pub(crate) struct Rig {
    pub(crate) primary: Primary,
    pub(crate) folder: TempDir,
    /// Accepts connections for both regions while it lives; the system does, nobody else has to.
    pub(crate) region: Option<TcpListener>,
    stop: CancellationToken,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Rig {
    /// A primary whose service serves prod and was never adopted. `policy` and `provider` are further keys.
    pub(crate) async fn start(policy: &str, provider: &str) -> Self {
        let origin = Name::from_ascii("example.test.").expect("a name");
        let key = UpdateKey::new(&Name::from_ascii("flip-key.").expect("a name"), KeyAlgorithm::HmacSha256, secret());
        let stop = CancellationToken::new();
        let zone = Zone::parse(&origin, ZONE_TEXT).expect("a zone");
        let loopback: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        let primary = Primary::bind(loopback).expect("binds").serve(zone, key, &stop).expect("serves");
        let region = TcpListener::bind(loopback).await.expect("binds");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("tsig"), format!("{SECRET}\n")).expect("written");
        let rig = Self { primary, folder, region: Some(region), stop };
        rig.configure(policy, provider);
        rig
    }

    pub(crate) fn configure(&self, policy: &str, provider: &str) {
        let region = self.region.as_ref().expect("it is there").local_addr().expect("is bound");
        let text = format!(
            r#"apiVersion: dnsfailover/v1
installation: acme
regions: [{{ name: prod }}, {{ name: dr }}]
vantagePoints: [{{ name: v1, url: "http://127.0.0.1:1" }}]
providers:
  main:
    rfc2136:
      server: "{primary}"
      zones: [example.test]
      authoritativeServers: ["{primary}"]
      tsig: {{ name: flip-key., algorithm: hmac-sha256, secretFile: {folder}/tsig }}
      {provider}
policies:
  default: {{ quorum: 1, interval: 50ms, timeout: 50ms, detection: {{ fall: 1, rise: 2 }}, verifyWithin: 10s, {policy} }}
services:
  - name: checkout
    mode: active
    zone: example.test
    providers: [main]
    records:
      - {{ name: api, type: A, ttl: 60s, values: {{ prod: [192.0.2.10], dr: [198.51.100.10] }} }}
      - {{ name: www, type: CNAME, ttl: 60s, values: {{ prod: [lb-prod.example.net.], dr: [lb-dr.example.net.] }} }}
    regions:
      - {{ name: prod, endpoints: [{{ address: 127.0.0.1 }}], probes: [{{ tcp: {{ port: {port} }} }}] }}
      - {{ name: dr, endpoints: [{{ address: 127.0.0.1 }}], probes: [{{ tcp: {{ port: {port} }} }}] }}
"#,
            primary = self.primary.local_addr(),
            folder = self.folder.path().display(),
            port = region.port(),
        );
        std::fs::write(self.config(), text).expect("written");
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("config.yaml")
    }

    pub(crate) fn record(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `break-glass checkout`, asking nobody.
    pub(crate) async fn break_glass(&self, to: &str, record: &Path, more: &[&str]) -> Ended {
        let (config, record) = (self.config(), record.to_string_lossy().into_owned());
        let config = config.to_string_lossy().into_owned();
        let line = ["break-glass", "checkout", "--to", to, "--reason", "prod is under water", "--by", "ada", "--yes"];
        let files = ["--config", config.as_str(), "--record", record.as_str()];
        run_alone(&[&line[..], &files, more].concat()).await
    }

    /// Takes the service under a fence, in prod, as nobody else is there to do it.
    pub(crate) async fn fence(&self) {
        let ended = self.break_glass("prod", &self.record("fence.json"), &["--override", "adopted"]).await;
        assert_eq!(ended.code, 0, "{ended:?}");
    }

    /// A command that reads the configuration.
    pub(crate) async fn with_config(&self, line: &[&str]) -> Ended {
        let config = self.config();
        run_alone(&[line, &["--config", &config.to_string_lossy()]].concat()).await
    }

    /// The values of `api`, as text.
    pub(crate) fn api(&self) -> Vec<String> {
        let owner = Name::from_ascii("api.example.test.").expect("a name");
        let zone = self.primary.zone();
        let set = zone.rrset(&owner, RecordType::A);
        set.map(|set| set.values().iter().map(ToString::to_string).collect()).unwrap_or_default()
    }
}

fn secret() -> Vec<u8> {
    data_encoding::BASE64.decode(SECRET.as_bytes()).expect("base64")
}
