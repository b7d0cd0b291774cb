//! Runs that end in the middle: killed, or told to stop. What they have written is undone exactly, or they go on.

use std::sync::Arc;

use tests::daemon::our_program;

use tests::route53::{Fake, Fault, Gate, Kind, Operation, RecordSet, Setup};
use tests::world::HostedZone;
use tests::{PATIENCE, Process, Program, Sandbox, until};

use super::{Rig, SOURCE, done};

/// What may be changed of the small zone that the target begins with.
const FORCED: [&str; 3] = ["deletes", "deletesShare", "updatesShare"];

/// A target to which the source goes in more than five batches.
struct Slow {
    rig: Rig,
    fake: Arc<Fake>,
    id: String,
}

impl Slow {
    fn start() -> Self {
        let sandbox = Sandbox::new();
        let zone = HostedZone::start(&sandbox, Setup::default());
        let (fake, id) = (Arc::clone(&zone.fake), zone.id.clone());
        let rig = Rig::with(sandbox, Box::new(zone));
        // 32,000 characters fit into a batch.
        let long = format!("\"{}\" ", "x".repeat(250)).repeat(14);
        let many: Vec<String> = (0..50).map(|one| format!("t{one} TXT {long}\n")).collect();
        rig.write_source(&format!("{SOURCE}{}", many.concat()));
        done(&rig.plan());
        Self { rig, fake, id }
    }

    /// All records, however they are ordered.
    fn records(&self) -> Vec<RecordSet> {
        self.fake.records(&self.id)
    }

    /// Something happens to the batch after so many.
    fn strike_after(&self, skip: usize, kind: Kind) {
        self.fake.inject(Fault { operation: Operation::ChangeResourceRecordSets, skip, times: 1, kind });
    }

    fn batches(&self) -> usize {
        self.fake.batches().len()
    }

    /// Begins to apply the plan.
    fn begin(&self) -> Process {
        let forced = FORCED.iter().flat_map(|limit| ["--force", limit]);
        let config = self.rig.config.display().to_string();
        let program = Program::at(our_program("dns-sync")).args(["--config", &config, "apply", &self.rig.plan_file()]);
        let environment = self.rig.host.environment();
        let program =
            environment.into_iter().fold(program.args(forced), |program, (name, value)| program.env(name, value));
        self.rig.sandbox.start(program)
    }

    /// Applies the plan, and kills the run while it waits for the answer to the third batch.
    fn killed_after_the_third_batch(&self) {
        let gate = Gate::default();
        self.strike_after(2, Kind::Gate(gate.clone()));
        let mut run = self.begin();
        gate.await_calls(1);
        run.kill9();
        gate.open();
        until(
            "the third batch is written",
            PATIENCE,
            || if self.batches() == 3 { Ok(()) } else { Err(self.batches()) },
        );
    }
}

#[test]
fn what_a_killed_run_has_written_is_undone_exactly() {
    let slow = Slow::start();
    let before = slow.records();
    slow.killed_after_the_third_batch();
    assert_ne!(slow.records(), before);
    // Whether or not the source is what it was.
    slow.rig.write_source(SOURCE);
    done(&slow.rig.run(&["rollback", "--yes"]));
    assert_eq!(slow.records(), before);
}

#[test]
fn a_run_that_was_killed_goes_on_and_is_undone_whole() {
    let slow = Slow::start();
    let before = slow.records();
    slow.killed_after_the_third_batch();
    done(&slow.rig.apply(&FORCED));
    assert!(done(&slow.rig.plan()).contains("nothing to do"));
    done(&slow.rig.run(&["rollback", "--yes"]));
    assert_eq!(slow.records(), before);
}

#[test]
fn who_tells_a_run_to_stop_is_told_how_to_go_on() {
    let slow = Slow::start();
    let before = slow.records();
    let gate = Gate::default();
    slow.strike_after(1, Kind::Gate(gate.clone()));
    let mut run = slow.begin();
    gate.await_calls(1);
    run.terminate();
    until("it has heard", PATIENCE, || if run.log().contains("stopping;") { Ok(()) } else { Err(run.log()) });
    gate.open();
    assert_eq!(run.wait(PATIENCE).code(), Some(1), "{}", run.log());
    assert_eq!(slow.batches(), 2, "what was under way was sent to its end, and nothing more");
    let told = run.log();
    assert!(told.contains("`apply` the same plan again goes on, `rollback` undoes what was written"), "{told}");
    done(&slow.rig.run(&["rollback", "--yes"]));
    assert_eq!(slow.records(), before);
}
