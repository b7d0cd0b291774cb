//! One world, many faults one after the other.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::Value;
use tests::world::{Host, SERVICE, Snapshot};
use tests::{Kind, PATIENCE, Plan, Region, World, until};

/// One call of the controller to its provider.
pub(super) const CALL: Duration = Duration::from_millis(600);

/// What a slow call takes: the client has given it up by then, and a permit is still good.
pub(super) const SLOW: Duration = Duration::from_millis(900);

/// A provider whose calls can be damaged.
pub(super) trait Faulty: Host {
    /// A call of it.
    type Call: Copy + Ord + fmt::Debug;
    /// What can happen to a call.
    type Fault: Clone + fmt::Debug;

    /// How often each call was made.
    fn calls(&self) -> BTreeMap<Self::Call, usize>;
    /// Everything that can happen to a call.
    fn faults(&self, call: Self::Call) -> Vec<Self::Fault>;
    /// Damages one call, after so many others of its kind.
    fn inject(&self, call: Self::Call, skip: usize, fault: &Self::Fault);
    /// How many calls are still to be damaged.
    fn pending(&self) -> usize;
    /// Damages nothing any more, and finishes what was held up.
    fn heal(&self, fault: &Self::Fault);
    /// Whether a call writes: what goes wrong with it must be told. What goes wrong with a read may be overcome below.
    fn writes(&self, call: Self::Call) -> bool;
    /// What history must say of a fault: one of these words. None, if the provider's own ways overcome it.
    fn words(&self, fault: &Self::Fault) -> &'static [&'static str];
    /// What is held now.
    fn snapshot(&self) -> Snapshot;
}

/// Short intervals, so that hundreds of moves take a minute; calls that are slow enough to be damaged and not by accident.
pub(super) fn plan() -> Plan {
    let plan = Plan::on(Kind::Knot);
    let policy = plan.policy.replace("cooldown: 10m", "cooldown: 1s").replace("verifyWithin: 20s", "verifyWithin: 15s");
    let provider = format!("timeout: {}ms, readInterval: 1s, permit: 3s", CALL.as_millis());
    Plan { policy, provider, ..plan }
}

/// How many calls of one kind a fault strikes, at least, if a flip makes more. Those are rounds of many alike, one for each
/// name, and the next fault begins with the next call: all of them are struck, each by other faults. `FAULTS_FULL` in the
/// environment lets each fault strike each call, which takes many minutes.
const STRIKES: usize = 4;

/// How often a move without faults is ordered: a machine that is too slow for this many in a row is no machine for tests.
const MOVES_MAX: usize = 5;

/// A world under test.
pub(super) struct Matrix<H> {
    world: World<H>,
    /// Of the last row of history that was looked at.
    position: Cell<u64>,
}

/// What one ordered move came to.
struct Outcome {
    rows: Vec<Value>,
}

impl<H: Faulty> Matrix<H> {
    pub(super) fn of(world: World<H>) -> Self {
        Self { world, position: Cell::new(0) }
    }

    /// Runs every fault at every call and returns how many have struck.
    pub(super) fn run(&self) -> usize {
        let mut cases = 0;
        for (call, count) in self.calls_of_a_flip() {
            let faults = self.world.auth.faults(call);
            let full = std::env::var_os("FAULTS_FULL").is_some();
            let stride = if full { 1 } else { (count / STRIKES).clamp(1, faults.len()) };
            for (number, fault) in faults.iter().enumerate() {
                for skip in (number % stride..count).step_by(stride) {
                    cases += usize::from(self.strike(call, skip, fault));
                }
            }
        }
        cases
    }

    /// Counts the calls of a flip there and of one back, until nothing is written or read any more.
    fn calls_of_a_flip(&self) -> BTreeMap<H::Call, usize> {
        let mut most: BTreeMap<H::Call, usize> = BTreeMap::new();
        for _ in 0..2 {
            let before = self.world.auth.calls();
            self.move_on();
            for (call, after) in self.world.auth.calls() {
                let made = after - before.get(&call).copied().unwrap_or_default();
                let known = most.entry(call).or_default();
                *known = made.max(*known);
            }
        }
        most.retain(|_, count| *count > 0);
        assert!(!most.is_empty(), "a flip calls nobody");
        most
    }

    /// A move without faults. A call that a busy machine lets take too long is a fault as well: then it has ended, and is
    /// ordered again.
    fn move_on(&self) {
        let (from, epoch) = (self.held(), self.epoch());
        let to = other(from);
        let mut decisions = 0;
        for _ in 0..MOVES_MAX {
            let outcome = self.order(to, self.last_position());
            self.settle(&format!("a move to {}", to.name()), &outcome);
            let outcome = outcome();
            decisions += outcome.count("decided");
            if self.held() == to {
                assert!((epoch + 1..=epoch + decisions).contains(&self.epoch()), "{:#?}", outcome.rows);
                assert!(outcome.tells("verified"), "{:#?}", outcome.rows);
                return;
            }
            assert!(outcome.is_slow(), "{:#?}", outcome.rows);
        }
        panic!("{MOVES_MAX} moves to {} and none has arrived: {:#?}", to.name(), self.world.history());
    }

    /// One fault at one call of a move. False if the move made fewer calls this time.
    fn strike(&self, call: H::Call, skip: usize, fault: &H::Fault) -> bool {
        let host = &self.world.auth;
        let fault_name = format!("{fault:?}");
        let name = format!("{} at {call:?} {}", fault_name.split(" {").next().unwrap_or_default(), skip + 1);
        let (from, epoch) = (self.held(), self.epoch());
        let to = other(from);
        // A read that was under way anyway may be struck before the order comes.
        let position = self.last_position();
        host.inject(call, skip, fault);
        let outcome = self.order(to, position);
        let struck = self.until_struck(&name, &outcome);
        host.heal(fault);
        self.settle(&name, &outcome);
        let outcome = outcome();
        let held = self.held();
        let rows = || format!("{name}: {:#?}", outcome.rows);
        assert!(held == to || outcome.tells_an_end(), "{}", rows());
        let decisions = outcome.count("decided");
        assert!((epoch..=epoch + decisions).contains(&self.epoch()), "{}", rows());
        assert!(held != to || self.epoch() > epoch, "{}", rows());
        outcome.ends_every_decision(&name);
        let words = host.words(fault);
        let overcome = !struck || words.is_empty() || (!host.writes(call) && outcome.is_unnoticed());
        let said = overcome || words.iter().any(|words| outcome.says(words));
        assert!(said, "history says none of {words:?}: {}", rows());
        self.move_on();
        if std::env::var_os("FAULTS_VERBOSE").is_some() {
            let told: Vec<String> =
                outcome.rows.iter().map(|row| format!("{}: {}", row["kind"], row["summary"])).collect();
            println!("{name}\n    {}", told.join("\n    "));
        }
        struck
    }

    /// Waits until the fault has struck, or the move is over without it; says which.
    fn until_struck(&self, name: &str, outcome: &impl Fn() -> Outcome) -> bool {
        until(&format!("{name}: it strikes"), PATIENCE, || {
            let struck = self.world.auth.pending() == 0;
            if struck || outcome().is_over() { Ok(struck) } else { Err(outcome().rows) }
        })
    }

    /// Orders a move and returns what looks at the history from a position on.
    fn order(&self, to: Region, position: u64) -> impl Fn() -> Outcome {
        let verb: &[&str] = match to {
            Region::Prod => &["failback", SERVICE],
            Region::Dr => &["failover", SERVICE, "--to", "dr"],
        };
        let rest = ["--reason", "an exercise", "--override", "cooledDown"];
        until("the order is taken", PATIENCE, || {
            let (code, out, err) = self.world.admin(&[verb, &rest].concat());
            // After a look that is in doubt the zone is read again, and until then nothing is planned on it; vantage points
            // that were not heard for a moment prove no region. Both pass.
            let is_early = code == 3 && ["zoneKnown: ", "targetProven: "].iter().any(|rule| err.contains(rule));
            assert!(code == 0 || is_early, "{out}{err}");
            if is_early { Err(err) } else { Ok(()) }
        });
        move || Outcome { rows: self.rows_after(position) }
    }

    fn last_position(&self) -> u64 {
        let last = self.rows_after(self.position.get()).last().and_then(|row| row["position"].as_u64());
        self.position.set(last.unwrap_or(self.position.get()));
        self.position.get()
    }

    fn rows_after(&self, position: u64) -> Vec<Value> {
        let position = position.to_string();
        let args = ["history", "--service", SERVICE, "--after", &position, "--limit", "1000", "--output", "json"];
        let (_, out, _) = self.world.admin(&args);
        let page: Value = serde_json::from_str(&out).unwrap_or_default();
        page["rows"].as_array().cloned().unwrap_or_default()
    }

    /// Waits until nothing is open, nothing is being verified, the zone is read, and all agree where the service is.
    fn settle(&self, name: &str, outcome: &impl Fn() -> Outcome) {
        until(&format!("{name}: it settles"), PATIENCE, || {
            let service = self.world.service();
            let held = self.world.auth.snapshot();
            let whole = held.whole().unwrap_or_else(|why| panic!("{name}: {why}"));
            let agrees = service["summary"]["active"] == whole.name() && service["fence"]["epoch"] == held.order().0;
            let calm = service["open"].is_null() && service["summary"]["state"] != "verifying";
            let known = service["standing"] == "held" && service["summary"]["hold"].is_null();
            // What is shown may be of before the order.
            if agrees && calm && known && outcome().is_over() {
                Ok(())
            } else {
                Err((service["summary"].clone(), service["open"].clone(), held))
            }
        });
    }

    fn held(&self) -> Region {
        self.world.auth.snapshot().whole().expect("whole")
    }

    fn epoch(&self) -> u64 {
        self.world.auth.snapshot().order().0
    }
}

fn other(region: Region) -> Region {
    match region {
        Region::Prod => Region::Dr,
        Region::Dr => Region::Prod,
    }
}

/// What ends a decision.
const ENDS: [&str; 6] = ["applied", "expired", "conflicted", "denied", "unreachable", "burned"];

impl Outcome {
    fn tells(&self, kind: &str) -> bool {
        self.rows.iter().any(|row| row["kind"] == kind)
    }

    fn count(&self, kind: &str) -> u64 {
        u64::try_from(self.rows.iter().filter(|row| row["kind"] == kind).count()).expect("a few")
    }

    fn says(&self, words: &str) -> bool {
        self.rows.iter().any(|row| row["summary"].as_str().is_some_and(|summary| summary.contains(words)))
    }

    fn tells_an_end(&self) -> bool {
        ENDS.iter().any(|kind| self.tells(kind))
    }

    /// Something took longer than it may.
    fn is_slow(&self) -> bool {
        ["timed out", "nothing within", "in time", "too old"].iter().any(|words| self.says(words))
    }

    /// A move that was verified, or that has ended before.
    fn is_over(&self) -> bool {
        ["verified", "unverified", "expired", "conflicted", "denied", "unreachable", "burned"]
            .iter()
            .any(|kind| self.tells(kind))
    }

    /// Every step went as without a fault: it was overcome below.
    fn is_unnoticed(&self) -> bool {
        let usual = ["decided", "permitted", "applied", "verified", "drained", "stateChanged", "readableAgain"];
        self.rows.iter().all(|row| usual.iter().any(|kind| row["kind"] == *kind))
    }

    fn ends_every_decision(&self, name: &str) {
        for decided in self.rows.iter().filter(|row| row["kind"] == "decided") {
            let is_end =
                |row: &&Value| row["decision"] == decided["decision"] && ENDS.iter().any(|kind| row["kind"] == *kind);
            assert!(self.rows.iter().any(|row| is_end(&row)), "{name}: {decided} has no end: {:#?}", self.rows);
        }
    }
}
