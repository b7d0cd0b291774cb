//! One of several places of a service: in brief for lists, in detail where one service is shown.

use dns_api::status::{PlaceDetail, PlaceReport};
use dns_core::time::Timestamp;

use super::{fence_report, ms, open_report, records, standing_detail, verification_report};
use crate::engine::snapshot::PlaceView;

/// Where it stands.
pub(super) fn in_brief(place: &PlaceView) -> PlaceReport {
    let PlaceView { label, here, lag, lasts: _ } = place;
    let memory = &here.memory;
    let uncertain = memory.open().and_then(|open| open.uncertain.clone());
    let trouble = memory.unreadable().map(|unreadable| unreadable.reason.clone()).or(uncertain);
    let failing = || memory.write_error().filter(|_| memory.is_write_failing()).map(str::to_owned);
    PlaceReport {
        name: label.clone(),
        provider: here.service.provider.to_string(),
        zone: here.service.zone.to_string(),
        active: memory.active().map(ToString::to_string),
        epoch: memory.held().map(|held| held.epoch.get()),
        rev: memory.held().map(|held| held.rev.get()),
        standing: memory.standing().as_str().to_owned(),
        state: here.state.as_str().to_owned(),
        trouble: trouble.or_else(failing),
        diverges: lag.is_some(),
    }
}

/// The same with its fence, its records, and how its last write went.
pub(super) fn in_detail(place: &PlaceView, now: Timestamp) -> PlaceDetail {
    let here = &place.here;
    let memory = &here.memory;
    PlaceDetail {
        place: in_brief(place),
        fence: memory.held().map(|fence| fence_report(fence, &here.service)),
        standing_detail: standing_detail(memory.standing()),
        read_age_ms: here.read.map(|read| ms(now.since(read))),
        records: records(memory),
        open: open_report(memory, now),
        write_error: memory.write_error().map(str::to_owned),
        verification: here.verification.as_ref().map(verification_report),
    }
}
