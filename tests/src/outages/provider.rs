//! A provider of the stage: a zone in memory that keeps every condition, behind an API that has moods.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use dns_core::change::ChangeSet;
use dns_core::rrset::{GuardedType, Rrset, RrsetKey, Rrsets, Ttl};
use dns_core::service::Service;
use dns_core::time::Timestamp;
use dns_core::zone::{FoundFence, ReadRequest, ZoneView};
use dns_provider::memory::Memory;
use dns_provider::port::{Permit, Provider as _, ProviderError, Urgency};
use futures_util::FutureExt as _;

/// How long a permit and the signature made with it last (architecture §8).
pub const PERMIT: Duration = Duration::from_secs(10);

/// The stage's clock, which the zones share with the controllers.
pub type Clock = Arc<AtomicU64>;

/// How an API behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mood {
    Works,
    /// Neither reads nor writes get through.
    Down(String),
    /// Reads work, writes are refused.
    Denies(String),
    /// Reads work, writes are asked to come later.
    Throttles(String),
    /// The next write is carried out and its answer lost.
    LosesAnswer(String),
    /// The next write is kept, and its answer lost.
    Delays(String),
}

/// What the API said to a write.
pub enum Answer {
    /// It was accepted.
    Accepted,
    /// The zone is not as the write requires.
    Conflict(String),
    /// Refused for good.
    Denied(String),
    /// Nothing was sent, or it has to come later.
    Unreachable(String),
    /// No answer.
    Nothing(String),
}

/// A provider.
pub struct Provider {
    /// Its name.
    pub name: String,
    service: Arc<Service>,
    zone: Memory,
    mood: Mood,
    delayed: Vec<(ChangeSet, Permit)>,
    backup: Option<ZoneView>,
}

impl Provider {
    /// With the records of the preferred region and no fence.
    pub fn new(service: &Arc<Service>, clock: &Clock) -> Self {
        let clock = Arc::clone(clock);
        let now = move || Timestamp::from_millis(clock.load(Ordering::Relaxed));
        let zone = Memory::new(&service.zone, Vec::new()).with_clock(now);
        let rendered = service.render(service.preferred()).expect("the service renders its regions");
        for rrset in rendered.into_values() {
            zone.put(rrset);
        }
        let name = service.provider.to_string();
        Self { name, service: Arc::clone(service), zone, mood: Mood::Works, delayed: Vec::new(), backup: None }
    }

    /// Gets into a mood.
    ///
    /// # Errors
    /// If there is no such mood.
    pub fn become_so(&mut self, mood: &str, said: &str) -> Result<()> {
        let said = said.to_owned();
        self.mood = match mood {
            "works" => Mood::Works,
            "is down" => Mood::Down(said),
            "denies writes" => Mood::Denies(said),
            "throttles writes" => Mood::Throttles(said),
            "loses the next answer" => Mood::LosesAnswer(said),
            "delays the next write" => Mood::Delays(said),
            "delivers what it delayed" => {
                for (change, permit) in std::mem::take(&mut self.delayed) {
                    // Nobody hears the answer any more; the zone shows what came of it.
                    let _unheard = self.apply_now(&change, &permit);
                }
                return Ok(());
            }
            _ => bail!("a provider has no mood `{mood}`"),
        };
        Ok(())
    }

    /// What the zone holds, whatever the API's mood.
    pub fn look(&self) -> ZoneView {
        let request = ReadRequest::for_service(&self.service);
        let read = self.zone.read(&request, Urgency::Flip).now_or_never().expect("memory answers at once");
        read.expect("memory has no faults of its own here")
    }

    /// One read.
    ///
    /// # Errors
    /// What the API says, if it cannot be read.
    pub fn read(&self) -> Result<ZoneView, String> {
        match &self.mood {
            Mood::Down(said) => Err(said.clone()),
            Mood::Works | Mood::Denies(_) | Mood::Throttles(_) | Mood::LosesAnswer(_) | Mood::Delays(_) => {
                Ok(self.look())
            }
        }
    }

    /// One write.
    pub fn apply(&mut self, change: &ChangeSet, permit: &Permit) -> Answer {
        match std::mem::replace(&mut self.mood, Mood::Works) {
            Mood::Works => self.apply_now(change, permit),
            Mood::LosesAnswer(said) => {
                self.apply_now(change, permit);
                Answer::Nothing(said)
            }
            Mood::Delays(said) => {
                self.delayed.push((change.clone(), *permit));
                Answer::Nothing(said)
            }
            lasting => {
                self.mood = lasting.clone();
                match lasting {
                    Mood::Denies(said) => Answer::Denied(said),
                    Mood::Down(said) | Mood::Throttles(said) => Answer::Unreachable(said),
                    Mood::Works | Mood::LosesAnswer(_) | Mood::Delays(_) => {
                        unreachable!("invariant: these were taken out above")
                    }
                }
            }
        }
    }

    fn apply_now(&self, change: &ChangeSet, permit: &Permit) -> Answer {
        match self.zone.apply(change, permit).now_or_never().expect("memory answers at once") {
            Ok(_receipt) => Answer::Accepted,
            Err(error @ ProviderError::Conflict { .. }) => Answer::Conflict(error.to_string()),
            Err(error) => Answer::Denied(error.to_string()),
        }
    }

    /// Somebody's hand.
    ///
    /// # Errors
    /// If the words name no deed.
    pub fn touch(&mut self, deed: &[String]) -> Result<()> {
        let words: Vec<&str> = deed.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["deletes", "fence"] => self.put_fence(&FoundFence::Absent),
            ["deletes", "records"] => self.replace_records(&Rrsets::new()),
            ["backs", "up"] => self.backup = Some(self.look()),
            ["restores"] => {
                let backup = self.backup.clone().context("there is no backup")?;
                self.replace_records(&backup.rrsets);
                self.put_fence(&backup.fence);
            }
            ["sets", name, address] => {
                let zone = &self.service.zone;
                let key = RrsetKey::new(&dns_core::rrset::canonical_name(&format!("{name}.{zone}"))?, GuardedType::A);
                let value = GuardedType::A.parse_value(address)?;
                self.zone.put(Rrset::new(key, Ttl::from_secs(60)?, [value])?);
            }
            _ => bail!("no hand does that"),
        }
        Ok(())
    }

    fn replace_records(&self, records: &Rrsets) {
        for key in self.zone.rrsets().keys() {
            self.zone.remove(key);
        }
        for rrset in records.values() {
            self.zone.put(rrset.clone());
        }
    }

    fn put_fence(&self, fence: &FoundFence) {
        let name = self.service.fence_name().expect("a short name");
        let (ttl, texts) = match fence {
            FoundFence::Present { ttl, text } => (*ttl, vec![text.clone()]),
            FoundFence::Absent | FoundFence::Unreadable { .. } => {
                (Ttl::from_secs(dns_core::fence::FENCE_TTL_SECS).expect("a valid TTL"), Vec::new())
            }
        };
        self.zone.put_texts(&name, ttl, texts);
    }

    /// What the zone serves and under which fence, in one line.
    pub fn describe(&self) -> String {
        let view = self.look();
        let served = dns_core::standing::own_records(&view, &self.service);
        let records = match self.service.region_serving(&served) {
            Some(region) => format!("serves `{region}`"),
            None if served.is_empty() => "serves NOTHING".to_owned(),
            None => "serves no region's records".to_owned(),
        };
        let fence = match view.parsed_fence() {
            None => "no fence".to_owned(),
            Some(fence) => {
                let active = fence.active.as_ref().map_or("none", |active| active.as_str());
                format!("fence: epoch {}, rev {}, active {active}, by {}", fence.epoch, fence.rev, fence.by)
            }
        };
        format!("{records}; {fence}")
    }
}
