//! What can be read of `sync.zones` right now: every source, and every target with its credentials. Nothing is written, and
//! nothing is planned; of a provider's zone one read is made, however large it is.

use std::collections::BTreeMap;
use std::path::Path;

use dns_core::identifier::ProviderName;
use dns_provider::zones::{Reached, owner};
use dns_service::config::Config;
use dns_service::config::sync::{SyncSource, ZoneSync};
use dns_service::exit::one_line;
use dns_zone::Owner;
use futures_util::future::{BoxFuture, FutureExt as _};

use crate::place::{Place, place};
use crate::source::{self, Read, SourceError};

/// What one look at a zone came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The zone.
    pub zone: String,
    /// The provider; none for a file.
    pub provider: Option<String>,
    /// How it went.
    pub outcome: Outcome,
    /// What was found.
    pub message: String,
}

/// How a look went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Good,
    /// It can be planned from, and someone should look at it.
    Unwise,
    /// Nothing would be planned, or written.
    Faulty,
}

/// The looks at all zones, in the order of the configuration. Each bounds its own time, and they may be made side by side.
pub fn looks(config: &Config) -> Vec<BoxFuture<'_, Look>> {
    let mut doors = Doors { config, made: BTreeMap::new() };
    config.sync.zones.iter().flat_map(|zone| of_zone(&mut doors, zone)).collect()
}

/// The providers that were met so far, or why they cannot be asked from here. All zones of one share its budget of calls.
struct Doors<'c> {
    config: &'c Config,
    made: BTreeMap<ProviderName, Result<Place, String>>,
}

impl Doors<'_> {
    fn to(&mut self, name: &ProviderName) -> Result<Place, String> {
        let make = || place(self.config, name).map_err(|error| one_line(&error));
        self.made.entry(name.clone()).or_insert_with(make).clone()
    }
}

fn of_zone<'c>(doors: &mut Doors<'c>, zone: &'c ZoneSync) -> Vec<BoxFuture<'c, Look>> {
    let mut at = |name, role| at_provider(name, doors.to(name), owner(&zone.zone), role).boxed();
    let source = match &zone.source {
        SyncSource::File(path) => at_file(owner(&zone.zone), path, Form::ZoneFile).boxed(),
        SyncSource::OctoDns(path) => at_file(owner(&zone.zone), path, Form::OctoDns).boxed(),
        SyncSource::Provider(name) => at(name, Role::Source),
    };
    [source].into_iter().chain(zone.targets.iter().map(|name| at(name, Role::Target))).collect()
}

/// How a file is written.
#[derive(Clone, Copy)]
enum Form {
    ZoneFile,
    OctoDns,
}

/// What a provider is to a zone.
#[derive(Clone, Copy)]
enum Role {
    Source,
    Target,
}

async fn at_file(zone: Owner, path: &Path, form: Form) -> Look {
    let read = match form {
        Form::ZoneFile => source::zone_file(&zone, path).await,
        Form::OctoDns => source::octodns_file(&zone, path).await,
    };
    let (outcome, message) = told_of_file(path, read);
    Look { zone: zone.to_string(), provider: None, outcome, message }
}

fn told_of_file(path: &Path, read: Result<Read, SourceError>) -> (Outcome, String) {
    match read {
        Ok(read) if read.warnings.is_empty() => {
            (Outcome::Good, format!("its source {} has {} record sets", path.display(), read.zone.sets().len()))
        }
        Ok(read) => (Outcome::Unwise, format!("its source {}\n{}", path.display(), read.warnings)),
        Err(error) => (Outcome::Faulty, one_line(&error)),
    }
}

async fn at_provider(name: &ProviderName, door: Result<Place, String>, zone: Owner, role: Role) -> Look {
    let reached = match door {
        Ok(place) => place.holder.reach(&zone).await.map_err(|error| one_line(&error)),
        Err(reason) => Err(reason),
    };
    let (outcome, message) = match reached {
        Ok(reached) => told_of_provider(role, reached),
        Err(reason) => (Outcome::Faulty, reason),
    };
    Look { zone: zone.to_string(), provider: Some(name.to_string()), outcome, message }
}

fn told_of_provider(role: Role, Reached { serial_stays }: Reached) -> (Outcome, String) {
    match (role, serial_stays) {
        (Role::Source, _) => (Outcome::Good, "answers as the source".to_owned()),
        (Role::Target, None) => (Outcome::Good, "answers as a target".to_owned()),
        (Role::Target, Some(reason)) => (Outcome::Faulty, reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_that_never_grows_matters_to_a_target_alone() {
        let stuck = || Reached { serial_stays: Some("set it".to_owned()) };
        assert_eq!(told_of_provider(Role::Source, stuck()).0, Outcome::Good);
        assert_eq!(told_of_provider(Role::Target, stuck()), (Outcome::Faulty, "set it".to_owned()));
    }
}
