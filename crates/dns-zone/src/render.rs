//! Plans as people read them: as lines that a terminal may colour, and as Markdown for a pull request.

mod markdown;
mod totals;

use std::collections::BTreeMap;

pub use self::markdown::markdown;
pub use self::totals::Totals;
use crate::change::text::data_text;
use crate::change::{Kind, SetChange};
use crate::left_alone::LeftAlone;
use crate::plan::Plan;
use crate::record_set::RecordSet;

/// What a line is, for whoever gives it a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// What the following lines are about.
    Head,
    /// A record that comes.
    Add,
    /// A record that goes.
    Remove,
    /// A set that changes; its records follow.
    Change,
    /// Something to know.
    Note,
    /// Something that stops the plan.
    Stop,
}

impl Mark {
    /// How a line begins where there is no colour.
    pub fn sign(self) -> char {
        match self {
            Self::Head | Self::Note => ' ',
            Self::Add => '+',
            Self::Remove => '-',
            Self::Change => '~',
            Self::Stop => '!',
        }
    }
}

/// One line of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub mark: Mark,
    /// What it says, without its sign.
    pub text: String,
}

/// The plan line by line: its steps in order, what it leaves alone, and what stops it.
pub fn lines(plan: &Plan) -> Vec<Line> {
    let mut lines = vec![line(Mark::Head, format!("{} at `{}`: {}", plan.zone, plan.target, summary(plan)))];
    lines.extend(plan.steps.iter().flat_map(|step| &step.changes).flat_map(change_lines));
    lines.extend(plan.adjusted.iter().map(|one| {
        line(Mark::Note, format!("{}: its TTL of {} s becomes {} s at the target", one.key, one.ttl, one.becomes))
    }));
    let mut left: BTreeMap<String, Vec<&LeftAlone>> = BTreeMap::new();
    for one in &plan.left_alone {
        left.entry(one.why.to_string()).or_default().push(one);
    }
    lines.extend(left.into_values().flatten().map(|one| line(Mark::Note, one.to_string())));
    lines.extend(plan.stopped_by(&[].into()).into_iter().map(|why| line(Mark::Stop, why)));
    lines
}

/// A line of a text. Markers, manifests and what providers say are texts of others: none of them ends a line or moves a cursor.
pub fn line(mark: Mark, text: String) -> Line {
    if !text.contains(char::is_control) {
        return Line { mark, text };
    }
    let shown = |one: char| if one.is_control() { one.escape_default().to_string() } else { one.to_string() };
    Line { mark, text: text.chars().map(shown).collect() }
}

fn summary(plan: &Plan) -> String {
    if plan.steps.is_empty() {
        return "nothing to do".to_owned();
    }
    let tally = plan.tally;
    format!("{} to create, {} to update, {} to delete", tally.creates, tally.updates, tally.deletes)
}

/// A set's records that go, then those that come; of one that changes, only those that differ, unless its TTL does.
pub fn change_lines(change: &SetChange) -> Vec<Line> {
    let SetChange { key, before, after } = change;
    let same_ttl = before.as_ref().map(RecordSet::ttl) == after.as_ref().map(RecordSet::ttl);
    let records = |mark, set: &Option<RecordSet>, other: &Option<RecordSet>| -> Vec<Line> {
        let Some(set) = set else { return Vec::new() };
        let stays = |value| same_ttl && other.as_ref().is_some_and(|other| other.values().contains(value));
        let values = set.values().iter().filter(|value| !stays(value));
        let text = |value| format!("{} {} {} {}", key.owner, set.ttl(), key.rtype, data_text(key.rtype, value));
        values.map(|value| line(mark, text(value))).collect()
    };
    let head = (change.kind() == Kind::Update).then(|| line(Mark::Change, key.to_string()));
    let gone = records(Mark::Remove, before, after);
    head.into_iter().chain(gone).chain(records(Mark::Add, after, before)).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dns_core::time::Timestamp;

    use super::*;
    use crate::fixture::{ttl, zone};
    use crate::{Limits, MarkerForms, Protected, Settings, TargetTraits, TtlPolicy, plan};

    fn made(source: &[&str], target: &[&str]) -> Plan {
        let settings = Settings {
            target: "main".parse().expect("a name"),
            traits: TargetTraits { ttl_secs: 300..=600, ..TargetTraits::default() },
            ttl_policy: TtlPolicy::Adjust,
            limits: Limits::default(),
            protected: Protected::default(),
            install: "acme".parse().expect("a name"),
            markers: MarkerForms::default(),
            not_plain: std::collections::BTreeMap::new(),
            serial_stays: None,
            source_sets_known: None,
            made: Timestamp::from_secs(1_000),
            valid_for: Duration::from_mins(10),
        };
        plan(&zone(source), &zone(target), &settings)
    }

    fn shown(plan: &Plan) -> Vec<String> {
        lines(plan).iter().map(|line| format!("{} {}", line.mark.sign(), line.text)).collect()
    }

    #[test]
    fn shows_what_comes_what_goes_and_what_stays() {
        let plan = made(&["@ NS a", "new A 1", "www A 1 2"], &["@ NS b", "old A 9", "www A 2 3"]);
        let expected = [
            "  example.test. at `main`: 1 to create, 1 to update, 1 to delete",
            "+ new.example.test. 300 A 192.0.2.1",
            "~ www.example.test. A",
            "- www.example.test. 300 A 192.0.2.3",
            "+ www.example.test. 300 A 192.0.2.1",
            "- old.example.test. 300 A 192.0.2.9",
            "  example.test. NS is left alone: protected at the apex",
        ];
        assert_eq!(shown(&plan), expected);
    }

    #[test]
    fn all_records_are_shown_where_the_ttl_changes() {
        let mut change = crate::difference(&zone(&["www A 1"]), &zone(&["www A 1 2"])).remove(0);
        change.after = change.after.map(|set| set.with_ttl(ttl(60)));
        let marks: Vec<Mark> = change_lines(&change).iter().map(|line| line.mark).collect();
        assert_eq!(marks, [Mark::Change, Mark::Remove, Mark::Add, Mark::Add]);
    }

    #[test]
    fn an_empty_plan_says_so_and_a_stopped_one_why() {
        assert_eq!(shown(&made(&["a A 1"], &["a A 1"])), ["  example.test. at `main`: nothing to do"]);
        let stopped = shown(&made(&[], &["a A 1"]));
        assert_eq!(
            stopped.last().map(String::as_str),
            Some("! the source of example.test. is empty; that is never synchronised")
        );
    }

    #[test]
    fn what_others_say_ends_no_line() {
        assert_eq!(line(Mark::Note, "a\n+ forged \u{1b}[2K".to_owned()).text, "a\\n+ forged \\u{1b}[2K");
    }
}
