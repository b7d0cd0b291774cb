//! The zone in memory.

use std::sync::Arc;

use dns_core::fence::text::FenceText;
use dns_core::rrset::{GuardedType, Rrset, RrsetKey, Ttl};
use dns_provider::memory::Memory;
use dns_provider::port::Provider;

use super::stall::Stall;
use super::{Subject, normal};
use crate::provider::{CONTENT, ZONE, name};

/// A zone in memory.
pub(crate) struct InMemory(Memory);

impl InMemory {
    pub(crate) fn start() -> Self {
        let memory = Self(Memory::new(&name(ZONE), vec![name("ns1.example.test")]));
        for (owner, rtype, values) in CONTENT {
            memory.put(owner, rtype, 60, values);
        }
        memory
    }
}

impl Subject for InMemory {
    fn provider(&self) -> Arc<dyn Provider> {
        Arc::new(self.0.clone())
    }

    fn stranger(&self) -> Arc<dyn Provider> {
        panic!("a zone in memory knows no credentials: this test is for remote subjects");
    }

    fn stalling(&self) -> (Arc<dyn Provider>, Stall) {
        (Arc::new(self.0.clone()), Stall::in_memory(self.0.hold_next_apply()))
    }

    fn put(&self, owner: &str, rtype: &str, ttl: u32, values: &[&str]) {
        let ttl = Ttl::from_secs(u64::from(ttl)).expect("a TTL");
        if rtype == "TXT" {
            let texts = values.iter().map(|text| FenceText::from_strings(vec![(*text).to_owned()])).collect();
            return self.0.put_texts(&name(owner), ttl, texts);
        }
        let rtype: GuardedType = rtype.parse().expect("a guarded type");
        let values = values.iter().map(|text| rtype.parse_value(text).expect("a value"));
        let key = RrsetKey::new(&name(owner), rtype);
        self.0.put(Rrset::new(key, ttl, values).expect("an RRset"));
    }

    fn remove(&self, owner: &str, rtype: &str) {
        match rtype.parse() {
            Ok(rtype) => assert!(self.0.remove(&RrsetKey::new(&name(owner), rtype)), "{owner} has no {rtype}"),
            Err(_) => self.0.put_texts(&name(owner), Ttl::from_secs(1).expect("a TTL"), vec![]),
        }
    }

    fn held(&self, owner: &str, rtype: &str) -> Vec<String> {
        let rtype = rtype.parse().expect("a guarded type");
        normal(self.0.served(&name(owner), rtype).iter().map(ToString::to_string))
    }
}
