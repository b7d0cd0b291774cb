//! Named points at which a fault test stops, kills or panics the process.
//!
//! Without the cargo feature `failpoints` [`reach`] is an empty function that the compiler removes. With it the
//! environment says what happens: `DNS_FAILPOINTS="name=stop,other=2*kill"`; a count means: only the nth time.
//! The points are part of the programs, so a test halts exactly the step that it means, without sleeping and
//! hoping.

#[cfg(feature = "failpoints")]
mod armed;

#[cfg(feature = "failpoints")]
pub use armed::reach;

/// Says that the process has come to a named point. This build has no failpoints.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn reach(_name: &'static str) {}

/// Reads `DNS_FAILPOINTS` now instead of at the first point, so that a typing mistake ends the process at its
/// start. This build has no failpoints.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn arm() {}

#[cfg(feature = "failpoints")]
pub use armed::arm;
