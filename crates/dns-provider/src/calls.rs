//! Calls of provider APIs as they are counted: accounts are limited, and a call that is refused shows first here.

use std::sync::Arc;

use crate::port::ProviderError;

/// Hears of each call, once it is answered or given up: what was asked, and what became of it. Both are from small fixed
/// sets, fit to be labels. It must not block.
pub type Counter = Arc<dyn Fn(&'static str, &'static str) + Send + Sync>;

/// A counter that nobody listens to.
pub(crate) fn uncounted() -> Counter {
    Arc::new(|_, _| {})
}

/// What became of a call, in one word.
pub(crate) fn outcome<T>(answered: &Result<T, ProviderError>) -> &'static str {
    match answered {
        Ok(_) => "ok",
        Err(ProviderError::Transient { .. }) => "transient",
        Err(ProviderError::Throttled { .. }) => "throttled",
        Err(ProviderError::Conflict { .. }) => "conflict",
        Err(ProviderError::Denied { .. }) => "denied",
        Err(ProviderError::Invalid { .. }) => "invalid",
        Err(ProviderError::OutcomeUnknown { .. }) => "unknown",
    }
}
