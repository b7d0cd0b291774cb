//! Fixed values of the API: a bad night and a good day.

use dns_admin::direct::sight::Sight;
use dns_api::by_hand::MoveRecord;
use dns_api::command::{BulkAccepted, DecisionReport};
use dns_api::explain::{ExplanationReport, ObservationReport};
use dns_api::history::HistoryPage;
use dns_api::problem::Problem;
use dns_api::status::{ServiceDetail, ServiceList, ServiceReport, StatusReport};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a value of the API")
}

fn calm(name: &str) -> Value {
    json!({
        "name": name, "mode": "active", "state": "steady on the preferred region", "stateAgeMs": 266_400_000,
        "active": "prod", "attention": [], "page": false,
        "regions": [
            { "name": "prod", "judgement": "healthy", "proven": true },
            { "name": "dr", "judgement": "healthy", "proven": true, "readyAgeMs": 97_200_000 },
        ],
    })
}

fn held() -> Value {
    json!({
        "name": "checkout", "mode": "active", "state": "suspected", "stateAgeMs": 12_300, "active": "prod",
        "regions": [
            { "name": "prod", "judgement": "failing", "proven": false },
            { "name": "dr", "judgement": "healthy", "proven": false },
        ],
        "hold": { "wanted": "failover", "ageMs": 9100, "rejections": [
            { "rule": "targetProven", "reason": "dr is healthy for 40s, proven after 2m", "overridable": true },
            { "rule": "unfenced", "reason": "the fence was not read", "overridable": false },
        ] },
        "attention": [
            "failover to `dr` is held by targetProven: dr is healthy for 40s, proven after 2m",
            "no other region is proven (dr): if `prod` failed now, nothing could move",
        ],
        "page": true,
    })
}

pub(crate) fn calm_list() -> ServiceList {
    read(json!({
        "controller": "controller-1",
        "services": [calm("checkout"), calm("search")],
        "vantagePoints": [
            { "name": "fra1", "sight": "sighted", "heardAgeMs": 300, "config": "00ff" },
            { "name": "lon1", "sight": "sighted", "heardAgeMs": 800, "config": "00ff" },
        ],
    }))
}

/// A list as the controller tells it: of each line, whether it pages.
pub(crate) fn status(list: ServiceList) -> StatusReport {
    let of_service = |service: &dns_api::status::ServiceSummary| {
        let line = |(number, text): (usize, &String)| json!({ "service": service.name, "text": text, "page": service.page && number == 0 });
        service.attention.iter().enumerate().map(line).collect::<Vec<_>>()
    };
    let concerns: Vec<Value> = list.services.iter().flat_map(of_service).collect();
    StatusReport { concerns: read(Value::Array(concerns)), list, evacuations: Vec::new() }
}

/// `checkout` at two providers, of which the first is down.
pub(crate) fn list_of_places() -> ServiceList {
    let place = |name: &str, epoch: u64, active: &str| {
        json!({
            "name": name, "provider": name, "zone": "example.com.", "active": active, "epoch": epoch, "rev": epoch + 15,
            "standing": "held", "state": "verifying", "diverges": false,
        })
    };
    let mut checkout = calm("checkout");
    checkout["places"] = json!([place("main", 41, "prod"), place("second", 42, "dr")]);
    checkout["places"][0]["diverges"] = json!(true);
    checkout["places"][0]["trouble"] = json!("192.0.2.53:53 does not answer");
    checkout["places"][1]["rev"] = Value::Null;
    let mut list = calm_list();
    list.services[0] = read(checkout);
    list
}

pub(crate) fn troubled_list() -> ServiceList {
    let mut observed = calm("search");
    observed["mode"] = json!("observe");
    observed["attention"] = json!(["released; `dns-admin adopt search --reason TEXT` takes it back"]);
    read(json!({
        "controller": "controller-1",
        "services": [held(), observed, calm("shop")],
        "vantagePoints": [
            { "name": "fra1", "sight": "sighted", "heardAgeMs": 300 },
            { "name": "lon1", "sight": "blind", "reason": "no control target answers", "heardAgeMs": 500 },
            { "name": "nyc1", "sight": "silent", "heardAgeMs": 65_000 },
            { "name": "sin1", "sight": "silent", "reason": "connection refused" },
        ],
    }))
}

pub(crate) fn service() -> ServiceReport {
    let vote = |vantage: &str, vote: &str, age: Value, error: Value| json!({ "vantage": vantage, "vote": vote, "ageMs": age, "error": error });
    read(json!({
        "summary": held(),
        "zone": "example.com.", "provider": "hidden", "quorum": 2,
        "regions": [
            {
                "summary": { "name": "prod", "judgement": "failing", "proven": false },
                "endpoints": [{ "endpoint": "192.0.2.10", "judgement": "failing", "votes": [
                    vote("fra1", "failing", json!(12_000), json!("https: connection refused")),
                    vote("lon1", "blind", Value::Null, Value::Null),
                    vote("nyc1", "failing", json!(11_000), json!("https: status 503, expected 200")),
                ] }],
            },
            {
                "summary": { "name": "dr", "judgement": "healthy", "proven": false, "shutGates": ["replication"] },
                "gates": [
                    { "name": "capacity", "state": "open", "said": "freePercent 61", "ageMs": 97_200_000, "askedAgeMs": 2000 },
                    { "name": "replication", "state": "closed", "said": "lagSeconds 312, at most 30", "ageMs": 71_000,
                      "askedAgeMs": 4000 },
                    { "name": "quota", "state": "unknown", "said": "it has not been asked" },
                ],
                "endpoints": [{ "endpoint": "198.51.100.10", "judgement": "healthy", "votes": [
                    vote("fra1", "healthy", json!(40_000), Value::Null),
                    vote("lon1", "notCovered", Value::Null, Value::Null),
                ] }],
            },
        ],
        "fence": {
            "name": "_checkout._failover.example.com.", "epoch": 41, "rev": 56, "active": "prod",
            "by": "controller-2", "moved": "2026-11-21T03:10:00Z",
            "text": [
                "v=dnsfo1;install=acme;id=checkout;provider=hidden;epoch=41;rev=56;write=01j9x;plan=9f31;",
                "active=prod;moved=1795230600;by=controller-2;cfg=0;pin=;pause=oncall,1795233600,%6daintenance;\
                 rrs=api/a,api/aaaa;digest=5be1;later=1;",
            ],
        },
        "standing": "held", "readAgeMs": 3200,
        "records": ["api.example.com. 60 A 192.0.2.10", "api.example.com. 60 AAAA 2001:db8::10"],
        "pause": "by oncall until 2026-11-21T04:00:00Z: maintenance",
        "open": { "decision": "d7", "kind": "failover", "stage": "sent", "ageMs": 1500, "error": "no answer" },
        "verification": { "decision": "d6", "running": false, "servers": [
            { "server": "192.0.2.53:53", "outcome": "served", "tookMs": 420 },
            { "server": "[2001:db8::53]:5353", "outcome": "old", "detail": "A 198.51.100.10" },
            { "server": "198.51.100.53:53", "outcome": "silent", "detail": "no answer in 2 s" },
        ] },
    }))
}

/// A service at two places, of which the second is as it is told here.
pub(crate) fn service_of_places(second: &Value) -> ServiceDetail {
    let report = service();
    let place = |name: &str, epoch: u64, active: &str| {
        let mut fence = serde_json::to_value(report.fence.as_ref().expect("it has one")).expect("JSON");
        fence["epoch"] = json!(epoch);
        fence["active"] = json!(active);
        fence["text"][0] = json!(format!(
            "v=dnsfo1;install=acme;id=checkout;provider={name};epoch={epoch};rev=56;write=01j9x;plan=d6;"
        ));
        json!({
            "name": name, "provider": name, "zone": "example.com.", "active": active, "epoch": epoch, "rev": 56,
            "standing": "held", "state": "steady", "diverges": false,
            "fence": fence, "readAgeMs": 3200, "records": ["api.example.com. 60 A 198.51.100.10"],
            "verification": { "decision": "d6", "running": false, "servers": [
                { "server": "192.0.2.53:53", "outcome": "served", "tookMs": 420 },
            ] },
        })
    };
    let mut other = place("other", 42, "dr");
    let changes = second.as_object().expect("an object").clone();
    other.as_object_mut().expect("an object").extend(changes);
    let mut whole = serde_json::to_value(&report).expect("JSON");
    whole["places"] = json!([place("main", 42, "dr"), other]);
    whole["summary"]["places"] = whole["places"].clone();
    read(whole)
}

/// What makes the second place one that is down and has stayed behind.
pub(crate) fn behind() -> Value {
    json!({
        "active": "prod", "epoch": 41, "diverges": true, "trouble": "192.0.2.54:53 does not answer",
        "fence": null, "readAgeMs": null, "verification": null, "records": ["api.example.com. 60 A 192.0.2.10"],
    })
}

/// A service of one place.
pub(crate) fn alone(report: ServiceReport) -> ServiceDetail {
    ServiceDetail { report, places: Vec::new() }
}

/// A service that was never read, let alone adopted.
pub(crate) fn bare_service() -> ServiceReport {
    let mut report = service();
    let calm: dns_api::status::ServiceSummary = read(calm("checkout"));
    report.summary = dns_api::status::ServiceSummary { active: None, ..calm };
    "unread".clone_into(&mut report.standing);
    report.records.clear();
    (report.fence, report.pause, report.open, report.verification, report.read_age_ms) = (None, None, None, None, None);
    report
}

fn row(position: u64, kind: &str, decision: Option<&str>, page: bool, summary: &str) -> Value {
    json!({
        "position": position, "at": format!("2026-11-21T03:1{position}:00.000Z"), "service": "checkout", "kind": kind,
        "decision": decision, "summary": summary, "page": page, "details": {},
    })
}

pub(crate) fn history() -> HistoryPage {
    read(json!({ "rows": [
        row(1, "held", None, true, "failover to `dr` held: targetProven"),
        row(2, "decided", Some("d6"), false, "failover from `prod` to `dr`: 2 of 3 vantage points see it failing"),
        row(3, "verified", Some("d6"), false, "every server serves it"),
    ] }))
}

/// A decision in a state, with the row that led there.
pub(crate) fn decision(status: &str, kind: &str, summary: &str) -> DecisionReport {
    read(json!({
        "decision": "d6", "service": "checkout", "status": status,
        "rows": [
            row(2, "decided", Some("d6"), false, "failover from `prod` to `dr`: drill"),
            row(3, kind, Some("d6"), false, summary),
        ],
    }))
}

pub(crate) fn refusal() -> Problem {
    read(json!({
        "type": "urn:dns-failover:problem:refused", "title": "Refused by the safety kernel", "status": 409,
        "detail": "2 rules say no", "hint": "wait until dr is proven",
        "rejections": held()["hold"]["rejections"],
    }))
}

pub(crate) fn bulk() -> BulkAccepted {
    read(json!({ "accepted": 1, "refused": 1, "results": [
        { "service": "checkout", "message": "paused until someone resumes", "decision": "d8" },
        { "service": "search", "message": "the controller is shutting down", "problem": refusal() },
    ] }))
}

/// A place as it was found, straight from its zone.
pub(crate) fn sight(provider: &str, epoch: u64, active: &str) -> Sight {
    let text = format!(
        "v=dnsfo1;install=acme;id=checkout;provider={provider};epoch={epoch};rev=57;write=01j9y;plan=9f{epoch};active={active};moved=1795246200;by=ada;cfg=0;"
    );
    Sight {
        provider: provider.to_owned(),
        zone: "example.com.".to_owned(),
        fence_name: "_checkout._failover.example.com.".to_owned(),
        standing: "held".to_owned(),
        detail: None,
        fence: Some(read(json!({
            "name": "_checkout._failover.example.com.", "epoch": epoch, "rev": 57, "active": active, "by": "ada",
            "moved": "2026-11-21T07:30:00Z", "text": [text, "pin=ada,under%20water;pause=;rrs=api/a;digest=5be1;"],
        }))),
        installation: Some("acme".to_owned()),
        pause: None,
        pin: Some("by ada: under water".to_owned()),
        serving: Some(active.to_owned()),
        records: vec!["api.example.com. 60 A 198.51.100.10".to_owned()],
        difference: None,
    }
}

/// A place that could not be read.
pub(crate) fn unread_sight(provider: &str) -> Sight {
    Sight {
        standing: "unread".to_owned(),
        detail: Some("primary 192.0.2.53:53 gave no usable answer: timed out".to_owned()),
        fence: None,
        pin: None,
        serving: None,
        records: Vec::new(),
        ..sight(provider, 0, "prod")
    }
}

/// A move by hand that arrived at one place of three.
pub(crate) fn moved_by_hand() -> MoveRecord {
    let place = |provider: &str, outcome: &str, detail: Value, servers: Value| {
        json!({
            "provider": provider, "zone": "example.com.", "epoch": 43, "rev": 58, "deletes": [], "creates": [],
            "outcome": outcome, "detail": detail, "servers": servers,
        })
    };
    let servers = json!([
        { "server": "192.0.2.53:53", "outcome": "served", "tookMs": 12 },
        { "server": "198.51.100.53:53", "outcome": "old", "detail": "api.example.com. 60 A 192.0.2.10" },
    ]);
    read(json!({
        "record": "dnsfailover/break-glass/v1", "installation": "acme", "service": "checkout", "to": "dr", "by": "ada",
        "reason": "prod is under water", "overrides": [], "plan": "9f31", "at": "2026-11-21T07:30:00Z", "probed": [],
        "places": [
            place("main", "applied", Value::Null, servers),
            place("second", "unreachable", json!("api.example.net gave no usable answer: timed out"), json!([])),
            place("third", "skipped", json!("no credentials here"), json!([])),
        ],
        "outcome": "unverified",
    }))
}

/// A failover of `checkout`, told.
pub(crate) fn story() -> DecisionReport {
    let mut told = decision("done", "verified", "every server serves it");
    let sentence = |about: &str, at: &str, (after, took): (u64, u64), text: &str| {
        let at = format!("2026-11-21T10:30:0{at}Z");
        json!({ "about": about, "at": at, "afterMs": after, "tookMs": took, "text": text })
    };
    let seen = "2 of 3 vantage points saw `prod` failing: lon1 since 10:30:00 (https: connection refused) and nyc1 since \
                10:30:02 (https: connection refused). fra1 was blind since 10:29:02 (control targets failing). The \
                quorum is 2 of 3.";
    told.story = read(json!([
        sentence("suspicion", "0.100", (0, 0), "lon1 was the first to see `prod` failing: https: connection refused."),
        sentence("agreement", "2.360", (2260, 2260), seen),
        sentence("decision", "2.400", (2300, 40), "The controller decided on a failover from `prod` to `dr`."),
        sentence("write", "2.435", (2335, 35), "Failover is in the zone: active in `dr`, epoch 42, rev 57."),
        { "about": "total", "text": "From the first suspicion to the written zone: 2.33s." },
    ]));
    told
}

/// `checkout`, which one of three vantage points sees failing.
pub(crate) fn explanation() -> ExplanationReport {
    let sentence = |about: &str, text: &str| json!({ "about": about, "text": text });
    read(json!({
        "service": "checkout", "at": "2026-11-21T10:30:00.000Z", "previews": [],
        "sentences": [
            sentence("state", "`checkout` is in `prod`, its preferred region."),
            sentence("evidence", "1 of 3 vantage points sees `prod` failing: fra1 since 10:29:48 (timed out)."),
            sentence("need", "Nothing moves because `prod` is healthy. It is left when 2 of 3 vantage points see all of it failing."),
        ],
        "lately": [
            { "about": "hold", "at": "2026-11-21T09:12:07.250Z", "text": "Failover is no longer wanted." },
        ],
    }))
}

/// Two services that observe; one had its troubles.
pub(crate) fn observations() -> ObservationReport {
    let trouble = |began: &str, more: &Value| {
        let mut trouble = json!({
            "kind": "failover", "began": format!("2026-11-2{began}Z"), "from": "prod", "to": "dr", "lastedMs": 372_000, "heldBy": [],
        });
        trouble.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        trouble
    };
    let held = json!([{ "rule": "targetProven", "reason": "region `dr` is not proven", "overridable": true }]);
    let troubles = [
        trouble(
            "0T03:10:00.000",
            &json!({
                "wouldHaveMoved": "2026-11-20T03:10:00.000Z", "ended": "2026-11-20T03:16:12.000Z", "end": "recovered",
            }),
        ),
        trouble(
            "0T07:00:00.000",
            &json!({
                "wouldHaveMoved": "2026-11-20T07:01:30.000Z", "ended": "2026-11-20T07:06:12.000Z", "end": "movedElsewhere", "heldBy": held,
            }),
        ),
        trouble("1T10:23:48.000", &json!({ "heldBy": held })),
    ];
    read(json!({
        "since": "2026-10-22T10:30:00.000Z", "until": "2026-11-21T10:30:00.000Z", "incomplete": false,
        "services": [
            {
                "service": "checkout", "observes": true, "wouldHaveMoved": 2, "wouldHaveBeenHeld": 1,
                "troubleMs": 1_116_000, "troubles": troubles,
            },
            {
                "service": "search", "observes": true, "wouldHaveMoved": 0, "wouldHaveBeenHeld": 0, "troubleMs": 0,
                "troubles": [],
            },
        ],
    }))
}
