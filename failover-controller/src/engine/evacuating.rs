//! Evacuations of regions by order: the engine's part is to ask the core what follows, to give services their orders, and
//! to keep what was ordered in the store.
//!
//! What is kept changes only when an evacuation begins, stops, goes on or ends; what has moved is read from the services
//! themselves at each turn. So a process that dies between two moves leaves nothing to repair.

mod calls;
mod stored;

use std::collections::BTreeMap;
use std::sync::Arc;

use dns_core::evacuation::rounds::Rounds;
use dns_core::evacuation::{Evacuation, Muster, Next, Objection, Tally};
use dns_core::fence::EvacuationId;
use dns_core::history::{HistoryEntry, HistoryKind};
use dns_core::identifier::ServiceName;
use dns_core::machine::event::Event;
use dns_core::service::Mode;
use dns_core::time::Timestamp;
use dns_store::port::{EvacuationCommit, Generation};
use serde_json::json;
use tokio::time::Instant;

pub(crate) use calls::{Answer, Begin, Call, Refused, Subject};

use super::Owner;
use super::judging::{JUDGING_MAX, PENDING_MAX};
use super::stepping::{GROUP_MAX, Wanted};
use super::unit::note_row;

/// Evacuations that are over and are still shown: what somebody asks for the morning after.
const ENDED_SHOWN: u32 = 20;

/// What the engine knows of evacuations.
#[derive(Default)]
pub(super) struct Evacuations {
    /// `None` before the store was read.
    kept: Option<BTreeMap<EvacuationId, Kept>>,
    /// As it was last shown.
    shown: Arc<Vec<EvacuationView>>,
}

/// One evacuation.
struct Kept {
    evacuation: Evacuation,
    generation: Generation,
    rounds: Rounds,
    tally: Tally,
    /// What the store has of it, if that cannot be read.
    unreadable: Option<String>,
}

/// One evacuation, for those who look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EvacuationView {
    /// What was ordered, and whether it goes on.
    pub(crate) evacuation: Evacuation,
    /// How many services are how far.
    pub(crate) tally: Tally,
    /// What was refused.
    pub(crate) held: Arc<Vec<(ServiceName, Vec<Objection>)>>,
}

impl Evacuations {
    /// As it was last shown.
    pub(super) fn shown(&self) -> Arc<Vec<EvacuationView>> {
        Arc::clone(&self.shown)
    }

    fn get(&self, id: &EvacuationId) -> Option<&Kept> {
        self.kept.as_ref()?.get(id)
    }

    fn all(&self) -> impl Iterator<Item = &Kept> {
        self.kept.iter().flat_map(BTreeMap::values)
    }
}

impl Kept {
    fn view(&self, before: Option<&EvacuationView>) -> EvacuationView {
        let held: Vec<_> = self.rounds.held().collect();
        let same = before.filter(|before| {
            before.held.len() == held.len()
                && before.held.iter().zip(&held).all(|((one, why), (other, now))| one == *other && why == *now)
        });
        let owned = || Arc::new(held.iter().map(|(service, why)| ((*service).clone(), (*why).clone())).collect());
        EvacuationView {
            evacuation: self.evacuation.clone(),
            tally: self.tally,
            held: same.map_or_else(owned, |before| Arc::clone(&before.held)),
        }
    }
}

impl Owner {
    /// One turn of every evacuation that is open: one that is stopped decides nothing, and is still counted. Nothing is
    /// decided before every service is loaded: what has begun would look as if it had not.
    pub(super) async fn evacuate(&mut self) {
        let running = |kept: &&Kept| kept.evacuation.is_open();
        let open: Vec<EvacuationId> =
            self.evacuations.all().filter(running).map(|kept| kept.evacuation.id.clone()).collect();
        if open.is_empty() || !self.is_loaded() {
            return;
        }
        for id in open {
            self.advance(&id).await;
        }
        self.show_evacuations();
    }

    /// Takes in those whose stored states cannot be read, if they could be there.
    fn count_unread(&self, muster: &mut Muster, evacuation: &Evacuation) {
        for (name, waiting) in &self.waiting {
            let lead = waiting.service().lead();
            if waiting.reason().is_some() && lead.mode == Mode::Active && lead.region(&evacuation.region).is_some() {
                muster.count_unread(name);
            }
        }
    }

    /// Whether every service is loaded whose state can be read.
    pub(super) fn is_loaded(&self) -> bool {
        self.waiting.values().all(|waiting| waiting.reason().is_some())
    }

    async fn advance(&mut self, id: &EvacuationId) {
        let began = Instant::now();
        while began.elapsed() < JUDGING_MAX {
            let now = self.parts.clock.now();
            match self.next(id, now) {
                Next::Wait => return,
                Next::Begin { services, at_most } => {
                    if !self.begin(id, &services, at_most, now).await {
                        return;
                    }
                }
                Next::Stop(why) => {
                    let changed = self.changed(id, |evacuation| evacuation.stop(None, why.clone(), now));
                    let summary = format!("stopped by itself: {why}; mend it, then `dns-admin region resume`");
                    let row = self.row(changed.as_ref(), HistoryKind::EvacuationStopped, &summary, true);
                    return drop(self.keep(changed, row).await);
                }
                Next::End => {
                    let changed = self.changed(id, |evacuation| evacuation.end(None, now));
                    let row = self.row(changed.as_ref(), HistoryKind::EvacuationEnded, "done", false);
                    return drop(self.keep(changed, row).await);
                }
            }
        }
    }

    fn next(&mut self, id: &EvacuationId, now: Timestamp) -> Next {
        let Some(kept) = self.evacuations.get(id) else { return Next::Wait };
        let muster = self.muster(&kept.evacuation, now);
        let kept = self.evacuations.kept.as_mut().and_then(|all| all.get_mut(id));
        let Some(kept) = kept else { return Next::Wait };
        kept.tally = muster.tally();
        kept.evacuation.next(&muster, &mut kept.rounds, now)
    }

    fn muster(&self, evacuation: &Evacuation, now: Timestamp) -> Muster {
        let mut muster = Muster::default();
        for (name, unit) in &self.units {
            if let Some(stand) = unit.stand(evacuation, now) {
                muster.count(name, &stand);
            }
        }
        self.count_unread(&mut muster, evacuation);
        muster
    }

    /// Gives the first services their orders that have room at their providers, as many as share a transaction. Returns
    /// whether anybody was asked.
    async fn begin(&mut self, id: &EvacuationId, services: &[ServiceName], at_most: usize, now: Timestamp) -> bool {
        let Some(order) = self.evacuations.get(id).map(|kept| kept.evacuation.order()) else { return false };
        let mut room = self.room();
        let mut asked = Vec::new();
        for name in services {
            if asked.len() >= at_most.min(GROUP_MAX) {
                break;
            }
            let Some(unit) = self.units.get(name) else { continue };
            let left = room.entry(unit.decides_at(now).clone()).or_insert(PENDING_MAX);
            if *left > 0 {
                *left -= 1;
                let event = Event::Commanded(order.clone());
                asked.push(Wanted { service: name.clone(), place: None, event });
            }
        }
        let names: Vec<ServiceName> = asked.iter().map(|wanted| wanted.service.clone()).collect();
        let stepped = self.step_all(asked).await;
        let rounds = self.evacuations.kept.as_mut().and_then(|all| all.get_mut(id)).map(|kept| &mut kept.rounds);
        let Some(rounds) = rounds else { return false };
        let mut all_stepped = !names.is_empty();
        for (name, stepped) in names.iter().zip(stepped) {
            match stepped.map(|step| step.refusal) {
                Ok(None) => rounds.note_begun(name),
                Ok(Some(refusal)) => rounds.note_refused(name, refusal),
                // The store has failed: the next turn tries again.
                Err(_) => all_stepped = false,
            }
        }
        all_stepped
    }

    /// An evacuation as it would be after a change, with its count.
    fn changed(&self, id: &EvacuationId, change: impl FnOnce(&mut Evacuation)) -> Option<Changed> {
        let kept = self.evacuations.get(id)?;
        let mut evacuation = kept.evacuation.clone();
        change(&mut evacuation);
        evacuation.outcome = Some(kept.tally).filter(|_| !evacuation.is_running());
        let Kept { generation, ref rounds, tally, ref unreadable, .. } = *kept;
        Some(Changed { evacuation, generation, rounds: rounds.clone(), tally, unreadable: unreadable.clone() })
    }

    fn row(&self, changed: Option<&Changed>, kind: HistoryKind, what: &str, page: bool) -> Option<HistoryEntry> {
        let Changed { evacuation, tally, unreadable, .. } = changed?;
        let Tally { waiting, under_way, arrived, unserved, stuck, .. } = tally;
        let word = if evacuation.is_return() { "return to" } else { "evacuation of" };
        let figures = format!("{arrived} of {} served", tally.all());
        let mut details = json!({
            "evacuation": evacuation.id, "region": evacuation.region, "to": evacuation.to,
            "undoes": evacuation.undoes, "by": evacuation.by, "reason": evacuation.reason,
            "overrides": evacuation.overrides, "stage": evacuation.stage, "waiting": waiting,
            "moving": under_way, "served": arrived, "unverified": unserved, "failed": stuck,
        });
        if let Some(text) = unreadable {
            details["replaced"] = json!(text);
        }
        Some(HistoryEntry {
            at: self.parts.clock.now(),
            service: evacuation.herald.clone(),
            kind,
            decision: None,
            summary: format!("{word} region `{}`: {what} ({figures})", evacuation.region),
            page,
            details: details.into(),
        })
    }

    /// Commits a change, and keeps it then.
    async fn keep(&mut self, changed: Option<Changed>, row: Option<HistoryEntry>) -> Result<(), Refused> {
        let Some(changed) = changed else { return Ok(()) };
        self.keep_all(vec![(changed, row)]).await
    }

    /// Commits changes, all or none, and keeps them then.
    async fn keep_all(&mut self, changes: Vec<Change>) -> Result<(), Refused> {
        if let Some(why) = self.trouble.shut() {
            return Err(Refused::Store(why.to_owned()));
        }
        let commits: Vec<EvacuationCommit> =
            changes.iter().map(|(changed, row)| changed.commit(row.as_ref())).collect::<Result<_, _>>()?;
        match self.parts.store.commit_evacuations(&commits).await {
            Ok(Some(generations)) => {
                commits.iter().flat_map(|commit| &commit.history).for_each(note_row);
                let all = self.evacuations.kept.get_or_insert_default();
                for ((Changed { evacuation, rounds, tally, .. }, _), generation) in changes.into_iter().zip(generations)
                {
                    let kept = Kept { generation, rounds, tally, unreadable: None, evacuation };
                    all.insert(kept.evacuation.id.clone(), kept);
                }
                self.show_evacuations();
                Ok(())
            }
            Ok(None) => {
                // What the store holds is the truth.
                self.evacuations.kept = None;
                Err(Refused::Store("somebody else has changed it meanwhile; look again".to_owned()))
            }
            Err(error) => {
                self.take_in(&error).await;
                Err(Refused::Store(dns_service::exit::one_line(&error)))
            }
        }
    }

    /// Shows what has changed, and tells every service which regions nothing moves into.
    pub(super) fn show_evacuations(&mut self) {
        let bars = |kept: &Kept| Some((kept.evacuation.region.clone(), kept.evacuation.bars()?));
        self.fleet.set_evacuated(self.evacuations.all().filter_map(bars).collect());
        let before = Arc::clone(&self.evacuations.shown);
        let known = |id: &EvacuationId| before.iter().find(|view| view.evacuation.id == *id);
        let shown: Vec<EvacuationView> =
            self.evacuations.all().map(|kept| kept.view(known(&kept.evacuation.id))).collect();
        if shown != *before {
            self.evacuations.shown = Arc::new(shown);
        }
    }
}

/// An evacuation as it is to be kept, with the row that tells of it.
type Change = (Changed, Option<HistoryEntry>);

/// An evacuation as it is to be kept.
struct Changed {
    evacuation: Evacuation,
    generation: Generation,
    rounds: Rounds,
    tally: Tally,
    /// What it replaces, if that could not be read.
    unreadable: Option<String>,
}

impl Changed {
    fn commit(&self, row: Option<&HistoryEntry>) -> Result<EvacuationCommit, Refused> {
        Ok(EvacuationCommit {
            id: self.evacuation.id.clone(),
            region: self.evacuation.region.clone(),
            open: self.evacuation.is_open(),
            expected: self.generation,
            state: serde_json::to_string(&self.evacuation).map_err(|error| Refused::Store(error.to_string()))?,
            history: row.cloned().into_iter().collect(),
        })
    }
}
