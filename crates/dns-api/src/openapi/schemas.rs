//! The wire types that the documents describe.

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
pub(super) struct ControllerTypes;

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
pub(super) struct MonitorTypes;

/// The types of the sync daemon.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(
    crate::sync::SyncReport,
    crate::sync::ZoneReport,
    crate::sync::SourceReport,
    crate::sync::SourceState,
    crate::sync::TargetReport,
    crate::sync::TargetState,
    crate::sync::DriftReport,
    crate::sync::AttributionReport,
    crate::sync::AttributionBasis,
    crate::problem::Problem,
)))]
pub(super) struct SyncTypes;
