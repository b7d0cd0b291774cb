//! One service at Route 53 first and Cloudflare second: an API that is down for minutes holds up nothing at the other.

use std::fs;

use serde_json::Value;
use tests::cloudflare::{self, Operation as CloudflareCall};
use tests::route53::{Failure, Fault, Kind as Fails, Operation, Setup};
use tests::world::{Account, HostedZone, Snapshot};
use tests::{Daemon, Kind, PATIENCE, Plan, Region, Sandbox, World, until};

type Pair = World<(HostedZone, Account)>;

/// Every call that the controller makes of Route 53.
const CALLS: [Operation; 4] = [
    Operation::ChangeResourceRecordSets,
    Operation::GetChange,
    Operation::GetHostedZone,
    Operation::ListResourceRecordSets,
];

fn start() -> Pair {
    let host = |sandbox: &Sandbox| (HostedZone::start(sandbox, Setup::default()), Account::start());
    let pair = World::start_at(&Plan::on(Kind::Knot), host);
    until_one_decision(&pair, Region::Prod);
    pair
}

/// From now on every call of Route 53's API fails; its name servers go on.
fn down(pair: &Pair, kind: &Fails) {
    for operation in CALLS {
        pair.auth.0.fake.inject(Fault { operation, skip: 0, times: usize::MAX, kind: kind.clone() });
    }
}

fn snapshots(pair: &Pair) -> [Snapshot; 2] {
    [pair.auth.0.snapshot(), pair.auth.1.snapshot()]
}

fn until_held(pair: &Pair, which: usize, region: Region) {
    until(&format!("{} holds {}", ["route53", "cloudflare"][which], region.name()), PATIENCE, || {
        let held = &snapshots(pair)[which];
        if held.whole() == Ok(region) { Ok(()) } else { Err((held.clone(), pair.service()["summary"].clone())) }
    });
}

fn until_one_decision(pair: &Pair, region: Region) {
    until(&format!("both are in {} by one decision", region.name()), PATIENCE, || {
        let held = snapshots(pair);
        let same = ["plan", "epoch"].iter().all(|key| held[0].fence_value(key) == held[1].fence_value(key));
        let there = held.iter().all(|one| one.whole() == Ok(region) && !one.fence().is_empty());
        if same && there { Ok(()) } else { Err((held, pair.service()["summary"].clone())) }
    });
    pair.until_metric("failover_controller_diverging_places{service=\"checkout\"} 0");
}

fn place(pair: &Pair, name: &str) -> Value {
    let places = pair.service()["summary"]["places"].as_array().cloned().unwrap_or_default();
    places.into_iter().find(|place| place["name"] == name).unwrap_or_default()
}

#[test]
fn a_move_reaches_both_as_one_decision_and_so_does_the_way_back() {
    let mut pair = start();
    let epoch = snapshots(&pair)[0].order().0;
    pair.prod.process().kill9();
    until_one_decision(&pair, Region::Dr);
    assert_eq!(snapshots(&pair).map(|held| held.order().0), [epoch + 1; 2]);
    pair.until_served(Region::Dr);
    pair.prod.restart();
    pair.until_proven(Region::Prod);
    let args = ["failback", "checkout", "--reason", "prod is well", "--override", "cooledDown", "--wait"];
    let (code, out, err) = pair.admin(&args);
    assert_eq!(code, 0, "{out}{err}");
    until_one_decision(&pair, Region::Prod);
    assert_eq!(snapshots(&pair).map(|held| held.order().0), [epoch + 2; 2]);
}

/// The API fails from the moment when the region dies: the second serves dr at once, and the first follows by itself.
fn the_second_serves_dr_and_the_first_follows(kind: &Fails) {
    let mut pair = start();
    let epoch = snapshots(&pair)[1].order().0;
    down(&pair, kind);
    pair.prod.process().kill9();
    until_held(&pair, 1, Region::Dr);
    assert_eq!(snapshots(&pair)[0].whole(), Ok(Region::Prod), "its API is down");
    pair.until_metric("failover_controller_diverging_places{service=\"checkout\"} 1");
    let told = place(&pair, "main");
    assert!(told["diverges"] == true && told["trouble"].is_string(), "{told}");
    pair.until_status_says("main");
    pair.until_history("verified");
    pair.auth.0.fake.heal();
    until_one_decision(&pair, Region::Dr);
    assert_eq!(snapshots(&pair).map(|held| held.order().0), [epoch + 1; 2], "one decision for both");
    pair.until_served(Region::Dr);
}

#[test]
fn the_second_serves_dr_while_the_first_refuses_everything() {
    the_second_serves_dr_and_the_first_follows(&Fails::Refused(Failure::ServiceUnavailable));
}

#[test]
fn the_second_serves_dr_while_the_first_cuts_every_connection() {
    the_second_serves_dr_and_the_first_follows(&Fails::Cut);
}

/// Throttled for as long as somebody else uses the account up.
#[test]
fn the_second_serves_dr_while_the_first_throttles() {
    the_second_serves_dr_and_the_first_follows(&Fails::Refused(Failure::Throttling));
}

/// The write is done every time and nobody is told: it must not be done twice.
#[test]
fn the_second_serves_dr_while_the_first_does_everything_and_says_nothing() {
    let mut pair = start();
    let epoch = snapshots(&pair)[1].order().0;
    down(&pair, &Fails::CutAfterwards);
    pair.prod.process().kill9();
    until_held(&pair, 0, Region::Dr);
    until_held(&pair, 1, Region::Dr);
    pair.auth.0.fake.heal();
    until_one_decision(&pair, Region::Dr);
    let epochs = snapshots(&pair).map(|held| held.order().0);
    assert!(epochs[0] == epochs[1] && epochs[0] <= epoch + 2, "{epochs:?}");
}

/// The first returns when the region that the second has moved to is dead, too.
#[test]
fn a_first_that_was_down_does_not_follow_into_a_dead_region() {
    let mut pair = start();
    down(&pair, &Fails::Refused(Failure::ServiceUnavailable));
    pair.prod.process().kill9();
    until_held(&pair, 1, Region::Dr);
    pair.dr.process().kill9();
    pair.until_judged(Region::Dr, "failing");
    pair.until_judged(Region::Prod, "failing");
    let read = pair.auth.0.fake.requests(Operation::ListResourceRecordSets);
    pair.auth.0.fake.heal();
    until("the first is read again and held", PATIENCE, || {
        let told = place(&pair, "main");
        let again = pair.auth.0.fake.requests(Operation::ListResourceRecordSets) > read;
        if again && told["standing"] == "held" && told["trouble"].is_null() { Ok(()) } else { Err(told) }
    });
    pair.until_status_says("PAGE");
    assert_eq!(snapshots(&pair).map(|held| held.whole()), [Ok(Region::Prod), Ok(Region::Dr)], "nothing moved");
    pair.prod.restart();
    until_one_decision(&pair, Region::Prod);
}

/// Two controllers with stores of their own, each of which reaches another API only, decide at once.
#[test]
fn a_split_is_told_paged_and_ends_in_one_decision() {
    let mut pair = start();
    let mut other = pair.further_controller("controller-2", str::to_owned);
    until("the second controller has found the fences, and waits", PATIENCE, || {
        let pause = pair.service_at(&other)["pause"].clone();
        if pause.is_string() { Ok(()) } else { Err(pause) }
    });
    let (code, out, err) = pair.admin_at(&other, &["resume", "checkout", "--reason", "armed"]);
    assert_eq!(code, 0, "{out}{err}");
    let epoch = snapshots(&pair)[0].order().0;

    // Without its API a place is still seen over DNS, so both are cut off.
    let nowhere = pair.sandbox.socket().to_string();
    let [first, second] = away(&pair, &nowhere);
    pair.reconfigure(|text| second(text));
    let healed = edit(&pair, "controller-2", |text| first(text));
    other.restart();
    for (controller, lost) in [(&pair.controller, "second"), (&other, "main")] {
        until(&format!("{lost} is out of reach"), PATIENCE, || {
            let service = pair.service_at(controller);
            let places = service["summary"]["places"].as_array().cloned().unwrap_or_default();
            let away = places.iter().any(|place| place["name"] == lost && place["trouble"].is_string());
            let regions = service["summary"]["regions"].as_array().cloned().unwrap_or_default();
            let ready = regions.iter().all(|region| region["proven"] == true) && !regions.is_empty();
            if away && ready { Ok(()) } else { Err(service["summary"].clone()) }
        });
    }
    pair.prod.process().kill9();
    until_held(&pair, 0, Region::Dr);
    until_held(&pair, 1, Region::Dr);
    let [one, another] = snapshots(&pair);
    assert_eq!([one.order().0, another.order().0], [epoch + 1; 2]);
    assert_ne!(one.fence_value("plan"), another.fence_value("plan"), "each has decided for itself");

    let whole = fs::read_to_string(pair.sandbox.path().join("controller-1.yaml")).expect("its configuration");
    assert!(whole.contains(&nowhere));
    let url = pair.auth.1.fake.url();
    pair.reconfigure(|text| text.replace(&format!("http://{nowhere}/client/v4"), &url));
    pair.sandbox.write("controller-2.yaml", healed);
    other.restart();
    until_one_decision(&pair, Region::Dr);
    assert!(snapshots(&pair)[0].order().0 > epoch + 1);
    assert!(tells_of_split(&pair, &pair.controller) || tells_of_split(&pair, &other));
}

type Edit = Box<dyn Fn(&str) -> String>;

/// Edits that cut a controller off from the first API, and from the second.
fn away(pair: &Pair, nowhere: &str) -> [Edit; 2] {
    let (first, second) = (pair.auth.0.fake.url(), pair.auth.1.fake.url());
    let (dead, dead_too) = (format!("http://{nowhere}"), format!("http://{nowhere}/client/v4"));
    [
        Box::new(move |text| text.replace(&format!("endpointUrl: \"{first}\""), &format!("endpointUrl: \"{dead}\""))),
        Box::new(move |text| {
            text.replace(&format!("endpointUrl: \"{second}\""), &format!("endpointUrl: \"{dead_too}\""))
        }),
    ]
}

/// Changes a further controller's configuration and returns what it was.
fn edit(pair: &Pair, name: &str, change: impl FnOnce(&str) -> String) -> String {
    let file = format!("{name}.yaml");
    let before = fs::read_to_string(pair.sandbox.path().join(&file)).expect("the configuration was written");
    let after = change(&before);
    assert_ne!(before, after, "the edit changes nothing");
    pair.sandbox.write(file, after);
    before
}

fn tells_of_split(pair: &Pair, controller: &Daemon) -> bool {
    pair.history_at(controller).iter().any(|row| row["kind"] == "split" && row["page"] == true)
}

/// The second is down and the first is not: users of the second wait, the others don't.
#[test]
fn the_first_serves_dr_while_the_second_is_down() {
    let mut pair = start();
    for operation in CloudflareCall::ALL {
        let kind = cloudflare::Kind::Refused(cloudflare::Failure::EdgePage(522));
        pair.auth.1.fake.inject(cloudflare::Fault { operation, skip: 0, times: usize::MAX, kind });
    }
    pair.prod.process().kill9();
    until_held(&pair, 0, Region::Dr);
    pair.until_status_says("second");
    pair.auth.1.fake.heal();
    until_one_decision(&pair, Region::Dr);
}
