//! What becomes of a read: of pages that fail, of fences that change meanwhile, and of zones of another name.

use super::*;

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
        blend: None,
        released: None,
        moved: Timestamp::from_secs(1_795_246_200),
        by: "controller-1".parse().expect("a name"),
        cfg: 0,
        pin: None,
        pause: None,
        dwell: None,
        rrs: rrsets.keys().cloned().collect(),
        digest: records_digest(rrsets),
        unknown: vec![],
    }
}
