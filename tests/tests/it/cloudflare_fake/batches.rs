//! Batches: their order, their atomicity and their limits.

use serde_json::{Value, json};
use tests::cloudflare::{Fake, Plan};

use super::client::{ZONE, a, batch, create, created, start};

fn contents(fake: &Fake) -> Vec<String> {
    fake.records(ZONE).into_iter().map(|record| record.content).collect()
}

#[test]
fn deletes_before_it_posts_so_that_a_set_is_replaced_in_one_batch() {
    let fake = start(Plan::Free);
    let old = created(&fake, &a("www", "192.0.2.1"));
    let alias = json!({ "name": "www", "type": "CNAME", "content": "lb.example.net", "ttl": 60 });
    let got = batch(&fake, &json!({ "posts": [alias], "deletes": [{ "id": old }] })).result();
    assert_eq!(got["deletes"][0]["id"], json!(old));
    assert_eq!(got["posts"][0]["type"], json!("CNAME"));
    assert_eq!((&got["patches"], &got["puts"]), (&json!([]), &json!([])));
    assert_eq!(contents(&fake), ["lb.example.net"]);
}

#[test]
fn goes_through_deletes_patches_puts_and_posts_in_this_order() {
    let fake = start(Plan::Free);
    let ids = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|content| created(&fake, &a("www", content)));
    // Each step takes the content that the step before it has just given up.
    let got = batch(
        &fake,
        &json!({
            "posts": [a("www", "192.0.2.3")],
            "puts": [{ "id": ids[2], "name": "www", "type": "A", "content": "192.0.2.2" }],
            "patches": [{ "id": ids[1], "content": "192.0.2.1" }],
            "deletes": [{ "id": ids[0] }],
        }),
    );
    got.result();
    let mut left = contents(&fake);
    left.sort();
    assert_eq!(left, ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    assert_eq!(fake.batches()[0].sizes(), [1, 1, 1, 1]);
}

#[test]
fn a_gone_id_fails_the_whole_batch() {
    let fake = start(Plan::Free);
    let kept = created(&fake, &a("kept", "192.0.2.1"));
    let gone = created(&fake, &a("gone", "192.0.2.1"));
    fake.remove(ZONE, &gone);
    let before = fake.records(ZONE);
    let sent = json!({ "deletes": [{ "id": kept }, { "id": gone }], "posts": [a("new", "192.0.2.1")] });
    assert_eq!(batch(&fake, &sent).refusal(), (404, 81044));
    assert_eq!(fake.records(ZONE), before);
    let seen = fake.batches();
    assert_eq!((seen.len(), seen[0].is_applied, &seen[0].body), (1, false, &sent));
}

#[test]
fn every_step_that_is_refused_leaves_the_zone_as_it_was() {
    let fake = start(Plan::Free);
    let id = created(&fake, &a("www", "192.0.2.1"));
    let before = fake.records(ZONE);
    let refused = [
        (json!({ "posts": [a("new", "192.0.2.1"), a("www", "192.0.2.1")] }), (400, 81058)),
        (json!({ "posts": [a("new", "192.0.2.1"), a("new", "bad")] }), (400, 9005)),
        (json!({ "posts": [a("new", "192.0.2.1")], "patches": [{ "id": id, "ttl": 7 }] }), (400, 9021)),
        (
            json!({ "deletes": [{ "id": id }], "puts": [{ "id": id, "name": "www", "type": "A", "content": "192.0.2.2" }] }),
            (404, 81044),
        ),
        (json!({ "deletes": [{ "id": id }, { "id": id }] }), (404, 81044)),
    ];
    for (sent, want) in refused {
        assert_eq!(batch(&fake, &sent).refusal(), want, "{sent}");
        assert_eq!(fake.records(ZONE), before, "{sent}");
    }
}

#[test]
fn refuses_more_operations_than_the_plan_has() {
    let fake = start(Plan::Free);
    let id = created(&fake, &a("www", "192.0.2.1"));
    let posts = |count: usize| -> Vec<Value> { (0..count).map(|index| a(&format!("r{index}"), "192.0.2.1")).collect() };
    assert_eq!(batch(&fake, &json!({ "deletes": [{ "id": id }], "posts": posts(200) })).refusal(), (400, 9207));
    assert_eq!(contents(&fake), ["192.0.2.1"]);
    assert_eq!(batch(&fake, &json!({ "deletes": [{ "id": id }], "posts": posts(199) })).status, 200);
    let pro = start(Plan::Pro);
    assert_eq!(batch(&pro, &json!({ "posts": posts(3_500) })).status, 200);
    assert_eq!(batch(&pro, &json!({ "posts": posts(3_501) })).refusal(), (400, 9207));
}

#[test]
fn refuses_a_batch_that_says_nothing_or_nonsense() {
    let fake = start(Plan::Free);
    for sent in [json!({}), json!([]), json!({ "posts": {} }), json!({ "deletes": [{}] }), json!({ "posts": ["x"] })] {
        assert_eq!(batch(&fake, &sent).refusal(), (400, 9207), "{sent}");
    }
    assert_eq!(create(&fake, &a("www", "192.0.2.1")).status, 200);
}
