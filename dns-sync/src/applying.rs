//! `apply` and `rollback`: does what a saved plan says, if nothing has changed since, and looks whether it is served.

use std::sync::atomic::{AtomicBool, Ordering};

use dns_service::clock::Clock;
use dns_service::config::Config;
use dns_service::exit::{Exit, Failure};
use dns_zone::{Force, Limits, Plan, Step, StepState, Zone, content, progress, zone_digest};

use crate::arguments::{ApplyArgs, RollbackArgs, Selection};
use crate::folder::{self, Folder};
use crate::output::Output;
use crate::output::progress::Task;
use crate::place::{Job, Place, Places};
use crate::planning::{source_of, stopped, target_of};
use crate::sending::{SendError, Sender, Sent, fits};
use crate::{served, settings};

/// How long what undoes a plan may be used: as long as nothing else has changed, which is checked.
const UNDOABLE_FOR: std::time::Duration = std::time::Duration::from_hours(24 * 7);

/// `dns-sync apply`.
pub(crate) async fn apply(config: &Config, args: &ApplyArgs, output: &Output) -> Result<Exit, Failure> {
    let plans = folder::load(&args.plan)?;
    let places = Places::new(config)?;
    let jobs = places.jobs(&selection(&plans))?;
    refuse_stopped(&plans, &settings::limits_of_all(config.sync.all_limits), &args.forced)?;
    let run = Run { folder: Folder::new(&config.sync.folder), clock: Clock::start(), output };
    // Everything is looked at before anything is written.
    let mut orders = Vec::new();
    for plan in &plans {
        let (job, target) = find(&jobs, plan)?;
        let read = source_of(job, output).await?;
        run.check(plan, target, Some(&read.zone)).await?;
        orders.push(Order { plan, target, source_sets: Some(content(&read.zone)) });
    }
    run.carry_out_all(&orders).await
}

/// `dns-sync rollback`.
pub(crate) async fn rollback(config: &Config, args: &RollbackArgs, output: &Output) -> Result<Exit, Failure> {
    let places = Places::new(config)?;
    let jobs = places.jobs(&args.selection)?;
    let run = Run { folder: Folder::new(&config.sync.folder), clock: Clock::start(), output };
    let mut plans = Vec::new();
    for job in &jobs {
        for target in &job.targets {
            if let Some(plan) = run.folder.undoing(&job.zone, &target.name)? {
                plans.push((plan, target));
            }
        }
    }
    if plans.is_empty() {
        let reason = format!("nothing to undo: {} holds no plan that was applied", config.sync.folder.display());
        return Err(Failure::new(Exit::Refused, reason));
    }
    let mut orders = Vec::new();
    for (plan, target) in &plans {
        output.lines(&dns_zone::lines(plan))?;
        run.check(plan, target, None).await?;
        orders.push(Order { plan, target, source_sets: None });
    }
    run.carry_out_all(&orders).await
}

/// The zones and targets that plans are about.
fn selection(plans: &[Plan]) -> Selection {
    Selection {
        zones: plans.iter().map(|plan| plan.zone.clone()).collect(),
        targets: plans.iter().map(|plan| plan.target.clone()).collect(),
    }
}

fn refuse_stopped(plans: &[Plan], limits: &Limits, forced: &[Force]) -> Result<(), Failure> {
    let stopped = stopped(plans, limits, forced);
    if stopped.is_empty() {
        return Ok(());
    }
    let reason = format!("nothing was written, the plan is stopped\n  {}", stopped.join("\n  "));
    Err(Failure::new(Exit::Refused, reason))
}

fn find<'j>(jobs: &'j [Job], plan: &Plan) -> Result<(&'j Job, &'j Place), Failure> {
    let job = jobs.iter().find(|job| job.zone == plan.zone);
    let found = job.and_then(|job| Some((job, job.targets.iter().find(|target| target.name == plan.target)?)));
    found.ok_or_else(|| {
        let reason = format!("the configuration has no zone {} with the target `{}`", plan.zone, plan.target);
        Failure::new(Exit::Refused, reason)
    })
}

/// A plan that was looked at.
struct Order<'p> {
    plan: &'p Plan,
    target: &'p Place,
    /// How many sets the source has; nothing for what undoes a plan.
    source_sets: Option<u64>,
}

/// A plan that may be carried out now, with what of it is still to be done.
struct Ready {
    /// The target as it is now.
    zone: Zone,
    open: Vec<Step>,
}

struct Run<'o> {
    folder: Folder,
    clock: Clock,
    output: &'o Output,
}

impl Run<'_> {
    /// Whether what a plan was made from is still so, but for what of it is done already.
    async fn check(&self, plan: &Plan, target: &Place, source: Option<&Zone>) -> Result<Ready, Failure> {
        let listing = target_of(target, &plan.zone, self.output).await;
        let listing = listing.map_err(|error| Failure::new(Exit::Unreachable, error))?;
        let states = progress(&plan.steps, &listing.zone).map_err(|strayed| {
            let reason = format!("{} at `{}`: {strayed}; make a new plan", plan.zone, plan.target);
            Failure::new(Exit::Refused, reason)
        })?;
        let (open, done): (Vec<_>, Vec<_>) =
            plan.steps.iter().zip(&states).partition(|(_, state)| **state == StepState::Open);
        let mut before = listing.zone.clone();
        for (step, _) in &done {
            step.inverse().apply_to(&mut before)?;
        }
        let checked = plan.check(zone_digest(&before), source, self.clock.wall());
        checked.map_err(|drift| Failure::new(Exit::Refused, drift))?;
        let open: Vec<Step> = open.into_iter().map(|(step, _)| step.clone()).collect();
        fits(&plan.zone, target, &open)?;
        if !done.is_empty() {
            let about = format!("{} at `{}`", plan.zone, plan.target);
            self.output.note(&format!("{about}: {} of {} steps are done already", done.len(), plan.steps.len()))?;
        }
        Ok(Ready { zone: listing.zone, open })
    }

    /// One after the other. What goes wrong with one is told, and the others are carried out all the same.
    async fn carry_out_all(&self, orders: &[Order<'_>]) -> Result<Exit, Failure> {
        let mut worst = Exit::Done;
        for order in orders {
            let exit = match self.carry_out(order).await {
                Ok(exit) => exit,
                Err(failure) => {
                    let about = format!("{} at `{}`", order.plan.zone, order.plan.target);
                    self.output.note(&format!("error: {about}: {}", failure.reason()))?;
                    failure.exit()
                }
            };
            worst = graver(worst, exit);
        }
        Ok(worst)
    }

    async fn carry_out(&self, order: &Order<'_>) -> Result<Exit, Failure> {
        let Order { plan, target, source_sets } = order;
        let about = format!("{} at `{}`", plan.zone, plan.target);
        if plan.steps.is_empty() {
            self.output.answer(&format!("{about}: nothing to do"))?;
            return Ok(Exit::Done);
        }
        // Again, since others may have taken minutes meanwhile. The source was read for all of them.
        let Ready { zone, open } = self.check(plan, target, None).await?;
        self.prepare_undoing(plan, &zone, &open)?;
        let sent = self.send(plan, target, &open).await?;
        if let Some(sets) = source_sets {
            self.folder.keep_source_sets(&plan.zone, *sets)?;
        }
        self.tell(&about, &sent, &open)?;
        let settled = self.settle(plan, target, &open, &sent).await?;
        let whole = sent.refused.is_empty() && sent.withheld.is_empty();
        Ok(if whole { settled } else { graver(settled, Exit::Failed) })
    }

    /// Before anything is written: what undoes all of it. It takes the place of what undid the plan before once something is.
    fn prepare_undoing(&self, plan: &Plan, zone: &Zone, open: &[Step]) -> Result<(), Failure> {
        let mut after = zone.clone();
        open.iter().try_for_each(|step| step.apply_to(&mut after))?;
        let undoing = plan.inverse(zone_digest(&after), self.clock.wall(), UNDOABLE_FOR);
        self.folder.prepare_undoing(&undoing)?;
        Ok(())
    }

    async fn send(&self, plan: &Plan, target: &Place, open: &[Step]) -> Result<Sent, Failure> {
        let about = format!("writing {} to `{}`", plan.zone, target.name);
        let progress = self.output.progress(Task { about, unit: "steps", total: Some(open.len()) });
        progress.at(0);
        let wrote = AtomicBool::new(false);
        let tell = |done: usize| {
            wrote.store(true, Ordering::Relaxed);
            progress.at(done);
        };
        let sender = Sender { zone: &plan.zone, target, clock: self.clock, tell: &tell };
        let sent = sender.send(open).await;
        drop(progress);
        if wrote.into_inner() {
            let path = self.folder.keep_undoing(&plan.zone, &plan.target)?;
            self.output.note(&format!("{} undoes this; `rollback` uses it", path.display()))?;
        }
        sent.map_err(|error| {
            let exit = match &error {
                SendError::Drifted { .. } => Exit::Refused,
                SendError::Provider { .. } => Exit::Unreachable,
                SendError::TooBig(_) | SendError::RefusesAll { .. } => Exit::Failed,
            };
            Failure::new(exit, error)
        })
    }

    fn tell(&self, about: &str, sent: &Sent, open: &[Step]) -> Result<(), Failure> {
        let Sent { done, refused, withheld, batches } = sent;
        let changes: usize = done.iter().map(|index| open[*index].changes.len()).sum();
        self.output.answer(&format!("{about}: {changes} record sets written in {batches} batches"))?;
        for (index, reason) in refused {
            self.output.answer(&format!("! {}: refused: {reason}", names(&open[*index])))?;
        }
        for index in withheld {
            self.output
                .answer(&format!("! {}: not sent, since it needs one that was refused", names(&open[*index])))?;
        }
        Ok(())
    }

    /// Done means served: the zone holds it, and every authoritative server answers with it.
    async fn settle(&self, plan: &Plan, target: &Place, open: &[Step], sent: &Sent) -> Result<Exit, Failure> {
        let listing = target_of(target, &plan.zone, self.output).await;
        let listing = listing.map_err(|error| Failure::new(Exit::Unverified, error))?;
        let done: Vec<Step> = sent.done.iter().map(|index| open[*index].clone()).collect();
        let states = progress(&done, &listing.zone);
        if !states.is_ok_and(|states| states.iter().all(|one| *one == StepState::Done)) {
            let about = format!("{} at `{}`", plan.zone, plan.target);
            self.output.answer(&format!("! {about} does not hold all that was written; plan again"))?;
            return Ok(Exit::Unverified);
        }
        served::wait(target, &listing.zone, &done, self.output).await
    }
}

/// The sets of a step, for people.
fn names(step: &Step) -> String {
    let keys: Vec<String> = step.changes.iter().map(|change| change.key.to_string()).collect();
    keys.join(", ")
}

/// The one that says more of what is left to do; of two that say as much, the first.
fn graver(one: Exit, other: Exit) -> Exit {
    let rank = |exit: Exit| match exit {
        Exit::Done => 0,
        Exit::Unverified => 1,
        Exit::Failed
        | Exit::Usage
        | Exit::Refused
        | Exit::Unreachable
        | Exit::AwaitingApproval
        | Exit::BadConfiguration => 2,
    };
    if rank(other) > rank(one) { other } else { one }
}
