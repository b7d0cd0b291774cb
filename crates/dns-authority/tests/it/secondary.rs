//! A secondary that follows at a distance.

use std::sync::Arc;
use std::time::Duration;

use dns_authority::{Bound, Primary, Secondary};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;

use crate::rig::{PATIENCE, Rig, a, is_signed_for, query, signed, update};

/// A lag that no test waits for.
const AN_HOUR: Duration = Duration::from_hours(1);

fn bound() -> Bound {
    Secondary::bind("127.0.0.1:0".parse().expect("an address")).expect("a free port")
}

async fn ask(server: &Secondary, message: &Message) -> dns_wire::Answer {
    let wire = message.to_vec().expect("bytes");
    dns_wire::tcp(server.local_addr(), &wire, PATIENCE).await.expect("an answer")
}

#[tokio::test]
async fn serves_the_old_until_the_lag_is_over() {
    let rig = Rig::start();
    let at_once = bound().follow(&rig.primary, Duration::ZERO, &rig.stop).expect("served");
    let later = bound().follow(&rig.primary, AN_HOUR, &rig.stop).expect("served");
    rig.tcp(&signed(update(vec![], vec![a("fresh.example.test.", 60, 9)]))).await;
    let fresh = query("fresh.example.test.", RecordType::A);
    assert_eq!(ask(&at_once, &fresh).await.message.answers.len(), 1);
    assert_eq!(ask(&later, &fresh).await.message.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!((at_once.zone().serial(), later.zone().serial()), (8, 7));
    rig.primary.edit(|editor| editor.add("byhand 60 A 192.0.2.1")).expect("added");
    assert_eq!(at_once.zone().serial(), 9);
    let version = at_once.zone();
    rig.primary.edit(|_| ());
    assert!(Arc::ptr_eq(&version, &at_once.zone()), "no change is no version");
}

#[tokio::test]
async fn answers_signed_queries_and_refuses_updates() {
    let rig = Rig::start();
    let secondary = bound().follow(&rig.primary, Duration::ZERO, &rig.stop).expect("served");
    let question = signed(query("api.example.test.", RecordType::A));
    assert!(is_signed_for(&ask(&secondary, &question).await, &question));
    let write = signed(update(vec![], vec![a("fresh.example.test.", 60, 9)]));
    let answer = ask(&secondary, &write).await;
    assert_eq!(answer.message.metadata.response_code, ResponseCode::Refused);
    assert!(is_signed_for(&answer, &write));
    assert_eq!((rig.primary.zone().serial(), secondary.zone().serial()), (7, 7));
}

#[tokio::test]
async fn taken_port_is_named() {
    let rig = Rig::start();
    let address = rig.primary.local_addr();
    let error = Primary::bind(address).expect_err("taken");
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}
