//! What is kept on disk: saved plans, what undoes the last one of each target or has undone it, and how large each source was.
//!
//! Files are written beside their place and then moved there, so that a crash leaves the old one or the new one.

use std::fs;
use std::io::{self, Write as _};
use std::num::ParseIntError;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dns_core::identifier::ProviderName;
use dns_zone::files::file_name;
use dns_zone::{Owner, Plan, PlanTextError};
use serde_json::value::RawValue;

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    /// The system does not let us.
    #[error("cannot {what} {}", path.display())]
    System {
        /// Read or write.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It says no number.
    #[error("{} does not say how many sets the source had; look at the source, and remove the file to forget it", path.display())]
    SourceSets {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ParseIntError,
    },
    /// It holds no plans.
    #[error("{} holds no plans of this version", path.display())]
    Plans {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: PlanTextError,
    },
}

/// The folder of the configuration.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Takes a folder, which need not exist yet.
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// What undoes the last plan that was applied to a target; none if there was none.
    pub(crate) fn undoing(&self, zone: &Owner, target: &ProviderName) -> Result<Option<Plan>, FolderError> {
        load_one(&self.undo_path(zone, target))
    }

    /// What was prepared for a plan of which nobody has said that something was written: the run was interrupted, or wrote nothing.
    pub(crate) fn prepared(&self, zone: &Owner, target: &ProviderName) -> Result<Option<Plan>, FolderError> {
        load_one(&self.next_undo_path(zone, target))
    }

    /// What has undone a plan undoes it no second time. It stays, so that it is known what was undone last.
    pub(crate) fn used_up(&self, zone: &Owner, target: &ProviderName) -> Result<(), FolderError> {
        match move_to(&self.undo_path(zone, target), &self.undone_path(zone, target)) {
            Err(FolderError::System { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(()),
            moved => moved,
        }
    }

    /// What has undone a plan last; none if nothing has.
    pub(crate) fn undone(&self, zone: &Owner, target: &ProviderName) -> Result<Option<Plan>, FolderError> {
        load_one(&self.undone_path(zone, target))
    }

    /// Remembers a plan that was carried out and that nothing undoes, as if it had been undone: no older one is the last by now.
    pub(crate) fn cannot_be_undone(&self, undoing: &Plan) -> Result<(), FolderError> {
        save(&self.undone_path(&undoing.zone, &undoing.target), std::slice::from_ref(undoing))
    }

    /// Writes down what undoes a plan that is about to be sent; what undid the one before stays in its place yet.
    pub(crate) fn prepare_undoing(&self, plan: &Plan) -> Result<(), FolderError> {
        save(&self.next_undo_path(&plan.zone, &plan.target), std::slice::from_ref(plan))
    }

    /// Puts what was prepared in the place of what undid the plan before.
    pub(crate) fn keep_undoing(&self, zone: &Owner, target: &ProviderName) -> Result<PathBuf, FolderError> {
        let path = self.undo_path(zone, target);
        move_to(&self.next_undo_path(zone, target), &path)?;
        Ok(path)
    }

    /// How many sets a source had when its zone was last applied to a target; none if it never was. Whoever lets it shrink at one
    /// target has not said so of another.
    pub(crate) fn source_sets(&self, zone: &Owner, target: &ProviderName) -> Result<Option<u64>, FolderError> {
        let path = self.source_sets_path(zone, target);
        match fs::read_to_string(&path) {
            Ok(text) => match text.trim().parse() {
                Ok(sets) => Ok(Some(sets)),
                // What is not known stops no plan, so this must not pass for it.
                Err(source) => Err(FolderError::SourceSets { path, source }),
            },
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(FolderError::System { what: "read", path, source }),
        }
    }

    /// How long ago that was remembered; none if nobody knows. What seems to come from the future, since a clock was set, was just now.
    pub(crate) fn source_sets_age(&self, zone: &Owner, target: &ProviderName) -> Option<Duration> {
        let written = fs::metadata(self.source_sets_path(zone, target)).and_then(|file| file.modified()).ok()?;
        Some(written.elapsed().unwrap_or_default())
    }

    /// Remembers that.
    pub(crate) fn keep_source_sets(&self, zone: &Owner, target: &ProviderName, sets: u64) -> Result<(), FolderError> {
        write(&self.source_sets_path(zone, target), &sets.to_string())
    }

    fn source_sets_path(&self, zone: &Owner, target: &ProviderName) -> PathBuf {
        self.0.join(format!("{}{target}.source-sets", file_name(zone)))
    }

    fn next_undo_path(&self, zone: &Owner, target: &ProviderName) -> PathBuf {
        self.0.join(format!("{}{target}.rollback.next.json", file_name(zone)))
    }

    fn undone_path(&self, zone: &Owner, target: &ProviderName) -> PathBuf {
        self.0.join(format!("{}{target}.rolled-back.json", file_name(zone)))
    }

    fn undo_path(&self, zone: &Owner, target: &ProviderName) -> PathBuf {
        self.0.join(format!("{}{target}.rollback.json", file_name(zone)))
    }
}

/// Saves plans.
pub(crate) fn save(path: &Path, plans: &[Plan]) -> Result<(), FolderError> {
    write(path, &to_json(plans))
}

/// Plans as JSON, in a list.
pub(crate) fn to_json(plans: &[Plan]) -> String {
    let plans: Vec<String> = plans.iter().map(Plan::to_json).collect();
    format!("[{}]\n", plans.join(",\n"))
}

/// Reads saved plans.
pub(crate) fn load(path: &Path) -> Result<Vec<Plan>, FolderError> {
    let text = fs::read_to_string(path).map_err(|source| FolderError::System {
        what: "read",
        path: path.to_owned(),
        source,
    })?;
    from_json(&text).map_err(|source| FolderError::Plans { path: path.to_owned(), source })
}

fn load_one(path: &Path) -> Result<Option<Plan>, FolderError> {
    match load(path) {
        Ok(plans) => Ok(plans.into_iter().next()),
        Err(FolderError::System { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn from_json(text: &str) -> Result<Vec<Plan>, PlanTextError> {
    let plans: Vec<&RawValue> = serde_json::from_str(text)?;
    plans.into_iter().map(|plan| Plan::from_json(plan.get())).collect()
}

fn write(path: &Path, text: &str) -> Result<(), FolderError> {
    let failed = |source| FolderError::System { what: "write", path: path.to_owned(), source };
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(failed)?;
    // A name that nobody can foresee, and never a file or link that is there already: others may write into the folder of a plan.
    let rights = fs::Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new().suffix(".new").permissions(rights).tempfile_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    sync(folder).map_err(failed)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes sure that what was moved is found there after a crash.
fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// Moves a file for good.
fn move_to(from: &Path, path: &Path) -> Result<(), FolderError> {
    let failed = |source| FolderError::System { what: "write", path: path.to_owned(), source };
    fs::rename(from, path).map_err(failed)?;
    sync(folder_of(path)).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_undoes_a_plan_takes_its_place_only_once_something_was_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = Folder::new(folder.path());
        let plan = |zone: &str| {
            let text = format!(
                r#"{{"version":1,"zone":"{zone}","target":"main","sourceSerial":null,"sourceDigest":"{0}","targetDigest":"{0}",
                "made":0,"expires":0,"tally":{{"existing":0,"creates":0,"updates":0,"deletes":0}},"steps":[],"leftAlone":[],
                "adjusted":[],"exceeded":[],"strayMarkers":[],"refusals":[]}}"#,
                "0".repeat(32)
            );
            Plan::from_json(&text).expect("a plan")
        };
        let plan = plan("example.test.");
        kept.prepare_undoing(&plan).expect("written");
        assert!(kept.undoing(&plan.zone, &plan.target).expect("read").is_none());
        assert_eq!(kept.prepared(&plan.zone, &plan.target).expect("read").as_ref(), Some(&plan));
        kept.keep_undoing(&plan.zone, &plan.target).expect("moved");
        assert_eq!(kept.undoing(&plan.zone, &plan.target).expect("read").as_ref(), Some(&plan));
        assert_eq!(kept.undone(&plan.zone, &plan.target).expect("nothing yet"), None);
        kept.used_up(&plan.zone, &plan.target).expect("moved");
        assert_eq!(kept.undoing(&plan.zone, &plan.target).expect("read"), None, "no second time");
        assert_eq!(kept.undone(&plan.zone, &plan.target).expect("read"), Some(plan));
    }

    #[test]
    fn what_is_not_there_is_none_and_what_is_broken_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = Folder::new(folder.path());
        let (zone, target) = ("example.test.".parse().expect("a name"), "main".parse().expect("a name"));
        assert!(kept.undoing(&zone, &target).expect("nothing yet").is_none());
        assert_eq!(kept.source_sets(&zone, &target).expect("nothing yet"), None);
        assert_eq!(kept.source_sets_age(&zone, &target), None);
        kept.keep_source_sets(&zone, &target, 42).expect("written");
        assert_eq!(kept.source_sets(&zone, &target).expect("read"), Some(42));
        let age = kept.source_sets_age(&zone, &target).expect("it was remembered");
        assert!(age < Duration::from_mins(1), "{age:?}");
        fs::write(folder.path().join("example.test.main.rollback.json"), "[{\"version\": 9}]").expect("written");
        let error = kept.undoing(&zone, &target).expect_err("another version");
        assert!(matches!(error, FolderError::Plans { .. }), "{error}");
        // Torn or edited: taken for "never known" it would let any shrink pass.
        fs::write(folder.path().join("example.test.main.source-sets"), "").expect("written");
        let error = kept.source_sets(&zone, &target).expect_err("no number");
        assert!(error.to_string().contains("remove the file"), "{error}");
    }

    #[test]
    fn what_is_saved_at_once_under_one_name_is_one_or_the_other_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("plan.json");
        let texts: Vec<String> = (0..8).map(|which| which.to_string().repeat(100_000)).collect();
        std::thread::scope(|scope| {
            for text in &texts {
                scope.spawn(|| (0..10).for_each(|_| write(&path, text).expect("written")));
            }
        });
        assert!(texts.contains(&fs::read_to_string(&path).expect("read")), "two were mixed");
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
    }

    #[test]
    fn a_planted_link_is_not_written_through() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, victim) = (folder.path().join("plan.json"), folder.path().join("victim"));
        fs::write(&victim, "as it was").expect("written");
        for name in ["plan.json", &format!("plan.{}.new", std::process::id())] {
            std::os::unix::fs::symlink(&victim, folder.path().join(name)).expect("a link");
        }
        write(&path, "a plan").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("read"), "a plan");
        assert_eq!(fs::read_to_string(&victim).expect("read"), "as it was");
    }
}
