//! One size of zone: both programs plan, and apply, from the same file to the same targets, turn by turn.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::ensure;

use super::figures::{Figures, Ran};
use super::page::Row;
use super::zone::{self, CREATES, DELETES, UPDATES, ZONE};
use super::{Programs, octodns, ours};
use crate::benchmark::say;
use crate::{AuthServer, Kind, Sandbox, Setup};

/// What the targets of this benchmark are about.
const FILES: &str = "plan, zone file against zone file";

/// Two zones that differ, on disk.
pub(super) struct Contest<'p> {
    programs: &'p Programs,
    records: usize,
    folder: PathBuf,
    target: String,
}

/// The configurations of both programs for one target.
struct Configured {
    ours: PathBuf,
    theirs: PathBuf,
}

impl<'p> Contest<'p> {
    /// Writes the zones.
    pub(super) fn prepare(programs: &'p Programs, records: usize) -> anyhow::Result<Self> {
        let folder = programs.folder.join(records.to_string());
        for below in ["source", "target"] {
            fs::create_dir_all(folder.join(below))?;
        }
        let target = zone::target(records);
        fs::write(folder.join("source").join(file_name()), zone::source(records))?;
        let contest = Self { programs, records, folder, target };
        contest.restore()?;
        Ok(contest)
    }

    /// Measures everything.
    pub(super) fn run(&self, repetitions: u32, rows: &mut Vec<Row>) -> anyhow::Result<()> {
        let files = self.over_files()?;
        rows.push(self.compared(&files, repetitions)?);
        rows.push(self.applied(&files, repetitions)?);
        let sandbox = Sandbox::new();
        say(&format!("{} records: PowerDNS and BIND load them", self.records));
        let setup = || Setup::new(ZONE, &self.target).secondaries(0);
        let powerdns = AuthServer::start_in(&sandbox, Kind::PowerDns, setup());
        let key_file = sandbox.write("api-key", format!("{}\n", powerdns.api().key));
        let (ours, theirs) = (ours::powerdns(&powerdns, &key_file), octodns::powerdns(&powerdns));
        let configured = self.configured("powerdns", &ours, &theirs)?;
        rows.push(self.planned("plan against the API of PowerDNS", &configured, repetitions)?);
        drop(powerdns);
        let bind = AuthServer::start_in(&sandbox, Kind::Bind, setup());
        let secret = sandbox.write("secret", format!("{}\n", bind.key().secret()));
        let configured = self.configured("bind", &ours::updated(&bind, &secret), &octodns::updated(&bind))?;
        rows.push(self.planned("plan against BIND by AXFR with TSIG", &configured, repetitions)?);
        Ok(())
    }

    fn over_files(&self) -> anyhow::Result<Configured> {
        let target = self.folder.join("target");
        self.configured("files", &ours::files(&target), &octodns::files(&target))
    }

    fn configured(&self, name: &str, ours: &str, theirs: &str) -> anyhow::Result<Configured> {
        let source = self.folder.join("source");
        let text = ours::configuration(&source.join(file_name()), ours, &self.folder);
        let (ours, file) = (self.folder.join(format!("{name}.ours.yaml")), self.folder.join(format!("{name}.yaml")));
        fs::write(&ours, text)?;
        fs::write(&file, octodns::configuration(&octodns::files(&source), theirs))?;
        Ok(Configured { ours, theirs: file })
    }

    /// Puts the target's file back as it was.
    fn restore(&self) -> anyhow::Result<()> {
        Ok(fs::write(self.folder.join("target").join(file_name()), &self.target)?)
    }

    fn compared(&self, files: &Configured, repetitions: u32) -> anyhow::Result<Row> {
        let theirs = || {
            let ran = self.programs.theirs.compare(&self.folder, &files.theirs)?.expect("octodns-compare", &[1])?;
            let found = ["Create <", "Update", "Delete <"].map(|what| ran.stdout.matches(what).count());
            ensure!(found == [CREATES, UPDATES, DELETES], "octoDNS found {found:?}");
            Ok(ran.figures)
        };
        self.turn_by_turn(FILES, repetitions, || self.our_plan(&files.ours), theirs)
    }

    fn planned(&self, what: &str, configured: &Configured, repetitions: u32) -> anyhow::Result<Row> {
        let theirs = || {
            let ran =
                self.programs.theirs.run(&self.folder, &configured.theirs, false)?.expect("octodns-sync", &[0])?;
            let wanted = format!("Creates={CREATES}, Updates={UPDATES}, Deletes={DELETES}");
            let said = ran.stderr.lines().find(|line| line.contains("Creates=")).unwrap_or("nothing");
            ensure!(said.contains(&wanted), "octoDNS found {said}, not {wanted}");
            Ok(ran.figures)
        };
        self.turn_by_turn(what, repetitions, || self.our_plan(&configured.ours), theirs)
    }

    fn applied(&self, files: &Configured, repetitions: u32) -> anyhow::Result<Row> {
        let ours = || {
            self.restore()?;
            let planned = self.our_plan(&files.ours)?;
            let applied = self.programs.ours.apply(&self.folder, &files.ours, &[], &[])?;
            Ok(planned.then(applied.expect("dns-sync apply", &[0])?.figures))
        };
        let theirs = || {
            self.restore()?;
            let ran = self.programs.theirs.run(&self.folder, &files.theirs, true)?;
            Ok(ran.expect("octodns-sync --doit", &[0])?.figures)
        };
        let row = self.turn_by_turn("plan and apply, zone file to zone file", repetitions, ours, theirs);
        self.restore()?;
        row
    }

    fn turn_by_turn(
        &self,
        what: &str,
        repetitions: u32,
        ours: impl Fn() -> anyhow::Result<Figures>,
        theirs: impl Fn() -> anyhow::Result<Figures>,
    ) -> anyhow::Result<Row> {
        let (mut our_runs, mut their_runs) = (Vec::new(), Vec::new());
        for _ in 0..repetitions {
            our_runs.push(ours()?);
            their_runs.push(theirs()?);
        }
        let row = Row::new(what, self.records, &our_runs, &their_runs);
        say(&row.line());
        Ok(row)
    }

    fn our_plan(&self, config: &Path) -> anyhow::Result<Figures> {
        let ran = self.programs.ours.plan(&self.folder, config, &[])?;
        ours_found_all(ran)
    }
}

/// Ours alone, file against file.
pub(super) fn alone(programs: &Programs, records: usize, repetitions: u32) -> anyhow::Result<Row> {
    say(&format!("{records} records: written"));
    let contest = Contest::prepare(programs, records)?;
    let files = contest.over_files()?;
    let runs: anyhow::Result<Vec<Figures>> = (0..repetitions).map(|_| contest.our_plan(&files.ours)).collect();
    let row = Row::new(FILES, records, &runs?, &[]);
    say(&row.line());
    Ok(row)
}

fn file_name() -> String {
    format!("{ZONE}.zone")
}

fn ours_found_all(ran: Ran) -> anyhow::Result<Figures> {
    let ran = ran.expect("dns-sync plan", &[0])?;
    let found = |sign: &str| ran.stdout.lines().filter(|line| line.starts_with(sign)).count();
    // A set that changes is told with the record that goes and the one that comes.
    let (comes, goes) = (found("+ "), found("- "));
    ensure!(
        (comes, goes) == (CREATES + UPDATES, DELETES + UPDATES),
        "dns-sync found {comes} records that come and {goes} that go"
    );
    Ok(ran.figures)
}
