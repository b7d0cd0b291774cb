use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dns_core::time::Timestamp;
use dns_zone::zonefile::{self, FileError, Files, Source};
use dns_zone::{Serial, SetChange, difference};
use tempfile::TempDir;

use super::*;

/// A file as people write it.
pub(super) const TEXT: &str = "\
$ORIGIN example.test.
$TTL 300
; who answers
@ SOA ns1 hostmaster 7 3600 600 604800 30
@ NS ns1
ns1 A 127.0.0.1
api A 192.0.2.1
";

/// A folder with that file.
pub(super) fn folder(text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("example.test.zone"), text).expect("a file");
    folder
}

/// What adds lines to a text, or puts them in the place of what the text has there.
pub(super) fn changes(text: &str, more: &str) -> Vec<SetChange> {
    let (is, more) = (parse(text), parse(&format!("$ORIGIN example.test.\n$TTL 300\n{more}")));
    let mut wanted = is.clone();
    for (key, set) in more.sets() {
        wanted.put(key.clone(), set.clone()).expect("in the zone");
    }
    difference(&is, &wanted)
}

fn parse(text: &str) -> Zone {
    struct One(BTreeMap<String, String>);
    impl Files for One {
        fn read(&self, name: &str, _: Option<&str>) -> Result<Source, FileError> {
            let text = self.0.get(name).ok_or(FileError::Missing)?;
            Ok(Source { name: name.into(), octets: text.clone().into_bytes() })
        }
    }
    let files = One([("a".to_owned(), text.to_owned())].into());
    zonefile::read(&apex(), "a", &files).expect("a zone").zone
}

fn apex() -> Owner {
    "example.test.".parse().expect("a name")
}

fn target(folder: &TempDir) -> ZoneFiles {
    ZoneFiles::new(folder.path(), &[Name::from_ascii("example.test.").expect("a name")])
}

fn permit() -> Permit {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    let granted = Timestamp::from_millis(u64::try_from(now.as_millis()).expect("a small number"));
    Permit { granted, length: Duration::from_mins(1) }
}

async fn apply(target: &ZoneFiles, changes: &[SetChange]) -> Result<Receipt, ProviderError> {
    let step = Step::from(changes.to_vec());
    target.apply(&apex(), &[&step], &permit()).await
}

async fn listed(target: &ZoneFiles) -> Zone {
    target.list(&apex()).await.expect("a whole zone").zone
}

fn text(folder: &TempDir) -> String {
    fs::read_to_string(folder.path().join("example.test.zone")).expect("a file")
}

#[tokio::test]
async fn a_zone_without_a_file_is_empty_and_gets_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = target(&folder);
    let empty = listed(&target).await;
    assert_eq!(empty.sets().len(), 0);
    let all = difference(&empty, &parse(TEXT));
    apply(&target, &all).await.expect("written");
    assert_eq!(listed(&target).await, parse(TEXT), "the serial is the one that was written");
}

#[tokio::test]
async fn a_change_is_written_canonically_under_the_next_serial() {
    let folder = folder(TEXT);
    let target = target(&folder);
    apply(&target, &changes(TEXT, "api A 192.0.2.2\nwww CNAME api\n")).await.expect("written");
    let zone = listed(&target).await;
    assert_eq!(zone.serial(), Some(Serial::new(8)));
    assert_eq!(text(&folder), zonefile::ZoneText::of(&zone).to_string());
    assert!(text(&folder).contains("api IN A 192.0.2.2\n"), "{}", text(&folder));
}

#[tokio::test]
async fn a_soa_among_the_changes_keeps_its_serial() {
    let folder = folder(TEXT);
    let target = target(&folder);
    apply(&target, &changes(TEXT, "@ SOA ns1 hostmaster 41 3600 600 604800 30\n")).await.expect("written");
    assert_eq!(listed(&target).await.serial(), Some(Serial::new(41)));
}

#[tokio::test]
async fn a_batch_that_changes_nothing_leaves_the_file_as_it_is() {
    let folder = folder(TEXT);
    let target = target(&folder);
    let mut same = changes(TEXT, "api A 192.0.2.2\n");
    same[0].after = same[0].before.clone();
    apply(&target, &same).await.expect("nothing to write");
    assert_eq!(text(&folder), TEXT, "comments and all");
}

#[tokio::test]
async fn a_file_that_was_changed_since_it_was_listed_is_a_conflict() {
    let folder = folder(TEXT);
    let target = target(&folder);
    let planned = changes(TEXT, "api A 192.0.2.2\n");
    let edited = TEXT.replace("192.0.2.1", "192.0.2.9");
    assert_eq!(edited.len(), TEXT.len(), "as long as before, as an editor that keeps the time could leave it");
    fs::write(folder.path().join("example.test.zone"), &edited).expect("saved");
    let refused = apply(&target, &planned).await.expect_err("another zone");
    assert!(matches!(&refused, ProviderError::Conflict { reason, .. } if reason.contains("api.example.test. A")));
    assert_eq!(text(&folder), edited);
    // What the batch does not touch may change.
    apply(&target, &changes(&edited, "www A 192.0.2.3\n")).await.expect("written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_writers_none_undoes_the_other() {
    let folder = folder(TEXT);
    let target = target(&folder);
    let write = |which: &'static str| {
        let target = target.clone();
        tokio::spawn(async move {
            for number in 0..20 {
                let batch = changes(TEXT, &format!("{which}{number} A 192.0.2.3\n"));
                // Another one writes: that passes.
                while let Err(error) = apply(&target, &batch).await {
                    assert!(matches!(error, ProviderError::Transient { .. }), "{error}");
                    tokio::task::yield_now().await;
                }
            }
        })
    };
    let (one, other) = (write("one"), write("other"));
    one.await.expect("no panic");
    other.await.expect("no panic");
    let zone = listed(&target).await;
    assert_eq!(zone.sets().len(), parse(TEXT).sets().len() + 40);
    assert_eq!(zone.serial(), Some(Serial::new(47)));
}

#[tokio::test]
async fn what_no_server_would_load_is_neither_read_nor_written() {
    let batch = changes(TEXT, "api CNAME ns1\n");
    let (sound, broken) = (folder(TEXT), folder(&format!("{TEXT}api CNAME ns1\n")));
    let refused = apply(&target(&sound), &batch).await.expect_err("a CNAME beside an A");
    assert!(matches!(&refused, ProviderError::Invalid { .. }), "{refused}");
    assert_eq!(text(&sound), TEXT);
    let refused = target(&broken).list(&apex()).await.expect_err("a CNAME beside an A");
    assert!(refused.to_string().contains("CNAME"), "{refused}");
    // An empty file is one that was cut, not a zone to be created.
    let refused = target(&folder("")).list(&apex()).await.expect_err("no SOA");
    assert!(refused.to_string().contains("SOA"), "{refused}");
}

#[tokio::test]
async fn a_file_that_includes_others_is_refused_where_it_does() {
    let folder = folder(&format!("{TEXT}$INCLUDE more\n"));
    fs::write(folder.path().join("more"), "more A 192.0.2.4\n").expect("a file");
    let refused = target(&folder).list(&apex()).await.expect_err("more than one file");
    assert!(refused.to_string().contains("example.test.zone:8:10: `more`: nothing is included here"), "{refused}");
}

#[tokio::test]
async fn a_zone_that_is_not_listed_is_neither_read_nor_written() {
    let folder = folder(TEXT);
    let other = "other.test.".parse().expect("a name");
    let refused = target(&folder).list(&other).await.expect_err("not ours");
    assert!(matches!(&refused, ProviderError::Denied { .. }), "{refused}");
}

/// Of a file it is known when it was written and whose it is, not which of its sets somebody has touched.
#[tokio::test]
async fn tells_when_the_file_was_written_and_whose_it_is() {
    let folder = folder(TEXT);
    let path = folder.path().join("example.test.zone");
    let at = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    fs::File::options().write(true).open(&path).expect("the file").set_modified(at).expect("its time");
    let target = target(&folder);
    let keys: BTreeSet<SetKey> =
        changes(TEXT, "api A 192.0.2.2\nwww A 192.0.2.3\n").into_iter().map(|one| one.key).collect();
    let told = target.attribution(&apex(), &keys).await.expect("it is there");
    assert_eq!(told.len(), 2, "{told:?}");
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&path).expect("the file"));
    for one in told.values() {
        let expected = format!("its file was last written at 2023-11-14T22:13:20Z and belongs to user id {owner}");
        assert_eq!(one.to_string(), expected);
    }
    fs::remove_file(&path).expect("removed");
    assert_eq!(target.attribution(&apex(), &keys).await.expect("nothing to tell"), BTreeMap::new());
}
