//! The store's file is no store, or not a whole one.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tests::command::run;
use tests::{Kind, PATIENCE, Plan, Region, World, until};

use super::{tellings, until_moved_once, until_over, until_told, until_tried};
use crate::crash::aftermath::Before;

/// How SQLite lays out the files of the world: its own default.
const PAGE_BYTES: u64 = 4096;

/// A controller may take this long to end in order.
const DRAIN: Duration = Duration::from_secs(15);

/// A fault, how it is made, and what everyone is told.
type Fault = (&'static str, fn(&Path), &'static str);

const FAULTS: [Fault; 5] = [
    ("garbage in place of the header", garble_header, "file is not a database"),
    ("somebody else's notes", write_notes, "file is not a database"),
    ("half of the file", truncate, "malformed"),
    ("a newer schema", make_newer, "schema 999 is newer"),
    ("a folder of that name", make_folder, "names no file"),
];

fn garble_header(store: &Path) {
    overwrite(store, 0, 100);
}

fn write_notes(store: &Path) {
    fs::write(store, "somebody else's notes, and no database at all\n".repeat(40)).expect("writes");
}

fn truncate(store: &Path) {
    let file = File::options().write(true).open(store).expect("opens");
    let length = file.metadata().expect("exists").len();
    file.set_len(length / PAGE_BYTES / 2 * PAGE_BYTES).expect("truncates");
}

fn make_newer(store: &Path) {
    sqlite(
        store,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (999, 'from the future', TRUE, x'00', 0)",
    );
}

fn make_folder(store: &Path) {
    fs::remove_file(store).expect("removes");
    fs::create_dir(store).expect("makes a folder");
}

fn overwrite(store: &Path, at: u64, length: usize) {
    let file = File::options().write(true).open(store).expect("opens");
    file.write_all_at(&vec![0xa5; length], at).expect("writes");
}

fn sqlite(store: &Path, sql: &str) -> String {
    run("sqlite3", [store.display().to_string().as_str(), sql], "").expect("sqlite3").trim().to_owned()
}

/// Ends the controller in order, so that the file alone is the whole store.
fn end(world: &mut World) {
    world.controller.process().terminate();
    world.controller.process().wait(DRAIN);
}

/// Puts a good file in the place of whatever is there.
fn put(good: &Path, store: &Path) {
    if store.is_dir() {
        fs::remove_dir(store).expect("removes the folder");
    }
    for ending in ["-wal", "-shm"] {
        let beside = PathBuf::from(format!("{}{ending}", store.display()));
        if beside.exists() {
            fs::remove_file(beside).expect("removes the log");
        }
    }
    fs::copy(good, store).expect("copies");
}

#[test]
fn a_file_that_is_no_store_is_told_and_left_alone_and_a_good_one_is_taken() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (before, watch) = (Before::of(&world), world.watch());
    end(&mut world);
    let (store, good) = (world.store(), world.sandbox.path().join("good.db"));
    fs::copy(&store, &good).expect("copies");
    world.prod.process().kill9();
    for (number, (fault, make, words)) in FAULTS.into_iter().enumerate() {
        put(&good, &store);
        make(&store);
        let made = fs::read(&store).ok();
        world.controller.spawn_with_failpoints(None);
        until_told(&world, words);
        until_tried(&world, 10);
        assert_eq!(fs::read(&store).ok(), made, "{fault}: it is left as it is");
        assert_eq!(world.served_whole(), Region::Prod, "{fault}: nothing is decided");
        assert_eq!(tellings(&world), number + 1, "{fault}: told once, not with each try");
        world.controller.process().kill9();
    }
    put(&good, &store);
    world.controller.spawn_with_failpoints(None);
    until_over(&mut world);
    until_moved_once(&world, before, watch);
}

/// What the words say to do, done: the file is moved away, and the state is rebuilt from the zone.
#[test]
fn a_file_that_was_moved_away_is_made_anew_and_the_service_waits_paused() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (fence, watch) = (world.fence(), world.watch());
    end(&mut world);
    garble_header(&world.store());
    world.controller.spawn_with_failpoints(None);
    until_told(&world, "move the file and its -wal and -shm away");
    fs::rename(world.store(), world.sandbox.path().join("kept.db")).expect("moves");
    until_over(&mut world);
    is_rebuilt_and_paused(&mut world, &fence);
    assert_eq!(watch.end(), [Region::Prod]);
}

#[test]
fn an_empty_file_is_a_new_store_and_the_service_waits_paused() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (fence, watch) = (world.fence(), world.watch());
    end(&mut world);
    fs::write(world.store(), "").expect("writes");
    world.controller.spawn_with_failpoints(None);
    until_over(&mut world);
    is_rebuilt_and_paused(&mut world, &fence);
    assert_eq!(watch.end(), [Region::Prod]);
}

/// Waits until it is told that the file is another. It is told for two seconds at least, and looked for all the time.
fn until_told_of_another_file(world: &World) {
    until("/readyz says that the store file was replaced", PATIENCE, || {
        let answer = world.controller.get("/readyz").map_err(|error| (0, error))?;
        let says = answer.status == 503 && answer.body.contains("was replaced while open");
        if says { Ok(()) } else { Err((answer.status, answer.body)) }
    });
    until("the log says it", PATIENCE, || if tellings(world) == 1 { Ok(()) } else { Err(world.controller.log()) });
}

/// An open file outlives its name: nothing must go on as if it were still the store.
#[test]
fn a_store_that_is_removed_while_open_is_told_and_made_anew() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (fence, watch) = (world.fence(), world.watch());
    fs::remove_file(world.store()).expect("removes");
    until_told_of_another_file(&world);
    until_over(&mut world);
    assert!(world.store().exists());
    is_rebuilt_and_paused(&mut world, &fence);
    assert_eq!(watch.end(), [Region::Prod]);
}

/// A backup that is put in the place of a store in use, by `mv`.
#[test]
fn a_store_that_is_replaced_while_open_is_told_and_loaded_anew() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (before, watch) = (Before::of(&world), world.watch());
    let good = world.sandbox.path().join("good.db");
    sqlite(&world.store(), &format!(".backup {}", good.display()));
    fs::rename(&good, world.store()).expect("moves");
    until_told_of_another_file(&world);
    until_over(&mut world);
    world.until_state("steady on the preferred region");
    world.until_proven(Region::Dr);
    world.prod.process().kill9();
    until_moved_once(&world, before, watch);
}

/// `.restore` writes into the open file, so every service is set back, the quiet ones too, and only a commit meets it.
#[test]
fn a_backup_that_is_restored_under_a_running_controller_is_loaded_for_every_service() {
    let mut world = World::start(&Plan { observers: 3, ..Plan::on(Kind::Knot) });
    let (store, old) = (world.store(), world.sandbox.path().join("old.db"));
    sqlite(&store, &format!(".backup {}", old.display()));
    for verb in ["pause", "resume"] {
        let (code, out, err) = world.admin(&[verb, "--all", "--reason", "test"]);
        assert_eq!(code, 0, "{verb}: {out}{err}");
    }
    sqlite(&store, &format!(".restore {}", old.display()));
    let pause = |world: &World, service| world.admin(&["pause", service, "--reason", "test"]);
    let (code, out, err) = pause(&world, "observed-2");
    // It meets the older state, unless the engine has just met it by itself.
    assert!(code == 0 || err.contains("generation"), "{code} {out}{err}");
    let log = world.controller.log();
    assert_eq!(log.matches("every service is loaded anew").count(), 1, "one meets it, for all: {log}");
    until_over(&mut world);
    for service in ["observed-1", "observed-2", "observed-3", "checkout"] {
        let (code, out, err) = pause(&world, service);
        assert_eq!(code, 0, "{service}: {out}{err}");
    }
}

/// A newer program wrote it, and this one was started again: what it does not know is left out, and all else works.
#[test]
fn a_history_row_that_is_not_understood_is_a_note_and_keeps_nothing_from_working() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    sqlite(
        &world.store(),
        "INSERT INTO history (at, service, kind, summary, page, details) \
         VALUES (0, 'checkout', 'miracle', 'from the future', 0, '{}')",
    );
    let kinds = world.history_kinds();
    assert!(kinds.iter().any(|kind| kind == "applied"), "the others are told: {kinds:?}");
    world.until_status_says("rows of the history are left out");
    world.controller.until_ready();
    world.until_metric("failover_controller_page{service=\"checkout\"} 0");
    world.until_metric("failover_controller_store_up 1");
    world.until_proven(Region::Dr);
    world.prod.process().kill9();
    world.until_moved_whole(Region::Dr);
    world.until_history("verified");
    world.until_state("cooling down");
}

fn is_rebuilt_and_paused(world: &mut World, fence: &str) {
    world.until_state("paused");
    world.until_proven(Region::Dr);
    world.prod.process().kill9();
    let held = world.until_history("held");
    assert!(held["details"].to_string().contains("notPaused"), "{held}");
    assert_eq!(
        (world.served_whole(), world.fence().as_str()),
        (Region::Prod, fence),
        "a person says when to act again"
    );
}

/// The file opens, and a page in it cannot be read: whichever call meets it, everyone is told.
#[test]
fn damage_that_shows_only_while_running_is_told_and_nothing_moves() {
    let mut world = World::start(&Plan::on(Kind::Knot));
    let (fence, watch) = (world.fence(), world.watch());
    end(&mut world);
    let (store, good) = (world.store(), world.sandbox.path().join("good.db"));
    fs::copy(&store, &good).expect("copies");
    for (number, table) in ["outbox", "history"].into_iter().enumerate() {
        put(&good, &store);
        let page: u64 = sqlite(&store, &format!("SELECT rootpage FROM sqlite_schema WHERE name = '{table}'"))
            .parse()
            .expect("a page");
        overwrite(&store, (page - 1) * PAGE_BYTES, usize::try_from(PAGE_BYTES).expect("fits"));
        world.controller.spawn_with_failpoints(None);
        until_told(&world, "malformed");
        // The outbox is met in quiet times already: the executor looks into it.
        world.prod.process().kill9();
        world.until_seen(0, Region::Prod, "failing");
        world.until_seen(1, Region::Prod, "failing");
        assert_eq!((world.served_whole(), world.fence()), (Region::Prod, fence.clone()), "{table}");
        assert!(tellings(&world) > number, "{table}");
        assert!(world.controller.process().is_running(), "{table}");
        world.controller.process().kill9();
    }
    assert_eq!(watch.end(), [Region::Prod]);
    put(&good, &store);
    world.controller.spawn_with_failpoints(None);
    until("a good file is taken", PATIENCE, || {
        if world.served_whole() == Region::Dr { Ok(()) } else { Err(world.service()["summary"].clone()) }
    });
}
