//! A whole controller on a loopback listener, without monitors and with a primary that does not answer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dns_service::auth::Tokens;
use dns_service::config::Config;
use dns_service::config::secret::Program;
use dns_service::http::{PlainHttp, bind};
use futures_util::{Stream, StreamExt as _};
use reqwest::{Client, RequestBuilder, Response};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// No answer of a loopback listener takes longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The operator's token.
pub(super) const TOKEN: &str = "oncall-secret";

/// A running controller; it stops when this is dropped.
pub(super) struct Served {
    folder: TempDir,
    url: String,
    client: Client,
    pub(super) stop: CancellationToken,
    pub(super) task: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A controller whose callers need a token.
pub(super) async fn with_tokens() -> Served {
    serve("controller: { tokens: [{ name: oncall, role: operator, file: TOKEN }] }", None).await
}

/// A controller without tokens, whose orders are refused.
pub(super) async fn without_tokens() -> Served {
    serve("", None).await
}

/// A controller that takes everyone for an operator.
pub(super) async fn open() -> Served {
    serve("", Some(Tokens::open("you".parse().expect("a name")))).await
}

async fn serve(more: &str, callers: Option<Tokens>) -> Served {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("token"), format!("{TOKEN}\n")).expect("written");
    std::fs::write(folder.path().join("tsig"), "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=\n").expect("written");
    let config = Config::load(&[configuration(folder.path(), more)], &Program::Controller).expect("a configuration");
    let callers = callers.unwrap_or_else(|| Tokens::load(&config.controller.tokens).expect("tokens"));
    let any = "127.0.0.1:0".parse().expect("an address");
    let listening = bind(any, PlainHttp::OnLoopback, &config.tls).expect("bound");
    let url = listening.url();
    let stop = CancellationToken::new();
    let ended = stop.clone();
    let task = tokio::spawn(async move {
        let instance = "controller-1".parse().expect("a name");
        crate::serve(&config, &instance, callers, listening, ended).await.expect("served");
    });
    dns_service::tls::install_crypto_provider();
    let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("client");
    let served = Served { folder, url, client, stop, task };
    until(async || served.get("/readyz").send().await.expect("answer").status() == 200).await;
    served
}

fn configuration(folder: &Path, more: &str) -> PathBuf {
    let path = folder.join("config.yaml");
    let text = CONFIG.replace("MORE", more).replace("TSIG", &quoted(folder, "tsig"));
    let text = text.replace("TOKEN", &quoted(folder, "token")).replace("STORE", &quoted(folder, "state.db"));
    std::fs::write(&path, text).expect("written");
    path
}

fn quoted(folder: &Path, name: &str) -> String {
    format!("\"{}\"", folder.join(name).display())
}

/// Ports 1 and 9 answer nobody.
const CONFIG: &str = r#"
apiVersion: dnsfailover/v1
installation: acme
regions: [{ name: prod }, { name: dr }]
vantagePoints: [{ name: v1, url: "http://127.0.0.1:9" }, { name: v2, url: "http://127.0.0.2:9" }]
providers:
  main:
    rfc2136:
      server: "127.0.0.1:1"
      zones: [example.test]
      authoritativeServers: ["127.0.0.1:1"]
      tsig: { name: flip-key., algorithm: hmac-sha256, secretFile: TSIG }
policies: { default: { quorum: 2 } }
services:
  - name: checkout
    mode: active
    zone: example.test
    providers: [main]
    records: [{ name: api, type: A, ttl: 60s }]
    regions:
      - { name: prod, endpoints: [{ address: 192.0.2.10 }], probes: [{ tcp: { port: 443 } }] }
      - { name: dr, endpoints: [{ address: 198.51.100.10 }], probes: [{ tcp: { port: 443 } }] }
store: { sqlite: { path: STORE } }
MORE
"#;

impl Served {
    /// A request to read.
    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.url)).timeout(PATIENCE)
    }

    /// A form to send.
    pub(super) fn form(&self, path: &str, body: &str) -> RequestBuilder {
        let request = self.client.post(format!("{}{path}", self.url)).timeout(PATIENCE);
        request.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned())
    }

    /// An order of the API, without a token.
    pub(super) fn order(&self, verb: &str) -> RequestBuilder {
        let path = format!("{}/api/v1/services/checkout/{verb}", self.url);
        let request = self.client.post(path).timeout(PATIENCE).header("content-type", "application/json");
        request.body(r#"{"reason":"a test"}"#)
    }

    /// Signs in and returns the cookie, as a browser sends it.
    pub(super) async fn sign_in(&self) -> String {
        let answer = self.form("/session", &format!("token={TOKEN}")).send().await.expect("answer");
        assert_eq!(answer.status(), 303, "back to the page");
        cookie(&answer)
    }

    /// Opens the live page.
    pub(super) async fn listen(&self, path: &str, cookie: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.url)).header("cookie", cookie);
        tokio::time::timeout(PATIENCE, request.send()).await.expect("in time").expect("answer")
    }

    /// Writes another token into the file.
    pub(super) fn rotate(&self) {
        std::fs::write(self.folder.path().join("token"), "another-secret\n").expect("written");
    }
}

/// The cookie that an answer sets.
pub(super) fn cookie(answer: &Response) -> String {
    let set = answer.headers()["set-cookie"].to_str().expect("text");
    set.split(';').next().expect("a pair").to_owned()
}

/// Asks again and again until it is so.
pub(super) async fn until(mut so: impl AsyncFnMut() -> bool) {
    let mut turns = tokio::time::interval(Duration::from_millis(20));
    let asked = async {
        while !so().await {
            turns.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("in time");
}

/// The events of a live page, as their text.
pub(super) fn events(answer: Response) -> impl Stream<Item = String> + Unpin {
    let heard = (answer.bytes_stream().boxed(), Vec::new());
    let unfolded = futures_util::stream::unfold(heard, |(mut bytes, mut heard): (_, Vec<u8>)| async move {
        loop {
            if let Some(end) = heard.windows(2).position(|pair| pair == b"\n\n") {
                let rest = heard.split_off(end + 2);
                return Some((String::from_utf8(heard).expect("UTF-8"), (bytes, rest)));
            }
            heard.extend(bytes.next().await?.ok()?);
        }
    });
    unfolded.boxed()
}

/// The next event.
pub(super) async fn next(events: &mut (impl Stream<Item = String> + Unpin)) -> Option<String> {
    tokio::time::timeout(PATIENCE, events.next()).await.expect("an event in time")
}

/// The first event from now on that is wanted. There is always another one, so the search has an end of its own.
pub(super) async fn first(events: &mut (impl Stream<Item = String> + Unpin), wanted: impl Fn(&str) -> bool) -> String {
    let found = events.filter(|event| std::future::ready(wanted(event)));
    tokio::time::timeout(PATIENCE, std::pin::pin!(found).next()).await.expect("in time").expect("one more event")
}

/// Waits until the stream has ended.
pub(super) async fn ended(events: impl Stream<Item = String>) {
    tokio::time::timeout(PATIENCE, events.for_each(|_| std::future::ready(()))).await.expect("ended in time");
}
