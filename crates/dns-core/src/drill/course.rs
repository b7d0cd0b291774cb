//! What a drill does next.

use super::{Drill, DrillId, INJECT_WITHIN, LEAVE_WITHIN, Method, Outcome, RETURN_WITHIN, Sight, Stage};
use crate::fence::DecisionId;
use crate::history::HistoryKind;
use crate::identifier::{Actor, RegionName};
use crate::time::Timestamp;

/// What a drill can be told.
#[derive(Clone, Debug)]
pub enum Event {
    /// Its service was looked at.
    Looked(Sight),
    /// Vantage points were asked to inject.
    Injected(Result<(), String>),
    /// The move that was wanted was ordered.
    Ordered(Result<Option<DecisionId>, String>),
    /// Someone stops it.
    Stopped(Actor),
    /// Its service can no longer be looked at, and why.
    Vanished(String),
}

/// What a drill wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Ask vantage points to inject.
    Inject,
    /// Ask them to stop.
    Withdraw,
    /// Order a move.
    Order(RegionName),
    /// Add a row to the history.
    Tell(Told),
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its kind.
    pub kind: HistoryKind,
    /// A sentence.
    pub summary: String,
    /// Whether it wakes someone.
    pub page: bool,
}

impl Drill {
    /// The row that a drill begins with.
    pub fn opening(&self) -> Told {
        let how = match self.method {
            Method::Injected => "by an injected failure",
            Method::Ordered => "by order, detection is not measured",
        };
        let Self { id, from, to, by, reason, .. } = self;
        let summary = format!("drill {id} begins: from `{from}` to `{to}` {how}, by `{by}`: {reason}");
        Told { kind: HistoryKind::DrillBegun, summary, page: false }
    }

    /// Takes one event. What it wants done may be wanted again with the next: whoever does it does it once at a time.
    pub fn step(&mut self, event: &Event, now: Timestamp) -> Vec<Act> {
        if self.outcome().is_some() {
            return Vec::new();
        }
        match event {
            Event::Looked(sight) => self.looked(sight, now),
            Event::Injected(Ok(())) if self.stage == Stage::Begun && self.stopped.is_none() => {
                self.go(Stage::Injected, now);
                Vec::new()
            }
            // It has been stopped, or was too late.
            Event::Injected(Ok(())) => vec![Act::Withdraw],
            Event::Injected(Err(why)) if self.stage == Stage::Begun => {
                let why = format!("not every vantage point injects: {why}");
                self.end(Outcome::Failed, why, now)
            }
            Event::Injected(Err(_)) => Vec::new(),
            Event::Ordered(Ok(_)) => {
                self.held = None;
                Vec::new()
            }
            Event::Ordered(Err(why)) => {
                self.held = Some(why.clone());
                Vec::new()
            }
            Event::Vanished(why) => self.end(Outcome::Failed, why.clone(), now),
            Event::Stopped(by) => {
                self.stopped.get_or_insert_with(|| by.clone());
                if self.method == Method::Injected { vec![Act::Withdraw] } else { Vec::new() }
            }
        }
    }

    fn looked(&mut self, sight: &Sight, now: Timestamp) -> Vec<Act> {
        // A place that cannot be told says nothing of where the service is.
        let Some(active) = &sight.active else { return Vec::new() };
        match self.stage {
            Stage::Begun | Stage::Injected => self.leaving(active, sight, now),
            Stage::Away => self.staying(active, sight, now),
            Stage::Returning => self.returning(active, sight, now),
            Stage::Ended { .. } => Vec::new(),
        }
    }

    fn leaving(&mut self, active: &RegionName, sight: &Sight, now: Timestamp) -> Vec<Act> {
        let own = sight.drill.as_ref() == Some(&self.id);
        if *active == self.to && own {
            return self.arriving(sight, now);
        }
        if *active != self.from {
            return self.end(Outcome::Failed, overtaken(&self.id, active, sight), now);
        }
        if sight.moving {
            return Vec::new();
        }
        // It was there already, and somebody has brought it back.
        if self.away.is_some() {
            return self.end(Outcome::Failed, overtaken(&self.id, active, sight), now);
        }
        if let Some(by) = &self.stopped {
            let why = format!("`{by}` stopped it before the service moved");
            return self.end(Outcome::Stopped, why, now);
        }
        if let Some(why) = &sight.objection {
            return self.end(Outcome::Failed, format!("it was given up before the service moved: {why}"), now);
        }
        let passed = now.since(self.since);
        match (self.method, &self.stage) {
            (Method::Ordered, _) if passed > LEAVE_WITHIN => self.end(Outcome::Failed, self.not_ordered(), now),
            (Method::Ordered, _) => vec![Act::Order(self.to.clone())],
            (Method::Injected, Stage::Injected) if passed > self.detect_within => {
                let why = format!("the injected failure was not acted on within {} s", self.detect_within.as_secs());
                self.end(Outcome::Failed, why, now)
            }
            (Method::Injected, Stage::Injected) => Vec::new(),
            (Method::Injected, _) if passed > INJECT_WITHIN => {
                let why = format!("vantage points did not take the injection within {} s", INJECT_WITHIN.as_secs());
                self.end(Outcome::Failed, why, now)
            }
            (Method::Injected, _) => {
                self.injected.get_or_insert(now);
                vec![Act::Inject]
            }
        }
    }

    /// It is written; it is there once no server is asked any more.
    fn arriving(&mut self, sight: &Sight, now: Timestamp) -> Vec<Act> {
        let first = self.away.is_none();
        self.away.clone_from(&sight.plan);
        self.held = None;
        if sight.settled {
            self.go(Stage::Away, now);
        }
        if first && self.method == Method::Injected { vec![Act::Withdraw] } else { Vec::new() }
    }

    fn staying(&mut self, active: &RegionName, sight: &Sight, now: Timestamp) -> Vec<Act> {
        if *active != self.to || sight.drill.as_ref() != Some(&self.id) {
            return self.moved_by_others(active, sight, now);
        }
        if now.since(self.since) >= self.stay || self.stopped.is_some() {
            self.go(Stage::Returning, now);
            return self.returning(active, sight, now);
        }
        Vec::new()
    }

    fn returning(&mut self, active: &RegionName, sight: &Sight, now: Timestamp) -> Vec<Act> {
        if sight.drill.as_ref() != Some(&self.id) {
            return self.moved_by_others(active, sight, now);
        }
        if *active == self.from {
            self.back.clone_from(&sight.plan);
            return if sight.settled { self.complete(now) } else { Vec::new() };
        }
        if sight.moving {
            return Vec::new();
        }
        if now.since(self.since) > RETURN_WITHIN {
            let held = self.held.clone().unwrap_or_else(|| "its write does not arrive".to_owned());
            let why = format!(
                "the service stays in `{}`: the way back to `{}` is held: {held}; fail it back by hand",
                self.to, self.from
            );
            return self.end(Outcome::Stayed, why, now);
        }
        vec![Act::Order(self.from.clone())]
    }

    fn complete(&mut self, now: Timestamp) -> Vec<Act> {
        match &self.stopped {
            None => self.end(Outcome::Completed, format!("the service is back in `{}`", self.from), now),
            Some(by) => {
                let why = format!("`{by}` stopped it, and the service is back in `{}`", self.from);
                self.end(Outcome::Stopped, why, now)
            }
        }
    }

    fn moved_by_others(&mut self, active: &RegionName, sight: &Sight, now: Timestamp) -> Vec<Act> {
        self.end(Outcome::Failed, overtaken(&self.id, active, sight), now)
    }

    fn not_ordered(&self) -> String {
        let held = self.held.as_deref().unwrap_or("its write does not arrive");
        format!("the service could not be moved within {} s: {held}", LEAVE_WITHIN.as_secs())
    }

    fn go(&mut self, stage: Stage, now: Timestamp) {
        self.stage = stage;
        self.since = now;
        self.held = None;
    }

    fn end(&mut self, outcome: Outcome, why: String, now: Timestamp) -> Vec<Act> {
        let injects = self.method == Method::Injected && self.away.is_none();
        let summary = format!("drill {} {outcome}: {why}", self.id);
        self.go(Stage::Ended { outcome, why }, now);
        let told = Act::Tell(Told { kind: HistoryKind::DrillEnded, summary, page: outcome.pages() });
        if injects { vec![Act::Withdraw, told] } else { vec![told] }
    }
}

fn overtaken(id: &DrillId, active: &RegionName, sight: &Sight) -> String {
    let why = sight.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("another decision than drill {id}'s moved the service, it is in `{active}`{why}; it is left there")
}
