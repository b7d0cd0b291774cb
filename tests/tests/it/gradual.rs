//! Coming back in steps at Route 53: shares of the answers as weighted record sets, each step one batch.

use tests::route53::{Change, Data, Routing, Setup};
use tests::world::{HostedZone, fence_value};
use tests::{Kind, PATIENCE, Plan, Region, World, until};

/// A region that is slow to answer on a loaded machine must not look like one that fails: that would give the steps up.
fn plan(steps: &str) -> Plan {
    let policy = format!(
        "interval: 250ms, timeout: 250ms, detection: {{ fall: 4, rise: 2 }}, quorum: 2, readyFor: 1s, cooldown: 1s, \
         verifyWithin: 20s, failback: {{ mode: gradual, soak: 1s, {steps} }}"
    );
    Plan { policy, ..Plan::on(Kind::Knot) }
}

/// In dr, with a dead prod.
fn in_dr(steps: &str) -> World<HostedZone> {
    let mut world = World::start_at(&plan(steps), |sandbox| HostedZone::start(sandbox, Setup::default()));
    world.prod.process().kill9();
    world.until_served(Region::Dr);
    world
}

/// What a batch made of the share of prod: its weight, and 0 or 100 where there are no weights.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    weight: u8,
    epoch: u64,
    plan: String,
}

/// Every step that the account took, of the batches that changed records.
fn steps(world: &World<HostedZone>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for batch in world.auth.fake.batches().into_iter().filter(|batch| batch.refusal.is_none()) {
        let Some(step) = step_of(&batch.changes) else { continue };
        if steps.last().is_none_or(|last| last.weight != step.weight) {
            steps.push(step);
        }
    }
    steps
}

/// The same since it was wholly in dr for the last time.
fn way_back(world: &World<HostedZone>) -> Vec<Step> {
    let mut steps = steps(world);
    let away = steps.iter().rposition(|step| step.weight == 0).expect("it was in dr");
    steps.split_off(away)
}

fn step_of(changes: &[Change]) -> Option<Step> {
    let created =
        || changes.iter().filter(|change| change.action == tests::route53::Action::Create).map(|change| &change.set);
    let fence = created().find(|set| set.rtype == "TXT")?.values().concat().replace("\" \"", "").replace('"', "");
    let api = created().filter(|set| set.name.to_string() == "api.example.test." && set.rtype == "A");
    let weights = api.map(|set| match (&set.routing, set.set_identifier.as_deref(), &set.data) {
        (Some(Routing::Weighted(weight)), Some("prod"), _) => Some(*weight),
        (None, None, Data::Records { values, .. }) => Some(if values == &["192.0.2.10"] { 100 } else { 0 }),
        _ => None,
    });
    let weight = weights.flatten().next()?;
    let epoch = fence_value(&fence, "epoch").parse().expect("a number");
    let said = fence_value(&fence, "weights");
    let expected = if weight % 100 == 0 { String::new() } else { format!("prod:{weight},dr:{}", 100 - weight) };
    assert_eq!(said, expected, "the fence says what the records are");
    Some(Step { weight, epoch, plan: fence_value(&fence, "plan") })
}

fn weights(steps: &[Step]) -> Vec<u8> {
    steps.iter().map(|step| step.weight).collect()
}

#[test]
fn comes_back_by_ten_and_fifty_percent_and_then_wholly() {
    let mut world = in_dr("steps: [10%, 50%], stepEvery: 1s");
    let away = world.fence_number("epoch");
    world.prod.restart();
    world.until_served(Region::Prod);
    world.until_state("steady on the preferred region");
    let steps = way_back(&world);
    assert_eq!(weights(&steps), [0, 10, 50, 100]);
    let taken: Vec<_> = steps[1..].iter().map(|step| (step.epoch, step.plan.as_str())).collect();
    assert!(taken[0].0 > away && taken == [taken[0]; 3], "one decision: {taken:?}");
    assert_eq!((world.fence_value("active").as_str(), world.fence_value("weights").as_str()), ("prod", ""));
    let verified = world.history().into_iter().filter(|row| row["kind"] == "verified").count();
    assert!(verified >= 3, "each step is verified: {:?}", world.history_kinds());
}

#[test]
fn says_how_far_it_has_come_and_gives_up_when_prod_fails_again() {
    let mut world = in_dr("steps: [10%], stepEvery: 1h");
    world.prod.restart();
    world.until_status_says("coming back: 10 % of the answers from `prod` since");
    world.until_status_says("the next step is due at");
    let back = world.service()["summary"]["comingBack"].clone();
    assert_eq!((&back["to"], &back["percent"]), (&"prod".into(), &10.into()), "{back}");
    let (code, out, err) = world.admin(&["explain", "checkout"]);
    assert!(code == 0 && out.contains("It is coming back in steps: 10 % of the answers from `prod`"), "{out}{err}");
    assert_eq!(world.fence_value("active"), "dr");

    world.prod.process().kill9();
    let row = until("it is given up", PATIENCE, || {
        let rows = world.history();
        let is_it =
            |row: &&serde_json::Value| row["summary"].to_string().contains("abort is in the zone: active in `dr`");
        rows.iter().find(is_it).cloned().ok_or_else(|| world.service()["summary"].clone())
    });
    assert_eq!(row["kind"], "applied");
    let steps = steps(&world);
    assert!(weights(&steps).ends_with(&[10, 0]), "{steps:?}");
    assert_eq!(world.fence_value("weights"), "");
    assert_eq!(world.served(), Some(Region::Dr));
}

#[test]
fn goes_on_when_the_controller_is_killed_in_a_step() {
    let mut world = in_dr("steps: [10%, 50%], stepEvery: 1s");
    world.controller.restart_with_failpoints(Some("after-permit=2*kill"));
    world.prod.restart();
    world.controller.process().wait(PATIENCE);
    assert_ne!(world.fence_value("weights"), "", "it died between two steps");
    world.controller.restart_with_failpoints(None);
    world.until_served(Region::Prod);
    world.until_state("steady on the preferred region");
    let steps = way_back(&world);
    assert_eq!(weights(&steps), [0, 10, 50, 100]);
    assert!(steps[1..].iter().all(|step| step.plan == steps[1].plan), "one decision: {steps:?}");
}
