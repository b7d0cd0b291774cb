//! One operation as OpenAPI says it.

use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{
    Content, ContentBuilder, PathItem, RefOr, Required, Response, ResponseBuilder, Schema, SecurityRequirement, path,
};

use super::{Access, Answer, BEARER, Input, Operation, Scalar};
use crate::problem::PROBLEM_JSON;

impl Operation {
    pub(super) fn path_item(&self) -> PathItem {
        PathItem::new(self.method.into(), self.describe())
    }

    fn describe(&self) -> path::Operation {
        let mut builder = OperationBuilder::new().summary(Some(self.summary));
        for parameter in self.path_parameters().chain(self.input.parameters()) {
            builder = builder.parameter(parameter);
        }
        if let Input::Json(name) = self.input {
            let body =
                RequestBodyBuilder::new().content("application/json", typed(name)).required(Some(Required::True));
            builder = builder.request_body(Some(body.build()));
        }
        for (status, answer) in self.answers {
            builder = builder.response(status.to_string(), answer.describe());
        }
        for status in self.problems.iter().chain(self.access.problems()) {
            builder = builder.response(status.to_string(), problem(*status));
        }
        match self.access {
            Access::Open => builder.build(),
            Access::Viewer | Access::Operator => {
                builder.security(SecurityRequirement::new(BEARER, Vec::<String>::new())).build()
            }
        }
    }

    fn path_parameters(&self) -> impl Iterator<Item = Parameter> {
        let names = self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        names.map(|name| {
            let schema = scalar(Scalar::Text);
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(schema))
                .build()
        })
    }
}

impl Input {
    fn parameters(self) -> Vec<Parameter> {
        let optional = |name: &str, place, kind, what: &str| {
            ParameterBuilder::new()
                .name(name)
                .parameter_in(place)
                .required(Required::False)
                .description(Some(what))
                .schema(Some(scalar(kind)))
                .build()
        };
        match self {
            Self::None | Self::Json(_) => Vec::new(),
            Self::Query(parameters) => {
                parameters.iter().map(|(name, kind, what)| optional(name, ParameterIn::Query, *kind, what)).collect()
            }
            Self::Header(name, what) => vec![optional(name, ParameterIn::Header, Scalar::Text, what)],
        }
    }
}

impl Answer {
    fn describe(self) -> Response {
        match self {
            Self::Json(name) => response(name, "application/json", typed(name)),
            Self::Events(names) => {
                let events = names.iter().fold(OneOfBuilder::new(), |any, name| any.item(reference(name)));
                let stream = ArrayBuilder::new().items(events).build();
                response("Events.", "text/event-stream", Content::new(Some(Schema::Array(stream))))
            }
            Self::Text(what) => response(what, "text/plain", Content::new(Some(scalar(Scalar::Text)))),
            Self::Document(what) => {
                let any = Schema::Object(ObjectBuilder::new().schema_type(Type::Object).build());
                response(what, "application/json", Content::new(Some(any)))
            }
        }
    }
}

impl Access {
    fn problems(self) -> &'static [u16] {
        match self {
            Self::Open => &[],
            Self::Viewer => &[401],
            Self::Operator => &[401, 403],
        }
    }
}

fn problem(status: u16) -> Response {
    let status = http::StatusCode::from_u16(status).expect("invariant: the table holds real statuses");
    response(status.canonical_reason().unwrap_or("Problem"), PROBLEM_JSON, typed("Problem"))
}

fn response(what: &str, media: &str, content: Content) -> Response {
    ResponseBuilder::new().description(what).content(media, content).build()
}

fn typed(name: &str) -> Content {
    ContentBuilder::new().schema(Some(reference(name))).build()
}

fn reference(name: &str) -> RefOr<Schema> {
    utoipa::openapi::Ref::from_schema_name(name).into()
}

fn scalar(kind: Scalar) -> Schema {
    let builder = ObjectBuilder::new();
    Schema::Object(match kind {
        Scalar::Text => builder.schema_type(Type::String).build(),
        Scalar::Number => builder.schema_type(Type::Integer).minimum(Some(0)).build(),
    })
}
