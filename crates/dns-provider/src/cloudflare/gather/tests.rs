//! Tests of [`super`] without an API; those with one are in `tests/it/cloudflare.rs`.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dns_core::rrset::canonical_name;

use super::*;
use crate::budget::Budget;

/// Reads that wait for each other take their time, and callers give up.
#[tokio::test]
async fn a_read_that_nobody_waits_for_any_more_makes_no_call() {
    let calls = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&calls);
    let name = |text: &str| canonical_name(text).expect("a name");
    let token = std::env::temp_dir().join(format!("cloudflare-gather-token-{}", std::process::id()));
    std::fs::write(&token, "token").expect("written");
    let budget = Arc::new(Budget::new(Duration::ZERO, NonZeroU32::MIN));
    // Nobody listens there.
    let url = "http://127.0.0.1:9/v4".parse().expect("a URL");
    let api = Api::new(&url, token.clone(), Duration::from_secs(5), budget).expect("a client");
    let api = api.counting(Arc::new(move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
    }));
    let place = Place { zone: name("example.com"), id: "0123abcd".to_owned() };
    let names = Names { api: &api, place: &place, places: Places::one_by_one(Urgency::Watch) };
    let waiting = || {
        let (answer, waits) = oneshot::channel();
        let fence_name = name("_checkout._failover.example.com");
        (
            Waiting { request: ReadRequest { zone: name("example.com"), fence_name, keys: BTreeSet::new() }, answer },
            waits,
        )
    };
    let ((gone, gave_up), (there, waits)) = (waiting(), waiting());
    drop(gave_up);
    answer_each(vec![gone, there], &names).await;
    std::fs::remove_file(token).expect("removed");
    assert_eq!(calls.load(Ordering::Relaxed), 1, "for the one who is there");
    waits.await.expect("answered").expect_err("by nobody");
}
