use super::*;

/// Answers each message with itself; an empty one with silence.
struct Echo;

impl Service for Echo {
    async fn answer(&self, wire: Vec<u8>, _: Transport) -> Option<Vec<u8>> {
        (!wire.is_empty()).then_some(wire)
    }
}

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a test waits for what must not come.
const SILENCE: Duration = Duration::from_millis(200);

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a port")
}

async fn ends(client: &mut TcpStream) -> bool {
    matches!(timeout(PATIENCE, client.read(&mut [0])).await, Ok(Ok(0) | Err(_)))
}

async fn echoes(client: &mut TcpStream, within: Duration) -> bool {
    client.write_all(&[0, 1, 42]).await.expect("sent");
    let mut answer = [0; 3];
    matches!(timeout(within, client.read_exact(&mut answer)).await, Ok(Ok(_))) && answer == [0, 1, 42]
}

#[tokio::test]
async fn idle_or_slow_connection_ends() {
    let listener = listener().await;
    for beginning in [&[][..], &[0, 9, 1][..]] {
        let mut client = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("connected");
        let (stream, _) = listener.accept().await.expect("accepted");
        client.write_all(beginning).await.expect("sent");
        let serving = serve(stream, &Echo, Duration::from_millis(20));
        let outcome = timeout(PATIENCE, serving).await.expect("it ends");
        assert_eq!(outcome.expect_err("timed out").kind(), io::ErrorKind::TimedOut);
        assert!(ends(&mut client).await);
    }
}

#[tokio::test]
async fn silence_ends_the_connection() {
    let listener = listener().await;
    let mut client = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("connected");
    let (stream, _) = listener.accept().await.expect("accepted");
    client.write_all(&[0, 0]).await.expect("sent");
    serve(stream, &Echo, PATIENCE).await.expect("an orderly end");
    assert!(ends(&mut client).await);
}

#[tokio::test]
async fn connections_are_bounded() {
    let listener = listener().await;
    let address = listener.local_addr().expect("an address");
    let stop = CancellationToken::new();
    tokio::spawn(connections(listener, Arc::new(Echo), stop.clone()));
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        let mut client = TcpStream::connect(address).await.expect("connected");
        assert!(echoes(&mut client, PATIENCE).await);
        open.push(client);
    }
    let mut waiting = TcpStream::connect(address).await.expect("in the backlog");
    assert!(!echoes(&mut waiting, SILENCE).await, "beyond the bound");
    open.pop();
    let mut answer = [0; 3];
    timeout(PATIENCE, waiting.read_exact(&mut answer)).await.expect("served in time").expect("served");
    stop.cancel();
    assert!(ends(&mut waiting).await, "stopping ends connections");
}
