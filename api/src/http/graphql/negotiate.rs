//! Which media type does the client send, and which does it want?

use axum::http::{HeaderMap, StatusCode, header};

use super::Rejection;
use crate::graphql::code::Code;

/// A media type of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    GraphqlResponse,
    Json,
}

impl Media {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }

    fn essence(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json",
            Self::Json => "application/json",
        }
    }
}

/// The type for the answer: the best that is accepted, and the newer one if both are named.
pub(super) fn media(headers: &HeaderMap) -> Result<Media, Rejection> {
    if !headers.contains_key(header::ACCEPT) {
        return Ok(Media::Json);
    }
    let ranges: Vec<Range> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(Range::parse)
        .collect();
    let json = wanted(Media::Json, &ranges);
    let graphql = wanted(Media::GraphqlResponse, &ranges);
    match (graphql, json) {
        (None, None) => Err(Rejection::http(
            StatusCode::NOT_ACCEPTABLE,
            Code::BadUserInput,
            "Answers are application/graphql-response+json or application/json.",
        )),
        // A wildcard alone means application/json, which every client can read.
        (Some(graphql), json) if graphql.by_name && Some(graphql) >= json => Ok(Media::GraphqlResponse),
        (Some(graphql), Some(json)) if graphql.quality > json.quality => Ok(Media::GraphqlResponse),
        (Some(_), None) => Ok(Media::GraphqlResponse),
        (_, Some(_)) => Ok(Media::Json),
    }
}

/// How much a type is wanted; by quality first.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct Wanted {
    quality: f32,
    by_name: bool,
}

/// The most specific range decides, as RFC 9110 has it.
fn wanted(media: Media, ranges: &[Range<'_>]) -> Option<Wanted> {
    ["*/*", "application/*", media.essence()]
        .into_iter()
        .rev()
        .find_map(|name| {
            let range = ranges.iter().find(|range| range.name.eq_ignore_ascii_case(name))?;
            Some(Wanted { quality: range.quality, by_name: name == media.essence() })
        })
        .filter(|wanted| wanted.quality > 0.0)
}

/// One element of an Accept header.
struct Range<'a> {
    name: &'a str,
    quality: f32,
}

impl<'a> Range<'a> {
    /// Nothing for an element that asks for another charset, or that makes no sense.
    fn parse(element: &'a str) -> Option<Self> {
        let (name, parameters) = split(element);
        let mut quality = 1.0;
        for (key, value) in parameters {
            if key.eq_ignore_ascii_case("q") {
                quality = value.parse().ok().filter(|q| (0.0..=1.0).contains(q))?;
            } else if key.eq_ignore_ascii_case("charset") && !is_utf8(value) {
                return None;
            }
        }
        Some(Self { name, quality })
    }
}

/// Refuses a body that is not JSON in UTF-8. The strictness is a defence as well: a page of
/// another site can send a form or plain text without asking first, but not this type.
pub(super) fn check_content_type(headers: &HeaderMap) -> Result<(), Rejection> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let only = values.next().filter(|_| values.next().is_none());
    if only.and_then(|value| value.to_str().ok()).is_some_and(is_json) {
        return Ok(());
    }
    Err(Rejection::http(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadUserInput, "The body must be sent as application/json, in UTF-8."))
}

fn is_json(content_type: &str) -> bool {
    let (name, mut parameters) = split(content_type);
    name.eq_ignore_ascii_case(Media::Json.essence())
        && parameters.all(|(key, value)| !key.eq_ignore_ascii_case("charset") || is_utf8(value))
}

fn is_utf8(charset: &str) -> bool {
    charset.eq_ignore_ascii_case("utf-8")
}

/// A media type and its parameters, unquoted.
fn split(text: &str) -> (&str, impl Iterator<Item = (&str, &str)>) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let parameters = parts.filter_map(|part| {
        let (key, value) = part.split_once('=')?;
        Some((key.trim_end(), value.trim().trim_matches('"')))
    });
    (name, parameters)
}
