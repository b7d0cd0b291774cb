//! Named points at which a fault test stops, kills or panics the process.
//!
//! Without the cargo feature `failpoints` [`reach`] is an empty function that the compiler removes. With it the
//! environment says what happens: `DNS_FAILPOINTS="name=stop,other=2*kill"`; a count means: only the nth time.
//! The points are part of the programs, so a test halts exactly the step that it means, without sleeping and
//! hoping.
//!
//! Every point is listed here and nowhere else. A name that is not listed ends the process at its start with the list,
//! which is also how the crash harness learns what it has to cover.

#[cfg(feature = "failpoints")]
mod armed;

macro_rules! points {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A point, in the order in which a write comes to them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Failpoint {
            $($(#[$doc])* $name,)*
        }

        impl Failpoint {
            /// Every point.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The point as `DNS_FAILPOINTS` names it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

points! {
    /// A service's state was read from the store and is not yet in use.
    LoadingState = "loading-state",
    /// A step that changes the outbox is about to be committed.
    BeforeCommit = "before-commit",
    /// It was committed; nobody knows yet.
    AfterCommit = "after-commit",
    /// What everyone sees is about to be replaced, while a write is open.
    Publishing = "publishing",
    /// A write was taken from the outbox.
    BeforePermit = "before-permit",
    /// It has its permit; nothing was sent.
    AfterPermit = "after-permit",
    /// Its bytes are on their way; no answer was read. Burns come here, too.
    AfterSend = "after-send",
    /// The provider's answer was read.
    AfterAnswer = "after-answer",
    /// The zone was read to see what became of the write.
    DuringReadBack = "during-read-back",
    /// What became of it is known, and not yet told.
    BeforeSettle = "before-settle",
    /// A write of unknown outcome is about to be made impossible.
    BeforeBurn = "before-burn",
    /// The provider has answered the burn.
    AfterBurn = "after-burn",
    /// The authoritative servers are about to be asked.
    DuringVerification = "during-verification",
    /// They have answered, and nobody was told.
    AfterVerification = "after-verification",
}

#[cfg(feature = "failpoints")]
pub use armed::{arm, reach, reach_if};

/// Says that the process has come to a point. This build has no failpoints.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn reach(_point: Failpoint) {}

/// Says that the process has come to a point, if it is one: the question costs nothing here. This build has no
/// failpoints.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn reach_if(_point: Failpoint, _is_one: impl FnOnce() -> bool) {}

/// Reads `DNS_FAILPOINTS` now instead of at the first point, so that a typing mistake ends the process at its
/// start. This build has no failpoints.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn arm() {}
