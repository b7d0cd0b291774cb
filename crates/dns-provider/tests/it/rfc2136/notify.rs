//! Who is told of a write, when, and what a server that misbehaves then costs.

use dns_provider::rfc2136::NotifyError;
use hickory_proto::op::{MessageType, OpCode};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;

/// Far above any wait of the adapter, on a loaded machine, too.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that is told.
struct Target {
    address: SocketAddr,
    heard: UnboundedReceiver<(Vec<u8>, Message)>,
}

impl Target {
    /// Answers each message as `reply` says, or not at all; its first argument counts the messages before.
    async fn answering(reply: impl Fn(usize, &Message) -> Option<Vec<u8>> + Send + 'static) -> Self {
        let socket = silence().await;
        let address = address(&socket);
        let (tell, heard) = unbounded_channel();
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            for number in 0.. {
                let (length, from) = socket.recv_from(&mut buffer).await.expect("a datagram");
                let wire = buffer[..length].to_vec();
                let message = Message::from_vec(&wire).expect("a message");
                let answer = reply(number, &message);
                // A test that has seen enough is gone.
                drop(tell.send((wire, message)));
                if let Some(answer) = answer {
                    socket.send_to(&answer, from).await.expect("sent");
                }
            }
        });
        Self { address, heard }
    }

    async fn saying(rcode: ResponseCode) -> Self {
        Self::answering(move |_, message| Some(signed(message, &answer_to(message, rcode), None))).await
    }

    async fn next(&mut self) -> (Vec<u8>, Message) {
        next(&mut self.heard).await
    }
}

/// What comes next, or a failure in place of a wait without end.
async fn next<T>(channel: &mut UnboundedReceiver<T>) -> T {
    tokio::time::timeout(PATIENCE, channel.recv()).await.expect("nothing came").expect("the other end lives")
}

/// A socket that hears and says nothing.
async fn silence() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.expect("a free port")
}

fn address(socket: &UdpSocket) -> SocketAddr {
    socket.local_addr().expect("an address")
}

type Outcome = (SocketAddr, Result<(), NotifyError>);
type Outcomes = UnboundedReceiver<Outcome>;
type FirstReply = fn(&Message) -> Option<Vec<u8>>;

fn notifying(primary: &Script, targets: &[SocketAddr]) -> (Rfc2136, Outcomes) {
    let (told, outcomes) = unbounded_channel();
    let told = move |server, outcome| drop(told.send((server, outcome)));
    (provider(primary.address).notifying(targets, told), outcomes)
}

async fn accepting() -> Script {
    Script::tcp(|request, _| Reply::Bytes(signed(request, &answer_to(request, ResponseCode::NoError), None))).await
}

#[tokio::test]
async fn tells_every_server_with_the_providers_signature() {
    let primary = accepting().await;
    let mut targets = [Target::saying(ResponseCode::NoError).await, Target::saying(ResponseCode::NoError).await];
    let addresses = [targets[0].address, targets[1].address];
    let (provider, mut outcomes) = notifying(&primary, &addresses);
    provider.apply(&adoption(), &permit()).await.expect("accepted");
    for target in &mut targets {
        let (wire, message) = target.next().await;
        let metadata = &message.metadata;
        assert_eq!((metadata.op_code, metadata.message_type), (OpCode::Notify, MessageType::Query));
        assert!(metadata.authoritative && !metadata.recursion_desired);
        assert_eq!(message.queries.iter().map(ToString::to_string).collect::<Vec<_>>(), ["example.com. IN SOA"]);
        assert_eq!((message.answers.len(), message.authorities.len(), message.additionals.len()), (0, 0, 0));
        let signer = TSigner::new(SECRET.to_vec(), WireAlgorithm::HmacSha256, name("key"), 300).expect("signer");
        signer.verify_message_byte(&wire, None, true).expect("signed with the provider's key");
        let tsig = &message.signature().expect("signed").data;
        assert!(now_secs().abs_diff(tsig.time) <= PERMIT.as_secs());
        assert_eq!(u64::from(tsig.fudge), PERMIT.as_secs());
    }
    let mut told = [next(&mut outcomes).await, next(&mut outcomes).await];
    told.sort_by_key(|(server, _)| addresses.iter().position(|address| address == server));
    assert_eq!(told, addresses.map(|server| (server, Ok(()))));
    assert_eq!(primary.requests(), 1);
}

#[tokio::test]
async fn tells_nobody_while_the_primary_has_not_answered() {
    let secondary = silence().await.into_std().expect("a plain socket");
    let primary = Script::tcp(|_, _| Reply::Hang).await;
    let server = secondary.local_addr().expect("an address");
    let (provider, _outcomes) = notifying(&primary, &[server]);
    assert_unknown(provider.apply(&adoption(), &permit()).await, "nothing within");
    // Loopback delivers as it sends: what was sent by now is here. Asked of the system, not of the runtime, which
    // learns of it later.
    let early = secondary.recv(&mut [0; 4096]);
    assert!(early.is_err(), "a datagram of {early:?} bytes");
}

#[tokio::test]
async fn tells_nobody_of_a_write_that_was_not_accepted() {
    let refusals = [ResponseCode::NXRRSet, ResponseCode::Refused, ResponseCode::ServFail];
    let mut replies = refusals.into_iter();
    let primary = Script::tcp(move |request, _| {
        let rcode = replies.next().unwrap_or(ResponseCode::NoError);
        Reply::Bytes(signed(request, &answer_to(request, rcode), None))
    })
    .await;
    let mut target = Target::saying(ResponseCode::NoError).await;
    let (provider, mut outcomes) = notifying(&primary, &[target.address]);
    for rcode in refusals {
        provider.apply(&adoption(), &permit()).await.expect_err(&rcode.to_string());
    }
    // What a refused write had begun would arrive before this one's.
    let accepted = ChangeSet {
        zone: name("example.net"),
        fence_name: name("_checkout._failover.example.net"),
        requires: vec![],
        ..adoption()
    };
    provider.apply(&accepted, &permit()).await.expect("accepted");
    assert_eq!(target.next().await.1.queries[0].name(), &name("example.net"));
    assert_eq!(next(&mut outcomes).await, (target.address, Ok(())));
}

#[tokio::test]
async fn write_is_done_before_a_silent_server_is_given_up() {
    let (silent, primary) = (silence().await, accepting().await);
    let (provider, mut outcomes) = notifying(&primary, &[address(&silent)]);
    provider.apply(&adoption(), &permit()).await.expect("accepted");
    assert!(outcomes.try_recv().is_err(), "the write waited for the server that never answers");
    tokio::time::pause();
    let given_up = next(&mut outcomes).await.1;
    assert!(matches!(given_up, Err(NotifyError::Silent { .. })), "{given_up:?}");
}

#[tokio::test]
async fn refusal_is_an_answer_and_comes_with_a_hint() {
    let primary = accepting().await;
    for (rcode, hint) in [(ResponseCode::Refused, "allow-notify"), (ResponseCode::NotAuth, "not authoritative")] {
        let target = Target::saying(rcode).await;
        let (provider, mut outcomes) = notifying(&primary, &[target.address]);
        provider.apply(&adoption(), &permit()).await.expect("accepted, whatever a secondary says");
        let refused = next(&mut outcomes).await.1.expect_err("refused");
        assert!(matches!(&refused, NotifyError::Refused { reason, .. } if reason.contains(hint)), "{refused}");
        assert!(refused.to_string().contains(&target.address.to_string()), "{refused}");
    }
}

#[tokio::test]
async fn unanswered_notify_is_sent_again() {
    let primary = accepting().await;
    let lost = |_: &Message| None;
    let muddled = |message: &Message| Message::response(message.metadata.id, OpCode::Query).to_vec().ok();
    let firsts: [FirstReply; 2] = [lost, muddled];
    for first in firsts {
        let reply = move |number, message: &Message| match number {
            0 => first(message),
            _ => Some(signed(message, &answer_to(message, ResponseCode::NoError), None)),
        };
        let mut target = Target::answering(reply).await;
        let (provider, mut outcomes) = notifying(&primary, &[target.address]);
        provider.apply(&adoption(), &permit()).await.expect("accepted");
        assert_eq!(next(&mut outcomes).await, (target.address, Ok(())));
        assert_eq!(target.next().await.1.queries, target.next().await.1.queries);
    }
}
