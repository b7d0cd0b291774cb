//! What becomes of a write or a read when Cloudflare's API, or something on the way, misbehaves.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dns_core::change::{ChangeSet, Guard, Requirement};
use dns_core::fence::text::FenceText;
use dns_core::rrset::{GuardedType, RrsetKey, Ttl, canonical_name};
use dns_core::time::Timestamp;
use dns_core::zone::{FoundFence, ReadRequest, ZoneView};
use dns_provider::budget::Budget;
use dns_provider::cloudflare::{Cloudflare, Settings};
use dns_provider::port::{Permit, Provider, ProviderError, Receipt, Urgency};
use hickory_proto::rr::Name;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::http_script::{HttpScript, Reply, Request};

const TOKEN: &str = "first-token-of-forty-characters-or-more-0";
const BURST: NonZeroU32 = NonZeroU32::new(1000).expect("not zero");

/// Numbers the files of tokens, so that no two tests share one.
static FILES: AtomicUsize = AtomicUsize::new(0);

/// A token in a file that goes with it.
struct TokenFile(PathBuf);

impl TokenFile {
    fn new() -> Self {
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("cloudflare-token-{}-{number}", std::process::id()));
        std::fs::write(&path, TOKEN).expect("the token is written");
        Self(path)
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

/// The adapter, in front of a script.
struct Rig {
    script: HttpScript,
    token: TokenFile,
    provider: Cloudflare,
}

impl Rig {
    async fn start(reply: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        Self::start_with(Duration::from_secs(5), reply).await
    }

    async fn start_with(timeout: Duration, reply: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        let script = HttpScript::start(reply).await;
        let token = TokenFile::new();
        let provider = provider(&script.url(), &token, timeout);
        Self { script, token, provider }
    }

    async fn read(&self) -> Result<ZoneView, ProviderError> {
        self.provider.read(&request("checkout"), Urgency::Flip).await
    }

    async fn apply(&self) -> Result<Receipt, ProviderError> {
        self.provider.apply(&adoption(), &permit(Duration::from_secs(10))).await
    }

    fn batches(&self) -> usize {
        self.script.seen().iter().filter(|request| request.line.starts_with("POST")).count()
    }
}

fn provider(url: &str, token: &TokenFile, timeout: Duration) -> Cloudflare {
    Cloudflare::new(settings(url, token, timeout)).expect("a client")
}

fn settings(url: &str, token: &TokenFile, timeout: Duration) -> Settings {
    Settings {
        zones: BTreeMap::from([(name("example.com"), "0123abcd".to_owned())]),
        token_file: token.0.clone(),
        endpoint_url: Some(url.parse().expect("a URL")),
        batch_max: 200,
        timeout,
        budget: Arc::new(Budget::new(Duration::from_millis(1), BURST)),
    }
}

fn name(text: &str) -> Name {
    canonical_name(text).expect("a name")
}

fn api() -> RrsetKey {
    RrsetKey::new(&name("api.example.com"), GuardedType::A)
}

fn request(service: &str) -> ReadRequest {
    let fence_name = name(&format!("_{service}._failover.example.com"));
    ReadRequest { zone: name("example.com"), fence_name, keys: BTreeSet::from([api()]) }
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

fn is_late(outcome: &Result<Receipt, ProviderError>) -> bool {
    matches!(outcome, Err(ProviderError::Transient { reason, .. }) if reason.contains("permit of"))
}

fn adoption() -> ChangeSet {
    adoption_of("checkout")
}

fn adoption_of(service: &str) -> ChangeSet {
    ChangeSet {
        zone: name("example.com"),
        fence_name: name(&format!("_{service}._failover.example.com")),
        guard: Guard::Absent,
        requires: vec![Requirement::Absent(api())],
        deletes: vec![],
        creates: vec![],
        fence_ttl: Ttl::from_secs(60).expect("a TTL"),
        fence: FenceText::from_strings(vec!["v=1;".to_owned()]),
    }
}

fn record(id: &str, owner: &str, rtype: &str, content: &str) -> Value {
    json!({ "id": id, "name": owner, "type": rtype, "content": content, "ttl": 60, "proxied": false, "tags": [] })
}

fn page(records: &[Value], total: usize) -> String {
    let info = json!({ "page": 1, "per_page": 5000, "count": records.len(), "total_count": total });
    json!({ "success": true, "errors": [], "messages": [], "result": records, "result_info": info }).to_string()
}

fn ok(body: String) -> Reply {
    Reply::Answer(200, "", body)
}

/// Answers reads from an empty zone, and batches as told.
fn empty_zone(batch: impl Fn() -> Reply + Send + 'static) -> impl FnMut(&Request) -> Reply + Send + 'static {
    move |request| if request.line.starts_with("GET") { ok(page(&[], 0)) } else { batch() }
}

fn refusal(code: u32) -> String {
    json!({ "success": false, "errors": [{ "code": code, "message": "no" }], "result": null }).to_string()
}

#[tokio::test]
async fn accepted_batch_is_sent_once_with_the_token() {
    let rig = Rig::start(empty_zone(|| ok(r#"{"success":true,"errors":[],"result":{}}"#.to_owned()))).await;
    rig.apply().await.expect("accepted");
    let seen = rig.script.seen();
    let batch = seen.last().expect("a batch");
    assert_eq!(batch.line, "POST /v4/zones/0123abcd/dns_records/batch");
    assert!(seen.iter().all(|request| request.authorization == format!("Bearer {TOKEN}")));
    let body: Value = serde_json::from_str(&batch.body).expect("JSON");
    assert_eq!(body["posts"][0]["content"], json!("\"v=1;\""));
    assert_eq!(rig.batches(), 1);
}

#[tokio::test]
async fn batch_that_got_no_trustworthy_answer_is_unknown_and_not_repeated() {
    let replies: [fn() -> Reply; 4] = [
        || Reply::Cut,
        || Reply::Answer(502, "content-type: text/html\r\n", "<html>".to_owned()),
        || ok(r#"{"success":true,"res"#.to_owned()),
        || Reply::Answer(500, "", refusal(10001)),
    ];
    for (number, reply) in replies.into_iter().enumerate() {
        let rig = Rig::start(empty_zone(reply)).await;
        let outcome = rig.apply().await;
        assert!(matches!(outcome, Err(ProviderError::OutcomeUnknown { .. })), "{number}: {outcome:?}");
        assert_eq!(rig.batches(), 1, "{number}");
    }
}

#[tokio::test]
async fn batch_without_an_answer_in_time_is_unknown() {
    let rig = Rig::start_with(Duration::from_millis(300), empty_zone(|| Reply::Hang)).await;
    let outcome = rig.apply().await;
    assert!(matches!(outcome, Err(ProviderError::OutcomeUnknown { .. })), "{outcome:?}");
    assert_eq!(rig.batches(), 1);
}

#[tokio::test]
async fn nothing_is_sent_without_a_connection() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/v4", listener.local_addr().expect("an address"));
    drop(listener);
    let token = TokenFile::new();
    let outcome =
        provider(&url, &token, Duration::from_secs(1)).apply(&adoption(), &permit(Duration::from_secs(10))).await;
    assert!(matches!(outcome, Err(ProviderError::Transient { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_write_that_is_not_ready_within_its_permit_is_not_sent() {
    let rig = Rig::start(|_| Reply::Hang).await;
    let outcome = rig.provider.apply(&adoption(), &permit(Duration::from_millis(200))).await;
    assert!(
        matches!(&outcome, Err(ProviderError::Transient { reason, .. }) if reason.contains("permit")),
        "{outcome:?}"
    );
    assert_eq!(rig.batches(), 0);
}

/// What is left of a permit counts, not when the call begins.
#[tokio::test]
async fn a_write_whose_permit_ran_out_before_the_call_asks_nothing() {
    let rig = Rig::start(empty_zone(|| ok(r#"{"success":true,"errors":[],"result":{}}"#.to_owned()))).await;
    let length = Duration::from_secs(10);
    let late = Permit { granted: permit(length).granted.before(length), length };
    let outcome = rig.provider.apply(&adoption(), &late).await;
    assert!(is_late(&outcome), "{outcome:?}");
    assert!(rig.script.seen().is_empty());
}

#[tokio::test]
async fn a_process_that_is_stopped_between_its_look_and_its_batch_sends_nothing() {
    let rig = Rig::start(empty_zone(|| ok(r#"{"success":true,"errors":[],"result":{}}"#.to_owned()))).await;
    let permit = permit(Duration::from_millis(500));
    // It has looked at both names.
    let looks = AtomicUsize::new(0);
    let provider = rig.provider.clone().counting(Arc::new(move |_, _| {
        if looks.fetch_add(1, Ordering::Relaxed) == 1 {
            outlast(&permit);
        }
    }));
    let outcome = provider.apply(&adoption(), &permit).await;
    assert!(is_late(&outcome), "{outcome:?}");
    assert_eq!(rig.batches(), 0);
}

#[tokio::test]
async fn a_batch_that_was_refused_for_its_token_is_not_sent_again_after_its_permit() {
    let rig = Rig::start(empty_zone(|| Reply::Answer(403, "", refusal(10000)))).await;
    let (permit, token) = (permit(Duration::from_millis(500)), rig.token.0.clone());
    let provider = rig.provider.clone().counting(Arc::new(move |operation, _| {
        if operation == "batch" {
            std::fs::write(&token, "second-token").expect("rotated");
            outlast(&permit);
        }
    }));
    let outcome = provider.apply(&adoption(), &permit).await;
    assert!(is_late(&outcome), "{outcome:?}");
    assert_eq!(rig.batches(), 1);
}

#[tokio::test]
async fn flips_that_share_too_few_calls_are_done_one_after_the_other_and_not_all_by_half() {
    let accepted = || ok(r#"{"success":true,"errors":[],"result":{}}"#.to_owned());
    let rig = Rig::start(empty_zone(accepted)).await;
    let (flips, calls, period, length) = (40, 3, Duration::from_millis(20), Duration::from_secs(1));
    let budget = Arc::new(Budget::new(period, NonZeroU32::new(calls).expect("not zero")));
    let provider = Cloudflare::new(Settings { budget, ..settings(&rig.script.url(), &rig.token, length) });
    let provider = Arc::new(provider.expect("a client"));
    let mut waiting = JoinSet::new();
    let permit = permit(length);
    for number in 0..flips {
        let (provider, change) = (Arc::clone(&provider), adoption_of(&format!("s{number}")));
        waiting.spawn(async move { provider.apply(&change, &permit).await });
    }
    let mut done = 0;
    while let Some(outcome) = waiting.join_next().await {
        match outcome.expect("joined") {
            Ok(_) => done += 1,
            outcome @ Err(_) => assert!(is_late(&outcome), "{outcome:?}"),
        }
    }
    // Two looks at forty flips each would take all fifty places of a second and more. Half of what can be is enough.
    let most = length.div_duration_f64(period * calls);
    assert!(f64::from(done) > most / 2.0, "{done} of {most}");
    assert_eq!(rig.batches(), usize::try_from(done).expect("few"));
}

#[tokio::test]
async fn throttling_closes_the_budget_for_every_call() {
    let throttled = |_: &Request| Reply::Answer(429, "retry-after: 120\r\n", refusal(971));
    let rig = Rig::start_with(Duration::from_millis(300), throttled).await;
    let outcome = rig.read().await;
    let is_throttled = |outcome: &Result<ZoneView, ProviderError>, secs: Option<u64>| {
        matches!(outcome, Err(ProviderError::Throttled { retry_after, .. })
            if secs.is_none_or(|secs| retry_after.as_secs() == secs))
    };
    assert!(is_throttled(&outcome, Some(120)), "{outcome:?}");
    let again = rig.read().await;
    assert!(is_throttled(&again, None), "{again:?}");
    assert_eq!(rig.script.seen().len(), 1, "nothing more is sent");
}

#[tokio::test]
async fn a_rotated_token_is_read_again_when_the_old_one_is_refused() {
    let second = "second-token-of-forty-characters-or-more";
    let is_second = move |request: &Request| request.authorization == format!("Bearer {second}");
    let rig = Rig::start(
        move |request| {
            if is_second(request) { ok(page(&[], 0)) } else { Reply::Answer(403, "", refusal(10000)) }
        },
    )
    .await;
    let outcome = rig.read().await;
    let Err(error @ ProviderError::Denied { .. }) = outcome else { panic!("{outcome:?}") };
    assert!(!error.to_string().contains(TOKEN) && !format!("{:?}", rig.provider).contains(TOKEN));
    assert_eq!(rig.script.seen().len(), 1, "the same token is not tried twice");

    let written = std::fs::metadata(&rig.token.0).expect("metadata").modified().expect("a time");
    let padded = format!("{second}\n");
    std::fs::write(&rig.token.0, &padded).expect("rotated");
    assert_eq!(padded.len(), TOKEN.len(), "of the same length, and with the same time");
    std::fs::File::options().write(true).open(&rig.token.0).expect("opened").set_modified(written).expect("set");
    rig.read().await.expect("read with the second token");
}

#[tokio::test]
async fn a_redirect_does_not_carry_the_token_away() {
    let rig = Rig::start(|_| Reply::Answer(302, "location: /elsewhere\r\n", String::new())).await;
    let outcome = rig.read().await;
    assert!(matches!(outcome, Err(ProviderError::Denied { .. })), "{outcome:?}");
    assert_eq!(rig.script.seen().len(), 1);
}

/// Two pages of `api A`.
fn two_pages(second: impl Fn() -> Reply + Send + 'static) -> impl FnMut(&Request) -> Reply + Send + 'static {
    move |request| {
        if !request.line.contains("name.exact=api.example.com") {
            ok(page(&[], 0))
        } else if request.line.contains("page=1&") {
            ok(page(&[record("1", "api.example.com", "A", "192.0.2.1")], 2))
        } else {
            second()
        }
    }
}

#[tokio::test]
async fn a_read_has_every_page_of_a_name() {
    let rig = Rig::start(two_pages(|| ok(page(&[record("2", "api.example.com", "A", "192.0.2.2")], 2)))).await;
    let view = rig.read().await.expect("read");
    assert_eq!(view.rrsets[&api()].values().len(), 2);
    assert_eq!(view.asked.len(), 2, "the conflicting CNAME is asked for, too");
}

#[tokio::test]
async fn a_page_that_fails_or_lies_fails_the_read() {
    let moved = || page(&[record("1", "api.example.com", "A", "192.0.2.1")], 2);
    let short = || page(&[], 2).replace(r#""count":0"#, r#""count":1"#);
    let replies: [Box<dyn Fn() -> Reply + Send>; 5] = [
        Box::new(|| Reply::Answer(500, "", refusal(10001))),
        Box::new(|| Reply::Cut),
        Box::new(move || ok(moved())),
        Box::new(move || ok(short())),
        Box::new(|| ok(page(&[record("2", "api.example.com", "A", "192.0.2.2")], 3))),
    ];
    for (number, reply) in replies.into_iter().enumerate() {
        let rig = Rig::start(two_pages(reply)).await;
        let outcome = rig.read().await;
        assert!(matches!(outcome, Err(ProviderError::Transient { .. })), "{number}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_read_starts_again_when_the_fence_changed() {
    let mut looks = 0;
    let rig = Rig::start(move |request| {
        if !request.line.contains("name.exact=_checkout") {
            return ok(page(&[], 0));
        }
        looks += 1;
        let text = if looks == 1 { "v=1;" } else { "v=2;" };
        ok(page(&[record("f", "_checkout._failover.example.com", "TXT", text)], 1))
    })
    .await;
    let view = rig.read().await.expect("read");
    assert!(matches!(view.fence, FoundFence::Present { text, .. } if text.strings() == ["v=2;"]));
    assert_eq!(rig.script.seen().len(), 5);
}

#[tokio::test]
async fn many_reads_at_once_share_a_listing() {
    let rig = Rig::start(|request| {
        let all = [record("1", "api.example.com", "A", "192.0.2.1")];
        let is_other = request.line.contains("name.exact=_");
        ok(if is_other { page(&[], 0) } else { page(&all, 1) })
    })
    .await;
    let mut reads = JoinSet::new();
    for number in 0..100 {
        let (provider, request) = (rig.provider.clone(), request(&format!("s{number}")));
        reads.spawn(async move { provider.read(&request, Urgency::Watch).await });
    }
    while let Some(view) = reads.join_next().await {
        assert_eq!(view.expect("joined").expect("read").rrsets.len(), 1);
    }
    // Four alone, of three calls each, and two listings; the rest is room for another pair.
    assert!(rig.script.seen().len() <= 16, "{} calls", rig.script.seen().len());
}

#[tokio::test]
async fn a_listing_answers_nobody_who_came_after_it_began() {
    let value = Arc::new(Mutex::new("192.0.2.1"));
    let served = Arc::clone(&value);
    let (let_go, mut held) = {
        let (sender, receiver) = oneshot::channel();
        (sender, Some(receiver))
    };
    let (began, mut begins) = {
        let (sender, receiver) = oneshot::channel();
        (receiver, Some(sender))
    };
    let mut singles = Vec::new();
    let rig = Rig::start_with(Duration::from_secs(20), move |request| {
        if request.line.contains("name.exact=") {
            // Those who read alone do not end, so that everyone else waits for a listing.
            if singles.len() < 4 {
                let (sender, receiver) = oneshot::channel();
                singles.push(sender);
                return Reply::Held(receiver, page(&[], 0));
            }
            let is_fence = request.line.contains("name.exact=_");
            let now = record("1", "api.example.com", "A", *served.lock().expect("a value"));
            return ok(if is_fence { page(&[], 0) } else { page(&[now], 1) });
        }
        let body = page(&[record("1", "api.example.com", "A", *served.lock().expect("a value"))], 1);
        match (held.take(), begins.take()) {
            (Some(held), Some(begins)) => {
                begins.send(()).expect("the test waits");
                Reply::Held(held, body)
            }
            (_, _) => ok(body),
        }
    })
    .await;
    let mut reads = JoinSet::new();
    let read = |number: usize| {
        let (provider, request) = (rig.provider.clone(), request(&format!("s{number}")));
        async move { (number, provider.read(&request, Urgency::Watch).await) }
    };
    // Four alone, and three together.
    for number in 0..7 {
        reads.spawn(read(number));
    }
    timeout(Duration::from_secs(20), began).await.expect("in time").expect("a listing begins");
    *value.lock().expect("a value") = "192.0.2.2";
    let late: [_; 2] = [tokio::spawn(read(7)), tokio::spawn(read(8))];
    tokio::task::yield_now().await;
    let_go.send(()).expect("the script waits");
    for late in late {
        let (number, view) = late.await.expect("joined");
        let view = view.expect("read");
        assert_eq!(view.rrsets[&api()].to_string(), "api.example.com. 60 A 192.0.2.2", "{number}");
    }
}

#[tokio::test]
async fn a_zone_is_checked_by_name_and_state() {
    let zone = |name: &'static str, status: &'static str| {
        move |request: &Request| {
            assert_eq!(request.line, "GET /v4/zones/0123abcd");
            let result =
                json!({ "id": "0123abcd", "name": name, "status": status, "name_servers": ["ada.ns.example"] });
            ok(json!({ "success": true, "errors": [], "result": result }).to_string())
        }
    };
    let rig = Rig::start(zone("example.com", "active")).await;
    let facts = rig.provider.zone(&name("example.com")).await.expect("facts");
    assert_eq!(facts.name_servers, [name("ada.ns.example")]);
    for (other, status, words) in
        [("example.org", "active", "is that of zone example.org"), ("example.com", "pending", "is pending")]
    {
        let rig = Rig::start(zone(other, status)).await;
        let outcome = rig.provider.zone(&name("example.com")).await;
        assert!(matches!(&outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains(words)), "{outcome:?}");
    }
    let outcome = rig.provider.zone(&name("example.net")).await;
    assert!(
        matches!(&outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains("example.net. has no id")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn every_call_is_counted_with_its_outcome_and_a_batch_is_told_of() {
    static TOLD: AtomicUsize = AtomicUsize::new(0);
    let rig = Rig::start(empty_zone(|| Reply::Answer(404, "", refusal(81044)))).await;
    let counted = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&counted);
    let provider = rig
        .provider
        .clone()
        .counting(Arc::new(move |operation, outcome| hears.lock().expect("a list").push((operation, outcome))))
        .telling_when_sent(|| {
            TOLD.fetch_add(1, Ordering::Relaxed);
        });
    let outcome = provider.apply(&adoption(), &permit(Duration::from_secs(10))).await;
    assert!(matches!(outcome, Err(ProviderError::Conflict { .. })), "{outcome:?}");
    let expected = [("list_records", "ok"), ("list_records", "ok"), ("batch", "conflict")];
    assert_eq!(*counted.lock().expect("a list"), expected);
    assert_eq!(TOLD.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn what_can_never_be_written_is_not_sent() {
    let rig = Rig::start(|_| Reply::Hang).await;
    let short = ChangeSet { fence_ttl: Ttl::from_secs(30).expect("a TTL"), ..adoption() };
    let outcome = rig.provider.apply(&short, &permit(Duration::from_secs(10))).await;
    assert!(
        matches!(&outcome, Err(ProviderError::Invalid { record, .. }) if record == "_checkout._failover.example.com."),
        "{outcome:?}"
    );
    assert!(rig.script.seen().is_empty());
}
