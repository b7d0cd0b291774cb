//! Where zones come from and go to: the configured zones with the adapters of their providers. Nothing is sent here.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dns_adapters::{AdapterError, Hooks};
use dns_core::identifier::ProviderName;
use dns_provider::zones::{ZoneTarget, owner};
use dns_service::config::Config;
use dns_service::config::sync::{SyncSource, ZoneSync};
use dns_service::exit::{Exit, Failure};
use dns_zone::Owner;
use dns_zone::files::zone_file_name;

use crate::arguments::Selection;

/// How long leave to write a file lasts: reading and writing one of millions of records takes many seconds on a slow disk.
const FILE_PERMIT: Duration = Duration::from_mins(5);

/// Names that an error lists.
const LISTED_MAX: usize = 10;

/// A provider that holds zones.
#[derive(Clone)]
pub(crate) struct Place {
    /// Its name in the configuration, which fences have, too.
    pub(crate) name: ProviderName,
    /// Its adapter.
    pub(crate) holder: Arc<dyn ZoneTarget>,
    /// How long leave to send one batch lasts.
    pub(crate) permit: Duration,
    /// How long one exchange with one of its servers may take.
    pub(crate) timeout: Duration,
    /// The servers that have to serve what was written.
    pub(crate) servers: Vec<SocketAddr>,
    /// What has come from it so far.
    pub(crate) came: Came,
}

/// How much has come from a place while its zones were read.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    /// Records of transfers, or answered calls of an API.
    pub(crate) unit: &'static str,
    /// How many.
    pub(crate) count: Arc<AtomicUsize>,
}

/// A zone to be kept equal.
pub(crate) struct Job {
    /// Its name.
    pub(crate) zone: Owner,
    /// How it is configured.
    pub(crate) config: ZoneSync,
    /// The provider that it comes from; none for a file.
    pub(crate) source: Option<Place>,
    /// Where it goes, as far as selected.
    pub(crate) targets: Vec<Place>,
}

/// All places of the configuration that zones come from or go to.
pub(crate) struct Places<'c> {
    config: &'c Config,
    made: BTreeMap<ProviderName, Place>,
}

impl<'c> Places<'c> {
    /// Makes an adapter for each, once, so that all zones of a provider share its budget of calls.
    pub(crate) fn new(config: &'c Config) -> Result<Self, AdapterError> {
        let zones = config.sync.zones.iter();
        let named = zones.flat_map(|zone| zone.targets.iter().chain(zone.source.provider()));
        let mut made = BTreeMap::new();
        for name in named {
            if !made.contains_key(name) {
                made.insert(name.clone(), place(config, name)?);
            }
        }
        Ok(Self { config, made })
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Place> {
        self.made.values()
    }

    /// The selected zones and targets, in the order of the configuration.
    ///
    /// # Errors
    /// [`Exit::Usage`] if a name is not configured, or nothing has both.
    pub(crate) fn jobs(&self, selection: &Selection) -> Result<Vec<Job>, Failure> {
        let zones: BTreeSet<Owner> = self.config.sync.zones.iter().map(|zone| owner(&zone.zone)).collect();
        let targets: BTreeSet<&ProviderName> = self.config.sync.zones.iter().flat_map(|zone| &zone.targets).collect();
        let unknown = (selection.zones.iter().filter(|zone| !zones.contains(zone)))
            .map(|zone| format!("`sync.zones` has no {zone}; it has {}", listed(&zones)))
            .chain(
                (selection.targets.iter().filter(|target| !targets.contains(target)))
                    .map(|target| format!("no zone has the target `{target}`; targets are {}", listed(&targets))),
            );
        if zones.is_empty() {
            let reason = "the configuration has no `sync.zones`: they say what is kept equal";
            return Err(Failure::new(Exit::Usage, reason));
        }
        let unknown: Vec<String> = unknown.collect();
        if !unknown.is_empty() {
            return Err(Failure::new(Exit::Usage, unknown.join("\n")));
        }
        let jobs: Vec<Job> = self.config.sync.zones.iter().filter_map(|zone| self.job(zone, selection)).collect();
        if jobs.is_empty() {
            let reason = format!("nothing is selected; the zones of `sync.zones` are {}", listed(&zones));
            return Err(Failure::new(Exit::Usage, reason));
        }
        Ok(jobs)
    }

    fn job(&self, config: &ZoneSync, selection: &Selection) -> Option<Job> {
        let zone = owner(&config.zone);
        let selected = config.targets.iter().filter(|target| selection.takes(&zone, target));
        let targets: Vec<Place> = selected.map(|name| self.made[name].clone()).collect();
        let mut config = config.clone();
        // A file is read as such wherever it lies: with what it includes, its faults by line, and not while it is written.
        if let Some(files) = config.source.provider().and_then(|name| self.config.zone_files.get(name)) {
            config.source = SyncSource::File(files.folder.join(zone_file_name(&zone)));
        }
        let source = config.source.provider().map(|name| self.made[name].clone());
        (!targets.is_empty()).then_some(Job { zone, config, source, targets })
    }
}

/// A few names: whoever has thousands needs no list of them.
fn listed(names: &BTreeSet<impl ToString>) -> String {
    let first: Vec<String> = names.iter().take(LISTED_MAX).map(ToString::to_string).collect();
    match names.len() {
        0 => "none".to_owned(),
        all if all > LISTED_MAX => format!("{} and {} more", first.join(", "), all - LISTED_MAX),
        _ => first.join(", "),
    }
}

/// Makes the adapter of one provider.
pub(crate) fn place(config: &Config, name: &ProviderName) -> Result<Place, AdapterError> {
    if let Some(files) = config.zone_files.get(name) {
        return Ok(Place {
            name: name.clone(),
            holder: dns_adapters::zone_files(files),
            came: Came { unit: "calls", count: Arc::default() },
            permit: FILE_PERMIT,
            timeout: Duration::ZERO,
            servers: Vec::new(),
        });
    }
    let provider = config.providers.get(name).expect("invariant: a validated configuration names its providers");
    let count = Arc::new(AtomicUsize::new(0));
    // Only one of them is ever called: an API has calls, a primary that is transferred from has records.
    let (calls, records) = (Arc::clone(&count), Arc::clone(&count));
    let hooks = Hooks {
        counted: Arc::new(move |_, _| {
            calls.fetch_add(1, Ordering::Relaxed);
        }),
        came: Arc::new(move |more| {
            records.fetch_add(more, Ordering::Relaxed);
        }),
        ..Hooks::none()
    };
    let unit = if dns_adapters::primary(provider).is_some() { "records" } else { "calls" };
    Ok(Place {
        name: name.clone(),
        holder: dns_adapters::zone_target(name, provider, &hooks)?,
        came: Came { unit, count },
        permit: provider.permit,
        timeout: provider.timeout,
        servers: provider.authoritative_servers.clone(),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use dns_service::config::secret::{Program, SecretCheck};

    use super::*;

    /// Three zones between two providers, neither of which has a secret to read.
    fn config() -> Config {
        let text = "apiVersion: dnsfailover/v1
installation: acme
providers:
  one: { route53: { zones: { a.test: Z1, b.test: Z2, c.test: Z3 }, authoritativeServers: [\"192.0.2.53:53\"] } }
  two: { route53: { zones: { a.test: Z4, b.test: Z5 } } }
  unused: { route53: { zones: { a.test: Z6 } } }
sync:
  zones:
    - { zone: b.test, source: { file: b.zone }, targets: [two, one] }
    - { zone: a.test, source: { provider: one }, targets: [two] }
    - { zone: c.test, source: { octodns: c.yaml }, targets: [one] }
";
        let texts = [(Path::new("sync.yaml"), text)];
        Config::from_texts(texts, &Program::Admin(SecretCheck::Skip)).expect("valid")
    }

    fn selection(zones: &[&str], targets: &[&str]) -> Selection {
        Selection {
            zones: zones.iter().map(|zone| zone.parse().expect("a name")).collect(),
            targets: targets.iter().map(|target| target.parse().expect("a name")).collect(),
        }
    }

    /// What is selected, as `zone: source → targets`.
    fn selected(zones: &[&str], targets: &[&str]) -> Vec<String> {
        let config = config();
        let places = Places::new(&config).expect("adapters");
        let jobs = places.jobs(&selection(zones, targets)).expect("something is selected");
        let text = |job: &Job| {
            let source = job.source.as_ref().map_or("file", |place| place.name.as_str());
            let targets: Vec<&str> = job.targets.iter().map(|place| place.name.as_str()).collect();
            format!("{} {source} → {}", job.zone, targets.join(" "))
        };
        jobs.iter().map(text).collect()
    }

    #[test]
    fn without_a_selection_all_is_meant_in_the_order_of_the_configuration() {
        assert_eq!(selected(&[], &[]), ["b.test. file → two one", "a.test. one → two", "c.test. file → one"]);
    }

    /// Names of the configuration are written and read by two libraries, of which each has its own text for letters beyond ASCII.
    #[test]
    fn a_zone_may_be_international() {
        for text in ["münchen.test", "xn--mnchen-3ya.test"] {
            let text = format!(
                "apiVersion: dnsfailover/v1\ninstallation: acme\nproviders: {{ one: {{ route53: {{ zones: {{ {text}: Z1 }} }} }} }}\n\
                 sync: {{ zones: [ {{ zone: {text}, source: {{ file: a.zone }}, targets: [one] }} ] }}\n"
            );
            let config = Config::from_texts([(Path::new("s.yaml"), text.as_str())], &Program::Admin(SecretCheck::Skip));
            let config = config.expect("valid");
            let jobs = Places::new(&config).expect("adapters").jobs(&Selection::default()).expect("one");
            assert_eq!(jobs[0].zone.to_string(), "xn--mnchen-3ya.test.");
        }
    }

    #[test]
    fn a_zone_of_a_folder_comes_from_its_file() {
        let text = "apiVersion: dnsfailover/v1
installation: acme
providers:
  files: { zoneFiles: { folder: zones, zones: [a.test] } }
  one: { route53: { zones: { a.test: Z1 } } }
sync: { zones: [ { zone: a.test, source: { provider: files }, targets: [one] } ] }
";
        let config = Config::from_texts([(Path::new("sync.yaml"), text)], &Program::Admin(SecretCheck::Skip));
        let config = config.expect("valid");
        let jobs = Places::new(&config).expect("adapters").jobs(&Selection::default()).expect("one");
        assert!(jobs[0].source.is_none());
        let SyncSource::File(file) = &jobs[0].config.source else { panic!("{:?}", jobs[0].config.source) };
        assert!(file.ends_with("zones/a.test.zone"), "{}", file.display());
    }

    #[test]
    fn zones_and_targets_narrow_each_other() {
        assert_eq!(selected(&["b.test"], &[]), ["b.test. file → two one"]);
        assert_eq!(selected(&[], &["one"]), ["b.test. file → one", "c.test. file → one"]);
        assert_eq!(selected(&["a.test", "b.test"], &["two"]), ["b.test. file → two", "a.test. one → two"]);
    }

    #[test]
    fn a_selection_of_nothing_is_told_with_the_zones_that_there_are() {
        let config = config();
        let places = Places::new(&config).expect("adapters");
        let Err(failure) = places.jobs(&selection(&["c.test"], &["two"])) else { panic!("nothing is there") };
        assert_eq!(failure.exit(), Exit::Usage);
        assert!(failure.reason().ends_with("are a.test., b.test., c.test."), "{}", failure.reason());
    }

    #[test]
    fn a_name_that_is_not_configured_is_told_though_others_are() {
        let config = config();
        let places = Places::new(&config).expect("adapters");
        let Err(failure) = places.jobs(&selection(&["a.test", "x.test"], &["two", "tow"])) else { panic!("misspelt") };
        assert_eq!(failure.exit(), Exit::Usage);
        let told = "`sync.zones` has no x.test.; it has a.test., b.test., c.test.\n\
                    no zone has the target `tow`; targets are one, two";
        assert_eq!(failure.reason(), told);
    }

    #[test]
    fn of_many_names_an_error_lists_a_few() {
        let names: BTreeSet<usize> = (0..13).collect();
        assert_eq!(listed(&names), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 3 more");
        assert_eq!(listed(&BTreeSet::<usize>::new()), "none");
    }

    #[test]
    fn one_adapter_serves_all_zones_of_a_provider_so_that_they_share_its_calls() {
        let config = config();
        let places = Places::new(&config).expect("adapters");
        assert_eq!(places.all().map(|place| place.name.as_str()).collect::<Vec<_>>(), ["one", "two"], "no others");
        let jobs = places.jobs(&Selection::default()).expect("all");
        let (first, second) = (&jobs[0].targets[0], &jobs[1].targets[0]);
        assert!(Arc::ptr_eq(&first.holder, &second.holder) && Arc::ptr_eq(&first.came.count, &second.came.count));
        assert_eq!(jobs[0].targets[1].servers, ["192.0.2.53:53".parse().expect("an address")]);
    }
}
