//! Whether the id that a zone is configured with is that zone's: an API takes any id of the account.
//!
//! Under a wrong id nothing of a service is found, and that looks like a service which was never set up. So a look that
//! finds nothing asks once for the zone's name, which an id keeps for good. Where the API does not tell it, the look
//! counts as it is: not everyone who may read records may ask for the zone itself.

use std::sync::OnceLock;

use dns_core::zone::{FoundFence, ZoneView};
use tokio::sync::Mutex;

/// What is known about one zone's id.
#[derive(Debug, Default)]
pub(crate) struct Meant {
    /// Why the id is wrong, if it is; empty while nobody has been told the zone's name.
    verdict: OnceLock<Result<(), String>>,
    asking: Mutex<()>,
}

impl Meant {
    /// Why the id is wrong, if a look found nothing because of that. `ask` says what is known of the zone's name; it is
    /// asked by one look at a time, and those that come meanwhile count as they are.
    pub(crate) async fn check<Asked>(&self, view: &ZoneView, ask: impl FnOnce() -> Asked) -> Result<(), String>
    where
        Asked: Future<Output = Option<Result<(), String>>>,
    {
        if !finds_nothing(view) {
            return Ok(());
        }
        if let Some(verdict) = self.verdict.get() {
            return verdict.clone();
        }
        let Ok(_asking) = self.asking.try_lock() else { return Ok(()) };
        // On the heap: thousands of looks wait at once, and hardly any of them asks.
        let Some(told) = Box::pin(ask()).await else { return Ok(()) };
        self.verdict.get_or_init(|| told).clone()
    }
}

fn finds_nothing(view: &ZoneView) -> bool {
    view.fence == FoundFence::Absent && view.rrsets.is_empty()
}
