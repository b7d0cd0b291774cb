//! Probe engine of one vantage point: schedule, probers, detector, evidence stream.
