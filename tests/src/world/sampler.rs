//! Looks into a provider all the time: whether it ever holds anything but one region's records under that region's fence.
//!
//! For providers that tell all they hold at one moment. Where only DNS tells, there is [`Watch`](super::Watch).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{RECORDS, Region, fence_value};

/// Between two looks: short beside any pause of a write that could be half done, long beside a look.
const PAUSE: Duration = Duration::from_millis(3);

/// How many states that are no region's are kept, to be shown.
const BROKEN_MAX: usize = 3;

/// The guarded records and the fence at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The values of each of [`RECORDS`].
    records: Vec<Vec<String>>,
    /// All strings in one; empty without a fence.
    fence: String,
}

impl Snapshot {
    /// From values as the provider writes them.
    pub(super) fn new(records: Vec<Vec<String>>, fence: &[String]) -> Self {
        Self { records, fence: fence.join("").replace("\" \"", "").replace('"', "") }
    }

    /// The fence's text.
    pub fn fence(&self) -> &str {
        &self.fence
    }

    /// A value of the fence.
    pub fn fence_value(&self, key: &str) -> String {
        fence_value(&self.fence, key)
    }

    /// The epoch and the rev of the fence.
    ///
    /// # Panics
    ///
    /// When there is no fence.
    pub fn order(&self) -> (u64, u64) {
        let number = |key: &str| self.fence_value(key).parse().unwrap_or_else(|_| panic!("no {key}: {self:?}"));
        (number("epoch"), number("rev"))
    }

    /// The one region whose values all guarded records have.
    pub fn region(&self) -> Option<Region> {
        let is = |region: Region| {
            RECORDS.iter().zip(&self.records).all(|((.., prod, dr), values)| {
                let expected = if region == Region::Prod { prod } else { dr };
                let values: Vec<&str> = values.iter().map(|value| value.trim_end_matches('.')).collect();
                values == [expected.trim_end_matches('.')]
            })
        };
        [Region::Prod, Region::Dr].into_iter().find(|region| is(*region))
    }

    /// The region, if the records are one region's and the fence, where there is one, says so.
    ///
    /// # Errors
    ///
    /// What is held instead.
    pub fn whole(&self) -> Result<Region, String> {
        let region = self.region().ok_or_else(|| format!("the records are no region's: {self:?}"))?;
        let said = self.fence_value("active");
        if self.fence.is_empty() || said == region.name() {
            Ok(region)
        } else {
            Err(format!("the records are {}'s and the fence says `{said}`", region.name()))
        }
    }
}

/// A look that is taken again and again until it is ended.
#[derive(Debug)]
pub struct Sampler {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    looks: u64,
    regions: Vec<Region>,
    broken: Vec<String>,
    order: Option<(u64, u64)>,
}

impl Sampler {
    /// Begins.
    pub fn start(look: impl Fn() -> Snapshot + Send + 'static) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let over = Arc::clone(&over);
            move || {
                let mut seen = Seen::default();
                while !over.load(Ordering::Relaxed) {
                    seen.note(&look());
                    thread::sleep(PAUSE);
                }
                seen
            }
        });
        Self { over, thread: Some(thread) }
    }

    /// Ends it and says which regions were held, each once for each time that it was moved to.
    ///
    /// # Panics
    ///
    /// When anything was held that is not whole, or a fence went back.
    pub fn end(mut self) -> Vec<Region> {
        self.over.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("invariant: a sampler is ended once");
        let Seen { looks, regions, broken, .. } = thread.join().expect("the sampler goes on until it is ended");
        assert!(broken.is_empty(), "what was held was not whole: {broken:#?}");
        assert!(looks > 0, "nobody has looked");
        regions
    }
}

impl Seen {
    fn note(&mut self, snapshot: &Snapshot) {
        self.looks += 1;
        match snapshot.whole() {
            Ok(region) if self.regions.last() == Some(&region) => {}
            Ok(region) => self.regions.push(region),
            Err(why) => self.note_broken(why),
        }
        if snapshot.fence.is_empty() {
            if self.order.is_some() {
                self.note_broken("the fence is gone".to_owned());
            }
            return;
        }
        let order = Some(snapshot.order());
        if order < self.order {
            self.note_broken(format!("the fence went back from {:?} to {order:?}", self.order));
        }
        self.order = self.order.max(order);
    }

    fn note_broken(&mut self, why: String) {
        if self.broken.len() < BROKEN_MAX {
            self.broken.push(why);
        }
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // The test is failing already; a panic of the thread has been printed.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(region: Region, active: &str, epoch: u64) -> Snapshot {
        let value = |(_, _, prod, dr): &(&str, &str, &str, &str)| {
            vec![if region == Region::Prod { (*prod).to_owned() } else { (*dr).to_owned() }]
        };
        Snapshot::new(RECORDS.iter().map(value).collect(), &[format!("epoch={epoch};rev=1;active={active};")])
    }

    #[test]
    fn tells_a_mixture_an_empty_name_and_a_wrong_fence_from_a_whole_plan() {
        assert_eq!(snapshot(Region::Dr, "dr", 1).whole(), Ok(Region::Dr));
        assert!(snapshot(Region::Dr, "prod", 1).whole().is_err());
        let mut mixed = snapshot(Region::Dr, "dr", 1);
        mixed.records[2] = snapshot(Region::Prod, "prod", 1).records[2].clone();
        assert!(mixed.whole().is_err());
        let mut empty = snapshot(Region::Dr, "dr", 1);
        empty.records[0].clear();
        assert!(empty.whole().is_err());
        let mut doubled = snapshot(Region::Dr, "dr", 1);
        doubled.records[0].push("192.0.2.10".to_owned());
        assert!(doubled.whole().is_err());
    }

    #[test]
    fn notes_a_fence_that_goes_back_or_away() {
        let mut seen = Seen::default();
        seen.note(&snapshot(Region::Prod, "prod", 2));
        assert!(seen.broken.is_empty());
        seen.note(&snapshot(Region::Prod, "prod", 1));
        assert_eq!(seen.broken.len(), 1);
        seen.note(&Snapshot { fence: String::new(), ..snapshot(Region::Prod, "prod", 2) });
        assert_eq!(seen.broken.len(), 2);
    }
}
