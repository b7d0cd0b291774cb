//! The failpoints of test builds.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};
use tracing::warn;

use super::Failpoint;

/// The environment variable that arms points.
const VARIABLE: &str = "DNS_FAILPOINTS";

/// A signal to the process is taken by any of its threads and reaches the others a moment later. Until then the thread
/// that came to the point must not go on. Time that passes while stopped counts, so nothing waits after SIGCONT.
const STOP_LATENCY_MAX: Duration = Duration::from_millis(100);

static POINTS: LazyLock<BTreeMap<Failpoint, Point>> =
    LazyLock::new(|| parse(&std::env::var(VARIABLE).unwrap_or_default()).unwrap_or_else(|fault| panic!("{fault}")));

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Stop,
    Kill,
    Panic,
}

impl Action {
    const ALL: [(&'static str, Self); 3] = [("stop", Self::Stop), ("kill", Self::Kill), ("panic", Self::Panic)];
}

#[derive(Debug)]
struct Point {
    action: Action,
    /// Only this time, counted from 1; every time without it.
    only: Option<u64>,
    reached: AtomicU64,
}

/// Says that the process has come to a point, and does there what `DNS_FAILPOINTS` says.
///
/// # Panics
/// If that is what the point is for, or if `DNS_FAILPOINTS` cannot be read.
pub fn reach(failpoint: Failpoint) {
    let Some(point) = POINTS.get(&failpoint) else { return };
    let count = point.reached.fetch_add(1, Ordering::SeqCst) + 1;
    if point.only.is_some_and(|only| only != count) {
        return;
    }
    warn!(failpoint = failpoint.as_str(), count, action = ?point.action, "failpoint reached");
    match point.action {
        Action::Stop => {
            signal(Signal::STOP);
            thread::sleep(STOP_LATENCY_MAX);
        }
        Action::Kill => {
            signal(Signal::KILL);
            // Until the kernel has ended this thread too; a park may return early.
            loop {
                thread::park();
            }
        }
        Action::Panic => panic!("failpoint `{}` reached", failpoint.as_str()),
    }
}

/// Says that the process has come to a point, if it is one.
///
/// # Panics
/// As [`reach`].
pub fn reach_if(failpoint: Failpoint, is_one: impl FnOnce() -> bool) {
    if POINTS.contains_key(&failpoint) && is_one() {
        reach(failpoint);
    }
}

/// Reads `DNS_FAILPOINTS` now instead of at the first point.
///
/// # Panics
/// If `DNS_FAILPOINTS` cannot be read.
pub fn arm() {
    LazyLock::force(&POINTS);
}

fn signal(signal: Signal) {
    kill_process(getpid(), signal).expect("invariant: a process may signal itself");
}

fn parse(text: &str) -> Result<BTreeMap<Failpoint, Point>, String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(parse_point).collect()
}

fn parse_point(item: &str) -> Result<(Failpoint, Point), String> {
    let known = Action::ALL.map(|(word, _)| word).join(", ");
    let wrong = || format!("{VARIABLE}: `{item}` is no `name=action` or `name=count*action`; actions: {known}");
    let (name, rest) = item.split_once('=').ok_or_else(wrong)?;
    let (only, word) = match rest.split_once('*') {
        Some((count, word)) => (Some(count.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?), word),
        None => (None, rest),
    };
    let (_, action) = Action::ALL.into_iter().find(|(known, _)| *known == word).ok_or_else(wrong)?;
    Ok((parse_name(name)?, Point { action, only, reached: AtomicU64::new(0) }))
}

/// A point that is never reached would make a test wait for nothing, or pass for nothing.
fn parse_name(name: &str) -> Result<Failpoint, String> {
    let found = Failpoint::ALL.iter().find(|point| point.as_str() == name);
    found.copied().ok_or_else(|| {
        let known: Vec<&str> = Failpoint::ALL.iter().map(|point| point.as_str()).collect();
        format!("{VARIABLE}: `{name}` is no failpoint; failpoints: {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_points_with_and_without_a_count() {
        let points = parse("before-permit=stop, after-commit=2*kill,,after-answer=panic").expect("points");
        let read = |point| points.get(&point).map(|point| (point.action, point.only));
        assert_eq!(read(Failpoint::BeforePermit), Some((Action::Stop, None)));
        assert_eq!(read(Failpoint::AfterCommit), Some((Action::Kill, Some(2))));
        assert_eq!(read(Failpoint::AfterAnswer), Some((Action::Panic, None)));
        assert!(parse("").expect("none").is_empty());
    }

    #[test]
    fn refuses_what_would_silently_do_nothing() {
        for bad in ["before-burn", "before-burn=sleep", "before-burn=0*stop", "before-burn=x*stop", "before-burn=2*"] {
            assert!(parse(bad).expect_err("refused").contains("stop, kill, panic"), "{bad}");
        }
        let unknown = parse("before-bum=stop").expect_err("refused");
        assert!(Failpoint::ALL.iter().all(|point| unknown.contains(point.as_str())), "{unknown}");
    }
}
