//! Turns answers of the API into text. Nothing here writes, asks, or knows what time it is.

pub mod approval;
pub mod bulk;
pub mod coexistence;
pub mod decision;
pub mod drill;
pub mod evacuation;
pub mod explanation;
pub mod fence;
pub mod group;
pub mod history;
pub mod live;
pub mod moved_by_hand;
pub mod observation;
pub mod paint;
pub mod problem;
pub mod service;
pub mod span;
pub mod status;
pub mod table;
pub mod timeline;
pub mod wrap;

/// Lines to a text, each ended.
pub(crate) fn lines(lines: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(line.as_ref());
        text.push('\n');
    }
    text
}

/// How wide text may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// As wide as it likes: nobody wraps a file.
    Unbounded,
    /// A terminal's width.
    Columns(u16),
}
