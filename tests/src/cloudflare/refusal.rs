//! Refusals: status, code and message, as the API gives them.

use std::fmt;

use serde_json::{Value, json};

/// Where the documentation explains conflicts, which the service's own messages quote.
const SAME_NAME: &str = "For more details, refer to <https://developers.cloudflare.com/dns/manage-dns-records/troubleshooting/records-with-same-name/>.";

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    errors: Vec<Fault>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    code: u32,
    message: String,
    /// Only refusals of headers still have a chain.
    cause: Option<(u32, &'static str)>,
}

impl Refusal {
    pub(super) fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self { status, errors: vec![Fault { code, message: message.into(), cause: None }] }
    }

    /// A record that breaks a rule.
    pub(super) fn invalid(code: u32, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    pub(super) fn body(detail: &str) -> Self {
        Self::invalid(9207, format!("Request body is invalid. {detail}"))
    }

    pub(super) fn query(detail: &str) -> Self {
        Self::invalid(9207, format!("Request parameters are invalid. {detail}"))
    }

    /// Each component that is missing is an error of its own.
    pub(super) fn missing_data(keys: &[&str]) -> Self {
        let fault = |key: &&str| Fault { code: 9101, message: format!("{key} is a required data field."), cause: None };
        Self { status: 400, errors: keys.iter().map(fault).collect() }
    }

    pub(super) fn gone() -> Self {
        Self::new(404, 81044, "Record does not exist.")
    }

    pub(super) fn identical() -> Self {
        Self::invalid(81058, "An identical record already exists.")
    }

    pub(super) fn host_exists() -> Self {
        Self::invalid(81053, format!("An A, AAAA, or CNAME record with that host already exists. {SAME_NAME}"))
    }

    pub(super) fn cname_exists() -> Self {
        Self::invalid(81054, format!("A CNAME record with that host already exists. {SAME_NAME}"))
    }

    pub(super) fn ns_exists() -> Self {
        Self::invalid(81056, format!("NS records with that host already exist. {SAME_NAME}"))
    }

    pub(super) fn no_route(path: &str) -> Self {
        let message = format!("Could not route to {path}, perhaps your object identifier is invalid?");
        let mut refusal = Self::new(404, 7003, message);
        refusal.errors.push(Fault { code: 7000, message: "No route for that URI".to_owned(), cause: None });
        refusal
    }

    pub(super) fn header(code: u32, cause: &'static str) -> Self {
        let mut refusal = Self::new(400, 6003, "Invalid request headers");
        refusal.errors[0].cause = Some((code, cause));
        refusal
    }

    pub(super) fn to_json(&self) -> Value {
        let errors: Vec<Value> = self.errors.iter().map(Fault::to_json).collect();
        json!({ "result": null, "success": false, "errors": errors, "messages": [] })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.status, self.to_json()["errors"])
    }
}

impl Fault {
    fn to_json(&self) -> Value {
        let Self { code, message, cause } = self;
        match cause {
            None => json!({ "code": code, "message": message }),
            Some((inner, text)) => {
                json!({ "code": code, "message": message, "error_chain": [{ "code": inner, "message": text }] })
            }
        }
    }
}
