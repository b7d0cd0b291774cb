//! Zone files (RFC 1035 §5): read with all their faults at once, written always alike.
//!
//! The reader goes beyond the RFC where every server does: `$TTL` (RFC 2308 §4), units of time, types and data without a form
//! (RFC 3597 §5). `$GENERATE` is BIND's own and refused. What may stand beside what is not
//! looked at here: [`lint`](crate::lint) does that, of a file with other faults too.

mod assembly;
mod directive;
pub(crate) mod duration;
mod include;
mod outside;
mod reader;
mod record;
mod text;

pub(crate) use self::assembly::{Found, finish};
pub use self::assembly::{Places, ZoneFile};
pub use self::include::{FileError, Files, Source};
pub use self::reader::read;
pub use self::text::ZoneText;

#[cfg(test)]
mod tests;
