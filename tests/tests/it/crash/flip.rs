//! A failover that is interrupted at one failpoint.

use std::thread;
use std::time::Duration;

use serde_json::Value;
use tests::world::Watch;
use tests::{Kind, PATIENCE, Plan, Region, World};

use super::Ends;
use super::aftermath::{Before, aftermath};

/// Longer than permit and fudge of one second each, rounded to whole seconds on both sides.
pub(super) const STALL: Duration = Duration::from_secs(3);

/// When a point is reached.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reached {
    /// While the service moves, for the nth time.
    InFlip(u32),
    /// While the process starts.
    AtStart,
    /// While a write of unknown outcome is burned: the process before was killed with a permit in its hands.
    InBurn,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) point: &'static str,
    pub(super) reached: Reached,
}

impl Row {
    fn armed(self, action: &str) -> String {
        let Self { point, reached } = self;
        let count = match reached {
            Reached::InFlip(count) => count,
            Reached::AtStart | Reached::InBurn => 1,
        };
        format!("{point}={count}*{action}")
    }
}

/// A service that is about to be moved.
struct Scene {
    world: World,
    before: Before,
    watch: Watch,
}

/// Killed at the point, and started again.
pub(super) fn killed(kind: Kind, row: Row, ends: Ends) {
    let mut scene = Scene::of(&Plan::on(kind));
    scene.go_to(row, "kill");
    scene.world.controller.process().wait(PATIENCE);
    scene.world.controller.restart_with_failpoints(None);
    scene.ended(kind, ends);
}

/// Stopped at the point until the permit has run out by the server's clock; it goes on without knowing.
pub(super) fn stopped(kind: Kind, row: Row, ends: Ends) {
    let provider = "timeout: 2s, readInterval: 500ms, permit: 1s".to_owned();
    let mut scene = Scene::of(&Plan { provider, ..Plan::on(kind) });
    scene.go_to(row, "stop");
    scene.world.controller.process().until_stopped();
    // What passes here is the time of the permit itself.
    thread::sleep(STALL);
    scene.world.controller.process().sigcont();
    scene.ended(kind, ends);
}

impl Scene {
    fn of(plan: &Plan) -> Self {
        let world = World::start(plan);
        let (before, watch) = (Before::of(&world), world.watch());
        Self { world, before, watch }
    }

    fn go_to(&mut self, row: Row, action: &str) {
        let armed = row.armed(action);
        match row.reached {
            Reached::InFlip(_) => self.let_prod_die(&armed),
            Reached::AtStart => {
                self.world.prod.process().kill9();
                self.world.controller.spawn_with_failpoints(Some(&armed));
            }
            Reached::InBurn => {
                self.let_prod_die("after-permit=kill");
                self.world.controller.process().wait(PATIENCE);
                self.world.controller.spawn_with_failpoints(Some(&armed));
            }
        }
    }

    fn let_prod_die(&mut self, armed: &str) {
        self.world.controller.restart_with_failpoints(Some(armed));
        self.world.until_proven(Region::Dr);
        self.world.until_state("steady on the preferred region");
        self.world.prod.process().kill9();
    }

    fn ended(self, kind: Kind, expected: Ends) {
        let Self { world, before, watch } = self;
        world.until_moved_whole(Region::Dr);
        world.until_state("cooling down");
        world.until_served(Region::Dr);
        let decisions = aftermath(&world, before, &watch.end(), &[Region::Prod, Region::Dr]);
        let ends: Vec<&str> = decisions.iter().map(|decision| decision.end.as_str()).collect();
        assert!(expected.contains(&ends.as_slice()), "{ends:?} is none of {expected:?}: {decisions:#?}");
        assert!(decisions.iter().all(|decision| decision.kind == "failover"), "{decisions:#?}");
        for denied in decisions.iter().filter(|decision| decision.end == "denied") {
            let words = if kind == Kind::PowerDns { "clocks differ" } else { "BADTIME" };
            assert!(denied.summary.contains(words), "{denied:?}");
        }
        assert_eq!(world.fence_value("active"), "dr");
        assert_eq!(world.service()["summary"]["hold"], Value::Null);
    }
}
