//! The HTTP APIs of controller and monitor over their real listeners: what the documents promise is there, what they do
//! not promise is a problem, and problems say what to do.

use serde_json::{Value, json};
use tests::http::{self, Answer};
use tests::{Daemon, Kind, PATIENCE, Plan, World, until};

const OPERATOR: Option<&str> = Some("a-token-for-tests");
const VIEWER: Option<&str> = Some("a-token-that-reads");

/// The media type of problem details (RFC 9457 §3).
const PROBLEM: &str = "application/problem+json";

/// Metrics that the controller's operators build alerts on, and the reader of a dashboard expects.
const CONTROLLER_METRICS: [&str; 16] = [
    "failover_controller_fence_epoch",
    "failover_controller_fence_rev",
    "failover_controller_history_rows_total",
    "failover_controller_pages_total",
    "failover_controller_page",
    "failover_controller_propagation_seconds",
    "failover_controller_region_health",
    "failover_controller_region_proven",
    "failover_controller_service_active",
    "failover_controller_service_state",
    "failover_controller_stalls_total",
    "failover_controller_store_failures_total",
    "failover_controller_store_up",
    "failover_controller_vantage_sighted",
    "failover_controller_write_open",
    "failover_controller_zone_read_failures_total",
];

const MONITOR_METRICS: [&str; 6] = [
    "dns_monitor_blind",
    "dns_monitor_endpoints",
    "dns_monitor_late_ticks_total",
    "dns_monitor_probe_duration_seconds",
    "dns_monitor_probes_total",
    "dns_monitor_subscribers",
];

fn observing() -> World {
    World::start(&Plan { armed: false, ..Plan::on(Kind::Knot) })
}

fn call(daemon: &Daemon, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Answer {
    let url = format!("{}{path}", daemon.url());
    let body = body.map(Value::to_string);
    http::request(method, &url, token, body.as_deref()).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
}

fn get(world: &World, path: &str) -> Answer {
    call(&world.controller, "GET", path, OPERATOR, None)
}

fn post(world: &World, path: &str, body: &Value) -> Answer {
    call(&world.controller, "POST", path, OPERATOR, Some(body))
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

/// The problem that an answer is, complete and of the right status.
fn problem(answer: &Answer, status: u16) -> Value {
    assert_eq!((answer.status, answer.media_type.as_str()), (status, PROBLEM), "{answer:?}");
    let problem = json(answer);
    assert_eq!(problem["status"], status, "{problem}");
    assert!(problem["type"].as_str().is_some_and(|kind| kind.starts_with("urn:dns-failover:problem:")), "{problem}");
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{problem}");
    assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
    problem
}

fn hint(problem: &Value) -> &str {
    problem["hint"].as_str().unwrap_or_else(|| panic!("no hint: {problem}"))
}

/// Every operation of a daemon's document: method and path with its parameters filled in.
fn operations(daemon: &Daemon) -> Vec<(String, String)> {
    let answer = call(daemon, "GET", "/openapi.json", None, None);
    assert_eq!((answer.status, answer.media_type.as_str()), (200, "application/json"), "{answer:?}");
    let document = json(&answer);
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.")), "{document}");
    let paths = document["paths"].as_object().expect("paths").iter();
    let each = paths.flat_map(|(path, item)| {
        let path = path.replace("{name}", "checkout").replace("{id}", "none");
        item.as_object().expect("operations").keys().map(move |method| (method.to_uppercase(), path.clone()))
    });
    each.collect()
}

/// An operation exists if it answers anything but that there is no such route or method. One that only ever streams
/// answers the time limit.
fn exists(daemon: &Daemon, method: &str, path: &str) {
    let url = format!("{}{path}", daemon.url());
    let body = (method == "POST").then_some("{}");
    match http::request(method, &url, OPERATOR, body) {
        Ok(answer) => {
            assert_ne!(answer.status, 405, "{method} {path}: {answer:?}");
            assert!(!answer.body.contains("there is nothing at"), "{method} {path}: {answer:?}");
            assert!(answer.status < 500, "{method} {path}: {answer:?}");
        }
        Err(error) => assert!(path.ends_with("/evidence") && error.contains("timed out"), "{method} {path}: {error}"),
    }
}

#[test]
fn every_documented_operation_exists_and_nothing_else_does() {
    let world = observing();
    for (daemon, least) in [(&world.controller, 16), (&world.monitors[0], 5)] {
        let operations = operations(daemon);
        assert!(operations.len() >= least, "{operations:?}");
        for (method, path) in &operations {
            exists(daemon, method, path);
            let other = call(daemon, "DELETE", path, OPERATOR, None);
            let problem = problem(&other, 405);
            assert!(problem["detail"].as_str().unwrap_or_default().contains("DELETE"), "{problem}");
        }
        for path in ["/api", "/api/v1", "/api/v1/nonsense", "/api/v2/services", "/status"] {
            let nothing = problem(&call(daemon, "GET", path, OPERATOR, None), 404);
            assert!(hint(&nothing).contains("/openapi.json"), "{nothing}");
        }
    }
    // The controller's page is there; a monitor has none.
    problem(&call(&world.monitors[0], "GET", "/", OPERATOR, None), 404);
    assert!(world.history().iter().all(|row| row["kind"] != "decided"), "empty bodies decide nothing");
}

#[test]
fn health_readiness_and_metrics_are_open_to_everyone() {
    let world = World::start(&Plan::on(Kind::Knot));
    for daemon in world.monitors.iter().chain([&world.controller]) {
        assert_eq!(call(daemon, "GET", "/healthz", None, None).status, 200);
        let ready = call(daemon, "GET", "/readyz", None, None);
        assert_eq!((ready.status, &json(&ready)["ready"]), (200, &json!(true)), "{ready:?}");
    }
    let has_all = |daemon: &Daemon, names: &[&str]| {
        until("every metric is there", PATIENCE, || {
            let metrics = call(daemon, "GET", "/metrics", None, None);
            assert!(metrics.media_type.starts_with("text/plain"), "{metrics:?}");
            let is_there = |name: &&&str| metrics.body.lines().any(|line| line.starts_with(&format!("# TYPE {name} ")));
            let missing: Vec<&&str> = names.iter().filter(|name| !is_there(name)).collect();
            if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?} of {}", metrics.body)) }
        });
    };
    has_all(&world.controller, &CONTROLLER_METRICS);
    for monitor in &world.monitors {
        has_all(monitor, &MONITOR_METRICS);
    }
}

#[test]
fn callers_without_a_known_token_or_the_role_are_told_what_they_need() {
    let world = observing();
    let controller = &world.controller;
    let body = json!({ "reason": "test" });
    for path in ["/api/v1/services", "/api/v1/services/checkout", "/api/v1/history", "/api/v1/decisions/none"] {
        assert!(hint(&problem(&call(controller, "GET", path, None, None), 401)).contains("Authorization"));
        problem(&call(controller, "GET", path, Some("no-such-token"), None), 401);
        assert_ne!(call(controller, "GET", path, VIEWER, None).status, 401);
    }
    for verb in ["failover", "failback", "pause", "resume", "adopt", "release"] {
        let path = format!("/api/v1/services/checkout/{verb}");
        problem(&call(controller, "POST", &path, None, Some(&body)), 401);
        let forbidden = problem(&call(controller, "POST", &path, VIEWER, Some(&body)), 403);
        assert!(forbidden["detail"].as_str().unwrap_or_default().contains("operator"), "{forbidden}");
    }
    for path in ["/api/v1/pause", "/api/v1/resume"] {
        problem(&call(controller, "POST", path, VIEWER, Some(&body)), 403);
    }
    assert_eq!(world.fence(), "");
}

#[test]
fn requests_that_say_nothing_useful_are_refused_with_what_would_be() {
    let world = observing();
    let adopt = "/api/v1/services/checkout/adopt";
    for reason in [String::new(), "   ".to_owned(), "two\nlines".to_owned(), "x".repeat(501)] {
        let refused = problem(&post(&world, adopt, &json!({ "reason": reason })), 400);
        assert!(refused["detail"].as_str().unwrap_or_default().contains("reason"), "{refused}");
        assert!(hint(&refused).contains("history"), "{refused}");
    }
    for body in [json!({}), json!([]), json!({ "reason": "test", "force": true }), json!({ "reason": 1 })] {
        problem(&post(&world, adopt, &body), 400);
    }
    problem(&call(&world.controller, "POST", adopt, OPERATOR, None), 400);
    for rule in ["noSuchRule", "emptyAnswer"] {
        let refused = problem(&post(&world, adopt, &json!({ "reason": "test", "overrides": [rule] })), 400);
        assert!(refused["detail"].as_str().unwrap_or_default().contains(rule), "{refused}");
        let overridable = "targetProven, gatesOpen, changeFreeze, regionEvacuated, hooksAgreed, cooledDown, groupTogether, \
                           groupReady, memberFirst, assertion, gating";
        assert!(hint(&refused).contains(overridable), "{refused}");
    }
    let failover = "/api/v1/services/checkout/failover";
    let nowhere = problem(&post(&world, failover, &json!({ "to": "mars", "reason": "test" })), 409);
    assert!(nowhere["detail"].as_str().unwrap_or_default().contains("it has prod, dr"), "{nowhere}");
    problem(&post(&world, failover, &json!({ "to": "No Name", "reason": "test" })), 400);
    for secs in [json!(0), json!(400 * 24 * 3600), json!(-1)] {
        problem(&post(&world, "/api/v1/services/checkout/pause", &json!({ "reason": "test", "forSecs": secs })), 400);
    }
    let large = json!({ "reason": "x".repeat(70_000) });
    problem(&post(&world, adopt, &large), 413);
}

#[test]
fn what_is_not_there_is_not_found() {
    let world = observing();
    let body = json!({ "reason": "test" });
    for name in ["other", "No-Name", "%2e%2e"] {
        let missing = problem(&get(&world, &format!("/api/v1/services/{name}")), 404);
        assert!(hint(&missing).contains("dns-admin service list"), "{missing}");
        problem(&post(&world, &format!("/api/v1/services/{name}/pause"), &body), 404);
    }
    problem(&get(&world, "/api/v1/history?service=chekout"), 404);
    problem(&get(&world, "/api/v1/decisions/none"), 404);
    problem(&get(&world, "/api/v1/decisions/01j9x0000000000000000000"), 404);
    for query in ["after=x", "limit=-1", "nonsense=1"] {
        problem(&get(&world, &format!("/api/v1/history?{query}")), 400);
    }
}

#[test]
fn the_list_says_of_each_line_whether_it_wakes_someone() {
    let world = observing();
    let list = until("the service is seen not to be adopted", PATIENCE, || {
        let list = json(&get(&world, "/api/v1/services"));
        if list["concerns"].to_string().contains("not adopted yet") { Ok(list) } else { Err(list) }
    });
    let concerns = list["concerns"].as_array().expect("a list");
    let told: Vec<&Value> = concerns.iter().map(|concern| &concern["text"]).collect();
    let attention: Vec<&Value> = list["services"][0]["attention"].as_array().into_iter().flatten().collect();
    assert_eq!(told, attention, "the same lines, as strings as well");
    let adopt = concerns.iter().find(|concern| concern["text"].to_string().contains("not adopted yet"));
    let adopt = adopt.expect("it is there");
    assert_eq!((&adopt["service"], &adopt["page"]), (&json!("checkout"), &json!(false)), "{adopt}");
    assert!(adopt["text"].to_string().contains("`dns-admin adopt checkout --reason TEXT`"), "{adopt}");
}

/// Positions of a page, which only ever go up.
fn positions(page: &Answer) -> Vec<u64> {
    assert_eq!(page.status, 200, "{page:?}");
    let rows = json(page)["rows"].as_array().cloned().expect("rows");
    rows.iter().map(|row| row["position"].as_u64().expect("a position")).collect()
}

#[test]
fn history_is_read_page_by_page_without_gaps() {
    let world = World::start(&Plan::on(Kind::Knot));
    world.until_history("verified");
    // Rows may still be added at the end; those that are there stay as they are.
    let all = positions(&get(&world, "/api/v1/history?service=checkout&after=0&limit=1000"));
    assert!(all.len() > 4, "{all:?}");
    let mut paged: Vec<u64> = Vec::new();
    while paged.len() < all.len() {
        let after = paged.last().copied().unwrap_or_default();
        let page = positions(&get(&world, &format!("/api/v1/history?after={after}&limit=2")));
        assert!((1..=2).contains(&page.len()), "{page:?} after {after}");
        paged.extend(page);
    }
    assert_eq!(paged[..all.len()], all);
    let newest = positions(&get(&world, "/api/v1/history?limit=1"));
    assert!(newest.len() == 1 && newest.last() >= all.last(), "{newest:?} and {all:?}");
    let beyond = newest.last().copied().unwrap_or_default() + 1_000_000;
    assert!(positions(&get(&world, &format!("/api/v1/history?after={beyond}"))).is_empty());
}

#[test]
fn an_order_is_answered_with_a_decision_that_can_be_followed() {
    let world = World::start(&Plan::on(Kind::Knot));
    let path = "/api/v1/services/checkout/failover";
    let pointless = problem(&post(&world, path, &json!({ "to": "prod", "reason": "test" })), 409);
    assert!(pointless["detail"].as_str().unwrap_or_default().contains("already"), "{pointless}");

    let answer = post(&world, path, &json!({ "to": "dr", "reason": "an exercise" }));
    assert_eq!((answer.status, answer.media_type.as_str()), (202, "application/json"), "{answer:?}");
    let accepted = json(&answer);
    let (decision, href) = (accepted["decision"].clone(), accepted["href"].as_str().expect("a link").to_owned());
    let report = until("the decision is done", PATIENCE, || {
        let report = json(&get(&world, &href));
        if report["status"] == "done" { Ok(report) } else { Err(report) }
    });
    assert_eq!((&report["decision"], &report["service"]), (&decision, &json!("checkout")), "{report}");
    let kinds: Vec<&str> =
        report["rows"].as_array().into_iter().flatten().filter_map(|row| row["kind"].as_str()).collect();
    assert_eq!(kinds, ["decided", "permitted", "applied", "verified"]);

    let held = problem(&post(&world, "/api/v1/services/checkout/failback", &json!({ "reason": "too soon" })), 409);
    assert_eq!(held["rejections"][0]["rule"], "cooledDown", "{held}");
    assert_eq!(held["rejections"][0]["overridable"], true, "{held}");
    assert!(held["rejections"][0]["reason"].as_str().is_some_and(|why| why.contains("cooldown")), "{held}");
}

#[test]
fn a_call_on_all_services_answers_for_each() {
    let world = World::start(&Plan::on(Kind::Knot));
    let paused = json(&post(&world, "/api/v1/pause", &json!({ "reason": "maintenance", "forSecs": 600 })));
    assert_eq!(paused["results"][0]["service"], "checkout", "{paused}");
    world.until_state("paused");
    let service = json(&get(&world, "/api/v1/services/checkout"));
    assert!(service["pause"].as_str().is_some_and(|pause| pause.contains("by oncall until 2")), "{service}");
    let resumed = json(&post(&world, "/api/v1/resume", &json!({ "reason": "done" })));
    assert_eq!(resumed["results"][0]["problem"], Value::Null, "{resumed}");
    let again = json(&post(&world, "/api/v1/resume", &json!({ "reason": "done" })));
    assert_eq!(again["results"][0]["problem"]["status"], 409, "{again}");
}
