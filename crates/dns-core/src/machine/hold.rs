//! What is wanted and refused: told to the history once, kept for people, let go when it is no longer wanted.

use super::decide::Wish;
use super::memory::{Failover, Hold};
use super::{Row, Turn};
use crate::history::HistoryKind;
use crate::judgement::Health;
use crate::kernel::{Rejection, Rule};
use crate::standing::Standing;
use crate::write::WriteKind;

impl Failover {
    pub(super) fn hold_back(&mut self, wish: &Wish, rejections: Vec<Rejection>, turn: &mut Turn) {
        let reading = self.unreadable.is_none();
        if reading && rejections.iter().all(|rejection| rejection.rule == Rule::ZoneKnown) {
            return;
        }
        // Whoever goes first in a group tells what holds all of them; but one that fails and is not enough for the group to
        // leave tells that itself.
        let says_no = |rule: Rule| rejections.iter().any(|rejection| rejection.rule == rule);
        let waits = says_no(Rule::MemberFirst) && !says_no(Rule::QuorumJudged);
        let lasting = |rule: &Rule| !waits && !is_passing(*rule, reading);
        let told: Vec<Rule> = rejections.iter().map(|rejection| rejection.rule).filter(lasting).collect();
        let hold = Hold { wanted: wish.kind, to: wish.to.clone(), rejections, since: turn.now(), told };
        if let Some(held) = self.hold.as_mut().filter(|held| held.wanted == hold.wanted && held.told == hold.told) {
            // The same rules with newer figures: that is no news for the history.
            held.rejections = hold.rejections;
            held.to = hold.to;
            return;
        }
        if !hold.told.is_empty() {
            let row = row_of(&hold, wish).with(self.hold_details(&hold, wish, turn));
            turn.record(if wish.drill.is_none() && self.wakes(&hold, turn) { row.paging() } else { row });
        }
        self.hold = Some(hold);
    }

    /// A hold wakes someone once, not with every further reason: a pause on top, or another region that fails too. When
    /// a part of a region's services fails, one of them wakes for all.
    fn wakes(&self, hold: &Hold, turn: &Turn) -> bool {
        let others_have = || self.active.as_ref().is_some_and(|active| turn.around.fleet.has_told(active));
        if hold.told == [Rule::BlastRadius] && others_have() {
            return false;
        }
        let known = self.hold.as_ref().is_some_and(|known| known.wanted == hold.wanted && !known.told.is_empty());
        let worse_off = !matches!(hold.wanted, WriteKind::Annotate | WriteKind::Rerender | WriteKind::Failback);
        worse_off && !known && !hold.is_observation()
    }

    /// Nothing is wanted. Not to know how the active region or the zone is, is no recovery: what was held stays held, so
    /// that evidence that comes and goes makes no rows, and neither does a restart.
    pub(super) fn let_go(&mut self, turn: &mut Turn) {
        let in_the_dark = self.active.as_ref().is_some_and(|active| {
            self.judgement.as_ref().is_none_or(|judgement| judgement.health(active) == Health::Unknown)
        });
        let unread = self.standing() == &Standing::Unread;
        if !in_the_dark && !unread && self.is_at_rest(turn) {
            self.backoff.end();
        }
        let unknown = |hold: &Hold| if hold.wanted == WriteKind::Failover { in_the_dark } else { unread };
        if self.hold.as_ref().is_some_and(unknown) {
            return;
        }
        if let Some(hold) = self.hold.take().filter(|hold| !hold.told.is_empty()) {
            let summary = format!("{} is no longer wanted", hold.wanted.as_str());
            let details = self.end_of_hold(&hold, turn);
            turn.record(Row::new(HistoryKind::Unheld, summary).with(details));
        }
    }

    /// Whether no place has reason to write. A place that wants nothing because another one acts is not at rest: if its
    /// writes failed, they would be tried again as soon as those of the other have failed too.
    fn is_at_rest(&self, turn: &Turn) -> bool {
        let fails = self.service_active(turn).is_some_and(|active| {
            self.judgement.as_ref().is_some_and(|judgement| judgement.health(active) == Health::Failing)
        });
        !fails && !self.is_overtaking_elsewhere(turn)
    }
}

/// Whether a rule says no only for a moment: until a retry is due, until the wave or the member before has arrived, or until
/// the read that is under way returns.
fn is_passing(rule: Rule, reading: bool) -> bool {
    matches!(rule, Rule::WriteBackoff | Rule::Wave | Rule::MemberFirst) || (reading && rule == Rule::ZoneKnown)
}

fn row_of(hold: &Hold, wish: &Wish) -> Row {
    let word = wish.kind.as_str();
    let preposition = if wish.kind.moves() { "to" } else { "in" };
    let target = hold.to.as_ref().map(|to| format!(" {preposition} `{to}`")).unwrap_or_default();
    if hold.is_observation() {
        return Row::new(HistoryKind::WouldMove, format!("would {word}{target}: {}", wish.reason));
    }
    let why = hold.rejections.iter().find(|rejection| hold.told.contains(&rejection.rule));
    let why = why.map(|rejection| format!("{}: {}", rejection.rule, rejection.reason)).unwrap_or_default();
    Row::new(HistoryKind::Held, format!("{word}{target} held: {why}"))
}
