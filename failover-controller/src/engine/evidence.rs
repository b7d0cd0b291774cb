//! What vantage points have said, turned into the core's evidence book.
//!
//! Ages become points on this process's clock at arrival. A vantage point whose coverage digest is not the one of the
//! snapshot that we hold, or whose oldest probe has waited for far too long, is not believed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dns_api::evidence::{Bearing, EndpointReport, EvidenceEvent, Heartbeat, Snapshot, Transition};
use dns_api::injection::InjectedReport;
use dns_core::digest::Digest;
use dns_core::drill::injection::{Injected, InjectionBook};
use dns_core::evidence::{EndpointEvidence, EndpointKey, EvidenceBook, STALE_AFTER, Sight, VantageEvidence};
use dns_core::identifier::{ServiceName, VantageName};
use dns_core::service::Everywhere;
use dns_core::time::Timestamp;

use super::snapshot::WitnessView;

/// How many probe intervals the oldest probe may have waited before a vantage point is taken for stuck.
const STUCK_INTERVALS: u32 = 4;

/// How many characters of a vantage point's own words are kept: a sentence with an address and a cause fits.
const WORDS_MAX: usize = 240;

/// What a subscriber passes on.
#[derive(Debug)]
pub(crate) enum Heard {
    /// An event that arrived.
    Event {
        /// When it arrived.
        at: Timestamp,
        /// How many stalls of this process the subscription has seen, see [`Witnesses::distrust_all`].
        trust: u64,
        /// It.
        event: Box<EvidenceEvent>,
    },
    /// The stream ended or never began.
    Lost {
        /// Why.
        reason: String,
    },
}

/// What has to be judged after something was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing new; the next tick is soon enough.
    Nothing,
    /// One service: one of its endpoints changed.
    One(ServiceName),
    /// Every service that the vantage point counts for: how it sees changed.
    All,
}

/// Every vantage point.
pub(super) struct Witnesses {
    book: EvidenceBook,
    /// What they inject for drills, beside what they see.
    injections: InjectionBook,
    states: BTreeMap<VantageName, Witness>,
    stuck_after: Duration,
    /// How many stalls of this process there were.
    trust: u64,
}

#[derive(Default)]
struct Witness {
    coverage: Option<Digest>,
    lost: Option<String>,
}

impl Witnesses {
    pub(super) fn new(names: &[VantageName], services: &[Everywhere]) -> Self {
        let slowest = services.iter().map(|service| service.lead().policy.interval).max().unwrap_or_default();
        Self {
            book: EvidenceBook::new(),
            injections: InjectionBook::new(),
            states: names.iter().map(|name| (name.clone(), Witness::default())).collect(),
            stuck_after: STALE_AFTER + slowest * STUCK_INTERVALS,
            trust: 0,
        }
    }

    pub(super) fn book(&self) -> &EvidenceBook {
        &self.book
    }

    pub(super) fn injections(&self) -> &InjectionBook {
        &self.injections
    }

    /// Takes in what was heard, and says what has to be judged at once.
    pub(super) fn take(&mut self, vantage: &VantageName, heard: Heard) -> Due {
        match heard {
            Heard::Lost { reason } => {
                if let Some(state) = self.states.get_mut(vantage) {
                    state.lost = Some(reason);
                }
                // What it said stays until it is stale: a reconnect within that time loses nothing.
                Due::Nothing
            }
            // It was said to a process that stood still, and waited since then: its ages are not true any more.
            Heard::Event { trust, .. } if !self.trusts(trust) => Due::Nothing,
            Heard::Event { at, event, trust: _ } => {
                if let Some(state) = self.states.get_mut(vantage) {
                    state.lost = None;
                }
                self.take_event(vantage, at, *event)
            }
        }
    }

    fn take_event(&mut self, vantage: &VantageName, at: Timestamp, event: EvidenceEvent) -> Due {
        match event {
            EvidenceEvent::Snapshot(Snapshot { bearing, endpoints }) => {
                let injected = endpoints.iter().filter_map(|report| Some((report.key.clone(), injected(report, at)?)));
                let injected: BTreeMap<EndpointKey, Injected> = injected.collect();
                let endpoints = endpoints.into_iter().map(|report| endpoint(report, at)).collect();
                if let Some(state) = self.states.get_mut(vantage) {
                    state.coverage = Some(bearing.coverage);
                }
                self.injections.insert(vantage.clone(), injected);
                let sight = self.sight(vantage, &bearing, at);
                let evidence = VantageEvidence { heard: at, sight, config: bearing.config, endpoints };
                self.book.insert(vantage.clone(), evidence);
                Due::All
            }
            EvidenceEvent::Transition(Transition { bearing, endpoint: report }) => {
                self.take_transition(vantage, at, &bearing, report)
            }
            EvidenceEvent::Heartbeat(Heartbeat { bearing }) => self.refresh(vantage, at, &bearing),
        }
    }

    /// A transition may be one of several that were missed: after a silence it makes nothing fresh, or the votes that
    /// the next ones correct would count for a moment. The heartbeat behind them does.
    fn take_transition(
        &mut self,
        vantage: &VantageName,
        at: Timestamp,
        bearing: &Bearing,
        report: EndpointReport,
    ) -> Due {
        let fresh = self.book.get(vantage).is_some_and(|evidence| evidence.is_fresh(at));
        let refreshed = if fresh { self.refresh(vantage, at, bearing) } else { Due::Nothing };
        let injected = injected(&report, at);
        let (key, seen) = endpoint(report, at);
        let service = key.service.clone();
        // What the snapshot did not cover is no transition, and would let a vantage point grow our memory.
        let is_covered = self.book.get_mut(vantage).is_some_and(|evidence| evidence.endpoints.replace(key.id(), seen));
        if !is_covered {
            return refreshed;
        }
        let injections = self.injections.entry(vantage.clone()).or_default();
        match injected {
            Some(injected) => injections.insert(key, injected),
            None => injections.remove(&key),
        };
        if refreshed == Due::All { Due::All } else { Due::One(service) }
    }

    /// Refreshes how recently and how well a vantage point sees.
    fn refresh(&mut self, vantage: &VantageName, at: Timestamp, bearing: &Bearing) -> Due {
        let known = self.states.get(vantage).and_then(|state| state.coverage);
        let sight = self.sight(vantage, bearing, at);
        let Some(evidence) = self.book.get_mut(vantage) else { return Due::Nothing };
        if known != Some(bearing.coverage) {
            // It covers something else than the snapshot said; the subscriber asks for a new one.
            evidence.heard = Timestamp::default();
            return Due::All;
        }
        evidence.heard = at;
        evidence.config = bearing.config;
        let changed = evidence.sight != sight;
        evidence.sight = sight;
        if changed { Due::All } else { Due::Nothing }
    }

    /// Blindness that goes on began when it was first heard of, in whatever words it is told now.
    fn sight(&self, vantage: &VantageName, bearing: &Bearing, at: Timestamp) -> Sight {
        let waited = Duration::from_millis(bearing.oldest_probe_age_ms);
        let reason = match &bearing.blind {
            Some(reason) => quoted(reason),
            None if waited > self.stuck_after => format!("its oldest probe finished {} s ago", waited.as_secs()),
            None => return Sight::Sighted,
        };
        let known = self.book.get(vantage).map(|evidence| &evidence.sight);
        let since = match known {
            Some(Sight::Blind { since, .. }) => (*since).min(at),
            Some(Sight::Sighted) | None => at,
        };
        Sight::Blind { reason, since }
    }

    /// After a stall nothing that was heard counts, nor what still waits in sockets and queues; only subscriptions
    /// that begin later, and know the number that is returned, are listened to.
    pub(super) fn distrust_all(&mut self) -> u64 {
        self.book.clear();
        self.injections.clear();
        self.trust += 1;
        self.trust
    }

    /// Whether this process has not stood still since so many stalls were known.
    pub(super) fn trusts(&self, trust: u64) -> bool {
        trust == self.trust
    }

    /// The vantage points that count now.
    pub(super) fn counting(&self, now: Timestamp) -> BTreeSet<VantageName> {
        let counts = |evidence: &VantageEvidence| evidence.sight == Sight::Sighted && evidence.is_fresh(now);
        self.book.iter().filter(|(_, evidence)| counts(evidence)).map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn reports(&self, now: Timestamp) -> BTreeMap<VantageName, WitnessView> {
        let report = |(name, state): (&VantageName, &Witness)| {
            let evidence = self.book.get(name);
            let view = WitnessView {
                fresh: evidence.is_some_and(|evidence| evidence.is_fresh(now)),
                heard: evidence.map(|evidence| evidence.heard).filter(|heard| *heard != Timestamp::default()),
                blind: evidence.and_then(|evidence| match &evidence.sight {
                    Sight::Blind { reason, .. } => Some(reason.clone()),
                    Sight::Sighted => None,
                }),
                lost: state.lost.clone(),
                config: evidence.map(|evidence| evidence.config),
            };
            (name.clone(), view)
        };
        self.states.iter().map(report).collect()
    }
}

/// A vantage point's words, short and in one line: they end up in history, pages and terminals.
fn quoted(words: &str) -> String {
    words.chars().filter(|letter| !letter.is_control()).take(WORDS_MAX).collect()
}

fn endpoint(report: EndpointReport, at: Timestamp) -> (EndpointKey, EndpointEvidence) {
    let EndpointReport {
        key,
        spec,
        verdict,
        verdict_age_ms,
        contradicting,
        error,
        latency_ms: _,
        certificate_left_ms,
        injected: _,
    } = report;
    let since = at.before(Duration::from_millis(verdict_age_ms));
    let error = error.as_deref().map(quoted);
    let certificate_until = certificate_left_ms.map(|left| at + Duration::from_millis(left));
    (key, EndpointEvidence { spec: spec.into(), verdict, since, contradicting, error, certificate_until })
}

fn injected(report: &EndpointReport, at: Timestamp) -> Option<Injected> {
    let InjectedReport { id, verdict, verdict_age_ms, contradicting } = report.injected.as_ref()?;
    let since = at.before(Duration::from_millis(*verdict_age_ms));
    Some(Injected { drill: id.clone(), verdict: *verdict, since, contradicting: *contradicting })
}

#[cfg(test)]
mod tests;
