//! The one task that owns every verdict of this vantage point: takes reports, keeps detectors and sight, feeds the
//! stream.
//!
//! Whatever wakes it, it first compares the clocks ([`Sight::notice`]): what waited while the process stood still is
//! not taken at face value. Runs that sight does not trust change nothing. [`Evidence`] is synchronous and gets its
//! time passed in; only [`own`] waits.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dns_api::evidence::EventId;
use dns_core::drill::DrillId;
use dns_core::evidence::Verdict;
use dns_core::time::Timestamp;
use dns_service::clock::Clock;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::coverage::{Coverage, Target};
use crate::detector::{Detector, View};
use crate::injecting::{Inject, InjectRefused, Taken};
use crate::injection::{INJECTIONS_MAX, InjectedView, Injection};
use crate::metering;
use crate::probe::Outcome;
use crate::probe::certificate::CertificateEnd;
use crate::sight::{BEAT, ControlRound, Doubt, Sight};
use crate::stream::{EndpointState, Moment, Stream, Subscription, TooMany};

/// How many reports wait for the owner: a full round of the default concurrency. It does no I/O, so this only evens
/// out bursts; senders wait when it is full.
pub const REPORTS_MAX: usize = 512;

/// Beyond that many changes at once subscribers get a snapshot instead: a burst must not fill their queues.
const TRANSITIONS_AT_ONCE_MAX: usize = 16;

/// One ended run of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The endpoint's position in the coverage.
    pub index: usize,
    /// When it began.
    pub started: Instant,
    /// When it ended.
    pub finished: Instant,
    /// What came out.
    pub outcome: Outcome,
    /// The certificate that was served last.
    pub certificate: Option<CertificateEnd>,
}

/// What the owner hears.
#[derive(Debug)]
pub enum Report {
    /// A run has ended.
    Run(Run),
    /// A run was left out because its task woke too late.
    LateTick {
        /// When it was planned.
        planned: Instant,
        /// When its task woke.
        woken: Instant,
    },
    /// A round of control targets has ended.
    Controls(ControlRound),
    /// Someone wants to listen.
    Subscribe {
        /// The last event it has seen.
        last: Option<EventId>,
        /// Where the subscription goes.
        reply: oneshot::Sender<Result<Subscription, TooMany>>,
    },
    /// A drill asks for failures, or for their end.
    Inject {
        /// What it asks for.
        inject: Inject,
        /// Where the answer goes.
        reply: oneshot::Sender<Result<Taken, InjectRefused>>,
    },
}

/// Everything that this vantage point knows.
#[derive(Debug)]
pub struct Evidence {
    endpoints: Vec<Endpoint>,
    sight: Sight,
    stream: Stream,
    blind: Option<Arc<str>>,
}

#[derive(Debug)]
struct Endpoint {
    target: Target,
    detector: Detector,
    finished: Instant,
    latency: Option<Duration>,
    certificate: Option<CertificateEnd>,
    injection: Option<Injection>,
}

impl Evidence {
    /// Nothing is known yet; `now` and `wall` are the same moment.
    pub fn new(coverage: &Coverage, incarnation: String, now: Instant, wall: Timestamp) -> Self {
        let endpoint = |target: &Target| Endpoint {
            target: target.clone(),
            detector: Detector::new(target.detection, target.interval, now),
            finished: now,
            latency: None,
            certificate: None,
            injection: None,
        };
        Self {
            endpoints: coverage.targets.iter().map(endpoint).collect(),
            sight: Sight::new(coverage.targets.len(), coverage.interval_max(), now, wall),
            stream: Stream::new(incarnation),
            blind: None,
        }
    }

    /// Takes a report.
    pub fn hear(&mut self, report: Report, now: Instant, wall: Timestamp) {
        self.notice(now, wall);
        match report {
            Report::Run(run) => self.ran(run),
            Report::LateTick { planned, woken } => {
                let doubt = self.sight.woke_for(planned, woken);
                self.doubt(doubt, now);
            }
            Report::Controls(round) => {
                let doubt = self.sight.controls(&round);
                self.doubt(doubt, now);
            }
            Report::Subscribe { last, reply } => {
                let moment = self.moment();
                let endpoints = &self.endpoints;
                let states = || endpoints.iter().map(Endpoint::state).collect();
                // A subscriber that is gone before it was answered needs no answer.
                let _ = reply.send(self.stream.subscribe(last.as_ref(), moment, states));
            }
            Report::Inject { inject, reply } => {
                // Whoever is gone asks again, or lets it run out.
                let _ = reply.send(self.inject(inject, now));
            }
        }
        self.look();
    }

    /// A second has passed: says that nothing changed, or what did.
    pub fn beat(&mut self, now: Instant, wall: Timestamp) {
        self.notice(now, wall);
        self.look();
        let lapsed = self.changes(|endpoint| endpoint.pass(now));
        self.publish(lapsed);
        let moment = self.moment();
        self.stream.heartbeat(moment);
        metering::verdicts(self.endpoints.iter().map(|endpoint| (&endpoint.target.key, endpoint.view().verdict)));
    }

    fn notice(&mut self, now: Instant, wall: Timestamp) {
        let doubt = self.sight.notice(now, wall);
        self.doubt(doubt, now);
    }

    fn ran(&mut self, run: Run) {
        let Run { index, started, finished, outcome, certificate } = run;
        let trusted = self.sight.trusts(started);
        self.sight.ran(index, started);
        let Some(endpoint) = self.endpoints.get_mut(index) else { return };
        endpoint.finished = finished;
        if !trusted {
            metering::distrusted();
            return;
        }
        let (before, injected) = (endpoint.view(), endpoint.injected());
        endpoint.detector.observe(&outcome, finished);
        if let Some(injection) = &mut endpoint.injection {
            injection.observe(&outcome, finished);
        }
        endpoint.latency = outcome.latency().or(endpoint.latency);
        let after = endpoint.view();
        // What is left of the same certificate counts down by itself.
        let until = |end: Option<CertificateEnd>| end.map(|end| end.until);
        let renewed = until(certificate) != until(endpoint.certificate);
        endpoint.certificate = certificate;
        if after.differs(&before) {
            endpoint.tell(&before, &after);
        }
        if renewed || after.differs(&before) || endpoint.injected() != injected {
            self.publish(vec![index]);
        }
    }

    /// Takes back what was seen in doubtful time. While it is blind nobody counts what it says, so there is nothing to
    /// send but that; when sight returns a snapshot says what is left.
    fn doubt(&mut self, doubt: Option<Doubt>, now: Instant) {
        let Some(Doubt { from }) = doubt else { return };
        for endpoint in &mut self.endpoints {
            endpoint.detector.doubt(from, now);
            endpoint.injection.iter_mut().for_each(|injection| injection.doubt(from, now));
        }
    }

    /// Begins, prolongs or ends what a drill asks for.
    fn inject(&mut self, inject: Inject, now: Instant) -> Result<Taken, InjectRefused> {
        match inject {
            Inject::End { id } => Ok(self.end_injection(&id)),
            Inject::Begin { id, service, region, lasts } => {
                let drills: BTreeSet<&DrillId> = self.endpoints.iter().filter_map(Endpoint::drill).collect();
                if drills.len() >= INJECTIONS_MAX && !drills.contains(&id) {
                    return Err(InjectRefused::TooMany);
                }
                let covers = |endpoint: &&mut Endpoint| {
                    let key = &endpoint.target.key;
                    key.service == service && key.region == region
                };
                let mut covered: Vec<&mut Endpoint> = self.endpoints.iter_mut().filter(covers).collect();
                if let Some(other) = covered.iter().find_map(|endpoint| endpoint.drill().filter(|other| **other != id))
                {
                    return Err(InjectRefused::Taken(other.clone()));
                }
                for endpoint in &mut covered {
                    endpoint.inject(&id, lasts, now);
                }
                Ok(Taken { endpoints: covered.len() })
            }
        }
    }

    fn end_injection(&mut self, id: &DrillId) -> Taken {
        let ended = self.changes(|endpoint| {
            endpoint.injection.take_if(|injection| injection.id == *id);
        });
        let endpoints = ended.len();
        self.publish(ended);
        Taken { endpoints }
    }

    /// Tells of blindness that began or ended.
    fn look(&mut self) {
        let blind: Option<Arc<str>> = self.sight.blind().map(Arc::from);
        if blind == self.blind {
            return;
        }
        match (&self.blind, &blind) {
            (None, Some(reason)) => warn!(%reason, "vantage point is blind"),
            (Some(_), None) => info!("vantage point sees again"),
            (Some(_), Some(reason)) => warn!(%reason, "vantage point is still blind, for another reason"),
            (None, None) => {}
        }
        metering::blind(blind.is_some());
        self.blind = blind;
        let (moment, states) = (self.moment(), self.states());
        self.stream.snapshot(moment, states);
    }

    /// The endpoints whose view a step changes.
    fn changes(&mut self, mut step: impl FnMut(&mut Endpoint)) -> Vec<usize> {
        let mut changed = Vec::new();
        for (index, endpoint) in self.endpoints.iter_mut().enumerate() {
            let (before, injected) = (endpoint.view(), endpoint.injected());
            step(endpoint);
            let after = endpoint.view();
            if after.differs(&before) {
                endpoint.tell(&before, &after);
            }
            if after.differs(&before) || endpoint.injected() != injected {
                changed.push(index);
            }
        }
        changed
    }

    fn publish(&mut self, changed: Vec<usize>) {
        if changed.len() > TRANSITIONS_AT_ONCE_MAX {
            let (moment, states) = (self.moment(), self.states());
            self.stream.snapshot(moment, states);
            return;
        }
        for index in changed {
            let (moment, state) = (self.moment(), self.endpoints[index].state());
            self.stream.transition(moment, state);
        }
    }

    fn moment(&self) -> Moment {
        let oldest = self.endpoints.iter().map(|endpoint| endpoint.finished).min();
        // Without endpoints nothing waits.
        Moment { blind: self.blind.clone(), oldest: oldest.unwrap_or_else(Instant::now) }
    }

    fn states(&self) -> Vec<EndpointState> {
        self.endpoints.iter().map(Endpoint::state).collect()
    }
}

impl Endpoint {
    fn view(&self) -> View {
        self.detector.view()
    }

    /// Lets time pass.
    fn pass(&mut self, now: Instant) {
        self.detector.lapse(now);
        self.injection.iter_mut().for_each(|injection| injection.lapse(now));
        self.injection.take_if(|injection| injection.is_over(now));
    }

    fn drill(&self) -> Option<&DrillId> {
        self.injection.as_ref().map(|injection| &injection.id)
    }

    fn inject(&mut self, id: &DrillId, lasts: Duration, now: Instant) {
        match &mut self.injection {
            Some(injection) => injection.go_on(lasts, now),
            None => self.injection = Some(Injection::begin(id.clone(), lasts, &self.detector, now)),
        }
    }

    fn injected(&self) -> Option<InjectedView> {
        self.injection.as_ref().map(Injection::view)
    }

    fn state(&self) -> EndpointState {
        let Target { key, spec, .. } = &self.target;
        EndpointState {
            key: key.clone(),
            spec: *spec,
            view: self.view(),
            latency: self.latency,
            certificate: self.certificate,
            injected: self.injected(),
        }
    }

    /// Logs a verdict that changed; runs that contradict one are metrics and events.
    fn tell(&self, before: &View, after: &View) {
        if before.verdict == after.verdict {
            return;
        }
        let (old, new) = (metering::word(before.verdict), metering::word(after.verdict));
        let unexplained = if after.verdict == Verdict::Healthy { "probes are good" } else { "no run counts" };
        let (endpoint, cause) = (&self.target.key, after.error.as_deref().unwrap_or(unexplained));
        if after.verdict == Verdict::Failing {
            warn!(%endpoint, old, new, cause, "verdict changed");
        } else {
            info!(%endpoint, old, new, cause, "verdict changed");
        }
    }
}

/// Owns the evidence until `stop`; then every subscription ends.
pub async fn own(mut evidence: Evidence, clock: Clock, mut reports: mpsc::Receiver<Report>, stop: CancellationToken) {
    let mut beats = interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = beats.tick() => evidence.beat(Instant::now(), clock.wall()),
            report = reports.recv() => match report {
                Some(report) => evidence.hear(report, Instant::now(), clock.wall()),
                None => return,
            },
        }
    }
}

#[cfg(test)]
mod tests;
