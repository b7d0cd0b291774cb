//! The drawn diagram and the machine are one: every drawn transition is taken, every taken one is drawn.

use std::collections::BTreeSet;

use super::exploration::all_transitions;
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

#[test]
fn the_diagram_and_the_machine_are_one() {
    let (drawn, taken) = (drawn(), all_transitions());
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
