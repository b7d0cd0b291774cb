//! A move by hand with neither controller nor store: it works alone, controllers follow it and never undo it, and of two at
//! once one wins.

mod confirmation;
mod terminal;
mod two_places;

use std::path::{Path, PathBuf};

use serde_json::Value;
use tests::daemon::{admin, our_program};
use tests::world::{Host, SERVICE};
use tests::{Kind, PATIENCE, Plan, Program, Region, World, until};

use crate::every_server::on_every_server;

/// The arguments of a move that asks before it writes.
fn arguments(config: &Path, to: Region, record: &Path, more: &[&str]) -> Vec<String> {
    let (config, record) = (config.to_string_lossy(), record.to_string_lossy());
    let line = ["break-glass", SERVICE, "--to", to.name(), "--reason", "prod is under water", "--by", "ada"];
    let files = ["--config", &config, "--record", &record];
    line.iter().chain(&files).chain(more).map(|word| (*word).to_owned()).collect()
}

/// A move that asks nobody.
fn break_glass<H: Host>(world: &World<H>, to: Region, record: &Path, more: &[&str]) -> (i32, String, String) {
    let arguments = arguments(&world.config, to, record, &[&["--yes"], more].concat());
    admin(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

fn record_in<H: Host>(world: &World<H>, name: &str) -> PathBuf {
    world.sandbox.path().join(name)
}

fn read(record: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(record).expect("the record was written")).expect("JSON")
}

fn fence_show(world: &World) -> (i32, String) {
    let config = world.config.to_string_lossy().into_owned();
    let (code, out, err) = admin(&["fence", "show", SERVICE, "--config", &config]);
    (code, out + &err)
}

fn it_moves_alone_and_the_controller_follows_and_does_not_undo_it(kind: Kind) {
    let mut world = World::start(&Plan::on(kind));
    let (epoch, rev) = (world.fence_number("epoch"), world.fence_number("rev"));
    world.controller.process().kill9();
    let record = record_in(&world, "record.json");
    let (code, out, err) = break_glass(&world, Region::Dr, &record, &[]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("2 of 2 good runs in a row") && out.contains("served after"), "{out}");
    world.until_served(Region::Dr);
    assert_eq!((world.fence_number("epoch"), world.fence_number("rev")), (epoch + 1, rev + 1));
    assert_eq!((world.fence_value("by"), world.fence_value("active")), ("ada".to_owned(), "dr".to_owned()));
    assert!(world.fence_value("pin").starts_with("ada,prod%20is%20under"), "{}", world.fence());
    let told = read(&record);
    assert_eq!((&told["outcome"], &told["by"], &told["to"]), (&"done".into(), &"ada".into(), &"dr".into()), "{told}");
    assert_eq!(told["places"][0]["epoch"], epoch + 1, "{told}");

    let (code, out) = fence_show(&world);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("to dr by ada") && out.contains("by ada: prod is under water"), "{out}");

    world.controller.restart();
    world.until_history("followed");
    world.until_proven(Region::Prod);
    world.until_state("cooling down");
    assert_eq!(world.served_whole(), Region::Dr, "prod is proven and nobody goes back");
    assert_eq!(world.fence_number("epoch"), epoch + 1, "nothing was written over it");

    let file = record.to_string_lossy().into_owned();
    for words in ["now; nothing else was done", "already"] {
        let (code, out, err) = world.admin(&["history", "import", &file]);
        assert_eq!(code, 0, "{out}{err}");
        assert!(out.contains(words), "{out}");
    }
    let imported: Vec<Value> = world.history().into_iter().filter(|row| row["kind"] == "imported").collect();
    let [row] = imported.as_slice() else { panic!("one row tells of it: {imported:#?}") };
    assert_eq!((&row["decision"], &row["details"]["importedBy"]), (&told["plan"], &"oncall".into()), "{row}");
    assert!(row["summary"].as_str().unwrap_or_default().contains("by `ada`: prod is under water"), "{row}");

    let (code, out, err) = break_glass(&world, Region::Dr, &record_in(&world, "again.json"), &[]);
    assert_eq!(code, 3, "it is there already: {out}{err}");
    assert!(err.contains("already"), "{err}");
    assert!(!record_in(&world, "again.json").exists(), "nothing was done, nothing is recorded");
}

#[test]
fn of_two_at_once_the_one_with_the_stale_look_conflicts_and_writes_nothing() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    world.controller.process().kill9();
    let epoch = world.fence_number("epoch");
    let patient = std::fs::read_to_string(&world.config).expect("the configuration was written");
    // Ten runs a quarter of a second apart: the zones are read long before the probes are done.
    let patient = world.sandbox.write("patient.yaml", patient.replace("rise: 2", "rise: 10"));
    let late = record_in(&world, "late.json");
    let program = Program::at(our_program("dns-admin")).args(arguments(&patient, Region::Dr, &late, &["--yes"]));
    let mut slow = world.sandbox.start(program);
    until("the slow one has read the zones", PATIENCE, || {
        let said = slow.log();
        if said.contains("the zones are read") { Ok(()) } else { Err(said) }
    });
    let (code, out, err) = break_glass(&world, Region::Dr, &record_in(&world, "first.json"), &[]);
    assert_eq!(code, 0, "{out}{err}");
    let fence = world.fence();
    slow.wait(PATIENCE);
    let end = slow.exit_status().and_then(|status| status.code());
    assert_eq!(end, Some(1), "{}", slow.log());
    assert_eq!(world.fence(), fence, "the late one wrote nothing");
    assert_eq!(world.fence_number("epoch"), epoch + 1);
    assert_eq!(read(&late)["places"][0]["outcome"], "conflicted");
}

#[test]
fn what_speaks_against_it_is_named_and_nothing_is_written() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    world.controller.process().kill9();
    let fence = world.fence();
    let record = record_in(&world, "record.json");
    world.dr.process().kill9();
    let (code, out, err) = break_glass(&world, Region::Dr, &record, &[]);
    assert_eq!(code, 3, "{out}{err}");
    assert!(err.contains("targetProven") && err.contains("--override targetProven"), "{err}");
    world.auth.edit(&["update delete api.example.test. A", "update add api.example.test. 60 A 203.0.113.9"]);
    let (code, out, err) = break_glass(&world, Region::Dr, &record, &["--override", "targetProven"]);
    assert_eq!(code, 3, "{out}{err}");
    assert!(err.contains("--override noForeignChange") && err.contains("203.0.113.9"), "{err}");
    assert_eq!(world.fence(), fence, "nothing was written");
    assert!(!record.exists(), "nothing was done, nothing is recorded");

    let overrides = ["--override", "targetProven", "--override", "noForeignChange"];
    let (code, out, err) = break_glass(&world, Region::Dr, &record, &overrides);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(world.served_whole(), Region::Dr);
    let (code, _, err) = break_glass(&world, Region::Prod, &record, &[]);
    assert_eq!(code, 1, "an existing record is never overwritten: {err}");
    assert!(err.contains("nothing was written") && err.contains("--record"), "{err}");
    assert_eq!(world.served_whole(), Region::Dr);

    world.auth.primary().kill9();
    let (code, out, err) = break_glass(&world, Region::Prod, &record_in(&world, "other.json"), &[]);
    assert_eq!(code, 5, "{out}{err}");
    let (code, out) = fence_show(&world);
    assert_eq!(code, 5, "{out}");
}

on_every_server!(it_moves_alone_and_the_controller_follows_and_does_not_undo_it);
