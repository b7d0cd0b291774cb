//! The store's file is no store, or not a whole one.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tests::command::run;
use tests::{Kind, PATIENCE, Plan, Region, World};

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
    tests::until("a good file is taken", PATIENCE, || {
        if world.served_whole() == Region::Dr { Ok(()) } else { Err(world.service()["summary"].clone()) }
    });
}
