//! Folders of zone files as targets and sources: what is written is what a real server loads, and what someone saves by hand is
//! not overrun.

use std::fs;

use super::*;

/// What has a form of its own and what has none, names that need escapes, and a delegation that is signed.
const EXOTIC: &str = r#"
svc SVCB 1 . alpn="h2,h3" ipv4hint=192.0.2.1 port=8443
@ HTTPS 1 web alpn=h2
web A 192.0.2.3
_443._tcp TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
ssh SSHFP 4 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
place LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
num NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.test!" .
uri URI 10 1 "https://example.test/a?b=c;d"
old DNAME web
cert CERT \# 9 0001 0000 00 01020304
odd TYPE65300 \# 4 00ff 0a20
a\.b TXT dotted
sub NS ns.sub
sub DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
ns.sub 3600 A 192.0.2.53
"#;

/// Files serve nobody.
struct Nobody;

impl Host for Nobody {
    fn providers(&self, _: &str, _: &Sandbox, _: &str) -> Vec<Declared> {
        Vec::new()
    }

    fn servers(&self) -> Vec<SocketAddr> {
        Vec::new()
    }
}

/// `source.zone` goes to the folder `main`; or the folder `hidden` does.
fn rig(source: &str) -> Rig {
    let sandbox = Sandbox::new();
    let entry = |name: &str| {
        let folder = sandbox.folder(name);
        format!("  {name}:\n    zoneFiles: {{ folder: {}, zones: [{ZONE}] }}\n", folder.display())
    };
    let entries = entry("main") + &entry("hidden");
    sandbox.write("source.zone", format!("{SOURCE}{EXOTIC}"));
    let file = format!("file: {}", sandbox.path().join("source.zone").display());
    let source = if source == "file" { file } else { source.to_owned() };
    Rig::configured(sandbox, Box::new(Nobody), &entries, &source)
}

impl Rig {
    fn zone_file(&self, folder: &str) -> PathBuf {
        self.sandbox.path().join(folder).join("example.test.zone")
    }

    fn text(&self, folder: &str) -> String {
        fs::read_to_string(self.zone_file(folder)).expect("a zone file")
    }
}

#[test]
fn a_zone_file_becomes_its_source_and_a_server_loads_it() {
    let rig = rig("file");
    done(&rig.plan());
    let applied = rig.apply(&[]);
    assert!(done(&applied).contains("has no `authoritativeServers`"), "{applied:?}");
    assert!(done(&rig.plan()).contains("nothing to do"));
    let text = rig.text("main");
    assert!(text.contains("odd IN TYPE65300 \\# 4 00ff0a20"), "{text}");
    assert!(text.contains(" SOA ns1 hostmaster 7 3600 600 604800 30"), "the source's serial: {text}");
    let auth = AuthServer::start_in(&rig.sandbox, Kind::Bind, Setup::new(ZONE, &text).secondaries(0));
    assert_eq!(auth.query("num.example.test", "NAPTR").len(), 1);
    assert_eq!(auth.query("a\\.b.example.test", "TXT"), ["\"dotted\""]);
    assert_eq!(auth.query("turns.example.test", "CNAME"), ["api.example.test."]);
}

/// What was written is read back as the same, so that a copy of the copy is the same file.
#[test]
fn everything_comes_through_from_folder_to_folder() {
    let rig = rig("provider: hidden");
    fs::write(rig.zone_file("hidden"), format!("{SOURCE}{EXOTIC}")).expect("written");
    done(&rig.plan());
    done(&rig.apply(&[]));
    assert!(done(&rig.plan()).contains("nothing to do"));
    let first = rig.text("main");
    fs::rename(rig.zone_file("main"), rig.zone_file("hidden")).expect("moved");
    done(&rig.plan());
    done(&rig.apply(&[]));
    assert_eq!(rig.text("main"), first);
}

#[test]
fn a_change_is_written_under_the_next_serial_and_undone() {
    let rig = rig("file");
    fs::write(rig.zone_file("main"), format!("{SOURCE}{EXOTIC}")).expect("written");
    rig.write_source(&format!("{SOURCE}{EXOTIC}new A 192.0.2.8\n").replace("192.0.2.25", "192.0.2.26"));
    let planned = rig.plan();
    assert!(done(&planned).contains("+ new.example.test. 300 A 192.0.2.8"), "{planned:?}");
    done(&rig.apply(&[]));
    let text = rig.text("main");
    assert!(text.contains("mail IN A 192.0.2.26") && text.contains(" hostmaster 8 "), "{text}");
    assert!(done(&rig.plan()).contains("nothing to do"), "serials are not compared");
    done(&rig.run(&["rollback", "--yes"]));
    let text = rig.text("main");
    assert!(text.contains("mail IN A 192.0.2.25") && text.contains(" hostmaster 9 "), "{text}");
}

#[test]
fn what_was_saved_by_hand_after_the_plan_is_not_overrun() {
    let rig = rig("file");
    fs::write(rig.zone_file("main"), BEGINNING).expect("written");
    done(&rig.plan());
    let edited = format!("{BEGINNING}api A 192.0.2.200 ; until Monday\n");
    fs::write(rig.zone_file("main"), &edited).expect("saved");
    let refused = rig.apply(&["deletesShare"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert_eq!(rig.text("main"), edited);
}

#[test]
fn nothing_is_planned_from_a_file_that_is_not_there_or_faulty() {
    let rig = rig("provider: hidden");
    fs::write(rig.zone_file("main"), BEGINNING).expect("written");
    let refused = rig.plan();
    assert_eq!(refused.code, 5, "{refused:?}");
    assert!(refused.stderr.contains("hidden/example.test.zone, cannot be read"), "{refused:?}");
    fs::write(rig.zone_file("hidden"), format!("{SOURCE}bad A 192.0.2.300\n")).expect("written");
    let refused = rig.plan();
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("example.test.zone:18:7: `192.0.2.300`"), "{refused:?}");
}

#[test]
fn capabilities_tell_what_a_file_cannot_keep() {
    let rig = rig("file");
    let told = rig.run(&["capabilities"]);
    assert!(done(&told).contains("comments and order of a file are not kept"), "{told:?}");
    assert!(told.stdout.contains("atomic among writers of this project"), "{told:?}");
}
