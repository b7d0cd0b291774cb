//! Questions that a monitor asks for the controller: which ones, to whom, and what comes back.

use std::net::SocketAddr;
use std::time::Instant;

use data_encoding::BASE64;
use dns_api::ask::{AskOutcome, AskReport, AskRequest, EXCHANGE_TIMEOUT};
use dns_api::problem::Problem;
use dns_api::transport::builder;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record};

use crate::monitor::{Monitor, config};
use crate::peers::{DnsPeer, Over, closed_port, dns_peer};

/// A monitor that may ask this server about `example.com`, and somebody who may have it ask.
struct Rig {
    monitor: Monitor,
    server: SocketAddr,
    http: reqwest::Client,
    folder: tempfile::TempDir,
}

impl Rig {
    fn start(server: SocketAddr) -> Self {
        Self::with(server, "verify: private")
    }

    /// With these keys of the provider.
    fn with(server: SocketAddr, keys: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for token in ["controller", "board"] {
            std::fs::write(folder.path().join(token), format!("{token}-token\n")).expect("written");
        }
        let at = folder.path().display();
        let tokens = format!(
            "controller: {{ monitorTokenFile: {at}/controller }}\nmonitor: {{ tokens: [\
             {{ name: controller, role: operator, file: {at}/controller }}, \
             {{ name: board, role: viewer, file: {at}/board }}] }}"
        );
        let provider = format!("zones: [example.com]\n      authoritativeServers: [\"{server}\"]\n      {keys}");
        let (fra1, lon1) = ("url: \"http://127.0.0.1:8443\"", "name: lon1, url: \"http://127.0.0.1:8444\"");
        let points = format!("{fra1}, labels: {{ side: inside }} }}, {{ {lon1}, labels: {{ side: outside }}");
        let text = config(9, 9, &tokens).replace("zones: [example.com]", &provider).replace(fra1, &points);
        let monitor = Monitor::start(&text);
        let http = builder(&monitor.url.parse().expect("a URL"), None).expect("a client").build().expect("a client");
        Self { monitor, server, http, folder }
    }

    fn request(&self, name: &str, rtype: &str) -> AskRequest {
        AskRequest { server: self.server.to_string(), name: name.to_owned(), rtype: rtype.to_owned() }
    }

    async fn post(&self, request: &AskRequest, token: Option<&str>) -> reqwest::Response {
        let post = self.http.post(format!("{}/api/v1/ask", self.monitor.url)).json(request);
        let post = token.into_iter().fold(post, |post, token| {
            let secret = std::fs::read_to_string(self.folder.path().join(token)).expect("written");
            post.bearer_auth(secret.trim())
        });
        post.send().await.expect("an answer")
    }

    async fn ask(&self, name: &str, rtype: &str) -> AskOutcome {
        let answer = self.post(&self.request(name, rtype), Some("controller")).await;
        assert_eq!(answer.status(), 200);
        let report: AskReport = answer.json().await.expect("a report");
        assert_eq!(report.vantage, "fra1", "it says who has asked");
        report.outcome
    }

    async fn refused(&self, request: &AskRequest) -> (u16, String) {
        let answer = self.post(request, Some("controller")).await;
        let status = answer.status().as_u16();
        let Problem { detail, hint, .. } = answer.json().await.expect("a problem");
        assert!(hint.is_some(), "it says what to do: {detail}");
        (status, detail)
    }
}

fn message(outcome: AskOutcome) -> Message {
    let AskOutcome::Answered(message) = outcome else { panic!("{outcome:?}") };
    Message::from_vec(&BASE64.decode(message.as_bytes()).expect("base64")).expect("a message")
}

/// An authoritative server with one address.
async fn server() -> DnsPeer {
    dns_peer(|message, _| Some(with_address(message))).await
}

fn with_address(mut message: Message) -> Message {
    message.metadata.authoritative = !message.metadata.recursion_desired;
    let name = message.queries[0].name.clone();
    message.add_answer(Record::from_rdata(name, 60, RData::A(A::new(192, 0, 2, 10))));
    message
}

#[tokio::test]
async fn the_servers_message_comes_back_as_it_is() {
    let peer = server().await;
    let rig = Rig::start(peer.address);
    let answered = message(rig.ask("*.shop.example.com", "A").await);
    assert_eq!(answered.queries[0].name.to_ascii(), "*.shop.example.com.");
    assert_eq!(answered.answers[0].data, RData::A(A::new(192, 0, 2, 10)));
    assert!(answered.metadata.authoritative, "it was asked without recursion");
    let refusing = dns_peer(|mut message, _| {
        message.metadata.response_code = ResponseCode::Refused;
        Some(message)
    })
    .await;
    let rig = Rig::start(refusing.address);
    let answered = message(rig.ask("example.com", "SOA").await);
    assert_eq!(answered.metadata.response_code, ResponseCode::Refused, "the controller judges, not the monitor");
}

#[tokio::test]
async fn a_truncated_answer_is_asked_for_again_over_tcp() {
    let peer = dns_peer(|mut message, over| {
        if over == Over::Tcp {
            return Some(with_address(message));
        }
        message.metadata.truncation = true;
        Some(message)
    })
    .await;
    let answered = message(Rig::start(peer.address).ask("api.example.com", "A").await);
    assert_eq!((answered.answers.len(), answered.metadata.truncation), (1, false));
    assert_eq!(peer.asked(), 2);
}

#[tokio::test]
async fn only_configured_servers_are_asked() {
    let (peer, other) = (server().await, server().await);
    let rig = Rig::start(peer.address);
    let request = AskRequest { server: other.address.to_string(), ..rig.request("api.example.com", "A") };
    let told = rig.refused(&request).await;
    assert_eq!(told, (403, format!("`{}` is no server that this vantage point may ask", other.address)));
    // The primary of the provider is none that verification asks.
    let primary = AskRequest { server: "127.0.0.1:53".to_owned(), ..request };
    assert_eq!(rig.refused(&primary).await.0, 403);
    assert_eq!((peer.asked(), other.asked()), (0, 0));
}

#[tokio::test]
async fn only_names_inside_the_zones_of_the_provider_are_asked_for() {
    let peer = server().await;
    let rig = Rig::start(peer.address);
    for name in ["example.org", "com", "notexample.com", "."] {
        let (status, detail) = rig.refused(&rig.request(name, "A")).await;
        assert_eq!(status, 403, "{name}");
        assert!(detail.contains("is in no zone that"), "{detail}");
    }
    for rtype in ["ANY", "AXFR", "DNSKEY", "NS"] {
        let told = rig.refused(&rig.request("example.com", rtype)).await;
        assert_eq!(told, (403, format!("type {rtype} is none that verification asks for")));
    }
    assert_eq!(peer.asked(), 0);
    for (name, rtype) in [("example.com", "SOA"), ("_c._failover.EXAMPLE.com.", "TXT")] {
        message(rig.ask(name, rtype).await);
    }
    assert_eq!(peer.asked(), 2);
}

#[tokio::test]
async fn servers_that_the_controller_asks_itself_or_others_ask_are_nobodys_to_relay() {
    let peer = server().await;
    for keys in ["verify: public", "timeout: 1s", "verify: private\n      verifyFrom: { side: outside }"] {
        let rig = Rig::with(peer.address, keys);
        assert_eq!(rig.refused(&rig.request("api.example.com", "A")).await.0, 403, "{keys}");
    }
    let rig = Rig::with(peer.address, "verify: private\n      verifyFrom: { side: inside }");
    message(rig.ask("api.example.com", "A").await);
    assert_eq!(peer.asked(), 1);
}

#[tokio::test]
async fn what_is_no_question_is_refused_with_what_is_wrong() {
    let rig = Rig::start(([127, 0, 0, 1], closed_port().await).into());
    let right = rig.request("api.example.com", "A");
    let wrong = [
        AskRequest { server: "ns1.example.com:53".to_owned(), ..right.clone() },
        AskRequest { rtype: "FOO".to_owned(), ..right.clone() },
    ];
    for request in wrong {
        assert_eq!(rig.refused(&request).await.0, 400, "{request:?}");
    }
    let unnamed = AskRequest { name: String::new(), ..right };
    assert_eq!(rig.post(&unnamed, Some("controller")).await.status(), 400);
}

#[tokio::test]
async fn only_operators_may_have_it_ask() {
    let peer = server().await;
    let rig = Rig::start(peer.address);
    let request = rig.request("api.example.com", "A");
    assert_eq!(rig.post(&request, None).await.status(), 401);
    assert_eq!(rig.post(&request, Some("board")).await.status(), 403);
    assert_eq!(peer.asked(), 0);
}

#[tokio::test]
async fn a_server_without_an_answer_is_told_as_silent_within_bounds() {
    let rig = Rig::start(([127, 0, 0, 1], closed_port().await).into());
    let AskOutcome::Silent(reason) = rig.ask("api.example.com", "A").await else { panic!("nobody is there") };
    assert!(reason.to_lowercase().contains("refused"), "{reason}");
    let mute = dns_peer(|_, _| None).await;
    let rig = Rig::start(mute.address);
    let began = Instant::now();
    let silent = rig.ask("api.example.com", "A").await;
    let within = EXCHANGE_TIMEOUT.as_millis();
    assert_eq!(silent, AskOutcome::Silent(format!("nothing within {within} ms")));
    assert!(began.elapsed() >= EXCHANGE_TIMEOUT, "it was given its time");
}
