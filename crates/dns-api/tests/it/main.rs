//! Integration tests of the clients against real servers on loopback.

mod client;
mod evidence;
mod server;
