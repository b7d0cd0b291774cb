//! Judges evidence, decides, and flips a service's records under a fence.
