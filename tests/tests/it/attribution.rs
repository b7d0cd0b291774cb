//! What each kind of provider tells of who has changed something, where it tells, and at which cost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use dns_provider::zones::{Attribution, Basis};
use dns_zone::{Owner, Rtype, SetKey};
use serde_json::json;
use tests::cloudflare::{NewRecord, RecordType};
use tests::{Kind, auth};

use crate::refresh::rig::{self, Rig};

const ZONE: &str = "example.test";

/// How much less it must read than all of a zone of a thousand records.
const LESS: usize = 10;

fn apex() -> Owner {
    "example.test.".parse().expect("a name")
}

fn key(name: &str) -> SetKey {
    SetKey::new(format!("{name}.{ZONE}.").parse().expect("a name"), Rtype::A)
}

async fn told(rig: &Rig, keys: &[SetKey]) -> BTreeMap<SetKey, Attribution> {
    let keys: BTreeSet<SetKey> = keys.iter().cloned().collect();
    rig.target.attribution(&apex(), &keys).await.expect("it is reached")
}

/// In seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs()
}

#[tokio::test]
async fn powerdns_names_the_account_of_the_comment_on_a_set_while_it_stands() {
    let (rig, server) = rig::powerdns().await;
    let api: &auth::Api = server.api();
    let comment = |name: &str, account: &str, words: &str| {
        json!({ "name": format!("{name}.{ZONE}."), "type": "A", "ttl": 60, "changetype": "REPLACE",
            "records": [{ "content": "192.0.2.251" }],
            "comments": [{ "content": words, "account": account }] })
    };
    let before = now();
    api.patch(ZONE, &json!([comment("host1", "alice", "ticket \u{1b}[7m 7"), comment("host3", "bob", "")]));
    rig.target.list(&apex()).await.expect("all of it");
    let whole = rig.way.octets();
    let all = told(&rig, &[key("host1"), key("host2"), key("host3"), key("nowhere")]).await;
    let read = rig.way.octets();
    assert!(read > 0 && read < whole / LESS, "{read} octets of {whole}");
    assert_eq!(all.keys().cloned().collect::<Vec<_>>(), [key("host1"), key("host3")]);
    let Attribution { basis, at, by, note } = &all[&key("host1")];
    assert_eq!((*basis, by.as_ref().map(ToString::to_string).as_deref()), (Basis::Comment, Some("alice")));
    assert_eq!(note.as_ref().map(ToString::to_string).as_deref(), Some("ticket [7m 7"));
    let at = at.expect("a time").as_secs();
    assert!((before..=now()).contains(&at), "{at}");
    assert_eq!(all[&key("host3")].note, None);
    api.patch(ZONE, &json!([{ "name": format!("host1.{ZONE}."), "type": "A", "changetype": "DELETE" }]));
    assert!(!told(&rig, &[key("host1")]).await.contains_key(&key("host1")), "the comment goes with the set");
}

#[tokio::test]
async fn cloudflare_tells_when_a_record_was_changed_and_what_is_noted_on_it() {
    let (rig, fake) = rig::cloudflare().await;
    let before = now();
    let record = NewRecord::new(&format!("host1.{ZONE}"), RecordType::A, "192.0.2.251", 60);
    let id = fake.add(ZONE, NewRecord { comment: Some("by hand 7".to_owned()), ..record });
    rig.target.list(&apex()).await.expect("all of it");
    let whole = rig.way.octets();
    let all = told(&rig, &[key("host1"), key("nowhere")]).await;
    let read = rig.way.octets();
    assert!(read > 0 && read < whole / LESS, "{read} octets of {whole}");
    assert_eq!(all.keys().cloned().collect::<Vec<_>>(), [key("host1")]);
    let Attribution { basis, at, by, note } = &all[&key("host1")];
    assert_eq!((*basis, by), (Basis::Records, &None), "the API names nobody");
    assert_eq!(note.as_ref().map(ToString::to_string).as_deref(), Some("by hand 7"));
    let at = at.expect("a time").as_secs();
    assert!((before..=now()).contains(&at), "{at}");
    // Of those that are left, the one speaks that was there before.
    fake.remove(ZONE, &id);
    let left = &told(&rig, &[key("host1")]).await[&key("host1")];
    assert!(left.note.is_none() && left.at.expect("a time").as_secs() <= before, "{left:?}");
}

#[tokio::test]
async fn where_nothing_is_told_with_the_records_a_person_is_told_where_to_look() {
    let (route53, _) = rig::route53().await;
    for (rig, trail) in [(route53, "CloudTrail"), (rig::primary(Kind::Knot).await, "the primary's log")] {
        assert_eq!(told(&rig, &[key("host1")]).await, BTreeMap::new());
        assert_eq!(rig.way.octets(), 0, "nobody is asked");
        assert!(rig.target.trail().contains(trail), "{}", rig.target.trail());
    }
}

/// A provider that is cut off is an error, and takes no longer than a call.
#[tokio::test]
async fn a_provider_that_does_not_answer_is_an_error() {
    for rig in [rig::powerdns().await.0, rig::cloudflare().await.0] {
        rig.way.cut();
        let keys = BTreeSet::from([key("host1")]);
        let asked = tokio::time::timeout(Duration::from_mins(1), rig.target.attribution(&apex(), &keys)).await;
        asked.expect("it ends").expect_err("nothing comes");
    }
}
