//! Groups as the controller serves them: `GET /api/v1/groups`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Answer of `GET /api/v1/groups`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupList {
    /// Every group, as configured.
    pub groups: Vec<GroupReport>,
}

/// Services that move together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupReport {
    /// Name.
    pub name: String,
    /// When it leaves a region: how many of its members must fail there.
    pub move_when: String,
    /// The region that all of its members are in; absent if they are not in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<String>,
    /// The decision that members have yet to come along with; absent if none is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// How it stands, in a sentence.
    pub summary: String,
    /// Its members, in the order in which they move.
    pub members: Vec<GroupMemberReport>,
}

/// A service in its group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupMemberReport {
    /// The service.
    pub service: String,
    /// The region whose records are served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<String>,
    /// The machine's state, in its diagram's words.
    pub state: String,
    /// Whether its last move was seen to be served everywhere, and no other has begun.
    pub arrived: bool,
    /// The members that it is moved after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// The decision of the group that brought it to where it is; absent if it was moved by itself, or never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// Why it does not move although it should: the first refusing rule, with its reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// A pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<String>,
    /// Whether someone should be awake.
    pub page: bool,
}
