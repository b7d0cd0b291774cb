//! Tests of [`super`].

use std::collections::BTreeSet;

use async_trait::async_trait;
use dns_core::fence::text::FenceText;
use dns_core::rrset::{Rrsets, canonical_name};
use dns_provider::authoritative::{AskError, Targets};
use hickory_proto::op::{Message, OpCode, Query};
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{RData, Record};

use super::*;

const SERVER: ([u8; 4], u16) = ([192, 0, 2, 53], 53);

/// A vantage point that brings this text of the fence, or fails; it counts its questions.
struct Scripted {
    brings: Result<&'static str, &'static str>,
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl Asker for Scripted {
    async fn exchange(
        &self,
        server: SocketAddr,
        name: &Name,
        rtype: RecordType,
        _within: Duration,
    ) -> Result<Message, AskError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let text = self.brings.map_err(|reason| AskError::Unasked { server, reason: reason.to_owned() })?;
        let mut message = Message::response(1, OpCode::Query);
        message.metadata.authoritative = true;
        message.add_query(Query::query(name.clone(), rtype));
        message.add_answer(Record::from_rdata(name.clone(), 60, RData::TXT(TXT::new(vec![text.to_owned()]))));
        Ok(message)
    }
}

/// Vantage points `v0`, `v1` and so on, and how often each was asked.
fn outlook(brings: &[Result<&'static str, &'static str>]) -> (Outlook, Vec<Arc<AtomicUsize>>) {
    let asked: Vec<Arc<AtomicUsize>> = brings.iter().map(|_| Arc::default()).collect();
    let point = |(number, (brings, asked)): (usize, (&Result<_, _>, &Arc<AtomicUsize>))| {
        let scripted = Scripted { brings: *brings, asked: Arc::clone(asked) };
        (format!("v{number}").parse().expect("a name"), Box::new(scripted) as Box<dyn Asker>)
    };
    let points = brings.iter().zip(&asked).enumerate().map(point).collect();
    (Outlook::inside(points), asked)
}

async fn look(outlook: &Outlook) -> Seen {
    let name = |text| canonical_name(text).expect("a name");
    let expected = Expected {
        zone: &name("example.com"),
        rrsets: &Rrsets::new(),
        absent: &BTreeSet::new(),
        fence_name: &name("_checkout._failover.example.com"),
        fence: Some(&FenceText::from_strings(vec!["rev=2;".to_owned()])),
        targets: &Targets::default(),
    };
    outlook.serves(SERVER.into(), &expected).await
}

fn counts(asked: &[Arc<AtomicUsize>]) -> Vec<usize> {
    asked.iter().map(|asked| asked.load(Ordering::SeqCst)).collect()
}

#[tokio::test]
async fn the_first_vantage_point_that_is_answered_counts_and_is_asked_first_from_then_on() {
    let (outlook, asked) = outlook(&[Err("cut off"), Ok("rev=2;")]);
    for _ in 0..3 {
        let seen = look(&outlook).await;
        assert_eq!((seen.served, seen.from.expect("one saw it").as_str()), (Served::New, "v1"));
    }
    assert_eq!(counts(&asked), [1, 3], "the one that brings nothing is asked no more");
}

#[tokio::test]
async fn nobody_else_is_asked_while_the_first_one_is_answered() {
    let (outlook, asked) = outlook(&[Ok("rev=1;"), Ok("rev=2;")]);
    let seen = look(&outlook).await;
    assert!(matches!(seen.served, Served::Old { .. }), "{seen:?}");
    assert_eq!((seen.from.expect("one saw it").as_str(), counts(&asked)), ("v0", vec![1, 0]));
}

#[tokio::test]
async fn a_server_that_nobody_inside_can_ask_is_silent_and_each_says_why() {
    let (outlook, _) = outlook(&[Err("cut off"), Err("no token"), Err("stopping")]);
    let seen = look(&outlook).await;
    let Served::Silent { reason, heard } = seen.served else { panic!("{seen:?}") };
    let unasked = |vantage: &str, why: &str| format!("{vantage}: 192.0.2.53:53 was not asked: {why}");
    assert_eq!(reason, [unasked("v0", "cut off"), unasked("v1", "no token"), unasked("v2", "stopping")].join("; "));
    assert!(!heard && seen.from.is_none());
}

#[tokio::test]
async fn a_single_question_goes_by_way_of_whoever_is_answered() {
    let name = canonical_name("example.com").expect("a name");
    let (through, _) = outlook(&[Err("cut off"), Ok("text")]);
    assert!(through.ask(SERVER.into(), &name, RecordType::TXT).await.is_some_and(|content| content.is_present()));
    let (through, _) = outlook(&[Err("cut off")]);
    assert_eq!(through.ask(SERVER.into(), &name, RecordType::TXT).await, None);
}
