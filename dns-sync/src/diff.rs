//! `diff`: in what two copies of a zone differ, wherever they are: files, providers, live servers.
//!
//! Neither the SOA is compared, whose serial counts the writes of its server, nor what signers make. Everything else is, the NS of
//! the apex among it, and also what a plan would leave alone.

mod asked;
mod reading;
mod report;
pub(crate) mod side;

use std::collections::BTreeSet;

use dns_provider::zones::owner;
use dns_service::config::Config;
use dns_service::config::provider::ProviderConfig;
use dns_service::config::sync::SyncSource;
use dns_service::exit::{Exit, Failure};
use dns_zone::{Owner, compare};
use futures_util::future::{TryFutureExt as _, join};

use self::reading::{Copy, Refusal, Seen};
use self::report::{AskedReport, Report, SideReport};
use self::side::Side;
use crate::arguments::DiffArgs;
use crate::output::Output;

/// `dns-sync diff`: [`Exit::Failed`] says that they differ, as the code of `diff` does.
pub(crate) async fn command(config: Option<&Config>, args: &DiffArgs, output: &Output) -> Result<Exit, Failure> {
    let zone = zone(config, args)?;
    let unread = |error| Failure::new(Exit::Unreachable, error);
    let read = |side| Box::pin(reading::read(side, &zone, config, output)).map_err(unread);
    let (a, b) = match join(read(&args.a), read(&args.b)).await {
        (Ok(a), Ok(b)) => (a, b),
        (a, b) => {
            let failures = [a.err(), b.err()].into_iter().flatten();
            return Err(Failure::of_all(failures).expect("invariant: one of them is a failure"));
        }
    };
    let report = compared(zone, args, a, b, output).await?;
    if args.json {
        output.answer(&serde_json::to_string_pretty(&report)?)?;
    } else {
        output.lines(&report.lines())?;
    }
    Ok(if report.equal { Exit::Done } else { Exit::Failed })
}

async fn compared(zone: Owner, args: &DiffArgs, a: Seen, b: Seen, output: &Output) -> Result<Report, Failure> {
    let (a, b, asked) = match (a, b) {
        (Seen::Whole(a), Seen::Whole(b)) => (a, b, None),
        (Seen::Whole(a), Seen::Refused(refusal)) => {
            let (a, b, asked) = by_asking(a, refusal, &args.b, output).await?;
            (a, b, Some(asked))
        }
        (Seen::Refused(refusal), Seen::Whole(b)) => {
            let (b, a, asked) = by_asking(b, refusal, &args.a, output).await?;
            (a, b, Some(asked))
        }
        (Seen::Refused(a), Seen::Refused(b)) => {
            let hint = "name a file or a provider as one side, or allow transfers from here";
            let told = format!("{} ({}) and {} ({}) refuse transfers; {hint}", args.a, a.reason, args.b, b.reason);
            return Err(Failure::new(Exit::Unreachable, told));
        }
    };
    let differences = compare(&a.zone, &b.zone);
    Ok(Report {
        zone,
        equal: differences.is_empty(),
        a: SideReport::of(&args.a, &a),
        b: SideReport::of(&args.b, &b),
        differences,
        asked,
    })
}

/// What of a whole copy a server was asked for, what it serves of that, and what is to be said about it.
async fn by_asking(
    whole: Copy,
    Refusal { server, reason }: Refusal,
    side: &Side,
    output: &Output,
) -> Result<(Copy, Copy, AskedReport), Failure> {
    let answers = asked::ask(server, whole, output).await;
    let answers = answers.map_err(|error| Failure::new(Exit::Unreachable, error))?;
    let report = AskedReport { source: side.to_string(), reason, unseen: answers.unseen };
    Ok((answers.wanted, answers.served, report))
}

/// The zone that is meant: the named one, or the only one that both sides can have.
fn zone(config: Option<&Config>, args: &DiffArgs) -> Result<Owner, Failure> {
    let usage = |text: String| Failure::new(Exit::Usage, text);
    let mut both: Option<BTreeSet<Owner>> = None;
    for side in [&args.a, &args.b] {
        let held = held(config, side).map_err(usage)?;
        if let (Side::Provider(_), Some(held), Some(zone)) = (side, &held, &args.zone)
            && !held.contains(zone)
        {
            return Err(usage(format!("{side} does not hold the zone {zone}; it has: {}", listed(held))));
        }
        both = match (both, held) {
            (Some(one), Some(other)) => Some(&one & &other),
            (one, other) => one.or(other),
        };
    }
    if let Some(zone) = &args.zone {
        return Ok(zone.clone());
    }
    let both = both.unwrap_or_default();
    match both.first() {
        Some(zone) if both.len() == 1 => Ok(zone.clone()),
        Some(_) => Err(usage(format!("several zones may be meant, {}; name one: --zone ZONE", listed(&both)))),
        None => Err(usage("nothing says which zone is meant; name it: --zone ZONE".to_owned())),
    }
}

fn listed(zones: &BTreeSet<Owner>) -> String {
    zones.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The zones that a side has by the configuration; none if that says nothing about it.
fn held(config: Option<&Config>, side: &Side) -> Result<Option<BTreeSet<Owner>>, String> {
    let from = |is: &dyn Fn(&SyncSource) -> bool| {
        let zones = config.iter().flat_map(|config| &config.sync.zones).filter(|zone| is(&zone.source));
        let zones: BTreeSet<Owner> = zones.map(|zone| owner(&zone.zone)).collect();
        (!zones.is_empty()).then_some(zones)
    };
    match side {
        Side::Live(_) => Ok(None),
        Side::File(path) => Ok(from(&|source| matches!(source, SyncSource::File(file) if file == path))),
        Side::OctoDns(path) => Ok(from(&|source| matches!(source, SyncSource::OctoDns(file) if file == path))),
        Side::Provider(name) => {
            let config = config.ok_or_else(|| format!("{side} stands in the configuration; give it: --config PATH"))?;
            let provider = config.providers.get(name).map(ProviderConfig::zones);
            let zones = provider.or_else(|| Some(config.zone_files.get(name)?.zones.iter().collect()));
            let zones = zones.ok_or_else(|| {
                let known: BTreeSet<String> =
                    config.providers.keys().chain(config.zone_files.keys()).map(ToString::to_string).collect();
                let known: Vec<String> = known.into_iter().collect();
                format!("there is no provider `{name}`; the configuration has: {}", known.join(", "))
            })?;
            Ok(Some(zones.into_iter().map(owner).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use dns_service::config::secret::{Program, SecretCheck};

    use super::*;

    fn held_by(side: &str) -> Result<Option<BTreeSet<Owner>>, String> {
        let text = "apiVersion: dnsfailover/v1
installation: acme
providers:
  api: { route53: { zones: { a.test: Z1 } } }
  files: { zoneFiles: { folder: /srv/zones, zones: [a.test, b.test] } }
sync:
  zones:
    - { zone: a.test, source: { provider: api }, targets: [files] }
";
        let texts = [(Path::new("sync.yaml"), text)];
        let config = Config::from_texts(texts, &Program::Admin(SecretCheck::Skip)).expect("valid");
        held(Some(&config), &side.parse().expect("a side"))
    }

    #[test]
    fn a_folder_of_zone_files_holds_zones_as_other_providers_do() {
        let zones = |names: &[&str]| Some(names.iter().map(|name| name.parse().expect("a name")).collect());
        assert_eq!(held_by("provider:files"), Ok(zones(&["a.test.", "b.test."])));
        assert_eq!(held_by("provider:api"), Ok(zones(&["a.test."])));
        let told = held_by("provider:none").expect_err("there is no such one");
        assert_eq!(told, "there is no provider `none`; the configuration has: api, files");
    }
}
