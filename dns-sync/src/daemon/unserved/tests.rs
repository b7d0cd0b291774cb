use std::net::{Ipv4Addr, SocketAddrV4};

use dns_service::clock::Clock;

use super::*;
use crate::daemon::signs::Signs;
use crate::fake::{Fake, apex, key, zone};
use crate::served::is_seen;

const SERVER: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 53), 53));

fn sign(place: &Place) -> TargetSign {
    let targets = std::slice::from_ref(&place.name);
    let (_, mut signs) = Signs::default().add(&apex(), "a test".to_owned(), targets, Clock::start());
    signs.remove(0)
}

#[test]
fn nothing_waits_for_servers_that_nobody_has_named() {
    let key = key("www", dns_zone::Rtype::A);
    let after = zone(&["www A 192.0.2.1"]).get(&key).cloned();
    let change = || SetChange { key: key.clone(), before: None, after: after.clone() };
    let unserved = Unserved::default();
    unserved.expect([change()], &[], std::time::Instant::now());
    assert!(unserved.lock().is_empty());
    unserved.expect([change()], &[SERVER], std::time::Instant::now());
    assert_eq!(unserved.lock().len(), 1);
}

#[test]
fn what_has_come_to_lie_below_a_delegation_is_waited_for_no_longer() {
    let (traits, before) = (dns_zone::TargetTraits::default(), zone(&["www.sub A 192.0.2.1", "www A 192.0.2.1"]));
    let unserved = Unserved::default();
    unserved.expect(dns_zone::difference(&zone(&[]), &before), &[SERVER], std::time::Instant::now());
    unserved.forget(|key| is_seen(&before, &traits, key));
    assert_eq!(unserved.fresh(SERVER).len(), 2);
    let cut = zone(&["www.sub A 192.0.2.1", "www A 192.0.2.1", "sub NS ns.example.net."]);
    unserved.forget(|key| is_seen(&cut, &traits, key));
    let open: Vec<SetKey> = unserved.fresh(SERVER).into_iter().map(|change| change.key).collect();
    assert_eq!(open, [key("www", dns_zone::Rtype::A)]);
}

#[tokio::test(start_paused = true)]
async fn where_nobody_is_asked_it_lasts_until_it_is_told_to_stop() {
    let (place, stop) = (Fake::holding(zone(&[]), 1).place(), CancellationToken::new());
    assert!(place.servers.is_empty());
    let sign = sign(&place);
    let running = Unserved::default().run(apex(), place, sign, stop.clone());
    let mut running = std::pin::pin!(running);
    assert!(tokio::time::timeout(Duration::from_hours(1), &mut running).await.is_err());
    stop.cancel();
    running.await;
}

/// From when on a server serves a set, if ever.
type ServedFrom = Box<dyn Fn(&SetKey) -> Option<Duration>>;

/// What is asked of a server that begins to serve sets one day, a set at a time or all at once.
struct Rig {
    unserved: Unserved,
    served_from: ServedFrom,
    began: Instant,
    asked: Mutex<BTreeMap<SetKey, Vec<Duration>>>,
}

impl Rig {
    fn new(sets: usize, served_from: impl Fn(&SetKey) -> Option<Duration> + 'static) -> Self {
        let lines: Vec<String> = (0..sets).map(|one| format!("n{one} A 192.0.2.1")).collect();
        let wanted = zone(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        let (unserved, served_from) = (Unserved::default(), Box::new(served_from));
        unserved.expect(dns_zone::difference(&zone(&[]), &wanted), &[SERVER], std::time::Instant::now());
        Self { unserved, served_from, began: Instant::now(), asked: Mutex::default() }
    }

    /// Until so long after the beginning.
    async fn run_until(&self, end: Duration) {
        let place = Fake::holding(zone(&[]), 1).place();
        let asks = |_, change: SetChange| {
            let at = self.began.elapsed();
            let is_served = (self.served_from)(&change.key).is_some_and(|from| from <= at);
            self.asked.lock().expect("no panic").entry(change.key).or_default().push(at);
            std::future::ready(if is_served { Ok(()) } else { Err(Unseen::Other("REFUSED".to_owned())) })
        };
        let (apex, sign) = (apex(), sign(&place));
        let following = self.unserved.follow(SERVER, &apex, &place, &sign, &asks);
        assert!(tokio::time::timeout_at(self.began + end, following).await.is_err(), "it ended by itself");
    }

    /// When each set was asked for.
    fn asked(&self) -> Vec<Vec<Duration>> {
        self.asked.lock().expect("no panic").values().cloned().collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_lame_server_is_asked_for_all_of_it_and_not_on_and_on() {
    let sets = 3 * turns::AT_ONCE;
    let rig = Rig::new(sets, |_| None);
    rig.run_until(Duration::from_hours(2)).await;
    let asked = rig.asked();
    assert_eq!(asked.len(), sets);
    let first_minute = |times: &Vec<Duration>| times.iter().filter(|at| **at < WITHIN).count();
    assert!(asked.iter().all(|times| first_minute(times) < 50), "{}", first_minute(&asked[0]));
    let later: usize = asked.iter().map(|times| times.len() - first_minute(times)).sum();
    let turns_max = usize::try_from(Duration::from_hours(2).as_secs() / turns::PAUSE_MAX.as_secs()).expect("few") + 8;
    assert!(later <= sets + turns_max * turns::AT_ONCE, "{later} questions in two hours");
    let pauses = |times: &Vec<Duration>| times.windows(2).map(|two| two[1].saturating_sub(two[0])).max();
    assert!(asked.iter().all(|times| pauses(times) <= Some(3 * turns::PAUSE_MAX)), "each has its turn");
}

#[tokio::test(start_paused = true)]
async fn what_is_served_within_moments_is_found_within_moments() {
    let (soon, slow) = (Duration::from_millis(900), Duration::from_secs(30));
    let rig =
        Rig::new(2 * turns::AT_ONCE, move |one| Some(if *one == key("n7", dns_zone::Rtype::A) { slow } else { soon }));
    rig.run_until(soon + EVERY).await;
    assert_eq!(rig.unserved.keys(), [key("n7", dns_zone::Rtype::A)]);
    rig.run_until(slow + slow / PART_OF_AGE + EVERY).await;
    assert_eq!(rig.unserved.keys(), []);
}

#[tokio::test(start_paused = true)]
async fn once_a_lame_server_serves_the_rest_all_of_it_is_found_in_one_pause() {
    let mended = Duration::from_hours(1);
    let rig = Rig::new(10 * turns::AT_ONCE, move |_| Some(mended));
    rig.run_until(mended).await;
    assert_eq!(rig.unserved.keys().len(), 10 * turns::AT_ONCE);
    rig.run_until(mended + turns::PAUSE_MAX + EVERY).await;
    assert_eq!(rig.unserved.keys(), []);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_served_at_last_among_many_that_are_not_is_found() {
    let (sets, mended) = (3 * turns::AT_ONCE, Duration::from_hours(1));
    let rig = Rig::new(sets, move |one| (*one == key("n77", dns_zone::Rtype::A)).then_some(mended));
    rig.run_until(mended + 3 * turns::PAUSE_MAX).await;
    assert_eq!(rig.unserved.keys().len(), sets - 1);
}
