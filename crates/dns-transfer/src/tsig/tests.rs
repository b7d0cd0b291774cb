use std::sync::LazyLock;

use aws_lc_rs::hmac;
use domain::base::iana::TsigRcode;

use super::key::is_made_by;
use super::record::{Digested, Tsig, append, find, time48};
use super::*;
use crate::fixture::{Answer, NOW_SECS, apex, key, owner, soa};
use crate::message::query;
use crate::{Operation, fixture};

/// The octets of one answer without records.
static ANSWER: LazyLock<Vec<u8>> = LazyLock::new(|| Answer::axfr(&[]).wire());

fn signed_query(key: &TsigKey) -> (Vec<u8>, Sequence) {
    key.sign(query(fixture::ID, Operation::Axfr, &apex()), NOW_SECS)
}

fn tsig_of(message: &[u8]) -> Tsig {
    find(message).expect("readable").expect("a TSIG record").1
}

/// What happens to messages on their way.
type Spoil = fn(&mut Vec<Vec<u8>>);

/// The other side of a sequence.
struct Server {
    key: TsigKey,
    context: hmac::Context,
    is_first: bool,
}

impl Server {
    fn answering(query: &[u8], key: TsigKey) -> Self {
        let context = key.context_after(&tsig_of(query).mac);
        Self { key, context, is_first: true }
    }

    fn unsigned(&mut self) -> Vec<u8> {
        self.context.update(&ANSWER);
        ANSWER.clone()
    }

    fn signed(&mut self) -> Vec<u8> {
        let mut message = self.unsigned();
        let mut tsig = self.key.unsigned(NOW_SECS, &message);
        tsig.digest(if self.is_first { Digested::Everything } else { Digested::Timers }, &mut self.context);
        tsig.mac = self.context.clone().sign().as_ref().to_vec();
        append(&mut message, &tsig);
        self.context = self.key.context_after(&tsig.mac);
        self.is_first = false;
        message
    }
}

/// A client that has asked, and its server.
fn dialogue() -> (Sequence, Server) {
    let (query, sequence) = signed_query(&key());
    (sequence, Server::answering(&query, key()))
}

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
}

/// Made by other code than this (Python's hmac), from the text of RFC 8945.
#[test]
fn macs_are_those_of_the_rfc() {
    let (query, _) = signed_query(&key());
    let mac = octets("8de8c0cc2936247506c6b2a0811bcc42c4811924c6f29900d1980003dce50a78");
    assert_eq!(tsig_of(&query).mac, mac);
    let (mut sequence, _) = dialogue();
    let macs = [
        Some("a4fe5a67fa5858870a60c5c3caa73be47d72106f6dee9b86a92e554a105d7e75"),
        None,
        Some("89eedb772ae94613efc5f54e02b060066e67e89144609e684c0d0a7bda915a91"),
    ];
    for mac in macs {
        let mut message = ANSWER.clone();
        if let Some(mac) = mac {
            let tsig = Tsig { mac: octets(mac), ..key().unsigned(NOW_SECS, &message) };
            append(&mut message, &tsig);
        }
        assert_eq!(sequence.verify(&mut message), Ok(()));
        assert_eq!(message, *ANSWER, "the record is taken off");
    }
    assert_eq!(sequence.finish(), Ok(()));
}

#[test]
fn every_algorithm_signs_and_verifies() {
    for algorithm in [Algorithm::HmacSha256, Algorithm::HmacSha384, Algorithm::HmacSha512] {
        let key = TsigKey::new(owner("transfer-key."), algorithm, b"secret");
        let (query, mut sequence) = signed_query(&key);
        let mut server = Server::answering(&query, key);
        for _ in 0..3 {
            assert_eq!(sequence.verify(&mut server.signed()), Ok(()), "{algorithm:?}");
        }
    }
}

#[test]
fn ninety_nine_messages_in_a_row_may_be_unsigned_and_no_more() {
    let (mut sequence, mut server) = dialogue();
    assert_eq!(sequence.verify(&mut server.signed()), Ok(()));
    for _ in 0..2 {
        for _ in 0..99 {
            assert_eq!(sequence.verify(&mut server.unsigned()), Ok(()));
        }
        assert_eq!(sequence.verify(&mut server.signed()), Ok(()));
    }
    for _ in 0..99 {
        assert_eq!(sequence.verify(&mut server.unsigned()), Ok(()));
    }
    let hundredth = sequence.verify(&mut server.unsigned());
    assert_eq!(hundredth, Err(TsigFault::Unsigned("the hundredth message in a row")));
}

#[test]
fn first_and_last_message_have_to_be_signed() {
    let (mut sequence, mut server) = dialogue();
    assert_eq!(sequence.finish(), Err(TsigFault::Unsigned("the last message")), "nothing has come");
    assert_eq!(sequence.verify(&mut server.unsigned()), Err(TsigFault::Unsigned("the first message")));
    let (mut sequence, mut server) = dialogue();
    assert_eq!(sequence.verify(&mut server.signed()), Ok(()));
    assert_eq!(sequence.finish(), Ok(()));
    assert_eq!(sequence.verify(&mut server.unsigned()), Ok(()));
    assert_eq!(sequence.finish(), Err(TsigFault::Unsigned("the last message")));
}

#[test]
fn a_message_changed_lost_or_moved_breaks_the_sequence() {
    let changed = |messages: &mut Vec<Vec<u8>>| messages[1][3] ^= 1;
    let lost = |messages: &mut Vec<Vec<u8>>| drop(messages.remove(1));
    let doubled = |messages: &mut Vec<Vec<u8>>| messages.insert(1, messages[1].clone());
    let spoils: [Spoil; 3] = [changed, lost, doubled];
    for (number, spoil) in spoils.iter().enumerate() {
        let (mut sequence, mut server) = dialogue();
        let mut messages = vec![server.signed(), server.unsigned(), server.signed()];
        spoil(&mut messages);
        let outcome = messages.iter_mut().try_for_each(|message| sequence.verify(message));
        assert!(matches!(outcome, Err(TsigFault::Wrong { .. })), "{number}: {outcome:?}");
    }
}

#[test]
fn an_answer_to_another_query_is_wrong() {
    let (other, _) = key().sign(query(fixture::ID, Operation::Axfr, &apex()), NOW_SECS + 1);
    let (mut sequence, _) = dialogue();
    let mut answer = Server::answering(&other, key()).signed();
    assert_eq!(sequence.verify(&mut answer), Err(TsigFault::Wrong { message: 1 }));
}

#[test]
fn another_secret_a_cut_mac_and_an_empty_one_are_wrong() {
    let (query, _) = signed_query(&key());
    let stranger = TsigKey::new(owner("transfer-key."), Algorithm::HmacSha256, b"another");
    let with_mac = |octets: usize| {
        let mut tsig = tsig_of(&Server::answering(&query, key()).signed());
        tsig.mac.truncate(octets);
        let mut message = ANSWER.clone();
        append(&mut message, &tsig);
        message
    };
    for mut message in [Server::answering(&query, stranger).signed(), with_mac(31), with_mac(16), with_mac(0)] {
        let (mut sequence, _) = dialogue();
        assert_eq!(sequence.verify(&mut message), Err(TsigFault::Wrong { message: 1 }));
    }
}

#[test]
fn another_key_or_algorithm_is_named() {
    let (query, _) = signed_query(&key());
    for (name, algorithm) in [("other-key.", Algorithm::HmacSha256), ("transfer-key.", Algorithm::HmacSha512)] {
        let (mut sequence, _) = dialogue();
        let mut answer = Server::answering(&query, TsigKey::new(owner(name), algorithm, b"secret")).signed();
        let outcome = sequence.verify(&mut answer);
        let Err(TsigFault::AnotherKey { key, .. }) = &outcome else { panic!("{outcome:?}") };
        assert_eq!(key, name);
    }
}

#[test]
fn an_id_that_a_forwarder_changed_does_not_count() {
    let (mut sequence, mut server) = dialogue();
    let mut message = server.signed();
    message[..2].copy_from_slice(&[0x43, 0x21]);
    assert_eq!(sequence.verify(&mut message), Ok(()));
    assert_eq!(message, *ANSWER);
}

fn error_answer(error: TsigRcode, other: &[u8]) -> Vec<u8> {
    let mut message = ANSWER.clone();
    let tsig = Tsig { error: error.to_int(), other: other.to_vec(), ..key().unsigned(NOW_SECS, &message) };
    append(&mut message, &tsig);
    message
}

#[test]
fn what_the_server_refuses_is_told_before_the_signature_is_looked_at() {
    let (sequence, mut server) = dialogue();
    let key = || "transfer-key.".to_owned();
    let told = |error| sequence.refusal(&error_answer(error, b""));
    assert_eq!(told(TsigRcode::BADKEY), Err(TsigFault::BadKey { key: key() }));
    assert_eq!(told(TsigRcode::BADSIG), Err(TsigFault::BadSig { key: key() }));
    assert_eq!(told(TsigRcode::BADTRUNC), Err(TsigFault::Other { code: 22 }));
    assert_eq!(sequence.refusal(&server.signed()), Ok(()));
    assert_eq!(sequence.refusal(&ANSWER), Ok(()));
}

#[test]
fn badtime_says_how_far_the_clocks_are_apart_and_which_is_ahead() {
    let (sequence, _) = dialogue();
    for skew_secs in [-4000, 4000_i64] {
        let theirs = time48(NOW_SECS.checked_add_signed(skew_secs).expect("a time"));
        let told = sequence.refusal(&error_answer(TsigRcode::BADTIME, &theirs));
        assert_eq!(told, Err(TsigFault::BadTime { skew_secs }));
    }
    assert_eq!(
        TsigFault::BadTime { skew_secs: -4000 }.to_string(),
        "its clock is 4000 s behind ours (BADTIME): set the clocks"
    );
}

#[test]
fn a_tsig_record_that_is_not_the_last_one_is_malformed() {
    let (mut sequence, mut server) = dialogue();
    let mut message = server.signed();
    let tsig = tsig_of(&message);
    append(&mut message, &tsig);
    assert!(matches!(sequence.verify(&mut message), Err(TsigFault::Malformed(_))));
    let (mut sequence, mut server) = dialogue();
    let mut trailed = server.signed();
    trailed.push(0);
    assert!(matches!(sequence.verify(&mut trailed), Err(TsigFault::Malformed(_))));
    let (mut sequence, mut server) = dialogue();
    let whole = server.signed();
    for length in ANSWER.len()..whole.len() {
        assert!(sequence.verify(&mut whole[..length].to_vec()).is_err(), "{length}");
    }
}

#[test]
fn debug_leaves_out_the_secret() {
    let shown = format!("{:?}", key());
    assert!(shown.contains("transfer-key") && !shown.contains("secret") && !shown.contains("115"), "{shown}");
}

/// A request as it comes, checked at [`NOW_SECS`], and what its answer looks like under the seal.
fn check(request: &[u8]) -> (&'static str, Vec<u8>) {
    let mut answer = ANSWER.clone();
    let verdict = match Request::check(&[key()], &mut request.to_vec(), NOW_SECS).expect("readable") {
        Request::Unsigned => "unsigned",
        Request::Good(seal) => {
            seal.attach(&mut answer);
            "good"
        }
        Request::Bad(seal) => {
            seal.attach(&mut answer);
            "bad"
        }
    };
    (verdict, answer)
}

#[test]
fn a_request_in_time_is_good_and_its_answer_is_signed_for_it() {
    for at_secs in [NOW_SECS - 300, NOW_SECS, NOW_SECS + 300] {
        let (request, mut sequence) = key().sign(fixture::Answer::axfr(&[soa(7)]).wire(), at_secs);
        let (verdict, mut answer) = check(&request);
        assert_eq!(verdict, "good");
        assert_eq!(sequence.refusal(&answer), Ok(()));
        assert_eq!(sequence.verify(&mut answer), Ok(()));
    }
    assert_eq!(check(&ANSWER), ("unsigned", ANSWER.clone()));
}

#[test]
fn a_request_by_another_key_or_secret_is_bad_and_its_answer_proves_nothing() {
    let strangers = [
        (TsigKey::new(owner("other-key."), Algorithm::HmacSha256, b"secret"), TsigRcode::BADKEY),
        (TsigKey::new(owner("transfer-key."), Algorithm::HmacSha512, b"secret"), TsigRcode::BADKEY),
        (TsigKey::new(owner("transfer-key."), Algorithm::HmacSha256, b"another"), TsigRcode::BADSIG),
    ];
    for (stranger, error) in strangers {
        let (verdict, answer) = check(&signed_query(&stranger).0);
        let tsig = tsig_of(&answer);
        assert_eq!((verdict, tsig.error, tsig.mac.len()), ("bad", error.to_int(), 0));
    }
}

#[test]
fn a_request_out_of_time_is_bad_and_its_answer_says_signed_what_time_it_is() {
    for at_secs in [NOW_SECS - 301, NOW_SECS + 301] {
        let (request, sequence) = key().sign(query(fixture::ID, Operation::Axfr, &apex()), at_secs);
        let (verdict, answer) = check(&request);
        assert_eq!(verdict, "bad");
        let skew_secs = NOW_SECS.checked_signed_diff(at_secs).expect("small");
        assert_eq!(sequence.refusal(&answer), Err(TsigFault::BadTime { skew_secs }));
        let tsig = tsig_of(&answer);
        let mut covered = key().context_after(&tsig_of(&request).mac);
        covered.update(&ANSWER);
        tsig.digest(Digested::Everything, &mut covered);
        assert!(is_made_by(covered, &tsig.mac));
    }
}

#[test]
fn a_signed_request_where_no_key_is_known_is_bad() {
    let mut request = signed_query(&key()).0;
    let checked = Request::check(&[], &mut request, NOW_SECS).expect("readable");
    assert!(matches!(checked, Request::Bad(_)), "{checked:?}");
}
