//! The OpenAPI documents of controller, monitor and sync daemon.
//!
//! What a document says comes from one table of operations per program and from the wire types themselves. The
//! daemons compare the table with their routes, so neither can say what the other doesn't.

mod operation;
mod schemas;
mod table;

use utoipa::OpenApi as _;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder};

use self::schemas::{ControllerTypes, MonitorTypes, SyncTypes};
pub use self::table::{CONTROLLER, MONITOR, SYNC};

/// The name of the bearer scheme in the documents.
const BEARER: &str = "bearer";

/// One operation of an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// `GET` or `POST`.
    pub method: Verb,
    /// The path, parameters in braces.
    pub path: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// What it takes besides its path.
    pub input: Input,
    /// The statuses of success, with what each answers.
    pub answers: &'static [(u16, Answer)],
    /// The statuses of problems.
    pub problems: &'static [u16],
    /// Who may call it.
    pub access: Access,
}

/// The methods of the APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Changes, or asks for work.
    Post,
}

/// What an operation takes besides its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Nothing.
    None,
    /// A JSON body of this type.
    Json(&'static str),
    /// Query parameters: name, whether it is a number, what for.
    Query(&'static [(&'static str, Scalar, &'static str)]),
    /// A header: name, what for.
    Header(&'static str, &'static str),
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A string.
    Text,
    /// A whole number from 0.
    Number,
}

/// What an operation answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// JSON of this type.
    Json(&'static str),
    /// Server-sent events whose data are of these types.
    Events(&'static [&'static str]),
    /// Plain text: what it says.
    Text(&'static str),
    /// A JSON document without a type of ours: what it is.
    Document(&'static str),
}

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everyone who can connect.
    Open,
    /// Holders of a token, once any is configured.
    Viewer,
    /// Holders of a token with the role operator.
    Operator,
}

/// The controller's document.
pub fn controller() -> OpenApi {
    document("failover-controller", CONTROLLER, ControllerTypes::openapi().components)
}

/// The monitor's document.
pub fn monitor() -> OpenApi {
    document("dns-monitor", MONITOR, MonitorTypes::openapi().components)
}

/// The sync daemon's document.
pub fn sync() -> OpenApi {
    document("dns-sync", SYNC, SyncTypes::openapi().components)
}

fn document(title: &str, operations: &[Operation], components: Option<Components>) -> OpenApi {
    let mut components = components.unwrap_or_default();
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    components.add_security_scheme(BEARER, bearer);
    let paths = operations
        .iter()
        .fold(PathsBuilder::new(), |paths, operation| paths.path(operation.path, operation.path_item()));
    OpenApiBuilder::new()
        .info(InfoBuilder::new().title(title).version(env!("CARGO_PKG_VERSION")).build())
        .paths(paths.build())
        .components(Some(components))
        .build()
}

impl From<Verb> for HttpMethod {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::Get => Self::Get,
            Verb::Post => Self::Post,
        }
    }
}

#[cfg(test)]
mod tests;
