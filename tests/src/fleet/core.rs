//! The core alone: from a region's loss to the last decision, without store, waves or anybody to write.

use std::sync::Arc;

use anyhow::ensure;
use dns_api::evidence::EvidenceEvent;
use dns_core::evidence::{EndpointEvidence, EvidenceBook, Sight as Eyes, VantageEvidence};
use dns_core::fleet::{BlastRadius, Fleet, Presence};
use dns_core::identifier::Actor;
use dns_core::judgement::{Judgement, judge};
use dns_core::machine::effect::Effect;
use dns_core::machine::event::Event;
use dns_core::saga::{Around, Saga, SagaStep};
use dns_core::service::Everywhere;
use dns_core::share::Share;
use dns_core::time::Timestamp;
use serde::Serialize;

use super::gauge::{Cost, Gauge};
use super::installation::{Sight, snapshots};
use super::past::adopted;

/// How long everything has been healthy: longer than any ready-time.
const HEALTHY_FOR_MS: u64 = 3_600_000;

/// When everything happens.
const NOW: Timestamp = Timestamp::from_secs(1_795_246_200);

/// What the core used.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Core {
    /// To judge every service on the new evidence and count them.
    pub(super) judging: Cost,
    /// To decide for every service.
    pub(super) deciding: Cost,
    /// Decisions.
    pub(super) decisions: usize,
}

/// Loses the region of every service at once.
pub(super) fn lose(services: &[Everywhere], actor: &Actor, gauge: Gauge) -> anyhow::Result<Core> {
    let all = Share::try_from(100).expect("invariant: a whole is a share");
    // Waves are another row: here nobody waits for anybody.
    let radius = BlastRadius { services: services.len(), share: all, ..BlastRadius::default() };
    let mut fleet = Fleet::new(radius);
    let book = hear(services, Sight::AllWell);
    let mut sagas = Vec::with_capacity(services.len());
    for (nonce, service) in (0..).zip(services) {
        let past = adopted(service, actor, NOW.before(std::time::Duration::from_hours(2)), nonce)?;
        let mut saga = Saga::from_envelope(&past.envelope, service)?;
        for event in [Event::ZoneRead(past.view), Event::Judged(judge(service.lead(), &book, NOW))] {
            step(&mut saga, service, actor, &event, nonce, &Arc::new(fleet.clone()));
        }
        fleet.count(&Presence::of(&saga, fleet.radius(), NOW));
        sagas.push(saga);
    }
    let book = hear(services, Sight::ProdFailing);

    let mark = gauge.mark()?;
    let mut judged: Vec<Judgement> = Vec::with_capacity(services.len());
    for (service, saga) in services.iter().zip(&sagas) {
        let judgement = judge(service.lead(), &book, NOW);
        let before = Presence::of(saga, fleet.radius(), NOW);
        fleet.discount(&before);
        fleet.count(&before.judged(&judgement));
        judged.push(judgement);
    }
    let judging = gauge.since(&mark)?;
    let mark = gauge.mark()?;
    let mut decisions = 0;
    for (nonce, (saga, (service, judgement))) in (0..).zip(sagas.iter_mut().zip(services.iter().zip(judged))) {
        let present = Presence::of(saga, fleet.radius(), NOW).judged(&judgement);
        fleet.discount(&present);
        let step = step(saga, service, actor, &Event::Judged(judgement), nonce, &Arc::new(fleet.clone()));
        fleet.count(&Presence::of(saga, fleet.radius(), NOW));
        decisions += step.effects.iter().filter(|placed| matches!(placed.effect, Effect::Enqueue(_))).count();
    }
    let deciding = gauge.since(&mark)?;
    ensure!(decisions == services.len(), "only {decisions} of {} services were decided", services.len());
    Ok(Core { judging, deciding, decisions })
}

fn step(
    saga: &mut Saga,
    service: &Everywhere,
    actor: &Actor,
    event: &Event,
    nonce: u128,
    fleet: &Arc<Fleet>,
) -> SagaStep {
    let around = Around {
        service: service.clone(),
        actor: actor.clone(),
        now: NOW,
        nonce: nonce << 8,
        fleet: Arc::clone(fleet),
    };
    saga.step(event, &around)
}

/// What the controller's shell makes of what it hears.
fn hear(services: &[Everywhere], sight: Sight) -> EvidenceBook {
    let taken = snapshots(services, sight, HEALTHY_FOR_MS).filter_map(|(vantage, event)| {
        let EvidenceEvent::Snapshot(snapshot) = event else { return None };
        let endpoints = snapshot.endpoints.into_iter().map(|report| {
            let since = NOW.before(std::time::Duration::from_millis(report.verdict_age_ms));
            let seen = EndpointEvidence {
                spec: report.spec.into(),
                verdict: report.verdict,
                since,
                contradicting: report.contradicting,
                error: report.error,
                certificate_until: None,
            };
            (report.key, seen)
        });
        let config = snapshot.bearing.config;
        Some((vantage, VantageEvidence { heard: NOW, sight: Eyes::Sighted, config, endpoints: endpoints.collect() }))
    });
    taken.collect()
}
