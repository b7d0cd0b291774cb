//! Knot DNS, changed with `knsupdate` and controlled with `knotc`.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use super::{Node, Place, Role};
use crate::command;
use crate::process::{Process, Program};

#[derive(Debug)]
struct Knot {
    zone: String,
    configuration: PathBuf,
    /// Journal and timers: what makes a restarted server remember updates.
    database: PathBuf,
    zone_file: PathBuf,
    process: Process,
}

pub(super) fn start(place: &Place<'_>) -> Box<dyn Node> {
    let folder = place.sandbox.folder(&place.label);
    let database = place.sandbox.folder(folder.join("db"));
    let zone_file = folder.join("zone");
    if let Role::Primary { .. } = place.role {
        place.sandbox.write(&zone_file, &place.setup.text);
    }
    let configuration = place.sandbox.write(folder.join("knot.conf"), configure(place));
    let program = Program::installed("knotd").arg("-c").arg(&configuration).label(&place.label);
    let process = place.sandbox.start(program);
    Box::new(Knot { zone: place.setup.zone.clone(), configuration, database, zone_file, process })
}

impl Node for Knot {
    fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn control(&self, action: &str, arguments: &[&str]) {
        let configuration = self.configuration.display().to_string();
        let command = ["-b", "-c", &configuration, action, &self.zone];
        command::run("knotc", command.iter().chain(arguments), "").expect(action);
    }

    fn freeze(&self) {
        self.control("zone-freeze", &[]);
    }

    fn thaw(&self) {
        self.control("zone-thaw", &[]);
    }

    fn replace_data(&self, text: &str) {
        fs::remove_dir_all(&self.database).expect("knot's database is removed");
        fs::create_dir(&self.database).expect("knot's database folder is made");
        fs::write(&self.zone_file, text).expect("the zone file is written");
    }
}

fn configure(place: &Place<'_>) -> String {
    let folder = place.sandbox.path().join(&place.label);
    let folder = folder.display();
    let (ip, port) = (place.address.ip(), place.address.port());
    // One worker each: the machine is shared with many servers, and none of them is under load. Knot gives a client half a
    // second to make room for an answer, which one on a busy machine may not have.
    let mut text = format!(
        r#"server:
    rundir: "{folder}"
    listen: {ip}@{port}
    tcp-reuseport: off
    tcp-io-timeout: 30000
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: "{folder}/db"
    journal-db-max-size: 50M
key:
"#
    );
    for key in place.setup.keys.iter().chain([&place.setup.reader]) {
        let line = format!("  - id: {}\n    algorithm: {}\n    secret: {}\n", key.name, key.algorithm, key.secret);
        text.push_str(&line);
    }
    text.push_str(&match &place.role {
        Role::Primary { notify } => primary(place, notify),
        Role::Secondary { primary } => secondary(place, *primary),
    });
    text
}

fn primary(place: &Place<'_>, notify: &[std::net::SocketAddr]) -> String {
    let (zone, key) = (&place.setup.zone, &place.setup.keys[0].name);
    let folder = place.sandbox.path().join(&place.label);
    let mut text = String::new();
    let mut remotes = Vec::new();
    for (number, address) in notify.iter().enumerate() {
        let head = if number == 0 { "remote:\n" } else { "" };
        let (ip, port) = (address.ip(), address.port());
        let line = writeln!(text, "{head}  - id: secondary{number}\n    address: {ip}@{port}\n    key: {key}");
        line.expect("invariant: a String takes every write");
        remotes.push(format!("secondary{number}"));
    }
    let keys: Vec<&str> = place.setup.keys.iter().map(|key| key.name.as_str()).collect();
    let (keys, remotes) = (keys.join(", "), remotes.join(", "));
    let reader = &place.setup.reader.name;
    let folder = folder.display();
    // Knot takes no empty list.
    let notify = if remotes.is_empty() { String::new() } else { format!("    notify: [{remotes}]\n") };
    let signing = if place.setup.is_signed { "    dnssec-signing: on\n" } else { "" };
    // The zone file stays as written and the journal holds the changes: `difference-no-serial` would revert updates at
    // a restart.
    text + &format!(
        r#"acl:
  - id: owner
    key: [{keys}]
    action: [update, transfer]
  - id: reader
    key: {reader}
    action: query
zone:
  - domain: {zone}
    storage: "{folder}"
    file: zone
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: changes
    acl: [owner, reader]
{notify}{signing}"#
    )
}

fn secondary(place: &Place<'_>, primary: std::net::SocketAddr) -> String {
    let (zone, key) = (&place.setup.zone, &place.setup.keys[0].name);
    let folder = place.sandbox.path().join(&place.label);
    let (folder, ip, port) = (folder.display(), primary.ip(), primary.port());
    format!(
        r#"remote:
  - id: primary
    address: {ip}@{port}
    key: {key}
acl:
  - id: notifier
    key: {key}
    action: notify
zone:
  - domain: {zone}
    storage: "{folder}"
    file: zone
    master: primary
    acl: [notifier]
"#
    )
}
