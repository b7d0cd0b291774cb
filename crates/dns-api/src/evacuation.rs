//! Evacuations of regions by order: `/api/v1/regions` and `/api/v1/evacuations`.

use dns_core::identifier::RegionName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::RejectionReport;

/// Body of `POST /api/v1/regions/{name}/evacuations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EvacuationRequest {
    /// Where everything goes; without it each service goes to its first region that is ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub to: Option<RegionName>,
    /// Why; kept in history and in every fence.
    pub reason: String,
    /// Rules of the kernel to override for every service, by name.
    #[serde(default)]
    pub overrides: Vec<String>,
    /// The largest wave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave_max: Option<usize>,
    /// Only tells what would be done.
    #[serde(default)]
    pub preview: bool,
}

/// Body of `POST /api/v1/evacuations/{id}/return`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReturnRequest {
    /// Why; kept in history and in every fence.
    pub reason: String,
    /// Rules of the kernel to override for every service, by name.
    #[serde(default)]
    pub overrides: Vec<String>,
    /// The largest wave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave_max: Option<usize>,
}

/// What an evacuation would do now: the answer if only a preview is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvacuationPreview {
    /// The region that would be left.
    pub region: String,
    /// Where everything would go; absent if each service has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How many would move.
    pub moving: usize,
    /// How many the kernel would refuse.
    pub held: usize,
    /// How many would stay, as they are elsewhere, only observe, or are not known.
    pub staying: usize,
    /// The sizes of the waves.
    pub waves: Vec<usize>,
    /// What it would ask of each provider.
    pub providers: Vec<ProviderEffort>,
    /// The first rule that holds services, each with how many.
    pub held_by: Vec<Reasons>,
    /// Why services would stay, each with how many.
    pub staying_as: Vec<Reasons>,
    /// Each service of the region.
    pub services: Vec<ForecastReport>,
}

/// What an evacuation would ask of a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderEffort {
    /// The provider.
    pub provider: String,
    /// Moves that are written there.
    pub writes: usize,
    /// The least calls of its API that they take; absent if its calls are not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<usize>,
    /// The least time that they take, by the calls that may be made; 0 if they are not counted.
    pub least_ms: u64,
}

/// Services that have one reason in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reasons {
    /// The rule, or the reason in a word.
    pub what: String,
    /// How many.
    pub count: usize,
    /// The first of them.
    pub service: String,
    /// What was said of it.
    pub why: String,
    /// Whether an order may override the rule.
    pub overridable: bool,
}

/// What would become of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForecastReport {
    /// The service.
    pub service: String,
    /// `moves`, `held` or `stays`.
    pub outcome: String,
    /// Where to, if it would move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Why it would stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What would refuse it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejections: Vec<RejectionReport>,
}

/// One evacuation, or one return.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvacuationReport {
    /// Its id.
    pub id: String,
    /// The region that is left; of a return, the one that is returned to.
    pub region: String,
    /// Where everything goes; absent if each service has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Of a return: the evacuation that is undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<String>,
    /// Who ordered it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Rules that are overridden.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<String>,
    /// The largest wave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave_max: Option<usize>,
    /// When it was ordered.
    pub started: String,
    /// `running`, `stopped` or `ended`.
    pub stage: String,
    /// Since when.
    pub since: String,
    /// Who stopped or ended it; absent if it did so by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<String>,
    /// Why it stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whether someone should be woken: it stopped by itself.
    pub page: bool,
    /// How many services it concerns.
    pub services: usize,
    /// They have not begun, those that are held among them.
    pub waiting: usize,
    /// Decided or written, and not seen to be served yet.
    pub moving: usize,
    /// Served.
    pub served: usize,
    /// Written, and not every authoritative server served it in time.
    pub unverified: usize,
    /// Not written, tried several times.
    pub failed: usize,
    /// How many of those that wait the kernel has refused.
    pub held_count: usize,
    /// These, or the first of them where several evacuations are told of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldService>,
}

impl EvacuationReport {
    /// It in one line: what, how far, and whether it goes on.
    pub fn headline(&self) -> String {
        let Self { region, stage, services, waiting, moving, served, unverified, failed, held_count, .. } = self;
        let what = if self.undoes.is_some() { "return to" } else { "evacuation of" };
        let rest = [(held_count, "held"), (unverified, "not verified"), (failed, "failed")];
        let rest = rest.iter().filter(|(count, _)| **count > 0).map(|(count, word)| format!(", {count} {word}"));
        let rest: String = rest.collect();
        format!("{what} {region} {stage}: {served} of {services} served, {moving} moving, {waiting} waiting{rest}")
    }
}

/// A service that the kernel has refused to move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldService {
    /// The service.
    pub service: String,
    /// What refuses it.
    pub rejections: Vec<RejectionReport>,
}

/// Answer of `GET /api/v1/evacuations`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvacuationList {
    /// Those that are open and the newest of the others, oldest first.
    pub evacuations: Vec<EvacuationReport>,
}

/// Answer of `GET /api/v1/regions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegionList {
    /// Every region, in order of preference.
    pub regions: Vec<RegionStanding>,
}

/// One region over all services.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegionStanding {
    /// Its name.
    pub name: String,
    /// Services that have it.
    pub services: usize,
    /// Those that are there.
    pub active: usize,
    /// Those of them that fail there by their quorums.
    pub failing: usize,
    /// Those that are elsewhere and could move there: it is proven for them.
    pub proven: usize,
    /// The open evacuation of it: id and stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evacuation: Option<String>,
}
