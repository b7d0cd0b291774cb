//! State, outbox and history of the controller behind one port.
//!
//! The port promises one atomic step at a time; [`sqlite`] keeps that promise for one controller on one machine, and
//! [`awaited`] stands in for it as long as its file cannot be opened.

pub mod awaited;
pub mod port;
pub mod sqlite;
