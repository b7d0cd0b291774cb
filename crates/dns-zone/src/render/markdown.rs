//! The plans of a run for a pull request. Forges cut comments, or refuse them (GitHub at 65,536 characters), so that the whole
//! is bounded: what is stopped comes first, then what changes, and zones with nothing to do are only counted.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::totals::{Standing, Totals};
use super::{Line, Mark, lines, summary};
use crate::limit::Exceeded;
use crate::plan::Plan;

/// How long the whole may become: room for what a bot writes around it.
const OCTETS_MAX: usize = 60_000;

/// The shortest room that a plan is begun in.
const SECTION_OCTETS_MIN: usize = 2_000;

/// Lines of one plan: nobody reads more in a comment.
const LINES_MAX: usize = 400;

/// Stops of one plan.
const STOPS_MAX: usize = 10;

/// What is shown of a line, in characters: a TXT set may have tens of thousands.
const LINE_CHARACTERS_MAX: usize = 300;

/// Plans as Markdown, with what all of them together exceed.
pub fn markdown(plans: &[Plan], across: &[Exceeded]) -> String {
    let mut text = String::new();
    if plans.len() > 1 {
        write!(text, "{}\n\n", Totals::of(plans)).expect("invariant: a String takes all");
    }
    for one in across {
        text.extend(["- **stopped** all zones: ", &cut(&one.to_string()), "\n\n"]);
    }
    let is_shown = |plan: &&Plan| plans.len() == 1 || Standing::of(plan) != Standing::Quiet;
    let mut shown: Vec<&Plan> = plans.iter().filter(is_shown).collect();
    shown.sort_by_key(|plan| Standing::of(plan));
    let mut left_out = 0;
    for plan in shown {
        match OCTETS_MAX.checked_sub(text.len()).filter(|room| *room >= SECTION_OCTETS_MIN + MORE_OCTETS) {
            Some(room) => text.push_str(&section(plan, room - MORE_OCTETS)),
            None => left_out += 1,
        }
    }
    if left_out > 0 {
        writeln!(text, "… and {left_out} more plans").expect("invariant: a String takes all");
    }
    text
}

/// What a line that counts what is left out may take.
const MORE_OCTETS: usize = 60;

/// A plan, in no more than so many octets, of which [`SECTION_OCTETS_MIN`] are always enough for its head.
fn section(plan: &Plan, octets_max: usize) -> String {
    let mut text = format!("### `{}` at `{}`\n\n{}\n\n", plan.zone, plan.target, summary(plan));
    let (stops, shown): (Vec<Line>, Vec<Line>) =
        lines(plan).into_iter().filter(|line| line.mark != Mark::Head).partition(|line| line.mark == Mark::Stop);
    let stops = stops.iter().map(|line| format!("- **stopped** {}\n", cut(&line.text))).collect();
    put(&mut text, stops, STOPS_MAX, octets_max, "- … and");
    let shown: Vec<String> = shown.iter().map(diff_line).collect();
    let fence = fence(&shown);
    // The block around the lines, and its last line.
    let around = 2 * fence.len() + "\ndiff\n\n\n".len();
    if shown.is_empty() || text.len() + around + MORE_OCTETS > octets_max {
        text.push('\n');
        return text;
    }
    text.extend(["\n", &fence, "diff\n"]);
    put(&mut text, shown, LINES_MAX, octets_max - fence.len() - "\n\n".len(), "  … and");
    text.extend([&fence, "\n\n"]);
    text
}

/// As many as fit, and how many more there are.
fn put(text: &mut String, all: Vec<String>, count_max: usize, octets_max: usize, more: &str) {
    let count = all.len();
    let mut put = 0;
    for line in all.into_iter().take(count_max) {
        if text.len() + line.len() + MORE_OCTETS > octets_max {
            break;
        }
        text.push_str(&line);
        put += 1;
    }
    if put < count {
        writeln!(text, "{more} {} more lines", count - put).expect("invariant: a String takes all");
    }
}

/// Forges colour `!` as what changes.
fn diff_line(line: &Line) -> String {
    let sign = if line.mark == Mark::Change { '!' } else { line.mark.sign() };
    format!("{sign} {}\n", cut(&line.text))
}

fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LINE_CHARACTERS_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Longer than any run of backticks within, so that no record ends the block.
fn fence(lines: &[String]) -> String {
    let longest = lines.iter().flat_map(|line| line.split(|one| one != '`')).map(str::len).max();
    "`".repeat(longest.unwrap_or(0).max(2) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{settings, zone};
    use crate::limit::{Limits, Scope};
    use crate::plan::plan;

    fn made(source: &[&str], target: &[&str]) -> Plan {
        plan(&zone(source), &zone(target), &settings())
    }

    fn named(number: usize, plan: &Plan) -> Plan {
        let mut plan = plan.clone();
        plan.zone = format!("z{number}.test.").parse().expect("a name");
        plan
    }

    #[test]
    fn one_plan_is_shown_with_all_that_it_does() {
        let text = markdown(&[made(&["a A 1", "b A 1"], &["a A 1"])], &[]);
        let expected = "### `example.test.` at `main`\n\n1 to create, 0 to update, 0 to delete\n\n\n\
             ```diff\n+ b.example.test. 300 A 192.0.2.1\n```\n\n";
        assert_eq!(text, expected);
        let hostile = "x ```` y".to_owned();
        assert_eq!(fence(&[hostile]), "`````");
    }

    #[test]
    fn the_whole_stays_below_what_forges_take() {
        let lines: Vec<String> = (0..900).map(|number| format!("n{number} A 1")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let (equal, changes) = (made(&["a A 1"], &["a A 1"]), made(&lines, &["n0 A 1"]));
        let backticks = made(&["n0 A 1", &format!("t TXT {}", "`".repeat(250))], &["n0 A 1"]);
        let plans: Vec<Plan> = (0..3_000).map(|number| named(number, &equal)).collect();
        let text = markdown(&plans, &[]);
        assert_eq!(text.trim_end(), "3000 zones: 0 to change, 3000 unchanged; 0 creates, 0 updates, 0 deletes");
        for one in [&changes, &backticks] {
            let plans: Vec<Plan> = (0..3_000).map(|number| named(number, one)).collect();
            let text = markdown(&plans, &[]);
            assert!((50_000..OCTETS_MAX).contains(&text.len()), "{}", text.len());
            assert!(text.contains("more plans\n"), "{text}");
        }
        let single = markdown(&[changes], &[]);
        assert!(single.contains("  … and 499 more lines\n```"), "{single}");
    }

    #[test]
    fn what_stops_comes_first_and_what_stops_all_before_it() {
        let (changes, stopped) = (named(1, &made(&["a A 1", "b A 1"], &["a A 1"])), named(2, &made(&[], &["a A 1"])));
        let plans = [changes, stopped];
        let all: crate::Tally = plans.iter().map(|plan| plan.tally).sum();
        let mut limits = Limits::default();
        limits.all.creates.count_max = Some(0);
        let text = markdown(&plans, &all.exceeding(Scope::All, &limits));
        let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} in {text}"));
        assert!(place("**stopped** all zones") < place("### `z2.test.`"), "{text}");
        assert!(place("**stopped** the source of") < place("### `z1.test.`"), "{text}");
    }
}
