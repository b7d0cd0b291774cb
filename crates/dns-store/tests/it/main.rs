//! Integration tests of the stores: one contract for all of them, and what is SQLite's own.

mod awaited;
mod contract;
mod fixture;
mod sqlite;
