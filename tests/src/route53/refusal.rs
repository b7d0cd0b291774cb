//! How the service says no: code, HTTP status and words, as it says them today.
//!
//! Since 2024 at the latest `InvalidChangeBatch` comes in the same form as every error, its messages as one list in
//! brackets; the API Reference still shows the older form, in which neither boto3 nor the Rust SDK would find the code.

use super::xml::Answer;

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn invalid_input(message: &str) -> Self {
        Self::new(400, "InvalidInput", message)
    }

    pub(super) fn malformed_input(message: &str) -> Self {
        Self::new(400, "MalformedInput", format!("The request is not valid XML: {message}"))
    }

    pub(super) fn invalid_change_batch(messages: &[String]) -> Self {
        Self::new(400, "InvalidChangeBatch", format!("[{}]", messages.join(", ")))
    }

    pub(super) fn no_such_hosted_zone(id: &str) -> Self {
        Self::new(404, "NoSuchHostedZone", format!("No hosted zone found with ID: {id}"))
    }

    pub(super) fn no_such_change(id: &str) -> Self {
        Self::new(404, "NoSuchChange", format!("Could not find resource with ID: {id}"))
    }

    pub(super) fn no_such_health_check(id: &str) -> Self {
        Self::new(404, "NoSuchHealthCheck", format!("No health check exists with the specified ID: {id}"))
    }

    pub(super) fn hosted_zone_not_empty() -> Self {
        let message = "The specified hosted zone contains non-required resource record sets and so cannot be deleted.";
        Self::new(400, "HostedZoneNotEmpty", message)
    }

    pub(super) fn hosted_zone_already_exists(reference: &str) -> Self {
        let message =
            format!("A hosted zone has already been created with the specified caller reference: {reference}");
        Self::new(409, "HostedZoneAlreadyExists", message)
    }

    pub(super) fn invalid_domain_name(name: &str) -> Self {
        Self::new(400, "InvalidDomainName", format!("{name} is not a valid domain name."))
    }

    pub(super) fn prior_request_not_complete() -> Self {
        let message = "The request was rejected because Route 53 was still processing a prior request.";
        Self::new(400, "PriorRequestNotComplete", message)
    }

    /// HTTP 400, not 429.
    pub(super) fn throttling() -> Self {
        Self::new(400, "Throttling", "Rate exceeded")
    }

    pub(super) fn internal_failure() -> Self {
        Self::new(500, "InternalFailure", "We encountered an internal error. Please try again.")
    }

    pub(super) fn service_unavailable() -> Self {
        Self::new(503, "ServiceUnavailable", "Service is unavailable")
    }

    pub(super) fn access_denied(key_id: &str, action: &str, resource: &str) -> Self {
        let message = format!(
            "User: arn:aws:iam::123456789012:user/{key_id} is not authorized to perform: route53:{action} on resource: \
             arn:aws:route53:::{resource} because no identity-based policy allows the route53:{action} action"
        );
        Self::new(403, "AccessDenied", message)
    }

    pub(super) fn missing_authentication_token() -> Self {
        Self::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
    }

    pub(super) fn incomplete_signature(what: &str) -> Self {
        Self::new(400, "IncompleteSignature", what)
    }

    pub(super) fn invalid_client_token_id() -> Self {
        Self::new(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
    }

    pub(super) fn signature_does_not_match(what: &str) -> Self {
        Self::new(403, "SignatureDoesNotMatch", what)
    }

    pub(super) fn unknown_operation(method: &str, path: &str) -> Self {
        Self::new(404, "UnknownOperationException", format!("this fake does not know {method} {path}"))
    }

    pub(super) fn document(&self, request_id: &str) -> String {
        let kind = if self.status < 500 { "Sender" } else { "Receiver" };
        Answer::document("ErrorResponse", |answer| {
            answer.element("Error", |answer| {
                answer.value("Type", kind);
                answer.value("Code", self.code);
                answer.value("Message", &self.message);
            });
            answer.value("RequestId", request_id);
        })
    }
}
