//! Zone files, from which a daemon reads or to which it writes.

use std::net::SocketAddr;
use std::path::PathBuf;

use tests::world::{Declared, Host};
use tests::{Launch, PATIENCE, Process, Sandbox, until};

use super::{Rig, SOURCE, ZONE, powerdns};

/// A folder of zone files, which no server is known to serve.
struct ZoneFiles(PathBuf);

impl Host for ZoneFiles {
    fn providers(&self, name: &str, _: &Sandbox, _: &str) -> Vec<Declared> {
        let kind = format!("zoneFiles: {{ folder: {}, zones: [{ZONE}] }}", self.0.display());
        vec![Declared { name: name.to_owned(), kind }]
    }

    fn servers(&self) -> Vec<SocketAddr> {
        Vec::new()
    }
}

/// With zone files as the only target.
fn with_zone_files() -> (Rig, PathBuf) {
    let mut file = None;
    let targets = |sandbox: &Sandbox| {
        let folder = sandbox.folder("files");
        file = Some(folder.join(format!("{ZONE}.zone")));
        let host: Box<dyn Host> = Box::new(ZoneFiles(folder));
        vec![("files", host)]
    };
    let rig = Rig::start(targets, "", "");
    (rig, file.expect("it was started"))
}

/// Edits the source, waits for the file to say so, and ends the daemon in order by a signal.
fn follows_and_ends(mut rig: Rig, file: &PathBuf, signal: fn(&mut Process)) {
    rig.until_all_are("equal");
    for octet in 1..4 {
        rig.zone_set("new", "A", &format!("192.0.2.7{octet}"));
        let line = format!("IN A 192.0.2.7{octet}\n");
        until("the file has it", PATIENCE, || {
            let text = std::fs::read_to_string(file).expect("a zone file");
            if text.contains(&line) { Ok(()) } else { Err(text) }
        });
    }
    rig.until_caught_up();
    let process = rig.daemon().process();
    signal(process);
    let status = process.wait(PATIENCE);
    assert!(status.success(), "{status}: {}", process.log());
}

/// Nothing can be asked there, which is no reason to end.
#[test]
fn files_that_no_server_is_known_to_serve_are_written_as_long_as_it_runs() {
    let (mut rig, file) = with_zone_files();
    rig.start_daemon();
    follows_and_ends(rig, &file, Process::terminate);
}

/// What reads the log may end before what writes it, and nothing else may end with it, but when the terminal says so.
#[test]
fn a_daemon_whose_log_nobody_reads_any_more_goes_on() {
    let (mut rig, file) = with_zone_files();
    let fifo = rig.sandbox.path().join("log");
    rig.start_daemon_as(Launch::unread("dns-sync", &fifo));
    follows_and_ends(rig, &file, Process::hang_up);
}

/// A file tells of no change by itself: it is read again and again, and one that is broken takes nothing away.
#[test]
fn a_file_is_followed_and_a_broken_one_takes_nothing_away() {
    let mut rig = Rig::start(|sandbox| vec![powerdns(sandbox)], "", "pollEvery: 200ms");
    let text = std::fs::read_to_string(&rig.config).expect("the configuration");
    let file = rig.sandbox.write("source.zone", SOURCE);
    let text = text.replace("source: { provider: hidden }", &format!("source: {{ file: {} }}", file.display()));
    rig.config = rig.sandbox.write("file.yaml", text);
    rig.start_daemon();
    rig.until_all_are("equal");
    assert!(!rig.daemon().log().contains("unwise"), "there is nothing to warn of: {}", rig.daemon().log());
    rig.sandbox.write("source.zone", SOURCE.replace("hostmaster 7", "hostmaster 8") + "new A 192.0.2.55\n");
    rig.until_served("new.example.test", "A", &["192.0.2.55"]);
    rig.sandbox.write("source.zone", SOURCE.replace("mail A 192.0.2.25", "mail A 192.0.2.256"));
    let told = until("the fault is told", PATIENCE, || {
        let source = rig.report()["source"].clone();
        if source["state"] == "failing" { Ok(source["problem"].to_string()) } else { Err(source) }
    });
    assert!(told.contains("192.0.2.256"), "{told}");
    rig.until_served("new.example.test", "A", &["192.0.2.55"]);
    rig.sandbox.write("source.zone", "");
    until("an empty file is a fault, too", PATIENCE, || {
        let source = rig.report()["source"].clone();
        if source["problem"].to_string().contains("192.0.2.256") { Err(source) } else { Ok(()) }
    });
    rig.until_served("www.example.test", "CNAME", &["api.example.test."]);
}
