//! The operations of each program.

use super::{Access, Answer, Input, Operation, Scalar, Verb};

const HEALTH: [Operation; 4] = [
    open("/healthz", "Whether the process runs.", &[(200, Answer::Text("It runs."))], &[]),
    open("/readyz", "Whether it does its work; says why not.", &[(200, Answer::Text("It is ready."))], &[503]),
    open("/metrics", "Metrics in the Prometheus text format.", &[(200, Answer::Text("Metrics."))], &[]),
    open("/openapi.json", "This document.", &[(200, Answer::Document("An OpenAPI document."))], &[]),
];

const ACCEPTED: &[(u16, Answer)] = &[(200, Answer::Json("Accepted")), (202, Answer::Json("Accepted"))];
const TAKEN: &[(u16, Answer)] = &[(200, Answer::Json("Accepted"))];
const EVACUATION: &[(u16, Answer)] = &[(200, Answer::Json("EvacuationReport"))];
const BEGUN: &[(u16, Answer)] = &[(200, Answer::Json("EvacuationPreview")), (202, Answer::Json("EvacuationReport"))];
const RETURNS: &[(u16, Answer)] = &[(202, Answer::Json("EvacuationReport"))];
const DRILL: &[(u16, Answer)] = &[(202, Answer::Json("DrillReport"))];
const BULK: &[(u16, Answer)] = &[(200, Answer::Json("BulkAccepted"))];

/// Every operation of the controller.
pub const CONTROLLER: &[Operation] = &[
    read(
        "/api/v1/services",
        "Every service and vantage point, and what a person should see.",
        Input::None,
        &[(200, Answer::Json("StatusReport"))],
        &[],
    ),
    read(
        "/api/v1/services/{name}",
        "One service with its evidence and its places.",
        Input::None,
        &[(200, Answer::Json("ServiceDetail"))],
        &[404],
    ),
    read(
        "/api/v1/history",
        "A page of history, newest last.",
        Input::Query(&[
            ("service", Scalar::Text, "Of one service only."),
            ("after", Scalar::Number, "Rows after this position; without it the newest rows."),
            ("limit", Scalar::Number, "How many rows at the most."),
        ]),
        &[(200, Answer::Json("HistoryPage"))],
        &[400, 503],
    ),
    read(
        "/api/v1/services/{name}/explanation",
        "Why nothing happens to a service right now, in sentences, and what a failover would meet.",
        Input::None,
        &[(200, Answer::Json("ExplanationReport"))],
        &[404],
    ),
    read(
        "/api/v1/observations",
        "What services that only observe would have done.",
        Input::Query(&[
            ("service", Scalar::Text, "Of one service only."),
            ("sinceSecs", Scalar::Number, "How far back, in seconds; 30 days without it."),
        ]),
        &[(200, Answer::Json("ObservationReport"))],
        &[400, 404, 503],
    ),
    read(
        "/api/v1/decisions/{id}",
        "How a decision stands, and its story in sentences.",
        Input::None,
        &[(200, Answer::Json("DecisionReport"))],
        &[404, 503],
    ),
    read(
        "/api/v1/approvals",
        "What waits for a second person.",
        Input::None,
        &[(200, Answer::Json("ApprovalList"))],
        &[503],
    ),
    read(
        "/api/v1/approvals/{id}",
        "What became of something that waited for a second person.",
        Input::None,
        &[(200, Answer::Json("ApprovalOutcome"))],
        &[404, 503],
    ),
    write("/api/v1/approvals/{id}/approve", "Agrees, as the second person.", "AnswerRequest", ACCEPTED),
    write("/api/v1/approvals/{id}/decline", "Says no, or takes it back.", "AnswerRequest", TAKEN),
    write("/api/v1/services/{name}/failover", "Moves a service to a region.", "FailoverRequest", ACCEPTED),
    write("/api/v1/services/{name}/failback", "Moves a service back.", "ReasonedRequest", ACCEPTED),
    write("/api/v1/services/{name}/pause", "Blocks automatic writes of a service.", "PauseRequest", ACCEPTED),
    write("/api/v1/services/{name}/resume", "Ends a pause.", "ReasonedRequest", ACCEPTED),
    write("/api/v1/services/{name}/adopt", "Takes records under a fence.", "ReasonedRequest", ACCEPTED),
    write("/api/v1/services/{name}/release", "Leaves records, ends the fence.", "ReasonedRequest", ACCEPTED),
    write("/api/v1/services/{name}/facts", "Takes down a move that was made by hand.", "MoveRecord", TAKEN),
    read(
        "/api/v1/groups",
        "Every group of services that move together, and how it stands.",
        Input::None,
        &[(200, Answer::Json("GroupList"))],
        &[],
    ),
    write("/api/v1/groups/{name}/failover", "Moves a group to a region.", "FailoverRequest", ACCEPTED),
    write("/api/v1/groups/{name}/failback", "Moves a group back.", "ReasonedRequest", ACCEPTED),
    write("/api/v1/groups/{name}/pause", "Blocks automatic writes of a group's services.", "PauseRequest", BULK),
    write("/api/v1/groups/{name}/resume", "Ends the pause of a group.", "ReasonedRequest", BULK),
    write("/api/v1/services/{name}/drills", "Begins a drill.", "DrillRequest", DRILL),
    write(
        "/api/v1/services/{name}/drills/stop",
        "Ends a drill, and brings the service back.",
        "DrillStopRequest",
        DRILL,
    ),
    read(
        "/api/v1/services/{name}/drills",
        "The drills of a service, newest last.",
        Input::Query(&[("limit", Scalar::Number, "How many at the most; 50 without it.")]),
        &[(200, Answer::Json("DrillList"))],
        &[400, 404, 503],
    ),
    read(
        "/api/v1/drills",
        "Drills, newest last.",
        Input::Query(&[("limit", Scalar::Number, "How many at the most; 50 without it.")]),
        &[(200, Answer::Json("DrillList"))],
        &[400, 503],
    ),
    read(
        "/api/v1/drills/{id}",
        "A drill and what it measured.",
        Input::None,
        &[(200, Answer::Json("DrillReport"))],
        &[404, 503],
    ),
    read(
        "/api/v1/drills/report",
        "Measured recovery times by service.",
        Input::Query(&[
            ("service", Scalar::Text, "Of one service only."),
            ("sinceSecs", Scalar::Number, "How far back, in seconds; 365 days without it."),
        ]),
        &[(200, Answer::Json("RecoveryReport"))],
        &[400, 404, 503],
    ),
    write("/api/v1/pause", "Blocks automatic writes of every service.", "PauseRequest", BULK),
    write("/api/v1/resume", "Ends every pause.", "ReasonedRequest", BULK),
    read(
        "/api/v1/regions",
        "Every region, with how many services are there.",
        Input::None,
        &[(200, Answer::Json("RegionList"))],
        &[],
    ),
    write(
        "/api/v1/regions/{name}/evacuations",
        "Moves every service out of a region, or tells what that would do.",
        "EvacuationRequest",
        BEGUN,
    ),
    read(
        "/api/v1/evacuations",
        "Evacuations that are open and the newest of the others, oldest first.",
        Input::None,
        &[(200, Answer::Json("EvacuationList"))],
        &[],
    ),
    read("/api/v1/evacuations/{id}", "One evacuation, by its id or its region.", Input::None, EVACUATION, &[404]),
    write("/api/v1/evacuations/{id}/stop", "Moves nothing more.", "ReasonedRequest", EVACUATION),
    write("/api/v1/evacuations/{id}/resume", "Goes on.", "ReasonedRequest", EVACUATION),
    write("/api/v1/evacuations/{id}/close", "Ends it as it is.", "ReasonedRequest", EVACUATION),
    write("/api/v1/evacuations/{id}/return", "Brings back what it has moved.", "ReturnRequest", RETURNS),
    HEALTH[0],
    HEALTH[1],
    HEALTH[2],
    HEALTH[3],
];

/// Every operation of the monitor.
pub const MONITOR: &[Operation] = &[
    read(
        "/api/v1/evidence",
        "Evidence as it arises: a snapshot first, or what was missed.",
        Input::Header("Last-Event-ID", "The last event seen: `<incarnation>-<sequence>`."),
        &[(200, Answer::Events(&["Snapshot", "Transition", "Heartbeat"]))],
        &[503],
    ),
    Operation {
        method: Verb::Post,
        path: "/api/v1/probe",
        summary: "Runs an endpoint's probes once, now; moves no verdict.",
        input: Input::Json("ProbeRequest"),
        answers: &[(200, Answer::Json("ProbeReport"))],
        problems: &[400, 404, 503],
        access: Access::Operator,
    },
    Operation {
        method: Verb::Post,
        path: "/api/v1/ask",
        summary: "Asks an authoritative server of a provider with `verify: private` one question.",
        input: Input::Json("AskRequest"),
        answers: &[(200, Answer::Json("AskReport"))],
        problems: &[400, 503],
        access: Access::Operator,
    },
    Operation {
        method: Verb::Post,
        path: "/api/v1/drills",
        summary: "Counts a region of a service as failed for a drill, beside what is seen of it.",
        input: Input::Json("InjectionRequest"),
        answers: &[(200, Answer::Json("InjectionReport"))],
        problems: &[400, 404, 409, 503],
        access: Access::Operator,
    },
    Operation {
        method: Verb::Post,
        path: "/api/v1/drills/end",
        summary: "Ends that.",
        input: Input::Json("InjectionEnd"),
        answers: &[(200, Answer::Json("InjectionReport"))],
        problems: &[400, 503],
        access: Access::Operator,
    },
    HEALTH[0],
    HEALTH[1],
    HEALTH[2],
    HEALTH[3],
];

/// Every operation of the sync daemon.
pub const SYNC: &[Operation] = &[
    read(
        "/api/v1/sync",
        "How each zone and each of its targets stands.",
        Input::None,
        &[(200, Answer::Json("SyncReport"))],
        &[],
    ),
    HEALTH[0],
    HEALTH[1],
    HEALTH[2],
    HEALTH[3],
];

const fn open(
    path: &'static str,
    summary: &'static str,
    answers: &'static [(u16, Answer)],
    problems: &'static [u16],
) -> Operation {
    Operation { method: Verb::Get, path, summary, input: Input::None, answers, problems, access: Access::Open }
}

const fn read(
    path: &'static str,
    summary: &'static str,
    input: Input,
    answers: &'static [(u16, Answer)],
    problems: &'static [u16],
) -> Operation {
    Operation { method: Verb::Get, path, summary, input, answers, problems, access: Access::Viewer }
}

const fn write(
    path: &'static str,
    summary: &'static str,
    body: &'static str,
    answers: &'static [(u16, Answer)],
) -> Operation {
    let input = Input::Json(body);
    let problems = &[400, 404, 409, 503];
    Operation { method: Verb::Post, path, summary, input, answers, problems, access: Access::Operator }
}
