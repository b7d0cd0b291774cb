//! What became of a call on a group or on all services.

use dns_api::command::{BulkAccepted, BulkResult};

use super::table::table;
use super::{Width, lines};

/// One line a service.
pub fn bulk(accepted: &BulkAccepted, width: Width) -> String {
    if accepted.results.is_empty() {
        return "no services are configured\n".to_owned();
    }
    let refused = accepted.results.iter().filter(|result| result.problem.is_some()).count();
    let counts = format!("{} accepted, {refused} refused", accepted.results.len() - refused);
    let rows = accepted.results.iter().map(|result| {
        let BulkResult { service, message, decision: _, problem } = result;
        let outcome = if problem.is_some() { "refused" } else { "accepted" };
        [service.clone(), outcome.to_owned(), message.clone()]
    });
    table(width, ["SERVICE", "RESULT", "MESSAGE"], rows) + &lines([counts])
}
