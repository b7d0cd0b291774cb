//! BIND 9, changed with `nsupdate` and controlled with `rndc`.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::{Algorithm, Key, Node, Place, Role};
use crate::command;
use crate::process::{Process, Program, find_program};

#[derive(Debug)]
struct Bind {
    zone: String,
    control: SocketAddr,
    control_key: PathBuf,
    zone_file: PathBuf,
    process: Process,
}

pub(super) fn start(place: &Place<'_>) -> Box<dyn Node> {
    let folder = place.sandbox.folder(&place.label);
    let zone_file = folder.join("zone");
    if let Role::Primary { .. } = place.role {
        place.sandbox.write(&zone_file, &place.setup.text);
    }
    let key = Key::generate("control", Algorithm::HmacSha256);
    let control_key = place.sandbox.write(folder.join("rndc.key"), key_clause(&key));
    let control = place.sandbox.socket();
    let configuration = place.sandbox.write(folder.join("named.conf"), configure(place, control, &control_key));
    let program = Program::at(unconfined_named(&folder)).arg("-c").arg(configuration).args(["-g", "-n", "1"]);
    let process = place.sandbox.start(program.label(&place.label));
    Box::new(Bind { zone: place.setup.zone.clone(), control, control_key, zone_file, process })
}

/// The path of a named that may read the sandbox. Debian's `AppArmor` profile of /usr/sbin/named forbids temporary folders;
/// it goes by path, so on a machine where it is in force a copy within the sandbox is run.
fn unconfined_named(folder: &Path) -> PathBuf {
    let named = find_program("named");
    let enforced =
        fs::read_to_string("/sys/module/apparmor/parameters/enabled").is_ok_and(|text| text.starts_with('Y'));
    if !enforced {
        return named;
    }
    let copy = folder.join("named");
    fs::copy(&named, &copy).expect("named is copied into the sandbox");
    copy
}

impl Node for Bind {
    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn control(&self, action: &str, arguments: &[&str]) {
        let (ip, port) = (self.control.ip().to_string(), self.control.port().to_string());
        let key = self.control_key.display().to_string();
        let command = ["-s", &ip, "-p", &port, "-k", &key, action, &self.zone];
        command::run("rndc", command.iter().chain(arguments), "").expect(action);
    }

    fn freeze(&self) {
        self.control("freeze", &[]);
    }

    fn thaw(&self) {
        self.control("thaw", &[]);
    }

    fn replace_data(&self, text: &str) {
        let journal = self.zone_file.with_extension("jnl");
        // There is none before the first update.
        if journal.exists() {
            fs::remove_file(journal).expect("the journal is removed");
        }
        fs::write(&self.zone_file, text).expect("the zone file is written");
    }
}

fn key_clause(key: &Key) -> String {
    let Key { name, algorithm, secret } = key;
    format!("key \"{name}\" {{ algorithm {algorithm}; secret \"{secret}\"; }};\n")
}

/// Statements as BIND's lists want them: each ended by a semicolon.
fn list(statements: impl Iterator<Item = String>) -> String {
    statements.map(|statement| statement + "; ").collect()
}

fn configure(place: &Place<'_>, control: SocketAddr, control_key: &Path) -> String {
    let keys = place.setup.keys.iter().chain([&place.setup.reader]).map(key_clause).collect::<Vec<_>>().concat();
    let first = &place.setup.keys[0].name;
    let folder = place.sandbox.path().join(&place.label);
    let (folder, control_key) = (folder.display(), control_key.display());
    let (ip, port) = (place.address.ip(), place.address.port());
    let (control_ip, control_port) = (control.ip(), control.port());
    let (options, zone) = match &place.role {
        Role::Primary { notify } => primary(place, notify),
        Role::Secondary { primary } => secondary(place, first, *primary),
    };
    // max-ixfr-ratio: without it a small zone is always transferred whole, and the incremental path is never taken.
    format!(
        r#"{keys}include "{control_key}";
options {{
    directory "{folder}"; pid-file "{folder}/named.pid"; session-keyfile "{folder}/session.key"; lock-file none;
    listen-on port {port} {{ {ip}; }}; listen-on-v6 {{ none; }};
    recursion no; dnssec-validation no; empty-zones-enable no; minimal-responses yes;
    notify explicit; notify-delay 0; max-ixfr-ratio unlimited; serial-query-rate 100; startup-notify-rate 100;
    {options}
}};
controls {{ inet {control_ip} port {control_port} allow {{ 127.0.0.0/8; }} keys {{ "control"; }}; }};
{zone}
"#
    )
}

fn primary(place: &Place<'_>, notify: &[SocketAddr]) -> (String, String) {
    let (zone, keys) = (&place.setup.zone, &place.setup.keys);
    let transfers = list(keys.iter().map(|key| format!("key \"{}\"", key.name)));
    let grants = list(keys.iter().map(|key| format!("grant \"{}\" zonesub ANY", key.name)));
    let signer = &keys[0].name;
    let policy = if place.setup.is_signed { "default" } else { "none" };
    let targets = list(notify.iter().map(|at| format!("{} port {} key \"{signer}\"", at.ip(), at.port())));
    (
        format!("allow-transfer {{ {transfers}}}; also-notify {{ {targets}}};"),
        format!(
            "zone \"{zone}\" {{ type primary; file \"zone\"; ixfr-from-differences yes; dnssec-policy {policy}; \
             update-policy {{ {grants}}}; }};"
        ),
    )
}

fn secondary(place: &Place<'_>, key: &str, primary: SocketAddr) -> (String, String) {
    let zone = &place.setup.zone;
    let (ip, port) = (primary.ip(), primary.port());
    (
        format!("allow-notify {{ key \"{key}\"; }}; allow-transfer {{ none; }};"),
        format!(
            "zone \"{zone}\" {{ type secondary; file \"zone\"; primaries {{ {ip} port {port} key \"{key}\"; }}; }};"
        ),
    )
}
