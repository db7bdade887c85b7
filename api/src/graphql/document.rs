//! The guard in front of the library: how large and how dear may a document be?
//!
//! async-graphql walks nested fragment spreads by expansion, without memory, before it applies
//! any limit of its own: one small anonymous document keeps it busy for minutes. Everything here
//! runs first, in time linear in the document, and parses it once for all who come after.
//!
//! Sizes are judged for the whole document, because the library validates all of it. Cost, paging
//! arguments and required variables are judged for the operation that will run and the fragments
//! it reaches.

mod lexer;
mod measure;
mod omitted;
mod operation;
mod order;
mod paging;
mod parse;
mod places;
mod refusal;
#[cfg(test)]
mod tests;
mod variables;

use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{Name, Value, Variables};

pub use operation::lift_root;
pub use places::Places;
pub use refusal::{Refusal, Why};

/// How large a request may be. Beyond any of these it is refused, never cut to size.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Lexical tokens in the document, counted before it is parsed: 2,000.
    pub tokens: usize,
    /// Characters in one name, some of which error messages repeat: 128.
    pub name_length: usize,
    /// Characters in all names: 20,000. Suggestions compare each name with all that the schema
    /// has there, letter by letter.
    pub names: usize,
    /// Places that name a variable, its definition among them: 250. The library copies the value
    /// into each, and a value may be as large as the body.
    pub variable_uses: usize,
    /// Open brackets of any kind, so that no parser runs out of stack: 32.
    pub brackets: usize,
    /// Selection sets inside one another, fragments included; the library stops at the same: 32.
    pub nesting: u32,
    /// Fields with every fragment spread out, over all operations of the document: 2,000.
    pub fields: u64,
    /// Fields inside one another: 15.
    pub depth: u32,
    /// The same below `__schema` and `__type`, where the standard query needs 15: 20.
    pub introspection_depth: u32,
    /// Lists of fields, interfaces and the like inside one another in introspection, which
    /// multiply the answer. graphql-js stops at the same: 2.
    pub introspection_lists: u32,
    /// Aliases with every fragment spread out: 30.
    pub aliases: u64,
    /// Fields at the root of a query: 20.
    pub query_roots: u64,
    /// Fields at the root of a mutation: 10.
    pub mutation_roots: u64,
    /// Directives at any one place: 5.
    pub directives: usize,
    /// Static cost of the operation: 50,000.
    pub cost: u64,
    /// The largest `first` or `last`: 100.
    pub page: i64,
    /// The rows assumed for a connection that names no number, which is also what it gets: 25.
    pub default_page: u64,
    /// Variables sent along: 100.
    pub variables: usize,
    /// Lists and objects inside one another in one variable: 10.
    pub variable_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tokens: 2_000,
            name_length: 128,
            names: 20_000,
            variable_uses: 250,
            brackets: 32,
            nesting: 32,
            fields: 2_000,
            depth: 15,
            introspection_depth: 20,
            introspection_lists: 2,
            aliases: 30,
            query_roots: 20,
            mutation_roots: 10,
            directives: 5,
            cost: 50_000,
            page: 100,
            default_page: 25,
            variables: 100,
            variable_depth: 10,
        }
    }
}

/// What the operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Query,
    Mutation,
    Subscription,
}

impl Kind {
    /// What it is called in a document.
    pub fn word(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

impl From<OperationType> for Kind {
    fn from(operation: OperationType) -> Self {
        match operation {
            OperationType::Query => Self::Query,
            OperationType::Mutation => Self::Mutation,
            OperationType::Subscription => Self::Subscription,
        }
    }
}

/// A document within the limits, parsed.
#[derive(Debug, Clone)]
pub struct Checked {
    pub document: ExecutableDocument,
    /// Of the operation that will run.
    pub kind: Kind,
    /// Of the operation that will run: one for each field, times the rows of the lists around it.
    pub cost: u64,
    /// Of the variables of that operation which were not sent.
    pub defaults: Vec<(Name, Value)>,
}

/// Parses a document, if it is not too large for that.
///
/// # Errors
///
/// The first limit it passes, or where it is not GraphQL.
pub fn read(text: &str, limits: &Limits) -> Result<ExecutableDocument, Refusal> {
    lexer::check(text, limits)?;
    parse::parse(text)
}

/// Judges a request before the library sees it.
///
/// # Errors
///
/// The first limit it passes, or why no operation of it can run.
pub fn check(
    mut document: ExecutableDocument,
    operation_name: Option<&str>,
    variables: &Variables,
    limits: &Limits,
) -> Result<Checked, Refusal> {
    variables::check_size(variables, limits)?;
    let chosen = operation::choose(&document, operation_name)?;
    let kind = Kind::from(chosen.node.ty);
    let cost = operation::check(&document, chosen, variables, limits)?;
    let defaults = omitted::defaults(&chosen.node, variables);
    let left_out = omitted::names(&chosen.node, variables);
    omitted::take_out(&mut document, operation_name, &left_out);
    Ok(Checked { document, kind, cost, defaults })
}
