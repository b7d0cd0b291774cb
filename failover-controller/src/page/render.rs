//! HTML of the page, as pure functions of what it shows. Everything that comes from outside is escaped: maud escapes
//! each value that is not [`maud::PreEscaped`], and only what was rendered here is that.
//!
//! A section changes only if something happened: ages are points in time that the browser counts from, so that a quiet
//! system sends nothing. Every state is a word and a sign, never a colour alone.

mod approvals;
mod evidence;
mod fence;
mod history;
mod masthead;
mod moment;
mod orders;
pub(crate) mod shell;
pub(crate) mod sign_in;
mod state;
mod steps;

use maud::Markup;

use super::section::{Part, SectionKey};
use super::view::{PageView, Pane};

pub(crate) use self::history::table as history_table;

/// Every section of every page.
pub(crate) fn sections(view: &PageView) -> Vec<(SectionKey, Markup)> {
    let mut sections = vec![
        (SectionKey::general(Part::Masthead), masthead::masthead(view)),
        (SectionKey::general(Part::Vantage), masthead::vantage_points(view)),
        (SectionKey::general(Part::History), history::newest(view)),
    ];
    for pane in &view.panes {
        sections.extend(Part::OF_SERVICE.map(|part| (SectionKey::of(pane.name(), part), of_service(view, pane, part))));
    }
    sections
}

fn of_service(view: &PageView, pane: &Pane, part: Part) -> Markup {
    let id = SectionKey::of(pane.name(), part).id();
    match part {
        Part::State => state::state(view, pane, &id),
        Part::Evidence => evidence::evidence(view, pane, &id),
        Part::Move => steps::newest_move(pane, &id),
        Part::Fence => fence::fence(view, pane, &id),
        Part::ServiceHistory => history::of_service(view, pane, &id),
        Part::Masthead | Part::Vantage | Part::History => Markup::default(),
    }
}

/// The sign of a state word. Signs differ in shape, for those who do not see the colours.
fn sign(word: &str) -> &'static str {
    match word {
        "healthy" | "sighted" | "done" | "served" | "proven" => "✓",
        "failing" | "failed" | "old" => "✕",
        "blind" => "⊘",
        "current" => "▶",
        "pending" => "·",
        "silent" => "∅",
        "notCovered" => "–",
        _ => "?",
    }
}

/// Text of which parts are quoted `as code`.
fn prose(text: &str) -> Markup {
    let is_quoted = text.matches('`').count().is_multiple_of(2);
    maud::html! {
        @if is_quoted {
            @for (index, piece) in text.split('`').enumerate() {
                @if index % 2 == 1 { code { (piece) } } @else { (piece) }
            }
        } @else { (text) }
    }
}

/// A state with its sign.
fn word(word: &str) -> Markup {
    let shown = if word == "notCovered" { "not covered" } else { word };
    maud::html! { span.word data-state=(word) { span.sign aria-hidden="true" { (sign(word)) } " " (shown) } }
}
