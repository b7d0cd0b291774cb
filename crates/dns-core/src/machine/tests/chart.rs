//! The drawn diagram, the table of transitions and the machine are one: what is drawn is taken, what is taken is drawn
//! and stands in the table. `UPDATE_GOLDEN=1` writes the table anew; look at the difference.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::exploration::all_transitions;
use super::world::Transition;
use crate::machine::State;

type Edge = (State, State);

/// The text diagram of the module's documentation.
fn diagram() -> Vec<&'static str> {
    let lines = include_str!("../../machine.rs").lines().map(|line| line.trim_start_matches("//!").trim());
    let body = lines.skip_while(|line| *line != "stateDiagram-v2").skip(1);
    body.take_while(|line| *line != "```").collect()
}

fn state(word: &str) -> State {
    let known = State::ALL.into_iter().find(|state| format!("{state:?}") == word);
    known.unwrap_or_else(|| panic!("the diagram names `{word}`, which is no state"))
}

/// The states inside a composite one.
fn members(lines: &[&str], composite: &str) -> BTreeSet<State> {
    let opening = format!("state {composite} {{");
    let inside = lines.iter().skip_while(|line| **line != opening).skip(1).take_while(|line| **line != "}");
    inside.filter_map(|line| line.split_once(" --> ")).map(|(from, _)| state(from)).collect()
}

fn drawn() -> BTreeSet<Edge> {
    let lines = diagram();
    let resting = members(&lines, "Resting");
    assert_eq!(resting.len(), 6, "{resting:?}");
    let expand = |word: &str| if word == "Resting" { resting.clone() } else { BTreeSet::from([state(word)]) };
    let mut edges = BTreeSet::new();
    for line in lines.iter().filter(|line| !line.starts_with("[*]")) {
        let Some((from, rest)) = line.split_once(" --> ") else { continue };
        let to = rest.split(" : ").next().expect("split gives at least one part");
        for from in expand(from) {
            for to in expand(to) {
                assert!(edges.insert((from, to)), "{from:?} --> {to:?} is drawn twice");
            }
        }
    }
    edges
}

/// The page with the diagram and the table.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/state-machine.md");
const TABLE_BEGINS: &str = "<!-- transitions -->\n";
const TABLE_ENDS: &str = "<!-- end of transitions -->";

/// The table as it should be: a row for each state and event, with the states that it leads to.
fn table(taken: &BTreeSet<Transition>) -> String {
    // In the order in which the states are declared to readers, not in that of the generated enum.
    let rank = |state: &State| State::ALL.iter().position(|one| one == state);
    let mut rows: BTreeMap<_, BTreeMap<_, &str>> = BTreeMap::new();
    for Transition { from, event, to } in taken {
        rows.entry((rank(from), from.as_str(), *event)).or_default().insert(rank(to), to.as_str());
    }
    let rows = rows.iter().map(|((_, from, event), to)| {
        let to: Vec<&str> = to.values().copied().collect();
        format!("| {from} | {event} | {} |\n", to.join(", "))
    });
    format!("| in state | event | leads to |\n|---|---|---|\n{}", rows.collect::<String>())
}

#[test]
fn the_table_and_the_machine_are_one() {
    let taken = table(all_transitions());
    let page = std::fs::read_to_string(PAGE).expect("the page is there");
    let (before, rest) = page.split_once(TABLE_BEGINS).expect("the page marks where the table begins");
    let (written, after) = rest.split_once(TABLE_ENDS).expect("the page marks where the table ends");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let page = format!("{before}{TABLE_BEGINS}{taken}{TABLE_ENDS}{after}");
        std::fs::write(Path::new(PAGE), page).expect("the page can be written");
        return;
    }
    assert_eq!(written, taken, "UPDATE_GOLDEN=1 writes the table of {PAGE} anew");
}

#[test]
fn the_page_draws_the_same_diagram() {
    let page = std::fs::read_to_string(PAGE).expect("the page is there");
    let drawn: Vec<&str> = page.lines().skip_while(|line| *line != "stateDiagram-v2").skip(1).collect();
    let drawn: Vec<&str> = drawn.into_iter().take_while(|line| *line != "```").map(str::trim).collect();
    assert_eq!(drawn, diagram());
}

#[test]
fn the_diagram_and_the_machine_are_one() {
    let drawn = drawn();
    let taken: BTreeSet<Edge> = all_transitions().iter().map(|Transition { from, to, .. }| (*from, *to)).collect();
    let undrawn: Vec<&Edge> = taken.difference(&drawn).collect();
    let untaken: Vec<&Edge> = drawn.difference(&taken).collect();
    assert!(undrawn.is_empty(), "taken but not drawn: {undrawn:?}");
    assert!(untaken.is_empty(), "drawn but never taken: {untaken:?}");
}

#[test]
fn the_diagram_begins_where_the_machine_does() {
    let initial = format!("[*] --> {:?}", crate::machine::Machine::new().state());
    assert!(diagram().contains(&initial.as_str()));
}

#[test]
fn every_state_is_drawn_and_named() {
    let drawn: BTreeSet<State> = drawn().into_iter().flat_map(|(from, to)| [from, to]).collect();
    assert_eq!(drawn, State::ALL.into());
    let names: BTreeSet<&str> = State::ALL.into_iter().map(State::as_str).collect();
    assert_eq!(names.len(), State::ALL.len());
}
