//! Remembers what a provider calls its newest write of each fence, so that verification can ask how far it is.
//!
//! Only in memory: whoever was restarted has the authoritative servers to ask, whose answers are the stronger proof.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use dns_core::change::ChangeSet;
use dns_core::zone::{ReadRequest, ZoneView};
use dns_provider::port::{Capabilities, Permit, Progress, Provider, ProviderError, Receipt, Urgency, ZoneFacts};
use hickory_proto::rr::Name;

/// The newest receipt by the fence's name; as many as there are fences.
#[derive(Debug, Default)]
pub(crate) struct Receipts(Mutex<BTreeMap<Name, Receipt>>);

impl Receipts {
    /// Of the newest write that this process made.
    pub(crate) fn newest(&self, fence_name: &Name) -> Option<Receipt> {
        self.lock().get(fence_name).cloned()
    }

    fn note(&self, fence_name: &Name, receipt: Option<Receipt>) {
        match receipt {
            Some(receipt) => self.lock().insert(fence_name.clone(), receipt),
            None => self.lock().remove(fence_name),
        };
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Name, Receipt>> {
        self.0.lock().expect("invariant: nothing panics while it holds this lock")
    }
}

/// A provider whose receipts are remembered.
pub(crate) struct Receipted {
    /// The provider.
    pub(crate) inner: Arc<dyn Provider>,
    /// Where they are kept.
    pub(crate) receipts: Arc<Receipts>,
}

#[async_trait]
impl Provider for Receipted {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn read(&self, request: &ReadRequest, urgency: Urgency) -> Result<ZoneView, ProviderError> {
        self.inner.read(request, urgency).await
    }

    async fn apply(&self, change: &ChangeSet, permit: &Permit) -> Result<Receipt, ProviderError> {
        let applied = self.inner.apply(change, permit).await;
        match &applied {
            Ok(receipt) => self.receipts.note(&change.fence_name, Some(receipt.clone())),
            // It may have been accepted under a name that nobody told us; the one before says nothing about it.
            Err(ProviderError::OutcomeUnknown { .. }) => self.receipts.note(&change.fence_name, None),
            Err(
                ProviderError::Transient { .. }
                | ProviderError::Throttled { .. }
                | ProviderError::Conflict { .. }
                | ProviderError::Denied { .. }
                | ProviderError::Invalid { .. },
            ) => {}
        }
        applied
    }

    async fn status(&self, receipt: &Receipt) -> Result<Progress, ProviderError> {
        self.inner.status(receipt).await
    }

    async fn zone(&self, zone: &Name) -> Result<ZoneFacts, ProviderError> {
        self.inner.zone(zone).await
    }
}
