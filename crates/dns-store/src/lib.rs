//! State, outbox and history of the controller behind one port.
//!
//! The port promises one atomic step at a time; [`sqlite`] keeps that promise for one controller on one machine.

pub mod port;
pub mod sqlite;
