//! Several zones and targets in one run: what is wrong with one holds up no other.

use std::fs;

use super::*;

const SOA_AND_NS: &str = "@ SOA ns1 hostmaster 1 3600 600 604800 30\n@ NS ns1\nns1 A 192.0.2.1\n";

/// Zones in a folder `wanted`, each kept equal in the folders `one` and `two`.
struct Several {
    sandbox: Sandbox,
}

impl Several {
    fn of(zones: &[&str]) -> Self {
        let sandbox = Sandbox::new();
        let (wanted, one, two) = (sandbox.folder("wanted"), sandbox.folder("one"), sandbox.folder("two"));
        let named = zones.join(", ");
        let file = |zone: &str| wanted.join(format!("{zone}.zone")).display().to_string();
        let each = |zone: &&str| {
            format!("    - {{ zone: {zone}, source: {{ file: {} }}, targets: [one, two] }}\n", file(zone))
        };
        let text = format!(
            "apiVersion: dnsfailover/v1\ninstallation: acme\nproviders:\n  \
             one: {{ zoneFiles: {{ folder: {}, zones: [{named}] }} }}\n  \
             two: {{ zoneFiles: {{ folder: {}, zones: [{named}] }} }}\n\
             sync:\n  folder: {}\n  zones:\n{}",
            one.display(),
            two.display(),
            sandbox.folder("kept").display(),
            zones.iter().map(each).collect::<String>(),
        );
        sandbox.write("sync.yaml", text);
        let several = Self { sandbox };
        for zone in zones {
            several.write("wanted", zone, SOA_AND_NS);
        }
        several
    }

    fn path(&self, folder: &str, zone: &str) -> PathBuf {
        self.sandbox.path().join(folder).join(format!("{zone}.zone"))
    }

    fn write(&self, folder: &str, zone: &str, text: &str) {
        fs::write(self.path(folder, zone), text).expect("written");
    }

    fn run(&self, args: &[&str]) -> Finished {
        let config = self.sandbox.path().join("sync.yaml").display().to_string();
        let args = ["--config".to_owned(), config].into_iter().chain(args.iter().map(|word| (*word).to_owned()));
        run_at(&our_program("dns-sync"), args, &[], "")
    }

    fn plan_file(&self) -> String {
        self.sandbox.path().join("plan.json").display().to_string()
    }

    /// Which zone files are there.
    fn made(&self) -> Vec<String> {
        let folders = ["one", "two"].into_iter();
        let files = folders.flat_map(|folder| fs::read_dir(self.sandbox.path().join(folder)).expect("a folder"));
        let paths = files.map(|file| file.expect("an entry").path());
        let of = |path: &PathBuf| path.strip_prefix(self.sandbox.path()).expect("below").display().to_string();
        let is_zone = |path: &PathBuf| path.extension().is_some_and(|end| end == "zone");
        let mut made: Vec<String> = paths.filter(is_zone).map(|path| of(&path)).collect();
        made.sort();
        made
    }
}

#[test]
fn what_cannot_be_read_is_told_together_and_the_others_are_planned_and_applied() {
    let several = Several::of(&["a.test", "b.test", "c.test", "d.test"]);
    several.write("wanted", "b.test", &format!("{SOA_AND_NS}www A 192.0.2.300\n"));
    several.write("two", "c.test", "@ SOA this is no zone\n");
    let planned = several.run(&["plan", "--out", &several.plan_file()]);
    assert_ne!(planned.code, 0, "{planned:?}");
    for told in ["192.0.2.300", "the zone c.test. at `two` cannot be read whole", "5 of 8 plans were made"] {
        assert!(planned.stderr.contains(told), "{told}: {planned:?}");
    }
    let applied = several.run(&["apply", &several.plan_file()]);
    done(&applied);
    assert_eq!(several.made().len(), 6, "with the broken one: {applied:?}");
    assert_eq!(several.made()[..3], ["one/a.test.zone", "one/c.test.zone", "one/d.test.zone"]);
}

#[test]
fn a_zone_whose_source_has_changed_since_holds_up_no_other() {
    let several = Several::of(&["a.test", "b.test"]);
    done(&several.run(&["plan", "--out", &several.plan_file()]));
    several.write("wanted", "a.test", &format!("{SOA_AND_NS}late A 192.0.2.9\n"));
    let applied = several.run(&["apply", &several.plan_file()]);
    assert_eq!(applied.code, 3, "{applied:?}");
    assert!(applied.stderr.contains("the source of a.test. has changed"), "{applied:?}");
    assert_eq!(several.made(), ["one/b.test.zone", "two/b.test.zone"]);
}

#[test]
fn a_plan_that_was_edited_is_not_applied() {
    let several = Several::of(&["a.test"]);
    done(&several.run(&["plan", "--out", &several.plan_file()]));
    let text = fs::read_to_string(several.plan_file()).expect("saved");
    assert!(text.contains("192.0.2.1"), "{text}");
    fs::write(several.plan_file(), text.replace("192.0.2.1", "192.0.2.66")).expect("edited");
    let applied = several.run(&["apply", &several.plan_file()]);
    assert_eq!(applied.code, 3, "{applied:?}");
    assert!(applied.stderr.contains("would be planned otherwise now"), "{applied:?}");
    assert_eq!(several.made(), [""; 0]);
}

/// A zone that was made anew cannot be undone, which is no reason to undo what was written before that.
#[test]
fn what_was_written_before_the_last_run_is_not_undone_in_its_place() {
    let several = Several::of(&["a.test", "b.test"]);
    several.write("one", "a.test", SOA_AND_NS);
    several.write("wanted", "a.test", &format!("{SOA_AND_NS}www A 192.0.2.7\n"));
    let applied = |zone: &str, target: &str| {
        let file = several.plan_file();
        done(&several.run(&["plan", "--zone", zone, "--target", target, "--out", &file]));
        done(&several.run(&["apply", &file]));
    };
    applied("a.test", "one");
    applied("b.test", "two");
    let refused = several.run(&["rollback", "--yes"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("an older one has written a.test. at `one`"), "{refused:?}");
    assert!(fs::read_to_string(several.path("one", "a.test")).expect("a zone file").contains("www"));
    done(&several.run(&["rollback", "--zone", "a.test", "--yes"]));
    assert!(!fs::read_to_string(several.path("one", "a.test")).expect("a zone file").contains("www"));
    let refused = several.run(&["rollback", "--zone", "a.test", "--yes"]);
    assert_eq!(refused.code, 3, "once: {refused:?}");
}
