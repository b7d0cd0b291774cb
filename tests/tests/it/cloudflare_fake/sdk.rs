//! The official SDK of the service, with strict validation of every answer.

use tests::cloudflare::{Failure, Fake, Fault, Kind, Operation, Plan, Setup, TOKEN, ZoneSetup};
use tests::python::run_script;

use super::client::ZONE;

/// Runs one part of the script; it prints `ok` when everything was as it should be.
fn run(fake: &Fake, part: &str) {
    let url = fake.url();
    let env = [("CLOUDFLARE_BASE_URL", url.as_str()), ("CLOUDFLARE_API_TOKEN", TOKEN), ("ZONE", ZONE)];
    let output = run_script("cloudflare_sdk.py", &[part], &env).expect(part);
    assert_eq!(output, format!("ok {part}\n"));
}

fn start() -> Fake {
    let mut setup = Setup::with_zone(ZoneSetup::new(ZONE, Plan::Pro));
    setup.zones.push(ZoneSetup::new("example.net", Plan::Enterprise));
    Fake::start(setup)
}

#[test]
fn verifies_its_token_and_lists_zones() {
    run(&start(), "zones");
}

#[test]
fn creates_edits_overwrites_and_deletes_records_of_every_type() {
    run(&start(), "records");
}

#[test]
fn pages_through_all_records_and_filters_them() {
    let fake = start();
    run(&fake, "pages");
    assert!(fake.requests(Operation::ListRecords) > 3, "it pages until an empty page");
}

#[test]
fn sends_batches_and_reads_their_four_lists() {
    let fake = start();
    run(&fake, "batches");
    assert_eq!(fake.batches().iter().map(|batch| batch.is_applied).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn raises_the_error_class_of_every_refusal() {
    let fake = start();
    let faults = [
        Kind::Refused(Failure::Throttled { retry_after_secs: 1 }),
        Kind::Refused(Failure::Error(503)),
        Kind::Refused(Failure::EdgePage(520)),
        Kind::Cut,
    ];
    for (skip, kind) in faults.into_iter().enumerate() {
        fake.inject(Fault { operation: Operation::ListZones, skip, times: 1, kind });
    }
    run(&fake, "errors");
}
