//! `break-glass NAME --to REGION --reason TEXT`: a move with neither controller nor store.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use dns_api::by_hand::{MoveRecord, PlaceRecord, VERSION};
use dns_api::problem::{Problem, RejectionReport};
use dns_core::break_glass::{Look, OVERRIDABLE, Order, PlacePlan, PlaceWrite, Plan, plan};
use dns_core::identifier::Actor;
use dns_core::kernel::Rejection;
use dns_core::service::{Region, Service};
use dns_core::standing::Standing;
use dns_core::time::Timestamp;
use dns_core::zone::{FoundFence, ZoneView};
use dns_provider::port::{Receipt, Urgency};
use dns_service::clock::Clock;
use dns_service::config::Config;
use dns_service::exit::Exit;
use futures_util::future::join_all;

use crate::arguments::{BreakGlass, Format};
use crate::direct::operator::operator;
use crate::direct::places::{self, Place, ReadFailure};
use crate::direct::probing::{doubt, probe};
use crate::direct::record::RecordFile;
use crate::direct::sight::{Sight, date};
use crate::direct::verifying::{is_verified, verify};
use crate::direct::writing::{Written, write};
use crate::failure::Failure;
use crate::output::Output;
use crate::render::moved_by_hand::{intent, outcome};
use crate::render::problem::rejection_lines;

/// The longest reason, in bytes: as at the controller, which gets to see it.
const REASON_BYTES_MAX: usize = 500;

type Looks = [Result<ZoneView, ReadFailure>];

pub(super) async fn run(arguments: &BreakGlass, output: &Output) -> Result<Exit, Failure> {
    let by = checked(arguments)?;
    let config = places::load(&arguments.config.files)?;
    let places = places::of_service(&config, &arguments.name)?;
    let region = region(&places, arguments)?;
    let clock = Clock::start();
    let service = &places.first().expect("invariant: a configured service has a place").service;
    output.progress(&format!("probing {}, reading the zones", region.name));
    let read = async {
        let looks = join_all(places.iter().map(|place| place.read(Urgency::Flip))).await;
        output.progress(&format!("probing {}; the zones are read", region.name));
        looks
    };
    let (probed, looks) = tokio::join!(probe(&config, service, region), read);
    output.progress_over();
    let order = Order {
        to: region.name.clone(),
        by,
        reason: arguments.reason.reason.clone(),
        overrides: arguments.rules.clone(),
        override_for: override_for(arguments, service)?,
        doubt: doubt(region, &probed),
        now: clock.wall(),
        nonce: fastrand::u128(..),
    };
    let plan = planned(&order, &places, &looks);
    let mut record = record(&config, &order, &plan, &places, &looks);
    record.probed = probed;
    tell_intent(&record, &plan, &places, &looks, output)?;
    refuse(&order, &plan, &places, &looks)?;
    confirm(arguments)?;
    let limit = Limit { clock: &clock, overrides_expire: order.overrides_expire() };
    if limit.is_over() {
        return Err(expired());
    }
    let path = arguments.record.clone().unwrap_or_else(|| default_path(&record));
    let mut file = RecordFile::create(&path, &record)?;
    let exit = carry_out(&mut record, &mut file, &plan, &places, &limit, output).await;
    let shown = file.path().display().to_string();
    output.answer(&record, |width| outcome(&record, &shown, width))?;
    Ok(exit)
}

/// What can be wrong with the order itself, all of it at once.
fn checked(arguments: &BreakGlass) -> Result<Actor, Failure> {
    let (by, nobody) = match operator(arguments.by.as_ref()) {
        Ok(by) => (Some(by), None),
        Err(failure) => (None, Some(failure)),
    };
    let others = [may_be_asked(arguments.yes), check_reason(&arguments.reason.reason)];
    let faults: Vec<Failure> = others.into_iter().filter_map(Result::err).chain(nobody).collect();
    match (by, faults.is_empty()) {
        (Some(by), true) => Ok(by),
        (_, _) => Err(Failure::all(faults)),
    }
}

/// Until when what was planned may be sent.
struct Limit<'a> {
    clock: &'a Clock,
    overrides_expire: Option<Timestamp>,
}

impl Limit<'_> {
    /// Whether overrides have counted and do no longer, by the clock that they were counted from.
    fn is_over(&self) -> bool {
        self.overrides_expire.is_some_and(|end| end <= self.clock.wall())
    }
}

const EXPIRED: &str = "the overrides had expired";

fn expired() -> Failure {
    Failure::new(Exit::Refused, "the overrides have expired while it was confirmed; nothing was written")
        .hint("look again, and order it anew; --override-for makes them last longer, up to what the policy allows")
}

fn override_for(arguments: &BreakGlass, service: &Service) -> Result<Duration, Failure> {
    let granted = service.policy.overrides.grant(arguments.override_for);
    granted.map_err(|error| Failure::new(Exit::Usage, format!("--override-for: {error}")))
}

/// Nothing is begun that could only end with a question that nobody can answer.
fn may_be_asked(yes: bool) -> Result<(), Failure> {
    if yes || (std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Ok(());
    }
    Err(Failure::new(Exit::Usage, "there is no terminal to ask on").hint("--yes writes without asking"))
}

fn check_reason(reason: &str) -> Result<(), Failure> {
    if reason.trim().is_empty() || reason.len() > REASON_BYTES_MAX || reason.chars().any(char::is_control) {
        let what = format!("--reason must be one line of 1 to {REASON_BYTES_MAX} bytes");
        return Err(Failure::new(Exit::Usage, what).hint("it is for whoever reads the fence next"));
    }
    Ok(())
}

fn region<'a>(places: &'a [Place], arguments: &BreakGlass) -> Result<&'a Region, Failure> {
    let service = &places.first().expect("invariant: a configured service has a place").service;
    service.region(&arguments.to).ok_or_else(|| {
        let known: Vec<&str> = service.regions.iter().map(|region| region.name.as_str()).collect();
        let what = format!("service `{}` has no region `{}`", service.name, arguments.to);
        Failure::new(Exit::Usage, what).hint(format!("it has {}", known.join(", ")))
    })
}

fn planned(order: &Order, places: &[Place], looks: &Looks) -> Plan {
    let look = |(place, look): (&'_ Place, &'_ Result<ZoneView, ReadFailure>)| (place.service.clone(), look.clone());
    let seen: Vec<_> = places.iter().zip(looks).map(look).collect();
    let looks: Vec<Look<'_>> =
        seen.iter().map(|(service, look)| Look { service, view: look.as_ref().map_err(ReadFailure::reason) }).collect();
    plan(order, &looks)
}

fn record(config: &Config, order: &Order, plan: &Plan, places: &[Place], looks: &Looks) -> MoveRecord {
    let Order { to, by, reason, overrides, now, .. } = order;
    let at_places =
        places.iter().zip(&plan.places).zip(looks).map(|((place, plan), look)| place_record(place, plan, look));
    MoveRecord {
        record: VERSION.to_owned(),
        installation: config.installation.to_string(),
        service: places.first().map(|place| place.service.name.to_string()).unwrap_or_default(),
        to: to.to_string(),
        by: by.to_string(),
        reason: reason.clone(),
        overrides: overrides.iter().map(ToString::to_string).collect(),
        overrides_expire: order.overrides_expire().map(date),
        plan: plan.id.to_string(),
        at: date(*now),
        probed: Vec::new(),
        places: at_places.collect(),
        outcome: "begun".to_owned(),
    }
}

fn place_record(place: &Place, plan: &PlacePlan, look: &Result<ZoneView, ReadFailure>) -> PlaceRecord {
    let texts = |sets: &[dns_core::rrset::Rrset]| sets.iter().map(ToString::to_string).collect();
    let change = plan.write.as_ref().map(|write| &write.change);
    let fence = plan.write.as_ref().map(|write| &write.fence);
    let before = look.as_ref().ok().and_then(|view| match &view.fence {
        FoundFence::Present { text, .. } => Some(text.to_string()),
        FoundFence::Absent | FoundFence::Unreadable { .. } => None,
    });
    PlaceRecord {
        provider: place.service.provider.to_string(),
        zone: place.service.zone.to_string(),
        epoch: fence.map(|fence| fence.epoch.get()),
        rev: fence.map(|fence| fence.rev.get()),
        fence_before: before,
        fence: change.map(|change| change.fence.to_string()),
        deletes: change.map(|change| texts(&change.deletes)).unwrap_or_default(),
        creates: change.map(|change| texts(&change.creates)).unwrap_or_default(),
        outcome: if change.is_some() { "begun" } else { "skipped" }.to_owned(),
        detail: look.as_ref().err().map(|failure| failure.reason().to_owned()),
        servers: Vec::new(),
    }
}

fn tell_intent(
    record: &MoveRecord,
    plan: &Plan,
    places: &[Place],
    looks: &Looks,
    output: &Output,
) -> Result<(), Failure> {
    let sights = places.iter().zip(looks).map(|(place, look)| Sight::of(place, look));
    let seen: Vec<(Sight, &PlacePlan)> = sights.zip(&plan.places).collect();
    let text = intent(record, &seen, output.width());
    match output.format() {
        Format::Table => output.text(&(text + "\n"))?,
        Format::Json => output.aside(&text),
    }
    Ok(())
}

fn refuse(order: &Order, plan: &Plan, places: &[Place], looks: &Looks) -> Result<(), Failure> {
    let name = places.first().map(|place| place.service.name.to_string()).unwrap_or_default();
    let unreachable = |look: &Result<ZoneView, ReadFailure>| matches!(look, Err(ReadFailure::Unreachable(_)));
    if looks.iter().all(unreachable) {
        let reasons: Vec<String> =
            looks.iter().filter_map(|look| Some(look.as_ref().err()?.reason().to_owned())).collect();
        let failure = Failure::new(Exit::Unreachable, "no place of the service could be read; nothing was written");
        return Err(Failure { lines: reasons, ..failure });
    }
    if plan.is_clear() {
        return already_there(order, plan, &name);
    }
    let rejections = reports(plan, places);
    let what = format!("moving `{name}` to `{}` is refused; nothing was written", order.to);
    let problem = Problem {
        kind: "urn:dns-failover:problem:refused".to_owned(),
        title: "Refused by the safety kernel".to_owned(),
        status: 409,
        detail: what.clone(),
        hint: None,
        rejections: rejections.clone(),
    };
    let failure = Failure::new(Exit::Refused, what);
    Err(Failure { lines: rejection_lines(&rejections), problem: Some(problem), ..failure })
}

/// A place that was not read may be elsewhere, but a move that writes only the others again would not change that.
fn already_there(order: &Order, plan: &Plan, name: &str) -> Result<(), Failure> {
    let read: Vec<PlacePlan> = plan.places.iter().filter(|place| place.standing != Standing::Unread).cloned().collect();
    let unread = plan.places.len() - read.len();
    let read = Plan { places: read, ..plan.clone() };
    if !read.is_pointless(&order.to) {
        return Ok(());
    }
    let everywhere = match unread {
        0 => "everywhere".to_owned(),
        unread => format!("everywhere but at {unread} of {} places, which could not be read", plan.places.len()),
    };
    let what = format!("`{name}` is in region `{}` already, {everywhere}; nothing was written", order.to);
    Err(Failure::new(Exit::Refused, what)
        .hint(format!("`dns-admin fence show {name} --config FILE` says who moved it")))
}

fn reports(plan: &Plan, places: &[Place]) -> Vec<RejectionReport> {
    let report = |rejection: &Rejection, prefix: &str| RejectionReport {
        rule: rejection.rule.to_string(),
        reason: format!("{prefix}{}", rejection.reason),
        overridable: OVERRIDABLE.contains(&rejection.rule),
    };
    let general = plan.rejections.iter().map(|rejection| report(rejection, ""));
    let local = places.iter().zip(&plan.places).flat_map(|(place, plan)| {
        let prefix = format!("{}: ", place.label());
        plan.rejections.iter().map(move |rejection| report(rejection, &prefix)).collect::<Vec<_>>()
    });
    general.chain(local).collect()
}

fn confirm(arguments: &BreakGlass) -> Result<(), Failure> {
    if arguments.yes {
        return Ok(());
    }
    eprint!("Type `{}` to write this, anything else to stop: ", arguments.name);
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if is_yes(&answer, arguments.name.as_str()) {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, "not confirmed; nothing was written"))
}

/// The service's name, not `y`: at 3 a.m. a finger is faster than a thought.
pub(super) fn is_yes(answer: &str, name: &str) -> bool {
    answer.trim() == name
}

fn default_path(record: &MoveRecord) -> PathBuf {
    // Colons are awkward in file names, and two moves of one second differ by their plan.
    let at: String = record.at.chars().filter(char::is_ascii_alphanumeric).collect();
    let plan: String = record.plan.chars().rev().take(6).collect();
    Path::new(&format!("break-glass-{}-{at}-{plan}.json", record.service)).to_owned()
}

/// Writes one place after the other; the first one that can be written anchors. A conflict before anything is written
/// means that someone else is moving the service right now: nothing more is sent then. The record is true after each
/// step, since whoever is in a hurry may stop this while servers are being asked.
async fn carry_out(
    record: &mut MoveRecord,
    file: &mut RecordFile,
    plan: &Plan,
    places: &[Place],
    limit: &Limit<'_>,
    output: &Output,
) -> Exit {
    let mut applied: Vec<(usize, PlaceWrite, Receipt)> = Vec::new();
    for (index, place) in places.iter().enumerate() {
        let Some(planned) = &plan.places[index].write else { continue };
        if limit.is_over() {
            skip_from(&mut record.places[index..], EXPIRED);
            keep(record, file, output);
            break;
        }
        output.progress(&format!("writing {}", place.label()));
        let written = write(place, &planned.change, limit.clock).await;
        note(&mut record.places[index], &written);
        let outrun = applied.is_empty() && matches!(written, Written::Conflicted(_));
        if let Written::Applied { receipt } = written {
            applied.push((index, planned.clone(), receipt));
        }
        if outrun {
            let why = format!("{} was written by someone else meanwhile", place.label());
            skip_from(&mut record.places[index + 1..], &why);
        }
        keep(record, file, output);
        if outrun {
            break;
        }
    }
    output.progress("asking every authoritative server");
    let seen = join_all(applied.iter().map(|(index, write, receipt)| verify(&places[*index], write, receipt))).await;
    output.progress_over();
    for ((index, _, _), servers) in applied.iter().zip(seen) {
        record.places[*index].servers = servers;
    }
    keep(record, file, output)
}

/// Writes down how it stands, and says how it would exit.
fn keep(record: &mut MoveRecord, file: &mut RecordFile, output: &Output) -> Exit {
    let exit = exit(&record.places);
    let goes_on = record.places.iter().any(|place| place.outcome == "begun");
    if goes_on { "begun" } else { word(exit) }.clone_into(&mut record.outcome);
    if let Err(error) = file.put(record) {
        output.aside(&format!("warning: the record {} is not complete: {error}", file.path().display()));
    }
    exit
}

fn word(exit: Exit) -> &'static str {
    match exit {
        Exit::Done => "done",
        Exit::Unverified => "unverified",
        Exit::Failed
        | Exit::Usage
        | Exit::Refused
        | Exit::Unreachable
        | Exit::AwaitingApproval
        | Exit::BadConfiguration => "failed",
    }
}

fn note(place: &mut PlaceRecord, written: &Written) {
    written.as_str().clone_into(&mut place.outcome);
    place.detail = written.reason().map(str::to_owned);
}

fn skip_from(places: &mut [PlaceRecord], why: &str) {
    for place in places.iter_mut().filter(|place| place.outcome == "begun") {
        "skipped".clone_into(&mut place.outcome);
        place.detail = Some(why.to_owned());
    }
}

/// Whatever was written, or may have been, is no failure any more: then the question is what is served.
fn exit(places: &[PlaceRecord]) -> Exit {
    let all = |outcome: &str| places.iter().all(|place| place.outcome == outcome);
    let any = |outcome: &str| places.iter().any(|place| place.outcome == outcome);
    if all("applied") && places.iter().all(|place| is_verified(&place.servers)) {
        Exit::Done
    } else if any("applied") || any("unknown") {
        Exit::Unverified
    } else if any("conflicted") || any("refused") {
        Exit::Failed
    } else {
        Exit::Unreachable
    }
}

#[cfg(test)]
mod tests {
    use dns_api::by_hand::ServerSeen;

    use super::*;

    fn place(outcome: &str, servers: &[&str]) -> PlaceRecord {
        let seen = |outcome: &&str| ServerSeen {
            server: "192.0.2.53:53".to_owned(),
            outcome: (*outcome).to_owned(),
            took_ms: None,
            detail: None,
        };
        PlaceRecord {
            provider: "main".to_owned(),
            zone: "example.com.".to_owned(),
            epoch: None,
            rev: None,
            fence_before: None,
            fence: None,
            deletes: Vec::new(),
            creates: Vec::new(),
            outcome: outcome.to_owned(),
            detail: None,
            servers: servers.iter().map(seen).collect(),
        }
    }

    #[test]
    fn the_exit_code_says_what_is_true_everywhere() {
        let done = || place("applied", &["served", "silent"]);
        for (places, code) in [
            (vec![done(), done()], Exit::Done),
            (vec![done(), place("applied", &["served", "old"])], Exit::Unverified),
            (vec![done(), place("applied", &["silent"])], Exit::Unverified),
            (vec![done(), place("applied", &[])], Exit::Unverified),
            (vec![done(), place("unreachable", &[])], Exit::Unverified),
            (vec![done(), place("skipped", &[])], Exit::Unverified),
            (vec![place("unknown", &[])], Exit::Unverified),
            (vec![place("conflicted", &[]), place("skipped", &[])], Exit::Failed),
            (vec![place("unreachable", &[]), place("refused", &[])], Exit::Failed),
            (vec![place("unreachable", &[])], Exit::Unreachable),
        ] {
            assert_eq!(exit(&places), code, "{places:?}");
        }
    }

    #[test]
    fn what_is_not_written_any_more_names_the_place_that_somebody_else_wrote() {
        let mut places = [place("begun", &[]), place("skipped", &[])];
        skip_from(&mut places, "example.com. at second was written by someone else meanwhile");
        let detail = places[0].detail.as_deref();
        assert_eq!(
            (places[0].outcome.as_str(), detail),
            ("skipped", Some("example.com. at second was written by someone else meanwhile"))
        );
        assert_eq!(places[1].detail, None, "it was skipped for another reason");
    }

    #[test]
    fn only_the_services_name_is_a_yes() {
        assert!(is_yes("checkout\n", "checkout"));
        for no in ["", "y\n", "yes\n", "checkout2\n", "Checkout\n"] {
            assert!(!is_yes(no, "checkout"), "{no:?}");
        }
    }

    #[test]
    fn two_records_of_one_second_have_two_names() {
        let record = crate::direct::record::tests::record();
        let other = MoveRecord { plan: "p2".to_owned(), ..record.clone() };
        assert_ne!(default_path(&record), default_path(&other));
        assert_eq!(default_path(&record).to_string_lossy(), "break-glass-checkout-20261121T031000Z-1p.json");
    }
}
