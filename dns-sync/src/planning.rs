//! `plan`: reads sources and targets, and says what would make them equal.

use std::time::Duration;

use dns_core::identifier::Installation;
use dns_provider::zones::{Listing, NotPlain, Writer, ZoneTraits};
use dns_service::clock::Clock;
use dns_service::config::Config;
use dns_service::config::sync::{ApexProtection, ZoneSync};
use dns_service::exit::{Exit, Failure};
use dns_zone::{Exceeded, Force, Limits, Mark, Owner, Plan, Protected, Scope, Settings, Tally, Totals, Zone};

use crate::arguments::{PlanArgs, PlanFormat};
use crate::folder::Folder;
use crate::output::Output;
use crate::place::{Job, Place, Places};
use crate::reading::{self, Seen};
use crate::settings;

/// How long a plan may be applied: long enough to be looked at by a colleague, short enough that it is about today's zone.
const VALID_FOR: Duration = Duration::from_hours(4);

/// Up to so many plans are shown one by one; of more, those that have nothing to do are only counted.
const SHOWN_WHOLE_MAX: usize = 20;

/// `dns-sync plan`.
pub(crate) async fn command(config: &Config, args: &PlanArgs, output: &Output) -> Result<Exit, Failure> {
    let places = Places::new(config)?;
    let folder = Folder::new(&config.sync.folder);
    let jobs = places.jobs(&args.selection)?;
    let planned = reading::each(&jobs, output, "planning", |job| plans_of(config, job, &folder, output)).await;
    let (plans, failures): (Vec<_>, Vec<_>) = planned.into_iter().map(|one| (one.plans, one.failures)).unzip();
    let (plans, failures) = (plans.concat(), failures.into_iter().flatten().collect::<Vec<_>>());
    let across = across(&plans, &settings::limits_of_all(config.sync.all_limits));
    show(&plans, &across, args.output, output)?;
    let is_stopped = plans.iter().any(|plan| !plan.stopped_by(&[].into()).is_empty()) || !across.is_empty();
    if let Some(file) = args.out.as_ref().filter(|_| !plans.is_empty()) {
        crate::folder::save(file, &plans)?;
        let next = if is_stopped { "`apply` refuses it unless what stops it is lifted:" } else { "to do it:" };
        output.note(&format!("saved; {next} apply {}", file.display()))?;
    }
    match Failure::of_all(failures) {
        Some(failure) => {
            let (made, all) = (plans.len(), jobs.iter().map(|job| job.targets.len()).sum::<usize>());
            output.note(&format!("{made} of {all} plans were made; the others are not known:"))?;
            Err(failure)
        }
        None if is_stopped => Ok(Exit::Refused),
        None => Ok(Exit::Done),
    }
}

/// What came of planning a zone.
#[derive(Default)]
struct Planned {
    plans: Vec<Plan>,
    failures: Vec<Failure>,
}

/// The plan of each target of a zone. One that cannot be read holds up no other.
async fn plans_of(config: &Config, job: &Job, folder: &Folder, output: &Output) -> Planned {
    let Seen { source, targets } = reading::zone_of(job, &job.targets.iter().collect::<Vec<_>>(), output).await;
    let mut came = Planned::default();
    let source = source.map_err(|failure| came.failures.push(failure)).ok();
    let planner = Planner::new(config, job);
    for (target, listing) in targets {
        let plan = |listing: Listing| {
            let Some(read) = &source else { return Ok(None) };
            warn_of_ns(job, target, output)?;
            let known = folder.source_sets(&job.zone, &target.name)?;
            let settings = planner.settings(target, &read.not_plain, &listing, known);
            Ok(Some(dns_zone::plan(&read.zone, &listing.zone, &settings)))
        };
        match listing.and_then(plan) {
            Ok(plan) => came.plans.extend(plan),
            Err(failure) => came.failures.push(failure),
        }
    }
    for warning in source.iter().flat_map(|read| &read.warnings) {
        if let Err(error) = output.note(&warning.to_string()) {
            came.failures.push(error.into());
        }
    }
    came
}

/// A setting that means nothing at a target is no reason to stop, and none to be silent.
fn warn_of_ns(job: &Job, target: &Place, output: &Output) -> std::io::Result<()> {
    if job.config.protected == ApexProtection::Soa && target.holder.traits().apex_ns == Writer::Provider {
        let about = format!("{} at `{}`", job.zone, target.name);
        let text = "the provider itself writes the NS of the apex; `protected: soa` means nothing there";
        output.note(&format!("warning: {about}: {text}"))?;
    }
    Ok(())
}

/// What all plans of a zone are made with.
#[derive(Clone, Debug)]
pub(crate) struct Planner {
    install: Installation,
    zone: ZoneSync,
}

impl Planner {
    /// As configured.
    pub(crate) fn new(config: &Config, job: &Job) -> Self {
        Self { install: config.installation.clone(), zone: job.config.clone() }
    }

    /// How the plan of one target is made now. `not_plain` is what the source holds that is no record set,
    /// `listing` what the target holds.
    pub(crate) fn settings(
        &self,
        target: &Place,
        not_plain: &[NotPlain],
        listing: &Listing,
        source_sets_known: Option<u64>,
    ) -> Settings {
        let traits = target.holder.traits();
        Settings {
            target: target.name.clone(),
            ttl_policy: settings::ttl_policy(self.zone.ttl),
            limits: settings::limits(&self.zone.limits),
            protected: protected(self.zone.protected, &traits, &listing.zone),
            traits: traits.holds,
            install: self.install.clone(),
            markers: settings::markers(&self.zone.markers),
            not_plain: not_plain.iter().chain(&listing.not_plain).map(other).collect(),
            serial_stays: listing.serial_stays.clone(),
            source_sets_known,
            made: Clock::start().wall(),
            valid_for: VALID_FOR,
        }
    }
}

/// What stays at the apex. A zone that is not there yet, as a file may be, is created with the SOA and NS of the source.
fn protected(asked: ApexProtection, traits: &ZoneTraits, target: &Zone) -> Protected {
    if traits.soa == Writer::Client && target.sets().len() == 0 {
        return Protected::Nothing;
    }
    settings::protected(asked, traits.apex_ns)
}

fn other(NotPlain { owner, rtype, reason }: &NotPlain) -> (Owner, String) {
    (owner.clone(), format!("{rtype}: {reason}"))
}

/// What all plans together exceed; one alone has limits of its own.
pub(crate) fn across(plans: &[Plan], limits: &Limits) -> Vec<Exceeded> {
    if plans.len() < 2 {
        return Vec::new();
    }
    let all: Tally = plans.iter().map(|plan| Tally::of_own(plan.tally.existing, &plan.steps)).sum();
    all.exceeding(Scope::All, limits)
}

/// What stops a set of plans, when some limits are lifted by name.
pub(crate) fn stopped(plans: &[Plan], limits: &Limits, forced: &[Force]) -> Vec<String> {
    let forced = forced.iter().copied().collect();
    let each = plans.iter().flat_map(|plan| {
        let about = format!("{} at `{}`", plan.zone, plan.target);
        plan.stopped_by(&forced).into_iter().map(move |why| format!("{about}: {why}"))
    });
    let all = across(plans, limits).into_iter().filter(|one| !forced.contains(&one.limit));
    each.chain(all.map(|one| format!("all zones: {one}"))).collect()
}

fn show(plans: &[Plan], across: &[Exceeded], format: PlanFormat, output: &Output) -> Result<(), Failure> {
    match format {
        PlanFormat::Text => show_text(plans, across, output)?,
        PlanFormat::Json => {
            output.answer(&crate::folder::to_json(plans))?;
            // The list is what `apply` reads, and each plan is about its own zone.
            across.iter().try_for_each(|one| output.note(&format!("stopped: all zones: {one}")))?;
        }
        PlanFormat::Markdown => output.answer(&dns_zone::markdown(plans, across))?,
    }
    Ok(())
}

fn show_text(plans: &[Plan], across: &[Exceeded], output: &Output) -> std::io::Result<()> {
    let is_shown = |plan: &&Plan| plans.len() <= SHOWN_WHOLE_MAX || !plan.is_quiet();
    plans.iter().filter(is_shown).try_for_each(|plan| output.lines(&dns_zone::lines(plan)))?;
    across.iter().try_for_each(|one| output.answer(&format!("! all zones: {one}")))?;
    if plans.len() > 1 {
        output.lines(&[dns_zone::line(Mark::Head, Totals::of(plans).to_string())])?;
    }
    Ok(())
}
