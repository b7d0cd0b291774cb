//! The adapter of `PowerDNS`'s HTTP API on the real server: what it says of itself, and what only the API has. What every
//! provider has in common is in [`provider`](crate::provider).

use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dns_core::change::ChangeSet;
use dns_core::fence::Fence;
use dns_core::rrset::{GuardedType, Rrset, RrsetKey, Ttl};
use dns_core::zone::{FoundFence, ZoneView};
use dns_provider::port::{GuardStrength, Provider as _, ProviderError, Receipt, Urgency};
use dns_provider::powerdns::{PowerDns, Settings};
use tests::{AuthServer, Kind, PATIENCE, Sandbox, Setup, until_eq};

use crate::provider::{api, fence, key, name, permit, plan, request, rrsets};

const ZONE: &str = "\
$ORIGIN example.test.
$TTL 60
@ SOA ns1 hostmaster 1 3600 600 604800 30
@ NS ns1
ns1 A 127.0.0.1
@ A 192.0.2.1
api A 192.0.2.1
api A 192.0.2.2
api AAAA 2001:db8::1
WWW CNAME LB-Prod.Example.NET.
";

/// A primary with one secondary, and the adapter.
struct Rig {
    server: AuthServer,
    sandbox: Sandbox,
    provider: PowerDns,
    runtime: tokio::runtime::Runtime,
}

impl Rig {
    fn start() -> Self {
        let sandbox = Sandbox::new();
        let server = AuthServer::start_in(&sandbox, Kind::PowerDns, Setup::new("example.test", ZONE));
        let key = sandbox.write("api-key", &server.api().key);
        let provider = provider(&server, key);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Self { server, sandbox, provider, runtime: runtime.expect("a runtime") }
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    fn read(&self, keys: &[RrsetKey]) -> ZoneView {
        self.wait(self.provider.read(&request(keys), Urgency::Watch)).expect("the zone is read")
    }

    fn apply(&self, change: &ChangeSet) -> Result<Receipt, ProviderError> {
        self.wait(self.provider.apply(change, &permit()))
    }

    fn adopt(&self, keys: &[RrsetKey]) -> ZoneView {
        let view = self.read(keys);
        let target = view.rrsets.clone();
        self.apply(&plan(&view, &target, 1)).expect("adopted");
        self.read(keys)
    }

    /// Changes the zone as its operator does, over the API.
    fn patch(&self, rrsets: &str) {
        self.curl(&["--request", "PATCH", "--data", rrsets]);
    }

    /// All that the server has of the zone.
    fn shown(&self) -> String {
        self.curl(&[])
    }

    fn curl(&self, options: &[&str]) -> String {
        self.server.api().curl("example.test", options)
    }
}

fn provider(server: &AuthServer, api_key_file: PathBuf) -> PowerDns {
    let settings = Settings {
        url: format!("http://{}", server.api().address).parse().expect("a URL"),
        server_id: "localhost".to_owned(),
        zones: vec![name("example.test"), name("example.net")],
        api_key_file,
        timeout: Duration::from_secs(5),
    };
    PowerDns::new(settings).expect("a client")
}

fn api_aaaa() -> RrsetKey {
    key("api.example.test", GuardedType::Aaaa)
}

fn www() -> RrsetKey {
    key("www.example.test", GuardedType::Cname)
}

fn set(key: &RrsetKey, values: &[&str]) -> Rrset {
    let values = values.iter().map(|text| key.rtype().parse_value(text).expect("a value"));
    Rrset::new(key.clone(), Ttl::from_secs(60).expect("a TTL"), values).expect("an RRset")
}

fn assert_conflict(outcome: &Result<Receipt, ProviderError>) {
    assert!(matches!(outcome, Err(ProviderError::Conflict { .. })), "{outcome:?}");
}

#[test]
fn adopts_and_moves_and_the_secondaries_are_told() {
    let mut rig = Rig::start();
    let notified = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&notified);
    rig.provider = rig.provider.clone().counting(Arc::new(move |operation, outcome| {
        if operation == "notify" {
            hears.lock().expect("nothing panics while it holds this").push(outcome);
        }
    }));
    let keys = [api(), api_aaaa(), www()];
    let view = rig.adopt(&keys);
    let FoundFence::Present { text, .. } = &view.fence else { panic!("no fence: {:?}", view.fence) };
    assert_eq!(Fence::parse(text, &view.zone).expect("a fence"), fence(&view.rrsets, 1));
    let target = rrsets([set(&api(), &["198.51.100.1"]), set(&www(), &["lb-dr.example.net"])]);
    rig.apply(&plan(&view, &target, 2)).expect("moved");
    assert_eq!(rig.read(&keys).rrsets, target);
    assert_eq!(rig.server.query("api.example.test", "AAAA"), [""; 0]);
    let told = || notified.lock().expect("nothing panics while it holds this").clone();
    until_eq("the server notifies for both writes", PATIENCE, &vec!["ok", "ok"], told);
    let secondary = rig.server.addresses()[1];
    until_eq("the secondary follows", PATIENCE, &["198.51.100.1"], || {
        tests::auth::query_at(secondary, "api.example.test", "A")
    });
}

#[test]
fn a_type_gives_way_to_another_in_one_request() {
    let rig = Rig::start();
    let keys = [api(), api_aaaa(), www()];
    let view = rig.adopt(&keys);
    let target = rrsets([
        set(&key("api.example.test", GuardedType::Cname), &["lb-dr.example.net"]),
        set(&key("www.example.test", GuardedType::A), &["198.51.100.1"]),
    ]);
    rig.apply(&plan(&view, &target, 2)).expect("moved");
    assert_eq!(rig.server.query("api.example.test", "CNAME"), ["lb-dr.example.net."]);
    assert_eq!(rig.server.query("www.example.test", "A"), ["198.51.100.1"]);
}

#[test]
fn what_changed_since_the_plan_is_a_conflict_and_nothing_is_sent() {
    let rig = Rig::start();
    let view = rig.adopt(&[api()]);
    rig.apply(&plan(&view, &view.rrsets, 2)).expect("annotated");
    let moved = rrsets([set(&api(), &["198.51.100.1"])]);
    assert_conflict(&rig.apply(&plan(&view, &moved, 2)));
    let view = rig.read(&[api()]);
    rig.server.edit(&["update add api.example.test. 60 A 192.0.2.99"]);
    assert_conflict(&rig.apply(&plan(&view, &moved, 3)));
    assert_eq!(rig.server.query("api.example.test", "A"), ["192.0.2.1", "192.0.2.2", "192.0.2.99"]);
    assert_eq!(rig.provider.capabilities().guard, GuardStrength::Weak);
}

#[test]
fn a_disabled_record_is_not_served_and_never_removed() {
    let rig = Rig::start();
    rig.patch(
        r#"{"rrsets": [{"name": "api.example.test.", "type": "A", "ttl": 60, "changetype": "REPLACE", "records": [
            {"content": "192.0.2.1", "disabled": false}, {"content": "192.0.2.2", "disabled": true}]}]}"#,
    );
    let view = rig.read(&[api()]);
    assert_eq!(view.rrsets[&api()].to_string(), "api.example.test. 60 A 192.0.2.1");
    let outcome = rig.apply(&plan(&view, &rrsets([set(&api(), &["198.51.100.1"])]), 1));
    assert!(
        matches!(&outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains("disabled")),
        "{outcome:?}"
    );
    assert!(rig.shown().contains("192.0.2.2"), "{}", rig.shown());
}

#[test]
fn a_move_keeps_the_comments_of_an_rrset() {
    let rig = Rig::start();
    rig.patch(
        r#"{"rrsets": [{"name": "api.example.test.", "type": "A", "ttl": 60, "changetype": "REPLACE",
            "records": [{"content": "192.0.2.1", "disabled": false}],
            "comments": [{"content": "ticket 42", "account": "ops"}]}]}"#,
    );
    let view = rig.adopt(&[api()]);
    rig.apply(&plan(&view, &rrsets([set(&api(), &["198.51.100.1"])]), 2)).expect("moved");
    let shown = rig.shown();
    assert!(shown.contains("ticket 42") && shown.contains("198.51.100.1"), "{shown}");
}

#[test]
fn a_wrong_key_is_denied_and_a_new_one_is_read_from_the_file() {
    let rig = Rig::start();
    let file = rig.sandbox.write("wrong-key", "not-the-key");
    let stranger = provider(&rig.server, file);
    let outcome = rig.wait(stranger.zone(&name("example.test")));
    assert!(matches!(&outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains("key")), "{outcome:?}");
    rig.sandbox.write("wrong-key", &rig.server.api().key);
    rig.wait(stranger.zone(&name("example.test"))).expect("the file has the key now");
}

#[test]
fn a_zone_is_checked_before_the_day() {
    let rig = Rig::start();
    let facts = rig.wait(rig.provider.zone(&name("example.test"))).expect("facts");
    assert_eq!(facts.name_servers, [name("ns1.example.test")]);
    let outcome = rig.wait(rig.provider.zone(&name("example.net")));
    assert!(
        matches!(&outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains("no zone example.net.")),
        "{outcome:?}"
    );
    let outcome = rig.wait(rig.provider.zone(&name("example.org")));
    assert!(matches!(&outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains("`zones`")), "{outcome:?}");
    rig.curl(&["--request", "PUT", "--data", r#"{"soa_edit_api": ""}"#]);
    let outcome = rig.wait(rig.provider.zone(&name("example.test")));
    assert!(
        matches!(&outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains("SOA-EDIT-API INCREASE")),
        "{outcome:?}"
    );
}

#[test]
fn a_stopped_server_is_transient_for_reads_and_for_writes_that_were_not_sent() {
    let mut rig = Rig::start();
    let view = rig.adopt(&[api()]);
    rig.server.primary().kill9();
    let outcome = rig.apply(&plan(&view, &view.rrsets, 2));
    assert!(matches!(outcome, Err(ProviderError::Transient { .. })), "{outcome:?}");
}
