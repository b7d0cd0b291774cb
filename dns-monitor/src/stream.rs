//! The evidence stream: who listens, what was sent, and what a returning subscriber has missed.
//!
//! Events are kept and queued as *states with their moments*; ages are computed when a subscriber's connection takes
//! the event ([`Event::encode`]), so neither a queue nor a replay makes anything look younger than it is. Heartbeats
//! have numbers but are not kept: an old one says nothing. A subscriber that does not keep up is cut off and comes
//! back with its last id, instead of holding memory or reading the past.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dns_api::evidence::{Bearing, EndpointReport, EventId, EvidenceEvent, Heartbeat, Snapshot, Transition};
use dns_api::injection::InjectedReport;
use dns_core::digest::Digest;
use dns_core::evidence::EndpointKey;
use dns_core::identifier::VantageName;
use tokio::sync::mpsc;

use crate::detector::View;
use crate::injection::InjectedView;
use crate::metering;
use crate::probe::certificate::CertificateEnd;

/// How many transitions are kept for subscribers that come back: every endpoint of a large installation once.
pub const KEPT_MAX: usize = 1024;

/// How many events wait for a subscriber: minutes of heartbeats, or a burst of transitions.
pub const QUEUE_MAX: usize = 128;

/// How many subscribers there may be: controllers and people, with room for reconnects that overlap.
pub const SUBSCRIBERS_MAX: usize = 64;

/// Who speaks; the same for a whole incarnation.
#[derive(Clone, Debug)]
pub struct Speaker {
    /// Random per process start.
    pub incarnation: String,
    /// The vantage point.
    pub vantage: VantageName,
    /// Digest of its configuration.
    pub config: Digest,
    /// Digest of what it covers.
    pub coverage: Digest,
}

/// What of the bearing changes with time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Why the vantage point is blind.
    pub blind: Option<Arc<str>>,
    /// When the probe finished that waits longest for its next run.
    pub oldest: Instant,
}

/// An endpoint as it was at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointState {
    /// Which endpoint.
    pub key: EndpointKey,
    /// What is probed there.
    pub spec: Digest,
    /// What there is to say about it.
    pub view: View,
    /// How long the last counting run took.
    pub latency: Option<Duration>,
    /// The certificate that it served last.
    pub certificate: Option<CertificateEnd>,
    /// What there is to say about it for a drill.
    pub injected: Option<InjectedView>,
}

/// An event that was not turned into ages yet.
#[derive(Clone, Debug)]
pub struct Event {
    sequence: u64,
    moment: Moment,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Snapshot(Arc<[EndpointState]>),
    Transition(Arc<EndpointState>),
    Heartbeat,
}

/// What a subscriber gets first, and where the rest comes from.
#[derive(Debug)]
pub struct Subscription {
    /// Snapshot, or what was missed.
    pub first: Vec<Event>,
    /// What comes from now on; ends when the subscriber is cut off or the monitor stops.
    pub rest: mpsc::Receiver<Event>,
}

/// There are too many subscribers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{SUBSCRIBERS_MAX} subscribers are connected, which is the limit")]
pub struct TooMany;

/// The sending side; owned by the task that owns the verdicts.
#[derive(Debug)]
pub struct Stream {
    incarnation: String,
    sequence: u64,
    /// Transitions, oldest first.
    kept: VecDeque<(u64, Arc<EndpointState>)>,
    /// The last event that a subscriber must have seen for the kept ones to be all that it missed.
    complete_after: u64,
    subscribers: Vec<mpsc::Sender<Event>>,
}

impl Stream {
    /// A stream without history.
    pub fn new(incarnation: String) -> Self {
        Self { incarnation, sequence: 0, kept: VecDeque::new(), complete_after: 0, subscribers: Vec::new() }
    }

    /// Sends a transition.
    pub fn transition(&mut self, moment: Moment, state: EndpointState) {
        let state = Arc::new(state);
        self.sequence += 1;
        if self.kept.len() == KEPT_MAX
            && let Some((sequence, _)) = self.kept.pop_front()
        {
            self.complete_after = sequence;
        }
        self.kept.push_back((self.sequence, state.clone()));
        self.send(moment, Content::Transition(state));
    }

    /// Sends everything anew, to all: cheaper than many transitions at once.
    pub fn snapshot(&mut self, moment: Moment, states: Vec<EndpointState>) {
        self.sequence += 1;
        self.kept.clear();
        self.complete_after = self.sequence;
        self.send(moment, Content::Snapshot(states.into()));
    }

    /// Sends a heartbeat.
    pub fn heartbeat(&mut self, moment: Moment) {
        self.sequence += 1;
        self.send(moment, Content::Heartbeat);
    }

    /// Adds a subscriber that has seen everything up to `last`, if that is known here.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn subscribe(
        &mut self,
        last: Option<&EventId>,
        moment: Moment,
        states: impl FnOnce() -> Vec<EndpointState>,
    ) -> Result<Subscription, TooMany> {
        self.subscribers.retain(|subscriber| !subscriber.is_closed());
        if self.subscribers.len() >= SUBSCRIBERS_MAX {
            return Err(TooMany);
        }
        let first = self.missed(last, &moment).unwrap_or_else(|| {
            let content = Content::Snapshot(states().into());
            vec![Event { sequence: self.sequence, moment, content }]
        });
        let (sender, rest) = mpsc::channel(QUEUE_MAX);
        self.subscribers.push(sender);
        metering::subscribers(self.subscribers.len());
        Ok(Subscription { first, rest })
    }

    /// What a subscriber missed, ended by a heartbeat that says how fresh that is; `None` if that is not known.
    fn missed(&self, last: Option<&EventId>, moment: &Moment) -> Option<Vec<Event>> {
        let last = last.filter(|last| last.incarnation == self.incarnation)?.sequence;
        if !(self.complete_after..=self.sequence).contains(&last) {
            return None;
        }
        let event = |sequence, content| Event { sequence, moment: moment.clone(), content };
        let missed = self.kept.iter().filter(|(sequence, _)| *sequence > last);
        let mut events: Vec<Event> =
            missed.map(|(sequence, state)| event(*sequence, Content::Transition(state.clone()))).collect();
        events.push(event(self.sequence, Content::Heartbeat));
        Some(events)
    }

    fn send(&mut self, moment: Moment, content: Content) {
        let event = Event { sequence: self.sequence, moment, content };
        self.subscribers.retain(|subscriber| match subscriber.try_send(event.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
            Err(mpsc::error::TrySendError::Full(_)) => {
                metering::cut_off();
                tracing::warn!(waiting = QUEUE_MAX, "subscriber is too slow, cut off");
                false
            }
        });
        metering::subscribers(self.subscribers.len());
    }
}

impl Event {
    /// The event as it is said at `now`.
    pub fn encode(&self, speaker: &Speaker, now: Instant) -> (EventId, EvidenceEvent) {
        let id = EventId { incarnation: speaker.incarnation.clone(), sequence: self.sequence };
        let bearing = Bearing {
            vantage: speaker.vantage.clone(),
            config: speaker.config,
            coverage: speaker.coverage,
            blind: self.moment.blind.as_deref().map(str::to_owned),
            oldest_probe_age_ms: age_ms(self.moment.oldest, now),
        };
        let event = match &self.content {
            Content::Snapshot(states) => {
                let endpoints = states.iter().map(|state| report(state, now)).collect();
                EvidenceEvent::Snapshot(Snapshot { bearing, endpoints })
            }
            Content::Transition(state) => {
                EvidenceEvent::Transition(Transition { bearing, endpoint: report(state, now) })
            }
            Content::Heartbeat => EvidenceEvent::Heartbeat(Heartbeat { bearing }),
        };
        (id, event)
    }
}

fn report(state: &EndpointState, now: Instant) -> EndpointReport {
    let EndpointState { key, spec, view, latency, certificate, injected } = state;
    let View { verdict, since, contradicting, error } = view;
    EndpointReport {
        key: key.clone(),
        spec: *spec,
        verdict: *verdict,
        verdict_age_ms: age_ms(*since, now),
        contradicting: *contradicting,
        error: error.clone(),
        latency_ms: latency.map(millis),
        certificate_left_ms: certificate.map(|end| millis(end.left(now))),
        injected: injected.as_ref().map(|injected| injected_report(injected, now)),
    }
}

fn injected_report(injected: &InjectedView, now: Instant) -> InjectedReport {
    let InjectedView { id, view: View { verdict, since, contradicting, error: _ } } = injected;
    InjectedReport {
        id: id.clone(),
        verdict: *verdict,
        verdict_age_ms: age_ms(*since, now),
        contradicting: *contradicting,
    }
}

fn age_ms(since: Instant, now: Instant) -> u64 {
    millis(now.saturating_duration_since(since))
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
