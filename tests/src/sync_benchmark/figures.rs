//! What a run of a program used, and the median of several.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

/// Says what a program used; see there.
const MEASURED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/measured.py");

/// What a run used, as the kernel counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Figures {
    /// From start to end.
    pub(super) wall_s: f64,
    /// User and system.
    pub(super) cpu_s: f64,
    /// The most that was resident.
    pub(super) peak_mib: f64,
}

/// A run that has ended.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) figures: Figures,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

#[derive(Deserialize)]
struct Said {
    code: i32,
    #[serde(flatten)]
    figures: Figures,
}

impl Figures {
    /// Of each figure the median; of an even number the lower one.
    pub(super) fn median(runs: &[Self]) -> Self {
        let middle = |figure: fn(&Self) -> f64| {
            let mut all: Vec<f64> = runs.iter().map(figure).collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len().saturating_sub(1) / 2).copied().unwrap_or_default()
        };
        Self { wall_s: middle(|one| one.wall_s), cpu_s: middle(|one| one.cpu_s), peak_mib: middle(|one| one.peak_mib) }
    }

    /// One run after the other.
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            wall_s: self.wall_s + next.wall_s,
            cpu_s: self.cpu_s + next.cpu_s,
            peak_mib: self.peak_mib.max(next.peak_mib),
        }
    }
}

impl Ran {
    /// The run, if it ended as it should.
    pub(super) fn expect(self, what: &str, codes: &[i32]) -> anyhow::Result<Self> {
        let (out, err) = (tail(&self.stdout), tail(&self.stderr));
        ensure!(codes.contains(&self.code), "{what} ended with {}:\n{out}\n{err}", self.code);
        Ok(self)
    }
}

/// Runs a program to its end, with `env` on top of the environment; what it prints goes through files in `folder`.
pub(super) fn run(
    python: &Path,
    folder: &Path,
    program: &Path,
    arguments: &[OsString],
    env: &[(String, String)],
) -> anyhow::Result<Ran> {
    let output = Command::new(python)
        .args(["-B", "-s", MEASURED])
        .arg(folder)
        .arg(program)
        .args(arguments)
        .envs(env.iter().map(|(name, value)| (name, value)))
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", python.display()))?;
    let said = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{MEASURED} did not say what {} used", program.display()))?;
    let Said { code, figures } = said;
    let read = |name: &str| fs::read(folder.join(name)).map(|text| String::from_utf8_lossy(&text).into_owned());
    Ok(Ran { code, figures, stdout: read("stdout")?, stderr: read("stderr")? })
}

/// The end of a text, as much as helps.
pub(super) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().rev().take(10).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(wall_s: f64, peak_mib: f64) -> Figures {
        Figures { wall_s, cpu_s: 1.0, peak_mib }
    }

    #[test]
    fn each_figure_has_a_median_of_its_own() {
        let median = Figures::median(&[of(3.0, 10.0), of(1.0, 30.0), of(2.0, 20.0)]);
        assert_eq!(median, of(2.0, 20.0));
        assert_eq!(Figures::median(&[of(4.0, 1.0), of(2.0, 3.0)]), of(2.0, 1.0));
    }

    #[test]
    fn two_runs_take_as_long_as_both_and_hold_as_much_as_one() {
        assert_eq!(of(1.0, 10.0).then(of(2.0, 7.0)), Figures { wall_s: 3.0, cpu_s: 2.0, peak_mib: 10.0 });
    }

    #[test]
    fn tells_what_a_program_used_and_how_it_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let arguments = ["-c", "echo out; echo err >&2; exit 3"].map(OsString::from);
        let python = crate::find_program("python3");
        let ran = run(&python, folder.path(), Path::new("/bin/sh"), &arguments, &[]).expect("it runs");
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (3, "out\n", "err\n"));
        assert!(ran.figures.wall_s > 0.0 && ran.figures.peak_mib > 0.0, "{:?}", ran.figures);
        assert!(ran.expect("a shell", &[0]).is_err());
    }
}
