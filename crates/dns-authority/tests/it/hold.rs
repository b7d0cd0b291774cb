//! Updates that are late, hands in between, and what is seen of both.

use std::time::Duration;

use dns_authority::update::{FailedPrerequisite, Requirement};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;
use hickory_proto::rr::rdata::tsig::TsigError;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::rig::{PATIENCE, Rig, any, is_signed_for, name, now_secs, query, signed, signed_at, txt, update};

const FENCE: &str = "late.example.test.";

/// Requires the fence as `held` and writes `next`.
fn swap(held: &str, next: &str) -> Message {
    update(vec![txt(FENCE, 0, held)], vec![any(FENCE, RecordType::TXT), txt(FENCE, 60, next)])
}

fn rig() -> Rig {
    let rig = Rig::start();
    rig.primary.edit(|editor| editor.add("late 60 TXT one")).expect("added");
    rig
}

/// Sends in the background: the rcode, and whether the answer is signed.
fn send(rig: &Rig, message: Message) -> JoinHandle<(ResponseCode, bool)> {
    let server = rig.primary.local_addr();
    tokio::spawn(async move {
        let wire = message.to_vec().expect("bytes");
        let answer = dns_wire::tcp(server, &wire, PATIENCE).await.expect("an answer");
        (answer.message.metadata.response_code, is_signed_for(&answer, &message))
    })
}

#[tokio::test]
async fn held_update_is_judged_when_it_is_released() {
    let rig = rig();
    let mut held = rig.primary.hold_next_update();
    let late = send(&rig, signed(swap("one", "late")));
    timeout(PATIENCE, held.arrived()).await.expect("arrived");
    // Everything else goes on.
    assert_eq!(rig.udp(&query(FENCE, RecordType::TXT)).await.message.answers.len(), 1);
    let quick = rig.tcp(&signed(swap("one", "quick"))).await;
    assert_eq!(quick.message.metadata.response_code, ResponseCode::NoError);
    assert!(!late.is_finished());

    let seen = held.release().await;
    let failed = FailedPrerequisite { owner: name(FENCE), rtype: RecordType::TXT, requirement: Requirement::Exactly };
    assert_eq!((seen.rcode, seen.failed()), (ResponseCode::NXRRSet, Some(&failed)));
    assert_eq!((seen.changed.len(), seen.serial, seen.tsig), (0, 9, None));
    assert_eq!(late.await.expect("answered"), (ResponseCode::NXRRSet, true));
    assert_eq!(rig.held(FENCE, RecordType::TXT), ["quick"]);
}

/// How many datagrams the server has in work at once.
const DATAGRAMS_IN_WORK_MAX: usize = 256;

/// How long a test waits for what must not come.
const SILENCE: Duration = Duration::from_millis(200);

#[tokio::test]
async fn held_datagrams_leave_room_for_others_up_to_a_bound() {
    let rig = rig();
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    socket.connect(rig.primary.local_addr()).await.expect("connected");
    let wire = signed(swap("one", "two")).to_vec().expect("bytes");
    let mut holds = Vec::new();
    for _ in 1..DATAGRAMS_IN_WORK_MAX {
        let mut held = rig.primary.hold_next_update();
        socket.send(&wire).await.expect("sent");
        timeout(PATIENCE, held.arrived()).await.expect("arrived");
        holds.push(held);
    }
    let question = query(FENCE, RecordType::TXT);
    rig.udp(&question).await;
    let mut last = rig.primary.hold_next_update();
    // The place of the answered question is given back a moment after its answer.
    let arrived = async {
        while timeout(SILENCE, last.arrived()).await.is_err() {
            socket.send(&wire).await.expect("sent");
        }
    };
    timeout(PATIENCE, arrived).await.expect("arrived");
    let bytes = question.to_vec().expect("bytes");
    let beyond = dns_wire::udp(rig.primary.local_addr(), &bytes, SILENCE).await;
    assert!(beyond.is_err(), "beyond the bound: {beyond:?}");
    rig.tcp(&question).await;
    assert_eq!(last.release().await.rcode, ResponseCode::NoError);
    assert_eq!(holds.pop().expect("held").release().await.rcode, ResponseCode::NXRRSet);
}

#[tokio::test]
async fn held_update_that_is_still_right_is_applied() {
    let rig = rig();
    let mut held = rig.primary.hold_next_update();
    let late = send(&rig, signed(swap("one", "two")));
    timeout(PATIENCE, held.arrived()).await.expect("arrived");
    assert_eq!(rig.held(FENCE, RecordType::TXT), ["one"]);
    let seen = held.release().await;
    assert_eq!((seen.rcode, seen.serial), (ResponseCode::NoError, 9));
    assert_eq!(seen.changed, [name("example.test."), name(FENCE)]);
    assert_eq!(late.await.expect("answered"), (ResponseCode::NoError, true));
}

#[tokio::test]
async fn held_update_is_refused_when_its_fudge_ran_out() {
    let rig = rig();
    let mut held = rig.primary.hold_next_update();
    let signed_secs = now_secs();
    let late = send(&rig, signed_at(swap("one", "late"), signed_secs, 1));
    timeout(PATIENCE, held.arrived()).await.expect("arrived");
    // The wall clock itself is under test: the primary compares it with the signature.
    let deadline = Instant::now() + PATIENCE;
    while now_secs() <= signed_secs + 1 {
        assert!(Instant::now() < deadline, "the clock stands still");
        sleep(Duration::from_millis(50)).await;
    }
    let seen = held.release().await;
    assert_eq!((seen.rcode, seen.tsig), (ResponseCode::NotAuth, Some(TsigError::BadTime)));
    assert_eq!(late.await.expect("answered").0, ResponseCode::NotAuth);
    assert_eq!(rig.held(FENCE, RecordType::TXT), ["one"]);
}

#[tokio::test]
async fn released_update_counts_even_if_its_sender_is_gone() {
    let rig = rig();
    let mut held = rig.primary.hold_next_update();
    let late = send(&rig, signed(swap("one", "two")));
    timeout(PATIENCE, held.arrived()).await.expect("arrived");
    late.abort();
    assert!(late.await.is_err());
    assert_eq!(held.release().await.rcode, ResponseCode::NoError);
    assert_eq!(rig.held(FENCE, RecordType::TXT), ["two"]);
}

#[tokio::test]
async fn dropped_hold_loses_what_it_holds_and_holds_nothing_else() {
    let rig = rig();
    drop(rig.primary.hold_next_update());
    assert_eq!(rig.tcp(&signed(swap("one", "two"))).await.message.metadata.response_code, ResponseCode::NoError);
    let mut held = rig.primary.hold_next_update();
    let lost = send(&rig, signed(swap("two", "three")));
    timeout(PATIENCE, held.arrived()).await.expect("arrived");
    drop(held);
    assert!(lost.await.is_err(), "no answer");
    assert_eq!(rig.held(FENCE, RecordType::TXT), ["two"]);
}

#[tokio::test]
async fn holds_take_updates_in_turn() {
    let rig = rig();
    let (first, second) = (rig.primary.hold_next_update(), rig.primary.hold_next_update());
    let mut first = first;
    let one = send(&rig, signed(swap("one", "first")));
    timeout(PATIENCE, first.arrived()).await.expect("arrived");
    let two = send(&rig, signed(swap("one", "second")));
    assert_eq!(timeout(PATIENCE, second.release()).await.expect("arrived").rcode, ResponseCode::NoError);
    assert_eq!(first.release().await.rcode, ResponseCode::NXRRSet);
    assert_eq!(two.await.expect("answered").0, ResponseCode::NoError);
    assert_eq!(one.await.expect("answered").0, ResponseCode::NXRRSet);
}

#[tokio::test]
async fn every_judged_update_is_seen_in_order() {
    let rig = rig();
    let mut updates = rig.primary.updates();
    rig.tcp(&signed(swap("one", "two"))).await;
    rig.tcp(&signed(swap("one", "three"))).await;
    rig.tcp(&swap("two", "three")).await;
    rig.tcp(&signed_at(swap("two", "three"), 0, 10)).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let update = timeout(PATIENCE, updates.recv()).await.expect("in time").expect("seen");
        seen.push((update.rcode, update.serial, update.changed.len(), update.tsig));
    }
    assert_eq!(
        seen,
        [
            (ResponseCode::NoError, 9, 2, None),
            (ResponseCode::NXRRSet, 9, 0, None),
            (ResponseCode::Refused, 9, 0, None),
            (ResponseCode::NotAuth, 9, 0, Some(TsigError::BadTime)),
        ]
    );
}

#[tokio::test]
async fn hand_changes_records_and_the_serial() {
    let rig = rig();
    let api = name("api.example.test.");
    rig.primary.edit(|editor| {
        editor.replace("api 30 A 192.0.2.99").expect("replaced");
        editor.remove(&api, RecordType::AAAA);
        editor.remove_name(&name("www.example.test."));
        editor.remove_name(&name("example.test."));
    });
    assert_eq!(rig.primary.zone().serial(), 9);
    assert_eq!(rig.held("api.example.test.", RecordType::A), ["192.0.2.99"]);
    assert!(rig.held("api.example.test.", RecordType::AAAA).is_empty());
    assert!(rig.held("www.example.test.", RecordType::CNAME).is_empty());
    assert!(rig.held("example.test.", RecordType::A).is_empty());
    assert_eq!(rig.held("example.test.", RecordType::NS).len(), 1, "the apex keeps its own");

    let refused = rig.primary.edit(|editor| editor.replace("near 60 A 192.0.2.1\napi 60 A 192.0.2.2"));
    assert!(refused.expect_err("a CNAME stands there").to_string().contains("beside a CNAME"));
    assert_eq!(rig.primary.zone().serial(), 9, "nothing changed");
}
