//! The four parameters of a GraphQL request, out of a body or out of the URL.

use async_graphql::{Request, Value, Variables};
use axum::extract::Query;
use axum::http::{Method, StatusCode, Uri, header};
use serde::Deserialize;

use super::{RawRequest, Rejection, Settings, negotiate, raw};
use crate::graphql::code::Code;
use crate::http::documents;

/// What to run, in the right types.
#[derive(Debug, Clone)]
pub(in crate::http) struct Params {
    /// Empty if the document is named by its hash alone.
    pub(in crate::http) query: String,
    pub(in crate::http) persisted: Option<String>,
    pub(in crate::http) operation_name: Option<String>,
    pub(in crate::http) variables: Variables,
    extensions: async_graphql::Extensions,
}

impl Params {
    /// Out of a message of a socket.
    pub(in crate::http) fn from_value(payload: Value) -> Result<Self, Rejection> {
        let Value::Object(mut fields) = payload else { return Err(Rejection::bad_request("The payload must be an object.")) };
        let mut take = |name: &str| fields.swap_remove(name).unwrap_or_default();
        let untyped = Untyped {
            query: take("query"),
            operation_name: take("operationName"),
            variables: take("variables"),
            extensions: take("extensions"),
        };
        untyped.typed()
    }

    pub(in crate::http) fn into_request(self) -> Request {
        let mut request = Request::new(self.query).variables(self.variables);
        request.operation_name = self.operation_name;
        request.extensions = self.extensions;
        request
    }
}

pub(super) fn read(request: RawRequest, settings: &Settings) -> Result<Params, Rejection> {
    match request.method {
        Method::POST => {
            negotiate::check_content_type(&request.headers)?;
            let body = request.body?;
            if body.len() > settings.body {
                return Err(raw::too_large(settings.body));
            }
            from_body(&body)?.typed()
        }
        Method::GET => from_url(&request.uri)?.typed(),
        _ => Err(Rejection::http(
            StatusCode::METHOD_NOT_ALLOWED,
            Code::BadUserInput,
            "Requests are sent by POST, and queries by GET as well.",
        )
        .with_header(header::ALLOW, "GET, POST")),
    }
}

/// The parameters as they came. Not a JSON value of serde's: that would sort the keys.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Untyped {
    query: Value,
    operation_name: Value,
    variables: Value,
    extensions: Value,
}

fn from_body(body: &[u8]) -> Result<Untyped, Rejection> {
    let text = std::str::from_utf8(body).map_err(|_| Rejection::bad_request("The body is not UTF-8."))?;
    match text.trim_start().chars().next() {
        Some('[') => Err(Rejection::bad_request("Batches are not served: send one request at a time.")),
        None => Err(Rejection::bad_request("The body is empty.")),
        Some(_) => serde_json::from_str(text).map_err(|error| {
            let what = if error.is_data() { "a JSON object with each key once" } else { "valid JSON" };
            Rejection::bad_request(format!("The body is not {what}."))
        }),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UrlParams {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

fn from_url(uri: &Uri) -> Result<Untyped, Rejection> {
    let Query(params) =
        Query::<UrlParams>::try_from_uri(uri).map_err(|_| Rejection::bad_request("The parameters in the URL can't be read."))?;
    Ok(Untyped {
        query: params.query.map_or(Value::Null, Value::String),
        operation_name: params.operation_name.map_or(Value::Null, Value::String),
        variables: json("variables", params.variables)?,
        extensions: json("extensions", params.extensions)?,
    })
}

fn json(name: &str, text: Option<String>) -> Result<Value, Rejection> {
    match text.as_deref() {
        None | Some("") => Ok(Value::Null),
        Some(text) => serde_json::from_str(text).map_err(|_| Rejection::bad_request(format!("\"{name}\" is not valid JSON."))),
    }
}

impl Untyped {
    fn typed(self) -> Result<Params, Rejection> {
        let extensions = object("extensions", self.extensions)?;
        let persisted = documents::named(&extensions)?;
        let query = match string("query", self.query)?.filter(|text| persisted.is_none() || !text.is_empty()) {
            Some(query) => query,
            None if persisted.is_some() => String::new(),
            None => return Err(Rejection::bad_request("\"query\" is missing.")),
        };
        Ok(Params {
            query,
            persisted,
            operation_name: string("operationName", self.operation_name)?,
            variables: Variables::from_value(object("variables", self.variables)?),
            extensions: match extensions {
                Value::Object(entries) => {
                    async_graphql::Extensions(entries.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
                }
                _ => async_graphql::Extensions::default(),
            },
        })
    }
}

fn string(name: &str, value: Value) -> Result<Option<String>, Rejection> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        _ => Err(Rejection::bad_request(format!("\"{name}\" must be a string."))),
    }
}

fn object(name: &str, value: Value) -> Result<Value, Rejection> {
    match value {
        Value::Null | Value::Object(_) => Ok(value),
        _ => Err(Rejection::bad_request(format!("\"{name}\" must be an object."))),
    }
}
