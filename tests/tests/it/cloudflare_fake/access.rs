//! Who may ask, how often, and what paths there are.

use std::time::Duration;

use serde_json::{Value, json};
use tests::cloudflare::{Fake, Operation, Plan, Rate, Rights, Scope, Setup, TOKEN, Token, TokenStatus, ZoneSetup};

use super::client::{ZONE, a, attempt, create, get, records_path, send, start};

const OTHER: &str = "another-cloudflare-token-0123456789-mnopqrst";

fn with_token(fake: &Fake, token: Token) {
    fake.set_tokens(vec![token]);
}

/// Status and code of the answer to these headers.
fn refusal(fake: &Fake, path: &str, headers: &str) -> (u16, u64) {
    attempt(fake, "GET", path, headers, "").expect("an answer").refusal()
}

#[test]
fn refuses_a_request_without_or_with_a_malformed_token() {
    let fake = start(Plan::Free);
    assert_eq!(refusal(&fake, "/zones", ""), (400, 9106));
    for value in ["Bearer short", &format!("Basic {TOKEN}"), &format!("Bearer {TOKEN}!"), &format!("Bearer {TOKEN} x")]
    {
        assert_eq!(refusal(&fake, "/zones", &format!("Authorization: {value}\r\n")), (400, 6003), "{value}");
    }
    let got = attempt(&fake, "GET", "/zones", "Authorization: Bearer short\r\n", "").expect("an answer");
    assert_eq!(got.json()["errors"][0]["error_chain"][0]["code"], json!(6111));
}

#[test]
fn refuses_an_unknown_token_as_each_part_of_the_api_does() {
    let fake = start(Plan::Free);
    let headers = format!("Authorization: Bearer {OTHER}\r\n");
    assert_eq!(refusal(&fake, "/user/tokens/verify", &headers), (401, 1000));
    assert_eq!(refusal(&fake, "/zones", &headers), (403, 9109));
    assert_eq!(refusal(&fake, &format!("/zones/{}", fake.zone_id(ZONE)), &headers), (403, 9109));
    assert_eq!(refusal(&fake, &records_path(&fake, ""), &headers), (403, 10000));
}

#[test]
fn verifies_tokens_and_lets_no_disabled_one_in() {
    let fake = start(Plan::Free);
    let verified = get(&fake, "/user/tokens/verify").result();
    assert_eq!(verified["status"], json!("active"));
    for (status, said) in [(TokenStatus::Disabled, "disabled"), (TokenStatus::Expired, "expired")] {
        with_token(&fake, Token { status, ..Token::everything(TOKEN) });
        assert_eq!(get(&fake, "/user/tokens/verify").result()["status"], json!(said));
        assert_eq!(get(&fake, "/zones").refusal(), (403, 9109));
    }
}

#[test]
fn a_token_that_may_read_writes_nothing() {
    let fake = start(Plan::Free);
    with_token(&fake, Token { rights: Rights::Read, ..Token::everything(TOKEN) });
    assert_eq!(get(&fake, &records_path(&fake, "")).result(), json!([]));
    assert_eq!(create(&fake, &a("www", "192.0.2.1")).refusal(), (403, 10000));
    let batch = json!({ "posts": [a("www", "192.0.2.1")] });
    assert_eq!(send(&fake, "POST", &records_path(&fake, "/batch"), Some(&batch)).refusal(), (403, 10000));
    assert_eq!(fake.records(ZONE), []);
}

#[test]
fn a_token_of_other_zones_sees_and_changes_none_of_this_one() {
    let mut setup = Setup::with_zone(ZoneSetup::new(ZONE, Plan::Free));
    setup.zones.push(ZoneSetup::new("example.net", Plan::Free));
    let scope = Scope::Zones(vec!["example.net".to_owned()]);
    setup.tokens = vec![Token { scope, ..Token::everything(TOKEN) }];
    let fake = Fake::start(setup);
    let listed = get(&fake, "/zones").result();
    let names: Vec<&Value> = listed.as_array().expect("a list").iter().map(|zone| &zone["name"]).collect();
    assert_eq!(names, [&json!("example.net")]);
    assert_eq!(get(&fake, &format!("/zones/{}", fake.zone_id(ZONE))).refusal(), (403, 9109));
    assert_eq!(get(&fake, &records_path(&fake, "")).refusal(), (403, 10000));
    assert_eq!(create(&fake, &a("www", "192.0.2.1")).refusal(), (403, 10000));
}

#[test]
fn knows_no_other_paths_and_no_other_zones() {
    let fake = start(Plan::Free);
    let zone = "0123456789abcdef0123456789abcdef";
    for path in
        ["/zones/nonsense/dns_records", "/accounts", &format!("/zones/{zone}"), &format!("/zones/{zone}/dns_records")]
    {
        assert_eq!(get(&fake, path).refusal(), (404, 7003), "{path}");
    }
    assert_eq!(get(&fake, &records_path(&fake, "/nonsense")).refusal(), (404, 7003));
    assert_eq!(get(&fake, &records_path(&fake, "/0123456789abcdef0123456789abcdef")).refusal(), (404, 81044));
}

#[test]
fn shows_zones_with_their_plan_and_name_servers() {
    let fake = start(Plan::Business);
    let zone = get(&fake, &format!("/zones/{}", fake.zone_id(ZONE))).result();
    assert_eq!((&zone["name"], &zone["plan"]["legacy_id"]), (&json!(ZONE), &json!("business")));
    assert_eq!(zone["name_servers"].as_array().map(Vec::len), Some(2));
    assert_eq!(get(&fake, "/zones?name=example.com").result()[0]["id"], zone["id"]);
    assert_eq!(get(&fake, "/zones?name=example.org").result(), json!([]));
    for query in ["per_page=51", "search=example", "status=moved"] {
        assert_eq!(get(&fake, &format!("/zones?{query}")).refusal(), (400, 9207), "{query}");
    }
}

#[test]
fn refuses_the_rest_of_the_window_once_the_requests_are_used_up() {
    let fake = start(Plan::Free);
    fake.set_rate(Rate { requests: 2, window: Duration::from_mins(5) });
    let first = get(&fake, "/zones");
    assert_eq!(first.header("ratelimit-policy"), Some("\"default\";q=2;w=300"));
    assert!(first.header("ratelimit").is_some_and(|value| value.starts_with("\"default\";r=1;t=")), "{}", first.head);
    assert_eq!(create(&fake, &a("www", "192.0.2.1")).status, 200);
    let refused = create(&fake, &a("www", "192.0.2.2"));
    assert_eq!(refused.refusal(), (429, 971));
    let wait: u64 = refused.header("retry-after").and_then(|value| value.parse().ok()).expect("a time");
    assert!((200..=300).contains(&wait), "{wait}");
    assert_eq!(fake.records(ZONE).len(), 1);
    fake.set_tokens(vec![Token::everything(OTHER)]);
    let headers = format!("Authorization: Bearer {OTHER}\r\n");
    assert_eq!(attempt(&fake, "GET", "/zones", &headers, "").expect("an answer").status, 200);
}

#[test]
fn the_edge_takes_no_body_above_its_limit() {
    let mut setup = Setup::with_zone(ZoneSetup::new(ZONE, Plan::Free));
    setup.body_octets_max = 100;
    let fake = Fake::start(setup);
    assert_eq!(create(&fake, &a("www", "192.0.2.1")).status, 200);
    let mut long = a("www2", "192.0.2.1");
    long["comment"] = json!("x".repeat(90));
    let got = create(&fake, &long);
    assert_eq!((got.status, got.header("content-type")), (413, Some("text/html; charset=UTF-8")));
    assert_eq!(fake.records(ZONE).len(), 1);
}

#[test]
fn counts_what_is_asked_for_and_what_is_not_its_own() {
    let fake = start(Plan::Free);
    get(&fake, "/zones");
    get(&fake, "/nowhere");
    create(&fake, &a("www", "nonsense"));
    assert_eq!(
        (fake.requests(Operation::ListZones), fake.requests(Operation::CreateRecord), fake.all_requests()),
        (1, 1, 3)
    );
}
