use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::fixture::apex;
use crate::notify::Wake;

/// A NOTIFY for the zone, octet by octet.
const NOTIFY: &[u8] = b"\x12\x34\x24\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x04test\x00\x00\x06\x00\x01";
const PATIENCE: Duration = Duration::from_secs(20);

async fn listening() -> (SocketAddr, Wake, JoinSet<()>) {
    listening_for(Ipv4Addr::LOCALHOST).await
}

async fn listening_for(primary: Ipv4Addr) -> (SocketAddr, Wake, JoinSet<()>) {
    let mut desk = Desk::default();
    let wake = desk.watch(apex(), [IpAddr::V4(primary)], None);
    let listener = Listener::bind("127.0.0.1:0".parse().expect("an address")).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let mut tasks = JoinSet::new();
    tasks.spawn(listener.serve(Arc::new(desk), || {}));
    (address, wake, tasks)
}

#[tokio::test]
async fn a_datagram_wakes_and_is_answered() {
    let (address, mut wake, _tasks) = listening().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    socket.send_to(NOTIFY, address).await.expect("sent");
    let mut answer = [0; 512];
    let length = timeout(PATIENCE, socket.recv(&mut answer)).await.expect("in time").expect("an answer");
    assert_eq!(answer[..length][..4], [0x12, 0x34, 0xa4, 0x00]);
    timeout(PATIENCE, wake.woken()).await.expect("woken");
}

#[tokio::test]
async fn a_connection_wakes_as_often_as_it_says() {
    let (address, mut wake, _tasks) = listening().await;
    let mut stream = TcpStream::connect(address).await.expect("connected");
    for _ in 0..2 {
        let length = u16::try_from(NOTIFY.len()).expect("short");
        stream.write_all(&[&length.to_be_bytes(), NOTIFY].concat()).await.expect("sent");
        let answer = timeout(PATIENCE, receive(&mut stream)).await.expect("in time").expect("an answer");
        assert_eq!(answer[..4], [0x12, 0x34, 0xa4, 0x00]);
        timeout(PATIENCE, wake.woken()).await.expect("woken");
    }
}

#[tokio::test]
async fn a_stranger_is_not_kept_connected() {
    let (address, _wake, _tasks) = listening_for(Ipv4Addr::new(192, 0, 2, 1)).await;
    let mut stream = TcpStream::connect(address).await.expect("connected");
    // Idle it would be kept for longer than this.
    let end = timeout(IDLE_MAX / 2, receive(&mut stream)).await.expect("in time");
    assert!(end.is_err(), "{end:?}");
}

#[tokio::test]
async fn who_is_refused_is_answered_and_kept_connected_no_longer() {
    let (address, _wake, _tasks) = listening().await;
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let mut query = NOTIFY.to_vec();
    query[2] = 0;
    let length = u16::try_from(query.len()).expect("short");
    stream.write_all(&[&length.to_be_bytes(), query.as_slice()].concat()).await.expect("sent");
    let answer = timeout(PATIENCE, receive(&mut stream)).await.expect("in time").expect("an answer");
    // NOTIMP.
    assert_eq!(answer[3] & 0x0f, 4);
    let end = timeout(IDLE_MAX / 2, receive(&mut stream)).await.expect("in time");
    assert!(end.is_err(), "{end:?}");
}

#[tokio::test]
async fn it_ends_with_its_connections() {
    let (address, _wake, mut tasks) = listening().await;
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let length = u16::try_from(NOTIFY.len()).expect("short");
    stream.write_all(&[&length.to_be_bytes(), NOTIFY].concat()).await.expect("sent");
    receive(&mut stream).await.expect("an answer");
    tasks.shutdown().await;
    let end = timeout(PATIENCE, receive(&mut stream)).await.expect("in time");
    assert!(end.is_err(), "{end:?}");
}
