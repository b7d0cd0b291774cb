//! Tests on real servers and on the workspace as a whole. One binary, so that the rig is linked once.

mod flip;
mod layering;
mod provider;
mod readme;
mod rig;
