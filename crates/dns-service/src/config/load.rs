//! Loading: texts to trees, trees to drafts, drafts to a [`Config`], or every fault that stands in the way.

use std::path::{Path, PathBuf};

use dns_core::digest::Digest;
use dns_core::identifier::VantageName;

use super::fault::{Faults, Report};
use super::secret::Program;
use super::sections::policy::Policies;
use super::sections::region::Regions;
use super::sections::service::{self, Declared, Pools, ServiceDraft};
use super::sections::top::Top;
use super::sections::{
    drill, group, hook, notification, observation, process, provider, relation, safety, sync, vantage, window,
};
use super::source::{self, Source};
use super::tree::Spot;
use super::yaml::{self, Node};
use super::{Config, StoreConfig, check, suggestion};

impl Config {
    /// Loads files and folders of `*.yaml` and `*.yml`, and checks the secrets that `program` uses.
    ///
    /// # Errors
    /// [`Faults`]: all of them, by file and line.
    pub fn load(paths: &[PathBuf], program: &Program) -> Result<Self, Faults> {
        let report = Report::default();
        let sources = source::read_all(paths, &report);
        from_sources(&sources, program, report)
    }

    /// Loads texts as if they stood in files of the given names.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_texts<'a>(
        texts: impl IntoIterator<Item = (&'a Path, &'a str)>,
        program: &Program,
    ) -> Result<Self, Faults> {
        let source = |(file, text): (&Path, &str)| Source { file: file.to_owned(), text: text.to_owned() };
        let sources: Vec<Source> = texts.into_iter().map(source).collect();
        from_sources(&sources, program, Report::default())
    }
}

fn from_sources(sources: &[Source], program: &Program, report: Report) -> Result<Config, Faults> {
    let mut roots = Vec::new();
    for Source { file, text } in sources {
        match yaml::parse(file, text) {
            Ok(root) => roots.push(root),
            Err(fault) => report.fault(fault),
        }
    }
    // With a file missing, every reference into it would be one more fault and a false one.
    let config = if report.is_clean() { assemble(sources, &roots, program, &report) } else { None };
    let warnings = report.finish()?;
    let config = config.expect("invariant: what cannot be read leaves a fault");
    Ok(Config { warnings, ..config })
}

fn assemble(sources: &[Source], roots: &[Node], program: &Program, report: &Report) -> Option<Config> {
    let top = Top::new(roots, report);
    let installation = top.installation();
    let revision = top.revision();
    let regions = Regions::read(&top, program);
    let resolvers = vantage::read_resolvers(&top);
    let vantage = vantage::read(&top, &resolvers);
    let providers = provider::read(&top, &vantage);
    let policies = Policies::read(&top, &vantage);
    let windows = window::read(&top);
    let insiders = vantage::insiders(&vantage, &regions);
    let declared = Declared {
        regions: &regions,
        providers: &providers,
        policies: &policies,
        insiders: &insiders,
        windows: &windows,
        pools: &Pools::default(),
    };
    let services = service::read(&top.items("services"), declared);
    let store = process::read_store(&top);
    let controller = process::read_controller(&top);
    let monitor = process::read_monitor(&top);
    let tls = process::read_tls(&top);
    let drain = observation::read_drain(&top);
    let canary = observation::read_canary(&top);
    let blast_radius = safety::read_blast_radius(&top);
    let (groups, relations) = (group::read(&top), relation::read(&top));
    let drills = drill::read(&top, &services, &groups);
    let sync = sync::read(&top, &providers);
    let notifications = notification::read(&top, &services);
    let hooks = hook::by_policy(&services);
    check::all(&services, &providers, installation.as_ref());
    check::windows(&windows, &services);
    let groups = check::groups(&groups, &services);
    let relations = check::relations(&relations, &services, groups.as_deref().unwrap_or_default());
    check::relays(&providers, controller.as_ref(), monitor.as_ref());
    check::second_persons(&top, &policies, controller.as_ref());
    check_program(program, &top, &vantage);
    check_secrets(program, &services, report);
    check_store_folder(program, store.as_ref());

    let (installation, revision) = (installation?, revision?);
    let services: Option<Vec<_>> = services.iter().map(|draft| draft.build(&installation, revision)).collect();
    let vantage_points: Option<Vec<_>> = vantage.into_iter().map(vantage::VantageDraft::build).collect();
    let (providers, zone_files) = provider::build(providers).unzip();
    Some(Config {
        installation,
        revision,
        digest: Digest::over(sources.iter().map(|source| source.text.as_bytes())),
        regions: regions.names,
        vantage_points: vantage_points?,
        resolvers,
        providers: providers?,
        zone_files: zone_files?,
        services: services?,
        store: store?.0,
        controller: controller?,
        monitor: monitor?,
        tls: tls?,
        drain: drain?,
        canary: canary?,
        blast_radius: blast_radius?,
        groups: groups?,
        relations: relations?,
        drills: drills?,
        notifications: notifications?,
        hooks,
        sync: sync?,
        warnings: Vec::new(),
    })
}

/// A monitor must be one of the vantage points.
fn check_program(program: &Program, top: &Top<'_>, vantage: &[vantage::VantageDraft<'_>]) {
    let Program::Monitor(name) = program else { return };
    let known = || vantage.iter().filter_map(|draft| draft.name.as_ref());
    if !known().any(|other| other == name) {
        let hint = suggestion::hint(name.as_str(), known().map(VantageName::as_str).collect::<Vec<_>>());
        top.missing(&format!("`vantagePoints` has no `{name}`, which --vantage-point names"), &hint);
    }
}

fn check_secrets(program: &Program, services: &[ServiceDraft<'_>], report: &Report) {
    let covers = |name: &_, service: usize| {
        let policy = services.iter().find(|draft| draft.index == service).and_then(|draft| draft.policy.as_ref());
        policy.is_some_and(|policy| policy.selected.contains(name))
    };
    for secret in report.take_secrets() {
        if secret.is_needed_by(program, covers)
            && let Some(fault) = secret.check()
        {
            report.fault(fault);
        }
    }
}

/// The store's folder is the controller's to have; its absence would otherwise be found after the bind.
fn check_store_folder(program: &Program, store: Option<&(StoreConfig, Option<Spot<'_>>)>) {
    let (Program::Controller, Some((StoreConfig::Sqlite { path }, Some(spot)))) = (program, store) else { return };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        spot.fault_with_hint(
            format!("the folder of `{}` does not exist", path.display()),
            "create it for this process",
        );
    }
}
