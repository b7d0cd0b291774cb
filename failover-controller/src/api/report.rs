//! Turns what the engine publishes into what the API serves.

mod coming_back;
mod place;

use std::net::SocketAddr;
use std::time::Duration;

use dns_api::problem::RejectionReport;
use dns_api::status::{
    ConcernReport, DrainReport, EndpointVotes, FenceReport, GateReport, HoldReport, OpenWriteReport, RegionReport,
    RegionSummary, ResolverReport, ServerReport, ServiceDetail, ServiceList, ServiceReport, ServiceSummary,
    StatusReport, VantageReport, VerificationReport, VoteReport,
};
use dns_core::evacuation::Objection;
use dns_core::fence::{Fence, Pause};
use dns_core::gate::GateJudgement;
use dns_core::judgement::{Health, Vote};
use dns_core::kernel::Rejection;
use dns_core::machine::event::{Delivery, DeliveryOutcome};
use dns_core::machine::memory::Failover;
use dns_core::service::{Mode, Service};
use dns_core::standing::Standing;
use dns_core::time::Timestamp;
use dns_core::write::WriteStage;

use crate::attention::{Concern, concerns};
use crate::drain::Sample;
use crate::engine::snapshot::{ServiceView, Snapshot, VerificationView, WitnessView};

/// A point in time as RFC 3339 in UTC, to the millisecond.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| at.to_string(), |at| format!("{at:.3}"))
}

fn ms(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

/// `GET /api/v1/services`.
pub(crate) fn status(snapshot: &Snapshot) -> StatusReport {
    let mut all = Vec::new();
    let services = snapshot.views().map(|(_, view)| {
        let found = concerns(&view);
        all.extend(found.iter().map(|concern| concern_report(&view, concern)));
        summary_of(&view, found, snapshot.at)
    });
    let list = list_of(services.collect(), snapshot);
    StatusReport { list, concerns: all, evacuations: super::evacuations::report::open(snapshot) }
}

fn concern_report(view: &ServiceView, concern: &Concern) -> ConcernReport {
    let Concern { text, page } = concern;
    ConcernReport { service: view.service.name.to_string(), text: text.clone(), page: *page }
}

/// Every service and vantage point.
pub(crate) fn list(snapshot: &Snapshot) -> ServiceList {
    list_of(snapshot.views().map(|(_, view)| summary(&view, snapshot.at)).collect(), snapshot)
}

fn list_of(services: Vec<ServiceSummary>, snapshot: &Snapshot) -> ServiceList {
    ServiceList {
        controller: snapshot.actor.as_ref().map(ToString::to_string).unwrap_or_default(),
        services,
        vantage_points: snapshot
            .witnesses
            .iter()
            .map(|(name, witness)| vantage(name.as_str(), witness, snapshot.at))
            .collect(),
        store_error: snapshot.store_error.clone(),
    }
}

fn vantage(name: &str, witness: &WitnessView, now: Timestamp) -> VantageReport {
    let (sight, reason) = match (witness.fresh, &witness.blind) {
        (false, _) => ("silent", Some(witness.lost.clone().unwrap_or_else(|| "it was not heard lately".to_owned()))),
        (true, Some(reason)) => ("blind", Some(reason.clone())),
        (true, None) => ("sighted", None),
    };
    VantageReport {
        name: name.to_owned(),
        sight: sight.to_owned(),
        reason,
        heard_age_ms: witness.heard.map(|heard| ms(now.since(heard))),
        config: witness.config.map(|digest| digest.to_string()),
    }
}

/// One line of the list.
pub(crate) fn summary(view: &ServiceView, now: Timestamp) -> ServiceSummary {
    summary_of(view, concerns(view), now)
}

fn summary_of(view: &ServiceView, found: Vec<Concern>, now: Timestamp) -> ServiceSummary {
    let group = view.companions.as_ref().and_then(|companions| companions.group());
    ServiceSummary {
        name: view.service.name.to_string(),
        mode: match view.service.mode {
            Mode::Observe => "observe",
            Mode::Active => "active",
        }
        .to_owned(),
        state: view.state.as_str().to_owned(),
        state_age_ms: ms(now.since(view.entered)),
        group: group.map(|group| group.name.to_string()),
        active: view.memory.active().map(ToString::to_string),
        regions: view.service.regions.iter().map(|region| region_summary(view, &region.name, now)).collect(),
        hold: view.memory.hold().map(|hold| HoldReport {
            wanted: hold.wanted.as_str().to_owned(),
            rejections: rejections(&hold.rejections),
            age_ms: ms(now.since(hold.since)),
        }),
        coming_back: coming_back::report(&view.memory, &view.service),
        places: view.places.iter().map(place::in_brief).collect(),
        page: found.iter().any(|concern| concern.page),
        attention: found.into_iter().map(|concern| concern.text).collect(),
    }
}

/// The kernel's rejections for people and programs.
pub(crate) fn rejections(rejections: &[Rejection]) -> Vec<RejectionReport> {
    let report = |rejection: &Rejection| RejectionReport {
        rule: rejection.rule.to_string(),
        reason: rejection.reason.clone(),
        overridable: rejection.rule.is_overridable(),
    };
    rejections.iter().map(report).collect()
}

/// What holds a service in an evacuation, for people and programs.
pub(crate) fn objections(objections: &[Objection]) -> Vec<RejectionReport> {
    let report = |objection: &Objection| RejectionReport {
        rule: objection.ground.to_string(),
        reason: objection.reason.clone(),
        overridable: objection.ground.is_overridable(),
    };
    objections.iter().map(report).collect()
}

fn region_summary(view: &ServiceView, name: &dns_core::identifier::RegionName, now: Timestamp) -> RegionSummary {
    let judgement = view.memory.judgement();
    let judged = judgement.and_then(|judgement| judgement.regions.get(name));
    let ready = judged.and_then(|judged| judged.ready_since(&view.service, now));
    let gates = judged.map(|judged| judged.gates.as_slice()).unwrap_or_default();
    RegionSummary {
        name: name.to_string(),
        judgement: judgement.map_or(Health::Unknown, |judgement| judgement.health(name)).to_string(),
        proven: judgement.is_some_and(|judgement| judgement.is_proven(name)),
        ready_age_ms: ready.map(|since| ms(now.since(since))),
        shut_gates: gates.iter().filter(|gate| !gate.is_open(now)).map(|gate| gate.name.to_string()).collect(),
    }
}

/// `GET /api/v1/services/{name}`.
pub(crate) fn detail(view: &ServiceView, now: Timestamp) -> ServiceDetail {
    let places = view.places.iter().map(|place| place::in_detail(place, now)).collect();
    ServiceDetail { report: report(view, now), places }
}

/// One service with its evidence.
pub(crate) fn report(view: &ServiceView, now: Timestamp) -> ServiceReport {
    let Service { zone, provider, policy, .. } = &*view.service;
    let memory = &view.memory;
    ServiceReport {
        summary: summary(view, now),
        zone: zone.to_string(),
        provider: provider.to_string(),
        quorum: policy.quorum,
        regions: view.service.regions.iter().map(|region| region_report(view, &region.name, now)).collect(),
        fence: memory.held().map(|fence| fence_report(fence, &view.service)),
        standing: memory.standing().as_str().to_owned(),
        standing_detail: standing_detail(memory.standing()),
        read_age_ms: view.read.map(|read| ms(now.since(read))),
        records: records(memory),
        // One at any place binds all of them.
        pause: view.here().find_map(|here| here.memory.pause()).map(pause),
        pin: memory.pin().map(|pin| format!("by {}: {}", pin.by, pin.reason)),
        open: open_report(memory, now),
        verification: view.verification.as_ref().map(verification_report),
        drains: view.here().filter_map(drain_report).collect(),
    }
}

/// Who has paused it, until when and why.
pub(super) fn pause(pause: &Pause) -> String {
    let end = pause.until.map_or_else(|| "until resumed".to_owned(), |until| format!("until {}", rfc3339(until)));
    format!("by {} {end}: {}", pause.by, pause.reason)
}

fn records(memory: &Failover) -> Vec<String> {
    memory.view().map(|view| view.rrsets.values().map(ToString::to_string).collect()).unwrap_or_default()
}

fn open_report(memory: &Failover, now: Timestamp) -> Option<OpenWriteReport> {
    memory.open().map(|open| OpenWriteReport {
        decision: open.write.id.to_string(),
        kind: open.write.kind.as_str().to_owned(),
        stage: match (open.stage, &open.uncertain) {
            (WriteStage::Pending, _) => "pending",
            (WriteStage::Sent, None) => "sent",
            (WriteStage::Sent, Some(_)) => "burning",
        }
        .to_owned(),
        age_ms: ms(now.since(open.write.decided)),
        error: open.uncertain.clone(),
    })
}

fn standing_detail(standing: &Standing) -> Option<String> {
    match standing {
        Standing::Foreign { why } => Some(why.clone()),
        Standing::Unadopted { serving } | Standing::Lost { serving, .. } => Some(serving.as_ref().map_or_else(
            || "the records served are no region's".to_owned(),
            |region| format!("the records of region `{region}` are served"),
        )),
        Standing::Released { fence } => fence.released.map(|at| format!("at {}", rfc3339(at))),
        Standing::Newer { fence } => Some(format!("epoch {}, rev {}", fence.epoch, fence.rev)),
        Standing::Unread | Standing::Held => None,
    }
}

fn region_report(view: &ServiceView, name: &dns_core::identifier::RegionName, now: Timestamp) -> RegionReport {
    let judged = view.memory.judgement().and_then(|judgement| judgement.regions.get(name));
    let endpoints = judged.map(|judged| judged.endpoints.as_slice()).unwrap_or_default();
    let votes = |endpoint: &dns_core::judgement::EndpointJudgement| EndpointVotes {
        endpoint: endpoint.endpoint.clone(),
        judgement: endpoint.health.to_string(),
        votes: endpoint.votes.iter().map(|(vantage, vote)| vote_report(vantage.as_str(), vote, now)).collect(),
        certificate_days_left: endpoint.certificate.map(|certificate| certificate.days_left),
    };
    let gates = judged.map(|judged| judged.gates.as_slice()).unwrap_or_default();
    RegionReport {
        summary: region_summary(view, name, now),
        endpoints: endpoints.iter().map(votes).collect(),
        gates: gates.iter().map(|gate| gate_report(gate, now)).collect(),
    }
}

fn gate_report(gate: &GateJudgement, now: Timestamp) -> GateReport {
    let GateJudgement { name, state, since, asked } = gate;
    GateReport {
        name: name.to_string(),
        state: state.as_str().to_owned(),
        said: state.words().to_owned(),
        age_ms: since.map(|since| ms(now.since(since))),
        asked_age_ms: asked.map(|asked| ms(now.since(asked))),
    }
}

fn vote_report(vantage: &str, vote: &Vote, now: Timestamp) -> VoteReport {
    let (since, error) = match vote {
        Vote::Healthy { since, error, .. } | Vote::Failing { since, error } => (Some(*since), error.clone()),
        Vote::Undecided { error } => (None, error.clone()),
        Vote::Blind { reason, since } => (Some(*since), Some(reason.clone())),
        Vote::Silent { since } => (*since, None),
        Vote::NotCovered => (None, None),
    };
    let age_ms = since.map(|since| ms(now.since(since)));
    VoteReport { vantage: vantage.to_owned(), vote: vote.as_str().to_owned(), age_ms, error }
}

fn fence_report(fence: &Fence, service: &Service) -> FenceReport {
    FenceReport {
        name: service.fence_name().map(|name| name.to_string()).unwrap_or_default(),
        epoch: fence.epoch.get(),
        rev: fence.rev.get(),
        active: fence.active.as_ref().map(ToString::to_string),
        by: fence.by.to_string(),
        moved: rfc3339(fence.moved),
        released: fence.released.map(rfc3339),
        text: fence.to_text(&service.zone).map(|text| text.strings().to_vec()).unwrap_or_default(),
    }
}

fn drain_report(view: &ServiceView) -> Option<DrainReport> {
    let drained = view.aside.drain.as_ref()?;
    let running = drained.running;
    Some(DrainReport {
        decision: drained.plan.to_string(),
        provider: view.service.provider.to_string(),
        zone: view.service.zone.to_string(),
        running,
        served: drained.served(),
        of: drained.resolvers.len(),
        percent: drained.percent(),
        rest_ms: drained.estimate().filter(|_| running).map(ms),
        summary: drained.describe(),
        resolvers: drained.resolvers.iter().map(|(resolver, sample)| resolver_report(*resolver, sample)).collect(),
    })
}

fn resolver_report(resolver: SocketAddr, sample: &Sample) -> ResolverReport {
    let (outcome, took, rest, detail) = match sample {
        Sample::New { took } => ("new", Some(*took), None, None),
        Sample::Old { answered, rest } => ("old", None, *rest, Some(answered.clone())),
        Sample::Silent { reason } => ("silent", None, None, Some(reason.clone())),
    };
    ResolverReport {
        resolver: resolver.to_string(),
        outcome: outcome.to_owned(),
        took_ms: took.map(ms),
        rest_ms: rest.map(ms),
        detail,
    }
}

fn verification_report(verification: &VerificationView) -> VerificationReport {
    VerificationReport {
        decision: verification.decision.to_string(),
        running: verification.running,
        servers: verification.deliveries.iter().map(server_report).collect(),
    }
}

fn server_report(delivery: &Delivery) -> ServerReport {
    ServerReport {
        server: delivery.server.clone(),
        outcome: match delivery.outcome {
            DeliveryOutcome::Served => "served",
            DeliveryOutcome::Old => "old",
            DeliveryOutcome::Silent => "silent",
            DeliveryOutcome::Unobservable => "unobservable",
        }
        .to_owned(),
        took_ms: delivery.took.map(ms),
        detail: delivery.detail.clone(),
    }
}
