//! Scheduled drills: which are due, which wait for their turn, and which service has not been drilled for too long.
//!
//! The services of a schedule are drilled one after another, as many at once as may be. What cannot begin when it is its
//! turn is skipped and told. What waits is forgotten with the process: what was missed is not made up for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use dns_core::drill::schedule::Schedule;
use dns_core::drill::{Drill, Outcome, Told};
use dns_core::history::HistoryKind;
use dns_core::identifier::ServiceName;
use dns_core::time::Timestamp;
use dns_service::config::drill::DrillsConfig;
use dns_store::port::{Bookmark, DrillQuery, Position, StoreError};
use serde::{Deserialize, Serialize};

use super::{Conductor, Refused, Wanted};
use crate::engine::handle::Message;
use crate::engine::note_row;
use crate::engine::snapshot::Snapshot;

/// How long a service of a schedule waits for its turn. After that it would be drilled at an hour that nobody expects.
const TURN_WITHIN: Duration = Duration::from_hours(6);

/// How often it is looked whether a service has not been drilled for too long.
const OVERDUE_EVERY: Duration = Duration::from_mins(1);

/// Drills of a service that are looked through for one that went well.
const LOOKED_THROUGH_MAX: u32 = 1000;

/// Under what the store keeps whom someone was told of.
const READER: &str = "drills/overdue";

/// What is due and what waits.
pub(super) struct Timetable {
    schedules: Vec<Schedule>,
    warning: Option<Duration>,
    looked: Timestamp,
    waiting: VecDeque<Turn>,
    overdue_looked: Option<Timestamp>,
}

/// A service that waits for its drill.
struct Turn {
    schedule: Schedule,
    service: ServiceName,
    due: Timestamp,
}

/// Since when a service is watched, and whether someone was told that its drill is overdue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Watch {
    since: Timestamp,
    told: bool,
}

impl Timetable {
    pub(super) fn new(config: &DrillsConfig, now: Timestamp) -> Self {
        let (schedules, warning) = (config.schedules.clone(), config.warning);
        Self { schedules, warning, looked: now, waiting: VecDeque::new(), overdue_looked: None }
    }

    /// Puts what has come due in line.
    fn pass(&mut self, now: Timestamp) {
        let looked = std::mem::replace(&mut self.looked, now);
        for schedule in &self.schedules {
            let Some(due) = schedule.due(looked, now) else { continue };
            let turn = |service: &ServiceName| Turn { schedule: schedule.clone(), service: service.clone(), due };
            self.waiting.extend(schedule.services.iter().map(turn));
        }
    }

    fn services(&self) -> BTreeSet<ServiceName> {
        self.schedules.iter().flat_map(|schedule| schedule.services.iter().cloned()).collect()
    }
}

impl Conductor {
    /// Begins what is due, and tells of what has not been for too long.
    pub(super) async fn keep_timetable(&mut self, snapshot: &Snapshot) {
        let now = self.parts.clock.now();
        self.timetable.pass(now);
        while self.running.len() < self.parts.config.at_once
            && let Some(turn) = self.timetable.waiting.pop_front()
        {
            self.take_turn(turn, now).await;
        }
        let due = self.timetable.overdue_looked.is_none_or(|looked| now.since(looked) >= OVERDUE_EVERY);
        if due && !snapshot.services.is_empty() {
            self.timetable.overdue_looked = Some(now);
            if let Err(error) = self.tell_of_overdue(now).await {
                tracing::warn!(%error, "cannot tell whether drills are overdue");
            }
        }
    }

    async fn take_turn(&mut self, turn: Turn, now: Timestamp) {
        let Turn { schedule, service, due } = turn;
        let begun = if now.since(due) > TURN_WITHIN {
            Err(Refused::Objection(format!("its turn did not come within {} h", TURN_WITHIN.as_secs() / 3600)))
        } else {
            let Schedule { name, stay, method, reason, .. } = &schedule;
            let wanted = Wanted {
                service: service.clone(),
                to: None,
                by: self.parts.actor.clone(),
                reason: format!("{name}: {reason}"),
                stay: *stay,
                method: *method,
                schedule: Some(name.clone()),
            };
            self.begin(wanted).await
        };
        if let Err(refused) = begun {
            let summary = format!("the scheduled drill `{}` was skipped: {}", schedule.name, refused.text());
            let told = Told { kind: HistoryKind::DrillSkipped, summary, page: false };
            let row = self.row(&service, told, serde_json::json!({ "schedule": schedule.name }));
            // A stopped engine means a stopping process.
            let _stopping = self.parts.engine.tell(Message::Recorded(Box::new(row))).await;
        }
    }

    /// Each lapse is told once: its row is committed with the note that it was. A service that was never drilled is watched
    /// from when it was first seen in a schedule.
    pub(super) async fn tell_of_overdue(&self, now: Timestamp) -> Result<(), StoreError> {
        let Some(warning) = self.timetable.warning else { return Ok(()) };
        let kept = self.parts.store.bookmark(READER).await?.map(|bookmark| bookmark.note).unwrap_or_default();
        let known: BTreeMap<ServiceName, Watch> = serde_json::from_str(&kept).unwrap_or_default();
        let (mut next, mut rows) = (BTreeMap::new(), Vec::new());
        for service in self.timetable.services() {
            let before = known.get(&service).copied().unwrap_or(Watch { since: now, told: false });
            let watch = match self.last_success(&service).await?.filter(|at| *at > before.since) {
                Some(at) => Watch { since: at, told: false },
                None => before,
            };
            let lapsed = now.since(watch.since) >= warning;
            if lapsed && !watch.told {
                rows.push(self.row(&service, overdue(watch.since, now), serde_json::Value::Null));
            }
            next.insert(service, Watch { told: watch.told || lapsed, ..watch });
        }
        let note = serde_json::to_string(&next).expect("invariant: names and numbers always serialise");
        if note == kept {
            return Ok(());
        }
        let bookmark = Bookmark { position: Position::default(), note };
        self.parts.store.set_bookmark_and_tell(READER, &bookmark, &rows).await?;
        rows.iter().for_each(note_row);
        Ok(())
    }

    async fn last_success(&self, service: &ServiceName) -> Result<Option<Timestamp>, StoreError> {
        let query = DrillQuery { service: Some(service.clone()), limit: LOOKED_THROUGH_MAX, ..DrillQuery::default() };
        let drills = self.parts.store.drills(&query).await?;
        let well = |body: &str| Drill::from_text(body).is_ok_and(|drill| drill.outcome() == Some(Outcome::Completed));
        Ok(drills.iter().rev().find(|stored| well(&stored.body)).and_then(|stored| stored.ended))
    }
}

fn overdue(since: Timestamp, now: Timestamp) -> Told {
    let for_long = dns_core::explain::span(now.since(since));
    let summary = format!("no drill has gone well for {for_long}: nobody knows whether a failover would");
    Told { kind: HistoryKind::DrillOverdue, summary, page: true }
}

#[cfg(test)]
mod tests {
    use dns_core::drill::Method;
    use dns_core::drill::schedule::When;

    use super::*;

    #[test]
    fn the_services_of_a_schedule_line_up_once_when_it_is_due() {
        let at = Timestamp::from_secs(1_000_000);
        let schedule = Schedule {
            name: "quarterly".to_owned(),
            services: ["checkout", "search"].map(|name| name.parse().expect("a name")).to_vec(),
            when: When::Once { at },
            stay: Duration::from_mins(5),
            method: Method::Injected,
            reason: "as planned".to_owned(),
        };
        let config = DrillsConfig { at_once: 1, warning: None, schedules: vec![schedule] };
        let second = Duration::from_secs(1);
        let mut timetable = Timetable::new(&config, at.before(second));
        timetable.pass(at.before(Duration::from_millis(1)));
        assert_eq!(timetable.waiting.len(), 0);
        timetable.pass(at);
        timetable.pass(at + second);
        let waiting: Vec<&str> = timetable.waiting.iter().map(|turn| turn.service.as_str()).collect();
        assert_eq!(waiting, ["checkout", "search"]);
        let mut late = Timetable::new(&config, at);
        late.pass(at + second);
        assert_eq!(late.waiting.len(), 0, "what was due before the start is not made up for");
    }
}
