//! Who may read the page, and that reading is all that a session gives.

use super::served::{TOKEN, cookie, open, until, with_tokens, without_tokens};

async fn shows(request: reqwest::RequestBuilder) -> &'static str {
    let text = request.send().await.expect("answer").text().await.expect("text");
    match (text.contains("id=\"masthead\""), text.contains("action=\"/session\"")) {
        (true, false) => "the page",
        (false, true) => "the sign-in",
        _ => "something else",
    }
}

#[tokio::test]
async fn a_session_shows_the_page_until_it_is_ended() {
    let served = with_tokens().await;
    assert_eq!(shows(served.get("/")).await, "the sign-in");
    assert_eq!(shows(served.get("/services/checkout")).await, "the sign-in");
    assert_eq!(shows(served.get("/history?before=5")).await, "the sign-in");
    assert_eq!(served.get("/events").send().await.expect("answer").status(), 401);

    let session = served.sign_in().await;
    assert_eq!(shows(served.get("/").header("cookie", &session)).await, "the page");
    assert_eq!(shows(served.get("/services/checkout").header("cookie", &session)).await, "the page");
    let others = format!("theme=dark; {session}; last=1");
    assert_eq!(shows(served.get("/").header("cookie", others)).await, "the page", "among other cookies");

    let ended = served.form("/session/end", "").header("cookie", &session).send().await.expect("answer");
    assert!(ended.headers()["set-cookie"].to_str().expect("text").contains("Max-Age=0"));
    assert_eq!(shows(served.get("/").header("cookie", &session)).await, "the sign-in", "the cookie is worth nothing");
}

#[tokio::test]
async fn a_session_is_a_secret_of_the_browser() {
    let served = with_tokens().await;
    let answer = served.form("/session", &format!("token=+{TOKEN}%0A")).send().await.expect("answer");
    let set = answer.headers()["set-cookie"].to_str().expect("text");
    for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=43200"] {
        assert!(set.contains(part), "{part}: {set}");
    }
    assert!(!set.contains("Secure"), "plain HTTP would lose it: {set}");
    assert!(!cookie(&answer).contains(TOKEN));
}

#[tokio::test]
async fn a_wrong_token_is_refused_with_a_reason() {
    let served = with_tokens().await;
    for body in ["token=guess", "token=", "", "nonsense"] {
        let answer = served.form("/session", body).send().await.expect("answer");
        assert_eq!(answer.status(), 403, "{body}");
        assert!(answer.headers().get("set-cookie").is_none());
        assert!(answer.text().await.expect("text").contains("the token is not known here"), "{body}");
    }
}

#[tokio::test]
async fn a_session_cannot_write() {
    let served = with_tokens().await;
    let session = served.sign_in().await;
    let answer = served.order("pause").header("cookie", &session).send().await.expect("answer");
    assert_eq!(answer.status(), 401);
    let answer = served.get("/api/v1/services").header("cookie", &session).send().await.expect("answer");
    assert_eq!(answer.status(), 401, "the API does not know sessions at all");
    let answer = served.order("pause").bearer_auth(TOKEN).send().await.expect("answer");
    assert_eq!(answer.status(), 200, "the token can");
}

#[tokio::test]
async fn a_rotated_token_ends_the_session_and_its_live_page() {
    let served = with_tokens().await;
    let session = served.sign_in().await;
    let mut events = super::served::events(served.listen("/events", &session).await);
    super::served::next(&mut events).await.expect("the first event");
    served.rotate();
    until(async || shows(served.get("/").header("cookie", &session)).await == "the sign-in").await;
    super::served::ended(events).await;
}

#[tokio::test]
async fn without_tokens_the_page_is_open_and_offers_no_orders() {
    let served = without_tokens().await;
    let text = served.get("/").send().await.expect("answer").text().await.expect("text");
    assert!(text.contains("id=\"masthead\"") && text.contains("Orders are refused"), "{text}");
    assert!(!text.contains("data-order="), "{text}");
}

#[tokio::test]
async fn where_everyone_may_order_no_token_is_asked_for() {
    let served = open().await;
    let text = served.get("/").send().await.expect("answer").text().await.expect("text");
    assert!(text.contains("data-order=\"pause\"") && !text.contains("type=\"password\""), "{text}");
    let answer = served.order("pause").send().await.expect("answer");
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn every_answer_of_the_page_is_confined() {
    let served = with_tokens().await;
    let session = served.sign_in().await;
    let paths = [
        "/",
        "/services/checkout",
        "/services/nobody",
        "/history?before=9",
        "/history",
        "/events?service=",
        "/page.css",
    ];
    for path in paths {
        let answer = served.listen(path, &session).await;
        let policy = answer.headers()["content-security-policy"].to_str().expect("text").to_owned();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer", "{path}");
    }
    let refused = served.form("/session", "token=guess").send().await.expect("answer");
    assert!(refused.headers().contains_key("content-security-policy"));
    let page = served.get("/").header("cookie", &session).send().await.expect("answer");
    assert_eq!(page.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn files_are_sent_again_only_when_they_are_others() {
    let served = with_tokens().await;
    for path in ["/page.css", "/page.js", "/favicon.svg", "/favicon.ico"] {
        let answer = served.get(path).send().await.expect("answer");
        assert_eq!(answer.status(), 200, "{path} needs no session");
        let tag = answer.headers()["etag"].clone();
        assert!(!answer.text().await.expect("text").is_empty(), "{path}");
        let again = served.get(path).header("if-none-match", tag).send().await.expect("answer");
        assert_eq!(again.status(), 304, "{path}");
        let other = served.get(path).header("if-none-match", "\"other\"").send().await.expect("answer");
        assert_eq!(other.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn an_unknown_service_is_told_as_such() {
    let served = without_tokens().await;
    let answer = served.get("/services/%3Cscript%3E").send().await.expect("answer");
    assert_eq!(answer.status(), 404);
    let text = answer.text().await.expect("text");
    assert!(text.contains("&lt;script&gt;") && !text.contains("<script>"), "{text}");
}
