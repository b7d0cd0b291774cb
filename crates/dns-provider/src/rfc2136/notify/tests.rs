//! In virtual time: a server that never answers costs nothing but its own bound.

use dns_core::rrset::canonical_name;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::super::key::{TsigAlgorithm, TsigKey};
use super::*;

type Outcomes = mpsc::UnboundedReceiver<Result<(), NotifyError>>;

/// A server that hears and says nothing, and one who tells it.
async fn silence() -> (UdpSocket, Notifier, Outcomes) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let key = TsigKey::new(&name("key"), TsigAlgorithm::HmacSha256, vec![7; 32]);
    let keyring = Keyring::new(key.into());
    let (told, outcomes) = mpsc::unbounded_channel();
    let server = socket.local_addr().expect("an address");
    let told = move |_, outcome| told.send(outcome).expect("the test listens");
    (socket, Notifier::new(&[server], &keyring, Duration::from_secs(10), told), outcomes)
}

fn name(text: &str) -> Name {
    canonical_name(text).expect("a name")
}

fn heard(socket: &UdpSocket) -> usize {
    let mut buffer = [0; 4096];
    std::iter::from_fn(|| socket.try_recv(&mut buffer).ok()).count()
}

#[tokio::test(start_paused = true)]
async fn silent_server_is_tried_three_times_and_given_up_within_two_seconds() {
    let (socket, notifier, mut outcomes) = silence().await;
    let start = Instant::now();
    notifier.tell(&name("example.com"));
    let outcome = outcomes.recv().await.expect("an outcome");
    assert!(matches!(&outcome, Err(NotifyError::Silent { zone, .. }) if *zone == name("example.com")), "{outcome:?}");
    let took = start.elapsed();
    assert!((ANSWER_WITHIN..Duration::from_secs(2)).contains(&took), "{took:?}");
    socket.readable().await.expect("readable");
    assert_eq!(heard(&socket), 3);
    assert!(outcomes.try_recv().is_err(), "one outcome only");
}

#[tokio::test(start_paused = true)]
async fn server_that_answers_nobody_is_not_crowded_further() {
    let (socket, notifier, mut outcomes) = silence().await;
    for _ in 0..WAITING_MAX {
        notifier.tell(&name("example.com"));
    }
    assert!(outcomes.try_recv().is_err(), "each of them waits for its answer");
    notifier.tell(&name("example.net"));
    let crowded = outcomes.try_recv().expect("told at once");
    assert!(matches!(&crowded, Err(NotifyError::Crowded { zone, .. }) if *zone == name("example.net")), "{crowded:?}");
    for _ in 0..WAITING_MAX {
        assert!(matches!(outcomes.recv().await, Some(Err(NotifyError::Silent { .. }))));
    }
    socket.readable().await.expect("readable");
    assert_eq!(heard(&socket), 3 * WAITING_MAX);
    notifier.tell(&name("example.net"));
    let freed = outcomes.recv().await;
    assert!(matches!(freed, Some(Err(NotifyError::Silent { .. }))), "the places are free again: {freed:?}");
}
