//! Known zones brought up to date at each kind of provider: fences that appear, change and go are seen, at the cost of what
//! there is to see and not of the zone.

mod counted;
pub(crate) mod rig;

use dns_provider::zones::{Extent, Listing, ZoneTarget};
use dns_zone::{GuardNames, Owner, Rtype, SetKey};
use serde_json::json;
use tests::{AuthServer, Kind, Setup};

use self::rig::Rig;

/// How much less a refresh must read than all of a zone of a thousand records.
const LESS: usize = 10;

const BACKUP: &str = "\
$ORIGIN example.test.
$TTL 60
@ SOA ns1 hostmaster 1 3600 600 604800 30
@ NS ns1
ns1 A 127.0.0.1
";

fn apex() -> Owner {
    "example.test.".parse().expect("a name")
}

fn text_at(listing: &Listing, name: &str) -> Option<String> {
    let key = SetKey::new(name.parse().expect("a name"), Rtype::TXT);
    let set = listing.zone.get(&key)?;
    let [value] = set.values() else { panic!("{key} has several values") };
    Some(String::from_utf8_lossy(&value.as_wire()[1..]).into_owned())
}

/// What a refresh has to leave behind, by a reading of everything.
fn assert_is_current(known: &Listing, now: &Listing, refreshed: Extent) {
    let names = GuardNames::of(&apex());
    let seen = |listing: &Listing| -> Vec<String> {
        let sets = listing.zone.sets().filter(|(key, _)| refreshed == Extent::All || names.contains(&key.owner));
        let not_plain = listing.not_plain.iter().filter(|one| names.contains(&one.owner));
        sets.map(|set| format!("{set:?}")).chain(not_plain.map(|one| format!("{one:?}"))).collect()
    };
    assert_eq!(seen(known), seen(now));
}

/// The contract: all that says who holds what is as it stands now, and reading it cost little.
async fn sees_fences_come_change_and_go(rig: &Rig, expected: Extent) {
    let target: &dyn ZoneTarget = rig.target.as_ref();
    (rig.hand)("_old._failover.example.test", Some("first"));
    let mut known = target.list(&apex()).await.expect("all of it");
    let whole = rig.way.octets();
    for (name, text) in [
        ("_old._failover.example.test", Some("second")),
        ("_checkout._failover.example.test", Some("new")),
        ("_failover.example.test", Some("odd")),
        ("_dns-sync.example.test", Some("manifest")),
        ("_failover-1.example.test", Some("no fence")),
        ("x_failover.example.test", Some("no fence")),
        ("_old._failover.example.test", None),
        ("_failover.example.test", None),
        ("_dns-sync.example.test", None),
    ] {
        (rig.hand)(name, text);
        rig.way.octets();
        let refreshed = target.refresh(&mut known).await.expect("what stands there now");
        let read = rig.way.octets();
        assert!(read > 0 && read < whole / LESS, "{read} octets of {whole}");
        assert_eq!(refreshed.extent, expected);
        assert_is_current(&known, &target.list(&apex()).await.expect("all of it"), expected);
        if GuardNames::of(&apex()).contains(&format!("{name}.").parse().expect("a name")) {
            assert_eq!(text_at(&known, &format!("{name}.")).as_deref(), text, "{name}");
        }
    }
    assert_eq!(text_at(&known, "_checkout._failover.example.test.").as_deref(), Some("new"), "it stays");
    rig.way.cut();
    let before = known.clone();
    target.refresh(&mut known).await.expect_err("nothing comes");
    assert_eq!(known, before, "an error changes nothing");
}

#[tokio::test]
async fn knot_tells_all_that_has_changed() {
    sees_fences_come_change_and_go(&rig::primary(Kind::Knot).await, Extent::All).await;
}

#[tokio::test]
async fn bind_tells_all_that_has_changed() {
    sees_fences_come_change_and_go(&rig::primary(Kind::Bind).await, Extent::All).await;
}

#[tokio::test]
async fn route53_is_read_at_its_guards() {
    let (rig, fake) = rig::route53().await;
    let listed = tests::route53::Operation::ListResourceRecordSets;
    let mut known = rig.target.list(&apex()).await.expect("all of it");
    let before = fake.requests(listed);
    rig.target.refresh(&mut known).await.expect("what stands there now");
    assert_eq!((before, fake.requests(listed) - before), (4, 2), "calls");
    for number in 0..45 {
        (rig.hand)(&format!("_s{number}._failover.example.test"), Some("more than a page"));
    }
    let refreshed = rig.target.refresh(&mut known).await.expect("what stands there now");
    assert_is_current(&known, &rig.target.list(&apex()).await.expect("all of it"), refreshed.extent);
    for number in 0..45 {
        (rig.hand)(&format!("_s{number}._failover.example.test"), None);
    }
    sees_fences_come_change_and_go(&rig, Extent::Guards).await;
}

#[tokio::test]
async fn cloudflare_is_read_at_its_guards() {
    let (rig, fake) = rig::cloudflare().await;
    let mut known = rig.target.list(&apex()).await.expect("all of it");
    let before = fake.all_requests();
    rig.target.refresh(&mut known).await.expect("what stands there now");
    assert_eq!(fake.all_requests() - before, 2, "calls");
    sees_fences_come_change_and_go(&rig, Extent::Guards).await;
}

#[tokio::test]
async fn powerdns_is_read_at_its_guards() {
    let (rig, _) = rig::powerdns().await;
    sees_fences_come_change_and_go(&rig, Extent::Guards).await;
}

/// A disabled fence is served to nobody, and still somebody's.
#[tokio::test]
async fn a_fence_that_is_disabled_is_seen_at_powerdns() {
    let (rig, auth) = rig::powerdns().await;
    let mut known = rig.target.list(&apex()).await.expect("all of it");
    disable(&auth, "_x._failover.example.test.");
    assert_eq!(rig.target.refresh(&mut known).await.expect("read").extent, Extent::Guards);
    let [one] = known.not_plain.as_slice() else { panic!("{:?}", known.not_plain) };
    assert_eq!(one.owner.to_string(), "_x._failover.example.test.");
}

fn disable(auth: &AuthServer, name: &str) {
    auth.api().patch(
        "example.test",
        &json!([{ "name": name, "type": "TXT", "ttl": 60, "changetype": "REPLACE",
            "records": [{ "content": "\"off\"", "disabled": true }] }]),
    );
}

/// Of a restored backup there are no differences, and its serial is no newer one.
#[tokio::test]
async fn a_primary_that_went_back_is_read_whole() {
    let mut auth = AuthServer::start(Kind::Knot, Setup::new("example.test", BACKUP).secondaries(0));
    let target = rig::target(auth.address(), &auth);
    let mut known = target.list(&apex()).await.expect("all of it");
    auth.edit(&["update add _x._failover.example.test. 60 TXT \"newer\""]);
    assert_eq!(target.refresh(&mut known).await.expect("the differences").extent, Extent::All);
    auth.restore(BACKUP);
    target.refresh(&mut known).await.expect("all of it");
    assert_eq!(text_at(&known, "_x._failover.example.test."), None);
    assert_eq!(known, target.list(&apex()).await.expect("all of it"));
}

/// What others have put there is not only theirs to know.
#[tokio::test]
async fn records_of_others_are_seen_by_their_differences() {
    let rig = rig::primary(Kind::Knot).await;
    let mut known = rig.target.list(&apex()).await.expect("all of it");
    (rig.hand)("foreign.example.test", Some("mine"));
    assert_eq!(rig.target.refresh(&mut known).await.expect("the differences").extent, Extent::All);
    assert_eq!(text_at(&known, "foreign.example.test.").as_deref(), Some("mine"));
    assert_eq!(known, rig.target.list(&apex()).await.expect("all of it"), "its SOA, too");
}
