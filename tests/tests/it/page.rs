//! The status page in a real browser: what a person sees while it happens, and the orders that they give.
//!
//! Every test ends by asking the browser what went wrong behind the scenes: no error of the console but the ones that
//! the test provoked, and no request to anyone but the controller.

mod failover;
mod itself;
mod live;
mod looks;
mod orders;
mod recorder;
mod screen;
