//! How many rows does a field ask for? Reads `first` and `last`, also out of variables.

use async_graphql::parser::types::{Field, OperationDefinition};
use async_graphql::{Positioned, Value as Known, Variables};

use super::{Limits, Refusal, Why};

/// What the variables of the running operation hold.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'a> {
    pub(super) operation: &'a OperationDefinition,
    pub(super) sent: &'a Variables,
}

impl Inputs<'_> {
    /// The number an argument holds; nothing for null and for what validation will refuse.
    fn integer(&self, field: &Field, argument: &str) -> Option<i64> {
        let written = field.get_argument(argument)?.node.clone();
        // The name of a variable comes out as the error, without a copy of what it holds.
        match written.into_const_with(Err) {
            Ok(literal) => number(&literal),
            Err(name) => number(self.variable(&name)?),
        }
    }

    /// How many values a list argument holds: `nodes(ids:)` answers one row for each.
    fn length(&self, field: &Field, argument: &str) -> u64 {
        let length = |value: &Known| if let Known::List(values) = value { values.len() as u64 } else { 1 };
        let Some(written) = field.get_argument(argument).map(|written| written.node.clone()) else { return 1 };
        match written.clone().into_const_with(Err) {
            Ok(literal) => length(&literal),
            // A variable is the whole list, or one of its values.
            Err(name) => {
                let spelled = written.into_const_with(|_| Ok::<_, std::convert::Infallible>(Known::Null)).map_or(1, |list| length(&list));
                spelled.max(self.variable(&name).map_or(1, length))
            }
        }
    }

    /// What was sent, or else the default of the definition.
    pub(super) fn variable(&self, name: &str) -> Option<&Known> {
        self.sent.get(name).or_else(|| {
            let definitions = &self.operation.variable_definitions;
            let definition = definitions.iter().find(|d| d.node.name.node == name)?;
            definition.node.default_value.as_ref().map(|value| &value.node)
        })
    }
}

/// Numbers past the range of an integer count as the largest, so that they are refused.
fn number(value: &Known) -> Option<i64> {
    match value {
        Known::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|n| n as i64)),
        _ => None,
    }
}

/// The rows by which to multiply the cost of what is selected below.
pub(super) fn rows(field: &Positioned<Field>, is_connection: bool, inputs: Inputs<'_>, limits: &Limits) -> Result<u64, Refusal> {
    let first = inputs.integer(&field.node, "first");
    let last = inputs.integer(&field.node, "last");
    for (argument, asked) in [("first", first), ("last", last)] {
        if asked.is_some_and(|rows| !(0..=limits.page).contains(&rows)) {
            let why = Why::PageSize { field: field.node.name.node.to_string(), argument, most: limits.page };
            return Err(why.at(field.pos));
        }
    }
    if first.is_some() && last.is_some() {
        return Err(Why::PageBothEnds(field.node.name.node.to_string()).at(field.pos));
    }
    // An empty page still costs its frame.
    Ok(match first.or(last) {
        Some(rows) => rows.unsigned_abs().max(1),
        None if is_connection => limits.default_page,
        None => inputs.length(&field.node, "ids").max(1),
    })
}
