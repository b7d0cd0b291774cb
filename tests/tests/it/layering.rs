//! Holds the direction of dependencies: programs → adapters and service kit → core.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// What the pure core must never be able to reach: runtimes, databases, HTTP, clouds, and DNS on the wire.
const FORBIDDEN_IN_CORE: [&str; 7] = ["tokio", "sqlx", "reqwest", "hyper", "axum", "hickory-net", "hickory-resolver"];

/// The programs; nothing in `crates/` may know them.
const PROGRAMS: [&str; 4] = ["dns-monitor", "failover-controller", "dns-sync", "dns-admin"];

fn manifest() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml")
}

/// The members of the workspace, each with the dependencies that its manifest names.
fn workspace() -> Metadata {
    MetadataCommand::new().manifest_path(manifest()).no_deps().exec().expect("cargo describes the workspace")
}

fn member<'a>(metadata: &'a Metadata, name: &str) -> &'a Package {
    let package = metadata.workspace_packages().into_iter().find(|package| package.name.as_str() == name);
    package.unwrap_or_else(|| panic!("{name} is not a member of the workspace"))
}

/// The names of everything that a package links: normal dependencies only, all the way down, with the features that this
/// package asks for. The graph of `cargo metadata` has every member's features at once, so it would blame the core for the
/// signing backend that an adapter turns on in a shared dependency; `cargo tree` resolves them for one package.
fn links(package: &str) -> BTreeSet<String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--package", package, "--manifest-path"])
        .arg(manifest())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8_lossy(&output.stdout);
    names.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn what_is_pure_links_no_runtime_no_database_no_http() {
    for pure in ["dns-core", "dns-zone"] {
        let links = links(pure);
        let is_forbidden = |name: &&String| FORBIDDEN_IN_CORE.contains(&name.as_str()) || name.starts_with("aws-");
        let found: Vec<_> = links.iter().filter(is_forbidden).collect();
        assert!(found.is_empty(), "{pure} links {found:?}");
        assert!(links.contains("hickory-proto"), "the walk sees no dependencies at all: {links:?}");
    }
}

#[test]
fn core_depends_on_no_other_crate_of_the_workspace() {
    let metadata = workspace();
    let members: BTreeSet<_> = metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect();
    let core = member(&metadata, "dns-core");
    let ours: Vec<_> = core.dependencies.iter().filter(|dependency| members.contains(&dependency.name)).collect();
    assert!(ours.is_empty(), "dns-core depends on {ours:?}");
}

#[test]
fn no_library_depends_on_a_program() {
    let metadata = workspace();
    for program in PROGRAMS {
        member(&metadata, program);
    }
    let crates = metadata.workspace_root.join("crates");
    for package in metadata.workspace_packages().iter().filter(|package| package.manifest_path.starts_with(&crates)) {
        // Development dependencies count: a library tested through a program is not a layer below it.
        let found: Vec<_> =
            package.dependencies.iter().filter(|dependency| PROGRAMS.contains(&dependency.name.as_str())).collect();
        assert!(found.is_empty(), "{} depends on {found:?}", package.name);
    }
}

/// `dns-admin dev` holds the whole system; the daemons know nobody.
#[test]
fn no_daemon_depends_on_another_program() {
    let metadata = workspace();
    for daemon in ["dns-monitor", "failover-controller", "dns-sync"] {
        let dependencies = &member(&metadata, daemon).dependencies;
        let found: Vec<_> =
            dependencies.iter().filter(|dependency| PROGRAMS.contains(&dependency.name.as_str())).collect();
        assert!(found.is_empty(), "{daemon} depends on {found:?}");
    }
}

#[test]
fn the_map_names_every_dependency_of_each_library() {
    let metadata = workspace();
    let members: BTreeSet<_> = metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect();
    let map = std::fs::read_to_string(manifest().with_file_name("ARCHITECTURE.md")).expect("the map");
    let mut checked = BTreeSet::new();
    for row in map.lines().filter(|line| line.starts_with("| `")) {
        let [_, folder, _, allowed, _] = row.split('|').map(str::trim).collect::<Vec<_>>()[..] else { panic!("{row}") };
        let name = folder.trim_matches('`').trim_start_matches("crates/");
        // Programs may depend on all that stands above them; the other tests say on which not.
        if allowed.starts_with("all of the above") {
            continue;
        }
        let allowed: BTreeSet<&str> = allowed.split(", ").collect();
        let normal = |dependency: &&cargo_metadata::Dependency| dependency.kind == DependencyKind::Normal;
        let ours =
            member(&metadata, name).dependencies.iter().filter(normal).map(|dependency| dependency.name.as_str());
        let missing: Vec<&str> = ours.filter(|one| members.contains(*one) && !allowed.contains(one)).collect();
        assert!(missing.is_empty(), "ARCHITECTURE.md does not let {name} depend on {missing:?}");
        checked.insert(name.to_owned());
    }
    let libraries = metadata
        .workspace_packages()
        .into_iter()
        .filter(|package| package.manifest_path.starts_with(metadata.workspace_root.join("crates")));
    let unnamed: Vec<_> =
        libraries.map(|package| package.name.to_string()).filter(|name| !checked.contains(name)).collect();
    assert!(unnamed.is_empty(), "ARCHITECTURE.md does not name {unnamed:?}");
}
