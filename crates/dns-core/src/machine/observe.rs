//! Taking in judgements and looks at the zone.

use serde_json::json;

use super::effect::Effect;
use super::memory::{Failover, Unreadable};
use super::{Row, Turn};
use crate::fence::{Fence, Pause};
use crate::history::HistoryKind;
use crate::judgement::Judgement;
use crate::service::Mode;
use crate::standing::{Standing, recognise};
use crate::write::WriteStage;
use crate::zone::ZoneView;

impl Failover {
    pub(super) fn judged(&mut self, judgement: &Judgement, turn: &mut Turn) {
        self.judgement = Some(judgement.clone());
        self.mend_clock(turn.now());
        self.end_pause_if_over(turn);
        self.expire_if_late(turn);
        self.forget_view_of_another_configuration(turn);
    }

    pub(super) fn zone_read(&mut self, view: &ZoneView, turn: &mut Turn) {
        if let Some(ended) = self.unreadable.take() {
            let summary = format!("the zone can be read again after {} s", turn.now().since(ended.since).as_secs());
            turn.record(Row::new(HistoryKind::ReadableAgain, summary));
        }
        if self.open.as_ref().is_some_and(|open| open.stage == WriteStage::Sent) {
            // The executor finds out what became of the write; a look in between could mistake our own write for
            // another controller's, or miss that it is still on its way.
            return;
        }
        self.look(view, turn);
    }

    /// Takes in what a look at the zone means.
    pub(super) fn look(&mut self, view: &ZoneView, turn: &mut Turn) {
        let (standing, same) = recognise(self.held.as_ref(), view, &turn.around.service);
        if self.is_doubtful(&standing, view) {
            self.doubt = Some(standing);
            turn.emit(Effect::ReadZone);
            return;
        }
        self.doubt = None;
        let known = self.standing.replace(standing.clone());
        self.view = Some(view.clone());
        let news = known.as_ref() != Some(&standing);
        match standing {
            Standing::Held => self.found_held(same, known.as_ref(), turn),
            Standing::Newer { fence } => self.follow(&fence, turn),
            Standing::Released { fence } => {
                self.active = turn.around.service.region_shown(&view.rrsets).cloned();
                self.found_released(*fence, turn);
            }
            Standing::Unadopted { serving } => self.active = serving,
            Standing::Lost { found, serving } => {
                if news {
                    turn.record(lost_row(self.held.as_ref(), found.as_deref()));
                }
                self.active = serving.or_else(|| self.active.take());
            }
            Standing::Foreign { why } => {
                if news {
                    let summary = format!("someone else changed the zone, every write is held: {why}");
                    turn.record(Row::new(HistoryKind::ForeignChange, summary).paging());
                }
                self.active = self.active.take().or_else(|| self.held.as_ref().and_then(|held| held.active.clone()));
            }
            Standing::Unread => {}
        }
    }

    fn found_held(&mut self, found: Option<Fence>, known: Option<&Standing>, turn: &mut Turn) {
        self.understand_more(found, turn);
        self.active = self.held.as_ref().and_then(|held| held.active.clone());
        if matches!(known, Some(Standing::Foreign { .. })) {
            turn.record(Row::new(HistoryKind::ForeignChangeEnded, "the zone is as the fence says again"));
        }
    }

    /// The fence that is held may have been taken down by a program that knew less of it, and kept the rest as it was read,
    /// or by one that knew more. The zone has the same one, and this program reads in it what it knows.
    fn understand_more(&mut self, found: Option<Fence>, turn: &Turn) {
        let differs = |found: &Fence| self.held.as_ref().is_some_and(|held| held.unknown != found.unknown);
        let Some(found) = found.filter(differs) else { return };
        self.dwell = self.dwell.or_else(|| found.dwell.map(|dwell| dwell.seen(turn.now())));
        self.held = Some(found);
    }

    /// A tombstone is read again and again; only one that another controller has written is news. A pause that was
    /// ordered since then stays: it has to hold when the service is adopted again.
    fn found_released(&mut self, fence: Fence, turn: &mut Turn) {
        if self.held.as_ref().is_none_or(|held| held.order() < fence.order()) {
            turn.record(Row::new(HistoryKind::Followed, format!("`{}` released the service", fence.by)));
            if !self.keeps_own_pause() {
                self.forget_pause(turn);
            }
        }
        (self.pin, self.dwell) = (None, None);
        self.end_verifying("the service was released", turn);
        self.held = Some(fence);
    }

    /// Takes over what a newer fence says.
    fn follow(&mut self, fence: &Fence, turn: &mut Turn) {
        let (whose, why) = if fence.by == turn.around.actor {
            // Of a burn, or of a write that the store does not know.
            ("its own newer fence".to_owned(), "its fence was written anew".to_owned())
        } else {
            (format!("the fence of `{}`", fence.by), format!("`{}` wrote the fence", fence.by))
        };
        if self.open.is_some() {
            self.expire(&why, turn);
        }
        // A place that is new to a service whose other places are known is no lost store.
        let rebuilt = self.held.is_none() && turn.around.siblings.iter().all(|sibling| sibling.held.is_none());
        if self.active != fence.active {
            self.hold = None;
        }
        let summary = format!(
            "followed {whose}: epoch {}, rev {}, active in `{}`",
            fence.epoch,
            fence.rev,
            fence.active.as_ref().map_or("none", crate::identifier::RegionName::as_str)
        );
        let details = json!({ "epoch": fence.epoch, "rev": fence.rev, "active": fence.active, "by": fence.by });
        turn.record(Row::new(HistoryKind::Followed, summary).with(details));
        self.end_verifying(&why, turn);
        // Whether that one arrived everywhere is its writer's business.
        self.unverified = false;
        self.active.clone_from(&fence.active);
        // A point in the future would stretch the cooldown: it counts as seen now, and only when it is seen first.
        if self.moved.is_none() || self.held.as_ref().is_none_or(|held| held.moved != fence.moved) {
            self.moved = Some(fence.moved.min(turn.now()));
        }
        self.dwell = fence.dwell.map(|dwell| dwell.seen(turn.now()));
        self.pin.clone_from(&fence.pin);
        self.follow_pause(fence);
        self.held = Some(fence.clone());
        self.standing = Some(Standing::Held);
        let ends_by_itself = self.pause.as_ref().is_none_or(|pause| pause.until.is_some());
        if rebuilt && turn.around.service.mode == Mode::Active && ends_by_itself {
            self.pause_after_rebuild(turn);
        }
    }

    /// A store that knows nothing of a fence that is ours was lost or is new: a person says when to act again. This
    /// pause stays in the store, since other controllers may be well.
    fn pause_after_rebuild(&mut self, turn: &mut Turn) {
        let reason = "the store was empty and the state was rebuilt from the zone".to_owned();
        turn.record(Row::new(HistoryKind::Paused, format!("paused: {reason}; resume to arm it")).paging());
        self.pause = Some(Pause { by: turn.around.actor.clone(), until: None, reason });
        self.pause_stays_here = true;
    }

    /// A read that began before a write and came back after it shows the fence of before, and a listing that is made of
    /// several pages may show a new fence with records of before. So one look alone never makes a loss, and none a foreign
    /// change under a fence that was not seen before: the next look, which begins after it, has to find it as well.
    fn is_doubtful(&self, standing: &Standing, view: &ZoneView) -> bool {
        match standing {
            Standing::Lost { .. } => self.standing.as_ref() != Some(standing) && self.doubt.as_ref() != Some(standing),
            Standing::Foreign { .. } => {
                let is_new = self.view.as_ref().is_none_or(|known| known.fence != view.fence);
                is_new && !matches!(self.doubt, Some(Standing::Foreign { .. }))
            }
            Standing::Unread
            | Standing::Unadopted { .. }
            | Standing::Held
            | Standing::Newer { .. }
            | Standing::Released { .. } => false,
        }
    }

    /// What was not asked for was not seen: a changed configuration asks for other RRsets.
    fn forget_view_of_another_configuration(&mut self, turn: &mut Turn) {
        let service = turn.service();
        let is_asked = |view: &ZoneView| service.records.iter().all(|record| view.asked.contains(&record.key));
        let other = |view: &ZoneView| view.zone != *service.zone || !is_asked(view);
        let sent = self.open.as_ref().is_some_and(|open| open.stage == WriteStage::Sent);
        if !sent && self.view.as_ref().is_some_and(other) {
            self.forget_view(turn);
        }
    }

    pub(super) fn zone_unreadable(&mut self, reason: &str, denied: bool, turn: &mut Turn) {
        let known = self.unreadable.take();
        // The same trouble in other words is no news. That it has come to need a person is, once.
        let told = known.as_ref().is_some_and(|known| known.denied || !denied);
        if !told {
            let row = Row::new(HistoryKind::Unreadable, format!("the zone cannot be read: {reason}"));
            turn.record(if denied { row.paging() } else { row });
        }
        self.unreadable = Some(Unreadable {
            reason: reason.to_owned(),
            since: known.as_ref().map_or(turn.now(), |known| known.since),
            denied: denied || known.is_some_and(|known| known.denied),
        });
    }

    /// What was read is no longer true; nothing is decided until it is read anew.
    pub(super) fn forget_view(&mut self, turn: &mut Turn) {
        self.view = None;
        turn.emit(Effect::ReadZone);
    }
}

fn lost_row(held: Option<&Fence>, found: Option<&Fence>) -> Row {
    let held = held.map_or_else(|| "none".to_owned(), |fence| format!("epoch {}, rev {}", fence.epoch, fence.rev));
    let summary = match found {
        None => format!("the fence is gone (held: {held})"),
        Some(found) => format!("the fence was set back to epoch {}, rev {} (held: {held})", found.epoch, found.rev),
    };
    Row::new(HistoryKind::FenceLost, summary).paging()
}
