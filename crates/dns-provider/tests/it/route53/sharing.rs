//! Calls that are shared: flips in one batch, reads in one round, and who goes first.

use super::*;

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
