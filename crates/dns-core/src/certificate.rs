//! When the certificates end that endpoints serve, as vantage points see it.
//!
//! One that has ended fails its endpoint, since every https probe checks that; this is for the days before. Nothing is
//! decided by it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::evidence::{EndpointKey, EvidenceBook};
use crate::identifier::RegionName;
use crate::judgement::{EndpointJudgement, Judgement};
use crate::service::Service;
use crate::time::Timestamp;

/// The length of a day, in which people count such times.
const DAY: Duration = Duration::from_hours(24);

/// The end of a certificate. It changes once a day, so that a judgement does not change with every look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CertificateEnd {
    /// When it ends, by this process's clock.
    pub until: Timestamp,
    /// Whole days that are left.
    pub days_left: u64,
    /// Whether that is less than the policy wants people to know of.
    pub is_soon: bool,
}

impl Judgement {
    /// Adds to each endpoint when the certificate ends that it serves: the first one, of all that its fresh vantage points
    /// see.
    #[must_use]
    pub fn with_certificates(mut self, service: &Service, book: &EvidenceBook, now: Timestamp) -> Self {
        for (region, judged) in self.regions.iter_mut() {
            for endpoint in &mut judged.endpoints {
                endpoint.certificate = end(service, region, endpoint, book, now);
            }
        }
        self
    }
}

fn end(
    service: &Service,
    region: &RegionName,
    endpoint: &EndpointJudgement,
    book: &EvidenceBook,
    now: Timestamp,
) -> Option<CertificateEnd> {
    let fresh = endpoint.votes.keys().filter_map(|vantage| book.get(vantage)).filter(|evidence| evidence.is_fresh(now));
    let key =
        EndpointKey { service: service.name.clone(), region: region.clone(), endpoint: endpoint.endpoint.clone() };
    let id = key.id();
    let until = fresh.filter_map(|evidence| evidence.endpoints.get(id)?.certificate_until).min()?;
    let left = until.since(now);
    let days_left = left.as_secs() / DAY.as_secs();
    Some(CertificateEnd { until, days_left, is_soon: left < service.policy.certificate_warning })
}

#[cfg(test)]
mod tests;
