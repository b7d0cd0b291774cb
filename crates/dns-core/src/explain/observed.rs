//! What services that only observe would have done, told by their history.
//!
//! A trouble begins with the first row that says what would have been done, and ends with the row that says that it is no
//! longer wanted, or that someone else acted. In between, other rules may have said no: those would have held it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::account::Account;
use crate::history::{HistoryEntry, HistoryKind};
use crate::identifier::{RegionName, ServiceName};
use crate::kernel::Rule;
use crate::time::Timestamp;
use crate::write::WriteKind;

/// The rows that tell of it; others need not be read.
pub const KINDS: [HistoryKind; 5] =
    [HistoryKind::WouldMove, HistoryKind::Held, HistoryKind::Unheld, HistoryKind::Decided, HistoryKind::Followed];

/// The rules that say no because it observes: no service that acts would have met them.
const OF_OBSERVING: [Rule; 3] = [Rule::Observing, Rule::Adopted, Rule::Unfenced];

/// One trouble, and what would have been done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WouldBeMove {
    /// The service.
    pub service: ServiceName,
    /// What would have been done: `failover`, as a rule.
    pub kind: String,
    /// When it was first wanted.
    pub began: Timestamp,
    /// When the first vantage point saw the region failing, if that was kept.
    pub suspected: Option<Timestamp>,
    /// The region that it would have left, if that was kept.
    pub from: Option<String>,
    /// Where it would have gone.
    pub to: Option<String>,
    /// When it would have moved; `None` if rules would have held it all the time.
    pub moved: Option<Timestamp>,
    /// The rules that would have held it, for some of the time at least, each with its first reason.
    pub held_by: BTreeMap<Rule, String>,
    /// When and how the trouble ended; `None` while it lasts.
    pub ended: Option<(Timestamp, End)>,
}

/// How a trouble ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The region recovered by itself.
    Recovered,
    /// Somebody else moved the records.
    MovedElsewhere,
    /// The service was set to act, and this controller took over.
    Acts,
    /// It was no longer wanted, and history does not say why.
    Unwanted,
}

impl End {
    /// The end as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::MovedElsewhere => "movedElsewhere",
            Self::Acts => "acts",
            Self::Unwanted => "unwanted",
        }
    }
}

impl WouldBeMove {
    /// How long the trouble lasted, as far as it is known at a time.
    pub fn lasted(&self, now: Timestamp) -> Duration {
        self.ended.map_or(now, |(at, _)| at).since(self.began)
    }
}

/// Every trouble that the rows tell of, in the order in which they began. The rows are oldest first, of any services.
pub fn would_be_moves(rows: &[HistoryEntry]) -> Vec<WouldBeMove> {
    let (mut open, mut over): (BTreeMap<&ServiceName, WouldBeMove>, Vec<WouldBeMove>) = (BTreeMap::new(), Vec::new());
    for row in rows {
        let mut known = open.remove(&row.service);
        over.extend(
            known.take_if(|trouble| is_another(trouble, row)).map(|trouble| ended(trouble, row, End::Unwanted)),
        );
        match what_follows(known, row) {
            Follows::On(trouble) => drop(open.insert(&row.service, trouble)),
            Follows::Over(trouble) => over.push(trouble),
            Follows::Nothing => {}
        }
    }
    over.extend(open.into_values());
    over.sort_by(|one, other| (one.began, &one.service).cmp(&(other.began, &other.service)));
    over
}

/// What becomes of a trouble with a row.
enum Follows {
    On(WouldBeMove),
    Over(WouldBeMove),
    Nothing,
}

fn what_follows(known: Option<WouldBeMove>, row: &HistoryEntry) -> Follows {
    let against = rejections(&row.details);
    let observes = row.kind == HistoryKind::WouldMove || against.contains_key(&Rule::Observing);
    if matches!(row.kind, HistoryKind::WouldMove | HistoryKind::Held) && observes {
        let trouble = known.unwrap_or_else(|| begun(row));
        return Follows::On(goes_on(trouble, row, against));
    }
    let Some(trouble) = known else { return Follows::Nothing };
    match end(row, &trouble) {
        Some(end) => Follows::Over(ended(trouble, row, end)),
        None => Follows::On(trouble),
    }
}

/// Whether something else is wanted now, such as the way back.
fn is_another(trouble: &WouldBeMove, row: &HistoryEntry) -> bool {
    let wanted = row.details["wanted"].as_str();
    matches!(row.kind, HistoryKind::WouldMove | HistoryKind::Held)
        && wanted.is_some_and(|wanted| wanted != trouble.kind)
}

fn ended(trouble: WouldBeMove, row: &HistoryEntry, end: End) -> WouldBeMove {
    WouldBeMove { ended: Some((row.at, end)), ..trouble }
}

fn begun(row: &HistoryEntry) -> WouldBeMove {
    WouldBeMove {
        service: row.service.clone(),
        kind: row.details["wanted"].as_str().unwrap_or("failover").to_owned(),
        began: row.at,
        suspected: None,
        from: None,
        to: None,
        moved: None,
        held_by: BTreeMap::new(),
        ended: None,
    }
}

fn goes_on(mut trouble: WouldBeMove, row: &HistoryEntry, against: BTreeMap<Rule, String>) -> WouldBeMove {
    let text = |key: &str| row.details[key].as_str().map(str::to_owned);
    trouble.from = trouble.from.or_else(|| text("from"));
    // Where it would have gone first is where it would have gone: later rows tell of what a service does that stays.
    if trouble.moved.is_none() {
        trouble.to = text("to").or(trouble.to);
    }
    if row.kind == HistoryKind::WouldMove {
        trouble.moved = trouble.moved.or(Some(row.at));
    }
    if trouble.suspected.is_none() {
        let left = trouble.from.as_ref().and_then(|from| Account::read(&row.details).evidence.remove(from));
        trouble.suspected = left.and_then(|region| region.suspected_at);
    }
    if trouble.moved.is_none() {
        let binding = against.into_iter().filter(|(rule, _)| !OF_OBSERVING.contains(rule));
        for (rule, reason) in binding {
            trouble.held_by.entry(rule).or_insert(reason);
        }
    }
    trouble
}

fn rejections(details: &Value) -> BTreeMap<Rule, String> {
    let all = details["rejections"].as_array().map(Vec::as_slice).unwrap_or_default();
    let read =
        |rejection: &Value| Some((rejection["rule"].as_str()?.parse().ok()?, rejection["reason"].as_str()?.to_owned()));
    all.iter().filter_map(read).collect()
}

fn end(row: &HistoryEntry, trouble: &WouldBeMove) -> Option<End> {
    let moved_away = |key: &str| {
        let active = row.details[key].as_str().and_then(|name| name.parse::<RegionName>().ok());
        active.is_some_and(|active| trouble.from.as_ref().is_some_and(|from| *from != active.as_str()))
    };
    let acts = row.kind == HistoryKind::Decided && moves(&row.details);
    if matches!(row.kind, HistoryKind::Unheld | HistoryKind::Followed) && moved_away("active") {
        Some(End::MovedElsewhere)
    } else if row.kind == HistoryKind::Unheld {
        Some(if row.details["ended"] == "recovered" { End::Recovered } else { End::Unwanted })
    } else if row.kind == HistoryKind::Held || acts {
        // What is held by other rules than that it observes does not observe any more.
        Some(End::Acts)
    } else {
        None
    }
}

fn moves(details: &Value) -> bool {
    let moving = [WriteKind::Failover, WriteKind::Failback].map(WriteKind::as_str);
    details["kind"].as_str().is_some_and(|kind| moving.contains(&kind))
}
