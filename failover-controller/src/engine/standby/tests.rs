//! When someone is told of a standby that is not ready, and of its end.

use std::time::Duration;

use dns_core::judgement::{Health, RegionJudgement};
use dns_core::policy::STANDBY_UNREADY_FOR;
use dns_core::service::Region;

use super::*;
use crate::verifier;

const START: Timestamp = Timestamp::from_secs(1_795_246_200);

fn region(text: &str) -> RegionName {
    text.parse().expect("a region")
}

/// `checkout` in `prod` and `dr`.
fn service() -> Service {
    let mut service = (*verifier::tests::service("192.0.2.10")).clone();
    let dr = Region { name: region("dr"), ..service.regions[0].clone() };
    service.regions.edit(|regions| regions.push(dr));
    service
}

/// Both regions are healthy, and `dr` is proven or not.
fn judgement(dr: bool) -> Judgement {
    let judged = |proven| RegionJudgement {
        health: Health::Healthy,
        proven,
        healthy_min: 1,
        proven_min: 1,
        endpoints: Vec::new(),
        gates: Vec::new(),
    };
    Judgement { regions: [(region("prod"), judged(true)), (region("dr"), judged(dr))].into(), drill: None }
}

/// What is told while `dr` is ready or not, at so many seconds.
fn story(armed: bool, seen: &[(u64, bool)]) -> Vec<(u64, HistoryKind, bool)> {
    let (service, active) = (service(), region("prod"));
    let stands = Stands { active: Some(&active), armed };
    let mut standbys = Standbys::default();
    let mut told = Vec::new();
    for (at, ready) in seen {
        let now = START + Duration::from_secs(*at);
        standbys.note(&service, stands, &judgement(*ready), now);
        while let Some(row) = standbys.row(&service, now) {
            told.push((*at, row.kind, row.page));
        }
        assert!(!standbys.is_due(now), "everything was told");
    }
    told
}

#[test]
fn someone_is_woken_once_when_a_standby_was_unready_for_too_long_and_hears_of_the_end() {
    let bound = STANDBY_UNREADY_FOR.as_secs();
    let seen = [(0, false), (bound - 1, false), (bound, false), (bound * 9, false), (bound * 9 + 1, true)];
    let told = story(true, &seen);
    assert_eq!(told, [(bound, HistoryKind::StandbyUnready, true), (bound * 9 + 1, HistoryKind::StandbyReady, false)]);
}

#[test]
fn a_standby_that_is_ready_in_between_begins_anew() {
    let bound = STANDBY_UNREADY_FOR.as_secs();
    assert_eq!(story(true, &[(0, false), (bound - 1, true), (bound, false), (bound * 2 - 1, false)]), []);
    let again = [(0, false), (bound, false), (bound + 1, true), (bound + 2, false), (bound * 2 + 2, false)];
    let pages = story(true, &again).into_iter().filter(|(_, _, page)| *page).count();
    assert_eq!(pages, 2);
}

#[test]
fn of_a_service_that_cannot_move_by_itself_nobody_hears_until_it_can() {
    let bound = STANDBY_UNREADY_FOR.as_secs();
    assert_eq!(story(false, &[(0, false), (bound * 2, false)]), []);
    let (service, active) = (service(), region("prod"));
    let mut standbys = Standbys::default();
    let mut at = |secs: u64, armed| {
        let now = START + Duration::from_secs(secs);
        standbys.note(&service, Stands { active: Some(&active), armed }, &judgement(false), now);
        standbys.row(&service, now).map(|row| row.page)
    };
    assert_eq!((at(0, false), at(bound, false), at(bound + 1, true)), (None, None, Some(true)));
}

#[test]
fn the_region_that_it_is_in_is_no_standby() {
    let (service, prod, dr) = (service(), region("prod"), region("dr"));
    let mut standbys = Standbys::default();
    let mut note = |active, secs| {
        let now = START + Duration::from_secs(secs);
        let news = standbys.note(&service, Stands { active, armed: true }, &judgement(false), now);
        (news, standbys.unready())
    };
    assert_eq!(note(Some(&dr), 0), (false, BTreeMap::new()));
    assert_eq!(note(None, 0), (false, BTreeMap::new()), "which one it is in is not known");
    assert_eq!(note(Some(&prod), 0), (true, [(dr.clone(), START)].into()));
    assert_eq!(note(Some(&prod), 1), (false, [(dr.clone(), START)].into()));
    assert_eq!(note(None, 2), (false, [(dr.clone(), START)].into()));
    assert_eq!(note(Some(&dr), 3), (true, BTreeMap::new()), "now it is none, and the other one is ready");
    assert!(
        standbys.row(&service, START + STANDBY_UNREADY_FOR).is_none(),
        "to move there is no end of what was told of it"
    );
}

#[test]
fn what_is_told_says_how_long_and_why() {
    let (service, active) = (service(), region("prod"));
    let mut standbys = Standbys::default();
    standbys.note(&service, Stands { active: Some(&active), armed: true }, &judgement(false), START);
    let now = START + STANDBY_UNREADY_FOR;
    assert!(standbys.is_due(now));
    let row = standbys.row(&service, now).expect("a row");
    assert!(row.summary.starts_with("standby region `dr` has not been ready for 900 s: it is not proven"), "{row:?}");
}
