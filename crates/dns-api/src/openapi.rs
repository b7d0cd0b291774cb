//! The OpenAPI documents of controller and monitor.
//!
//! What a document says comes from one table of operations per program and from the wire types themselves. The
//! daemons compare the table with their routes, so neither can say what the other doesn't.

mod operation;

use utoipa::OpenApi as _;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder};

/// The name of the bearer scheme in the documents.
const BEARER: &str = "bearer";

/// One operation of an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// `GET` or `POST`.
    pub method: Verb,
    /// The path, parameters in braces.
    pub path: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// What it takes besides its path.
    pub input: Input,
    /// The statuses of success, with what each answers.
    pub answers: &'static [(u16, Answer)],
    /// The statuses of problems.
    pub problems: &'static [u16],
    /// Who may call it.
    pub access: Access,
}

/// The methods of the APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Changes, or asks for work.
    Post,
}

/// What an operation takes besides its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Nothing.
    None,
    /// A JSON body of this type.
    Json(&'static str),
    /// Query parameters: name, whether it is a number, what for.
    Query(&'static [(&'static str, Scalar, &'static str)]),
    /// A header: name, what for.
    Header(&'static str, &'static str),
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A string.
    Text,
    /// A whole number from 0.
    Number,
}

/// What an operation answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// JSON of this type.
    Json(&'static str),
    /// Server-sent events whose data are of these types.
    Events(&'static [&'static str]),
    /// Plain text: what it says.
    Text(&'static str),
    /// A JSON document without a type of ours: what it is.
    Document(&'static str),
}

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everyone who can connect.
    Open,
    /// Holders of a token, once any is configured.
    Viewer,
    /// Holders of a token with the role operator.
    Operator,
}

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

/// Names every wire type to the documents; the types that these hold come along.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(
    crate::approval::AnswerRequest,
    crate::approval::ApprovalList,
    crate::approval::ApprovalOutcome,
    crate::by_hand::MoveRecord,
    crate::command::Accepted,
    crate::command::BulkAccepted,
    crate::command::DecisionReport,
    crate::command::FailoverRequest,
    crate::command::PauseRequest,
    crate::command::ReasonedRequest,
    crate::evacuation::EvacuationList,
    crate::evacuation::EvacuationPreview,
    crate::evacuation::EvacuationReport,
    crate::evacuation::EvacuationRequest,
    crate::evacuation::RegionList,
    crate::evacuation::ReturnRequest,
    crate::drill::DrillList,
    crate::drill::DrillReport,
    crate::drill::DrillRequest,
    crate::drill::DrillStopRequest,
    crate::drill::RecoveryReport,
    crate::explain::ExplanationReport,
    crate::explain::ObservationReport,
    crate::group::GroupList,
    crate::history::HistoryPage,
    crate::problem::Problem,
    crate::status::ServiceDetail,
    crate::status::ServiceList,
    crate::status::ServiceReport,
    crate::status::StatusReport,
)))]
struct ControllerTypes;

/// As [`ControllerTypes`], for the monitor.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(
    crate::ask::AskReport,
    crate::ask::AskRequest,
    crate::evidence::Heartbeat,
    crate::evidence::Snapshot,
    crate::evidence::Transition,
    crate::injection::InjectionEnd,
    crate::injection::InjectionReport,
    crate::injection::InjectionRequest,
    crate::probe::ProbeReport,
    crate::probe::ProbeRequest,
    crate::problem::Problem,
)))]
struct MonitorTypes;

/// The controller's document.
pub fn controller() -> OpenApi {
    document("failover-controller", CONTROLLER, ControllerTypes::openapi().components)
}

/// The monitor's document.
pub fn monitor() -> OpenApi {
    document("dns-monitor", MONITOR, MonitorTypes::openapi().components)
}

fn document(title: &str, operations: &[Operation], components: Option<Components>) -> OpenApi {
    let mut components = components.unwrap_or_default();
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    components.add_security_scheme(BEARER, bearer);
    let paths = operations
        .iter()
        .fold(PathsBuilder::new(), |paths, operation| paths.path(operation.path, operation.path_item()));
    OpenApiBuilder::new()
        .info(InfoBuilder::new().title(title).version(env!("CARGO_PKG_VERSION")).build())
        .paths(paths.build())
        .components(Some(components))
        .build()
}

impl From<Verb> for HttpMethod {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::Get => Self::Get,
            Verb::Post => Self::Post,
        }
    }
}

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

#[cfg(test)]
mod tests;
