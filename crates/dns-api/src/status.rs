//! Services as the controller serves them: `GET /api/v1/services` and `GET /api/v1/services/{name}`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `GET /api/v1/services`: every service, and everything that a person should see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusReport {
    /// Every service and vantage point.
    #[serde(flatten)]
    pub list: ServiceList,
    /// The lines of every service's `attention`, each with whether it should wake someone; services by name, pages first.
    #[serde(default)]
    pub concerns: Vec<ConcernReport>,
    /// Evacuations that are open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evacuations: Vec<crate::evacuation::EvacuationReport>,
}

/// One thing that a person should see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConcernReport {
    /// The service.
    pub service: String,
    /// A sentence, with what to do where that is known.
    pub text: String,
    /// Whether it should wake someone.
    pub page: bool,
}

/// Every service and vantage point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceList {
    /// The controller that answers.
    pub controller: String,
    /// Every service, by name.
    pub services: Vec<ServiceSummary>,
    /// Every vantage point, by name.
    pub vantage_points: Vec<VantageReport>,
    /// Whether the store takes commits; its error if it doesn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_error: Option<String>,
}

/// One line of `status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceSummary {
    /// Name.
    pub name: String,
    /// `observe` or `active`.
    pub mode: String,
    /// The machine's state, in its diagram's words.
    pub state: String,
    /// How long it has been in that state.
    pub state_age_ms: u64,
    /// The group that it moves with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The region whose records are served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<String>,
    /// The judgement of each region, in order of preference.
    pub regions: Vec<RegionSummary>,
    /// Why nothing moves although something is wanted; the first refusing rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldReport>,
    /// How far it has come, while it comes back to its preferred region in steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coming_back: Option<ComingBackReport>,
    /// Every place of the service, in the order in which they decide; empty if there is only one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<PlaceReport>,
    /// What a person should see first: provider errors, foreign changes, open writes; empty if all is well.
    pub attention: Vec<String>,
    /// Whether someone should be awake.
    pub page: bool,
}

/// A service that comes back to its preferred region in steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComingBackReport {
    /// The region that it comes back to.
    pub to: String,
    /// Its share of the answers.
    pub percent: u8,
    /// Since when, RFC 3339.
    pub since: String,
    /// When the next step is due, RFC 3339, if it waits for nothing but its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// What the next step waits for beside its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
}

/// One of several places of a service: a zone at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlaceReport {
    /// How it is told from the others: the provider, with the zone if there are several zones.
    pub name: String,
    /// Provider.
    pub provider: String,
    /// Zone.
    pub zone: String,
    /// The region whose records it serves, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<String>,
    /// The epoch of its fence, as last read or written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// The rev of its fence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<u64>,
    /// What the last read of the zone meant.
    pub standing: String,
    /// The state of its machine.
    pub state: String,
    /// Why it cannot be read or written now; absent if it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Whether it is not where the service is by its newest fence.
    pub diverges: bool,
}

/// What is known of one of several places, as the report tells it of a service's only one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlaceDetail {
    /// Where it stands.
    #[serde(flatten)]
    pub place: PlaceReport,
    /// The fence, as last read or written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<FenceReport>,
    /// More about the standing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing_detail: Option<String>,
    /// How long ago the zone was read; absent if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_age_ms: Option<u64>,
    /// The records that the zone serves, in presentation form.
    pub records: Vec<String>,
    /// The write under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenWriteReport>,
    /// How the last write failed; absent if none did since one succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_error: Option<String>,
    /// How the last write was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerificationReport>,
}

/// One region in a summary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegionSummary {
    /// Name.
    pub name: String,
    /// `healthy`, `failing` or `unknown`.
    pub judgement: String,
    /// Whether a quorum has seen it healthy for its ready-time.
    pub proven: bool,
    /// How long it has been ready: proven, with every gate open; absent if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_age_ms: Option<u64>,
    /// The gates that are not open, and keep records from moving there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shut_gates: Vec<String>,
}

/// Why something that is wanted does not happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldReport {
    /// What is wanted: a kind of write.
    pub wanted: String,
    /// The rules that said no, in order of precedence.
    pub rejections: Vec<crate::problem::RejectionReport>,
    /// For how long.
    pub age_ms: u64,
}

/// One vantage point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VantageReport {
    /// Name.
    pub name: String,
    /// `sighted`, `blind` or `silent`.
    pub sight: String,
    /// Why it is blind or silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long ago it was last heard; absent if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_age_ms: Option<u64>,
    /// Digest of its configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
}

/// Answer of `GET /api/v1/services/{name}`: one service, and each of its places.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceDetail {
    /// The service, as the place tells it that decides now.
    #[serde(flatten)]
    pub report: ServiceReport,
    /// Every place with all that is known of it, in the order in which they decide; empty if there is only one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<PlaceDetail>,
}

/// One service with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceReport {
    /// The summary.
    pub summary: ServiceSummary,
    /// Zone.
    pub zone: String,
    /// Provider.
    pub provider: String,
    /// How many vantage points must agree.
    pub quorum: usize,
    /// Evidence, per region and endpoint.
    pub regions: Vec<RegionReport>,
    /// The fence, as last read or written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<FenceReport>,
    /// What the last read of the zone meant: `unread`, `unadopted`, `held`, `released`, `foreign` …
    pub standing: String,
    /// More about the standing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing_detail: Option<String>,
    /// How long ago the zone was read; absent if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_age_ms: Option<u64>,
    /// The records that the zone serves, in presentation form.
    pub records: Vec<String>,
    /// A pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<String>,
    /// A pin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
    /// The write under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenWriteReport>,
    /// How the last write was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerificationReport>,
    /// How far a panel of recursive resolvers has followed the last move, in each place; empty without a panel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drains: Vec<DrainReport>,
}

/// How far resolvers' caches have followed a move in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DrainReport {
    /// The move.
    pub decision: String,
    /// The provider.
    pub provider: String,
    /// The zone.
    pub zone: String,
    /// Whether resolvers are still asked.
    pub running: bool,
    /// How many serve the new records.
    pub served: usize,
    /// Of how many.
    pub of: usize,
    /// The share, in whole percent.
    pub percent: usize,
    /// By when the rest should serve them, while resolvers are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest_ms: Option<u64>,
    /// The same in a sentence.
    pub summary: String,
    /// Every resolver.
    pub resolvers: Vec<ResolverReport>,
}

/// One recursive resolver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResolverReport {
    /// Address and port.
    pub resolver: String,
    /// `new`, `old` or `silent`.
    pub outcome: String,
    /// From the move to the first new answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// How long it may keep its old answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest_ms: Option<u64>,
    /// What it answered, or why it didn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// One region with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegionReport {
    /// Judgement.
    pub summary: RegionSummary,
    /// Endpoints.
    pub endpoints: Vec<EndpointVotes>,
    /// Gates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateReport>,
}

/// One gate of a region: what must say yes, beside the probes, before records move there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GateReport {
    /// Its name.
    pub name: String,
    /// `open`, `closed` or `unknown`.
    pub state: String,
    /// Its figures, or why it is not open.
    pub said: String,
    /// For how long; absent if it was never asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
    /// How long ago the newest question was sent that has an outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_age_ms: Option<u64>,
}

/// One endpoint with what each vantage point says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndpointVotes {
    /// Address or host name.
    pub endpoint: String,
    /// Judgement.
    pub judgement: String,
    /// By vantage point.
    pub votes: Vec<VoteReport>,
    /// Whole days until the certificate ends that it serves; absent if none was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_days_left: Option<u64>,
}

/// One vantage point's opinion of one endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VoteReport {
    /// The vantage point.
    pub vantage: String,
    /// `healthy`, `failing`, `undecided`, `blind`, `silent` or `notCovered`.
    pub vote: String,
    /// Since when, for healthy and failing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<u64>,
    /// What it last saw go wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A fence, read for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FenceReport {
    /// Its owner name.
    pub name: String,
    /// Counts moves.
    pub epoch: u64,
    /// Counts writes.
    pub rev: u64,
    /// The active region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<String>,
    /// Which controller wrote.
    pub by: String,
    /// When the service last moved, RFC 3339 in UTC.
    pub moved: String,
    /// When it was released, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<String>,
    /// The strings of the TXT record.
    pub text: Vec<String>,
}

/// A write under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenWriteReport {
    /// Its decision.
    pub decision: String,
    /// Its kind.
    pub kind: String,
    /// `pending`, `sent` or `burning`.
    pub stage: String,
    /// How long ago it was decided.
    pub age_ms: u64,
    /// The last error, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How a write arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerificationReport {
    /// The decision.
    pub decision: String,
    /// Whether it is still going on.
    pub running: bool,
    /// Every authoritative server.
    pub servers: Vec<ServerReport>,
}

/// One authoritative server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerReport {
    /// Address and port.
    pub server: String,
    /// `served`, `old` or `silent`; `unobservable` for a record whose answers are the provider's own, such as its proxy's.
    pub outcome: String,
    /// From the beginning of the verification, right after the write was read back, to the first new answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// What it last answered or why it didn't; of a server in a private network also which vantage point saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
