//! What becomes of a write by PowerDNS's API that takes longer than its permit, and of a search that finds nothing. The real server is tested in `tests`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dns_core::change::{ChangeSet, Guard};
use dns_core::fence::text::FenceText;
use dns_core::rrset::{Ttl, canonical_name};
use dns_core::time::Timestamp;
use dns_provider::port::{Permit, Provider, ProviderError, Receipt};
use dns_provider::powerdns::{PowerDns, Settings};
use dns_provider::zones::{self, Extent, Listing};
use dns_zone::{Owner, Zone};
use hickory_proto::rr::Name;

use crate::http_script::{HttpScript, Reply, Request};

/// Numbers the files of keys, so that no two tests share one.
static FILES: AtomicUsize = AtomicUsize::new(0);

/// The adapter in front of a server whose zone is empty, and a key in a file.
struct Rig {
    script: HttpScript,
    key: PathBuf,
    provider: PowerDns,
}

impl Rig {
    /// Whose server answers a PATCH with this status.
    async fn start(patched: u16) -> Self {
        Self::answering(move |request| {
            let zone = r#"{"kind": "Native", "soa_edit_api": "DEFAULT", "rrsets": []}"#;
            match request.line.split_once(' ') {
                Some(("GET", _)) => Reply::Answer(200, "", zone.to_owned()),
                _ => Reply::Answer(patched, "", String::new()),
            }
        })
        .await
    }

    async fn answering(reply: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        let script = HttpScript::start(reply).await;
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let key = std::env::temp_dir().join(format!("powerdns-key-{}-{number}", std::process::id()));
        std::fs::write(&key, "first-key").expect("the key is written");
        let provider = PowerDns::new(Settings {
            url: format!("http://{}", script.address).parse().expect("a URL"),
            server_id: "localhost".to_owned(),
            zones: vec![name("example.com")],
            api_key_file: key.clone(),
            timeout: Duration::from_secs(30),
        });
        Self { script, key, provider: provider.expect("a client") }
    }

    fn patches(&self) -> usize {
        self.script.seen().iter().filter(|request| request.line.starts_with("PATCH")).count()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.key));
    }
}

fn name(text: &str) -> Name {
    canonical_name(text).expect("a name")
}

fn adoption() -> ChangeSet {
    ChangeSet {
        zone: name("example.com"),
        fence_name: name("_checkout._failover.example.com"),
        guard: Guard::Absent,
        requires: vec![],
        deletes: vec![],
        creates: vec![],
        fence_ttl: Ttl::from_secs(60).expect("a TTL"),
        fence: FenceText::from_strings(vec!["v=1;".to_owned()]),
    }
}

fn permit(length: Duration) -> Permit {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Permit { granted: Timestamp::from_millis(u64::try_from(now.as_millis()).expect("before the end of time")), length }
}

/// What a process does that is stopped until its permit is over.
fn outlast(permit: &Permit) {
    while !permit.left().is_zero() {
        std::thread::sleep(permit.left());
    }
}

fn assert_late(outcome: &Result<Receipt, ProviderError>) {
    assert!(
        matches!(outcome, Err(ProviderError::Transient { reason, .. }) if reason.contains("permit of")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_write_whose_permit_ran_out_before_the_call_asks_nothing() {
    let rig = Rig::start(204).await;
    let length = Duration::from_secs(10);
    rig.provider.apply(&adoption(), &permit(length)).await.expect("in time");
    assert_eq!(rig.patches(), 1);
    let rig = Rig::start(204).await;
    let late = Permit { granted: permit(length).granted.before(length), length };
    assert_late(&rig.provider.apply(&adoption(), &late).await);
    assert!(rig.script.seen().is_empty());
}

#[tokio::test]
async fn a_process_that_is_stopped_between_its_look_and_its_patch_sends_nothing() {
    let rig = Rig::start(204).await;
    let permit = permit(Duration::from_millis(500));
    let provider = rig.provider.clone().counting(Arc::new(move |_, _| outlast(&permit)));
    assert_late(&provider.apply(&adoption(), &permit).await);
    assert_eq!(rig.patches(), 0);
}

#[tokio::test]
async fn a_patch_that_was_refused_for_its_key_is_not_sent_again_after_its_permit() {
    let rig = Rig::start(401).await;
    let (permit, key) = (permit(Duration::from_millis(500)), rig.key.clone());
    let provider = rig.provider.clone().counting(Arc::new(move |operation, _| {
        if operation == "patch_zone" {
            std::fs::write(&key, "second-key").expect("rotated");
            outlast(&permit);
        }
    }));
    assert_late(&provider.apply(&adoption(), &permit).await);
    assert_eq!(rig.patches(), 1);
}

const SOA: &str = r#"{"name": "example.com.", "type": "SOA", "ttl": 60, "records": [{"content": "a. b. 1 2 3 4 5"}]}"#;

/// White space that no parser minds, more than is read of anything but a zone.
fn padding() -> String {
    " ".repeat(65 * 1024 * 1024)
}

#[tokio::test]
async fn a_zone_that_is_larger_than_any_other_answer_is_read() {
    let rig = Rig::answering(|_| Reply::Answer(200, "", format!(r#"{{"rrsets": [{}{SOA}]}}"#, padding()))).await;
    let apex: Owner = "example.com.".parse().expect("a name");
    let listing = zones::ZoneTarget::list(&rig.provider, &apex).await.expect("read whole");
    assert_eq!(listing.zone.sets().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_refused_with_the_bound() {
    let rig = Rig::answering(|_| Reply::Answer(200, "", format!("[]{}", padding()))).await;
    let apex: Owner = "example.com.".parse().expect("a name");
    let mut known = Listing { zone: Zone::new(apex), not_plain: Vec::new(), serial_stays: None };
    let refreshed = zones::ZoneTarget::refresh(&rig.provider, &mut known).await;
    assert!(
        matches!(&refreshed, Err(ProviderError::Denied { reason, .. }) if reason.contains("longer than 64 MiB")),
        "{refreshed:?}"
    );
}

/// Backends that cannot search find nothing, without an error.
#[tokio::test]
async fn a_search_that_does_not_even_find_the_soa_is_not_believed() {
    let rig = Rig::answering(|request| {
        let found = if request.line.contains("search-data") {
            "[]".to_owned()
        } else {
            format!(r#"{{"kind": "Native", "soa_edit_api": "DEFAULT", "rrsets": [{SOA}]}}"#)
        };
        Reply::Answer(200, "", found)
    })
    .await;
    let apex: Owner = "example.com.".parse().expect("a name");
    let mut known = Listing { zone: Zone::new(apex), not_plain: Vec::new(), serial_stays: None };
    let refreshed = zones::ZoneTarget::refresh(&rig.provider, &mut known).await.expect("read whole");
    assert_eq!(refreshed.extent, Extent::All);
    assert_eq!(known.zone.sets().len(), 1);
}
