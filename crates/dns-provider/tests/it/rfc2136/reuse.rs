//! Which connections carry what, and what becomes of a connection that the server has closed meanwhile.

use super::*;

#[tokio::test]
async fn reads_share_a_connection_and_a_write_has_its_own() {
    let script = Script::tcp(|request, _| {
        let is_query = request.metadata.op_code == hickory_proto::op::OpCode::Query;
        let update = || signed(request, &answer_to(request, ResponseCode::NoError), None);
        Reply::Bytes(if is_query { zone_answer(request, "v=1;") } else { update() })
    })
    .await;
    let provider = provider(script.address);
    for _ in 0..3 {
        provider.clone().read(&request(), Urgency::Watch).await.expect("read");
    }
    assert_eq!(script.connections(), 1);
    provider.apply(&adoption(), &permit()).await.expect("accepted");
    assert_eq!(script.connections(), 2, "it is not known to be open until the answer is there");
    provider.read(&request(), Urgency::Watch).await.expect("read");
    assert_eq!(script.connections(), 2, "reads go on as before");
}

#[tokio::test]
async fn read_goes_on_over_a_new_connection_when_the_idle_one_is_closed() {
    let mut last = true;
    let script = Script::tcp(move |request, _| {
        // Closes after the last answer of the first read, in which the fence is looked at twice, each time with a witness.
        let bytes = zone_answer(request, "v=1;");
        if std::mem::take(&mut last) { Reply::Last(bytes) } else { Reply::Bytes(bytes) }
    })
    .await;
    let provider = provider(script.address);
    provider.read(&request(), Urgency::Watch).await.expect("read");
    assert_eq!(script.connections(), 2, "the first one was closed after its first answer");
    provider.read(&request(), Urgency::Watch).await.expect("read");
    assert_eq!(script.connections(), 2);
}

#[tokio::test]
async fn silent_server_is_asked_once_more_and_not_again() {
    let mut reads = 0;
    let script = Script::tcp(move |request, _| {
        let starts = request.queries[0].query_type() == RecordType::TXT;
        reads += usize::from(starts);
        // Two looks at the fence, each with its witness, are the first read.
        if reads > 4 { Reply::Hang } else { Reply::Bytes(zone_answer(request, "v=1;")) }
    })
    .await;
    let provider = provider(script.address);
    provider.read(&request(), Urgency::Watch).await.expect("read");
    let asked = script.requests();
    let outcome = provider.read(&request(), Urgency::Watch).await;
    assert!(matches!(outcome, Err(ProviderError::Transient { .. })), "{outcome:?}");
    assert_eq!((script.requests() - asked, script.connections()), (2, 2), "on the idle connection and on a new one");
}
