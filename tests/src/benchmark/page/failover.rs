//! The part about kill → answer and decision → answer.

use std::time::Duration;

use super::block;
use crate::benchmark::failover::{Failover, Repetition};
use crate::benchmark::settings::WRITE;
use crate::benchmark::statistics::{Summary, ratio, summary};
use crate::benchmark::table::{length, summaries, table};
use crate::benchmark::timeline::Spans;

/// How many of the slowest writes are shown step by step.
const SLOWEST: usize = 5;

pub(super) fn render(found: &Failover) -> String {
    [kills(found), writes(found)].concat()
}

fn kills(found: &Failover) -> String {
    let Failover { settings, bound, repetitions, on_bind: _ } = found;
    let (earliest, latest) = settings.expected();
    let of = |what: &str, took: fn(&Repetition) -> Duration| (what.to_owned(), summary(repetitions.iter().map(took)));
    let served = [of("the primary", |one| one.primary), of("primary and secondary", |one| one.everywhere)];
    format!(
        "
## Kill → new answer

Knot with a secondary, three monitors, one controller on SQLite. SIGKILL of prod's endpoint at a random moment of the
interval, {count} times; the time until the new answer is served, asked for over UDP every few milliseconds.

{settings}
{table}
**The bound that the settings imply** is `fall × interval + timeout + write` = {bound}, for the primary. The last good
probe may have ended just before the failure, so `fall` whole intervals pass until the probe that decides starts, and
that one may hang for its timeout; the quorum adds nothing, since by then every vantage point has decided. Evidence is
pushed and judged as it comes, without a tick; the write is given its target of {write}. A killed endpoint refuses
connections at once and three vantage points share the interval, so judgement is expected {earliest} to {latest} after the
kill: `(fall − 1) × interval + (quorum − 1) × interval ÷ 3`, and up to another third of the interval. Knot sends NOTIFY
one second after an UPDATE, to gather several, and version 3.2 has no setting for it; so the provider's `notify` names the
secondary, and the controller tells it itself. Knot also holds an UPDATE that comes within a second of another one of the
same zone, often until that second is over: services that share a zone on Knot move at such distances, whoever writes.

{verdict}
",
        count = repetitions.len(),
        settings = block(&settings.policy("policy")),
        table = summaries("first new answer of", served),
        bound = length(*bound),
        write = length(WRITE),
        earliest = length(earliest),
        latest = length(latest),
        verdict = verdict(found),
    )
}

fn verdict(found: &Failover) -> String {
    let slowest = found.repetitions.iter().map(|one| one.primary).max().unwrap_or_default();
    let share = format!("The slowest repetition took {:.0} % of the bound.", ratio(slowest, found.bound) * 100.0);
    let above = found.above_bound();
    if above.is_empty() {
        return format!("{share} None was above it.");
    }
    let above: Vec<String> = above.iter().map(|(number, took)| format!("#{number} ({})", length(*took))).collect();
    format!("{share} **Above the bound: {}.**", above.join(", "))
}

fn writes(found: &Failover) -> String {
    format!(
        "
## Decision → served

From the history row `decided` to the new answer, and the steps between from history rows. Target: p99 of at most
{target} at every authoritative server, as far as that is ours to decide:

{verdicts}
On Knot, {failovers} failovers and as many failbacks by hand:

{knot}
On BIND, with `notify` as well, {bind_writes} writes by hand, there and back:

{bind}
*decided → permitted*: the decision is committed, the executor wakes and asks again. *permitted → applied*: the permit
is committed, the UPDATE sent, the zone read back over TCP, the fence twice. *applied → verified*: that is committed,
and every authoritative server asked, at growing distances, until it serves fence and records; so it ends after the new
answer was served and is no part of what users wait for.

The slowest on Knot's primary, step by step:

{slowest_on_knot}
The slowest on BIND's primary and secondary:

{slowest_on_bind}",
        target = length(WRITE),
        verdicts = verdicts(found),
        failovers = found.repetitions.len(),
        knot = summaries("step", steps(&found.on_knot())),
        bind_writes = found.on_bind.len(),
        bind = summaries("step", steps(&found.on_bind.iter())),
        slowest_on_knot = slowest(found.on_knot(), |spans| spans.primary),
        slowest_on_bind = slowest(found.on_bind.iter(), |spans| spans.everywhere),
    )
}

fn verdicts(found: &Failover) -> String {
    let judge = |what: &str, took: Summary| {
        let word = if took.p99 <= WRITE { "met" } else { "**missed**" };
        format!("- {what}: {word}, p99 {}\n", length(took.p99))
    };
    [
        judge("Knot, primary", summary(found.on_knot().map(|spans| spans.primary))),
        judge("BIND, primary and secondary", summary(found.on_bind.iter().map(|spans| spans.everywhere))),
        judge("Knot, primary and secondary", summary(found.on_knot().map(|spans| spans.everywhere))),
    ]
    .concat()
}

fn steps<'a>(writes: &(impl Iterator<Item = &'a Spans> + Clone)) -> Vec<(String, Summary)> {
    let of = |name: &str, span: fn(&Spans) -> Duration| (name.to_owned(), summary(writes.clone().map(span)));
    vec![
        of("decided → permitted", |spans| spans.permit),
        of("permitted → applied", |spans| spans.write),
        of("applied → verified", |spans| spans.verify),
        of("decided → served by the primary", |spans| spans.primary),
        of("decided → served by both", |spans| spans.everywhere),
    ]
}

fn slowest<'a>(writes: impl Iterator<Item = &'a Spans>, by: fn(&Spans) -> Duration) -> String {
    let mut all: Vec<(usize, &Spans)> = writes.enumerate().collect();
    all.sort_by_key(|(_, spans)| std::cmp::Reverse(by(spans)));
    let rows = all.into_iter().take(SLOWEST).map(|(index, spans)| {
        let Spans { permit, write, verify, primary, everywhere } = spans;
        let spans = [permit, write, verify, primary, everywhere].map(|span| length(*span));
        [format!("#{}", index + 1)].into_iter().chain(spans).collect()
    });
    table(1, &["write", "→ permitted", "→ applied", "→ verified", "→ served by the primary", "→ by both"], rows)
}
