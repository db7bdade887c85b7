//! The variables sent along: how many, how deep, and are the required ones there?

use async_graphql::{Value, Variables};

use super::paging::Inputs;
use super::{Limits, Refusal, Why};

pub(super) fn check_size(sent: &Variables, limits: &Limits) -> Result<(), Refusal> {
    if sent.len() > limits.variables {
        return Err(Why::Variables(limits.variables).nowhere());
    }
    match sent.iter().find(|(_, value)| is_deeper(value, limits.variable_depth)) {
        None => Ok(()),
        Some((name, _)) => {
            let why = Why::VariableDepth { name: name.chars().take(limits.name_length).collect(), most: limits.variable_depth };
            Err(why.nowhere())
        }
    }
}

/// Stops at the limit, however deep the value is.
fn is_deeper(value: &Value, most: usize) -> bool {
    match value {
        Value::List(items) => most == 0 || items.iter().any(|item| is_deeper(item, most - 1)),
        Value::Object(fields) => most == 0 || fields.values().any(|item| is_deeper(item, most - 1)),
        _ => false,
    }
}

/// The library would notice a missing variable only in the middle of the execution.
pub(super) fn check_required(inputs: Inputs<'_>) -> Result<(), Refusal> {
    for definition in &inputs.operation.variable_definitions {
        let name = &definition.node.name.node;
        let expected = &definition.node.var_type.node;
        let is_missing = matches!(inputs.variable(name), None | Some(Value::Null));
        if is_missing && !expected.nullable {
            let why = Why::VariableRequired { name: name.to_string(), expected: expected.to_string() };
            return Err(why.at(definition.pos));
        }
    }
    Ok(())
}
