//! Reading the source of a zone: whole and sound, or an error.

use std::path::Path;

use dns_provider::port::ProviderError;
use dns_provider::zones::NotPlain;
use dns_service::config::sync::SyncSource;
use dns_service::exit::{Exit, Failure};
use dns_zone::files::{Stamps, Watched, ZoneFolder, open_end};
use dns_zone::finding::{Finding, Findings};
use dns_zone::{Owner, Zone, lint, octodns, zonefile};

use crate::place::Job;

/// The largest octoDNS file: it is held three times while it is read.
const OCTODNS_OCTETS_MAX: u64 = 256 * 1024 * 1024;

/// What the source says.
#[derive(Debug)]
pub(crate) struct Read {
    /// The zone.
    pub(crate) zone: Zone,
    /// What a provider holds that is no record set.
    pub(crate) not_plain: Vec<NotPlain>,
    /// What is unwise about it.
    pub(crate) warnings: Findings,
    /// The files that it was read from; none if it is a provider's.
    pub(crate) files: Option<SourceFiles>,
}

/// The files of a source. None of them changed while they were read.
#[derive(Debug)]
pub(crate) struct SourceFiles {
    /// How they were.
    pub(crate) stamps: Stamps,
    /// A last line without an end, which is among the warnings, too.
    pub(crate) open_end: Option<Finding>,
}

/// Why a source cannot be planned from.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// It says what no zone can.
    #[error("the source of {zone} cannot be taken; nothing was planned\n{findings}")]
    Faults {
        /// The zone.
        zone: Owner,
        /// All that is wrong.
        findings: Findings,
    },
    /// It is not there.
    #[error("the source of {zone}, {}, cannot be read", file.display())]
    File {
        /// The zone.
        zone: Owner,
        /// The file.
        file: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A provider holds nothing of it.
    #[error("the source of {zone} is not there, or empty; nothing was planned")]
    Nothing {
        /// The zone.
        zone: Owner,
    },
    /// A provider did not tell all of it.
    #[error("the source of {zone} cannot be read whole; nothing was planned")]
    Provider {
        /// The zone.
        zone: Owner,
        /// Why.
        #[source]
        source: ProviderError,
    },
}

/// How the program ends: a source that says what no zone can is refused, one that is not there could not be reached.
pub(crate) fn failure(error: SourceError) -> Failure {
    let exit = match &error {
        SourceError::Faults { .. } => Exit::Refused,
        SourceError::File { .. } | SourceError::Nothing { .. } | SourceError::Provider { .. } => Exit::Unreachable,
    };
    Failure::new(exit, error)
}

/// Reads it.
///
/// # Errors
/// [`SourceError`].
pub(crate) async fn read(job: &Job) -> Result<Read, SourceError> {
    match (&job.config.source, &job.source) {
        (SyncSource::File(file), _) => zone_file(&job.zone, file).await,
        (SyncSource::OctoDns(file), _) => octodns_file(&job.zone, file).await,
        (SyncSource::Provider(_), place) => {
            let place = place.as_ref().expect("invariant: a source that is a provider has its adapter");
            let listing = place.holder.list(&job.zone).await;
            let listing = listing.map_err(|source| SourceError::Provider { zone: job.zone.clone(), source })?;
            // A target that has no zone yet gets one; a source without one was not read.
            if listing.zone.sets().len() == 0 && listing.not_plain.is_empty() {
                return Err(SourceError::Nothing { zone: job.zone.clone() });
            }
            Ok(Read { zone: listing.zone, not_plain: listing.not_plain, warnings: Findings::default(), files: None })
        }
    }
}

/// Reads a zone file, and what it includes.
pub(crate) async fn zone_file(zone: &Owner, file: &Path) -> Result<Read, SourceError> {
    apart(zone, file, read_zone_file).await
}

/// Reads a zone of octoDNS. Such zones have no SOA, and often no NS.
pub(crate) async fn octodns_file(zone: &Owner, file: &Path) -> Result<Read, SourceError> {
    apart(zone, file, read_octodns_file).await
}

/// A large file keeps a processor busy for seconds; what waits for providers meanwhile goes on.
async fn apart(
    zone: &Owner,
    file: &Path,
    read: fn(&Owner, &Path) -> Result<Read, SourceError>,
) -> Result<Read, SourceError> {
    let (zone, file) = (zone.clone(), file.to_owned());
    let reading = tokio::task::spawn_blocking(move || read(&zone, &file));
    reading.await.expect("invariant: nobody aborts it, and a panic goes on here")
}

fn read_zone_file(zone: &Owner, file: &Path) -> Result<Read, SourceError> {
    let unreadable = |source| SourceError::File { zone: zone.clone(), file: file.to_owned(), source };
    // A file that is not there has no faults; what it includes is a part of it, and told as one.
    if !std::fs::metadata(file).map_err(unreadable)?.is_file() {
        return Err(unreadable(std::io::Error::other("this is no regular file")));
    }
    std::fs::File::open(file).map_err(unreadable)?;
    let shown = file.parent().unwrap_or(Path::new(""));
    let folder = if shown.as_os_str().is_empty() { Path::new(".") } else { shown };
    let folder = ZoneFolder::open(folder).map_err(unreadable)?.shown_as(shown);
    let watched = Watched::new(&folder);
    let read = zonefile::read(zone, &file.to_string_lossy(), &watched);
    let (stamps, open_end) = watched.seen();
    let files = unchanged(zone, SourceFiles { stamps, open_end })?;
    checked(read.map_err(|findings| SourceError::Faults { zone: zone.clone(), findings })?, lint::Apex::Here, files)
}

fn read_octodns_file(zone: &Owner, file: &Path) -> Result<Read, SourceError> {
    let unreadable = |source| SourceError::File { zone: zone.clone(), file: file.to_owned(), source };
    let mut stamps = Stamps::default();
    stamps.take(file).map_err(unreadable)?;
    let octets = std::fs::metadata(file).map_err(unreadable)?.len();
    if octets > OCTODNS_OCTETS_MAX {
        return Err(unreadable(std::io::ErrorKind::FileTooLarge.into()));
    }
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    let name = file.display().to_string();
    let files = unchanged(zone, SourceFiles { stamps, open_end: open_end(&name, text.as_bytes()) })?;
    let read = octodns::read(zone, &name, &text);
    checked(
        read.map_err(|findings| SourceError::Faults { zone: zone.clone(), findings })?,
        lint::Apex::Elsewhere,
        files,
    )
}

/// What changed while it was read is neither what it was nor what it becomes.
fn unchanged(zone: &Owner, files: SourceFiles) -> Result<SourceFiles, SourceError> {
    let Some(file) = files.stamps.changed() else { return Ok(files) };
    let source = std::io::Error::other("it was changed while it was read; wait until it is written");
    Err(SourceError::File { zone: zone.clone(), file: file.to_owned(), source })
}

/// What no server would load is no source.
fn checked(read: zonefile::ZoneFile, apex: lint::Apex, files: SourceFiles) -> Result<Read, SourceError> {
    let zonefile::ZoneFile { zone, places, mut warnings } = read;
    let findings = lint::check(&zone, Some(&places), apex);
    if findings.refused() > 0 {
        return Err(SourceError::Faults { zone: zone.apex().clone(), findings });
    }
    warnings.append(findings);
    if let Some(finding) = &files.open_end {
        warnings.add(finding.clone());
    }
    Ok(Read { zone, not_plain: Vec::new(), warnings, files: Some(files) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.zone");
        std::fs::write(&file, text).expect("written");
        let zone = "example.test.".parse().expect("a name");
        let SourceError::Faults { findings, .. } = read_zone_file(&zone, &file).expect_err("faults") else {
            panic!("it can be read")
        };
        let shown = folder.path().display().to_string();
        let lines = findings.iter().map(|one| one.to_string().lines().next().unwrap_or_default().replace(&shown, "IN"));
        lines.collect()
    }

    #[test]
    fn every_fault_names_the_file_as_it_was_configured_and_all_are_told_at_once() {
        assert_eq!(
            faults("$TTL 60\nwww A 192.0.2.1\n"),
            [
                "IN/a.zone: `example.test.`: the zone has no SOA at its apex (RFC 1035 §5.2)",
                "IN/a.zone: `example.test.`: the zone has no NS at its apex (RFC 1035 §5.2)",
            ]
        );
        assert_eq!(
            faults("$TTL 60\nwww A 192.0.2.1\nwww CNAME a\nbad A 1\n"),
            [
                "IN/a.zone:3: `www.example.test. CNAME`: a CNAME stands beside A (RFC 1034 §3.6.2, RFC 2181 §10.1)",
                "IN/a.zone:4:7: `1`: expected IPv4 address",
            ]
        );
    }

    #[test]
    fn a_file_that_is_not_there_could_not_be_reached() {
        let folder = tempfile::tempdir().expect("a folder");
        let zone = "example.test.".parse().expect("a name");
        for path in [folder.path().join("none.zone"), folder.path().to_owned()] {
            let told = failure(read_zone_file(&zone, &path).expect_err("nothing is there"));
            assert_eq!(told.exit(), Exit::Unreachable);
            let place = path.display().to_string();
            assert!(told.reason().contains(&place) && !told.reason().contains("hint"), "{}", told.reason());
        }
    }
}
