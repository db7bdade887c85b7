//! Objects that are answered at once where everything asked of them is at hand: in their own row, or read ahead.
//!
//! The library makes a future of every field of every row; a page of rows with rows inside has thousands. Whatever is not known
//! here (a fragment, an argument, a directive, a field that needs a read) makes the whole object the library's again: the answer
//! is the same, which `tests/it/quick.rs` holds them to.

use std::borrow::Cow;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, Name, OutputType, Positioned, ServerResult, Value};

/// An object some of whose fields are at hand.
pub trait AtHand {
    /// What `__typename` says.
    const TYPE: &'static str;
    /// The fields that may be at hand.
    const FIELDS: &'static [&'static str];

    /// Whether what is asked within one of these fields may be at hand too.
    fn knows_within(_: &Field) -> bool {
        true
    }

    /// The value of a field without arguments; none if it has to be looked for.
    fn at_hand(&self, ctx: &ContextSelectionSet<'_>, field: &Field) -> Option<Value>;
}

/// An object that is answered at once if it can be.
#[derive(Clone, Debug)]
pub struct Quick<T>(pub T);

impl<T: AtHand + OutputType> OutputType for Quick<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        self.0.introspection_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match object(ctx, &ctx.item.node, &self.0) {
            Some(value) => Ok(value),
            None => self.0.resolve(ctx, field).await,
        }
    }
}

/// An object, if every field that is asked for is at hand.
pub fn object<T: AtHand>(ctx: &ContextSelectionSet<'_>, asked: &SelectionSet, row: &T) -> Option<Value> {
    let mut answer: IndexMap<Name, Value> = IndexMap::with_capacity(asked.items.len());
    for selection in &asked.items {
        let Selection::Field(field) = &selection.node else { return None };
        let field = &field.node;
        if !field.directives.is_empty() || !field.arguments.is_empty() {
            return None;
        }
        let value = match field.name.node.as_str() {
            "__typename" => text(Some(T::TYPE)),
            _ => row.at_hand(ctx, field)?,
        };
        // Asked for twice: the library knows how to merge.
        if answer.insert(field.response_key().node.clone(), value).is_some() {
            return None;
        }
    }
    Some(Value::Object(answer))
}

/// Whether everything asked of a kind of object may be at hand, so that reading just that is worth it.
pub fn knows<T: AtHand>(asked: &SelectionSet) -> bool {
    asked.items.iter().all(|selection| {
        let Selection::Field(field) = &selection.node else { return false };
        let (field, name) = (&field.node, field.node.name.node.as_str());
        let plain = field.directives.is_empty() && field.arguments.is_empty();
        plain && (name == "__typename" || T::FIELDS.contains(&name) && T::knows_within(field))
    })
}

/// A field that is asked for once, and not in a fragment.
pub fn within<'a>(asked: &'a SelectionSet, name: &str) -> Option<&'a SelectionSet> {
    let mut fields = asked.items.iter().filter_map(|selection| match &selection.node {
        Selection::Field(field) if field.node.name.node == name => Some(&field.node.selection_set.node),
        _ => None,
    });
    fields.next().filter(|_| fields.next().is_none())
}

/// A list of objects, if all of them are at hand.
pub fn list<'r, T: AtHand + 'r>(
    ctx: &ContextSelectionSet<'_>,
    asked: &SelectionSet,
    rows: impl IntoIterator<Item = &'r T>,
) -> Option<Value> {
    rows.into_iter().map(|row| object(ctx, asked, row)).collect::<Option<Vec<Value>>>().map(Value::List)
}

/// What a scalar or a vocabulary's value is in an answer; null for none.
pub fn text(value: Option<impl Into<String>>) -> Value {
    value.map_or(Value::Null, |value| Value::String(value.into()))
}
