//! How long standby regions could not be moved to, so that someone hears of it before the night on which it matters.
//!
//! It lives as long as the process: after a restart the time begins anew. Nothing is decided by it.

use std::collections::BTreeMap;

use dns_core::gate;
use dns_core::history::{HistoryEntry, HistoryKind};
use dns_core::identifier::{RegionName, ServiceName};
use dns_core::judgement::Judgement;
use dns_core::service::Service;
use dns_core::time::Timestamp;
use serde_json::json;

use super::Owner;

/// Rows that are committed in one turn of the engine: each waits for the disk, and nothing waits for them. The others are
/// due again at the next turn.
const ROWS_MAX: usize = 16;

/// The standby regions of one service that are not ready.
#[derive(Default)]
pub(super) struct Standbys {
    regions: BTreeMap<RegionName, Unready>,
    /// Whether the service would move by itself. As long as it wouldn't nobody is told, and is as soon as it would.
    armed: bool,
}

/// Where a service is when it is judged.
#[derive(Clone, Copy)]
pub(super) struct Stands<'a> {
    /// The region that it is in, if that is known.
    pub(super) active: Option<&'a RegionName>,
    /// Whether it would move by itself.
    pub(super) armed: bool,
}

struct Unready {
    since: Timestamp,
    why: String,
    /// When someone is to be told; `None` once that was done.
    due: Option<Timestamp>,
    /// It is ready again, and that is to be told.
    over: bool,
}

impl Standbys {
    /// Takes in a judgement; true if another region is ready, or is not any more.
    pub(super) fn note(
        &mut self,
        service: &Service,
        stands: Stands<'_>,
        judgement: &Judgement,
        now: Timestamp,
    ) -> bool {
        let Stands { active, armed } = stands;
        self.armed = armed;
        // Where it is not known is no news of any region.
        let Some(active) = active else { return false };
        let before = self.unready();
        self.regions.remove(active);
        let standbys = service.regions.iter().filter(|region| *active != region.name);
        let unready: BTreeMap<&RegionName, String> = standbys
            .filter(|region| !judgement.is_ready(&region.name, now))
            .map(|region| (&region.name, why(service, &region.name, judgement, now)))
            .collect();
        for (name, known) in &mut self.regions {
            known.over = !unready.contains_key(name);
        }
        // What nobody was told of needs no end.
        self.regions.retain(|_, known| !(known.over && known.due.is_some()));
        for (name, why) in unready {
            let due = Some(now + service.policy.standby_unready_for);
            let fresh = || Unready { since: now, why: String::new(), due, over: false };
            self.regions.entry(name.clone()).or_insert_with(fresh).why = why;
        }
        before != self.unready()
    }

    /// The regions, and since when.
    pub(super) fn unready(&self) -> BTreeMap<RegionName, Timestamp> {
        self.regions.iter().filter(|(_, known)| !known.over).map(|(name, known)| (name.clone(), known.since)).collect()
    }

    /// Whether nothing is known of any region: then whether it is armed is told with the next judgement.
    pub(super) fn is_empty(&self) -> bool {
        self.regions.is_empty()
    }

    /// Whether there is something to tell.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.regions.values().any(|known| self.is_to_be_told(known, now))
    }

    fn is_to_be_told(&self, known: &Unready, now: Timestamp) -> bool {
        known.over || (self.armed && known.due.is_some_and(|due| now >= due))
    }

    /// What is to be told, once.
    pub(super) fn row(&mut self, service: &Service, now: Timestamp) -> Option<HistoryEntry> {
        let told = self.regions.iter().find(|(_, known)| self.is_to_be_told(known, now)).map(|(name, _)| name.clone());
        let name = told?;
        let known = self.regions.get_mut(&name)?;
        if known.over {
            self.regions.remove(&name);
            return Some(row(
                service,
                HistoryKind::StandbyReady,
                format!("standby region `{name}` is ready again"),
                now,
            ));
        }
        known.due = None;
        let lasts = now.since(known.since).as_secs();
        let summary = format!("standby region `{name}` has not been ready for {lasts} s: {}", known.why);
        let entry = row(service, HistoryKind::StandbyUnready, summary, now);
        Some(HistoryEntry { page: true, details: json!({ "region": name, "since": known.since }).into(), ..entry })
    }
}

fn row(service: &Service, kind: HistoryKind, summary: String, now: Timestamp) -> HistoryEntry {
    let (service, details) = (service.name.clone(), serde_json::Value::Null.into());
    HistoryEntry { at: now, service, kind, decision: None, summary, page: false, details }
}

fn why(service: &Service, name: &RegionName, judgement: &Judgement, now: Timestamp) -> String {
    let judged = judgement.regions.get(name);
    let seen = judged.filter(|judged| !judged.proven).map(|judged| format!("it is not proven, {}", judged.describe()));
    let shut = service.region(name).and_then(|region| gate::shut(region, judged, now));
    [seen, shut].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

impl Owner {
    /// Writes down what is to be told of the standbys of these services.
    pub(super) async fn tell_of_standbys(&mut self, names: &[ServiceName], now: Timestamp) {
        let mut rows = 0;
        for name in names {
            if rows == ROWS_MAX {
                return;
            }
            let row = self.units.get_mut(name).and_then(|unit| unit.row_of_standby(now));
            if let Some(row) = row {
                rows += 1;
                self.record(row).await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
