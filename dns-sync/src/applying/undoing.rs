//! What undoes a run. It is on disk before anything is written, so that a run that was killed in the middle can be undone, too.
//!
//! While a plan is sent, what undoes it stands beside what undid the plan before, and takes its place once something is known to
//! be written. Whoever finds it there later was not told, and asks the zone: if anything of the plan stands there, it was begun.
//!
//! What a `rollback` carries out is used up only at its end: one that was interrupted goes on when it is called again. It stays, so
//! that a `rollback` too many is told from one that goes on: an older run is undone only by whoever says of which zone or target.

use std::time::Duration;

use dns_core::time::Timestamp;
use dns_provider::zones::Writer;
use dns_service::exit::{Exit, Failure};
use dns_zone::{Owner, Plan, is_any_open, zone_digest};

use super::{Order, Purpose, Ready, Run};
use crate::folder::FolderError;
use crate::place::Place;
use crate::reading::{self, target_of};
use crate::sending::Sent;
use crate::served::TOLD_MAX;

/// How long what undoes a plan may be used: as long as nothing else has changed, which is checked.
const UNDOABLE_FOR: Duration = Duration::from_hours(24 * 7);

/// What there is to undo.
pub(super) struct Found<'p> {
    pub(super) plans: Vec<(Plan, &'p Place)>,
    /// Why it is not known of others.
    pub(super) unknown: Vec<Failure>,
}

impl Run<'_> {
    /// What undoes the last run, if these are all places there are, and else what was last applied to each.
    pub(super) async fn find<'p>(&self, places: &[(&Owner, &'p Place)], all: bool) -> Result<Found<'p>, Failure> {
        let looking = reading::each(places, self.output, "looking", |(zone, target)| self.undoing(zone, target));
        let (found, unknown): (Vec<_>, Vec<_>) =
            self.unless_stopped(looking).await?.into_iter().partition(Result::is_ok);
        let plans = found.into_iter().flatten().flatten().collect();
        let plans = if all { of_last_run(plans, self.undone_up_to(places)?)? } else { plans };
        Ok(Found { plans, unknown: unknown.into_iter().filter_map(Result::err).collect() })
    }

    /// The time of the latest run of which something was undone.
    fn undone_up_to(&self, places: &[(&Owner, &Place)]) -> Result<Option<Timestamp>, FolderError> {
        let undone = places.iter().map(|(zone, target)| self.folder.undone(zone, &target.name));
        Ok(undone.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().map(|plan| plan.made).max())
    }

    /// What undoes the last plan of which something was written to a target; nothing if there was none.
    pub(super) async fn undoing<'p>(
        &self,
        zone: &Owner,
        target: &'p Place,
    ) -> Result<Option<(Plan, &'p Place)>, Failure> {
        if let Some(prepared) = self.folder.prepared(zone, &target.name)? {
            let listing = target_of(target, zone, self.output).await;
            let listing = listing.map_err(|error| Failure::new(Exit::Unreachable, error))?;
            if is_any_open(&prepared.steps, &listing.zone) {
                self.folder.keep_undoing(zone, &target.name)?;
            }
        }
        Ok(self.folder.undoing(zone, &target.name)?.map(|plan| (plan, target)))
    }

    /// Before anything is written: what undoes all of it; nothing for what undoes another plan, and where a zone is made.
    pub(super) fn prepare_undoing(&self, order: &Order<'_>, ready: &Ready) -> Result<Option<Plan>, Failure> {
        let Order { plan, target, purpose } = order;
        let before = &ready.listing.zone;
        let makes_zone = target.holder.traits().soa == Writer::Client && ready.before.sets().len() == 0;
        match purpose {
            Purpose::Undo => return Ok(None),
            Purpose::Equal { .. } if makes_zone => {
                let about = format!("{} at `{}`", plan.zone, target.name);
                self.output
                    .note(&format!("{about} is made anew; `rollback` cannot undo that: remove the zone there"))?;
                return Ok(None);
            }
            Purpose::Equal { .. } => {}
        }
        let mut after = before.clone();
        ready.open.iter().try_for_each(|step| step.apply_to(&mut after))?;
        let undoing = plan.inverse(zone_digest(&after), self.began, UNDOABLE_FOR);
        // Another plan may have been interrupted. What undoes that stays, should nothing come of this one.
        let prepared = self.folder.prepared(&plan.zone, &target.name)?;
        if prepared.is_some_and(|prepared| is_any_open(&prepared.steps, before)) {
            self.folder.keep_undoing(&plan.zone, &target.name)?;
        }
        self.folder.prepare_undoing(&undoing)?;
        Ok(Some(undoing))
    }

    /// Once it is known what was written. What undoes a plan is used up when all of it is done.
    pub(super) fn keep_undoing(
        &self,
        order: &Order<'_>,
        is_prepared: bool,
        ready: &Ready,
        sent: &Sent,
    ) -> Result<(), Failure> {
        let Order { plan, target, purpose } = order;
        let done = ready.done.len() + sent.done.len();
        match purpose {
            Purpose::Equal { .. } if done == 0 => {}
            Purpose::Equal { .. } if !is_prepared => {
                let zone = zone_digest(&ready.listing.zone);
                self.folder.cannot_be_undone(&plan.inverse(zone, self.began, Duration::ZERO))?;
            }
            Purpose::Equal { .. } => {
                let path = self.folder.keep_undoing(&plan.zone, &target.name)?;
                self.output.note(&format!("{} undoes this; `rollback` uses it", path.display()))?;
            }
            Purpose::Undo if done < plan.steps.len() => {}
            Purpose::Undo => self.folder.used_up(&plan.zone, &target.name)?,
        }
        Ok(())
    }
}

/// Of what undoes plans, what undoes those of the last run. If something of a later one was undone before, they are of none that
/// anybody means by that.
fn of_last_run<T>(plans: Vec<(Plan, T)>, undone_up_to: Option<Timestamp>) -> Result<Vec<(Plan, T)>, Failure> {
    let last = plans.iter().map(|(plan, _)| plan.made).max();
    let plans: Vec<_> = plans.into_iter().filter(|(plan, _)| Some(plan.made) == last).collect();
    if plans.is_empty() || last >= undone_up_to {
        return Ok(plans);
    }
    let told = plans.iter().take(TOLD_MAX).map(|(plan, _)| format!("{} at `{}`", plan.zone, plan.target));
    let told = told.collect::<Vec<_>>().join(", ");
    let more = match plans.len().saturating_sub(TOLD_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let reason = format!(
        "nothing to undo: the last run was undone already, or cannot be; an older one has written {told}{more}, which --zone and --target undo"
    );
    Err(Failure::new(Exit::Refused, reason))
}
