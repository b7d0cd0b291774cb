//! Whole zones, whatever they hold: names, record data, their files, their differences, and what may be changed about them.
//!
//! Pure like the core: no runtime, no clock, no network, and no disk but in [`files`]. What is read and written elsewhere is turned
//! into a [`Zone`] by those who do it. Types and record data come from the `domain` crate, which knows every type that has a presentation format; types
//! without one are carried as they are (RFC 3597).

mod batch;
mod bisection;
mod change;
mod content;
mod drift;
pub mod files;
pub mod finding;
#[cfg(test)]
mod fixture;
mod follow;
mod guard_names;
mod guarded;
mod hinge;
mod hold;
mod left_alone;
mod limit;
pub mod lint;
mod lossy;
mod manifest;
mod marker;
pub mod octodns;
mod order;
mod owner;
mod plan;
mod pointer;
mod progress;
mod proposal;
mod rdata;
mod record_set;
mod render;
mod serial;
mod share;
mod taken_over;
mod token;
mod txt;
mod window;
mod zone;
pub mod zonefile;

pub use domain::base::Rtype;

pub use self::batch::{Measure, TooBig, Weight, pack};
pub use self::bisection::{Bisection, Outcome};
pub use self::change::{Kind, SetChange, difference};
pub use self::content::{Protected, compare, content, is_compared};
pub use self::drift::{Drift, Drifted, Ledger, Next, Patience, REPAIRS_MAX, Repair};
pub use self::follow::Follower;
pub use self::guard_names::GuardNames;
pub use self::guarded::{Guard, Guarded, Side, UnreadableFence};
pub use self::hold::Holds;
pub use self::left_alone::{LeftAlone, Why};
pub use self::limit::{Bound, Bounds, Exceeded, FEW, Force, Limits, Scope, Tally, Unit, UnknownForce};
pub use self::lossy::{Adjustment, Lossy, TargetTraits, TtlPolicy, Types};
pub use self::manifest::{Beginning, Claim, ClaimError, Extent, FieldKind, Manifest, ManifestError, Part, UnknownPart};
pub use self::marker::{Affix, ExternalDns, Manager, MarkerForms, Markers, OctoDns};
pub use self::order::{Step, order};
pub use self::owner::{Owner, OwnerError};
pub use self::plan::{Outdated, Plan, PlanTextError, plan, zone_digest};
pub use self::progress::{StepState, Strayed, is_any_open, progress};
pub use self::proposal::{Proposal, Refusal, Settings};
pub use self::rdata::{Rdata, RdataError, RdataText};
pub use self::record_set::{RecordSet, SetKey, Ttl};
pub use self::render::{Line, Mark, Totals, change_lines, line, lines, markdown};
pub use self::serial::Serial;
pub use self::taken_over::{Guards, TakenOver};
pub use self::window::{Overspent, PairId, Reserved, Window};
pub use self::zone::{Zone, ZoneError};
