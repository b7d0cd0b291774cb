//! Who may call what, over a real listener.

use dns_api::problem::{PROBLEM_JSON, Problem};
use reqwest::{Response, StatusCode};

use crate::served::{Served, Setup, client, serve, tokens};

async fn read(served: &Served, token: Option<&str>) -> Response {
    let request = client().get(format!("{}/api/v1/who", served.url));
    let request = token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
    request.send().await.expect("answer")
}

async fn write(served: &Served, token: Option<&str>) -> Response {
    let request = client().post(format!("{}/api/v1/note", served.url)).body(r#"{"text":"hello"}"#);
    let request = token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
    request.send().await.expect("answer")
}

async fn problem(response: Response) -> Problem {
    assert_eq!(response.headers()["content-type"], PROBLEM_JSON);
    response.json().await.expect("a problem")
}

#[tokio::test]
async fn without_tokens_reads_are_open_and_writes_refused() {
    let served = serve(Setup::default());
    let answer = read(&served, None).await;
    assert_eq!(answer.text().await.expect("text"), "anonymous Viewer");
    let answer = write(&served, Some("anything")).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(problem(answer).await.hint.expect("a hint").contains("configure a token"));
}

#[tokio::test]
async fn an_open_installation_takes_writes_of_everyone_but_pages_of_other_sites() {
    let tokens = dns_service::auth::Tokens::open("you".parse().expect("a name"));
    let served = serve(Setup { tokens, ..Setup::default() });
    assert_eq!(read(&served, None).await.text().await.expect("text"), "you Operator");
    assert_eq!(write(&served, None).await.text().await.expect("text"), "you: hello");

    let sent = async |headers: &[(&str, &str)]| {
        let request = client().post(format!("{}/api/v1/note", served.url)).body(r#"{"text":"hello"}"#);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.send().await.expect("answer").status()
    };
    assert_eq!(sent(&[("origin", &served.url)]).await, StatusCode::OK);
    assert_eq!(sent(&[("origin", "https://elsewhere.example")]).await, StatusCode::FORBIDDEN);
    assert_eq!(sent(&[("origin", "null")]).await, StatusCode::FORBIDDEN);
    let rebound = [("host", "elsewhere.example:80"), ("origin", "http://elsewhere.example:80")];
    assert_eq!(sent(&rebound).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn tokens_decide_by_role() {
    let folder = tempfile::tempdir().expect("folder");
    let served = serve(Setup { tokens: tokens(folder.path()), ..Setup::default() });
    assert_eq!(read(&served, Some("board-secret")).await.text().await.expect("text"), "board Viewer");
    assert_eq!(write(&served, Some("oncall-secret")).await.text().await.expect("text"), "oncall: hello");
    let refused = write(&served, Some("board-secret")).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert_eq!(problem(refused).await.kind, "urn:dns-failover:problem:forbidden");
}

#[tokio::test]
async fn unknown_callers_are_challenged() {
    let folder = tempfile::tempdir().expect("folder");
    let served = serve(Setup { tokens: tokens(folder.path()), ..Setup::default() });
    for token in [None, Some("guess"), Some("board-secre"), Some("board-secret2")] {
        for refused in [read(&served, token).await, write(&served, token).await] {
            assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{token:?}");
            assert_eq!(refused.headers()["www-authenticate"], "Bearer");
            assert_eq!(problem(refused).await.status, 401);
        }
    }
    let twice = client().get(format!("{}/api/v1/who", served.url));
    let twice = twice.header("authorization", "Bearer guess").header("authorization", "Bearer oncall-secret");
    assert_eq!(twice.send().await.expect("answer").status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn health_needs_no_token() {
    let folder = tempfile::tempdir().expect("folder");
    let served = serve(Setup { tokens: tokens(folder.path()), ..Setup::default() });
    for path in ["healthz", "metrics", "openapi.json"] {
        let answer = client().get(format!("{}/{path}", served.url)).send().await.expect("answer");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
}
