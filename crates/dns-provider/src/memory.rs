//! A zone in memory that keeps every condition, for tests and as the reference of the contract.
