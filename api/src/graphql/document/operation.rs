//! Judges the operations of a document, above all the one that will run.

use std::collections::HashSet;

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet};
use async_graphql::{Positioned, Variables};

use super::measure::{Measure, Meter};
use super::order::Fragments;
use super::paging::Inputs;
use super::{Limits, Refusal, Why, variables};

/// The operation that will run, chosen as the library chooses.
pub(super) fn choose<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Result<&'a Positioned<OperationDefinition>, Refusal> {
    let chosen = match (&document.operations, name) {
        (DocumentOperations::Single(_), Some(_)) => Err(Why::OperationUnknown),
        (DocumentOperations::Single(operation), None) => Ok(operation),
        (DocumentOperations::Multiple(all), Some(name)) => all.get(name).ok_or(Why::OperationUnknown),
        (DocumentOperations::Multiple(all), None) => {
            let mut each = all.values();
            each.next().filter(|_| each.next().is_none()).ok_or(Why::OperationUnnamed)
        }
    };
    chosen.map_err(Why::nowhere)
}

/// Refuses a document past the limits; returns the cost of the chosen operation.
pub(super) fn check(
    document: &ExecutableDocument,
    chosen: &Positioned<OperationDefinition>,
    sent: &Variables,
    limits: &Limits,
) -> Result<u64, Refusal> {
    let inputs = Inputs { operation: &chosen.node, sent };
    let meter = learn_fragments(document, inputs, limits)?;
    let mut fields = 0_u64;
    let mut cost = 0;
    for (_, operation) in document.operations.iter() {
        let is_chosen = std::ptr::eq(operation, chosen);
        let measure = measure(&meter, operation, is_chosen.then_some(inputs), limits)?;
        fields = fields.saturating_add(measure.fields);
        if is_chosen {
            check_chosen(document, chosen, &measure, limits)?;
            cost = measure.cost;
        }
    }
    if fields > limits.fields {
        return Err(Why::Fields(limits.fields).nowhere());
    }
    variables::check_required(inputs)?;
    Ok(cost)
}

fn learn_fragments<'a>(document: &'a ExecutableDocument, inputs: Inputs<'a>, limits: &'a Limits) -> Result<Meter<'a>, Refusal> {
    let fragments = Fragments::sort(document)?;
    let selection = &inputs.operation.selection_set.node;
    let reached = fragments.reached_from(selection, document);
    let mut meter = Meter::new(document, limits);
    for name in fragments.sorted {
        meter.learn(name, reached.contains(name).then_some(inputs))?;
    }
    Ok(meter)
}

fn measure(
    meter: &Meter<'_>,
    operation: &Positioned<OperationDefinition>,
    inputs: Option<Inputs<'_>>,
    limits: &Limits,
) -> Result<Measure, Refusal> {
    meter.check_directives(&operation.node.directives)?;
    for variable in &operation.node.variable_definitions {
        meter.check_directives(&variable.node.directives)?;
    }
    let measure = meter.selection(&operation.node.selection_set.node, inputs)?;
    meter.check_size(&measure).map_err(|why| why.at(operation.pos))?;
    if measure.depth > limits.depth {
        return Err(Why::Depth(limits.depth).at(operation.pos));
    }
    Ok(measure)
}

fn check_chosen(
    document: &ExecutableDocument,
    chosen: &Positioned<OperationDefinition>,
    measure: &Measure,
    limits: &Limits,
) -> Result<(), Refusal> {
    if measure.cost > limits.cost {
        let why = Why::Cost { cost: measure.cost, most: limits.cost };
        return Err(why.at(chosen.pos));
    }
    let too_many = |most| match measure.roots > most {
        true => Err(Why::Roots(most).at(chosen.pos)),
        false => Ok(()),
    };
    match chosen.node.ty {
        OperationType::Query => too_many(limits.query_roots),
        OperationType::Mutation => {
            too_many(limits.mutation_roots)?;
            check_repeats(document, &chosen.node.selection_set.node, &mut HashSet::new())
        }
        OperationType::Subscription => check_subscription(document, chosen, measure),
    }
}

/// The library would open every stream it finds. A condition is refused as well: whether there is a stream must not depend on a
/// variable.
fn check_subscription(document: &ExecutableDocument, chosen: &Positioned<OperationDefinition>, measure: &Measure) -> Result<(), Refusal> {
    let selection = &chosen.node.selection_set.node;
    if measure.roots != 1 || has_introspection(document, selection) || has_condition(document, selection) {
        return Err(Why::SubscriptionRoot.at(chosen.pos));
    }
    Ok(())
}

fn has_condition(document: &ExecutableDocument, selection: &SelectionSet) -> bool {
    let condition = |item: &Selection| item.directives().iter().any(|d| matches!(d.node.name.node.as_str(), "skip" | "include"));
    selection
        .items
        .iter()
        .any(|item| condition(&item.node) || inside(document, &item.node).is_some_and(|inner| has_condition(document, inner)))
}

/// Puts the one field of a subscription at its root, where the library looks for it, if a fragment holds it. The fragment stays
/// for validation to see.
pub fn lift_root(document: &mut ExecutableDocument) {
    fn find(document: &ExecutableDocument, selection: &SelectionSet) -> Option<Positioned<Selection>> {
        let item = selection.items.first()?;
        match inside(document, &item.node) {
            Some(inner) => find(document, inner),
            None => Some(item.clone()),
        }
    }
    let mut fields = Vec::new();
    for (name, operation) in document.operations.iter() {
        if operation.node.ty == OperationType::Subscription
            && operation.node.selection_set.node.items.iter().all(|item| !matches!(item.node, Selection::Field(_)))
        {
            fields.extend(find(document, &operation.node.selection_set.node).map(|field| (name.cloned(), field)));
        }
    }
    for (name, field) in fields {
        let operation = match (&mut document.operations, name) {
            (DocumentOperations::Single(only), _) => Some(only),
            (DocumentOperations::Multiple(all), Some(name)) => all.get_mut(&name),
            (DocumentOperations::Multiple(_), None) => None,
        };
        if let Some(operation) = operation {
            operation.node.selection_set.node.items.push(field);
        }
    }
}

fn has_introspection(document: &ExecutableDocument, selection: &SelectionSet) -> bool {
    selection.items.iter().any(|item| match &item.node {
        Selection::Field(field) => field.node.name.node.starts_with("__"),
        other => inside(document, other).is_some_and(|inner| has_introspection(document, inner)),
    })
}

/// The library runs a repeated response key twice, where the specification merges it: harmless
/// for a query, a second effect for a mutation. The sizes have been judged before, so that this
/// walk is short.
fn check_repeats<'a>(document: &'a ExecutableDocument, selection: &'a SelectionSet, keys: &mut HashSet<&'a str>) -> Result<(), Refusal> {
    for item in &selection.items {
        if let Selection::Field(field) = &item.node {
            let key = &field.node.response_key().node;
            if !keys.insert(key) {
                return Err(Why::RepeatedMutation(key.to_string()).at(field.pos));
            }
        } else if let Some(inner) = inside(document, &item.node) {
            check_repeats(document, inner, keys)?;
        }
    }
    Ok(())
}

/// The selection set of a fragment, inline or spread.
fn inside<'a>(document: &'a ExecutableDocument, selection: &'a Selection) -> Option<&'a SelectionSet> {
    match selection {
        Selection::Field(_) => None,
        Selection::InlineFragment(inline) => Some(&inline.node.selection_set.node),
        Selection::FragmentSpread(spread) => {
            let fragment = document.fragments.get(&spread.node.fragment_name.node)?;
            Some(&fragment.node.selection_set.node)
        }
    }
}
