//! The probe engine on real sockets of the loopback interface.

mod asking;
mod certificates;
mod daemon;
mod dns;
mod host;
mod http;
mod https;
mod monitor;
mod peers;
mod stream;
mod tcp;
