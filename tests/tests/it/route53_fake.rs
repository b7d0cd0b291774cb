//! The strict stand-in of Route 53, rule by rule, through requests that curl signs; and checked by other people's clients.

mod batches;
mod client;
mod dns;
mod faults;
mod lists;
mod others;
mod records;
mod requests;
mod zones;
