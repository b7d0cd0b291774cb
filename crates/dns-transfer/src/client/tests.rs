use domain::base::iana::Rcode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::DeltaError;
use crate::fixture::{Answer, address, apex, key, ns, soa, zone};
use crate::message::Record;
use crate::tsig::{Request, TsigFault};

/// Far more than loopback needs, so that it only passes where a test is about it.
const LIMITS: Limits = Limits { idle: Duration::from_secs(20), whole: Duration::from_mins(1), records_max: 1000 };
/// For what never comes.
const SOON: Duration = Duration::from_millis(50);

/// What the server does after its messages.
#[derive(Clone, Copy)]
enum Then {
    Close,
    Hang,
}

/// A server that answers one query as the script says.
async fn server(script: impl FnOnce(&[u8]) -> Vec<Vec<u8>> + Send + 'static, then: Then) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let query = receive(&mut stream).await;
        for message in script(&query) {
            let length = u16::try_from(message.len()).expect("short");
            stream.write_all(&[&length.to_be_bytes(), &*message].concat()).await.expect("sent");
        }
        match then {
            Then::Close => {}
            Then::Hang => std::future::pending().await,
        }
    });
    address
}

async fn receive(stream: &mut TcpStream) -> Vec<u8> {
    let length = stream.read_u16().await.expect("a length");
    let mut query = vec![0; usize::from(length)];
    stream.read_exact(&mut query).await.expect("a query");
    query
}

/// The answers with the query's id.
fn to(query: &[u8], answers: &[Answer]) -> Vec<Vec<u8>> {
    let id = u16::from_be_bytes([query[0], query[1]]);
    answers.iter().map(|answer| Answer { id, ..answer.clone() }.wire()).collect()
}

async fn answering(answers: Vec<Answer>) -> SocketAddr {
    server(move |query| to(query, &answers), Then::Close).await
}

fn client(server: SocketAddr) -> Client {
    Client::new(server, None, LIMITS)
}

async fn axfr_fault(answers: Vec<Answer>) -> TransferError {
    client(answering(answers).await).axfr(&apex()).await.expect_err("it fails")
}

#[tokio::test]
async fn a_zone_comes_whole_one_message_at_a_time() {
    let answers = [&[soa(7), ns()][..], &[address("a", 1), address("b", 2)], &[soa(7)]].map(Answer::axfr);
    let server = answering(answers.to_vec()).await;
    let mut axfr = client(server).start_axfr(&apex()).await.expect("started");
    for records in [2, 4] {
        let AxfrStep::More(more) = axfr.step().await.expect("a message") else { panic!("it ends too early") };
        assert_eq!(more.records(), records);
        axfr = more;
    }
    let AxfrStep::Whole(whole) = axfr.step().await.expect("the last message") else { panic!("it does not end") };
    assert_eq!(whole, zone(7, &[address("a", 1), address("b", 2)]));
}

#[tokio::test]
async fn a_connection_closed_before_the_end_is_an_error_that_says_how_far_it_came() {
    let server = answering(vec![Answer::axfr(&[soa(7), ns(), address("a", 1)])]).await;
    let error = client(server).axfr(&apex()).await.expect_err("it is cut");
    let zone = apex();
    assert_eq!(error, TransferError { operation: Operation::Axfr, server, zone, records: 3, fault: Fault::Cut });
}

#[tokio::test]
async fn a_message_that_is_cut_is_an_error() {
    let cut = |query: &[u8]| {
        to(query, &[Answer::axfr(&[soa(7), ns(), soa(7)])]).iter().map(|whole| whole[..40].to_vec()).collect()
    };
    let error = client(server(cut, Then::Close).await).axfr(&apex()).await.expect_err("it is cut");
    assert!(matches!(error.fault, Fault::Malformed(_)), "{error}");
}

#[tokio::test]
async fn a_server_that_falls_silent_is_left() {
    let answers = [Answer::axfr(&[soa(7), ns()])];
    let silent = server(move |query| to(query, &answers), Then::Hang).await;
    let limits = Limits { idle: SOON, ..LIMITS };
    let error = Client::new(silent, None, limits).axfr(&apex()).await.expect_err("it is silent");
    assert_eq!((error.records, error.fault), (2, Fault::Idle(SOON)));
}

#[tokio::test]
async fn a_transfer_that_takes_too_long_is_left() {
    let slow = server(|_| Vec::new(), Then::Hang).await;
    let limits = Limits { whole: SOON, ..LIMITS };
    let error = Client::new(slow, None, limits).axfr(&apex()).await.expect_err("it is slow");
    assert_eq!(error.fault, Fault::TooLong(SOON));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_from_one_that_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let nobody = listener.local_addr().expect("an address");
    drop(listener);
    let error = client(nobody).axfr(&apex()).await.expect_err("nobody is there");
    assert!(matches!(error.fault, Fault::Connect(_)), "{error}");
    let error = axfr_fault(vec![Answer::axfr(&[]).rcode(Rcode::REFUSED)]).await;
    assert_eq!(error.fault, Fault::Rcode { rcode: Rcode::REFUSED });
}

#[tokio::test]
async fn an_error_code_in_a_later_message_is_told() {
    let answers = vec![Answer::axfr(&[soa(7), ns()]), Answer::axfr(&[]).rcode(Rcode::SERVFAIL)];
    let error = axfr_fault(answers).await;
    assert_eq!((error.records, error.fault), (2, Fault::Rcode { rcode: Rcode::SERVFAIL }));
}

#[tokio::test]
async fn a_message_of_another_query_is_refused() {
    let other = |query: &[u8]| {
        let mut messages = to(query, &[Answer::axfr(&[soa(7), ns(), soa(7)])]);
        messages[0][0] ^= 1;
        messages
    };
    let error = client(server(other, Then::Close).await).axfr(&apex()).await.expect_err("another id");
    assert!(matches!(error.fault, Fault::OtherId { .. }), "{error}");
    let error = axfr_fault(vec![Answer::ixfr(&[soa(7), ns(), soa(7)])]).await;
    assert!(matches!(error.fault, Fault::OtherQuestion(_)), "{error}");
}

#[tokio::test]
async fn more_records_than_the_bound_end_it() {
    let limits = Limits { records_max: 2, ..LIMITS };
    let server = answering(vec![Answer::axfr(&[soa(7), ns(), address("a", 1), soa(7)])]).await;
    let error = Client::new(server, None, limits).axfr(&apex()).await.expect_err("too many");
    assert_eq!(error.fault, Fault::TooMany { max: 2 });
}

/// The answers, the first of them signed.
fn signing_first(answers: Vec<Answer>) -> impl FnOnce(&[u8]) -> Vec<Vec<u8>> {
    move |query| {
        let mut messages = to(query, &answers);
        let checked = Request::check(&[key()], &mut query.to_vec(), now_secs()).expect("readable");
        let Request::Good(seal) = checked else { panic!("the query is not signed well: {checked:?}") };
        seal.attach(&mut messages[0]);
        messages
    }
}

#[tokio::test]
async fn a_signed_zone_is_taken() {
    let script = signing_first(vec![Answer::axfr(&[soa(7), ns(), soa(7)])]);
    let client = Client::new(server(script, Then::Close).await, Some(key()), LIMITS);
    assert_eq!(client.axfr(&apex()).await, Ok(zone(7, &[])));
}

#[tokio::test]
async fn a_zone_whose_last_message_is_unsigned_is_not_taken() {
    let script = signing_first(vec![Answer::axfr(&[soa(7), ns()]), Answer::axfr(&[soa(7)])]);
    let client = Client::new(server(script, Then::Close).await, Some(key()), LIMITS);
    let error = client.axfr(&apex()).await.expect_err("anyone may have sent the end");
    assert_eq!(error.fault, Fault::Tsig(TsigFault::Unsigned("the last message")));
}

#[tokio::test]
async fn an_unsigned_answer_to_a_signed_query_is_not_taken() {
    let server = answering(vec![Answer::axfr(&[soa(7), ns(), soa(7)])]).await;
    let error = Client::new(server, Some(key()), LIMITS).axfr(&apex()).await.expect_err("it is unsigned");
    assert_eq!(error.fault, Fault::Tsig(TsigFault::Unsigned("the first message")));
}

#[tokio::test]
async fn a_refusal_is_told_even_if_nothing_signs_it() {
    let server = answering(vec![Answer::axfr(&[]).rcode(Rcode::REFUSED)]).await;
    let error = Client::new(server, Some(key()), LIMITS).axfr(&apex()).await.expect_err("it refuses");
    assert_eq!(error.fault, Fault::Rcode { rcode: Rcode::REFUSED });
}

#[tokio::test]
async fn the_soa_is_asked_for() {
    let server = answering(vec![Answer::of(dns_zone::Rtype::SOA, &[soa(7)])]).await;
    let asked = client(server).soa(&apex()).await.expect("an SOA");
    assert_eq!((asked.serial, asked.refresh), (Serial::new(7), Duration::from_hours(1)));
}

/// What an IXFR from serial 7 comes to, and the zone after it.
async fn ixfr(records: Vec<Record>) -> (Result<IxfrOutcome, TransferError>, Zone) {
    let mut here = zone(7, &[address("a", 1)]);
    let outcome = client(answering(vec![Answer::ixfr(&records)]).await).ixfr(&mut here).await;
    (outcome, here)
}

#[tokio::test]
async fn differences_change_the_zone_in_place() {
    let (outcome, here) = ixfr(vec![soa(8), soa(7), address("a", 1), soa(8), address("a", 2), soa(8)]).await;
    let Ok(IxfrOutcome::Changed(changes)) = outcome else { panic!("{outcome:?}") };
    let (before, after) = (zone(7, &[address("a", 1)]), zone(8, &[address("a", 2)]));
    assert_eq!(here, after);
    assert_eq!(changes, dns_zone::difference(&before, &after));
}

#[tokio::test]
async fn nothing_newer_and_a_whole_zone_leave_ours_as_it_was() {
    let (outcome, here) = ixfr(vec![soa(7)]).await;
    assert!(matches!(outcome, Ok(IxfrOutcome::Current(serial)) if serial == Serial::new(7)), "{outcome:?}");
    assert_eq!(here, zone(7, &[address("a", 1)]));
    let (outcome, here) = ixfr(vec![soa(8), ns(), soa(8)]).await;
    let Ok(IxfrOutcome::Whole(whole)) = outcome else { panic!("{outcome:?}") };
    assert_eq!((whole, here), (zone(8, &[]), zone(7, &[address("a", 1)])));
}

#[tokio::test]
async fn differences_that_do_not_fit_leave_the_zone_and_ask_for_a_whole_one() {
    let (outcome, here) = ixfr(vec![soa(8), soa(7), address("b", 1), soa(8), soa(8)]).await;
    let error = outcome.expect_err("it is not there");
    assert!(matches!(error.fault, Fault::Delta(DeltaError::NotThere { .. })), "{error}");
    assert!(error.fault.is_worth_axfr());
    assert_eq!(here, zone(7, &[address("a", 1)]));
}

#[tokio::test]
async fn a_zone_without_an_soa_has_no_differences() {
    let nobody = "127.0.0.1:1".parse().expect("an address");
    let error = client(nobody).ixfr(&mut Zone::new(apex())).await.expect_err("nothing is known");
    assert_eq!(error.fault, Fault::NothingKnown);
}
