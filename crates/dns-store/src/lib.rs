//! State, outbox and history of the controller behind one port.

pub mod port;
