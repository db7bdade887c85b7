//! Small shared output types: languages, distances, DBS scopes.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::{ContextSelectionSet, InputObject, SimpleObject, Value};
use rules::dbs::{BarredList, DbsLevel, DbsScope, DbsWorkforce};
use rules::input::{self, language_name};

use super::quick::{AtHand, text};

/// A language.
#[derive(SimpleObject, Clone, Debug)]
pub struct Language {
    /// ISO 639-3 code: `eng`, `urd`, `bfi` for British Sign Language.
    pub code: Cow<'static, str>,
    /// Its English name.
    pub name: &'static str,
}

impl From<String> for Language {
    fn from(code: String) -> Self {
        Self { name: language_name(&code), code: code.into() }
    }
}

impl From<input::Language> for Language {
    fn from(language: input::Language) -> Self {
        Self { code: language.to_639_3().into(), name: language.to_name() }
    }
}

impl AtHand for Language {
    const TYPE: &'static str = "Language";
    const FIELDS: &'static [&'static str] = &["code", "name"];

    fn at_hand(&self, _: &ContextSelectionSet<'_>, field: &Field) -> Option<Value> {
        Some(match field.name.node.as_str() {
            "code" => text(Some(&*self.code)),
            "name" => text(Some(self.name)),
            _ => return None,
        })
    }
}

/// What a DBS check covers, or what a session asks for.
#[derive(SimpleObject, Clone, Debug)]
pub struct DbsRequirement {
    /// The level.
    pub level: DbsLevel,
    /// The workforce; `OTHER` for a basic check.
    pub workforce: DbsWorkforce,
    /// The barred lists that are looked at.
    pub barred_lists: Vec<BarredList>,
}

impl From<DbsScope> for DbsRequirement {
    fn from(scope: DbsScope) -> Self {
        let lists = [(scope.adults_barred, BarredList::Adults), (scope.children_barred, BarredList::Children)];
        Self {
            level: scope.level,
            workforce: scope.workforce,
            barred_lists: lists.into_iter().filter(|(on, _)| *on).map(|(_, list)| list).collect(),
        }
    }
}

/// A DBS check to ask for.
#[derive(InputObject, Clone, Debug)]
pub struct DbsScopeInput {
    /// The level.
    pub level: DbsLevel,
    /// The workforce; `OTHER` for a basic check.
    pub workforce: DbsWorkforce,
    /// The barred lists to look at; only with an ENHANCED check of that workforce.
    #[graphql(default)]
    pub barred_lists: Vec<BarredList>,
}

impl From<DbsScopeInput> for DbsScope {
    fn from(input: DbsScopeInput) -> Self {
        let on = |list| input.barred_lists.contains(&list);
        Self {
            level: input.level,
            workforce: input.workforce,
            adults_barred: on(BarredList::Adults),
            children_barred: on(BarredList::Children),
        }
    }
}

/// A list with each value once, in the order given.
pub fn distinct<T: PartialEq>(values: Vec<T>) -> Vec<T> {
    let mut distinct: Vec<T> = Vec::with_capacity(values.len());
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}
