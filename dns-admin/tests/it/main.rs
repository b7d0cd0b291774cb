//! Integration tests: what people read, and what scripts look at.

mod command;
mod exit_code;
mod golden;
mod sample;
mod wait;
mod watch;
