//! Answers that a provider makes itself: the addresses of a load balancer, or of its own proxy.

use std::fmt;

use hickory_proto::rr::Name;
use serde::{Deserialize, Serialize};

use super::{RrsetError, name_text};

/// A load balancer whose addresses the provider answers with, as Route 53's alias records do: also at the apex of a zone,
/// where a CNAME cannot stand.
///
/// Whether the target is healthy is never asked of the provider: that is what the vantage points are for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "AliasText", into = "AliasText")]
pub struct Alias {
    target: Name,
    zone_id: String,
}

impl Alias {
    /// How long answers from an alias may be kept, in seconds: an alias has no TTL of its own, and load balancers' names
    /// have this one (Route 53 Developer Guide, "Choosing between alias and non-alias records").
    pub const TTL_SECS: u64 = 60;

    /// The longest id of a hosted zone, as the API limits it.
    const ZONE_ID_BYTES_MAX: usize = 32;

    /// An alias of `target`, which lies in the hosted zone `zone_id` of the load balancer (not of the record).
    ///
    /// # Errors
    /// [`RrsetError::Value`] if `zone_id` is no id.
    pub fn new(target: &Name, zone_id: &str) -> Result<Self, RrsetError> {
        let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if zone_id.is_empty() || zone_id.len() > Self::ZONE_ID_BYTES_MAX || !zone_id.bytes().all(allowed) {
            let expected = "id of a hosted zone, such as Z32O12XQLNTSW2";
            return Err(RrsetError::Value { text: zone_id.to_owned(), expected });
        }
        let mut target = target.to_lowercase();
        target.set_fqdn(true);
        Ok(Self { target, zone_id: zone_id.to_owned() })
    }

    /// The load balancer's name.
    pub fn target(&self) -> &Name {
        &self.target
    }

    /// The hosted zone that the load balancer's name lies in.
    pub fn zone_id(&self) -> &str {
        &self.zone_id
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "alias of {} in {}", self.target, self.zone_id)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AliasText {
    #[serde(with = "name_text")]
    target: Name,
    zone_id: String,
}

impl From<Alias> for AliasText {
    fn from(Alias { target, zone_id }: Alias) -> Self {
        Self { target, zone_id }
    }
}

impl TryFrom<AliasText> for Alias {
    type Error = RrsetError;
    fn try_from(AliasText { target, zone_id }: AliasText) -> Result<Self, Self::Error> {
        Self::new(&target, &zone_id)
    }
}
