//! A whole monitor in this process, from a configuration in YAML.

use std::path::Path;

use dns_api::evidence_stream::{EvidenceAccess, EvidenceClient};
use dns_core::identifier::VantageName;
use dns_monitor::run::serve;
use dns_service::config::Config;
use dns_service::config::secret::Program;
use dns_service::http::{PlainHttp, bind};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::peers::LOOPBACK;

pub(crate) fn vantage() -> VantageName {
    VantageName::new("fra1").expect("a name")
}

/// A running monitor; stops when dropped.
pub(crate) struct Monitor {
    pub(crate) url: String,
    _stop: DropGuard,
}

impl Monitor {
    /// Runs the vantage point `fra1` of a configuration.
    pub(crate) fn start(config: &str) -> Self {
        let program = Program::Monitor(vantage());
        let config = Config::from_texts([(Path::new("config.yaml"), config)], &program);
        let config = config.unwrap_or_else(|faults| panic!("{faults}"));
        let listening = bind((LOOPBACK, 0).into(), PlainHttp::OnLoopback, &config.tls).expect("bound");
        let url = listening.url();
        let stop = CancellationToken::new();
        let token = stop.clone();
        tokio::spawn(async move {
            if let Err(failure) = serve(&config, &vantage(), listening, token).await {
                panic!("{failure:?}");
            }
        });
        Self { url, _stop: stop.drop_guard() }
    }

    pub(crate) fn client(&self) -> EvidenceClient {
        client(&self.url)
    }
}

pub(crate) fn client(url: &str) -> EvidenceClient {
    let url = url.parse().expect("a URL");
    let access = EvidenceAccess { vantage: vantage(), url, token: None, ca: None };
    EvidenceClient::new(&access).expect("a client")
}

/// A configuration with one service, `checkout`, whose regions have one endpoint each, probed by opening these ports.
pub(crate) fn config(prod: u16, dr: u16, more: &str) -> String {
    format!(
        r#"
apiVersion: dnsfailover/v1
installation: test
regions: [{{ name: prod }}, {{ name: dr }}]
vantagePoints: [{{ name: fra1, url: "http://127.0.0.1:8443" }}]
providers:
  main:
    rfc2136:
      server: "127.0.0.1:53"
      zones: [example.com]
      tsig: {{ name: key., algorithm: hmac-sha256, secretFile: /nonexistent/tsig }}
policies:
  default: {{ interval: 200ms, timeout: 200ms, detection: {{ fall: 2, rise: 2 }}, quorum: 1 }}
services:
  - name: checkout
    zone: example.com
    providers: [main]
    records: [{{ name: api, type: A, ttl: 60s }}]
    regions:
      - name: prod
        endpoints: [{{ address: 127.0.0.1 }}]
        probes: [{{ http: {{ port: {prod} }} }}]
      - name: dr
        endpoints: [{{ address: 127.0.0.2 }}]
        probes: [{{ tcp: {{ port: {dr} }} }}]
{more}
"#
    )
}
