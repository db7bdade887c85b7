//! Does each variable fit the places that use it? (GraphQL 5.8.5, "All Variable Usages Are Allowed".) The library does not ask this
//! of every place, and a variable of another type then reaches a resolver as it is.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, Directive, ExecutableDocument, FieldDefinition, InputValueDefinition, OperationDefinition, OperationType, Selection,
    SelectionSet, Type, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Name, Positioned};
use async_graphql_value::Value;

use super::{Refusal, Why};

/// What goes where: the types of a schema, as far as variables are concerned.
#[derive(Debug, Default)]
pub struct Places {
    fields: HashMap<String, HashMap<String, Output>>,
    inputs: HashMap<String, HashMap<String, Input>>,
}

#[derive(Debug)]
struct Output {
    named: String,
    arguments: HashMap<String, Input>,
}

#[derive(Debug)]
struct Input {
    expected: Type,
    has_default: bool,
}

impl Places {
    /// The places of a schema. A schema of ours that can't be read has none, and a test would say so.
    pub fn of(sdl: &str) -> Self {
        let mut places = Self::default();
        let definitions = parse_schema(sdl).map(|document| document.definitions).unwrap_or_default();
        for definition in definitions {
            let TypeSystemDefinition::Type(of) = definition else { continue };
            let name = of.node.name.node.to_string();
            match of.node.kind {
                TypeKind::Object(object) => drop(places.fields.insert(name, outputs(&object.fields))),
                TypeKind::Interface(interface) => drop(places.fields.insert(name, outputs(&interface.fields))),
                TypeKind::InputObject(input) => drop(places.inputs.insert(name, inputs(&input.fields))),
                _ => {}
            }
        }
        places
    }

    /// Refuses the first use of a variable that does not fit. Each selection is walked once for each operation that reaches it.
    ///
    /// # Errors
    ///
    /// The first that does not fit.
    pub fn check(&self, document: &ExecutableDocument) -> Result<(), Refusal> {
        for (_, operation) in document.operations.iter() {
            let operation = &operation.node;
            let root = match operation.ty {
                OperationType::Query => "Query",
                OperationType::Mutation => "Mutation",
                OperationType::Subscription => "Subscription",
            };
            let mut walk = Walk { places: self, document, operation, seen: HashSet::new() };
            walk.selection(&operation.selection_set.node, root)?;
        }
        Ok(())
    }
}

fn named(of: &Type) -> &Name {
    match &of.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => named(inner),
    }
}

fn outputs(fields: &[Positioned<FieldDefinition>]) -> HashMap<String, Output> {
    let output = |field: &FieldDefinition| Output { named: named(&field.ty.node).to_string(), arguments: inputs(&field.arguments) };
    fields.iter().map(|field| (field.node.name.node.to_string(), output(&field.node))).collect()
}

fn inputs(fields: &[Positioned<InputValueDefinition>]) -> HashMap<String, Input> {
    let input = |field: &InputValueDefinition| Input { expected: field.ty.node.clone(), has_default: field.default_value.is_some() };
    fields.iter().map(|field| (field.node.name.node.to_string(), input(&field.node))).collect()
}

struct Walk<'a> {
    places: &'a Places,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    /// The fragments that have been looked at.
    seen: HashSet<&'a str>,
}

impl<'a> Walk<'a> {
    fn selection(&mut self, selection: &'a SelectionSet, parent: &'a str) -> Result<(), Refusal> {
        for item in &selection.items {
            self.directives(item.node.directives())?;
            match &item.node {
                Selection::Field(field) => {
                    // What is not in the schema is for validation to report.
                    let places = self.places;
                    let Some(output) = places.fields.get(parent).and_then(|fields| fields.get(field.node.name.node.as_str())) else {
                        continue;
                    };
                    for (name, value) in &field.node.arguments {
                        self.argument(output.arguments.get(name.node.as_str()), value)?;
                    }
                    self.selection(&field.node.selection_set.node, &output.named)?;
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map_or(parent, |on| on.node.on.node.as_str());
                    self.selection(&inline.node.selection_set.node, on)?;
                }
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    let Some(fragment) = self.document.fragments.get(name).filter(|_| self.seen.insert(name)) else { continue };
                    self.selection(&fragment.node.selection_set.node, fragment.node.type_condition.node.on.node.as_str())?;
                }
            }
        }
        Ok(())
    }

    fn directives(&self, directives: &[Positioned<Directive>]) -> Result<(), Refusal> {
        let condition = Input { expected: Type { base: BaseType::Named(Name::new("Boolean")), nullable: false }, has_default: false };
        for directive in directives.iter().filter(|d| matches!(d.node.name.node.as_str(), "skip" | "include")) {
            for (_, value) in directive.node.arguments.iter().filter(|(name, _)| name.node == "if") {
                self.argument(Some(&condition), value)?;
            }
        }
        Ok(())
    }

    fn argument(&self, input: Option<&Input>, value: &Positioned<Value>) -> Result<(), Refusal> {
        let Some(input) = input else { return Ok(()) };
        self.value(&input.expected, input.has_default, &value.node).map_err(|why| why.at(value.pos))
    }

    fn value(&self, expected: &Type, has_default: bool, value: &Value) -> Result<(), Why> {
        match (value, &expected.base) {
            (Value::Variable(name), _) => self.variable(name, expected, has_default),
            (Value::List(items), BaseType::List(inner)) => items.iter().try_for_each(|item| self.value(inner, false, item)),
            // One value stands for a list of one.
            (Value::Object(_), BaseType::List(inner)) => self.value(inner, false, value),
            (Value::Object(fields), BaseType::Named(name)) => fields.iter().try_for_each(|(field, value)| {
                let input = self.places.inputs.get(name.as_str()).and_then(|inputs| inputs.get(field.as_str()));
                input.map_or(Ok(()), |input| self.value(&input.expected, input.has_default, value))
            }),
            _ => Ok(()),
        }
    }

    fn variable(&self, name: &Name, expected: &Type, has_default: bool) -> Result<(), Why> {
        let definitions = &self.operation.variable_definitions;
        // One that is not defined is for validation to report.
        let Some(variable) = definitions.iter().find(|d| d.node.name.node == *name).map(|d| &d.node) else { return Ok(()) };
        let defaulted = has_default || variable.default_value.as_ref().is_some_and(|value| value.node != async_graphql::Value::Null);
        let fits = match expected.nullable || !variable.var_type.node.nullable {
            true => fits(&variable.var_type.node, expected),
            false => defaulted && fits(&variable.var_type.node, &Type { nullable: true, base: expected.base.clone() }),
        };
        let why = || Why::VariableType { name: name.to_string(), of: variable.var_type.node.to_string(), expected: expected.to_string() };
        if fits { Ok(()) } else { Err(why()) }
    }
}

/// AreTypesCompatible of the specification.
fn fits(variable: &Type, place: &Type) -> bool {
    if !place.nullable && variable.nullable {
        return false;
    }
    match (&variable.base, &place.base) {
        (BaseType::List(variable), BaseType::List(place)) => fits(variable, place),
        (BaseType::Named(variable), BaseType::Named(place)) => variable == place,
        _ => false,
    }
}
