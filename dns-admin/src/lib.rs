//! The SRE's command line.
