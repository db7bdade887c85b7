//! The size of a selection with every fragment spread out, without spreading it out: each
//! fragment is measured once, after those it spreads, and its sum is used wherever it is spread.

use std::collections::HashMap;

use async_graphql::parser::types::{Directive, ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Positioned};

use super::paging::{Inputs, rows};
use super::{Limits, Refusal, Why};

/// Sums over one selection set, fragments spread out. They saturate: 2^64 is refused like 2^11.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Measure {
    /// Fields in it and below.
    pub(super) fields: u64,
    /// Fields directly in it.
    pub(super) roots: u64,
    pub(super) aliases: u64,
    pub(super) cost: u64,
    /// Fields inside one another.
    pub(super) depth: u32,
    /// Selection sets of any kind inside one another.
    pub(super) nesting: u32,
    /// Introspection lists inside one another.
    lists: u32,
    /// Has it `edges` or `nodes`, so that the field around it is a list?
    is_connection: bool,
}

impl Measure {
    fn beside(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            roots: self.roots.saturating_add(other.roots),
            aliases: self.aliases.saturating_add(other.aliases),
            cost: self.cost.saturating_add(other.cost),
            depth: self.depth.max(other.depth),
            nesting: self.nesting.max(other.nesting),
            lists: self.lists.max(other.lists),
            is_connection: self.is_connection || other.is_connection,
        }
    }

    fn nested(self) -> Self {
        Self { nesting: self.nesting.saturating_add(1), ..self }
    }
}

/// Measures selections, and remembers the fragments.
pub(super) struct Meter<'a> {
    document: &'a ExecutableDocument,
    limits: &'a Limits,
    known: HashMap<&'a str, Measure>,
}

impl<'a> Meter<'a> {
    pub(super) fn new(document: &'a ExecutableDocument, limits: &'a Limits) -> Self {
        Self { document, limits, known: HashMap::with_capacity(document.fragments.len()) }
    }

    /// Measures a fragment; call it for the fragments it spreads first.
    pub(super) fn learn(&mut self, name: &'a str, inputs: Option<Inputs<'_>>) -> Result<(), Refusal> {
        let fragment = &self.document.fragments[name];
        self.check_directives(&fragment.node.directives)?;
        let measure = self.selection(&fragment.node.selection_set.node, inputs)?;
        self.check_size(&measure).map_err(|why| why.at(fragment.pos))?;
        self.known.insert(name, measure);
        Ok(())
    }

    /// With inputs, paging arguments are judged and counted; without, they are left alone.
    pub(super) fn selection(&self, selection: &SelectionSet, inputs: Option<Inputs<'_>>) -> Result<Measure, Refusal> {
        let mut sum = Measure::default();
        for item in &selection.items {
            self.check_directives(item.node.directives())?;
            sum = sum.beside(match &item.node {
                Selection::Field(field) => self.field(field, inputs)?,
                Selection::InlineFragment(inline) => self.selection(&inline.node.selection_set.node, inputs)?.nested(),
                Selection::FragmentSpread(spread) => self.spread(&spread.node.fragment_name.node),
            });
        }
        Ok(sum)
    }

    /// An unknown fragment counts one, or spreads of nothing but it would have no size.
    fn spread(&self, name: &Name) -> Measure {
        let unknown = Measure { fields: 1, ..Measure::default() };
        self.known.get(name.as_str()).map_or(unknown, |known| known.nested())
    }

    fn field(&self, field: &Positioned<Field>, inputs: Option<Inputs<'_>>) -> Result<Measure, Refusal> {
        let below = self.selection(&field.node.selection_set.node, inputs)?;
        let is_introspection = matches!(field.node.name.node.as_str(), "__schema" | "__type");
        if is_introspection {
            self.check_introspection(&below).map_err(|why| why.at(field.pos))?;
        }
        let rows = match inputs {
            Some(inputs) => rows(field, below.is_connection, inputs, self.limits)?,
            None => 1,
        };
        let mut measure = around(&field.node, below, rows);
        if is_introspection {
            // Its depth has been judged by an allowance of its own.
            measure.depth = 1;
        }
        Ok(measure)
    }

    /// What holds for any part of the document, whether it runs or not.
    pub(super) fn check_size(&self, measure: &Measure) -> Result<(), Why> {
        let limits = self.limits;
        if measure.fields > limits.fields {
            return Err(Why::Fields(limits.fields));
        }
        if measure.nesting > limits.nesting {
            return Err(Why::Nesting(limits.nesting));
        }
        if measure.aliases > limits.aliases {
            return Err(Why::Aliases(limits.aliases));
        }
        Ok(())
    }

    fn check_introspection(&self, below: &Measure) -> Result<(), Why> {
        let is_deep = below.depth.saturating_add(1) > self.limits.introspection_depth;
        if is_deep || below.lists > self.limits.introspection_lists {
            return Err(Why::Introspection);
        }
        Ok(())
    }

    pub(super) fn check_directives(&self, directives: &[Positioned<Directive>]) -> Result<(), Refusal> {
        match directives.get(self.limits.directives) {
            Some(extra) => Err(Why::Directives(self.limits.directives).at(extra.pos)),
            None => Ok(()),
        }
    }
}

/// A field whose selection measures `below`, of which there are `rows`.
fn around(field: &Field, below: Measure, rows: u64) -> Measure {
    let name = field.name.node.as_str();
    let aliases = u64::from(field.alias.is_some());
    let levels = u32::from(!field.selection_set.node.items.is_empty());
    Measure {
        fields: below.fields.saturating_add(1),
        roots: 1,
        aliases: below.aliases.saturating_add(aliases),
        cost: below.cost.saturating_mul(rows).saturating_add(1),
        depth: below.depth.saturating_add(1),
        nesting: below.nesting.saturating_add(levels),
        lists: below.lists.saturating_add(u32::from(is_introspection_list(name))),
        is_connection: matches!(name, "edges" | "nodes"),
    }
}

/// The lists of introspection that lead back to types.
fn is_introspection_list(name: &str) -> bool {
    matches!(name, "fields" | "inputFields" | "interfaces" | "possibleTypes")
}
