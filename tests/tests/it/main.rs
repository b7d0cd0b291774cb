//! Tests on real servers and on the workspace as a whole. One binary, so that the rig is linked once.

mod api;
mod bad_input;
mod by_hand;
mod crash;
mod dev;
mod every_server;
mod flip;
mod foreign;
mod isolation;
mod layering;
mod notify;
mod page;
mod provider;
mod refusals;
mod rig;
mod shutdown;
mod stale;
mod store_faults;
mod tls;
