//! What one vantage point knows of each endpoint, in little room: three of them speak of every endpoint of every service.
//!
//! An endpoint is found by the digest of its key: a hundred thousand services have names and addresses enough, and none of
//! them is needed again here. The words of an error stand apart, since nearly all endpoints have none.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use super::{EndpointEvidence, EndpointKey, Spec, Verdict};
use crate::digest::Digest;
use crate::identifier::{RegionName, ServiceName};
use crate::time::Timestamp;

/// How an endpoint is found among what was seen: half of a digest. Two of a million endpoints are alike in it once in tens of
/// millions of installations, and one of these two then counts as not covered, since what is found must also have the same
/// [`Spec`], which names the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EndpointId(u64);

/// What one vantage point knows, by endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sightings {
    /// In the order of their ids.
    seen: Vec<Sighting>,
    errors: BTreeMap<EndpointId, Box<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sighting {
    id: EndpointId,
    since: Timestamp,
    spec: Spec,
    /// In seconds: certificates end at whole ones.
    certificate_until: Option<NonZeroU32>,
    /// Runs in a row; a verdict changes long before there are as many as fit.
    contradicting: u16,
    verdict: Verdict,
}

impl EndpointKey {
    /// How it is found among what was seen.
    pub fn id(&self) -> EndpointId {
        let Self { service, region, endpoint } = self;
        EndpointId::of(service, region, endpoint)
    }
}

impl EndpointId {
    /// The same without a key.
    pub fn of(service: &ServiceName, region: &RegionName, endpoint: &str) -> Self {
        Self(Digest::over([service.as_str().as_bytes(), region.as_str().as_bytes(), endpoint.as_bytes()]).half())
    }
}

impl Sightings {
    /// What it knows of an endpoint.
    pub fn get(&self, id: EndpointId) -> Option<EndpointEvidence> {
        let rank = self.rank(id).ok()?;
        Some(self.seen[rank].told(self.errors.get(&id).map(|error| error.as_ref().to_owned())))
    }

    /// Takes in what it says of an endpoint that it covers; false, and nothing is taken in, if it does not cover it.
    pub fn replace(&mut self, id: EndpointId, evidence: EndpointEvidence) -> bool {
        let is_covered = self.rank(id).is_ok();
        if is_covered {
            self.insert(id, evidence);
        }
        is_covered
    }

    /// Takes in what it says of an endpoint, whether it covered that before or not.
    pub fn insert(&mut self, id: EndpointId, evidence: EndpointEvidence) {
        let (sighting, error) = Sighting::of(id, evidence);
        match self.rank(id) {
            Ok(rank) => self.seen[rank] = sighting,
            Err(rank) => self.seen.insert(rank, sighting),
        }
        match error {
            Some(error) => self.errors.insert(id, error),
            None => self.errors.remove(&id),
        };
    }

    /// How many endpoints it covers.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether it covers none.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    fn rank(&self, id: EndpointId) -> Result<usize, usize> {
        self.seen.binary_search_by_key(&id, |sighting| sighting.id)
    }
}

/// A key that comes twice keeps the last.
impl FromIterator<(EndpointKey, EndpointEvidence)> for Sightings {
    fn from_iter<I: IntoIterator<Item = (EndpointKey, EndpointEvidence)>>(all: I) -> Self {
        let (mut seen, mut errors) = (Vec::new(), BTreeMap::new());
        for (key, evidence) in all {
            let (sighting, error) = Sighting::of(key.id(), evidence);
            seen.push(sighting);
            match error {
                Some(error) => errors.insert(sighting.id, error),
                None => errors.remove(&sighting.id),
            };
        }
        // Stable, so of those that are equal the last said stands first once they are turned round.
        seen.reverse();
        seen.sort_by_key(|sighting| sighting.id);
        seen.dedup_by_key(|sighting| sighting.id);
        seen.shrink_to_fit();
        Self { seen, errors }
    }
}

impl<const N: usize> From<[(EndpointKey, EndpointEvidence); N]> for Sightings {
    fn from(all: [(EndpointKey, EndpointEvidence); N]) -> Self {
        all.into_iter().collect()
    }
}

impl Sighting {
    fn of(id: EndpointId, evidence: EndpointEvidence) -> (Self, Option<Box<str>>) {
        let EndpointEvidence { spec, verdict, since, contradicting, error, certificate_until } = evidence;
        let seconds = |until: Timestamp| u32::try_from(until.as_secs()).unwrap_or(u32::MAX).max(1);
        let certificate_until = certificate_until.and_then(|until| NonZeroU32::new(seconds(until)));
        let contradicting = u16::try_from(contradicting).unwrap_or(u16::MAX);
        (Self { id, since, spec, certificate_until, contradicting, verdict }, error.map(String::into_boxed_str))
    }

    fn told(&self, error: Option<String>) -> EndpointEvidence {
        let Self { id: _, since, spec, certificate_until, contradicting, verdict } = *self;
        let certificate_until = certificate_until.map(|until| Timestamp::from_secs(u64::from(until.get())));
        let contradicting = u32::from(contradicting);
        EndpointEvidence { spec, verdict, since, contradicting, error, certificate_until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(endpoint: &str) -> EndpointKey {
        let service = "checkout".parse().expect("a name");
        EndpointKey { service, region: "prod".parse().expect("a name"), endpoint: endpoint.to_owned() }
    }

    fn said(since: u64, error: Option<&str>) -> EndpointEvidence {
        EndpointEvidence {
            spec: Digest::over([b"spec".as_slice()]).into(),
            verdict: Verdict::Failing,
            since: Timestamp::from_millis(since),
            contradicting: 2,
            error: error.map(str::to_owned),
            certificate_until: Some(Timestamp::from_secs(1_795_246_200)),
        }
    }

    #[test]
    fn what_was_said_of_each_endpoint_is_told_again() {
        let said = [("192.0.2.10", said(1, Some("refused"))), ("192.0.2.11", said(2, None))];
        let sightings: Sightings = said.clone().into_iter().map(|(endpoint, said)| (key(endpoint), said)).collect();
        assert_eq!(sightings.len(), 2);
        for (endpoint, said) in said {
            assert_eq!(sightings.get(key(endpoint).id()), Some(said));
        }
        assert_eq!(sightings.get(key("192.0.2.12").id()), None);
    }

    #[test]
    fn the_last_word_on_an_endpoint_stands_with_its_error_or_without() {
        let id = key("192.0.2.10").id();
        let mut sightings =
            Sightings::from([(key("192.0.2.10"), said(1, Some("refused"))), (key("192.0.2.10"), said(2, None))]);
        assert_eq!((sightings.len(), sightings.get(id)), (1, Some(said(2, None))));
        assert!(sightings.replace(id, said(3, Some("timed out"))));
        assert_eq!(sightings.get(id), Some(said(3, Some("timed out"))));
        assert!(sightings.replace(id, said(4, None)));
        assert_eq!(sightings.get(id), Some(said(4, None)));
    }

    #[test]
    fn what_is_not_covered_is_not_taken_in_by_replacing() {
        let mut sightings = Sightings::from([(key("192.0.2.10"), said(1, None))]);
        assert!(!sightings.replace(key("192.0.2.11").id(), said(2, Some("refused"))));
        assert_eq!(sightings, Sightings::from([(key("192.0.2.10"), said(1, None))]));
    }

    #[test]
    fn keys_whose_parts_run_together_are_others() {
        let key = |service: &str, region: &str, endpoint: &str| EndpointKey {
            service: service.parse().expect("a name"),
            region: region.parse().expect("a name"),
            endpoint: endpoint.to_owned(),
        };
        assert_ne!(key("ab", "c", "d").id(), key("a", "bc", "d").id());
        assert_ne!(key("ab", "c", "d").id(), key("ab", "cd", "").id());
    }
}
