//! Steps, writes and rows to put into a store.

use dns_core::fence::DecisionId;
use dns_core::history::{HistoryEntry, HistoryKind};
use dns_core::identifier::ServiceName;
use dns_core::time::Timestamp;
use dns_core::write::PlannedWrite;
use dns_store::port::{Commit, EvacuationCommit, Generation};
use serde_json::json;

pub(crate) fn service(name: &str) -> ServiceName {
    ServiceName::new(name).expect("a valid name")
}

pub(crate) fn decision(id: &str) -> DecisionId {
    id.parse().expect("a valid id")
}

/// A step that writes nothing but state.
pub(crate) fn step(name: &str, expected: u64, envelope: &str) -> Commit {
    Commit {
        service: service(name),
        expected: Generation(expected),
        envelope: envelope.to_owned(),
        outbox: Vec::new(),
        history: Vec::new(),
    }
}

/// An open evacuation.
pub(crate) fn evacuation(id: &str, region: &str, expected: u64, state: &str) -> EvacuationCommit {
    EvacuationCommit {
        id: id.parse().expect("a valid id"),
        region: region.parse().expect("a valid name"),
        open: true,
        expected: Generation(expected),
        state: state.to_owned(),
        history: Vec::new(),
    }
}

pub(crate) fn entry(name: &str, id: Option<&str>, summary: &str) -> HistoryEntry {
    HistoryEntry {
        at: Timestamp::from_millis(1_795_246_200_123),
        service: service(name),
        kind: HistoryKind::Decided,
        decision: id.map(decision),
        summary: summary.to_owned(),
        page: summary.contains("page"),
        details: json!({ "votes": [1, 2], "quote": "it's \"so\"" }).into(),
    }
}

pub(crate) fn write(name: &str, id: &str) -> PlannedWrite {
    let digest = "00112233445566778899aabbccddeeff";
    serde_json::from_value(json!({
        "id": id, "service": name, "kind": "failover", "initiative": "manual", "by": "oncall",
        "from": "prod", "to": "dr", "reason": "prod is gone", "overrides": ["notPaused"],
        "decided": 1_795_246_200_000_u64, "validUntil": 1_795_246_210_000_u64,
        "change": {
            "zone": "example.com.", "fenceName": format!("_{name}._failover.example.com."),
            "guard": { "fence": "exactly", "ttl": 60, "text": ["v=dnsfo1;", "active=prod;"] },
            "requires": [], "deletes": [], "creates": [], "fenceTtl": 60, "fence": ["v=dnsfo1;", "active=dr;"],
        },
        "fence": {
            "install": "acme", "id": name, "provider": "main", "epoch": 2, "rev": 3, "write": "w1", "plan": id,
            "active": "dr", "released": null, "moved": 1_795_246_200_000_u64, "by": "controller-1", "cfg": 0,
            "pin": null, "pause": null, "rrs": [], "digest": digest, "unknown": [],
        },
    }))
    .expect("a planned write")
}
