//! Lists: filters, order and pages.

use serde_json::{Value, json};
use tests::cloudflare::{Fake, Operation, Plan};

use super::client::{Got, a, batch, created, get, records_path, start};

fn list(fake: &Fake, query: &str) -> Got {
    get(fake, &records_path(fake, &format!("?{query}")))
}

fn contents(fake: &Fake, query: &str) -> Vec<String> {
    let listed = list(fake, query).result();
    let records = listed.as_array().expect("a list").iter();
    records.map(|record| record["content"].as_str().expect("a content").to_owned()).collect()
}

fn zone_of_four() -> Fake {
    let fake = start(Plan::Free);
    created(&fake, &a("www", "192.0.2.2"));
    created(&fake, &a("www", "192.0.2.1"));
    created(&fake, &a("www2", "192.0.2.3"));
    created(&fake, &json!({ "name": "www", "type": "TXT", "content": "text", "comment": "By Hand" }));
    fake
}

#[test]
fn filters_by_name_type_content_and_comment() {
    let fake = zone_of_four();
    assert_eq!(contents(&fake, "name=WWW.example.com&type=A"), ["192.0.2.1", "192.0.2.2"]);
    assert_eq!(contents(&fake, "name.exact=www.example.com"), ["192.0.2.1", "192.0.2.2", "text"]);
    assert_eq!(contents(&fake, "name.startswith=www2"), ["192.0.2.3"]);
    assert_eq!(contents(&fake, "content.endswith=.1"), ["192.0.2.1"]);
    assert_eq!(contents(&fake, "comment.contains=hand"), ["text"]);
    assert_eq!(contents(&fake, "match=any&type=TXT&content=192.0.2.3"), ["192.0.2.3", "text"]);
    assert_eq!(contents(&fake, "name=www"), [] as [&str; 0], "names are whole");
}

#[test]
fn orders_as_asked() {
    let fake = zone_of_four();
    assert_eq!(contents(&fake, "order=content&direction=desc"), ["text", "192.0.2.3", "192.0.2.2", "192.0.2.1"]);
    assert_eq!(contents(&fake, "order=ttl"), ["text", "192.0.2.1", "192.0.2.2", "192.0.2.3"]);
}

#[test]
fn pages_without_overlap_and_says_how_many_there_are() {
    let fake = zone_of_four();
    let pages: Vec<Vec<String>> = (1..=3).map(|page| contents(&fake, &format!("per_page=3&page={page}"))).collect();
    assert_eq!(pages, [vec!["192.0.2.1", "192.0.2.2", "192.0.2.3"], vec!["text"], vec![]]);
    let info = &list(&fake, "per_page=3&page=2").json()["result_info"];
    assert_eq!(*info, json!({ "page": 2, "per_page": 3, "count": 1, "total_count": 4, "total_pages": 2 }));
    assert_eq!(fake.requests(Operation::ListRecords), 4);
}

#[test]
fn a_page_has_a_hundred_records_unless_asked_for_up_to_five_thousand() {
    let fake = start(Plan::Free);
    let posts: Vec<Value> = (0..150).map(|index| a(&format!("r{index}"), "192.0.2.1")).collect();
    batch(&fake, &json!({ "posts": posts })).result();
    assert_eq!(contents(&fake, "").len(), 100);
    assert_eq!(contents(&fake, "per_page=5000").len(), 150);
    for query in ["per_page=5001", "per_page=0", "page=0", "page=x"] {
        assert_eq!(list(&fake, query).refusal(), (400, 9207), "{query}");
    }
}

#[test]
fn refuses_a_filter_that_it_does_not_model() {
    let fake = zone_of_four();
    for query in ["search=www", "tag=x", "name.like=www", "type=BOGUS", "order=age"] {
        assert_eq!(list(&fake, query).refusal(), (400, 9207), "{query}");
    }
}
