//! Refusals, rule by rule.

use dns_api::problem::RejectionReport;

/// One line a rule: why it said no, and the exact argument that overrides it where one does.
pub fn rejection_lines(rejections: &[RejectionReport]) -> Vec<String> {
    rejections
        .iter()
        .map(|RejectionReport { rule, reason, overridable }| {
            let way = if *overridable {
                format!("at your own risk: --override {rule}")
            } else {
                "cannot be overridden".to_owned()
            };
            format!("{rule}: {reason} ({way})")
        })
        .collect()
}
