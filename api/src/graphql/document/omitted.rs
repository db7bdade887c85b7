//! Variables that were left out.
//!
//! One with a default has that: it is put among what was sent, since the library forgets it in `@skip` and `@include`.
//!
//! An argument or input field that holds one without counts as left out itself, so that its own default holds and nothing is erased
//! (GraphQL, "Coercing Argument Values" and "Input Objects"). The library reads null there instead. So the place is taken
//! out of the document before it runs. A copy of the field as it was written stays beside it, always skipped: validation
//! still sees every use of a variable, and judges a document the same whatever is sent along.

use std::collections::HashSet;

use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Value as Known, Variables};
use async_graphql_value::Value;

/// The variables of an operation that were not sent and have no default.
pub(super) fn names(operation: &OperationDefinition, sent: &Variables) -> HashSet<Name> {
    let definitions = operation.variable_definitions.iter().map(|definition| &definition.node);
    definitions.filter(|d| d.default_value.is_none() && !sent.contains_key(&d.name.node)).map(|d| d.name.node.clone()).collect()
}

/// The defaults of the variables of an operation that were not sent.
pub(super) fn defaults(operation: &OperationDefinition, sent: &Variables) -> Vec<(Name, Known)> {
    let definitions = operation.variable_definitions.iter().map(|definition| &definition.node);
    let left_out = definitions.filter(|d| !sent.contains_key(&d.name.node));
    left_out.filter_map(|d| Some((d.name.node.clone(), d.default_value.as_ref()?.node.clone()))).collect()
}

/// Takes out every argument and input field of the chosen operation that holds one of `names`.
pub(super) fn take_out(document: &mut ExecutableDocument, operation: Option<&str>, names: &HashSet<Name>) {
    if names.is_empty() {
        return;
    }
    let mut copies = 0;
    for fragment in document.fragments.values_mut() {
        thin(&mut fragment.node.selection_set.node, names, &mut copies);
    }
    let chosen = match (&mut document.operations, operation) {
        (DocumentOperations::Single(only), _) => Some(only),
        (DocumentOperations::Multiple(all), Some(name)) => all.get_mut(name),
        (DocumentOperations::Multiple(all), None) => all.values_mut().next(),
    };
    if let Some(chosen) = chosen {
        thin(&mut chosen.node.selection_set.node, names, &mut copies);
    }
}

fn thin(selection: &mut SelectionSet, names: &HashSet<Name>, copies: &mut usize) {
    let mut skipped = Vec::new();
    for item in &mut selection.items {
        match &mut item.node {
            Selection::Field(field) => {
                thin(&mut field.node.selection_set.node, names, copies);
                let written = field.node.arguments.clone();
                field.node.arguments.retain_mut(|(_, value)| keep(&mut value.node, names));
                if field.node.arguments != written {
                    *copies += 1;
                    skipped.push(copy(field, written, *copies));
                }
            }
            Selection::InlineFragment(inline) => thin(&mut inline.node.selection_set.node, names, copies),
            Selection::FragmentSpread(_) => {}
        }
    }
    selection.items.extend(skipped);
}

/// Whether a value stays, without what it holds that does not. An item of a list stays: there, left out is null.
fn keep(value: &mut Value, names: &HashSet<Name>) -> bool {
    match value {
        Value::Variable(name) => return !names.contains(name),
        Value::Object(fields) => fields.retain(|_, field| keep(field, names)),
        Value::List(items) => {
            for item in items {
                keep(item, names);
            }
        }
        _ => {}
    }
    true
}

/// The field as it was written, under a name of its own and never run; of what is selected below it, `__typename` stands in.
fn copy(field: &Positioned<Field>, arguments: Vec<(Positioned<Name>, Positioned<Value>)>, number: usize) -> Positioned<Selection> {
    let at = |node| Positioned::new(node, field.pos);
    let condition = (at(Name::new("if")), Positioned::new(Value::from(Known::Boolean(true)), field.pos));
    let skip = Directive { name: at(Name::new("skip")), arguments: vec![condition] };
    let plain = |name: &str| Field {
        alias: None,
        name: at(Name::new(name)),
        arguments: Vec::new(),
        directives: Vec::new(),
        selection_set: Positioned::default(),
    };
    let mut copy = plain(&field.node.name.node);
    copy.alias = Some(at(Name::new(format!("__asWritten{number}"))));
    copy.arguments = arguments;
    copy.directives = vec![Positioned::new(skip, field.pos)];
    if !field.node.selection_set.node.items.is_empty() {
        let inner = Selection::Field(Positioned::new(plain("__typename"), field.pos));
        copy.selection_set.node.items = vec![Positioned::new(inner, field.pos)];
    }
    Positioned::new(Selection::Field(Positioned::new(copy, field.pos)), field.pos)
}
