//! Every call of the controller's API, by name.

use dns_core::identifier::{GroupName, RegionName, ServiceName};

use super::{ClientError, ControllerClient, HistoryFilter, ObservationFilter, RecoveryFilter};
use crate::approval::{AnswerRequest, ApprovalList, ApprovalOutcome};
use crate::by_hand::MoveRecord;
use crate::command::{Accepted, BulkAccepted, DecisionReport, FailoverRequest, PauseRequest, ReasonedRequest};
use crate::drill::{DrillList, DrillReport, DrillRequest, DrillStopRequest, RecoveryReport};
use crate::evacuation::{
    EvacuationList, EvacuationPreview, EvacuationReport, EvacuationRequest, RegionList, ReturnRequest,
};
use crate::explain::{ExplanationReport, ObservationReport};
use crate::group::GroupList;
use crate::history::HistoryPage;
use crate::status::{ServiceDetail, ServiceList, ServiceReport, StatusReport};

impl ControllerClient {
    /// Every service, and every vantage point.
    pub async fn services(&self) -> Result<ServiceList, ClientError> {
        self.get(&["services"], &()).await
    }

    /// The same, with everything that a person should see.
    pub async fn status(&self) -> Result<StatusReport, ClientError> {
        self.get(&["services"], &()).await
    }

    /// One service with its evidence.
    pub async fn service(&self, name: &ServiceName) -> Result<ServiceReport, ClientError> {
        self.get(&["services", name.as_str()], &()).await
    }

    /// The same, with each of its places.
    pub async fn service_detail(&self, name: &ServiceName) -> Result<ServiceDetail, ClientError> {
        self.get(&["services", name.as_str()], &()).await
    }

    /// A page of history, newest last.
    pub async fn history(&self, filter: &HistoryFilter) -> Result<HistoryPage, ClientError> {
        self.get(&["history"], filter).await
    }

    /// How a decision stands.
    pub async fn decision(&self, id: &str) -> Result<DecisionReport, ClientError> {
        self.get(&["decisions", id], &()).await
    }

    /// Why nothing happens to a service right now.
    pub async fn explanation(&self, name: &ServiceName) -> Result<ExplanationReport, ClientError> {
        self.get(&["services", name.as_str(), "explanation"], &()).await
    }

    /// What services that only observe would have done.
    pub async fn observations(&self, filter: &ObservationFilter) -> Result<ObservationReport, ClientError> {
        self.get(&["observations"], filter).await
    }

    /// What waits for a second person.
    pub async fn approvals(&self) -> Result<ApprovalList, ClientError> {
        self.get(&["approvals"], &()).await
    }

    /// What became of something that waited for a second person.
    pub async fn approval(&self, id: &str) -> Result<ApprovalOutcome, ClientError> {
        self.get(&["approvals", id], &()).await
    }

    /// Agrees, as the second person.
    pub async fn approve(&self, id: &str, request: &AnswerRequest) -> Result<Accepted, ClientError> {
        self.post(&["approvals", id, "approve"], request).await
    }

    /// Says no, or takes it back.
    pub async fn decline(&self, id: &str, request: &AnswerRequest) -> Result<Accepted, ClientError> {
        self.post(&["approvals", id, "decline"], request).await
    }

    /// Begins a drill.
    pub async fn begin_drill(&self, name: &ServiceName, request: &DrillRequest) -> Result<DrillReport, ClientError> {
        self.post(&["services", name.as_str(), "drills"], request).await
    }

    /// Ends the drill of a service and brings the service back.
    pub async fn stop_drill(&self, name: &ServiceName) -> Result<DrillReport, ClientError> {
        self.post(&["services", name.as_str(), "drills", "stop"], &DrillStopRequest {}).await
    }

    /// The newest drills, of one service or of all, newest last.
    pub async fn drills(&self, name: Option<&ServiceName>, limit: u32) -> Result<DrillList, ClientError> {
        match name {
            Some(name) => self.get(&["services", name.as_str(), "drills"], &[("limit", limit)]).await,
            None => self.get(&["drills"], &[("limit", limit)]).await,
        }
    }

    /// A drill and what it measured.
    pub async fn drill(&self, id: &str) -> Result<DrillReport, ClientError> {
        self.get(&["drills", id], &()).await
    }

    /// Measured recovery times.
    pub async fn recovery(&self, filter: &RecoveryFilter) -> Result<RecoveryReport, ClientError> {
        self.get(&["drills", "report"], filter).await
    }

    /// Moves a service to a region.
    pub async fn failover(&self, name: &ServiceName, request: &FailoverRequest) -> Result<Accepted, ClientError> {
        self.post(&["services", name.as_str(), "failover"], request).await
    }

    /// Moves a service back to its preferred region.
    pub async fn failback(&self, name: &ServiceName, request: &ReasonedRequest) -> Result<Accepted, ClientError> {
        self.post(&["services", name.as_str(), "failback"], request).await
    }

    /// Blocks automatic writes of a service.
    pub async fn pause(&self, name: &ServiceName, request: &PauseRequest) -> Result<Accepted, ClientError> {
        self.post(&["services", name.as_str(), "pause"], request).await
    }

    /// Ends a pause.
    pub async fn resume(&self, name: &ServiceName, request: &ReasonedRequest) -> Result<Accepted, ClientError> {
        self.post(&["services", name.as_str(), "resume"], request).await
    }

    /// Takes a service's records under a fence.
    pub async fn adopt(&self, name: &ServiceName, request: &ReasonedRequest) -> Result<Accepted, ClientError> {
        self.post(&["services", name.as_str(), "adopt"], request).await
    }

    /// Leaves a service's records and turns its fence into a tombstone.
    pub async fn release(&self, name: &ServiceName, request: &ReasonedRequest) -> Result<Accepted, ClientError> {
        self.post(&["services", name.as_str(), "release"], request).await
    }

    /// Tells of a move that was made by hand.
    pub async fn tell(&self, name: &ServiceName, record: &MoveRecord) -> Result<Accepted, ClientError> {
        self.post(&["services", name.as_str(), "facts"], record).await
    }

    /// Blocks automatic writes of every service.
    pub async fn pause_all(&self, request: &PauseRequest) -> Result<BulkAccepted, ClientError> {
        self.post(&["pause"], request).await
    }

    /// Ends every pause.
    pub async fn resume_all(&self, request: &ReasonedRequest) -> Result<BulkAccepted, ClientError> {
        self.post(&["resume"], request).await
    }

    /// Every region.
    pub async fn regions(&self) -> Result<RegionList, ClientError> {
        self.get(&["regions"], &()).await
    }

    /// Evacuations that are open, and the newest of the others.
    pub async fn evacuations(&self) -> Result<EvacuationList, ClientError> {
        self.get(&["evacuations"], &()).await
    }

    /// One evacuation, by its id or its region.
    pub async fn evacuation(&self, which: &str) -> Result<EvacuationReport, ClientError> {
        self.get(&["evacuations", which], &()).await
    }

    /// What an evacuation would do. The request must ask for a preview.
    pub async fn preview_evacuation(
        &self,
        region: &RegionName,
        request: &EvacuationRequest,
    ) -> Result<EvacuationPreview, ClientError> {
        self.post(&["regions", region.as_str(), "evacuations"], request).await
    }

    /// Moves every service out of a region. The request must not ask for a preview.
    pub async fn evacuate(
        &self,
        region: &RegionName,
        request: &EvacuationRequest,
    ) -> Result<EvacuationReport, ClientError> {
        self.post(&["regions", region.as_str(), "evacuations"], request).await
    }

    /// Stops, resumes or closes an evacuation: `verb` is the last part of the path.
    pub async fn steer_evacuation(
        &self,
        which: &str,
        verb: &str,
        request: &ReasonedRequest,
    ) -> Result<EvacuationReport, ClientError> {
        self.post(&["evacuations", which, verb], request).await
    }

    /// Brings back what an evacuation has moved.
    pub async fn return_evacuated(
        &self,
        which: &str,
        request: &ReturnRequest,
    ) -> Result<EvacuationReport, ClientError> {
        self.post(&["evacuations", which, "return"], request).await
    }

    /// Every group.
    pub async fn groups(&self) -> Result<GroupList, ClientError> {
        self.get(&["groups"], &()).await
    }

    /// Moves all services of a group to a region.
    pub async fn group_failover(&self, name: &GroupName, request: &FailoverRequest) -> Result<Accepted, ClientError> {
        self.post(&["groups", name.as_str(), "failover"], request).await
    }

    /// Moves all services of a group back to their preferred region.
    pub async fn group_failback(&self, name: &GroupName, request: &ReasonedRequest) -> Result<Accepted, ClientError> {
        self.post(&["groups", name.as_str(), "failback"], request).await
    }

    /// Blocks automatic writes of every service of a group.
    pub async fn group_pause(&self, name: &GroupName, request: &PauseRequest) -> Result<BulkAccepted, ClientError> {
        self.post(&["groups", name.as_str(), "pause"], request).await
    }

    /// Ends the pause of a group.
    pub async fn group_resume(&self, name: &GroupName, request: &ReasonedRequest) -> Result<BulkAccepted, ClientError> {
        self.post(&["groups", name.as_str(), "resume"], request).await
    }
}
