//! Gives every error of the library a code and a request id, and hides what is ours.

use async_graphql::{ErrorExtensionValues, Pos, Response, ServerError, Value};

use super::Exchange;
use super::rejection::{INTERNAL, UNAVAILABLE};
use crate::error::AWAY;
use crate::graphql::code::Code;

/// Errors shown when a document does not validate; the rest says the same again.
const MOST_SHOWN: usize = 20;
/// Characters of one message, some of which repeat what the client sent.
const MESSAGE_LENGTH: usize = 300;

/// Finishes the errors of a response. `text` is the document.
pub(in crate::http) fn settle(mut response: Response, text: &str, exchange: Exchange<'_>) -> Response {
    let is_refused = is_request_error(&response);
    if is_refused {
        response.errors.truncate(MOST_SHOWN);
    }
    for error in &mut response.errors {
        let code = match own_code(error) {
            Some(code) => code,
            None if is_refused => validation(error, exchange.suggestions),
            None if is_coercion(error) => coercion(error, text),
            None => internal(error, exchange.request_id),
        };
        let values = error.extensions.get_or_insert_default();
        stamp(values, code, exchange.request_id);
    }
    response
}

/// Did something we stand on fail? Then the answer is worth nothing, and the request worth sending again.
pub(super) fn is_unavailable(response: &Response) -> bool {
    response.errors.iter().any(|error| own_code(error) == Some(Code::ServiceUnavailable))
}

/// Was the request refused before anything was executed? An error of a resolver has a path.
pub(in crate::http) fn is_request_error(response: &Response) -> bool {
    response.data == Value::Null && !response.errors.is_empty() && response.errors.iter().all(|error| error.path.is_empty())
}

pub(super) fn stamp(values: &mut ErrorExtensionValues, code: Code, request_id: &str) {
    values.set("code", code.as_str());
    values.set("requestId", request_id);
}

/// The code a resolver of ours gave it.
fn own_code(error: &ServerError) -> Option<Code> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(name) => Code::from_name(name),
        _ => None,
    }
}

fn validation(error: &mut ServerError, suggestions: bool) -> Code {
    if !suggestions && let Some(length) = error.message.find(" Did you mean") {
        error.message.truncate(length);
    }
    shorten(&mut error.message);
    if error.message.starts_with("Invalid value for argument") || is_coercion(error) {
        Code::BadUserInput
    } else {
        Code::GraphqlValidationFailed
    }
}

/// Is it the library's own error of an argument that can't be read? An error that a resolver
/// converted from another has a source, and may say anything.
fn is_coercion(error: &ServerError) -> bool {
    const OPENINGS: [&str; 3] = ["Failed to parse \"", "Expected input type \"", "Enumeration type does not contain value \""];
    error.source.is_none() && OPENINGS.iter().any(|opening| error.message.starts_with(opening))
}

fn coercion(error: &mut ServerError, text: &str) -> Code {
    let argument = error.locations.first().and_then(|at| argument_before(text, *at));
    if let Some(argument) = argument {
        error.message = format!("Argument \"{argument}\": {}", error.message);
    }
    shorten(&mut error.message);
    Code::BadUserInput
}

fn internal(error: &mut ServerError, request_id: &str) -> Code {
    tracing::error!(request_id, path = ?error.path, error = error.message, "a resolver failed");
    if error.message.starts_with(AWAY) {
        *error = ServerError { message: UNAVAILABLE.to_owned(), source: None, extensions: None, ..error.clone() };
        return Code::ServiceUnavailable;
    }
    *error = ServerError { message: INTERNAL.to_owned(), source: None, extensions: None, ..error.clone() };
    Code::InternalServerError
}

/// The library points at the value of an argument; its name stands before it, and a colon.
fn argument_before(text: &str, value: Pos) -> Option<&str> {
    let lines = value.line.checked_sub(1)?;
    let line = text.split_inclusive('\n').take(lines).map(str::len).sum::<usize>();
    let column = value.column.checked_sub(1)?;
    let (width, _) = text.get(line..)?.char_indices().nth(column)?;
    let blank = |c: char| c.is_whitespace() || c == ',';
    let name = text[..line + width].trim_end_matches(blank).strip_suffix(':')?.trim_end_matches(blank);
    let start = name.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    Some(&name[start + 1..]).filter(|name| !name.is_empty())
}

fn shorten(message: &mut String) {
    if let Some((length, _)) = message.char_indices().nth(MESSAGE_LENGTH) {
        message.truncate(length);
        message.push('…');
    }
}
