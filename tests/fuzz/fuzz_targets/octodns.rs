//! Whatever text a zone of octoDNS has: it is refused with its faults, or read as a zone that can be written and read again.
#![no_main]

use dns_zone::{Owner, octodns};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let apex: Owner = "example.test.".parse().expect("a name");
    match octodns::read(&apex, "example.test.yaml", text) {
        Ok(file) => assert!(file.zone.sets().all(|(key, set)| key.owner.is_in(&apex) && !set.values().is_empty())),
        Err(findings) => assert!(findings.refused() > 0, "refused without a fault"),
    }
});
