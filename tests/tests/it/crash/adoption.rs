//! An adoption that is interrupted: the service is adopted once, or nothing was written and it can be adopted again.
//!
//! An adoption requires the absence of a fence, so no burn can end it: what may still arrive is waited out.

use std::thread;

use tests::{Kind, PATIENCE, Plan, Region, World, until};

use super::aftermath::{Before, aftermath};
use super::flip::STALL;

/// What is known to have become of it; one of these.
type Ends = &'static [&'static str];

/// Nothing was committed, so nothing was decided.
const NOTHING: Ends = &[""];
const ADOPTED: Ends = &["applied"];
const WAITED_OUT: Ends = &["burned"];
const REFUSED_AS_LATE: Ends = &["denied"];

macro_rules! table {
    ($($module:ident: $point:literal, killed $killed:ident, stopped $stopped:ident;)*) => {
        $(mod $module {
            #[test]
            fn killed() {
                super::killed($point, super::$killed);
            }

            #[test]
            fn stopped() {
                super::stopped($point, super::$stopped);
            }
        })*
    };
}

/// Either the operator's order still has its evidence, or it has none and expires.
const ADOPTED_OR_EXPIRED: Ends = &["applied", "expired"];
const ADOPTED_OR_WAITED_OUT: Ends = &["applied", "burned"];

table! {
    before_decision: "before-commit=1", killed NOTHING, stopped ADOPTED_OR_EXPIRED;
    before_permit: "before-permit=1", killed ADOPTED_OR_EXPIRED, stopped ADOPTED_OR_EXPIRED;
    after_permit: "after-permit=1", killed WAITED_OUT, stopped REFUSED_AS_LATE;
    after_send: "after-send=1", killed ADOPTED_OR_WAITED_OUT, stopped ADOPTED;
    after_answer: "after-answer=1", killed ADOPTED, stopped ADOPTED;
    before_settlement: "before-commit=3", killed ADOPTED, stopped ADOPTED;
}

fn killed(point: &str, ends: Ends) {
    let mut world = ordered(&format!("{point}*kill"));
    world.controller.process().wait(PATIENCE);
    world.controller.restart_with_failpoints(None);
    ended(&mut world, ends);
}

fn stopped(point: &str, ends: Ends) {
    let mut world = ordered(&format!("{point}*stop"));
    world.controller.process().until_stopped();
    // What passes here is the time of the permit itself.
    thread::sleep(STALL);
    world.controller.process().sigcont();
    ended(&mut world, ends);
}

/// A world whose service was ordered to be adopted; the order may have been cut off.
fn ordered(failpoint: &str) -> World {
    let provider = "timeout: 2s, readInterval: 500ms, permit: 1s".to_owned();
    let mut world = World::start(&Plan { provider, armed: false, ..Plan::on(Kind::Knot) });
    world.controller.restart_with_failpoints(Some(failpoint));
    world.until_proven(Region::Prod);
    until("the zone is read", PATIENCE, || {
        let standing = world.service()["standing"].clone();
        if standing == "unadopted" { Ok(()) } else { Err(standing) }
    });
    // Its answer may be cut off with the process, so only what follows counts.
    world.admin(&["adopt", "checkout", "--reason", "test", "--timeout", "1s"]);
    world
}

fn ended(world: &mut World, expected: Ends) {
    let watch = world.watch();
    let end = until("the adoption has ended", PATIENCE, || {
        let rows = world.history();
        let decided = rows.iter().find(|row| row["kind"] == "decided");
        let Some(decided) = decided else {
            return if expected == NOTHING { Ok(String::new()) } else { Err(rows) };
        };
        let own = rows.iter().filter(|row| row["decision"] == decided["decision"]);
        let kinds = ["applied", "expired", "burned", "denied", "conflicted", "unreachable"];
        let end = own.filter_map(|row| row["kind"].as_str()).find(|kind| kinds.contains(kind)).map(str::to_owned);
        end.ok_or(rows)
    });
    assert!(expected.contains(&end.as_str()), "{end} is none of {expected:?}: {:#?}", world.history());
    assert_eq!(world.fence().is_empty(), end != "applied", "{end}: {}", world.fence());
    if end != "applied" {
        // By hand, because an order is never repeated behind the operator's back.
        world.arm();
    }
    let decisions = aftermath(world, Before::NONE, &watch.end(), &[Region::Prod]);
    let adopted = decisions.iter().filter(|decision| decision.end == "applied").count();
    assert_eq!((adopted, world.fence_number("epoch")), (1, 1), "{decisions:#?}");
}

/// While an adoption may still arrive, another one is refused: the two could not be told apart.
#[test]
fn a_second_adoption_waits_until_the_first_can_no_longer_arrive() {
    let mut world = ordered("after-permit=kill");
    world.controller.process().wait(PATIENCE);
    world.controller.restart_with_failpoints(None);
    let (code, out, err) = world.admin(&["adopt", "checkout", "--reason", "too early"]);
    assert_eq!(code, 3, "the first may still arrive: {out}{err}");
    let burned = world.until_history("burned");
    assert!(burned["summary"].as_str().unwrap_or_default().contains("too old"), "{burned}");
    assert_eq!(world.fence(), "");
}
