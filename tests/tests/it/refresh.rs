//! Known zones brought up to date at each kind of provider: fences that appear, change and go are seen, at the cost of what
//! there is to see and not of the zone.

mod counted;
pub(crate) mod rig;

use dns_provider::port::ProviderError;
use dns_provider::zones::{Extent, Listing, ZoneTarget};
use dns_zone::{GuardNames, Owner, RecordSet, Rtype, SetChange, SetKey, Step, Ttl};
use serde_json::json;
use tests::{AuthServer, Kind, Sandbox, Setup};

use self::rig::Rig;
use crate::provider::permit;

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

/// What somebody has disabled since the zone was listed is not destroyed by a batch of a few names.
#[tokio::test]
async fn a_record_that_was_disabled_meanwhile_outlives_a_write_to_powerdns() {
    let (rig, auth) = rig::powerdns().await;
    (rig.hand)("note.example.test", Some("served"));
    let listed = rig.target.list(&apex()).await.expect("all of it").zone;
    let key = SetKey::new("note.example.test.".parse().expect("a name"), Rtype::TXT);
    let before = listed.get(&key).cloned();
    put(&auth, key.owner.to_string().as_str(), &[("served", false), ("kept for later", true)]);
    let step = Step::from(vec![SetChange { key, before, after: None }]);
    let outcome = rig.target.apply(&apex(), &[&step], &permit()).await;
    assert!(
        matches!(&outcome, Err(ProviderError::Denied { reason, .. }) if reason.contains("disabled")),
        "{outcome:?}"
    );
    let now = rig.target.list(&apex()).await.expect("all of it");
    assert!(now.not_plain.iter().any(|one| one.owner.to_string() == "note.example.test."), "{:?}", now.not_plain);
}

/// A batch of a few names is compared with what a search finds. That has to say the same as the listing, whatever the type.
#[tokio::test]
async fn what_a_few_names_hold_at_powerdns_is_compared_as_it_was_listed() {
    const MORE: &str = "\
@ MX 10 mail
@ CAA 0 issue \"ca.example.net\"
mail AAAA 2001:db8::1
_sip._tcp SRV 1 2 5060 mail
alias CNAME mail
*.wild A 192.0.2.7
text TXT \"a \\\"quoted\\\" word; and a \\\\ backslash\" \"second\"
sub NS ns.sub
ns.sub A 192.0.2.53
";
    let sandbox = Sandbox::new();
    let setup = Setup::new("example.test", &format!("{BACKUP}{MORE}")).secondaries(0);
    let auth = AuthServer::start_in(&sandbox, Kind::PowerDns, setup);
    let target = rig::powerdns_at(auth.api().address, &auth, &sandbox);
    let is_ours = |key: &SetKey| !matches!(key.rtype, Rtype::SOA) && key.rtype != Rtype::NS;
    for wild in [true, false] {
        let zone = target.list(&apex()).await.expect("all of it").zone;
        let sets = zone.sets().filter(|(key, _)| is_ours(key) && (wild || !key.owner.to_string().starts_with('*')));
        let steps: Vec<Step> = sets
            .map(|(key, set)| {
                let after =
                    RecordSet::new(Ttl::from_secs(set.ttl().as_secs() + 1).expect("a TTL"), set.values().to_vec());
                Step::from(vec![SetChange { key: key.clone(), before: Some(set.clone()), after }])
            })
            .collect();
        assert!(steps.len() > 6, "{steps:?}");
        let batch: Vec<&Step> = steps.iter().collect();
        target.apply(&apex(), &batch, &permit()).await.expect("it is as it was listed");
    }
}

fn disable(auth: &AuthServer, name: &str) {
    put(auth, name, &[("off", true)]);
}

/// Gives a name these texts alone, each disabled or not.
fn put(auth: &AuthServer, name: &str, texts: &[(&str, bool)]) {
    let record = |(text, disabled): &(&str, bool)| json!({ "content": format!("\"{text}\""), "disabled": disabled });
    let records: Vec<_> = texts.iter().map(record).collect();
    auth.api().patch(
        "example.test",
        &json!([{ "name": name, "type": "TXT", "ttl": 60, "changetype": "REPLACE", "records": records }]),
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
