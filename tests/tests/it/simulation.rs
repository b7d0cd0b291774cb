//! The simulation, in small: that it finds nothing, that it would, and that its shortcuts are none.

mod guards;
mod losses;
mod runs;
mod watches;
