//! A zone at a provider: it takes a change set whole or not at all, and fails in every way that providers do.

use std::collections::{BTreeSet, VecDeque};

use dns_core::change::{ChangeSet, Guard, Requirement};
use dns_core::fence::text::FenceText;
use dns_core::fence::{FENCE_TTL_SECS, Fence};
use dns_core::kernel::Rule;
use dns_core::rrset::{Rrset, RrsetKey, Rrsets, Ttl};
use dns_core::service::Service;
use dns_core::time::Timestamp;
use dns_core::write::{Initiative, PlannedWrite, WriteKind};
use dns_core::zone::{FoundFence, ReadRequest, ZoneView};

use super::Ms;
use super::happening::Fate;

/// How many former contents are kept for readers that lag: a minute of lag never spans more writes.
const FORMER_MAX: usize = 32;

/// What a zone holds of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) fence: Option<FenceText>,
    pub(super) rrsets: Rrsets,
}

/// A zone with its provider's moods.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    pub(super) content: Content,
    /// Counts changes.
    pub(super) version: u64,
    former: VecDeque<(Ms, Content)>,
    pub(super) backup: Option<Content>,
    pub(super) down_until: Ms,
    pub(super) denies_until: Ms,
    pub(super) throttles_until: Ms,
    pub(super) unreadable_until: Ms,
    pub(super) lags_until: Ms,
    pub(super) lag: Ms,
    /// Of the next write that is sent, each with the entry of the script that said so.
    pub(super) fates: VecDeque<(usize, Fate)>,
}

/// Why a zone cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// When it will be readable again, as far as is known.
    pub(super) until: Ms,
}

impl Zone {
    pub(super) fn new(rrsets: Rrsets) -> Self {
        Self {
            content: Content { fence: None, rrsets },
            version: 0,
            former: VecDeque::new(),
            backup: None,
            down_until: 0,
            denies_until: 0,
            throttles_until: 0,
            unreadable_until: 0,
            lags_until: 0,
            lag: 0,
            fates: VecDeque::new(),
        }
    }

    /// Every fault ends.
    pub(super) fn heal(&mut self) {
        (self.down_until, self.denies_until, self.throttles_until) = (0, 0, 0);
        (self.unreadable_until, self.lags_until) = (0, 0);
        self.fates.clear();
    }

    /// Another content from now on, whoever made it.
    pub(super) fn replace(&mut self, content: Content, now: Ms) {
        let former = std::mem::replace(&mut self.content, content);
        self.former.push_back((now, former));
        if self.former.len() > FORMER_MAX {
            self.former.pop_front();
        }
        self.version += 1;
    }

    /// Takes a change set as RFC 2136 says: all conditions hold, or nothing happens. TTLs are no condition.
    pub(super) fn apply(&mut self, change: &ChangeSet, unguarded: bool, now: Ms) -> Result<(), String> {
        if !unguarded {
            self.check(change)?;
        }
        let mut content = self.content.clone();
        for set in &change.deletes {
            content.rrsets.remove(set.key());
        }
        for set in &change.creates {
            content.rrsets.insert(set.key().clone(), set.clone());
        }
        content.fence = Some(change.fence.clone());
        self.replace(content, now);
        Ok(())
    }

    fn check(&self, change: &ChangeSet) -> Result<(), String> {
        let guarded = match &change.guard {
            Guard::Absent => self.content.fence.is_none(),
            Guard::Exactly { text, .. } => self.content.fence.as_ref() == Some(text),
        };
        if !guarded {
            return Err("the fence is another".to_owned());
        }
        let holds = |requirement: &&Requirement| match requirement {
            Requirement::Exactly(set) => self.content.rrsets.get(set.key()).is_some_and(|found| found.same_values(set)),
            Requirement::Absent(key) => !self.content.rrsets.contains_key(key),
        };
        let broken = change.requires.iter().find(|requirement| !holds(requirement));
        broken.map_or(Ok(()), |broken| Err(format!("it does not hold that {broken:?}")))
    }

    pub(super) fn fence(&self, zone: &hickory_proto::rr::Name) -> Option<Fence> {
        self.content.fence.as_ref().and_then(|text| Fence::parse(text, zone).ok())
    }

    /// Whether it can be read, and how far back in time readers look.
    pub(super) fn seen(&self, now: Ms) -> Result<&Content, Unreadable> {
        let until = self.down_until.max(self.unreadable_until);
        if now < until {
            return Err(Unreadable { until });
        }
        let then = now.saturating_sub(if now < self.lags_until { self.lag } else { 0 });
        let shown = self.former.iter().find(|(replaced, _)| *replaced > then);
        Ok(shown.map_or(&self.content, |(_, content)| content))
    }
}

/// One look, as a reader takes it: the service's keys, those of the fence, and the types that conflict with them.
pub(super) fn view(content: &Content, service: &Service) -> ZoneView {
    let ReadRequest { zone, fence_name, keys } = ReadRequest::for_service(service);
    let named = content.fence.as_ref().and_then(|text| Fence::parse(text, &zone).ok());
    let mut asked: BTreeSet<RrsetKey> = keys;
    asked.extend(named.into_iter().flat_map(|fence| fence.rrs));
    let beside: Vec<RrsetKey> = asked
        .iter()
        .flat_map(|key| key.rtype().conflicting().iter().map(|rtype| RrsetKey::new(key.name(), *rtype)))
        .collect();
    asked.extend(beside);
    let ttl = Ttl::from_secs(FENCE_TTL_SECS).expect("invariant: the constant is a TTL");
    let fence = content.fence.clone().map_or(FoundFence::Absent, |text| FoundFence::Present { ttl, text });
    let rrsets = content.rrsets.iter().filter(|(key, _)| asked.contains(key));
    let rrsets = rrsets.map(|(key, set)| (key.clone(), set.clone())).collect();
    ZoneView { zone, fence_name, fence, asked, rrsets }
}

/// Somebody's hand: one record with another value, or one less beside another at the same name.
pub(super) fn edited(rrsets: &Rrsets, variant: u8) -> Rrsets {
    let mut edited = rrsets.clone();
    let changed = edited.values().find(|set| set.alias().is_none()).cloned();
    if let Some(set) = changed {
        let text = format!("203.0.113.{variant}");
        let value = set.key().rtype().parse_value(&text).ok();
        let replaced = value.and_then(|value| Rrset::new(set.key().clone(), set.ttl(), [value]).ok());
        edited.extend(replaced.map(|set| (set.key().clone(), set)));
    }
    edited
}

/// A message that is on its way to a provider.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) place: usize,
    pub(super) change: ChangeSet,
    /// When its sender had leave to send it: by the sender's clock, which is what it is signed with, and in truth.
    pub(super) signed: Timestamp,
    pub(super) granted: Ms,
    pub(super) sender: Sender,
    /// What it is, unless it burns something.
    pub(super) deed: Option<Deed>,
    /// How long its answer takes; `None` if it gets lost.
    pub(super) answer: Option<Ms>,
}

/// What a write is for, as far as invariants ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) kind: WriteKind,
    /// Nobody has ordered it.
    pub(super) automatic: bool,
    /// It only follows what was decided at another place.
    pub(super) aligns: bool,
    /// Somebody has taken it upon them not to wait for the cooldown.
    pub(super) hastens: bool,
}

impl Deed {
    pub(super) fn of(write: &PlannedWrite) -> Self {
        Self {
            kind: write.kind,
            automatic: write.initiative == Initiative::Automatic,
            aligns: write.aligns(),
            hastens: write.overrides.contains(&Rule::CooledDown),
        }
    }
}

/// Who sent a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sender {
    pub(super) controller: usize,
    pub(super) incarnation: u64,
    /// The number of the write, and which turn of its task waits for the answer.
    pub(super) serial: u64,
    pub(super) turn: u64,
    /// Whether it burns that write instead of being it.
    pub(super) burns: bool,
    /// The sender's configuration.
    pub(super) configuration: usize,
    /// How often the sender's store was set back before.
    pub(super) store_epoch: u64,
}
