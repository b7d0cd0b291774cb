//! What becomes of a write or a read when Route 53, or something on the way, misbehaves.

mod http;
mod reading;
mod sharing;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use dns_core::change::{ChangeSet, Guard, Requirement};
use dns_core::fence::text::FenceText;
use dns_core::fence::{Epoch, Fence, Rev};
use dns_core::identifier::RegionName;
use dns_core::rrset::{GuardedType, Rrset, RrsetKey, Rrsets, Ttl, canonical_name, records_digest};
use dns_core::time::Timestamp;
use dns_core::zone::{FoundFence, ReadRequest, ZoneView};
use dns_provider::budget::Budget;
use dns_provider::port::{Permit, Progress, Provider, ProviderError, Receipt, Urgency};
use dns_provider::route53::{Credentials, Route53, Settings, SharedCredentialsProvider};
use hickory_proto::rr::Name;
use tokio::sync::Notify;

use self::http::{Http, Reply, Request};

const TIMEOUT: Duration = Duration::from_secs(2);
const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

fn name(text: &str) -> Name {
    canonical_name(text).expect("a name")
}

fn settings(address: SocketAddr) -> Settings {
    Settings {
        zones: BTreeMap::from([(name("example.com"), "Z1".to_owned())]),
        endpoint_url: Some(format!("http://{address}")),
        region: Some("us-east-1".to_owned()),
        credentials: Some(SharedCredentialsProvider::new(Credentials::new("AKID", "secret", None, None, "test"))),
        timeout: TIMEOUT,
        budget: Arc::new(Budget::new(Duration::from_millis(1), NonZeroU32::new(100).expect("not zero"))),
    }
}

fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Timestamp::from_millis(u64::try_from(now.as_millis()).expect("before the end of time"))
}

fn permit(length: Duration) -> Permit {
    Permit { granted: now(), length }
}

fn long_permit() -> Permit {
    permit(Duration::from_mins(1))
}

fn api() -> RrsetKey {
    RrsetKey::new(&name("api.example.com"), GuardedType::A)
}

/// Another one for each service: flips that touch the same record never share a batch.
fn record_of(service: &str) -> RrsetKey {
    let owner = if service == "checkout" { "api" } else { service };
    RrsetKey::new(&name(&format!("{owner}.example.com")), GuardedType::A)
}

fn adoption() -> ChangeSet {
    adoption_of("checkout")
}

fn adoption_of(service: &str) -> ChangeSet {
    let value = GuardedType::A.parse_value("192.0.2.1").expect("a value");
    let ttl = Ttl::from_secs(60).expect("a TTL");
    ChangeSet {
        zone: name("example.com"),
        fence_name: name(&format!("_{service}._failover.example.com")),
        guard: Guard::Absent,
        requires: vec![Requirement::Exactly(Rrset::new(record_of(service), ttl, [value]).expect("a set"))],
        deletes: vec![],
        creates: vec![],
        fence_ttl: ttl,
        fence: FenceText::from_strings(vec!["v=1;".to_owned(), "b=2;".to_owned()]),
    }
}

fn accepted() -> Reply {
    Reply::Answer(
        200,
        format!(
            "<?xml version=\"1.0\"?><ChangeResourceRecordSetsResponse xmlns=\"{NAMESPACE}\"><ChangeInfo>\
             <Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>2026-11-21T15:00:00Z</SubmittedAt></ChangeInfo>\
             </ChangeResourceRecordSetsResponse>"
        ),
    )
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::Answer(
        status,
        format!(
            "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        ),
    )
}

/// A page with one set per name, and where the next one begins.
fn page(sets: &[(&str, &str, &str)], next: Option<&str>) -> Reply {
    let set = |(owner, rtype, value): &(&str, &str, &str)| {
        format!(
            "<ResourceRecordSet><Name>{owner}</Name><Type>{rtype}</Type><TTL>60</TTL><ResourceRecords><ResourceRecord>\
             <Value>{value}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>"
        )
    };
    let sets: String = sets.iter().map(set).collect();
    let next_name =
        next.map(|owner| format!("<NextRecordName>{owner}</NextRecordName><NextRecordType>A</NextRecordType>"));
    Reply::Answer(
        200,
        format!(
            "<?xml version=\"1.0\"?><ListResourceRecordSetsResponse xmlns=\"{NAMESPACE}\"><ResourceRecordSets>{sets}\
             </ResourceRecordSets><IsTruncated>{}</IsTruncated><MaxItems>300</MaxItems>{}</ListResourceRecordSetsResponse>",
            next.is_some(),
            next_name.unwrap_or_default()
        ),
    )
}

async fn apply_to(server: &Http, permit: &Permit) -> Result<Receipt, ProviderError> {
    Route53::new(settings(server.address)).apply(&adoption(), permit).await
}

async fn read_from(server: &Http) -> Result<ZoneView, ProviderError> {
    Route53::new(settings(server.address)).read(&request(), Urgency::Flip).await
}

fn request() -> ReadRequest {
    ReadRequest {
        zone: name("example.com"),
        fence_name: name("_checkout._failover.example.com"),
        keys: BTreeSet::from([api()]),
    }
}

#[tokio::test]
async fn an_accepted_write_is_sent_once_and_signed_with_the_permits_time() {
    static SENT: AtomicUsize = AtomicUsize::new(0);
    let server = Http::start(|_, _| accepted()).await;
    let counted: Arc<Mutex<Vec<_>>> = Arc::default();
    let counts = Arc::clone(&counted);
    let provider = Route53::new(settings(server.address))
        .telling_when_sent(|| {
            SENT.fetch_add(1, Ordering::SeqCst);
        })
        .counting(Arc::new(move |operation, outcome| counts.lock().expect("not poisoned").push((operation, outcome))));
    // 2033-05-18T03:33:20Z would be refused by the real service; here only the signature's date matters.
    let granted = Timestamp::from_secs(2_000_000_000);
    let receipt = provider.apply(&adoption(), &Permit { granted, length: Duration::from_secs(10) }).await;
    assert_eq!(receipt.expect("accepted"), Receipt::Change("/change/C1".to_owned()));
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].header("x-amz-date"), "20330518T033320Z");
    assert_eq!(SENT.load(Ordering::SeqCst), 1);
    assert_eq!(*counted.lock().expect("not poisoned"), [("ChangeResourceRecordSets", "ok")]);
}

#[tokio::test]
async fn a_condition_becomes_a_delete_and_an_identical_create() {
    let server = Http::start(|_, _| accepted()).await;
    apply_to(&server, &long_permit()).await.expect("accepted");
    let body = &server.requests()[0].body;
    let at = |part: &str| body.find(part).unwrap_or_else(|| panic!("no {part} in {body}"));
    assert!(at("<Action>DELETE</Action>") < at("<Action>CREATE</Action>"));
    assert_eq!(body.matches("<Name>api.example.com.</Name>").count(), 2);
    assert!(
        body.contains("<Value>&quot;v=1;&quot; &quot;b=2;&quot;</Value>")
            || body.contains("<Value>\"v=1;\" \"b=2;\"</Value>"),
        "{body}"
    );
    assert!(!body.contains("UPSERT"));
}

#[tokio::test]
async fn throttling_is_a_certain_refusal_that_holds_every_call() {
    let server = Http::start(|_, _| error(400, "Throttling", "Rate exceeded")).await;
    let settings = settings(server.address);
    let provider = Route53::new(settings.clone());
    // Shorter than any pause.
    let permit = permit(Duration::from_millis(450));
    let Err(ProviderError::Throttled { retry_after, .. }) = provider.apply(&adoption(), &permit).await else {
        panic!("not throttled")
    };
    assert!(retry_after >= Duration::from_millis(500), "{retry_after:?}");
    assert_eq!(server.requests().len(), 1, "it would be late");
    let soon = tokio::time::timeout(Duration::from_millis(50), settings.budget.take(Urgency::Flip)).await;
    assert!(soon.is_err(), "every other call waits");
}

#[tokio::test]
async fn a_throttled_batch_is_sent_again_after_a_pause_while_the_permit_lasts() {
    let throttled = || error(400, "Throttling", "Rate exceeded");
    let server = Http::start(move |number, _| if number == 0 { throttled() } else { accepted() }).await;
    let provider = Arc::new(Route53::new(settings(server.address)));
    let begun = Instant::now();
    let outcomes = apply_all(&provider, &services(10)).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(server.requests().len(), 2, "all of them share both");
    assert!(begun.elapsed() >= Duration::from_millis(500), "{:?}", begun.elapsed());

    // The first pause is half a second to one and a half, the second one to three, the third two to six.
    let server = Http::start(move |_, _| throttled()).await;
    let outcome = apply_to(&server, &permit(Duration::from_millis(1_900))).await;
    assert!(matches!(outcome, Err(ProviderError::Throttled { .. })), "not that nothing was sent: {outcome:?}");
    assert!((2..=3).contains(&server.requests().len()), "{} requests", server.requests().len());
}

/// The service counted a call that it carried out.
#[tokio::test]
async fn a_throttled_batch_that_was_carried_out_is_a_conflict_when_it_is_sent_again() {
    let server = Http::start(|number, _| match number {
        0 => error(400, "Throttling", "Rate exceeded"),
        _ => error(400, "InvalidChangeBatch", "[it was not found]"),
    })
    .await;
    let outcome = apply_to(&server, &long_permit()).await;
    assert!(matches!(outcome, Err(ProviderError::Conflict { .. })), "{outcome:?}");
}

/// A batch is refused, and no place comes in for its halves.
#[tokio::test]
async fn flips_of_a_refused_batch_wait_for_a_place_no_longer_than_their_permits() {
    let server = Http::start(|_, _| error(400, "InvalidChangeBatch", "[one was not found]")).await;
    let budget = Arc::new(Budget::new(Duration::from_hours(1), NonZeroU32::MIN));
    let provider = Arc::new(Route53::new(Settings { budget, ..settings(server.address) }));
    let begun = Instant::now();
    let outcomes = apply_within(&provider, &services(4), Duration::from_secs(1)).await;
    for outcome in outcomes {
        assert!(
            matches!(&outcome, Err(ProviderError::Transient { reason, .. }) if reason.contains("nothing was sent")),
            "{outcome:?}"
        );
    }
    assert!(begun.elapsed() < Duration::from_mins(1) && server.requests().len() == 1);
}

/// Those who came too late leave their place to those who did not.
#[tokio::test]
async fn flips_whose_permits_ran_out_take_no_place_of_the_budget() {
    let server = Http::start(|number, request| match number {
        0 => error(400, "InvalidChangeBatch", "[one was not found]"),
        _ if request.body.contains(">s0.example.com.<") => panic!("it is late"),
        _ => accepted(),
    })
    .await;
    // The second place comes in when the first flip is late.
    let budget = Arc::new(Budget::new(Duration::from_secs(2), NonZeroU32::MIN));
    let provider = Arc::new(Route53::new(Settings { budget, ..settings(server.address) }));
    let (short, long) = (services(1), vec!["s1".to_owned()]);
    let (late, done) = tokio::join!(
        apply_within(&provider, &short, Duration::from_secs(1)),
        apply_within(&provider, &long, Duration::from_millis(3_500))
    );
    assert!(matches!(late[0], Err(ProviderError::Transient { .. })), "{late:?}");
    assert!(done[0].is_ok(), "{done:?}");
}

#[tokio::test]
async fn a_zone_with_a_change_in_work_is_tried_again_while_the_permit_lasts() {
    let busy = || error(400, "PriorRequestNotComplete", "still processing");
    let server = Http::start(move |number, _| if number < 2 { busy() } else { accepted() }).await;
    apply_to(&server, &long_permit()).await.expect("accepted");
    assert_eq!(server.requests().len(), 3);

    let server = Http::start(move |_, _| busy()).await;
    let outcome = apply_to(&server, &permit(Duration::from_millis(600))).await;
    let Err(ProviderError::Transient { reason, .. }) = outcome else { panic!("not transient: {outcome:?}") };
    assert!(reason.contains("permit ran out") && reason.contains("PriorRequestNotComplete"), "{reason}");
}

#[tokio::test]
async fn a_write_whose_permit_has_run_out_is_not_sent() {
    let server = Http::start(|_, _| accepted()).await;
    let late = Permit { granted: now().before(Duration::from_secs(11)), length: Duration::from_secs(10) };
    let outcome = apply_to(&server, &late).await;
    let Err(ProviderError::Transient { reason, .. }) = outcome else { panic!("not transient: {outcome:?}") };
    assert!(reason.contains("permit ran out") && reason.contains("nothing was sent"), "{reason}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn whatever_may_have_been_written_is_unknown_and_not_repeated() {
    type Replying = fn() -> Reply;
    let truncated = || {
        let Reply::Answer(status, body) = accepted() else { panic!("an answer") };
        Reply::Answer(status, body[..body.len() / 2].to_owned())
    };
    let replies: [(&str, Replying); 6] = [
        ("a server error", || error(500, "InternalFailure", "oops")),
        ("an unavailable service", || Reply::Answer(503, "<html>".to_owned())),
        ("a cut connection", || Reply::Cut),
        ("garbage", || Reply::Answer(200, "garbage".to_owned())),
        ("a refusal of nobody knows whom", || Reply::Answer(400, String::new())),
        ("silence", || Reply::Hang),
    ];
    for (what, reply) in replies.into_iter().chain([("a truncated answer", truncated as Replying)]) {
        let server = Http::start(move |_, _| reply()).await;
        let outcome = apply_to(&server, &long_permit()).await;
        assert!(matches!(outcome, Err(ProviderError::OutcomeUnknown { .. })), "{what}: {outcome:?}");
        assert_eq!(server.requests().len(), 1, "{what}");
    }
}

#[tokio::test]
async fn a_connection_that_never_opened_sent_nothing() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let outcome = Route53::new(settings(address)).apply(&adoption(), &long_permit()).await;
    assert!(matches!(outcome, Err(ProviderError::Transient { .. })), "{outcome:?}");
}

#[tokio::test]
async fn refusals_say_whose_fault_they_are() {
    for (status, code, hint) in [
        (403, "AccessDenied", "iam-policy"),
        (403, "SignatureDoesNotMatch", "clock"),
        (404, "NoSuchHostedZone", "No such"),
    ] {
        let server = Http::start(move |_, _| error(status, code, "No such")).await;
        let outcome = apply_to(&server, &long_permit()).await;
        let Err(ProviderError::Denied { reason, .. }) = outcome else { panic!("{code}: {outcome:?}") };
        assert!(reason.contains(hint), "{reason}");
    }
    let server = Http::start(|_, _| error(400, "InvalidInput", "bad")).await;
    assert!(matches!(apply_to(&server, &long_permit()).await, Err(ProviderError::Invalid { .. })));
    let server = Http::start(|_, _| error(400, "InvalidChangeBatch", "[it was not found]")).await;
    let outcome = apply_to(&server, &long_permit()).await;
    let Err(ProviderError::Conflict { reason, .. }) = outcome else { panic!("no conflict: {outcome:?}") };
    assert!(reason.contains("it was not found"), "{reason}");
}

/// Credentials that nobody gives out.
#[derive(Debug)]
struct Without;

impl ProvideCredentials for Without {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::ready(Err(CredentialsError::not_loaded("no provider in chain provided credentials")))
    }
}

#[tokio::test]
async fn missing_credentials_are_an_error_of_the_call_with_a_hint() {
    let server = Http::start(|_, _| accepted()).await;
    let settings = Settings { credentials: Some(SharedCredentialsProvider::new(Without)), ..settings(server.address) };
    let outcome = Route53::new(settings).apply(&adoption(), &long_permit()).await;
    let Err(ProviderError::Denied { reason, .. }) = outcome else { panic!("not denied: {outcome:?}") };
    assert!(reason.contains("AWS_ACCESS_KEY_ID"), "{reason}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_zone_without_an_id_is_named() {
    let server = Http::start(|_, _| accepted()).await;
    let settings = Settings { zones: BTreeMap::new(), ..settings(server.address) };
    let outcome = Route53::new(settings).apply(&adoption(), &long_permit()).await;
    assert!(matches!(outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains("example.com")));
}

#[tokio::test]
async fn progress_and_zone_are_read() {
    let server = Http::start(|_, request| {
        let body = if request.line.contains("/change/") {
            "<GetChangeResponse><ChangeInfo><Id>/change/C1</Id><Status>INSYNC</Status><SubmittedAt>2026-11-21T15:00:00Z\
             </SubmittedAt></ChangeInfo></GetChangeResponse>"
        } else {
            "<GetHostedZoneResponse><HostedZone><Id>/hostedzone/Z1</Id><Name>example.com.</Name><CallerReference>r\
             </CallerReference></HostedZone><DelegationSet><NameServers><NameServer>ns-1.awsdns-01.com</NameServer>\
             </NameServers></DelegationSet></GetHostedZoneResponse>"
        };
        Reply::Answer(200, body.to_owned())
    })
    .await;
    let provider = Route53::new(settings(server.address));
    let progress = provider.status(&Receipt::Change("/change/C1".to_owned())).await.expect("known");
    assert_eq!(progress, Progress::Complete);
    assert_eq!(provider.zone(&name("example.com")).await.expect("known").name_servers, [name("ns-1.awsdns-01.com")]);
    let other =
        Settings { zones: BTreeMap::from([(name("example.net"), "Z1".to_owned())]), ..settings(server.address) };
    let outcome = Route53::new(other).zone(&name("example.net")).await;
    assert!(
        matches!(outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains("example.com") && reason.contains("Z1"))
    );
}

/// Applies the adoptions of many services at once.
async fn apply_all(provider: &Arc<Route53>, services: &[String]) -> Vec<Result<Receipt, ProviderError>> {
    apply_within(provider, services, long_permit().length).await
}

/// The same with permits of this length.
async fn apply_within(
    provider: &Arc<Route53>,
    services: &[String],
    length: Duration,
) -> Vec<Result<Receipt, ProviderError>> {
    let permit = permit(length);
    let apply = |service: &String| {
        let (provider, change) = (Arc::clone(provider), adoption_of(service));
        tokio::spawn(async move { provider.apply(&change, &permit).await })
    };
    let tasks: Vec<_> = services.iter().map(apply).collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.expect("no panic"));
    }
    outcomes
}

fn services(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("s{index}")).collect()
}
