//! A real primary, by DNS UPDATE.

use std::fmt::Write as _;
use std::sync::Arc;

use data_encoding::BASE64;
use dns_provider::port::Provider;
use dns_provider::rfc2136::{Rfc2136, TsigAlgorithm, TsigKey};
use tests::auth::Algorithm;
use tests::{AuthServer, Key, Kind, Setup};

use super::stall::Stall;
use super::{Subject, normal};
use crate::provider::{CONTENT, PERMIT, TIMEOUT, ZONE, name};

/// The code of UPDATE (RFC 2136 §2.2), in the third byte of a message (RFC 1035 §4.1.1).
const UPDATE: u8 = 5;

/// One primary with the zone, without secondaries unless a test wants some.
pub(crate) struct Primary {
    pub(crate) server: AuthServer,
}

impl Primary {
    pub(crate) fn start(kind: Kind) -> Self {
        Self::start_with(kind, Setup::new(ZONE, &zone_file()).secondaries(0))
    }

    pub(crate) fn start_with(kind: Kind, setup: Setup) -> Self {
        Self { server: AuthServer::start(kind, setup) }
    }

    /// A client with this key.
    pub(crate) fn client(&self, key: &Key) -> Rfc2136 {
        Rfc2136::new(self.server.address(), tsig(key), TIMEOUT, PERMIT)
    }
}

impl Subject for Primary {
    fn provider(&self) -> Arc<dyn Provider> {
        Arc::new(self.client(self.server.key()))
    }

    fn stranger(&self) -> Arc<dyn Provider> {
        Arc::new(self.client(&Key::generate("stranger", Algorithm::HmacSha256)))
    }

    fn stalling(&self) -> (Arc<dyn Provider>, Stall) {
        let stall = Stall::on_the_way_to(self.server.address(), |octets| {
            // A length of two octets stands before each message (RFC 1035 §4.2.2).
            octets.get(4).is_some_and(|flags| (flags >> 3) & 0xf == UPDATE)
        });
        (Arc::new(Rfc2136::new(stall.address(), tsig(self.server.key()), super::LONG, PERMIT)), stall)
    }

    fn put(&self, owner: &str, rtype: &str, ttl: u32, values: &[&str]) {
        let quote = if rtype == "TXT" { "\"" } else { "" };
        let lines = values.iter().map(|value| format!("update add {owner}. {ttl} {rtype} {quote}{value}{quote}"));
        let lines: Vec<String> = [format!("update delete {owner}. {rtype}")].into_iter().chain(lines).collect();
        self.server.edit(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    }

    fn remove(&self, owner: &str, rtype: &str) {
        self.server.edit(&[&format!("update delete {owner}. {rtype}")]);
    }

    fn held(&self, owner: &str, rtype: &str) -> Vec<String> {
        normal(self.server.query(owner, rtype))
    }
}

/// The key as the product has it.
pub(crate) fn tsig(key: &Key) -> TsigKey {
    let algorithm = match key.algorithm() {
        Algorithm::HmacSha256 => TsigAlgorithm::HmacSha256,
        Algorithm::HmacSha384 => TsigAlgorithm::HmacSha384,
        Algorithm::HmacSha512 => TsigAlgorithm::HmacSha512,
    };
    let secret = BASE64.decode(key.secret().as_bytes()).expect("base64");
    TsigKey::new(&name(key.name()), algorithm, secret)
}

/// The content as a zone file.
pub(crate) fn zone_file() -> String {
    let mut text =
        format!("$ORIGIN {ZONE}.\n$TTL 60\n@ SOA ns1 hostmaster 1 3600 600 604800 30\n@ NS ns1\nns1 A 127.0.0.1\n");
    for (owner, rtype, values) in CONTENT {
        for value in values {
            writeln!(text, "{owner}. {rtype} {value}").expect("invariant: a String takes every write");
        }
    }
    text
}
