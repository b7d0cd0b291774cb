//! One port to DNS providers, one adapter each: fenced writes and consistent reads.

pub mod port;
