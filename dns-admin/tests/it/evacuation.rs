//! What `region …` prints, for a dozen services and for ten thousand.

use dns_admin::render::Width;
use dns_admin::render::{evacuation, status};
use dns_api::evacuation::{EvacuationList, EvacuationPreview, EvacuationReport, RegionList};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::golden::check;
use crate::sample;

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("is of the API")
}

/// So many services would move, and a hundredth of that is held.
fn preview(moving: usize) -> EvacuationPreview {
    let held = moving.div_ceil(100);
    let why = "region `dr` is not proven, 2 vantage points must have seen all of it healthy for 120 s; 1 of 3 see it \
               failing";
    let no = json!({ "rule": "targetProven", "reason": why, "overridable": true });
    let service = |number: usize, outcome: &str| match outcome {
        "held" => json!({ "service": format!("s{number:05}"), "outcome": outcome, "rejections": [no] }),
        _ => json!({ "service": format!("s{number:05}"), "outcome": outcome, "to": "dr" }),
    };
    let services = (0..held).map(|number| service(number, "held"));
    let services = services.chain((held..held + moving).map(|number| service(number, "moves")));
    let quiet = json!({ "service": "reports", "outcome": "stays", "why": "it only observes" });
    read(json!({
        "region": "prod", "to": "dr", "moving": moving, "held": held, "staying": 4,
        "waves": dns_core::evacuation::wave_sizes(moving, None),
        "providers": [
            { "provider": "main", "writes": moving, "calls": moving.div_ceil(30) * 2, "leastMs": moving.div_ceil(30) * 400 },
            { "provider": "hidden", "writes": moving, "leastMs": 0 },
        ],
        "heldBy": [
            { "what": "targetProven", "count": held, "service": "s00000", "why": why, "overridable": true },
        ],
        "stayingAs": [
            { "what": "elsewhere", "count": 3, "service": "mail", "why": "it is in `dr`", "overridable": false },
            { "what": "observes", "count": 1, "service": "reports", "why": "it only observes", "overridable": false },
        ],
        "services": services.chain([quiet]).collect::<Vec<_>>(),
    }))
}

fn stopped() -> EvacuationReport {
    let no = json!({ "rule": "notPaused", "reason": "paused by `ann`: a disk is being changed; resume it, or move it by hand",
                     "overridable": false });
    read(json!({
        "id": "01a1fd0314c000000000000000000007", "region": "prod", "to": "dr", "by": "oncall", "reason": "the power goes",
        "started": "2026-11-21T03:10:00.000Z", "stage": "stopped", "since": "2026-11-21T03:14:10.000Z",
        "why": "1 held: 1 by notPaused (`billing`: paused by `ann`: a disk is being changed)", "page": true,
        "services": 12, "waiting": 1, "moving": 0, "served": 10, "unverified": 1, "failed": 0, "heldCount": 1,
        "held": [ { "service": "billing", "rejections": [no] } ],
    }))
}

fn narrow(name: &str, text: &str) {
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    check(name, text);
}

#[test]
fn a_preview_fits_a_terminal_for_a_dozen_services_and_for_ten_thousand() {
    narrow("region-preview", &evacuation::preview(&preview(12), false, Width::Columns(80)));
    let many = evacuation::preview(&preview(10_000), false, Width::Columns(80));
    narrow("region-preview-many", &many);
    assert!(many.lines().count() < 60, "it is read at once");
    let all = evacuation::preview(&preview(10_000), true, Width::Columns(80));
    assert!(all.contains("s10099") && !all.contains("more; --all"), "--all hides nothing");
}

#[test]
fn an_evacuation_tells_how_far_it_is_and_what_to_do_next() {
    narrow("region-show-stopped", &evacuation::evacuation(&stopped(), Width::Columns(80)));
    let running =
        EvacuationReport { stage: "running".to_owned(), why: None, page: false, held: Vec::new(), ..stopped() };
    let ended = EvacuationReport { stage: "ended".to_owned(), ..running.clone() };
    let list = EvacuationList { evacuations: vec![ended, running, stopped()] };
    check("region-evacuations", &evacuation::evacuations(&list, Width::Unbounded));
    let regions: RegionList = read(json!({ "regions": [
        { "name": "prod", "services": 12, "active": 1, "failing": 0, "proven": 11,
          "evacuation": "stopped (01a1fd0314c000000000000000000007)" },
        { "name": "dr", "services": 12, "active": 11, "failing": 0, "proven": 1 },
    ] }));
    check("region-list", &evacuation::regions(&regions, Width::Unbounded));
}

#[test]
fn status_has_a_line_for_it() {
    let mut report = sample::status(sample::calm_list());
    report.evacuations.push(stopped());
    let text = status::status(&report, Width::Unbounded);
    let line = text.lines().nth(1).unwrap_or_default();
    assert!(
        line.starts_with("PAGE evacuation of prod stopped: 10 of 12 served, 0 moving, 1 waiting, 1 held"),
        "{text}"
    );
}
