//! Integration tests: what people read, and what scripts look at.

mod by_hand;
mod coexist;
mod command;
mod drill;
mod evacuation;
mod exit_code;
mod explain;
mod golden;
mod group_wait;
mod live;
mod primary;
mod sample;
mod wait;
mod watch;
