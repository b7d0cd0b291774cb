//! What came in: counters of operations and the batches.

use std::collections::HashMap;

use serde_json::Value;

use super::batch;
use super::call::Operation;

/// A batch that reached the database.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The zone's name.
    pub zone: String,
    /// What was sent.
    pub body: Value,
    /// Whether it was carried out; else it was refused whole.
    pub is_applied: bool,
}

impl Batch {
    /// How many deletes, patches, puts and posts it has.
    pub fn sizes(&self) -> [usize; 4] {
        batch::sizes(&self.body)
    }
}

/// Counters and batches.
#[derive(Debug, Default)]
pub(super) struct Seen {
    requests: usize,
    operations: HashMap<Operation, usize>,
    batches: Vec<Batch>,
}

impl Seen {
    pub(super) fn request(&mut self, operation: Option<Operation>) {
        self.requests += 1;
        if let Some(operation) = operation {
            *self.operations.entry(operation).or_default() += 1;
        }
    }

    pub(super) fn batch(&mut self, batch: Batch) {
        self.batches.push(batch);
    }

    pub(super) fn count(&self, operation: Operation) -> usize {
        self.operations.get(&operation).copied().unwrap_or_default()
    }

    pub(super) fn requests(&self) -> usize {
        self.requests
    }

    pub(super) fn batches(&self) -> &[Batch] {
        &self.batches
    }
}
