//! Reading for a run: source and targets of a zone at once, a few zones at once, and all that cannot be read told together.
//!
//! Most of the time is spent waiting for providers, so nothing waits for one of them alone. How fast each is asked is the
//! business of its own budget of calls, which all zones share.

use std::sync::atomic::{AtomicUsize, Ordering};

use dns_core::identifier::ProviderName;
use dns_provider::port::ProviderError;
use dns_provider::zones::Listing;
use dns_service::exit::{Exit, Failure};
use dns_zone::Owner;
use futures_util::future::{join, join_all};
use futures_util::stream::{self, StreamExt as _};

use crate::output::Output;
use crate::output::progress::Task;
use crate::place::{Job, Place};
use crate::source::{self, Read};

/// Zones held at once. Each may have millions of records, so that this is a bound of memory.
pub(crate) const ZONES_AT_ONCE: usize = 4;

/// A target that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the zone {zone} at `{target}` cannot be read whole; nothing was planned for it")]
pub(crate) struct TargetUnread {
    /// The zone.
    pub(crate) zone: Owner,
    /// The target.
    pub(crate) target: ProviderName,
    /// Why.
    #[source]
    pub(crate) source: ProviderError,
}

/// Does something with each zone, and tells meanwhile how many are done. What comes of them is in the order of the zones.
pub(crate) async fn each<'j, J, T, F: Future<Output = T>>(
    zones: &'j [J],
    output: &Output,
    about: &str,
    work: impl Fn(&'j J) -> F,
) -> Vec<T> {
    let done = AtomicUsize::new(0);
    let counted = zones.iter().map(|zone| {
        let working = work(zone);
        async {
            let came = working.await;
            done.fetch_add(1, Ordering::Relaxed);
            came
        }
    });
    let all = stream::iter(counted).buffered(ZONES_AT_ONCE).collect();
    match zones.len() {
        // What is read tells by itself how far it is.
        0 | 1 => all.await,
        total => {
            let task = Task { about: about.to_owned(), unit: "zones", total: Some(total) };
            output.while_doing(task, || done.load(Ordering::Relaxed), all).await
        }
    }
}

/// What the source of a zone and each of its targets said.
pub(crate) struct Seen<'t> {
    /// The source.
    pub(crate) source: Result<Read, Failure>,
    /// The targets, in their order.
    pub(crate) targets: Vec<(&'t Place, Result<Listing, Failure>)>,
}

/// Reads a zone at its source and at some of its targets.
pub(crate) async fn zone_of<'t>(job: &Job, targets: &[&'t Place], output: &Output) -> Seen<'t> {
    let targets = join_all(targets.iter().map(|target| async {
        let listing = target_of(target, &job.zone, output).await;
        (*target, listing.map_err(|error| Failure::new(Exit::Unreachable, error)))
    }));
    let (source, targets) = join(source_of(job, output), targets).await;
    Seen { source, targets }
}

/// Reads from a place, and tells meanwhile how far that is.
pub(crate) async fn telling<T>(place: &Place, zone: &Owner, output: &Output, reading: impl Future<Output = T>) -> T {
    let came = || place.came.count.load(Ordering::Relaxed);
    let before = came();
    let task = Task { about: format!("reading {zone} from `{}`", place.name), unit: place.came.unit, total: None };
    output.while_doing(task, || came() - before, reading).await
}

/// Reads the source of a zone, and tells meanwhile how far that is.
async fn source_of(job: &Job, output: &Output) -> Result<Read, Failure> {
    let read = if let Some(place) = &job.source {
        telling(place, &job.zone, output, source::read(job)).await
    } else {
        let task = Task { about: format!("reading the source of {}", job.zone), unit: "files", total: None };
        output.while_doing(task, || 0, source::read(job)).await
    };
    read.map_err(source::failure)
}

/// Reads the zone of a target, and tells meanwhile how far that is.
pub(crate) async fn target_of(target: &Place, zone: &Owner, output: &Output) -> Result<Listing, TargetUnread> {
    telling(target, zone, output, list(target, zone)).await
}

/// All of a target's zone.
pub(crate) async fn list(target: &Place, zone: &Owner) -> Result<Listing, TargetUnread> {
    let unread = |source| TargetUnread { zone: zone.clone(), target: target.name.clone(), source };
    target.holder.list(zone).await.map_err(unread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_comes_is_in_the_order_of_the_zones_whichever_ends_first() {
        let output = Output::new(true).without_progress();
        let work = |zone: &'static u64| async move {
            for _ in 0..*zone {
                tokio::task::yield_now().await;
            }
            *zone
        };
        assert_eq!(each(&[3, 1, 2], &output, "reading", work).await, [3, 1, 2]);
    }

    #[tokio::test]
    async fn no_more_zones_are_held_at_once_than_memory_allows() {
        let output = Output::new(true).without_progress();
        let (held, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = |zone: &usize| {
            let zone = *zone;
            let (held, most) = (&held, &most);
            async move {
                most.fetch_max(held.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                held.fetch_sub(1, Ordering::Relaxed);
                zone
            }
        };
        let zones: Vec<usize> = (0..50).collect();
        assert_eq!(each(&zones, &output, "reading", work).await, zones);
        assert_eq!(most.into_inner(), ZONES_AT_ONCE);
    }
}
