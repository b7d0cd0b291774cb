//! Whether every region of a service renders, differs from the others, and fits its fence.

use std::collections::BTreeSet;

use dns_core::blend::Blend;
use dns_core::digest::Digest;
use dns_core::dwell::Dwell;
use dns_core::fence::{DecisionId, Epoch, Fence, Pause, Pin, REASON_BYTES_MAX, Rev, WriteId};
use dns_core::identifier::{Actor, IDENTIFIER_BYTES_MAX, Installation};
use dns_core::service::{Endpoint, RecordValues, RenderError, Service};
use dns_core::share::Share;
use dns_core::time::Timestamp;

use crate::config::sections::service::{RegionDraft, ServiceDraft};

/// Checks one service.
pub(super) fn check(draft: &ServiceDraft<'_>, installation: &Installation) {
    refuse_mixed_endpoints(draft);
    for zone in draft.zones() {
        let Some(service) = draft.renderable_in(&zone, installation, u64::from(u32::MAX)) else { return };
        if renders(draft, &service) {
            refuse_equal_regions(draft, &service);
        }
        // The longest name makes the longest fence.
        let provider = draft.providers().max_by_key(|name| name.as_str().len()).unwrap_or(&service.provider);
        check_fence(draft, &Service { provider: provider.clone(), ..service.clone() });
    }
}

/// Renders record by record first, so that all faults of all records are told, then as a whole.
fn renders(draft: &ServiceDraft<'_>, service: &Service) -> bool {
    let mut clean = true;
    for region in &service.regions {
        for (record, record_draft) in service.records.iter().zip(draft.records_in(&service.zone)) {
            if record.absent_in.contains(&region.name) {
                continue;
            }
            let alone = Service { records: vec![record.clone()].into(), ..service.clone() };
            if let Err(error) = alone.render(&region.name) {
                clean = false;
                record_draft.spot.fault(chain(&error));
            }
        }
    }
    for region in &service.regions {
        match service.render(&region.name) {
            Err(error @ RenderError::EmptyName { .. }) if clean => {
                draft.spot.fault_with_hint(chain(&error), "a move would delete the name; give it a record there");
                return false;
            }
            Ok(_) | Err(_) => {}
        }
    }
    clean
}

fn chain(error: &RenderError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

/// A region that answers like another cannot be told from it in the zone, and moving there changes nothing.
fn refuse_equal_regions(draft: &ServiceDraft<'_>, service: &Service) {
    let rendered: Vec<_> = service.regions.iter().map(|region| service.render(&region.name).ok()).collect();
    for (index, later) in rendered.iter().enumerate() {
        let Some(earlier) = rendered[..index].iter().position(|earlier| earlier == later) else { continue };
        let name = &service.regions[earlier].name;
        let zone = if draft.zones().len() > 1 { format!(" in the zone `{}`", service.zone) } else { String::new() };
        let message = format!("renders the same records as region `{name}`{zone}: a move would change nothing");
        draft.regions[index].spot.fault(message);
    }
}

fn refuse_mixed_endpoints(draft: &ServiceDraft<'_>) {
    let mixed = draft.regions.iter().filter(|region| is_mixed(region)).filter_map(|region| region.name.as_ref());
    for region in mixed {
        for record in draft.records.iter().filter(|record| record.values == Some(RecordValues::Endpoints)) {
            let message =
                format!("takes its values from region `{region}`, whose endpoints mix addresses and host names");
            record.spot.fault_with_hint(message, "give the record `values`, or make two services of it");
        }
    }
}

fn is_mixed(region: &RegionDraft<'_>) -> bool {
    let endpoints = || region.endpoints.iter().flatten().map(|(_, endpoint)| endpoint);
    endpoints().any(|endpoint| matches!(endpoint, Endpoint::Address(_)))
        && endpoints().any(|endpoint| endpoint.hostname().is_some())
}

/// The largest fence that the service can ever have must fit, or a write would fail in the middle of an incident.
fn check_fence(draft: &ServiceDraft<'_>, service: &Service) {
    if let Err(error) = service.fence_name() {
        draft.spot.fault(format!("its fence has no name: {error}"));
    }
    if let Err(error) = largest_fence(service).to_text(&service.zone) {
        draft.spot.fault_with_hint(format!("its fence does not fit: {error}"), "make several services of it");
    }
}

fn largest_fence(service: &Service) -> Fence {
    let actor = || Actor::new("a".repeat(IDENTIFIER_BYTES_MAX)).expect("invariant: letters are a name");
    // Every byte of a reason may be encoded as three; the latest time that a fence can name is in the year 9999.
    let reason = || "%".repeat(REASON_BYTES_MAX);
    let late = Timestamp::from_secs(253_402_300_799);
    Fence {
        install: service.installation.clone(),
        id: service.name.clone(),
        provider: service.provider.clone(),
        epoch: Epoch::new(Epoch::READ_MAX),
        rev: Rev::new(Rev::READ_MAX),
        write: WriteId::at(late, u128::MAX),
        plan: DecisionId::at(late, u128::MAX),
        active: service.regions.iter().map(|region| region.name.clone()).max_by_key(|name| name.as_str().len()),
        blend: longest_blend(service, late).map(Box::new),
        released: None,
        moved: late,
        by: actor(),
        cfg: u64::MAX,
        pin: Some(Pin { by: actor(), reason: reason() }),
        pause: Some(Pause { by: actor(), until: Some(late), reason: reason() }),
        dwell: Some(Dwell { left: Dwell::LEFT_MAX, since: late, last: late }),
        rrs: service.keys().into_iter().collect::<BTreeSet<_>>(),
        digest: Digest::over([b"".as_slice()]),
        unknown: Vec::new(),
    }
}

/// Between the two regions with the longest names; nothing for a service that does not come back in steps.
fn longest_blend(service: &Service, since: Timestamp) -> Option<Blend> {
    service.policy.failback.gradual()?;
    let mut names: Vec<_> = service.regions.iter().map(|region| region.name.clone()).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.as_str().len()));
    let [one, other, ..] = names.as_slice() else { return None };
    Blend::new(one.clone(), Share::try_from(50).ok()?, other.clone(), since).ok()
}
