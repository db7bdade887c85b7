//! Calls the parser, and says what it found in one line.

use async_graphql::Pos;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::parser::{Error, parse_query};

use super::{Refusal, Why};

pub(super) fn parse(text: &str) -> Result<ExecutableDocument, Refusal> {
    parse_query(text).map_err(|error| Refusal { at: error.positions().next(), why: explain(error) })
}

fn explain(error: Error) -> Why {
    match error {
        Error::Syntax { message, start, .. } => Why::Syntax(one_line(&message, start)),
        other => Why::Definitions(other.to_string().trim_end_matches('.').to_owned()),
    }
}

/// The parser draws a picture of the place over several lines and puts the reason last, behind
/// an equals sign, in the names of its grammar rules.
fn one_line(message: &str, start: Pos) -> String {
    let last = message.lines().last().unwrap_or_default().trim();
    let reason = last.strip_prefix("= ").unwrap_or(last);
    let reason = reason.replace("EOI", "the end of the document");
    format!("{} at {start}", reason.replace('_', " ").trim_end())
}
