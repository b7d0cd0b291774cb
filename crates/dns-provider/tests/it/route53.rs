//! What becomes of a write or a read when Route 53, or something on the way, misbehaves.

mod http;

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

/// Nothing is found in a zone of another name, whatever is in the one that was meant.
#[tokio::test]
async fn a_read_that_finds_nothing_asks_once_whether_it_looks_into_the_right_zone() {
    let is_listing = |request: &Request| request.line.contains("/rrset?");
    let named = |name: &'static str| {
        move |_, request: &Request| {
            let zone = format!(
                "<GetHostedZoneResponse><HostedZone><Id>/hostedzone/Z1</Id><Name>{name}</Name><CallerReference>r\
                 </CallerReference></HostedZone></GetHostedZoneResponse>"
            );
            if is_listing(request) { page(&[], None) } else { Reply::Answer(200, zone) }
        }
    };
    let server = Http::start(named("other.example.")).await;
    let refused = read_from(&server).await;
    let Err(ProviderError::Denied { reason, .. }) = refused else { panic!("not denied: {refused:?}") };
    assert!(reason.contains("other.example.") && reason.contains("correct its id"), "{reason}");

    let server = Http::start(named("example.com.")).await;
    let provider = Route53::new(settings(server.address));
    for _ in 0..2 {
        provider.read(&request(), Urgency::Flip).await.expect("read");
    }
    let asked = server.requests().iter().filter(|request| !is_listing(request)).count();
    assert_eq!(asked, 1, "a zone keeps its name");
}

#[tokio::test]
async fn a_read_is_repeated_when_it_may_succeed_another_time() {
    for failing in
        [|| error(500, "InternalFailure", "oops"), || Reply::Cut, || error(400, "Throttling", "Rate exceeded")]
            as [fn() -> Reply; 3]
    {
        let server = Http::start(move |number, _| if number == 0 { failing() } else { page(&[], None) }).await;
        let view = read_from(&server).await.expect("read");
        assert_eq!((view.fence, view.rrsets.len()), (FoundFence::Absent, 0));
        let listings = server.requests().iter().filter(|request| request.line.contains("/rrset?")).count();
        assert_eq!(listings, 4, "the fence twice, the records, the fence again");
    }
}

#[tokio::test]
async fn a_page_that_fails_fails_the_read() {
    let server = Http::start(|_, _| error(500, "InternalFailure", "oops")).await;
    assert!(matches!(read_from(&server).await, Err(ProviderError::Transient { .. })));
    assert_eq!(server.requests().len(), 4, "a bounded number of tries");
    let server =
        Http::start(|number, _| if number == 0 { page(&[], None) } else { error(403, "AccessDenied", "no") }).await;
    assert!(matches!(read_from(&server).await, Err(ProviderError::Denied { .. })));
    let server = Http::start(|_, _| page(&[], Some("z.example.com."))).await;
    assert!(
        matches!(read_from(&server).await, Err(ProviderError::Transient { .. })),
        "an empty page that has a next one"
    );
}

#[tokio::test]
async fn records_under_another_fence_are_read_again() {
    // The fence changes between its first and its second read: the records in between may be of either.
    let fence = |text: &'static str| page(&[("_checkout._failover.example.com.", "TXT", text)], None);
    let record = |value: &'static str| page(&[("api.example.com.", "A", value)], None);
    let server = Http::start(move |number, _| match number {
        0 => fence("\"rev=1;\""),
        1 => record("192.0.2.1"),
        2 | 4 => fence("\"rev=2;\""),
        _ => record("192.0.2.2"),
    })
    .await;
    let view = read_from(&server).await.expect("read");
    assert_eq!(server.requests().len(), 5);
    assert_eq!(view.rrsets[&api()].to_string(), "api.example.com. 60 A 192.0.2.2");
    let FoundFence::Present { text, .. } = view.fence else { panic!("no fence") };
    assert_eq!(text.strings(), ["rev=2;"]);
}

#[tokio::test]
async fn a_fence_that_never_rests_is_no_answer() {
    let server = Http::start(|number, request| {
        if request.line.contains("name=_checkout") {
            let text = format!("\"rev={number};\"");
            page(&[("_checkout._failover.example.com.", "TXT", &text)], None)
        } else {
            page(&[], None)
        }
    })
    .await;
    let outcome = read_from(&server).await;
    assert!(matches!(outcome, Err(ProviderError::Transient { reason, .. }) if reason.contains("another controller")));
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

#[tokio::test]
async fn a_flip_without_the_right_does_not_hold_up_those_with_it() {
    let server = Http::start(|_, request| {
        if request.body.contains(">s17.example.com.<") { error(403, "AccessDenied", "no") } else { accepted() }
    })
    .await;
    let provider = Arc::new(Route53::new(settings(server.address)));
    for (index, outcome) in apply_all(&provider, &services(40)).await.into_iter().enumerate() {
        match outcome {
            Ok(_) => assert_ne!(index, 17),
            Err(ProviderError::Denied { .. }) => assert_eq!(index, 17),
            Err(other) => panic!("{index}: {other}"),
        }
    }
}

#[tokio::test]
async fn rights_that_nobody_has_do_not_cost_a_call_for_each_flip() {
    let server = Http::start(|_, _| error(403, "AccessDenied", "no")).await;
    let provider = Arc::new(Route53::new(settings(server.address)));
    let outcomes = apply_all(&provider, &services(100)).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(ProviderError::Denied { .. }))));
    assert!(server.requests().len() <= 21, "{} requests", server.requests().len());
}

#[tokio::test]
async fn a_lost_batch_is_unknown_for_each_of_its_flips_and_throttling_for_none() {
    let server = Http::start(|_, _| Reply::Cut).await;
    let provider = Arc::new(Route53::new(settings(server.address)));
    let outcomes = apply_all(&provider, &services(10)).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(ProviderError::OutcomeUnknown { .. }))));
    assert_eq!(server.requests().len(), 1);
    let server = Http::start(|_, _| error(400, "Throttling", "Rate exceeded")).await;
    let provider = Arc::new(Route53::new(settings(server.address)));
    let outcomes = apply_within(&provider, &services(10), Duration::from_millis(450)).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(ProviderError::Throttled { .. }))));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn flips_of_one_batch_share_the_question_how_far_it_is() {
    let server = Http::start(|number, _| {
        let status = if number == 0 { "PENDING" } else { "INSYNC" };
        Reply::Answer(
            200,
            format!(
                "<GetChangeResponse><ChangeInfo><Id>/change/C1</Id><Status>{status}</Status>\
                 <SubmittedAt>2026-11-21T15:00:00Z</SubmittedAt></ChangeInfo></GetChangeResponse>"
            ),
        )
    })
    .await;
    let provider = Arc::new(Route53::new(settings(server.address)));
    for expected in [Progress::Spreading, Progress::Complete, Progress::Complete] {
        let ask =
            |provider: Arc<Route53>| async move { provider.status(&Receipt::Change("/change/C1".to_owned())).await };
        let tasks: Vec<_> = (0..20).map(|_| tokio::spawn(ask(Arc::clone(&provider)))).collect();
        for task in tasks {
            assert_eq!(task.await.expect("no panic").expect("known"), expected);
        }
    }
    assert_eq!(server.requests().len(), 2, "a change that is done is not asked for again");
}

#[tokio::test]
async fn a_digest_proves_that_records_belong_to_a_fence_and_nothing_else_does() {
    // Between fence and records a flip happens; the records match the second fence only.
    let moved = |value: &str| {
        let value = GuardedType::A.parse_value(value).expect("a value");
        let set = Rrset::new(api(), Ttl::from_secs(60).expect("a TTL"), [value]).expect("a set");
        Rrsets::from([(api(), set)])
    };
    let fence_text = |epoch: u64, rrsets: &Rrsets| {
        let text = fence(epoch, rrsets).to_text(&name("example.com")).expect("a text");
        text.strings().iter().map(|string| format!("\"{string}\"")).collect::<Vec<_>>().join(" ")
    };
    let (first, second) = (fence_text(1, &moved("192.0.2.1")), fence_text(2, &moved("192.0.2.2")));
    let server = Http::start(move |number, _| match number {
        0 => page(&[("_checkout._failover.example.com.", "TXT", &first)], None),
        2 => page(&[("_checkout._failover.example.com.", "TXT", &second)], None),
        _ => page(&[("api.example.com.", "A", "192.0.2.2")], None),
    })
    .await;
    let view = read_from(&server).await.expect("read");
    assert_eq!(view.rrsets, moved("192.0.2.2"));
    let FoundFence::Present { text, .. } = view.fence else { panic!("no fence") };
    assert!(text.to_string().contains("epoch=2;"), "{text}");
    assert_eq!(server.requests().len(), 4, "and the fence need not be read once more");
}

fn fence(epoch: u64, rrsets: &Rrsets) -> Fence {
    Fence {
        install: "acme".parse().expect("a name"),
        id: "checkout".parse().expect("a name"),
        provider: "main".parse().expect("a name"),
        epoch: Epoch::new(epoch),
        rev: Rev::new(epoch),
        write: format!("write{epoch}").parse().expect("an id"),
        plan: format!("plan{epoch}").parse().expect("an id"),
        active: Some(RegionName::new("prod").expect("a name")),
        released: None,
        moved: Timestamp::from_secs(1_795_246_200),
        by: "controller-1".parse().expect("a name"),
        cfg: 0,
        pin: None,
        pause: None,
        rrs: rrsets.keys().cloned().collect(),
        digest: records_digest(rrsets),
        unknown: vec![],
    }
}

#[tokio::test]
async fn flips_that_come_while_a_batch_is_under_way_share_the_next() {
    let release = Arc::new(Notify::new());
    let held = Arc::clone(&release);
    let server = Http::start(move |number, _| match accepted() {
        Reply::Answer(status, body) if number == 0 => Reply::Held(Arc::clone(&held), status, body),
        reply => reply,
    })
    .await;
    let provider = Arc::new(Route53::new(settings(server.address)));
    let mut tasks = Vec::new();
    for service in services(20) {
        let (provider, change) = (Arc::clone(&provider), adoption_of(&service));
        tasks.push(tokio::spawn(async move { provider.apply(&change, &long_permit()).await }));
        // The first goes alone: nobody knows yet that others come.
        while server.requests().is_empty() {
            tokio::task::yield_now().await;
        }
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    release.notify_one();
    for task in tasks {
        task.await.expect("no panic").expect("accepted");
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_flip_goes_before_a_read_that_came_before_it() {
    let server = Http::start(|_, request| if request.body.is_empty() { page(&[], None) } else { accepted() }).await;
    // One call at a time: whoever takes the first place is seen first.
    let budget = Arc::new(Budget::new(Duration::from_millis(50), NonZeroU32::MIN));
    let provider = Route53::new(Settings { budget, ..settings(server.address) });
    let (change, permit, request) = (adoption(), long_permit(), request());
    let (read, applied) = tokio::join!(provider.read(&request, Urgency::Flip), provider.apply(&change, &permit));
    read.expect("a view");
    applied.expect("accepted");
    assert!(!server.requests()[0].body.is_empty(), "the flip was first");
}

#[tokio::test]
async fn an_urgent_round_takes_along_the_reads_that_wait_in_quiet() {
    let release = Arc::new(Notify::new());
    let held = Arc::clone(&release);
    let server = Http::start(move |_, request| match accepted() {
        Reply::Answer(status, body) if !request.body.is_empty() => Reply::Held(Arc::clone(&held), status, body),
        _ => page(&[], None),
    })
    .await;
    let provider = Arc::new(Route53::new(settings(server.address)));
    provider.read(&request(), Urgency::Flip).await.expect("a view");
    let alone = server.requests().len();
    let flip = {
        let provider = Arc::clone(&provider);
        tokio::spawn(async move { provider.apply(&adoption(), &long_permit()).await })
    };
    while server.requests().len() == alone {
        tokio::task::yield_now().await;
    }
    let reads = [Urgency::Watch, Urgency::Flip].map(|urgency| {
        let provider = Arc::clone(&provider);
        tokio::spawn(async move { provider.read(&request(), urgency).await })
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    release.notify_one();
    flip.await.expect("no panic").expect("accepted");
    for read in reads {
        read.await.expect("no panic").expect("a view");
    }
    assert_eq!(server.requests().len(), alone + 1 + alone, "as many pages as one read alone takes");
}

/// After a start, and after an evacuation, every service waits for a read at once.
#[tokio::test]
async fn ten_thousand_reads_that_wait_are_small() {
    let provider = Route53::new(settings("127.0.0.1:9".parse().expect("an address")));
    let request = request();
    let octets = size_of_val(&*provider.read(&request, Urgency::Watch));
    assert!(octets < 2048, "{octets} octets each");
}
