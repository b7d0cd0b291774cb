//! Which services are judged when, and how many may begin to move at once.

use std::collections::BTreeMap;
use std::time::Duration;

use dns_core::drill::injection::{Honoured, judge_injected};
use dns_core::fleet::{Fleet, Presence, Withheld};
use dns_core::gate::GateEvidence;
use dns_core::identifier::{ProviderName, ServiceName, VantageName};
use dns_core::judgement::{Judgement, judge};
use dns_core::time::Timestamp;
use tokio::time::Instant;

use super::Owner;
use super::evidence::Witnesses;
use super::handle::GateAnswer;
use super::stepping::{GROUP_MAX, Wanted};
use super::unit::Unit;

/// Services of one provider that wait for the permit of a decision, at the most: as many as any provider is sent within
/// the shortest time that a decision is valid. Whoever waits longer would be decided again and again, each time with two
/// rows of history, and everyone else would wait for that. The places that come after the first are not counted: they begin
/// only as fast as the first ones end.
pub(super) const PENDING_MAX: usize = 256;

/// How long judging goes on before the engine listens again: evidence that waits is stale after three seconds, and an
/// engine that does not turn for two counts as having stood still.
pub(super) const JUDGING_MAX: Duration = Duration::from_millis(200);

/// Asks a fleet that stands still who may leave: those that wait are nearly all alike, and are answered alike.
struct Admission<'a> {
    fleet: &'a Fleet,
    last: Option<(Presence, Result<(), Withheld>)>,
}

impl Admission<'_> {
    fn withholds(&mut self, unit: &Unit, now: Timestamp) -> bool {
        let known = self.last.take().filter(|(presence, _)| presence == unit.present());
        let (presence, answer) = known.unwrap_or_else(|| (unit.present().clone(), unit.admission(self.fleet)));
        let withholds = unit.is_withheld_by(&answer, now);
        self.last = Some((presence, answer));
        withholds
    }
}

impl Owner {
    /// A vantage point sees otherwise: what it counts for is to be judged.
    pub(super) fn make_due(&mut self, vantage: &VantageName) {
        self.has_news = true;
        let sets = self.eyes.with(vantage);
        self.units.values_mut().filter(|unit| sets.have(unit.eyes)).for_each(Unit::make_due);
    }

    /// Takes in what a gate said. An answer from before a stall is as old as nobody knows.
    pub(super) fn take_gate(&mut self, answer: GateAnswer) {
        let GateAnswer { key, within, asked, trust, answer } = answer;
        let Some(unit) = self.units.get_mut(&key.service).filter(|_| self.witnesses.trusts(trust)) else { return };
        self.has_news = true;
        unit.make_due();
        let before = self.gates.remove(&key);
        self.gates.insert(key, GateEvidence::after(before, within, asked, answer));
    }

    /// Whether something was heard by which anything may be judged otherwise. A heartbeat says that nothing has changed, and
    /// hundreds of vantage points have one each second: to look at every service for each of them would be most of a quiet
    /// time.
    pub(super) fn hears_news(&self) -> bool {
        self.has_news || self.witnesses.counting(self.parts.clock.now()) != self.counting
    }

    /// Judges what has news or waits for a moment that has come: all of it, or as much as can be done before it is time to
    /// listen again. The rest is as due at the next turn, and comes first.
    pub(super) async fn judge_due(&mut self) {
        let (began, now) = (Instant::now(), self.parts.clock.now());
        let counting = self.witnesses.counting(now);
        let changed: Vec<VantageName> = self.counting.symmetric_difference(&counting).cloned().collect();
        for vantage in &changed {
            self.make_due(vantage);
        }
        self.counting = counting;
        self.has_news = false;
        let mut room = self.room();
        let due = self.due_in_turn(now, &room);
        if due.is_empty() {
            return;
        }
        for names in due.chunks(GROUP_MAX) {
            let mut wanted = Vec::new();
            let mut has_moves = false;
            for name in names {
                let (judged, moves) = self.judge_in_turn(name, now, &mut room);
                wanted.extend(judged.map(|judgement| Wanted::judged(name, judgement)));
                has_moves |= moves;
            }
            self.step_all(wanted).await;
            self.tell_of_standbys(names, now).await;
            if has_moves {
                room = self.room();
            }
            if has_moves || began.elapsed() > JUDGING_MAX {
                self.next_turn = names.last().cloned();
            }
            if began.elapsed() > JUDGING_MAX {
                // The rest is as due as before.
                self.has_news = true;
                return;
            }
        }
    }

    /// How many services of each provider may begin to move.
    pub(super) fn room(&self) -> BTreeMap<ProviderName, usize> {
        let mut room = BTreeMap::new();
        for provider in self.units.values().flat_map(Unit::pending) {
            let left = room.entry(provider.clone()).or_insert(PENDING_MAX);
            *left = left.saturating_sub(1);
        }
        room
    }

    /// What is to be looked at, beginning with whose turn it is.
    #[cfg(test)]
    pub(super) fn due(&self, now: Timestamp) -> Vec<ServiceName> {
        self.in_turn(|unit| unit.is_due(now))
    }

    /// The same without those that were judged lately and have to wait on: while a region is lost these are nearly all, at
    /// each turn and whenever a vantage point speaks.
    pub(super) fn due_in_turn(&self, now: Timestamp, room: &BTreeMap<ProviderName, usize>) -> Vec<ServiceName> {
        let mut admission = Admission { fleet: &self.fleet, last: None };
        let has_no_room = |unit: &Unit| room.get(unit.decides_at(now)) == Some(&0);
        let mut waits_on = |unit: &Unit| unit.waits_on(now) && (admission.withholds(unit, now) || has_no_room(unit));
        self.in_turn(|unit| unit.is_due(now) && !waits_on(unit))
    }

    fn in_turn(&self, mut wanted: impl FnMut(&Unit) -> bool) -> Vec<ServiceName> {
        let due = self.units.iter().filter(|(_, unit)| wanted(unit));
        let mut due: Vec<ServiceName> = due.map(|(name, _)| name.clone()).collect();
        if let Some(last) = &self.next_turn {
            let before = due.partition_point(|name| name <= last);
            due.rotate_left(before);
        }
        due
    }

    /// Judges a service, and returns the judgement if that is news, and whether the service wants to move by it. One that
    /// would begin to move when there is no room is left as it is, to be judged anew when it is its turn.
    pub(super) fn judge_in_turn(
        &mut self,
        name: &ServiceName,
        now: Timestamp,
        room: &mut BTreeMap<ProviderName, usize>,
    ) -> (Option<Judgement>, bool) {
        let book = self.witnesses.book();
        let Some(unit) = self.units.get(name) else { return (None, false) };
        let left = room.entry(unit.decides_at(now).clone()).or_insert(PENDING_MAX);
        if unit.waits_on(now) && (*left == 0 || unit.is_withheld(&self.fleet, now)) {
            return (None, false);
        }
        let lead = unit.service().lead();
        let seen = seen(unit, &self.witnesses, self.honoured.get(name), now);
        let judgement = seen.with_gates(lead, &self.gates, now).with_certificates(lead, book, now);
        self.note_sight(name, &judgement, now);
        let companions = self.companions_of(name, &BTreeMap::new());
        let Some(unit) = self.units.get_mut(name) else { return (None, false) };
        let group = unit.group_call(&judgement, companions.as_deref(), now);
        unit.note_standbys(&judgement, now);
        if unit.is_confirmed_by(&judgement, companions.as_ref(), now) {
            unit.recount(&mut self.fleet, now);
            return (None, false);
        }
        let would_move = unit.would_move(&judgement, group, now);
        unit.recount_judged(&judgement, &mut self.fleet, now);
        let is_free = group.is_some_and(|call| call.follows);
        let waits = would_move && (*left == 0 || (!is_free && unit.is_withheld(&self.fleet, now)));
        unit.note_turn(waits, now);
        if waits {
            return (None, false);
        }
        *left = left.saturating_sub(usize::from(would_move));
        (Some(judgement), would_move)
    }

    /// What is to be made of the newest evidence.
    pub(super) fn judgement_of(&self, name: &ServiceName) -> Option<Judgement> {
        let (unit, now) = (self.units.get(name)?, self.parts.clock.now());
        let (lead, book) = (unit.service().lead(), self.witnesses.book());
        let seen = seen(unit, &self.witnesses, self.honoured.get(name), now);
        Some(seen.with_gates(lead, &self.gates, now).with_certificates(lead, book, now))
    }
}

/// What vantage points say of a service. What they inject for a drill counts only as long as the service is in the region
/// that the drill makes it leave: from then on that region is seen as it is.
fn seen(unit: &Unit, witnesses: &Witnesses, honoured: Option<&Honoured>, now: Timestamp) -> Judgement {
    let (lead, book) = (unit.service().lead(), witnesses.book());
    match honoured.filter(|honoured| unit.active(now).as_ref() == Some(&honoured.region)) {
        Some(honoured) => judge_injected(lead, book, (witnesses.injections(), honoured), now),
        None => judge(lead, book, now),
    }
}
