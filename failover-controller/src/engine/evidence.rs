//! What vantage points have said, turned into the core's evidence book.
//!
//! Ages become points on this process's clock at arrival. A vantage point whose coverage digest is not the one of the
//! snapshot that we hold, or whose oldest probe has waited for far too long, is not believed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dns_api::evidence::{Bearing, EndpointReport, EvidenceEvent, Heartbeat, Snapshot, Transition};
use dns_core::digest::Digest;
use dns_core::evidence::{EndpointEvidence, EndpointKey, EvidenceBook, STALE_AFTER, Sight, VantageEvidence};
use dns_core::identifier::VantageName;
use dns_core::service::Service;
use dns_core::time::Timestamp;

use super::snapshot::WitnessView;

/// How many probe intervals the oldest probe may have waited before a vantage point is taken for stuck.
const STUCK_INTERVALS: u32 = 4;

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

/// Every vantage point.
pub(super) struct Witnesses {
    book: EvidenceBook,
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
    pub(super) fn new(names: &[VantageName], services: &[(Arc<Service>, Duration)]) -> Self {
        let slowest = services.iter().map(|(service, _)| service.policy.interval).max().unwrap_or_default();
        Self {
            book: EvidenceBook::new(),
            states: names.iter().map(|name| (name.clone(), Witness::default())).collect(),
            stuck_after: STALE_AFTER + slowest * STUCK_INTERVALS,
            trust: 0,
        }
    }

    pub(super) fn book(&self) -> &EvidenceBook {
        &self.book
    }

    /// Takes in what was heard. True if a verdict or a vantage point's sight changed, so that judging is due at once.
    pub(super) fn take(&mut self, vantage: &VantageName, heard: Heard) -> bool {
        match heard {
            Heard::Lost { reason } => {
                if let Some(state) = self.states.get_mut(vantage) {
                    state.lost = Some(reason);
                }
                // What it said stays until it is stale: a reconnect within that time loses nothing.
                false
            }
            // It was said to a process that stood still, and waited since then: its ages are not true any more.
            Heard::Event { trust, .. } if trust != self.trust => false,
            Heard::Event { at, event, trust: _ } => {
                if let Some(state) = self.states.get_mut(vantage) {
                    state.lost = None;
                }
                self.take_event(vantage, at, *event)
            }
        }
    }

    fn take_event(&mut self, vantage: &VantageName, at: Timestamp, event: EvidenceEvent) -> bool {
        match event {
            EvidenceEvent::Snapshot(Snapshot { bearing, endpoints }) => {
                let endpoints = endpoints.into_iter().map(|report| endpoint(report, at)).collect();
                if let Some(state) = self.states.get_mut(vantage) {
                    state.coverage = Some(bearing.coverage);
                }
                let sight = self.sight(&bearing);
                let evidence = VantageEvidence { heard: at, sight, config: bearing.config, endpoints };
                self.book.insert(vantage.clone(), evidence);
                true
            }
            EvidenceEvent::Transition(Transition { bearing, endpoint: report }) => {
                self.refresh(vantage, at, &bearing);
                if let Some(evidence) = self.book.get_mut(vantage) {
                    let (key, seen) = endpoint(report, at);
                    evidence.endpoints.insert(key, seen);
                }
                true
            }
            EvidenceEvent::Heartbeat(Heartbeat { bearing }) => self.refresh(vantage, at, &bearing),
        }
    }

    /// Refreshes how recently and how well a vantage point sees; true if its sight changed.
    fn refresh(&mut self, vantage: &VantageName, at: Timestamp, bearing: &Bearing) -> bool {
        let known = self.states.get(vantage).and_then(|state| state.coverage);
        let sight = self.sight(bearing);
        let Some(evidence) = self.book.get_mut(vantage) else { return false };
        if known != Some(bearing.coverage) {
            // It covers something else than the snapshot said; the subscriber asks for a new one.
            evidence.heard = Timestamp::default();
            return true;
        }
        evidence.heard = at;
        evidence.config = bearing.config;
        let changed = evidence.sight != sight;
        evidence.sight = sight;
        changed
    }

    fn sight(&self, bearing: &Bearing) -> Sight {
        let waited = Duration::from_millis(bearing.oldest_probe_age_ms);
        match &bearing.blind {
            Some(reason) => Sight::Blind(reason.clone()),
            None if waited > self.stuck_after => {
                Sight::Blind(format!("its oldest probe finished {} s ago", waited.as_secs()))
            }
            None => Sight::Sighted,
        }
    }

    /// After a stall nothing that was heard counts, nor what still waits in sockets and queues; only subscriptions
    /// that begin later, and know the number that is returned, are listened to.
    pub(super) fn distrust_all(&mut self) -> u64 {
        self.book.clear();
        self.trust += 1;
        self.trust
    }

    pub(super) fn reports(&self, now: Timestamp) -> BTreeMap<VantageName, WitnessView> {
        let report = |(name, state): (&VantageName, &Witness)| {
            let evidence = self.book.get(name);
            let view = WitnessView {
                fresh: evidence.is_some_and(|evidence| evidence.is_fresh(now)),
                heard: evidence.map(|evidence| evidence.heard).filter(|heard| *heard != Timestamp::default()),
                blind: evidence.and_then(|evidence| match &evidence.sight {
                    Sight::Blind(reason) => Some(reason.clone()),
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

fn endpoint(report: EndpointReport, at: Timestamp) -> (EndpointKey, EndpointEvidence) {
    let EndpointReport { key, spec, verdict, verdict_age_ms, contradicting, error, latency_ms: _ } = report;
    let since = at.before(Duration::from_millis(verdict_age_ms));
    (key, EndpointEvidence { spec, verdict, since, contradicting, error })
}

#[cfg(test)]
mod tests {
    use dns_core::evidence::Verdict;

    use super::*;

    fn bearing(coverage: &[u8]) -> Bearing {
        Bearing {
            vantage: "fra1".parse().expect("name"),
            config: Digest::over([b"config".as_slice()]),
            coverage: Digest::over([coverage]),
            blind: None,
            oldest_probe_age_ms: 10,
        }
    }

    fn report(verdict: Verdict, verdict_age_ms: u64) -> EndpointReport {
        EndpointReport {
            key: EndpointKey {
                service: "checkout".parse().expect("name"),
                region: "prod".parse().expect("name"),
                endpoint: "192.0.2.1".to_owned(),
            },
            spec: Digest::over([b"spec".as_slice()]),
            verdict,
            verdict_age_ms,
            contradicting: 0,
            error: None,
            latency_ms: None,
        }
    }

    fn snapshot(coverage: &[u8]) -> EvidenceEvent {
        let endpoints = vec![report(Verdict::Healthy, 5_000)];
        EvidenceEvent::Snapshot(Snapshot { bearing: bearing(coverage), endpoints })
    }

    fn hear(witnesses: &mut Witnesses, secs: u64, event: EvidenceEvent) -> bool {
        hear_over(witnesses, 0, secs, event)
    }

    fn hear_over(witnesses: &mut Witnesses, trust: u64, secs: u64, event: EvidenceEvent) -> bool {
        let heard = Heard::Event { at: Timestamp::from_secs(secs), trust, event: Box::new(event) };
        witnesses.take(&"fra1".parse().expect("name"), heard)
    }

    #[test]
    fn ages_become_points_on_our_clock() {
        let mut witnesses = Witnesses::new(&["fra1".parse().expect("name")], &[]);
        hear(&mut witnesses, 100, snapshot(b"a"));
        let evidence = witnesses.book().values().next().expect("heard");
        assert_eq!(evidence.endpoints.values().next().expect("covered").since, Timestamp::from_secs(95));
    }

    #[test]
    fn a_heartbeat_with_another_coverage_makes_all_it_said_stale() {
        let mut witnesses = Witnesses::new(&["fra1".parse().expect("name")], &[]);
        hear(&mut witnesses, 100, snapshot(b"a"));
        hear(&mut witnesses, 101, EvidenceEvent::Heartbeat(Heartbeat { bearing: bearing(b"a") }));
        let fresh =
            |witnesses: &Witnesses| witnesses.book().values().all(|seen| seen.is_fresh(Timestamp::from_secs(101)));
        assert!(fresh(&witnesses));
        hear(&mut witnesses, 101, EvidenceEvent::Heartbeat(Heartbeat { bearing: bearing(b"b") }));
        assert!(!fresh(&witnesses));
    }

    #[test]
    fn a_snapshot_that_waited_in_a_socket_during_a_stall_is_not_believed() {
        let mut witnesses = Witnesses::new(&["fra1".parse().expect("name")], &[]);
        hear(&mut witnesses, 100, snapshot(b"a"));
        let trust = witnesses.distrust_all();
        assert!(!hear(&mut witnesses, 110, snapshot(b"a")));
        assert!(witnesses.book().is_empty());
        assert!(hear_over(&mut witnesses, trust, 110, snapshot(b"a")), "the new subscription is believed");
        assert_eq!(witnesses.book().len(), 1);
    }

    #[test]
    fn an_oldest_probe_that_waits_too_long_makes_blind() {
        let mut witnesses = Witnesses::new(&["fra1".parse().expect("name")], &[]);
        hear(&mut witnesses, 100, snapshot(b"a"));
        let stuck = Bearing { oldest_probe_age_ms: 60_000, ..bearing(b"a") };
        assert!(hear(&mut witnesses, 101, EvidenceEvent::Heartbeat(Heartbeat { bearing: stuck })));
        assert!(matches!(witnesses.book().values().next().expect("heard").sight, Sight::Blind(_)));
    }

    #[test]
    fn a_lost_stream_leaves_what_was_said_until_it_is_stale() {
        let mut witnesses = Witnesses::new(&["fra1".parse().expect("name")], &[]);
        hear(&mut witnesses, 100, snapshot(b"a"));
        witnesses.take(&"fra1".parse().expect("name"), Heard::Lost { reason: "reset".to_owned() });
        assert!(witnesses.book().values().next().expect("kept").is_fresh(Timestamp::from_secs(102)));
        assert!(!witnesses.book().values().next().expect("kept").is_fresh(Timestamp::from_secs(104)));
    }
}
