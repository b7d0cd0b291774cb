use std::net::Ipv4Addr;

use futures_probe::is_woken;

use super::*;
use crate::fixture::{ID, NOW_SECS, apex, key, owner};
use crate::tsig::Algorithm;

const PRIMARY: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 53));

/// Polls a wake-up once, without a runtime.
mod futures_probe {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    pub(super) fn is_woken(wake: &mut super::Wake) -> bool {
        let woken = pin!(wake.woken());
        woken.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }
}

fn desk(keys: impl IntoIterator<Item = TsigKey>) -> (Desk, Wake) {
    let mut desk = Desk::default();
    let wake = desk.watch(apex(), [PRIMARY], keys);
    (desk, wake)
}

fn request(opcode: Opcode, name: &Owner, rtype: Rtype) -> Vec<u8> {
    let mut builder = MessageBuilder::new_vec();
    builder.header_mut().set_id(ID);
    builder.header_mut().set_opcode(opcode);
    builder.header_mut().set_aa(true);
    let mut question = builder.question();
    question.push((name.to_name(), rtype)).expect("a question");
    question.finish()
}

fn notify() -> Vec<u8> {
    request(Opcode::NOTIFY, &apex(), Rtype::SOA)
}

fn rcode(reply: &Reply) -> Rcode {
    Message::from_slice(&reply.wire).expect("a message").header().rcode()
}

fn answer(desk: &Desk, wire: Vec<u8>) -> Reply {
    desk.answer(wire, PRIMARY, NOW_SECS).expect("an answer")
}

#[test]
fn a_notify_wakes_and_is_answered_as_rfc_1996_says() {
    let (desk, mut wake) = desk(None);
    assert!(!is_woken(&mut wake));
    let reply = answer(&desk, notify());
    // QR, opcode 4, AA.
    assert_eq!(reply.wire[..4], [0x12, 0x34, 0xa4, 0x00]);
    assert_eq!(reply.wire[4..], notify()[4..]);
    assert_eq!(reply.verdict, Verdict::Woken);
    assert!(is_woken(&mut wake));
}

#[test]
fn many_become_one_wake_up() {
    let (desk, mut wake) = desk(None);
    for _ in 0..3 {
        answer(&desk, notify());
    }
    assert!(is_woken(&mut wake));
    assert!(!is_woken(&mut wake));
}

#[test]
fn an_unknown_zone_is_notauth() {
    let (desk, mut wake) = desk(None);
    for name in ["other.test.", "sub.example.test.", "test."] {
        let reply = answer(&desk, request(Opcode::NOTIFY, &owner(name), Rtype::SOA));
        assert_eq!(rcode(&reply), Rcode::NOTAUTH, "{name}");
    }
    assert!(!is_woken(&mut wake));
}

#[test]
fn an_address_that_is_not_listed_is_refused() {
    let (desk, mut wake) = desk(None);
    let reply = desk.answer(notify(), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 54)), NOW_SECS).expect("an answer");
    assert_eq!(rcode(&reply), Rcode::REFUSED);
    assert!(!is_woken(&mut wake));
}

#[test]
fn an_address_counts_in_its_mapped_form_too() {
    let (desk, mut wake) = desk(None);
    let IpAddr::V4(primary) = PRIMARY else { panic!("it is one") };
    desk.answer(notify(), primary.to_ipv6_mapped().into(), NOW_SECS);
    assert!(is_woken(&mut wake));
}

#[test]
fn where_a_key_is_wanted_an_unsigned_one_is_refused() {
    let (desk, mut wake) = desk(Some(key()));
    assert_eq!(rcode(&answer(&desk, notify())), Rcode::REFUSED);
    assert!(!is_woken(&mut wake));
}

#[test]
fn a_signed_one_wakes_and_its_answer_is_signed() {
    let (desk, mut wake) = desk(Some(key()));
    let (signed, mut sequence) = key().sign(notify(), NOW_SECS);
    let mut reply = answer(&desk, signed);
    assert_eq!(sequence.verify(&mut reply.wire), Ok(()));
    assert_eq!(rcode(&reply), Rcode::NOERROR);
    assert!(is_woken(&mut wake));
}

#[test]
fn a_wrong_signature_is_notauth_and_wakes_nobody() {
    let stranger = TsigKey::new(key().name().clone(), Algorithm::HmacSha256, b"another");
    for (signer, at_secs) in [(stranger, NOW_SECS), (key(), NOW_SECS - 301)] {
        let (desk, mut wake) = desk(Some(key()));
        let (signed, sequence) = signer.sign(notify(), at_secs);
        let reply = answer(&desk, signed);
        assert_eq!(rcode(&reply), Rcode::NOTAUTH);
        assert!(sequence.refusal(&reply.wire).is_err());
        assert!(!is_woken(&mut wake));
    }
}

#[test]
fn while_keys_are_exchanged_both_wake_and_a_third_does_not() {
    let named = |name: &str, secret: &[u8]| TsigKey::new(owner(name), Algorithm::HmacSha256, secret);
    // The second has a name of its own, or takes the place of the first one's secret.
    for next in [named("next-key.", b"next"), named("transfer-key.", b"next")] {
        for signer in [key(), next.clone()] {
            let (desk, mut wake) = desk([key(), next.clone()]);
            let (signed, mut sequence) = signer.sign(notify(), NOW_SECS);
            let mut reply = answer(&desk, signed);
            assert_eq!((reply.verdict, sequence.verify(&mut reply.wire)), (Verdict::Woken, Ok(())));
            assert!(is_woken(&mut wake));
        }
        for stranger in [named("third-key.", b"secret"), named("transfer-key.", b"third")] {
            let (desk, mut wake) = desk([key(), next.clone()]);
            let reply = answer(&desk, stranger.sign(notify(), NOW_SECS).0);
            assert_eq!(rcode(&reply), Rcode::NOTAUTH);
            assert!(!is_woken(&mut wake));
        }
    }
}

#[test]
fn another_operation_or_question_is_no_notify() {
    let (desk, mut wake) = desk(None);
    assert_eq!(rcode(&answer(&desk, request(Opcode::UPDATE, &apex(), Rtype::SOA))), Rcode::NOTIMP);
    assert_eq!(rcode(&answer(&desk, request(Opcode::NOTIFY, &apex(), Rtype::A))), Rcode::FORMERR);
    assert_eq!(rcode(&answer(&desk, notify()[..20].to_vec())), Rcode::FORMERR);
    assert!(!is_woken(&mut wake));
}

#[test]
fn what_is_no_request_gets_no_answer() {
    let (desk, _wake) = desk(None);
    let mut response = notify();
    response[2] |= 0x80;
    assert!(desk.answer(response, PRIMARY, NOW_SECS).is_none(), "two servers would answer each other for ever");
    assert!(desk.answer(vec![0; 11], PRIMARY, NOW_SECS).is_none());
}
