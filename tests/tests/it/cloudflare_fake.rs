//! The strict stand-in of Cloudflare: each rule by itself, the faults, and the official SDK as a second opinion.

mod access;
mod batches;
mod client;
mod dns;
mod faults;
mod listing;
mod records;
mod sdk;
