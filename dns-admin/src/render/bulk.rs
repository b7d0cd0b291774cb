//! What became of a call on all services.

use dns_api::command::{BulkAccepted, BulkResult};

use super::Width;
use super::table::table;

/// One line a service.
pub fn bulk(accepted: &BulkAccepted, width: Width) -> String {
    if accepted.results.is_empty() {
        return "no services are configured\n".to_owned();
    }
    let rows = accepted.results.iter().map(|result| {
        let BulkResult { service, message, decision: _, problem } = result;
        let outcome = if problem.is_some() { "refused" } else { "accepted" };
        [service.clone(), outcome.to_owned(), message.clone()]
    });
    table(width, ["SERVICE", "RESULT", "MESSAGE"], rows)
}
