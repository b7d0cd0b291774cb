//! When the certificate ends that an endpoint serves.
//!
//! Its end is a date by the wall clock; what is left of it is measured by the clock that only goes on, so that it can be
//! told as a length at any later moment.

use std::time::{Duration, Instant};

use dns_core::time::Timestamp;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The end of a certificate, as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateEnd {
    /// The date in the certificate.
    pub until: Timestamp,
    /// What was left when it was seen.
    left: Duration,
    seen: Instant,
}

impl CertificateEnd {
    /// A certificate that ends at a date, seen now; `wall` and `seen` are the same moment.
    pub fn new(until: Timestamp, wall: Timestamp, seen: Instant) -> Self {
        Self { until, left: until.since(wall), seen }
    }

    /// Reads a certificate in DER form.
    ///
    /// # Errors
    /// In words, if it is none.
    pub(crate) fn read(der: &[u8], wall: Timestamp, seen: Instant) -> Result<Self, String> {
        let (_, certificate) = X509Certificate::from_der(der)
            .map_err(|error| format!("the served certificate cannot be read: {error}"))?;
        let until = u64::try_from(certificate.validity().not_after.timestamp()).unwrap_or(0);
        Ok(Self::new(Timestamp::from_secs(until), wall, seen))
    }

    /// What is left of it.
    pub fn left(&self, now: Instant) -> Duration {
        self.left.saturating_sub(now.saturating_duration_since(self.seen))
    }
}
