//! The machine, driven as its shell drives it: see [`world`].

mod world;

mod adopting;
mod backoff;
mod chart;
mod drilling;
mod dwelling;
mod exploration;
mod failing_over;
mod following;
mod foreign;
mod gates;
mod gradual;
mod holding;
mod pausing;
mod permits;
mod planning;
mod quiet;
mod returning;
mod verifying;
mod vetoes;
