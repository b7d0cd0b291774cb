use dns_core::identifier::ServiceName;
use domain::base::Rtype;
use proptest::prelude::*;

use super::*;
use crate::change::difference;
use crate::content::{Protected, compare};
use crate::fixture::{key, name, set, settings, ttl, zone};
use crate::lossy::{TargetTraits, Types};
use crate::manifest::{Field, Manifest};
use crate::{Rdata, RecordSet, Ttl};

fn applied(plan: &Plan, target: &Zone) -> Zone {
    let mut zone = target.clone();
    plan.steps.iter().for_each(|step| step.apply_to(&mut zone).expect("in the zone"));
    zone
}

fn left(plan: &Plan) -> Vec<String> {
    plan.left_alone.iter().map(|one| format!("{}: {}", one.set, one.why)).collect()
}

#[test]
fn soa_and_ns_of_the_apex_are_left_alone_unless_asked_for() {
    let (source, target) = (zone(&["@ SOA 9", "@ NS a", "www A 1"]), zone(&["@ SOA 1", "@ NS b", "www A 1"]));
    let with = |protected| plan(&source, &target, &Settings { protected, ..settings() });
    let found = with(Protected::SoaAndNs);
    assert_eq!(found.steps, []);
    assert_eq!(left(&found), ["example.test. NS: protected at the apex", "example.test. SOA: protected at the apex"]);
    assert_eq!((with(Protected::Soa).steps.len(), with(Protected::Soa).left_alone.len()), (1, 1));
    assert_eq!(applied(&with(Protected::Nothing), &target), source);
}

#[test]
fn what_a_signer_makes_is_told_in_one_line() {
    let signed = zone(&["@ NS a", "@ TYPE65534 x", "www TYPE65534 x"]);
    let found = plan(&zone(&["@ NS a"]), &signed, &settings());
    assert_eq!(found.left_alone.len(), 1);
    assert_eq!(
        found.left_alone[0].to_string(),
        "2 record sets that a signer makes are left alone, example.test. TYPE65534 among them"
    );
    assert_eq!(Plan::from_json(&found.to_json()).expect("a plan"), found);
    assert_eq!(plan(&signed, &signed, &settings()).left_alone, [], "only what differs");
}

#[test]
fn what_a_plan_lacks_is_left_out_and_a_null_is_read_all_the_same() {
    let found = plan(&zone(&["www A 1"]), &zone(&[]), &settings());
    let text = found.to_json();
    assert!(!text.contains("null"), "{text}");
    let older = text.replacen("\"zone\"", "\"sourceSerial\": null, \"zone\"", 1);
    assert_eq!(Plan::from_json(&older).expect("a plan"), found);
}

#[test]
fn two_copies_are_compared_but_for_their_serial_and_signatures() {
    let one = zone(&["@ SOA 9", "@ NS a", "@ TYPE65534 x", "www A 1"]);
    let keys = |other: &[&str]| compare(&one, &zone(other)).into_iter().map(|change| change.key).collect::<Vec<_>>();
    assert_eq!(keys(&["@ SOA 1", "@ NS a", "@ TYPE65534 y", "www A 1"]), []);
    assert_eq!(keys(&["@ SOA 9", "@ NS b"]), [key("@", Rtype::NS), key("www", Rtype::A)], "the apex's NS are seen");
}

#[test]
fn an_empty_source_stops_the_plan_whatever_is_forced() {
    let found = plan(&zone(&["@ SOA 9", "@ NS a"]), &zone(&["@ SOA 1", "@ NS b", "www A 1"]), &settings());
    assert_eq!(
        found.stopped_by(&Force::all().collect()),
        ["the source of example.test. is empty; that is never synchronised"]
    );
}

#[test]
fn a_limit_stops_the_plan_until_it_is_forced_by_its_name() {
    let lines: Vec<String> = (0..20).map(|index| format!("n{index:02} A 1")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let found = plan(&zone(&lines[..10]), &zone(&lines), &settings());
    let names = |forced: &[Force]| found.stopped_by(&forced.iter().copied().collect()).len();
    let forces: Vec<Force> = found.exceeded.iter().map(|one| one.limit).collect();
    assert_eq!(forces.iter().map(ToString::to_string).collect::<Vec<_>>(), ["deletesShare", "shrink"]);
    assert_eq!((names(&[]), names(&forces[..1]), names(&forces)), (2, 1, 0));
}

#[test]
fn a_target_whose_serial_stays_refuses_all_that_does_not_move_it() {
    let why = "set SOA-EDIT-API";
    let with = |source: &[&str], protected| {
        let settings = Settings { serial_stays: Some(why.to_owned()), protected, ..settings() };
        plan(&zone(source), &zone(&["@ SOA 1", "www A 1"]), &settings).stopped_by(&Force::all().collect())
    };
    let changed = ["@ SOA 9", "www A 1", "api A 1"];
    assert_eq!(with(&changed, Protected::SoaAndNs), [why]);
    assert_eq!(with(&changed, Protected::Nothing), [""; 0], "it moves the serial itself");
    assert_eq!(with(&["@ SOA 9", "www A 1"], Protected::SoaAndNs), [""; 0], "nothing is written");
}

#[test]
fn a_source_that_shrank_since_it_was_last_read_stops_the_plan() {
    let (source, target) = (zone(&["a A 1"]), zone(&["a A 1"]));
    let known = Settings { source_sets_known: Some(1_000), ..settings() };
    assert_eq!(plan(&source, &target, &known).exceeded[0].limit, Force::Shrink);
    assert_eq!(plan(&source, &target, &settings()).exceeded, []);
}

#[test]
fn what_the_target_cannot_hold_refuses_the_plan_and_a_ttl_is_adjusted_by_name() {
    let traits = TargetTraits { types: Types::Only([Rtype::A].into()), ttl_secs: 600..=900, ..TargetTraits::default() };
    let settings = Settings { traits, ..settings() };
    let target = Zone::new(crate::fixture::owner(crate::fixture::APEX));
    let found = plan(&zone(&["www A 1", "www TXT x"]), &target, &settings);
    assert_eq!(found.refusals.len(), 1);
    assert_eq!((found.adjusted[0].ttl, found.adjusted[0].becomes), (ttl(300), ttl(600)));
    let after = applied(&found, &target);
    assert_eq!(after.get(&key("www", Rtype::A)), Some(&set(Rtype::A, &["1"]).with_ttl(ttl(600))));
    let again = plan(&zone(&["www A 1"]), &after, &settings);
    assert_eq!((again.steps.len(), again.adjusted.len()), (0, 1), "it is named each time, but done once");
}

#[test]
fn what_a_signer_makes_is_neither_planned_nor_part_of_the_digest() {
    let (plain, signed) = (zone(&["www A 1"]), zone(&["www A 1", "www TYPE65300 x"]));
    assert_ne!(zone_digest(&plain), zone_digest(&signed), "a type nobody knows is content");
    let mut signed = plain.clone();
    let keys = crate::Rdata::from_wire(Rtype::CDNSKEY, &[1, 1, 3, 13, 7, 7]).expect("a key");
    signed.put(key("@", Rtype::CDNSKEY), crate::RecordSet::of_one(ttl(60), keys)).expect("in the zone");
    assert_eq!(zone_digest(&plain), zone_digest(&signed));
    assert_eq!(plan(&plain, &signed, &settings()).steps, []);
}

#[test]
fn a_plan_is_bound_to_source_target_and_time() {
    let (source, target) = (zone(&["@ SOA 9", "www A 1"]), zone(&["@ SOA 1", "www A 2"]));
    let found = plan(&source, &target, &settings());
    let (digest, now) = (zone_digest(&target), Timestamp::from_secs(1_100));
    let same = Some(&source);
    assert_eq!(found.check(digest, same, now), Ok(()));
    assert!(matches!(found.check(digest, same, Timestamp::from_secs(1_600)), Err(Outdated::Expired { .. })));
    assert!(matches!(found.check(zone_digest(&source), same, now), Err(Outdated::Target { .. })));
    let edited = zone(&["@ SOA 9", "www A 3"]);
    let error = found.check(digest, Some(&edited), now).expect_err("drifted without a serial");
    assert!(error.to_string().contains("its serial is 9 as before"), "{error}");
    let newer = zone(&["@ SOA 10", "www A 1"]);
    let error = found.check(digest, Some(&newer), now).expect_err("drifted");
    assert!(error.to_string().contains("(serial 9 then, 10 now)"), "{error}");
    assert_eq!(zone_digest(&target), zone_digest(&zone(&["@ SOA 2", "www A 2"])), "its SOA changes with every write");
}

#[test]
fn a_plan_is_read_back_as_it_was_written() {
    let source = zone(&["@ SOA 9", "www A 1 2", "x CNAME www", "sub NS ns.sub", "ns.sub A 3"]);
    let target = zone(&["@ SOA 1", "www A 2", "x A 5", "_canary._failover TXT x"]);
    let found = plan(&source, &target, &settings());
    let text = found.to_json();
    assert_eq!(Plan::from_json(&text).expect("a plan"), found, "{text}");
    let error = Plan::from_json(&text.replace("\"version\": 1", "\"version\": 2")).expect_err("another version");
    assert!(matches!(error, PlanTextError::Version(2)));
    assert!(Plan::from_json(&text.replace("192.0.2.", "192.0.2.0.")).is_err(), "an address of five octets");
}

#[test]
fn the_inverse_leads_back_and_leaves_fences_where_they_are() {
    let (source, target) =
        (zone(&["a CNAME b", "sub NS ns.sub", "ns.sub A 3"]), zone(&["a A 1", "a TXT x", "gone A 1"]));
    let found = plan(&source, &target, &settings());
    let after = applied(&found, &target);
    let back = found.inverse(zone_digest(&after), Timestamp::from_secs(2_000), Duration::from_mins(10));
    assert_eq!(applied(&back, &after), target);
    assert_eq!(back.check(zone_digest(&after), None, Timestamp::from_secs(2_001)), Ok(()));
    let mut fenced = found;
    let service: ServiceName = "shop".parse().expect("a name");
    fenced.steps[0].service = Some(service);
    let back = fenced.inverse(zone_digest(&after), Timestamp::from_secs(2_000), Duration::from_mins(10));
    assert_eq!(back.steps.len(), fenced.steps.len() - 1);
    assert!(left(&back)[0].ends_with("the fence of service `shop` only goes forward"), "{:?}", left(&back));
}

#[test]
fn what_the_manifest_gives_to_others_is_left_to_them() {
    let ours = "_dns-sync TXT v=dnssync1;install=acme;own=zone; v=dnssync1;install=beta;own=below:dev;";
    let target = zone(&["www A 1", "x.dev A 1", ours]);
    let found = plan(&zone(&["www A 2", "x.dev A 2"]), &target, &settings());
    let expected = [
        "_dns-sync.example.test. TXT: a manifest is never copied",
        "x.dev.example.test. A: claimed by installation `beta`",
    ];
    assert_eq!((found.steps.len(), left(&found)), (1, expected.map(str::to_owned).to_vec()));
    let torn = plan(&zone(&["www A 2"]), &zone(&["www A 1", "_dns-sync TXT x"]), &settings());
    assert_eq!(torn.refusals.len(), 1, "nobody knows whose anything is");
}

#[test]
fn what_another_tool_owns_is_left_to_it_and_a_stray_marker_stops_the_plan() {
    let target = zone(&["www A 1", "_owner.A.www TXT *octodns*", "_owner.A.gone TXT *octodns*"]);
    let found = plan(&zone(&["www A 2"]), &target, &settings());
    assert_eq!((found.steps.len(), found.left_alone.len()), (0, 3));
    assert_eq!(found.left_alone.last().map(|one| one.why.to_string()), Some("owned by octoDNS".to_owned()));
    assert_eq!(found.stray_markers, [key("_owner.a.gone", Rtype::TXT)]);
    assert_eq!((found.stopped_by(&[].into()).len(), found.stopped_by(&[Force::StrayMarkers].into()).len()), (1, 0));
}

#[test]
fn what_is_shared_is_merged_and_what_is_left_of_it_is_told() {
    let manifest = "_dns-sync TXT v=dnssync1;install=beta;own=name:@;types=txt; \
                    v=dnssync1;install=acme;own=name:@;types=txt;part=value:v=spf1;";
    let target = zone(&["@ TXT v=spf1-old proof", "www A 1", manifest]);
    let found = plan(&zone(&["@ TXT v=spf1-new", "www A 1"]), &target, &settings());
    let after = applied(&found, &target);
    assert_eq!(after.get(&key("@", Rtype::TXT)), Some(&set(Rtype::TXT, &["v=spf1-new", "proof"])));
    assert_eq!((found.tally.updates, found.tally.deletes), (1, 0));
    let told = "example.test. TXT: values of it are claimed by installation `beta`";
    assert!(left(&found).contains(&told.to_owned()), "{:?}", left(&found));
    let again = plan(&zone(&["@ TXT v=spf1-new", "www A 1"]), &after, &settings());
    assert_eq!((again.steps.len(), left(&again).contains(&told.to_owned())), (0, true));
    let gone = plan(&zone(&["www A 1"]), &after, &settings());
    assert_eq!((gone.tally.updates, gone.tally.deletes), (1, 0), "only our value is deleted");
    assert_eq!(applied(&gone, &after).get(&key("@", Rtype::TXT)), Some(&set(Rtype::TXT, &["proof"])));
    let text = found.to_json();
    assert_eq!(Plan::from_json(&text).expect("a plan"), found, "{text}");
}

#[test]
fn an_alias_is_not_held_up_by_its_own_ttl_that_is_anothers() {
    let manifest = "_dns-sync TXT v=dnssync1;install=beta;own=name:www;part=ttl;";
    let mut source = zone(&["api A 1"]);
    source.put(key("www", Rtype::CNAME), set(Rtype::CNAME, &["b"]).with_ttl(ttl(60))).expect("in the zone");
    let target = zone(&["api A 1", "www CNAME a", manifest]);
    let found = plan(&source, &target, &settings());
    let after = applied(&found, &target);
    assert_eq!(after.get(&key("www", Rtype::CNAME)), Some(&set(Rtype::CNAME, &["b"])), "{:?}", left(&found));
}

/// A fence vouches for its records as they stand in the source: half of them is no state of it.
#[test]
fn what_moves_with_a_fence_is_not_merged() {
    let manifest = "_dns-sync TXT v=dnssync1;install=beta;own=name:api;part=ttl;";
    let mut source = zone(&["api A 2", "www A 1"]);
    let slow = set(Rtype::A, &["2"]).with_ttl(ttl(60));
    source.put(key("api", Rtype::A), slow).expect("in the zone");
    let fence = crate::fixture::fence(&source, "shop", &["api"], "hidden", (5, 0));
    let fence = crate::fixture::txt_of(&crate::fixture::fence_text(&fence));
    source.put(key("_shop._failover", Rtype::TXT), fence).expect("in the zone");
    let found = plan(&source, &zone(&["api A 1", "www A 1", manifest]), &settings());
    assert_eq!(found.steps, []);
    let told = left(&found);
    assert!(told.iter().any(|one| one.starts_with("_shop._failover") && one.contains("moves only with")), "{told:?}");
    assert!(told.iter().any(|one| one.contains("its TTL is claimed by installation `beta`")), "{told:?}");
}

fn any_zone() -> impl Strategy<Value = Zone> {
    let name = "(@|a|b|a\\.b|sub|x\\.sub|_failover|_s\\._failover)";
    let data = "(A [1-3]|AAAA [1-3]|TXT [a-c]|NS [a-c]|CNAME [a-c]|DNAME [a-c]|DS [1-3]|SOA [1-3])";
    prop::collection::vec((name, data), 0..12).prop_map(|lines| {
        let lines: Vec<String> = lines.into_iter().map(|(name, data)| format!("{name} {data}")).collect();
        zone(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    })
}

proptest! {
    #[test]
    fn the_steps_lead_to_the_source_but_for_what_is_left_alone(source in any_zone(), target in any_zone()) {
        let traits = TargetTraits { apex_cname: true, ..TargetTraits::default() };
        let settings = Settings { traits, ..settings() };
        let found = plan(&source, &target, &settings);
        let after = applied(&found, &target);
        let differs: BTreeSet<SetKey> = difference(&after, &source).into_iter().map(|change| change.key).collect();
        let left: BTreeSet<SetKey> = found.left_alone.iter().map(|one| one.set.clone()).collect();
        prop_assert_eq!(differs, left);
        let again = plan(&source, &after, &settings);
        prop_assert_eq!(again.steps, []);
        let back = found.inverse(zone_digest(&after), Timestamp::from_secs(2_000), Duration::from_mins(10));
        prop_assert_eq!(applied(&back, &after), target);
    }
}

fn any_shared_zone() -> impl Strategy<Value = Zone> {
    let line = ("(@|a|b)", "(TXT a1 [a-b][1-3]|TXT [a-b][1-3]|A [1-3]|A 1 [2-3])", 1..3_u32);
    prop::collection::vec(line, 1..6).prop_map(|lines| {
        let mut zone = zone(&["keep A 1"]);
        for (name, data, minutes) in lines {
            for (key, set) in crate::fixture::zone(&[&format!("{name} {data}")]).sets() {
                zone.put(key.clone(), set.with_ttl(ttl(60 * minutes))).expect("in the zone");
            }
        }
        zone
    })
}

fn any_manifest() -> impl Strategy<Value = Option<RecordSet>> {
    let own =
        "(own=zone;|own=name:[ab@];|own=below:@;)((types=txt;)?(part=(ttl|values);)?|types=txt;part=value:[ab][1-3]?;)";
    prop::collection::vec(("(acme|beta)", own), 0..5).prop_map(|claims| {
        let values: Vec<String> = claims.iter().map(|(by, own)| format!("v=dnssync1;install={by};{own}")).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        (!values.is_empty()).then(|| set(Rtype::TXT, &values))
    })
}

/// The fields of a set that are `install`'s or nobody's, or that are others'.
fn fields(zone: &Zone, key: &SetKey, manifest: &Manifest, others: bool) -> (Option<Ttl>, Vec<Rdata>) {
    let install = settings().install;
    let is_wanted = |field| manifest.owner_of(key, field).is_some_and(|by| *by != install) == others;
    let Some(set) = zone.get(key) else { return (None, Vec::new()) };
    let values = set.values().iter().filter(|value| is_wanted(Field::Value(value)));
    (Some(set.ttl()).filter(|_| is_wanted(Field::Ttl)), values.cloned().collect())
}

proptest! {
    #[test]
    fn what_is_ours_becomes_as_the_source_has_it_and_what_is_others_stays(
        source in any_shared_zone(), target in any_shared_zone(), claims in any_manifest(),
    ) {
        let mut target = target;
        if let Some(claims) = claims {
            target.put(key("_dns-sync", Rtype::TXT), claims).expect("in the zone");
        }
        let Ok(manifest) = Manifest::read(&target) else { return Ok(()) };
        let found = plan(&source, &target, &settings());
        let after = applied(&found, &target);
        prop_assert_eq!(plan(&source, &after, &settings()).steps, []);
        for (key, _) in source.sets().chain(target.sets()).filter(|(key, _)| key.owner != name("_dns-sync")) {
            let [ours, wanted] = [&after, &source].map(|zone| fields(zone, key, &manifest, false));
            let [theirs, was] = [&after, &target].map(|zone| fields(zone, key, &manifest, true));
            prop_assert_eq!(&ours.1, &wanted.1, "{}: our values", key);
            prop_assert_eq!(&theirs.1, &was.1, "{}: others' values", key);
            if source.get(key).is_some() {
                prop_assert!(ours.1.is_empty() && theirs.1.is_empty() || ours.0 == wanted.0, "{}: our TTL", key);
            }
            if target.get(key).is_some() && after.get(key).is_some() {
                prop_assert_eq!(theirs.0, was.0, "{}: others' TTL", key);
            }
        }
    }
}

#[test]
fn nothing_is_planned_at_the_name_of_an_alias() {
    let (source, target) = (zone(&["a A 1", "www A 1"]), zone(&["a A 2", "www A 2"]));
    let not_plain = [(name("www"), "an alias of a load balancer".to_owned())].into();
    let found = plan(&source, &target, &Settings { not_plain, ..settings() });
    let changed: Vec<String> = found.steps.iter().flat_map(Step::owners).map(ToString::to_string).collect();
    assert_eq!(changed, ["a.example.test."]);
    assert_eq!(
        left(&found),
        ["www.example.test. A: at its name stands what no record set can tell: an alias of a load balancer"]
    );
}

#[test]
fn a_fence_or_manifest_that_no_record_set_can_tell_refuses_the_plan() {
    let source = zone(&["a A 1"]);
    for hidden in ["_checkout._failover", "_dns-sync"] {
        let not_plain = [(name(hidden), "disabled".to_owned())].into();
        let found = plan(&source, &zone(&["a A 2"]), &Settings { not_plain, ..settings() });
        let told = found.stopped_by(&[].into());
        assert!(told.iter().any(|why| why.contains("says who holds what, and cannot be read: disabled")), "{told:?}");
    }
}

#[test]
fn nothing_is_deleted_for_a_cname_that_cannot_come() {
    let manifest = "_dns-sync TXT v=dnssync1;install=beta;own=name:shop;types=txt;";
    let target = zone(&["shop A 1", "shop TXT x", manifest]);
    let found = plan(&zone(&["shop CNAME x", "www A 1"]), &target, &settings());
    let changed: Vec<String> = found.steps.iter().flat_map(Step::owners).map(ToString::to_string).collect();
    assert_eq!(changed, ["www.example.test."], "{:?}", left(&found));
    let hinges = "shop.example.test. A: it cannot change while shop.example.test. TXT stays as it is";
    assert!(left(&found).contains(&hinges.to_owned()), "{:?}", left(&found));
}
