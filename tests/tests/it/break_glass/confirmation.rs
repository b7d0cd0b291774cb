//! What a person is asked before anything is written, on a real terminal, and what becomes of each answer.

use std::path::{Path, PathBuf};

use tests::daemon::{admin, our_program};
use tests::world::SERVICE;
use tests::{Kind, Plan, Region, World};

use super::terminal::Terminal;
use super::{arguments, read, record_in};

/// What the question ends with.
const QUESTION: &str = "Type `checkout` to write this, anything else to stop: ";

/// The end of input, as typed on an empty line (termios VEOF).
const CTRL_D: &str = "\x04";

/// A world without its controller, and where a move's record goes.
fn glass() -> (World, PathBuf) {
    let mut world = World::start(&Plan::on(Kind::Knot));
    world.controller.process().kill9();
    let record = record_in(&world, "record.json");
    (world, record)
}

/// A move to dr that has come to its question.
fn asked(world: &World, record: &Path) -> Terminal {
    let terminal = Terminal::start(&our_program("dns-admin"), arguments(&world.config, Region::Dr, record, &[]));
    terminal.until_shows(QUESTION);
    terminal
}

#[test]
fn question_names_the_move_each_place_and_every_change_and_the_services_name_moves() {
    let (world, record) = glass();
    let (epoch, rev) = (world.fence_number("epoch"), world.fence_number("rev"));
    let mut terminal = asked(&world, &record);
    let shown = terminal.screen();
    let fence = format!("fence epoch {}, rev {}, active in dr, pinned by ada", epoch + 1, rev + 1);
    let expected = [
        "move checkout to dr, by ada: prod is under water",
        "example.test. at main:",
        "prod's records",
        "api.example.test. 60 A 192.0.2.10",
        "api.example.test. 60 A 198.51.100.10",
        "*.wild.example.test. 60 A 198.51.100.10",
        "www.example.test. 60 CNAME lb-dr.example.net.",
        &fence,
    ];
    for words in expected {
        assert!(shown.contains(words), "`{words}` is not in {shown}");
    }
    assert_eq!((world.served_whole(), record.exists()), (Region::Prod, false), "nothing is written before the answer");

    terminal.type_in(&format!("{SERVICE}\n"));
    let (code, shown) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("checkout to dr: done"), "{shown}");
    assert_eq!((world.served_whole(), world.fence_number("epoch")), (Region::Dr, epoch + 1));
    assert_eq!(read(&record)["outcome"], "done");
}

#[test]
fn any_other_answer_writes_nothing_and_counts_as_refused() {
    let (world, record) = glass();
    let fence = world.fence();
    for answer in ["y\n", "yes\n", "\n", "Checkout\n", "checkout dr\n", CTRL_D] {
        let mut terminal = asked(&world, &record);
        terminal.type_in(answer);
        let (code, shown) = terminal.end();
        assert_eq!(code, 3, "{answer:?}: {shown}");
        assert!(shown.contains("not confirmed; nothing was written"), "{answer:?}: {shown}");
        assert_eq!((world.fence(), world.served_whole()), (fence.clone(), Region::Prod), "{answer:?}");
        assert!(!record.exists(), "{answer:?}: nothing was done, nothing is recorded");
    }
}

#[test]
fn without_a_terminal_and_without_yes_it_does_not_begin_and_says_what_to_do() {
    let (world, record) = glass();
    let fence = world.fence();
    let arguments = arguments(&world.config, Region::Dr, &record, &[]);
    let (code, out, err) = admin(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code, 2, "{out}{err}");
    assert!(err.contains("no terminal to ask on") && err.contains("--yes"), "{err}");
    assert!(out.is_empty() && !err.contains("probing"), "it has not begun: {out}{err}");
    assert_eq!((world.fence(), record.exists()), (fence, false));
}
