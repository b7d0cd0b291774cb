//! `apply` and `rollback`: does what a saved plan says, if nothing has changed since, and looks whether it is served.
//!
//! Whoever is told to stop sends what is being sent to its end, and says how to go on. Whoever is killed leaves behind what
//! undoes the part that was written ([`undoing`]).

mod run;
mod undoing;

use std::io::{self, BufRead as _, IsTerminal as _};

use dns_service::config::Config;
use dns_service::exit::{Exit, Failure};
use dns_service::shutdown::on_signals;
use dns_zone::{Force, Limits, Plan};

use self::run::{Order, Purpose, Ready, Run};
use self::undoing::Found;
use crate::arguments::{ApplyArgs, RollbackArgs, Selection};
use crate::folder;
use crate::output::Output;
use crate::place::{Job, Place, Places};
use crate::planning::stopped;
use crate::{reading, settings};

/// `dns-sync apply`.
pub(crate) async fn apply(config: &Config, args: &ApplyArgs, output: &Output) -> Result<Exit, Failure> {
    let plans = folder::load(&args.plan)?;
    let places = Places::new(config)?;
    let jobs = places.jobs(&selection(&plans))?;
    refuse_stopped(&plans, &settings::limits_of_all(config.sync.all_limits), &args.forced)?;
    let run = Run::new(config, &args.forced, output, on_signals()?);
    // Everything is looked at before anything is written.
    let wanted = wanted(&jobs, &plans)?;
    let looking = reading::each(&wanted, output, "checking", |wanted| run.look(wanted));
    let looked = run.unless_stopped(looking).await?;
    run.carry_out_all(looked.into_iter().flatten().collect()).await
}

/// `dns-sync rollback`.
pub(crate) async fn rollback(config: &Config, args: &RollbackArgs, output: &Output) -> Result<Exit, Failure> {
    let places = Places::new(config)?;
    let jobs = places.jobs(&args.selection)?;
    let run = Run::new(config, &[], output, on_signals()?);
    let places: Vec<_> = jobs.iter().flat_map(|job| job.targets.iter().map(|target| (&job.zone, target))).collect();
    let Found { plans, unknown } = run.find(&places, args.selection.is_all()).await?;
    if plans.is_empty() && unknown.is_empty() {
        let reason = format!("nothing to undo: {} holds no plan that was applied", config.sync.folder.display());
        return Err(Failure::new(Exit::Refused, reason));
    }
    for (plan, _) in &plans {
        output.lines(&dns_zone::lines(plan))?;
    }
    if args.preview {
        output.note("a preview: nothing was written")?;
        return Ok(Exit::Done);
    }
    if !args.yes {
        confirm(plans.len())?;
    }
    let looking = reading::each(&plans, output, "checking", |(plan, target)| run.look_to_undo(plan, target));
    let orders = run.unless_stopped(looking).await?;
    run.carry_out_all(unknown.into_iter().map(Err).chain(orders).collect()).await
}

/// Nothing is undone that nobody has looked at.
fn confirm(plans: usize) -> Result<(), Failure> {
    let what = if plans == 1 { "this".to_owned() } else { format!("these {plans} plans") };
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        let reason = "there is no terminal to ask on: --preview shows what would be undone, --yes undoes it";
        return Err(Failure::new(Exit::Usage, reason));
    }
    eprint!("What is kept equal by a daemon will be written again. Type `yes` to undo {what}, anything else to stop: ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() == "yes" {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, "not confirmed; nothing was written"))
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

/// The plans of one zone, with where each goes.
struct Wanted<'p> {
    job: &'p Job,
    plans: Vec<(&'p Plan, &'p Place)>,
}

/// What is wanted of each zone.
fn wanted<'p>(jobs: &'p [Job], plans: &'p [Plan]) -> Result<Vec<Wanted<'p>>, Failure> {
    let mut all: Vec<Wanted<'p>> = jobs.iter().map(|job| Wanted { job, plans: Vec::new() }).collect();
    for plan in plans {
        let refused = |reason| Failure::new(Exit::Refused, reason);
        let (zone, target) = (&plan.zone, &plan.target);
        let of_zone = all.iter_mut().find(|wanted| wanted.job.zone == *zone);
        let place = |wanted: &Wanted<'p>| wanted.job.targets.iter().find(|place| place.name == *target);
        let found = of_zone.and_then(|wanted| place(wanted).map(|place| (wanted, place)));
        let unknown = || refused(format!("the configuration has no zone {zone} with the target `{target}`"));
        let (wanted, place) = found.ok_or_else(unknown)?;
        if wanted.plans.iter().any(|(other, _)| other.target == *target) {
            return Err(refused(format!("two plans are for {zone} at `{target}`; plan again")));
        }
        wanted.plans.push((plan, place));
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
