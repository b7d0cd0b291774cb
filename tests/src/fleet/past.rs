//! What a service has behind it: it was adopted in its preferred region a while ago, by the core itself.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use dns_core::fence::FENCE_TTL_SECS;
use dns_core::fleet::Fleet;
use dns_core::identifier::Actor;
use dns_core::machine::command::{Command, Order};
use dns_core::machine::effect::{Effect, PermitAnswer};
use dns_core::machine::event::{Event, WriteOutcome};
use dns_core::rrset::Ttl;
use dns_core::saga::{Around, Saga, SagaStep};
use dns_core::service::Everywhere;
use dns_core::time::Timestamp;
use dns_core::write::PlannedWrite;
use dns_core::zone::{FoundFence, ReadRequest, ZoneView};

/// What a service left.
pub(super) struct Past {
    /// Its state as the store holds it.
    pub(super) envelope: String,
    /// What its zone holds.
    pub(super) view: ZoneView,
}

/// Adopts a service at some time.
pub(super) fn adopted(service: &Everywhere, actor: &Actor, at: Timestamp, nonce: u128) -> anyhow::Result<Past> {
    let mut turns = nonce << 8;
    let mut saga = Saga::new(service);
    let mut step = |event: &Event| -> SagaStep {
        turns += 1;
        let around = Around {
            service: service.clone(),
            actor: actor.clone(),
            now: at,
            nonce: turns,
            fleet: Arc::new(Fleet::default()),
        };
        saga.step(event, &around)
    };
    let lead = service.lead();
    let request = ReadRequest::for_service(lead);
    let rrsets = lead.render(lead.preferred())?;
    let before = ZoneView {
        zone: request.zone,
        fence_name: request.fence_name,
        fence: FoundFence::Absent,
        asked: request.keys,
        rrsets,
    };
    step(&Event::ZoneRead(before.clone()));
    let order = Order {
        command: Command::Adopt,
        by: actor.clone(),
        reason: "fleet".to_owned(),
        overrides: Vec::new(),
        override_for: None,
        approved_by: None,
    };
    let write = planned(step(&Event::Commanded(order))).context("the adoption was refused")?;
    let decision = write.id.clone();
    let permit = step(&Event::PermitAsked { decision: decision.clone() }).permit;
    ensure!(permit == Some(PermitAnswer::Granted), "the adoption got no permit: {permit:?}");
    let ttl = Ttl::from_secs(FENCE_TTL_SECS)?;
    let view = ZoneView { fence: FoundFence::Present { ttl, text: write.change.fence.clone() }, ..before };
    let outcome = WriteOutcome::Applied(Box::new(view.clone()));
    step(&Event::WriteSettled { decision: decision.clone(), outcome });
    step(&Event::Verified { decision, deliveries: Vec::new() });
    Ok(Past { envelope: saga.to_envelope(), view })
}

fn planned(step: SagaStep) -> Option<PlannedWrite> {
    step.effects.into_iter().find_map(|placed| match placed.effect {
        Effect::Enqueue(write) => Some(*write),
        Effect::MarkSent(_) | Effect::Dequeue(_) | Effect::Record(_) | Effect::ReadZone | Effect::Verify(_) => None,
    })
}
