//! Evacuations and regions as the API tells them.

use dns_api::evacuation::{EvacuationReport, HeldService, RegionList, RegionStanding};
use dns_core::evacuation::{Evacuation, Objection, Stage, Tally};
use dns_core::identifier::{RegionName, ServiceName};
use dns_core::judgement::Health;

use crate::api::report::{objections, rfc3339};
use crate::engine::evacuating::EvacuationView;
use crate::engine::snapshot::{ServiceView, Snapshot};

/// Services that are named where several evacuations are told of: the first ones show what it is about.
const HELD_IN_BRIEF: usize = 10;

/// Among others, with the first of what is held.
pub(crate) fn in_brief(view: &EvacuationView) -> EvacuationReport {
    told(view, HELD_IN_BRIEF)
}

/// With all that is held.
pub(crate) fn in_detail(view: &EvacuationView) -> EvacuationReport {
    told(view, usize::MAX)
}

/// Those that are open, in brief: what a person should see first.
pub(crate) fn open(snapshot: &Snapshot) -> Vec<EvacuationReport> {
    snapshot.evacuations.iter().filter(|view| view.evacuation.is_open()).map(in_brief).collect()
}

fn told(view: &EvacuationView, held_max: usize) -> EvacuationReport {
    let EvacuationView { evacuation, tally, held } = view;
    let Evacuation { id, region, to, undoes, by, reason, overrides, wave_max, started, stage, .. } = evacuation;
    let Tally { waiting, under_way, arrived, unserved, stuck, failed_now: _ } = *tally;
    let (stopped_by, why) = match stage {
        Stage::Running { .. } => (None, None),
        Stage::Stopped { by, why, .. } => (by.as_ref(), Some(why.clone())),
        Stage::Ended { by, .. } => (by.as_ref(), None),
    };
    EvacuationReport {
        id: id.to_string(),
        region: region.to_string(),
        to: to.as_ref().map(ToString::to_string),
        undoes: undoes.as_ref().map(ToString::to_string),
        by: by.to_string(),
        reason: reason.clone(),
        overrides: overrides.iter().map(ToString::to_string).collect(),
        wave_max: *wave_max,
        started: rfc3339(*started),
        stage: stage.as_str().to_owned(),
        since: rfc3339(stage.since()),
        stopped_by: stopped_by.map(ToString::to_string),
        why,
        page: matches!(stage, Stage::Stopped { by: None, .. }),
        services: tally.all(),
        waiting,
        moving: under_way,
        served: arrived,
        unverified: unserved,
        failed: stuck,
        held_count: held.len(),
        held: held.iter().take(held_max).map(held_service).collect(),
    }
}

fn held_service((service, why): &(ServiceName, Vec<Objection>)) -> HeldService {
    HeldService { service: service.to_string(), rejections: objections(why) }
}

/// `GET /api/v1/regions`.
pub(crate) fn regions(snapshot: &Snapshot) -> RegionList {
    let mut regions: Vec<RegionStanding> = Vec::new();
    for (_, view) in snapshot.views() {
        for region in &view.service.regions {
            let at = regions.iter().position(|known| known.name == region.name.as_str()).unwrap_or_else(|| {
                regions.push(nobody_in(&region.name, snapshot));
                regions.len() - 1
            });
            count(&mut regions[at], &view, &region.name);
        }
    }
    RegionList { regions }
}

fn nobody_in(region: &RegionName, snapshot: &Snapshot) -> RegionStanding {
    let open =
        snapshot.evacuations.iter().map(|view| &view.evacuation).find(|one| one.is_open() && one.region == *region);
    let evacuation = open.map(|one| {
        let word = if one.is_return() { "return " } else { "" };
        format!("{word}{} ({})", one.stage.as_str(), one.id)
    });
    RegionStanding { name: region.to_string(), services: 0, active: 0, failing: 0, proven: 0, evacuation }
}

fn count(standing: &mut RegionStanding, view: &ServiceView, region: &RegionName) {
    let judgement = view.memory.judgement();
    let is_active = view.memory.active() == Some(region);
    let fails = judgement.is_some_and(|judgement| judgement.health(region) == Health::Failing);
    let proven = judgement.is_some_and(|judgement| judgement.is_proven(region));
    standing.services += 1;
    standing.active += usize::from(is_active);
    standing.failing += usize::from(is_active && fails);
    standing.proven += usize::from(!is_active && proven);
}
