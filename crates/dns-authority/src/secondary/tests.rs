use super::*;
use crate::fixture;

const LAG: Duration = Duration::from_secs(10);

fn version(serial: usize) -> Arc<Zone> {
    let text = format!("@ 60 SOA ns1 hostmaster {serial} 3600 600 604800 30\n@ 60 NS ns1\n");
    Arc::new(Zone::parse(&fixture::name("example.test."), &text).expect("a zone"))
}

#[test]
fn serves_each_version_once_it_is_as_old_as_the_lag() {
    let begin = Instant::now();
    let at = |secs| begin + Duration::from_secs(secs);
    let mut versions = Versions::new(version(1), LAG);
    versions.push(at(0), version(2));
    versions.push(at(5), version(3));
    let mut serial = |secs| versions.at(at(secs)).serial();
    assert_eq!([serial(9), serial(10), serial(14), serial(15), serial(99)], [1, 2, 2, 3, 3]);
}

#[test]
fn skips_to_the_latest_version_that_is_old_enough() {
    let begin = Instant::now();
    let mut versions = Versions::new(version(1), LAG);
    versions.push(begin, version(2));
    versions.push(begin, version(3));
    assert_eq!(versions.at(begin + LAG).serial(), 3);
}

#[test]
fn versions_on_the_way_are_bounded_and_the_newest_arrives() {
    let begin = Instant::now();
    let mut versions = Versions::new(version(1), LAG);
    let last = VERSIONS_ON_THE_WAY_MAX + 10;
    for serial in 2..=last {
        versions.push(begin, version(serial));
    }
    assert_eq!(versions.on_the_way.len(), VERSIONS_ON_THE_WAY_MAX);
    assert_eq!(usize::try_from(versions.at(begin + LAG).serial()), Ok(last));
}
